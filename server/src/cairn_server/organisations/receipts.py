# SPDX-License-Identifier: Apache-2.0
"""The installation in its own name: it signs receipts of what was checked on this server, learner records
that say what was in one wallet here, and the requests for presentations made here. It awards nothing.

Under https it is ``did:web:<host>``, so that a receipt names the server that looked; elsewhere nobody could
fetch the document of that DID, and it is its key (did:key).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from django.db import transaction

from cairn import sign
from cairn.did import build_document, did_key
from cairn.keys import PublicKey
from cairn_server.errors import NotVisible
from cairn_server.journal import services as journal
from cairn_server.organisations import installation, keys
from cairn_server.organisations.models import InstallationKey

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from cairn import Signer


def sign_receipt(receipt: Mapping[str, Any], *, at: datetime) -> bytes:
    """The receipt with this installation as its issuer, as JSON with an embedded proof.

    ``eddsa-jcs-2022``, because a receipt is a list of lists, and what is signed is exactly what is read.
    """
    return _sign(receipt, at=at)


def sign_learner_record(record: Mapping[str, Any], *, at: datetime) -> bytes:
    """A ClrCredential of this installation; the same suite, because what is in it may use any context."""
    host = urlsplit(installation.public_url()).netloc
    return _sign({**record, "issuer": {"type": ["Profile"], "name": host}}, at=at)


def _sign(receipt: Mapping[str, Any], *, at: datetime) -> bytes:
    installation.require_own_address()
    key = keys.own_key(at=at)
    issuer, method = _names(key)
    named = {"id": issuer, **receipt.get("issuer", {})}
    return sign(
        {**receipt, "issuer": named},
        keys.own_signer(key),
        verification_method=method,
        at=at,
        cryptosuite="eddsa-jcs-2022",
    )


def _names(key: InstallationKey) -> tuple[str, str]:
    """Who the installation is with this key, and the full name of the key."""
    if did := _did_web():
        return did, f"{did}#{key.fragment}"
    did = did_key(PublicKey.from_multikey(key.multikey))
    return did, f"{did}#{key.multikey}"


def _did_web() -> str:
    """``did:web:<host>[%3A<port>]`` (did:web, "Method-specific identifier"); empty without https."""
    address = urlsplit(installation.public_url())
    return f"did:web:{quote(address.netloc, safe='')}" if address.scheme == "https" else ""


def did_document() -> dict[str, Any]:
    """The installation's DID document with every key it ever had; absent before the first receipt."""
    did, known = _did_web(), list(InstallationKey.objects.all())
    if not did or not known:
        raise NotVisible
    return build_document(
        did, [(key.fragment, PublicKey.from_multikey(key.multikey), key.revoked_at) for key in known]
    )


def identity_of_requests() -> str:
    """Who asks wallets for presentations: the installation as did:web, or nobody (empty) without https."""
    return _did_web()


def signer_of_requests(*, at: datetime) -> tuple[Signer, str]:
    """Who signs such requests, and the full name of the key."""
    installation.require_own_address()
    key = keys.own_key(at=at)
    return keys.request_signer(key), _names(key)[1]


@transaction.atomic
def replace_key(*, compromised: bool, at: datetime) -> InstallationKey:
    """Sign with a new key from now on; ``compromised`` also revokes all earlier ones."""
    if compromised:
        InstallationKey.objects.filter(revoked_at__isnull=True).update(revoked_at=at)
    key = keys.new_own_key(at=at)
    journal.record(
        verb="receipt key replaced",
        by=None,
        organisation_id=None,
        object=key,
        details={"key": key.fragment, "compromised": compromised},
        at=at,
    )
    return key
