# SPDX-License-Identifier: Apache-2.0
"""The questions that a judgement asks, each a pure function of the materials and a moment.

    structure   does it obey the rules of its standard, and do we know what its words mean?
    proof       two findings: is it unchanged, and is the key that says so the issuer's?
    status      has the issuer revoked or suspended it?
    period      is this a day on which it claims to be valid?
    issued_by   is the issuer on the caller's list? (only when the caller has one)

A finding PASSED, FAILED or is UNDECIDED. "We could not reach the list" is never "fine" and never "revoked".
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote, urlsplit

from cairn.canonical import context_problems, old_contexts, parse_json
from cairn.credential import (
    format_datetime,
    issuer_id,
    kind_of,
    parse_datetime,
    structure_problems,
)
from cairn.credential.address import is_web
from cairn.credential.structure import has_rules, unknown_schemas
from cairn.did import DidDocument, VerificationMethod, document_for
from cairn.errors import CairnError, MalformedError, UnavailableError, UnsupportedError
from cairn.keys import PublicKey
from cairn.materials import (
    MAX_STATUS_ENTRIES,
    SD_JWT,
    TOKEN,
    Materials,
    controller_url,
    key_set_url,
    read,
)
from cairn.proof import CLOCK_SKEW, Answer, Outcome, data_integrity, jose
from cairn.status import (
    REVOCATION,
    SUSPENSION,
    StatusEntry,
    StatusList,
    has_suspension_twin,
    read_status_list,
    subject_id,
    suspension_url,
)

# Bitstring Status List §2.2: how long a fetched list may be used when it does not say.
_DEFAULT_TTL = timedelta(minutes=5)

# Purposes that say nothing against a credential (Bitstring Status List §2.1).
_HARMLESS_PURPOSES = frozenset({"refresh", "message"})


@dataclass(frozen=True, slots=True)
class Finding:
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


def structure(materials: Materials, at: datetime) -> tuple[Finding, ...]:
    """Required fields and rules of the data models, and whether every context is one that we know (S3)."""
    credential = materials.credential
    document = _without_proof(credential.unverified_document)
    kind = kind_of(document)
    if credential.format == SD_JWT:
        return (_undecided("structure", "unsupported-sd-jwt", "We cannot check SD-JWTs yet.", kind="SD-JWT"),)
    unknown = context_problems(document)
    problems = structure_problems(document)
    if problems:
        fields = ", ".join(problem.path for problem in problems)
        details = {"kind": kind, "fields": fields, "rule": problems[0].rule}
        told = "; ".join(f"{problem.path}: {problem.message}" for problem in problems[:5])
        return (Finding("structure", Outcome.FAILED, "structure", f"It breaks the rules. {told}", details),)
    if not has_rules(document):
        code = "unsupported-presentation" if "Presentation" in kind else "unsupported-kind"
        return (_undecided("structure", code, f"This is a {kind}, which we cannot check yet.", kind=kind),)
    if unknown:
        message = "It uses words whose meaning we do not know."
        named = ", ".join(unknown)
        return (_undecided("structure", "unknown-context", message, kind=kind, contexts=named),)
    details = {"kind": kind}
    old = old_contexts(document)
    if old:
        details |= {"note": "old-context", "contexts": ", ".join(old)}
    found = Finding("structure", Outcome.PASSED, "ok", "It has all the required fields.", details)
    schemas = unknown_schemas(document)
    if not schemas:
        return (found,)
    remark = Finding(
        "schema",
        Outcome.UNDECIDED,
        "unknown-schema",
        "It names a schema of its own, which we do not fetch.",
        {"schemas": ", ".join(schemas)},
        decides=False,
    )
    return found, remark


def proof(materials: Materials, at: datetime) -> tuple[Finding, ...]:
    """Whether it is unchanged since it was signed, and whether the key that signed it is the issuer's."""
    answer = _look_at_proof(materials, at)
    signature = Finding(
        "signature",
        answer.outcome,
        answer.code,
        answer.message,
        answer.details,
        document=answer.document,
    )
    return signature, _issuer(materials, answer)


