# SPDX-License-Identifier: Apache-2.0
"""Key custody: the only module that opens a private key.

    KEK   one for the installation, from a file or the environment, never in the database
    ├── DEK        one per organisation, wrapped by the KEK            (``DataKey``)
    │   └── private key, sealed by the DEK                             (``SigningKey.sealed``)
    └── DEK        one per key of the installation itself              (``InstallationKey.wrapped``)
        └── private key, sealed by the DEK                             (``InstallationKey.sealed``)

Both seals are AES-256-GCM with a random 96-bit nonce in front. What a seal is for is its additional
data (``_key_context``), so a row that is moved to another organisation, key id, purpose
or version does not open. A stolen dump holds public keys and ciphertext.

The key store is made once, at start, by whoever knows where the KEK lies (``install``); the verbs here
use that one. Nothing else in the server ever holds the KEK.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cairn.did import MAX_KEYS
from cairn.errors import UnavailableError
from cairn.keys import Algorithm, PrivateKey, PublicKey
from cairn_server.errors import Refusal
from cairn_server.organisations.models import (
    DataKey,
    Installation,
    InstallationKey,
    Organisation,
    SigningKey,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from django.db.models import QuerySet

    from cairn import Signer

KEK_BYTES = 32
NONCE_BYTES = 12
# One key signs credentials and status lists alike; with did:key they must share.
PURPOSE = "assertion"


class KeyUnavailable(UnavailableError):  # noqa: N818  named for what happened, like every refusal
    """A sealed key does not open: another KEK, a moved row, or a flipped bit. Nothing is signed."""


class IdentityIsTheKey(Refusal):
    """With did:key the name of the issuer is its key, so a new key would be another issuer."""

    def __init__(self) -> None:
        super().__init__(
            "identity-is-the-key",
            _("This organisation is named by its key (did:key), so the key cannot be changed."),
        )


class TooManyKeys(Refusal):
    """A DID document lists every key there ever was, and no verifier reads an endless one (``cairn.did``)."""

    def __init__(self) -> None:
        super().__init__(
            "too-many-keys",
            _("An organisation has at most %(most)s keys in its life, and this one has had them.")
            % {"most": MAX_KEYS},
        )


class NoSigningKey(Refusal):
    def __init__(self) -> None:
        super().__init__("no-signing-key", _("This organisation has no key to sign with."))


class KeyAlreadyRevoked(Refusal):
    def __init__(self) -> None:
        super().__init__("key-already-revoked", _("This key has been revoked already."))


@dataclass(frozen=True, repr=False)
class KeyStore:
    """Seals and opens, with the installation's key."""

    kek: bytes

    def __post_init__(self) -> None:
        if len(self.kek) != KEK_BYTES:
            raise ValueError(f"the key encryption key has {len(self.kek)} bytes; it needs {KEK_BYTES}")

    def __repr__(self) -> str:
        return f"KeyStore({self.kek_id})"

    @property
    def kek_id(self) -> str:
        """Names the KEK without telling it, so that a wrong one is called wrong and not corrupt."""
        return sha256(b"cairn-kek/1" + self.kek).hexdigest()[:16]

    def seal(self, key: SigningKey, private: bytes) -> bytes:
        data_key = self._data_key(key.organisation, key.created_at)
        return _seal(self._unwrap(data_key), private, _key_context(key, data_key))

    def open(self, key: SigningKey) -> PrivateKey:
        """The private key of this row, after proof that it belongs to the row's public key."""
        data_key = DataKey.objects.filter(organisation=key.organisation_id).first()
        if data_key is None:
            raise KeyUnavailable("key-sealed", f"the data key of {key} is missing")
        private = _open(self._unwrap(data_key), bytes(key.sealed), _key_context(key, data_key))
        return _matching(key, private)

    def seal_own(self, key: InstallationKey, private: bytes) -> None:
        """Fill in the seals of a new key of the installation, under a data key of its own."""
        data_key = os.urandom(32)
        key.kek_id = self.kek_id
        key.wrapped = _seal(self.kek, data_key, _own_data_key_context(key))
        key.sealed = _seal(data_key, private, _own_key_context(key))

    def open_own(self, key: InstallationKey) -> PrivateKey:
        """A private key of the installation, after proof that it belongs to the row's public key."""
        private = _open(self._unwrap_own(key), bytes(key.sealed), _own_key_context(key))
        return _matching(key, private)

    def rewrap_own(self, key: InstallationKey, *, old: KeyStore) -> None:
        data_key = old._unwrap_own(key)
        key.kek_id = self.kek_id
        key.wrapped = _seal(self.kek, data_key, _own_data_key_context(key))
        key.save(update_fields=["wrapped", "kek_id"])

    def _unwrap_own(self, key: InstallationKey) -> bytes:
        self._require_kek(key.kek_id)
        return _open(self.kek, bytes(key.wrapped), _own_data_key_context(key))

    def rewrap(self, data_key: DataKey, *, old: KeyStore) -> None:
        """Put the data key under this KEK. The private keys below it are not touched."""
        key = old._unwrap(data_key)
        data_key.kek_id = self.kek_id
        data_key.wrapped = _seal(self.kek, key, _data_key_context(data_key))
        data_key.save(update_fields=["wrapped", "kek_id"])

    def _data_key(self, organisation: Organisation, at: datetime) -> DataKey:
        existing = DataKey.objects.filter(organisation=organisation).first()
        if existing is not None:
            return existing
        data_key = DataKey(organisation=organisation, kek_id=self.kek_id, created_at=at)
        data_key.wrapped = _seal(self.kek, os.urandom(32), _data_key_context(data_key))
        data_key.save(force_insert=True)
        return data_key

    def _unwrap(self, data_key: DataKey) -> bytes:
        self._require_kek(data_key.kek_id)
        return _open(self.kek, bytes(data_key.wrapped), _data_key_context(data_key))

    def _require_kek(self, kek_id: str) -> None:
        if kek_id != self.kek_id:
            raise KeyUnavailable(
                "key-encryption-key",
                f"the keys are sealed with the key encryption key {kek_id}, not with {self.kek_id}",
            )


