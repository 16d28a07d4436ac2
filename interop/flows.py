# SPDX-License-Identifier: Apache-2.0
"""What is exchanged with a peer, and what must come of it.

A flow hands one genuine credential and its corrupted copies to two judges, ours and the peer's. Both must
accept the first and refuse all the others. ``verify.…`` flows start with what we issue, ``issue.…`` flows
with what the peer issues.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bench import documents
from cairn import PrivateKey, Verifier, bake, sign, sign_jwt, unbake
from cairn.canonical import parse_json, to_json
from cairn.did import build_document, did_jwk, did_key
from cairn.errors import CairnError
from cairn.keys import Algorithm, base64url_decode, base64url_encode
from cairn.status import StatusList, status_list_document
from cairn.testing import FixedSources

# A credential as it travels: JSON, a compact token, or a picture.
Secured = dict[str, Any] | str | bytes
# Accepted or not, and the judge's own reason.
Judge = Callable[[Secured], tuple[bool, str]]

SEED = hashlib.sha256(b"interop").digest()
LIST_URL = f"{documents.SITE}/s/1"
NUMBER = 4711

# The smallest pictures there are: what matters is the credential inside.
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f64540"
    "0000000049454e44ae426082"
)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"><path d="M0 0h1v1H0z"/></svg>'


@dataclass(frozen=True, slots=True)
class Flow:
    peer: str
    version: str
    name: str
    run: Callable[[], list[str]]
    """Returns what was not as it must be; empty when all is well."""


def exchange(secured: Secured, ours: Judge, theirs: Judge) -> list[str]:
    """Both judges accept the genuine credential and refuse every corrupted copy."""
    complaints = []
    for name, judge in (("we", ours), ("the peer", theirs)):
        accepted, reason = judge(secured)
        if not accepted:
            complaints.append(f"{name} refused the genuine credential: {reason}")
        complaints += [
            f"{name} accepted a copy with {what}" for what, copy in corrupted(secured) if judge(copy)[0]
        ]
    return complaints


def corrupted(secured: Secured) -> Iterator[tuple[str, Secured]]:
    """Copies that differ from what was signed, one difference each."""
    if isinstance(secured, bytes) and not is_picture(secured):
        for what, where in (("another content", len(secured) // 2), ("another signature", -5)):
            flipped = bytearray(secured)
            flipped[where] ^= 1
            yield what, bytes(flipped)
    elif isinstance(secured, bytes):
        inside = unbake(secured)
        genuine: Secured = parse_json(inside) if inside.startswith(b"{") else inside.decode("ascii")
        for what, copy in corrupted(genuine):
            yield what, bake(PNG if secured.startswith(PNG[:8]) else SVG, to_bytes(copy))
    elif isinstance(secured, str) and "~" in secured:
        token, tilde, disclosures = secured.partition("~")
        for what, copy in corrupted(token):
            yield what, f"{copy}{tilde}{disclosures}"
        yield "another disclosure", f"{token}{tilde}{_other_disclosure(disclosures)}"
    elif isinstance(secured, str):
        header, payload, signature = secured.split(".")
        claims = parse_json(base64url_decode(payload))
        changed = base64url_encode(to_json(_renamed(claims)))
        yield "another achievement", f"{header}.{changed}.{signature}"
        flipped = bytearray(base64url_decode(signature))
        flipped[9] ^= 1
        yield "another signature", f"{header}.{payload}.{base64url_encode(bytes(flipped))}"
    else:
        yield "another achievement", _renamed(secured)
        another = deepcopy(secured)
        value = another["proof"]["proofValue"]
        another["proof"]["proofValue"] = value[:20] + ("3" if value[20] != "3" else "4") + value[21:]
        yield "another signature", another
        yield (
            "another time of signing",
            {**secured, "proof": {**secured["proof"], "created": "2026-01-01T00:00:00Z"}},
        )


def _renamed(document: Mapping[str, Any]) -> dict[str, Any]:
    copy = deepcopy(dict(document))
    copy["credentialSubject"]["achievement"]["name"] = "Master potter"
    return copy


def _other_disclosure(disclosures: str) -> str:
    """The first disclosure with another value, the others as they were."""
    first, tilde, rest = disclosures.partition("~")
    salt, *name, _value = json.loads(base64url_decode(first))
    return base64url_encode(json.dumps([salt, *name, "forged"]).encode()) + tilde + rest


def is_picture(secured: bytes) -> bool:
    return secured.startswith((PNG[:8], b"<svg"))


def to_bytes(secured: Secured) -> bytes:
    match secured:
        case bytes():
            return secured
        case str():
            return secured.encode("ascii")
    return to_json(secured)


class Ours:
    """What we sign, what we publish, and how we judge."""

    def __init__(
        self, at: datetime, *, method: str = "key", algorithm: Algorithm = Algorithm.ED25519
    ) -> None:
        self.at = at
        self.key = (
            PrivateKey.from_seed(SEED) if algorithm is Algorithm.ED25519 else PrivateKey.generate(algorithm)
        )
        self.resources: dict[str, str] = {}
        match method:
            case "key":
                self.did = did_key(self.key.public_key)
                self.verification_method = f"{self.did}#{self.key.public_key.multikey()}"
            case "jwk":
                self.did = did_jwk(self.key.public_key)
                self.verification_method = f"{self.did}#0"
            case "web":
                self.did = "did:web:potters.example:i:guild"
                self.verification_method = f"{self.did}#key-1"
                document = build_document(self.did, [("key-1", self.key.public_key, None)])
                self.resources[f"{documents.SITE}/i/guild/did.json"] = to_json(document).decode()
        self.publish_list(revoked=())

    def publish_list(self, *, revoked: tuple[int, ...]) -> None:
        bits = StatusList()
        for index in revoked:
            bits.set(index, True)
        unsigned = status_list_document(
            url=LIST_URL,
            issuer=self.did,
            purpose="revocation",
            bits=bits,
            valid_from=self.at - timedelta(hours=1),
            valid_until=self.at + timedelta(days=1),
            ttl_ms=300_000,
            subject_id=f"{LIST_URL}#list",
        )
        suite = "eddsa-rdfc-2022" if self.key.algorithm is Algorithm.ED25519 else "ecdsa-rdfc-2019"
        self.resources[LIST_URL] = to_json(self.embedded(unsigned, suite)).decode()

    def embedded(self, document: Mapping[str, Any], cryptosuite: str = "eddsa-rdfc-2022") -> dict[str, Any]:
        signed = sign(
            document,
            self.key,
            verification_method=self.verification_method,
            at=self.at,
            cryptosuite=cryptosuite,
        )
        return parse_json(signed)

    def token(self, document: Mapping[str, Any]) -> str:
        return sign_jwt(document, self.key, verification_method=self.verification_method)

    def judge(self, secured: Secured) -> tuple[bool, str]:
        return judged_by_us(secured, self.resources, self.at)


def judged_by_us(secured: Secured, resources: Mapping[str, str], at: datetime) -> tuple[bool, str]:
    sources = FixedSources({url: text.encode() for url, text in resources.items()})
    try:
        report = Verifier(sources).examine(to_bytes(secured), at=at)
    except CairnError as error:
        return False, str(error)
    reasons = [f"{finding.check} {finding.outcome.value} {finding.code}" for finding in report.findings]
    return report.accepted, ", ".join(reasons)


def bare(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document without what only its issuer's own site could answer for: status and schema."""
    kept = {
        name: value
        for name, value in document.items()
        if name not in ("credentialStatus", "credentialSchema")
    }
    kept["@context"] = [url for url in kept["@context"] if url != documents.OB_EXTENSIONS]
    return kept


SHAPES = {"small": documents.small, "large": documents.large}


def withdrawal(ours: Ours, theirs: Judge) -> list[str]:
    """The same credential is accepted before its bit is set, and refused after."""
    secured = ours.embedded(documents.small(NUMBER, ours.did))
    complaints = exchange(secured, ours.judge, theirs)
    ours.publish_list(revoked=(NUMBER,))
    for name, judge in (("we", ours.judge), ("the peer", theirs)):
        if judge(secured)[0]:
            complaints.append(f"{name} accepted a revoked credential")
    return complaints
