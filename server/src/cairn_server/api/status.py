# SPDX-License-Identifier: Apache-2.0
"""The public status lists: ``/s/<id>`` for revocation, ``/s/<id>/suspension`` for its twin (Bitstring Status
List 1.0), and both in one for tokens under ``/s/<id>/token`` (Token Status List).

What is served was signed before: nothing is signed on a GET.

``?at=2026-03-12T09:00:00Z`` is the list of that moment, as it was signed then: with it anybody can find out,
without believing us, whether a credential counted on a day that has passed. Whoever knows Token Status List
alone asks for it with ``?time=1773306000`` (its §8.4).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _

from cairn.canonical import parse_json
from cairn.credential import parse_datetime
from cairn.errors import MalformedError
from cairn.proof import status_token
from cairn_server.api import problems
from cairn_server.api.public import document, public_document
from cairn_server.issuing import status_lists
from cairn_server.issuing.models import Purpose, StatusList

if TYPE_CHECKING:
    from collections.abc import Mapping
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


# The one name of a token list (Token Status List §8.1), also for whoever asks for CWT, which is not there.
TOKEN_TYPES = ("application/statuslist+jwt",)


@public_document
def token_list(request: HttpRequest, list_id: str) -> HttpResponse:
    at = timezone.now()
    if "time" in request.GET:
        return _serve_time(request, list_id, at=at)
    if "at" in request.GET:
        return _serve_past(request, list_id, Purpose.TOKEN, at=at)
    try:
        signed = status_lists.status_list_credential(list_id, Purpose.TOKEN, at=at)
    except StatusList.DoesNotExist:
        raise Http404 from None
    return document(request, signed, media_types=TOKEN_TYPES, max_age=fresh_token_for(signed, at=at))


def _serve_time(request: HttpRequest, list_id: str, *, at: datetime) -> HttpResponse:
    text = request.GET["time"]
    # Of ten digits at most, so that it is a year that there is.
    if not (text.isascii() and text.isdecimal() and len(text) <= 10):
        return problems.problem(400, "invalid-moment", _("Write a moment in seconds since 1970."))
    return _moment(request, list_id, Purpose.TOKEN, datetime.fromtimestamp(int(text), UTC), at=at)


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
    return _moment(request, list_id, purpose, moment, at=at)


def _moment(
    request: HttpRequest, list_id: str, purpose: Purpose, moment: datetime, *, at: datetime
) -> HttpResponse:
    if moment > at:
        return problems.problem(400, "moment-ahead", _("Nobody knows yet what will be published then."))
    try:
        found = status_lists.newest_at(list_id, purpose, moment=moment)
    except StatusList.DoesNotExist:
        raise Http404 from None
    # Within the second that has not passed yet, another version may still begin.
    settled = at - moment > timedelta(minutes=5)
    return document(
        request,
        bytes(found.secured),
        media_types=TOKEN_TYPES if purpose is Purpose.TOKEN else MEDIA_TYPES,
        max_age=PAST_MAX_AGE if settled else 0,
    )


def fresh_for(list_credential: Mapping[str, Any], *, at: datetime) -> int:
    """Seconds for which a cache may keep the list: its ``ttl``, and never past its ``validUntil``.

    ``ttl`` is in milliseconds (Bitstring Status List 1.0, "BitstringStatusListCredential"). Taken from the
    signed bytes, so that HTTP caching cannot promise more than the issuer signed.
    """
    lifetime = int(list_credential["credentialSubject"].get("ttl", 300_000)) // 1000
    remaining = int((parse_datetime(list_credential["validUntil"]) - at).total_seconds())
    return max(0, min(lifetime, remaining))


def fresh_token_for(signed: bytes, *, at: datetime) -> int:
    """The same of a token list: its ``ttl``, in seconds here, and never past its ``exp``."""
    token = status_token.split(signed)
    assert token.ttl is not None, "our own lists say how long a copy may be used"
    remaining = token.claims["exp"] - at.timestamp()
    return max(0, int(min(token.ttl.total_seconds(), remaining)))
