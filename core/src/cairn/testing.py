# SPDX-License-Identifier: Apache-2.0
"""Fakes that ship: sources without a network, keys without a secret, and a credential to begin with.

For the tests of whoever uses the library. Nothing in here may ever vouch for anything: the private keys are
computed from their public names.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from cairn.canonical import to_json
from cairn.credential import (
    Achievement,
    AchievementSubject,
    Criteria,
    IdentityObject,
    OpenBadgeCredential,
    Profile,
)
from cairn.did import build_document, did_key
from cairn.errors import UnavailableError
from cairn.keys import PrivateKey, PublicKey, Signer
from cairn.proof import sign
from cairn.status import StatusList, status_list_document, subject_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cairn.credential.model import StatusReference

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class FixedSources:
    """Answers from a mapping of URL to body, remembers what was asked, and reaches nothing else."""

    def __init__(self, answers: Mapping[str, bytes] | None = None) -> None:
        self.answers = dict(answers or {})
        self.asked: list[str] = []

    def fetch(self, url: str, *, accept: str, limit: int) -> bytes:
        self.asked.append(url)
        if url not in self.answers:
            raise UnavailableError("unreachable", "The address could not be reached.")
        return self.answers[url]


def demo_key(name: str = "issuer") -> PrivateKey:
    """An Ed25519 key that everybody can compute from its name."""
    return PrivateKey.from_seed(sha256(f"cairn demo key: {name}".encode()).digest())


def key_method(key: PublicKey) -> str:
    """The verification method of the key's own did:key."""
    return f"{did_key(key)}#{key.multikey()}"


def sample_credential(
    *,
    issuer: str | None = None,
    id: str = "urn:uuid:8d4a2f3e-6a0b-4b57-9f0e-0d8f4a1c2b3d",
    valid_from: datetime = NOON,
    valid_until: datetime | None = None,
    status: StatusReference | None = None,
) -> OpenBadgeCredential:
    """A small badge of ``demo_key()``, unless another issuer is given."""
    return OpenBadgeCredential(
        id=id,
        issuer=Profile(id=issuer or did_key(demo_key().public_key), name="Harbour School"),
        subject=AchievementSubject(
            id="urn:uuid:1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed",
            identifiers=(IdentityObject("name", "Zoë Núñez"),),
            achievement=Achievement(
                id="https://harbour.example/a/knots",
                name="Knots and Splices",
                description="Ties twelve knots and makes an eye splice.",
                criteria=Criteria("Tie each knot **twice** in front of an instructor."),
                achievement_type="MicroCredential",
                tags=("seamanship",),
            ),
        ),
        name="Knots and Splices",
        valid_from=valid_from,
        valid_until=valid_until,
        awarded_date=valid_from,
        status=status,
    )


def signed_sample(
    credential: OpenBadgeCredential | None = None,
    *,
    signer: Signer | None = None,
    verification_method: str | None = None,
    at: datetime = NOON,
) -> bytes:
    """The sample, signed by its issuer as JSON with an embedded proof."""
    key = signer or demo_key()
    return sign(
        (credential or sample_credential()).to_document(),
        key,
        verification_method=verification_method or key_method(key.public_key),
        at=at,
    )


def signed_status_list(
    url: str,
    *,
    issuer: str | None = None,
    signer: Signer | None = None,
    verification_method: str | None = None,
    purpose: str = "revocation",
    set_bits: tuple[int, ...] = (),
    at: datetime = NOON,
    with_suspension: bool = False,
) -> bytes:
    """A signed status list of ``demo_key()`` with some bits set."""
    key = signer or demo_key()
    bits = StatusList()
    for index in set_bits:
        bits.set(index, True)
    is_own_form = with_suspension or purpose == "suspension"
    document = status_list_document(
        url=url,
        issuer=issuer or did_key(key.public_key),
        purpose=purpose,
        bits=bits,
        valid_from=at,
        valid_until=at + timedelta(days=1),
        ttl_ms=300_000,
        subject_id=subject_id(url, purpose=purpose) if is_own_form else f"{url}#list",
    )
    return sign(document, key, verification_method=verification_method or key_method(key.public_key), at=at)


def did_document(did: str, key: PublicKey, fragment: str = "key-1") -> bytes:
    """A DID document with one key, as a web server would answer it."""
    return to_json(build_document(did, [(fragment, key, None)]))
