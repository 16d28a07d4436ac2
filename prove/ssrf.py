# SPDX-License-Identifier: Apache-2.0
"""``verify.ssrf``: whatever address a credential names, no packet goes astray (G12, H12, B89-B101).

More than five hundred spellings of addresses that must not be visited, each brought by every feature that
fetches: an issuer's document, keys, metadata, status lists of all kinds, a link, a redirect of a public
server, a document of an older standard, and whatever a check asks for besides. All of it happens in a network
of its own, where every address is here; a packet to any that is not public is a failure, not just an answer.
Where such a network cannot be made, what would have been dialled is counted instead, and that is said.
"""

from __future__ import annotations

import ipaddress
import json
import multiprocessing
import os
import socket
import sys
import threading
from collections import Counter
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from unittest import mock
from urllib.parse import parse_qs, quote, urlsplit

from bench import documents
from cairn import gather, read
from cairn.canonical import to_json
from cairn.errors import CairnError
from cairn.fetch import HttpSources, Url, _Guarded, dial_address, is_public
from cairn.keys import base64url_encode
from prove.campaign import Campaign, Failure
from prove.genuine import AT
from prove.namespace import Canary, enter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from random import Random

FEWEST_SHAPES = 500
REDIRECTOR = "http://redirector.example:8080"
REDIRECTOR_ADDRESS = ("127.99.99.99", 8080)
METADATA_OF = "https://metadata.example"

