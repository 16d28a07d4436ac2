# SPDX-License-Identifier: Apache-2.0
"""The trust lists of an installation: read at the start, asked on /verify and by the API."""

import json
import re
from datetime import timedelta

import pytest
import time_machine
from django.core import checks

from cairn.checks import DEFAULT_CHECKS
from cairn.did import did_key
from cairn.errors import MalformedError
from cairn.proof import sign
from cairn.testing import NOON, FixedSources, demo_key, did_document, sample_credential, signed_sample
from cairn.trust_list import TrustList, UnopenedList
from cairn_server.config import trust

ISSUER = did_key(demo_key().public_key)
BOARD = "did:web:board.example"
BOARD_URL = "https://board.example/.well-known/did.json"


@pytest.fixture(autouse=True)
def nothing_opened_yet():
    trust._opened.clear()
    yield
    trust._opened.clear()


@pytest.fixture
def schools(tmp_path, settings):
    """A folder with one list, chosen by the operator."""
    (tmp_path / "schools.json").write_text(json.dumps([ISSUER]))
    settings.TRUST_LISTS = [str(tmp_path)]
    return tmp_path


def signed_list():
    """By a board whose keys have to be asked for."""
    key = demo_key("board")
    document = sample_credential(issuer=BOARD, valid_from=NOON - timedelta(days=300)).to_document()
    document |= {
        "type": ["VerifiableCredential"],
        "name": "Schools of the board",
        "credentialSubject": [{"id": ISSUER, "type": ["Profile"], "name": "Harbour School"}],
    }
    del document["awardedDate"]
    return sign(document, key, verification_method=f"{BOARD}#key-1", at=NOON)


def errors():
    return {problem.id for problem in checks.run_checks() if problem.id == "cairn.E012"}


def test_without_lists_nothing_more_is_asked(settings):
    settings.TRUST_LISTS = []

    assert trust.offered() == ()
    assert trust.choices() == ()
    assert trust.checks() == DEFAULT_CHECKS


def test_a_folder_and_a_file_are_read(schools, settings):
    (schools / "others.csv").write_text("issuer\nother.example\n")
    (schools / "notes.txt").write_text("not a list")
    beside = schools.parent / "beside.json"
    beside.write_text("[]")
    settings.TRUST_LISTS = [str(schools), str(beside)]

    assert [each.list.name for each in trust.offered()] == ["others", "schools", "beside"]


def test_the_files_are_read_once(schools):
    first = trust.offered()
    (schools / "schools.json").write_text("[]")

    assert trust.offered() is first


@pytest.mark.parametrize("content", ["{", '{"issuers": []}', '["school"]'])
def test_a_mistake_in_a_list_is_found_at_the_start(schools, content):
    assert errors() == set()

    (schools / "schools.json").write_text(content)

    assert errors() == {"cairn.E012"}
    with pytest.raises(MalformedError, match=r"schools\.json"):
        trust.offered()


def test_a_list_that_is_not_there_is_found_at_the_start(schools, settings):
    settings.TRUST_LISTS = [str(schools / "gone.json")]
    assert errors() == {"cairn.E012"}

    (schools / "schools.json").unlink()
    settings.TRUST_LISTS = [str(schools)]
    assert errors() == {"cairn.E012"}


class Board(FixedSources):
    """Everybody's sources in this test; the board answers when the test says so."""

    shared: dict[str, bytes] = {}

    def __init__(self):
        super().__init__(self.shared)


