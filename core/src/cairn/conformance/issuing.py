# SPDX-License-Identifier: Apache-2.0
"""Signing what a suite sends, just as it was sent, or refusing it; and deriving copies that show a part."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cairn.conformance import tokens
from cairn.conformance.rules import BASE_CONTEXT, ENVELOPED_CREDENTIAL, credential_findings
from cairn.credential.shapes import as_list, types_of
from cairn.errors import MalformedError, UnsupportedError
from cairn.proof import Outcome, data_integrity, with_limits
from cairn.proof.fitness import has_hidden_characters

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from cairn.conformance.policy import Policy
    from cairn.keys import Signer

_VC_1: Final = "https://www.w3.org/2018/credentials/v1"
_DATA_INTEGRITY: Final = "https://w3id.org/security/data-integrity/v2"


def issue(
    document: Mapping[str, Any],
    signer: Signer,
    *,
    verification_method: str,
    at: datetime,
    cryptosuite: str,
    mandatory_pointers: Sequence[str] = (),
    policy: Policy,
) -> dict[str, Any]:
    """The credential with a proof. VC 1.1 is signed too, with the context that its proof needs."""
    document = _with_proof_terms(document)
    refuse_unfit(document, policy=policy)
    if cryptosuite == data_integrity.ECDSA_SD:
        mandatory_pointers = with_limits(document, mandatory_pointers)
    elif mandatory_pointers:
        raise MalformedError("options", f"{cryptosuite} has no mandatory pointers.")
    return data_integrity.sign(
        document,
        signer,
        verification_method=verification_method,
        created=at,
        cryptosuite=cryptosuite,
        mandatory_pointers=mandatory_pointers,
        contexts=policy.contexts,
    )


def issue_enveloped(
    document: Mapping[str, Any], signer: Signer, *, kid: str, policy: Policy
) -> dict[str, Any]:
    """The credential as a token in an EnvelopedVerifiableCredential (VCDM 2.0 §4.13.1)."""
    refuse_unfit(document, policy=policy)
    token = tokens.sign(document, signer, role=tokens.CREDENTIAL, form=tokens.JOSE, kid=kid, policy=policy)
    return {
        "@context": BASE_CONTEXT,
        "type": ENVELOPED_CREDENTIAL,
        "id": f"data:application/vc+jwt,{token}",
    }


def derive(
    document: Mapping[str, Any], *, selective_pointers: Sequence[str], policy: Policy
) -> dict[str, Any]:
    """A copy that shows what is mandatory and what the pointers choose, whoever issued the original."""
    return data_integrity.derive(document, selective_pointers=selective_pointers, contexts=policy.contexts)


def refuse_unfit(document: Mapping[str, Any], *, policy: Policy) -> None:
    """Refuse to sign what breaks the rules, is signed already or says what no signature would cover."""
    if "proof" in document:
        raise MalformedError("already-signed", "The document already has a proof.")
    if "VerifiablePresentation" in types_of(document):
        raise MalformedError("structure", "type: an issuer signs credentials, not presentations")
    for finding in credential_findings(document, policy=policy):
        if finding.outcome is Outcome.FAILED:
            raise MalformedError(finding.code, finding.message)
        if finding.outcome is Outcome.UNDECIDED:
            raise UnsupportedError(finding.code, finding.message)
    if has_hidden_characters(document):
        raise MalformedError("control-character", "The document holds control characters in its text.")


def _with_proof_terms(document: Mapping[str, Any]) -> Mapping[str, Any]:
    contexts = as_list(document.get("@context"))
    named = [entry for entry in contexts if isinstance(entry, str)]
    if contexts[:1] != [_VC_1] or any(entry.startswith(_DATA_INTEGRITY[:-1]) for entry in named):
        return document
    return {**document, "@context": [*contexts, _DATA_INTEGRITY]}