def _look_at_proof(materials: Materials, at: datetime) -> Answer:
    credential = materials.credential
    resolve = _resolver(materials)
    if credential.format == SD_JWT:
        return Answer(Outcome.UNDECIDED, "unsupported-sd-jwt", "We cannot check SD-JWTs yet.")
    if credential.format == TOKEN and credential.token is not None:
        return jose.check(jose.split(credential.token), resolve, at=at)
    document = credential.unverified_document
    wrapped = _wrapped_token(document)
    if wrapped is not None:
        return _unwrapped(document, wrapped)
    return data_integrity.check(document, resolve, at=at)


def period(materials: Materials, at: datetime) -> tuple[Finding, ...]:
    """Whether ``at`` lies between its dates, give or take what honest clocks differ (B54)."""
    document = materials.credential.unverified_document
    claims = materials.credential.unverified_claims
    try:
        starts = _dates(document, ("validFrom", "issuanceDate"), claims, "nbf")
        ends = _dates(document, ("validUntil", "expirationDate"), claims, "exp")
    except MalformedError:
        return (_undecided("period", "no-dates", "It has no readable dates."),)
    details: dict[str, str] = {}
    if starts:
        details["valid_from"] = format_datetime(max(starts))
    if ends:
        details["valid_until"] = format_datetime(min(ends))
    if starts and at + CLOCK_SKEW < max(starts):
        message = f"It is not valid before {details['valid_from']}."
        return (Finding("period", Outcome.FAILED, "not-yet-valid", message, details),)
    if ends and at - CLOCK_SKEW > min(ends):
        message = f"It was valid until {details['valid_until']}."
        return (Finding("period", Outcome.FAILED, "expired", message, details),)
    message = f"It is valid until {details['valid_until']}." if ends else "It has no end date."
    return (Finding("period", Outcome.PASSED, "ok", message, details),)


def status(materials: Materials, at: datetime) -> tuple[Finding, ...]:
    """Whether the issuer has withdrawn it, from lists that it has signed itself (S8, S11, B77–B87)."""
    document = materials.credential.unverified_document
    if "credentialStatus" not in document:
        message = "It has no status: the issuer cannot withdraw it."
        return (Finding("status", Outcome.PASSED, "no-status", message),)
    pointers = document["credentialStatus"]
    pointers = pointers if isinstance(pointers, list) else [pointers]
    if not pointers or len(pointers) > MAX_STATUS_ENTRIES:
        message = f"It has {len(pointers)} status entries; we look at one to {MAX_STATUS_ENTRIES}."
        return (_undecided("status", "limit-status-entries", message),)
    findings = [found for pointer in pointers for found in _one_status(materials, pointer, at)]
    # The worst answer is the answer: a revocation that one list tells is not undone by another's silence.
    for outcome in (Outcome.FAILED, Outcome.UNDECIDED):
        for finding in findings:
            if finding.outcome is outcome:
                return (finding,)
    return (findings[0],)


def issued_by(trusted: Collection[str], label: str) -> Check:
    """A check that the issuer is one of ``trusted``, a list that people know by its ``label``.

    An issuer who is not on it is unrecognised, which says something about the list only.
    """
    known = frozenset(trusted)

    def trust(materials: Materials, at: datetime) -> tuple[Finding, ...]:
        issuer = issuer_id(materials.credential.unverified_document) or ""
        details = {"list": label, "issuer": issuer}
        if issuer in known:
            return (Finding("trust", Outcome.PASSED, "ok", f"The issuer is listed in {label}.", details),)
        message = f"Unrecognised: the issuer is not in {label}."
        return (Finding("trust", Outcome.FAILED, "unrecognised-issuer", message, details),)

    return trust


DEFAULT_CHECKS: tuple[Check, ...] = (structure, proof, status, period)


# --- who signed


