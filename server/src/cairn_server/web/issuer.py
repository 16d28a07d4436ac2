# SPDX-License-Identifier: Apache-2.0
"""``/i/<id>``: who issues; its profile for people and machines, and what it awards."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from cairn.canonical import to_json
from cairn.credential import OB_CONTEXT, VC_CONTEXT
from cairn_server.achievements.models import AchievementVersion
from cairn_server.organisations.models import Organisation
from cairn_server.web import display, publication

MAX_AGE = 300


@publication.for_everyone
def issuer(request: HttpRequest, organisation_id: str) -> HttpResponse:
    organisation = _find(organisation_id)
    media_type = publication.wanted(request, (publication.HTML, *publication.JSON_LD_TYPES, "image/png"))
    if media_type == "image/png":
        return publication.varied(_image(request, organisation))
    if media_type != publication.HTML:
        return publication.varied(_document(request, organisation, media_type))
    context = {
        "organisation": organisation,
        "website": display.web_address(organisation.url),
        "achievements": _awarded_today(organisation),
        "keys": organisation.signing_keys.order_by("-created_at"),
        "address": _address(organisation),
        "did_page": reverse("did-document", args=[organisation.public_id])
        if organisation.did.startswith("did:web:")
        else "",
    }
    return publication.page(render(request, "issuer/issuer.html", context))


@publication.for_everyone
def document(request: HttpRequest, organisation_id: str) -> HttpResponse:
    return _document(request, _find(organisation_id), publication.JSON_LD_TYPES[0])


@publication.for_everyone
def image(request: HttpRequest, organisation_id: str) -> HttpResponse:
    return _image(request, _find(organisation_id))


def _find(organisation_id: str) -> Organisation:
    return get_object_or_404(Organisation, public_id=organisation_id)


def _address(organisation: Organisation) -> str:
    return settings.PUBLIC_URL + reverse("issuer", args=[organisation.public_id])


def _awarded_today(organisation: Organisation) -> list[AchievementVersion]:
    """The newest published version of everything that is not archived, by name."""
    versions = (
        AchievementVersion.objects.published()
        .filter(achievement__organisation=organisation, achievement__archived_at__isnull=True)
        .order_by("number")
    )
    newest = {version.achievement_id: version for version in versions}
    return sorted(newest.values(), key=lambda version: version.name.casefold())


def _document(request: HttpRequest, organisation: Organisation, media_type: str) -> HttpResponse:
    """The Profile of Open Badges 3.0. Before the first award it has no identity; its address stands in."""
    written = organisation.profile().to_document()
    written["id"] = organisation.did or _address(organisation)
    body = to_json({"@context": [VC_CONTEXT, OB_CONTEXT], **written})
    return publication.machine(request, body, media_type=media_type, max_age=MAX_AGE)


def _image(request: HttpRequest, organisation: Organisation) -> HttpResponse:
    if not organisation.logo_png:
        raise Http404
    return publication.machine(request, bytes(organisation.logo_png), media_type="image/png", max_age=MAX_AGE)
