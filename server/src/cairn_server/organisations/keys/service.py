# SPDX-License-Identifier: Apache-2.0
"""What a signer does with an order: look whether it may, and only then open the key.

It is the same object in the signer process (config/signer.py), in commands of an operator who may read
the KEK, and in tests. It only reads the database. In the signer process it reads over a connection of its
own, so what it finds there has been committed: no signature exists before the record that it was meant to be.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from cairn.canonical import parse_json
from cairn.errors import CairnError, UnavailableError
from cairn.keys import PublicKey, base64url_decode
from cairn_server.organisations.keys.custody import SEALED
from cairn_server.organisations.keys.orders import INSTALLATION, RECEIPT, REQUEST, Terms, intent_digest
from cairn_server.organisations.keys.refusals import KeyUnavailable, SigningRefused
from cairn_server.organisations.models import InstallationKey, SigningKey

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from cairn import Signer
    from cairn_server.organisations.keys.custody import Custody
    from cairn_server.organisations.keys.orders import Intent, Made, Making, Order
    from cairn_server.organisations.keys.sealing import KeyStore

    FindIntent = Callable[[str], Intent | None]

# A batch was checked and approved as a whole, so its chunks may take a key's whole strength.
CHUNK = "chunk"
BULK_FACTOR = 50
# Opening is a query and three decryptions; a key in use stays open that long. Its row is read for every
# order.
OPEN_SECONDS = 60.0


@dataclass
class Rate:
    """A bucket for each key: full at the start, refilled evenly, and an order that it does not hold waits."""

    per_minute: int
    clock: Callable[[], float] = time.monotonic
    _levels: dict[tuple[str, str, bool], tuple[float, float]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, order: Order) -> None:
        if not self.per_minute:
            return
        bulk = order.purpose == CHUNK
        most = self.per_minute * (BULK_FACTOR if bulk else 1)
        name, now = (order.organisation, order.key, bulk), self.clock()
        with self._lock:
            level, since = self._levels.get(name, (float(most), now))
            level = min(most, level + (now - since) * most / 60) - len(order.inputs)
            if level < 0:
                raise SigningRefused("signing-too-fast", status=429)
            self._levels[name] = (level, now)


class SigningService:
    """``Signing``, with the keys at hand."""

    def __init__(
        self,
        store: KeyStore,
        *,
        clock: Callable[[], datetime],
        intents: Mapping[str, FindIntent],
        custodies: Mapping[str, Callable[[], Custody]] | None = None,
        terms: Terms | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._intents = intents
        # Made when first used: a token that is not there stops only those whose keys are on it.
        self._custodies = {SEALED: lambda: store, **(custodies or {})}
        self._terms = terms or Terms()
        self._rate = Rate(self._terms.per_minute)
        self._opened: dict[tuple[str, bytes], tuple[float, Signer]] = {}
        self._lock = threading.Lock()

    def sign(self, order: Order) -> list[bytes]:
        order.require_bounds()
        if order.organisation == INSTALLATION:
            return self._sign_as_installation(order)
        if order.purpose not in self._intents:
            raise SigningRefused("no-such-intent")
        key = self._key(order.organisation, order.key)
        self._require_able(key)
        self._require_intent(order)
        self._rate.take(order)
        signatures = _signed(self._open(key), order.inputs)
        if key.custody != SEALED:
            # What comes from elsewhere is believed when it verifies under the key that we know (F14). What
            # was made here is verified with the whole credential, before anybody gets it.
            _require_own(key.public_key, order.inputs, signatures)
        return signatures

    def make(self, making: Making) -> Made:
        if making.organisation == INSTALLATION and making.custody != SEALED:
            raise SigningRefused("key-cannot-sign")
        return self._custody(making.custody).make(making)

    def destroy(self, organisation: str, fragment: str) -> None:
        key = self._key(organisation, fragment)
        if key.state in (SigningKey.State.ACTIVE, SigningKey.State.RETIRING):
            raise SigningRefused("key-in-use", "A key that signs is not destroyed.")
        self._custody(key.custody).destroy(key)
        with self._lock:
            self._opened.clear()

    def broken_keys(self) -> list[str]:
        """Known-answer test over all keys in use: those (by name) that do not open or do not sign."""
        used = SigningKey.objects.filter(state__in=[SigningKey.State.ACTIVE, SigningKey.State.RETIRING])
        own = InstallationKey.objects.filter(revoked_at__isnull=True)
        broken = [
            str(key)
            for key in used.select_related("organisation")
            if not _answers(key.multikey, partial(self._custody_open, key))
        ]
        return broken + [
            str(key) for key in own if not _answers(key.multikey, partial(self._store.open_own, key))
        ]

    def kek_id(self) -> str:
        return self._store.kek_id

    def _sign_as_installation(self, order: Order) -> list[bytes]:
        """Receipts and requests for presentations: nothing is on record of them, because a check leaves
        nothing behind; so their key signs nothing else, and no organisation's key signs them."""
        key = InstallationKey.objects.filter(fragment=order.key, revoked_at__isnull=True).first()
        if key is None or order.purpose not in (RECEIPT, REQUEST):
            raise SigningRefused("key-cannot-sign")
        if order.purpose == REQUEST and not all(map(_is_request, order.inputs)):
            raise SigningRefused("key-cannot-sign")
        self._rate.take(order)
        return _signed(
            self._kept_open(str(key), bytes(key.sealed), partial(self._store.open_own, key)), order.inputs
        )

    def _key(self, organisation: str, fragment: str) -> SigningKey:
        key = (
            SigningKey.objects.select_related("organisation")
            .only(*_NEEDED)
            .filter(organisation__public_id=organisation, fragment=fragment)
            .first()
        )
        if key is None:
            raise SigningRefused("key-cannot-sign")
        return key

    def _require_able(self, key: SigningKey) -> None:
        """State and window. A did:key is its organisation's name, so there is no later key to wait for."""
        if key.state not in (SigningKey.State.ACTIVE, SigningKey.State.RETIRING) or key.held_at is not None:
            raise SigningRefused("key-cannot-sign")
        now, since = self._clock(), key.activated_at
        assert since is not None, "the table refuses an active key without it"
        if now >= since + self._terms.cryptoperiod and not key.organisation.did.startswith("did:key:"):
            raise SigningRefused("key-too-old", _TOO_OLD)

    def _require_intent(self, order: Order) -> None:
        intent = self._intents[order.purpose](order.intent)
        if (
            intent is None
            or (intent.organisation, intent.key) != (order.organisation, order.key)
            or intent.sha256 != intent_digest(order.inputs)
        ):
            raise SigningRefused("no-such-intent")

    def _open(self, key: SigningKey) -> Signer:
        return self._kept_open(str(key), bytes(key.sealed), partial(self._custody_open, key))

    def _custody_open(self, key: SigningKey) -> Signer:
        return self._custody(key.custody).open(key)

    def _custody(self, name: str) -> Custody:
        make = self._custodies.get(name)
        if make is None:
            raise KeyUnavailable("key-custody", f"this signer was started without the custody {name!r}")
        return make()

    def _kept_open(self, name: str, sealed: bytes, opened: Callable[[], Signer]) -> Signer:
        now = time.monotonic()
        with self._lock:
            for old in [each for each, (until, _signer) in self._opened.items() if until < now]:
                del self._opened[old]
            kept = self._opened.get((name, sealed))
        if kept is not None:
            return kept[1]
        signer = opened()
        with self._lock:
            self._opened[name, sealed] = (now + OPEN_SECONDS, signer)
        return signer


