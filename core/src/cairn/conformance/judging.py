# SPDX-License-Identifier: Apache-2.0
"""What is found in a credential or presentation that a suite sends back, and whether that refuses it.

``checks`` says what decides. Without it structure and proof do. An empty list asks about the structure alone;
a proof that is known to be wrong still refuses, and one that could not be looked at is told beside.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from cairn.canonical import to_json
from cairn.checks import Finding, status
from cairn.checks.finding import undecided
from cairn.conformance import tokens
from cairn.conformance.policy import resolver
from cairn.conformance.rules import (
    ENVELOPED_CREDENTIAL,
    ENVELOPED_PRESENTATION,
    credential_findings,
    envelope_finding,
    held,
    held_kind,
    is_envelope,
)
from cairn.credential import issuer_id
from cairn.credential.shapes import as_list, types_of
from cairn.credential.structure import holder_id
from cairn.errors import CairnError, MalformedError, UnavailableError
from cairn.materials import gather
from cairn.proof import Answer, Outcome, data_integrity
from cairn.reading import read

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from cairn.conformance.policy import Policy
    from cairn.keys import PublicKey
    from cairn.materials import Sources

PROOF: Final = "proof"
STATUS: Final = "credentialStatus"
CHECKS: Final = (PROOF, STATUS)

_FORMS: Final = {"jwt": tokens.JOSE, "sd-jwt": tokens.SD_JWT, "cose": tokens.COSE}


@dataclass(frozen=True, slots=True)
class Question:
    """What the caller wants to know, and for which reader and question a proof must have been made."""

    checks: tuple[str, ...] | None = None
    domain: str | None = None
    challenge: str | None = None
    purpose: str | None = None

    def asks(self, check: str) -> bool:
        """Whether the answer to this check decides."""
        return check == PROOF if self.checks is None else check in self.checks


@dataclass(frozen=True, slots=True)
class Judgement:
    """The findings; what decides refuses unless it passed, everything else is a warning."""

    findings: tuple[Finding, ...]

    @property
    def errors(self) -> tuple[Finding, ...]:
        return tuple(each for each in self._not_passed if each.decides)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        return tuple(each for each in self._not_passed if not each.decides)

    @property
    def verified(self) -> bool:
        """An empty judgement proves nothing, so it verifies nothing."""
        return bool(self.findings) and not self.errors

    @property
    def _not_passed(self) -> tuple[Finding, ...]:
        return tuple(each for each in self.findings if each.outcome is not Outcome.PASSED)


def judge_credential(
    document: Mapping[str, Any],
    question: Question,
    *,
    sources: Sources,
    at: datetime,
    policy: Policy,
) -> Judgement:
    """Judge one credential, embedded or enveloped. ``at`` is the moment by which its status is judged."""
    if is_envelope(document):
        return _enveloped(document, question, ENVELOPED_CREDENTIAL, policy)
    findings = [*credential_findings(document, policy=policy)]
    if "VerifiablePresentation" in types_of(document):
        findings.append(_failed("structure", "structure", "It is a presentation, not a credential."))
    findings += _proofs(document, question, data_integrity.PURPOSE, policy)
    if question.asks(STATUS):
        findings += _status(document, sources, at)
    return Judgement(tuple(findings))


def judge_presentation(
    document: Mapping[str, Any],
    question: Question,
    *,
    sources: Sources,
    at: datetime,
    policy: Policy,
) -> Judgement:
    """Judge a presentation and every credential in it. One that nobody signed is judged by its structure."""
    if is_envelope(document):
        return _enveloped(document, question, ENVELOPED_PRESENTATION, policy)
    findings = [*credential_findings(document, policy=policy)]
    if "VerifiablePresentation" not in types_of(document):
        findings.append(_failed("structure", "structure", "It is not a presentation."))
    signed = "proof" in document
    if signed or (question.checks is not None and question.asks(PROOF)):
        findings += _proofs(document, question, data_integrity.PRESENTING, policy)
    else:
        message = "It is not signed by its holder."
        findings.append(replace(undecided("holder", "binding-missing", message), decides=False))
    inner = replace(question, domain=None, challenge=None, purpose=None)
    if not signed and question.checks is None:
        # Nobody vouches for what is in it, so only what is known to be wrong speaks against it.
        inner = replace(inner, checks=())
    for each in as_list(document.get("verifiableCredential", [])):
        if not isinstance(each, dict):
            continue  # the structure has been refused for it
        findings += _self_asserted(each, document) if signed else ()
        if is_envelope(each) or "proof" in each:
            findings += judge_credential(each, inner, sources=sources, at=at, policy=policy).findings
        else:
            findings += credential_findings(each, policy=policy)
    return Judgement(tuple(findings))


def _self_asserted(credential: Mapping[str, Any], presentation: Mapping[str, Any]) -> tuple[Finding, ...]:
    """VCDM 2.0 §4.13.4: what only the presentation secures, its holder must have issued."""
    own = {_method(each) for each in as_list(credential.get("proof", []))}
    around = {_method(each) for each in as_list(presentation["proof"])}
    issuer = issuer_id(credential)
    presenters = {method.partition("#")[0] for method in around}
    if is_envelope(credential) or (own and not own <= around and issuer not in presenters):
        return ()
    holder = holder_id(presentation)
    if holder is None and issuer not in presenters:
        return ()  # whose word it is then, is a question of issuers, which this policy does not ask
    if issuer is not None and holder == issuer:
        return ()
    message = "A credential in it is secured by its holder alone, who did not issue it."
    return (_failed("holder", "holder-not-issuer", message),)


def _method(proof: Any) -> str:
    return str(proof.get("verificationMethod")) if isinstance(proof, Mapping) else ""


# --- proofs


def _proofs(
    document: Mapping[str, Any], question: Question, purpose: str, policy: Policy
) -> tuple[Finding, ...]:
    purpose = question.purpose or purpose
    answer = data_integrity.check(
        document, resolver(purpose), at=None, contexts=policy.contexts, purpose=purpose
    )
    found = _answered(answer, question)
    if answer.outcome is not Outcome.PASSED:
        return (found,)
    return (found, *_addressed(document, question))


def _addressed(document: Mapping[str, Any], question: Question) -> tuple[Finding, ...]:
    """Data Integrity §4.5: every proof is for the expected domain and answers the expected question (N34)."""
    for proof in as_list(document.get("proof")):
        domains = as_list(proof.get("domain", []))
        if question.domain is not None and question.domain not in domains:
            return (_failed("signature", "binding-audience", "The proof was made for somebody else."),)
        if question.challenge is not None and proof.get("challenge") != question.challenge:
            return (_failed("signature", "binding-nonce", "The proof answers another question."),)
    return ()


def _enveloped(document: Mapping[str, Any], question: Question, kind: str, policy: Policy) -> Judgement:
    """The envelope; and, when the proof is asked about, what is in it, which only its token vouches for."""
    envelope = envelope_finding(document, kind)
    if envelope.outcome is not Outcome.PASSED or not question.asks(PROOF):
        return Judgement((envelope,))
    role = tokens.CREDENTIAL if kind == ENVELOPED_CREDENTIAL else tokens.PRESENTATION
    form = _FORMS[str(held_kind(document)).rpartition("+")[2]]
    resolve = resolver("assertionMethod" if role == tokens.CREDENTIAL else "authentication")
    try:
        tokens.verify(str(held(document)), _key_of(resolve), role=role, form=form, policy=policy)
    except CairnError as error:
        return Judgement((envelope, _answered(Answer.of(error), question)))
    message = "Nothing has been changed since it was signed."
    return Judgement((envelope, Finding("signature", Outcome.PASSED, "ok", message)))


def _key_of(resolve: Callable[[str], Any]) -> Callable[[str | None, str | None], PublicKey]:
    def find(named: str | None, speaker: str | None) -> PublicKey:
        url = named or speaker
        if url is None:
            raise UnavailableError("key-unknown", "It does not say whose key signed it.")
        key: PublicKey = resolve(url).public_key
        return key

    return find


def _answered(answer: Answer, question: Question) -> Finding:
    decides = question.asks(PROOF) or answer.outcome is Outcome.FAILED
    return Finding("signature", answer.outcome, answer.code, answer.message, answer.details, decides=decides)


def _status(document: Mapping[str, Any], sources: Sources, at: datetime) -> tuple[Finding, ...]:
    """As the product judges it: the list is gathered, and must be signed by the credential's issuer (S11)."""
    try:
        return status(gather(read(to_json(dict(document))), sources, at=at), at)
    except CairnError as error:
        return (undecided("status", error.code, error.message),)


def _failed(check: str, code: str, message: str) -> Finding:
    return Finding(check, Outcome.FAILED, code, message)


def question_of(options: Any) -> Question:
    """The question in the ``options`` of a VC-API request; ``MalformedError`` when it is none."""
    if options is None:
        return Question()
    if not isinstance(options, dict):
        raise MalformedError("options", "'options' is an object.")
    checks = options.get("checks")
    if checks is not None:
        if not isinstance(checks, list) or any(each not in CHECKS for each in checks):
            raise MalformedError("options", f"'checks' is a list of {', '.join(CHECKS)}.")
        checks = tuple(checks)
    texts: dict[str, str | None] = {}
    for name in ("domain", "challenge", "expectedProofPurpose"):
        value = options.get(name)
        if value is not None and not isinstance(value, str):
            raise MalformedError("options", f"'{name}' is text.")
        texts[name] = value
    return Question(checks, texts["domain"], texts["challenge"], texts["expectedProofPurpose"])
