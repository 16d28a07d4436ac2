# SPDX-License-Identifier: Apache-2.0
"""Wallets that others wrote take a credential over loopback, and what they keep is verified twice: by a
library that is not ours, in their process, and by our own verifier.

    @openid4vc/openid4vci          by reference, transaction code, P-256 as did:jwk
    @learncard/openid4vc-plugin    by value, transaction code, Ed25519, everything that is offered
    @sphereon/oid4vci-client       by reference, transaction code, draft 15
    @digitalbazaar/oid4-client     by reference, https alone, no transaction code
    @digitalcredentials/vc         what the Learner Credential Wallet signs with: an exchange, and dccrequest
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import ssl
import subprocess
import threading
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.utils import timezone
from server.tests.issuing.conftest import FIELDS, sources_of

from cairn import Verifier
from cairn.canonical import contexts, to_json
from cairn.keys import PublicKey
from cairn_server.achievements import services as achievements
from cairn_server.issuing import invitations, offering, services
from cairn_server.issuing.models import BoundCopy, CredentialOffer
from cairn_server.issuing.services import Recipient
from cairn_server.organisations.models import Installation
from cairn_server.wallets.possession import holder_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from cairn_server.accounts.models import Person
    from cairn_server.issuing.models import Credential
    from cairn_server.organisations.models import Organisation

pytestmark = pytest.mark.node
INTEROP = Path(__file__).resolve().parents[3] / "interop"
Way, Code = CredentialOffer.Way, CredentialOffer.Code


@pytest.fixture
def url(live_server: Any, installation: Installation, settings: Any) -> str:
    """Where the server really is."""
    return move_to(live_server.url, installation, settings)


def move_to(url: str, installation: Installation, settings: Any) -> str:
    settings.PUBLIC_URL, settings.ALLOWED_HOSTS = url, ["127.0.0.1", "localhost"]
    Installation.objects.update(public_url=url)
    return url


@pytest.fixture
def credential(organisation: Organisation, issuer: Person, learner: Person) -> Callable[[], Credential]:
    """Awarded to Lena where the server is by then."""

    def make() -> Credential:
        at = timezone.now()
        draft = achievements.draft_achievement(by=issuer, organisation=organisation, fields=FIELDS, at=at)
        return services.award(
            by=issuer,
            version=achievements.publish(draft, by=issuer, at=at),
            recipient=Recipient("Lena Lindholm", learner.email),
            request_key="wallets",
            at=at,
        )

    return make


def ask(wallet: str, *, certificate: Path | None = None, **request: Any) -> dict[str, Any]:
    """What a wallet in a process of its own has got, and what it thinks of it."""
    node = shutil.which("node")
    if node is None or not (INTEROP / "node_modules" / wallet).is_dir():
        pytest.skip(f"{wallet} is not installed (`npm ci` in interop/)")
    pinned = {name: pin.read() for name, pin in contexts.PINNED.items()}
    wanted = {"wallet": wallet, "contexts": pinned, "at": timezone.now().isoformat(), **request}
    trusted = {} if certificate is None else {"NODE_EXTRA_CA_CERTS": str(certificate)}
    ran = subprocess.run(
        [node, str(INTEROP / "wallets" / "main.mjs")],
        input=json.dumps(wanted),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={"PATH": os.environ["PATH"], **trusted},
    )
    assert ran.returncode == 0, ran.stderr
    answer: dict[str, Any] = json.loads(ran.stdout)
    return answer


def assert_kept_and_verified(
    answer: dict[str, Any], awarded: Credential, *, url: str, way: Way, forms: int = 1
) -> None:
    """Bound to the wallet's key, accepted by both, and each form on record as it was handed out."""
    assert [{"accepted": True, "reason": ""}] * forms == answer["verified"]
    assert forms == len(answer["credentials"]) == BoundCopy.objects.count()
    for kept in answer["credentials"]:
        data = kept.encode() if isinstance(kept, str) else to_json(kept)
        verified = Verifier(sources_of(awarded, public_url=url)).verify(data, at=timezone.now())
        assert_names(verified.document, answer["holder"])
        assert awarded.address(url) == verified.document["id"]
        copy = BoundCopy.objects.get(sha256=verified.report.sha256)
        assert data == copy.secured_bytes
    [offer] = CredentialOffer.objects.all()
    assert (way, answer["holder"]) == (offer.way, offer.holder)
    assert offer.taken_at is not None


def assert_names(document: Mapping[str, Any], holder: str) -> None:
    """By its identifier, and an SD-JWT VC by its key: a JWK has many spellings."""
    if "cnf" in document:
        assert holder_of(holder).key == PublicKey.from_jwk(document["cnf"]["jwk"])
    else:
        assert holder == document["credentialSubject"]["id"]