def _issuer(materials: Materials, answer: Answer) -> Finding:
    """Bind every key that the proofs name to the issuer named in the credential (S5, B65, B66)."""
    issuer = issuer_id(materials.credential.unverified_document)
    if issuer is None:
        return Finding("issuer", Outcome.FAILED, "no-issuer", "It does not say who issued it.")
    details = {"issuer": issuer, "method": issuer.split(":")[1] if issuer.startswith("did:") else "https"}
    domain = _domain(issuer)
    if domain:
        details["domain"] = domain
    if not answer.methods:
        if answer.outcome is Outcome.UNDECIDED:
            return _undecided("issuer", answer.code, "We do not know which key signed it.", **details)
        return Finding(
            "issuer", Outcome.FAILED, "no-key", "It does not say which key of the issuer signed it.", details
        )
    details["key"] = answer.methods[0]
    not_theirs = "The key does not belong to the issuer named in it."
    # First by name alone: a key of somebody else needs no looking up to be refused (B66).
    if any(url.partition("#")[0] != issuer for url in answer.methods):
        return Finding("issuer", Outcome.FAILED, "key-not-of-issuer", not_theirs, details)
    try:
        document = _controller(materials, issuer)
        listed = [_listed(document, url) for url in answer.methods]
    except UnavailableError as error:
        message = f"We could not get the keys of {domain or issuer}: {error.message}"
        return _undecided("issuer", error.code, message, **details)
    except CairnError as error:
        message = f"The issuer's keys cannot be used: {error.message}"
        return Finding("issuer", Answer.of(error).outcome, error.code, message, details)
    if any(method is None or method.controller != issuer for method in listed):
        return Finding("issuer", Outcome.FAILED, "key-not-of-issuer", not_theirs, details)
    message = (
        f"Signed with a key of {domain}."
        if domain
        else "Signed with the key that is the issuer's identifier. No web address vouches for it."
    )
    return Finding("issuer", Outcome.PASSED, "ok", message, details)


def _resolver(materials: Materials) -> Callable[[str | PublicKey], VerificationMethod]:
    """How the proofs find their keys: in documents that were gathered, and nowhere else."""
    issuer = issuer_id(materials.credential.unverified_document)

    def resolve(wanted: str | PublicKey) -> VerificationMethod:
        if isinstance(wanted, PublicKey):
            listed = _methods(_controller(materials, issuer))
            own = next((method for method in listed if method.public_key == wanted), None)
            if own is None:
                raise MalformedError("unknown-key", "It is signed by a key that the issuer does not publish.")
            return own
        document = _controller(materials, wanted.partition("#")[0])
        bare = "#" not in wanted and wanted == document.id
        found = [method for method in document.methods if bare or method.id == wanted]
        if len(found) != 1:
            raise UnavailableError("key-unknown", "The key that signed it is not among those we know.")
        return found[0]

    return resolve


def _controller(materials: Materials, controller: str | None) -> DidDocument:
    """The document with somebody's keys: computed for did:key and did:jwk, as gathered for all others."""
    if controller is None:
        raise UnavailableError("key-unknown", "It does not say whose key signed it.")
    if controller.startswith(("did:key:", "did:jwk:")):
        return document_for(controller)
    url = controller_url(controller)
    if url is None:
        raise UnsupportedError("unknown-did-method", f"We do not know how to look up {controller[:80]}.")
    try:
        document = DidDocument.read(parse_json(materials.resource(url)), expected_id=controller)
    except UnavailableError as error:
        problem = error
    except CairnError as error:
        # Whatever answered there, it was not the issuer's document (B97); that is no word about the badge.
        problem = UnavailableError("issuer-document", f"It is not a document with its keys: {error.message}")
    else:
        if document.methods:
            return document
        problem = UnavailableError("issuer-document", "The issuer's document has no keys that we know.")
    published = _key_set(materials, controller)
    if published is None:
        raise problem
    return published


