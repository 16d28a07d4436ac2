# SPDX-License-Identifier: Apache-2.0
"""The forms that templates pour values into, one for each way of securing.

A mould knows two ways from values to what is to be signed. ``secure`` is the full one, that of `cairn.proof`.
``fill`` puts the values into texts that were made once and gives the same bytes, or None: then ask the other.

    Embedded   proof options and document as canonical JSON or N-Quads, hashed; the document as JSON
    Token      header and payload of a JWS
    Selective  the same, and disclosures with a salt and a digest each
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from hashlib import sha256, sha384
from typing import TYPE_CHECKING, Any, NamedTuple

from nacl.utils import random

from cairn.canonical import jcs, parse_json, rdf_canonical, to_json
from cairn.canonical.compiler import compile_plan
from cairn.canonical.gaps import IRI, Refused
from cairn.canonical.plan import Budget
from cairn.credential import format_datetime
from cairn.errors import UnsupportedError
from cairn.keys import Algorithm, base58btc, base64url, base64url_decode
from cairn.proof import data_integrity, jose, jws, sd_jwt, sign, sign_jwt, sign_sd_jwt, sign_sd_jwt_vc
from cairn.proof.slots import Slots, escaped, gap, number_gap

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from datetime import datetime

    from cairn.canonical.plan import Plan
    from cairn.keys import Signer
    from cairn.proof.slots import Slot

_MAX_BYTES = 16 * 1024 * 1024
_OVER_GRAPH = (data_integrity.RDFC, data_integrity.ECDSA_RDFC)
_OVER_JCS = (data_integrity.JCS, data_integrity.ECDSA_JCS)


class Unsigned(NamedTuple):
    """A credential that lacks its signature and nothing else; it may travel to another process."""

    to_sign: bytes
    """What the signature is made of."""
    before: bytes
    after: bytes
    multibase: bool
    """Whether the signature is written in multibase; in base64url if not."""

    def finish(self, signature: bytes) -> bytes:
        """The secured credential."""
        if self.multibase:
            return b"%sz%s%s" % (self.before, base58btc(signature), self.after)
        return self.before + base64url(signature) + self.after


class Mould(ABC):
    """One document with slots, in one way of securing."""

    multibase = False

    @abstractmethod
    def secure(self, document: Mapping[str, Any], signer: Signer, at: datetime) -> bytes:
        """The secured document, by the full path."""

    @abstractmethod
    def fill(self, written: Sequence[bytes], at: datetime) -> Unsigned | None:
        """What is left to be signed, if these values are easy."""

    def agrees(self, written: Sequence[bytes], at: datetime, whole: Unsigned) -> bool:
        """Whether ``fill`` gives what the full path has given."""
        return self.fill(written, at) in (None, whole)


class Embedded(Mould):
    """A Data Integrity proof over canonical JSON or N-Quads."""

    multibase = True

    def __init__(
        self, document: Mapping[str, Any], slots: Slots, suite: str, method: str, algorithm: Algorithm
    ):
        self._suite = suite
        self._method = method
        self._hash = sha384 if algorithm is Algorithm.P384 else sha256
        self._contexts = document.get("@context")
        self._options: tuple[datetime | None, bytes, bytes] = (None, b"", b"")
        created, value = gap(len(slots)), gap(len(slots) + 1)
        options = {**self._configuration(created), "proofValue": value}
        if suite in _OVER_JCS:
            options = {**self._configuration(created), "@context": self._contexts, "proofValue": value}
        before, _, self._after = to_json({**slots.gapped(), "proof": options}).partition(value.encode())
        self._before = slots.text(before)
        self._digest = self._by_json(slots) if suite in _OVER_JCS else self._by_graph(slots)

    def secure(self, document: Mapping[str, Any], signer: Signer, at: datetime) -> bytes:
        return sign(document, signer, verification_method=self._method, at=at, cryptosuite=self._suite)

    def fill(self, written: Sequence[bytes], at: datetime) -> Unsigned | None:
        digest = self._digest(written)
        if digest is None:
            return None
        last, created, options = self._options
        # The same object is the same moment: it cannot be changed, and is kept alive here.
        if last is not at:
            created, options = self._dated(at)
        return Unsigned(options + digest, self._before.fill([*written, created]), self._after, True)

    def _dated(self, at: datetime) -> tuple[bytes, bytes]:
        """When it is made, and the digest of the proof's options; those of the last moment are kept."""
        created = format_datetime(at)
        configuration = self._configuration(created)
        if self._suite in _OVER_JCS:
            options = jcs({**configuration, "@context": self._contexts})
        else:
            name = self._hash().name
            options = rdf_canonical({"@context": self._contexts, **configuration}, algorithm=name)
        digest = self._hash(options).digest()
        self._options = (at, created.encode(), digest)
        return created.encode(), digest

    def _configuration(self, created: str) -> dict[str, Any]:
        return {
            "type": "DataIntegrityProof",
            "cryptosuite": self._suite,
            "created": created,
            "verificationMethod": self._method,
            "proofPurpose": data_integrity.PURPOSE,
        }

    def _by_json(self, slots: Slots) -> Callable[[Sequence[bytes]], bytes | None]:
        text, new_hash = slots.text(jcs(parse_json(to_json(slots.gapped())))), self._hash
        return lambda written: new_hash(text.fill(written)).digest()

    def _by_graph(self, slots: Slots) -> Callable[[Sequence[bytes]], bytes | None]:
        """By the plan of the canonical form. It knows SHA-256 only."""
        plan = _plan(slots) if self._hash is sha256 else None
        return (lambda _: None) if plan is None else plan.digest_of


