# SPDX-License-Identifier: Apache-2.0
"""Other hosts of credentials, as a learner's client (Open Badges 3.0 API): connect, fetch, send, disconnect.

Every address here was chosen by a stranger: all of them are visited through the guard of ``cairn.fetch``, and
a token goes to the one address it is for, never along a redirect. Nothing is asked for inside a transaction.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import quote, urlencode

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cairn.canonical import Limits, parse_json
from cairn.errors import CairnError, UnavailableError
from cairn.reading import TOKEN
from cairn_server.errors import NotVisible, Refusal
from cairn_server.journal import services as journal
from cairn_server.organisations.names import has_hidden_characters
from cairn_server.portability.models import LONGEST_URL, Connection, Host
from cairn_server.portability.scopes import OB3, OFFLINE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from cairn.fetch import Heard
    from cairn_server.accounts.models import Person
    from cairn_server.portability.sealing import Vault
    from cairn_server.wallets.models import HeldCredential

DISCOVERY: Final = "/ims/ob/v3p0/discovery"
SCOPE: Final = f"{OB3}credential.readonly {OB3}credential.upsert {OFFLINE}"
# A service description, a registration, tokens.
SMALL: Final = 256 * 1024
# A page of credentials; and one that is answered when it was sent.
LARGE: Final = 8 * 1024 * 1024
PAGE: Final = Limits(size=LARGE, depth=40, count=200_000)
AT_ONCE: Final = 25
ANSWER_WAITS: Final = timedelta(minutes=15)
ERRAND_LASTS: Final = timedelta(minutes=2)
LONGEST_TOKEN: Final = 8_000
_NEXT = re.compile(r""";\s*rel="?next"?\s*(?:[;,]|$)""", re.ASCII)
_JSON: Final = {"Accept": "application/json", "Accept-Encoding": "identity"}
_FORM: Final = {**_JSON, "Content-Type": "application/x-www-form-urlencoded"}


class Asker(Protocol):
    """The one way to other hosts."""

    def require_visitable(self, url: str) -> None: ...

    def ask(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes = b"", limit: int
    ) -> Heard: ...


class NoHost(Refusal):
    """There is no host of credentials at that address, or not one that we can talk to."""

    status = 422
    field = "address"

    def __init__(self) -> None:
        super().__init__(
            "no-host", _("We found no wallet at this address that lets other sites in (Open Badges 3.0).")
        )


class HostRefused(Refusal):
    """The other host does not do what was asked."""

    status = 409

    def __init__(self) -> None:
        super().__init__("host-refused", _("The other site did not agree. Connect it again."))


class HostBusy(Refusal):
    status = 409

    def __init__(self) -> None:
        super().__init__("host-busy", _("Something is going on with that site just now. Try in a moment."))


@dataclass(frozen=True)
class Means:
    """What every errand needs: the way out, what opens secrets, who we are, and where answers come to."""

    asker: Asker
    vault: Vault
    # What this server says about itself when it registers, but for the redirect address.
    about_us: Mapping[str, str]
    # function(host's public_id) → the address that the host sends the learner back to
    callback: Callable[[str], str]


# Connecting


@dataclass(frozen=True, slots=True)
class Described:
    base: str
    name: str
    registration_url: str
    authorization_url: str
    token_url: str
    revocation_url: str


def begin(address: str, *, by: Person, means: Means, at: datetime) -> tuple[Connection, str]:
    """Find the host, introduce ourselves if it does not know us, and say where the learner goes to agree."""
    described = discover(address, asker=means.asker)
    host = _known_host(described, means=means, at=at)
    state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")
    with transaction.atomic():
        connection, _new = Connection.objects.select_for_update().get_or_create(
            person=by, host=host, defaults={"created_at": at}
        )
        connection.state_sha256 = sha256(state.encode()).hexdigest()
        connection.code_verifier = means.vault.seal(verifier, of=_place(connection, "verifier"))
        connection.asked_until = at + ANSWER_WAITS
        connection.save()
    query = urlencode(
        {
            "response_type": "code",
            "client_id": host.client_id,
            "redirect_uri": means.callback(host.public_id),
            "scope": SCOPE,
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
    )
    separator = "&" if "?" in host.authorization_url else "?"
    return connection, f"{host.authorization_url}{separator}{query}"


def discover(address: str, *, asker: Asker) -> Described:
    """Read the service description of a host (OB 3.0, "Service Discovery")."""
    where = address.strip().rstrip("/")
    if "://" not in where:
        where = f"https://{where}"
    if not where.endswith(DISCOVERY):
        where = where.removesuffix("/ims/ob/v3p0") + DISCOVERY
    base = where.removesuffix("/discovery")
    try:
        told = _told(asker.ask("GET", where, headers=_JSON, limit=SMALL), 200)
        scheme = told["components"]["securitySchemes"]["OAuth2ACG"]
        flow = scheme["flows"]["authorizationCode"]
        info = told.get("info") or {}
        found = Described(
            base=base,
            # The text has them in one place and its example in another.
            name=_plain(info.get("x-imssf-name") or scheme.get("x-imssf-name") or info.get("title")),
            registration_url=_url(scheme["x-imssf-registrationUrl"]),
            authorization_url=_url(flow["authorizationUrl"]),
            token_url=_url(flow["tokenUrl"]),
            revocation_url=_url(flow.get("x-imssf-revocationUrl") or ""),
        )
        for each in (found.registration_url, found.authorization_url, found.token_url):
            # The learner's own browser is sent to the second: it is judged like the others.
            asker.require_visitable(each)
        if found.revocation_url:
            asker.require_visitable(found.revocation_url)
    except (KeyError, TypeError, AttributeError, CairnError, Refusal) as error:
        # One answer for every reason, so that nobody can map a network with it (B98).
        raise NoHost from error
    if len(base) > 500:
        raise NoHost
    return found


def _known_host(described: Described, *, means: Means, at: datetime) -> Host:
    found = Host.objects.filter(base=described.base).first()
    addresses = {
        "name": described.name,
        "authorization_url": described.authorization_url,
        "token_url": described.token_url,
        "revocation_url": described.revocation_url,
    }
    if found is not None and found.registration_url == described.registration_url:
        of = f"host|{found.public_id}|secret"
        if means.vault.open(found.client_secret, of=of) is not None:
            Host.objects.filter(pk=found.pk).update(**addresses)
            found.refresh_from_db()
            return found
    made = Host(base=described.base) if found is None else found
    client_id, secret = _register(described, redirect=means.callback(made.public_id), means=means)
    values = {
        **addresses,
        "registration_url": described.registration_url,
        "client_id": client_id,
        "client_secret": means.vault.seal(secret, of=f"host|{made.public_id}|secret"),
        "registered_at": at,
    }
    with transaction.atomic():
        # Of two who are the first at once, one's introduction counts; it is the same server both times.
        host, _new = Host.objects.get_or_create(
            base=described.base, defaults={"public_id": made.public_id, **values}
        )
        if host.public_id == made.public_id:
            Host.objects.filter(pk=host.pk).update(**values)
            host.refresh_from_db()
    return host


def _register(described: Described, *, redirect: str, means: Means) -> tuple[str, str]:
    said = {
        **means.about_us,
        "redirect_uris": [redirect],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "client_secret_basic",
        "scope": SCOPE,
    }
    heard = means.asker.ask(
        "POST",
        described.registration_url,
        headers={**_JSON, "Content-Type": "application/json"},
        body=json.dumps(said).encode(),
        limit=SMALL,
    )
    try:
        told = _told(heard, 200, 201)
        return _secret(told["client_id"], 500), _secret(told["client_secret"])
    except (KeyError, CairnError) as error:
        raise NoHost from error


def finish(host_id: str, *, by: Person, state: str, code: str, means: Means, at: datetime) -> Connection:
    """The learner has agreed there and is back: what they bring becomes tokens, once (B154)."""
    digest = sha256(state.encode()).hexdigest()
    with transaction.atomic():
        connection = (
            Connection.objects.select_for_update(of=("self",))
            .select_related("host")
            .filter(person=by, host__public_id=host_id, state_sha256=digest, asked_until__gt=at)
            .first()
        )
        if connection is None or not state:
            raise NotVisible
        verifier = means.vault.open(connection.code_verifier, of=_place(connection, "verifier"))
        connection.state_sha256, connection.code_verifier, connection.asked_until = "", None, None
        connection.save()
    if not code or verifier is None:
        raise HostRefused
    fields = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": means.callback(host_id),
        "code_verifier": verifier,
        "scope": SCOPE,
    }
    told = _tokens(connection.host, fields, means=means)
    with transaction.atomic():
        _keep_tokens(connection, told, means=means, at=at)
        connection.connected_at, connection.fetched = at, 0
        connection.save()
        journal.record(
            verb="host connected",
            by=by,
            organisation_id=None,
            object=connection,
            details={"host": connection.host.netloc},
            at=at,
        )
    return connection


def disconnect(connection: Connection, *, by: Person, means: Means, at: datetime) -> None:
    """Forget the tokens, and tell the host that they are over, if it listens."""
    _own(connection, by)
    token = means.vault.open(connection.refresh_token, of=_place(connection, "refresh")) or means.vault.open(
        connection.access_token, of=_place(connection, "access")
    )
    host = connection.host
    with transaction.atomic():
        journal.record(
            verb="host disconnected",
            by=by,
            organisation_id=None,
            object=connection,
            details={"host": host.netloc},
            at=at,
        )
        connection.delete()
    if token is None or not host.revocation_url:
        return
    fields = {"token": token, "token_type_hint": "refresh_token"}
    try:
        _form(host, host.revocation_url, fields, means=means)
    except (UnavailableError, HostRefused):
        return  # here it is over in any case; there it ends by itself


# Errands


@dataclass(frozen=True, slots=True)
class Fetched:
    """One page of what the host has, as it wrote it; judged by whoever keeps it."""

    credentials: list[bytes]
    has_more: bool


def fetch(connection: Connection, *, by: Person, means: Means, at: datetime) -> Fetched:
    """The next credentials from where the last errand ended; after the end, from the beginning."""
    with _errand(connection, by, at=at):
        query = urlencode({"limit": AT_ONCE, "offset": connection.fetched})
        heard = _with_token(
            connection, "GET", f"{connection.host.base}/credentials?{query}", means=means, at=at, limit=LARGE
        )
        if heard.status != 200:
            raise HostRefused
        found = _credentials_in(heard.body)
        # Its own addresses of further pages are not followed: where a token goes is not for it to say.
        has_more = bool(found) and _NEXT.search(heard.headers.get("link", "")) is not None
        connection.fetched = connection.fetched + len(found) if has_more else 0
        Connection.objects.filter(pk=connection.pk).update(fetched=connection.fetched, last_used_at=at)
    return Fetched(found, has_more)


def send(connection: Connection, held: HeldCredential, *, by: Person, means: Means, at: datetime) -> bool:
    """Give the host a credential, as it was signed. True when it is new there, False when it had it."""
    if held.person_id != by.pk:
        raise NotVisible
    kind = "text/plain" if held.format == TOKEN else "application/json"
    with _errand(connection, by, at=at):
        heard = _with_token(
            connection,
            "POST",
            f"{connection.host.base}/credentials",
            means=means,
            at=at,
            limit=LARGE,
            kind=kind,
            body=held.for_others,
        )
        Connection.objects.filter(pk=connection.pk).update(last_used_at=at)
    if heard.status not in (200, 201, 202, 304):
        raise HostRefused
    with transaction.atomic():
        journal.record(
            verb="credential sent to a host",
            by=by,
            organisation_id=None,
            object=held,
            details={"host": connection.host.netloc, "sha256": held.sha256},
            at=at,
        )
    return heard.status != 304


@contextmanager
def _errand(connection: Connection, by: Person, *, at: datetime) -> Iterator[None]:
    """One at a time, so that no refresh token is used twice at once; whoever crashes holds it for a while."""
    _own(connection, by)
    free = Q(busy_until=None) | Q(busy_until__lt=at)
    claimed = Connection.objects.filter(free, pk=connection.pk).update(busy_until=at + ERRAND_LASTS)
    if not claimed:
        raise HostBusy
    try:
        connection.refresh_from_db()
        yield
    finally:
        Connection.objects.filter(pk=connection.pk).update(busy_until=None)


def _own(connection: Connection, by: Person) -> None:
    if connection.person_id != by.pk:
        raise NotVisible


def _with_token(
    connection: Connection,
    method: str,
    url: str,
    *,
    means: Means,
    at: datetime,
    limit: int,
    kind: str = "",
    body: bytes = b"",
) -> Heard:
    """Ask with the access token; with a new one when it is over, or when the host says that it is."""
    if connection.connected_at is None:
        raise HostRefused
    is_fresh = connection.expires_at is not None and at < connection.expires_at
    for attempt in range(2):
        token = means.vault.open(connection.access_token, of=_place(connection, "access"))
        if token is None or not is_fresh:
            token, is_fresh = _refreshed(connection, means=means, at=at), True
        headers = {**_JSON, "Authorization": f"Bearer {token}", **({"Content-Type": kind} if kind else {})}
        heard = means.asker.ask(method, url, headers=headers, body=body, limit=limit)
        if heard.status != 401:
            return heard
        is_fresh = False
        if attempt:
            break
    raise HostRefused


def _refreshed(connection: Connection, *, means: Means, at: datetime) -> str:
    refresh = means.vault.open(connection.refresh_token, of=_place(connection, "refresh"))
    if refresh is None:
        raise HostRefused
    fields = {"grant_type": "refresh_token", "refresh_token": refresh}
    told = _tokens(connection.host, fields, means=means)
    token = _keep_tokens(connection, told, means=means, at=at)
    connection.save()
    return token


def _tokens(host: Host, fields: Mapping[str, str], *, means: Means) -> dict[str, Any]:
    heard = _form(host, host.token_url, fields, means=means)
    try:
        told = _told(heard, 200)
        _secret(told["access_token"])
    except (KeyError, CairnError) as error:
        raise HostRefused from error
    if str(told.get("token_type", "")).lower() != "bearer":
        raise HostRefused
    return told


def _keep_tokens(connection: Connection, told: Mapping[str, Any], *, means: Means, at: datetime) -> str:
    token = _secret(told["access_token"])
    lives = told.get("expires_in")
    seconds = lives if isinstance(lives, int) and not isinstance(lives, bool) and 0 < lives < 10**8 else 3600
    connection.access_token = means.vault.seal(token, of=_place(connection, "access"))
    # A little earlier, for clocks that differ.
    connection.expires_at = at + timedelta(seconds=max(1, seconds - 30))
    if told.get("refresh_token"):
        refresh = _secret(told["refresh_token"])
        connection.refresh_token = means.vault.seal(refresh, of=_place(connection, "refresh"))
    connection.scope = str(told.get("scope") or SCOPE)[:LONGEST_URL]
    if connection.connected_at is None:
        connection.connected_at = at
    return token


def _form(host: Host, url: str, fields: Mapping[str, str], *, means: Means) -> Heard:
    secret = means.vault.open(host.client_secret, of=f"host|{host.public_id}|secret")
    if secret is None:
        raise HostRefused
    # RFC 6749 section 2.3.1: each half is encoded like a form's field before the colon goes between.
    pair = f"{quote(host.client_id, safe='')}:{quote(secret, safe='')}"
    headers = {**_FORM, "Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
    return means.asker.ask("POST", url, headers=headers, body=urlencode(fields).encode(), limit=SMALL)


# Reading what a host says


def _told(heard: Heard, *statuses: int) -> dict[str, Any]:
    if heard.status not in statuses:
        raise HostRefused
    told = parse_json(heard.body)
    if not isinstance(told, dict):
        raise HostRefused
    return told


def _url(text: object) -> str:
    if not isinstance(text, str) or len(text) > LONGEST_URL:
        raise NoHost
    return text


def _plain(text: object) -> str:
    """What a host calls itself, as one line; nothing where it is not one."""
    name = " ".join(text.split())[:200] if isinstance(text, str) else ""
    return "" if has_hidden_characters(name) else name


def _secret(text: object, most: int = LONGEST_TOKEN) -> str:
    if (
        not isinstance(text, str)
        or not 1 <= len(text) <= most
        or not text.isascii()
        or not text.isprintable()
    ):
        raise HostRefused
    return text


def _credentials_in(body: bytes) -> list[bytes]:
    """Each credential of a page, as the host wrote it: what was signed is not read and written again.

    The model has ``compactJwsString``, an example in the text ``compactJwsStrings`` (section 3.6).
    """
    try:
        # Judged as a whole first: after this its depth and its size are such that the rest cannot go wrong.
        told = parse_json(body, limits=PAGE)
    except CairnError as error:
        raise HostRefused from error
    if not isinstance(told, dict):
        raise HostRefused
    lists = [told.get(name) for name in ("compactJwsString", "compactJwsStrings")]
    tokens = [
        each.encode()
        for listed in lists
        for each in (listed if isinstance(listed, list) else ())
        if isinstance(each, str) and each.isascii()
    ]
    return _elements(body.decode(), "credential") + tokens


def _elements(text: str, wanted: str) -> list[bytes]:
    """The elements of the list under this name of an object that is known to be JSON, byte for byte."""
    decoder, blanks = json.JSONDecoder(), " \t\r\n"

    def past(at: int) -> int:
        while text[at] in blanks:
            at += 1
        return at

    at = past(past(0) + 1)
    while text[at] != "}":
        name, at = decoder.raw_decode(text, at)
        at = past(past(at) + 1)
        if name == wanted and text[at] == "[":
            return _of_list(text, at, decoder, past)
        _value, at = decoder.raw_decode(text, at)
        at = past(at)
        if text[at] == ",":
            at = past(at + 1)
    return []


def _of_list(text: str, at: int, decoder: json.JSONDecoder, past: Callable[[int], int]) -> list[bytes]:
    found: list[bytes] = []
    at = past(at + 1)
    while text[at] != "]":
        _value, end = decoder.raw_decode(text, at)
        found.append(text[at:end].encode())
        at = past(end)
        if text[at] == ",":
            at = past(at + 1)
    return found


def _place(connection: Connection, what: str) -> str:
    return f"connection|{connection.public_id}|{what}"
