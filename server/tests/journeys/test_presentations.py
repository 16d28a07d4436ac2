# SPDX-License-Identifier: Apache-2.0
"""A wallet that others wrote answers our request over loopback, and our verifier judges what it shows.

@openid4vc/openid4vp    reads the request, signed and by reference or in the link, and posts the answer
dcql                    finds what fits
@digitalcredentials/vc, jose    sign the presentation
@sd-jwt/sd-jwt-vc       shows a part of an SD-JWT VC; and, as a stranger's reader, judges what is shown
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone
from server.tests.journeys.test_wallets import INTEROP, credential, move_to, tls_in_front_of, url
from server.tests.wallet_app import Wallet

from cairn.keys import PrivateKey, base64url_decode
from cairn_server.issuing import as_sd_jwt, copies
from cairn_server.issuing import services as issuing
from cairn_server.issuing.signing import Format
from cairn_server.organisations.models import Installation
from cairn_server.presenting import dcql, services
from cairn_server.wallets.possession import holder_of

if TYPE_CHECKING:
    from pathlib import Path

    from cairn_server.accounts.models import Person
    from cairn_server.presenting.models import PresentationRequest

__all__ = ["credential", "url"]

pytestmark = pytest.mark.node
SEED = bytes(range(1, 33))
FORMATS = {"ldp_vc": Format.JSON, "jwt_vc_json": Format.JWT, "dc+sd-jwt": Format.SD_JWT}


def show(*, certificate: Path | None = None, **request: Any) -> dict[str, Any]:
    node = shutil.which("node")
    if node is None or not (INTEROP / "node_modules/@openid4vc/openid4vp").is_dir():
        pytest.skip("@openid4vc/openid4vp is not installed (`npm ci` in interop/)")
    return run(node, "show.mjs", {"seed": SEED.hex(), **request}, certificate=certificate)


def judged(*shown: dict[str, Any], certificate: Path | None = None) -> list[dict[str, Any]]:
    """What a stranger finds, who fetches key, type and status over the network."""
    node = shutil.which("node")
    if node is None or not (INTEROP / "node_modules/@sd-jwt/sd-jwt-vc").is_dir():
        pytest.skip("@sd-jwt/sd-jwt-vc is not installed (`npm ci` in interop/)")
    return run(node, "judge.mjs", {"shown": shown}, certificate=certificate)["judged"]


def run(node: str, program: str, request: Any, *, certificate: Path | None) -> dict[str, Any]:
    trusted = {} if certificate is None else {"NODE_EXTRA_CA_CERTS": str(certificate)}
    ran = subprocess.run(
        [node, str(INTEROP / "wallets" / program)],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={"PATH": os.environ["PATH"], **trusted},
    )
    assert ran.returncode == 0, ran.stderr
    answer: dict[str, Any] = json.loads(ran.stdout)
    return answer


@pytest.fixture
def wallet() -> Wallet:
    return Wallet(PrivateKey.from_seed(SEED))


def ask(by: Person) -> PresentationRequest:
    at = timezone.now()
    return services.ask(
        by=by,
        asker="Kiln & Co.",
        purpose="You applied as a kiln operator.",
        query=dcql.for_any_badge(vct=as_sd_jwt.vct(Installation.objects.get().public_url)),
        until=at + timedelta(days=1),
        at=at,
    )


def bound(awarded: Any, wallet: Wallet, format: str) -> Any:
    secured = copies.copy_for(awarded, holder_of(wallet.did), format=FORMATS[format], at=timezone.now())
    return json.loads(secured) if format == "ldp_vc" else secured.decode()


@pytest.mark.parametrize("format", FORMATS)
def test_a_request_in_the_link(url, credential, outsider, wallet, format):
    awarded = credential()
    row = ask(outsider)
    link = services.link_of(row, services.secret_of(row), url)

    answer = show(link=link, credential=bound(awarded, wallet, format), format=format)

    assert (answer["status"], answer["answer"]) == (200, {})
    assert (answer["prefix"], answer["signed"]) == ("redirect_uri", False)
    assert (answer["follows"], answer["holder"]) == (100, wallet.did)
    row.refresh_from_db()
    assert row.accepted, row.findings


@pytest.mark.parametrize("format", FORMATS)
def test_a_signed_request_by_reference(
    live_server, installation, settings, credential, outsider, wallet, tmp_path, format
):
    with tls_in_front_of(live_server, tmp_path) as (port, certificate):
        url = move_to(f"https://localhost:{port}", installation, settings)
        awarded = credential()
        row = ask(outsider)
        link = services.link_of(row, services.secret_of(row), url)

        answer = show(
            link=link,
            credential=bound(awarded, wallet, format),
            format=format,
            certificate=certificate,
        )

    assert (answer["status"], answer["signed"]) == (200, True)
    assert answer["prefix"] == "decentralized_identifier"
    assert answer["asker"] == f"did:web:localhost%3A{port}"
    row.refresh_from_db()
    assert row.accepted, row.findings


def test_what_was_awarded_to_another_key_is_not_accepted(url, credential, outsider, wallet):
    """The same library, the same road: only the credential is somebody else's."""
    awarded, thief = credential(), wallet
    row = ask(outsider)

    answer = show(
        link=services.link_of(row, services.secret_of(row), url),
        credential=bound(awarded, Wallet(), "ldp_vc"),
        format="ldp_vc",
    )

    assert (answer["status"], answer["holder"]) == (200, thief.did)
    row.refresh_from_db()
    assert not row.accepted


