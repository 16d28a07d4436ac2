# SPDX-License-Identifier: Apache-2.0
"""What was signed is examined, and then stored: everything or nothing.

Our own verifier accepts every credential, over the bytes that everybody gets, before one of them is kept.
Then one transaction, in which the token of the lease has to be the newest, writes credentials, bytes, pending
leaves, counts and one entry of the journal.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F

import cairn
from cairn_server.issuing import frames, signing, status_lists, storage
from cairn_server.issuing.chunks import steps
from cairn_server.issuing.chunks.closing import finish
from cairn_server.issuing.chunks.making import RowsRefused
from cairn_server.issuing.models import Batch, Credential, Dictionary, SecuredCredential
from cairn_server.issuing.patterns import TEXTS
from cairn_server.journal import services as journal
from cairn_server.tlog.models import PendingLeaf

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from cairn_server.achievements.models import AchievementVersion
    from cairn_server.issuing.chunks.leases import Lease
    from cairn_server.issuing.chunks.making import Made
    from cairn_server.issuing.patterns import Award, Press


def store(lease: Lease, made: Made, secured: list[bytes], *, at: datetime) -> None:
    """Everything or nothing, and only with the newest token."""
    chunk, batch = made.chunk, made.chunk.batch
    assert chunk.at is not None, "a planned chunk has its plan (constraint)"
    assert chunk.status_list is not None
    known = signing.issuer_sources(batch.organisation) | status_lists.list_sources(chunk.status_list)
    logged = examine(made.awards, secured, known, at=max(at, chunk.at))
    dictionary = dictionary_of(batch.version, made.press, at=at)
    press = frames.Press(bytes(dictionary.content))
    digests = [sha256(each).digest() for each in secured]
    packed = [press.frame(each) for each in secured]
    steps.reached("examined")
    with transaction.atomic():
        # First of all: a zombie stops here, before it has written a row.
        lease.own()
        count = len(secured)
        ids = storage.new_ids(Credential, count)
        leaves = storage.new_ids(PendingLeaf, count)
        _insert_credentials(made, ids)
        storage.insert(
            PendingLeaf,
            same={
                "label": PendingLeaf.Label.ISSUE,
                "format": SecuredCredential.Format.JSON,
                "issuer_did": made.issuer.did,
                "created_at": at,
            },
            columns=("id", "salt", "secured_sha256"),
            rows=zip(leaves, [award.leaf_salt for award in made.awards], logged, strict=True),
        )
        storage.insert(
            SecuredCredential,
            same={"format": SecuredCredential.Format.JSON, "dictionary_id": dictionary.pk},
            columns=("credential_id", "leaf_id", "secured", "digest", "sha256"),
            rows=zip(ids, leaves, packed, digests, logged, strict=True),
        )
        steps.reached("written")
        # From here on others of the organisation wait for this commit, so it comes last.
        chunk.awarded = count
        Batch.objects.filter(pk=batch.pk).update(awarded=F("awarded") + count)
        journal.record(
            verb="credentials awarded",
            by=batch.started_by,
            organisation_id=batch.organisation.public_id,
            object=batch,
            details={
                "version": batch.version.public_id,
                "chunk": chunk.number,
                "awarded": count,
                "intent": chunk.intent_sha256,
                "key": made.issuer.verification_method,
                "digest": _digest_of(made.awards, digests),
            },
            at=at,
        )
        finish(chunk, awarded=count, at=at)


# Examine


def examine(
    awards: Sequence[Award], secured: Sequence[bytes], known: Mapping[str, bytes], *, at: datetime
) -> list[str]:
    """The digest of each as the log has it, after our own verifier has accepted every one.

    The same steps as ``cairn.Verifier``: read, gather, judge. What is gathered is gathered once, as all of
    them name the same issuer and the same list.
    """
    sources = signing.KnownBytes(known)
    materials = cairn.gather(cairn.read(secured[0]), sources, at=at)
    digests: list[str] = []
    refused: dict[int, str] = {}
    for award, each in zip(awards, secured, strict=True):
        report = cairn.judge(materials.about(cairn.read(each)), at=at)
        if not report.accepted:
            refused[award.number] = _why(report)
        digests.append(report.sha256)
    if len(refused) == len(awards) > 1:
        # What all of them suffer from is not in their rows.
        raise signing.OwnProductRefused("chunk", next(iter(refused.values())))
    if refused:
        raise RowsRefused(refused)
    return digests


def _why(report: cairn.Report) -> str:
    """What is wrong with one; where something could only not be seen, nothing is said about the row."""
    told = [found for found in report.findings if found.outcome is not cairn.Outcome.PASSED]
    why = "; ".join(f"{found.check}: {found.code}" for found in told)
    if all(found.outcome is cairn.Outcome.UNDECIDED for found in told):
        raise signing.OwnProductRefused("chunk", why)
    return why


# Rows


def _insert_credentials(made: Made, ids: Iterable[int]) -> None:
    chunk, batch = made.chunk, made.chunk.batch
    assert chunk.status_list is not None
    storage.insert(
        Credential,
        same={
            "organisation_id": batch.organisation_id,
            "version_id": batch.version_id,
            "batch_id": batch.pk,
            "issued_by_id": batch.started_by_id,
            "status_list_id": chunk.status_list.pk,
            "valid_from": chunk.at,
            "state": Credential.State.SIGNED,
            # The chunk has it, over all of them.
            "intent_sha256": "",
        },
        columns=(
            "id", "public_id", "batch_number", "request_key", "recipient_name", "recipient_email",
            "subject_id", "status_index", "awarded_at", "valid_until", "language", "more", "replaces_id",
            "first_id", *TEXTS,
        ),
        rows=(
            (
                pk, award.public_id, award.number, award.request_key, award.name, award.email,
                award.subject_id, award.index, storage.moment(award.awarded_at),
                storage.moment(award.valid_until), award.language, award.more, award.replaces_id,
                award.first_id,
                *[award.texts.get(name, "") for name in TEXTS],
            )
            for pk, award in zip(ids, made.awards, strict=True)
        ),
    )  # fmt: skip


def _digest_of(awards: Sequence[Award], digests: Sequence[bytes]) -> str:
    """Over identifier and bytes of each: a row that is changed later is not the one of the journal."""
    whole = sha256()
    for award, digest in zip(awards, digests, strict=True):
        whole.update(award.public_id.encode("ascii"))
        whole.update(digest)
    return whole.hexdigest()


def dictionary_of(version: AchievementVersion, press: Press, *, at: datetime) -> Dictionary:
    """The version's dictionary; the first chunk makes it, and nothing ever changes it."""
    found = Dictionary.objects.filter(version=version).order_by("pk").first()
    if found is not None:
        return found
    content = press.sample()
    made, _is_new = Dictionary.objects.get_or_create(
        sha256=sha256(content).hexdigest(),
        defaults={"version": version, "content": content, "created_at": at},
    )
    return made
