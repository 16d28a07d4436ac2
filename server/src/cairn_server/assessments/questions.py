# SPDX-License-Identifier: Apache-2.0
"""What counts as right, and in which order things are asked: pure, so that an attempt can be repeated.

Order comes from SHA-256 of the attempt's seed and not from a random number generator, whose sequence may be
another with the next version of Python.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256
from typing import TYPE_CHECKING, Any, TypeVar

from django.utils.translation import gettext as _

from cairn_server.assessments.models import QuestionVersion
from cairn_server.errors import Refusal
from cairn_server.organisations.names import has_hidden_characters

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from django.utils.functional import _StrOrPromise

    from cairn_server.assessments.models import Answer

Thing = TypeVar("Thing")
Kind = QuestionVersion.Kind
MAX_TEXT = 2_000
MAX_OPTION = 300
MAX_OPTIONS = 8
MAX_ACCEPTED = 20
MAX_ANSWER = 500
MAX_POINTS = 100
# Digits as people write them: one sign, one separator, and a power of ten that stays within reason.
_NUMBER = re.compile(r"[-+\u2212]?(?:\d{1,20}(?:[.,]\d{0,15})?|[.,]\d{1,15})(?:[eE][-+]?\d{1,2})?", re.ASCII)


class BadQuestion(Refusal):
    """Something about a question cannot stand; ``field`` says where the message belongs."""

    status = 422

    def __init__(self, field: str, message: _StrOrPromise) -> None:
        super().__init__("bad-question", message)
        self.field = field


# Order


def in_order(things: Iterable[Thing], *, seed: str, key: str) -> list[Thing]:
    """The things in the order of this seed; the same for ever."""
    numbered = enumerate(things)
    return [
        thing
        for _digest, _number, thing in sorted(
            (sha256(f"{seed}|{key}|{number}".encode()).digest(), number, thing) for number, thing in numbered
        )
    ]


@dataclass(frozen=True, slots=True)
class Shown:
    """A question as whoever is asked may know it. It has no place for what is right: what is not in it can
    leak from no template, answer or message."""

    position: int
    kind: str
    text: str
    points: int
    # What can be chosen, in the order of this attempt. The number of an option is its place in this order and
    # says nothing about the author's.
    options: tuple[str, ...]
    chosen: frozenset[int]
    written: str
    is_saved: bool

    @property
    def is_unreadable(self) -> bool:
        """Something that is no number stands where a number should: said before it is handed in."""
        return self.kind == Kind.NUMBER and bool(self.written.strip()) and number_of(self.written) is None


def order_of(answer: Answer, seed: str, *, shuffles: bool) -> list[int]:
    """The author's options by the places at which they are shown."""
    indexes = range(len(answer.question.options))
    return in_order(indexes, seed=seed, key=f"options {answer.position}") if shuffles else list(indexes)


def shown(answer: Answer, seed: str, *, shuffles: bool) -> Shown:
    question, order = answer.question, order_of(answer, seed, shuffles=shuffles)
    chosen = answer.chosen or []
    return Shown(
        position=answer.position,
        kind=question.kind,
        text=question.text,
        points=question.points,
        options=tuple(question.options[index]["text"] for index in order),
        chosen=frozenset(place for place, index in enumerate(order) if index in chosen),
        written=answer.text,
        is_saved=answer.saved_at is not None,
    )


# Right and wrong


def marked(question: QuestionVersion, chosen: Sequence[int] | None, text: str) -> int | None:
    """The points of an answer; None if a person has to look."""
    match question.kind:
        case Kind.SINGLE | Kind.MULTIPLE:
            right = {index for index, option in enumerate(question.options) if option["right"]}
            return question.points if set(chosen or ()) == right else 0
        case Kind.NUMBER:
            number = number_of(text)
            if number is None:
                return 0
            near = abs(number - Decimal(question.value)) <= Decimal(question.tolerance or "0")
            return question.points if near else 0
    if plain(text) in {plain(each) for each in question.accepted} and plain(text):
        return question.points
    return None if question.by_hand and text.strip() else 0


