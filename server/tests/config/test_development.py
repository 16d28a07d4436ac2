# SPDX-License-Identifier: Apache-2.0
"""The printed sign-in link: once, for an hour, and in development only."""

import pytest
import time_machine
from django.contrib.auth.models import AnonymousUser
from django.core import signing
from django.http import Http404
from django.urls import Resolver404, resolve
from server.tests.conftest import MONDAY

from cairn_server.config import development


@pytest.fixture
def follow(rf, client, settings):
    resolve("/")  # the table of addresses is made before the switch is turned, and stays without the link
    settings.DEVELOPMENT = True

    def make(link):
        request = rf.get("/")
        request.session, request.user = client.session, AnonymousUser()
        return development.sign_in(request, link.rpartition("/")[2]), request

    return make


def test_it_signs_in_once(owner, follow):
    link = development.sign_in_link(owner)

    response, request = follow(link)

    assert (response.status_code, request.user) == (302, owner)
    with pytest.raises(Http404):
        follow(link)


def test_it_ends_after_an_hour(owner, follow):
    with time_machine.travel(MONDAY, tick=False) as moment:
        link = development.sign_in_link(owner)
        moment.shift(development.LIFETIME_SECONDS + 1)
        with pytest.raises(Http404):
            follow(link)


@pytest.mark.parametrize(
    "change", [lambda t: t[:-1], lambda t: "x" + t, lambda t: t.replace(":", ".", 1), lambda t: ""]
)
def test_a_changed_link_is_nothing(owner, follow, change):
    with pytest.raises(Http404):
        follow(change(development.sign_in_link(owner).rpartition("/")[2]))


def test_a_link_signed_for_another_purpose_is_nothing(owner, follow):
    with pytest.raises(Http404):
        follow(signing.dumps([owner.public_id, ""], salt="something else"))


def test_a_deactivated_owner_does_not_get_in(owner, follow):
    link = development.sign_in_link(owner)
    owner.is_active = False
    owner.save()

    with pytest.raises(Http404):
        follow(link)


def test_outside_development_it_does_not_exist(owner, follow, settings):
    link = development.sign_in_link(owner)
    settings.DEVELOPMENT = False

    with pytest.raises(Http404):
        follow(link)
    with pytest.raises(Resolver404):
        resolve("/development/sign-in/x")
