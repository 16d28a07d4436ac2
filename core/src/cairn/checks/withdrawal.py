# SPDX-License-Identifier: Apache-2.0
"""Has the issuer revoked or suspended it, or said anything else about it since?"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from cairn.canonical import parse_json
from cairn.checks import old_badges
from cairn.checks.controllers import controller_document, listed_method
from cairn.checks.dates import period
from cairn.checks.disclosure import not_shown
from cairn.checks.finding import Finding, undecided
from cairn.checks.rules import structure
from cairn.checks.signature import proof
from cairn.credential import format_datetime, parse_datetime
from cairn.credential.address import is_web
from cairn.credential.shapes import types_of
from cairn.errors import CairnError, MalformedError, UnavailableError, UnsupportedError
from cairn.materials import MAX_STATUS_ENTRIES
from cairn.proof import CLOCK_SKEW, Outcome, jws, status_token
from cairn.reading import SD_JWT_VC, read
from cairn.status import (
    BITSTRING,
    MESSAGE,
    REFRESH,
    REVOCATION,
    SUSPENSION,
    StatusEntry,
    StatusList,
    has_suspension_twin,
    is_revocation_list,
    read_index,
    read_revocation_list,
    read_status_list,
    subject_id,
    suspension_url,
    token_list,
)
from cairn.status.token_list import TokenStatus, TokenStatusList

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from cairn.materials import Materials
    from cairn.plain import Facts

# Bitstring Status List §2.2: how long a fetched list may be used when it does not say.
_DEFAULT_TTL = timedelta(minutes=5)

_NO_STATUS = "It has no status: the issuer cannot withdraw it."
_NOT_WITHDRAWN = "The issuer has not withdrawn it."
_MAX_MESSAGE = 200

NO_TOKEN_STATUS = Finding("status", Outcome.PASSED, "no-status", _NO_STATUS, MappingProxyType({}))
"""What `status` finds in an SD-JWT VC without one; for all of them, so nobody may write into it."""

_FAR = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Listed:
    """A list that was judged and may be used, and from when until when the judgement would be the same."""

    document: Mapping[str, Any]
    bits: StatusList
    has_twin: bool
    usable: timedelta
    since: datetime
    until: datetime


# Of lists judged lately, so that a thousand badges on one list cost one look at it: some 16 MiB at most.
_JUDGED_LISTS: dict[Any, _Listed] = {}
_MAX_KEPT_LISTS = 16
_MAX_KEPT_LIST = 512 * 1024


def status(materials: Materials, at: datetime) -> tuple[Finding, ...]:
    """Whether the issuer has withdrawn it, from lists that it has signed itself (S8, S11, B77–B87)."""
    document = materials.credential.unverified_document
    if materials.credential.format == SD_JWT_VC:
        return (_token_status(materials, at),)
    if "credentialStatus" not in document and (old := old_badges.case_of(materials)) is not None:
        return (old_badges.status(old, at),)
    if "credentialStatus" not in document:
        message = "It shows no status." if not_shown(materials.credential) else _NO_STATUS
        return (Finding("status", Outcome.PASSED, "no-status", message),)
    pointers = document["credentialStatus"]
    pointers = pointers if isinstance(pointers, list) else [pointers]
    if not pointers or len(pointers) > MAX_STATUS_ENTRIES:
        message = f"It has {len(pointers)} status entries; we look at one to {MAX_STATUS_ENTRIES}."
        return (undecided("status", "limit-status-entries", message),)
    findings = [found for pointer in pointers for found in _one_status(materials, pointer, at)]
    # The worst answer is the answer: a revocation that one list tells is not undone by another's silence.
    for outcome in (Outcome.FAILED, Outcome.UNDECIDED):
        for finding in findings:
            if finding.outcome is outcome:
                return (finding,)
    # Among those that passed, one that has something to say.
    return (next((finding for finding in findings if finding.code != "ok"), findings[0]),)


def _one_status(materials: Materials, pointer: Any, at: datetime) -> tuple[Finding, ...]:
    if not isinstance(pointer, dict):
        return (undecided("status", "status-malformed", "Its status cannot be read."),)
    if is_revocation_list(pointer):
        return (_listed_as_revoked(materials, pointer.get("id"), at),)
    try:
        entry = StatusEntry.from_document(pointer)
    except CairnError as error:
        return (undecided("status", error.code, f"We cannot read its status: {error.message}"),)
    details = _status_details(materials, entry.list_url)
    if entry.purpose not in (REVOCATION, SUSPENSION, REFRESH, MESSAGE):
        message = f"We do not know what a status of purpose {entry.purpose[:40]!r} means."
        return (undecided("status", "status-purpose", message, **details),)
    try:
        issuer = materials.credential.unverified_issuer
        listed = _status_list(materials, entry, issuer, at)
        value = listed.bits.value(entry.index, entry.size)
        told = [(entry.purpose, value)]
        if entry.purpose == REVOCATION and listed.has_twin:
            twin = _twin(materials, entry.list_url, len(listed.bits), issuer, at)
            told.append((SUSPENSION, int(twin.get(entry.index))))
    except CairnError as error:
        message = f"We could not use the issuer's status list: {error.message}"
        return (undecided("status", error.code, message, **details),)
    for purpose, is_set in told:
        if is_set and purpose in (REVOCATION, SUSPENSION):
            if entry.messages and purpose == entry.purpose:
                details["message"] = entry.messages[value][:_MAX_MESSAGE]
            return (_withdrawn("revoked" if purpose == REVOCATION else "suspended", details),)
    if entry.purpose in (REFRESH, MESSAGE):
        return (_notice(entry, value, details),)
    return (Finding("status", Outcome.PASSED, "ok", _NOT_WITHDRAWN, details),)


def _withdrawn(code: str, details: Mapping[str, str]) -> Finding:
    return Finding("status", Outcome.FAILED, code, f"{code.capitalize()} by the issuer.", details)


def _notice(entry: StatusEntry, value: int, details: dict[str, str]) -> Finding:
    """What a list says that does not withdraw: a newer copy, or a message of the issuer (§2.2)."""
    details |= {"purpose": entry.purpose, "value": f"{value:#x}"}
    if entry.messages:
        # The issuer's words under the issuer's signature, cut so that they cannot crowd out our own.
        details["message"] = entry.messages[value][:_MAX_MESSAGE]
    if not value:
        return Finding("status", Outcome.PASSED, "ok", _NOT_WITHDRAWN, details)
    if entry.purpose == REFRESH:
        return Finding("status", Outcome.PASSED, "status-refresh", "The issuer has a newer copy.", details)
    if "message" not in details:
        return undecided("status", "status-message", "The issuer says something that it does not explain.")
    return Finding("status", Outcome.PASSED, "status-message", "The issuer has added a message.", details)


def _listed_as_revoked(materials: Materials, url: Any, at: datetime) -> Finding:
    """What an unsigned 1EdTechRevocationList at the address in the signed credential says (standards §7)."""
    if not is_web(url):
        return undecided("status", "status-url", "Its status does not say where it is kept.")
    details = _status_details(materials, url)
    identifier = materials.credential.unverified_document.get("id")
    issuer = materials.credential.unverified_issuer
    try:
        if not isinstance(identifier, str) or issuer is None:
            raise MalformedError("status-malformed", "a credential without an id cannot be on a list")
        listed = read_revocation_list(parse_json(materials.resource(url)), url=url, issuer=issuer)
        if at - materials.gathered_at > _DEFAULT_TTL + CLOCK_SKEW:
            raise UnavailableError("status-list-stale", "The status list was fetched too long ago.")
    except CairnError as error:
        return undecided(
            "status", error.code, f"We could not use the issuer's status list: {error.message}", **details
        )
    reason = listed.reason(identifier)
    if reason is None:
        return Finding("status", Outcome.PASSED, "ok", _NOT_WITHDRAWN, details)
    return _withdrawn("revoked", details | ({"message": reason[:_MAX_MESSAGE]} if reason else {}))


def _token_status(materials: Materials, at: datetime) -> Finding:
    """What the Token Status List says that an SD-JWT VC points to (Token Status List §8.3)."""
    details: dict[str, str] = {}
    try:
        entry = TokenStatus.from_claims(materials.credential.unverified_document)
        if entry is None:
            return Finding("status", Outcome.PASSED, "no-status", _NO_STATUS)
        details = _status_details(materials, entry.uri)
        value = _status_token(materials, entry.uri, at).get(entry.index)
    except CairnError as error:
        message = f"We could not use the issuer's status list: {error.message}"
        return undecided("status", error.code, message, **details)
    if value == token_list.VALID:
        return Finding("status", Outcome.PASSED, "ok", _NOT_WITHDRAWN, details)
    if value in (token_list.INVALID, token_list.SUSPENDED):
        return _withdrawn("revoked" if value == token_list.INVALID else "suspended", details)
    message = "The issuer gives it a status that only the issuer's own rules explain."
    return undecided("status", "status-value", message, **details, value=f"{value:#x}")


def _status_token(materials: Materials, uri: str, at: datetime) -> TokenStatusList:
    """A list token by the issuer of the credential, with a key that the issuer publishes (S11, B81)."""
    issuer = materials.credential.unverified_issuer
    token = status_token.split(materials.resource(uri))
    if issuer is None or token.claims.get("iss", issuer) != issuer:
        raise UnavailableError("status-list-issuer", "The status list is by somebody else than the issuer.")
    url = jws.method_url(token.jws, issuer) or issuer
    method = (
        listed_method(controller_document(materials, issuer), url)
        if url.partition("#")[0] == issuer
        else None
    )
    if method is None or method.controller != issuer:
        raise UnavailableError("status-list-issuer", "The status list is not signed by the issuer.")
    values = status_token.check(token, method, uri=uri, at=at)
    if at - materials.gathered_at > (token.ttl or _DEFAULT_TTL) + CLOCK_SKEW:
        raise UnavailableError("status-list-stale", "The status list was fetched too long ago.")
    return values


def _status_details(materials: Materials, list_url: str) -> dict[str, str]:
    details = {"list_url": list_url, "checked_at": format_datetime(materials.gathered_at)}
    if _tells_on_holder(materials, list_url):
        details["note"] = "list-url-names-credential"
    return details


def not_withdrawn(materials: Materials, facts: Facts, at: datetime) -> Finding | None:
    """What `status` finds when a badge's one plain entry in a list of bits is not set; None: ask that."""
    try:
        entry = _entry(facts.purpose, facts.list_url, facts.status_id)
        index = read_index(facts.list_index)
        listed = _status_list(materials, entry, facts.issuer, at)
        if listed.bits.get(index):
            return None
        if listed.has_twin and entry.purpose == REVOCATION:
            twin = _twin(materials, entry.list_url, len(listed.bits), facts.issuer, at)
            if twin.get(index):
                return None
    except CairnError:
        return None
    if _tells_on_holder_by_name(facts.id or "", entry.list_url):
        return None
    return _not_listed(entry.list_url, materials.gathered_at)


