# SPDX-License-Identifier: Apache-2.0
"""Names and texts that organisations are told: what is let in, and what a name looks like.

Two issuers that look alike cannot both exist here (B130). The idea is the skeleton of UTS #39 section 4: map
each character to the simplest one it can be taken for, then compare. The table holds the look-alikes that
matter between Latin, Cyrillic and Greek and the digits; it is not the whole confusables file, and it says so
here because a guard should not boast.
"""

from __future__ import annotations

import unicodedata
from typing import Any

from django.utils.translation import gettext_lazy as _

from cairn_server.errors import Refusal

MAX_TEXT = 2000

_LOOK_ALIKES = str.maketrans(
    {
        # Cyrillic
        "а": "a", "в": "b", "с": "c", "ԁ": "d", "е": "e", "һ": "h", "і": "i", "ј": "j", "к": "k", "ӏ": "l",
        "м": "m", "н": "h", "о": "o", "р": "p", "ԛ": "q", "г": "r", "ѕ": "s", "т": "t", "у": "y", "ѵ": "v",
        "ԝ": "w", "х": "x", "з": "3", "ь": "b",
        # Greek
        "α": "a", "β": "b", "ε": "e", "η": "n", "ι": "i", "κ": "k", "ν": "v", "ο": "o", "ρ": "p", "τ": "t",
        "υ": "u", "χ": "x", "γ": "y", "ϲ": "c", "ω": "w", "μ": "u",
        # Latin with a stroke or without a dot, and digits that pass for letters
        "ı": "i", "ł": "l", "ø": "o", "đ": "d", "ħ": "h", "ß": "ss", "ɡ": "g", "æ": "ae", "œ": "oe",
        "0": "o", "1": "l", "|": "l", "5": "s",
    }
)  # fmt: skip
# Pairs that read as one letter, after the single characters are settled.
_PAIRS = (("rn", "m"), ("vv", "w"), ("cl", "d"))


def skeleton(name: str) -> str:
    """The name as the eye takes it: no case, no accents, no spaces, no punctuation, no disguise."""
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", name).casefold())
    letters = "".join(character for character in folded if not unicodedata.combining(character))
    plain = letters.translate(_LOOK_ALIKES)
    for pair, letter in _PAIRS:
        plain = plain.replace(pair, letter)
    # i, l and I look alike in most typefaces; after folding only i and l are left.
    plain = plain.replace("i", "l")
    kept = "".join(character for character in plain if character.isalnum())
    return kept or plain.strip()


def folded(text: str) -> str:
    """As it is searched for: no case, no accents, single spaces, so that "cafe" finds "Café"."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(each for each in plain if not unicodedata.combining(each)).split())


def has_hidden_characters(text: str) -> bool:
    """Controls, bidirectional overrides, zero-width and tag characters (B128, B129)."""
    # Zero-width joiner and non-joiner are letters' business in Arabic, Persian and Indic scripts.
    return any(
        unicodedata.category(character) in ("Cc", "Cf", "Co", "Cs", "Zl", "Zp")
        and character not in "\u200c\u200d"
        for character in text
    )


class BadText(Refusal):
    def __init__(self, message: Any) -> None:
        super().__init__("bad-text", message, status=400)


def clean_name(name: str) -> str:
    name = " ".join(name.split()) if name.isprintable() else name
    if has_hidden_characters(name):
        raise BadText(_("Names cannot contain control characters or invisible ones."))
    if not name:
        raise BadText(_("Enter a name."))
    return name


def clean_text(text: str) -> str:
    text = text.replace("\r\n", "\n").strip()
    if len(text) > MAX_TEXT:
        raise BadText(_("This text is too long."))
    if has_hidden_characters(text.replace("\n", "").replace("\t", "")):
        raise BadText(_("Texts cannot contain control characters or invisible ones."))
    return text
