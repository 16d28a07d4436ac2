# SPDX-License-Identifier: Apache-2.0
"""Which badges are plain: those of a shape that says so."""

import json

import pytest

from cairn import gather, judge, plain, read
from cairn.canonical import to_json
from cairn.canonical.shapes import Shapes
from cairn.proof import familiar, sign_jwt
from cairn.testing import NOON, FixedSources, demo_key, key_method, sample_credential, signed_sample

KEY = demo_key()


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    monkeypatch.setattr(familiar, "SHAPES", Shapes(patience=0))


def after(data):
    """Whether it is plain when its shape is known."""
    glance = familiar.SHAPES.glance(read(data).unverified_document)
    for _ in range(2):
        glance.accepted()
    return plain.is_plain(read(data))


def document():
    return sample_credential().to_document()


def test_an_embedded_badge_and_a_token_are_plain():
    assert after(signed_sample())
    assert after(sign_jwt(document(), KEY, verification_method=key_method(KEY.public_key)).encode())


def test_a_badge_of_an_unknown_shape_is_not():
    assert not plain.is_plain(read(signed_sample()))


@pytest.mark.parametrize(
    "change",
    [
        {"endorsementJwt": ["a.b.c"]},
        {"endorsement": [{"type": ["VerifiableCredential", "EndorsementCredential"], "issuer": "urn:x"}]},
        {"evidence": [{"type": ["Evidence"], "id": "https://x.example/e", "digestSRI": "sha384-x"}]},
        {"relatedResource": [{"id": "https://x.example/r", "digestMultibase": "zx"}]},
        {"type": ["VerifiableCredential"]},
        {"proof": [{"type": "DataIntegrityProof"}]},
        {"proof": {"type": "JwtProof2020", "jwt": "a.b.c"}},
        {"proof": {"type": "MerkleProof2019", "proofValue": "z"}},
    ],
)
def test_what_has_more_to_be_asked_about_is_not(change):
    assert not after(to_json({**json.loads(signed_sample()), **change}))


def test_an_unsigned_badge_is_not():
    assert not after(to_json(document()))


def test_nothing_but_the_lists_is_asked_for_a_plain_badge_of_a_key():
    sources = FixedSources()
    for _ in range(3):
        judge(gather(read(signed_sample()), sources, at=NOON), at=NOON)

    assert sources.asked == []
