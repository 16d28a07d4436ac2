# SPDX-License-Identifier: Apache-2.0
"""What a caller chooses to ask beside validity, out of the files that say so.

A trust list may be signed, and is then verified as any credential is before anybody is recognised by it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cairn.checks import (
    DEFAULT_CHECKS,
    domain_control,
    entitled,
    held_by,
    recognised_by,
    schema,
    schemas_from,
)
from cairn.errors import VerificationError
from cairn.proof import Outcome
from cairn.trust_list import TrustList, UnopenedList, open_list
from cairn.verifier import Verifier

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from cairn.checks import Check
    from cairn.materials import Sources
    from cairn.schemas import SchemaStore


def trust_list(data: bytes, sources: Sources, *, at: datetime, name: str) -> TrustList | UnopenedList:
    """Read a trust list in any of its forms; ``name`` is what it is called if it does not say so itself.

    A signed list that cannot be verified just now stays closed, and whoever asks it is told so. One that was
    changed, is out of date or withdrawn, and one that cannot be read, is an error: it says nothing.
    """

    def verify(signed: bytes) -> Mapping[str, Any]:
        return Verifier(sources).verify(signed, at=at).document

    try:
        return open_list(data, verify, name=name)
    except VerificationError as error:
        if any(finding.outcome is Outcome.FAILED for finding in error.report.findings):
            raise
        return UnopenedList(name, error.code, error.message)


def checks(
    *,
    lists: Sequence[TrustList | UnopenedList] = (),
    endorsements: Sequence[bytes] = (),
    schemas: SchemaStore | None = None,
    holder: str | None = None,
    ask_domain: bool = False,
) -> tuple[Check, ...]:
    """The usual checks and those that were chosen."""
    own_schema = schema if schemas is None else schemas_from(schemas)
    asked: list[Check] = [own_schema if check is schema else check for check in DEFAULT_CHECKS]
    if ask_domain:
        asked.append(domain_control)
    if lists or endorsements:
        asked.append(entitled(*lists, endorsements=endorsements))
    if lists:
        asked.append(recognised_by(*lists, endorsements=endorsements))
    if holder is not None:
        asked.append(held_by(holder))
    return tuple(asked)
