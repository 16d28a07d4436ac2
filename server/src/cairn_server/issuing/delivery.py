# SPDX-License-Identifier: Apache-2.0
"""The post: what the messages say, and how they are sent until they are.

A message is owed from the moment of the act (a ``Delivery`` row in the same transaction). It is claimed by a
conditional update and sent outside any transaction: after a crash between sending and noting it, it is sent
again; a message twice is better than none (F13). No pictures from elsewhere, no tracking, one link.

    claim ── write ──> letters ── post (some connections at once, many letters each) ── note ──> sent | later

The database is asked in the thread that called; the threads that wait for the mail server only post.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from smtplib import SMTPException, SMTPRecipientsRefused
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.core.mail import EmailMultiAlternatives, get_connection
from django.template.loader import render_to_string
from django.utils import formats, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cairn.errors import CairnError
from cairn_server.accounts.limits import Limit, TooMany
from cairn_server.accounts.models import random_id
from cairn_server.accounts.services import person_with_address
from cairn_server.issuing import choices, claiming, returned, signing, wording
from cairn_server.issuing.answers import Answer
from cairn_server.issuing.frames import Damaged
from cairn_server.issuing.models import Credential, Delivery
from cairn_server.issuing.returned import StoppedAddress
from cairn_server.issuing.signing import Format
from cairn_server.organisations import installation

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from django.core.mail.backends.base import BaseEmailBackend

# Waits of 1, 4, 16, 64 and 256 minutes, then of twelve hours: the last attempt is made when a mail server
# has been broken for a little more than three days.
MAX_ATTEMPTS = 12
FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=12)

# A connection is worth opening for so many; beyond, another one is opened beside it.
LETTERS_PER_CONNECTION = 25

# The messages that bring a credential; the others are about one.
BRINGS = (Delivery.Kind.AWARDED, Delivery.Kind.AGAIN, Delivery.Kind.REPLACED, Delivery.Kind.RENEWED)
# Of those, the ones that bring what was accepted before: there is nothing to ask.
FOLLOWS = (Delivery.Kind.REPLACED, Delivery.Kind.RENEWED)
# Those with a link to answer by, as long as nobody has.
REMINDS = (Delivery.Kind.UNCLAIMED, Delivery.Kind.EXPIRING)
ASKS = (Delivery.Kind.AWARDED, Delivery.Kind.AGAIN, Delivery.Kind.REPLACED, *REMINDS)


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


def owed(credential: Credential, kind: Delivery.Kind, *, at: datetime, reason: str | None = None) -> Delivery:
    """The message of an act, not yet saved: written in the transaction of the act, sent afterwards.

    What it says of the reason is what the credential says now: by the time it is sent, that may have changed.
    """
    tells_why = kind in (Delivery.Kind.REVOKED, Delivery.Kind.SUSPENDED, Delivery.Kind.REINSTATED)
    return Delivery(
        credential=credential,
        kind=kind,
        to=credential.recipient_email,
        reason=(credential.standing_reason if tells_why else "") if reason is None else reason,
        created_at=at,
        due_at=at,
    )


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

    delivery: Delivery
    message: EmailMultiAlternatives
    error: OSError | SMTPException | None = None
    # What else this letter tells of, where its reader wants one a day.
    together: Sequence[Delivery] = ()


def deliver_due(*, at: datetime, limit: int = 100, pace: Pace = USUAL_PACE, returns_to: str = "") -> int:
    """Send what is due; how many were sent. What cannot be delivered is reported to ``returns_to``."""
    due = Delivery.objects.filter(state=Delivery.State.DUE, due_at__lte=at).order_by("due_at", "pk")
    claimed = [each for each in _paced(list(due[:limit]), pace, at=at) if _claim(each, at=at)]
    postings = list(_postings(claimed, returns_to, at=at))
    lanes = min(pace.connections, -(-len(postings) // LETTERS_PER_CONNECTION))
    if lanes > 1:
        with ThreadPoolExecutor(lanes) as pool:
            list(pool.map(_post, [postings[lane::lanes] for lane in range(lanes)]))
    else:
        _post(postings)
    return sum(_note(posting, at=at) for posting in postings)


def _paced(due: Sequence[Delivery], pace: Pace, *, at: datetime) -> Iterator[Delivery]:
    """Those that may leave now. What a reader's server would get too fast waits, and others go before it."""
    late: dict[str, int] = {}
    for delivery in due:
        domain = delivery.to.rpartition("@")[2].lower()
        if pace.per_domain and (domain in late or not _taken("mail-to", domain, pace.per_domain, at=at)):
            late[domain] = late.get(domain, 0) + 1
            wait = timedelta(minutes=late[domain] / pace.per_domain)
            Delivery.objects.filter(pk=delivery.pk, attempts=delivery.attempts).update(due_at=at + wait)
            continue
        if pace.per_minute and not _taken("mail", "all", pace.per_minute, at=at):
            return
        yield delivery


