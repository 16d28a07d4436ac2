# SPDX-License-Identifier: Apache-2.0
"""Put it into a wallet: what its holder sees, and what is behind the QR code."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
from base64 import b64encode
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import resvg_py
import time_machine
from django.test import Client
from PIL import Image
from server.tests.conftest import MONDAY, PUBLIC_URL
from server.tests.wallet_app import Wallet

from cairn_server.issuing import invitations, offering, services
from cairn_server.issuing.models import CredentialOffer
from cairn_server.wallets.models import HeldCredential
from cairn_server.web import putting

Code = CredentialOffer.Code


@pytest.fixture(autouse=True)
def monday():
    with time_machine.travel(MONDAY, tick=False) as traveller:
        yield traveller


@pytest.fixture
def awarded(award, learner, owner, version):
    return services.award(
        by=owner,
        version=version,
        recipient=services.Recipient("Lena Lindholm", learner.email),
        request_key="lena",
        at=MONDAY,
    )


@pytest.fixture
def lena(learner, signed_in):
    return signed_in(learner)


@pytest.fixture
def begin(awarded, lena):
    """Press the button; the secret stands in the address that follows."""

    def press(asks="possible"):
        answer = lena.post(f"/wallet/{awarded.public_id}/put", {"asks": asks})
        assert answer.status_code == 302, answer.content.decode()
        return answer["Location"].rpartition("/")[2]

    return press


def test_the_wallet_and_the_credential_page_lead_there(awarded, lena, stranger):
    link = f'href="/wallet/{awarded.public_id}/put"'

    lena.post("/wallet/accept")
    held = HeldCredential.objects.get(credential_id__endswith=awarded.public_id)
    assert link in lena.get(f"/wallet/held/{held.public_id}").content.decode()
    assert link in stranger.get(f"/c/{awarded.public_id}").content.decode()


def test_the_page_shows_qr_link_and_code_and_keeps_them_apart(begin, lena):
    secret = begin()

    answer = lena.get(f"/wallet/offers/{secret}")

    page = answer.content.decode()
    code = offering.transaction_code_of(secret)
    address = invitations.interaction_url(secret, PUBLIC_URL)
    assert address in page
    assert page.count(f">{code}<") == 1
    # Behind a click of its own, after everything that is shown to a camera.
    assert page.index("wallet-qr") < page.rindex("<details", 0, page.index(code)) < page.index(code)
    assert answer["Cache-Control"] == "no-store"
    assert answer["Referrer-Policy"] == "no-referrer"
    assert "noindex" in answer["X-Robots-Tag"]


JSQR = Path(putting.__file__).parent / "static/js/vendor/jsqr/jsQR.js"
READ = """
const { width, pixels } = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
const data = Uint8ClampedArray.from(Buffer.from(pixels, "base64"));
process.stdout.write(require(process.argv[1])(data, width, width).data);
"""


@pytest.mark.node
def test_another_program_reads_the_interaction_from_the_picture_and_nothing_else(begin, lena):
    if shutil.which("node") is None:
        pytest.skip("there is no node to read the code with")
    secret = begin()
    page = lena.get(f"/wallet/offers/{secret}").content.decode()
    [drawn] = re.findall(r"<svg[^>]*wallet-qr.*?</svg>", page, re.DOTALL)

    png = resvg_py.svg_to_bytes(
        svg_string=drawn.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"'),
        width=600,
        background="#fff",
    )
    with Image.open(io.BytesIO(bytes(png))) as picture:
        pixels = picture.convert("RGBA").tobytes()
    read = subprocess.run(
        ["node", "-e", READ, str(JSQR)],
        input=json.dumps({"width": 600, "pixels": b64encode(pixels).decode()}),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    assert invitations.interaction_url(secret, PUBLIC_URL) == read.stdout


def test_it_works_without_javascript(begin, lena):
    """“Check now” is a link to the page itself, and stopping is a form."""
    secret = begin()

    page = lena.get(f"/wallet/offers/{secret}").content.decode()

    assert f'<a href="/wallet/offers/{secret}">' in page
    assert re.search(rf'<form method="post" action="/wallet/offers/{secret}">', page)


def test_waiting_then_taken(begin, lena):
    secret = begin()
    where = f"/wallet/offers/{secret}"
    assert lena.get(f"{where}?was=waiting").status_code == 204

    Wallet().take(secret)

    moved = lena.get(f"{where}?was=waiting")
    page = lena.get(where).content.decode()
    assert moved["HX-Refresh"] == "true"
    assert "It is in a wallet" in page
    assert offering.transaction_code_of(secret) not in page
    assert "wallet-qr" not in page


def test_a_wallet_that_has_begun_is_awaited(begin, lena):
    secret = begin()
    wallet = Wallet()
    wallet.token(wallet.offer(secret), offering.transaction_code_of(secret))

    page = lena.get(f"/wallet/offers/{secret}").content.decode()

    assert "A wallet has begun" in page
    assert "wallet-qr" not in page


@pytest.mark.parametrize("how", ["time", "tries", "stopped"])
def test_over_says_so_and_leads_to_a_new_one(begin, lena, awarded, monday, how):
    secret = begin()
    match how:
        case "time":
            monday.shift(timedelta(minutes=5))
        case "tries":
            wallet = Wallet()
            offer = wallet.offer(secret)
            wrong = "000000" if offering.transaction_code_of(secret) != "000000" else "000001"
            for _ in range(5):
                wallet.token(offer, wrong)
        case "stopped":
            lena.post(f"/wallet/offers/{secret}")

    page = lena.get(f"/wallet/offers/{secret}").content.decode()

    assert "This code is over" in page
    assert f"/wallet/{awarded.public_id}/put" in page
    assert "wallet-qr" not in page


def test_what_the_wallet_could_not_keep_is_said(begin, lena):
    secret = begin()
    Wallet().take(secret)
    CredentialOffer.objects.update(told="credential_failure")

    assert "could not keep it" in lena.get(f"/wallet/offers/{secret}").content.decode()


def test_what_does_not_count_is_not_offered(awarded, lena, owner):
    services.revoke(awarded, by=owner, reason="A mistake", at=MONDAY)

    page = lena.get(f"/wallet/{awarded.public_id}/put").content.decode()
    answer = lena.post(f"/wallet/{awarded.public_id}/put", {"asks": "possible"})

    assert "No wallet is given what does not count" in page
    assert answer.status_code == 422
    assert CredentialOffer.objects.count() == 0


@pytest.mark.parametrize("asks", ["", "x", "POSSIBLE"])
def test_a_choice_that_there_is_not_is_refused(awarded, lena, asks):
    assert lena.post(f"/wallet/{awarded.public_id}/put", {"asks": asks}).status_code == 422


def test_too_many_codes_are_too_many(begin, awarded, lena):
    """B149: a page that makes codes is no way to make work."""
    for _ in range(20):
        begin()

    answer = lena.post(f"/wallet/{awarded.public_id}/put", {"asks": "possible"})

    assert answer.status_code == 422
    assert CredentialOffer.objects.count() == 20


# The address in the QR code


def test_a_wallet_is_told_the_protocols_that_there_are(begin, stranger):
    secret = begin()

    answer = stranger.get(f"/interactions/{secret}?iuv=1", headers={"accept": "application/json"})

    found = answer.json()["protocols"]
    assert {"iu", "vcapi", "lcw", "OID4VCI", "oid4vci-1.0"} == set(found)
    assert f"{PUBLIC_URL}/interactions/{secret}?iuv=1" == found["iu"]
    assert f"{PUBLIC_URL}/exchanges/{secret}" == found["vcapi"]
    offer = parse_qs(urlsplit(found["OID4VCI"]).query)["credential_offer_uri"]
    assert [f"{PUBLIC_URL}/oid4vci/offers/{secret}"] == offer
    assert "Accept" in answer["Vary"]
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert answer["Cache-Control"] == "no-store"


def test_where_the_code_is_always_asked_for_no_other_protocol_is_named(begin, stranger):
    secret = begin("always")

    found = stranger.get(f"/interactions/{secret}", headers={"accept": "application/json"}).json()

    assert {"iu", "OID4VCI", "oid4vci-1.0"} == set(found["protocols"])
    assert "dccrequest" not in stranger.get(f"/interactions/{secret}").content.decode()


def test_a_camera_lands_on_a_useful_page_without_the_transaction_code(begin, stranger):
    secret = begin()

    answer = stranger.get(f"/interactions/{secret}?iuv=1")

    page = answer.content.decode()
    assert answer["Content-Type"].startswith("text/html")
    assert "openid-credential-offer://?credential_offer_uri=" in page
    assert "dccrequest://request?" in page
    assert offering.transaction_code_of(secret) not in page
    assert "Lena" not in page
    assert answer["Referrer-Policy"] == "no-referrer"
    assert "noindex" in answer["X-Robots-Tag"]


@pytest.mark.parametrize("accept", ["application/json", "text/html"])
def test_over_and_never_been_are_answered_alike(begin, stranger, monday, accept):
    """B144."""
    secret = begin()
    monday.shift(timedelta(minutes=5))

    found = [stranger.get(f"/interactions/{each}", headers={"accept": accept}) for each in (secret, "A" * 22)]

    assert [answer.status_code for answer in found] == [404, 404]
    assert found[0].content.replace(secret.encode(), b"") == found[1].content.replace(b"A" * 22, b"")


def test_another_address_of_the_same_person_does_not_open_it(awarded, person, signed_in):
    """B146."""
    other = signed_in(person("Lotte"))

    assert other.get(f"/wallet/{awarded.public_id}/put").status_code == 404
    assert other.post(f"/wallet/{awarded.public_id}/put", {"asks": "possible"}).status_code == 404


def test_looking_changes_nothing(begin, lena, stranger):
    """B140."""
    secret = begin()
    before = CredentialOffer.objects.values().get()

    lena.get(f"/wallet/offers/{secret}")
    stranger.get(f"/interactions/{secret}")
    Client(headers={"host": "cairn.example"}).get(f"/oid4vci/offers/{secret}")

    assert before == CredentialOffer.objects.values().get()
