# SPDX-License-Identifier: Apache-2.0
"""From an award on record to its signed bytes: the second half of awarding, and the same again after a crash.

``prepare`` is the last step before the record is committed. What follows is the signer, our own verifier and
one transaction, in which the award becomes a credential. Whoever awards goes through it with what is at hand;
``finish_awards`` goes through it with what a crash has left, and reads and claims everything anew.
"""

from __future__ import annotations

from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, TypeVar

from django.db import transaction
from django.db.models import Exists

from cairn.errors import CairnError
from cairn_server.errors import Refusal
from cairn_server.issuing import signing, status_lists
from cairn_server.issuing.delivery import owed
from cairn_server.issuing.models import Credential, Delivery, SecuredCredential
from cairn_server.issuing.prepared import Prepared
from cairn_server.issuing.signing import Issuer
from cairn_server.journal import services as journal
from cairn_server.organisations.keys import SigningRefused, signer_for
from cairn_server.organisations.models import SigningKey
from cairn_server.organisations.watermark import DatabaseBehind
from cairn_server.tlog.models import PendingLeaf

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime


T = TypeVar("T")

# How often somebody else may prepare an award anew while it is being signed.
TRIES = 3


def prepare(credential: Credential, *, issuer: Issuer, letter: str, at: datetime) -> Prepared:
    """Everything of an award but its signatures, written into its row, which is not saved here."""
    document = signing.build(credential, issuer=issuer)
    signing.lint(document, at=max(at, credential.valid_from))
    prepared = signing.prepare(document, issuer=issuer, at=at)
    credential.intent = prepared.to_json() | {"letter": letter}
    credential.intent_sha256 = prepared.digest
    return prepared


def finish(credential: Credential, prepared: Prepared, *, issuer: Issuer, at: datetime) -> Credential:
    """What ``finish_award`` does, by whoever put the award on record a moment ago: what was read and claimed
    for that is not read and claimed again."""
    status_list = credential.status_list
    if status_list.published < status_list.version:
        status_lists.publish(status_list, at=at)
        status_list.refresh_from_db(fields=["published"])
    known = issuer.sources() | status_lists.published_sources(status_list)
    return _signed(credential, prepared, key=issuer.key, known=known, at=at)


def finish_award(credential: Credential, *, at: datetime) -> Credential:
    """Have signed what is on record, verify it, and keep it: after a crash, by anybody.

    Outside of any transaction. Two at once get the same signatures, and the second finds it done.
    """
    # Again, for the one who comes after a crash: between its commit and here nobody else may have the index.
    try:
        status_lists.claim_index(
            credential.status_list, credential.status_index, holder=credential.public_id, at=at
        )
    except DatabaseBehind:
        # Another copy has given the index to somebody else, and nothing of this award was signed or told.
        Credential.objects.filter(pk=credential.pk, state=Credential.State.INTENT).delete()
        raise
    status_lists.publish(credential.status_list, at=at)
    return _signed(credential, Prepared.from_json(credential.intent or {}), at=at)


def _signed(
    credential: Credential,
    prepared: Prepared,
    *,
    key: SigningKey | None = None,
    known: Mapping[str, bytes] | None = None,
    at: datetime,
) -> Credential:
    """From the record to the credential. ``key`` and ``known`` are what the caller has read already."""
    for _try in range(TRIES):
        try:
            signatures = _signatures(credential, prepared, key=key)
        except SigningRefused as refused:
            credential.refresh_from_db()
            if credential.state == Credential.State.SIGNED:
                return credential
            if refused.code != "key-cannot-sign":
                raise
            # Stolen or grown too old in between. What that key may have signed is nowhere; another one does
            # it.
            prepared, key, known = _prepare_again(credential, at=at), None, None
            signatures = _signatures(credential, prepared)
        known = _known(credential) if known is None else known
        if _keep(credential, prepared, prepared.finished(signatures), known, at=at):
            return credential
        # Somebody else was quicker, or has prepared it for another key; or the key was stolen.
        credential.refresh_from_db()
        if credential.state == Credential.State.SIGNED:
            return credential
        prepared, key, known = Prepared.from_json(credential.intent or {}), None, None
    raise Unfinished([f"{credential}: prepared anew again and again"])


def _signatures(credential: Credential, prepared: Prepared, *, key: SigningKey | None = None) -> list[bytes]:
    signer = signer_for(
        credential.organisation,
        purpose="credential",
        intent=credential.public_id,
        key=prepared.key if key is None else key,
    )
    return signer.sign_many(prepared.inputs)


