# SPDX-License-Identifier: Apache-2.0
"""Taking an assessment in a browser: without scripts, without a leak, and with nothing lost."""

from __future__ import annotations

import html
import json
import re
import zipfile
from datetime import timedelta
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from django.urls import reverse
from server.tests import learning
from server.tests.conftest import MONDAY

from cairn_server.assessments import authoring, services
from cairn_server.assessments.models import Attempt
from cairn_server.config.overdue import close_overdue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.http import HttpResponse
    from django.test import Client

    from cairn_server.accounts.models import Person
    from cairn_server.assessments.models import Assessment
    from cairn_server.organisations.models import Organisation

# Everything that only whoever knows the answer knows, of every kind of question.
SECRETS = ("12.5", "tolerance", "Bisque firing", "Cone six", "is_right", '"right"', "accepted", "by_hand")


@pytest.fixture(autouse=True)
def monday() -> Iterator[None]:
    with time_machine.travel(MONDAY, tick=False):
        yield


@pytest.fixture
def take(
    organisation: Organisation, issuer: Person, learner: Person
) -> Callable[..., tuple[Assessment, str]]:
    """An assessment that the learner works on, and its address."""

    def make(*questions: dict[str, Any], **rules: Any) -> tuple[Assessment, str]:
        made = learning.assessment(organisation, *questions, by=issuer, **rules)
        learning.enrolled(learner, organisation, by=issuer, assessment=made)
        return made, reverse("assessment-take", args=[made.public_id])

    return make


@pytest.fixture
def client(learner: Person, signed_in: Callable[[Person], Client]) -> Client:
    return signed_in(learner)


def begun(client: Client, address: str) -> str:
    sheet = client.post(address)
    assert sheet.status_code == 302, sheet.content.decode()
    return sheet["Location"]


def text_of(response: HttpResponse) -> str:
    return html.unescape(response.content.decode())


def right_fields(attempt: Attempt, **more: str) -> dict[str, Any]:
    from cairn_server.assessments import questions

    fields: dict[str, Any] = {"asked": [], **more}
    for row in attempt.answers.select_related("question"):
        fields["asked"].append(str(row.position))
        order = questions.order_of(row, attempt.seed, shuffles=attempt.version.shuffles)
        places = [str(place) for place, index in enumerate(order) if row.question.options[index]["right"]]
        if places:
            fields[f"place-{row.position}"] = places
        else:
            fields[f"text-{row.position}"] = {"number": "12,6", "short": "bisque firing"}[row.question.kind]
    return fields


def test_from_the_first_page_to_the_result(client: Client, take: Callable[..., Any], learner: Person) -> None:
    assessment, address = take(learning.SINGLE, learning.MULTIPLE, learning.NUMBER, learning.SHORT)
    first = text_of(client.get(address))
    sheet = begun(client, address)
    attempt = Attempt.objects.get()

    saved = client.post(sheet, right_fields(attempt, do="hand-in"))
    confirm = text_of(client.get(saved["Location"]))
    done = client.post(saved["Location"])
    result = text_of(client.get(done["Location"]))

    assert "Kilns and clay" in first
    assert "All 4 questions are answered." in confirm
    assert "Passed" in result
    assert "100 %" in result
    assert services.passed(learner, assessment) is not None


def test_the_award_follows(client: Client, take: Callable[..., Any], learner: Person) -> None:
    """The last thing that an achievement asks for: what is earned is awarded at once."""
    from cairn_server.issuing.models import Credential

    _assessment, address = take(learning.SINGLE)
    sheet = begun(client, address)
    client.post(sheet, right_fields(Attempt.objects.get(), do="save"))

    client.post(f"{sheet}/hand-in")

    assert [learner.email] == list(Credential.objects.values_list("recipient_email", flat=True))


