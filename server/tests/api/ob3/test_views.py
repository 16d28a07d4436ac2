# SPDX-License-Identifier: Apache-2.0
"""Reading, adding and the profile, for sites with a token; and what they must not get at."""

from __future__ import annotations

import json
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from server.tests.conftest import MONDAY, TUESDAY
from server.tests.portability.conftest import ADD, READ, READ_PROFILE
from server.tests.wallets.conftest import signed

from cairn_server.portability import services
from cairn_server.portability.models import Consent
from cairn_server.wallets import collections
from cairn_server.wallets import services as wallets
from cairn_server.wallets.models import HeldCredential, Visibility

pytestmark = pytest.mark.django_db

CREDENTIALS, PROFILE = "/ims/ob/v3p0/credentials", "/ims/ob/v3p0/profile"


def links(response) -> dict[str, dict[str, list[str]]]:
    """The Link header: each relation, and the query of its address."""
    found = re.findall(r'<([^>]+)>; rel="(\w+)"', response["Link"])
    assert all(address.startswith("https://cairn.example" + CREDENTIALS) for address, _relation in found)
    return {relation: parse_qs(urlsplit(address).query) for address, relation in found}


def names(response) -> list[str]:
    return [each["name"] for each in json.loads(response.content)["credential"]]


# Reading


def test_what_is_read_is_what_was_signed_byte_for_byte(connected, keep):
    held, token = keep("One", number=1), keep("Two", number=2, form="jwt")

    response = connected.get(CREDENTIALS)

    assert response.status_code == 200
    assert bytes(held.secured) in response.content
    told = json.loads(response.content)
    assert told["credential"] == [json.loads(bytes(held.secured))]
    assert told["compactJwsString"] == [bytes(token.secured).decode()]
    assert (response["X-Total-Count"], response["Cache-Control"]) == ("2", "no-store")


def test_pages_say_where_the_others_are(connected, keep):
    for number in range(1, 6):
        keep(f"Badge {number}", number=number)

    first = connected.get(CREDENTIALS, limit=2)
    middle = connected.get(CREDENTIALS, limit=2, offset=2)
    last = connected.get(CREDENTIALS, limit=2, offset=4)

    assert names(first) + names(middle) + names(last) == [f"Badge {number}" for number in range(1, 6)]
    assert first["X-Total-Count"] == "5"
    assert links(first) == {
        "next": {"limit": ["2"], "offset": ["2"]},
        "last": {"limit": ["2"], "offset": ["4"]},
        "first": {"limit": ["2"], "offset": ["0"]},
    }
    assert links(middle)["prev"] == links(first)["first"]
    assert set(links(last)) == {"first", "last", "prev"}


def test_since_asks_for_what_was_issued_later(connected, keep):
    keep("Old", number=1, begin="2024-01-01T00:00:00Z")
    keep("New", number=2, begin="2025-01-01T00:00:00Z")

    response = connected.get(CREDENTIALS, since="2024-06-01T00:00:00Z")

    assert names(response) == ["New"]
    assert links(response)["first"]["since"] == ["2024-06-01T00:00:00Z"]
    # A "+" that became a blank on its way.
    assert names(connected.get(CREDENTIALS + "?since=2024-06-01T00:00:00+00:00")) == ["New"]


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=-1", "limit=x", "limit=" + "9" * 30, "offset=-1", "since=monday", "limit=1&limit=2",
     "since=2024-06-01", "limit=١"],
)  # fmt: skip
def test_a_query_that_means_nothing_is_refused(connected, query):
    response = connected.get(f"{CREDENTIALS}?{query}")

    assert response.status_code == 400
    told = json.loads(response.content)
    assert (told["imsx_codeMajor"], told["imsx_severity"]) == ("failure", "error")
    [minor] = told["imsx_codeMinor"]["imsx_codeMinorField"]
    assert minor["imsx_codeMinorFieldValue"] == "invalid_data"


def test_only_what_was_agreed_to_is_read_whatever_is_asked(campus, lena, learner, keep):
    """B135: neither a page nor ``since`` nor a count tells of the others."""
    keep("Private", number=1)
    keep("Secret link", number=2)
    public = keep("Public", number=3)
    HeldCredential.objects.filter(name="Secret link").update(visibility=Visibility.LINK)
    HeldCredential.objects.filter(pk=public.pk).update(visibility=Visibility.PUBLIC)
    campus.redeem(campus.be_let_in(lena, reads="public"))

    for query in ({}, {"since": "2000-01-01T00:00:00Z"}, {"offset": 0, "limit": 100}):
        response = campus.get(CREDENTIALS, **query)
        assert names(response) == ["Public"]
        assert response["X-Total-Count"] == "1"
        assert b"Private" not in response.content
    assert names(campus.get(CREDENTIALS, offset=1)) == []