@lru_cache(maxsize=64)  # thousands of badges are on one list
def _entry(purpose: str | None, list_url: str | None, identifier: str | None) -> StatusEntry:
    told = {"statusPurpose": purpose, "statusListCredential": list_url, "id": identifier}
    entry = StatusEntry.from_document({**told, "type": BITSTRING, "statusListIndex": "0"})
    if entry.purpose not in (REVOCATION, SUSPENSION):
        raise UnsupportedError("status-purpose", "this entry has more to say than whether it is set")
    return entry


@lru_cache(maxsize=64)
def _not_listed(list_url: str, gathered_at: datetime) -> Finding:
    details = {"list_url": list_url, "checked_at": format_datetime(gathered_at)}
    return Finding("status", Outcome.PASSED, "ok", _NOT_WITHDRAWN, MappingProxyType(details))


def _status_list(materials: Materials, entry: StatusEntry, issuer: str | None, at: datetime) -> _Listed:
    """A list that the issuer vouches for, judged once for all of its badges.

    What is kept is kept under everything that its judgement leans on, and only for as long as no date in any
    of that is passed: until then it would be the same. How long ago it was fetched is asked each time. A list
    that could not be used is looked at again each time.
    """
    if issuer is not None and issuer.startswith(("did:key:", "did:jwk:")):
        leans_on: tuple[Any, ...] = (materials.resources.get(entry.list_url),)
    else:
        leans_on = tuple(sorted(materials.resources.items(), key=lambda resource: resource[0]))
    key = (entry.list_url, entry.purpose, entry.type, issuer, leans_on)
    # What somebody has kept from an earlier look may settle what these documents leave open.
    listed = _JUDGED_LISTS.get(key) if materials.earlier is None else None
    if listed is None or not (at == listed.since or listed.since < at < listed.until):
        document, bits = _judge_status_list(materials, entry, at)
        bodies = [body for body in materials.resources.values() if isinstance(body, bytes)]
        listed = _Listed(
            document,
            bits,
            has_suspension_twin(document),
            _usable(document),
            since=at,
            until=_next_change(bodies, at),
        )
        if sum(len(body) for body in bodies) <= _MAX_KEPT_LIST and materials.earlier is None:
            if len(_JUDGED_LISTS) >= _MAX_KEPT_LISTS:
                _JUDGED_LISTS.clear()
            _JUDGED_LISTS[key] = listed
    if at - materials.gathered_at > listed.usable + CLOCK_SKEW:
        raise UnavailableError("status-list-stale", "The status list was fetched too long ago.")
    return listed


