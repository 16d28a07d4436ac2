# SPDX-License-Identifier: Apache-2.0
"""From the journal to the receivers: nothing lost, nothing in the way of anything else.

    journal ── follow ──> Message (due) ── claim ── post ── note ──> taken | later | given up

``follow`` moves an endpoint's cursor and writes its messages in one transaction, so a crash forgets neither.
A message is claimed by a conditional update and posted outside any transaction: after a crash in between it
is posted again with the same ``webhook-id``, which is how a receiver knows it. An endpoint that does not
answer gets one message at a time, at growing intervals; after five days it is stopped, and its messages wait.
"""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from secrets import SystemRandom
from typing import TYPE_CHECKING, Protocol

from django.db import transaction
from django.db.models import F, Q

from cairn.errors import UnavailableError
from cairn_server.journal.models import Entry, Head
from cairn_server.organisations import installation
from cairn_server.webhooks import events, services, signing
from cairn_server.webhooks.models import Endpoint, Message

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from cairn.fetch import Answered

# Between attempts; together more than four days, and each a little longer by chance, so that what failed
# together does not come back together.
WAITS = tuple(
    timedelta(seconds=seconds) for seconds in (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400, 86400)
)
JITTER = 0.2
MOST_ATTEMPTS = len(WAITS) + 1
# For an endpoint that fails: 5, 10, 20 … seconds, then every hour.
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=5), timedelta(hours=1)
LONGEST_RETRY_AFTER = timedelta(hours=24)
GIVE_UP_AFTER = timedelta(days=5)
# After so many failures in a row it is the endpoint and not a message: attempts are no longer held against a
# message, and once the endpoint answers, all of them go at once.
WAS_DOWN = 3
KEPT = timedelta(days=30)
_CHANCE = SystemRandom().random

AT_ONCE, PER_ENDPOINT = 16, 8
ENTRIES_AT_ONCE = 1000


class Poster(Protocol):
    """``cairn.fetch.HttpPoster``, as far as it is needed here."""

    def post(self, url: str, *, body: bytes, headers: Mapping[str, str]) -> Answered: ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came back for one message: a status, or the code of what went wrong."""

    status: int = 0
    retry_after: str = ""
    problem: str = ""

    @property
    def taken(self) -> bool:
        return 200 <= self.status < 300


# Following the journal


def follow(*, at: datetime) -> int:
    """Write the messages for what has happened; how many there are."""
    _stop_of_closed(at=at)
    ends = Head.objects.filter(organisation_id__in=Endpoint.objects.values("organisation__public_id"))
    numbers = dict(ends.values_list("organisation_id", "number"))
    made = 0
    for endpoint in Endpoint.objects.filter(state=Endpoint.State.ACTIVE).select_related("organisation"):
        if endpoint.cursor < numbers.get(endpoint.organisation.public_id, 0):
            made += _follow(endpoint, at=at)
    return made


def _stop_of_closed(*, at: datetime) -> None:
    """Of an organisation that was closed nothing is told any more."""
    left = Endpoint.objects.filter(state=Endpoint.State.ACTIVE, organisation__closed_at__isnull=False)
    for endpoint in left.only("pk"):
        with transaction.atomic():
            current = Endpoint.objects.select_for_update(of=("self",)).select_related("organisation")
            found = current.filter(pk=endpoint.pk, state=Endpoint.State.ACTIVE).first()
            if found is not None:
                services.stop(found, Endpoint.Why.CLOSED, by=None, at=at)


@transaction.atomic
def _follow(endpoint: Endpoint, *, at: datetime) -> int:
    current = (
        Endpoint.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=endpoint.pk)
    )
    entries = list(
        Entry.objects.of(current.organisation.public_id).filter(number__gt=current.cursor)[:ENTRIES_AT_ONCE]
    )
    if not entries or current.state != Endpoint.State.ACTIVE:
        return 0
    public_url = installation.public_url()
    made = Message.objects.bulk_create(
        Message(
            endpoint=current,
            number=entry.number,
            type=events.BY_VERB[entry.verb].type,
            body=events.body_of(entry, public_url=public_url),
            created_at=at,
            due_at=at,
        )
        for entry in entries
        if entry.verb in events.BY_VERB and events.BY_VERB[entry.verb].type in current.events
    )
    current.cursor = entries[-1].number
    current.save(update_fields=["cursor"])
    return len(made)


# Sending


def send_due(
    *,
    poster: Poster,
    keys: Sequence[str],
    at: datetime,
    chance: Callable[[], float] = _CHANCE,
) -> int:
    """Post what is due, several at once; how many were taken. ``keys`` are the server's, the newest first."""
    claimed = [message for message in _fairly(_due(at=at)) if _claim(message, at=at, chance=chance)]
    if not claimed:
        return 0
    taken = 0
    with ThreadPoolExecutor(min(AT_ONCE, len(claimed))) as pool:
        posting = {pool.submit(_post, message, poster, keys, at): message for message in claimed}
        for done in as_completed(posting):
            taken += note(posting[done], done.result(), at=at, chance=chance)
    return taken


