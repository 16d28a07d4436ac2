# SPDX-License-Identifier: Apache-2.0
"""Selective disclosure: the cryptosuite ecdsa-sd-2023 (vc-di-ecdsa §3.4 to §3.6).

The issuer signs every statement of the credential by itself, with a key made for this one proof, and with
the key that people know a digest of the statements that may not be left out. The holder passes on some of
the others with their signatures. Blank nodes are named by an HMAC of their canonical label, so that the
names say nothing of how many there are.

    base     d9 5d 00  [base signature, proof key, HMAC key, signatures, mandatory pointers]
    derived  d9 5d 01  [base signature, proof key, signatures, label map, mandatory indexes]

    base signature   64 bytes, by the issuer's key, over: hash(configuration) ‖ proof key ‖ hash(mandatory)
    proof key        35 bytes, a P-256 Multikey without its multibase (the text once says 36: N28)
    HMAC key         32 bytes
    signatures       64 bytes each, by the proof key, one a statement that is not mandatory, in their order
    label map        from the number of a canonical label (c14n…) to the 32 bytes of its HMAC
    mandatory …      pointers into the document; positions among the statements that are shown

A base proof is the holder's own: with its HMAC key the names could be undone. Only derived proofs are shown
to others (§3.6.7 knows no other), so only they verify.

Where the text needs skolem ids to find an object of the document again in a part of it, we use its place
(`cairn.canonical.json_ld.Names`). The signed bytes are the same, and lists (``allowedValue``), for whose
cells there is no place to write an id, need no exception: a list is shown whole or not at all.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from cairn.canonical import PINNED, rdf_canonical
from cairn.canonical.json_ld import Names, refuse_excess_blank_nodes, to_quads
from cairn.canonical.rdfc import canonicalize, lines
from cairn.canonical.selection import select
from cairn.errors import CairnError, MalformedError, UnsupportedError
from cairn.keys import Algorithm, PrivateKey, PublicKey, multibase_decode, multibase_encode
from cairn.proof import cbor

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from cairn.canonical import Context
    from cairn.canonical.rdfc import Quad
    from cairn.keys import Signer

_BASE, _DERIVED = b"\xd9\x5d\x00", b"\xd9\x5d\x01"
_LABEL = "_:c14n"

# Each statement costs a verification with a key that the sender has chosen. Full badges have a hundred.
MAX_SIGNATURES = 2_000


@dataclass(frozen=True, slots=True)
class Secrets:
    """What is made anew for every base proof; given only to make a published vector again."""

    proof_key: PrivateKey
    hmac_key: bytes

    @classmethod
    def generate(cls) -> Secrets:
        return cls(PrivateKey.generate(Algorithm.P256), secrets.token_bytes(32))


def sign(
    unsecured: Mapping[str, Any],
    configuration: Mapping[str, Any],
    signer: Signer,
    *,
    mandatory_pointers: Sequence[str],
    fresh: Secrets | None = None,
    contexts: Mapping[str, Context] = PINNED,
) -> str:
    """The ``proofValue`` of a base proof (§3.6.1)."""
    fresh = fresh or Secrets.generate()
    names = Names()
    statements = _Statements.of(unsecured, fresh.hmac_key, names, contexts)
    mandatory = statements.positions(_part(unsecured, mandatory_pointers, names, contexts))
    shown, rest = _parted(statements.lines, mandatory)
    proof_key = fresh.proof_key.public_key.multikey_octets()
    _refuse_excess(rest)
    signed = _base_input(unsecured, configuration, proof_key, shown, contexts)
    signatures = [fresh.proof_key.sign(line) for line in rest]
    value = [signer.sign(signed), proof_key, fresh.hmac_key, signatures, list(mandatory_pointers)]
    return multibase_encode(_BASE + cbor.encode(value), "u")


def derive(
    unsecured: Mapping[str, Any],
    proof_value: Any,
    selective_pointers: Sequence[str],
    *,
    contexts: Mapping[str, Context] = PINNED,
) -> tuple[dict[str, Any], str]:
    """The part of the document that may be shown, and the ``proofValue`` of its derived proof (§3.6.5).

    Shown is what is mandatory, what the pointers choose, and the ids and types on the way there.
    """
    base = _Base.read(proof_value)
    names = Names()
    statements = _Statements.of(unsecured, base.hmac_key, names, contexts)
    mandatory = statements.positions(_part(unsecured, base.mandatory_pointers, names, contexts))
    rest = [position for position in range(len(statements.lines)) if position not in mandatory]
    if len(rest) != len(base.signatures):
        raise MalformedError(
            "proof-signatures", "The document has been changed: it does not fit the signatures of its proof."
        )
    revealed = select(unsecured, [*base.mandatory_pointers, *selective_pointers], names)
    if revealed is None:
        raise MalformedError("pointer-none", "Nothing is chosen, and nothing is mandatory.")
    quads = to_quads(revealed, contexts=contexts, names=names)
    shown = sorted(statements.positions(quads))
    signature_of = dict(zip(rest, base.signatures, strict=True))
    label_map = {
        int(label.removeprefix(_LABEL)): multibase_decode(statements.labels[node].removeprefix("_:"))
        for node, label in canonicalize(quads).issued.items()
    }
    value = [
        base.signature,
        base.proof_key,
        [signature_of[position] for position in shown if position not in mandatory],
        label_map,
        [index for index, position in enumerate(shown) if position in mandatory],
    ]
    return revealed, multibase_encode(_DERIVED + cbor.encode(value), "u")


def prepare(
    unsecured: Mapping[str, Any],
    configuration: Mapping[str, Any],
    proof_value: Any,
    *,
    contexts: Mapping[str, Context] = PINNED,
) -> Callable[[PublicKey], bool]:
    """Whether a derived proof is the issuer's (§3.6.7, §3.6.8), ready to be asked with the issuer's key.

    What no key could mend is refused here, so that it is not mistaken for a key that cannot be reached. A
    base proof is not judged: nothing is wrong with it, and the standard verifies copies alone.
    """
    if is_base(proof_value):
        _Base.read(proof_value)
        raise UnsupportedError(
            "proof-base", "This is the holder's own copy, which is not for showing: derive one from it."
        )
    derived = _Derived.read(proof_value)
    quads = to_quads(unsecured, contexts=contexts)
    refuse_excess_blank_nodes(quads)
    issued = canonicalize(quads).issued
    if {int(label.removeprefix(_LABEL)) for label in issued.values()} != derived.label_map.keys():
        raise MalformedError("proof-labels", "The proof does not name just the objects that are shown.")
    labels = {node: derived.label_map[int(label.removeprefix(_LABEL))] for node, label in issued.items()}
    statements = _relabelled(quads, labels)
    if any(index >= len(statements) for index in derived.mandatory):
        raise MalformedError("proof-indexes", "The proof calls statements mandatory that are not there.")
    shown, rest = _parted(statements, derived.mandatory)
    if len(rest) != len(derived.signatures):
        raise MalformedError("proof-signatures", "Not every statement has its one signature.")
    _refuse_excess(rest)
    signed = _base_input(unsecured, configuration, derived.proof_key, shown, contexts)
    proof_key = _key(derived.proof_key)

    def verify(key: PublicKey) -> bool:
        # First the issuer's signature: without it the proof key is anybody's, and its work is for nothing.
        return key.verify(signed, derived.signature) and all(
            proof_key.verify(line, signature)
            for line, signature in zip(rest, derived.signatures, strict=True)
        )

    return verify


def is_base(proof_value: Any) -> bool:
    """Whether it says of itself that it is a base proof, and so the holder's own."""
    return isinstance(proof_value, str) and proof_value.startswith(multibase_encode(_BASE, "u"))


