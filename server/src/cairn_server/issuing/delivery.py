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

from cairn.errors import CairnError
from cairn_server.accounts.limits import Limit, TooMany
from cairn_server.accounts.models import random_id
from cairn_server.accounts.services import person_with_address, verified_addresses
from cairn_server.issuing import analytics, returned, signing, wording
from cairn_server.issuing.frames import Damaged
from cairn_server.issuing.models import Credential, Delivery, SecuredCredential
from cairn_server.issuing.returned import StoppedAddress
from cairn_server.issuing.signing import Format
from cairn_server.organisations import installation
from cairn_server.wallets import services as wallets
from cairn_server.wallets.models import HeldCredential

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from django.core.mail.backends.base import BaseEmailBackend

    from cairn_server.accounts.models import Person

# Waits of 1, 4, 16, 64 and 256 minutes, then of twelve hours: the last attempt is made when a mail server
# has been broken for a little more than three days.
MAX_ATTEMPTS = 12
FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=12)

# A connection is worth opening for so many; beyond, another one is opened beside it.
LETTERS_PER_CONNECTION = 25

# The messages that bring a credential; the others are about one.
BRINGS = (Delivery.Kind.AWARDED, Delivery.Kind.AGAIN, Delivery.Kind.REPLACED, Delivery.Kind.RENEWED)


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


def deliver_due(*, at: datetime, limit: int = 100, pace: Pace = USUAL_PACE, returns_to: str = "") -> int:
    """Send what is due; how many were sent. What cannot be delivered is reported to ``returns_to``."""
    due = Delivery.objects.filter(state=Delivery.State.DUE, due_at__lte=at).order_by("due_at", "pk")
    claimed = [each for each in _paced(list(due[:limit]), pace, at=at) if _claim(each, at=at)]
    postings = [posting for each in claimed if (posting := _written(each, returns_to, at=at)) is not None]
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


def _written(delivery: Delivery, returns_to: str, *, at: datetime) -> Posting | None:
    """The letter, once its credential has been put into the wallet; None when there is none to send."""
    delivery = Delivery.objects.select_related(
        "credential__organisation", "credential__version__achievement"
    ).get(pk=delivery.pk)
    try:
        _hand_over(delivery, at=at)
        stopped = returned.why_stopped(delivery)
        if stopped is not None:
            delivery.state = Delivery.State.FAILED
            delivery.problem = f"not sent: {stopped.why} {stopped.status}".strip()
            delivery.save(update_fields=["problem", "state"])
            return None
        return Posting(delivery, message_of(delivery, returns_to=returns_to))
    except (OSError, CairnError, Damaged, signing.OwnProductRefused) as error:
        _failed(delivery, error)
        return None


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
        _failed(delivery, posting.error)
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
    """Into the wallet of a holder we know, verified on the way: a faulty product is not announced."""
    if delivery.kind not in BRINGS:
        return
    holder = person_with_address(delivery.to)
    if holder is not None:
        put_into_wallet(delivery.credential.secured_in(Format.JSON), holder=holder, at=at)


def put_into_wallet(secured: SecuredCredential, *, holder: Person, at: datetime) -> HeldCredential:
    """Verify our own product, then hand it over; a wallet keeps also what was revoked since."""
    known = signing.issuer_sources(secured.credential.organisation)
    verified = signing.verify_own(secured.bytes(), known, at=at, step="delivery", judged_by=signing.ITSELF)
    is_new = not HeldCredential.objects.filter(person=holder, sha256=secured.sha256).exists()
    held = wallets.receive(
        verified,
        holder=holder,
        secured=secured.bytes(),
        at=at,
        source=HeldCredential.Source.AWARDED_HERE,
    )
    if is_new and not secured.credential.is_renewal:
        analytics.claimed([secured.credential], at=at)
    return held


def deliver_waiting(person: Person, *, at: datetime) -> int:
    """Put into a wallet what was awarded to the addresses this person has proved to read; how many were new.

    Called when an address is verified, and harmless at any other time.
    """
    held = HeldCredential.objects.filter(person=person).values("sha256")
    waiting = SecuredCredential.objects.filter(
        format=Format.JSON,
        credential__state=Credential.State.SIGNED,
        credential__recipient_email__in=verified_addresses(person),
    ).exclude(sha256__in=held)
    found = list(waiting.select_related("credential__organisation"))
    for secured in found:
        put_into_wallet(secured, holder=person, at=at)
    return len(found)


def message_of(delivery: Delivery, *, returns_to: str = "") -> EmailMultiAlternatives:
    """One message, in the language of the reader where we know it, else of the achievement."""
    organisation = delivery.credential.organisation
    reader = person_with_address(delivery.to)
    language = (reader.language if reader is not None else "") or delivery.credential.version.language
    with translation.override(_spoken(language)):
        letter = write(delivery, language=language)
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
    if delivery.kind == Delivery.Kind.ENDING:
        marks["List-Unsubscribe"] = f"<{public_url}/reminders/{delivery.token}/stop>"
        marks["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return marks


def _spoken(language: str) -> str:
    """The interface language nearest to it; English where we have none."""
    try:
        return translation.get_supported_language_variant(language)
    except LookupError:
        return "en"


def write(delivery: Delivery, *, language: str = "") -> Letter:
    """What the message says, from plain values: the text of others is never a template of ours (B127)."""
    credential = delivery.credential
    words = {
        "name": credential.recipient_name,
        "achievement": credential.version.name,
        "organisation": credential.organisation.name,
        "reason": delivery.reason,
        "date": formats.date_format(delivery.created_at, "j F Y"),
        "contact": credential.organisation.email or credential.organisation.name,
        "until": _day(credential.suspended_until),
        "end": _day(credential.valid_until),
    }
    return compose(
        Delivery.Kind(delivery.kind),
        words,
        wording.find(credential.organisation, delivery.kind, language),
        link=credential.address(installation.public_url()),
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
        action=_("Open your credential"),
        link=link,
        closing=_("Questions? Ask {contact}.").format(**words),
    )


def _awarded() -> tuple[str, tuple[str, ...]]:
    return (
        _("{organisation} has awarded you “{achievement}”"),
        (
            _("{organisation} has awarded you “{achievement}”."),
            _("Your credential is signed and ready. Anyone you show it to can check that it is genuine."),
            _("You can download it, add it to LinkedIn, or just keep the link. No account is needed."),
            _(
                "To keep all your credentials in one place, sign in with this e-mail address: "
                "they are in your wallet."
            ),
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
    return formats.date_format(at, "j F Y") if at is not None else ""


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
}