@transaction.atomic(durable=True)
def _prepare_again(credential: Credential, *, at: datetime) -> Prepared:
    """The same award for the key that signs now: no signature of it has left the house."""
    status_lists.lock(credential.organisation)
    current = Credential.objects.select_related("organisation", "version").get(pk=credential.pk)
    if current.intent is not None:
        issuer = Issuer.open(current.organisation, at=at)
        if current.intent["key"] != issuer.key.fragment:
            prepare(current, issuer=issuer, letter=current.intent["letter"], at=at)
            current.save(update_fields=["intent", "intent_sha256"])
        credential.intent, credential.intent_sha256 = current.intent, current.intent_sha256
    return Prepared.from_json(credential.intent or {})


def _known(credential: Credential) -> dict[str, bytes]:
    """What a stranger finds under the addresses that the credential leads to."""
    return signing.issuer_sources(credential.organisation) | status_lists.list_sources(credential.status_list)


def _keep(
    credential: Credential,
    prepared: Prepared,
    secured: Mapping[str, bytes],
    known: Mapping[str, bytes],
    *,
    at: datetime,
) -> bool:
    """Verify what was signed, and have it kept. False when it is on record like this no longer."""
    # A start in the future is no fault: it is judged at its start.
    moment = max(at, credential.valid_from)
    verified = {
        format: signing.verify_own(data, known, at=moment, step=f"signed {format}").report.sha256
        for format, data in secured.items()
    }
    return _kept(credential, prepared, secured, verified, at=at)


@transaction.atomic(durable=True)
def _kept(
    credential: Credential,
    prepared: Prepared,
    secured: Mapping[str, bytes],
    verified: Mapping[str, str],
    *,
    at: datetime,
) -> bool:
    """Bytes, leaves, message and journal entry of an award whose signatures are there: all of it, or
    nothing."""
    # First, because it locks the row: only what is on record as it was signed becomes a credential, and once.
    # Nor does what a key has signed that was declared stolen since: whoever looks for its credentials, to
    # issue them again, may have looked already.
    good_keys = SigningKey.objects.filter(
        organisation=credential.organisation, fragment=prepared.key, revoked_at__isnull=True
    )
    mine = Credential.objects.filter(
        Exists(good_keys), pk=credential.pk, state=Credential.State.INTENT, intent_sha256=prepared.digest
    ).update(state=Credential.State.SIGNED, intent=None)
    if not mine:
        return False
    letter = Delivery.Kind((credential.intent or {})["letter"])
    issuer_did = prepared.method.partition("#")[0]
    leaves = PendingLeaf.objects.bulk_create(
        PendingLeaf(
            label=PendingLeaf.Label.ISSUE,
            format=format,
            issuer_did=issuer_did,
            secured_sha256=verified[format],
            created_at=at,
        )
        for format in secured
    )
    SecuredCredential.objects.bulk_create(
        SecuredCredential(
            credential=credential,
            format=format,
            secured=data,
            digest=sha256(data).digest(),
            sha256=verified[format],
            leaf=leaf,
        )
        for (format, data), leaf in zip(secured.items(), leaves, strict=True)
    )
    credential.state, credential.intent = Credential.State.SIGNED, None
    owed(credential, letter, at=at).save(force_insert=True)
    journal.record(
        verb=f"credential {letter.value}",
        by=credential.issued_by,
        organisation_id=credential.organisation.public_id,
        object=credential,
        details={
            "version": credential.version.public_id,
            "intent": credential.intent_sha256,
            "key": prepared.method,
            "batch": None,
        },
        at=at,
    )
    return True


def finish_awards(*, at: datetime) -> int:
    """Finish what a crash, or a signer that was away, has left on record; how many there were.

    Nothing to tell apart from an award that is being made at this moment, and no need to.
    """
    left = Credential.objects.filter(state=Credential.State.INTENT).select_related(
        "organisation", "version", "status_list__organisation", "issued_by"
    )
    return finish_each(left.order_by("pk"), partial(finish_award, at=at))


def finish_each(left: Iterable[T], finish: Callable[[T], object]) -> int:
    """Finish what waits for its signature, award or copy, one by one; how many there were."""
    problems = []
    for each in (waiting := list(left)):
        try:
            finish(each)
        except (Refusal, CairnError, signing.OwnProductRefused) as error:
            problems.append(f"{each}: {error}")  # the trouble of one is not the others'
    if problems:
        raise Unfinished(problems)
    return len(waiting)


class Unfinished(Exception):  # noqa: N818
    """Some signatures are still to be made. For the log of the background work; nobody else sees it."""
