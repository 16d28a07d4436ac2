# SPDX-License-Identifier: Apache-2.0
"""The only network code: what a stranger's credential makes us ask for, asked for safely.

Whoever hands in a credential chooses the addresses that we then visit, so every address is an attack until
shown otherwise (B89-B101). The order is fixed: the text of the URL is judged by our own grammar, the name is
resolved once, every address that comes back is judged by our own table, and the connection goes to exactly
that address while TLS still checks the name. A redirect starts again at the top. Bytes and seconds are
counted over the whole errand. The caller learns one of two codes and always the same sentence: what is open
or closed inside our network is nobody's business (B98).
"""

from __future__ import annotations

import http.client
import io
import ipaddress
import re
import socket
import ssl
import threading
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast
from urllib.parse import urljoin

from cairn.canonical import parse_json
from cairn.did import HOST_LABEL
from cairn.errors import MalformedError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_Answer = TypeVar("_Answer")

_MAX_REDIRECTS: Final = 3
_MAX_ADDRESSES: Final = 16
_SENTENCE: Final = "The address could not be read."


@dataclass(frozen=True, slots=True)
class Url:
    """An http(s) URL in the one spelling that we accept."""

    scheme: str
    host: str
    port: int
    target: str  # path and query, as they stand in the request line

    @classmethod
    def parse(cls, text: str) -> Url:
        """Read a URL; whatever two parsers could read differently is refused (B93, B95).

        No user part, no fragment, no backslash, no control character or space, nothing outside ASCII, and a
        host in lower case: with them the check and the connection could mean different hosts.
        """
        match = _URL.fullmatch(text) if len(text) <= _MAX_URL else None
        if match is None:
            raise MalformedError("url", f"{text[:100]!r} is not a plain http or https URL")
        scheme, host, port, path, query = match.groups()
        number = int(port or _DEFAULT_PORTS[scheme])
        if number > 65535 or (port and number == _DEFAULT_PORTS[scheme]):
            raise MalformedError("url", "a URL has a port up to 65535, and only if it is not the usual one")
        return cls(scheme, host, number, (path or "/") + (query or ""))

    @property
    def origin(self) -> str:
        """Scheme, host and port, the last always written out."""
        return f"{self.scheme}://{self.host}:{self.port}"

    @property
    def netloc(self) -> str:
        """Host and port as the Host header has them (RFC 9110 §7.2)."""
        return self.host if self.port == _DEFAULT_PORTS[self.scheme] else f"{self.host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.netloc}{self.target}"


_MAX_URL: Final = 2048
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_CHARACTER: Final = r"[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2}"
# One repetition over single characters: a repetition inside a repetition would take exponential time to find
# out that a long query ends in something else.
_URL = re.compile(
    rf"(https?)://((?:{HOST_LABEL}\.)*{HOST_LABEL}|\[[0-9a-f:.]{{2,45}}\])(?::([1-9][0-9]{{0,4}}))?"
    rf"(/(?:{_CHARACTER})*)?(\?(?:{_CHARACTER}|\?)*)?",
    re.ASCII,
)
# A name of the public DNS has a dot, and a last label that no resolver takes for a part of an IPv4 address.
_PUBLIC_NAME = re.compile(r"(?:[a-z0-9-]+\.)+[a-z][a-z0-9-]*", re.ASCII)

# The special-purpose registries of IANA (RFC 6890). Not ``is_global``, which calls 64:ff9b::7f00:1 global.
_DENIED_V4: Final = tuple(
    map(
        ipaddress.IPv4Network,
        (
            "0.0.0.0/8",  # this network
            "10.0.0.0/8",  # private
            "100.64.0.0/10",  # shared by carriers (CGNAT)
            "127.0.0.0/8",  # loopback
            "169.254.0.0/16",  # link-local, and the metadata services of clouds
            "172.16.0.0/12",  # private
            "192.0.0.0/24",  # protocol assignments
            "192.0.2.0/24",  # documentation
            "192.31.196.0/24",  # AS112
            "192.52.193.0/24",  # AMT
            "192.88.99.0/24",  # 6to4 relays
            "192.168.0.0/16",  # private
            "192.175.48.0/24",  # AS112
            "198.18.0.0/15",  # benchmarks
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, and broadcast
        ),
    )
)
_GLOBAL_V6: Final = ipaddress.IPv6Network("2000::/3")
_DENIED_V6: Final = tuple(
    map(
        ipaddress.IPv6Network,
        (
            "2001::/23",  # protocol assignments: Teredo, benchmarks, ORCHID
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4, which would lead to any IPv4 address (deprecated by RFC 7526)
            "2620:4f:8000::/48",  # AS112
            "3fff::/20",  # documentation
        ),
    )
)
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")


