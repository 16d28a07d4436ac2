# SPDX-License-Identifier: Apache-2.0
"""Comparing what somebody typed with how a credential names its holder (OB 3.0 §B, IdentityObject).

    hashed       "sha256$" or "md5$", then hex, in any case, of hash(UTF-8 of the identifier, then the salt)
    not hashed   the identifier itself

Only e-mail addresses and DIDs are compared (S10): a name or a student number is known to many, so that
typing it shows nothing. No case rule is written for e-mail. A hash is tried of the address as typed and in
lower case; a plain address is compared without regard to case.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from hashlib import md5, sha256
from typing import TYPE_CHECKING, Any, Final
from unicodedata import normalize

from cairn.credential.address import is_absolute
from cairn.credential.shapes import as_list, types_of
from cairn.errors import MalformedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAX_TYPED: Final = 320  # the longest e-mail address
_EMAIL_TYPES: Final = frozenset({"emailAddress", "email"})  # one guide says "email" (N19)
_EMAIL = re.compile(r"[^\s@\x00-\x1f\x7f]+@[^\s@\x00-\x1f\x7f]+")
_HASHED = re.compile(r"(sha256|md5)\$([0-9a-fA-F]+)")
_LENGTHS: Final = {"sha256": 64, "md5": 32}


class Match(Enum):
    """What comparing came to."""

    SAME = "same"
    WEAKLY = "weakly"  # by MD5, for which others can be made that match
    OTHER = "other"
    NOTHING = "nothing"  # nothing there that could be compared


@dataclass(frozen=True, slots=True)
class Holder:
    """Who somebody says the holder is: one e-mail address or one DID."""

    email: str = ""
    did: str = ""

    @classmethod
    def read(cls, typed: str) -> Holder:
        """Read what was typed; ``MalformedError`` for anything else than an address or a DID."""
        text = typed.strip().removeprefix("mailto:")
        if len(text) <= MAX_TYPED and _EMAIL.fullmatch(text):
            return cls(email=text)
        if text.startswith("did:") and is_absolute(text) and not {"#", "?", "/"} & set(text):
            return cls(did=text)
        raise MalformedError("holder-typed", "Type an e-mail address, or an identifier like did:key:z6Mk…")

    def compare(self, document: Mapping[str, Any]) -> Match:
        """Whether the subject of the credential is this holder; every entry is tried until one is."""
        subjects = [each for each in as_list(document.get("credentialSubject")) if isinstance(each, dict)]
        # Of several subjects nobody can say which one shows it.
        if len(subjects) != 1:
            return Match.NOTHING
        matches = list(self._compared(subjects[0]))
        found = (each for each in (Match.SAME, Match.WEAKLY, Match.OTHER) if each in matches)
        return next(found, Match.NOTHING)

    def _compared(self, subject: Mapping[str, Any]) -> Iterator[Match]:
        own = subject.get("id")
        if self.did:
            if isinstance(own, str) and own.startswith("did:"):
                yield Match.SAME if own == self.did else Match.OTHER
            return
        if isinstance(own, str) and own.startswith("mailto:"):
            yield same_email(self.email, own.removeprefix("mailto:"), hashed=False)
        for entry in as_list(subject.get("identifier", [])):
            if "IdentityObject" in types_of(entry) and str(entry.get("identityType")) in _EMAIL_TYPES:
                yield same_email(
                    self.email,
                    entry.get("identityHash"),
                    hashed=entry.get("hashed"),
                    salt=entry.get("salt", ""),
                )


def same_email(typed: str, identity: Any, *, hashed: Any, salt: Any = "") -> Match:
    """Whether an address is the one that an IdentityObject stands for.

    An entry that is not built as the standard says compares with nothing, so it can never be everybody's.
    """
    if not isinstance(identity, str) or not isinstance(salt, str):
        return Match.NOTHING
    if hashed is False:
        if _EMAIL.fullmatch(identity) is None:
            return Match.NOTHING
        return Match.SAME if _plain(identity) == _plain(typed) else Match.OTHER
    form = _HASHED.fullmatch(identity)
    if hashed is not True or form is None or len(form[2]) != _LENGTHS[form[1]]:
        return Match.NOTHING
    for candidate in dict.fromkeys((typed, normalize("NFC", typed), typed.lower(), _plain(typed))):
        if _digest(form[1], candidate + salt) == form[2].lower():
            return Match.SAME if form[1] == "sha256" else Match.WEAKLY
    return Match.OTHER


def _plain(address: str) -> str:
    return normalize("NFC", address).lower()


def _digest(name: str, text: str) -> str:
    data = text.encode("utf-8", "surrogatepass")
    return sha256(data).hexdigest() if name == "sha256" else md5(data, usedforsecurity=False).hexdigest()
