# SPDX-License-Identifier: Apache-2.0
"""The short way accepts or asks; only the full path refuses."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from cairn import PrivateKey, Verifier, read, sign
from cairn.canonical import glance, jcs, parse_json, to_json
from cairn.canonical.shapes import Shapes
from cairn.credential import issuer_id
from cairn.did import did_key, document_for
from cairn.errors import MalformedError
from cairn.keys import Algorithm, multibase_decode, multibase_encode
from cairn.proof import Outcome, data_integrity, familiar, fitness, jose, jws
from cairn.testing import NOON, FixedSources, demo_key, key_method, sample_credential, signed_sample

DEEP = json.loads("[" * 32 + "]" * 32)


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


def unsigned(number, **changes):
    document = sample_credential(id=f"urn:uuid:8d4a2f3e-6a0b-4b57-9f0e-{number:012d}").to_document()
    return {**document, **changes}


def counted(function, calls):
    def count(*args, **named):
        calls.append(1)
        return function(*args, **named)

    return count


def key_method_of(url):
    listed = document_for(url.partition("#")[0])
    return next(method for method in listed.methods if method.id == url)


def test_the_third_badge_of_a_shape_is_checked_the_short_way(full_looks):
    data = [sample(number) for number in range(4)]
    full_looks.clear()
    for each in data:
        assert examine(each).accepted

    # Document and options, for the first two only.
    assert len(full_looks) == 4


KEY, METHOD = demo_key(), key_method(demo_key().public_key)
BLOCKCERTS = "https://w3id.org/blockcerts/v2"  # where `schema:` is a prefix, and the others have no such term


def test_strangers_cannot_teach_what_an_iri_means_b11_b75():
    """An id that its issuer's contexts leave alone, and the copies' contexts do not."""
    evidence = [{"id": "schema:abc", "type": ["Evidence"], "name": "A knot"}]
    honest = json.loads(sign(unsigned(1, evidence=evidence), KEY, verification_method=METHOD, at=NOON))
    contexts = [*honest["@context"], BLOCKCERTS]
    forged = to_json({**honest, "@context": contexts})
    for number in range(8):
        stranger = PrivateKey.from_seed(bytes([number]) * 32)
        did = did_key(stranger.public_key)
        copy = unsigned(number + 2, evidence=evidence, **{"@context": contexts})
        copy["issuer"] = {**copy["issuer"], "id": did}
        signed = sign(copy, stranger, verification_method=key_method(stranger.public_key), at=NOON)
        assert examine(signed).accepted
        assert examine(forged).finding("signature").code == "signature-mismatch"

    assert examine(to_json(honest)).accepted


@pytest.mark.parametrize("suite", ["eddsa-rdfc-2022", "eddsa-jcs-2022"])
def test_a_signature_is_spelled_in_one_way(suite):
    signed = [
        sign(unsigned(at), KEY, verification_method=METHOD, at=NOON, cryptosuite=suite) for at in range(6)
    ]
    for each in signed:
        assert examine(each).accepted
    document = json.loads(signed[3])
    proof = document["proof"]
    proof["proofValue"] = multibase_encode(multibase_decode(proof["proofValue"]), "u")

    assert examine(to_json(document)).finding("signature").code == "proof-value"


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
    monkeypatch.setattr(glance.Plans, "digests", lambda plans, values, written: (bytes(32), bytes(32)))

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


def spelled_token(payload):
    header = jws.base64url_encode(b'{"alg":"EdDSA"}')
    return f"{header}.{jws.base64url_encode(payload)}.AAAA"


def told(read_it, text):
    try:
        token = read_it(text)
    except MalformedError as error:
        return error.code, error.message
    return token if isinstance(token, jose.Token) else token[0]


def claims_first(document, claims):
    return (b"{" + claims + b"," if claims else b"{") + to_json(document)[1:]


@pytest.mark.parametrize(
    "claims",
    [
        b"",
        b'"iss":"did:example:a","iat":1700000000',
        b'"iss":"a","iss":"b"',
        b'"iss":"a","\\u0069ss":"b"',
        b'"sub":"\\u0000"',
        b'"sub":"\\ud800"',
        b'"aud":9007199254740993',
        b'"aud":-1',
        b'"aud":1.50',
        b'"aud":1e999',
        b'"iat":"soon"',
        b'"cnf":' + b'{"a":' * 33 + b"1" + b"}" * 33,
        b'"vc":{}',
        b'"iss" : "a"',
        b'"iss":"a",',
    ],
)
def test_a_token_of_a_known_shape_is_read_as_strictly_as_any(claims, monkeypatch):
    for number in range(3):
        familiar.SHAPES.glance(unsigned(number)).accepted()
    assert familiar.SHAPES.glance(unsigned(7)).is_strict
    text = spelled_token(claims_first(unsigned(8), claims))

    assert told(familiar.read_token, text) == told(jose.split, text)


@pytest.mark.parametrize("name", ["\0", "nothing strange"])
def test_a_token_whose_words_are_strange_is_read_as_strictly_as_any(name):
    for number in range(3):
        familiar.SHAPES.glance(unsigned(number)).accepted()
    text = spelled_token(to_json({**unsigned(8), "name": name}))

    assert told(familiar.read_token, text) == told(jose.split, text)


@pytest.mark.parametrize("depth", [30, 31])
def test_a_credential_in_a_claim_is_as_deep_as_the_claim_makes_it(depth):
    deep = 1
    for _ in range(depth):
        deep = [deep]
    for number in range(3):
        familiar.SHAPES.glance(unsigned(number, deep=deep)).accepted()
    assert familiar.SHAPES.glance(unsigned(8, deep=deep)).is_strict
    text = spelled_token(to_json({"vc": unsigned(8, deep=deep)}))

    assert told(familiar.read_token, text) == told(jose.split, text)
    contexts = ["https://www.w3.org/2018/credentials/v1"]
    shown = {"@context": contexts, "type": ["VerifiablePresentation"], "deep": deep}
    for _ in range(3):
        familiar.SHAPES.glance(shown).accepted()
    assert familiar.SHAPES.glance(shown).is_strict
    text = spelled_token(to_json({"vp": shown}))

    assert told(familiar.read_token, text) == told(jose.split, text)


@pytest.mark.parametrize("claims", [b"", b'"iss":"did:example:a","nbf":0', b'"aud":9007199254740991'])
def test_a_token_of_a_known_shape_is_parsed_once(claims, monkeypatch):
    for number in range(3):
        familiar.SHAPES.glance(unsigned(number)).accepted()
    monkeypatch.setattr(familiar, "parse_json", None)
    monkeypatch.setattr(familiar.jose, "split", counted(familiar.jose.split, calls := []))

    familiar.read_token(spelled_token(claims_first(unsigned(8), claims)))
    assert len(calls) == 1


def test_the_short_way_is_tried_once_for_each_look(known):
    glance = familiar.SHAPES.read(forged := sample(9).replace(b"Harbour School", b"Harbour Schoo1"))
    asked = []

    def resolve(url):
        asked.append(url)
        return key_method_of(url)

    assert familiar.check(glance, resolve, at=NOON) is None
    assert familiar.check(glance, resolve, at=NOON) is None
    assert len(asked) == 1
    assert not examine(forged).accepted


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"name": 'Zoë \u2028 \\ " 😀'},
        {"name": "two\nlines"},
        {"name": ""},
        {"validUntil": "2031-01-01T00:00:00Z"},
    ],
)
@pytest.mark.parametrize("algorithm", [Algorithm.ED25519, Algorithm.P384])
def test_a_known_shape_is_signed_with_jcs_as_any_other(changes, algorithm):
    suite = "eddsa-jcs-2022" if algorithm is Algorithm.ED25519 else "ecdsa-jcs-2019"
    key = demo_key() if algorithm is Algorithm.ED25519 else PrivateKey.generate(algorithm)
    signs = {"verification_method": "did:example:a#key", "cryptosuite": suite}
    for number in range(4):
        sign(unsigned(number, **changes), key, at=NOON, **signs)
    document = unsigned(9, **changes)

    short = parse_json(sign(document, key, at=NOON, **signs))
    assert fitness.refuse_unfit(document).canonical_json == (
        jcs(document) if '"' not in str(changes) else None
    )
    long = data_integrity.sign(document, key, created=NOON, **signs)
    if algorithm is Algorithm.ED25519:  # ECDSA is not deterministic
        assert short == long
    options = {name: value for name, value in short["proof"].items() if name != "proofValue"}
    digest = "sha256" if algorithm is Algorithm.ED25519 else "sha384"
    signed = data_integrity.hash_input(document, options, digest=digest)
    assert key.public_key.verify(signed, multibase_decode(short["proof"]["proofValue"]))


def test_what_is_no_plain_json_is_signed_the_long_way():
    for number in range(4):
        fitness.refuse_unfit(unsigned(number))

    assert fitness.refuse_unfit(unsigned(5)).canonical_json is not None
    assert fitness.refuse_unfit(unsigned(5, name='Knots "and" so on')).canonical_json is None


@pytest.mark.parametrize(
    "more", [{"score": 1e-7}, {"score": 4.0}, {"Zoë": 1}, {"score": 2**53}, {"deep": [DEEP]}]
)
def test_what_a_dump_does_not_spell_or_no_reader_takes_has_no_canonical_json_by_shape(more):
    for number in range(4):
        glance = familiar.SHAPES.glance(unsigned(number, **more))
        glance.accepted()

    assert glance.shape is not None
    assert glance.canonical_json is None
