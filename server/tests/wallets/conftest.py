# SPDX-License-Identifier: Apache-2.0
"""Credentials of somebody who is no organisation of ours, as many as a test needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from server.tests.conftest import MONDAY

import cairn
from cairn import checks
from cairn.testing import FixedSources, demo_key, key_method, sample_credential
from cairn_server.wallets import services

if TYPE_CHECKING:
    from collections.abc import Callable

    from cairn_server.accounts.models import Person
    from cairn_server.wallets.models import HeldCredential

KEY = demo_key()
METHOD = key_method(KEY.public_key)
# What a wallet asks of a credential before it keeps it.
ITSELF = (checks.structure, checks.proof)


def document_of(name: str = "Glazing", **more: Any) -> dict[str, Any]:
    """A badge; ``skills`` are names of alignments, ``end`` and ``begin`` its dates, ``number`` its id."""
    made = sample_credential(issuer=METHOD.partition("#")[0]).to_document()
    made["id"] = more.get("id", f"urn:uuid:00000000-0000-4000-8000-{more.get('number', 1):012}")
    made["name"] = made["credentialSubject"]["achievement"]["name"] = name
    made["validFrom"] = more.get("begin", "2025-06-01T09:00:00Z")
    made.pop("awardedDate", None)
    made.pop("validUntil", None)
    if more.get("end"):
        made["validUntil"] = more["end"]
    made["credentialSubject"]["achievement"]["alignment"] = [
        {"type": ["Alignment"], "targetName": skill, "targetUrl": f"https://skills.example/{quote(skill)}"}
        for skill in more.get("skills", ())
    ]
    if more.get("issuer"):
        made["issuer"]["name"] = more["issuer"]
    return made


def signed(name: str = "Glazing", *, form: str = "json", **more: Any) -> bytes:
    document = document_of(name, **more)
    if form == "jwt":
        return cairn.sign_jwt(document, KEY, verification_method=METHOD).encode()
    return cairn.sign(document, KEY, verification_method=METHOD, at=MONDAY)


@pytest.fixture
def keep(learner: Person) -> Callable[..., HeldCredential]:
    """Put a badge into Lena's wallet (or that of ``holder``), judged as on arrival."""

    def make(name: str = "Glazing", *, holder: Person | None = None, **more: Any) -> HeldCredential:
        at = more.pop("at", MONDAY)
        secured = signed(name, **more)
        verified = cairn.Verifier(FixedSources(), ITSELF).verify(secured, at=at)
        return services.keep(
            verified,
            holder=holder or learner,
            secured=secured,
            at=at,
            arrival=more.get("arrival", "file"),
            came_from=more.get("came_from", "badge.json"),
            checked=cairn.Verifier(FixedSources()).examine(secured, at=at),
        ).held

    return make
