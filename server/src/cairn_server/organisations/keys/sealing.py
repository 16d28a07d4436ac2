# SPDX-License-Identifier: Apache-2.0
"""Keys sealed in the database: the default custody, and the only code that knows the KEK.

    KEK   one for the installation, from a file or the environment, never in the database
    ├── DEK        one per organisation, wrapped by the KEK            (``DataKey``)
    │   └── private key, sealed by the DEK                             (``SigningKey.sealed``)
    └── DEK        one per key of the installation itself              (``InstallationKey.wrapped``)
        └── private key, sealed by the DEK                             (``InstallationKey.sealed``)

Both seals are AES-256-GCM with a random 96-bit nonce in front. What a seal is for is its additional
data (``_key_context``), so a row that is moved to another organisation, key id, purpose
or version does not open. A stolen dump holds public keys and ciphertext.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from cairn.keys import Algorithm, PrivateKey, PublicKey
from cairn_server.organisations.keys.orders import INSTALLATION, Made, Wrapped
from cairn_server.organisations.keys.refusals import KeyUnavailable
from cairn_server.organisations.models import DataKey, InstallationKey

if TYPE_CHECKING:
    from cairn_server.organisations.keys.orders import Making
    from cairn_server.organisations.models import SigningKey

KEK_BYTES = 32
NONCE_BYTES = 12
# One key signs credentials and status lists alike; with did:key they must share.
PURPOSE = "assertion"


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

    # As a custody (keys/custody.py)

    def make(self, making: Making) -> Made:
        private = PrivateKey.generate(making.algorithm)
        if making.organisation == INSTALLATION:
            return self._make_own(making, private)
        row = DataKey.objects.filter(organisation__public_id=making.organisation).first()
        data_key, new = (self._unwrap(row), None) if row is not None else self._new_data_key(making)
        version = row.version if row is not None else 1
        multikey = private.public_key.multikey()
        context = _key_context(making.organisation, making.fragment, multikey, version)
        return Made(multikey, _seal(data_key, private.to_bytes(), context), new)

    def open(self, key: SigningKey) -> PrivateKey:
        """The private key of this row, after proof that it belongs to the row's public key."""
        data_key = DataKey.objects.filter(organisation=key.organisation_id).first()
        if data_key is None:
            raise KeyUnavailable("key-sealed", f"the data key of {key} is missing")
        context = _key_context(key.organisation.public_id, key.fragment, key.multikey, data_key.version)
        return _matching(key, _open(self._unwrap(data_key), bytes(key.sealed), context))

    def destroy(self, key: SigningKey) -> None:
        """Nothing to do: the ciphertext in the row is all there is of it, and the row's owner empties it."""

    # The installation's own keys

    def open_own(self, key: InstallationKey) -> PrivateKey:
        """A private key of the installation, after proof that it belongs to the row's public key."""
        private = _open(
            self._unwrap_own(key), bytes(key.sealed), _own_key_context(key.fragment, key.multikey)
        )
        return _matching(key, private)

    def _make_own(self, making: Making, private: PrivateKey) -> Made:
        data_key, multikey = os.urandom(32), private.public_key.multikey()
        return Made(
            multikey,
            _seal(data_key, private.to_bytes(), _own_key_context(making.fragment, multikey)),
            Wrapped(
                _seal(self.kek, data_key, _own_data_key_context(making.fragment, self.kek_id)), self.kek_id
            ),
        )

    # Under another KEK

    def rewrap(self, data_key: DataKey, *, old: KeyStore) -> None:
        """Put the data key under this KEK. The private keys below it are not touched."""
        key = old._unwrap(data_key)
        context = _data_key_context(data_key.organisation.public_id, data_key.version, self.kek_id)
        data_key.kek_id, data_key.wrapped = self.kek_id, _seal(self.kek, key, context)
        data_key.save(update_fields=["wrapped", "kek_id"])

    def rewrap_own(self, key: InstallationKey, *, old: KeyStore) -> None:
        data_key = old._unwrap_own(key)
        key.kek_id = self.kek_id
        key.wrapped = _seal(self.kek, data_key, _own_data_key_context(key.fragment, self.kek_id))
        key.save(update_fields=["wrapped", "kek_id"])

    def _new_data_key(self, making: Making) -> tuple[bytes, Wrapped]:
        data_key = os.urandom(32)
        context = _data_key_context(making.organisation, 1, self.kek_id)
        return data_key, Wrapped(_seal(self.kek, data_key, context), self.kek_id)

    def _unwrap(self, data_key: DataKey) -> bytes:
        self._require_kek(data_key.kek_id)
        context = _data_key_context(data_key.organisation.public_id, data_key.version, data_key.kek_id)
        return _open(self.kek, bytes(data_key.wrapped), context)

    def _unwrap_own(self, key: InstallationKey) -> bytes:
        self._require_kek(key.kek_id)
        return _open(self.kek, bytes(key.wrapped), _own_data_key_context(key.fragment, key.kek_id))

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


def _key_context(organisation: str, fragment: str, multikey: str, version: int) -> bytes:
    """``"cairn-key/1" | kid | org_id | purpose | alg | SHA-256(public key) | dek_version``."""
    public = PublicKey.from_multikey(multikey)
    parts = (
        "cairn-key/1",
        fragment,
        organisation,
        PURPOSE,
        public.algorithm.value,
        sha256(public.material).hexdigest(),
        str(version),
    )
    return "|".join(parts).encode()


def _data_key_context(organisation: str, version: int, kek_id: str) -> bytes:
    return f"cairn-dek/1|{organisation}|{version}|{kek_id}".encode()


def _own_key_context(fragment: str, multikey: str) -> bytes:
    """``"cairn-own-key/1" | kid | purpose | alg | SHA-256(public key)``."""
    public = PublicKey.from_multikey(multikey)
    parts = (
        "cairn-own-key/1",
        fragment,
        PURPOSE,
        public.algorithm.value,
        sha256(public.material).hexdigest(),
    )
    return "|".join(parts).encode()


def _own_data_key_context(fragment: str, kek_id: str) -> bytes:
    return f"cairn-own-dek/1|{fragment}|{kek_id}".encode()
