# SPDX-License-Identifier: Apache-2.0
"""What is inside something else: credentials in a presentation or a learner record, and endorsements.

    verifiableCredential            a presentation's, a learner record's     role "credential"
    endorsement, endorsementJwt     beside whatever they endorse             role "endorsement"
    any other object that says it is a credential or a presentation          role "credential"

Each is a document of its own, taken out here so that it can be judged as if it had come alone. What it is
inside of neither vouches for it nor is helped by it (S17).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from cairn.canonical import to_json
from cairn.credential.shapes import SCALARS, as_list
from cairn.credential.structure import has_rules, is_contained
from cairn.errors import CairnError, MalformedError
from cairn.reading import SD_JWT_VC, Unverified, open_credential

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CREDENTIAL: Final = "credential"
ENDORSEMENT: Final = "endorsement"

MAX_DEPTH: Final = 4
MAX_PARTS: Final = 64

# Where a part stands whatever it says about itself. The two others are JSON objects, this one a token.
_TOKENS = "endorsementJwt"
_ROLES = {"verifiableCredential": CREDENTIAL, "endorsement": ENDORSEMENT, _TOKENS: ENDORSEMENT}


@dataclass(frozen=True, slots=True)
class Part:
    """Something inside something else, and where: a JSON pointer (RFC 6901) into what is around it."""

    path: str
    role: str
    beside: str | None
    """The id of the object that it stands in: what an endorsement should be about."""
    within: int | None
    """Which of the parts it is in, by number; None when it is directly in the document."""
    credential: Unverified | None
    problem: CairnError | None
    """Why there is no credential."""


@dataclass(frozen=True, slots=True)
class _Place:
    path: str
    role: str
    beside: str | None
    value: Any


def unfold(credential: Unverified) -> tuple[Part, ...]:
    """Everything inside, level by level, and at each level the credentials before the endorsements.

    At most 64 parts are taken out and none that lies deeper than four (S17). The first of those left behind
    stands for them, with the limit as its problem, so that nobody takes the rest for everything.
    """
    found: list[Part] = []
    levels: list[tuple[int | None, int, Unverified]] = [(None, 1, credential)]
    taken = 0
    for within, depth, outer in levels:
        for place in _inside(outer):
            limit = _limit(depth, taken)
            if limit is not None:
                found.append(Part(place.path, place.role, place.beside, within, None, limit))
                break
            taken += 1
            try:
                opened = _open(place.value)
            except CairnError as error:
                found.append(Part(place.path, place.role, place.beside, within, None, error))
                continue
            levels.append((len(found), depth + 1, opened))
            found.append(Part(place.path, place.role, place.beside, within, opened, None))
    return tuple(found)


def _limit(depth: int, taken: int) -> CairnError | None:
    if depth > MAX_DEPTH:
        return MalformedError("limit-nesting", f"It lies deeper than {MAX_DEPTH} documents in each other.")
    if taken == MAX_PARTS:
        return MalformedError(
            "limit-parts", f"There are more than the {MAX_PARTS} documents that we look at."
        )
    return None


def without_parts(document: Mapping[str, Any]) -> dict[str, Any]:
    """What the document says itself, without what others say in it."""
    left: dict[str, Any] = {}
    for name, value in document.items():
        if name in _ROLES:
            continue
        kept = [_stripped(item) for item in as_list(value) if not _is_part(item)]
        if isinstance(value, list):
            if kept or not value:
                left[name] = kept
        elif kept:
            left[name] = kept[0]
    return left


def _stripped(value: Any) -> Any:
    if isinstance(value, dict):
        return without_parts(value)
    if isinstance(value, list):
        return [_stripped(item) for item in value if not _is_part(item)]
    return value


def _is_part(value: Any) -> bool:
    return isinstance(value, dict) and is_contained(value)


def _inside(outer: Unverified) -> list[_Place]:
    """The places directly inside, credentials first."""
    document = outer.unverified_document
    # An SD-JWT VC is no JSON-LD: what it calls an endorsement is its own affair.
    if outer.format == SD_JWT_VC or not has_rules(document):
        return []
    return sorted(_places(document, "", None), key=lambda place: place.role)


def _places(value: Any, path: str, beside: str | None) -> Iterator[_Place]:
    if isinstance(value, list):
        for index, item in enumerate(value):
            if type(item) not in SCALARS:
                yield from _places(item, f"{path}/{index}", beside)
    if not isinstance(value, dict):
        return
    if path and is_contained(value):
        yield _Place(path, CREDENTIAL, beside, value)
        return
    named = value.get("id")
    own = named if isinstance(named, str) else None
    for name, item in value.items():
        role = _ROLES.get(name)
        if name in ("@context", "proof") or (role is None and type(item) in SCALARS):
            continue
        here = f"{path}/{name.replace('~', '~0').replace('/', '~1')}"
        if role is None:
            yield from _places(item, here, own)
            continue
        kind = str if name == _TOKENS else dict
        for index, each in enumerate(as_list(item)):
            # Of another kind it is no document, and the rules of what is around it say so.
            if isinstance(each, kind):
                yield _Place(f"{here}/{index}" if isinstance(item, list) else here, role, own, each)


def _open(value: Any) -> Unverified:
    data = value.encode() if isinstance(value, str) else to_json(value)
    return open_credential(data, None, len(data))
