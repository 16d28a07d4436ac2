# SPDX-License-Identifier: Apache-2.0
"""What comes back of the post: wrong addresses, people who complain, people who want no reminders.

    read(message) -> Report | None    a delivery report (RFC 3464) or a complaint (RFC 5965), as it was mailed
    note(report, at=…)                what follows from it

A report is believed when it names the random token of a message of ours, which only those know through whose
hands that message went; so nobody stops the post of others by writing to us. It never delays an award: what
is stopped is one message, the award is on its page all the same.
"""

from __future__ import annotations

import email
import re
from dataclasses import dataclass
from email import policy
from typing import TYPE_CHECKING

from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from cairn_server.journal import services as journal
from cairn_server.organisations.models import Organisation

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from email.message import Message

    from cairn_server.issuing.models import Delivery
    from cairn_server.issuing.posting import Owed

# The kinds of messages that remind: whoever has had enough of them ends them by a link (Delivery.Kind).
ENDED_BY_A_LINK = ("ending", "unclaimed", "expiring")
MOST_BYTES = 1_000_000
MOST_PARTS = 50


class StoppedAddress(models.Model):
    """An address that one organisation writes to no more, or not for everything."""

    class Why(models.TextChoices):
        BOUNCED = "bounced", _("The address does not exist")
        COMPLAINED = "complained", _("The reader reported the message as unwanted")
        UNSUBSCRIBED = "unsubscribed", _("The reader wants no reminders")

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="stopped_addresses")
    address = models.EmailField(max_length=254)
    why = models.CharField(max_length=12, choices=Why.choices)
    status = models.CharField(max_length=12, blank=True, default="")
    at = models.DateTimeField()

    class Meta:
        app_label = "issuing"
        verbose_name_plural = "stopped addresses"
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "address", "why"], name="an_address_is_stopped_once_for_a_reason"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organisation_id} {self.why} {self.status}"


@dataclass(frozen=True, slots=True)
class Report:
    """One report about one message. ``status`` is an enhanced status code (RFC 3463), if there is one."""

    token: str
    complaint: bool = False
    status: str = ""

    @property
    def address_is_wrong(self) -> bool:
        return names_a_wrong_address(self.status)


def names_a_wrong_address(status: str) -> bool:
    """5.1.x is about the address, 5.2.1 a closed mailbox; other refusals are about us or about today."""
    return status.startswith("5.1.") or status == "5.2.1"


_STATUS = re.compile(r"\s*([245]\.[0-9]{1,3}\.[0-9]{1,3})(?![0-9.])", re.ASCII)
_MESSAGE_ID = re.compile(r"\s*<([A-Za-z0-9_-]{22})@", re.ASCII)
_RETURN_PATH = re.compile(r"\+([A-Za-z0-9_-]{22})@", re.ASCII)


def status_in(text: str) -> str:
    """The enhanced status code at the beginning of an answer; empty when there is none."""
    found = _STATUS.match(text)
    return found[1] if found else ""


def token_in(message_id: str) -> str:
    found = _MESSAGE_ID.match(message_id)
    return found[1] if found else ""


def read(data: bytes) -> Report | None:
    """What a mailed report says about one of our messages; None for any other mail, and for a mere delay."""
    if len(data) > MOST_BYTES:
        return None
    message = email.message_from_bytes(data, policy=policy.compat32)
    token, status, complaint = "", "", False
    for part in _parts(message):
        kind = part.get_content_type()
        if kind == "message/delivery-status":
            status = status or _failed(part)
        elif kind == "message/feedback-report":
            complaint = complaint or _text(part, "Feedback-Type").lower() == "abuse"
        elif kind == "message/rfc822" and isinstance(part.get_payload(), list):
            # The message that came back, whole or only its headers.
            token = token or next((token_in(_text(each, "Message-ID")) for each in part.get_payload()), "")
        elif kind == "text/rfc822-headers":
            headers = email.message_from_string(str(part.get_payload()), policy=policy.compat32)
            token = token or token_in(_text(headers, "Message-ID"))
    if not token:
        # Some say nothing about the message but to which return path they write (BOUNCE_ADDRESS).
        for name in ("Delivered-To", "X-Original-To", "To"):
            found = _RETURN_PATH.search(_text(message, name))
            token = token or (found[1] if found else "")
    if not token or not (complaint or status):
        return None
    return Report(token, complaint=complaint, status="" if complaint else status)


