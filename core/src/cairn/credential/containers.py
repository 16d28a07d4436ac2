# SPDX-License-Identifier: Apache-2.0
"""The rules for what holds credentials: presentations (VCDM 2.0 §4.13) and learner records (CLR 2.0).

Only the container is looked at here. What is inside is a document of its own, with rules and a verdict of
its own; all that a container demands of it is to be one.
"""

from __future__ import annotations

import re
from typing import Any

from cairn.credential.open_badges import (
    ACHIEVEMENT,
    CONTEXT_URL,
    ENDORSED,
    IDENTITY_OBJECT,
    IMAGE,
    REFRESH,
    profile,
)
from cairn.credential.shapes import (
    Kind,
    Problem,
    Shape,
    as_list,
    flag,
    identifier,
    join,
    many,
    moment,
    one_of,
    text,
    types_of,
)

ENVELOPE = "EnvelopedVerifiableCredential"
CLR_CONTEXT_URL = re.compile(r"https://purl\.imsglobal\.org/spec/clr/v2p0/context(?:-2\.\d\.\d)*\.json")

_ASSOCIATION_TYPES = frozenset(
    {
        "exactMatchOf",
        "isChildOf",
        "isParentOf",
        "isPartOf",
        "isPeerOf",
        "isRelatedTo",
        "precedes",
        "replacedBy",
    }
)


# --- presentations


def _holder(value: Any, path: str, problems: list[Problem]) -> None:
    """§4.13: a URL, or an object whose ``id`` is one."""
    if isinstance(value, dict):
        identifier(value.get("id"), join(path, "id"), problems)
    else:
        identifier(value, path, problems)


def _presented(value: Any, path: str, problems: list[Problem]) -> None:
    """§4.13: a credential, or an envelope with one (§4.13.1); never a text, a number or a URL."""
    if not isinstance(value, dict):
        problems.append(Problem(path, "object", "should be an object"))
        return
    if ENVELOPE in types_of(value):
        _envelope(value, path, problems)
    elif "VerifiableCredential" not in types_of(value):
        problems.append(Problem(join(path, "type"), "type", "should include VerifiableCredential"))


def _envelope(value: dict[str, Any], path: str, problems: list[Problem]) -> None:
    if "@context" not in value:
        problems.append(Problem(join(path, "@context"), "required", "is missing"))
    if types_of(value) != [ENVELOPE]:
        problems.append(Problem(join(path, "type"), "type", f"should be {ENVELOPE}"))
    if not str(value.get("id")).startswith("data:"):
        problems.append(Problem(join(path, "id"), "data-url", "should be a data: URL"))


_PRESENTATION = Shape(
    "VerifiablePresentation",
    optional={"id": identifier, "holder": _holder, "verifiableCredential": many(_presented)},
)


def _presentation(value: Any, path: str, problems: list[Problem]) -> None:
    """A presentation, and nothing else at the same time: the rules of the other kind would not be asked."""
    _PRESENTATION(value, path, problems)
    if "VerifiableCredential" in types_of(value):
        problems.append(Problem(join(path, "type"), "type", "should not be a credential as well"))


PRESENTATION: Kind = _presentation


# --- learner records


def _contained(value: Any, path: str, problems: list[Problem]) -> None:
    """An object with a proof of its own: no token, and no envelope with one (N22)."""
    if isinstance(value, dict) and ENVELOPE in types_of(value):
        problems.append(Problem(path, "object", "should be a credential, not an envelope"))
        return
    _CONTAINED(value, path, problems)


_CONTAINED = Shape(
    "VerifiableCredential",
    {name: lambda *_: None for name in ("@context", "issuer", "validFrom", "credentialSubject")},
)
_ASSOCIATION = Shape(
    "Association",
    {
        "associationType": one_of(_ASSOCIATION_TYPES, extensible=False),
        "sourceId": identifier,
        "targetId": identifier,
    },
    closed=True,
)
_SUBJECT = Shape(
    "ClrSubject",
    {"verifiableCredential": many(_contained)},
    {
        "id": identifier,
        "identifier": many(IDENTITY_OBJECT),
        "achievement": many(ACHIEVEMENT),
        "association": many(_ASSOCIATION),
    },
)


def _subject(value: Any, path: str, problems: list[Problem]) -> None:
    """Exactly one ClrSubject with at least one credential, who has an ``id`` or an ``identifier``."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    _SUBJECT(value, path, problems)
    if not isinstance(value, dict):
        return
    if "id" not in value and not value.get("identifier"):
        problems.append(Problem(join(path, "id"), "required", "or an identifier is missing"))
    if value.get("verifiableCredential") == []:
        problems.append(Problem(join(path, "verifiableCredential"), "required", "should hold a credential"))


_RECORD = Shape(
    None,
    {"id": identifier, "name": text, "issuer": profile, "credentialSubject": _subject},
    {
        "description": text,
        "image": IMAGE,
        "partial": flag,
        "awardedDate": moment,
        "refreshService": REFRESH,
        **ENDORSED,
    },
)


def _record(value: Any, path: str, problems: list[Problem]) -> None:
    """ClrCredential: its members, and its contexts second and third, in this order."""
    _RECORD(value, path, problems)
    contexts = [*as_list(value.get("@context")), None, None, None]
    if not isinstance(contexts[1], str) or CLR_CONTEXT_URL.fullmatch(contexts[1]) is None:
        problems.append(Problem("@context[1]", "context", "should be the context of CLR 2.0"))
    if not isinstance(contexts[2], str) or CONTEXT_URL.fullmatch(contexts[2]) is None:
        problems.append(Problem("@context[2]", "context", "should be the context of Open Badges 3.0"))


CLR: Kind = _record
