# SPDX-License-Identifier: Apache-2.0
"""Going on after the end: rules, renewals with one click, requests that a person answers.

A renewed credential is a new copy of the same one: same address, same subject, newer dates (Open Badges 3.0,
"Refreshing a credential"). The copy before stays signed and true for its own time. The right to renew comes
from the rule, which a signer has made, so a holder can do it alone where the rule says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from cairn_server.achievements.services import Archived, InvalidField, is_web_address
from cairn_server.errors import Refusal
from cairn_server.issuing import claiming, services, standing
from cairn_server.issuing.delivery import owed
from cairn_server.issuing.life import RenewalRequest, RenewalRule, Standing
from cairn_server.issuing.models import Credential, Delivery
from cairn_server.issuing.replacing import in_place_of
from cairn_server.issuing.services import Recipient
from cairn_server.journal import services as journal
from cairn_server.organisations.models import OrganisationClosed
from cairn_server.organisations.names import has_hidden_characters
from cairn_server.organisations.roles import SIGNERS, require, require_signer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from cairn_server.accounts.models import Person
    from cairn_server.achievements.models import Achievement

LONGEST_DAYS = 3_650
MOST_REMINDERS = 6


class NotRenewable(Refusal):
    def __init__(self) -> None:
        super().__init__("not-renewable", _("This credential cannot be renewed now."))


class AnswerNeeded(Refusal):
    """The rule wants a person's answer: a request, not a click."""

    def __init__(self) -> None:
        super().__init__("answer-needed", _("The issuer looks at this first. Send a request."))


class CredentialMissing(Refusal):
    def __init__(self, name: str) -> None:
        super().__init__(
            "credential-missing", _("For this you need a valid “{name}” as well.").format(name=name)
        )


class RequestWaiting(Refusal):
    def __init__(self) -> None:
        super().__init__("request-waiting", _("A request for this credential is waiting for an answer."))


class AlreadyAnswered(Refusal):
    def __init__(self) -> None:
        super().__init__("already-answered", _("This request has been answered."))


# Rules


@transaction.atomic
def set_rule(
    achievement: Achievement,
    *,
    by: Person,
    at: datetime,
    needs: str,
    needed: Achievement | None = None,
    opens_days: int = 90,
    grace_days: int = 30,
    instructions: str = "",
    fee_note: str = "",
    reminder_days: Sequence[int] | None = None,
) -> RenewalRule:
    """How credentials of this achievement are renewed from now on; those signed before included."""
    require(by, SIGNERS, achievement.organisation)
    if achievement.archived_at is not None:
        raise Archived
    if needs not in RenewalRule.Needs.values:
        raise InvalidField("needs", _("Choose one of the list."))
    if (needs == RenewalRule.Needs.CREDENTIAL) != (needed is not None):
        raise InvalidField("needed", _("Choose the achievement that is needed."))
    if needed is not None and (
        needed.organisation_id != achievement.organisation_id or needed == achievement
    ):
        raise InvalidField("needed", _("Choose another achievement of your organisation."))
    rule, _new = RenewalRule.objects.update_or_create(
        achievement=achievement,
        defaults={
            "needs": needs,
            "needed": needed,
            "opens_days": _days("opens_days", opens_days),
            "grace_days": _days("grace_days", grace_days),
            "instructions": _text("instructions", instructions, 2_000),
            "fee_note": _text("fee_note", fee_note, 200),
            "reminder_days": None if reminder_days is None else clean_days(reminder_days),
            "changed_at": at,
        },
    )
    _journal(achievement, "renewal rule set", by=by, at=at, needs=needs)
    return rule


@transaction.atomic
def remove_rule(achievement: Achievement, *, by: Person, at: datetime) -> None:
    """Credentials of it just end. Requests that wait can still be answered."""
    require(by, SIGNERS, achievement.organisation)
    RenewalRule.objects.filter(achievement=achievement).delete()
    _journal(achievement, "renewal rule removed", by=by, at=at)


def clean_days(days: Sequence[int]) -> list[int]:
    """Reminders, the earliest first; the empty list sends none."""
    if len(days) > MOST_REMINDERS or not all(1 <= each <= 366 for each in days):
        raise InvalidField(
            "reminder_days",
            _("Give up to {most} numbers of days, from 1 to 366.").format(most=MOST_REMINDERS),
        )
    return sorted(set(days), reverse=True)


