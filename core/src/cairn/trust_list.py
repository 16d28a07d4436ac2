# SPDX-License-Identifier: Apache-2.0
"""Lists of issuers that somebody recognises: who is on it, since when, for what, and who says so.

Whether a list is any good is the decision of whoever chooses it; here it is only read, strictly, out of the
forms that lists come in:

    {"type": "CairnTrustList", …}          our own, with everything that a list can say
    {"meta": …, "registry": {did: …}}      the known-issuer registries of the Digital Credentials Consortium
    ["https://…", {"id": …, "name": …}]    identifiers as an OpenID Federation list has them, or Profiles
    issuer,name,since,until,…              CSV with a header
    a Verifiable Credential                its subjects are the recognised issuers, as Profiles

The last one is signed, so it is verified by the same corridor as any credential before it is believed.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

from cairn.canonical import parse_json
from cairn.credential import issuer_id, parse_datetime
from cairn.credential.address import is_identifier
from cairn.credential.shapes import as_list, types_of
from cairn.errors import MalformedError

MAX_LIST: Final = 2 * 1024 * 1024
MAX_ISSUERS: Final = 10_000
_MAX_TEXT: Final = 300
_MAX_RECOGNISED_FOR: Final = 100


@dataclass(frozen=True, slots=True)
class Listing:
    """What a list says about one issuer.

    ``recognised_for`` are kinds of achievements (``MicroCredential``) and ids of achievements; empty means
    all. Only an issuer that ``accredits`` can make others recognised by endorsing them: that somebody may
    award badges does not say that they may say who else may (S17, B158).
    """

    name: str = ""
    since: datetime | None = None
    until: datetime | None = None
    recognised_for: tuple[str, ...] = ()
    accredits: bool = False


@dataclass(frozen=True, slots=True)
class TrustList:
    """Issuers by their identifier (a DID or an https id) or by their domain, under the name of the list.

    A domain stands for everybody who has an identifier on it. Where one host serves many issuers, list them
    by identifier.
    """

    name: str
    issuers: Mapping[str, Listing] = field(repr=False)
    publisher: str = ""
    publisher_id: str = ""
    url: str = ""
    valid_from: datetime | None = None
    valid_until: datetime | None = None

    def listing(self, issuer: str, domain: str | None = None) -> Listing | None:
        """What the list says about this issuer, by its own identifier first; None when nothing."""
        found = self.issuers.get(issuer)
        return found if found is not None or domain is None else self.issuers.get(domain.lower())


@dataclass(frozen=True, slots=True)
class UnopenedList:
    """A list that was chosen and could not be opened: nobody is on it and nobody is missing from it."""

    name: str
    code: str
    message: str


def is_signed(data: bytes) -> bool:
    """Whether these are the bytes of a list that is a credential, so that somebody has to vouch for it."""
    if data[:1] != b"{":
        return data[:3] == b"eyJ"
    document = parse_json(data)
    return "proof" in document or not {"VerifiableCredential", "EnvelopedVerifiableCredential"}.isdisjoint(
        types_of(document)
    )


def open_list(data: bytes, verify: Callable[[bytes], Mapping[str, Any]], *, name: str) -> TrustList:
    """Read a list in any of its forms; ``name`` is what people call it if it does not say so itself.

    A signed one goes through ``verify`` first, which returns the verified document or raises.
    """
    _refuse_large(data)
    data = data.strip(b" \t\r\n")
    if is_signed(data):
        return of_verified(verify(data), name=name)
    return read_list(data, name=name)


def read_list(data: bytes, *, name: str) -> TrustList:
    """Read a list that nobody has signed: the caller vouches for it by choosing the file."""
    _refuse_large(data)
    if data[:1] == b"[":
        # The strict parser reads objects, so the array is made a member of one, and must stay the only one.
        wrapped = parse_json(b'{"issuers":' + data + b"}")
        if wrapped.keys() != {"issuers"} or not isinstance(wrapped["issuers"], list):
            raise MalformedError("trust-list", "This is not one JSON array.")
        return TrustList(name, _issuers(_of_array(wrapped["issuers"])))
    if data[:1] != b"{":
        return TrustList(name, _issuers(_of_csv(data)))
    document = parse_json(data)
    if document.get("type") == "CairnTrustList":
        return _own_form(document, name)
    if isinstance(document.get("registry"), dict):
        return TrustList(name, _issuers(_of_registry(document["registry"])))
    raise MalformedError("trust-list", "This is not a list of issuers in a form that we know.")


def of_verified(document: Mapping[str, Any], *, name: str) -> TrustList:
    """A list out of a verified credential whose subjects are Profiles of the recognised issuers.

    Every word in it is one that the contexts of Open Badges 3.0 define, so any securing mechanism covers it.
    """
    subjects = as_list(document.get("credentialSubject"))
    # In an SD-JWT VC "issuer" is anybody's word: who has signed is its ``iss``.
    if "vct" in document or not all("Profile" in types_of(subject) for subject in subjects):
        raise MalformedError("trust-list", "The subjects of a signed list are the Profiles of its issuers.")
    publisher = document.get("issuer")
    named = publisher.get("name") if isinstance(publisher, Mapping) else None
    own_name = document.get("name")
    return TrustList(
        own_name if isinstance(own_name, str) and own_name else name,
        _issuers(_of_array(subjects)),
        publisher=named if isinstance(named, str) else "",
        publisher_id=issuer_id(document) or "",
        # Its own dates have been judged when it was opened, and are asked again whenever it is used.
        valid_from=_moment(document.get("validFrom"), "validFrom"),
        valid_until=_moment(document.get("validUntil"), "validUntil"),
    )


def _refuse_large(data: bytes) -> None:
    if len(data) > MAX_LIST:
        raise MalformedError("limit-size", f"The list has {len(data):,} bytes; we read {MAX_LIST:,}.")


# --- the forms

_Entry = tuple[str, Listing]

_OWN_MEMBERS: Final = frozenset(
    {"type", "version", "name", "publisher", "url", "validFrom", "validUntil", "issuers"}
)
_ISSUER_MEMBERS: Final = frozenset({"id", "domain", "name", "since", "until", "recognisedFor", "accredits"})


def _own_form(document: Mapping[str, Any], name: str) -> TrustList:
    # A member that we do not know may be a limit with a spelling mistake, so it is not passed over.
    unknown = sorted(document.keys() - _OWN_MEMBERS)
    if unknown or document.get("version") != 1 or not isinstance(document.get("issuers"), list):
        told = f"; it does not know {', '.join(unknown)}" if unknown else ""
        raise MalformedError("trust-list", f"A CairnTrustList is of version 1 and lists its 'issuers'{told}.")
    publisher = document.get("publisher", {})
    if isinstance(publisher, str):
        publisher = {"name": publisher}
    if not isinstance(publisher, dict) or publisher.keys() - {"id", "name"}:
        raise MalformedError("trust-list", "'publisher' of a list is a name, or an object with id and name.")
    return TrustList(
        _text(document, "name") or name,
        _issuers([_own_entry(entry) for entry in document["issuers"]]),
        publisher=_text(publisher, "name"),
        publisher_id=_text(publisher, "id"),
        url=_text(document, "url"),
        valid_from=_moment(document.get("validFrom"), "validFrom"),
        valid_until=_moment(document.get("validUntil"), "validUntil", end_of_day=True),
    )


def _own_entry(entry: Any) -> _Entry:
    if not isinstance(entry, dict):
        raise MalformedError("trust-list-entry", "An entry of a CairnTrustList is an object.")
    unknown = sorted(entry.keys() - _ISSUER_MEMBERS)
    if unknown or ("id" in entry) is ("domain" in entry):
        told = f"; it does not know {', '.join(unknown)}" if unknown else ""
        raise MalformedError("trust-list-entry", f"An entry of a list has an 'id' or a 'domain'{told}.")
    recognised_for = entry.get("recognisedFor", [])
    accredits = entry.get("accredits", False)
    if not isinstance(recognised_for, list) or type(accredits) is not bool:
        raise MalformedError(
            "trust-list-entry", "'recognisedFor' is a list of texts and 'accredits' is true or false."
        )
    return (
        _identifier(entry["id"]) if "id" in entry else _domain(entry["domain"]),
        Listing(
            _text(entry, "name"),
            _moment(entry.get("since"), "since"),
            _moment(entry.get("until"), "until", end_of_day=True),
            _recognised_for(recognised_for),
            accredits,
        ),
    )


def _of_registry(registry: Mapping[str, Any]) -> list[_Entry]:
    """DCC: name, location and url beside each DID. Nothing proves the url to be theirs."""
    found = []
    for did, entry in registry.items():
        if not isinstance(entry, dict):
            raise MalformedError("trust-list-entry", "An entry of a registry is an object.")
        found.append((_identifier(did), Listing(_text(entry, "name"))))
    return found


def _of_array(entries: Sequence[Any]) -> list[_Entry]:
    """Identifiers, as OpenID Federation lists them (§8.2), or Profiles of Open Badges."""
    found = []
    for entry in entries:
        if isinstance(entry, str):
            found.append((_identifier(entry), Listing()))
        elif isinstance(entry, dict):
            found.append((_identifier(entry.get("id")), Listing(_text(entry, "name"))))
        else:
            raise MalformedError("trust-list-entry", "An entry of a list is an identifier or a Profile.")
    return found


_COLUMNS: Final = frozenset({"issuer", "name", "since", "until", "recognised_for", "accredits"})


def _of_csv(data: bytes) -> list[_Entry]:
    """Rows under a header; several values in one field are divided by ``;`` (B117)."""
    try:
        text = data.decode("utf-8-sig")  # spreadsheets put a byte order mark in front
    except UnicodeDecodeError as error:
        raise MalformedError("trust-list", "The list is neither JSON nor a CSV file in UTF-8.") from error
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip().lower() for name in next(rows, [])]
        if "issuer" not in header or not _COLUMNS.issuperset(header) or len(set(header)) != len(header):
            told = ", ".join(sorted(_COLUMNS))
            raise MalformedError("trust-list", f"The first line of a CSV list names its columns, of: {told}.")
        found = []
        for row in rows:
            if not row:
                continue
            if len(row) != len(header):
                raise MalformedError("trust-list-entry", f"Line {rows.line_num} has {len(row)} fields.")
            found.append(_csv_entry(dict(zip(header, (each.strip() for each in row), strict=True))))
    except csv.Error as error:
        raise MalformedError(
            "trust-list", f"Line {rows.line_num} of the list is not CSV: {error}."
        ) from error
    return found


def _csv_entry(row: Mapping[str, str]) -> _Entry:
    issuer = row["issuer"]
    accredits = row.get("accredits", "").lower()
    if accredits not in ("", "yes", "no"):
        raise MalformedError("trust-list-entry", f"'accredits' of {issuer[:80]!r} is not yes or no.")
    parts = row.get("recognised_for", "").split(";")
    return (
        _identifier(issuer) if issuer.startswith(_SCHEMES) else _domain(issuer),
        Listing(
            _text(row, "name"),
            _moment(row.get("since") or None, "since"),
            _moment(row.get("until") or None, "until", end_of_day=True),
            _recognised_for([each for part in parts if (each := part.strip())]),
            accredits == "yes",
        ),
    )


# --- their values


def _issuers(entries: Sequence[_Entry]) -> Mapping[str, Listing]:
    """Nobody stands on one list twice: two entries could say two things, and one would silently win."""
    if len(entries) > MAX_ISSUERS:
        raise MalformedError("limit-count", f"The list has more than {MAX_ISSUERS:,} issuers.")
    found: dict[str, Listing] = {}
    for key, listing in entries:
        if key in found:
            raise MalformedError("trust-list-entry", f"{key} is on the list twice.")
        found[key] = listing
    return MappingProxyType(found)


_SCHEMES: Final = ("did:", "https://", "http://", "urn:")


def _identifier(value: Any) -> str:
    if not is_identifier(value) or not str(value).startswith(_SCHEMES):
        raise MalformedError("trust-list-entry", f"{str(value)[:80]!r} is not the identifier of an issuer.")
    return str(value)


# A host as people write it, with the port if it has one of its own. No wildcards: who may have a subdomain is
# the business of whoever owns the domain. Internationalised names have look-alikes (B93, B130), so they are
# listed in their ASCII form, where one can see which is which.
_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(
    rf"(?=.{{1,253}}(?::|$))(?:{_LABEL}\.)*(?=[a-z]){_LABEL}(?::[1-9][0-9]{{0,4}})?", re.ASCII
)


def _domain(value: Any) -> str:
    text = value.lower() if isinstance(value, str) else ""
    if _DOMAIN.fullmatch(text) is None:
        raise MalformedError("trust-list-entry", f"{str(value)[:80]!r} is not a domain or an identifier.")
    return text


def _text(holder: Mapping[str, Any], member: str) -> str:
    value = holder.get(member, "")
    if not isinstance(value, str) or len(value) > _MAX_TEXT:
        raise MalformedError("trust-list-entry", f"{member!r} is a text of at most {_MAX_TEXT} characters.")
    return value


def _recognised_for(values: Sequence[Any]) -> tuple[str, ...]:
    if len(values) > _MAX_RECOGNISED_FOR:
        raise MalformedError(
            "limit-count", f"An issuer is recognised for more than {_MAX_RECOGNISED_FOR} things."
        )
    if not all(isinstance(value, str) and 0 < len(value) <= _MAX_TEXT for value in values):
        raise MalformedError("trust-list-entry", "'recognisedFor' has kinds or ids of achievements, as text.")
    return tuple(values)


_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _moment(value: Any, member: str, *, end_of_day: bool = False) -> datetime | None:
    """A date and time with a zone, or a whole day in UTC, which ends with its last second."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise MalformedError("trust-list-entry", f"{member!r} is a date.")
    if _DAY.fullmatch(value) is None:
        return parse_datetime(value)
    day = parse_datetime(f"{value}T00:00:00Z").astimezone(UTC)
    return day + timedelta(days=1) - timedelta(seconds=1) if end_of_day else day
