# SPDX-License-Identifier: Apache-2.0
"""Does it keep to the schemas that it names itself (``credentialSchema``, VCDM 2.0 §4.11)?

The official schemas of 1EdTech are answered by our own rules, which is what the check of ``structure`` looks
at: here it only has to be the schema for a document of this kind. Any other schema is unknown, and a remark,
unless the caller has put it into a store. None is ever fetched: a schema that its issuer can change decides
nothing, and one that is asked for tells its host who is being looked at.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from cairn.checks.finding import Check, Finding
from cairn.credential.shapes import as_list, types_of
from cairn.credential.structure import BADGE, CLR, ENDORSEMENT, kind_of
from cairn.proof import Outcome
from cairn.reading import SD_JWT_VC
from cairn.schemas import SchemaStore

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from cairn.materials import Materials

_OB: Final = "https://purl.imsglobal.org/spec/ob/v3p0/schema/"
_CLR: Final = "https://purl.imsglobal.org/spec/clr/v2p0/schema/"
# Both are served: "json", and "json-ld" which also takes one value in place of a list (N21). Our rules take
# either in both, as the official files themselves do.
_FLAVOURS: Final = ("json", "json-ld")
# What the official schemas describe, by the middle of their file names; None is no credential.
_CLASSES: Final[Mapping[str, str | None]] = {
    "achievementcredential": BADGE,
    "anyachievementcredential": BADGE,
    "endorsementcredential": ENDORSEMENT,
    "anyendorsementcredential": ENDORSEMENT,
    "clrcredential": CLR,
    "anyclrcredential": CLR,
    "profile": None,
    "getopenbadgecredentialsresponse": None,
    "getclrcredentialsresponse": None,
    "imsx_statusinfo": None,
}
OFFICIAL: Final[Mapping[str, str | None]] = {
    f"{base}{flavour}/{prefix}_{name}_schema.json": kind
    for base, prefix in ((_OB, "ob_v3p0"), (_CLR, "clr_v2p0"))
    for flavour in _FLAVOURS
    for name, kind in _CLASSES.items()
}
"""The schemas of 1EdTech that our own rules stand for, and the kind of document that each is for."""


def schema(materials: Materials, at: datetime) -> tuple[Finding, ...]:
    """Whether the schemas that it names are those of its kind; nothing when it names none."""
    return _judge(materials, SchemaStore())


def schemas_from(store: SchemaStore) -> Check:
    """The same check by somebody who has schemas of their own: those in the store are applied."""

    def check(materials: Materials, at: datetime) -> tuple[Finding, ...]:
        return _judge(materials, store)

    return check


def plain_schema(url: str, kind: str, *, in_credential: bool) -> Finding:
    """What `schema` finds in a document of this kind that names one schema."""
    return _official_again(url, kind) if url in OFFICIAL else _unknown(url, in_credential)


def _judge(materials: Materials, store: SchemaStore) -> tuple[Finding, ...]:
    credential = materials.credential
    document = credential.unverified_document
    # In an SD-JWT VC the member is nobody's standard.
    if credential.format == SD_JWT_VC or "credentialSchema" not in document:
        return ()
    answers = [_one(entry, document, store) for entry in _entries(document)]
    for outcome in (Outcome.FAILED, Outcome.UNDECIDED, Outcome.PASSED):
        same = [answer for answer in answers if answer.outcome is outcome]
        if same:
            named = ", ".join(answer.details["schemas"] for answer in same)
            details = {**same[0].details, "schemas": named}
            return (Finding("schema", outcome, same[0].code, same[0].message, details, same[0].decides),)
    return ()


def _entries(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The entries that are built as they should be; the others are told by ``structure``."""
    for entry in as_list(document["credentialSchema"]):
        if isinstance(entry, dict) and isinstance(entry.get("id"), str):
            yield entry


def _one(entry: Mapping[str, Any], document: Mapping[str, Any], store: SchemaStore) -> Finding:
    url = entry["id"]
    details = {"schemas": url}
    kept = store.get(url)
    if kept is not None:
        details["sha256"] = kept.sha256
        wrong = store.mismatches(url, document)
        if wrong:
            message = f"It breaks a schema that it names. {wrong[0].path or '/'}: {wrong[0].message}"
            details["fields"] = ", ".join(dict.fromkeys(each.path or "/" for each in wrong))
            return Finding("schema", Outcome.FAILED, "schema-mismatch", message, details)
        return Finding("schema", Outcome.PASSED, "ok", "It keeps to the schema that it names.", details)
    if url not in OFFICIAL:
        return _unknown(url, "JsonSchemaCredential" in types_of(entry))
    return _official(url, kind_of(document))


def _unknown(url: str, in_credential: bool) -> Finding:
    if in_credential:
        message = "Its schema is in a credential of its own, which we do not fetch."
    else:
        message = "It names a schema of its own, which we do not fetch."
    return Finding("schema", Outcome.UNDECIDED, "unknown-schema", message, {"schemas": url}, decides=False)


def _official(url: str, kind: str) -> Finding:
    details = {"schemas": url}
    if OFFICIAL[url] != kind:
        message = f"It is a {kind} and names the schema of something else."
        return Finding("schema", Outcome.FAILED, "schema-other-kind", message, details)
    message = f"It names the schema of {kind}, whose rules are ours."
    return Finding("schema", Outcome.PASSED, "ok", message, {**details, "by": "structure"})


@lru_cache(maxsize=64)
def _official_again(url: str, kind: str) -> Finding:
    found = _official(url, kind)
    # One for all of them, so nobody may write into it.
    return replace(found, details=MappingProxyType(dict(found.details)))
