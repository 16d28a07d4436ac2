# SPDX-License-Identifier: Apache-2.0
"""Fetching for strangers: which addresses are never visited, and what a hostile server can do to us.

The servers are real ones on loopback. Where an address has to look public, a dialler made for the test takes
the call and connects to loopback instead; a call that it never gets is a connection that was never tried.
"""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import json
import socket
import ssl
import threading
import time
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from cairn.errors import CairnError, MalformedError, UnavailableError
from cairn.fetch import (
    Answered,
    FolderSources,
    Heard,
    HttpAsker,
    HttpPoster,
    HttpSources,
    Url,
    is_public,
    resolve_name,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Answer = Callable[[socket.socket, bytes], None]

PUBLIC = "93.184.215.14"
NAME = "badges.example"
ACCEPT = "application/json"


class Server:
    """A TCP server on loopback that hears one request per connection and answers as the test says."""

    def __init__(self, answer: Answer, tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self._answer = answer
        self._tls = tls
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            with connection, contextlib.suppress(OSError):
                connection.settimeout(1)
                self._talk(connection)

    def _talk(self, connection: socket.socket) -> None:
        speaker = self._tls.wrap_socket(connection, server_side=True) if self._tls else connection
        with speaker:
            request = b""
            while not request.endswith(b"\r\n\r\n"):
                received = speaker.recv(65536)
                if not received:
                    return
                request += received
            self.requests.append(request)
            self._answer(speaker, request)

    def close(self) -> None:
        # Closing alone would leave accept() waiting.
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(6)


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def start(answer: Answer | bytes, tls: ssl.SSLContext | None = None) -> Server:
        reply = (
            (lambda connection, _request: connection.sendall(answer)) if isinstance(answer, bytes) else answer
        )
        servers.append(Server(reply, tls))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def ok(body: bytes, *headers: str) -> bytes:
    lines = ["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def redirect(location: str, status: int = 302) -> bytes:
    return f"HTTP/1.1 {status} Elsewhere\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()


def local(server: Server, **options: float) -> HttpSources:
    """Sources that may visit this one server by plain http."""
    return HttpSources(allow=frozenset({f"http://127.0.0.1:{server.port}"}), **options)


def ask(sources: HttpSources, url: str, limit: int = 1000) -> bytes:
    return sources.fetch(url, accept=ACCEPT, limit=limit)


def refusal_of(sources: HttpSources, url: str, limit: int = 1000) -> str:
    with pytest.raises(UnavailableError) as refusal:
        ask(sources, url, limit)
    assert refusal.value.message == "The address could not be read."
    return refusal.value.code


class World:
    """Names, addresses and connections as the test invents them; remembers who was asked for what."""

    def __init__(self, names: dict[str, list[str]], ports: dict[str, int] | None = None) -> None:
        self.names = names
        self.ports = ports or {}
        self.resolved: list[str] = []
        self.dialled: list[tuple[str, int]] = []

    def resolve(self, host: str, port: int) -> list[str]:
        self.resolved.append(host)
        if host not in self.names:
            raise socket.gaierror("no such name")
        return self.names[host]

    def dial(self, address: str, port: int, timeout: float) -> socket.socket:
        self.dialled.append((address, port))
        if address not in self.ports:
            raise ConnectionRefusedError("nobody there")
        return socket.create_connection(("127.0.0.1", self.ports[address]), timeout)

    def sources(self, **options: object) -> HttpSources:
        return HttpSources(resolve=self.resolve, dial=self.dial, **options)  # type: ignore[arg-type]


class Certificate:
    """A certificate of its own authority: what a server shows and what a client has to trust."""

    def __init__(self, folder: Path, name: str = NAME, *, days: int = 1) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        today = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        alternative: x509.GeneralName = x509.DNSName(name)
        with contextlib.suppress(ValueError):
            alternative = x509.IPAddress(ipaddress.ip_address(name))
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(today - datetime.timedelta(days=10))
            .not_valid_after(today + datetime.timedelta(days=days))
            .add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
        )
        pem = certificate.public_bytes(serialization.Encoding.PEM)
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        path = folder / f"{name}.pem"
        path.write_bytes(pem + private)
        self.server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.server.load_cert_chain(path)
        self.asked_names: list[str | None] = []
        self.server.sni_callback = lambda _socket, name, _context: self.asked_names.append(name)
        self.client = ssl.create_default_context(cadata=pem.decode())


@pytest.fixture
def certificate(tmp_path: Path) -> Certificate:
    return Certificate(tmp_path)


HOSTILE_URLS = [
    "",
    "badges.example",
    "//badges.example/",
    "https:/badges.example/",
    "https:badges.example",
    "https://",
    "https:///path",
    "http://badges.example/",
    "HTTPS://badges.example/",
    "ftp://badges.example/",
    "file:///etc/passwd",
    "gopher://badges.example/",
    "data:application/json,{}",
    "unix:///var/run/docker.sock",
    "jar:https://badges.example/!/",
    "https://localhost/",
    "https://LOCALHOST/",
    "https://metadata/",
    "https://127.0.0.1/",
    "https://127.1/",
    "https://127.0.1/",
    "https://0x7f.1/",
    "https://0x7f000001/",
    "https://2130706433/",
    "https://017700000001/",
    "https://0177.0.0.1/",
    "https://0/",
    "https://0.0.0.0/",
    "https://1.1.1.1/",
    "https://badges.127/",
    "https://badges.0x7f/",
    "https://[::1]/",
    "https://[::]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[fe80::1%25eth0]/",
    "https://[fe80::1%eth0]/",
    "https://[2606:4700::1111]/",
    "https://169.254.169.254/latest/meta-data/",
    "https://badges.example:22/",
    "https://badges.example:25/",
    "https://badges.example:80/",
    "https://badges.example:443/",
    "https://badges.example:5432/",
    "https://badges.example:6379/",
    "https://badges.example:8443/",
    "https://badges.example:0/",
    "https://badges.example:00443/",
    "https://badges.example:65536/",
    "https://badges.example:99999999999/",
    "https://badges.example:-1/",
    "https://badges.example:/",
    "https://badges.example:4٤3/",
    "https://good.example@badges.example/",
    "https://good.example:secret@badges.example/",
    "https://good%40badges.example/",
    "https://127.0.0.1\\@badges.example/",
    "https://badges.example\\.evil.example/",
    "https:\\\\badges.example/",
    "https://badges.example/\\evil",
    "https://badges.example./",
    "https://.badges.example/",
    "https://badges..example/",
    "https://-badges.example/",
    "https://badges-.example/",
    "https://Badges.example/",
    "https://badges.EXAMPLE/",
    "https://bad ges.example/",
    "https://badges.example/a b",
    " https://badges.example/",
    "https://badges.example/ ",
    "https://badges.example/\n",
    "https://badges.example/a\tb",
    "https://badges.example/\r\nHost: evil",
    "https://bad\tges.example/",
    "https://badges\0.example/",
    "https://badges.example/\0",
    "https://badges.example/%",
    "https://badges.example/%4",
    "https://badges.example/%zz",
    "https://badges.example/é",
    "https://badges.example/#fragment",
    "https://badges.example?#",
    "https://bädges.example/",
    "https://xn--bdges-gra.example/",
    "https://xn--80ak6aa92e.com/",
    "https://ехample.com/",
    "https://example。com/",
    "https://example．com/",
    "https://①②⑦.⓪.⓪.①/",
    "https://badges.example/{}",
    'https://badges.example/"',
    "https://badges.example/<script>",
    "https://badges_.example/",
    "https://" + "a" * 64 + ".example/",
    "https://badges.example/" + "a" * 2048,
]


@pytest.mark.parametrize("url", HOSTILE_URLS)
def test_b89_b93_b94_b95_hostile_urls_are_blocked_before_any_name_is_resolved(url: str) -> None:
    world = World({NAME: [PUBLIC]})

    assert refusal_of(world.sources(), url) == "fetch-blocked"
    assert not world.resolved
    assert not world.dialled


HOSTILE_ADDRESSES = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.8",
    "192.0.0.170",
    "192.0.2.1",
    "192.31.196.1",
    "192.52.193.1",
    "192.88.99.1",
    "192.168.0.1",
    "192.175.48.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::2",
    "::127.0.0.1",
    "::8.8.8.8",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::10.0.0.1",
    "64:ff9b::169.254.169.254",
    "64:ff9b:1::7f00:1",
    "64:ff9b:1::808:808",
    "100::1",
    "2001::1",
    "2001:0:7f00:1::1",
    "2001:2::1",
    "2001:10::1",
    "2001:20::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "2002:808:808::1",
    "2620:4f:8000::1",
    "3fff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "2606:4700::1111%1",
    "fec0::1",
    "ff02::1",
    "",
    "localhost",
    "1",
    "127.1",
    "0x7f.0.0.1",
    "0177.0.0.1",
    "93.184.215.14 ",
]


@pytest.mark.parametrize("address", HOSTILE_ADDRESSES)
def test_b90_b91_a_name_that_leads_to_such_an_address_is_blocked_without_a_connection(address: str) -> None:
    world = World({NAME: [address], "mixed.example": [PUBLIC, address], "other.example": [address, PUBLIC]})

    assert not is_public(address)
    for host in world.names:
        assert refusal_of(world.sources(), f"https://{host}/did.json") == "fetch-blocked"
    assert not world.dialled


@pytest.mark.parametrize(
    "address",
    [
        PUBLIC,
        "1.1.1.1",
        "8.8.8.8",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.0",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "2606:4700:4700::1111",
        "2001:4860:4860::8888",
        "2a00:1450:4001::1",
        "::ffff:8.8.8.8",
        "64:ff9b::8.8.8.8",
    ],
)
def test_public_addresses_are_visited(address: str) -> None:
    world = World({NAME: [address]})

    assert is_public(address)
    assert refusal_of(world.sources(), f"https://{NAME}/") == "unreachable"
    assert world.dialled == [(address, 443)]


def test_b91_a_name_is_resolved_once_and_the_judged_address_is_the_dialled_one(
    serve: Callable[..., Server], certificate: Certificate
) -> None:
    server = serve(ok(b"{}"), certificate.server)
    answers = iter([[PUBLIC], ["127.0.0.1"]])
    world = World({}, {PUBLIC: server.port})
    world.resolve = lambda host, port: next(answers)  # type: ignore[method-assign]

    assert ask(world.sources(tls=certificate.client), f"https://{NAME}/a?b=c") == b"{}"
    assert world.dialled == [(PUBLIC, 443)]
    assert next(answers) == ["127.0.0.1"]  # nobody has asked a second time


def test_b88_the_request_says_nothing_but_what_is_wanted(
    serve: Callable[..., Server], certificate: Certificate
) -> None:
    server = serve(ok(b"{}", "Set-Cookie: id=1"), certificate.server)
    sources = World({NAME: [PUBLIC]}, {PUBLIC: server.port}).sources(tls=certificate.client)

    for _ in range(2):
        assert ask(sources, f"https://{NAME}/s/1?timestamp=a%20b") == b"{}"

    expected = (
        b"GET /s/1?timestamp=a%20b HTTP/1.1\r\nHost: badges.example\r\nAccept: application/json\r\n"
        b"Accept-Encoding: identity\r\nUser-Agent: opencairn\r\nConnection: close\r\n\r\n"
    )
    assert server.requests == [expected, expected]
    assert certificate.asked_names == [NAME, NAME]


def test_b96_a_certificate_must_be_trusted_current_and_of_that_name(
    serve: Callable[..., Server], tmp_path: Path
) -> None:
    good, wrong, late = (
        Certificate(tmp_path),
        Certificate(tmp_path, "other.example"),
        Certificate(tmp_path, days=-1),
    )

    def verdict(shown: Certificate, tls: ssl.SSLContext | None) -> str:
        server = serve(ok(b"{}"), shown.server)
        sources = World({NAME: [PUBLIC]}, {PUBLIC: server.port}).sources(tls=tls)
        try:
            ask(sources, f"https://{NAME}/")
        except UnavailableError as error:
            assert not server.requests
            return error.code
        return "read"

    assert verdict(good, good.client) == "read"
    assert verdict(good, None) == "unreachable"
    assert verdict(wrong, wrong.client) == "unreachable"
    assert verdict(late, late.client) == "unreachable"


def test_b96_a_server_without_tls_gets_no_request(serve: Callable[..., Server]) -> None:
    server = serve(ok(b"{}"))

    assert (
        refusal_of(World({NAME: [PUBLIC]}, {PUBLIC: server.port}).sources(), f"https://{NAME}/")
        == "unreachable"
    )
    assert not any(request.startswith(b"GET") for request in server.requests)


def test_the_next_address_is_tried_when_one_does_not_answer(
    serve: Callable[..., Server], certificate: Certificate
) -> None:
    server = serve(ok(b"{}"), certificate.server)
    world = World({NAME: ["2606:4700::1", PUBLIC]}, {PUBLIC: server.port})

    assert ask(world.sources(tls=certificate.client), f"https://{NAME}/") == b"{}"
    assert world.dialled == [("2606:4700::1", 443), (PUBLIC, 443)]


def test_a_name_that_nobody_knows_or_without_addresses_is_unreachable() -> None:
    world = World({"empty.example": []})

    assert refusal_of(world.sources(), "https://empty.example/") == "unreachable"
    assert refusal_of(world.sources(), "https://unknown.example/") == "unreachable"
    assert not world.dialled


def test_f18_a_resolver_that_hangs_does_not_hang_us() -> None:
    released = threading.Event()
    world = World({})
    world.resolve = lambda host, port: released.wait(20) and []  # type: ignore[method-assign]
    started = time.monotonic()

    assert refusal_of(world.sources(timeout=0.3), f"https://{NAME}/") == "unreachable"
    assert time.monotonic() - started < 5
    released.set()


@pytest.mark.parametrize(
    "location",
    [
        "http://badges.example/",
        "https://127.0.0.1/",
        "https://inside.example/",
        "https://badges.example:8443/",
        "//127.0.0.1/",
        "//inside.example/",
        "file:///etc/passwd",
        "https://good.example@badges.example/",
        "https://badges.example/\\@evil.example",
    ],
)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_b92_every_redirect_is_judged_anew(
    serve: Callable[..., Server], certificate: Certificate, location: str, status: int
) -> None:
    server = serve(redirect(location, status), certificate.server)
    world = World({NAME: [PUBLIC], "inside.example": ["10.0.0.1"]}, {PUBLIC: server.port})

    assert refusal_of(world.sources(tls=certificate.client), f"https://{NAME}/") == "fetch-blocked"
    assert world.dialled == [(PUBLIC, 443)]


@pytest.mark.parametrize("location", ["", "/a\tb", "/a b", "/\x01", "/é", "x" * 3000])
def test_b93_a_redirect_that_is_no_url_leads_nowhere(serve: Callable[..., Server], location: str) -> None:
    server = serve(redirect(location))

    assert refusal_of(local(server), f"http://127.0.0.1:{server.port}/") == "unreachable"
    assert server.connections == 1


def test_b92_three_redirects_are_followed_and_a_fourth_is_not(serve: Callable[..., Server]) -> None:
    def answer(connection: socket.socket, request: bytes) -> None:
        left = int(request.split(b"/")[1].split()[0])
        connection.sendall(ok(b"there") if left == 0 else redirect(f"/{left - 1}#fragment"))

    server = serve(answer)
    sources = local(server)

    assert ask(sources, f"http://127.0.0.1:{server.port}/3") == b"there"
    assert server.connections == 4
    assert refusal_of(sources, f"http://127.0.0.1:{server.port}/4") == "unreachable"
    assert server.connections == 8


def test_b92_a_cookie_does_not_travel_along_a_redirect(serve: Callable[..., Server]) -> None:
    def answer(connection: socket.socket, request: bytes) -> None:
        if b"GET /a " in request:
            connection.sendall(redirect("/b").replace(b"\r\n\r\n", b"\r\nSet-Cookie: id=1\r\n\r\n"))
            return
        connection.sendall(ok(b"{}"))

    server = serve(answer)

    assert ask(local(server), f"http://127.0.0.1:{server.port}/a") == b"{}"
    assert not any(word in server.requests[1].lower() for word in (b"cookie", b"referer"))


def test_an_allowed_origin_is_one_exact_origin(serve: Callable[..., Server]) -> None:
    server, other = serve(ok(b"{}")), serve(ok(b"{}"))
    sources = local(server)

    assert ask(sources, f"http://127.0.0.1:{server.port}/") == b"{}"
    for url in (
        f"http://127.0.0.1:{other.port}/",
        f"http://localhost:{server.port}/",
        f"https://127.0.0.1:{server.port}/",
        f"http://127.0.0.1:{server.port}@evil.example/",
        "http://127.0.0.1/",
    ):
        assert refusal_of(sources, url) == "fetch-blocked"
    assert other.connections == 0


def test_b92_an_allowed_origin_cannot_send_us_to_its_neighbour(serve: Callable[..., Server]) -> None:
    other = serve(ok(b"{}"))
    server = serve(redirect(f"http://127.0.0.1:{other.port}/"))

    assert refusal_of(local(server), f"http://127.0.0.1:{server.port}/") == "fetch-blocked"
    assert other.connections == 0


def test_an_allowed_origin_by_https(serve: Callable[..., Server], tmp_path: Path) -> None:
    certificate = Certificate(tmp_path, "127.0.0.1")
    server = serve(ok(b"{}"), certificate.server)
    origin = f"https://127.0.0.1:{server.port}"

    assert ask(HttpSources(allow=frozenset({origin}), tls=certificate.client), f"{origin}/") == b"{}"


@pytest.mark.parametrize(
    "origin", ["127.0.0.1:80", "http://127.0.0.1:8000#x", "ftp://a.example", "http://a b"]
)
def test_an_allowed_origin_that_is_none_is_refused_at_once(origin: str) -> None:
    with pytest.raises(MalformedError):
        HttpSources(allow=frozenset({origin}))


def test_b100_proxies_of_the_environment_are_ignored(
    serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy, server = serve(ok(b"proxy")), serve(ok(b"direct"))
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")

    assert ask(local(server), f"http://127.0.0.1:{server.port}/") == b"direct"
    assert proxy.connections == 0


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 206 Partial Content\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 304 Not Modified\r\n\r\n",
        b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 500 Oops\r\nContent-Length: 2\r\n\r\n{}",
        ok(b"{}", "Content-Encoding: gzip"),
        ok(b"{}", "Content-Encoding: br"),
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 1000 + b"\r\n{}",
        b"HTTP/1.1 200 OK\r\nA: " + b"b" * 100_000 + b"\r\n\r\n{}",
        b"HTTP/1.1 abc OK\r\n\r\n{}",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"+OK\r\n",
        b"\0" * 100,
        b"",
    ],
)
def test_b84_b96_an_answer_that_is_not_one_whole_plain_200_is_not_read(
    serve: Callable[..., Server], answer: bytes
) -> None:
    server = serve(answer)

    assert refusal_of(local(server), f"http://127.0.0.1:{server.port}/") == "unreachable"


