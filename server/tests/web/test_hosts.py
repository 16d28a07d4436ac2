# SPDX-License-Identifier: Apache-2.0
"""Wallets elsewhere: this server as a client of another host, which here is itself too, and hostile ones.

The first is asked through its views, with nothing between that knows better; over real sockets it is asked in
``journeys/test_two_wallets``. The hostile ones answer what they like.
"""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client as Browser
from django.utils import timezone
from oauth2_provider.models import AccessToken, RefreshToken
from server.tests.portability.conftest import keep, lena
from server.tests.wallets.conftest import signed

from cairn.errors import UnavailableError
from cairn.fetch import Heard, HttpAsker
from cairn_server.portability import hosts
from cairn_server.portability.models import Client, Connection, Consent, Host
from cairn_server.wallets.models import HeldCredential
from cairn_server.web.hosts import means

__all__ = ["keep", "lena"]
pytestmark = pytest.mark.django_db

HOST = "https://cairn.example"
# Of a base proof of another program, as in ``test_own_copy``.
OWN_COPY = (Path(__file__).parents[1] / "wallets" / "own_copy.json").read_bytes()


class InProcess(HttpAsker):
    """The host at our own address, asked as a stranger would: by method, path, headers and body."""

    log: list[tuple[str, str]] = []

    def ask(self, method, url, *, headers, body=b"", limit):
        self.require_visitable(url)
        assert url.startswith(HOST)
        self.log.append((method, url))
        response = Browser(headers={"host": "cairn.example"}).generic(
            method,
            url.removeprefix(HOST),
            body,
            content_type=headers.get("Content-Type", "application/octet-stream"),
            headers={name: each for name, each in headers.items() if name != "Content-Type"},
        )
        return Heard(response.status_code, {k.lower(): v for k, v in response.items()}, response.content)


class Scripted(HttpAsker):
    """A host that answers as the test says: the first rule whose words are in "METHOD address"."""

    rules: list[tuple[str, object]] = []
    log: list[tuple[str, str, dict]] = []

    def ask(self, method, url, *, headers, body=b"", limit):
        self.require_visitable(url)
        self.log.append((method, url, dict(headers)))
        for words, answer in self.rules:
            if words in f"{method} {url}":
                if isinstance(answer, Exception):
                    raise answer
                return answer if isinstance(answer, Heard) else Heard(200, {}, json.dumps(answer).encode())
        return Heard(404, {}, b"")


@pytest.fixture
def ours(settings):
    InProcess.log = []
    settings.HOST_ASKER = f"{__name__}.InProcess"


@pytest.fixture
def theirs(settings):
    Scripted.rules, Scripted.log = [], []
    settings.HOST_ASKER = f"{__name__}.Scripted"
    return Scripted


def described(**changed: str) -> dict:
    said = {"registrationUrl": "https://other.example/r", "authorizationUrl": "https://other.example/a",
            "tokenUrl": "https://other.example/t"} | changed  # fmt: skip
    flow = {"authorizationUrl": said["authorizationUrl"], "tokenUrl": said["tokenUrl"], "scopes": {}}
    scheme = {"x-imssf-registrationUrl": said["registrationUrl"], "flows": {"authorizationCode": flow}}
    return {
        "info": {"title": "Other wallet"},
        "components": {"securitySchemes": {"OAuth2ACG": scheme}},
    }


def go(browser) -> str:
    """Type the address; the address of the page there."""
    response = browser.post("/account/hosts/connect", {"address": "cairn.example"})
    assert response.status_code == 200, response.content.decode()
    return response.context["address"]


@pytest.fixture
def other(person, signed_in):
    """Somebody who has a wallet at the host, and agrees there."""
    return person("Mila")


@pytest.fixture
def connected(ours, lena, other, signed_in) -> Connection:
    address = go(lena)
    agreed = signed_in(other).post(address.removeprefix(HOST), {"do": "allow", "reads": "all"})
    back = lena.get(agreed["Location"].removeprefix(HOST))
    connection = Connection.objects.get()
    assert back["Location"] == f"/account/hosts/{connection.public_id}"
    return connection