def _key_set(materials: Materials, controller: str) -> DidDocument | None:
    """The JWKS at the issuer's own origin, read as if its keys stood in the issuer's document (S5).

    Only for tokens, whose issuers often have a page about themselves where a document with keys should be.
    """
    url = key_set_url(materials.credential)
    if url is None or controller != issuer_id(materials.credential.unverified_document):
        return None
    try:
        keys = parse_json(materials.resource(url)).get("keys")
        entries = [key for key in keys if isinstance(key, dict)] if isinstance(keys, list) else []
        methods = [
            {
                "id": f"{controller}#{key.get('kid', index)}",
                "type": "JsonWebKey",
                "controller": controller,
                "publicKeyJwk": key,
            }
            for index, key in enumerate(entries)
        ]
        listed = [method["id"] for method in methods]
        document = {"id": controller, "verificationMethod": methods, "assertionMethod": listed}
        return DidDocument.read(document, expected_id=controller)
    except CairnError:
        # Nothing that can be used stands there; what was wrong with the issuer's own document is then told.
        return None


def _methods(document: DidDocument) -> tuple[VerificationMethod, ...]:
    listed = (document.method(each.id, "assertionMethod") for each in document.methods)
    return tuple(each for each in listed if each is not None)


def _listed(document: DidDocument, url: str) -> VerificationMethod | None:
    if "#" in url:
        return document.method(url, "assertionMethod")
    offered = _methods(document)
    return offered[0] if len(offered) == 1 else None


def _domain(identifier: str) -> str | None:
    """The web host that vouches for an identifier, None when none does."""
    if identifier.startswith("did:web:"):
        return unquote(identifier.split(":")[2])
    return urlsplit(identifier).netloc if is_web(identifier) else None


def _wrapped_token(document: Mapping[str, Any]) -> str | None:
    """The token that some wallets put into ``proof.jwt`` beside a copy of its content."""
    wrapper = document.get("proof")
    token = wrapper.get("jwt") if isinstance(wrapper, dict) else None
    return token if isinstance(token, str) else None


def _unwrapped(document: Mapping[str, Any], token: str) -> Answer:
    """Only the token is signed, so a copy around it that says something else is a forgery (B60)."""
    try:
        inner = jose.split(token)
    except CairnError as error:
        return Answer.of(error)
    if _without_proof(document) != inner.document:
        message = "The text around the token says something else than the token that was signed."
        return Answer(Outcome.FAILED, "wrapper-altered", message)
    message = "It is a copy around a signed token. Check the token itself."
    return Answer(Outcome.UNDECIDED, "wrapped-token", message)


# --- withdrawn or not


def _one_status(materials: Materials, pointer: Any, at: datetime) -> tuple[Finding, ...]:
    if not isinstance(pointer, dict):
        return (_undecided("status", "status-malformed", "Its status cannot be read."),)
    purpose = pointer.get("statusPurpose")
    harmless = isinstance(purpose, str) and purpose in _HARMLESS_PURPOSES
    if pointer.get("type") == "BitstringStatusListEntry" and harmless:
        message = "The issuer has not withdrawn it."
        return (Finding("status", Outcome.PASSED, "ok", message, {"purpose": str(purpose)}),)
    try:
        entry = StatusEntry.from_document(pointer)
    except CairnError as error:
        return (_undecided("status", error.code, f"We cannot read its status: {error.message}"),)
    details = {"list_url": entry.list_url, "checked_at": format_datetime(materials.gathered_at)}
    if _tells_on_holder(materials, entry):
        details["note"] = "list-url-names-credential"
    if entry.purpose not in (REVOCATION, SUSPENSION):
        message = f"We do not know what a status of purpose {entry.purpose[:40]!r} means."
        return (_undecided("status", "status-purpose", message, **details),)
    try:
        document, bits = _status_list(materials, entry.list_url, entry.purpose, at)
        told = [(entry.purpose, bits.get(entry.index))]
        if entry.purpose == REVOCATION and has_suspension_twin(document):
            twin = _twin(materials, entry.list_url, len(bits), at)
            told.append((SUSPENSION, twin.get(entry.index)))
    except CairnError as error:
        message = f"We could not use the issuer's status list: {error.message}"
        return (_undecided("status", error.code, message, **details),)
    for purpose, is_set in told:
        if is_set:
            code = "revoked" if purpose == REVOCATION else "suspended"
            return (Finding("status", Outcome.FAILED, code, f"{code.capitalize()} by the issuer.", details),)
    return (Finding("status", Outcome.PASSED, "ok", "The issuer has not withdrawn it.", details),)


