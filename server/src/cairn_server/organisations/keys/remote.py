# SPDX-License-Identifier: Apache-2.0
"""Keys inside another service, asked over HTTP: a KMS, or a small program in front of one.

The protocol is ours and small, so that a front for any KMS is an afternoon's work
(docs/reference/remote-signer.md):

    POST <url>/keys      {"name", "algorithm"}            → 201 {"key", "version", "public"}
    GET  <url>/keys/<key>?version=<version>               → 200 {"key", "version", "public"}
    POST <url>/sign      {"key", "version", "inputs"}     → 200 {"key", "version", "signatures"}
    POST <url>/destroy   {"key", "version"}               → 204, also when there is none (any more)

``public`` is a multikey, inputs and signatures are base64url. Both sides know each other: this one by the
certificate's authority, the other by a token or a client certificate. What comes back is signed with our key,
or it is nothing: the signer verifies every signature against the public key in its own table.
"""

from __future__ import annotations

import http.client
import ssl
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

from cairn.canonical import parse_json, to_json
from cairn.errors import CairnError
from cairn.keys import Algorithm, PublicKey, base64url_decode, base64url_encode
from cairn_server.organisations.keys.orders import Made
from cairn_server.organisations.keys.refusals import KeyUnavailable, SignerUnavailable

if TYPE_CHECKING:
    from cairn_server.organisations.keys.orders import Making
    from cairn_server.organisations.models import SigningKey