def page(connection: Connection) -> str:
    return f"/account/hosts/{connection.public_id}"


# The whole way


def test_connect_fetch_send_and_disconnect(connected, lena, learner, other, keep):
    theirs_json, theirs_token = (
        keep("Theirs", holder=other, number=1),
        keep("Token", holder=other, number=2, form="jwt"),
    )
    mine = keep("Mine", number=3)

    fetched = lena.post(page(connected), {"do": "fetch"})
    again = lena.post(page(connected), {"do": "fetch"})
    sent = lena.post(page(connected), {"do": "send", "held": [mine.public_id]})
    sent_again = lena.post(page(connected), {"do": "send", "held": [mine.public_id]})

    assert "2 of 2 are new in your wallet." in fetched.content.decode()
    # The same bytes are kept once; what the host has is what was signed.
    assert "0 of 2 are new" in again.content.decode()
    got = {each.name: bytes(each.secured) for each in HeldCredential.objects.filter(person=learner)}
    assert got["Theirs"] == bytes(theirs_json.secured)
    assert got["Token"] == bytes(theirs_token.secured)
    held = HeldCredential.objects.get(person=learner, name="Theirs")
    assert (held.arrival, held.came_from, held.verdict) == ("site", "cairn.example", "verified")
    assert "Mine</bdi>: sent" in sent.content.decode()
    assert "it was there already" in sent_again.content.decode()
    assert bytes(HeldCredential.objects.get(person=other, name="Mine").secured) == bytes(mine.secured)

    lena.post(page(connected), {"do": "out"})

    assert not Connection.objects.exists()
    assert not AccessToken.objects.exists()
    assert not RefreshToken.objects.filter(revoked=None).exists()


def test_tokens_are_kept_sealed_each_in_its_place(connected, learner, settings):
    """B153: neither in the table as they are, nor to be opened in another row or with another secret."""
    vault = means().vault
    token = vault.open(connected.access_token, of=f"connection|{connected.public_id}|access")

    assert token
    assert token.encode() not in bytes(connected.access_token)
    assert vault.open(connected.access_token, of=f"connection|{connected.public_id}|refresh") is None
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another secret " * 4
    of = f"connection|{connected.public_id}|access"
    assert means().vault.open(connected.access_token, of=of) == token
    settings.SECRET_KEY_FALLBACKS = []
    assert means().vault.open(connected.access_token, of=of) is None


def test_without_the_secret_of_then_one_connects_again(connected, lena, settings):
    settings.HOST_ASKER = f"{__name__}.InProcess"
    Connection.objects.update(access_token=b"x" * 40, refresh_token=b"x" * 40)

    response = lena.post(page(connected), {"do": "fetch"})

    assert response.status_code == 409
    assert "Connect it again." in response.content.decode()


def test_a_token_that_is_over_is_replaced_once(connected, lena):
    Connection.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    assert lena.post(page(connected), {"do": "fetch"}).status_code == 200

    assert [url for _method, url in InProcess.log].count(f"{HOST}/oauth/token") == 2
    assert Connection.objects.get().expires_at > timezone.now()


def test_a_host_that_has_taken_it_back_is_said_so(connected, lena, other):
    Consent.objects.all().delete()

    response = lena.post(page(connected), {"do": "fetch"})

    assert response.status_code == 409
    assert "The other site did not agree." in response.content.decode()


def test_one_errand_at_a_time(connected, lena):
    Connection.objects.update(busy_until=timezone.now() + timedelta(minutes=1))

    assert lena.post(page(connected), {"do": "fetch"}).status_code == 409


def test_it_registers_once_for_everybody(connected, lena, learner, person, signed_in, other):
    go(signed_in(person("Nora")))

    assert Client.objects.count() == Host.objects.count() == 1
    assert Connection.objects.count() == 2