def _matching(key: SigningKey | InstallationKey, private: bytes) -> PrivateKey:
    """The private key, if the row's public key is its own.

    Never trust a stored public key next to a private one: signing with a pair that does not belong together
    gives Ed25519 keys away (RUSTSEC-2022-0093).
    """
    opened = PrivateKey.from_bytes(Algorithm(key.algorithm), private)
    if opened.public_key.multikey() != key.multikey:
        raise KeyUnavailable("key-mismatch", f"the sealed key of {key} is not the one it is named for")
    return opened


def _seal(key: bytes, plain: bytes, context: bytes) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, context)


def _open(key: bytes, sealed: bytes, context: bytes) -> bytes:
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], context)
    except (InvalidTag, ValueError) as error:
        raise KeyUnavailable("key-sealed", "a sealed key does not open: it was moved or damaged") from error


def _key_context(key: SigningKey, data_key: DataKey) -> bytes:
    """``"cairn-key/1" | kid | org_id | purpose | alg | SHA-256(public key) | dek_version``."""
    public = sha256(PublicKey.from_multikey(key.multikey).material).hexdigest()
    parts = (
        "cairn-key/1",
        key.fragment,
        key.organisation.public_id,
        PURPOSE,
        key.algorithm,
        public,
        str(data_key.version),
    )
    return "|".join(parts).encode()


def _data_key_context(data_key: DataKey) -> bytes:
    return f"cairn-dek/1|{data_key.organisation.public_id}|{data_key.version}|{data_key.kek_id}".encode()


def _own_key_context(key: InstallationKey) -> bytes:
    """``"cairn-own-key/1" | kid | purpose | alg | SHA-256(public key)``."""
    public = sha256(PublicKey.from_multikey(key.multikey).material).hexdigest()
    return "|".join(("cairn-own-key/1", key.fragment, PURPOSE, key.algorithm, public)).encode()


def _own_data_key_context(key: InstallationKey) -> bytes:
    return f"cairn-own-dek/1|{key.fragment}|{key.kek_id}".encode()


# The installed store. A callable, so that a command which signs nothing needs no KEK.

_installed: Callable[[], KeyStore] | None = None


def install(make: Callable[[], KeyStore]) -> None:
    """Say how the key store is made; called once by config at start, and by tests."""
    global _installed
    _installed = make


def key_store() -> KeyStore:
    if _installed is None:
        raise KeyUnavailable("key-encryption-key", "this process was started without a key store")
    return _installed()


# The verbs.


