# SPDX-License-Identifier: Apache-2.0
"""What the tests of old badges share: a school that has hosted and signed them since 2012."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from cairn.canonical import to_json
from cairn.keys import base64url_encode
from cairn.materials import gather
from cairn.reading import read
from cairn.testing import NOON, FixedSources
from cairn.verifier import judge

if TYPE_CHECKING:
    from datetime import datetime

    from cairn.verifier import Report

HOST = "https://school.example"
ASSERTION = f"{HOST}/assertions/7"
BADGE = f"{HOST}/badges/knots"
ISSUER = f"{HOST}/issuer"
KEY = f"{HOST}/keys/1"
LIST = f"{HOST}/revoked"
CONTEXT = "https://w3id.org/openbadges/v2"
SALT = "sea salt of the harbour"
EMAIL = "zoe@example.org"
IDENTITY = "sha256$" + sha256(f"{EMAIL}{SALT}".encode()).hexdigest()
_ALWAYS_THE_SAME = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
PNG_HEADER = b"\x89PNG\r\n\x1a\n"


def without(document: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The document with some members replaced; those given as ... are taken out."""
    return {name: value for name, value in {**document, **changes}.items() if value is not ...}


def assertion(**changes: Any) -> dict[str, Any]:
    document = {
        "@context": CONTEXT,
        "type": "Assertion",
        "id": ASSERTION,
        "recipient": {"type": "email", "hashed": True, "salt": SALT, "identity": IDENTITY},
        "badge": BADGE,
        "verification": {"type": "HostedBadge"},
        "issuedOn": "2019-05-04T10:00:00Z",
        "evidence": f"{HOST}/evidence/7",
    }
    return without(document, **changes)


def signed_assertion(**changes: Any) -> dict[str, Any]:
    named = {"id": "urn:uuid:5b4d3c2a-9a0b-4b57-9f0e-0d8f4a1c2b3d"}
    return assertion(**{**named, "verification": {"type": "SignedBadge", "creator": KEY}, **changes})


def badge(**changes: Any) -> dict[str, Any]:
    document = {
        "@context": CONTEXT,
        "type": "BadgeClass",
        "id": BADGE,
        "name": "Knots",
        "description": "Ties twelve knots.",
        "image": f"{HOST}/knots.png",
        "criteria": {"narrative": "Tie each knot **twice**."},
        "issuer": ISSUER,
    }
    return without(document, **changes)


def issuer(**changes: Any) -> dict[str, Any]:
    document = {
        "@context": CONTEXT,
        "type": "Issuer",
        "id": ISSUER,
        "name": "Harbour School",
        "url": HOST,
        "email": "badges@school.example",
        "publicKey": KEY,
        "revocationList": LIST,
    }
    return without(document, **changes)


def key_document(**changes: Any) -> dict[str, Any]:
    document = {
        "@context": CONTEXT,
        "type": "CryptographicKey",
        "id": KEY,
        "owner": ISSUER,
        "publicKeyPem": pem(signing_key()).decode(),
    }
    return without(document, **changes)


def revoked(*entries: Any, **changes: Any) -> dict[str, Any]:
    document = {
        "@context": CONTEXT,
        "type": "RevocationList",
        "id": LIST,
        "issuer": ISSUER,
        "revokedAssertions": list(entries),
    }
    return without(document, **changes)


def world(**pages: Any) -> dict[str, bytes]:
    """What the school's addresses answer; ``assertion=…`` and so on replaces a page, ... takes it away."""
    standing = {
        "assertion": (ASSERTION, assertion()),
        "badge": (BADGE, badge()),
        "issuer": (ISSUER, issuer()),
        "key": (KEY, key_document()),
        "listed": (LIST, revoked()),
    }
    answers = {url: pages.get(name, document) for name, (url, document) in standing.items()}
    return {
        url: document if isinstance(document, bytes) else to_json(document)
        for url, document in answers.items()
        if document is not ...
    }


def examine(
    sent: Any, answers: dict[str, bytes], *, at: datetime = NOON, asked: datetime = NOON, checks: Any = None
) -> Report:
    """The report on something that was sent, as anybody would get it who has ``asked`` then."""
    data = sent if isinstance(sent, bytes) else to_json(sent)
    materials = gather(read(data), FixedSources(answers), at=asked)
    return judge(materials, at=at) if checks is None else judge(materials, checks, at=at)


def codes(report: Report) -> dict[str, tuple[str, str]]:
    """Outcome and code of each finding, by its check."""
    return {finding.check: (finding.outcome.value, finding.code) for finding in report.findings}


@cache
def signing_key(number: int = 1) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(1_000 + number, ec.SECP256R1())


@cache
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def pem(key: Any) -> bytes:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, form)


def token(payload: Any, key: Any = None, **header: Any) -> bytes:
    """A compact JWS, signed by nobody's library but the one for curves and RSA."""
    key = key or signing_key()
    algorithm = "RS256" if isinstance(key, rsa.RSAPrivateKey) else "ES256"
    head = base64url_encode(to_json({"alg": algorithm, **header}))
    signed = f"{head}.{base64url_encode(to_json(payload))}".encode()
    if isinstance(key, rsa.RSAPrivateKey):
        signature = key.sign(signed, padding.PKCS1v15(), hashes.SHA256())
    else:
        r, s = decode_dss_signature(key.sign(signed, _ALWAYS_THE_SAME))
        signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    return signed + b"." + base64url_encode(signature).encode()
