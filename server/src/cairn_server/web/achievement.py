# SPDX-License-Identifier: Apache-2.0
"""``/a/<id>``: what can be earned, one published version; the address that credentials point to for good."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone

from cairn.canonical import to_json
from cairn.credential import OB_CONTEXT, VC_CONTEXT
from cairn_server.achievements.models import AchievementVersion
from cairn_server.achievements.services import to_credential
from cairn_server.earning import progress
from cairn_server.earning import services as earning
from cairn_server.earning.models import Plan
from cairn_server.web import display, publication, versions
from cairn_server.web.earning import cost_of

if TYPE_CHECKING:
    from cairn_server.earning.progress import Step

# A published version never changes, so its picture may be kept for ever; the text for an hour, because a
# later release of ours may say more about it.
IMAGE_MAX_AGE = 31_536_000
TEXT_MAX_AGE = 3_600


@publication.for_everyone
def achievement(request: HttpRequest, version_id: str) -> HttpResponse:
    version = _find(version_id)
    media_type = publication.wanted(request, (publication.HTML, *publication.JSON_LD_TYPES, "image/png"))
    if media_type == "image/png":
        return publication.varied(_image(request, version))
    if media_type != publication.HTML:
        return publication.varied(_document(request, version, media_type))
    organisation = version.achievement.organisation
    newest = version.achievement.published
    plan = Plan.objects.filter(version=version).first()
    context = {
        "version": version,
        "about": display.about(to_credential(version, settings.PUBLIC_URL), public_url=settings.PUBLIC_URL),
        "organisation": organisation,
        "address": version.address(settings.PUBLIC_URL),
        "newer": newest if newest and newest.number > version.number else None,
        "has_versions": version.achievement.versions.published().count() > 1,
        "retired": version.achievement.archived_at,
        "replacement": versions.replacement_of(version),
        "issuer_page": reverse("issuer", args=[organisation.public_id]),
        "step": _takes(plan),
        "by_person": plan is not None and plan.decision == Plan.Decision.PERSON,
        "can_start": earning.is_offered(version),
        "cost": cost_of(version.achievement),
    }
    return publication.page(render(request, "achievement/achievement.html", context))


def _takes(plan: Plan | None) -> Step | None:
    """What it takes, as it was promised when this version was published."""
    step = progress.look(plan, None, at=timezone.now()) if plan is not None else None
    return step.shown if step is not None else None


@publication.for_everyone
def document(request: HttpRequest, version_id: str) -> HttpResponse:
    return _document(request, _find(version_id), publication.JSON_LD_TYPES[0])


@publication.for_everyone
def image(request: HttpRequest, version_id: str) -> HttpResponse:
    return _image(request, _find(version_id))


def _find(version_id: str) -> AchievementVersion:
    return get_object_or_404(
        AchievementVersion.objects.published().select_related("achievement__organisation", "picture"),
        public_id=version_id,
    )


def _document(request: HttpRequest, version: AchievementVersion, media_type: str) -> HttpResponse:
    """The Achievement of Open Badges 3.0, as every credential of this version carries it."""
    written = to_credential(version, settings.PUBLIC_URL).to_document()
    body = to_json({"@context": [VC_CONTEXT, OB_CONTEXT], **written})
    return publication.machine(request, body, media_type=media_type, max_age=TEXT_MAX_AGE)


def _image(request: HttpRequest, version: AchievementVersion) -> HttpResponse:
    if version.picture is None:
        raise Http404
    return publication.machine(
        request, bytes(version.picture.png), media_type="image/png", max_age=IMAGE_MAX_AGE
    )
