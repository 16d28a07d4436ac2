# SPDX-License-Identifier: Apache-2.0
"""Is it about the one who shows it: by a signature of its holder, or by what the caller was told?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cairn.checks import old_badges
from cairn.checks.finding import Check, Finding, undecided
from cairn.credential.identity import Holder, Match
from cairn.credential.shapes import as_list
from cairn.credential.structure import ENDORSEMENT
from cairn.errors import CairnError
from cairn.proof import Answer, Outcome, sd_jwt
from cairn.reading import COSE, PRESENTED_COSE, SD_JWT, SD_JWT_VC

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from cairn.materials import Materials
    from cairn.reading import Unverified


def presented_to(audience: str, nonce: str) -> Check:
    """A check that its holder has shown it to you, in answer to your question, just now (B55, B58, B71).

    An SD-JWT says so with a key binding, a presentation with the domain and challenge of its proof, or the
    ``aud`` and ``nonce`` of its token. What is inside a presentation is not asked for itself.
    """
    asked = made_for(domain=audience, challenge=nonce)

    def holder(materials: Materials, at: datetime) -> tuple[Finding, ...]:
        credential = materials.credential
        if not materials.by_itself:
            return ()
        if credential.is_presentation:
            return asked(materials, at)
        if credential.format not in (SD_JWT, SD_JWT_VC) or credential.token is None:
            message = "Its holder cannot sign that it is shown to you."
            return (Finding("holder", Outcome.FAILED, "binding-missing", message),)
        try:
            sd_jwt.check_presented(sd_jwt.read(credential.token), audience=audience, nonce=nonce, at=at)
        except CairnError as error:
            return (Finding("holder", Answer.of(error).outcome, error.code, error.message),)
        return (Finding("holder", Outcome.PASSED, "ok", "Its holder has shown it to you."),)

    return holder


def made_for(*, challenge: str | None = None, domain: str | None = None) -> Check:
    """A check that every signature names this challenge and this domain, of those that are given (B71).

    Whether a signature holds, and whose it is, other checks say. Credentials can be asked as well: a proof
    may name a challenge whatever it signs (N34).
    """

    def holder(materials: Materials, at: datetime) -> tuple[Finding, ...]:
        if not materials.by_itself or challenge is domain is None:
            return ()
        told = _told(materials.credential)
        for wanted, name, code, question in (
            (domain, "domain", "binding-audience", "It was signed for somebody else."),
            (challenge, "challenge", "binding-nonce", "It was signed in answer to another question."),
        ):
            # One text: of a list nobody could say for whom of them it was signed.
            if wanted is not None and (not told or any(said.get(name) != wanted for said in told)):
                return (Finding("holder", Outcome.FAILED, code, question),)
        message = "It was signed for you, in answer to your question."
        return (Finding("holder", Outcome.PASSED, "ok", message),)

    return holder


def _told(credential: Unverified) -> list[Mapping[str, Any]]:
    """For whom each signature says that it was made, and in answer to what."""
    if credential.token is not None:
        claims = credential.unverified_claims
        return [{"domain": claims.get("aud"), "challenge": claims.get("nonce")}]
    if credential.format in (COSE, PRESENTED_COSE):
        return []
    proofs = as_list(credential.unverified_document.get("proof", []))
    return [proof for proof in proofs if isinstance(proof, dict)]


def held_by(typed: str) -> Check:
    """A check that the holder is who the caller types: an e-mail address or a DID (S10).

    ``MalformedError`` for anything else. What was typed is in no finding, and neither is what was found.
    """
    expected = Holder.read(typed)
    what = "identifier" if expected.did else "e-mail address"

    def holder(materials: Materials, at: datetime) -> tuple[Finding, ...]:
        credential = materials.credential
        if credential.is_presentation:
            return ()  # each of the credentials in it is asked
        if not materials.by_itself and credential.unverified_kind == ENDORSEMENT:
            return ()  # it stands beside what somebody holds, and is about another
        match = expected.compare(old_badges.holder_document(materials))
        if match is Match.NOTHING:
            message = "It does not say who the holder is in a way we can compare."
            return (undecided("holder", "holder-not-comparable", message),)
        if match is Match.OTHER:
            message = f"The {what} you typed does not match."
            return (Finding("holder", Outcome.FAILED, "holder-mismatch", message),)
        details = {"note": "weak-hash"} if match is Match.WEAKLY else {}
        message = f"The {what} you typed matches the holder."
        return (Finding("holder", Outcome.PASSED, "ok", message, details),)

    return holder