def mandatory_pointers(proof_value: Any) -> Sequence[str]:
    """What the issuer lets no copy leave out, as the base proof says."""
    return _Base.read(proof_value).mandatory_pointers


@dataclass(frozen=True, slots=True)
class _Statements:
    """A whole document as sorted lines whose blank nodes have their HMAC names (§3.4.2, §3.5.1)."""

    lines: Sequence[bytes]
    labels: Mapping[str, str]

    @classmethod
    def of(
        cls, document: Mapping[str, Any], hmac_key: bytes, names: Names, contexts: Mapping[str, Context]
    ) -> _Statements:
        quads = to_quads(document, contexts=contexts, names=names)
        refuse_excess_blank_nodes(quads)
        labels = {
            node: _hmac_label(hmac_key, label.removeprefix("_:"))
            for node, label in canonicalize(quads).issued.items()
        }
        return cls(_relabelled(quads, labels), labels)

    def positions(self, quads: Iterable[Quad]) -> set[int]:
        """Where the statements of a part stand among those of the whole."""
        position = {line: index for index, line in enumerate(self.lines)}
        # Only cells of a list of which not everything was chosen are not among the whole's blank nodes
        # or are linked in another way there.
        found = [position.get(line) for line in _relabelled(quads, self.labels)]
        if None in found:
            raise MalformedError("pointer-list", "A list is shown as a whole or not at all.")
        return {index for index in found if index is not None}


