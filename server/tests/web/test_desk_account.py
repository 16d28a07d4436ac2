# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import io
import re
import zipfile
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client
from server.tests.conftest import MONDAY, PASSWORD
from server.tests.desk import Desk, furnish

from cairn.canonical import parse_json
from cairn_server.accounts.models import Person
from cairn_server.issuing import claiming
from cairn_server.issuing import services as issuing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.http import HttpResponse

    from cairn_server.organisations.models import Organisation


@pytest.fixture
def desk(organisation: Organisation, owner: Person, issuer: Person) -> Iterator[Desk]:
    # The pages read the clock; what they show was made on that Monday.
    with time_machine.travel(MONDAY):
        yield furnish(organisation, owner, issuer)


@pytest.fixture
def stranger() -> Client:
    return Client(headers={"host": "cairn.example"})


# Signing in


def test_a_password_signs_in(stranger: Client, owner: Person) -> None:
    """Signing up asks for none; whoever set one afterwards can use it."""
    answer = stranger.post("/account/login/", {"login": owner.email, "password": PASSWORD})

    assert answer["Location"] == "/account/"
    assert stranger.get("/organisations/").status_code == 200


def told(page: HttpResponse, address: str) -> bytes:
    """What the page says, without what differs between any two answers, and without the address typed."""
    text = page.content.replace(address.encode(), b"ADDRESS")
    return re.sub(rb'name="csrfmiddlewaretoken" value="[^"]*"', b"", text)


@pytest.mark.parametrize(
    ("where", "field", "more"),
    [
        ("/account/login/", "login", {"password": "twelve quiet otters at dawn"}),
        ("/account/login/code/", "email", {}),
        ("/account/password/reset/", "email", {}),
        ("/account/signup/", "email", {}),
    ],
)
def test_known_and_unknown_addresses_get_the_same_answer(
    where: str, field: str, more: dict[str, str], owner: Person
) -> None:
    """B144: status, place to go next, and every byte of the page that follows."""
    answers = []
    for address in (owner.email, "nobody@people.example"):
        client = Client(headers={"host": "cairn.example"})
        first = client.post(where, {field: address, **more})
        after = client.get(first["Location"]) if first.status_code == 302 else first
        answers.append((first.status_code, first.get("Location"), after.status_code, told(after, address)))

    assert answers[0] == answers[1]


@pytest.mark.parametrize(
    "target", ["//evil.example", "/\\evil.example", "https://evil.example", "/%09/evil.example"]
)
def test_signing_in_leads_nowhere_else(target: str, stranger: Client, owner: Person) -> None:
    """B131"""
    answer = stranger.post("/account/login/", {"login": owner.email, "password": PASSWORD, "next": target})

    # One slash and a letter: an address of ours, whatever it says after that.
    assert answer.status_code == 302
    assert re.match(r"/[a-z%]", answer["Location"]), answer["Location"]
    there = urljoin("https://cairn.example/account/login/", answer["Location"])
    assert urlsplit(there).netloc == "cairn.example"


def test_the_mail_with_a_code_says_what_to_do(stranger: Client, owner: Person) -> None:
    stranger.post("/account/login/code/", {"email": owner.email})

    [message] = mail.outbox
    assert message.subject == "Your sign-in code"
    assert re.search(r"\n\n[A-Z0-9]{4}-[A-Z0-9]{4}\n\n", message.body)


@pytest.mark.parametrize(
    "page",
    ["/account/login/", "/account/signup/", "/account/login/code/", "/account/password/reset/"],
)
def test_no_label_of_another_hand_is_left(page: str, stranger: Client, db: None) -> None:
    text = stranger.get(page).content.decode()

    assert "placeholder=" not in text
    assert ">Email<" not in text


# One's own account


def test_name_and_language_are_kept(learner: Person, signed_in: Callable[[Person], Client]) -> None:
    signed_in(learner).post(
        "/account/", {"name": " Lena  Lind ", "language": "en", "is_staff": "on", "email": "x@y.z"}
    )

    learner.refresh_from_db()
    assert (learner.name, learner.language) == ("Lena Lind", "en")
    assert (learner.is_staff, learner.email) == (False, "lena@people.example"), "B139"


def test_a_name_that_turns_the_text_around_is_refused(
    learner: Person, signed_in: Callable[[Person], Client]
) -> None:
    """B129"""
    assert signed_in(learner).post("/account/", {"name": "Lena\u202edniL", "language": ""}).status_code == 422


