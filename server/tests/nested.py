# SPDX-License-Identifier: Apache-2.0
"""Signed documents with others inside: a record of two credentials, and a badge that two people endorse."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cairn import sign
from cairn.credential import format_datetime
from cairn.did import did_key
from cairn.testing import NOON, demo_key, key_method, sample_credential, signed_sample

if TYPE_CHECKING:
    from datetime import datetime

VC = "https://www.w3.org/ns/credentials/v2"
OB = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"
CLR = "https://purl.imsglobal.org/spec/clr/v2p0/context-2.0.1.json"
COMMENT = "We take our apprentices from this course."


def signed_by(name: str, document: dict[str, Any], *, at: datetime) -> dict[str, Any]:
    """The document as ``name`` issues it: their profile, the moment, their signature."""
    key = demo_key(name)
    profile = {"id": did_key(key.public_key), "type": ["Profile"], "name": name}
    whole = {**document, "issuer": profile, "validFrom": format_datetime(at)}
    found: dict[str, Any] = json.loads(
        sign(whole, key, verification_method=key_method(key.public_key), at=at)
    )
    return found


def record(*, changed: bool = True, at: datetime = NOON) -> bytes:
    """A CLR of a genuine credential and, if ``changed``, of one in which a letter is another."""
    sample = sample_credential(valid_from=at)
    first = json.loads(signed_sample(sample, at=at))
    other = sample.id[:-1] + ("0" if sample.id[-1] != "0" else "1")
    second = json.loads(signed_sample(sample_credential(id=other, valid_from=at), at=at))
    if changed:
        second["name"] = "Something else"
    document = {
        "@context": [VC, CLR, OB],
        "id": "urn:uuid:3a1b2c3d-0000-4000-8000-000000000001",
        "type": ["VerifiableCredential", "ClrCredential"],
        "name": "Learning record of a summer",
        "credentialSubject": {
            "id": "urn:uuid:3a1b2c3d-0000-4000-8000-000000000002",
            "type": ["ClrSubject"],
            "verifiableCredential": [first, second],
        },
    }
    return json.dumps(signed_by("Harbour School", document, at=at)).encode()


def endorsed(*, at: datetime = NOON) -> bytes:
    """A badge with an endorsement that verifies, and with one whose words were changed."""
    achievement = "https://harbour.example/a/knots"
    endorsements = [
        signed_by(
            "Chandlers’ Guild",
            {
                "@context": [VC, OB],
                "id": f"urn:uuid:3a1b2c3d-0000-4000-8000-00000000001{number}",
                "type": ["VerifiableCredential", "EndorsementCredential"],
                "name": "Endorsement",
                "credentialSubject": {
                    "id": achievement,
                    "type": ["EndorsementSubject"],
                    "endorsementComment": COMMENT,
                },
            },
            at=at,
        )
        for number in range(2)
    ]
    endorsements[1]["credentialSubject"]["endorsementComment"] = "The best course in the world."
    document = {
        "@context": [VC, OB],
        "id": "urn:uuid:3a1b2c3d-0000-4000-8000-000000000003",
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": "Knots and Splices",
        "credentialSubject": {
            "id": "urn:uuid:3a1b2c3d-0000-4000-8000-000000000004",
            "type": ["AchievementSubject"],
            "achievement": {
                "id": achievement,
                "type": ["Achievement"],
                "name": "Knots and Splices",
                "description": "Ties twelve knots.",
                "criteria": {"narrative": "Tie each knot twice."},
                "endorsement": endorsements,
            },
        },
    }
    return json.dumps(signed_by("Harbour School", document, at=at)).encode()
