# SPDX-License-Identifier: Apache-2.0
"""Checking an embedded proof the short way, when the shape of the document is known.

The short way says that a proof holds, or nothing. Whatever it does not plainly see, a wrong signature as well
as an unknown shape, is for `data_integrity.check` to look at, which alone may refuse.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

from cairn.canonical.glance import Places, text_of
from cairn.canonical.jcs import jcs
from cairn.canonical.shapes import Shapes, parse_whole
from cairn.canonical.strict_json import parse_json
from cairn.credential import parse_datetime
from cairn.credential.address import is_identifier
from cairn.credential.structure import residue
from cairn.errors import CairnError
from cairn.keys import Algorithm
from cairn.proof import jose
from cairn.proof.data_integrity import INTACT, JCS, PURPOSE, RDFC, read_signature
from cairn.proof.outcome import CLOCK_SKEW, Answer, Outcome, refuse_key_out_of_use

if TYPE_CHECKING:
    from datetime import datetime

    from cairn.canonical.glance import Glance
    from cairn.canonical.lines import Text
    from cairn.credential.deferred import Residue
    from cairn.proof.outcome import Resolve

SHAPES = Shapes()
"""What this process has learned of the shapes of documents. No answer is in it."""

_MEMBERS = frozenset({"type", "cryptosuite", "created", "verificationMethod", "proofPurpose", "proofValue"})
_STRINGS = ("created", "verificationMethod", "proofValue")
SIGNED = tuple((("proof", name),) for name in _STRINGS)
"""Where the strings of the one proof are."""
_SIGNED = Places(*SIGNED)


def read_token(text: str) -> tuple[jose.Token, Glance]:
    """Take a token apart as `jose.split` does, and look at the credential in it."""
    try:
        token = jose.split(text, parse=_parse_whole)
        # What makes one credential of two places has been through more than a parser.
        if token.payload.keys().isdisjoint(_TWO_PLACES) and all(map(_is_simple, token.claims.values())):
            glance = SHAPES.parsed(token.document)
            if glance.is_strict:
                return token, glance
    except CairnError:
        pass  # what is wrong with it, and whether anything is, the strict way tells
    token = jose.split(text)
    return token, SHAPES.parsed(token.document)


_TWO_PLACES = frozenset({"vc", "vp"})


def _parse_whole(data: bytes) -> dict[str, Any]:
    return parse_whole(data) or parse_json(data)


def _is_simple(claim: object) -> bool:
    """Whether `parse_json` has nothing against a claim, which is part of no shape."""
    if type(claim) is str:
        return claim.isprintable()
    return type(claim) is int and 0 <= claim <= _MAX_INTEGER


_MAX_INTEGER = 2**53 - 1


def fits(glance: Glance) -> bool:
    """Whether the document plainly breaks no rule; if not, `structure_problems` has to be asked."""
    asked: Residue | None = glance.special_note("residue", _residue)
    if asked is None:
        return False
    # What rules ask about is never written with an escape; whatever is, they have to be asked about in full.
    if not glance.is_unescaped and any("\\" in glance.free[gap] for gap in asked.gaps):
        return False
    return asked.holds(glance.free)


def _residue(glance: Glance) -> Residue | None:
    gapped, gaps = glance.gapped()
    gapped.pop("proof", None)
    return residue(gapped, gaps)


def check(glance: Glance, resolve: Resolve, *, at: datetime) -> Answer | None:
    """What `data_integrity.check` would say of a proof that holds; None: ask that.

    The caller has seen that the document is still what was looked at (`Glance.is_of`).
    """
    suite = suite_of(glance)
    proof = Proof._make(glance.strings_at(_SIGNED)) if suite else None
    if proof is None or not holds(glance, suite, proof, resolve, at=at):
        return None
    return Answer(Outcome.PASSED, "ok", INTACT, glance.unsecured(), (proof.method,), told_of(suite, proof))


class Proof(NamedTuple):
    """The strings of a proof: all of it that its suite leaves open."""

    created: str
    method: str
    value: str


def holds(glance: Glance, suite: str, proof: Proof, resolve: Resolve, *, at: datetime) -> bool:
    """Whether the one proof of a document, which is of this suite and has these strings, plainly holds."""
    if glance.was_in_vain:
        return False
    glance.was_in_vain = True
    try:
        moment = parse_datetime(proof.created)
        if not is_identifier(proof.method) or moment > at + CLOCK_SKEW:
            return False
        signed = _hash_input(glance, suite)
        method = resolve(proof.method)
        key = method.public_key
        if signed is None or key.algorithm is not _ED25519:
            return False
        if not key.verify(signed, read_signature(proof.value)):
            return False
        refuse_key_out_of_use(method, signed_at=moment, at=at)
    except CairnError:
        return False
    glance.was_in_vain = False
    return True


_ED25519 = Algorithm.ED25519


def told_of(suite: str, proof: Proof) -> dict[str, str]:
    """What is told of a proof that holds."""
    return {"cryptosuite": suite, "created": proof.created}


def suite_of(glance: Glance) -> str:
    """The suite of the proof, if there is one and only the values of its strings could be wrong."""
    return glance.note("suite", _suite) or ""


def _suite(glance: Glance) -> str | None:
    document = glance.document
    proof = document.get("proof")
    if type(proof) is not dict or any(type(proof.get(name)) is not str for name in _STRINGS):
        return None
    if proof.get("type") != "DataIntegrityProof" or proof.get("proofPurpose") != PURPOSE:
        return None
    suite = proof.get("cryptosuite")
    if suite == RDFC and proof.keys() == _MEMBERS:
        return RDFC
    if suite == JCS and proof.keys() == _MEMBERS | {"@context"} and proof["@context"] == document["@context"]:
        return JCS
    return None


def _hash_input(glance: Glance, suite: str) -> bytes | None:
    """What is signed (vc-di-eddsa §3.2.4, §3.3.4); None when only the full path can say."""
    if suite == RDFC:
        digests = glance.digests()
        return None if digests is None else b"".join(digests)
    # JCS signs bytes, not meaning, so it also has to be known that the document has one (B73).
    if not glance.is_plain or not glance.is_covered():
        return None
    written = glance.written()
    assert written is not None  # or it would not be covered
    options, body = glance.special_note("jcs", _canonical_texts)
    return sha256(options.fill(written)).digest() + sha256(body.fill(written)).digest()


def _canonical_texts(glance: Glance) -> tuple[Text, Text]:
    """The canonical JSON of the proof's options and of the document, with holes for what is not known."""
    gapped, _ = glance.gapped()
    options = gapped.pop("proof")
    del options["proofValue"]
    return text_of(jcs(options)), text_of(jcs(gapped))