def is_public(address: str) -> bool:
    """Whether a resolved address lies in the public internet, judged by what it finally leads to (B90)."""
    if "%" in address:
        return False  # a zone ("fe80::1%eth0") is a matter of this machine's own links
    try:
        parsed: _Address = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is None and parsed not in _NAT64:
            return parsed in _GLOBAL_V6 and not any(parsed in network for network in _DENIED_V6)
        # IPv4-mapped and NAT64 addresses carry the real one in their last four bytes.
        parsed = ipaddress.IPv4Address(parsed.packed[-4:])
    return not any(parsed in network for network in _DENIED_V4)


def resolve_name(host: str, port: int) -> list[str]:
    """Every address of a name, as the operating system sees it."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


def dial_address(address: str, port: int, timeout: float) -> socket.socket:
    """A TCP connection to a literal address: nothing is resolved any more."""
    return socket.create_connection((address, port), timeout)


@cache
def _default_tls() -> ssl.SSLContext:
    # Reading the system's authorities takes longer than most visits, so it is done once.
    return ssl.create_default_context()


class _Guarded:
    """Connections to https addresses that strangers chose.

    ``allow`` holds exact origins ("http://127.0.0.1:8000") for which http, other ports and private addresses
    are right: our own server, a test. ``resolve``, ``dial`` and ``tls`` exist so that tests need no patching.
    """

    def __init__(
        self,
        *,
        allow: frozenset[str] = frozenset(),
        timeout: float = 10.0,
        resolve: Callable[[str, int], Sequence[str]] = resolve_name,
        dial: Callable[[str, int, float], socket.socket] = dial_address,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._allow = frozenset(Url.parse(origin).origin for origin in allow)
        self._timeout = timeout
        self._resolve = resolve
        self._dial = dial
        self._tls = tls or _default_tls()

    def _admit(self, text: str) -> Url:
        """The URL, if by its text alone it may be visited (B89, B92-B95)."""
        try:
            url = Url.parse(text)
        except MalformedError as error:
            raise UnavailableError("fetch-blocked", _SENTENCE) from error
        if url.origin in self._allow:
            return url
        if url.scheme != "https" or url.port != 443 or not _PUBLIC_NAME.fullmatch(url.host):
            raise UnavailableError("fetch-blocked", _SENTENCE)
        return url

    def _addresses(self, url: Url, deadline: _Deadline) -> Sequence[str]:
        """Resolve once; one bad address among good ones blocks all of them (B91)."""
        host = url.host.strip("[]")
        addresses = _within(deadline, lambda: self._resolve(host, url.port))
        if not addresses:
            raise OSError("the name has no address")
        if url.origin not in self._allow and not all(map(is_public, addresses)):
            raise UnavailableError("fetch-blocked", _SENTENCE)
        return addresses[:_MAX_ADDRESSES]

    def _connect(self, url: Url, deadline: _Deadline) -> socket.socket:
        failure = OSError("no address")
        for address in self._addresses(url, deadline):
            try:
                connection = self._dial(address, url.port, deadline.left())
            except OSError as error:
                failure = error
                continue
            if url.scheme == "http":
                return connection
            # The certificate has to be that of the name, although the name is not asked for again.
            connection.settimeout(deadline.left())
            try:
                return self._tls.wrap_socket(connection, server_hostname=url.host.strip("[]"))
            except BaseException:
                connection.close()
                raise
        raise failure


class HttpSources(_Guarded):
    """Sources over https, for addresses that strangers chose."""

    def fetch(self, url: str, *, accept: str, limit: int) -> bytes:
        """The body of the answer 200, at most ``limit`` bytes; otherwise ``UnavailableError``.

        Its code is ``fetch-blocked`` when the address is one that we do not visit, ``unreachable`` when the
        visit failed. The sentence is always the same; the cause is chained for the operator's log.
        """
        deadline = _Deadline(self._timeout)
        try:
            for _ in range(1 + _MAX_REDIRECTS):
                answer = self._visit(self._admit(url), accept, limit, deadline)
                if isinstance(answer, bytes):
                    return answer
                url = answer.url
            raise http.client.HTTPException("too many redirects")
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise UnavailableError("unreachable", _SENTENCE) from error

    def _visit(self, url: Url, accept: str, limit: int, deadline: _Deadline) -> bytes | _Redirect:
        # The whole request: no cookie, no referrer, nothing that tells who is checking what (B88). Nothing
        # here reads the environment, so no proxy can slip in between us and the judged address (B100).
        request = (
            f"GET {url.target} HTTP/1.1\r\nHost: {url.netloc}\r\nAccept: {accept}\r\n"
            "Accept-Encoding: identity\r\nUser-Agent: opencairn\r\nConnection: close\r\n\r\n"
        )
        with self._connect(url, deadline) as connection:
            connection.settimeout(deadline.left())
            connection.sendall(request.encode("ascii"))
            return _read_answer(_TimedSocket(connection, deadline), url, limit)


@dataclass(frozen=True, slots=True)
class Answered:
    """What is heard of an answer to a message: never its body (B103)."""

    status: int
    retry_after: str = ""


class HttpPoster(_Guarded):
    """Messages to https addresses that strangers chose, behind the same guard (B101)."""

    def require_visitable(self, url: str) -> None:
        """Refuse an address that its text alone rules out; where its name leads is judged with each visit."""
        self._admit(url)

    def post(self, url: str, *, body: bytes, headers: Mapping[str, str]) -> Answered:
        """The status of the answer, whatever it is; ``UnavailableError`` as for ``HttpSources.fetch``.

        A redirect is an answer like any other, and nothing is sent where it leads.
        """
        deadline = _Deadline(self._timeout)
        try:
            return self._hand_in(self._admit(url), body, headers, deadline)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise UnavailableError("unreachable", _SENTENCE) from error

    def _hand_in(self, url: Url, body: bytes, headers: Mapping[str, str], deadline: _Deadline) -> Answered:
        message = _message("POST", url, body, headers)
        with self._connect(url, deadline) as connection:
            response = _send(connection, message, "POST", deadline)
            return Answered(response.status, response.getheader("Retry-After", ""))


@dataclass(frozen=True, slots=True)
class Heard:
    """An answer to a question: its status, its headers by their names in lower case, and its body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class HttpAsker(_Guarded):
    """Talks to an API on an https address that somebody chose, behind the same guard.

    What is said may be a secret, so it goes to the one address that was asked for: a redirect is an answer
    like any other, and nothing is sent where it leads (B92).
    """

    def require_visitable(self, url: str) -> None:
        """Refuse an address that its text alone rules out; where its name leads is judged with each visit."""
        self._admit(url)

    def ask(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes = b"", limit: int
    ) -> Heard:
        """The answer, whatever its status, with at most ``limit`` bytes; ``UnavailableError`` without one."""
        deadline = _Deadline(self._timeout)
        try:
            visited = self._admit(url)
            message = _message(method, visited, body, headers)
            with self._connect(visited, deadline) as connection:
                response = _send(connection, message, method, deadline)
                return Heard(
                    response.status,
                    {name.lower(): value for name, value in response.getheaders()},
                    _read_body(response, limit),
                )
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise UnavailableError("unreachable", _SENTENCE) from error