def test_who_does_not_work_on_it_finds_nothing(
    take: Callable[..., Any],
    outsider: Person,
    owner: Person,
    learner: Person,
    signed_in: Callable[[Person], Client],
) -> None:
    """B135: not the assessment, not somebody's attempt; and nothing is begun or answered by trying."""
    _assessment, address = take(learning.SINGLE)
    sheet = begun(signed_in(learner), address)
    attempt = Attempt.objects.get()
    pages = [address, sheet, f"{sheet}/hand-in", f"{sheet}/result"]

    for other in (outsider, owner):
        client = signed_in(other)
        assert [client.get(page).status_code for page in pages] == [404] * 4
        posts = [
            (address, {}),
            (sheet, right_fields(attempt)),
            (f"{sheet}/answer", right_fields(attempt)),
            (f"{sheet}/hand-in", {}),
        ]
        assert [client.post(page, fields).status_code for page, fields in posts] == [404] * 4

    attempt.refresh_from_db()
    assert (
        attempt.state, Attempt.objects.count(), attempt.answers.exclude(saved_at=None).count()
    ) == ("open", 1, 0)  # fmt: skip


def test_a_stranger_signs_in_first(take: Callable[..., Any], client: Client) -> None:
    _assessment, address = take(learning.SINGLE)
    sheet = begun(client, address)
    client.logout()

    for page in (address, sheet, f"{sheet}/answer", f"{sheet}/hand-in", f"{sheet}/result"):
        response = client.post(page) if page.endswith("answer") else client.get(page)
        assert response["Location"].startswith("/account/login/"), page


# Answers do not leak


def test_nothing_that_a_taker_can_get_has_the_answers(
    client: Client, take: Callable[..., Any], learner: Person
) -> None:
    """B173: pages, their headers, what the script is told, errors, one's own data; before and after."""
    _assessment, address = take(
        learning.SINGLE, learning.MULTIPLE, learning.NUMBER, learning.SHORT, learning.ESSAY, feedback="marks"
    )
    sheet = begun(client, address)
    attempt = Attempt.objects.get()
    everything = {"asked": [str(row.position) for row in attempt.answers.all()]}
    wrong = (
        everything | {f"text-{n}": "x" * 501 for n in range(1, 6)} | {f"place-{n}": "0" for n in range(1, 6)}
    )
    answers = [
        client.get(address),
        client.get(sheet),
        client.post(f"{sheet}/answer", everything | {f"text-{n}": "7" for n in range(1, 6)}),
        client.post(f"{sheet}/answer", wrong),
        client.post(sheet, wrong),
        client.post(sheet, {"asked": "99", "text-99": "x"}),
        client.get(f"{sheet}/hand-in"),
        client.post(f"{sheet}/hand-in", follow=True),
        client.get(f"{sheet}/result"),
    ]
    archive = zipfile.ZipFile(BytesIO(client.post(reverse("account-data")).getvalue()))
    answers_text = [text_of(each) + str(each.headers) for each in answers] + [
        archive.read("data.json").decode()
    ]

    for number, text in enumerate(answers_text):
        # What the learner typed is theirs; of the server's own words nothing may be there.
        assert not [secret for secret in SECRETS if secret in text.replace("such as 12.5", "")], number
    assert not [each for each in answers if "ETag" in each.headers]


def test_the_page_does_not_say_where_the_author_put_the_right_answer(
    take: Callable[..., Any],
    person: Callable[..., Person],
    signed_in: Callable[[Person], Client],
    organisation: Organisation,
    issuer: Person,
) -> None:
    """The numbers of the options are those of the places on the page, for everybody: 0, 1, 2."""
    assessment, address = take(learning.SINGLE)
    orders = set()
    for number in range(8):
        someone = person(f"Person{number}")
        from cairn_server.earning import services as earning
        from cairn_server.earning.models import Enrolment

        earning.start(Enrolment.objects.earliest("pk").version, by=someone, name=someone.name, at=MONDAY)
        client = signed_in(someone)
        page = text_of(client.get(begun(client, address)))
        found = re.findall(r'name="place-1" value="(\d)"[^>]*>\s*<label[^>]*>([^<]+)<', page)
        assert [place for place, _words in found] == ["0", "1", "2"]
        orders.add(tuple(words for _place, words in found))

    assert len(orders) > 1
    assert assessment.published is not None