def _next_change(bodies: Iterable[bytes], at: datetime) -> datetime:
    """The first moment after ``at`` when a date in these documents may change what is found in them.

    Every comparison with a date is with the date itself or with one that allows for clocks that differ. In
    what is not JSON (a token), or holds what is not, dates are written otherwise; then there is no such
    moment but the next one.
    """
    changes: list[datetime] = []
    for body in bodies:
        try:
            document = parse_json(body)
        except CairnError:
            return at
        if "EnvelopedVerifiableCredential" in types_of(document):
            return at
        dates = list(_dates_in(document))
        changes += (date + shift for date in dates for shift in (-CLOCK_SKEW, timedelta(0), CLOCK_SKEW))
    return min((change for change in changes if change >= at), default=_FAR)


def _dates_in(value: Any) -> Iterator[datetime]:
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _dates_in(item)
    elif isinstance(value, str) and value[4:5] == "-":
        with suppress(MalformedError):
            yield parse_datetime(value)


def _judge_status_list(
    materials: Materials, entry: StatusEntry, at: datetime
) -> tuple[Mapping[str, Any], StatusList]:
    """A list that the issuer vouches for: judged as any credential is, but for a status of its own (B81)."""
    unverified = read(materials.resource(entry.list_url))
    if unverified.format == SD_JWT_VC:
        # Its members would be nobody's standard, and their dates not judged.
        raise UnavailableError("status-list-type", "The status list is a credential of another kind.")
    own = materials.about(unverified)
    issuer = materials.credential.unverified_issuer
    if issuer is None or unverified.unverified_issuer != issuer:
        raise UnavailableError("status-list-issuer", "The status list is by somebody else than the issuer.")
    findings = (*structure(own, at), *proof(own, at), *period(own, at))
    for finding in findings:
        if finding.decides and finding.outcome is not Outcome.PASSED:
            raise UnavailableError("status-list-unverified", f"It is not in order: {finding.message}")
    document = next(finding.document for finding in findings if finding.check == "signature")
    assert document is not None  # a passed signature has its document
    bits = read_status_list(document, url=entry.list_url, purpose=entry.purpose, entry_type=entry.type)
    return document, bits