def test_a_collection_is_read_alone_and_its_end_leaves_nothing(campus, lena, learner, keep):
    inside, _outside = keep("Inside", number=1), keep("Outside", number=2)
    collection = collections.make(by=learner, name="For campus", at=MONDAY)
    collections.put(collection, by=learner, held=[inside], at=MONDAY)
    campus.redeem(campus.be_let_in(lena, reads=collection.public_id))

    assert names(campus.get(CREDENTIALS)) == ["Inside"]

    collection.delete()
    assert names(campus.get(CREDENTIALS)) == []


def test_nobody_elses_is_read(connected, keep, outsider):
    keep("Mine", number=1)
    keep("Theirs", number=2, holder=outsider)

    assert names(connected.get(CREDENTIALS)) == ["Mine"]


def test_what_nobody_vouches_for_any_more_is_not_read(connected, keep):
    held = keep("Once", number=1)
    HeldCredential.objects.filter(pk=held.pk).update(document=None)

    assert names(connected.get(CREDENTIALS)) == []


# Adding


def test_what_is_added_takes_the_road_of_an_upload(connected, learner):
    sent = signed("Pushed", number=7)

    response = connected.send(CREDENTIALS, sent)

    assert (response.status_code, response.content) == (201, sent)
    [held] = HeldCredential.objects.visible_to(learner)
    assert (held.name, held.arrival, held.came_from) == (
        "Pushed", "site", "Campus Badges (campus.example)",
    )  # fmt: skip
    assert (bytes(held.secured), held.visibility, held.source) == (sent, "private", "imported")
    assert held.verdict == "verified"


def test_a_token_is_added_as_text(connected, learner):
    sent = signed("Token", number=8, form="jwt")

    response = connected.send(CREDENTIALS, sent, kind="text/plain")

    assert (response.status_code, response.content, response["Content-Type"]) == (201, sent, "text/plain")
    assert HeldCredential.objects.get().name == "Token"


def test_the_same_bytes_are_kept_once_and_a_newer_copy_takes_their_place(connected):
    first = signed("One", number=9, begin="2025-01-01T00:00:00Z")
    newer = signed("One", number=9, begin="2025-02-01T00:00:00Z")

    answers = [connected.send(CREDENTIALS, each) for each in (first, first, newer)]

    assert [each.status_code for each in answers] == [201, 304, 200]
    assert answers[1].content == b""
    assert HeldCredential.objects.current().count() == 1


@pytest.mark.parametrize(
    ("sent", "kind", "status", "said"),
    [
        (signed("Real", number=3).replace(b"Real", b"Fake"), "application/json", 400, "signature-mismatch"),
        (b"not a credential", "text/plain", 400, ""),
        (b"{}", "application/json", 400, ""),
        (b"[" * 100_000, "application/json", 400, ""),
        (b'{"a":' * 50_000 + b"1" + b"}" * 50_000, "application/json", 400, ""),
        (b"", "application/json", 400, ""),
        (b"\x00\xff\xfe", "application/json", 400, ""),
        (signed("Form", number=4), "application/x-www-form-urlencoded", 400, "media-type"),
        (signed("Liar", number=5), "text/plain", 400, "media-type"),
        (b'{"a":"' + b"x" * 2_200_000 + b'"}', "application/json", 400, "limit-size"),
        (b'{"a":"' + b"x" * 2_600_000 + b'"}', "application/json", 413, "limit-size"),
    ],
)  # fmt: skip
def test_what_is_hostile_is_refused_and_nothing_is_kept(connected, sent, kind, status, said):
    response = connected.send(CREDENTIALS, sent, kind=kind)

    assert response.status_code == status
    assert said in json.loads(response.content)["imsx_description"]
    assert not HeldCredential.objects.exists()


def test_a_site_is_no_way_round_the_limit_of_what_one_brings(connected, settings):
    """B149"""
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "verify": {"burst": 1, "per_minute": 1}}

    answers = [connected.send(CREDENTIALS, signed("One", number=number)) for number in (1, 2)]

    assert [each.status_code for each in answers] == [201, 429]
    assert int(answers[1]["Retry-After"]) > 0
    assert "imsx_codeMajor" in json.loads(answers[1].content)


# The learner


def test_the_profile_says_what_was_proved_and_an_id_that_says_nothing(connected, learner):
    told = json.loads(connected.get(PROFILE).content)

    assert (told["name"], told["email"], told["type"]) == ("Lena", learner.email, ["Profile"])
    assert told["id"].startswith("urn:uuid:")
    assert learner.public_id not in told["id"]