# Of a key: everything but the dates that nothing is decided by; of its organisation two columns, and not the
# logo.
_NEEDED = (
    "fragment",
    "algorithm",
    "multikey",
    "custody",
    "sealed",
    "state",
    "activated_at",
    "held_at",
    "organisation__public_id",
    "organisation__did",
)
_TOO_OLD = "This key has reached the end of its time. Replace it; what it signed stays valid."


def _is_request(signed: bytes) -> bool:
    """Whether these are the first two parts of a token that says it is a request (B49): whoever got hold of
    this order could otherwise have a receipt of their own making signed, or a credential."""
    encoded, dot, _payload = signed.partition(b".")
    try:
        header = parse_json(base64url_decode(encoded.decode("ascii")))
    except (CairnError, UnicodeDecodeError):
        return False
    return dot == b"." and header.get("typ") == "oauth-authz-req+jwt"


def _signed(signer: Signer, inputs: tuple[bytes, ...]) -> list[bytes]:
    """All at once where the keeper has a way for that: it is one round trip, or one session."""
    sign_many = getattr(signer, "sign_many", None)
    return sign_many(list(inputs)) if sign_many is not None else [signer.sign(each) for each in inputs]


def _require_own(public_key: PublicKey, inputs: tuple[bytes, ...], signatures: list[bytes]) -> None:
    for data, signature in zip(inputs, signatures, strict=True):
        if not public_key.verify(data, signature):
            raise KeyUnavailable("key-mismatch", "what came back was signed with another key")


def _answers(multikey: str, opened: Callable[[], Signer]) -> bool:
    """Whether the key opens, and signs as its public half expects."""
    message = b"cairn known answer"
    try:
        signature = opened().sign(message)
    except UnavailableError:
        return False
    return PublicKey.from_multikey(multikey).verify(message, signature)
