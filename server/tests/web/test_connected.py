# SPDX-License-Identifier: Apache-2.0
"""Connected sites: who may do what, since when, last used, and taking it back."""

from __future__ import annotations

import pytest
from oauth2_provider.models import AccessToken, RefreshToken
from server.tests.conftest import MONDAY
from server.tests.portability.conftest import campus, connected, lena, site

from cairn_server.portability.models import Consent
from cairn_server.wallets import collections

__all__ = ["campus", "connected", "lena", "site"]
pytestmark = pytest.mark.django_db


def test_it_says_who_may_do_what_since_when(connected, lena):
    page = lena.get("/account/sites").content.decode()

    assert "campus.example" in page
    assert "Campus Badges" in page
    assert "Reads everything in your wallet" in page
    assert "Adds credentials" in page
    assert "Not used yet." in page

    connected.get("/ims/ob/v3p0/profile")

    assert "Last used:" in lena.get("/account/sites").content.decode()


def test_a_collection_is_named(campus, lena, learner):
    collection = collections.make(by=learner, name="For campus", at=MONDAY)
    campus.redeem(campus.be_let_in(lena, reads=collection.public_id))
    assert "For campus" in lena.get("/account/sites").content.decode()

    collection.delete()

    assert "Reads nothing" in lena.get("/account/sites").content.decode()


def test_taken_back_is_over(connected, lena):
    consent = Consent.objects.get()

    response = lena.post(f"/account/sites/{consent.public_id}/out", follow=True)

    page = response.content.decode()
    assert "campus.example may do nothing here any more." in page
    assert "No site has been let in." in page
    assert not AccessToken.objects.exists()
    assert not RefreshToken.objects.exists()
    assert connected.get("/ims/ob/v3p0/profile").status_code == 401


def test_nobody_else_sees_it_or_takes_it_back(connected, outsider, signed_in):
    """B135"""
    browser, consent = signed_in(outsider), Consent.objects.get()

    assert "campus.example" not in browser.get("/account/sites").content.decode()
    assert browser.post(f"/account/sites/{consent.public_id}/out").status_code == 404
    assert Consent.objects.exists()


def test_the_account_leads_there(lena):
    assert 'href="/account/sites"' in lena.get("/account/").content.decode()
