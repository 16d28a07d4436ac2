# SPDX-License-Identifier: Apache-2.0
"""Badge Connect: what Moodle does, step for step, and what an older site must not do either."""

from __future__ import annotations

import json

import old_badges
import pytest
from server.tests.portability.conftest import Site as Registered
from server.tests.portability.conftest import campus, connected, keep, lena, metadata, program, register, site

from cairn.canonical import to_json
from cairn.testing import FixedSources
from cairn_server.portability.scopes import OB2
from cairn_server.wallets.models import HeldCredential, Visibility

__all__ = ["campus", "connected", "keep", "lena", "site"]
pytestmark = pytest.mark.django_db

ASSERTIONS, PROFILE = "/ims/ob/v2p1/assertions", "/ims/ob/v2p1/profile"
OLD = f"{OB2}assertion.create {OB2}assertion.readonly {OB2}profile.readonly {OB2}profile.update"


class School(FixedSources):
    """The addresses of a school with hosted and signed badges."""

    def __init__(self) -> None:
        super().__init__(old_badges.world())


@pytest.fixture
def moodle(lena, settings) -> Registered:
    """As Moodle connects (badges/classes/oauth2, imsbadgeconnect): it believes the manifest, registers with
    all scopes, leaves out the first when it asks, sends the code with Basic and refreshes with the secret in
    the body."""
    settings.SOURCES = f"{__name__}.School"
    api = json.loads(program().get("/.well-known/badgeconnect.json").content)["badgeConnectAPI"][-1]
    offered = api["scopesOffered"]
    told = json.loads(register(**metadata("moodle.example", scope=" ".join(offered))).content)
    made = Registered(told["client_id"], told["client_secret"], told["redirect_uris"][0])
    asked = " ".join(offered[1:])
    assert made.redeem(made.be_let_in(lena, scope=asked)).status_code == 200
    return made


def test_moodle_pushes_a_badge_and_comes_back_without_the_learner(moodle, learner):
    sent = json.dumps({"assertion": old_badges.assertion()}).encode()

    response = moodle.send(ASSERTIONS, sent)

    assert json.loads(response.content) == {"status": {"error": None, "statusCode": 200, "statusText": "OK"}}
    [held] = HeldCredential.objects.visible_to(learner)
    assert (held.name, held.arrival, held.visibility) == ("Knots", "site", "private")
    assert held.came_from.endswith("(moodle.example)")

    refreshed = moodle.token(
        header=False,
        grant_type="refresh_token",
        refresh_token=moodle.refresh,
        client_id=moodle.client_id,
        client_secret=moodle.secret,
    )
    moodle.access = json.loads(refreshed.content)["access_token"]
    again = moodle.send(ASSERTIONS, sent)
    assert json.loads(again.content)["status"]["statusCode"] == 200
    assert HeldCredential.objects.count() == 1


def test_what_is_read_are_the_assertions_of_then(moodle, keep):
    moodle.send(ASSERTIONS, json.dumps({"assertion": old_badges.assertion()}).encode())
    keep("Of today", number=1)

    response = moodle.get(ASSERTIONS)

    told = json.loads(response.content)
    assert [each["id"] for each in told["assertions"]] == [old_badges.assertion()["id"]]
    assert (told["signedAssertions"], response["X-Total-Count"]) == ([], "1")
    assert told["status"]["statusCode"] == 200
    assert "/ims/ob/v2p1/assertions?" in response["Link"]


def test_nothing_that_was_not_chosen_is_read(campus, lena, settings, learner):
    """B135"""
    settings.SOURCES = f"{__name__}.School"
    register_all = json.loads(register(**metadata("older.example", scope=OLD)).content)
    older = Registered(
        register_all["client_id"], register_all["client_secret"], register_all["redirect_uris"][0]
    )
    older.redeem(older.be_let_in(lena, scope=OLD, reads="public"))
    older.send(ASSERTIONS, json.dumps({"assertion": old_badges.assertion()}).encode())

    assert json.loads(older.get(ASSERTIONS, since="2000-01-01T00:00:00Z").content)["assertions"] == []
    HeldCredential.objects.update(visibility=Visibility.PUBLIC)
    assert len(json.loads(older.get(ASSERTIONS).content)["assertions"]) == 1


@pytest.mark.parametrize(
    "body",
    [
        {"assertion": old_badges.assertion(narrative="With honours from Mallory.")},
        {"assertion": {}},
        {"assertion": "text"},
        {"assertion": [old_badges.assertion()]},
        {"signedAssertion": "a.b.c"},
        # With both, the signed one counts, so an unsigned one beside it opens nothing.
        {"signedAssertion": "a.b.c", "assertion": old_badges.assertion()},
        {},
        [],
    ],
)
def test_what_nobody_vouches_for_is_refused_with_a_reason(moodle, body):
    response = moodle.send(ASSERTIONS, json.dumps(body).encode())

    told = json.loads(response.content)["status"]
    assert response.status_code == told["statusCode"] == 400
    assert told["error"]
    assert told["statusText"] == "BAD_REQUEST"
    assert not HeldCredential.objects.exists()


def test_the_profile(moodle, learner):
    # Moodle leaves out the right to read it, and may change it.
    assert moodle.get(PROFILE).status_code == 403
    body = json.dumps({"profile": {"type": "Profile", "name": "Lena Lake", "email": "x@evil.example"}})

    told = json.loads(moodle.send(PROFILE, body.encode()).content)

    assert (told["profile"]["name"], told["profile"]["email"]) == ("Lena Lake", learner.email)


def test_without_a_token_there_is_nothing():
    response = program().get(ASSERTIONS)

    assert response.status_code == 401
    assert json.loads(response.content)["status"]["statusText"] == "UNAUTHORIZED"


def test_a_token_of_the_other_version_opens_nothing_here(connected):
    """Each right has its own address, and a learner's yes to one is none to the other."""
    assert connected.get(ASSERTIONS).status_code == 403


def test_the_manifest_says_where_everything_is():
    response = program().get("/.well-known/badgeconnect.json")

    told = json.loads(response.content)
    [api] = told["badgeConnectAPI"]
    assert (told["type"], told["id"]) == ("Manifest", "https://cairn.example/.well-known/badgeconnect.json")
    # OB 2.1: it ends like this, without a slash.
    assert api["apiBase"] == "https://cairn.example/ims/ob/v2p1"
    assert api["version"] == "v2p1"
    for name in ("registrationUrl", "tokenUrl", "tokenRevocationUrl"):
        assert program().get(api[name].removeprefix("https://cairn.example")).status_code == 405
    assert to_json(told) == response.content