@pytest.mark.parametrize("configuration", ["ob3-ldp", "ob3-jwt", "ob3-sd-jwt"])
def test_the_strictest_reader_of_openid4vci(url, credential, learner, configuration):
    awarded = credential()
    _offer, secret = offering.offer(awarded, by=learner, at=timezone.now())

    answer = ask(
        "@openid4vc/openid4vci",
        offer=invitations.by_reference(secret, url),
        code=offering.transaction_code_of(secret),
        configuration=configuration,
    )

    assert_kept_and_verified(answer, awarded, url=url, way=Way.OPENID4VCI)
    assert answer["follows"] == "V1"
    assert CredentialOffer.objects.get().told == "credential_accepted"


def test_learncard_takes_all_forms(url, credential, learner):
    awarded = credential()
    made, secret = offering.offer(awarded, by=learner, at=timezone.now())

    answer = ask(
        "@learncard/openid4vc-plugin",
        # By value: by reference it fetches https alone.
        offer=invitations.by_value(made, secret, url),
        code=offering.transaction_code_of(secret),
    )

    assert_kept_and_verified(answer, awarded, url=url, way=Way.OPENID4VCI, forms=3)


@pytest.mark.parametrize("configuration", ["ob3-ldp", "ob3-jwt", "ob3-sd-jwt"])
def test_a_wallet_of_draft_15(url, credential, learner, configuration):
    awarded = credential()
    _offer, secret = offering.offer(awarded, by=learner, at=timezone.now())

    answer = ask(
        "@sphereon/oid4vci-client",
        offer=invitations.by_reference(secret, url),
        code=offering.transaction_code_of(secret),
        configuration=configuration,
    )

    assert_kept_and_verified(answer, awarded, url=url, way=Way.OPENID4VCI)


@pytest.mark.parametrize("configuration", ["ob3-ldp", "ob3-jwt"])
def test_a_wallet_that_speaks_https_alone_and_knows_no_transaction_code(
    live_server, installation, settings, credential, learner, tmp_path, configuration
):
    with tls_in_front_of(live_server, tmp_path) as (port, certificate):
        url = move_to(f"https://localhost:{port}", installation, settings)
        awarded = credential()
        _offer, secret = offering.offer(awarded, by=learner, asks=Code.NEVER, at=timezone.now())

        answer = ask(
            "@digitalbazaar/oid4-client",
            offer=invitations.by_reference(secret, url),
            configuration=configuration,
            certificate=certificate,
        )

    assert_kept_and_verified(answer, awarded, url=url, way=Way.OPENID4VCI)
    # Here the issuer is a did:web, whose document the wallet's library has read from this server.
    assert awarded.organisation.did.startswith("did:web:localhost%3A")


def test_the_learner_credential_wallet_follows_the_interaction(url, credential, learner):
    awarded = credential()
    _offer, secret = offering.offer(awarded, by=learner, at=timezone.now())

    answer = ask("@digitalcredentials/vc", interaction=invitations.interaction_url(secret, url))

    assert_kept_and_verified(answer, awarded, url=url, way=Way.VC_API)


def test_the_learner_credential_wallet_before_2026_follows_a_dccrequest(url, credential, learner):
    awarded = credential()
    made, secret = offering.offer(awarded, by=learner, at=timezone.now())

    answer = ask("@digitalcredentials/vc", dccrequest=invitations.dcc_request(made, secret, url))

    assert_kept_and_verified(answer, awarded, url=url, way=Way.BARE)


# TLS, as a proxy in front of the server has it


@contextmanager
def tls_in_front_of(live_server: Any, folder: Path) -> Iterator[tuple[int, Path]]:
    """A port of localhost that speaks TLS and hands on what it hears; and its certificate."""
    certificate, key = self_signed(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    behind = ("127.0.0.1", live_server.thread.port)

    def serve(plain: socket.socket) -> None:
        try:
            with (
                context.wrap_socket(plain, server_side=True) as near,
                socket.create_connection(behind) as far,
            ):
                pump = threading.Thread(target=copy, args=(near, far), daemon=True)
                pump.start()
                copy(far, near)
                pump.join(5)
        except OSError:
            return  # a client that has gone

    def copy(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                target.sendall(data)
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    def accept() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(door.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as door:
        threading.Thread(target=accept, daemon=True).start()
        yield door.getsockname()[1], certificate


def self_signed(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    here = folder / "localhost.pem", folder / "localhost.key"
    here[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    here[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return here
