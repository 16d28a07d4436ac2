# SPDX-License-Identifier: Apache-2.0
"""The public Bitstring status lists: ``/s/<id>`` for revocation, ``/s/<id>/suspension`` for its twin.

What is served was signed before (Bitstring Status List 1.0): nothing is signed on a GET.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import Http404
from django.utils import timezone

from cairn.canonical import parse_json
from cairn.credential import parse_datetime
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


def _serve(request: HttpRequest, list_id: str, purpose: Purpose) -> HttpResponse:
    at = timezone.now()
    try:
        secured = status_lists.status_list_credential(list_id, purpose, at=at)
    except StatusList.DoesNotExist:
        raise Http404 from None
    return document(request, secured, media_types=MEDIA_TYPES, max_age=fresh_for(parse_json(secured), at=at))


def fresh_for(list_credential: Mapping[str, Any], *, at: datetime) -> int:
    """Seconds for which a cache may keep the list: its ``ttl``, and never past its ``validUntil``.

    ``ttl`` is in milliseconds (Bitstring Status List 1.0, "BitstringStatusListCredential"). Taken from the
    signed bytes, so that HTTP caching cannot promise more than the issuer signed.
    """
    lifetime = int(list_credential["credentialSubject"].get("ttl", 300_000)) // 1000
    remaining = int((parse_datetime(list_credential["validUntil"]) - at).total_seconds())
    return max(0, min(lifetime, remaining))