def _due(*, at: datetime) -> Iterable[Message]:
    ready = Q(endpoint__not_before=None) | Q(endpoint__not_before__lte=at)
    return (
        Message.objects.filter(
            ready, state=Message.State.DUE, due_at__lte=at, endpoint__state=Endpoint.State.ACTIVE
        )
        .select_related("endpoint")
        .order_by("due_at", "pk")[: 20 * AT_ONCE]
    )


def _fairly(messages: Iterable[Message]) -> Iterator[Message]:
    """A few for each endpoint, and one for an endpoint that has just failed."""
    given: Counter[int] = Counter()
    for message in messages:
        endpoint = message.endpoint
        if given[endpoint.pk] < (1 if endpoint.failures else PER_ENDPOINT):
            given[endpoint.pk] += 1
            yield message


def _claim(message: Message, *, at: datetime, chance: Callable[[], float]) -> bool:
    """Take it, for this attempt: of two processes that see it due, one gets it."""
    attempts = message.attempts
    wait = WAITS[min(attempts, len(WAITS) - 1)]
    return bool(
        Message.objects.filter(pk=message.pk, state=Message.State.DUE, attempts=attempts).update(
            attempts=attempts + 1, due_at=at + wait * (1 + JITTER * chance())
        )
    )


def _post(message: Message, poster: Poster, keys: Sequence[str], at: datetime) -> Outcome:
    """In a thread of its own, which touches no database."""
    endpoint, body = message.endpoint, message.body.encode()
    secrets = signing.live_secrets(endpoint, keys=keys, at=at)
    headers = signing.headers(secrets, message=message.public_id, at=at, body=body)
    try:
        answer = poster.post(endpoint.url, body=body, headers=headers)
    except UnavailableError as error:
        return Outcome(problem=error.code)
    return Outcome(answer.status, answer.retry_after)


@transaction.atomic
def note(message: Message, outcome: Outcome, *, at: datetime, chance: Callable[[], float] = _CHANCE) -> bool:
    """Write down what came of one attempt; whether the message was taken."""
    endpoint = (
        Endpoint.objects.select_for_update(of=("self",))
        .select_related("organisation")
        .filter(pk=message.endpoint_id)
        .first()
    )
    if endpoint is None:  # removed while its message was on the way
        return False
    current = endpoint.messages.select_for_update().get(pk=message.pk)
    said = {"status": outcome.status} if outcome.status else {"problem": outcome.problem}
    current.answers = [*current.answers, {"at": at.isoformat(), **said}][-20:]
    if outcome.taken:
        current.state, current.sent_at = Message.State.SENT, at
    elif current.attempts >= MOST_ATTEMPTS and current.state == Message.State.DUE:
        current.state = Message.State.FAILED
    current.save(update_fields=["answers", "state", "sent_at"])
    if outcome.taken:
        _answering_again(endpoint, at=at)
    else:
        _failing(endpoint, current, outcome, at=at, chance=chance)
    return outcome.taken


def _answering_again(endpoint: Endpoint, *, at: datetime) -> None:
    if not endpoint.failures:
        return
    if endpoint.failures >= WAS_DOWN:
        endpoint.messages.filter(state=Message.State.DUE, due_at__gt=at).update(due_at=at)
    endpoint.failures, endpoint.failing_since, endpoint.not_before = 0, None, None
    endpoint.save(update_fields=["failures", "failing_since", "not_before"])


def _failing(
    endpoint: Endpoint, message: Message, outcome: Outcome, *, at: datetime, chance: Callable[[], float]
) -> None:
    endpoint.failures += 1
    endpoint.failing_since = endpoint.failing_since or at
    pause = min(FIRST_PAUSE * 2 ** min(endpoint.failures - 1, 20), LONGEST_PAUSE) * (1 + JITTER * chance())
    asked = _retry_after(outcome.retry_after, at=at) if outcome.status in (429, 503) else timedelta()
    pause = max(pause, asked)
    if asked or endpoint.failures >= WAS_DOWN:
        Message.objects.filter(pk=message.pk, state=Message.State.DUE, attempts=message.attempts).update(
            due_at=at + pause, attempts=F("attempts") - 1
        )
    endpoint.not_before = at + pause
    endpoint.save(update_fields=["failures", "failing_since", "not_before"])
    if endpoint.state != Endpoint.State.ACTIVE:
        return
    if outcome.status == 410:
        services.stop(endpoint, Endpoint.Why.GONE, by=None, at=at)
    elif at - endpoint.failing_since >= GIVE_UP_AFTER:
        services.stop(endpoint, Endpoint.Why.SILENT, by=None, at=at)


def _retry_after(text: str, *, at: datetime) -> timedelta:
    """Seconds or a date (RFC 9110 §10.2.3); nothing for what is neither, and never more than a day."""
    if text.isascii() and text.isdecimal() and len(text) <= 9:
        wait = timedelta(seconds=int(text))
    else:
        try:
            when = parsedate_to_datetime(text)
        except ValueError:
            return timedelta()
        wait = (when if when.tzinfo else when.replace(tzinfo=UTC)) - at
    return max(timedelta(), min(wait, LONGEST_RETRY_AFTER))


def forget_old(*, at: datetime) -> int:
    """Messages that were taken a month ago; what they told of stands in the journal."""
    return Message.objects.filter(state=Message.State.SENT, sent_at__lt=at - KEPT).delete()[0]
