# SPDX-License-Identifier: Apache-2.0
"""Telling people in time that something ends: the holder of each credential, and the issuer once a day.

When somebody is told is the achievement's own decision, else the organisation's, else 90, 30 and 7 days
before. Every run asks what is due and not yet told, so a machine that was off for a week tells late and not
never, and nobody is told twice.
"""

from __future__ import annotations

from datetime import timedelta
from smtplib import SMTPException
from typing import TYPE_CHECKING, Any

from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.db.models import Count, Exists, F, OuterRef
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cairn_server.achievements.models import Achievement
from cairn_server.issuing import claiming
from cairn_server.issuing.answers import ClaimLink
from cairn_server.issuing.delivery import owed
from cairn_server.issuing.life import (
    REMINDER_DAYS,
    Digest,
    LifePolicy,
    Reminder,
    RenewalRequest,
    RenewalRule,
    Standing,
    StandingAct,
)
from cairn_server.issuing.models import Credential, Delivery
from cairn_server.issuing.posting import FIRST_WAIT, LONGEST_WAIT, MAX_ATTEMPTS, Letter
from cairn_server.issuing.renewal import clean_days
from cairn_server.issuing.status_lists import lock
from cairn_server.journal import services as journal
from cairn_server.organisations import installation
from cairn_server.organisations.models import Organisation
from cairn_server.organisations.roles import Role, require

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from cairn_server.accounts.models import Person

PIECE = 500
_LONGEST = timedelta(days=366)


@transaction.atomic
def set_policy(
    organisation: Organisation,
    *,
    by: Person,
    approve_above: int,
    reminder_days: Sequence[int],
    at: datetime,
) -> LifePolicy:
    """What the organisation decides for all of its achievements."""
    require(by, Role.OWNER, organisation)
    policy, _new = LifePolicy.objects.update_or_create(
        organisation=organisation,
        defaults={"approve_above": approve_above, "reminder_days": clean_days(reminder_days)},
    )
    journal.record(
        verb="life policy set",
        by=by,
        organisation_id=organisation.public_id,
        object=organisation,
        details={"approve_above": approve_above, "reminder_days": policy.reminder_days},
        at=at,
    )
    return policy


def days_of(achievement: Achievement) -> list[int]:
    """When holders are reminded, the earliest first."""
    rule = RenewalRule.objects.filter(achievement=achievement).first()
    if rule is not None and rule.reminder_days is not None:
        return list(rule.reminder_days)
    policy = LifePolicy.objects.filter(organisation=achievement.organisation_id).first()
    return list(REMINDER_DAYS if policy is None else policy.reminder_days)


def remind_holders(*, at: datetime) -> int:
    """Write a message for everybody whose next reminder is due; how many were written."""
    soon = _ending(at=at).filter(valid_until__lte=at + _LONGEST)
    achievements = soon.order_by().values("version__achievement").distinct()
    found = Achievement.objects.filter(pk__in=achievements).select_related("organisation")
    return sum(_remind(each, at=at) for each in found)


def _ending(*, at: datetime) -> QuerySet[Credential]:
    """What counts today, will end, and has not been renewed."""
    return Credential.objects.signed().newest().filter(valid_until__gt=at, standing=Standing.ACTIVE)


def _remind(achievement: Achievement, *, at: datetime) -> int:
    days, told = days_of(achievement), 0
    # Each reminder has its own stretch of time, down to the next one: of two that were missed, one is sent.
    for number, wanted in enumerate(days):
        following = days[number + 1] if number + 1 < len(days) else 0
        due = _ending(at=at).filter(
            version__achievement=achievement,
            valid_until__lte=at + timedelta(days=wanted),
            valid_until__gt=at + timedelta(days=following),
            # Who was awarded something short knows its end from the award.
            valid_until__gte=F("valid_from") + timedelta(days=wanted),
        )
        untold = due.filter(~Exists(Reminder.objects.filter(credential=OuterRef("pk"), days=wanted)))
        while piece := _remind_some(achievement, untold, wanted, at=at):
            told += piece
    return told


@transaction.atomic
def _remind_some(achievement: Achievement, untold: QuerySet[Credential], days: int, *, at: datetime) -> int:
    lock(achievement.organisation)  # of two processes, one writes the message
    piece = list(untold.order_by("pk")[:PIECE])
    Reminder.objects.bulk_create(Reminder(credential=each, days=days, at=at) for each in piece)
    Delivery.objects.bulk_create(owed(each, Delivery.Kind.ENDING, at=at) for each in piece)
    return len(piece)


def remind_of_awards(*, at: datetime) -> int:
    """Ask once more whoever has not answered: after a week, and once before the link ends."""
    told = 0
    for link, is_last in claiming.due_reminders(at=at, limit=PIECE):
        with transaction.atomic():
            # Of two processes one takes it; the next letter brings the link with the next date.
            mine = ClaimLink.objects.filter(pk=link.pk, remind_at=link.remind_at)
            if not mine.update(remind_at=None) or link.credential.standing != Standing.ACTIVE:
                continue
            owed(
                link.credential, Delivery.Kind.EXPIRING if is_last else Delivery.Kind.UNCLAIMED, at=at
            ).save()
        told += 1
    return told