def test_many_are_fetched_in_pieces(connected, lena, other, keep):
    for number in range(1, 28):
        keep(f"Badge {number}", holder=other, number=number)

    first = lena.post(page(connected), {"do": "fetch"}).content.decode()
    rest = lena.post(page(connected), {"do": "fetch"}).content.decode()

    assert "25 of 25 are new" in first
    assert "Fetch more" in first
    assert "2 of 2 are new" in rest
    assert "Fetch my credentials" in rest


# Coming back


def test_an_answer_counts_once_and_for_whoever_was_sent(ours, lena, other, signed_in, outsider):
    """B154: state missing, made up, another's, used."""
    address = go(lena)
    agreed = signed_in(other).post(address.removeprefix(HOST), {"do": "allow", "reads": "all"})
    back = agreed["Location"].removeprefix(HOST)
    query = parse_qs(urlsplit(back).query)
    path = urlsplit(back).path

    for wrong in ({}, {"code": query["code"][0]}, {"code": query["code"][0], "state": "made up"}):
        assert lena.get(path, wrong).status_code == 404
    assert signed_in(outsider).get(back).status_code == 404
    assert not Connection.objects.open().exists()
    assert lena.get(back).status_code == 302
    assert Connection.objects.open().exists()
    assert lena.get(back).status_code == 404


def test_who_says_no_there_changes_nothing_here(ours, lena, other, signed_in):
    address = go(lena)
    refused = signed_in(other).post(address.removeprefix(HOST), {"do": "deny"})

    response = lena.get(refused["Location"].removeprefix(HOST), follow=True)

    assert "did not let us in" in response.content.decode()
    assert not Connection.objects.open().exists()


def test_an_answer_that_comes_too_late(ours, lena, other, signed_in):
    address = go(lena)
    agreed = signed_in(other).post(address.removeprefix(HOST), {"do": "allow", "reads": "all"})
    Connection.objects.update(asked_until=timezone.now() - timedelta(seconds=1))

    assert lena.get(agreed["Location"].removeprefix(HOST)).status_code == 404


# Others' things


def test_of_a_base_proof_a_host_gets_a_copy(connected, lena, learner, other):
    """B176: out of the own copy anybody could make any other."""
    lena.post("/wallet/bring", {"file": [SimpleUploadedFile("badge.json", OWN_COPY)]})
    mine = HeldCredential.objects.get(person=learner)
    assert mine.is_own_copy

    lena.post(page(connected), {"do": "send", "held": [mine.public_id]})

    assert bytes(HeldCredential.objects.get(person=other).secured) == mine.for_others


def test_nobody_elses_credential_is_sent(connected, lena, outsider, keep):
    """B135"""
    theirs = keep("Theirs", holder=outsider, number=9)

    response = lena.post(page(connected), {"do": "send", "held": [theirs.public_id, "x", "\x00" * 22]})

    assert "Choose what to send." in response.content.decode()
    assert HeldCredential.objects.count() == 1


def test_nobody_elses_connection_is_used(connected, outsider, signed_in):
    """B135"""
    browser = signed_in(outsider)

    assert [browser.post(page(connected), {"do": each}).status_code for each in ("fetch", "out")] == [404] * 2
    assert Connection.objects.exists()


# Hostile hosts


@pytest.mark.parametrize(
    "address",
    ["http://other.example", "https://127.0.0.1", "https://localhost", "https://169.254.169.254",
     "https://other.example:8443", "https://user@other.example", "https://[::1]", "file:///etc/passwd",
     "gopher://x", "other.example\r\nX: y", "https://10.0.0.1/ims/ob/v3p0", " ", "https://сairn.example"],
)  # fmt: skip
def test_b101_an_address_that_is_not_visited(lena, address):
    """B89-B95: the real guard, which refuses before it connects; and says the same of all of them."""
    response = lena.post("/account/hosts/connect", {"address": address})

    assert response.status_code == 422
    if address.strip():
        assert "We found no wallet at this address" in response.content.decode()
    assert not Host.objects.exists()


