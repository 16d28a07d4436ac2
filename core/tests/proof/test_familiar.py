# SPDX-License-Identifier: Apache-2.0
"""The short way accepts or asks; only the full path refuses."""

from dataclasses import replace
from datetime import timedelta

import pytest

from cairn import PrivateKey, Verifier, read, sign
from cairn.canonical import parse_json, shapes, to_json
from cairn.canonical.shapes import Shapes
from cairn.credential import issuer_id
from cairn.did import document_for
from cairn.keys import Algorithm, multibase_encode
from cairn.proof import Outcome, data_integrity, familiar
from cairn.testing import NOON, FixedSources, demo_key, key_method, sample_credential, signed_sample


@pytest.fixture(autouse=True)
def fresh_shapes(monkeypatch):
    monkeypatch.setattr(familiar, "SHAPES", Shapes(patience=0))


@pytest.fixture
def full_looks(monkeypatch):
    """How often the full path was asked."""
    asked = []
    in_full = data_integrity.rdf_canonical
    monkeypatch.setattr(
        data_integrity, "rdf_canonical", lambda *args, **named: asked.append(1) or in_full(*args, **named)
    )
    return asked


def examine(data):
    return Verifier(FixedSources()).examine(data, at=NOON)


def sample(number):
    return signed_sample(sample_credential(id=f"urn:uuid:8d4a2f3e-6a0b-4b57-9f0e-{number:012d}"))


def test_the_third_badge_of_a_shape_is_checked_the_short_way(full_looks):
    data = [sample(number) for number in range(4)]
    full_looks.clear()
    for each in data:
        assert examine(each).accepted

    # Document and options, for the first two only.
    assert len(full_looks) == 4


def test_a_forgery_of_a_known_shape_is_refused_by_the_full_path(full_looks):
    for number in range(6):
        examine(sample(number))
    forged = sample(7).replace(b"Harbour School", b"Harbour Schoo1")
    full_looks.clear()

    report = examine(forged)

    assert report.finding("signature").code == "signature-mismatch"
    assert report.document is None
    assert len(full_looks) == 2


def test_a_wrong_digest_of_the_short_way_costs_time_and_nothing_else(monkeypatch):
    for number in range(3):
        examine(sample(number))
    monkeypatch.setattr(shapes._Plans, "digests", lambda plans, values: (bytes(32), bytes(32)))

    assert examine(sample(9)).accepted


def test_forgeries_teach_nothing(monkeypatch):
    forged = [sample(number).replace(b"Harbour School", b"Harbour Schoo1") for number in range(4)]
    monkeypatch.setattr(familiar, "SHAPES", Shapes(patience=0))  # signing has taught as well
    for each in forged:
        examine(each)

    assert len(familiar.SHAPES) == 0


def test_every_member_of_the_proof_counts_when_its_shape_is_known_b69_b70():
    for number in range(6):
        examine(sample(number))
    document = parse_json(sample(7))
    for name, value in document["proof"].items():
        if isinstance(value, str):
            forged = {**document, "proof": {**document["proof"], name: value[:-1] + chr(ord(value[-1]) ^ 1)}}
            assert not examine(to_json(forged)).accepted, name
        assert not examine(to_json({**document, "proof": {**document["proof"], name: [value]}})).accepted, (
            name
        )
    moved = {**document, "proof": parse_json(sample(8))["proof"]}
    assert not examine(to_json(moved)).accepted


def check(data, *, at=NOON, method=None):
    """The short way alone, which says that a proof holds or nothing."""
    glance = read(data).glance
    found = document_for(issuer_id(glance.document)).methods[0] if method is None else method
    return familiar.check(glance, lambda _: found, at=at)


@pytest.fixture
def known():
    for number in range(6):
        examine(sample(number))
    return parse_json(sample(7))


def with_proof(document, **changes):
    return to_json({**document, "proof": {**document["proof"], **changes}})


