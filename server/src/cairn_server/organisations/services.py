# SPDX-License-Identifier: Apache-2.0
"""The verbs of organisations: found, describe, invite, join, leave, hand over, close."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cairn_server.accounts.services import clean_address, verified_addresses
from cairn_server.errors import NotAllowed, NotVisible, Refusal
from cairn_server.journal import services as journal
from cairn_server.organisations import keys, roles
from cairn_server.organisations.models import (
    ApiToken,
    Invitation,
    LastOwner,
    Membership,
    Organisation,
)
from cairn_server.organisations.names import BadText, clean_name, clean_text, skeleton
from cairn_server.organisations.roles import Role
from cairn_server.organisations.tokens import digest

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from cairn_server.accounts.models import Person

INVITATION_LIFETIME = timedelta(days=7)
INVITATION_RETENTION = timedelta(days=30)
MAX_LOGO_BYTES = 1_000_000
# How many awards one person may start alone, in an organisation that asks for a second factor.
APPROVAL_ABOVE = 100


class NameTaken(Refusal):
    def __init__(self) -> None:
        super().__init__(
            "name-taken", _("An organisation here has this name, or one that looks the same. Choose another.")
        )


class BadAddress(Refusal):
    def __init__(self, message: Any) -> None:
        super().__init__("bad-address", message, status=400)


class BadImage(Refusal):
    def __init__(self) -> None:
        super().__init__(
            "bad-image", _("The logo must be a PNG picture of at most one megabyte."), status=400
        )


class NoRoles(Refusal):
    def __init__(self) -> None:
        super().__init__("no-roles", _("Choose at least one role."), status=400)


class AlreadyMember(Refusal):
    def __init__(self) -> None:
        super().__init__("already-member", _("This person is a member already. Change their roles instead."))


class InvitationOver(Refusal):
    """Accepted, withdrawn, expired, or never made: said in the same words (B147)."""

    status = 410

    def __init__(self) -> None:
        super().__init__("invitation-over", _("This invitation is no longer valid. Ask for a new one."))


class InvitationForSomebodyElse(NotAllowed):
    def __init__(self) -> None:
        super().__init__(
            "invitation-for-another",
            _("This invitation was sent to another address. Add and verify that address first."),
        )


class LiveCredentials(Refusal):
    """Closing is allowed, but never without having said that these credentials stay."""

    def __init__(self, count: int) -> None:
        self.count = count
        super().__init__(
            "live-credentials",
            _("Credentials of this organisation are in use. They stay verifiable; confirm that you know."),
        )


class FoundingClosed(NotAllowed):
    """This installation is not for everybody, and the person is not its operator."""

    def __init__(self) -> None:
        super().__init__(
            "founding-closed", _("New organisations are made by the operator of this server. Ask them.")
        )


# The organisation and its profile


def may_found(person: Person, *, open_to_all: bool) -> bool:
    """Everybody where founding is open; operators (``createsuperuser``) everywhere."""
    return open_to_all or person.is_staff


@transaction.atomic
def create_organisation(
    *,
    by: Person,
    name: str,
    at: datetime,
    open_to_all: bool,
    description: str = "",
    url: str = "",
    email: str = "",
    linkedin_id: str = "",
    requires_second_factor: bool = True,
) -> Organisation:
    """Found an organisation: whoever does is its first owner, and it has a key from the first moment."""
    if not by.is_authenticated or not by.is_active:
        raise NotAllowed
    if not may_found(by, open_to_all=open_to_all):
        raise FoundingClosed
    organisation = Organisation(
        name=clean_name(name),
        description=clean_text(description),
        url=url,
        email=_clean_email(email),
        linkedin_id=linkedin_id,
        requires_second_factor=requires_second_factor,
        approval_above=APPROVAL_ABOVE if requires_second_factor else None,
        created_at=at,
    )
    _settle_name(organisation)
    _check(organisation)
    organisation.save(force_insert=True)
    Membership.objects.create(organisation=organisation, person=by, role=Role.OWNER, since=at)
    key = keys.new_key(organisation, at=at)
    _journal("organisation created", by, organisation, organisation, at, key=key.fragment)
    return organisation


@transaction.atomic
def update_profile(
    organisation: Organisation,
    *,
    by: Person,
    name: str,
    description: str,
    url: str,
    email: str,
    linkedin_id: str,
    requires_second_factor: bool,
    hashes_email: bool,
    at: datetime,
) -> Organisation:
    """Change how the organisation describes itself. Its identifier and what was signed stay as they are."""
    organisation = organisation.locked_for(by, Role.OWNER)
    organisation.name = clean_name(name)
    organisation.description = clean_text(description)
    organisation.url = url
    organisation.email = _clean_email(email)
    organisation.linkedin_id = linkedin_id
    organisation.requires_second_factor = requires_second_factor
    organisation.hashes_email = hashes_email
    _settle_name(organisation)
    _check(organisation)
    organisation.save()
    _journal("organisation changed", by, organisation, organisation, at)
    return organisation


@transaction.atomic
def set_approval_limit(organisation: Organisation, *, by: Person, above: int | None, at: datetime) -> None:
    """Say above how many awards a list waits for a second person; None: never."""
    organisation = organisation.locked_for(by, Role.OWNER)
    if organisation.approval_above == above:
        return
    organisation.approval_above = above
    organisation.save(update_fields=["approval_above"])
    _journal("approval limit changed", by, organisation, organisation, at, above=above)


@transaction.atomic
def set_undo_minutes(organisation: Organisation, *, by: Person, minutes: int, at: datetime) -> None:
    """Say how long the messages of a list wait, so that it can be undone before anybody was told."""
    organisation = organisation.locked_for(by, Role.OWNER)
    if organisation.undo_minutes == minutes:
        return
    organisation.undo_minutes = minutes
    organisation.save(update_fields=["undo_minutes"])
    _journal("undo window changed", by, organisation, organisation, at, minutes=minutes)


@transaction.atomic
def set_logo(organisation: Organisation, *, by: Person, png: bytes | None, at: datetime) -> None:
    """Keep the logo, or none. The caller re-encoded the upload, so only our own PNG bytes come here."""
    organisation = organisation.locked_for(by, Role.OWNER)
    if png is not None and (not png.startswith(b"\x89PNG\r\n\x1a\n") or len(png) > MAX_LOGO_BYTES):
        raise BadImage
    organisation.logo_png = png
    organisation.save(update_fields=["logo_png"])
    _journal("organisation logo changed", by, organisation, organisation, at)


@transaction.atomic
def set_certificate(
    organisation: Organisation, *, by: Person, layout: str, colour: str, at: datetime
) -> None:
    """Say how certificates look on paper. What they say is the business of the signed documents."""
    organisation = organisation.locked_for(by, Role.OWNER)
    if (organisation.certificate_layout, organisation.certificate_colour) == (layout, colour):
        return
    organisation.certificate_layout, organisation.certificate_colour = layout, colour
    _check(organisation)
    organisation.save(update_fields=["certificate_layout", "certificate_colour"])
    _journal("certificate changed", by, organisation, organisation, at, layout=layout, colour=colour)


@transaction.atomic
def close_organisation(
    organisation: Organisation, *, by: Person, live_credentials: int, knows: bool, at: datetime
) -> None:
    """Stop for good: nobody joins, nothing is awarded. Credentials, keys and status lists stay served.

    ``live_credentials`` is counted by the caller (issuing knows them); with any, the owner has to have
    been told (``knows``).
    """
    organisation = organisation.locked_for(by, Role.OWNER)
    if live_credentials and not knows:
        raise LiveCredentials(live_credentials)
    organisation.closed_at = at
    organisation.save(update_fields=["closed_at"])
    organisation.invitations.filter(accepted_at__isnull=True, withdrawn_at__isnull=True).update(
        withdrawn_at=at
    )
    organisation.api_tokens.filter(revoked_at__isnull=True).update(revoked_at=at)
    _journal("organisation closed", by, organisation, organisation, at, live_credentials=live_credentials)


# Members


@transaction.atomic
def invite(
    *, by: Person, organisation: Organisation, email: str, roles: Iterable[str], at: datetime
) -> tuple[Invitation, str]:
    """Offer roles to an address. The token is for the e-mail alone: it is not stored and not shown again."""
    organisation = organisation.locked_for(by, Role.OWNER)
    wanted = _clean_roles(roles)
    address = _clean_email(email)
    if not address:
        raise BadAddress(_("Enter an e-mail address."))
    # Only the owner, who sees the members anyway, learns that the address is one of theirs.
    if organisation.memberships.filter(
        person__emailaddress__email=address, person__emailaddress__verified=True
    ).exists():
        raise AlreadyMember
    # The newest offer is the only one: an older one with more roles must not stay open beside it.
    organisation.invitations.filter(
        email=address, accepted_at__isnull=True, withdrawn_at__isnull=True
    ).update(withdrawn_at=at)
    token = secrets.token_urlsafe(32)
    invitation = Invitation.objects.create(
        organisation=organisation,
        email=address,
        roles=wanted,
        token_sha256=digest(token),
        invited_by=by,
        created_at=at,
        expires_at=at + INVITATION_LIFETIME,
    )
    _journal("member invited", by, organisation, invitation, at, roles=wanted)
    return invitation, token


def open_invitation(token: str, *, at: datetime) -> Invitation:
    """The invitation behind a link, as long as it can be accepted."""
    invitation = Invitation.objects.filter(token_sha256=digest(token)).select_related("organisation").first()
    if invitation is None or not _is_open(invitation, at):
        raise InvitationOver
    return invitation


@transaction.atomic
def accept_invitation(token: str, *, by: Person, at: datetime) -> Organisation:
    """Join with the roles on the row (never with roles from a request), once, as the person invited."""
    if not by.is_authenticated or not by.is_active:
        raise NotAllowed
    found = open_invitation(token, at=at)
    # The organisation's lock queues this behind a withdrawal, a closing or a second click.
    organisation = Organisation.objects.select_for_update().get(pk=found.organisation_id)
    invitation = Invitation.objects.get(pk=found.pk)
    if not _is_open(invitation, at) or organisation.closed_at is not None:
        raise InvitationOver
    if invitation.email not in verified_addresses(by):
        raise InvitationForSomebodyElse
    # An invitation is the inviter's act; it ends with the inviter's right (B138).
    if invitation.invited_by is None or Role.OWNER not in roles.roles_of(invitation.invited_by, organisation):
        raise InvitationOver
    invitation.accepted_at = at
    invitation.save(update_fields=["accepted_at"])
    for role in invitation.roles:
        Membership.objects.get_or_create(
            organisation=organisation, person=by, role=role, defaults={"since": at}
        )
    _journal("invitation accepted", by, organisation, invitation, at, roles=invitation.roles)
    return organisation


@transaction.atomic
def withdraw_invitation(invitation: Invitation, *, by: Person, at: datetime) -> None:
    organisation = invitation.organisation.locked_for(by, Role.OWNER)
    invitation = organisation.invitations.get(pk=invitation.pk)
    if not _is_open(invitation, at):
        raise InvitationOver
    invitation.withdrawn_at = at
    invitation.save(update_fields=["withdrawn_at"])
    _journal("invitation withdrawn", by, organisation, invitation, at)


def forget_old_invitations(*, at: datetime) -> int:
    """Delete invitations a month after they were sent; the address in them is nobody's business then.

    Those that were accepted go too: the membership and the journal say what remains to be known.
    """
    return Invitation.objects.filter(created_at__lt=at - INVITATION_RETENTION).delete()[0]


@transaction.atomic
def change_roles(
    organisation: Organisation, *, by: Person, person: Person, roles: Iterable[str], at: datetime
) -> None:
    organisation = organisation.locked_for(by, Role.OWNER)
    wanted = _clean_roles(roles)
    _member(organisation, person)
    if Role.OWNER not in wanted:
        _require_another_owner(organisation, person)
    organisation.memberships.filter(person=person).exclude(role__in=wanted).delete()
    for role in wanted:
        Membership.objects.get_or_create(
            organisation=organisation, person=person, role=role, defaults={"since": at}
        )
    _journal("roles changed", by, organisation, person, at, roles=wanted)


@transaction.atomic
def remove_member(organisation: Organisation, *, by: Person, person: Person, at: datetime) -> None:
    """Every right ends with the rows: pages, tokens the person made, invitations they sent (B138)."""
    organisation = organisation.locked_for(by, Role.OWNER)
    _member(organisation, person)
    _part(organisation, person, at)
    _journal("member removed", by, organisation, person, at)


@transaction.atomic
def leave(organisation: Organisation, *, by: Person, at: datetime) -> None:
    organisation = Organisation.objects.select_for_update().get(pk=organisation.pk)
    _member(organisation, by)
    _part(organisation, by, at)
    _journal("member left", by, organisation, by, at)


@transaction.atomic
def hand_over(organisation: Organisation, *, by: Person, to: Person, at: datetime) -> None:
    """Make another member owner and keep whatever other roles one has; one is an owner no longer."""
    organisation = organisation.locked_for(by, Role.OWNER)
    _member(organisation, to)
    if to.pk == by.pk:
        raise LastOwner
    Membership.objects.get_or_create(
        organisation=organisation, person=to, role=Role.OWNER, defaults={"since": at}
    )
    # Who hands over stays a member who can sign, so that work in progress does not stop.
    Membership.objects.get_or_create(
        organisation=organisation, person=by, role=Role.ISSUER, defaults={"since": at}
    )
    organisation.memberships.filter(person=by, role=Role.OWNER).delete()
    _journal("organisation handed over", by, organisation, to, at)


def export_data(person: Person) -> dict[str, Any]:
    """What ``organisations`` knows about a person."""
    memberships = Membership.objects.filter(person=person).select_related("organisation")
    return {
        "memberships": [
            {
                "organisation": row.organisation.name,
                "organisation_id": row.organisation.public_id,
                "role": row.role,
                "since": row.since.isoformat(),
            }
            for row in memberships
        ],
        "invitations": [
            {
                "organisation": row.organisation.name,
                "email": row.email,
                "roles": row.roles,
                "created_at": row.created_at.isoformat(),
                "accepted_at": row.accepted_at.isoformat() if row.accepted_at else None,
            }
            for row in Invitation.objects.filter(email__in=verified_addresses(person)).select_related(
                "organisation"
            )
        ],
        "api_tokens": [
            {
                "organisation": row.organisation.name,
                "name": row.name,
                "created_at": row.created_at.isoformat(),
            }
            for row in ApiToken.objects.filter(created_by=person).select_related("organisation")
        ],
    }


# Shared steps


def _member(organisation: Organisation, person: Person) -> None:
    if not organisation.memberships.filter(person=person).exists():
        raise NotVisible


def _require_another_owner(organisation: Organisation, person: Person) -> None:
    owners = organisation.memberships.filter(role=Role.OWNER)
    if owners.filter(person=person).exists() and not owners.exclude(person=person).exists():
        raise LastOwner


def _part(organisation: Organisation, person: Person, at: datetime) -> None:
    if organisation.closed_at is None:
        _require_another_owner(organisation, person)
    organisation.memberships.filter(person=person).delete()
    organisation.api_tokens.filter(created_by=person, revoked_at__isnull=True).update(revoked_at=at)
    organisation.invitations.filter(
        invited_by=person, accepted_at__isnull=True, withdrawn_at__isnull=True
    ).update(withdrawn_at=at)


def _is_open(invitation: Invitation, at: datetime) -> bool:
    return invitation.accepted_at is None and invitation.withdrawn_at is None and at < invitation.expires_at


def _clean_roles(wanted: Iterable[str]) -> list[str]:
    chosen = sorted({str(role) for role in wanted})
    if not chosen or not set(chosen) <= set(Role.values):
        raise NoRoles
    return chosen


def _clean_email(email: str) -> str:
    if not email:
        return ""
    try:
        return clean_address(email)
    except ValidationError as error:
        raise BadAddress(error.messages[0]) from error


def _settle_name(organisation: Organisation) -> None:
    organisation.name_skeleton = skeleton(organisation.name)
    others = Organisation.objects.exclude(pk=organisation.pk)
    if others.filter(name_skeleton=organisation.name_skeleton).exists():
        raise NameTaken


def _check(organisation: Organisation) -> None:
    """Lengths and forms, as the table states them."""
    try:
        organisation.clean_fields(exclude=["did", "name_skeleton"])
    except ValidationError as error:
        raise BadText(error.messages[0]) from error


def _journal(
    verb: str, by: Person, organisation: Organisation, object: Any, at: datetime, **details: Any
) -> None:
    journal.record(
        verb=verb,
        by=by,
        organisation_id=organisation.public_id,
        object=object,
        details=details,
        at=at,
    )


# Two accounts of one person


def move_memberships(*, into: Person, other: Person, at: datetime) -> None:
    """The roles of both accounts are those of the one that stays (``accounts.joining``)."""
    for membership in other.memberships.select_related("organisation"):
        if into.memberships.filter(organisation=membership.organisation, role=membership.role).exists():
            membership.delete()
            continue
        membership.person = into
        membership.save(update_fields=["person"])
        journal.record(
            verb="role moved to a joined account",
            by=into,
            organisation_id=membership.organisation.public_id,
            object=membership.organisation,
            details={"role": membership.role, "from": other.public_id},
            at=at,
        )