def _status_list(
    materials: Materials, url: str, purpose: str, at: datetime
) -> tuple[Mapping[str, Any], StatusList]:
    """A list that the issuer vouches for: judged as any credential is, but for a status of its own (B81)."""
    unverified = read(materials.resource(url))
    own = materials.about(unverified)
    issuer = issuer_id(materials.credential.unverified_document)
    if issuer is None or issuer_id(unverified.unverified_document) != issuer:
        raise UnavailableError("status-list-issuer", "The status list is by somebody else than the issuer.")
    findings = (*structure(own, at), *proof(own, at), *period(own, at))
    for finding in findings:
        if finding.decides and finding.outcome is not Outcome.PASSED:
            raise UnavailableError("status-list-unverified", f"It is not in order: {finding.message}")
    document = next(finding.document for finding in findings if finding.check == "signature")
    assert document is not None  # a passed signature has its document
    bits = read_status_list(document, url=url, purpose=purpose)
    _refuse_stale(document, materials.gathered_at, at)
    return document, bits


def _twin(materials: Materials, list_url: str, length: int, at: datetime) -> StatusList:
    """The suspensions beside a list of our own form: announced under its signature, so never optional."""
    url = suspension_url(list_url)
    document, bits = _status_list(materials, url, SUSPENSION, at)
    if document["credentialSubject"].get("id") != subject_id(url, purpose=SUSPENSION) or len(bits) != length:
        raise UnavailableError("status-list-twin", "The list of suspensions belongs to another list.")
    return bits


def _refuse_stale(document: Mapping[str, Any], gathered_at: datetime, at: datetime) -> None:
    """Refuse a list that was fetched too long before ``at`` (B82); ``ttl`` is in milliseconds."""
    ttl = document["credentialSubject"].get("ttl")
    usable = _DEFAULT_TTL if ttl is None else _milliseconds(ttl)
    if at - gathered_at > usable + CLOCK_SKEW:
        raise UnavailableError("status-list-stale", "The status list was fetched too long ago.")


def _milliseconds(ttl: Any) -> timedelta:
    if isinstance(ttl, bool) or not isinstance(ttl, int) or not 0 <= ttl <= 366 * 86_400_000:
        raise MalformedError("status-list-ttl", "'ttl' of the status list is not a number of milliseconds")
    return timedelta(milliseconds=ttl)


def _tells_on_holder(materials: Materials, entry: StatusEntry) -> bool:
    """Whether asking for the list would tell its host which credential is being looked at (B87)."""
    identifier = str(materials.credential.unverified_document.get("id", "")).rstrip("/")
    own_part = identifier.rpartition("/")[2].rpartition(":")[2]
    # By the text alone: nobody has judged yet whether this is an address (B18).
    return "?" in entry.list_url or (len(own_part) >= 8 and own_part in entry.list_url)


# --- small


def _dates(
    document: Mapping[str, Any], names: tuple[str, ...], claims: Mapping[str, Any], claim: str
) -> list[datetime]:
    found = []
    for name in names:
        if name in document:
            if not isinstance(document[name], str):
                raise MalformedError("date-time", f"{name} is not a date.")
            found.append(parse_datetime(document[name]))
    if claim in claims:
        found.append(datetime.fromtimestamp(claims[claim], UTC))
    return found


def _without_proof(document: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name != "proof"}


def _undecided(check: str, code: str, message: str, **details: str) -> Finding:
    return Finding(check, Outcome.UNDECIDED, code, message, details)
