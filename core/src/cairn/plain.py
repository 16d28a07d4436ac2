# SPDX-License-Identifier: Apache-2.0
"""Which credentials are plain badges: one signature, and nothing inside that has a verdict of its own.

Whether one is follows from its shape, so it is found out once for all badges of a shape. It lets every step
leave out what it would only do to find that there is nothing to do, and look at the few strings that decide
without going through the document.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from cairn import legacy
from cairn.canonical.glance import Places
from cairn.credential.shapes import as_list, types_of
from cairn.credential.structure import BADGE, nodes
from cairn.parts import unfold
from cairn.proof.familiar import SIGNED, suite_of
from cairn.reading import EMBEDDED, TOKEN
from cairn.status import BITSTRING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cairn.canonical.glance import Glance
    from cairn.reading import Unverified

# What is asked about beyond the usual: texts known by their digest.
_DIGESTS = ("digestSRI", "digestMultibase")

_STATUS = ("statusPurpose", "statusListIndex", "statusListCredential")
_PLACES = Places(
    (("issuer",), ("issuer", "id")), (("id",),), (("validFrom",),), (("validUntil",),),
    *((("credentialStatus", name),) for name in ("id", *_STATUS)),
    (("credentialSchema", "id"), ("credentialSchema", 0, "id")),
    (("credentialSubject", "id"), ("credentialSubject", 0, "id")),
    *SIGNED,
)  # fmt: skip


class Facts(NamedTuple):
    """The strings of a plain badge on which a judgement depends; None where it has none."""

    issuer: str | None
    id: str | None
    valid_from: str | None
    valid_until: str | None
    status_id: str | None
    purpose: str | None
    list_index: str | None
    list_url: str | None
    schema: str | None
    subject: str | None
    """The id of the first subject."""
    created: str | None
    method: str | None
    signature: str | None


@dataclass(frozen=True, slots=True)
class Plain:
    """What the shape of a plain badge says about the strings in it."""

    suite: str
    """That of its proof, if only the strings of it could be wrong."""
    has_plain_dates: bool
    """Whether it has no other dates than those of `Facts`."""
    has_status: bool
    has_plain_status: bool
    """Whether that is one entry in a list of bits, with nothing in it but what is in `Facts`."""
    has_schema: bool
    has_one_schema: bool
    """Whether that is one entry with an id."""
    schema_in_credential: bool


def is_plain(credential: Unverified) -> bool:
    """Whether the credential is of a known shape, and badges of that shape are plain."""
    glance = credential.glance
    return glance is not None and _noted(credential, glance) is not None


def known_of(credential: Unverified) -> tuple[Plain, Facts] | None:
    """What is known of a plain badge that nobody has written into since it was read."""
    glance = credential.glance
    plain = None if glance is None else _noted(credential, glance)
    # A look at a document that was written into since says nothing about it.
    if glance is None or plain is None or not credential.is_as_read:
        return None
    return plain, _new(Facts, glance.strings_at(_PLACES))


def _noted(credential: Unverified, glance: Glance) -> Plain | None:
    # A token may hold what could stand alone, proof and all, so the format is no part of the shape.
    note = _NOTES.get(credential.format)
    found: Plain | None = None if note is None else glance.note(note, lambda _: _plain_of(credential))
    return found


_NOTES = {EMBEDDED: "plain, embedded", TOKEN: "plain, in a token"}
_new = tuple.__new__


def _plain_of(credential: Unverified) -> Plain | None:
    # All of this looks at keys, at types and at what kind of value is where, and at no other string.
    document = credential.unverified_document
    if not _is_plain(credential):
        return None
    schemas = as_list(document.get("credentialSchema"))
    schema = schemas[0] if len(schemas) == 1 and type(schemas[0]) is dict else None
    assert credential.glance is not None  # it has been looked at
    return Plain(
        suite=suite_of(credential.glance),
        has_plain_dates=_has_plain_dates(document),
        has_status="credentialStatus" in document,
        has_plain_status=_has_plain_status(document.get("credentialStatus")),
        has_schema="credentialSchema" in document,
        has_one_schema=schema is not None and type(schema.get("id")) is str,
        schema_in_credential="JsonSchemaCredential" in types_of(schema or {}),
    )


def _is_plain(credential: Unverified) -> bool:
    document = credential.unverified_document
    return (
        credential.unverified_kind == BADGE
        and _has_one_signature(credential)
        and not legacy.has_merkle_proof(document)
        and not unfold(credential)
        and not any(name in node for _, node in nodes(document) for name in _DIGESTS)
    )


def _has_one_signature(credential: Unverified) -> bool:
    proof = credential.unverified_document.get("proof")
    if credential.format == TOKEN:
        return proof is None
    return credential.format == EMBEDDED and isinstance(proof, dict) and "jwt" not in proof


def _has_plain_dates(document: Mapping[str, Any]) -> bool:
    return document.keys().isdisjoint(("issuanceDate", "expirationDate")) and all(
        type(document[name]) is str for name in ("validFrom", "validUntil") if name in document
    )


def _has_plain_status(entry: object) -> bool:
    return (
        type(entry) is dict
        and entry.get("type") == BITSTRING
        and entry.keys() - {"id", "type"} == set(_STATUS)
        and all(type(value) is str for value in entry.values())
    )