def test_the_short_way_says_what_the_full_path_says(known):
    answer = check(to_json(known))

    method = document_for(issuer_id(known)).methods[0]
    assert answer == data_integrity.check(known, lambda _: method, at=NOON)
    assert answer.outcome is Outcome.PASSED


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "Ed25519Signature2020"},
        {"cryptosuite": "ecdsa-rdfc-2019"},
        {"proofPurpose": "authentication"},
        {"created": "2026-11-23T12:00:00"},
        {"created": "2026-11-23T12:02:00Z"},
        {"created": 7},
        {"verificationMethod": "a b"},
        {"proofValue": "z1"},
        {"proofValue": "u" + 86 * "A"},
        {"proofValue": "x"},
        {"proofValue": ""},
        {"proofValue": None},
        {"expires": "2031-01-01T00:00:00Z"},
        {"id": "urn:x:1"},
        {"previousProof": "urn:x:1"},
        {"domain": "x"},
        {"@context": ["https://www.w3.org/ns/credentials/v2"]},
    ],
)
def test_any_other_proof_is_left_to_the_full_path_b69_b70(known, changes):
    for _ in range(3):
        familiar.SHAPES.glance(parse_json(with_proof(known, **changes))).accepted()

    assert check(with_proof(known, **changes)) is None


def test_a_key_out_of_use_or_of_another_kind_is_left_to_the_full_path_s2(known):
    method = document_for(issuer_id(known)).methods[0]
    other = PrivateKey.generate(Algorithm.P256).public_key

    assert check(to_json(known), method=method) is not None
    for wrong in (
        replace(method, revoked=NOON),
        replace(method, expires=NOON - timedelta(days=1)),
        replace(method, public_key=other),
        replace(method, public_key=demo_key("other").public_key),
    ):
        assert check(to_json(known), method=wrong) is None


def test_jcs_proofs_have_to_have_signed_the_documents_own_contexts_b73():
    def jcs(number):
        made = sample_credential(id=f"urn:uuid:8d4a2f3e-6a0b-4b57-9f0e-{number:012d}").to_document()
        how = {"verification_method": key_method(demo_key().public_key), "at": NOON}
        return sign(made, demo_key(), cryptosuite="eddsa-jcs-2022", **how)

    for number in range(4):
        examine(jcs(number))
    document = parse_json(jcs(7))

    assert check(to_json(document)).outcome is Outcome.PASSED
    fewer = with_proof(document, **{"@context": document["@context"][:1]})
    for _ in range(3):
        familiar.SHAPES.glance(parse_json(fewer)).accepted()
    assert check(fewer) is None


def test_jcs_documents_that_a_dump_does_not_spell_are_left_to_the_full_path():
    made = sample_credential().to_document()
    made["credentialSubject"]["achievement"]["creditsAvailable"] = 1e-7
    how = {"verification_method": key_method(demo_key().public_key), "at": NOON}
    data = sign(made, demo_key(), cryptosuite="eddsa-jcs-2022", **how)
    for _ in range(3):
        assert examine(data).accepted

    assert check(data) is None


def truly_signed(number, *, key=None, **changes):
    """A proof whose signature holds, whatever else is wrong with it."""
    key = key or demo_key()
    document = parse_json(sample(number))
    unsecured = {name: value for name, value in document.items() if name != "proof"}
    configuration = {**document["proof"], **changes}
    del configuration["proofValue"]
    signature = key.sign(data_integrity.hash_input(unsecured, configuration))
    return to_json({**unsecured, "proof": {**configuration, "proofValue": multibase_encode(signature)}})


CONTEXTS = parse_json(signed_sample())["@context"]
OVER_JCS = {"cryptosuite": "eddsa-jcs-2022", "@context": CONTEXTS}


@pytest.mark.parametrize(
    ("changes", "is_held"),
    [
        ({}, True),
        (OVER_JCS, True),
        ({"proofPurpose": "authentication"}, False),
        ({"domain": "x.example"}, False),
        ({"created": "2026-11-23T12:02:00Z"}, False),
        ({**OVER_JCS, "@context": CONTEXTS[:1]}, False),
        ({**OVER_JCS, "verificationMethod": "a b"}, False),
        ({"key": PrivateKey(Algorithm.P256, bytes(range(32)))}, False),
    ],
)
def test_a_good_signature_alone_is_not_enough_b64_b67(changes, is_held):
    method = document_for(issuer_id(parse_json(sample(1)))).methods[0]
    if "key" in changes:
        method = replace(method, public_key=changes["key"].public_key)
    for number in range(3):
        familiar.SHAPES.glance(parse_json(truly_signed(number, **changes))).accepted()

    answer = check(truly_signed(7, **changes), method=method)

    assert (answer is not None) is is_held