def _parts(message: Message) -> Iterator[Message]:
    for number, part in enumerate(message.walk()):
        if number >= MOST_PARTS:
            return
        yield part


def _failed(part: Message) -> str:
    """The status of the first recipient that the message will not reach."""
    groups = part.get_payload()
    for group in groups if isinstance(groups, list) else []:
        if _text(group, "Action").lower() == "failed":
            return status_in(_text(group, "Status")) or "5.0.0"
    return ""


def _text(part: object, name: str) -> str:
    getter = getattr(part, "get", None)
    found = getter(name, "") if getter is not None else ""
    inner = getattr(part, "get_payload", None)
    if not found and inner is not None and isinstance(inner(), list) and inner():
        # A report of fields is read as a message in a message.
        found = inner()[0].get(name, "") if hasattr(inner()[0], "get") else ""
    return str(found).strip()


@transaction.atomic
def note(report: Report, *, at: datetime) -> Delivery | None:
    """Act on a report; the message it is about, or None when it is none of ours."""
    from cairn_server.issuing.models import Delivery

    delivery = (
        Delivery.objects.select_for_update(of=("self",))
        .select_related("credential__organisation")
        .filter(token=report.token)
        .first()
        if report.token
        else None
    )
    if delivery is None:
        return None
    said = "complained" if report.complaint else f"returned {report.status}"
    if delivery.problem == said:
        return delivery  # reports come twice, too
    delivery.problem = said
    if not report.complaint and delivery.state == Delivery.State.SENT:
        delivery.state = Delivery.State.FAILED
    delivery.save(update_fields=["problem", "state"])
    if report.complaint:
        stop(delivery, StoppedAddress.Why.COMPLAINED, at=at)
    elif report.address_is_wrong:
        stop(delivery, StoppedAddress.Why.BOUNCED, status=report.status, at=at)
    journal.record(
        verb="message complained of" if report.complaint else "message returned",
        by=None,
        organisation_id=delivery.credential.organisation.public_id,
        object=delivery.credential,
        details={"kind": delivery.kind, "status": report.status},
        at=at,
    )
    return delivery


def stop(owed: Owed, why: StoppedAddress.Why, *, at: datetime, status: str = "") -> None:
    """Write to this address no more, as far as ``why`` goes; to say it twice changes nothing."""
    if owed.sender is None:
        return
    StoppedAddress.objects.get_or_create(
        organisation=owed.sender,
        address=owed.to.lower(),
        why=why,
        defaults={"status": status, "at": at},
    )


def why_stopped(delivery: Delivery) -> StoppedAddress | None:
    """Why this message may not be sent; None when it may.

    What somebody has a right to know is always sent: that a credential was revoked, suspended or given back,
    the answer to a request, and what a person has asked to be sent again.
    """
    from cairn_server.issuing.models import Delivery

    if delivery.kind not in (
        Delivery.Kind.AWARDED,
        Delivery.Kind.REPLACED,
        Delivery.Kind.RENEWED,
        *ENDED_BY_A_LINK,
    ):
        return None
    reasons = [StoppedAddress.Why.BOUNCED, StoppedAddress.Why.COMPLAINED]
    if delivery.kind in ENDED_BY_A_LINK:
        reasons.append(StoppedAddress.Why.UNSUBSCRIBED)
    return stopped_for(delivery, *reasons)


def stopped_for(owed: Owed, *reasons: StoppedAddress.Why) -> StoppedAddress | None:
    """Whether its sender writes to its reader no more, for one of these reasons."""
    return StoppedAddress.objects.filter(
        organisation=owed.sender, address=owed.to.lower(), why__in=reasons
    ).first()
