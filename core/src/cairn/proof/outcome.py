# SPDX-License-Identifier: Apache-2.0
"""The three answers that any look at a credential can have, and what a look at its proof brings back."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING, Any

from cairn.errors import MalformedError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from cairn.did import VerificationMethod
    from cairn.errors import CairnError
    from cairn.keys import PublicKey

    # A method is named by its URL; a token may instead show the key itself, which proves nothing until the
    # issuer's own document lists the same key (S5, B45).
    Resolve = Callable[[str | PublicKey], VerificationMethod]

# How far two honest clocks may differ (B54).
CLOCK_SKEW = timedelta(seconds=60)


class Outcome(Enum):
    """Two kinds of "no", and nothing in between."""

    PASSED = "passed"
    FAILED = "failed"
    UNDECIDED = "undecided"  # we could not look, which is never the same as "fine"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the proof of a credential says.

    ``document`` is the statement that was signed, in the form in which it was signed, and is only there
    when the answer is PASSED. ``methods`` are the URLs of the keys that the proofs name; whether they are
    the issuer's is a question of its own.
    """

    outcome: Outcome
    code: str
    message: str
    document: Mapping[str, Any] | None = None
    methods: tuple[str, ...] = ()
    details: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, error: CairnError, *, methods: tuple[str, ...] = ()) -> Answer:
        """What an error while looking means: malformed is a no, anything else is "could not tell".

        A limit that was reached is ours, not the credential's fault, so it is no "no" either.
        """
        limited = error.code.startswith("limit-")
        no = isinstance(error, MalformedError) and not limited
        outcome = Outcome.FAILED if no else Outcome.UNDECIDED
        return cls(outcome, error.code, error.message, methods=methods)


def refuse_key_out_of_use(method: VerificationMethod, *, signed_at: datetime | None, at: datetime) -> None:
    """Refuse a key that its owner has withdrawn, or that was not in use when it signed (S2, B68).

    ``signed_at`` is what the signature says of itself, and so says whoever has the key:

    - against the signature it is believed: a key that had expired, was not listed yet or no longer listed
      at that time did not sign for its owner;
    - for the signature it is believed only while nobody says that the key is in wrong hands. ``revoked``
      marks a compromised key: whoever has it also writes the date, so no date saves it. A key that its
      owner has taken out of the document without a word may be one, so that nothing follows.

    Only a time that the signer could not choose helps a withdrawn key; whoever knows one hands over a method
    without these marks.
    """
    if method.revoked is not None and method.revoked <= at:
        raise MalformedError("key-revoked", "The issuer has withdrawn the key that signed this.")
    if method.expires is not None and (signed_at or at) > method.expires:
        raise MalformedError("key-expired", "The key that signed this had expired by then.")
    if method.since is not None and signed_at is not None and signed_at < method.since - CLOCK_SKEW:
        raise MalformedError("key-not-yet", "The key was not the issuer's yet when this says it was signed.")
    if method.retired is not None and method.retired <= at:
        if signed_at is not None and signed_at > method.retired + CLOCK_SKEW:
            raise MalformedError("key-retired", "The key was no longer the issuer's when this was signed.")
        raise UnavailableError(
            "key-retired",
            "The issuer no longer lists the key, and nothing proves that it signed before that.",
        )