def test_a_list_whose_publisher_does_not_answer_is_tried_again(schools, settings):
    (schools / "schools.json").write_bytes(signed_list())
    settings.SOURCES = f"{__name__}.Board"
    Board.shared = {}

    with time_machine.travel(NOON, tick=False):
        assert errors() == set()  # nobody is asked at the start
        assert isinstance(trust.offered()[0].list, UnopenedList)
        Board.shared = {BOARD_URL: did_document(BOARD, demo_key("board").public_key)}
        assert isinstance(trust.offered()[0].list, UnopenedList)  # not for each visitor
    with time_machine.travel(NOON + trust.TRY_AGAIN, tick=False):
        (opened,) = [each.list for each in trust.offered()]

    assert isinstance(opened, TrustList)
    assert (opened.name, opened.publisher_id) == ("Schools of the board", BOARD)
    # Chosen by the name of the file, whatever the list calls itself once it is open.
    assert trust.choices() == (("schools", "Schools of the board"),)


def test_showing_the_form_asks_nobody_and_the_first_check_does(schools, settings):
    (schools / "schools.json").write_bytes(signed_list())
    settings.SOURCES = f"{__name__}.Board"
    Board.shared = {BOARD_URL: did_document(BOARD, demo_key("board").public_key)}

    with time_machine.travel(NOON, tick=False):
        assert trust.choices() == (("schools", "schools"),)
        trust.checks()

        assert trust.choices() == (("schools", "Schools of the board"),)


@pytest.mark.django_db
@pytest.mark.parametrize(("listed", "outcome"), [(True, "passed"), (False, "failed")])
def test_the_api_asks_the_lists(schools, client, listed, outcome):
    (schools / "schools.json").write_text(json.dumps([ISSUER] if listed else []))
    credential = sample_credential(valid_from=NOON - timedelta(days=600))

    answer = client.post(
        "/api/v1/verify",
        data=signed_sample(credential, at=NOON - timedelta(days=600)),
        content_type="application/json",
    ).json()

    found = {each["check"]: each for each in answer["findings"]}
    assert found["trust"]["outcome"] == outcome
    assert found["trust"]["details"]["list"] == "schools"
    assert found["signature"]["outcome"] == "passed"
    assert answer["accepted"] is listed


@pytest.mark.django_db
def test_the_page_says_who_is_in_which_list(schools, client):
    credential = sample_credential(valid_from=NOON - timedelta(days=600))
    signed = signed_sample(credential, at=NOON - timedelta(days=600))

    page = client.post("/verify", {"text": signed.decode()}).content.decode()

    assert "is listed in schools." in page


# Chosen by whoever asks


def genuine():
    credential = sample_credential(valid_from=NOON - timedelta(days=600))
    return signed_sample(credential, at=NOON - timedelta(days=600))


@pytest.fixture
def others(schools):
    """A second list, on which the issuer is not."""
    (schools / "others.json").write_text('["did:web:other.example"]')
    return schools


def ask_the_api(client, query="", **headers):
    return client.post(
        f"/api/v1/verify{query}", data=genuine(), content_type="application/json", headers=headers
    )


def ticks(page):
    return len(re.findall(r'<input[^>]* name="lists"[^>]* checked', page))


def trust_in(answer):
    return next((each for each in answer.json()["findings"] if each["check"] == "trust"), None)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("query", "outcome"),
    [
        ("", "passed"),
        ("?lists=schools", "passed"),
        ("?lists=schools&lists=others", "passed"),
        ("?lists=others", "failed"),
    ],
)
def test_whoever_calls_the_api_chooses_among_the_lists(others, client, query, outcome):
    assert trust_in(ask_the_api(client, query))["outcome"] == outcome


@pytest.mark.django_db
def test_whoever_chooses_none_is_told_nothing_about_lists(others, client):
    answer = ask_the_api(client, "?lists=")

    assert {"trust", "entitlement"}.isdisjoint(each["check"] for each in answer.json()["findings"])
    assert answer.json()["accepted"] is True


@pytest.mark.django_db
@pytest.mark.parametrize("content_type", ["application/json", "application/x-ndjson"])
def test_a_list_that_is_not_here_is_refused_and_those_that_are_are_named(others, client, content_type):
    answer = client.post("/api/v1/verify?lists=mine", data=genuine(), content_type=content_type)

    assert (answer.status_code, answer.json()["code"]) == (400, "unknown-trust-list")
    assert "others, schools" in answer.json()["detail"]


