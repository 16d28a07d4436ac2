# SPDX-License-Identifier: Apache-2.0
"""``/a/<id>/versions``: every version of an achievement, and what changed from one to the next.

What was promised at the time of an award stays readable: each version keeps its own page and its own words.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.shortcuts import get_object_or_404, render

from cairn_server.achievements import changes
from cairn_server.achievements.models import AchievementVersion
from cairn_server.web import publication

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from cairn_server.achievements.changes import Change


@dataclass(frozen=True, slots=True)
class Step:
    """One version, and what is otherwise in it than in the one before."""

    version: AchievementVersion
    changes: tuple[Change, ...]


@publication.for_everyone
def versions(request: HttpRequest, version_id: str) -> HttpResponse:
    version = get_object_or_404(
        AchievementVersion.objects.published().select_related("achievement__organisation"),
        public_id=version_id,
    )
    published = list(version.achievement.versions.published().order_by("number"))
    older = [None, *published]
    steps = [
        Step(each, changes.between(before, each) if before else ())
        for before, each in zip(older, published, strict=False)
    ]
    context = {
        "version": version,
        "organisation": version.achievement.organisation,
        "steps": steps[::-1],
        "retired": version.achievement.archived_at,
        "replacement": replacement_of(version),
    }
    return publication.page(render(request, "achievement/versions.html", context))


def replacement_of(version: AchievementVersion) -> AchievementVersion | None:
    """The version that is offered now in the place of an archived achievement, however often that went on."""
    achievement, seen = version.achievement, set()
    while achievement.replaced_by is not None and achievement.pk not in seen:
        seen.add(achievement.pk)
        achievement = achievement.replaced_by
    return achievement.published if achievement.pk != version.achievement_id else None
