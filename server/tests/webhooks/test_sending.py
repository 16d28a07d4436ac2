# SPDX-License-Identifier: Apache-2.0
"""From the journal to a real receiver: nothing is lost, whatever the receiver does (F13)."""

from __future__ import annotations

import hmac
import time
from base64 import b64decode, b64encode
from datetime import timedelta
from email.utils import format_datetime
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest
from server.tests.conftest import MONDAY

from cairn.canonical import parse_json
from cairn.fetch import HttpPoster
from cairn_server.journal.models import Entry
from cairn_server.organisations.models import OrganisationClosed
from cairn_server.organisations.services import close_organisation
from cairn_server.webhooks import events, sending, services, signing
from cairn_server.webhooks.models import Endpoint, Message
from cairn_server.webhooks.sending import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from server.tests.webhooks.receiver import Receiver

    from cairn_server.accounts.models import Person
    from cairn_server.organisations.models import Organisation

KEYS = ["the server's own key"]
SECOND, MINUTE, HOUR, DAY = (
    timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
)  # fmt: skip


@pytest.fixture
def send(poster: HttpPoster) -> Callable[..., int]:
    """One look, as the server takes one every second."""

    def look(at: datetime = MONDAY) -> int:
        sending.follow(at=at)
        return sending.send_due(poster=poster, keys=KEYS, at=at, chance=lambda: 0.0)

    return look


def _killed(*args: object, **kwargs: object) -> None:
    raise KeyboardInterrupt


def messages(endpoint: Endpoint) -> list[Message]:
    return list(endpoint.messages.order_by("pk"))


def test_what_happens_is_told_with_a_signature_that_holds(
    endpoint: Endpoint, receiver: Receiver, happens: Callable[..., None], send: Callable[..., int]
) -> None:
    happens(version="v1", number=2)

    assert send() == 1

    [heard] = receiver.heard
    secret = b64decode(signing.current_secret(endpoint, key=KEYS[0]).removeprefix("whsec_"))
    signed = f"{heard.headers['webhook-id']}.{heard.headers['webhook-timestamp']}.".encode() + heard.body
    expected = "v1," + b64encode(hmac.new(secret, signed, sha256).digest()).decode()
    assert heard.headers["webhook-signature"] == expected
    assert heard.headers["webhook-timestamp"] == str(int(MONDAY.timestamp()))
    entry = Entry.objects.latest("pk")
    assert parse_json(heard.body) == {
        "type": "achievement.published",
        "timestamp": "2026-11-23T09:00:00Z",
        "data": {
            "organisation": endpoint.organisation.public_id,
            "journal": entry.number,
            "achievement": {
                "id": entry.object_id,
                "href": f"https://cairn.example/api/v1/achievements/{entry.object_id}",
            },
            "version": "v1",
            "number": 2,
        },
    }


def test_only_what_was_chosen_and_nothing_from_before(
    organisation: Organisation,
    owner: Person,
    receiver: Receiver,
    poster: HttpPoster,
    happens: Callable[..., None],
    send: Callable[..., int],
) -> None:
    happens("credential revoked")
    services.create_endpoint(
        organisation, by=owner, url=receiver.origin, events=["credential.revoked"], poster=poster, at=MONDAY
    )
    happens("credential revoked")
    happens("credential awarded")
    happens("member invited")

    send()

    assert [parse_json(heard.body)["type"] for heard in receiver.heard] == ["credential.revoked"]


def test_another_organisations_events_are_not_told(
    endpoint: Endpoint,
    elsewhere: Organisation,
    outsider: Person,
    receiver: Receiver,
    send: Callable[..., int],
) -> None:
    """B135"""
    from cairn_server.journal import services as journal

    journal.record(
        verb="achievement published",
        by=outsider,
        organisation_id=elsewhere.public_id,
        object=elsewhere,
        at=MONDAY,
    )

    assert send() == 0
    assert receiver.heard == []


def test_details_that_are_not_listed_stay_here(endpoint: Endpoint, happens: Callable[..., None]) -> None:
    """What a verb writes into the journal one day does not leave the house by itself."""
    happens("credential awarded", version="v", key="did:web:x#1", reason="Ada was ill")

    sending.follow(at=MONDAY)

    [message] = messages(endpoint)
    assert "Ada" not in message.body
    assert set(parse_json(message.body.encode())["data"]) == {
        "organisation",
        "journal",
        "credential",
        "version",
    }


def test_an_event_is_one_message_however_often_the_journal_is_read(
    endpoint: Endpoint, happens: Callable[..., None]
) -> None:
    happens()

    assert [sending.follow(at=MONDAY), sending.follow(at=MONDAY)] == [1, 0]