@dataclass(frozen=True, slots=True)
class _Base:
    """The parts of a base proof (§3.5.3)."""

    signature: bytes
    proof_key: bytes
    hmac_key: bytes
    signatures: Sequence[bytes]
    mandatory_pointers: Sequence[str]

    @classmethod
    def read(cls, proof_value: Any) -> _Base:
        match _read(proof_value, _BASE):
            case [bytes() as signature, bytes() as key, bytes() as hmac_key, [*signatures], [*pointers]] if (
                _are_bytes(64, signature, *signatures)
                and _are_bytes(32, hmac_key)
                and all(isinstance(pointer, str) for pointer in pointers)
            ):
                return cls(signature, _key(key).multikey_octets(), hmac_key, signatures, pointers)
        raise _malformed()


@dataclass(frozen=True, slots=True)
class _Derived:
    """The parts of a derived proof (§3.5.7)."""

    signature: bytes
    proof_key: bytes
    signatures: Sequence[bytes]
    label_map: Mapping[int, str]
    mandatory: frozenset[int]

    @classmethod
    def read(cls, proof_value: Any) -> _Derived:
        match _read(proof_value, _DERIVED):
            case [bytes() as signature, bytes() as key, [*signatures], dict() as labels, [*mandatory]] if (
                _are_bytes(64, signature, *signatures)
                and _are_bytes(32, *labels.values())
                and all(isinstance(index, int) for index in mandatory)
                and len(set(mandatory)) == len(mandatory)
                # Two objects of one name would be one: claims could move from the one to the other.
                and len(set(labels.values())) == len(labels)
            ):
                named = {number: f"_:{multibase_encode(octets, 'u')}" for number, octets in labels.items()}
                return cls(signature, _key(key).multikey_octets(), signatures, named, frozenset(mandatory))
        raise _malformed()


def _read(proof_value: Any, header: bytes) -> Any:
    try:
        octets = multibase_decode(proof_value) if str(proof_value).startswith("u") else b""
    except CairnError as error:
        raise _malformed() from error
    if octets[:3] == header:
        return cbor.decode(octets[3:])
    if octets[:3] == _DERIVED:
        raise MalformedError("proof-derived", "This is a derived copy already; derive from the holder's own.")
    raise _malformed()


def _malformed() -> MalformedError:
    return MalformedError("proof-value", "The proof has no signature that can be read.")


def _are_bytes(length: int, *values: Any) -> bool:
    return all(isinstance(value, bytes) and len(value) == length for value in values)


def _part(
    document: Mapping[str, Any], pointers: Sequence[str], names: Names, contexts: Mapping[str, Context]
) -> list[Quad]:
    part = select(document, pointers, names)
    return [] if part is None else to_quads(part, contexts=contexts, names=names)


def _relabelled(quads: Iterable[Quad], labels: Mapping[str, str]) -> list[bytes]:
    """The statements as sorted lines, their blank nodes renamed."""
    renamed = (
        (labels.get(subject, subject), predicate, labels.get(object_, object_), labels.get(graph, graph))
        for subject, predicate, object_, graph in quads
    )
    try:
        return [line.encode() for line in lines(renamed)]
    except UnicodeEncodeError as error:
        raise MalformedError("json-string", "a string contains a lone surrogate") from error


def _parted(statements: Sequence[bytes], mandatory: Collection[int]) -> tuple[list[bytes], list[bytes]]:
    """The mandatory statements and the others."""
    shown = [line for index, line in enumerate(statements) if index in mandatory]
    rest = [line for index, line in enumerate(statements) if index not in mandatory]
    return shown, rest


def _hmac_label(key: bytes, label: str) -> str:
    return f"_:{multibase_encode(hmac.digest(key, label.encode(), 'sha256'), 'u')}"


def _base_input(
    unsecured: Mapping[str, Any],
    configuration: Mapping[str, Any],
    proof_key: bytes,
    mandatory: Sequence[bytes],
    contexts: Mapping[str, Context],
) -> bytes:
    """What the base signature is over (§3.5.5, §3.6.4)."""
    options = {"@context": unsecured.get("@context"), **configuration}
    told = sha256(rdf_canonical(options, contexts=contexts)).digest()
    return told + proof_key + sha256(b"".join(mandatory)).digest()


def _key(octets: bytes) -> PublicKey:
    """The key made for this proof. An unknown kind of key is no doubt here: there is only one kind."""
    try:
        key = PublicKey.from_multikey_octets(octets)
    except CairnError as error:
        raise _malformed() from error
    if key.algorithm is not Algorithm.P256:
        raise _malformed()
    return key


def _refuse_excess(statements: Sequence[bytes]) -> None:
    if len(statements) > MAX_SIGNATURES:
        raise MalformedError(
            "limit-signatures", f"At most {MAX_SIGNATURES} statements are signed one by one."
        )
