# SPDX-License-Identifier: Apache-2.0
"""One conformance test for every place that keeps keys."""

from __future__ import annotations

import pytest

from cairn.keys import Algorithm, PrivateKey
from cairn_server.organisations.keys import KeyUnavailable
from cairn_server.organisations.models import SigningKey

KINDS = [Algorithm.ED25519, Algorithm.P256]


@pytest.fixture
def name(custody):
    return {"KeyStore": "sealed", "Token": "pkcs11", "RemoteKeys": "remote"}[type(custody()).__name__]


@pytest.fixture(params=KINDS, ids=str)
def key(request, custody, name, keep):
    return keep(custody(), name, request.param)


def test_a_made_key_signs_for_its_public_key(custody, key):
    signer = custody().open(key)

    signature = signer.sign(b"a hash input")

    assert signer.public_key.multikey() == key.multikey
    assert signer.algorithm.value == key.algorithm
    assert len(signature) == 64
    assert key.public_key.verify(b"a hash input", signature)
    assert not key.public_key.verify(b"another one", signature)


def test_many_are_signed_in_their_order(custody, key):
    inputs = [number.to_bytes(64, "big") for number in range(257)]
    signer = custody().open(key)

    sign_many = getattr(signer, "sign_many", lambda many: [signer.sign(each) for each in many])
    signatures = sign_many(inputs)

    assert len(signatures) == 257
    assert all(map(key.public_key.verify, inputs, signatures))


def test_two_keys_are_two_keys(custody, name, keep, key):
    another = keep(custody(), name, Algorithm(key.algorithm))

    assert another.multikey != key.multikey
    assert not key.public_key.verify(b"x", custody().open(another).sign(b"x"))


def test_a_row_that_names_another_key_is_refused(custody, name, keep, key):
    """Signing under a public key that is not its own gives an Ed25519 key away (RUSTSEC-2022-0093)."""
    another = keep(custody(), name, Algorithm(key.algorithm))
    mixed = SigningKey.objects.get(pk=key.pk)
    mixed.sealed = another.sealed

    with pytest.raises(KeyUnavailable) as refused:
        custody().open(mixed)

    assert refused.value.code in ("key-mismatch", "key-sealed")


def test_a_row_with_a_foreign_public_key_is_refused(custody, key):
    key.multikey = PrivateKey.generate(Algorithm(key.algorithm)).public_key.multikey()

    with pytest.raises(KeyUnavailable):
        custody().open(key)


def test_a_row_that_points_nowhere_is_refused(custody, key):
    key.sealed = b"0123456789abcdef"

    with pytest.raises(KeyUnavailable) as refused:
        custody().open(key)

    assert refused.value.code == "key-sealed"


def test_a_destroyed_key_is_gone_and_stays_so(custody, key):
    custody().destroy(key)
    custody().destroy(key)
    key.sealed = b"" if key.custody == "sealed" else key.sealed

    with pytest.raises(KeyUnavailable):
        custody().open(key)


def test_no_custody_shows_what_it_holds(custody):
    shown = repr(custody())

    assert not any(secret in shown for secret in ("4711", "a token that", "0102"))