def _plan(slots: Slots) -> Plan | None:
    """None when this document has none, or when something that may fill a slot may be no plain IRI."""
    gaps = {gap(number): number for number in range(len(slots))}
    heads = {
        number: escaped(slot.before).decode() + slot.kind.head for number, slot in enumerate(slots.places)
    }
    try:
        plan = compile_plan(slots.gapped(), gaps, budget=Budget(_MAX_BYTES), heads=heads)
    except Refused:
        return None
    return plan if all(_passes_as_iri(slots.places[number]) for number in plan.iris) else None


def _passes_as_iri(slot: Slot) -> bool:
    """Whether what stands in a place for an IRI is one that JSON-LD leaves as it is.

    Values of which that cannot be said have been refused with the samples.
    """
    return not slot.before or IRI.fullmatch(slot.before) is not None


class Token(Mould):
    """A ``vc+jwt`` token."""

    def __init__(self, slots: Slots, method: str, algorithm: Algorithm):
        self._method = method
        self._first = jws.first_part(jose.header_of(method), algorithm).encode() + b"."
        self._moments: list[int] = []
        places = {gap(number): number for number in range(len(slots))}

        def seconds(moment: str) -> Any:
            if moment not in places:
                return jose.seconds_of(moment)
            self._moments.append(places[moment])
            return number_gap(len(slots) + len(self._moments) - 1)

        self._payload = slots.text(to_json(jose.payload_of(slots.gapped(), seconds)))

    def secure(self, document: Mapping[str, Any], signer: Signer, at: datetime) -> bytes:
        return sign_jwt(document, signer, verification_method=self._method).encode()

    def fill(self, written: Sequence[bytes], at: datetime) -> Unsigned:
        seconds = [b"%d" % jose.seconds_of(written[place].decode()) for place in self._moments]
        signed = self._first + base64url(self._payload.fill([*written, *seconds]))
        return Unsigned(signed, signed + b".", b"", False)


