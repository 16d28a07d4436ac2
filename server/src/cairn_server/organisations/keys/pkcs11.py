# SPDX-License-Identifier: Apache-2.0
"""Keys inside a hardware module, or whatever else speaks PKCS #11 (``pip install 'opencairn-server[hsm]'``).

Made in the module as sensitive and not extractable, so the private half never leaves it. Ed25519 and P-256,
as PKCS #11 3.0 has them; tried with SoftHSM 2.6.1. Three things that its documents do not say:

- Ed25519 is asked for by its object identifier, because modules do not know its curve by name;
- EC_POINT is the point inside an OCTET STRING, also for Ed25519, where the standard once said otherwise;
- ECDSA takes the digest and not the message, and answers r ‖ s, which is what JOSE and Data Integrity want.
"""

from __future__ import annotations

import importlib.util
import secrets
import threading
from contextlib import suppress
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from cairn.errors import CairnError
from cairn.keys import Algorithm, PublicKey
from cairn_server.organisations.keys.orders import Made
from cairn_server.organisations.keys.refusals import KeyUnavailable, SignerUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from cairn_server.organisations.keys.orders import Making
    from cairn_server.organisations.models import SigningKey

# RFC 8410 §3
ED25519 = "1.3.101.112"
ID_BYTES = 16


class Token:
    """One token of one module. One session, because modules have few, and one order at a time in it."""

    def __init__(self, module: str, label: str, *, pin: str) -> None:
        if not module or not label or not pin:
            raise KeyUnavailable(
                "key-custody", "the custody pkcs11 needs PKCS11_MODULE, PKCS11_TOKEN and PKCS11_PIN"
            )
        if importlib.util.find_spec("pkcs11") is None:
            raise KeyUnavailable(
                "key-custody", "the custody pkcs11 needs: pip install 'opencairn-server[hsm]'"
            )
        self._module, self._label, self._pin = module, label, pin
        self._lock = threading.Lock()
        self._session: Any = None

    def __repr__(self) -> str:
        return f"Token({self._label})"

    def make(self, making: Making) -> Made:
        name = f"cairn {making.organisation} {making.fragment}"
        # The module finds it by this; two keys of one name would be one too many.
        key_id = secrets.token_bytes(ID_BYTES)
        public = self._with_session(lambda session: _generate(session, making.algorithm, key_id, name))
        return Made(public.multikey(), key_id)

    def open(self, key: SigningKey) -> TokenKey:
        key_id, algorithm = bytes(key.sealed), Algorithm(key.algorithm)
        found = self._with_session(lambda session: _public_half(session, key_id, algorithm))
        if found is None:
            raise KeyUnavailable("key-sealed", f"the token {self._label} has no key of {key}")
        if found.multikey() != key.multikey:
            raise KeyUnavailable("key-mismatch", f"the key in the token is not the one that {key} names")
        return TokenKey(self, key_id, found)

    def destroy(self, key: SigningKey) -> None:
        key_id = bytes(key.sealed)
        self._with_session(lambda session: _destroy(session, key_id))

    def sign_many(self, key_id: bytes, algorithm: Algorithm, inputs: list[bytes]) -> list[bytes]:
        def work(session: Any) -> list[bytes] | None:
            return _sign(session, key_id, algorithm, inputs)

        signatures = self._with_session(work)
        if signatures is None:
            # A token that was away and is back shows an old session nothing.
            with self._lock:
                self._close()
            signatures = self._with_session(work)
        if signatures is None:
            raise KeyUnavailable("key-sealed", f"the token {self._label} has this key no longer")
        return signatures

    def _with_session(self, work: Callable[[Any], Any]) -> Any:
        """Run it in the session, which is opened when there is none. After trouble the next call opens
        anew."""
        import pkcs11

        with self._lock:
            try:
                if self._session is None:
                    self._session = self._find().open(rw=True, user_pin=self._pin)
                return work(self._session)
            except (pkcs11.exceptions.PKCS11Error, RuntimeError) as error:
                # Removed, locked, too busy, out of memory: whatever it is, this order came to nothing.
                self._close()
                raise SignerUnavailable(
                    f"the token {self._label} does not sign: {type(error).__name__} {error}".rstrip()
                ) from error

    def _find(self) -> Any:
        import pkcs11

        module = pkcs11.lib(self._module)
        try:
            return module.get_token(token_label=self._label)
        except pkcs11.exceptions.NoSuchToken:
            # A module knows the tokens that were there when it began; this one may have come since.
            module.reinitialize()
            return module.get_token(token_label=self._label)

    def _close(self) -> None:
        import pkcs11

        session, self._session = self._session, None
        if session is not None:
            with suppress(pkcs11.exceptions.PKCS11Error):
                session.close()
        # A module that lost its token goes on believing what it read of it; it has to look again.
        with suppress(pkcs11.exceptions.PKCS11Error, RuntimeError):
            pkcs11.lib(self._module).reinitialize()


