# SPDX-License-Identifier: Apache-2.0
"""What others look for at a fixed place: DID documents, security.txt, robots.txt and the icon."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import Http404, HttpResponse, HttpResponsePermanentRedirect
from django.shortcuts import get_object_or_404
from django.templatetags.static import static
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from cairn.canonical import to_json
from cairn_server.api.public import document, public_document
from cairn_server.errors import NotVisible
from cairn_server.organisations import identity, receipts
from cairn_server.organisations.models import Organisation

if TYPE_CHECKING:
    from django.http import HttpRequest

# A revoked key must be seen soon; a verifier that asks twice in a minute need not come back.
DID_DOCUMENT_MAX_AGE = 60

# Where people work or where a page is one person's own. Credential pages are not listed: a crawler that
# may not read them cannot see their "noindex" either.
NOT_FOR_CRAWLERS = ("/account/", "/api/", "/h/", "/invitation/", "/l/", "/organisations/", "/s/", "/wallet")


@public_document
def did_document(request: HttpRequest, organisation_id: str) -> HttpResponse:
    """``did:web`` of one organisation, with its whole key history (did:web, "Read"; B97)."""
    organisation = get_object_or_404(Organisation, public_id=organisation_id)
    if not organisation.did.startswith("did:web:"):
        # Before the first award there is no identity, and did:key needs no document.
        raise Http404
    return _did_document(request, identity.did_document(organisation))


@public_document
def installation_did_document(request: HttpRequest) -> HttpResponse:
    """``did:web`` of this server, whose key signs receipts (did:web, "Read")."""
    try:
        found = receipts.did_document()
    except NotVisible as error:
        # Before the first receipt there is no key, and did:key needs no document.
        raise Http404 from error
    return _did_document(request, found)


def _did_document(request: HttpRequest, found: dict[str, Any]) -> HttpResponse:
    return document(
        request,
        to_json(found),
        media_types=(
            "application/did+json",
            "application/did+ld+json",
            "application/ld+json",
            "application/json",
        ),
        max_age=DID_DOCUMENT_MAX_AGE,
    )


@csrf_exempt
@require_safe
def security_txt(request: HttpRequest) -> HttpResponse:
    """RFC 9116. ``Expires`` is always ahead: the file is made anew for each reader."""
    expires = timezone.now().replace(microsecond=0) + timedelta(days=180)
    lines = [
        f"Contact: {settings.SECURITY_CONTACT}",
        f"Expires: {expires.isoformat().replace('+00:00', 'Z')}",
        f"Canonical: {settings.PUBLIC_URL}/.well-known/security.txt",
        "Preferred-Languages: en",
    ]
    return _text(lines)


@csrf_exempt
@require_safe
def robots_txt(request: HttpRequest) -> HttpResponse:
    return _text(["User-agent: *", *(f"Disallow: {path}" for path in NOT_FOR_CRAWLERS)])


@csrf_exempt
@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    """Where browsers look that open a file of ours instead of a page: to the icon that the pages name."""
    # A week, though it says "permanent": the digest in the name changes with a release.
    return HttpResponsePermanentRedirect(
        static("img/favicon.svg"), headers={"Cache-Control": "public, max-age=604800"}
    )


def _text(lines: list[str]) -> HttpResponse:
    response = HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")
    response["Cache-Control"] = "public, max-age=86400"
    return response