class Selective(Mould):
    """An SD-JWT, of which the holder shows some claims."""

    def __init__(self, slots: Slots, kind: str, method: str, algorithm: Algorithm, disclose: Collection[str]):
        self._kind = kind
        self._method = method
        self._disclose = disclose
        header = {"typ": kind, "cty": "vc", "kid": method}
        if kind == sd_jwt.SD_JWT_VC:
            del header["cty"]
        self._first = jws.first_part(header, algorithm).encode() + b"."
        claims = slots.gapped()
        if kind == sd_jwt.SD_JWT_VC:
            claims = {"iat": number_gap(len(slots)), **claims}
        hider = _Hider(disclose, len(slots) + 1)
        payload = hider.payload(claims)
        self._payload = slots.text(to_json(payload))
        self._disclosures = [
            (slots.text(to_json(parts)), hider.complete.get(number))
            for number, parts in enumerate(hider.disclosures)
        ]

    def secure(self, document: Mapping[str, Any], signer: Signer, at: datetime) -> bytes:
        how: dict[str, Any] = {"disclose": self._disclose}
        if self._kind == sd_jwt.SD_JWT_VC:
            return sign_sd_jwt_vc(document, signer, kid=self._method, at=at, **how).encode()
        return sign_sd_jwt(document, signer, verification_method=self._method, **how).encode()

    def fill(self, written: Sequence[bytes], at: datetime) -> Unsigned:
        octets = random(16 * len(self._disclosures))
        salts = [base64url(octets[start : start + 16]) for start in range(0, len(octets), 16)]
        return self._salted(written, at, salts)

    def agrees(self, written: Sequence[bytes], at: datetime, whole: Unsigned) -> bool:
        """Whether the same salts would have given the same."""
        texts = whole.after.decode().split("~")[1:-1]
        return self._salted(written, at, [_salt(text) for text in texts]) == whole

    def _salted(self, written: Sequence[bytes], at: datetime, salts: Sequence[bytes]) -> Unsigned:
        told = [*written, b"%d" % at.timestamp()]
        after = [b""]
        for (text, complete), salt in zip(self._disclosures, salts, strict=True):
            told += (salt, b"")
            disclosure = base64url(text.fill(told))
            after.append(disclosure)
            told[-1] = base64url(sha256(disclosure).digest())
            if complete is not None:
                # In the order of the digests, which tells nothing about the claims (RFC 9901 §4.2.4.1).
                for place, digest in zip(complete, sorted([told[place] for place in complete]), strict=True):
                    told[place] = digest
        after.append(b"")
        signed = self._first + base64url(self._payload.fill(told))
        return Unsigned(signed, signed + b".", b"~".join(after), False)


class _Hider(sd_jwt.Hider):
    """Puts gaps where salts and digests will be.

    After the values of the slots and the moment of issuing come a salt and a digest for each disclosure.
    """

    def __init__(self, disclose: Collection[str], first: int) -> None:
        super().__init__(disclose, lambda: gap(first + 2 * len(self.texts)))
        self._first = first
        self.disclosures: list[list[Any]] = []
        self.complete: dict[int, list[int]] = {}
        """With which disclosure the digests of an object are all there, and where those are."""

    def object(self, members: Mapping[str, Any], path: sd_jwt.Path) -> dict[str, Any]:
        shown = super().object(members, path)
        if sd_jwt.DIGESTS in shown:
            places = [int(digest.rpartition(":")[2]) for digest in shown[sd_jwt.DIGESTS]]
            self.complete[(max(places) - self._first) // 2] = places
        return shown

    def hide(self, disclosure: list[Any]) -> str:
        self.disclosures.append(disclosure)
        self.texts.append("")
        return gap(self._first + 2 * len(self.texts) - 1)


def _salt(text: str) -> bytes:
    salt: str = parse_json(b'{"d":' + base64url_decode(text) + b"}")["d"][0]
    return salt.encode()


def mould_for(
    suite: str,
    document: Mapping[str, Any],
    slots: Slots,
    method: str,
    algorithm: Algorithm,
    disclose: Collection[str],
) -> Mould:
    """The mould of a cryptosuite or of a type of token."""
    if suite in (sd_jwt.W3C, sd_jwt.SD_JWT_VC):
        return Selective(slots, suite, method, algorithm, disclose)
    if disclose:
        raise ValueError("only SD-JWTs have disclosures")
    if suite == "vc+jwt":
        return Token(slots, method, algorithm)
    if suite in (*_OVER_GRAPH, *_OVER_JCS):
        return Embedded(document, slots, suite, method, algorithm)
    raise UnsupportedError("unknown-cryptosuite", f"there are no templates for {suite!r}")
