# SPDX-License-Identifier: Apache-2.0
"""``/verify`` with badges from before Open Badges 3.0, from the file to the words on the page."""

from __future__ import annotations

import blockchain
import old_badges
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from cairn.canonical import to_json
from cairn.testing import FixedSources

pytestmark = pytest.mark.django_db

CERTIFICATE, TRANSACTION = blockchain.certificate_3()
ANCHOR = f"blink:btc:mainnet:{blockchain.transaction_id(TRANSACTION)}"


class School(FixedSources):
    """The addresses of a school with hosted and signed badges."""

    def __init__(self) -> None:
        super().__init__(old_badges.world())


class Anchored(FixedSources):
    """An issuer of Blockcerts, and the transaction."""

    def __init__(self) -> None:
        super().__init__({old_badges.ISSUER: to_json(blockchain.issuer()), ANCHOR: TRANSACTION})


class NotLookedUp(FixedSources):
    """The same issuer, without the transaction."""

    def __init__(self) -> None:
        super().__init__({old_badges.ISSUER: to_json(blockchain.issuer())})


def page_of(stranger, settings, sources: type, data: bytes) -> str:
    settings.SOURCES = f"{__name__}.{sources.__name__}"
    response = stranger.post("/verify", {"file": SimpleUploadedFile("badge.json", data)})
    assert response.status_code == 200
    return response.content.decode()


def test_a_hosted_badge_is_vouched_for_by_a_website_and_no_more(stranger, settings):
    page = page_of(stranger, settings, School, to_json(old_badges.assertion()))

    assert "website vouches for this today" in page
    assert "This is genuine" not in page
    assert "Nothing in it is signed." in page
    assert "Knots" in page
    assert "Harbour School" in page
    assert old_badges.SALT not in page  # S10
    assert old_badges.IDENTITY not in page


def test_a_file_that_says_something_else_shows_nothing(stranger, settings):
    forged = old_badges.assertion(narrative="With honours from Mallory.")

    page = page_of(stranger, settings, School, to_json(forged))

    assert "website says something else than this file" in page
    assert "Mallory" not in page
    assert "Knots" not in page


def test_a_signed_badge_is_as_good_as_one_of_today(stranger, settings):
    data = old_badges.token(old_badges.signed_assertion(badge=old_badges.badge()))

    page = page_of(stranger, settings, School, data)

    assert "This is genuine, unchanged and currently valid." in page
    assert "Open Badges 2.0" in page


def test_security_rule_11_a_chain_that_nobody_looked_into_is_no_forgery(stranger, settings):
    page = page_of(stranger, settings, NotLookedUp, to_json(CERTIFICATE))

    assert "This says nothing bad about the credential." in page
    assert "Only the blockchain can say whose it is" in page
    assert "Núñez" not in page


def test_a_certificate_with_its_transaction_is_shown(stranger, settings):
    page = page_of(stranger, settings, Anchored, to_json(CERTIFICATE))

    assert "This is genuine and unchanged. Please read the remarks." in page
    assert "Núñez" in page