def test_a_crash_between_message_and_cursor_forgets_neither(
    endpoint: Endpoint, happens: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    happens()
    with monkeypatch.context() as patch:
        patch.setattr(Endpoint, "save", _killed)
        with pytest.raises(KeyboardInterrupt):
            sending.follow(at=MONDAY)

    assert messages(endpoint) == []
    assert sending.follow(at=MONDAY) == 1


def test_more_than_one_look_holds_is_read_by_the_next(
    endpoint: Endpoint, happens: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "ENTRIES_AT_ONCE", 2)
    for _ in range(3):
        happens()

    # The first one has the entry of the endpoint's own making in it, which nobody is told of.
    assert [sending.follow(at=MONDAY) for _ in range(3)] == [1, 2, 0]


def test_a_receiver_that_is_down_for_three_days_gets_all_of_it(
    endpoint: Endpoint, receiver: Receiver, happens: Callable[..., None], send: Callable[..., int]
) -> None:
    """F13: with the clock of the server, a look every minute."""
    receiver.answer = lambda _heard: (500, {})
    for number in range(3):
        happens(number=number)
    at = MONDAY
    while at < MONDAY + 3 * DAY:
        send(at)
        at += 7 * MINUTE
    tried = len(receiver.heard)
    receiver.answer = lambda _heard: (200, {})

    for _ in range(20):
        send(at)
        at += 7 * MINUTE

    assert {message.state for message in messages(endpoint)} == {Message.State.SENT}
    assert len(set(receiver.ids[tried:])) == len(receiver.ids[tried:]) == 3
    assert set(receiver.ids[tried:]) == {message.public_id for message in messages(endpoint)}
    # Not flooded meanwhile.
    assert tried < 100
    endpoint.refresh_from_db()
    assert (endpoint.failures, endpoint.failing_since) == (0, None)


def test_an_id_and_a_body_are_the_same_in_every_attempt(
    endpoint: Endpoint, receiver: Receiver, happens: Callable[..., None], send: Callable[..., int]
) -> None:
    answers = iter([(500, {}), (200, {})])
    receiver.answer = lambda _heard: next(answers)
    happens()

    send(MONDAY)
    send(MONDAY + MINUTE)

    first, second = receiver.heard
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    assert int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) == 60
    assert first.headers["webhook-signature"] != second.headers["webhook-signature"]
    [message] = messages(endpoint)
    assert [answer["status"] for answer in message.answers] == [500, 200]


def test_what_was_taken_and_never_answered_is_told_again(
    endpoint: Endpoint, receiver: Receiver, happens: Callable[..., None], send: Callable[..., int]
) -> None:
    """F13: it accepts, then drops the line; twice is better than never, and the id tells."""
    receiver.answer = lambda _heard: None
    happens()
    send(MONDAY)
    receiver.answer = lambda _heard: (200, {})

    send(MONDAY + MINUTE)

    assert len(receiver.heard) == 2
    assert len(set(receiver.ids)) == 1
    assert messages(endpoint)[0].answers[0]["problem"] == "unreachable"