# What is possible


class Stage(StrEnum):
    NEVER = "never"  # no end, no rule, or withdrawn
    EARLY = "early"
    OPEN = "open"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Offer:
    """What the holder of one credential can do about its end."""

    stage: Stage
    rule: RenewalRule | None = None
    opens_at: datetime | None = None
    closes_at: datetime | None = None


def offer(credential: Credential, *, at: datetime) -> Offer:
    """From the newest copy, the rule and the clock; who asks does not matter here."""
    achievement = credential.version.achievement
    rule = RenewalRule.objects.filter(achievement=achievement).select_related("needed").first()
    ended = credential.standing != Standing.ACTIVE or credential.successor is not None
    if rule is None or credential.valid_until is None or ended or achievement.archived_at is not None:
        return Offer(Stage.NEVER)
    opens_at = credential.valid_until - timedelta(days=rule.opens_days)
    closes_at = credential.valid_until + timedelta(days=rule.grace_days)
    stage = Stage.EARLY if at < opens_at else Stage.OVER if at > closes_at else Stage.OPEN
    return Offer(stage, rule, opens_at, closes_at)


def missing(rule: RenewalRule, person: Person, *, at: datetime) -> str:
    """The name of the credential that the rule needs and this person does not have; empty when none is."""
    if rule.needed is None:
        return ""
    held = claiming.theirs(person, at=at).filter(
        version__achievement=rule.needed,
        standing=Standing.ACTIVE,
        valid_from__lte=at,
    )
    if held.filter(valid_until__isnull=True).exists() or held.filter(valid_until__gt=at).exists():
        return ""
    return rule.needed.current.name


# Renewing


def renew(credential: Credential, *, by: Person, at: datetime) -> Credential:
    """The holder's one click. What it takes is asked here once more."""
    current = _held(credential, by, at=at)
    found = _open_offer(current, at=at)
    if not found.is_one_click:
        raise AnswerNeeded
    name = missing(found, by, at=at)
    if name:
        raise CredentialMissing(name)
    return _renew(current, by=by, at=at)


def renew_for_holder(credential: Credential, *, by: Person, at: datetime) -> Credential:
    """An issuer renews it, whatever the rule: the assessment was done, the fee was paid."""
    require_signer(by, services.fresh(credential.organisation))
    current = Credential.objects.select_related("version__achievement", "first").get(pk=credential.pk)
    if current.valid_until is None or current.standing != Standing.ACTIVE or current.successor is not None:
        raise NotRenewable
    return _renew(current, by=by, at=at)


@transaction.atomic
def ask(
    credential: Credential, *, by: Person, at: datetime, evidence_url: str = "", note: str = ""
) -> RenewalRequest:
    """The holder asks, with what the rule wants; somebody of the issuer answers."""
    current = _held(credential, by, at=at)
    rule = _open_offer(current, at=at)
    if rule.is_one_click:
        raise NotRenewable
    evidence_url, note = evidence_url.strip(), _text("note", note, 5_000)
    if evidence_url and not is_web_address(evidence_url):
        raise InvalidField("evidence_url", _("Write a full web address."))
    if rule.needs == RenewalRule.Needs.EVIDENCE and not (evidence_url or note):
        raise InvalidField("note", _("Say what you have done since, or give a link to it."))
    try:
        with transaction.atomic():
            request = RenewalRequest.objects.create(
                credential=current, by=by, evidence_url=evidence_url, note=note, created_at=at
            )
    except IntegrityError:
        raise RequestWaiting from None
    _journal_request(request, "renewal asked for", by=by, at=at)
    return request


def approve(request: RenewalRequest, *, by: Person, at: datetime) -> Credential:
    """Yes: the credential is renewed, with the evidence that was sent."""
    require_signer(by, services.fresh(request.credential.organisation))
    if request.state != RenewalRequest.State.WAITING:
        raise AlreadyAnswered
    credential = Credential.objects.select_related("version__achievement", "first").get(
        pk=request.credential_id
    )
    if credential.standing != Standing.ACTIVE:
        raise NotRenewable
    evidence = {"evidence_url": request.evidence_url} if request.evidence_url else {}
    renewed = _renew(credential, by=by, at=at, **evidence)
    with transaction.atomic():
        _answer(request, RenewalRequest.State.APPROVED, by=by, at=at, answer="")
    return renewed


