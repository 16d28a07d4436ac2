# SPDX-License-Identifier: Apache-2.0
"""The life of an organisation's keys: two people decide, and time does the rest.

One owner asks for a change and says why, another one agrees. What cannot wait does not: from the moment that
somebody says a key may be stolen, nothing is signed with it. An organisation with one owner may say that
this one decides alone; that counts for as long as there is no second one.
"""

from __future__ import annotations

from contextlib import suppress
from hashlib import sha256
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from cairn.canonical import jcs
from cairn.keys import Algorithm
from cairn_server.errors import Refusal
from cairn_server.journal import services as journal
from cairn_server.organisations import identity, keys, roles
from cairn_server.organisations.models import KeyChange, Organisation, SigningKey
from cairn_server.organisations.names import BadText, clean_text
from cairn_server.organisations.roles import Role

if TYPE_CHECKING:
    from datetime import datetime

    from cairn_server.accounts.models import Person
    from cairn_server.organisations.keys import Terms

MAX_REASON = 500
# Of its time, after which its owners are asked to replace a key.
REMINDED_AT = 0.8
# What organisations may choose: every verifier has the one, and every hardware module the other.
ALGORITHMS = (Algorithm.ED25519, Algorithm.P256)

State = SigningKey.State


class SecondOwnerNeeded(Refusal):
    def __init__(self) -> None:
        super().__init__(
            "second-owner-needed",
            _("Two owners change keys together: one asks, another one agrees. This needs another owner."),
        )


class ChangeWaits(Refusal):
    def __init__(self) -> None:
        super().__init__("key-change-waits", _("A change of this key waits for a second owner already."))


class ChangeOver(Refusal):
    """Decided, withdrawn, or asked for by somebody who is an owner no longer."""

    def __init__(self) -> None:
        super().__init__("key-change-over", _("This change is not waiting any more. Ask for it anew."))


class NotSoEarly(Refusal):
    def __init__(self) -> None:
        super().__init__(
            "bad-moment", _("The key did not exist then, or that moment is still to come."), status=422
        )


# Asking


@transaction.atomic
def propose_replacement(
    organisation: Organisation,
    *,
    by: Person,
    reason: str,
    at: datetime,
    algorithm: Algorithm = Algorithm.ED25519,
) -> KeyChange:
    """Make the key that shall sign from now on. It waits for a second owner, who may not be there."""
    organisation = organisation.locked_for(by, Role.OWNER)
    roles.require_signer(by, organisation)
    reason = _read_reason(reason)
    if algorithm not in ALGORITHMS:
        raise Refusal("key-kind", _("Organisations sign with Ed25519 or P-256."), status=422)
    if organisation.signing_keys.filter(state=State.PENDING).exists():
        raise ChangeWaits
    if not _others(organisation, by) and not decides_alone(organisation):
        raise SecondOwnerNeeded
    key = keys.new_key(organisation, at=at, algorithm=algorithm, state=State.PENDING)
    return _propose(organisation, KeyChange.Kind.REPLACE, key, by=by, reason=reason, at=at)


@transaction.atomic
def declare_compromised(
    organisation: Organisation, *, by: Person, key: SigningKey, since: datetime, reason: str, at: datetime
) -> KeyChange:
    """Say that somebody else may have the key since then. Nothing is signed with it from now on.

    Also where the organisation is closed: what it signed is still believed.
    """
    organisation = Organisation.objects.select_for_update().get(pk=organisation.pk)
    roles.require(by, Role.OWNER, organisation)
    roles.require_signer(by, organisation)
    reason = _read_reason(reason)
    key = organisation.signing_keys.get(pk=key.pk)
    if key.state == State.COMPROMISED:
        raise keys.KeyAlreadyRevoked
    if identity.is_the_key(organisation):
        raise keys.IdentityIsTheKey
    if not key.created_at <= since <= at:
        raise NotSoEarly
    if key.changes.filter(state=KeyChange.State.PROPOSED, kind=KeyChange.Kind.COMPROMISE).exists():
        raise ChangeWaits
    # A replacement by a key that may be stolen is none.
    for waiting in key.changes.filter(state=KeyChange.State.PROPOSED):
        _decide(waiting, KeyChange.State.WITHDRAWN, by=by, at=at)
        _lay_aside(key, at=at)
    key.held_at = at
    key.save(update_fields=["held_at"])
    return _propose(organisation, KeyChange.Kind.COMPROMISE, key, by=by, reason=reason, at=at, since=since)


