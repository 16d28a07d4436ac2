# SPDX-License-Identifier: Apache-2.0
"""A remote signer as docs/reference/remote-signer.md describes one: a real HTTPS server with keys in memory.

``fault`` makes it misbehave in one of the ways that services do (F14).
"""

from __future__ import annotations

import json
import ssl
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from cairn.keys import Algorithm, PrivateKey, base64url_decode, base64url_encode

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TOKEN = "a token that only two know"


class RemoteSigner(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, certificate: Path, key: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.keys: dict[str, PrivateKey] = {}
        self.fault = ""
        self.signed = 0

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.server_address[1]}/signer"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that does not like our certificate hangs up; that is what some tests are about."""


class Handler(BaseHTTPRequestHandler):
    server: RemoteSigner

    def do_GET(self) -> None:
        path = urlsplit(self.path)
        name = unquote(path.path.removeprefix("/signer/keys/"))
        version = parse_qs(path.query).get("version", [""])[0]
        private = self.server.keys.get(name)
        if not self._known():
            return
        if private is None or version != "1":
            self._answer(404, {})
            return
        self._answer(200, {"key": name, "version": "1", "public": private.public_key.multikey()})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not self._known():
            return
        match urlsplit(self.path).path:
            case "/signer/keys":
                private = self.server.keys.setdefault(
                    body["name"], PrivateKey.generate(Algorithm(body["algorithm"]))
                )
                self._answer(
                    201, {"key": body["name"], "version": "1", "public": private.public_key.multikey()}
                )
            case "/signer/sign":
                self._sign(body)
            case "/signer/destroy":
                gone = self.server.keys.pop(body["key"], None)
                self._answer(204 if gone else 404, None)

    def _sign(self, body: dict[str, Any]) -> None:
        private, version, fault = self.server.keys.get(body["key"]), body["version"], self.server.fault
        inputs = [base64url_decode(each) for each in body["inputs"]]
        if private is None:
            self._answer(404, {})
            return
        if fault == "timeout":
            time.sleep(3)
        if fault == "throttle":
            self._answer(429, {"error": "slow down"})
            return
        if fault == "garbage":
            self._answer(200, b"<html>")
            return
        if fault == "other-key":
            private = PrivateKey.generate(private.algorithm)
        if fault == "other-version":
            version = "2"
        signatures = [base64url_encode(private.sign(each)) for each in inputs]
        if fault == "too-few":
            signatures.pop()
        self.server.signed += len(signatures)
        self._answer(200, {"key": body["key"], "version": version, "signatures": signatures})

    def _known(self) -> bool:
        if self.headers.get("Authorization") == f"Bearer {TOKEN}":
            return True
        self._answer(401, {})
        return False

    def _answer(self, status: int, body: Any) -> None:
        text = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *arguments: Any) -> None:
        pass


@contextmanager
def running(folder: Path) -> Iterator[RemoteSigner]:
    """One on loopback; ``folder/remote.crt`` is the authority that its certificate comes from."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "remote signer")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate, private = folder / "remote.crt", folder / "remote.key"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    server = RemoteSigner(certificate, private)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
