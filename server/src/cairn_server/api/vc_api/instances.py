# SPDX-License-Identifier: Apache-2.0
"""The issuers: one for each securing mechanism and curve, with a key that signs for nobody else.

The keys are derived from the secret of this installation, so that an instance has the same did:key at every
start, two installations never share one, and no key of an organisation is touched.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from functools import cache
from hashlib import sha512
from typing import Final

from django.conf import settings

from cairn.did import did_key
from cairn.keys import Algorithm, PrivateKey
from cairn.keys.algorithms import CURVES
from cairn.proof import data_integrity

JOSE: Final = "jose"
STATUS: Final = "status"

CURVES_BY_NAME: Final = {"p256": Algorithm.P256, "p384": Algorithm.P384}


@dataclass(frozen=True, slots=True)
class Instance:
    """One issuer. ``name`` is its address below ``/vc-api/``, ``cryptosuite`` is None for tokens."""

    name: str
    algorithm: Algorithm
    cryptosuite: str | None
    tags: tuple[str, ...]

    @property
    def key(self) -> PrivateKey:
        return _key(self.name, self.algorithm, settings.SECRET_KEY)

    @property
    def did(self) -> str:
        return did_key(self.key.public_key)

    @property
    def verification_method(self) -> str:
        return f"{self.did}#{self.key.public_key.multikey()}"


def _embedded(suite: str, algorithm: Algorithm, *more: str, curve: str = "") -> Instance:
    return Instance(f"{suite}/{curve}".rstrip("/"), algorithm, suite, (suite, *more))


INSTANCES: Final = (
    _embedded(data_integrity.RDFC, Algorithm.ED25519, "vc2.0"),
    _embedded(data_integrity.JCS, Algorithm.ED25519),
    *(
        _embedded(suite, algorithm, curve=curve)
        for suite in (data_integrity.ECDSA_RDFC, data_integrity.ECDSA_JCS)
        for curve, algorithm in CURVES_BY_NAME.items()
    ),
    _embedded(data_integrity.ECDSA_SD, Algorithm.P256),
    Instance(JOSE, Algorithm.P256, None, ("EnvelopingProof",)),
    Instance(STATUS, Algorithm.ED25519, data_integrity.RDFC, ("BitstringStatusList",)),
)
_BY_NAME: Final = {instance.name: instance for instance in INSTANCES}
# The curve may be left out where it is P-256, and named where it can be no other.
_ALSO: Final = {
    data_integrity.ECDSA_RDFC: f"{data_integrity.ECDSA_RDFC}/p256",
    data_integrity.ECDSA_JCS: f"{data_integrity.ECDSA_JCS}/p256",
    f"{data_integrity.ECDSA_SD}/p256": data_integrity.ECDSA_SD,
}


def find(name: str) -> Instance | None:
    """The instance at this address."""
    return _BY_NAME.get(_ALSO.get(name, name))


@cache
def _key(name: str, algorithm: Algorithm, secret: str) -> PrivateKey:
    seed = hmac.digest(secret.encode(), f"cairn vc-api: {name}".encode(), sha512)
    if algorithm is Algorithm.ED25519:
        return PrivateKey.from_seed(seed[:32])
    curve = CURVES[algorithm]
    # 512 bits reduced to a scalar: no bias that anybody could find (FIPS 186-5 §A.2.1).
    scalar = int.from_bytes(seed, "big") % (curve.order - 1) + 1
    return PrivateKey.from_bytes(algorithm, scalar.to_bytes(curve.size, "big"))