@pytest.mark.django_db
def test_the_choice_counts_for_each_of_many(others, client):
    answer = client.post("/api/v1/verify?lists=others", data=genuine(), content_type="application/x-ndjson")

    (line,) = map(json.loads, answer.getvalue().splitlines())
    assert {each["check"]: each["outcome"] for each in line["report"]["findings"]}["trust"] == "failed"


@pytest.mark.django_db
@pytest.mark.parametrize(("typed", "code"), [(None, None), ("ada@people.example", "holder-not-comparable")])
def test_the_api_compares_the_holder_that_a_header_names(client, settings, typed, code):
    settings.TRUST_LISTS = []

    answer = ask_the_api(client, **({} if typed is None else {"Cairn-Holder": typed}))

    found = {each["check"]: each["code"] for each in answer.json()["findings"]}
    assert found.get("holder") == code
    assert b"people.example" not in answer.content


@pytest.mark.django_db
def test_a_holder_that_is_neither_address_nor_did_is_refused(client, settings):
    settings.TRUST_LISTS = []

    answer = ask_the_api(client, **{"Cairn-Holder": "Ada"})

    assert (answer.status_code, answer.json()["code"]) == (400, "holder-typed")


@pytest.mark.django_db
def test_without_lists_the_page_offers_no_choice(client, settings):
    settings.TRUST_LISTS = []

    assert 'name="lists"' not in client.get("/verify").content.decode()
    assert client.post("/verify", {"text": genuine().decode(), "lists": "schools"}).status_code == 200


@pytest.mark.django_db
def test_all_lists_are_ticked_at_first_and_the_box_is_closed(others, client):
    page = client.get("/verify").content.decode()

    assert page.count('name="lists"') == 3  # two ticks, and one that says that there is a choice
    assert ticks(page) == 2
    assert '<details class="more"><summary>Which lists of issuers count?' in page


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("ticked", "said"),
    [
        (None, "is listed in schools."),
        (["", "schools", "others"], "is listed in schools."),
        (["", "others"], "is not in a list you use."),
        ([""], "Whether the issuer is on a list you trust: no list was asked."),
    ],
)
def test_a_visitor_chooses_among_the_lists(others, client, ticked, said):
    """Screens 5.2 and 6: the choice changes this line, and never that of the signature."""
    brought = {"text": genuine().decode()} | ({} if ticked is None else {"lists": ticked})

    page = client.post("/verify", brought).content.decode()

    assert said in page
    assert "Nothing has been changed since it was signed." in page
    assert ("Whether the issuer is on a list you trust" in page) is (ticked == [""])


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("ticked", "again"),
    [
        (["", "schools", "others"], "/verify"),
        (["", "others"], "/verify?lists=others"),
        ([""], "/verify?lists="),
    ],
)
def test_the_next_form_remembers_the_choice_by_its_address_alone(others, client, ticked, again):
    answer = client.post("/verify", {"text": genuine().decode(), "lists": ticked})
    assert f'href="{again}"' in answer.content.decode()
    assert not answer.cookies

    page = client.get(again).content.decode()

    assert ticks(page) == len(ticked) - 1
    assert ('<details class="more" open><summary>Which lists' in page) is (len(ticked) < 3)


@pytest.mark.django_db
def test_a_choice_that_is_not_offered_is_told_beside_the_field(others, client):
    answer = client.post("/verify", {"text": genuine().decode(), "lists": ["", "mine"]})

    assert answer.status_code == 422
    assert "mine is not one of the available choices" in answer.content.decode()


@pytest.mark.django_db
def test_a_refused_form_keeps_the_choice(others, client):
    page = client.post("/verify", {"text": "", "lists": ["", "others"]}).content.decode()

    assert ticks(page) == 1
