# SPDX-License-Identifier: Apache-2.0
"""How letters leave: at the mail server's pace, each claimed by one process, over some connections at once.

What a letter says is none of its business: ``delivery`` writes those about credentials, and ``earning``
those about what somebody did on the way to one. Both are rows with the same columns (``Owed``).

    claim ── write ──> letters ── post (some connections at once, many letters each) ── note ──> sent | later

After a crash between sending and noting it, a letter is sent again; twice is better than never (F13). The
database is asked in the thread that called; the threads that wait for the mail server only post.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from smtplib import SMTPException, SMTPRecipientsRefused
from typing import TYPE_CHECKING, Any, Protocol

from django.core.mail import get_connection
from django.utils import translation

from cairn_server.accounts.limits import Limit, TooMany
from cairn_server.accounts.models import random_id
from cairn_server.issuing import returned

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from django.core.mail import EmailMultiAlternatives
    from django.core.mail.backends.base import BaseEmailBackend

    from cairn_server.organisations.models import Organisation

# Waits of 1, 4, 16, 64 and 256 minutes, then of twelve hours: the last attempt is made when a mail server
# has been broken for a little more than three days.
MAX_ATTEMPTS = 12
FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=12)

# A connection is worth opening for so many; beyond, another one is opened beside it.
LETTERS_PER_CONNECTION = 25

DUE, SENT, FAILED = "due", "sent", "failed"


class Owed(Protocol):
    """A row of a message that is owed: ``issuing.models.Delivery``, ``earning.notices.Notice``."""

    objects: Any
    pk: Any
    to: str
    state: str
    attempts: int
    due_at: datetime
    sent_at: datetime | None
    problem: str
    token: str

    @property
    def sender(self) -> Organisation | None:
        """Whose letter it is; None for one that is about several of them."""

    def save(self, *, update_fields: Iterable[str]) -> None: ...


@dataclass(frozen=True, slots=True)
class Letter:
    """One message, ready to be written: every sentence is already in the reader's language."""

    subject: str
    heading: str
    greeting: str
    paragraphs: tuple[str, ...]
    action: str
    link: str
    closing: str


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast messages may leave; 0 means as fast as the mail server takes them."""

    per_minute: int = 0
    per_domain: int = 0
    connections: int = 4


USUAL_PACE = Pace()


@dataclass(slots=True)
class Posting:
    """One letter on its way, and what went wrong with it, if anything did."""

    owed: Owed
    message: EmailMultiAlternatives
    error: OSError | SMTPException | None = None
    # What else this letter tells of, where its reader wants one a day.
    together: Sequence[Owed] = ()


def claimed(due: Sequence[Any], pace: Pace, *, at: datetime) -> list[Any]:
    """Those that may leave now and that nobody else is sending; taken, for this attempt."""
    return [each for each in _paced(due, pace, at=at) if _claim(each, at=at)]


def _paced(due: Sequence[Owed], pace: Pace, *, at: datetime) -> Iterator[Owed]:
    """Those that may leave now. What a reader's server would get too fast waits, and others go before it."""
    late: dict[str, int] = {}
    for owed in due:
        domain = owed.to.rpartition("@")[2].lower()
        if pace.per_domain and (domain in late or not _taken("mail-to", domain, pace.per_domain, at=at)):
            late[domain] = late.get(domain, 0) + 1
            wait = timedelta(minutes=late[domain] / pace.per_domain)
            type(owed).objects.filter(pk=owed.pk, attempts=owed.attempts).update(due_at=at + wait)
            continue
        if pace.per_minute and not _taken("mail", "all", pace.per_minute, at=at):
            return
        yield owed


