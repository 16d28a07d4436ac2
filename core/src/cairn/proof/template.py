# SPDX-License-Identifier: Apache-2.0
"""Signing many credentials of one kind: everything but their own values is worked out once.

    template = Template(document, suite="eddsa-rdfc-2022", verification_method=…)  # some strings are `Slot`s
    secured = template.sign({"id": "urn:uuid:…", "index": "77"}, signer, at=now)

A signer in another process, or far away, is asked about a whole batch at once:

    batch = [template.prepare(values, at=now) for values in rows]
    signatures = ask([unsigned.to_sign for unsigned in batch])  # with embedded proofs 64 bytes each
    secured = [unsigned.finish(signature) for unsigned, signature in zip(batch, signatures, strict=True)]

The bytes are those that `cairn.proof` makes of the same document, always (of an SD-JWT: with the same salts),
and what a template cannot do exactly so it hands to the full path. Rules that compare values (equal ids, a
period that ends before it begins) are looked at for every credential. The others are asked once, of the
document filled with the least acceptable values that its slots take.
"""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from cairn.canonical.gaps import leaves
from cairn.credential import parse_datetime
from cairn.errors import UnsupportedError
from cairn.keys import Algorithm
from cairn.proof.data_integrity import RDFC
from cairn.proof.moulds import Unsigned, mould_for
from cairn.proof.slots import Kind, Slot, Slots, gap

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from cairn.keys import Signer

__all__ = ["Kind", "Slot", "Template", "Unsigned"]

_WINDOWS = (("validFrom", "validUntil"), ("issuanceDate", "expirationDate"))

# Members whose values may not be equal to those of some other member.
_DISTINCT = frozenset({"id", "statusListCredential"})

_LENGTHS = {Algorithm.ED25519: 64, Algorithm.P256: 64, Algorithm.P384: 96, Algorithm.P521: 132}
_PLACEHOLDER = secrets.token_bytes(132)
_SOME_DAY = datetime(2026, 1, 1, tzinfo=UTC)


class Template:
    """One document with slots, how it is secured, and what follows from both. Threads may share it.

    ``suite`` is a cryptosuite of Data Integrity (eddsa-rdfc-2022, eddsa-jcs-2022, ecdsa-rdfc-2019,
    ecdsa-jcs-2019) or a type of token (vc+jwt, vc+sd-jwt, dc+sd-jwt). The last two take ``disclose``, as
    `cairn.sign_sd_jwt` does, and the last one claims instead of a document.
    """

    def __init__(
        self,
        document: Mapping[str, Any],
        *,
        verification_method: str,
        suite: str = RDFC,
        algorithm: Algorithm = Algorithm.ED25519,
        disclose: Collection[str] = (),
    ) -> None:
        """Raises what the full path raises for a document that cannot be signed."""
        self._slots = Slots(document)
        self._algorithm = algorithm
        self._windows = [
            (self._end(document[starts]), self._end(document[ends]))
            for starts, ends in _WINDOWS
            if isinstance(document.get(starts), Slot | str)
            and isinstance(document.get(ends), Slot | str)
            and (isinstance(document[starts], Slot) or isinstance(document[ends], Slot))
        ]
        self._late = {self._slots.places[end].name for _, end in self._windows if type(end) is int}
        self._find_ids()
        self._mould = mould_for(suite, document, self._slots, verification_method, algorithm, disclose)
        for number in range(3):
            sample = self._sample(number)
            whole = self._in_full(sample, _SOME_DAY)
            written = self._slots.written(sample)
            if self._is_easy(written) and not self._mould.agrees(written, _SOME_DAY, whole):
                raise AssertionError("a template and the full path disagree")  # never; then nothing is signed

    @property
    def kinds(self) -> Mapping[str, Kind]:
        """What `sign` wants values for, and of which kind."""
        return self._slots.kinds

    def sign(self, values: Mapping[str, str], signer: Signer, *, at: datetime) -> bytes:
        """One secured credential; `MalformedError` ``slot`` when a value is not of its slot's kind."""
        if signer.algorithm is not self._algorithm:
            raise UnsupportedError(
                "key-type", f"the template is for {self._algorithm}, not {signer.algorithm}"
            )
        unsigned = self.prepare(values, at=at)
        return unsigned.finish(signer.sign(unsigned.to_sign))

    def prepare(self, values: Mapping[str, str], *, at: datetime) -> Unsigned:
        """The same but for the signature: what is to be signed, and what makes the credential of it."""
        written = self._slots.written(values)
        if self._is_easy(written):
            unsigned = self._mould.fill(written, at)
            if unsigned is not None:
                return unsigned
        return self._in_full(values, at)

    def _in_full(self, values: Mapping[str, str], at: datetime) -> Unsigned:
        """By the full path, which signs with a placeholder."""
        signer = _Placeholder(self._algorithm)
        secured = self._mould.secure(self._slots.filled(values), cast("Signer", signer), at)
        length = _LENGTHS[self._algorithm]
        placeholder = Unsigned(b"", b"", b"", self._mould.multibase).finish(_PLACEHOLDER[:length])
        before, _, after = secured.partition(placeholder)
        return Unsigned(signer.signed, before, after, self._mould.multibase)

    def _sample(self, number: int) -> dict[str, str]:
        """Values of the slots' kinds; at the end of a period a late one, so that it is one."""
        return {
            name: "9998-01-01T00:00:00Z"
            if kind is Kind.MOMENT and name in self._late
            else kind.samples[number % len(kind.samples)].format(at + 10)
            for at, (name, kind) in enumerate(self.kinds.items())
        }

    def _find_ids(self) -> None:
        """The slots that may not be equal to one another, nor to what else the document says."""
        numbers = {gap(number): number for number in range(len(self._slots))}
        found = [leaf for leaf in leaves(self._slots.gapped()) if not leaf.is_key]
        distinct = {numbers[leaf.text] for leaf in found if leaf.name in _DISTINCT and leaf.text in numbers}
        self._ids = sorted(distinct)
        patterns = [self._slots.places[number].pattern for number in self._ids]
        self._taken = frozenset(
            leaf.text.encode()
            for leaf in found
            if leaf.text not in numbers and any(re.fullmatch(each, leaf.text) for each in patterns)
        )

    def _is_easy(self, written: Sequence[bytes]) -> bool:
        """Whether the ids are apart and no period ends before it begins; if not, the full path decides."""
        if self._taken or len(self._ids) > 1:
            ids = {written[number] for number in self._ids}
            if len(ids) != len(self._ids) or not ids.isdisjoint(self._taken):
                return False
        return not self._windows or all(
            _moment(starts, written) <= _moment(ends, written) for starts, ends in self._windows
        )

    def _end(self, member: Slot | str) -> int | datetime:
        """An end of a period: the place of its value, or a moment."""
        return self._slots.index(member) if isinstance(member, Slot) else parse_datetime(member)


class _Placeholder:
    """Signs nothing, but remembers what it was asked to sign."""

    def __init__(self, algorithm: Algorithm) -> None:
        self.algorithm = algorithm
        self.signed = b""

    def sign(self, data: bytes) -> bytes:
        self.signed = data
        return _PLACEHOLDER[: _LENGTHS[self.algorithm]]


def _moment(end: int | datetime, written: Sequence[bytes]) -> datetime:
    return parse_datetime(written[end].decode()) if isinstance(end, int) else end