PUBLIC = "93.184.216.34"
# What the names of this campaign resolve to; the last answer is repeated.
NAMES: dict[str, Sequence[Sequence[str]]] = {
    "redirector.example": [[REDIRECTOR_ADDRESS[0]]],
    "private.example": [["10.0.0.5"]],
    "loopback.example": [["127.0.0.1"]],
    "metadata-service.example": [["169.254.169.254"]],
    "mixed.example": [[PUBLIC, "10.0.0.5"]],
    "mixed-behind.example": [[*[PUBLIC] * 20, "10.0.0.5"]],
    "rebinding.example": [[PUBLIC], ["10.0.0.5"]],
    "always-rebinding.example": [["10.0.0.5"], [PUBLIC], ["10.0.0.5"]],
    "mapped.example": [["::ffff:10.0.0.5"]],
    "nat64.example": [["64:ff9b::a00:5"]],
    "sixtofour.example": [["2002:a00:5::1"]],
    "unique-local.example": [["fd00::5"]],
    "link-local.example": [["fe80::5%lo"]],
    "carrier.example": [["100.64.0.5"]],
    "no-address.example": [[]],
    "not-an-address.example": [["10.0.0.5.example"]],
    "127.0.0.1.nip.example": [["127.0.0.1"]],
    "www.private.example": [["10.0.0.6"]],
    "localhost": [["127.0.0.1", "::1"]],
    "ip6-localhost": [["::1"]],
    "metadata.google.internal": [["169.254.169.254"]],
    "host.docker.internal": [["192.168.65.2"]],
    "kubernetes.default.svc": [["10.96.0.1"]],
    "router": [["192.168.0.1"]],
}
V4 = (
    *("127.0.0.1", "127.1", "127.0.1", "127.255.255.254", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1"),
    *(
        "017700000001",
        "127.0.0.1.",
        "127.000.000.001",
        "0x7F.0x0.0x0.0x1",
        "0.0.0.0",
        "0",
        "10.0.0.1",
        "10.1",
    ),
    *("172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "169.254.43518", "0xa9fea9fe"),
    *("2852039166", "100.64.0.1", "100.127.255.255", "192.0.0.8", "192.0.2.1", "198.18.0.1", "198.51.100.1"),
    *("203.0.113.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.88.99.1", "4294967295", "1.0.0.127."),
)
V6 = (
    *("[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::ffff:0:7f00:1]"),
    *("[0:0:0:0:0:ffff:a00:1]", "[64:ff9b::7f00:1]", "[64:ff9b::127.0.0.1]", "[2002:7f00:1::]", "[fe80::1]"),
    *("[fe80::1%25lo]", "[fe80::1%lo]", "[fd00::1]", "[fc00::1]", "[fec0::1]", "[ff02::1]", "[2001:db8::1]"),
    *("[::127.0.0.1]", "[2001::1]", "[100::1]", "[3fff::1]", "[::1", "::1]", "[[::1]]", "[::1].example"),
)
DISGUISES = (
    *("good.example@127.0.0.1", "good.example:x@127.0.0.1", "127.0.0.1@private.example", "@127.0.0.1"),
    *("127.0.0.1#@good.example", "127.0.0.1?@good.example", "127.0.0.1\\@good.example", "127.0.0.1/@x"),
    *("good.example%40127.0.0.1", "127.0.0.1%00.good.example", "127.0.0.1%2f.good.example", "127.0.0.1;x"),
    *("127.0.0.1\t", "\t127.0.0.1", "127.0.0.1\n", "127.0.0.\n1", "127.0.0.1\r\nHost: x", " 127.0.0.1"),
    *(
        "127.0.0.1 x",
        "１２７.0.0.1",
        "127。0。0。1",
        "ⓛocalhost",
        "loc\u00adalhost",
        "localhost\u200b",
        "ℓocalhost",
    ),
    *(
        "LOCALHOST",
        "LocalHost",
        "Private.Example",
        "private.example.",
        "private..example",
        ".private.example",
    ),
    *("127.0.0.1,good.example", "{127.0.0.1}", "<127.0.0.1>", "'127.0.0.1'", "127.0.0.1|x", "127.0.0.1^x"),
    *("%31%32%37.0.0.1", "127%2e0%2e0%2e1", "%6cocalhost", "127.0.0.1:443:80", "127.0.0.1:", "[127.0.0.1]"),
    *("xn--lcalhost-.example", "-private.example", "private_.example", "a" * 64 + ".private.example"),
)
PORTS = (":443", ":0443", ":22", ":25", ":80", ":6379", ":5432", ":8080", ":0", ":65536", ":+443", ":４４３")
SCHEMES = (
    *("http://", "HTTPS://", "hTTps://", "ftp://", "file://", "gopher://", "dict://", "ldap://", "unix://"),
    *("//", "https:/", "https:", "https:///", "https:\\\\", "https:/\\", "https://https://", "jar:https://"),
    *("http+unix://", "data:text/plain,", "javascript:", "ws://", "blob:https://", "view-source:https://"),
    *(" https://", "\thttps://", "ht\ntps://", "https\x00://"),
)
PATHS = ("", "/", "/latest/meta-data/", "?x=y", "/..;/", "/%2e%2e/", "/a b", "/\u202e", "/#f", "//127.0.0.1/")
FEW_HOSTS = ("127.0.0.1", "10.0.0.1", "169.254.169.254", "[::1]", "localhost", "private.example", "0x7f.1")


def shapes() -> list[str]:
    """All addresses, none of which leads to a public server alone."""
    hosts = (*V4, *V6, *DISGUISES, *NAMES)
    found = [f"https://{host}{path}" for host in hosts if host != "redirector.example" for path in ("/x", "")]
    found += [f"https://{host}{port}/" for host in FEW_HOSTS for port in PORTS]
    found += [f"{scheme}{host}/" for scheme in SCHEMES for host in FEW_HOSTS]
    found += [f"https://{host}{path}" for host in FEW_HOSTS for path in PATHS]
    return list(dict.fromkeys(found))


class Ssrf(Campaign):
    """Every shape by every feature; a ``scale`` below one takes a part of the shapes by chance."""

    name = "verify.ssrf"
    promise = "whatever address a credential names, no packet goes where it should not"

    def attempts(self, random: Random, scale: float) -> Iterator[Failure | None]:
        chosen = shapes()
        if len(chosen) < FEWEST_SHAPES:
            yield Failure(f"there are only {len(chosen)} shapes")
        if scale < 1:
            # Names come first, and always: each of them misleads in a way of its own.
            named = [f"https://{host}/x" for host in NAMES if host != "redirector.example"]
            others = [shape for shape in chosen if shape not in named]
            chosen = [*named, *random.sample(others, max(40, round(len(others) * scale)))]
        reading, writing = multiprocessing.Pipe(duplex=False)
        child = multiprocessing.get_context("fork").Process(target=_visit_all, args=(chosen, writing))
        child.start()
        writing.close()
        try:
            while (told := _next(reading)) != "end":
                yield None if told is None else Failure(told)
                if told == _ENDED_EARLY:
                    break
        finally:
            # The control stops listening at its first failure.
            child.kill()
            child.join()

    @contextmanager
    def broken_build(self) -> Iterator[None]:
        """A guard for which every address is public."""
        with mock.patch("cairn.fetch.is_public", return_value=True):
            yield

    def broken_builds(self) -> Mapping[str, Callable[[], AbstractContextManager[Any]]]:
        def broken(addresses: Any) -> Callable[[], AbstractContextManager[Any]]:
            return lambda: mock.patch.object(_Guarded, "_addresses", addresses)

        return {
            "every address is public": self.broken_build,
            "so is every address of the newer kind": lambda: mock.patch(
                "cairn.fetch.is_public", lambda address: ":" in address or is_public(address)
            ),
            "one good address is enough": lambda: mock.patch("cairn.fetch.all", any, create=True),
            "a name is resolved again": broken(_resolved_again),
            "where a redirect leads is not looked at": broken(_first_alone()),
        }


_ADDRESSES = _Guarded._addresses


def _resolved_again(guarded: _Guarded, url: Url, deadline: Any) -> Sequence[str]:
    """Dials what the name leads to when it is asked once more (B91)."""
    _ADDRESSES(guarded, url, deadline)
    return guarded._resolve(url.host.strip("[]"), url.port)


def _first_alone() -> Callable[[_Guarded, Url, Any], Sequence[str]]:
    """Looks at the first address of an errand and at no other."""
    errands: set[Any] = set()

    def addresses(guarded: _Guarded, url: Url, deadline: Any) -> Sequence[str]:
        if deadline in errands:
            return guarded._resolve(url.host.strip("[]"), url.port)
        errands.add(deadline)
        return _ADDRESSES(guarded, url, deadline)

    return addresses


_ENDED_EARLY = "the visits ended before their end"


def _next(reading: Any) -> str | None:
    try:
        return reading.recv()  # type: ignore[no-any-return]
    except EOFError:
        return _ENDED_EARLY


def _visit_all(chosen: Sequence[str], told: Any) -> None:
    """In a process of its own: enter the network, try everything, tell what was seen."""
    try:
        enter()
        witness: _Packets | _Dialled = _Packets()
    except OSError as error:
        print(
            f"verify.ssrf: {error}. WITHOUT A NETWORK OF ITS OWN the kernel is no witness.", file=sys.stderr
        )
        witness = _Dialled()
    redirector = ThreadingHTTPServer(("127.0.0.1", 0), _Redirector)
    threading.Thread(target=redirector.serve_forever, daemon=True).start()
    asked: Counter[str] = Counter()
    for feature, brought in FEATURES.items():
        for shape in chosen:
            asked[feature] += _brought(feature, brought, shape, witness, redirector.server_port)
            wrong = [target for target in witness.seen() if _is_denied(target)]
            told.send(f"{feature}: {shape!r} led to {wrong}" if wrong else None)
    # A feature that asks for nothing proves nothing.
    for feature in FEATURES:
        told.send(None if asked[feature] else f"{feature}: nothing was asked for, whatever the address")
    # And a witness that sees nothing would be pleased with everything.
    with suppress(OSError):
        witness.dial("10.0.0.77", 443, 1.0).close()
    told.send(
        None if ("10.0.0.77", 443) in witness.seen() else "the witness did not see a packet to 10.0.0.77"
    )
    told.send("end")
    told.close()
    os._exit(0)


class _Packets:
    """The kernel's word: what was really sent."""

    def __init__(self) -> None:
        self._canary = Canary()

    def dial(self, address: str, port: int, timeout: float) -> socket.socket:
        return dial_address(address, port, timeout)

    def seen(self) -> list[tuple[str, int]]:
        return self._canary.seen()


class _Dialled:
    """The second best: what would have been sent."""

    def __init__(self) -> None:
        self._dialled: list[tuple[str, int]] = []

    def dial(self, address: str, port: int, timeout: float) -> socket.socket:
        if (address, port) == REDIRECTOR_ADDRESS:
            return dial_address(address, port, timeout)
        self._dialled.append((address, port))
        raise ConnectionRefusedError(address)

    def seen(self) -> list[tuple[str, int]]:
        found, self._dialled = self._dialled, []
        return found


def _is_denied(target: tuple[str, int]) -> bool:
    """By the standard library's opinion, which is not the one that is tested."""
    address = ipaddress.ip_address(target[0].partition("%")[0])
    return address != ipaddress.ip_address(REDIRECTOR_ADDRESS[0]) and not address.is_global


class _Redirector(BaseHTTPRequestHandler):
    """A public server that sends its visitor on, to wherever the question says."""

    def do_GET(self) -> None:
        target = parse_qs(urlsplit(self.path).query).get("to", [""])[0]
        self.send_response_only(302)
        # As an attacker's server would: bytes as they are.
        self.send_header("Location", target.encode("utf-8", "replace").decode("latin-1"))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Nothing: there is an answer for each of thousands of questions."""


class _Names:
    """Resolving without asking anybody: numbers as the operating system reads them, names by our table."""

    def __init__(self) -> None:
        self._times: Counter[str] = Counter()

    def __call__(self, host: str, port: int) -> list[str]:
        if host in NAMES:
            answers = NAMES[host]
            answer = answers[min(self._times[host], len(answers) - 1)]
            self._times[host] += 1
            return list(answer)
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
        return [str(sockaddr[0]) for *_, sockaddr in found]


class _Asked:
    """Sources that count, and that answer for one public server whose metadata name the shape."""

    def __init__(self, sources: HttpSources, shape: str) -> None:
        self.count = 0
        self._sources = sources
        self._shape = shape

    def fetch(self, url: str, *, accept: str, limit: int) -> bytes:
        if url.startswith(f"{METADATA_OF}/"):
            return to_json({"issuer": METADATA_OF, "jwks_uri": self._shape})
        self.count += 1
        return self._sources.fetch(url, accept=accept, limit=limit)


def _brought(
    feature: str, brought: Callable[[str], bytes | None], shape: str, witness: _Packets | _Dialled, port: int
) -> int:
    """How many addresses were asked for."""

    def dial(address: str, number: int, timeout: float) -> socket.socket:
        if (address, number) == REDIRECTOR_ADDRESS:
            address, number = "127.0.0.1", port
            connection = dial_address(address, number, timeout)
            witness.seen()
            return connection
        return witness.dial(address, number, timeout)

    http = HttpSources(allow=frozenset({REDIRECTOR}), timeout=5.0, resolve=_Names(), dial=dial)
    sources = _Asked(http, shape)
    try:
        data = brought(shape)
        if data is None:
            where = shape if feature == "a link" else f"{REDIRECTOR}/?to={quote(shape)}"
            sources.fetch(where, accept="*/*", limit=10_000)
        else:
            also = (lambda _: (shape,),) if feature == "what a check asks for" else ()
            gather(read(data), sources, at=AT, also=also)
    except CairnError:
        pass  # blocked, or such an address may not even be written there
    return sources.count


# What fetches, and the credential that brings an address to it. None: the address is fetched by itself.


def _document(**members: Any) -> bytes:
    document = _badge("did:web:potters.example")
    proof = {
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-rdfc-2022",
        "created": "2026-11-02T12:00:00Z",
        "verificationMethod": "did:web:potters.example#k",
        "proofPurpose": "assertionMethod",
        "proofValue": "z" + "2" * 88,
    }
    return _as_json({**document, "proof": proof, **members})


def _badge(issuer: str) -> dict[str, Any]:
    """Without a status, so that the only address in it that is asked for is the one that was put there."""
    document = documents.small(1, issuer)
    return {name: value for name, value in document.items() if name != "credentialStatus"}


def _as_json(document: Any) -> bytes:
    try:
        return to_json(document)
    except CairnError:
        return json.dumps(document).encode("utf-8", "replace")


def _token(kind: str, header: dict[str, Any], payload: dict[str, Any], ending: str = "") -> bytes:
    parts = (_as_json({"alg": "EdDSA", "typ": kind, **header}), _as_json(payload), bytes(64))
    return (".".join(map(base64url_encode, parts)) + ending).encode("ascii")


def _status(kind: str) -> Callable[[str], bytes]:
    def brought(url: str) -> bytes:
        entry = {
            "id": f"{url}#1",
            "type": kind,
            "statusPurpose": "revocation",
            "statusListIndex": "1",
            "statusListCredential": url,
        }
        return _document(credentialStatus=entry, issuer="did:key:z6Mk")

    return brought


def _did(method: str) -> Callable[[str], bytes]:
    def brought(url: str) -> bytes:
        host, _, path = url.partition("://")[2].partition("/")
        identifier = ":".join([method, host.replace(":", "%3A"), *filter(None, path.split("/"))])
        return _document(issuer=identifier)

    return brought


def _sd_jwt_vc(**claims: Any) -> bytes:
    payload = {"vct": "https://potters.example/kiln", "iat": 1_793_620_000, **claims}
    return _token("dc+sd-jwt", {"kid": "1"}, payload, "~")


def _everywhere(url: str) -> bytes:
    """In each place where a document of today may name an address, of which most must never be asked."""
    badge = {**documents.large(1, url), "credentialStatus": {"id": url, "type": "1EdTechRevocationList"}}
    named = {"id": url, "type": ["Evidence"], "name": "x"}
    return _document(
        **{
            **badge,
            "evidence": [named],
            "credentialSchema": [{"id": url, "type": "JsonSchema"}],
            "refreshService": [{"id": url, "type": "1EdTechCredentialRefresh", "url": url}],
            "termsOfUse": [{"id": url, "type": "X"}],
            "relatedResource": [{"id": url, "digestSRI": "sha256-x"}],
            "renderMethod": [{"id": url, "type": "X"}],
            "endorsement": [{**badge, "credentialSubject": {"id": url, "type": ["EndorsementSubject"]}}],
        }
    )


FEATURES: dict[str, Callable[[str], bytes | None]] = {
    "a link": lambda _: None,
    "a redirect": lambda _: None,
    "did:web": _did("did:web"),
    "did:webvh": _did("did:webvh:Qmaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
    "an issuer's document": lambda url: _document(issuer={"id": url, "type": ["Profile"]}),
    "an issuer's key": lambda url: _document(
        issuer=url, proof={"type": "DataIntegrityProof", "verificationMethod": f"{url}/key"}
    ),
    "the key sets of a token's issuer": lambda url: _token(
        "vc+jwt", {"kid": url}, {**_badge(url), "iss": url}
    ),
    "where a token says its key is": lambda url: _token(
        "vc+jwt",
        {"kid": url, "jku": url, "x5u": url},
        {**_badge("https://potters.example/i"), "iss": "https://potters.example/i"},
    ),
    "metadata of an SD-JWT VC": lambda url: _sd_jwt_vc(iss=url),
    "key sets that metadata name": lambda url: _sd_jwt_vc(iss=METADATA_OF) if url else None,
    "a token status list": lambda url: _sd_jwt_vc(
        iss="did:key:z6Mk", status={"status_list": {"idx": 1, "uri": url}}
    ),
    "a bitstring status list": _status("BitstringStatusListEntry"),
    "a status list of 2021": _status("StatusList2021Entry"),
    "a list of revocations": lambda url: _document(
        credentialStatus={"id": url, "type": "1EdTechRevocationList"}
    ),
    "every place of a badge": _everywhere,
    "a hosted badge of version 2": lambda url: _as_json(
        {
            "@context": "https://w3id.org/openbadges/v2",
            "type": "Assertion",
            "id": url,
            "badge": url,
            "recipient": {"type": "email", "hashed": False, "identity": "a@potters.example"},
            "verification": {"type": "hosted", "url": url},
            "issuedOn": "2018-01-01T00:00:00Z",
        }
    ),
    "what a check asks for": lambda _: _document(issuer="did:key:z6Mk"),
}