def _taken(name: str, who: str, per_minute: int, *, at: datetime) -> bool:
    # A tenth of a minute's worth at once: smooth enough for the mail server, and few looks for us.
    try:
        Limit(name, burst=max(1, per_minute // 10), per_minute=per_minute).take(who, at=at)
    except TooMany:
        return False
    return True


def _claim(owed: Owed, *, at: datetime) -> bool:
    """Take it, for this attempt: of two processes that see it due, one gets it."""
    attempts = owed.attempts
    wait = min(FIRST_WAIT * 4**attempts, LONGEST_WAIT)
    mine = type(owed).objects.filter(pk=owed.pk, state=DUE, attempts=attempts)
    return bool(mine.update(attempts=attempts + 1, due_at=at + wait, token=owed.token or random_id()))


def not_sent(owed: Owed, why: str) -> None:
    owed.state, owed.problem = FAILED, f"not sent: {why}"
    owed.save(update_fields=["problem", "state"])


def failed(owed: Owed, error: Exception) -> None:
    """Once more later, until it is too late."""
    owed.problem = f"{type(error).__name__}: {error}"[:500]
    if owed.attempts >= MAX_ATTEMPTS:
        owed.state = FAILED
    owed.save(update_fields=["problem", "state"])


def send(postings: Sequence[Posting], pace: Pace, *, at: datetime) -> int:
    """Post them and note what became of each; how many were taken by the mail server."""
    lanes = min(pace.connections, -(-len(postings) // LETTERS_PER_CONNECTION))
    if lanes > 1:
        with ThreadPoolExecutor(lanes) as pool:
            list(pool.map(_post, [postings[lane::lanes] for lane in range(lanes)]))
    else:
        _post(postings)
    return sum(_note(posting, at=at) for posting in postings)


def _post(postings: Sequence[Posting]) -> None:
    """Over one connection, in a thread that may not touch the database."""
    connection = get_connection()
    try:
        for number, posting in enumerate(postings):
            try:
                # While it is open this does nothing; a mail server that is away is asked once, not each time.
                connection.open()
            except (OSError, SMTPException) as error:
                for waiting in postings[number:]:
                    waiting.error = error
                return
            try:
                connection.send_messages([posting.message])
            except (OSError, SMTPException) as error:
                posting.error = error
                # What state the line is in is anybody's guess.
                _close(connection)
    finally:
        _close(connection)


def _close(connection: BaseEmailBackend) -> None:
    with suppress(OSError, SMTPException):
        connection.close()


def _note(posting: Posting, *, at: datetime) -> bool:
    owed = posting.owed
    if posting.error is None:
        if posting.together:
            type(owed).objects.filter(pk__in=[each.pk for each in posting.together]).update(
                state=SENT, sent_at=at, problem=""
            )
        owed.state, owed.sent_at, owed.problem = SENT, at, ""
        owed.save(update_fields=["state", "sent_at", "problem"])
        return True
    status = _refusal(posting.error)
    if returned.names_a_wrong_address(status):
        # It will not exist tomorrow either.
        owed.state, owed.problem = FAILED, f"returned {status}"
        owed.save(update_fields=["problem", "state"])
        returned.stop(owed, returned.StoppedAddress.Why.BOUNCED, status=status, at=at)
    else:
        for each in (owed, *posting.together):
            failed(each, posting.error)
    return False


def _refusal(error: OSError | SMTPException) -> str:
    """The enhanced status with which the mail server refused the recipient for good, if it did."""
    if not isinstance(error, SMTPRecipientsRefused) or len(error.recipients) != 1:
        return ""
    [(code, words)] = error.recipients.values()
    text = words.decode("ascii", "replace") if isinstance(words, bytes) else str(words)
    return returned.status_in(text) if code >= 500 else ""


def returning(message: EmailMultiAlternatives, token: str, returns_to: str) -> EmailMultiAlternatives:
    """People see the usual sender; what cannot be delivered goes to an address of each message's own."""
    if returns_to:
        user, _at, domain = returns_to.rpartition("@")
        message.extra_headers["From"] = message.from_email
        message.from_email = f"{user}+{token}@{domain}"
    return message


def spoken(language: str) -> str:
    """The interface language nearest to it; English where we have none."""
    try:
        return translation.get_supported_language_variant(language)
    except LookupError:
        return "en"