@transaction.atomic
def refuse(request: RenewalRequest, *, by: Person, answer: str, at: datetime) -> RenewalRequest:
    """No, with the reason; the holder gets it in a message and may ask again."""
    require_signer(by, services.fresh(request.credential.organisation))
    answer = standing.clean_reason(answer)
    _answer(request, RenewalRequest.State.REFUSED, by=by, at=at, answer=answer)
    owed(request.credential, Delivery.Kind.ANSWERED, at=at, reason=answer).save(force_insert=True)
    return request


def _answer(
    request: RenewalRequest, state: RenewalRequest.State, *, by: Person, at: datetime, answer: str
) -> None:
    current = RenewalRequest.objects.select_for_update().get(pk=request.pk)
    if current.state != RenewalRequest.State.WAITING:
        raise AlreadyAnswered
    current.state, current.decided_by, current.decided_at, current.answer = state, by, at, answer
    current.save(update_fields=["state", "decided_by", "decided_at", "answer"])
    request.refresh_from_db()
    _journal_request(request, f"renewal {state.value}", by=by, at=at)


def _renew(credential: Credential, *, by: Person, at: datetime, **changes: str) -> Credential:
    """The next copy. Idempotent: a second click, or a repeat after a crash, finds the first one's."""
    organisation = services.fresh(credential.organisation)
    if organisation.closed_at is not None:
        raise OrganisationClosed
    version = credential.version
    assert credential.valid_until is not None
    lasts = (
        timedelta(days=version.validity_days)
        if version.validity_days is not None
        else credential.valid_until - credential.valid_from
    )
    texts = {
        name: changes.get(name, getattr(credential, name))
        for name in ("evidence_url", "evidence_name", "evidence_description", "narrative", "grade")
    }
    wanted = services.read_award(
        version=version,
        recipient=Recipient(credential.recipient_name, credential.recipient_email),
        request_key=f"renewal:{credential.public_id}",
        at=at,
        awarded_on=credential.awarded_at,
        valid_from=None,
        # Who renews early loses none of the days that were left.
        valid_until=max(credential.valid_until, at) + lasts,
        texts=texts,
    )
    wanted = in_place_of(
        credential, wanted, first=credential.first or credential, letter=Delivery.Kind.RENEWED
    )
    return services.award_ready(wanted, by=by, at=at)


def _held(credential: Credential, person: Person, *, at: datetime) -> Credential:
    claiming.require_holder(credential, person, at=at)
    return Credential.objects.select_related("version__achievement", "first").get(pk=credential.pk)


def _open_offer(credential: Credential, *, at: datetime) -> RenewalRule:
    found = offer(credential, at=at)
    if found.stage is not Stage.OPEN or found.rule is None:
        raise NotRenewable
    return found.rule


def _days(name: str, value: int) -> int:
    if not 0 <= value <= LONGEST_DAYS:
        raise InvalidField(
            name, _("Write a whole number from {least} to {most}.").format(least=0, most=LONGEST_DAYS)
        )
    return value


def _text(name: str, value: str, longest: int) -> str:
    text = value.strip().replace("\r\n", "\n").replace("\r", "\n")
    if len(text) > longest:
        raise InvalidField(name, _("Write at most {longest} characters.").format(longest=longest))
    if has_hidden_characters(text.replace("\n", "").replace("\t", "")):
        raise InvalidField(name, _("Leave out invisible and control characters."))
    return text


def _journal(achievement: Achievement, verb: str, *, by: Person, at: datetime, **details: str) -> None:
    journal.record(
        verb=verb,
        by=by,
        organisation_id=achievement.organisation.public_id,
        object=achievement,
        details=details,
        at=at,
    )


def _journal_request(request: RenewalRequest, verb: str, *, by: Person, at: datetime) -> None:
    journal.record(
        verb=verb,
        by=by,
        organisation_id=request.credential.organisation.public_id,
        object=request.credential,
        details={"request": request.public_id},
        at=at,
    )