# The issuer


def write_digests(*, at: datetime) -> int:
    """Once a day, for each organisation that has something to look after; how many were written."""
    written = 0
    had = Digest.objects.filter(organisation=OuterRef("pk"), day=at.date())
    for organisation in Organisation.objects.filter(~Exists(had), closed_at__isnull=True).order_by("pk"):
        with transaction.atomic():
            lock(organisation)
            details = to_look_after(organisation, at=at)
            # A day without news has its row too, so that it is asked once and not every hour.
            _digest, new = Digest.objects.get_or_create(
                organisation=organisation,
                day=at.date(),
                defaults={"details": details, "due_at": at, "sent_at": None if any(details.values()) else at},
            )
        written += new and any(details.values())
    return written


def to_look_after(organisation: Organisation, *, at: datetime) -> dict[str, Any]:
    """What came close today, and what waits for an answer: names of achievements and numbers."""
    ending: list[dict[str, Any]] = []
    for achievement in organisation.achievements.filter(versions__credentials__valid_until__gt=at).distinct():
        for days in days_of(achievement):
            within = at + timedelta(days=days)
            count = (
                _ending(at=at)
                .filter(
                    version__achievement=achievement,
                    valid_until__lte=within,
                    valid_until__gt=within - timedelta(days=1),
                )
                .aggregate(n=Count("pk"))["n"]
            )
            if count:
                ending.append({"achievement": achievement.current.name, "days": days, "credentials": count})
    requests = RenewalRequest.objects.filter(
        credential__organisation=organisation, state=RenewalRequest.State.WAITING
    )
    approvals = StandingAct.objects.filter(organisation=organisation, state=StandingAct.State.AWAITING)
    return {"ending": ending, "requests": requests.count(), "approvals": approvals.count()}


def send_digests(*, at: datetime) -> int:
    """Send what is due; how many were sent."""
    due = Digest.objects.filter(sent_at__isnull=True, due_at__lte=at, attempts__lt=MAX_ATTEMPTS)
    return sum(
        _send(digest, at=at)
        for digest in due.select_related("organisation").order_by("pk")[:PIECE]
        if _claim(digest, at=at)
    )


def _claim(digest: Digest, *, at: datetime) -> bool:
    """Take it, for this attempt: of two processes that see it due, one gets it."""
    wait = min(FIRST_WAIT * 4**digest.attempts, LONGEST_WAIT)
    mine = Digest.objects.filter(pk=digest.pk, sent_at__isnull=True, attempts=digest.attempts)
    return bool(mine.update(attempts=digest.attempts + 1, due_at=at + wait))


def _send(digest: Digest, *, at: datetime) -> bool:
    organisation = digest.organisation
    letter = letter_of(digest)
    context = {"letter": letter, "organisation": organisation}
    message = EmailMultiAlternatives(
        subject=letter.subject,
        body=render_to_string("issuing/letter.txt", context),
        to=_readers(organisation),
        headers={"Auto-Submitted": "auto-generated"},
    )
    message.attach_alternative(render_to_string("issuing/letter.html", context), "text/html")
    try:
        message.send()
    except (OSError, SMTPException) as error:
        Digest.objects.filter(pk=digest.pk).update(problem=f"{type(error).__name__}: {error}"[:500])
        return False
    Digest.objects.filter(pk=digest.pk).update(sent_at=at, problem="")
    return True


def _readers(organisation: Organisation) -> list[str]:
    """The address that the organisation gives for itself, otherwise its owners."""
    if organisation.email:
        return [organisation.email]
    owners = organisation.memberships.filter(role=Role.OWNER).select_related("person")
    return sorted(membership.person.email for membership in owners)


def letter_of(digest: Digest) -> Letter:
    organisation, details = digest.organisation, digest.details
    paragraphs = [
        ngettext(
            "{n} credential of “{achievement}” ends within {days} days.",
            "{n} credentials of “{achievement}” end within {days} days.",
            each["credentials"],
        ).format(n=each["credentials"], **each)
        for each in details["ending"]
    ]
    if count := details["requests"]:
        paragraphs.append(
            ngettext(
                "{n} request for a renewal waits for your answer.",
                "{n} requests for a renewal wait for your answer.",
                count,
            ).format(n=count)
        )
    if count := details["approvals"]:
        paragraphs.append(
            ngettext(
                "{n} change of many credentials waits for a second person.",
                "{n} changes of many credentials wait for a second person.",
                count,
            ).format(n=count)
        )
    return Letter(
        subject=" ".join(
            _("What to look after at {organisation}").format(organisation=organisation.name).split()
        ),
        heading=organisation.name,
        greeting=_("Hello,"),
        paragraphs=tuple(paragraphs),
        action=_("Open renewals"),
        link=f"{installation.public_url()}/organisations/{organisation.public_id}/renewals",
        closing=_("How many days before the end this comes is in the settings of your organisation."),
    )