def _message(method: str, url: Url, body: bytes, headers: Mapping[str, str]) -> bytes:
    lines = [
        f"{method} {url.target} HTTP/1.1",
        f"Host: {url.netloc}",
        f"Content-Length: {len(body)}",
        "User-Agent: opencairn",
        "Connection: close",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    if not all(map(_HEADER_LINE.fullmatch, lines)):
        raise ValueError("a header is one line of ASCII")
    return "\r\n".join(lines).encode("ascii") + b"\r\n\r\n" + body


def _send(
    connection: socket.socket, message: bytes, method: str, deadline: _Deadline
) -> http.client.HTTPResponse:
    """The answer up to its body."""
    connection.settimeout(deadline.left())
    connection.sendall(message)
    response = http.client.HTTPResponse(
        cast("socket.socket", _TimedSocket(connection, deadline)), method=method
    )
    response.begin()
    return response


_HEADER_LINE = re.compile(r"[ -~]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Redirect:
    url: str


def _read_answer(connection: _TimedSocket, url: Url, limit: int) -> bytes | _Redirect:
    response = http.client.HTTPResponse(cast("socket.socket", connection), method="GET")
    response.begin()
    if response.status in (301, 302, 303, 307, 308):
        location = response.getheader("Location", "")
        # Judged before it is joined: urljoin drops tabs and line feeds without a word.
        if not _VISIBLE.fullmatch(location):
            raise ValueError("a redirect leads nowhere")
        return _Redirect(urljoin(str(url), location).partition("#")[0])
    if response.status == 410:
        # The one refusal that says something: so hosts of old badges take them back.
        raise UnavailableError("gone", _SENTENCE)
    if response.status != 200:
        raise http.client.HTTPException(f"status {response.status}")
    return _read_body(response, limit)


def _read_body(response: http.client.HTTPResponse, limit: int) -> bytes:
    # We asked for no compression: what comes compressed could grow without bound.
    if response.getheader("Content-Encoding", "identity").lower() != "identity":
        raise http.client.HTTPException("the answer is compressed")
    body = bytearray()
    while chunk := response.read(min(_CHUNK, limit + 1 - len(body))):
        body += chunk
        if len(body) > limit:
            raise http.client.HTTPException("the answer is too large")
    if response.length:
        raise http.client.IncompleteRead(bytes(body), response.length)
    return bytes(body)


_VISIBLE = re.compile(r"[!-~]{1,2048}", re.ASCII)
_CHUNK: Final = 65_536


class _Deadline:
    """One clock for the whole errand, so that many short waits do not add up (B84, B96)."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """The seconds left, never zero; raises when there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("the errand took too long")
        return left


class _TimedSocket(io.RawIOBase):
    """A socket's bytes under the deadline: a byte a second runs into it as surely as no byte at all."""

    def __init__(self, connection: socket.socket, deadline: _Deadline) -> None:
        self._connection = connection
        self._deadline = deadline

    def makefile(self, _mode: str) -> io.BufferedReader:
        """All of a socket that ``HTTPResponse`` asks for."""
        return io.BufferedReader(self)

    def readable(self) -> bool:
        """Yes: this is what makes a buffered reader possible."""
        return True

    def readinto(self, buffer: Any) -> int:
        """One read, waiting no longer than the errand has left."""
        self._connection.settimeout(self._deadline.left())
        return self._connection.recv_into(buffer)


def _within(deadline: _Deadline, ask: Callable[[], _Answer]) -> _Answer:
    """The answer, if it comes in time: the system's resolver knows no timeout of ours.

    The thread of a resolver that does not answer is left behind; the resolver's own timeout ends it.
    """
    answers: list[_Answer | BaseException] = []

    def run() -> None:
        try:
            answers.append(ask())
        except BaseException as error:  # noqa: BLE001 - raised again below, in the thread that asked
            answers.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(deadline.left())
    if not answers:
        raise TimeoutError("the name was not resolved in time")
    [answer] = answers
    if isinstance(answer, BaseException):
        raise answer
    return answer


class FolderSources:
    """Sources from a folder, for judging offline: ``index.json`` maps each URL to a file beside it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._index = parse_json((path / "index.json").read_bytes())

    def fetch(self, url: str, *, accept: str, limit: int) -> bytes:
        """The kept answer of ``url``; ``UnavailableError`` if there is none of at most ``limit`` bytes."""
        name = self._index.get(url)
        # A plain name: an index from somebody else must not read files elsewhere on this machine.
        if not isinstance(name, str) or not name or Path(name).name != name:
            raise UnavailableError("unreachable", _SENTENCE)
        try:
            with (self._path / name).open("rb") as file:
                body = file.read(limit + 1)
        except OSError as error:
            raise UnavailableError("unreachable", _SENTENCE) from error
        if len(body) > limit:
            raise UnavailableError("unreachable", _SENTENCE)
        return body
