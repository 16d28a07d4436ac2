# SPDX-License-Identifier: Apache-2.0
"""Open Badges 0.5, 1.0, 1.1 and 2.0: which one a document is, what it must have, and when it counts.

    0.5   everything in one object, ``recipient`` is text, ``badge.issuer.origin`` says who
    1.0   ``uid``, ``recipient`` is an object, ``badge`` an address, ``verify`` {type, url}
    1.1   the same with ``@context`` https://w3id.org/openbadges/v1, ``type`` and ``id``
    2.0   ``@context`` https://w3id.org/openbadges/v2, ``verification`` instead of ``verify``

The words are read as plain names: none of these standards signs RDF, so nothing is lost between what is read
here and what was signed or served.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from cairn.credential.address import is_web
from cairn.credential.moment import parse_datetime
from cairn.credential.shapes import (
    Problem,
    Shape,
    as_list,
    flag,
    identifier,
    join,
    text,
    types_of,
    web_address,
)
from cairn.errors import MalformedError

if TYPE_CHECKING:
    from collections.abc import Mapping

OPEN_BADGES_1 = "openbadges-1"
OPEN_BADGES_2 = "openbadges-2"
ADDRESS = "openbadges-address"
"""What an old picture may hold instead of a badge: the address where its issuer keeps it."""

_CONTEXT_1 = "https://w3id.org/openbadges/v1"
_CONTEXT_2 = "https://w3id.org/openbadges/v2"


def format_of(document: Mapping[str, Any]) -> str | None:
    """Which of the two families of assertions a document belongs to; None for everything else."""
    if not isinstance(document.get("badge"), str | dict) or "credentialSubject" in document:
        return None
    contexts = as_list(document.get("@context"))
    if _CONTEXT_2 in contexts or ("verification" in document and "verify" not in document):
        return OPEN_BADGES_2
    return OPEN_BADGES_1 if "recipient" in document else None


def version_of(document: Mapping[str, Any]) -> str:
    """The version whose rules an assertion has to obey."""
    if format_of(document) == OPEN_BADGES_2:
        return "2.0"
    if _CONTEXT_1 in as_list(document.get("@context")):
        return "1.1"
    return "0.5" if isinstance(document.get("recipient"), str) else "1.0"


def hosted_at(document: Mapping[str, Any]) -> str | None:
    """The address at which an assertion says that its issuer keeps it; None when it says none."""
    if version_of(document) == "2.0":
        named = document.get("id")
    else:
        verify = document.get("verify")
        named = verify.get("url") if isinstance(verify, dict) else document.get("id")
    return str(named) if is_web(named) else None


def says_signed(document: Mapping[str, Any]) -> bool:
    """Whether an assertion says that it is to be believed for its signature, not for its address."""
    verification = document.get("verification", document.get("verify"))
    kinds = as_list(verification.get("type")) if isinstance(verification, dict) else []
    return any(kind in ("signed", "SignedBadge") for kind in kinds)


# Rules


def _recipient(value: Any, path: str, problems: list[Problem]) -> None:
    """IdentityObject; ``hashed`` was text in some of the libraries of 1.0."""
    if isinstance(value, dict) and value.get("hashed") in ("true", "false"):
        value = {**value, "hashed": value["hashed"] == "true"}
    Shape(None, {"identity": text, "type": text}, {"hashed": flag, "salt": text})(value, path, problems)


def _texts(value: Any, path: str, problems: list[Problem]) -> None:
    if not as_list(value) or not all(isinstance(each, str) for each in as_list(value)):
        problems.append(Problem(path, "text", "should be text"))


def _address_or_object(value: Any, path: str, problems: list[Problem]) -> None:
    if not isinstance(value, dict):
        web_address(value, path, problems)


def _moment_2(value: Any, path: str, problems: list[Problem]) -> None:
    try:
        _moment(value, "2.0")
    except MalformedError:
        problems.append(Problem(path, "date-time", "should be a date and time with a zone"))


def _moment_1(value: Any, path: str, problems: list[Problem]) -> None:
    try:
        _moment(value, "1.0")
    except MalformedError:
        problems.append(Problem(path, "date-time", "should be a date or a number of seconds"))


def _uid(value: Any, path: str, problems: list[Problem]) -> None:
    if isinstance(value, bool) or not isinstance(value, str | int):
        problems.append(Problem(path, "text", "should be text"))


_VERIFY = Shape(None, {"type": text, "url": web_address})
_VERIFICATION = Shape(None, {"type": _texts})

_RULES = {
    "2.0": Shape(
        "Assertion",
        {
            "id": identifier,
            "recipient": _recipient,
            "badge": _address_or_object,
            "verification": _VERIFICATION,
            "issuedOn": _moment_2,
        },
        {"expires": _moment_2, "revoked": flag, "revocationReason": text},
    ),
    "1.1": Shape(
        "Assertion",
        {
            "uid": _uid,
            "recipient": _recipient,
            "badge": _address_or_object,
            "verify": _VERIFY,
            "issuedOn": _moment_1,
        },
        {"id": identifier, "expires": _moment_1, "revoked": flag},
    ),
    "1.0": Shape(
        None,
        {"uid": _uid, "recipient": _recipient, "badge": _address_or_object, "verify": _VERIFY},
        {"issuedOn": _moment_1, "expires": _moment_1, "revoked": flag},
    ),
    "0.5": Shape(
        None,
        {
            "recipient": text,
            "badge": Shape(
                None, {"name": text, "issuer": Shape(None, {"origin": web_address, "name": text})}
            ),
        },
        {"salt": text, "issued_on": _moment_1, "expires": _moment_1},
    ),
}
# Of the pages behind an assertion only what a reader is shown: many are older than the rules they are under.
_BADGE = Shape(None, {"name": text, "issuer": _address_or_object})
_ISSUER = Shape(None, {"name": text})


def assertion_problems(document: Mapping[str, Any]) -> list[Problem]:
    """Every rule of its version that an assertion breaks."""
    problems: list[Problem] = []
    _RULES[version_of(document)](dict(document), "", problems)
    return problems


def page_problems(badge: Mapping[str, Any], issuer: Mapping[str, Any], version: str) -> list[Problem]:
    """The rules that the description of the badge and of its issuer break."""
    problems: list[Problem] = []
    if version != "0.5":  # whose rules have both in the assertion itself
        _BADGE(dict(badge), "badge", problems)
        _ISSUER(dict(issuer), join("badge", "issuer"), problems)
    if version == "2.0" and "BadgeClass" not in types_of(badge):
        problems.append(Problem("badge.type", "type", "should include BadgeClass"))
    return problems


# Dates

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_NO_ZONE = re.compile(r"[0-9-]{10}T[0-9:]{8}(?:\.[0-9]{1,9})?", re.ASCII)
_LAST_SECOND = 253_370_764_800  # the year 9999, which parse_datetime does not know either


def period_of(document: Mapping[str, Any]) -> tuple[datetime | None, datetime | None]:
    """From when to when an assertion says that it counts; ``MalformedError`` when it cannot be read."""
    version = version_of(document)
    begins = document.get("issued_on" if version == "0.5" else "issuedOn")
    ends = document.get("expires")
    return (
        None if begins is None else _moment(begins, version),
        None if ends is None else _moment(ends, version, ends=True),
    )


def _moment(value: Any, version: str, *, ends: bool = False) -> datetime:
    """A moment as its version writes it: 1.x also knows seconds since 1970, days, and times without a zone.

    A time without a zone is taken as UTC, as the issuers of the time meant it. A day on which a badge ends
    belongs to it.
    """
    if version == "2.0":
        return parse_datetime(value if isinstance(value, str) else "")
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,12}", value, re.ASCII):
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _LAST_SECOND:
        return datetime.fromtimestamp(value, UTC)
    if not isinstance(value, str):
        raise MalformedError("date-time", "A date is text or a number of seconds.")
    if _DAY.fullmatch(value):
        midnight = parse_datetime(f"{value}T00:00:00Z")
        return midnight + timedelta(days=1) if ends else midnight
    return parse_datetime(f"{value}Z" if _NO_ZONE.fullmatch(value) else value)