@pytest.mark.parametrize(
    "frame",
    [
        lambda body: ok(body),
        lambda body: b"HTTP/1.1 200 OK\r\n\r\n" + body,
        lambda body: (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
        ),
        lambda body: b"HTTP/1.1 100 Continue\r\n\r\n" + ok(body),
    ],
    ids=["length", "until closed", "chunked", "continued"],
)
def test_b96_a_body_is_read_up_to_the_limit_and_no_further(
    serve: Callable[..., Server], frame: Answer
) -> None:
    exact, over = serve(frame(b"x" * 1000)), serve(frame(b"x" * 1001))  # type: ignore[call-arg, arg-type]

    assert ask(local(exact), f"http://127.0.0.1:{exact.port}/", 1000) == b"x" * 1000
    assert refusal_of(local(over), f"http://127.0.0.1:{over.port}/", 1000) == "unreachable"


def test_b96_an_endless_body_is_left(serve: Callable[..., Server]) -> None:
    sent = []

    def answer(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(bytes(65536))
            sent.append(65536)

    server = serve(answer)

    assert refusal_of(local(server), f"http://127.0.0.1:{server.port}/", 100_000) == "unreachable"
    assert sum(sent) < 20_000_000


def drip(head: bytes, drop: bytes) -> Answer:
    def answer(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(head)
        for _ in range(30):
            time.sleep(0.05)
            connection.sendall(drop)

    return answer


@pytest.mark.parametrize(
    "answer",
    [
        drip(b"", b"H"),
        drip(b"HTTP/1.1 200 OK\r\n", b"A: b\r\n"),
        drip(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n", b"x"),
        drip(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        drip(b"", b""),
    ],
    ids=["status line", "headers", "body", "chunks", "continue", "silence"],
)
def test_b84_a_drip_ends_at_the_deadline(serve: Callable[..., Server], answer: Answer) -> None:
    server = serve(answer)
    started = time.monotonic()

    assert refusal_of(local(server, timeout=0.4), f"http://127.0.0.1:{server.port}/") == "unreachable"
    assert 0.3 < time.monotonic() - started < 3


def test_an_address_that_is_gone_for_good_is_told_from_one_that_cannot_be_reached(
    serve: Callable[..., Server],
) -> None:
    """So hosts of old badges take them back. Nothing else that an address refuses with means anything."""
    for status, code in ((410, "gone"), (404, "unreachable"), (403, "unreachable"), (500, "unreachable")):
        server = serve(f"HTTP/1.1 {status} No\r\nContent-Length: 2\r\n\r\n{{}}".encode())

        assert refusal_of(local(server), f"http://127.0.0.1:{server.port}/") == code


def test_b84_redirects_share_one_deadline(serve: Callable[..., Server]) -> None:
    def answer(connection: socket.socket, _request: bytes) -> None:
        time.sleep(0.3)
        connection.sendall(redirect("/again"))

    server = serve(answer)
    started = time.monotonic()

    assert refusal_of(local(server, timeout=0.5), f"http://127.0.0.1:{server.port}/") == "unreachable"
    assert time.monotonic() - started < 0.9


def test_b84_once_the_time_is_up_nobody_is_called(serve: Callable[..., Server]) -> None:
    server = serve(ok(b"{}"))

    assert refusal_of(local(server, timeout=0), f"http://127.0.0.1:{server.port}/") == "unreachable"
    assert server.connections == 0


def test_b84_a_server_that_never_finishes_the_handshake_is_left(serve: Callable[..., Server]) -> None:
    server = serve(ok(b"{}"))  # it waits for a request and says nothing to a TLS greeting
    started = time.monotonic()
    sources = World({NAME: [PUBLIC]}, {PUBLIC: server.port}).sources(timeout=0.4)

    assert refusal_of(sources, f"https://{NAME}/") == "unreachable"
    assert time.monotonic() - started < 3


def test_the_operating_systems_resolver_gives_every_address_once() -> None:
    assert resolve_name("127.0.0.1", 443) == ["127.0.0.1"]
    assert resolve_name("::1", 443) == ["::1"]


@pytest.mark.parametrize(
    ("text", "origin", "target"),
    [
        ("https://a.example", "https://a.example:443", "/"),
        ("https://a.example/", "https://a.example:443", "/"),
        ("https://a.example?x=1", "https://a.example:443", "/?x=1"),
        ("http://localhost:8000/i/1/did.json?a=b?c", "http://localhost:8000", "/i/1/did.json?a=b?c"),
        ("http://[::1]:8000/~a/%C3%A9;b=(1)", "http://[::1]:8000", "/~a/%C3%A9;b=(1)"),
    ],
)
def test_a_url_is_taken_apart_in_one_way(text: str, origin: str, target: str) -> None:
    url = Url.parse(text)

    assert (url.origin, url.target) == (origin, target)
    assert Url.parse(str(url)) == url


@pytest.mark.parametrize("long", ["?" + "a" * 2_000, "/" + "a" * 2_000, "?" + "%41" * 600, "/" + "a?" * 900])
def test_b93_a_long_address_that_is_none_is_refused_at_once(long: str) -> None:
    """It ends in what no address holds, so every way to read the rest is tried (found by fuzzing)."""
    started = time.process_time()

    for ending in ("[", "#", "<", "%", "\n"):
        with pytest.raises(MalformedError):
            Url.parse(f"https://a.example{long}{ending}")

    assert time.process_time() - started < 1


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    inside = tmp_path / "kept"
    inside.mkdir()
    (tmp_path / "secret").write_bytes(b"secret")
    (inside / "did.json").write_bytes(b"{}")
    index = {
        "https://a.example/did.json": "did.json",
        "https://a.example/up": "../secret",
        "https://a.example/absolute": str(tmp_path / "secret"),
        "https://a.example/dots": "..",
        "https://a.example/missing": "missing.json",
        "https://a.example/empty": "",
        "https://a.example/number": 1,
    }
    (inside / "index.json").write_text(json.dumps(index))
    return inside


def test_a_folder_answers_what_it_keeps(folder: Path) -> None:
    sources = FolderSources(folder)

    assert sources.fetch("https://a.example/did.json", accept=ACCEPT, limit=2) == b"{}"
    with pytest.raises(UnavailableError):
        sources.fetch("https://a.example/did.json", accept=ACCEPT, limit=1)


@pytest.mark.parametrize("path", ["unknown", "up", "absolute", "dots", "missing", "empty", "number"])
def test_a_folder_answers_nothing_from_elsewhere(folder: Path, path: str) -> None:
    with pytest.raises(UnavailableError) as refusal:
        FolderSources(folder).fetch(f"https://a.example/{path}", accept=ACCEPT, limit=100)

    assert refusal.value.code == "unreachable"


def test_a_folder_without_an_index_says_so(tmp_path: Path) -> None:
    with pytest.raises((CairnError, OSError)):
        FolderSources(tmp_path)


# Messages to strangers' addresses


class Listener:
    """An HTTP server on loopback that takes one message per connection, body and all."""

    def __init__(self, answer: bytes) -> None:
        self.heard: list[bytes] = []
        self._answer = answer
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                connection.settimeout(2)
                head, body = b"", b""
                while b"\r\n\r\n" not in head:
                    head += connection.recv(65536)
                head, _, body = head.partition(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
                while len(body) < length:
                    body += connection.recv(65536)
                self.heard.append(head + b"\r\n\r\n" + body)
                connection.sendall(self._answer)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(3)


@pytest.fixture
def listen() -> Iterator[Callable[[bytes], Listener]]:
    listeners: list[Listener] = []

    def start(answer: bytes) -> Listener:
        listeners.append(Listener(answer))
        return listeners[-1]

    yield start
    for listener in listeners:
        listener.close()


def test_a_message_is_handed_in_whole_and_its_answer_heard(listen: Callable[[bytes], Listener]) -> None:
    listener = listen(b"HTTP/1.1 429 Slow\r\nRetry-After: 120\r\nContent-Length: 0\r\n\r\n")

    answer = HttpPoster(allow=frozenset({listener.url})).post(
        f"{listener.url}/in?x=1", body=b'{"a":1}', headers={"Content-Type": "application/json"}
    )

    assert answer == Answered(429, "120")
    [heard] = listener.heard
    head, _, body = heard.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /in?x=1 HTTP/1.1\r\nHost: 127.0.0.1:")
    assert b"\r\nContent-Type: application/json" in head
    assert body == b'{"a":1}'


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_message_follows_a_redirect(status: int, listen: Callable[[bytes], Listener]) -> None:
    """B92, B103."""
    second = listen(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    first = listen(redirect(second.url + "/", status))
    poster = HttpPoster(allow=frozenset({first.url, second.url}))

    assert poster.post(f"{first.url}/", body=b"{}", headers={}) == Answered(status)
    assert second.heard == []


def test_the_body_of_an_answer_is_never_waited_for(listen: Callable[[bytes], Listener]) -> None:
    """B103: what is promised and never comes costs nothing."""
    listener = listen(b"HTTP/1.1 200 OK\r\nContent-Length: 10485760\r\n\r\nbeginning")
    begun = time.monotonic()

    answer = HttpPoster(allow=frozenset({listener.url}), timeout=5).post(
        f"{listener.url}/", body=b"{}", headers={}
    )

    assert answer.status == 200
    assert time.monotonic() - begun < 3


@pytest.mark.parametrize(
    ("url", "names"),
    [
        ("http://badges.example/", {}),
        ("https://badges.example:8443/", {}),
        ("https://127.0.0.1/", {}),
        ("https://[::1]/", {}),
        ("https://localhost/", {}),
        ("https://169.254.169.254/latest/meta-data", {}),
        ("https://user@badges.example/", {}),
        ("https://badges.example/", {NAME: ["10.0.0.1"]}),
        ("https://badges.example/", {NAME: [PUBLIC, "127.0.0.1"]}),
        ("https://badges.example/", {NAME: ["::ffff:127.0.0.1"]}),
        ("https://badges.example/", {NAME: ["169.254.169.254"]}),
    ],
)
def test_no_message_goes_into_a_private_network(url: str, names: dict[str, list[str]]) -> None:
    """B89-B95, B101: judged by its text and by where its name leads, and dialled by neither."""
    world = World(names)

    with pytest.raises(UnavailableError) as refusal:
        HttpPoster(resolve=world.resolve, dial=world.dial).post(url, body=b"{}", headers={})

    assert refusal.value.code == "fetch-blocked"
    assert world.dialled == []


def test_where_a_message_may_never_go_is_told_before_there_is_one() -> None:
    """By the text alone: where a name leads is judged when the message goes there."""
    world = World({NAME: ["10.0.0.1"]})
    poster = HttpPoster(resolve=world.resolve, dial=world.dial)

    poster.require_visitable("https://badges.example/hook")
    for url in ("http://badges.example/", "https://badges.example:8443/", "https://127.0.0.1/"):
        with pytest.raises(UnavailableError) as refusal:
            poster.require_visitable(url)
        assert refusal.value.code == "fetch-blocked"
    assert world.dialled == []


def test_a_header_cannot_begin_a_second_line(listen: Callable[[bytes], Listener]) -> None:
    listener = listen(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    with pytest.raises(UnavailableError):
        HttpPoster(allow=frozenset({listener.url})).post(
            f"{listener.url}/", body=b"{}", headers={"webhook-id": "a\r\nHost: elsewhere"}
        )

    assert listener.heard == []


def test_a_message_waits_no_longer_than_it_was_told() -> None:
    """B103: it is taken, and then nothing is said."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        begun = time.monotonic()

        with pytest.raises(UnavailableError) as refusal:
            HttpPoster(allow=frozenset({url}), timeout=0.3).post(f"{url}/", body=b"{}", headers={})

    assert refusal.value.code == "unreachable"
    assert time.monotonic() - begun < 2


# Talking to an API


def test_a_question_is_asked_whole_and_its_answer_read(listen: Callable[[bytes], Listener]) -> None:
    listener = listen(b'HTTP/1.1 201 Made\r\nLink: <x>; rel="next"\r\nContent-Length: 2\r\n\r\n{}')

    heard = HttpAsker(allow=frozenset({listener.url})).ask(
        "POST", f"{listener.url}/in", headers={"Authorization": "Bearer a"}, body=b"said", limit=10
    )

    assert heard == Heard(201, {"link": '<x>; rel="next"', "content-length": "2"}, b"{}")
    [asked] = listener.heard
    head, _, body = asked.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /in HTTP/1.1\r\nHost: 127.0.0.1:")
    assert b"\r\nAuthorization: Bearer a" in head
    assert body == b"said"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_b92_a_token_follows_no_redirect(status: int, listen: Callable[[bytes], Listener]) -> None:
    second = listen(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    first = listen(redirect(second.url + "/", status))
    asker = HttpAsker(allow=frozenset({first.url, second.url}))

    heard = asker.ask("GET", f"{first.url}/", headers={"Authorization": "Bearer a"}, limit=10)

    assert heard.status == status
    assert second.heard == []


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n01234567890",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n0123",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx",
        b"not HTTP\r\n\r\n",
    ],
)
def test_b96_an_answer_that_is_too_large_cut_off_or_packed_is_none(
    answer: bytes, listen: Callable[[bytes], Listener]
) -> None:
    listener = listen(answer)

    with pytest.raises(UnavailableError) as refusal:
        HttpAsker(allow=frozenset({listener.url})).ask("GET", f"{listener.url}/", headers={}, limit=10)

    assert refusal.value.code == "unreachable"


@pytest.mark.parametrize(
    ("url", "names"),
    [
        ("http://badges.example/", {}),
        ("https://badges.example:8443/", {}),
        ("https://127.0.0.1/", {}),
        ("https://badges.example/", {NAME: ["10.0.0.1"]}),
        ("https://badges.example/", {NAME: [PUBLIC, "169.254.169.254"]}),
    ],
)
def test_b101_no_question_goes_into_a_private_network(url: str, names: dict[str, list[str]]) -> None:
    world = World(names)

    with pytest.raises(UnavailableError) as refusal:
        HttpAsker(resolve=world.resolve, dial=world.dial).ask("GET", url, headers={}, limit=10)

    assert refusal.value.code == "fetch-blocked"
    assert world.dialled == []
    if not names:
        with pytest.raises(UnavailableError):
            HttpAsker().require_visitable(url)