class TokenKey:
    """A ``Signer`` whose private half stays in the token."""

    def __init__(self, token: Token, key_id: bytes, public_key: PublicKey) -> None:
        self._token, self._key_id, self._public_key = token, key_id, public_key

    @property
    def public_key(self) -> PublicKey:
        return self._public_key

    @property
    def algorithm(self) -> Algorithm:
        return self._public_key.algorithm

    def sign(self, data: bytes) -> bytes:
        return self.sign_many([data])[0]

    def sign_many(self, inputs: list[bytes]) -> list[bytes]:
        return self._token.sign_many(self._key_id, self.algorithm, inputs)


def _generate(session: Any, algorithm: Algorithm, key_id: bytes, name: str) -> PublicKey:
    from pkcs11 import Attribute, KeyType, Mechanism
    from pkcs11.util.ec import encode_named_curve_parameters

    kinds = {
        Algorithm.ED25519: (KeyType.EC_EDWARDS, ED25519, Mechanism.EC_EDWARDS_KEY_PAIR_GEN),
        Algorithm.P256: (KeyType.EC, "secp256r1", Mechanism.EC_KEY_PAIR_GEN),
    }
    kind, curve, mechanism = kinds[algorithm]
    parameters = session.create_domain_parameters(
        kind, {Attribute.EC_PARAMS: encode_named_curve_parameters(curve)}, local=True
    )
    public, _private = parameters.generate_keypair(
        id=key_id,
        label=name,
        store=True,
        mechanism=mechanism,
        private_template={Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False},
    )
    return _read_public(public, algorithm)


def _public_half(session: Any, key_id: bytes, algorithm: Algorithm) -> PublicKey | None:
    from pkcs11 import Attribute, ObjectClass

    found = _found(session, {Attribute.CLASS: ObjectClass.PUBLIC_KEY, Attribute.ID: key_id})
    return _read_public(found[0], algorithm) if found else None


def _found(session: Any, wanted: dict[Any, Any]) -> list[Any]:
    """All of them: a search that is not read to its end keeps the session from doing anything else."""
    return list(session.get_objects(wanted))


def _read_public(key: Any, algorithm: Algorithm) -> PublicKey:
    from pkcs11 import Attribute

    point = bytes(key[Attribute.EC_POINT])
    try:
        if algorithm is Algorithm.ED25519:
            return PublicKey(algorithm, point[-32:])
        # An OCTET STRING of 65 bytes: its two bytes of tag and length, and the uncompressed point.
        whole = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point[-65:])
        encoding, form = serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint
        return PublicKey(algorithm, whole.public_bytes(encoding, form))
    except (ValueError, CairnError) as error:
        raise KeyUnavailable("key-mismatch", "the token has a key of another kind under this name") from error


def _sign(session: Any, key_id: bytes, algorithm: Algorithm, inputs: list[bytes]) -> list[bytes] | None:
    from pkcs11 import Attribute, Mechanism, ObjectClass

    found = _found(session, {Attribute.CLASS: ObjectClass.PRIVATE_KEY, Attribute.ID: key_id})
    if not found:
        return None
    private = found[0]
    if algorithm is Algorithm.ED25519:
        return [bytes(private.sign(each, mechanism=Mechanism.EDDSA)) for each in inputs]
    return [bytes(private.sign(sha256(each).digest(), mechanism=Mechanism.ECDSA)) for each in inputs]


def _destroy(session: Any, key_id: bytes) -> None:
    from pkcs11 import Attribute

    for found in _found(session, {Attribute.ID: key_id}):
        found.destroy()
