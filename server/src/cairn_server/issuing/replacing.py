# SPDX-License-Identifier: Apache-2.0
"""Mending what was awarded: a wrong name, a new address, a typing mistake in the evidence.

What was signed is never changed. A new credential is awarded in the place of the old one, each names the
other, the old one is revoked with the kind words that it was replaced, and its address leads on.
"""

from __future__ import annotations

from dataclasses import replace as altered
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from cairn_server.achievements.services import InvalidField
from cairn_server.errors import Refusal
from cairn_server.issuing import services, standing, status_lists
from cairn_server.issuing.delivery import owed
from cairn_server.issuing.life import Standing
from cairn_server.issuing.models import Credential, Delivery
from cairn_server.issuing.services import Recipient, Wanted
from cairn_server.organisations.roles import require_signer

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any

    from cairn_server.accounts.models import Person

# What can be said otherwise. The rest is what it was: the achievement, the day of the award, the end.
MENDABLE = (
    "name",
    "email",
    "evidence_url",
    "evidence_name",
    "evidence_description",
    "narrative",
    "grade",
)
_TEXTS = tuple(name for name in MENDABLE if name not in ("name", "email"))
# What nobody types again, and the new one has as the old one had it.
_CARRIED = ("more", "language")


class AlreadyReplaced(Refusal):
    def __init__(self) -> None:
        super().__init__(
            "already-replaced",
            _("Another credential stands in the place of this one already. Mend that one."),
        )


class NotReplaceable(Refusal):
    def __init__(self) -> None:
        super().__init__(
            "not-replaceable", _("This credential is suspended. Give it back or revoke it first.")
        )


class NothingMended(Refusal):
    def __init__(self) -> None:
        super().__init__("nothing-mended", _("Everything is as it was. Change what is wrong."), status=422)


def replace(credential: Credential, *, by: Person, reason: str, at: datetime, **changes: str) -> Credential:
    """Award a mended credential in the place of this one, and revoke this one.

    ``changes`` are of ``MENDABLE``. Two transactions, because a signature lies between them; after a crash
    the same call, or ``finish_replacing``, does what is left.
    """
    organisation = services.fresh(credential.organisation)
    require_signer(by, organisation)
    reason = standing.clean_reason(reason)
    credential = Credential.objects.select_related("version", "first").get(pk=credential.pk)
    _require_replaceable(credential)
    unknown = sorted(set(changes) - set(MENDABLE))
    if unknown:
        raise InvalidField(unknown[0], _("There is no field “{name}”.").format(name=unknown[0]))
    before = values_of(credential)
    values = before | changes
    wanted = services.read_award(
        version=credential.version,
        recipient=Recipient(values["name"], values["email"], _own_did(credential)),
        request_key=f"replacement:{credential.public_id}",
        at=at,
        awarded_on=credential.awarded_at,
        valid_from=None,
        valid_until=credential.valid_until,
        texts={name: values[name] for name in _TEXTS},
    )
    if {"name": wanted.recipient.name, "email": wanted.recipient.email, **wanted.texts} == before:
        raise NothingMended
    successor = services.award_ready(in_place_of(credential, wanted), by=by, at=at)
    _supersede(credential, successor, by=by, reason=reason, at=at)
    credential.refresh_from_db()
    return successor


def values_of(credential: Credential) -> dict[str, str]:
    """What a form for mending starts from."""
    texts = {name: getattr(credential, name) for name in _TEXTS}
    return {"name": credential.recipient_name, "email": credential.recipient_email, **texts}


def in_place_of(
    credential: Credential,
    wanted: Wanted,
    *,
    first: Credential | None = None,
    letter: Delivery.Kind = Delivery.Kind.REPLACED,
) -> Wanted:
    """The same wish, as a successor: linked to what it follows, and with what nobody types again."""
    carried: dict[str, Any] = {name: getattr(credential, name) for name in _CARRIED}
    return altered(wanted, replaces=credential, first=first, letter=letter, texts={**wanted.texts, **carried})


def finish_replacing(*, at: datetime) -> int:
    """Revoke what was replaced before a crash came between; how many there were."""
    left = (
        Credential.objects.signed()
        # What a re-issue has replaced is revoked all at once (reissue.py).
        .filter(replaces__isnull=False, first__isnull=True, batch__isnull=True)
        .exclude(replaces__standing=Standing.REVOKED)
        .select_related("replaces__organisation", "issued_by")
    )
    found = list(left)
    for successor in found:
        assert successor.replaces is not None
        reason = _("Replaced by a mended one")
        _supersede(successor.replaces, successor, by=successor.issued_by, reason=reason, at=at)
    return len(found)


def _supersede(
    credential: Credential, successor: Credential, *, by: Person | None, reason: str, at: datetime
) -> None:
    _withdraw(credential, successor, by=by, reason=reason, at=at)
    status_lists.publish_for(credential.organisation, at=at)


@transaction.atomic
def _withdraw(
    credential: Credential, successor: Credential, *, by: Person | None, reason: str, at: datetime
) -> None:
    status_lists.lock(credential.organisation)
    current = Credential.objects.select_for_update().get(pk=credential.pk)
    if current.standing == Standing.REVOKED:
        return
    standing.supersede(current, by=by, reason=reason, at=at)
    if successor.recipient_email != current.recipient_email:
        # The message that brings the new one goes elsewhere, and this reader has a link that counts no more.
        owed(current, Delivery.Kind.REVOKED, at=at).save(force_insert=True)


def _require_replaceable(credential: Credential) -> None:
    if credential.successor is not None:
        raise AlreadyReplaced
    if credential.standing == Standing.REVOKED:
        raise standing.AlreadyRevoked
    if credential.standing == Standing.SUSPENDED:
        raise NotReplaceable


def _own_did(credential: Credential) -> str:
    """The holder's own identifier, where the award was made to one."""
    return credential.subject_id if credential.subject_id.startswith("did:") else ""