def test_ones_data_is_one_file(desk: Desk, learner: Person, signed_in: Callable[[Person], Client]) -> None:
    issuing.award(
        by=desk.colleague,
        version=desk.version,
        recipient=issuing.Recipient("Lena", learner.email),
        request_key="data",
        at=MONDAY,
    )
    claiming.accept_waiting(learner, at=MONDAY)

    answer = signed_in(learner).post("/account/data")

    archive = zipfile.ZipFile(io.BytesIO(answer.getvalue()))  # type: ignore[attr-defined]
    told = parse_json(archive.read("data.json"))
    assert told["account"]["email"] == "lena@people.example"
    assert answer["Cache-Control"] == "no-store"
    files = {name for held in told["wallet"] for name in held["files"]}
    assert {"data.json", "resume.json", "index.html", "records/clr-001.json", *files} == set(
        archive.namelist()
    )


def test_the_download_does_not_start_from_a_link(
    learner: Person, signed_in: Callable[[Person], Client]
) -> None:
    """B140"""
    assert signed_in(learner).get("/account/data")["Content-Type"] == "text/html; charset=utf-8"


def test_an_account_is_deleted_when_its_holder_says_so(
    learner: Person, signed_in: Callable[[Person], Client]
) -> None:
    client = signed_in(learner)
    assert client.post("/account/delete").status_code == 422, "the box is not ticked"

    client.post("/account/delete", {"knows": "on"})

    assert not Person.objects.filter(pk=learner.pk).exists()
    assert not EmailAddress.objects.filter(email="lena@people.example").exists()
    assert client.get("/wallet").status_code == 302


def test_the_last_owner_cannot_delete_the_account(
    organisation: Organisation, owner: Person, signed_in: Callable[[Person], Client]
) -> None:
    client = signed_in(owner)

    page = client.post("/account/delete", {"knows": "on"})

    assert page.status_code == 422
    assert [organisation] == page.context["kept_by"]
    assert Person.objects.filter(pk=owner.pk).exists()
    assert client.get("/account/").status_code == 200, "still signed in"


# The wallet


def test_the_wallet_holds_what_was_awarded_to_confirmed_addresses(
    desk: Desk, person: Callable[..., Person], signed_in: Callable[[Person], Client]
) -> None:
    """B146: an address that somebody merely claims shows nothing."""
    holder = person("Lena")
    EmailAddress.objects.create(user=holder, email="ida@people.example", verified=False)
    client = signed_in(holder)

    before = [held.recipient_name for held in client.get("/wallet").context["waiting"]]
    EmailAddress.objects.filter(email="ida@people.example").update(verified=True)
    after = [held.recipient_name for held in client.get("/wallet").context["waiting"]]

    assert before == ["Lena"]
    assert sorted(after) == ["Ida", "Lena"]


def test_an_empty_wallet_says_where_to_look(learner: Person, signed_in: Callable[[Person], Client]) -> None:
    page = signed_in(learner).get("/wallet").content.decode()

    assert "Issued to an address that is not on your account?" in page
    assert "/account/email/" in page


def test_whoever_is_new_is_shown_where_to_begin(
    person: Callable[..., Person],
    owner: Person,
    organisation: Organisation,
    signed_in: Callable[[Person], Client],
) -> None:
    new = Person.objects.create_user("fresh@people.example", name="")

    first, settled = (signed_in(who).get("/account/").content.decode() for who in (new, owner))

    assert first.index("Create your organisation") < first.index("Your wallet") < first.index('name="name"')
    assert "Create your organisation" not in settled


@pytest.mark.parametrize("page", ["/", "/verify", "/help", "/invitation/over"])
def test_whoever_is_not_signed_in_is_offered_to(page: str, stranger: Client, db: None) -> None:
    text = stranger.get(page).content.decode()
    [navigation] = re.findall(r'<nav class="site-nav".*?</nav>', text, re.DOTALL)

    assert "Sign in" in navigation
    assert "Your account" not in navigation
    assert "/wallet" not in navigation


def test_whoever_is_signed_in_is_not_asked_to(owner: Person, signed_in: Callable[[Person], Client]) -> None:
    client = signed_in(owner)

    for page in ("/account/", "/nothing-here"):
        [navigation] = re.findall(
            r'<nav class="site-nav".*?</nav>', client.get(page).content.decode(), re.DOTALL
        )
        assert "Your account" in navigation, page
        assert "Sign in" not in navigation, page
