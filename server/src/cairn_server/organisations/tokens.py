# SPDX-License-Identifier: Apache-2.0
"""Tokens for programs: made by an owner for one organisation, shown once, kept as a hash (B153)."""

from __future__ import annotations

import hmac
import secrets
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from cairn_server.errors import Refusal
from cairn_server.journal import services as journal
from cairn_server.organisations import roles
from cairn_server.organisations.models import ApiToken, Membership, Organisation, Scope
from cairn_server.organisations.names import clean_name
from cairn_server.organisations.roles import Role

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from cairn_server.accounts.models import Person

LAST_USED_PRECISION = timedelta(minutes=1)


class BadScopes(Refusal):
    def __init__(self) -> None:
        super().__init__("bad-scopes", _("Choose at least one of the listed permissions."), status=400)


class TokenRevoked(Refusal):
    def __init__(self) -> None:
        super().__init__("token-revoked", _("This token has been revoked already."))


class BadToken(Refusal):
    """Unknown, revoked, or made by somebody who has lost the right: said in the same words (B153)."""

    status = 401

    def __init__(self) -> None:
        super().__init__("bad-token", _("This token is not valid."))


@transaction.atomic
def create_token(
    organisation: Organisation, *, by: Person, name: str, scopes: Iterable[str], at: datetime
) -> tuple[ApiToken, str]:
    """A token for one organisation. The text is shown once; what is stored is its hash (B153)."""
    roles.require_signer(by, organisation)
    organisation = organisation.locked_for(by, Role.OWNER)
    chosen = sorted(set(scopes))
    if not chosen or not set(chosen) <= set(Scope.values):
        raise BadScopes
    text = f"cairn_{secrets.token_urlsafe(32)}"
    token = ApiToken.objects.create(
        organisation=organisation,
        name=clean_name(name),
        token_sha256=digest(text),
        scopes=chosen,
        created_by=by,
        created_at=at,
    )
    journal.record(
        verb="token created",
        by=by,
        organisation_id=organisation.public_id,
        object=token,
        details={"scopes": chosen},
        at=at,
    )
    return token, text


@transaction.atomic
def revoke_token(token: ApiToken, *, by: Person, at: datetime) -> None:
    organisation = Organisation.objects.select_for_update().get(pk=token.organisation_id)
    roles.require(by, Role.OWNER, organisation)
    token = organisation.api_tokens.get(pk=token.pk)
    if token.revoked_at is not None:
        raise TokenRevoked
    token.revoked_at = at
    token.save(update_fields=["revoked_at"])
    journal.record(
        verb="token revoked",
        by=by,
        organisation_id=organisation.public_id,
        object=token,
        at=at,
    )


def authenticate_token(text: str, *, at: datetime) -> ApiToken:
    """The token behind a bearer text. It acts as ``token.created_by``, and only while they still own."""
    wanted = digest(text)
    owners = Membership.objects.filter(
        organisation=OuterRef("organisation"), person=OuterRef("created_by"), role=Role.OWNER
    )
    token = (
        ApiToken.objects.filter(token_sha256=wanted)
        .select_related("organisation", "created_by")
        .defer("organisation__logo_png", "organisation__description")
        .annotate(still_owns=Exists(owners))
        .first()
    )
    # Compared again in constant time: how a database index finds a row is not ours to vouch for.
    if token is None or not hmac.compare_digest(token.token_sha256, wanted):
        raise BadToken
    if token.revoked_at is not None or token.organisation.closed_at is not None:
        raise BadToken
    if not token.still_owns or not token.created_by.is_active:
        raise BadToken
    # A minute is exact enough, and spares a write with every request.
    if token.last_used_at is None or at - token.last_used_at >= LAST_USED_PRECISION:
        token.last_used_at = at
        token.save(update_fields=["last_used_at"])
    return token


def digest(secret: str) -> str:
    """What is kept of a token, and of the link of an invitation.

    These secrets have 256 random bits, so a plain hash cannot be guessed back.
    """
    return sha256(secret.encode()).hexdigest()