MOST_ANSWER = 1024 * 1024
INPUTS_AT_ONCE = 100
# Too much asked, busy, starting, a proxy without its server: all of that passes.
LATER = frozenset({408, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True, repr=False)
class Server:
    """Where it is, and how the two know each other."""

    url: str
    token: str = ""
    authority: str = ""  # a file with the certificates that its own must come from; else the system's
    certificate: str = ""
    key: str = ""
    seconds: int = 10
    _context: list[ssl.SSLContext] = field(default_factory=list, init=False, compare=False)

    def __post_init__(self) -> None:
        address = urlsplit(self.url)
        if address.scheme != "https" and not (address.scheme == "http" and _is_loopback(address.hostname)):
            raise KeyUnavailable("key-custody", "REMOTE_SIGNER_URL must begin with https://")
        if not self.token and not self.certificate:
            raise KeyUnavailable(
                "key-custody", "the custody remote needs REMOTE_SIGNER_TOKEN or REMOTE_SIGNER_CERT"
            )

    def __repr__(self) -> str:
        return f"Server({self.url})"

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
        """Its answer, whatever it is; ``SignerUnavailable`` when there is none now."""
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        connection = self._connection()
        try:
            connection.request(
                method, urlsplit(self.url).path.rstrip("/") + path, to_json(body) if body else None, headers
            )
            answer = connection.getresponse()
            text = answer.read(MOST_ANSWER + 1)
        except ssl.SSLCertVerificationError as error:
            raise SignerUnavailable(f"{self.url} is not who it should be: {error.verify_message}") from error
        except (OSError, http.client.HTTPException) as error:
            raise SignerUnavailable(f"{self.url} does not answer: {error!r}") from error
        finally:
            connection.close()
        if answer.status in LATER:
            raise SignerUnavailable(f"{self.url} answers {answer.status}")
        try:
            found = parse_json(text) if text and len(text) <= MOST_ANSWER else {}
        except CairnError as error:
            raise SignerUnavailable(f"{self.url} answers something that is no JSON") from error
        return answer.status, found if isinstance(found, dict) else {}

    def _connection(self) -> http.client.HTTPConnection:
        address = urlsplit(self.url)
        host = address.hostname or ""
        if address.scheme == "http":
            return http.client.HTTPConnection(host, address.port, timeout=self.seconds)
        if not self._context:
            context = ssl.create_default_context(cafile=self.authority or None)
            if self.certificate:
                context.load_cert_chain(self.certificate, self.key or None)
            self._context.append(context)
        return http.client.HTTPSConnection(host, address.port, timeout=self.seconds, context=self._context[0])


class RemoteKeys:
    """``Custody`` of keys that are elsewhere. ``SigningKey.sealed`` is ``<key>#<version>`` as they are
    there."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def make(self, making: Making) -> Made:
        name = f"{making.organisation}/{making.fragment}"
        status, found = self._server.ask("POST", "/keys", {"name": name, "algorithm": making.algorithm.value})
        if status != 201:
            raise SignerUnavailable(f"{self._server.url} makes no key: it answers {status}")
        public = _public(found)
        if public.algorithm is not making.algorithm:
            raise KeyUnavailable("key-mismatch", f"{self._server.url} has made a key of another kind")
        return Made(public.multikey(), _where(found).encode())

    def open(self, key: SigningKey) -> RemoteKey:
        where = bytes(key.sealed).decode()
        name, _hash, version = where.rpartition("#")
        query = urlencode({"version": version})
        status, found = self._server.ask("GET", f"/keys/{quote(name, safe='')}?{query}")
        if status in (404, 410):
            raise KeyUnavailable("key-sealed", f"{self._server.url} has no key of {key}")
        if status != 200:
            raise SignerUnavailable(f"{self._server.url} does not show its key: it answers {status}")
        if _where(found) != where or _public(found).multikey() != key.multikey:
            raise KeyUnavailable("key-mismatch", f"{self._server.url} has another key than {key} names")
        return RemoteKey(self._server, name, version, key.public_key)

    def destroy(self, key: SigningKey) -> None:
        name, _hash, version = bytes(key.sealed).decode().rpartition("#")
        status, _found = self._server.ask("POST", "/destroy", {"key": name, "version": version})
        if status not in (200, 204, 404, 410):
            raise SignerUnavailable(f"{self._server.url} destroys no key: it answers {status}")


class RemoteKey:
    """A ``Signer`` that asks, at most a hundred at once."""

    def __init__(self, server: Server, name: str, version: str, public_key: PublicKey) -> None:
        self._server, self._name, self._version, self._public_key = server, name, version, public_key

    @property
    def public_key(self) -> PublicKey:
        return self._public_key

    @property
    def algorithm(self) -> Algorithm:
        return self._public_key.algorithm

    def sign(self, data: bytes) -> bytes:
        return self.sign_many([data])[0]

    def sign_many(self, inputs: list[bytes]) -> list[bytes]:
        signatures: list[bytes] = []
        for start in range(0, len(inputs), INPUTS_AT_ONCE):
            signatures += self._sign(inputs[start : start + INPUTS_AT_ONCE])
        return signatures

    def _sign(self, inputs: list[bytes]) -> list[bytes]:
        body = {
            "key": self._name,
            "version": self._version,
            "inputs": [base64url_encode(each) for each in inputs],
        }
        status, found = self._server.ask("POST", "/sign", body)
        if status != 200:
            raise SignerUnavailable(f"{self._server.url} does not sign: it answers {status}")
        if _where(found) != f"{self._name}#{self._version}":
            raise KeyUnavailable("key-mismatch", f"{self._server.url} has signed with another key version")
        given = found.get("signatures")
        if not isinstance(given, list) or len(given) != len(inputs):
            raise SignerUnavailable(f"{self._server.url} has not signed everything")
        try:
            return [base64url_decode(str(each)) for each in given]
        except CairnError as error:
            raise SignerUnavailable(f"{self._server.url} answers something that is no signature") from error


def _where(found: dict[str, Any]) -> str:
    return f"{found.get('key')}#{found.get('version')}"


def _public(found: dict[str, Any]) -> PublicKey:
    try:
        return PublicKey.from_multikey(str(found.get("public")))
    except CairnError as error:
        raise KeyUnavailable("key-mismatch", "the remote signer shows something that is no key") from error


def _is_loopback(host: str | None) -> bool:
    try:
        return host == "localhost" or ip_address(host or "").is_loopback
    except ValueError:
        return False