def test_the_script_is_told_nothing_but_that_it_is_saved(client: Client, take: Callable[..., Any]) -> None:
    _assessment, address = take(learning.SINGLE)
    sheet = begun(client, address)

    answers = [client.post(f"{sheet}/answer", {"asked": "1", "place-1": str(place)}) for place in range(3)]

    assert [json.loads(each.content) for each in answers] == [{"errors": {}, "seconds": None}] * 3


def test_the_right_answers_are_shown_where_the_author_wants_it(
    client: Client, take: Callable[..., Any]
) -> None:
    _assessment, address = take(learning.SINGLE, learning.NUMBER, feedback="answers", most_attempts=1)
    sheet = begun(client, address)

    result = text_of(client.post(f"{sheet}/hand-in", follow=True))

    assert "Not passed" in result
    assert "Cone six to ten" in result
    assert "12.5 ± 0.5" in result


# Nothing is lost


def test_what_was_ticked_is_there_again(client: Client, take: Callable[..., Any]) -> None:
    _assessment, address = take(learning.SINGLE, learning.NUMBER, shuffles=False)
    sheet = begun(client, address)
    client.post(f"{sheet}/answer", {"asked": "1", "place-1": "2"})
    client.post(sheet, {"asked": "2", "text-2": "11", "do": "save"})

    page = client.get(begun(client, address)).content.decode()

    assert re.search(r'name="place-1" value="2" id="q1-2" checked', page)
    assert 'value="11"' in page


def test_one_mistake_costs_no_other_answer(client: Client, take: Callable[..., Any]) -> None:
    """B17: and it is shown at its question, as it was typed."""
    _assessment, address = take(learning.SINGLE, learning.SHORT, shuffles=False)
    sheet = begun(client, address)

    answer = client.post(sheet, {"asked": ["1", "2"], "place-1": "1", "text-2": "a\u202eb", "do": "hand-in"})

    page = text_of(answer)
    assert answer.status_code == 422
    assert 'href="#q2"' in page
    assert 'aria-invalid="true"' in page
    assert "a\u202eb" in page
    assert Attempt.objects.get().answers.get(position=1).chosen == [1]


def test_what_is_no_number_is_said_before_it_is_handed_in(client: Client, take: Callable[..., Any]) -> None:
    _assessment, address = take(learning.NUMBER)
    sheet = begun(client, address)

    after = client.post(sheet, {"asked": "1", "text-1": "twelve", "do": "hand-in"}, follow=True)

    assert "Not a number" in text_of(after)
    assert "This is not a number." in text_of(client.get(sheet))


@pytest.mark.parametrize(
    "fields", [{"asked": "x"}, {"asked": "1", "place-1": "-1"}, {"asked": "\u0661"}, {"asked": "9999"}]
)
def test_what_no_form_of_ours_sends(client: Client, take: Callable[..., Any], fields: dict[str, str]) -> None:
    _assessment, address = take(learning.SINGLE)
    sheet = begun(client, address)

    assert client.post(sheet, fields).status_code == 400


# Time


def test_time_is_told_and_kept_by_the_server(client: Client, take: Callable[..., Any]) -> None:
    _assessment, address = take(learning.SINGLE, minutes=30)
    sheet = begun(client, address)

    with time_machine.travel(MONDAY + timedelta(minutes=12), tick=False):
        page = text_of(client.get(sheet))

    assert 'data-seconds="1080"' in page
    assert "18 min left" in page
    assert "It ends at 09:30 UTC" in page


