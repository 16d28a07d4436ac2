# SPDX-License-Identifier: Apache-2.0
"""A credential and a presentation such as suites send, and how to sign them."""

import pytest

from cairn.canonical import SuiteContexts
from cairn.conformance import W3C_TEST_SUITE
from cairn.conformance.issuing import issue
from cairn.proof import data_integrity
from cairn.testing import NOON, demo_key, key_method

V2 = "https://www.w3.org/ns/credentials/v2"
ISSUER = "did:example:issuer"  # owns none of our keys: the suites' positive inputs are like that (N1)


@pytest.fixture
def credential():
    """The smallest one, by an issuer who does not own the key that will sign it."""
    return {
        "@context": [V2],
        "type": ["VerifiableCredential"],
        "issuer": ISSUER,
        "credentialSubject": {"id": "did:example:subject"},
    }


@pytest.fixture
def presentation():
    return {"@context": [V2], "type": ["VerifiablePresentation"]}


@pytest.fixture
def signed():
    """Signs a credential with a demo key."""

    def sign(document, cryptosuite=data_integrity.RDFC, name="issuer"):
        key = demo_key(name)
        return issue(
            document,
            key,
            verification_method=key_method(key.public_key),
            at=NOON,
            cryptosuite=cryptosuite,
            policy=W3C_TEST_SUITE,
        )

    return sign


@pytest.fixture
def presented():
    """Signs a presentation as its holder would, or for whatever purpose."""

    def sign(document, name="holder", purpose=data_integrity.PRESENTING, **asked):
        key = demo_key(name)
        return data_integrity.sign(
            document,
            key,
            verification_method=key_method(key.public_key),
            created=NOON,
            contexts=SuiteContexts(),
            purpose=purpose,
            **asked,
        )

    return sign
