# SPDX-License-Identifier: Apache-2.0
"""Is a presentation signed by the holder who shows it, and is what it shows about that holder?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cairn.checks.controllers import controller_document, domain_of
from cairn.checks.finding import Finding, undecided
from cairn.credential.shapes import as_list
from cairn.errors import CairnError, UnavailableError
from cairn.parts import CREDENTIAL, unfold
from cairn.proof import Answer, Outcome
from cairn.reading import PRESENTED

if TYPE_CHECKING:
    from cairn.materials import Materials
    from cairn.reading import Unverified


def is_unsigned(credential: Unverified) -> bool:
    """Whether it is a presentation that nobody has signed, which is allowed (B76)."""
    return credential.format == PRESENTED and "proof" not in credential.unverified_document


def unsigned() -> Finding:
    """What is said of such a presentation: what is in it may still be genuine."""
    message = "Not signed by the holder: anybody may have put this together."
    return undecided("holder", "not-signed-by-holder", message)


def holder(materials: Materials, answer: Answer) -> Finding:
    """Bind every key that the proofs name to the holder (VCDM 2.0 §4.13), as issuers are bound to theirs.

    Keys for assertions will not do: a holder shows with a key for authentication, so that nobody can be made
    to show by being asked to state something.
    """
    presenter = materials.credential.unverified_issuer
    if presenter is None:
        return Finding("holder", Outcome.FAILED, "no-holder", "It does not say who shows it.")
    details = {"holder": presenter}
    domain = domain_of(presenter)
    if domain:
        details["domain"] = domain
    if not answer.methods:
        if answer.outcome is Outcome.UNDECIDED:
            return undecided("holder", answer.code, "We do not know which key signed it.", **details)
        message = "It does not say which key of the holder signed it."
        return Finding("holder", Outcome.FAILED, "no-key", message, details)
    details["key"] = answer.methods[0]
    not_theirs = "The key that signed it does not belong to the holder named in it."
    if any(url.partition("#")[0] != presenter for url in answer.methods):
        return Finding("holder", Outcome.FAILED, "key-not-of-holder", not_theirs, details)
    try:
        document = controller_document(materials, presenter)
        listed = [document.method(url, "authentication") for url in answer.methods]
    except UnavailableError as error:
        message = f"We could not get the keys of the holder: {error.message}"
        return undecided("holder", error.code, message, **details)
    except CairnError as error:
        message = f"The holder's keys cannot be used: {error.message}"
        return Finding("holder", Answer.of(error).outcome, error.code, message, details)
    if any(method is None or method.controller != presenter for method in listed):
        return Finding("holder", Outcome.FAILED, "key-not-of-holder", not_theirs, details)
    if _about_others(materials.credential, presenter):
        message = "Its holder has signed it. Not everything in it is about the holder."
        return Finding("holder", Outcome.PASSED, "holder-not-subject", message, details)
    return Finding("holder", Outcome.PASSED, "ok", "Its holder has signed it.", details)


def nothing_shown(credential: Unverified) -> tuple[Finding, ...]:
    """The remark on a presentation in which there is no credential, which is allowed (VCDM 2.0 §4.13).

    It proves who holds a key, which is what some ask for; whoever asked for a credential has got none.
    """
    if any(part.role == CREDENTIAL for part in unfold(credential)):
        return ()
    message = "It shows no credential."
    return (Finding("disclosure", Outcome.UNDECIDED, "nothing-shown", message, decides=False),)


def _about_others(presentation: Unverified, presenter: str) -> bool:
    """Whether a credential in it names somebody else as the one it is about (VCDM 2.0 §4.13 allows that)."""
    for part in unfold(presentation):
        if part.within is None and part.role == CREDENTIAL and part.credential is not None:
            document = part.credential.unverified_document
            subjects = as_list(document.get("credentialSubject", document.get("sub", [])))
            ids = [subject.get("id") if isinstance(subject, dict) else subject for subject in subjects]
            if any(named not in (None, presenter) for named in ids):
                return True
    return False