def plain(text: str) -> str:
    """A short text without what is not the answer: case, spaces, a full stop at the end. Accents stay, since
    in many languages they are letters."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split()).rstrip(".")


def number_of(text: str) -> Decimal | None:
    """A number as people write it, with a point or a comma; None for anything else (B17)."""
    text = text.strip()
    if not _NUMBER.fullmatch(text):
        return None
    return Decimal(text.replace(",", ".").replace("\u2212", "-"))


# What an author wrote


def checked(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a question, whole and of one kind, or a refusal that names the field."""
    kind = fields["kind"]
    if kind not in Kind.values:
        raise BadQuestion("kind", _("Choose a kind of question."))
    text = _text("text", fields.get("text", ""), MAX_TEXT)
    if not text:
        raise BadQuestion("text", _("Write the question."))
    points = fields.get("points", 1)
    if not isinstance(points, int) or not 1 <= points <= MAX_POINTS:
        raise BadQuestion("points", _("Give it 1 to %(most)s points.") % {"most": MAX_POINTS})
    found: dict[str, Any] = {
        "kind": kind,
        "text": text,
        "points": points,
        "explanation": _text("explanation", fields.get("explanation", ""), MAX_TEXT),
        "options": [],
        "value": "",
        "tolerance": "",
        "accepted": [],
        "by_hand": False,
    }
    match kind:
        case Kind.SINGLE | Kind.MULTIPLE:
            found["options"] = _options(kind, fields.get("options", ()))
        case Kind.NUMBER:
            found |= _number(fields)
        case Kind.SHORT:
            found |= _short(fields)
    return found


def _options(kind: str, given: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    options: list[dict[str, Any]] = [
        {"text": _text("options", each["text"], MAX_OPTION), "right": bool(each["right"])}
        for each in given
        if each["text"].strip() or each["right"]
    ]
    if not all(each["text"] for each in options):
        raise BadQuestion("options", _("An answer that is right has no words."))
    if not 2 <= len(options) <= MAX_OPTIONS:
        raise BadQuestion("options", _("Write 2 to %(most)s answers to choose from.") % {"most": MAX_OPTIONS})
    if len({plain(each["text"]) for each in options}) != len(options):
        raise BadQuestion("options", _("Two answers say the same."))
    right = sum(each["right"] for each in options)
    if kind == Kind.SINGLE and right != 1:
        raise BadQuestion("options", _("Say which one answer is right."))
    if not right:
        raise BadQuestion("options", _("Say which answers are right, one at least."))
    return options


def _number(fields: Mapping[str, Any]) -> dict[str, str]:
    value, tolerance = number_of(fields.get("value", "")), number_of(fields.get("tolerance", "") or "0")
    if value is None:
        raise BadQuestion("value", _("Write the right number in digits."))
    if tolerance is None or tolerance < 0:
        raise BadQuestion("tolerance", _("Write how far off an answer may be, in digits: 0.5"))
    return {"value": str(value), "tolerance": str(tolerance)}


def _short(fields: Mapping[str, Any]) -> dict[str, Any]:
    accepted = [_text("accepted", each, MAX_OPTION) for each in fields.get("accepted", ()) if each.strip()]
    by_hand = bool(fields.get("by_hand"))
    if len(accepted) > MAX_ACCEPTED:
        raise BadQuestion("accepted", _("Write %(most)s right answers at most.") % {"most": MAX_ACCEPTED})
    if not accepted and not by_hand:
        raise BadQuestion("accepted", _("Write a right answer, or let a person mark what is written."))
    return {"accepted": list(dict.fromkeys(accepted)), "by_hand": by_hand}


def _text(field: str, text: str, most: int) -> str:
    text = text.replace("\r\n", "\n").strip()
    if len(text) > most:
        raise BadQuestion(field, _("Write %(most)s characters at most.") % {"most": most})
    if has_hidden_characters(text.replace("\n", "").replace("\t", "")):
        raise BadQuestion(field, _("Texts cannot contain control characters or invisible ones."))
    return text
