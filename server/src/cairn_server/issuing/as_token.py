# SPDX-License-Identifier: Apache-2.0
"""A credential of a list as a ``vc+jwt`` token too: made when somebody asks for it, and once.

A single award is signed in both forms at once. A list is signed in one, because the second would double its
cost and hardly anybody fetches it. What is signed here is the document of the record, word for word and
without its proof, so the two never say different things.

The order is that of an award: on record and committed (``TokenIntent``), then the signer, then the bytes, the
leaf and the journal entry in one transaction; after a crash anybody goes on with what is on record.
"""

from __future__ import annotations

from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cairn.canonical import parse_json
from cairn_server.errors import Refusal
from cairn_server.issuing import claiming, signing
from cairn_server.issuing.finishing import finish_each
from cairn_server.issuing.life import Standing, TokenIntent
from cairn_server.issuing.models import Credential, SecuredCredential
from cairn_server.issuing.prepared import Prepared
from cairn_server.issuing.services import fresh
from cairn_server.issuing.signing import Format, Issuer
from cairn_server.issuing.standing import AlreadyRevoked
from cairn_server.journal import services as journal
from cairn_server.organisations.installation import require_awarding_allowed
from cairn_server.organisations.keys import SigningRefused, signer_for
from cairn_server.organisations.roles import require_signer
from cairn_server.tlog.models import PendingLeaf

if TYPE_CHECKING:
    from datetime import datetime

    from cairn_server.accounts.models import Person


class NotSignedYet(Refusal):
    def __init__(self) -> None:
        super().__init__("not-signed-yet", _("This award is not signed yet. Try again in a moment."))


def sign_as_token(credential: Credential, *, by: Person, at: datetime) -> SecuredCredential:
    """The token of this credential, for whoever awards: the one there is, or a new one."""
    require_signer(by, fresh(credential.organisation))
    return _signed(credential, by=by, at=at)


def sign_own_as_token(credential: Credential, *, by: Person, at: datetime) -> SecuredCredential:
    """The same for the holder, who gets nothing but what the issuer has said already, in another form."""
    claiming.require_holder(credential, by, at=at)
    return _signed(credential, by=by, at=at)


def _signed(credential: Credential, *, by: Person, at: datetime) -> SecuredCredential:
    made = _intend(credential, by=by, at=at)
    return made if isinstance(made, SecuredCredential) else finish_token(made, at=at)


# Durable, because the signer signs nothing that is not committed.
@transaction.atomic(durable=True)
def _intend(credential: Credential, *, by: Person, at: datetime) -> SecuredCredential | TokenIntent:
    current = _locked(credential)
    if current.state != Credential.State.SIGNED:
        raise NotSignedYet
    token = current.secured.filter(format=Format.JWT).first()
    if token is not None:
        return token
    before = TokenIntent.objects.filter(credential=current).first()
    if before is not None:
        return before
    if current.standing == Standing.REVOKED:
        raise AlreadyRevoked
    prepared = _prepared(current, at=at)
    return TokenIntent.objects.create(
        credential=current, intent=prepared.to_json(), intent_sha256=prepared.digest, by=by, at=at
    )


def _locked(credential: Credential) -> Credential:
    return (
        Credential.objects.select_for_update(of=("self",))
        .select_related("organisation")
        .get(pk=credential.pk)
    )


def _prepared(credential: Credential, *, at: datetime) -> Prepared:
    require_awarding_allowed(credential.organisation)
    document = parse_json(credential.secured_in(Format.JSON).bytes())
    del document["proof"]
    return signing.prepare_token(document, issuer=Issuer.open(credential.organisation, at=at))


def finish_token(wanted: TokenIntent, *, at: datetime) -> SecuredCredential:
    """Have signed what is on record, verify it, keep it. Outside of any transaction; twice is harmless."""
    credential, prepared = wanted.credential, Prepared.from_json(wanted.intent)
    try:
        signatures = _signatures(credential, prepared)
    except SigningRefused as refused:
        done = SecuredCredential.objects.filter(credential=credential, format=Format.JWT).first()
        if done is not None:
            return done
        if refused.code != "key-cannot-sign":
            raise
        # Stolen or grown too old in between: another one does it.
        prepared = _prepare_again(credential, at=at)
        signatures = _signatures(credential, prepared)
    return _keep(credential, prepared.finished(signatures)[Format.JWT], method=prepared.method, at=at)


def _signatures(credential: Credential, prepared: Prepared) -> list[bytes]:
    signer = signer_for(
        credential.organisation, purpose="token", intent=credential.public_id, key=prepared.key
    )
    return signer.sign_many(prepared.inputs)


@transaction.atomic(durable=True)
def _prepare_again(credential: Credential, *, at: datetime) -> Prepared:
    current = _locked(credential)
    prepared = _prepared(current, at=at)
    TokenIntent.objects.filter(credential=current).update(
        intent=prepared.to_json(), intent_sha256=prepared.digest
    )
    return prepared


@transaction.atomic(durable=True)
def _keep(credential: Credential, token: bytes, *, method: str, at: datetime) -> SecuredCredential:
    current = _locked(credential)
    done = current.secured.filter(format=Format.JWT).first()
    if done is not None:
        return done
    wanted = TokenIntent.objects.get(credential=current)
    # What it says of itself. Whether it counts today is a matter of its dates and lists, as for the record.
    verified = signing.verify_own(
        token,
        signing.issuer_sources(current.organisation),
        at=max(at, current.valid_from),
        step="signed token",
        judged_by=signing.ITSELF,
    )
    leaf = PendingLeaf.objects.create(
        label=PendingLeaf.Label.ISSUE,
        format=Format.JWT,
        issuer_did=method.partition("#")[0],
        secured_sha256=verified.report.sha256,
        created_at=at,
    )
    made = SecuredCredential.objects.create(
        credential=current,
        format=Format.JWT,
        secured=token,
        digest=sha256(token).digest(),
        sha256=verified.report.sha256,
        leaf=leaf,
    )
    wanted.delete()
    journal.record(
        verb="credential signed as token",
        by=wanted.by,
        organisation_id=current.organisation.public_id,
        object=current,
        details={"intent": wanted.intent_sha256, "key": method},
        at=at,
    )
    return made


def finish_tokens(*, at: datetime) -> int:
    """Finish what a crash, or a signer that was away, has left on record; how many there were."""
    left = TokenIntent.objects.select_related("credential__organisation").order_by("pk")
    return finish_each(left, partial(finish_token, at=at))