def test_after_its_time_nothing_is_taken_and_what_was_saved_counts(
    client: Client, take: Callable[..., Any], learner: Person
) -> None:
    assessment, address = take(learning.SINGLE, minutes=30)
    sheet = begun(client, address)
    attempt = Attempt.objects.get()
    client.post(sheet, right_fields(attempt, do="save"))

    with time_machine.travel(MONDAY + timedelta(minutes=31), tick=False):
        late = client.post(f"{sheet}/answer", {"asked": "1", "place-1": "0"})
        page = text_of(client.post(sheet, {"asked": "1", "do": "save"}, follow=True))

    assert late.status_code == 409
    assert "The time was over" in page
    assert services.passed(learner, assessment) is not None


def test_the_script_hands_in_when_the_time_is_over(client: Client, take: Callable[..., Any]) -> None:
    """In the seconds that a form may be late; a script that says so too early is not believed."""
    _assessment, address = take(learning.SINGLE, minutes=30)
    sheet = begun(client, address)
    attempt = Attempt.objects.get()
    client.post(sheet, {"asked": "1", "do": "over"})
    attempt.refresh_from_db()
    early = attempt.state

    with time_machine.travel(MONDAY + timedelta(minutes=30, seconds=3), tick=False):
        client.post(sheet, right_fields(attempt, do="over"))

    attempt.refresh_from_db()
    assert (early, attempt.state, attempt.passed) == ("open", "done", True)


def test_what_nobody_hands_in_is_handed_in_and_awarded(
    client: Client, take: Callable[..., Any], learner: Person
) -> None:
    from cairn_server.issuing.models import Credential

    _assessment, address = take(learning.SINGLE, minutes=30)
    sheet = begun(client, address)
    client.post(sheet, right_fields(Attempt.objects.get(), do="save"))

    assert close_overdue(at=MONDAY + timedelta(hours=1)) == 1

    assert [learner.email] == list(Credential.objects.values_list("recipient_email", flat=True))


def test_a_refusal_to_begin_is_a_page_with_a_reason(client: Client, take: Callable[..., Any]) -> None:
    _assessment, address = take(learning.SINGLE, most_attempts=1)
    client.post(f"{begun(client, address)}/hand-in")

    again = client.post(address)

    assert again.status_code == 409
    assert "You have used all your attempts." in text_of(again)


def test_every_text_of_an_author_is_text(client: Client, take: Callable[..., Any]) -> None:
    """B126 B127: questions, options, names, explanations."""
    hostile = "<img src=x onerror=alert(1)>{{7*7}}"
    fields = {
        "kind": "single",
        "text": hostile + "\n\n[x](javascript:alert(1))",
        "options": [{"text": hostile, "right": True}, {"text": "b", "right": False}],
        "explanation": hostile,
    }
    _assessment, address = take(fields, name="Q" + hostile, introduction=hostile, feedback="answers")
    sheet = begun(client, address)
    pages = [client.get(address), client.get(sheet), client.post(f"{sheet}/hand-in", follow=True)]

    for page in pages:
        shown = page.content.decode()
        assert "<img src=x" not in shown
        assert "{{7*7}}" in html.unescape(shown)
        assert 'href="javascript' not in shown


def test_the_page_keeps_what_was_promised(
    client: Client, take: Callable[..., Any], issuer: Person, learner: Person
) -> None:
    """Whoever started under one pass mark is told it, and judged by it, when another has been published."""
    assessment, address = take(learning.SINGLE, pass_mark=50)
    promised = assessment.published
    authoring.edit_assessment(
        assessment, by=issuer, fields={"name": "Now", "draws": promised.draws, "pass_mark": 90}, at=MONDAY
    )
    authoring.publish_assessment(assessment, by=issuer, at=MONDAY)

    page = text_of(client.get(address))
    begun(client, address)

    assert "50 % of the points" in page
    assert promised == Attempt.objects.get().version
