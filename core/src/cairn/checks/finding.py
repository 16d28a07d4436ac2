# SPDX-License-Identifier: Apache-2.0
"""One answer of a check, and the kind of function that gives it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from cairn.late import Late, made_late
from cairn.materials import Materials
from cairn.proof import Outcome

if TYPE_CHECKING:
    from cairn.materials import AlsoAsked
    from cairn.reading import Unverified


@made_late("document")
@dataclass(frozen=True, slots=True)
class Finding(Late):
    """One answer, with its reason and what a page needs to explain it.

    ``decides`` is false for a remark: something the reader should know that does not stop acceptance.
    ``document`` is what was signed, in the form in which it was signed; only a passed signature has it.
    """

    check: str
    outcome: Outcome
    code: str
    message: str
    details: Mapping[str, str] = field(default_factory=dict)
    decides: bool = True
    document: Mapping[str, Any] | None = field(default=None, repr=False, compare=False)


Check = Callable[[Materials, datetime], tuple[Finding, ...]]


@runtime_checkable
class AskingCheck(Protocol):
    """A check that needs more of the world than others: ``asks`` tells ``gather`` what."""

    def asks(self, credential: Unverified) -> Iterable[str | Unverified]: ...

    def __call__(self, materials: Materials, at: datetime) -> tuple[Finding, ...]: ...


def asked_by(checks: Iterable[Check]) -> tuple[AlsoAsked, ...]:
    """What these checks want gathered beyond what every credential needs."""
    # The protocol is asked for by its one member: `isinstance` would take longer than the check.
    asking = (getattr(check, "asks", None) for check in checks)
    return tuple(asks for asks in asking if asks is not None)


def undecided(check: str, code: str, message: str, **details: str) -> Finding:
    """We could not tell: neither a yes nor a no."""
    return Finding(check, Outcome.UNDECIDED, code, message, details)


def without_proof(document: Mapping[str, Any]) -> dict[str, Any]:
    """What the proofs are about."""
    return {name: value for name, value in document.items() if name != "proof"}
