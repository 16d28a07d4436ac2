# SPDX-License-Identifier: Apache-2.0
"""The post: what the messages say, and how they are sent until they are.

A message is owed from the moment of the act (a ``Delivery`` row in the same transaction). It is claimed by a
conditional update and sent outside any transaction: after a crash between sending and noting it, it is sent
again; a message twice is better than none (F13). No pictures from elsewhere, no tracking, one link.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from smtplib import SMTPException
from typing import TYPE_CHECKING

from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import formats, translation
from django.utils.translation import gettext as _

from cairn.errors import CairnError
from cairn_server.accounts.services import person_with_address, verified_addresses
from cairn_server.issuing import signing
from cairn_server.issuing.models import Credential, Delivery, SecuredCredential
from cairn_server.issuing.signing import Format
from cairn_server.organisations import installation
from cairn_server.wallets import services as wallets
from cairn_server.wallets.models import HeldCredential

if TYPE_CHECKING:
    from cairn_server.accounts.models import Person

# Waits of 1, 4, 16, 64 and 256 minutes, then of twelve hours: the last attempt is made when a mail server
# has been broken for a little more than three days.
MAX_ATTEMPTS = 12
FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=12)


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


def deliver_due(*, at: datetime, limit: int = 100) -> int:
    """Send what is due; how many were sent."""
    due = Delivery.objects.filter(state=Delivery.State.DUE, due_at__lte=at).order_by("due_at", "pk")
    claimed = [delivery for delivery in due[:limit] if _claim(delivery, at=at)]
    return sum(_deliver(delivery, at=at) for delivery in claimed)


def _claim(delivery: Delivery, *, at: datetime) -> bool:
    """Take it, for this attempt: of two processes that see it due, one gets it."""
    attempts = delivery.attempts
    wait = min(FIRST_WAIT * 4**attempts, LONGEST_WAIT)
    return bool(
        Delivery.objects.filter(pk=delivery.pk, state=Delivery.State.DUE, attempts=attempts).update(
            attempts=attempts + 1, due_at=at + wait
        )
    )


def _deliver(delivery: Delivery, *, at: datetime) -> bool:
    delivery = Delivery.objects.select_related(
        "credential__organisation", "credential__version__achievement"
    ).get(pk=delivery.pk)
    try:
        _hand_over(delivery, at=at)
        send(delivery)
    except (OSError, SMTPException, CairnError, signing.OwnProductRefused) as error:
        delivery.problem = f"{type(error).__name__}: {error}"[:500]
        if delivery.attempts >= MAX_ATTEMPTS:
            delivery.state = Delivery.State.FAILED
        delivery.save(update_fields=["problem", "state"])
        return False
    delivery.state, delivery.sent_at, delivery.problem = Delivery.State.SENT, at, ""
    delivery.save(update_fields=["state", "sent_at", "problem"])
    return True


def _hand_over(delivery: Delivery, *, at: datetime) -> None:
    """Into the wallet of a holder we know, verified on the way: a faulty product is not announced."""
    if delivery.kind not in (Delivery.Kind.AWARDED, Delivery.Kind.AGAIN):
        return
    holder = person_with_address(delivery.to)
    if holder is not None:
        put_into_wallet(delivery.credential.secured_in(Format.JSON), holder=holder, at=at)


def put_into_wallet(secured: SecuredCredential, *, holder: Person, at: datetime) -> HeldCredential:
    """Verify our own product, then hand it over; a wallet keeps also what was revoked since."""
    known = signing.issuer_sources(secured.credential.organisation)
    verified = signing.verify_own(
        bytes(secured.secured), known, at=at, step="delivery", judged_by=signing.ITSELF
    )
    return wallets.receive(
        verified,
        holder=holder,
        secured=bytes(secured.secured),
        at=at,
        source=HeldCredential.Source.AWARDED_HERE,
    )


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


def send(delivery: Delivery) -> None:
    """Write and post one message, in the language of the reader where we know it, else of the achievement."""
    reader = person_with_address(delivery.to)
    language = (reader.language if reader is not None else "") or delivery.credential.version.language
    with translation.override(_spoken(language)):
        letter = write(delivery)
        context = {"letter": letter, "organisation": delivery.credential.organisation}
        message = EmailMultiAlternatives(
            subject=letter.subject,
            body=render_to_string("issuing/letter.txt", context),
            to=[delivery.to],
            # The organisation answers questions; the address it is sent from is the operator's.
            reply_to=[delivery.credential.organisation.email]
            if delivery.credential.organisation.email
            else None,
            headers={"Auto-Submitted": "auto-generated"},
        )
        message.attach_alternative(render_to_string("issuing/letter.html", context), "text/html")
        message.send()


def _spoken(language: str) -> str:
    """The interface language nearest to it; English where we have none."""
    try:
        return translation.get_supported_language_variant(language)
    except LookupError:
        return "en"


def write(delivery: Delivery) -> Letter:
    """What the message says, from plain values: the text of others is never a template of ours (B127)."""
    credential = delivery.credential
    words = {
        "name": credential.recipient_name,
        "achievement": credential.version.name,
        "organisation": credential.organisation.name,
        "reason": delivery.reason,
        "date": formats.date_format(delivery.created_at, "j F Y"),
        "contact": credential.organisation.email or credential.organisation.name,
    }
    subject, paragraphs = _TEXTS[Delivery.Kind(delivery.kind)]()
    return Letter(
        # A subject has one line, whatever a name holds (B128).
        subject=" ".join(subject.format(**words).split()),
        heading=credential.version.name,
        greeting=_("Hello {name},").format(**words),
        paragraphs=tuple(paragraph.format(**words) for paragraph in paragraphs),
        action=_("Open your credential"),
        link=credential.address(installation.public_url()),
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


_TEXTS = {
    Delivery.Kind.AWARDED: _awarded,
    Delivery.Kind.AGAIN: _again,
    Delivery.Kind.REVOKED: _revoked,
    Delivery.Kind.SUSPENDED: _suspended,
    Delivery.Kind.REINSTATED: _reinstated,
}
