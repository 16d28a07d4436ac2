# SPDX-License-Identifier: Apache-2.0
"""What stands at the address that an award as SD-JWT VC names as its type."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from server.tests.conftest import MONDAY, PUBLIC_URL
from server.tests.wallet_app import Wallet

from cairn.keys import PrivateKey
from cairn.proof import sd_jwt
from cairn_server.issuing import copies
from cairn_server.issuing.signing import Format
from cairn_server.organisations.models import Organisation
from cairn_server.wallets.possession import holder_of


@pytest.fixture
def found(db, installation):
    answer = Client(headers={"host": "cairn.example"}).get("/vct/open-badge")
    assert answer.status_code == 200
    return answer


def test_it_is_the_type_that_is_asked_for_and_anybody_may_read_it(found):
    body = found.json()

    assert body["vct"] == f"{PUBLIC_URL}/vct/open-badge"
    assert found["Content-Type"] == "application/json"
    assert found["Access-Control-Allow-Origin"] == "*"
    assert "public" in found["Cache-Control"]
    assert not found.cookies
    languages = ["en", "ar", "de", "es", "fr", "nl"]
    for shown in (body["display"], *(each["display"] for each in body["claims"])):
        assert languages == [each["locale"] for each in shown]


def test_it_tells_the_truth_about_what_can_be_kept_back(found, award):
    """Held against what is signed: what it calls never hidden is not, and what it calls hidden always is."""
    Organisation.objects.update(hashes_email=True)
    credential = award(
        narrative="Fired it.", grade="A", evidence_url="https://portfolio.example/1",
        valid_until=MONDAY + timedelta(days=1),
    )  # fmt: skip
    wallet = Wallet(PrivateKey.from_seed(bytes(32)))
    holder = holder_of(wallet.did)
    text = copies.copy_for(credential, holder, format=Format.SD_JWT, at=MONDAY).decode()
    parts, hidden = sd_jwt.read(text), set(sd_jwt.disclosable(text))

    seen = 0
    for claim in found.json()["claims"]:
        value = parts.payload
        for step in claim["path"]:
            value = value.get(step) if isinstance(value, dict) else None
        if value is not None:
            seen += 1
            assert (claim["sd"] == "always") is ("/" + "/".join(claim["path"]) in hidden), claim
    assert seen == len(found.json()["claims"]) - 1  # no licence number in this one