def test_a_crash_after_posting_posts_again_with_the_same_id(
    endpoint: Endpoint,
    receiver: Receiver,
    happens: Callable[..., None],
    send: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    happens()
    with monkeypatch.context() as patch:
        patch.setattr(sending, "note", _killed)
        with pytest.raises(KeyboardInterrupt):
            send(MONDAY)

    send(MONDAY + MINUTE)

    assert len(receiver.heard) == 2
    assert len(set(receiver.ids)) == 1
    assert messages(endpoint)[0].state == Message.State.SENT


def test_two_senders_send_a_message_once(
    endpoint: Endpoint, receiver: Receiver, poster: HttpPoster, happens: Callable[..., None]
) -> None:
    happens()
    sending.follow(at=MONDAY)
    [seen_by_both] = list(sending._due(at=MONDAY))

    claims = [sending._claim(seen_by_both, at=MONDAY, chance=lambda: 0.0) for _ in range(2)]

    assert claims == [True, False]


def test_a_slow_receiver_does_not_keep_others_waiting(
    endpoint: Endpoint,
    organisation: Organisation,
    owner: Person,
    receiver: Receiver,
    happens: Callable[..., None],
) -> None:
    """F13: what is slow costs its time-out, once, and the others are told meanwhile."""
    from server.tests.webhooks.receiver import Receiver as Another

    slow = Another(answer=lambda _heard: time.sleep(5))
    slow.start()
    poster = HttpPoster(allow=frozenset({receiver.origin, slow.origin}), timeout=0.5)
    services.create_endpoint(
        organisation, by=owner, url=slow.origin, events=["achievement.published"], poster=poster, at=MONDAY
    )
    happens()
    sending.follow(at=MONDAY)
    begun = time.monotonic()

    taken = sending.send_due(poster=poster, keys=KEYS, at=MONDAY, chance=lambda: 0.0)

    assert taken == 1
    assert len(receiver.heard) == 1
    assert time.monotonic() - begun < 3
    slow.stop()


def test_410_stops_the_endpoint_and_says_why(
    endpoint: Endpoint, receiver: Receiver, happens: Callable[..., None], send: Callable[..., int]
) -> None:
    """B103"""
    receiver.answer = lambda _heard: (410, {})
    happens()

    send(MONDAY)
    send(MONDAY + DAY)

    endpoint.refresh_from_db()
    assert (endpoint.state, endpoint.why) == (Endpoint.State.DISABLED, Endpoint.Why.GONE)
    assert len(receiver.heard) == 1
    last = Entry.objects.latest("pk")
    assert (last.verb, last.details, last.actor_id) == ("webhook endpoint stopped", {"why": "gone"}, "")


def test_what_is_stopped_goes_on_where_it_was(
    endpoint: Endpoint,
    owner: Person,
    receiver: Receiver,
    happens: Callable[..., None],
    send: Callable[..., int],
) -> None:
    services.stop_endpoint(endpoint, by=owner, at=MONDAY)
    happens()
    assert send(MONDAY) == 0

    services.start_endpoint(endpoint, by=owner, at=MONDAY + DAY)

    assert send(MONDAY + DAY) == 1


def test_five_days_of_silence_stop_it_and_lose_nothing(
    endpoint: Endpoint,
    owner: Person,
    receiver: Receiver,
    happens: Callable[..., None],
    send: Callable[..., int],
) -> None:
    receiver.answer = lambda _heard: (500, {})
    for _ in range(30):
        happens()
    at = MONDAY
    while at <= MONDAY + 5 * DAY + 2 * HOUR:
        send(at)
        at += 31 * MINUTE
    endpoint.refresh_from_db()
    assert (endpoint.state, endpoint.why) == (Endpoint.State.DISABLED, Endpoint.Why.SILENT)
    waiting = {m.public_id for m in messages(endpoint) if m.state == Message.State.DUE}
    assert len(waiting) >= 25
    receiver.answer = lambda _heard: (200, {})
    receiver.heard.clear()

    services.start_endpoint(endpoint, by=owner, at=at)
    for _ in range(10):
        send(at)

    assert set(receiver.ids) == waiting


@pytest.mark.parametrize(
    ("said", "waits"),
    [
        ("120", timedelta(seconds=120)),
        (format_datetime(MONDAY + timedelta(minutes=10), usegmt=True), timedelta(minutes=10)),
        ("999999", DAY),  # never more
        ("-5", timedelta()),
        ("tomorrow", timedelta()),
        ("٣", timedelta()),
        ("", timedelta()),
    ],
)
def test_retry_after_is_read_and_bounded(said: str, waits: timedelta) -> None:
    assert sending._retry_after(said, at=MONDAY) == waits


def test_429_is_obeyed_by_all_messages_and_costs_no_attempt(
    endpoint: Endpoint, receiver: Receiver, happens: Callable[..., None], send: Callable[..., int]
) -> None:
    receiver.answer = lambda _heard: (429, {"Retry-After": "600"})
    happens()
    send(MONDAY)
    happens()
    receiver.answer = lambda _heard: (200, {})

    assert send(MONDAY + 599 * SECOND) == 0
    assert send(MONDAY + 601 * SECOND) == 1
    assert send(MONDAY + 602 * SECOND) == 1
    assert len(receiver.heard) == 3


def test_a_message_that_only_one_receiver_cannot_digest_is_given_up_alone(
    endpoint: Endpoint, receiver: Receiver, happens: Callable[..., None], send: Callable[..., int]
) -> None:
    happens(number=1)
    sending.follow(at=MONDAY)
    [poison] = messages(endpoint)
    receiver.answer = lambda heard: (400 if heard.headers["webhook-id"] == poison.public_id else 200, {})

    at = MONDAY
    while at < MONDAY + 6 * DAY:
        happens(number=2)
        send(at)
        send(at + 6 * SECOND)
        at += 3 * HOUR

    poison.refresh_from_db()
    endpoint.refresh_from_db()
    assert poison.state == Message.State.FAILED
    # All that is held against it. Where its failure came in before the good messages of the same round, it
    # was the third in a row, taken for the endpoint's and given back: which is first is up to the threads.
    assert poison.attempts == sending.MOST_ATTEMPTS
    assert len(poison.answers) >= sending.MOST_ATTEMPTS
    assert endpoint.state == Endpoint.State.ACTIVE
    assert endpoint.messages.filter(state=Message.State.SENT).count() > 40


def test_attempts_reach_over_more_than_four_days_and_differ_by_chance(endpoint: Endpoint) -> None:
    assert 4 * DAY < sum(sending.WAITS, timedelta()) < 6 * DAY
    message = endpoint.messages.create(type="endpoint.test", body="{}", due_at=MONDAY, created_at=MONDAY)

    dues = []
    for chance in (0.0, 1.0):
        Message.objects.update(attempts=0)
        sending._claim(message, at=MONDAY, chance=lambda chance=chance: chance)
        dues.append(Message.objects.get().due_at - MONDAY)

    assert dues == [timedelta(seconds=5), timedelta(seconds=6)]


def test_a_redirect_is_no_answer_and_is_not_followed(
    endpoint: Endpoint, receiver: Receiver, happens: Callable[..., None], send: Callable[..., int]
) -> None:
    """B103"""
    receiver.answer = lambda _heard: (307, {"Location": f"{receiver.origin}/elsewhere"})
    happens()

    assert send() == 0
    assert len(receiver.heard) == 1


def test_a_name_that_leads_inside_later_is_not_visited(
    organisation: Organisation, owner: Person, happens: Callable[..., None]
) -> None:
    """B91, B101: judged with each visit, and told to the page as one word."""
    dialled: list[str] = []

    def dial(address: str, port: int, timeout: float) -> object:
        dialled.append(address)
        raise ConnectionRefusedError

    inside = HttpPoster(resolve=lambda _host, _port: ["10.0.0.5"], dial=dial)  # type: ignore[arg-type]
    endpoint = services.create_endpoint(
        organisation,
        by=owner,
        url="https://lms.example/hooks",
        events=["achievement.published"],
        poster=inside,
        at=MONDAY,
    )
    happens()
    sending.follow(at=MONDAY)

    sending.send_due(poster=inside, keys=KEYS, at=MONDAY)

    assert dialled == []
    assert messages(endpoint)[0].answers[0]["problem"] == "fetch-blocked"


def test_an_endpoint_that_was_removed_on_the_way_is_no_fault(
    endpoint: Endpoint, owner: Person, happens: Callable[..., None]
) -> None:
    happens()
    sending.follow(at=MONDAY)
    [message] = list(sending._due(at=MONDAY))
    services.remove_endpoint(endpoint, by=owner, at=MONDAY)

    assert sending.note(message, Outcome(status=200), at=MONDAY) is False


def test_what_was_taken_a_month_ago_is_forgotten(
    endpoint: Endpoint, happens: Callable[..., None], send: Callable[..., int]
) -> None:
    happens()
    send(MONDAY)

    assert sending.forget_old(at=MONDAY + sending.KEPT) == 0
    assert sending.forget_old(at=MONDAY + sending.KEPT + SECOND) == 1


def test_every_event_fits_and_names_a_page_of_the_interface(happens: Callable[..., None]) -> None:
    """Under 20 kB, with ids of the greatest length."""
    for event in events.EVENTS:
        happens(event.verb, **dict.fromkeys(event.details, 2**53 - 1))
        body = events.body_of(Entry.objects.latest("pk"), public_url="https://cairn.example")
        assert len(body) < events.MOST_BYTES
        assert parse_json(body.encode())["type"] == event.type


def test_a_closed_organisation_tells_nothing_more(
    endpoint: Endpoint,
    owner: Person,
    receiver: Receiver,
    happens: Callable[..., None],
    send: Callable[..., int],
) -> None:
    happens()
    close_organisation(endpoint.organisation, by=owner, live_credentials=0, knows=True, at=MONDAY)

    assert send() == 0

    endpoint.refresh_from_db()
    assert (endpoint.state, endpoint.why) == (Endpoint.State.DISABLED, Endpoint.Why.CLOSED)
    assert endpoint.tell_owners_at is None
    assert receiver.heard == []
    assert Entry.objects.latest("pk").verb == "webhook endpoint stopped"
    assert send() == 0  # and it is said once
    assert Entry.objects.filter(verb="webhook endpoint stopped").count() == 1
    with pytest.raises(OrganisationClosed):
        services.start_endpoint(endpoint, by=owner, at=MONDAY)