@pytest.mark.parametrize("name", ["registrationUrl", "authorizationUrl", "tokenUrl"])
@pytest.mark.parametrize(
    "url", ["http://169.254.169.254/", "https://127.0.0.1/", "javascript:alert(1)", "https://x:1/", "", None]
)
def test_a_host_cannot_send_us_or_its_learner_into_a_private_network(theirs, lena, name, url):
    """B101"""
    theirs.rules = [("GET https://other.example/ims/ob/v3p0/discovery", described(**{name: url}))]

    response = lena.post("/account/hosts/connect", {"address": "https://other.example"})

    assert response.status_code == 422
    assert len(theirs.log) == 1
    assert not Host.objects.exists()


@pytest.mark.parametrize(
    "answer",
    [
        Heard(200, {}, b"<html>"), Heard(200, {}, b"[]"), Heard(200, {}, b"{}"), Heard(302, {}, b""),
        Heard(200, {}, b'{"components":{"securitySchemes":[]}}'), Heard(200, {}, b'{"components":null}'),
        Heard(200, {}, b'{"a":' * 100_000), UnavailableError("unreachable", "x"),
    ],
)  # fmt: skip
def test_a_description_that_is_none(theirs, lena, answer):
    theirs.rules = [("discovery", answer)]

    assert lena.post("/account/hosts/connect", {"address": "other.example"}).status_code == 422


@pytest.mark.parametrize(
    "answer",
    [Heard(500, {}, b"{}"), {}, {"client_id": "x"}, {"client_id": ["x"], "client_secret": "y"},
     {"client_id": "x", "client_secret": "y\r\nz"}, {"client_id": "x" * 501, "client_secret": "y"}],
)  # fmt: skip
def test_a_registration_that_is_none(theirs, lena, answer):
    theirs.rules = [("discovery", described()), ("POST https://other.example/r", answer)]

    response = lena.post("/account/hosts/connect", {"address": "other.example"})

    assert response.status_code in (409, 422)
    assert not Host.objects.exists()


@pytest.fixture
def reached(theirs, lena, learner) -> Connection:
    """Connected to a host that answers what the test says."""
    theirs.rules = [
        ("discovery", described()),
        ("/r", {"client_id": "us", "client_secret": "secret"}),
        ("/t", {"access_token": "a1", "token_type": "Bearer", "expires_in": 3600, "refresh_token": "r1"}),
    ]
    address = lena.post("/account/hosts/connect", {"address": "other.example"}).context["address"]
    asked = parse_qs(urlsplit(address).query)
    assert asked["code_challenge_method"] == ["S256"]
    lena.get(asked["redirect_uri"][0].removeprefix(HOST), {"state": asked["state"][0], "code": "c"})
    return Connection.objects.open().get()


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{", b'{"credential":{}}', b'{"credential":[1,null,"x",[],{}]}', b'{"credential":null}',
     b'{"credential":"' + b"x" * 1000 + b'"}', b'{"credential":[' + b"[" * 5000 + b"]" * 5000 + b"]}",
     b'{"compactJwsString":[1,"a.b.c",{}]}', b'{"compactJwsString":5}', b"\xff", b'{"credential":[{"a":1}'],
)  # fmt: skip
def test_a_page_of_credentials_that_is_none_harms_nothing(theirs, reached, lena, body):
    theirs.rules = [("credentials", Heard(200, {}, body))]

    response = lena.post(page(reached), {"do": "fetch"})

    assert response.status_code in (200, 409)
    assert not HeldCredential.objects.exists()


def test_what_a_host_made_up_is_not_kept_and_what_is_genuine_beside_it_is(theirs, reached, lena):
    real, false = signed("Real", number=1), signed("Real", number=2).replace(b"Real", b"Fake")
    spaced = b'{ "before" : [ {"credential":[1]} ] ,\n "credential" : [ ' + false + b" ,\t" + real + b" ] }"
    theirs.rules = [("credentials", Heard(200, {}, spaced))]

    response = lena.post(page(reached), {"do": "fetch"})

    assert "1 of 2 is new in your wallet." in response.content.decode()
    assert bytes(HeldCredential.objects.get().secured) == real


