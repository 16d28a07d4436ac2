# SPDX-License-Identifier: Apache-2.0
"""The public Bitstring status lists: ``/s/<id>`` for revocation, ``/s/<id>/suspension`` for its twin.

What is served was signed before (Bitstring Status List 1.0): nothing is signed on a GET.

``?at=2026-03-12T09:00:00Z`` is the list of that moment, as it was signed then: with it anybody can find out,
without believing us, whether a credential counted on a day that has passed.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _

from cairn.canonical import parse_json
from cairn.credential import parse_datetime
from cairn.errors import MalformedError
from cairn_server.api import problems
from cairn_server.api.public import document, public_document
from cairn_server.issuing import status_lists
from cairn_server.issuing.models import Purpose, StatusList

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from typing import Any

    from django.http import HttpRequest, HttpResponse

# One thing under four names (N16); the first is the final one of VC 2.0.
MEDIA_TYPES = ("application/vc", "application/vc+ld+json", "application/ld+json", "application/json")


@public_document
def status_list(request: HttpRequest, list_id: str) -> HttpResponse:
    return _serve(request, list_id, Purpose.REVOCATION)


@public_document
def suspension_list(request: HttpRequest, list_id: str) -> HttpResponse:
    return _serve(request, list_id, Purpose.SUSPENSION)


# What was published at a moment that is over stays what was published then.
PAST_MAX_AGE = 31_536_000


def _serve(request: HttpRequest, list_id: str, purpose: Purpose) -> HttpResponse:
    at = timezone.now()
    if "at" in request.GET:
        return _serve_past(request, list_id, purpose, at=at)
    try:
        secured = status_lists.status_list_credential(list_id, purpose, at=at)
    except StatusList.DoesNotExist:
        raise Http404 from None
    return document(request, secured, media_types=MEDIA_TYPES, max_age=fresh_for(parse_json(secured), at=at))


def _serve_past(request: HttpRequest, list_id: str, purpose: Purpose, *, at: datetime) -> HttpResponse:
    try:
        moment = parse_datetime(request.GET["at"])
    except MalformedError:
        detail = _("Write a moment with its zone: 2026-03-12T09:00:00Z.")
        return problems.problem(400, "invalid-moment", detail)
    if moment > at:
        return problems.problem(400, "moment-ahead", _("Nobody knows yet what will be published then."))
    try:
        found = status_lists.newest_at(list_id, purpose, moment=moment)
    except StatusList.DoesNotExist:
        raise Http404 from None
    # Within the second that has not passed yet, another version may still begin.
    settled = at - moment > timedelta(minutes=5)
    return document(
        request, bytes(found.secured), media_types=MEDIA_TYPES, max_age=PAST_MAX_AGE if settled else 0
    )


def fresh_for(list_credential: Mapping[str, Any], *, at: datetime) -> int:
    """Seconds for which a cache may keep the list: its ``ttl``, and never past its ``validUntil``.

    ``ttl`` is in milliseconds (Bitstring Status List 1.0, "BitstringStatusListCredential"). Taken from the
    signed bytes, so that HTTP caching cannot promise more than the issuer signed.
    """
    lifetime = int(list_credential["credentialSubject"].get("ttl", 300_000)) // 1000
    remaining = int((parse_datetime(list_credential["validUntil"]) - at).total_seconds())
    return max(0, min(lifetime, remaining))
