# SPDX-License-Identifier: Apache-2.0
"""Keys: the rows that name them, and the one way to have something signed.

Nobody here opens a private key. ``signer_for`` gives an object that asks whoever was installed (``install``):
in the server that is the signer process over its socket (client.py); in a command that an operator runs
beside a stopped server, and in tests, it is the same code in this process (service.py). Either way an order
names the record that it was meant to be signed, and is refused without one (orders.py).

    sealing.py  custody.py  pkcs11.py  remote.py     who keeps private halves
    service.py                                        what a signer asks before it signs
    wire.py  client.py                                how it is reached
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from django.db import transaction

from cairn.did import MAX_KEYS
from cairn.keys import Algorithm, PublicKey
from cairn_server.organisations.keys.custody import PKCS11, REMOTE, SEALED
from cairn_server.organisations.keys.orders import (
    INSTALLATION,
    MOST_INPUTS,
    RECEIPT,
    REQUEST,
    Intent,
    Making,
    Order,
    Signing,
    Terms,
    intent_digest,
)
from cairn_server.organisations.keys.refusals import (
    IdentityIsTheKey,
    KeyAlreadyRevoked,
    KeyHeld,
    KeyUnavailable,
    NoSigningKey,
    SignerUnavailable,
    SigningRefused,
    TooManyKeys,
)
from cairn_server.organisations.keys.sealing import KeyStore
from cairn_server.organisations.models import (
    DataKey,
    Installation,
    InstallationKey,
    Organisation,
    SigningKey,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from django.db.models import QuerySet

__all__ = [
    "MOST_INPUTS",
    "PKCS11",
    "REMOTE",
    "SEALED",
    "IdentityIsTheKey",
    "Intent",
    "KeyAlreadyRevoked",
    "KeyHeld",
    "KeyStore",
    "KeyUnavailable",
    "NoSigningKey",
    "SignerUnavailable",
    "SigningRefused",
    "Terms",
    "TooManyKeys",
    "intent_digest",
]

# Whoever signs for this process. A callable, so that a command which signs nothing needs no signer.

_installed: Callable[[], Signing] | None = None
# Who keeps the keys that are made from now on; every row says who keeps its own.
_custody = SEALED


def install(signing: Callable[[], Signing], *, custody: str = SEALED) -> None:
    """Say who signs; called once by config at start, and by tests."""
    global _installed, _custody
    _installed, _custody = signing, custody


def signing() -> Signing:
    if _installed is None:
        raise KeyUnavailable("key-encryption-key", "this process was started without a signer")
    return _installed()


# Signing


@dataclass(frozen=True)
class OrderedSigner:
    """A ``cairn.keys.Signer`` for one piece of work that is on record. All of it goes in one call."""

    organisation: str
    fragment: str
    multikey: str
    purpose: str
    intent: str

    @cached_property
    def public_key(self) -> PublicKey:
        return PublicKey.from_multikey(self.multikey)

    @property
    def algorithm(self) -> Algorithm:
        return self.public_key.algorithm

    def sign(self, data: bytes) -> bytes:
        return self.sign_many([data])[0]

    def sign_many(self, inputs: Sequence[bytes]) -> list[bytes]:
        """The signatures in the order of the inputs. Outside of any transaction: what is not committed is
        not on record for the signer, and nobody shall wait for it with a row locked."""
        return signing().sign(
            Order(self.organisation, self.fragment, self.purpose, self.intent, tuple(inputs))
        )


def signer_for(
    organisation: Organisation, *, purpose: str, intent: str, key: str | SigningKey | None = None
) -> OrderedSigner:
    """Signs what is on record under this intent, with this key of the organisation or its active one.

    A row that was read before will do: the signer asks by itself what the key may do now.
    """
    if key is None:
        row = active_key(organisation)
    elif isinstance(key, SigningKey):
        row = key
    else:
        found = SigningKey.objects.filter(organisation=organisation, fragment=key).first()
        if found is None:
            raise NoSigningKey
        row = found
    return OrderedSigner(organisation.public_id, row.fragment, row.multikey, purpose, intent)


# The keys of organisations


@transaction.atomic
def new_key(
    organisation: Organisation,
    *,
    at: datetime,
    algorithm: Algorithm = Algorithm.ED25519,
    state: SigningKey.State = SigningKey.State.ACTIVE,
) -> SigningKey:
    """Make a key. An active one signs from now on, and the one before it only finishes what it began."""
    organisation = Organisation.objects.select_for_update().get(pk=organisation.pk)
    require_replaceable(organisation)
    keys = SigningKey.objects.filter(organisation=organisation)
    if state == SigningKey.State.ACTIVE:
        retire_active(organisation, at=at)
    # Numbered, and rows are never deleted: a fragment means one key for ever.
    fragment = f"key-{keys.count() + 1}"
    made = signing().make(Making(organisation.public_id, fragment, algorithm, _custody))
    if made.data_key is not None:
        # Once for each organisation: a second one would be a data key that the first key does not open with.
        DataKey.objects.create(
            organisation=organisation,
            version=made.data_key.version,
            wrapped=made.data_key.wrapped,
            kek_id=made.data_key.kek_id,
            created_at=at,
        )
    return SigningKey.objects.create(
        organisation=organisation,
        fragment=fragment,
        algorithm=algorithm.value,
        multikey=made.multikey,
        custody=_custody,
        sealed=made.sealed,
        state=state,
        created_at=at,
        activated_at=at if state == SigningKey.State.ACTIVE else None,
    )


def require_replaceable(organisation: Organisation) -> None:
    if organisation.did.startswith("did:key:"):
        raise IdentityIsTheKey
    if SigningKey.objects.filter(organisation=organisation).count() >= MAX_KEYS:
        raise TooManyKeys


def retire_active(organisation: Organisation, *, at: datetime) -> None:
    SigningKey.objects.filter(organisation=organisation, state=SigningKey.State.ACTIVE).update(
        state=SigningKey.State.RETIRING, retiring_at=at
    )


def active_key(organisation: Organisation) -> SigningKey:
    """The key that what is begun now will be signed with."""
    return active_of(SigningKey.objects.filter(organisation=organisation, state=SigningKey.State.ACTIVE))


def active_of(keys: Iterable[SigningKey]) -> SigningKey:
    """The same, of keys that were read already."""
    key = next((each for each in keys if each.state == SigningKey.State.ACTIVE), None)
    if key is None:
        raise NoSigningKey
    if key.held_at is not None:
        raise KeyHeld
    return key


def key_history(organisation: Organisation) -> QuerySet[SigningKey]:
    """Every key there ever was, oldest first, with its window; public parts only are of use."""
    return SigningKey.objects.filter(organisation=organisation).order_by("created_at", "pk")


# The keys of the installation


@transaction.atomic
def new_own_key(*, at: datetime, algorithm: Algorithm = Algorithm.ED25519) -> InstallationKey:
    """Make the key that the installation signs with from now on; its earlier ones stay listed."""
    # Numbered, and rows are never deleted: a fragment means one key for ever.
    fragment = f"receipts-{InstallationKey.objects.count() + 1}"
    made = signing().make(Making(INSTALLATION, fragment, algorithm, SEALED))
    assert made.data_key is not None, "each key of the installation brings its own data key"
    return InstallationKey.objects.create(
        fragment=fragment,
        algorithm=algorithm.value,
        multikey=made.multikey,
        sealed=made.sealed,
        wrapped=made.data_key.wrapped,
        kek_id=made.data_key.kek_id,
        created_at=at,
    )


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


def own_signer(key: InstallationKey) -> OrderedSigner:
    """Signs receipts with the installation's key."""
    return OrderedSigner(INSTALLATION, key.fragment, key.multikey, RECEIPT, "")


def request_signer(key: InstallationKey) -> OrderedSigner:
    """Signs requests for presentations with the installation's key, and nothing but such requests."""
    return OrderedSigner(INSTALLATION, key.fragment, key.multikey, REQUEST, "")


# Under another KEK: for an operator's command, which has both


@transaction.atomic
def rewrap_all(*, old: KeyStore, new: KeyStore) -> int:
    """Put every data key under the new KEK: all of them or, after a crash, none."""
    rewrapped = 0
    for own in InstallationKey.objects.select_for_update().filter(kek_id=old.kek_id):
        new.rewrap_own(own, old=old)
        rewrapped += 1
    for data_key in DataKey.objects.select_for_update().filter(kek_id=old.kek_id):
        new.rewrap(data_key, old=old)
        rewrapped += 1
    return rewrapped


def open_everything() -> list[str]:
    """Known-answer test over all keys in use: the keys (by name) that do not open or do not sign."""
    return signing().broken_keys()
