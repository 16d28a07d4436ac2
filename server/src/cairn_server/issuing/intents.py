# SPDX-License-Identifier: Apache-2.0
"""What the signer finds on record here (``SIGNING_INTENTS``): single awards, chunks of lists, tokens that
were asked for, copies for wallets, and lists of what is withdrawn.

It is asked in the signer process, over that process' own connection.
"""

from __future__ import annotations

from cairn_server.issuing.life import TokenIntent
from cairn_server.issuing.models import BatchChunk, Credential, StatusList
from cairn_server.issuing.offers import BoundCopy
from cairn_server.organisations.keys import Intent


def of_credential(reference: str) -> Intent | None:
    """An award that waits for its signatures; ``reference`` is its public id."""
    found = (
        Credential.objects.filter(public_id=reference, state=Credential.State.INTENT, intent__isnull=False)
        .values_list("organisation__public_id", "intent__key", "intent_sha256", "valid_from")
        .first()
    )
    return None if found is None else Intent(*found)


def of_chunk(reference: str) -> Intent | None:
    """What may be signed under ``<batch>/<chunk>``; nothing once the chunk is done."""
    batch_id, _slash, number = reference.partition("/")
    if not number.isdecimal():
        return None
    found = (
        BatchChunk.objects.filter(
            batch__public_id=batch_id, number=int(number), state=BatchChunk.State.INTENDED
        )
        .values_list("batch__organisation__public_id", "key", "intent_sha256", "at")
        .first()
    )
    if found is None or found[3] is None:
        return None
    return Intent(found[0], found[1], found[2], found[3])


def of_token(reference: str) -> Intent | None:
    """A token that was asked for and waits for its signature; ``reference`` is its credential's public id."""
    found = (
        TokenIntent.objects.filter(credential__public_id=reference)
        .values_list("credential__organisation__public_id", "intent__key", "intent_sha256", "at")
        .first()
    )
    return None if found is None else Intent(*found)


def of_bound_copy(reference: str) -> Intent | None:
    """A copy for one wallet that waits for its signature; ``reference`` is its public id."""
    found = (
        BoundCopy.objects.filter(public_id=reference, state=BoundCopy.State.INTENT)
        .values_list("credential__organisation__public_id", "key", "intent_sha256", "created_at")
        .first()
    )
    return None if found is None else Intent(*found)


def of_status_list(reference: str) -> Intent | None:
    """The state of a pair of lists that is to be signed; ``reference`` is ``<public id>/<version>``.

    None once the list has changed again: then that is what is to be signed, and nobody wants the old one.
    """
    public_id, _slash, version = reference.partition("/")
    if not version.isdecimal():
        return None
    found = (
        StatusList.objects.filter(public_id=public_id, version=int(version), intent_at__isnull=False)
        .values_list("organisation__public_id", "intent_key", "intent_sha256", "intent_at")
        .first()
    )
    if found is None or found[3] is None:
        return None
    return Intent(found[0], found[1], found[2], found[3])