def _propose(
    organisation: Organisation,
    kind: KeyChange.Kind,
    key: SigningKey,
    *,
    by: Person,
    reason: str,
    at: datetime,
    since: datetime | None = None,
) -> KeyChange:
    change = KeyChange.objects.create(
        organisation=organisation,
        kind=kind,
        key=key,
        reason=reason,
        compromised_from=since,
        proposed_by=by,
        proposed_at=at,
    )
    _record(change, "key change proposed", by=by, at=at)
    return confirm(change, by=by, at=at) if decides_alone(organisation) else change


# Deciding


@transaction.atomic
def confirm(change: KeyChange, *, by: Person, at: datetime) -> KeyChange:
    """Agree, as another owner than the one who asked; and it is done."""
    organisation = Organisation.objects.select_for_update().get(pk=change.organisation_id)
    roles.require(by, Role.OWNER, organisation)
    roles.require_signer(by, organisation)
    change = _waiting(change, organisation)
    alone = change.proposed_by_id == by.pk
    if alone and not decides_alone(organisation):
        raise SecondOwnerNeeded
    # It is the act of whoever asked too, and ends with their right to it (B138).
    if change.proposed_by is None or Role.OWNER not in roles.roles_of(change.proposed_by, organisation):
        raise ChangeOver
    if change.kind == KeyChange.Kind.REPLACE:
        _activate(organisation, change.key, at=at)
    else:
        _revoke(organisation, change, at=at)
    change.alone = alone
    _decide(change, KeyChange.State.CONFIRMED, by=by, at=at)
    said = {"reason": change.reason, **_document_digest(organisation)}
    if change.kind == KeyChange.Kind.REPLACE:
        _record(change, "key rotated", by=by, at=at, **said)
    else:
        _record(change, "key revoked", by=by, at=at, **said)
    return change


@transaction.atomic
def withdraw(change: KeyChange, *, by: Person, at: datetime) -> KeyChange:
    """Think again: the new key is thrown away unused, or the one that was thought stolen signs again.

    Lifting a suspicion takes two people, or one could lift what another one has just said.
    """
    organisation = Organisation.objects.select_for_update().get(pk=change.organisation_id)
    roles.require(by, Role.OWNER, organisation)
    roles.require_signer(by, organisation)
    change = _waiting(change, organisation)
    key = change.key
    if change.kind == KeyChange.Kind.REPLACE:
        _lay_aside(key, at=at)
    else:
        if change.proposed_by_id == by.pk and not decides_alone(organisation):
            raise SecondOwnerNeeded
        key.held_at = None
        key.save(update_fields=["held_at"])
    _decide(change, KeyChange.State.WITHDRAWN, by=by, at=at)
    _record(change, "key change withdrawn", by=by, at=at)
    return change


@transaction.atomic
def set_alone(organisation: Organisation, *, by: Person, alone: bool, at: datetime) -> None:
    """Say whether the only owner decides about keys without anybody else."""
    organisation = organisation.locked_for(by, Role.OWNER)
    roles.require_signer(by, organisation)
    if alone and _others(organisation, by):
        raise SecondOwnerNeeded
    organisation.one_person_keys = alone
    organisation.save(update_fields=["one_person_keys"])
    if alone:
        _journal_rule(organisation, "keys need one person", by=by, at=at)
    else:
        _journal_rule(organisation, "keys need two people", by=by, at=at)


def _journal_rule(organisation: Organisation, verb: str, *, by: Person, at: datetime) -> None:
    journal.record(verb=verb, by=by, organisation_id=organisation.public_id, object=organisation, at=at)


def decides_alone(organisation: Organisation) -> bool:
    """Whether one owner is enough: the organisation has said so, and has no other."""
    return organisation.one_person_keys and _owners(organisation) == 1


def only_owner(organisation: Organisation) -> bool:
    return _owners(organisation) == 1


def _owners(organisation: Organisation) -> int:
    return organisation.memberships.filter(role=Role.OWNER, person__is_active=True).count()


def _others(organisation: Organisation, by: Person) -> bool:
    owners = organisation.memberships.filter(role=Role.OWNER, person__is_active=True)
    return owners.exclude(person=by).exists()


def _waiting(change: KeyChange, organisation: Organisation) -> KeyChange:
    """As it is now, under the organisation's lock."""
    found = KeyChange.objects.select_related("key", "proposed_by").get(
        pk=change.pk, organisation=organisation
    )
    if found.state != KeyChange.State.PROPOSED:
        raise ChangeOver
    return found


def _decide(change: KeyChange, state: KeyChange.State, *, by: Person, at: datetime) -> None:
    change.state, change.decided_by, change.decided_at = state, by, at
    change.save(update_fields=["state", "decided_by", "decided_at", "alone"])


def _lay_aside(key: SigningKey, *, at: datetime) -> None:
    """A key that never signed, and will not; its private half goes the way of all others (``age_keys``)."""
    key.state, key.retired_at = State.RETIRED, at
    key.save(update_fields=["state", "retired_at"])