# A part of it


def test_what_is_kept_back_is_not_sent_and_the_verdict_stands(url, credential, outsider, wallet):
    awarded = credential()
    row = ask(outsider)
    text = bound(awarded, wallet, "dc+sd-jwt")

    answer = show(
        link=services.link_of(row, services.secret_of(row), url), credential=text, format="dc+sd-jwt"
    )
    [stranger, replayed, changed] = judged(
        {"credential": answer["presentation"], "nonce": answer["nonce"]},
        {"credential": answer["presentation"], "nonce": "another question"},
        {"credential": text.partition("~")[0] + "~" + answer["presentation"].rpartition("~")[2]},
    )

    row.refresh_from_db()
    assert row.accepted, row.findings
    assert "Lena" not in str(row.findings)
    assert (stranger["accepted"], stranger["status"]) == (True, 0), stranger
    assert "identifier" not in stranger["claims"]["credentialSubject"]
    assert stranger["claims"]["credentialSubject"]["achievement"]["name"] == "First firing"
    assert stranger["type"] == "Open Badge"
    assert not replayed["accepted"]
    assert changed["accepted"]  # nobody was asked for a binding
    assert "Lena" in text_of(text)
    assert "Lena" not in text_of(answer["presentation"])


def text_of(sd: str) -> str:
    return " ".join(str(base64url_decode(each)) for each in sd.split("~")[1:] if each and "." not in each)


@pytest.mark.parametrize(("verb", "value", "code"), [("revoke", 1, "revoked"), ("suspend", 2, "suspended")])
def test_what_is_withdrawn_is_seen_by_us_and_by_a_stranger(
    url, credential, issuer, outsider, wallet, verb, value, code
):
    awarded = credential()
    text = bound(awarded, wallet, "dc+sd-jwt")
    getattr(issuing, verb)(awarded, by=issuer, reason="x", at=timezone.now())
    row = ask(outsider)

    answer = show(
        link=services.link_of(row, services.secret_of(row), url), credential=text, format="dc+sd-jwt"
    )
    [stranger] = judged({"credential": answer["presentation"], "nonce": answer["nonce"]})

    row.refresh_from_db()
    assert not row.accepted
    assert code in str(row.findings)
    assert (stranger["accepted"], stranger["status"]) == (False, value), stranger
