# SPDX-License-Identifier: Apache-2.0
"""Credentials and profile for sites that a learner let in (OB 3.0, "Open Badges API").

A credential is given out as the very bytes that were signed, and what is brought takes the road of an upload.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpRequest, HttpResponse

from cairn.canonical import parse_json, to_json
from cairn.errors import MalformedError, UnsupportedError
from cairn.reading import EMBEDDED, TOKEN
from cairn_server.api.bearers import consent_for
from cairn_server.api.ob3.statuses import status_info
from cairn_server.api.sites import about, asked_for, change, operation, take_in
from cairn_server.portability import services
from cairn_server.portability.scopes import OB3

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cairn_server.accounts.models import Person
    from cairn_server.wallets.models import HeldCredential

CREDENTIALS = "/ims/ob/v3p0/credentials"
JSON_TYPES = ("application/json", "application/vc+ld+json", "application/vc", "application/ld+json")
CONTEXT = [
    "https://www.w3.org/ns/credentials/v2",
    "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
]


@operation("GET", "HEAD", "POST", say=status_info)
def credentials(request: HttpRequest) -> HttpResponse:
    return _upsert(request) if request.method == "POST" else _read(request)


def _read(request: HttpRequest) -> HttpResponse:
    consent, asked = consent_for(request, OB3 + "credential.readonly"), asked_for(request)
    found = services.readable(consent, since=asked.since)
    headers = asked.headers(found.count(), CREDENTIALS)
    return HttpResponse(_spelled(asked.of(found)), content_type="application/json", headers=headers)


def _spelled(held: Sequence[HeldCredential]) -> bytes:
    """The answer, put together around the bytes as they were signed: written again, they may differ."""
    documents = [each.for_others.strip() for each in held if each.format == EMBEDDED]
    tokens = [b'"' + each.for_others.strip() + b'"' for each in held if each.format == TOKEN]
    return b'{"credential":[' + b",".join(documents) + b'],"compactJwsString":[' + b",".join(tokens) + b"]}"


def _upsert(request: HttpRequest) -> HttpResponse:
    consent = consent_for(request, OB3 + "credential.upsert")
    kind = (request.content_type or "").lower()
    if kind not in (*JSON_TYPES, "text/plain"):
        raise UnsupportedError("media-type", "Send JSON, or the compact JWS as text/plain.")
    sent = request.body
    if (kind == "text/plain") is sent.lstrip().startswith(b"{"):
        raise MalformedError("media-type", "The content type says something else than the body is.")
    kept = take_in(sent, consent)
    if not kept.is_new:
        return HttpResponse(status=304)
    answered = kind if kind == "text/plain" else "application/json"
    return HttpResponse(sent, status=200 if kept.is_newer_copy else 201, content_type=answered)


@operation("GET", "HEAD", "PUT", say=status_info)
def profile(request: HttpRequest) -> HttpResponse:
    if request.method != "PUT":
        return _told(consent_for(request, OB3 + "profile.readonly").person)
    consent = consent_for(request, OB3 + "profile.update")
    change(parse_json(request.body), consent)
    return _told(consent.person)


def _told(person: Person) -> HttpResponse:
    told = {"@context": CONTEXT, "type": ["Profile"], **about(person)}
    return HttpResponse(to_json(told), content_type="application/json")
