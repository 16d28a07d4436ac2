# SPDX-License-Identifier: Apache-2.0
"""Checking an embedded proof the short way, when the shape of the document is known.

The short way says that a proof holds, or nothing. Whatever it does not plainly see, a wrong signature as well
as an unknown shape, is for `data_integrity.check` to look at, which alone may refuse.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

from cairn.canonical.gaps import SENTINEL
from cairn.canonical.jcs import jcs
from cairn.canonical.lines import NOTHING, Text
from cairn.canonical.plan import written_in_full
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
    from collections.abc import Mapping
    from datetime import datetime

    from cairn.canonical.glance import Glance
    from cairn.credential.deferred import Residue
    from cairn.proof.outcome import Resolve

SHAPES = Shapes()
"""What this process has learned of the shapes of documents. No answer is in it."""

_MEMBERS = frozenset({"type", "cryptosuite", "created", "verificationMethod", "proofPurpose", "proofValue"})
_STRINGS = ("created", "verificationMethod", "proofValue")
_SIGNED = tuple(("proof", name) for name in _STRINGS)


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
    asked = glance.special_note("residue", lambda known: _residue_beyond(glance, known)) or glance.note(
        "residue", _residue
    )
    if not asked:
        return False
    values = glance.values
    # What rules ask about is never written with an escape; whatever is, they have to be asked about in full.
    if not glance.is_unescaped and any("\\" in values[gap] for gap in asked.gaps):
        return False
    return bool(asked.holds(values))


def _residue_beyond(glance: Glance, known: Mapping[int, str]) -> Residue | None:
    asked = glance.note("residue", _residue)
    if asked is None or any("\\" in known[gap] for gap in asked.gaps & known.keys()):
        return None
    left: Residue | None = asked.of(known)
    return left


def _residue(glance: Glance) -> Residue | None:
    gapped, gaps = glance.gapped()
    gapped.pop("proof", None)
    return residue(gapped, gaps)


def check(glance: Glance, resolve: Resolve, *, at: datetime) -> Answer | None:
    """What `data_integrity.check` would say of a proof that holds; None: ask that.

    The caller has seen that the document is still what was looked at (`Glance.is_of`).
    """
    found = look(glance, resolve, at=at)
    return None if found is None else found.answer(glance.unsecured())


class Holds(NamedTuple):
    """What a proof that holds says of itself."""

    suite: str
    created: str
    method: str

    @property
    def details(self) -> dict[str, str]:
        return {"cryptosuite": self.suite, "created": self.created}

    def answer(self, document: Mapping[str, Any] | None) -> Answer:
        return Answer(Outcome.PASSED, "ok", INTACT, document, (self.method,), self.details)


def look(glance: Glance, resolve: Resolve, *, at: datetime) -> Holds | None:
    """Whether the one proof of a document plainly holds."""
    found = None if glance.was_in_vain else _look(glance, resolve, at)
    glance.was_in_vain = found is None
    return found


def _look(glance: Glance, resolve: Resolve, at: datetime) -> Holds | None:
    suite = glance.note("suite", lambda look: _suite(look.document))
    if not suite:
        return None
    created, url, value = glance.strings_at(_SIGNED)
    assert created is not None and url is not None and value is not None  # noqa: PT018 - the suite says so
    try:
        moment = parse_datetime(created)
        if not is_identifier(url) or moment > at + CLOCK_SKEW:
            return None
        signed = _hash_input(glance, suite)
        method = resolve(url)
        if signed is None or method.public_key.algorithm is not Algorithm.ED25519:
            return None
        if not method.public_key.verify(signed, read_signature(value)):
            return None
        refuse_key_out_of_use(method, signed_at=moment, at=at)
    except CairnError:
        return None
    return Holds(suite, created, url)


def named_key(glance: Glance) -> str | None:
    """What the one proof calls its key, if only the values of its strings could be wrong."""
    suite = glance.note("suite", lambda look: _suite(look.document))
    return glance.strings_at(_SIGNED)[1] if suite else None


def _suite(document: Mapping[str, Any]) -> str:
    """The suite of the proof, if there is one and only the values of its strings could be wrong."""
    proof = document.get("proof")
    if type(proof) is not dict or any(type(proof.get(name)) is not str for name in _STRINGS):
        return ""
    if proof.get("type") != "DataIntegrityProof" or proof.get("proofPurpose") != PURPOSE:
        return ""
    suite = proof.get("cryptosuite")
    if suite == RDFC and proof.keys() == _MEMBERS:
        return RDFC
    if suite == JCS and proof.keys() == _MEMBERS | {"@context"} and proof["@context"] == document["@context"]:
        return JCS
    return ""


def _hash_input(glance: Glance, suite: str) -> bytes | None:
    """What is signed (vc-di-eddsa §3.2.4, §3.3.4); None when only the full path can say."""
    if suite == RDFC:
        digests = glance.digests()
        return None if digests is None else b"".join(digests)
    # JCS signs bytes, not meaning, so it also has to be known that the document has one (B73).
    if not glance.is_plain or not glance.is_covered():
        return None
    known = glance.special_note("jcs", lambda known: _canonical_texts(glance, known))
    values = glance.free if known else glance.values
    options, body = known or glance.note("jcs", _canonical_texts)
    written = written_in_full(values)
    assert written is not None  # or it would not be covered
    return sha256(options.fill(written)).digest() + sha256(body.fill(written)).digest()


_GAP = re.compile(rf"{SENTINEL}:([0-9]+)".encode())


def _canonical_texts(glance: Glance, known: Mapping[int, str] = NOTHING) -> tuple[Text, Text]:
    """The canonical JSON of the proof's options and of the document, with holes for what is not known."""
    gapped, gaps = glance.gapped()
    left = [gap for gap in range(len(gaps)) if gap not in known]
    numbers = {gap: at for at, gap in enumerate(left)}

    def text(part: Mapping[str, Any]) -> Text:
        # In the text between them every odd part is the number of a gap.
        pieces = _GAP.split(jcs(part))
        return Text(
            piece if at % 2 == 0 else known.get(int(piece), numbers.get(int(piece), ""))
            for at, piece in enumerate(pieces)
        )

    options = gapped.pop("proof")
    del options["proofValue"]
    return text(options), text(gapped)