def test_both_names_of_the_list_of_tokens_are_read(theirs, reached, lena):
    token = signed("Token", number=1, form="jwt").decode()
    theirs.rules = [("credentials", {"credential": [], "compactJwsStrings": [token]})]

    assert "1 of 1 is new" in lena.post(page(reached), {"do": "fetch"}).content.decode()


def test_a_token_goes_to_its_host_alone_whatever_the_host_says(theirs, reached, lena):
    """B92, B153: not along a redirect, and not to where a link of pages leads."""
    links = {"link": '<https://evil.example/ims/ob/v3p0/credentials?offset=25>; rel="next"'}
    page_of_one = b'{"credential":[' + signed("One", number=1) + b"]}"
    theirs.rules = [("offset=0", Heard(200, links, page_of_one)),
                    ("offset=1", Heard(307, {"location": "https://evil.example/"}, b""))]  # fmt: skip

    lena.post(page(reached), {"do": "fetch"})
    assert lena.post(page(reached), {"do": "fetch"}).status_code == 409

    assert all(url.startswith("https://other.example/") for _method, url, _headers in theirs.log)


def test_a_host_that_always_says_401_is_asked_twice_and_no_more(theirs, reached, lena):
    theirs.rules = [("credentials", Heard(401, {}, b"")), *theirs.rules]
    theirs.log.clear()

    assert lena.post(page(reached), {"do": "fetch"}).status_code == 409
    assert [method for method, _url, _headers in theirs.log] == ["GET", "POST", "GET"]


def test_a_host_that_answers_nothing(theirs, reached, lena):
    theirs.rules = [("credentials", UnavailableError("unreachable", "x"))]

    response = lena.post(page(reached), {"do": "fetch"})

    assert "does not answer just now" in response.content.decode()
    assert Connection.objects.get().busy_until is None


@pytest.mark.parametrize(
    "told",
    [{}, {"access_token": ""}, {"access_token": "a", "token_type": "mac"},
     {"access_token": 5, "token_type": "Bearer"},
     {"access_token": "a\nb", "token_type": "Bearer"}, {"access_token": "x" * 9000, "token_type": "Bearer"}],
)  # fmt: skip
def test_tokens_that_are_none(theirs, lena, learner, told):
    theirs.rules = [
        ("discovery", described()),
        ("/r", {"client_id": "us", "client_secret": "s"}),
        ("/t", told),
    ]
    address = lena.post("/account/hosts/connect", {"address": "other.example"}).context["address"]
    asked = parse_qs(urlsplit(address).query)

    response = lena.get(
        asked["redirect_uri"][0].removeprefix(HOST), {"state": asked["state"][0], "code": "c"}, follow=True
    )

    assert "did not let us in" in response.content.decode()
    assert not Connection.objects.open().exists()


def test_each_host_has_a_way_back_of_its_own(theirs, lena):
    """RFC 9700 section 4.4: so that none passes its learner's answer off as another's."""
    theirs.rules = [("discovery", described()), ("/r", {"client_id": "us", "client_secret": "s"})]
    ways = {
        parse_qs(urlsplit(lena.post("/account/hosts/connect", {"address": each}).context["address"]).query)[
            "redirect_uri"
        ][0]
        for each in ("one.example", "two.example")
    }

    assert len(ways) == 2


def test_what_a_host_calls_itself_is_text(theirs, lena):
    """B119"""
    said = described()
    said["info"]["title"] = "<b>Bank</b>"
    theirs.rules = [("discovery", said), ("/r", {"client_id": "us", "client_secret": "s"})]

    page = lena.post("/account/hosts/connect", {"address": "other.example"}).content.decode()

    assert "<b>Bank" not in page
    assert hosts.SCOPE