def test_a_site_may_change_the_name_and_nothing_else(connected, learner):
    said = {"id": "urn:uuid:x", "type": ["Profile"], "name": "Lena  Lake", "email": "evil@evil.example"}

    response = connected.send(PROFILE, json.dumps(said).encode(), method="put")

    learner.refresh_from_db()
    assert response.status_code == 200
    assert json.loads(response.content)["name"] == learner.name == "Lena Lake"
    assert learner.email == json.loads(response.content)["email"] != "evil@evil.example"


@pytest.mark.parametrize(
    "said",
    [{"type": ["Profile"], "name": "‮Lena"}, {"type": ["Profile"], "name": "x" * 201},
     {"type": ["Profile"], "name": {"@value": "x"}}, {"name": "No type"}, {"type": [["Profile"]]}],
)  # fmt: skip
def test_a_profile_that_cannot_be_kept_is_refused(connected, learner, said):
    response = connected.send(PROFILE, json.dumps(said).encode(), method="put")

    learner.refresh_from_db()
    assert (response.status_code, learner.name) == (400, "Lena")


# Tokens


@pytest.mark.parametrize("path", [CREDENTIALS, PROFILE])
def test_without_a_token_there_is_nothing(campus, path):
    """B153: a token in the address or in the body counts as none."""
    for response in (
        campus.http.get(path),
        campus.http.get(path, {"access_token": "x"}),
        campus.http.get(path, headers={"Authorization": "Basic eDp5"}),
    ):
        assert response.status_code == 401
        assert response["WWW-Authenticate"].startswith("Bearer")
        assert json.loads(response.content)["imsx_codeMajor"] == "failure"


def test_a_token_in_the_address_counts_as_none(connected):
    response = connected.http.get(CREDENTIALS, {"access_token": connected.access})

    assert response.status_code == 401


@pytest.mark.parametrize("query", ["?a=%zz", "?a=%", "?\x7f", "?a=%00", "?%ff"])
def test_an_address_that_cannot_be_read_is_refused(connected, query):
    """B155"""
    response = connected.http.generic(
        "GET", CREDENTIALS, QUERY_STRING=query[1:], headers={"Authorization": f"Bearer {connected.access}"}
    )

    assert response.status_code in (200, 400)


def test_each_right_opens_its_own_door_alone(campus, lena):
    campus.redeem(campus.be_let_in(lena, scope=READ_PROFILE))

    refused = [campus.get(CREDENTIALS), campus.send(CREDENTIALS, signed("x")),
               campus.send(PROFILE, b"{}", method="put")]  # fmt: skip

    assert campus.get(PROFILE).status_code == 200
    assert [each.status_code for each in refused] == [403, 403, 403]
    assert READ in refused[0]["WWW-Authenticate"]
    assert not HeldCredential.objects.exists()


def test_who_was_given_less_since_has_less(campus, lena, learner):
    """An older token is worth what the newest consent says."""
    campus.redeem(campus.be_let_in(lena))
    older = campus.access

    campus.redeem(campus.be_let_in(lena, scope=ADD))

    campus.access = older
    assert campus.get(CREDENTIALS).status_code == 403


def test_what_is_taken_back_is_over_at_once(connected, learner):
    consent = Consent.objects.get()
    services.take_back(consent, by=learner, at=TUESDAY)

    assert connected.get(CREDENTIALS).status_code == 401
    assert connected.again().status_code == 400


def test_who_may_not_sign_in_has_no_site_acting_for_them(connected, learner):
    """B138"""
    learner.is_active = False
    learner.save()

    assert connected.get(CREDENTIALS).status_code == 401
    assert connected.again().status_code == 400


def test_what_is_used_is_noted(connected):
    assert Consent.objects.get().last_used_at is None

    connected.get(CREDENTIALS)

    assert Consent.objects.get().last_used_at is not None


@pytest.mark.parametrize("method", ["delete", "patch", "put"])
def test_other_methods_are_refused_with_the_right_ones(connected, method):
    response = getattr(connected.http, method)(CREDENTIALS)

    assert (response.status_code, response["Allow"]) == (405, "GET, HEAD, POST")


def test_a_wallet_knows_nothing_of_sites_it_was_told_about_by_name(connected, learner):
    """What is added says where it came from in words, so that it stays when the site is gone."""
    connected.send(CREDENTIALS, signed("Stays", number=1))
    Consent.objects.get().client.delete()

    assert wallets.held_by(learner).get().came_from == "Campus Badges (campus.example)"
