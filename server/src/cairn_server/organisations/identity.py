# SPDX-License-Identifier: Apache-2.0
"""Who an organisation is to the world: its DID, and the document behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from django.db import transaction

from cairn.did import build_document, did_key
from cairn.keys import PublicKey
from cairn_server.errors import NotVisible
from cairn_server.journal import services as journal
from cairn_server.organisations.keys import active_key, key_history
from cairn_server.organisations.models import Organisation, SigningKey

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime


def identity(organisation: Organisation, *, public_url: str, at: datetime) -> tuple[str, str]:
    """The issuer's DID and the verification method of the active key; the first call fixes the DID."""
    key = active_key(organisation)
    fix(organisation, key, public_url=public_url, at=at)
    return organisation.did, verification_method(organisation, key)


def fix(organisation: Organisation, key: SigningKey, *, public_url: str, at: datetime) -> None:
    """Give the organisation its DID, unless it has it already: it never changes.

    Under https the organisation is ``did:web:<host>[%3A<port>]:i:<id>`` (did:web, "Method-specific
    identifier"); otherwise nobody could fetch its document, so it is the key itself, ``did:key``.
    """
    if organisation.did:
        return
    with transaction.atomic():
        locked = Organisation.objects.select_for_update().get(pk=organisation.pk)
        if not locked.did:
            locked.did = _did_for(locked, key, public_url)
            locked.save(update_fields=["did"])
            journal.record(
                verb="identity fixed",
                by=None,
                organisation_id=locked.public_id,
                object=locked,
                details={"did": locked.did},
                at=at,
            )
    organisation.did = locked.did


def _did_for(organisation: Organisation, key: SigningKey, public_url: str) -> str:
    address = urlsplit(public_url)
    if address.scheme != "https":
        return did_key(PublicKey.from_multikey(key.multikey))
    path = [quote(part, safe="") for part in address.path.split("/") if part]
    return ":".join(["did:web", quote(address.netloc, safe=""), *path, "i", organisation.public_id])


def is_the_key(organisation: Organisation) -> bool:
    """Whether the name of this issuer is its key (did:key), so that neither can ever be replaced."""
    return organisation.did.startswith("did:key:")


def verification_method(organisation: Organisation, key: SigningKey) -> str:
    """The key's full name: the fragment in a did:web document, the key itself with did:key."""
    fragment = key.multikey if is_the_key(organisation) else key.fragment
    return f"{organisation.did}#{fragment}"


def did_document(organisation: Organisation, *, keys: Iterable[SigningKey] | None = None) -> dict[str, Any]:
    """The DID document with the whole key history: ``keys``, where somebody has just read it.

    Retired keys stay listed, or what they signed would stop verifying; compromised ones carry
    ``revoked`` (Controlled Identifiers 1.0, "Verification Methods"; S13).
    """
    if not organisation.did:
        raise NotVisible
    if is_the_key(organisation):
        key = organisation.signing_keys.get(state=SigningKey.State.ACTIVE)
        return build_document(
            organisation.did, [(key.multikey, PublicKey.from_multikey(key.multikey), key.revoked_at)]
        )
    return build_document(
        organisation.did,
        [
            (key.fragment, PublicKey.from_multikey(key.multikey), key.revoked_at)
            for key in (key_history(organisation) if keys is None else keys)
            if key.listed
        ],
    )