def _twin(materials: Materials, list_url: str, length: int, issuer: str | None, at: datetime) -> StatusList:
    """The suspensions beside a list of our own form: announced under its signature, so never optional."""
    url = suspension_url(list_url)
    twin = _status_list(materials, StatusEntry(SUSPENSION, 0, url), issuer, at)
    own = twin.document["credentialSubject"].get("id")
    if own != subject_id(url, purpose=SUSPENSION) or len(twin.bits) != length:
        raise UnavailableError("status-list-twin", "The list of suspensions belongs to another list.")
    return twin.bits


def _usable(document: Mapping[str, Any]) -> timedelta:
    """How long after it was fetched a list may be used (B82); ``ttl`` is in milliseconds."""
    ttl = document["credentialSubject"].get("ttl")
    return _DEFAULT_TTL if ttl is None else _milliseconds(ttl)


def _milliseconds(ttl: Any) -> timedelta:
    if isinstance(ttl, bool) or not isinstance(ttl, int) or not 0 <= ttl <= 366 * 86_400_000:
        raise MalformedError("status-list-ttl", "'ttl' of the status list is not a number of milliseconds")
    return timedelta(milliseconds=ttl)


def _tells_on_holder(materials: Materials, list_url: str) -> bool:
    """Whether asking for the list would tell its host which credential is being looked at (B87)."""
    return _tells_on_holder_by_name(str(materials.credential.unverified_document.get("id", "")), list_url)


def _tells_on_holder_by_name(identifier: str, list_url: str) -> bool:
    own_part = identifier.rstrip("/").rpartition("/")[2].rpartition(":")[2]
    # By the text alone: nobody has judged yet whether this is an address (B18).
    return "?" in list_url or (len(own_part) >= 8 and own_part in list_url)
