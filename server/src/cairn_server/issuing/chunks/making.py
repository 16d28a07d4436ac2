# SPDX-License-Identifier: Apache-2.0
"""What a plan comes to: awards, the documents made of them, and their signatures.

Everything random in a chunk comes from its seed, and signatures are deterministic. So whoever takes a plan
over after a crash makes the same bytes, and nothing is signed twice in two ways (F1).
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from hashlib import sha256, sha512
from typing import TYPE_CHECKING

from django.db import transaction

from cairn.errors import CairnError
from cairn_server.issuing import signing, status_lists
from cairn_server.issuing.lists.dates import end_of_day, start_of_day
from cairn_server.issuing.lists.rows import MORE
from cairn_server.issuing.models import Batch, BatchChunk
from cairn_server.issuing.patterns import TEXTS, Award, Press
from cairn_server.organisations import keys

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from cairn.proof.template import Unsigned
    from cairn_server.issuing.chunks.leases import Lease
    from cairn_server.issuing.chunks.planning import Plan


class RowsRefused(Exception):  # noqa: N818
    """Some rows cannot become credentials, and why: by their numbers. The others can."""

    def __init__(self, why: dict[int, str]) -> None:
        super().__init__("; ".join(f"row {number}: {told}" for number, told in sorted(why.items())[:3]))
        self.why = why


def derived(seed: bytes, number: int) -> tuple[str, str, bytes]:
    """Identifier, subject and salt of the row with this number: 128, 122 and 256 bits nobody can guess."""
    made = hmac.digest(seed, number.to_bytes(8, "big"), sha512)
    return _in_base64url(made[:16]), _urn(made[16:32]), made[32:]


def email_salt(salt: bytes) -> str:
    """The salt for the hash of an address, where an organisation has one: from the same draw, and not it."""
    return _in_base64url(sha256(b"email" + salt).digest()[:16])


def _in_base64url(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")


def _urn(octets: bytes) -> str:
    """A random UUID (RFC 9562 §5.4) of these bits: what ``uuid.UUID(…, version=4).urn`` writes, in a third
    of the time."""
    digits = octets.hex()
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"urn:uuid:{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


@dataclass(frozen=True, slots=True)
class Made:
    """What a plan comes to: the same for whoever makes it."""

    chunk: BatchChunk
    press: Press
    awards: Sequence[Award]
    prepared: Sequence[Unsigned]
    issuer: signing.Issuer

    @classmethod
    def of(cls, plan: Plan) -> Made:
        chunk, issuer = plan.chunk, plan.issuer
        assert chunk.at is not None, "a planned chunk has its plan (constraint)"
        assert chunk.status_list is not None
        press = Press(chunk.batch.version, issuer, chunk.status_list)
        awards = list(_awards(plan))
        prepared: list[Unsigned] = []
        refused: dict[int, str] = {}
        for award in awards:
            try:
                prepared.append(press.prepare(award, at=chunk.at))
            except CairnError as error:
                refused[award.number] = str(error)
        if refused:
            raise RowsRefused(refused)
        return cls(chunk, press, awards, prepared, issuer)

    @property
    def inputs(self) -> list[bytes]:
        return [each.to_sign for each in self.prepared]

    @property
    def reference(self) -> str:
        return f"{self.chunk.batch.public_id}/{self.chunk.number}"

    def sign(self) -> list[bytes]:
        """The secured credentials, in the order of the rows."""
        key = self.issuer.key
        signer = keys.OrderedSigner(
            self.issuer.organisation.public_id, key.fragment, key.multikey, "chunk", self.reference
        )
        signatures = signer.sign_many(self.inputs)
        return [each.finish(made) for each, made in zip(self.prepared, signatures, strict=True)]


def _awards(plan: Plan) -> Iterable[Award]:
    if plan.chunk.batch.kind != Batch.Kind.REISSUE:
        return _awards_of(plan)
    from cairn_server.issuing import reissue  # stands above this module: it is a list of its own kind

    return reissue.awards(plan.chunk, plan.lines)


def _awards_of(plan: Plan) -> Iterator[Award]:
    chunk = plan.chunk
    seed, at, status_list = bytes(chunk.seed or b""), chunk.at, chunk.status_list
    assert at is not None, "a planned chunk has its plan (constraint)"
    assert status_list is not None
    assert chunk.first_index_number is not None
    validity = chunk.batch.version.validity_days
    usual_end = at + timedelta(days=validity) if validity is not None else None
    indexes = status_lists.indexes_of(status_list, first=chunk.first_index_number, count=len(plan.lines))
    for (_pk, number, key, values), index in zip(plan.lines, indexes, strict=True):
        public_id, subject, salt = derived(seed, number)
        earned, ends = values.get("issue_date"), values.get("expiry_date")
        yield Award(
            number=number,
            request_key=key,
            public_id=public_id,
            # A fresh identifier for each award, so that two awards of one person cannot be linked by it.
            subject_id=values.get("did") or subject,
            name=values["name"],
            email=values["email"],
            awarded_at=_start(earned) if earned else at,
            valid_from=at,
            valid_until=end_of_day(ends) if ends else usual_end,
            index=index,
            email_salt=email_salt(salt),
            leaf_salt=salt,
            language=values.get("language", ""),
            texts={name: values[name] for name in TEXTS if values.get(name)},
            more={name: values[name] for name in MORE if name in values} or None,
        )


@lru_cache(maxsize=1_000)
def _start(day: str) -> datetime:
    return start_of_day(day)


def intend(lease: Lease, made: Made) -> None:
    """Commit to what will be signed. Done again it is the same, or the lease is lost."""
    intent = keys.intent_digest(made.inputs)
    if made.chunk.state == BatchChunk.State.INTENDED and made.chunk.intent_sha256 != intent:
        raise signing.OwnProductRefused("chunk", "what was planned comes out otherwise the second time")
    with transaction.atomic(durable=True):
        chunk = lease.own()
        chunk.intent_sha256, chunk.state = intent, BatchChunk.State.INTENDED
        chunk.save(update_fields=["intent_sha256", "state"])
    made.chunk.intent_sha256, made.chunk.state = intent, BatchChunk.State.INTENDED