@transaction.atomic
def new_key(
    organisation: Organisation, *, at: datetime, algorithm: Algorithm = Algorithm.ED25519
) -> SigningKey:
    """Make the key the organisation signs with from now on; the one before is retired, never forgotten."""
    organisation = Organisation.objects.select_for_update().get(pk=organisation.pk)
    keys = SigningKey.objects.filter(organisation=organisation)
    active = keys.filter(state=SigningKey.State.ACTIVE)
    if organisation.did.startswith("did:key:"):
        raise IdentityIsTheKey
    if keys.count() >= MAX_KEYS:
        raise TooManyKeys
    active.update(state=SigningKey.State.RETIRED, retired_at=at)
    private = PrivateKey.generate(algorithm)
    key = SigningKey(
        organisation=organisation,
        # Numbered, and rows are never deleted: a fragment means one key for ever.
        fragment=f"key-{keys.count() + 1}",
        algorithm=private.algorithm.value,
        multikey=private.public_key.multikey(),
        created_at=at,
    )
    key.sealed = key_store().seal(key, private.to_bytes())
    key.save(force_insert=True)
    return key


@transaction.atomic
def mark_revoked(key: SigningKey, *, at: datetime) -> None:
    """Compromised: from now on the DID document says ``revoked``, and nothing is signed with it."""
    key = SigningKey.objects.select_for_update().get(pk=key.pk)
    if key.state == SigningKey.State.REVOKED:
        raise KeyAlreadyRevoked
    key.state, key.revoked_at = SigningKey.State.REVOKED, at
    key.save(update_fields=["state", "revoked_at"])


def active_key(organisation: Organisation) -> SigningKey:
    key = SigningKey.objects.filter(organisation=organisation, state=SigningKey.State.ACTIVE).first()
    if key is None:
        raise NoSigningKey
    return key


def signer_for(organisation: Organisation) -> Signer:
    """The organisation's active key, opened. Hold it for one piece of work, not longer."""
    return key_store().open(active_key(organisation))


def key_history(organisation: Organisation) -> QuerySet[SigningKey]:
    """Every key there ever was, oldest first, with its window; public parts only are of use."""
    return SigningKey.objects.filter(organisation=organisation).order_by("created_at", "pk")


@transaction.atomic
def rewrap_all(*, old: KeyStore) -> int:
    """Put every data key under the installed KEK: all of them or, after a crash, none."""
    new, rewrapped = key_store(), 0
    for own in InstallationKey.objects.select_for_update().filter(kek_id=old.kek_id):
        new.rewrap_own(own, old=old)
        rewrapped += 1
    for data_key in DataKey.objects.select_for_update().filter(kek_id=old.kek_id):
        new.rewrap(data_key, old=old)
        rewrapped += 1
    return rewrapped


@transaction.atomic
def new_own_key(*, at: datetime, algorithm: Algorithm = Algorithm.ED25519) -> InstallationKey:
    """Make the key that the installation signs with from now on; its earlier ones stay listed."""
    private = PrivateKey.generate(algorithm)
    key = InstallationKey(
        # Numbered, and rows are never deleted: a fragment means one key for ever.
        fragment=f"receipts-{InstallationKey.objects.count() + 1}",
        algorithm=private.algorithm.value,
        multikey=private.public_key.multikey(),
        created_at=at,
    )
    key_store().seal_own(key, private.to_bytes())
    key.save(force_insert=True)
    return key


def own_key(*, at: datetime) -> InstallationKey:
    """The key the installation signs with; the first call makes it."""
    newest = _newest_own_key()
    if newest is not None:
        return newest
    with transaction.atomic():
        # Of two who ask for the first receipt at once, the second waits here and finds the key of the first.
        Installation.objects.select_for_update().get()
        return _newest_own_key() or new_own_key(at=at)


def _newest_own_key() -> InstallationKey | None:
    return InstallationKey.objects.filter(revoked_at__isnull=True).last()


def open_own_key(key: InstallationKey) -> Signer:
    """Opened. Hold it for one piece of work, not longer."""
    return key_store().open_own(key)


def open_everything() -> list[str]:
    """Known-answer test over all active keys: the keys (by name) that do not open or do not sign."""
    store = key_store()
    active = SigningKey.objects.filter(state=SigningKey.State.ACTIVE).select_related("organisation")
    own = InstallationKey.objects.filter(revoked_at__isnull=True)
    broken = [str(key) for key in active if not _answers(key, partial(store.open, key))]
    return broken + [str(key) for key in own if not _answers(key, partial(store.open_own, key))]


def _answers(key: SigningKey | InstallationKey, opened: Callable[[], Signer]) -> bool:
    """Whether the key opens, and signs as its public half expects."""
    message = b"cairn known answer"
    try:
        signature = opened().sign(message)
    except UnavailableError:
        return False
    return PublicKey.from_multikey(key.multikey).verify(message, signature)
