# SPDX-License-Identifier: Apache-2.0
"""How credentials stand, and how they stood: withdraw, withdraw until a date, give back; one or many.

Whatever the number, the road is the same. The decision (``StandingAct``) and the credentials it is about
(``StandingChange``) are written down; then each status list is changed once, in one short transaction with
the credentials on it; then leaves and messages follow in pieces. For one credential all of that is one
transaction. After a crash the work goes on with what is still waiting.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from cairn import status
from cairn_server.achievements.services import InvalidField
from cairn_server.errors import Refusal
from cairn_server.issuing import status_lists
from cairn_server.issuing.delivery import owed
from cairn_server.issuing.life import APPROVE_ABOVE, LifePolicy, Standing, StandingAct, StandingChange
from cairn_server.issuing.models import Credential, Delivery, SecuredCredential, StatusList
from cairn_server.journal import services as journal
from cairn_server.organisations.installation import require_awarding_allowed
from cairn_server.organisations.models import Organisation
from cairn_server.organisations.names import has_hidden_characters
from cairn_server.organisations.roles import require_signer
from cairn_server.tlog.models import PendingLeaf

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from cairn_server.accounts.models import Person

MAX_REASON = 500
MAX_AT_ONCE = 100_000
# Rows in one transaction of what follows the lists.
PIECE = 1_000

# From where one can come to a standing: revoked is for good.
_FROM = {
    Standing.REVOKED: (Standing.ACTIVE, Standing.SUSPENDED),
    Standing.SUSPENDED: (Standing.ACTIVE,),
    Standing.ACTIVE: (Standing.SUSPENDED,),
}
_KINDS = {
    Standing.REVOKED: Delivery.Kind.REVOKED,
    Standing.SUSPENDED: Delivery.Kind.SUSPENDED,
    Standing.ACTIVE: Delivery.Kind.REINSTATED,
}


class AlreadyRevoked(Refusal):
    """Revocation is final: there is nothing that could be done to a revoked credential."""

    def __init__(self) -> None:
        super().__init__(
            "already-revoked", _("This credential is revoked, for good. Award it anew if that was a mistake.")
        )


class AlreadySuspended(Refusal):
    def __init__(self) -> None:
        super().__init__("already-suspended", _("This credential is suspended already."))


class NotSuspended(Refusal):
    def __init__(self) -> None:
        super().__init__("not-suspended", _("This credential is not suspended."))


class NothingToChange(Refusal):
    def __init__(self) -> None:
        super().__init__("nothing-to-change", _("None of these credentials would be changed by this."))


class TooManyAtOnce(Refusal):
    def __init__(self) -> None:
        super().__init__(
            "too-many-at-once",
            _("At most {most} credentials are changed at once.").format(most=MAX_AT_ONCE),
            status=422,
        )


class NotAwaiting(Refusal):
    def __init__(self) -> None:
        super().__init__("not-awaiting", _("This is not waiting for an approval (any more)."))


class SecondPersonNeeded(Refusal):
    def __init__(self) -> None:
        super().__init__("second-person-needed", _("Somebody else than the person who asked has to agree."))


# One


def revoke(credential: Credential, *, by: Person, reason: str, at: datetime) -> Credential:
    """Withdraw it for good."""
    return _change_one(credential, to=Standing.REVOKED, by=by, reason=reason, at=at)


def suspend(
    credential: Credential, *, by: Person, reason: str, at: datetime, until: datetime | None = None
) -> Credential:
    """Withdraw it for the time being, with ``until`` for no longer than that.

    Verifiers other than Cairn may not see it (the twin list is ours).
    """
    return _change_one(credential, to=Standing.SUSPENDED, by=by, reason=reason, at=at, until=until)


def reinstate(credential: Credential, *, by: Person, reason: str, at: datetime) -> Credential:
    """Give a suspended credential back."""
    return _change_one(credential, to=Standing.ACTIVE, by=by, reason=reason, at=at)


def _change_one(
    credential: Credential,
    *,
    to: Standing,
    by: Person,
    reason: str,
    at: datetime,
    until: datetime | None = None,
) -> Credential:
    """The act in one transaction, and then the signed lists that say so (``status_lists.mark``)."""
    organisation = _fresh(credential.organisation)
    require_signer(by, organisation)
    # A closed organisation still answers for what it awarded; a restored copy waits.
    require_awarding_allowed()
    reason, until = clean_reason(reason), _clean_until(until, at=at)
    with transaction.atomic():
        status_lists.lock(organisation)
        current = Credential.objects.select_for_update().get(pk=credential.pk)
        _require_change(current.standing, to)
        _withdraw(
            Credential.objects.filter(pk=current.pk),
            organisation=organisation,
            act=StandingAct(to=to, reason=reason, until=until, by=by),
            at=at,
        )
    status_lists.publish_for(organisation, at=at)
    credential.refresh_from_db()
    return credential


def supersede(credential: Credential, *, by: Person | None, reason: str, at: datetime) -> None:
    """Revoke what another credential stands in the place of; inside the transaction of the caller, who
    publishes the list afterwards.

    The caller knows that there is one, and has asked for the right. Nobody is told: the message that brings
    the new one says it.
    """
    _withdraw(
        Credential.objects.filter(pk=credential.pk),
        organisation=credential.organisation,
        act=StandingAct(to=Standing.REVOKED, reason=clean_reason(reason), replaced=True, tells=False, by=by),
        at=at,
    )
    credential.refresh_from_db()


def _withdraw(
    credentials: QuerySet[Credential], *, organisation: Organisation, act: StandingAct, at: datetime
) -> None:
    """A whole act in this transaction; the organisation is locked."""
    act.organisation, act.at, act.state = organisation, at, StandingAct.State.RUNNING
    act.save(force_insert=True)
    act.total = _write_down(act, credentials)
    for status_list_id in _lists_of(act):
        _apply(act, status_list_id, at=at)
    while _tell_some(act, at=at):
        pass
    _finish(act, at=at)


# Many


@transaction.atomic
def change_many(
    *,
    organisation: Organisation,
    credentials: QuerySet[Credential] | Sequence[int],
    to: Standing,
    by: Person,
    reason: str,
    at: datetime,
    until: datetime | None = None,
    tells: bool = True,
    replaced: bool = False,
) -> StandingAct:
    """Decide about up to 100,000 credentials, as a query or by their keys; the background work does it.

    What stands like that already is left out. Above the organisation's limit it waits for a second person.
    ``replaced`` says that other credentials stand in their place.
    """
    organisation = _fresh(organisation)
    require_signer(by, organisation)
    require_awarding_allowed()
    reason, until = clean_reason(reason), _clean_until(until, at=at)
    act = StandingAct.objects.create(
        organisation=organisation, to=to, reason=reason, until=until, by=by, at=at, tells=tells,
        replaced=replaced, state=StandingAct.State.RUNNING,
    )  # fmt: skip
    act.total = _write_down(act, credentials)
    if not act.total:
        raise NothingToChange
    if act.total > MAX_AT_ONCE:
        raise TooManyAtOnce
    if act.total > approve_above(organisation):
        act.state = StandingAct.State.AWAITING
    act.save(update_fields=["total", "state"])
    _record(act, "change of standing asked for", by=by, at=at)
    return act


def begin_act(act: StandingAct, credentials: QuerySet[Credential], *, at: datetime) -> None:
    """Write an act down for ``work_off``, in the transaction of the caller, who has asked for the right."""
    act.at, act.state = at, StandingAct.State.RUNNING
    act.save(force_insert=True)
    act.total = _write_down(act, credentials)
    act.save(update_fields=["total"])
    _record(act, "change of standing asked for", by=act.by, at=at)


def approve_above(organisation: Organisation) -> int:
    policy = LifePolicy.objects.filter(organisation=organisation).first()
    return policy.approve_above if policy is not None else APPROVE_ABOVE


@transaction.atomic
def approve(act: StandingAct, *, by: Person, at: datetime) -> StandingAct:
    """The second person agrees, and it begins."""
    act = _awaiting(act, by=by)
    if act.by_id == by.pk:
        raise SecondPersonNeeded
    act.state, act.approved_by, act.approved_at = StandingAct.State.RUNNING, by, at
    act.save(update_fields=["state", "approved_by", "approved_at"])
    _record(act, "change of standing approved", by=by, at=at)
    return act


@transaction.atomic
def cancel(act: StandingAct, *, by: Person, at: datetime) -> StandingAct:
    """Somebody does not agree, or whoever asked thought again. Nothing was changed."""
    act = _awaiting(act, by=by)
    act.state, act.finished_at = StandingAct.State.CANCELLED, at
    act.save(update_fields=["state", "finished_at"])
    _record(act, "change of standing cancelled", by=by, at=at)
    return act


def _awaiting(act: StandingAct, *, by: Person) -> StandingAct:
    require_signer(by, _fresh(act.organisation))
    act = StandingAct.objects.select_for_update().get(pk=act.pk)
    if act.state != StandingAct.State.AWAITING:
        raise NotAwaiting
    return act


# The work


def work_off(*, at: datetime) -> int:
    """Carry on with every act that is not done, also one that a crash interrupted; how many there were.

    Safe in any number of processes: a list is changed under the organisation's lock, and what the other
    one did is not waiting any more.
    """
    waiting = StandingAct.objects.filter(state=StandingAct.State.RUNNING).order_by("pk")
    acts = list(waiting.select_related("organisation"))
    for act in acts:
        for status_list_id in _lists_of(act):
            with transaction.atomic():
                require_awarding_allowed()
                status_lists.lock(act.organisation)
                _apply(act, status_list_id, at=at)
            status_lists.publish_for(act.organisation, at=at)
        while _tell_some(act, at=at):
            pass
        with transaction.atomic():
            _finish(act, at=at)
    return len(acts)


def end_suspensions(*, at: datetime) -> int:
    """Give back what was suspended until a date that has come; how many there were."""
    over = Credential.objects.filter(suspended_until__lte=at, standing=Standing.SUSPENDED)
    ended = 0
    for organisation in Organisation.objects.filter(pk__in=over.values("organisation")):
        with transaction.atomic():
            require_awarding_allowed()
            status_lists.lock(organisation)
            act = StandingAct(to=Standing.ACTIVE, by=None)
            _withdraw(over.filter(organisation=organisation), organisation=organisation, act=act, at=at)
            ended += act.total
        status_lists.publish_for(organisation, at=at)
    return ended


def _write_down(act: StandingAct, credentials: QuerySet[Credential] | Sequence[int]) -> int:
    """What the act is about: of these what it would change, and the other copies of what was renewed.

    The database writes the rows itself, from the question that finds them: a hundred thousand of them never
    come this way.
    """
    if isinstance(credentials, QuerySet):
        pieces: Iterable[Any] = [credentials.order_by().values("pk")]
    else:
        # In pieces, because no database takes a hundred thousand keys in one question.
        pieces = _pieces(sorted(credentials))
    may_change = Credential.objects.filter(
        organisation=act.organisation, standing__in=_FROM[Standing(act.to)]
    ).signed()
    has_copies = Credential.objects.filter(organisation=act.organisation, first__isnull=False).exists()
    for piece in pieces:
        chosen = may_change.filter(pk__in=piece)
        if has_copies:
            firsts = chosen.annotate(root=Coalesce("first_id", "pk")).values("root")
            chosen = may_change.filter(Q(pk__in=chosen.values("pk")) | Q(pk__in=firsts) | Q(first__in=firsts))
        # One more than may be, so that too many are noticed and not written down.
        at_most = chosen.order_by("pk").values_list("pk")[: MAX_AT_ONCE + 1]
        sql, parameters = at_most.query.sql_with_params()
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {_CHANGES} (credential_id, act_id, state, told)"  # noqa: S608 - names of ours
                f" SELECT chosen.*, %s, %s, %s FROM ({sql}) AS chosen WHERE true ON CONFLICT DO NOTHING",
                [act.pk, StandingChange.State.WAITING.value, True, *parameters],
            )
    return act.changes.count()


_CHANGES = StandingChange._meta.db_table


def _pieces(keys: list[int]) -> Iterable[list[int]]:
    return (keys[start : start + PIECE] for start in range(0, len(keys), PIECE))


def _lists_of(act: StandingAct) -> list[int]:
    """The lists that still wait for the act, in one order for everybody."""
    waiting = act.changes.filter(state=StandingChange.State.WAITING)
    return sorted(waiting.order_by().values_list("credential__status_list", flat=True).distinct())


def _apply(act: StandingAct, status_list_id: int, *, at: datetime) -> None:
    """Everything of the act that is on one list, and the list once; in this transaction."""
    to = Standing(act.to)
    status_list = StatusList.objects.select_for_update().get(pk=status_list_id)
    here = act.changes.filter(credential__status_list=status_list)
    waiting = here.filter(state=StandingChange.State.WAITING)
    # Asked under the lock: what became revoked while this waited stays revoked.
    waiting.filter(credential__standing__in=_FROM[to]).update(
        state=StandingChange.State.DONE, at=at, told=False
    )
    waiting.update(state=StandingChange.State.SKIPPED, at=at)
    done = here.filter(state=StandingChange.State.DONE)
    found = sorted(done.values_list("credential__public_id", "credential__status_index"))
    if not found:
        return
    Credential.objects.filter(pk__in=done.values("credential")).update(
        standing=to, standing_reason=act.reason, standing_at=at, suspended_until=act.until
    )
    revoked, suspended = (
        status.StatusList.from_bits(bytes(bits)) for bits in (status_list.revoked, status_list.suspended)
    )
    for _public_id, index in found:
        revoked.set(index, to == Standing.REVOKED)
        suspended.set(index, to == Standing.SUSPENDED)
    status_list.revoked, status_list.suspended = revoked.bits, suspended.bits
    status_lists.mark(status_list)
    _record_change(act, status_list, [public_id for public_id, _index in found], at=at)


def _record_change(act: StandingAct, status_list: StatusList, public_ids: list[str], *, at: datetime) -> None:
    """One entry for what happened on one list: about the credential if it is one, else about the act.

    The reason is somebody's free text and may name people: it stays in the row (journal: no names).
    """
    said = {"act": act.public_id, "list": status_list.public_id, "version": status_list.version}
    kind = _KINDS[Standing(act.to)].value
    by, organisation_id = act.by, act.organisation.public_id
    if act.total == 1:
        only = Credential.objects.get(public_id=public_ids[0])
        journal.record(
            verb=f"credential {kind}",
            by=by,
            organisation_id=organisation_id,
            object=only,
            details=said,
            at=at,
        )
        return
    digest = sha256("\n".join(public_ids).encode()).hexdigest()
    details = said | {"credentials": len(public_ids), "sha256": digest}
    journal.record(
        verb=f"credentials {kind}",
        by=by,
        organisation_id=organisation_id,
        object=act,
        details=details,
        at=at,
    )


@transaction.atomic
def _tell_some(act: StandingAct, *, at: datetime) -> bool:
    """Leaves and messages for some of what is done; False when none are left."""
    StandingAct.objects.select_for_update().get(pk=act.pk)
    untold = act.changes.filter(state=StandingChange.State.DONE, told=False).order_by("pk")
    piece = dict(untold.values_list("pk", "credential")[:PIECE])
    if not piece:
        return False
    credentials = Credential.objects.filter(pk__in=piece.values())
    if act.to == Standing.REVOKED:
        _log_revocations(credentials, at=at)
    if act.tells:
        # Of a renewed one it is the newest copy that its holder knows.
        newest = credentials.newest().select_related("organisation")
        Delivery.objects.bulk_create(owed(each, _KINDS[Standing(act.to)], at=at) for each in newest)
    StandingChange.objects.filter(pk__in=piece).update(told=True)
    return True


def _log_revocations(credentials: QuerySet[Credential], *, at: datetime) -> None:
    """A second leaf for each representation, with the salt of the first, so that the two belong together."""
    signed = SecuredCredential.objects.filter(credential__in=credentials).order_by("pk")
    PendingLeaf.objects.bulk_create(
        PendingLeaf(
            salt=salt,
            label=PendingLeaf.Label.REVOKE,
            format=format,
            issuer_did=issuer_did,
            secured_sha256=digest,
            created_at=at,
        )
        for salt, format, issuer_did, digest in signed.values_list(
            "leaf__salt", "format", "leaf__issuer_did", "sha256"
        )
    )


def _finish(act: StandingAct, *, at: datetime) -> None:
    current = StandingAct.objects.select_for_update().get(pk=act.pk)
    if current.state != StandingAct.State.RUNNING:
        return
    current.state, current.finished_at, current.total = StandingAct.State.DONE, at, act.total
    current.save(update_fields=["state", "finished_at", "total"])
    act.state, act.finished_at = current.state, current.finished_at
    if act.total > 1:
        _record(act, "change of standing finished", by=act.by, at=at)


def _record(act: StandingAct, verb: str, *, by: Person | None, at: datetime) -> None:
    journal.record(
        verb=verb,
        by=by,
        organisation_id=act.organisation.public_id,
        object=act,
        details={"to": act.to, "credentials": act.total},
        at=at,
    )


# What may be asked for


def _require_change(standing: str, to: Standing) -> None:
    if standing == Standing.REVOKED:
        raise AlreadyRevoked
    if to == Standing.SUSPENDED and standing == Standing.SUSPENDED:
        raise AlreadySuspended
    if to == Standing.ACTIVE and standing != Standing.SUSPENDED:
        raise NotSuspended


def clean_reason(reason: str) -> str:
    reason = reason.strip()
    if not reason or len(reason) > MAX_REASON or has_hidden_characters(reason.replace("\n", " ")):
        raise InvalidField("reason", _("Give a reason, in at most 500 characters."))
    return reason


def _clean_until(until: datetime | None, *, at: datetime) -> datetime | None:
    if until is not None and until <= at:
        raise InvalidField("until", _("The end of the suspension lies in the past."))
    return until


def _fresh(organisation: Organisation) -> Organisation:
    """As it is now: whether it asks for a second factor is not decided by an object read earlier."""
    return Organisation.objects.get(pk=organisation.pk)