def _taken(name: str, who: str, per_minute: int, *, at: datetime) -> bool:
    # A tenth of a minute's worth at once: smooth enough for the mail server, and few looks for us.
    try:
        Limit(name, burst=max(1, per_minute // 10), per_minute=per_minute).take(who, at=at)
    except TooMany:
        return False
    return True


def _claim(delivery: Delivery, *, at: datetime) -> bool:
    """Take it, for this attempt: of two processes that see it due, one gets it."""
    attempts = delivery.attempts
    wait = min(FIRST_WAIT * 4**attempts, LONGEST_WAIT)
    return bool(
        Delivery.objects.filter(pk=delivery.pk, state=Delivery.State.DUE, attempts=attempts).update(
            attempts=attempts + 1, due_at=at + wait, token=delivery.token or random_id()
        )
    )


def _postings(claimed: Sequence[Delivery], returns_to: str, *, at: datetime) -> Iterator[Posting]:
    """A letter for each; one for all that a reader wants once a day; none for what they do not want."""
    together: dict[str, list[Delivery]] = {}
    for delivery in claimed:
        pace = choices.pace_of(delivery)
        if pace == choices.Pace.DAILY:
            together.setdefault(delivery.to, []).append(delivery)
        elif pace == choices.Pace.NEVER:
            _not_sent(delivery, "not wanted")
        elif (posting := _written(delivery, returns_to, at=at)) is not None:
            yield posting
    for group in together.values():
        if (posting := _daily(group, returns_to, at=at)) is not None:
            yield posting


def _not_sent(delivery: Delivery, why: str) -> None:
    delivery.state, delivery.problem = Delivery.State.FAILED, f"not sent: {why}"
    delivery.save(update_fields=["problem", "state"])


def _written(delivery: Delivery, returns_to: str, *, at: datetime) -> Posting | None:
    """The letter, once its credential has been put into the wallet; None when there is none to send."""
    delivery = Delivery.objects.select_related(
        "credential__organisation", "credential__version__achievement"
    ).get(pk=delivery.pk)
    try:
        _hand_over(delivery, at=at)
        answer = claiming.answer_to(delivery.credential)
        why_not = _why_not(delivery, answer)
        if why_not:
            _not_sent(delivery, why_not)
            return None
        question = _question(delivery, answer, at=at)
        return Posting(delivery, message_of(delivery, returns_to=returns_to, question=question))
    except (OSError, CairnError, Damaged, signing.OwnProductRefused) as error:
        _failed(delivery, error)
        return None


def _daily(group: Sequence[Delivery], returns_to: str, *, at: datetime) -> Posting | None:
    """One letter for what was owed to one reader before this morning; what came later waits for the next."""
    ripe: list[Delivery] = []
    for each in Delivery.objects.filter(pk__in=[each.pk for each in group]).select_related(
        "credential__organisation", "credential__version__achievement"
    ):
        morning = choices.morning_after(each.created_at)
        if at < morning:
            # It was not tried, so this is no attempt.
            Delivery.objects.filter(pk=each.pk).update(due_at=morning, attempts=each.attempts - 1)
            continue
        why_not = _why_not(each, claiming.answer_to(each.credential))
        if why_not:
            _not_sent(each, why_not)
            continue
        try:
            _hand_over(each, at=at)
        except (OSError, CairnError, Damaged, signing.OwnProductRefused) as error:
            _failed(each, error)
            continue
        ripe.append(each)
    if not ripe:
        return None
    return Posting(ripe[0], _together(ripe, returns_to=returns_to), together=ripe[1:])


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
    delivery = posting.delivery
    if posting.error is None:
        Delivery.objects.filter(pk__in=[each.pk for each in posting.together]).update(
            state=Delivery.State.SENT, sent_at=at, problem=""
        )
        delivery.state, delivery.sent_at, delivery.problem = Delivery.State.SENT, at, ""
        delivery.save(update_fields=["state", "sent_at", "problem"])
        return True
    status = _refusal(posting.error)
    if returned.names_a_wrong_address(status):
        # It will not exist tomorrow either.
        delivery.state, delivery.problem = Delivery.State.FAILED, f"returned {status}"
        delivery.save(update_fields=["problem", "state"])
        returned.stop(delivery, StoppedAddress.Why.BOUNCED, status=status, at=at)
    else:
        for each in (delivery, *posting.together):
            _failed(each, posting.error)
    return False


def _refusal(error: OSError | SMTPException) -> str:
    """The enhanced status with which the mail server refused the recipient for good, if it did."""
    if not isinstance(error, SMTPRecipientsRefused) or len(error.recipients) != 1:
        return ""
    [(code, words)] = error.recipients.values()
    text = words.decode("ascii", "replace") if isinstance(words, bytes) else str(words)
    return returned.status_in(text) if code >= 500 else ""


def _failed(delivery: Delivery, error: Exception) -> None:
    delivery.problem = f"{type(error).__name__}: {error}"[:500]
    if delivery.attempts >= MAX_ATTEMPTS:
        delivery.state = Delivery.State.FAILED
    delivery.save(update_fields=["problem", "state"])


def _hand_over(delivery: Delivery, *, at: datetime) -> None:
    """What follows something accepted goes into the same wallet; and nothing is announced that is damaged."""
    if delivery.kind in FOLLOWS:
        claiming.follow(delivery.credential, at=at)
    if delivery.kind in BRINGS:
        delivery.credential.secured_in(Format.JSON).bytes()


def _why_not(delivery: Delivery, answer: Answer | None) -> str:
    """Why this message is not for its reader; empty when it is."""
    stopped = returned.why_stopped(delivery)
    if stopped is not None:
        return f"{stopped.why} {stopped.status}".strip()
    if answer is not None and delivery.kind in REMINDS:
        return "answered"
    unwanted = answer is not None and answer.said == Answer.Said.DECLINED
    if unwanted and delivery.kind in (*FOLLOWS, *returned.ENDED_BY_A_LINK):
        return "declined"
    return ""


@dataclass(frozen=True, slots=True)
class Question:
    """The link that a letter asks by, and until when it works."""

    link: str
    until: datetime


def _question(delivery: Delivery, answer: Answer | None, *, at: datetime) -> Question | None:
    """A new link for each letter: its secret is in that letter and nowhere else."""
    if delivery.kind not in ASKS or (answer is not None and answer.said == Answer.Said.ACCEPTED):
        return None
    credential = delivery.credential.first or delivery.credential
    before = claiming.last_link(credential) if delivery.kind in REMINDS else None
    link, secret = claiming.new_link(credential, at=at, ends=before.expires_at if before else None)
    return Question(f"{installation.public_url()}/claim/{secret}", link.expires_at)


def message_of(
    delivery: Delivery, *, returns_to: str = "", question: Question | None = None
) -> EmailMultiAlternatives:
    """One message, in the language that the reader chose, else that the issuer gave, else of the text."""
    organisation = delivery.credential.organisation
    reader = person_with_address(delivery.to)
    language = (
        (reader.language if reader is not None else "")
        or delivery.credential.language
        or delivery.credential.version.language
    )
    with translation.override(_spoken(language)):
        letter = write(delivery, language=language, question=question)
        context = {"letter": letter, "organisation": organisation}
        message = EmailMultiAlternatives(
            subject=letter.subject,
            body=render_to_string("issuing/letter.txt", context),
            to=[delivery.to],
            # The organisation answers questions; the address it is sent from is the operator's.
            reply_to=[organisation.email] if organisation.email else None,
            headers={"Auto-Submitted": "auto-generated", **_marks(delivery)},
        )
        message.attach_alternative(render_to_string("issuing/letter.html", context), "text/html")
    return _returning(message, delivery, returns_to)


def _together(deliveries: Sequence[Delivery], *, returns_to: str) -> EmailMultiAlternatives:
    """The letter of a day: a line for each, and one link to the wallet, where the reader is known."""
    delivery = deliveries[0]
    reader = person_with_address(delivery.to)
    with translation.override(_spoken(reader.language if reader else "")):
        lines = tuple(
            _DAILY[Delivery.Kind(each.kind)]().format(
                achievement=each.credential.version.name,
                organisation=each.credential.organisation.name,
                end=_day(each.credential.valid_until),
            )
            for each in deliveries
        )
        letter = Letter(
            subject=ngettext(
                "{n} piece of news in your wallet", "{n} pieces of news in your wallet", len(lines)
            ).format(n=len(lines)),
            heading=_("Your wallet"),
            greeting=_("Hello,"),
            paragraphs=lines,
            action=_("Open your wallet"),
            link=f"{installation.public_url()}/wallet",
            closing=_("You get this once a day, as you have chosen in your account."),
        )
        context = {"letter": letter, "organisation": {"name": urlsplit(installation.public_url()).hostname}}
        message = EmailMultiAlternatives(
            subject=letter.subject,
            body=render_to_string("issuing/letter.txt", context),
            to=[delivery.to],
            headers={"Auto-Submitted": "auto-generated", **_marks(delivery)},
        )
        message.attach_alternative(render_to_string("issuing/letter.html", context), "text/html")
    return _returning(message, delivery, returns_to)


def _returning(
    message: EmailMultiAlternatives, delivery: Delivery, returns_to: str
) -> EmailMultiAlternatives:
    if returns_to:
        # People see the usual sender; what cannot be delivered goes to an address of each message's own.
        user, _at, domain = returns_to.rpartition("@")
        message.extra_headers["From"] = message.from_email
        message.from_email = f"{user}+{delivery.token}@{domain}"
    return message


def _marks(delivery: Delivery) -> dict[str, str]:
    """How a report names this message, and how a reader ends reminders (RFC 8058); never what is a right."""
    public_url = installation.public_url()
    marks = {"Message-ID": f"<{delivery.token}@{urlsplit(public_url).hostname}>"}
    if delivery.kind in returned.ENDED_BY_A_LINK:
        marks["List-Unsubscribe"] = f"<{public_url}/reminders/{delivery.token}/stop>"
        marks["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return marks


def _spoken(language: str) -> str:
    """The interface language nearest to it; English where we have none."""
    try:
        return translation.get_supported_language_variant(language)
    except LookupError:
        return "en"


def write(delivery: Delivery, *, language: str = "", question: Question | None = None) -> Letter:
    """What the message says, from plain values: the text of others is never a template of ours (B127)."""
    credential = delivery.credential
    words = {
        "name": credential.recipient_name,
        "achievement": credential.version.name,
        "organisation": credential.organisation.name,
        "reason": delivery.reason,
        "date": formats.date_format(delivery.created_at, "DATE_FORMAT"),
        "contact": credential.organisation.email or credential.organisation.name,
        "until": _day(credential.suspended_until),
        "end": _day(credential.valid_until),
        "answer_by": _day(question.until) if question else "",
    }
    return compose(
        Delivery.Kind(delivery.kind),
        words,
        wording.find(credential.organisation, delivery.kind, language),
        link=question.link if question else credential.address(installation.public_url()),
    )


def compose(kind: Delivery.Kind, words: dict[str, str], own: wording.Wording | None, *, link: str) -> Letter:
    """Our sentences, with those of the organisation among them."""
    subject, paragraphs = _TEXTS[kind]()
    # A sentence about what there is not, such as the end of a suspension without one, is left out.
    empty = [f"{{{name}}}" for name, word in words.items() if not word]
    paragraphs = tuple(each for each in paragraphs if not any(name in each for name in empty))
    said = wording.filled(own, words)
    told = [paragraph.format(**words) for paragraph in paragraphs]
    return Letter(
        # A subject has one line, whatever a name holds (B128).
        subject=" ".join((said.subject or subject.format(**words)).split()),
        heading=words["achievement"],
        greeting=_("Hello {name},").format(**words),
        paragraphs=(*told[:1], *([said.paragraph] if said.paragraph else []), *told[1:]),
        action=_("Look at it and answer") if words.get("answer_by") else _("Open your credential"),
        link=link,
        closing=_("Questions? Ask {contact}.").format(**words),
    )


def _awarded() -> tuple[str, tuple[str, ...]]:
    return (
        _("{organisation} has awarded you “{achievement}”"),
        (
            _("{organisation} has awarded you “{achievement}”."),
            _("Your credential is signed and ready. Anyone you show it to can check that it is genuine."),
            _("Open the link to see it, and accept or decline it. No account is needed."),
            _("The link works until {answer_by}."),
        ),
    )


def _unclaimed() -> tuple[str, tuple[str, ...]]:
    return (
        _("“{achievement}” is waiting for you"),
        (
            _("{organisation} has awarded you “{achievement}”. You have not answered yet."),
            _("Open the link to see it, and accept or decline it. No account is needed."),
            _("The link works until {answer_by}."),
        ),
    )


def _expiring() -> tuple[str, tuple[str, ...]]:
    return (
        _("“{achievement}” waits for you until {answer_by}"),
        (
            _("{organisation} has awarded you “{achievement}”. You have not answered yet."),
            _("After {answer_by} the link works no more. You can then ask for a new one."),
            _("This is the last time we write about it."),
        ),
    )


def _again() -> tuple[str, tuple[str, ...]]:
    subject, paragraphs = _awarded()
    return subject, (*paragraphs, _("You may have had this message before; it was sent again on request."))


def _revoked() -> tuple[str, tuple[str, ...]]:
    return (
        _("{organisation} has revoked “{achievement}”"),
        (
            _("On {date}, {organisation} revoked your credential “{achievement}”."),
            _("Reason: {reason}"),
            _("This is final. Whoever checks the credential is told that it was revoked."),
        ),
    )


def _suspended() -> tuple[str, tuple[str, ...]]:
    return (
        _("{organisation} has suspended “{achievement}”"),
        (
            _("On {date}, {organisation} suspended your credential “{achievement}”."),
            _("Reason: {reason}"),
            _("It does not count at the moment. It can be given back, and you will be told when it is."),
            _("Unless the issuer decides otherwise, that is on {until}."),
        ),
    )


def _reinstated() -> tuple[str, tuple[str, ...]]:
    return (
        _("“{achievement}” counts again"),
        (
            _("On {date}, {organisation} gave back your credential “{achievement}”, which was suspended."),
            _("Reason: {reason}"),
            _("It counts again, as before."),
        ),
    )


def _replaced() -> tuple[str, tuple[str, ...]]:
    return (
        _("“{achievement}”: a mended credential for you"),
        (
            _("{organisation} has mended your credential “{achievement}” and signed it anew."),
            _("The one before was withdrawn only because of the mistake in it. Its link leads to this one."),
            _("Please use this one from now on, wherever you show it."),
        ),
    )


def _renewed() -> tuple[str, tuple[str, ...]]:
    return (
        _("“{achievement}” is renewed"),
        (
            _("{organisation} has renewed your credential “{achievement}”."),
            _("It now counts until {end}. The link is the same as before."),
            _("Files that you downloaded before show the old dates; download them anew."),
        ),
    )


def _ending() -> tuple[str, tuple[str, ...]]:
    return (
        _("“{achievement}” ends on {end}"),
        (
            _("Your credential “{achievement}” from {organisation} counts until {end}."),
            _("If it can be renewed, its page and your wallet say how, and from when."),
            _("Afterwards it stays genuine, and whoever checks it reads until when it counted."),
        ),
    )


def _answered() -> tuple[str, tuple[str, ...]]:
    return (
        _("About your renewal of “{achievement}”"),
        (
            _("{organisation} has not renewed “{achievement}” this time."),
            _("Reason: {reason}"),
            _("You can send a new request from your wallet."),
        ),
    )


def _day(at: datetime | None) -> str:
    return formats.date_format(at, "DATE_FORMAT") if at is not None else ""


_TEXTS = {
    Delivery.Kind.AWARDED: _awarded,
    Delivery.Kind.AGAIN: _again,
    Delivery.Kind.REVOKED: _revoked,
    Delivery.Kind.SUSPENDED: _suspended,
    Delivery.Kind.REINSTATED: _reinstated,
    Delivery.Kind.REPLACED: _replaced,
    Delivery.Kind.RENEWED: _renewed,
    Delivery.Kind.ENDING: _ending,
    Delivery.Kind.ANSWERED: _answered,
    Delivery.Kind.UNCLAIMED: _unclaimed,
    Delivery.Kind.EXPIRING: _expiring,
}

_DAILY = {
    Delivery.Kind.AWARDED: lambda: _("{organisation} has awarded you “{achievement}”."),
    Delivery.Kind.RENEWED: lambda: _("{organisation} has renewed your credential “{achievement}”."),
    Delivery.Kind.UNCLAIMED: lambda: _("“{achievement}” from {organisation} waits for your answer."),
    Delivery.Kind.EXPIRING: lambda: _("“{achievement}” from {organisation} will soon wait no longer."),
    Delivery.Kind.ENDING: lambda: _(
        "Your credential “{achievement}” from {organisation} counts until {end}."
    ),
}
