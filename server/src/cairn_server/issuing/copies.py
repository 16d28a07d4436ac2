# SPDX-License-Identifier: Apache-2.0
"""An award as one wallet gets it: bound to the key of that wallet (docs/decisions/0021-bound-copies.md).

The copy is made from the signed record and from nothing else. It has the same address, the same place in the
status list and the same words; the subject has the wallet's identifier, it counts from the moment at which it
is signed, and no refresh service is named, for what lies there is not about this wallet. The order is that
of every signature here: on record, signed, verified by our own verifier, kept with its leaf, handed out.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext as _

import cairn
from cairn.canonical import parse_json
from cairn.credential import format_datetime
from cairn_server.errors import Refusal
from cairn_server.issuing import as_sd_jwt, signing, status_lists
from cairn_server.issuing.finishing import finish_each
from cairn_server.issuing.models import Credential, SecuredCredential
from cairn_server.issuing.offers import BoundCopy
from cairn_server.issuing.prepared import Part, Prepared
from cairn_server.issuing.signing import Format, Issuer
from cairn_server.journal import services as journal
from cairn_server.organisations.installation import require_awarding_allowed
from cairn_server.organisations.keys import NoSigningKey, SigningRefused, signer_for
from cairn_server.organisations.models import SigningKey
from cairn_server.tlog.models import PendingLeaf

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from cairn_server.wallets.possession import Holder

PURPOSE = "bound-copy"
# As of an award: a start this much before now is now.
SKEW = timedelta(minutes=5)


class NotForWallets(Refusal):
    """It does not count (any more), so no wallet is given it."""

    def __init__(self) -> None:
        super().__init__(
            "not-for-wallets",
            _("This credential is withdrawn or has ended. No wallet is given what does not count."),
        )


class AwardedToAnother(Refusal):
    """The award names its holder, and this wallet is somebody else."""

    def __init__(self) -> None:
        super().__init__(
            "awarded-to-another", _("This was awarded to another identifier than the one of this wallet.")
        )


class NoBoundCopy(Refusal):
    """There is nobody to sign it, and it was never signed in the form that is asked for."""

    def __init__(self) -> None:
        super().__init__("no-bound-copy", _("It cannot be had in this form any more. Take the JSON file."))


def require_for_wallets(credential: Credential, *, at: datetime) -> None:
    """Revoked and suspended ones stay where they are; so does what is over."""
    ended = credential.valid_until is not None and credential.valid_until <= at
    if credential.standing != Credential.Standing.ACTIVE or ended:
        raise NotForWallets


def copy_for(credential: Credential, holder: Holder, *, format: Format, at: datetime) -> bytes:
    """The bytes for this wallet: again the same ones, as long as the key that signed them is trusted.

    What was awarded to an identifier is for that wallet alone, as it was signed; as an SD-JWT VC, which no
    award is, it is signed for that wallet then. So is what an organisation awarded that has no key any more:
    nobody could bind it, and it is the holder's all the same.
    """
    require_for_wallets(credential, at=at)
    if credential.subject_id.startswith("did:"):
        if not holder.is_named(credential.subject_id):
            raise AwardedToAnother
        if format != Format.SD_JWT:
            return _as_awarded(credential, format)
    kept = _kept(credential, holder, format)
    if kept is not None:
        return kept
    try:
        if format == Format.SD_JWT:
            status_lists.require_token_list(credential.status_list, at=at)
        copy = _intend(credential, holder, format, at=at)
    except NoSigningKey:
        return _as_awarded(credential, format)
    return copy.secured_bytes if copy.state == BoundCopy.State.SIGNED else finish(copy, at=at)


def _as_awarded(credential: Credential, format: Format) -> bytes:
    try:
        return credential.secured_in(format).bytes()
    except SecuredCredential.DoesNotExist:
        raise NoBoundCopy from None


def _kept(credential: Credential, holder: Holder, format: Format) -> bytes | None:
    stolen = SigningKey.objects.filter(
        organisation=credential.organisation_id, state=SigningKey.State.COMPROMISED
    ).values("fragment")
    found = (
        BoundCopy.objects.filter(
            credential=credential, holder=holder.did, format=format, state=BoundCopy.State.SIGNED
        )
        .exclude(key__in=stolen)
        .order_by("-pk")
        .first()
    )
    return None if found is None else found.secured_bytes


# Durable, because the signer signs nothing that is not committed.
@transaction.atomic(durable=True)
def _intend(credential: Credential, holder: Holder, format: Format, *, at: datetime) -> BoundCopy:
    """Put on record what will be signed, or find it there."""
    # Two requests of one wallet at once take turns.
    status_lists.lock(credential.organisation)
    require_awarding_allowed()
    issuer = Issuer.open(credential.organisation, at=at)
    wanted: dict[str, Any] = {
        "credential": credential,
        "holder": holder.did,
        "format": format,
        "key": issuer.key.fragment,
    }
    before = BoundCopy.objects.filter(**wanted).first()
    if before is not None:
        return before
    document = bound(credential, holder.did, at=at)
    signing.lint(document, at=max(at, credential.valid_from))
    part = _SIGNED_AS[format](document, issuer, at)
    prepared = Prepared(issuer.key.fragment, issuer.verification_method, (part,))
    return BoundCopy.objects.create(
        **wanted, intent=prepared.to_json(), intent_sha256=prepared.digest, created_at=at
    )


def bound(credential: Credential, holder: str, *, at: datetime) -> dict[str, Any]:
    """The statement of the award about this holder, unsigned, from the bytes that were signed."""
    record = parse_json(credential.secured_in(Format.JSON).bytes())
    document = {name: value for name, value in record.items() if name not in ("proof", "refreshService")}
    if "refreshService" in record:
        document["@context"] = [each for each in record["@context"] if each != signing.EXTENSIONS]
    document["credentialSubject"] = {**record["credentialSubject"], "id": holder}
    # A signature made today says nothing about yesterday (B156); but a wallet looks at it within the second,
    # and its clock may be behind ours.
    begins = at.replace(microsecond=0) - SKEW
    document["validFrom"] = format_datetime(max(credential.valid_from, begins))
    return document


def _record(document: dict[str, Any], issuer: Issuer, at: datetime) -> Part:
    return Part.of(
        Format.JSON,
        "multibase",
        issuer.key,
        lambda signer: cairn.sign(
            document,
            signer,
            verification_method=issuer.verification_method,
            at=at,
            cryptosuite=signing.CRYPTOSUITES[signer.algorithm],
        ),
    )


def _token(document: dict[str, Any], issuer: Issuer, at: datetime) -> Part:
    return Part.of(
        Format.JWT,
        "base64url",
        issuer.key,
        lambda signer: cairn.sign_jwt(
            document, signer, verification_method=issuer.verification_method
        ).encode("ascii"),
    )


_SIGNED_AS: dict[Format, Callable[[dict[str, Any], Issuer, datetime], Part]] = {
    Format.JSON: _record,
    Format.JWT: _token,
    Format.SD_JWT: as_sd_jwt.part,
}


def finish(copy: BoundCopy, *, at: datetime) -> bytes:
    """Have signed what is on record, verify it, keep it. Outside of any transaction; twice is as once."""
    credential = copy.credential
    prepared = Prepared.from_json(copy.intent or {})
    signer = signer_for(credential.organisation, purpose=PURPOSE, intent=copy.public_id, key=prepared.key)
    try:
        signatures = signer.sign_many(prepared.inputs)
    except SigningRefused as refused:
        copy.refresh_from_db()
        if copy.state == BoundCopy.State.SIGNED:
            return copy.secured_bytes
        if refused.code == "key-cannot-sign":
            # Stolen or too old since. Nothing of that key has left the house; the next request has another.
            BoundCopy.objects.filter(pk=copy.pk, state=BoundCopy.State.INTENT).delete()
        raise
    [secured] = prepared.finished(signatures).values()
    return _keep(copy, secured, method=prepared.method, at=at)


@transaction.atomic(durable=True)
def _keep(copy: BoundCopy, secured: bytes, *, method: str, at: datetime) -> bytes:
    current = (
        BoundCopy.objects.select_for_update(of=("self",))
        .select_related("credential__organisation", "credential__status_list")
        .get(pk=copy.pk)
    )
    if current.state == BoundCopy.State.SIGNED:
        return current.secured_bytes
    credential = current.credential
    known = signing.issuer_sources(credential.organisation)
    known |= status_lists.list_sources(credential.status_list)
    # How it stands is asked of the award when it is handed out: by the time an old intent is finished, it may
    # be withdrawn, and it is on record all the same.
    verified = signing.verify_own(
        secured,
        known,
        at=max(at, credential.valid_from),
        step=f"signed {current.format} for a wallet",
        judged_by=signing.ITSELF,
    )
    leaf = PendingLeaf.objects.create(
        label=PendingLeaf.Label.ISSUE,
        format=current.format,
        issuer_did=method.partition("#")[0],
        secured_sha256=verified.report.sha256,
        created_at=at,
    )
    current.state, current.intent = BoundCopy.State.SIGNED, None
    current.secured, current.sha256, current.leaf = secured, verified.report.sha256, leaf
    current.save(update_fields=["state", "intent", "secured", "sha256", "leaf"])
    journal.record(
        verb="copy signed for a wallet",
        by=None,
        organisation_id=credential.organisation.public_id,
        object=credential,
        # Not whose wallet: its identifier is its holder's, and an entry cannot be erased.
        details={"format": current.format, "intent": current.intent_sha256, "key": method},
        at=at,
    )
    return secured


def finish_copies(*, at: datetime) -> int:
    """Finish what a crash, or a signer that was away, has left on record; how many there were."""
    left = BoundCopy.objects.filter(state=BoundCopy.State.INTENT).select_related(
        "credential__organisation", "credential__status_list"
    )
    return finish_each(left.order_by("pk"), partial(finish, at=at))