def _activate(organisation: Organisation, key: SigningKey, *, at: datetime) -> None:
    if identity.is_the_key(organisation):
        # Its first award has made the other key its name since this one was asked for.
        raise keys.IdentityIsTheKey
    keys.retire_active(organisation, at=at)
    key.state, key.activated_at = State.ACTIVE, at
    key.save(update_fields=["state", "activated_at"])


def _revoke(organisation: Organisation, change: KeyChange, *, at: datetime) -> None:
    """``revoked`` in the DID document. An active key is replaced first, so that the organisation can go on;
    unless there is no room for another: a stolen key is worse than none."""
    key = change.key
    if key.state == State.ACTIVE:
        with suppress(keys.TooManyKeys):
            keys.new_key(organisation, at=at, algorithm=Algorithm(key.algorithm))
    key.state, key.revoked_at, key.compromised_from = State.COMPROMISED, at, change.compromised_from
    key.held_at = None
    key.save(update_fields=["state", "revoked_at", "compromised_from", "held_at"])


def _document_digest(organisation: Organisation) -> dict[str, str]:
    """Of what verifiers read from now on; nothing before the first award, when there is no document."""
    organisation.refresh_from_db(fields=["did"])
    if not organisation.did:
        return {}
    return {"did_document": sha256(jcs(identity.did_document(organisation))).hexdigest()}


def _record(change: KeyChange, verb: str, *, by: Person | None, at: datetime, **more: str) -> None:
    journal.record(
        verb=verb,
        by=by,
        organisation_id=change.organisation.public_id,
        object=change.key,
        details={"key": change.key.fragment, "change": change.public_id, "kind": change.kind, **more},
        at=at,
    )


def _read_reason(text: str) -> str:
    text = clean_text(text)
    if not text or len(text) > MAX_REASON:
        raise BadText(_("Give a reason, in at most 500 characters."))
    return text


# Growing old


def age_keys(*, at: datetime, terms: Terms) -> list[tuple[SigningKey, datetime]]:
    """Retire what has finished its work, destroy what nobody will ask for, and say whose time is nearly over.

    The answer is the keys whose owners are to be reminded now, and since when each signs; each is in it once.
    """
    for key in SigningKey.objects.filter(state=State.RETIRING, retiring_at__lte=at - terms.retiring_for):
        _retire(key, at=at)
    over = at - terms.destroyed_after
    kept = SigningKey.objects.filter(destroyed_at__isnull=True).filter(
        Q(state=State.RETIRED, retired_at__lte=over) | Q(state=State.COMPROMISED, revoked_at__lte=over)
    )
    for key in kept.select_related("organisation").order_by("pk"):
        _destroy(key, at=at)
    return _to_remind(at=at, terms=terms)


@transaction.atomic
def _retire(key: SigningKey, *, at: datetime) -> None:
    key = SigningKey.objects.select_for_update().select_related("organisation").get(pk=key.pk)
    if key.state != State.RETIRING:
        return
    key.state, key.retired_at = State.RETIRED, at
    key.save(update_fields=["state", "retired_at"])
    _journal_age(key, "key retired", at=at)


def _destroy(key: SigningKey, *, at: datetime) -> None:
    """First where the private half is, and then in the row: a crash in between does the first again."""
    keys.signing().destroy(key.organisation.public_id, key.fragment)
    with transaction.atomic():
        key = SigningKey.objects.select_for_update().select_related("organisation").get(pk=key.pk)
        if key.destroyed_at is not None:
            return
        if key.state == State.RETIRED:
            key.state = State.DESTROYED
        key.destroyed_at, key.sealed = at, b""
        key.save(update_fields=["state", "destroyed_at", "sealed"])
        _journal_age(key, "key destroyed", at=at)


@transaction.atomic
def _to_remind(*, at: datetime, terms: Terms) -> list[tuple[SigningKey, datetime]]:
    old = SigningKey.objects.select_for_update().filter(
        state=State.ACTIVE, activated_at__lte=at - terms.cryptoperiod * REMINDED_AT, reminded_at__isnull=True
    )
    found = [key for key in old.order_by("pk") if not identity.is_the_key(key.organisation)]
    for key in found:
        key.reminded_at = at
        key.save(update_fields=["reminded_at"])
        _journal_age(key, "key grows old", at=at)
    return [(key, key.activated_at) for key in found if key.activated_at is not None]


def _journal_age(key: SigningKey, verb: str, *, at: datetime) -> None:
    journal.record(
        verb=verb,
        by=None,
        organisation_id=key.organisation.public_id,
        object=key,
        details={"key": key.fragment},
        at=at,
    )
