# SPDX-License-Identifier: Apache-2.0
"""Embedded proofs: the W3C vectors byte for byte, and the ways in which a proof is none."""

import json
from datetime import timedelta
from hashlib import new as new_hash
from hashlib import sha256

import pytest

from cairn.canonical import CONFORMANCE, jcs, rdf_canonical
from cairn.credential import parse_datetime
from cairn.did import VerificationMethod, document_for
from cairn.errors import MalformedError, UnavailableError, UnsupportedError
from cairn.keys import Algorithm, PrivateKey, multibase_decode, multibase_encode
from cairn.proof import Outcome, data_integrity
from cairn.proof.data_integrity import ECDSA_JCS, ECDSA_RDFC, ECDSA_SD, ED25519_2020, JCS, RDFC
from cairn.testing import NOON, demo_key, key_method, sample_credential

KEY = demo_key()
METHOD = key_method(KEY.public_key)
OTHER = demo_key("other")
P256 = PrivateKey.from_bytes(Algorithm.P256, bytes(31) + b"\x07")
P384 = PrivateKey.from_bytes(Algorithm.P384, bytes(47) + b"\x07")


def resolve(wanted):
    """Keys of did:key only, which need no looking up."""
    controller = wanted.partition("#")[0]
    if not controller.startswith("did:key:"):
        raise UnavailableError("unreachable", "no")
    return document_for(controller).methods[0]


def signed(suite=RDFC, **arguments):
    return data_integrity.sign(
        sample_credential().to_document(),
        KEY,
        verification_method=METHOD,
        created=NOON,
        cryptosuite=suite,
        **arguments,
    )


def check(document, at=NOON, **arguments):
    return data_integrity.check(document, resolve, at=at, **arguments)


# --- the published vectors


@pytest.fixture
def vectors(shared_vectors):
    root = shared_vectors("w3c-vc-di-eddsa")

    def load(name):
        text = (root / name).read_text()
        return json.loads(text) if name.endswith(".json") else text.strip()

    return load


def vector_key(pair):
    return PrivateKey.from_seed(multibase_decode(pair["privateKeyMultibase"])[2:])


@pytest.mark.parametrize(("folder", "tail"), [(RDFC, "DataInt"), (JCS, "JCS")])
def test_every_step_of_the_w3c_vectors_is_met(vectors, folder, tail):
    unsigned = vectors("unsigned.json")
    configuration = vectors(f"{folder}/proofConfig{tail}.json")
    canonical = (lambda value: rdf_canonical(value, contexts=CONFORMANCE)) if folder == RDFC else jcs
    expected = vectors(f"{folder}/signed{tail}.json")

    assert canonical(unsigned).decode().strip() == vectors(f"{folder}/canonDoc{tail}.txt")
    assert canonical(configuration).decode().strip() == vectors(f"{folder}/proofCanon{tail}.txt")
    assert sha256(canonical(unsigned)).hexdigest() == vectors(f"{folder}/docHash{tail}.txt")
    signed = data_integrity.hash_input(unsigned, configuration, contexts=CONFORMANCE)
    assert signed.hex() == vectors(f"{folder}/combinedHash{tail}.txt")
    made = data_integrity.sign(
        unsigned,
        vector_key(vectors("keyPair.json")),
        verification_method=expected["proof"]["verificationMethod"],
        created=parse_datetime(expected["proof"]["created"]),
        cryptosuite=folder,
        contexts=CONFORMANCE,
    )
    assert made == expected
    assert multibase_decode(made["proof"]["proofValue"]).hex() == vectors(f"{folder}/sigHex{tail}.txt")


def test_the_employment_vector_hashes_to_its_signature(vectors):
    """Its context is not published with it, so the test begins at the canonical N-Quads."""
    hashes = [
        sha256(vectors(f"{RDFC}/employ/{name}.txt").encode() + b"\n").digest()
        for name in ("proofCanonDataInt", "canonDocDataInt")
    ]

    key = document_for(f"did:key:{vectors('keyPair.json')['publicKeyMultibase']}").methods[0].public_key
    assert b"".join(hashes).hex() == vectors(f"{RDFC}/employ/combinedHashDataInt.txt")
    assert key.verify(b"".join(hashes), bytes.fromhex(vectors(f"{RDFC}/employ/sigHexDataInt.txt")))


CURVES = [(suite, size) for suite in (ECDSA_RDFC, ECDSA_JCS) for size in ("256", "384")]


def curve_vectors(shared_vectors, suite, size):
    """The folder of an ECDSA vector and the end that the names of its files have."""
    root = shared_vectors("w3c-vc-di-ecdsa")
    tail = f"{'JCS' if suite == ECDSA_JCS else ''}ECDSAP{size}"

    def load(name):
        text = (root / name).read_text()
        return json.loads(text) if name.endswith(".json") else text.strip()

    def file(name, ending="txt"):
        return load(f"{suite}-p{size}/{name}{tail}.{ending}")

    pair = load(f"p{size}KeyPair.json")
    key = PrivateKey.from_bytes(Algorithm(f"P-{size}"), multibase_decode(pair["secretKeyMultibase"])[2:])
    return load("unsigned.json"), file, key


@pytest.mark.parametrize(("suite", "size"), CURVES)
def test_every_step_of_the_ecdsa_vectors_is_met(shared_vectors, suite, size):
    unsigned, file, key = curve_vectors(shared_vectors, suite, size)
    digest = f"sha{size}"
    configuration = file("proofConfig", "json")
    expected = file("signed", "json")

    def canonical(value):
        if suite == ECDSA_JCS:
            return jcs(value)
        return rdf_canonical(value, contexts=CONFORMANCE, algorithm=digest)

    assert canonical(unsigned).decode().strip() == file("canonDoc")
    assert canonical(configuration).decode().strip() == file("proofCanon")
    assert new_hash(digest, canonical(unsigned)).hexdigest() == file("docHash")
    assert new_hash(digest, canonical(configuration)).hexdigest() == file("proofHash")
    signed = data_integrity.hash_input(unsigned, configuration, digest=digest, contexts=CONFORMANCE)
    assert signed.hex() == file("combinedHash")
    made = data_integrity.sign(
        unsigned,
        key,
        verification_method=expected["proof"]["verificationMethod"],
        created=parse_datetime(expected["proof"]["created"]),
        cryptosuite=suite,
        contexts=CONFORMANCE,
    )
    assert made == expected
    assert multibase_decode(made["proof"]["proofValue"]).hex() == file("sigHex")


@pytest.mark.parametrize(("suite", "size"), CURVES)
def test_the_ecdsa_vectors_verify_and_fail_once_altered(shared_vectors, suite, size):
    _, file, _ = curve_vectors(shared_vectors, suite, size)
    document = file("signed", "json")

    assert check(document, contexts=CONFORMANCE).outcome is Outcome.PASSED
    document["credentialSubject"]["alumniOf"] = "Another school"
    assert check(document, contexts=CONFORMANCE).code == "signature-mismatch"


@pytest.mark.parametrize("size", ["256", "384"])
def test_the_employment_vectors_are_made_byte_for_byte(shared_vectors, size):
    """They have blank nodes, whose labels depend on the hash: SHA-384 inside RDFC-1.0 with P-384."""
    root = shared_vectors("w3c-vc-di-ecdsa")
    folder = root / f"ecdsa-rdfc-2019-p{size}" / "employ"
    expected = json.loads((folder / f"signedECDSAP{size}.json").read_text())
    unsigned = {name: value for name, value in expected.items() if name != "proof"}
    _, _, key = curve_vectors(shared_vectors, ECDSA_RDFC, size)

    canonical = rdf_canonical(unsigned, contexts=CONFORMANCE, algorithm=f"sha{size}").decode()
    made = data_integrity.sign(
        unsigned,
        key,
        verification_method=expected["proof"]["verificationMethod"],
        created=parse_datetime(expected["proof"]["created"]),
        cryptosuite=ECDSA_RDFC,
        contexts=CONFORMANCE,
    )

    assert canonical.strip() == (folder / f"canonDocECDSAP{size}.txt").read_text().strip()
    assert made == expected
    assert check(expected, contexts=CONFORMANCE).outcome is Outcome.PASSED


def test_every_step_of_the_ed25519signature2020_vector_is_met(vectors):
    expected = vectors(f"{ED25519_2020}/signedEdSig.json")
    unsigned = {name: value for name, value in expected.items() if name != "proof"}
    configuration = vectors(f"{ED25519_2020}/proofConfigEdSig.json")

    def canonical(value):
        return rdf_canonical(value, contexts=CONFORMANCE)

    assert canonical(unsigned).decode().strip() == vectors(f"{ED25519_2020}/canonDocEdSig.txt")
    assert canonical(configuration).decode().strip() == vectors(f"{ED25519_2020}/proofCanonEdSig.txt")
    signed = data_integrity.hash_input(unsigned, configuration, contexts=CONFORMANCE)
    assert signed.hex() == vectors(f"{ED25519_2020}/combinedHashEdSig.txt")
    signature = vector_key(vectors("keyPair.json")).sign(signed)
    assert signature.hex() == vectors(f"{ED25519_2020}/sigHexEdSig.txt")
    answer = check(expected, contexts=CONFORMANCE)
    assert (answer.outcome, answer.details["note"]) == (Outcome.PASSED, "old-suite")
    expected["credentialSubject"]["alumniOf"] = "Another school"
    assert check(expected, contexts=CONFORMANCE).code == "signature-mismatch"


@pytest.mark.parametrize(
    "name", ["signedProofSet1", "signedProofSet2", "signedProofChain1", "signedProofChain2"]
)
def test_proof_sets_and_chains_of_the_w3c_verify(vectors, name):
    document = vectors(f"proof-set-chain/{name}.json")

    answer = check(document, contexts=CONFORMANCE)

    proofs = document["proof"] if isinstance(document["proof"], list) else [document["proof"]]
    assert answer.outcome is Outcome.PASSED
    assert len(answer.methods) == len(proofs)
    assert "proof" not in answer.document


def test_the_w3c_proof_chain_is_made_byte_for_byte(vectors):
    pairs = vectors("proof-set-chain/multiKeyPairs.json")
    expected = vectors("proof-set-chain/signedProofChain2.json")
    document = vectors("proof-set-chain/unsigned.json")
    for number, proof in enumerate(expected["proof"], start=1):
        previous = proof.get("previousProof", [])
        document = data_integrity.sign(
            document,
            vector_key(pairs[f"keyPair{number}"]),
            verification_method=proof["verificationMethod"],
            created=parse_datetime(proof["created"]),
            proof_id=proof.get("id"),
            previous_proofs=[previous] if isinstance(previous, str) else previous,
            contexts=CONFORMANCE,
        )

    assert document == expected


@pytest.mark.parametrize("position", range(4))
def test_no_link_of_a_chain_may_be_missing_or_altered_n12(vectors, position):
    document = vectors("proof-set-chain/signedProofChain2.json")
    document["proof"][position]["created"] = "2023-02-24T23:36:39Z"
    assert check(document, contexts=CONFORMANCE).outcome is Outcome.FAILED

    document = vectors("proof-set-chain/signedProofChain2.json")
    del document["proof"][position]
    # Nothing leans on the last one; without it the others still say what they said.
    expected = Outcome.PASSED if position == 3 else Outcome.FAILED
    assert check(document, contexts=CONFORMANCE).outcome is expected


def test_the_example_context_is_known_to_no_verdict(vectors):
    """Under it every unknown word means something, so swapped values could be one document (B25)."""
    assert check(vectors(f"{RDFC}/signedDataInt.json")).code == "unknown-context"


def test_the_signing_vector_of_open_badges_is_made_byte_for_byte(shared_vectors):
    root = shared_vectors("1edtech-ob3-spec") / "test-vectors" / "obv3p0"
    vector = json.loads((root / "vector.json").read_text())
    expected = json.loads((root / "signed.json").read_text())
    key = PrivateKey.from_seed(bytes.fromhex(vector["privateKeyHex"])[:32])
    unsigned = {name: value for name, value in expected.items() if name != "proof"}

    made = data_integrity.sign(
        unsigned,
        key,
        verification_method=expected["proof"]["verificationMethod"],
        created=parse_datetime(expected["proof"]["created"]),
    )

    assert made == expected
    url = expected["proof"]["verificationMethod"]
    method = VerificationMethod(url, url.partition("#")[0], key.public_key)
    assert data_integrity.check(expected, lambda _: method, at=NOON).outcome is Outcome.PASSED


# --- one proof


@pytest.mark.parametrize("suite", [RDFC, JCS])
def test_what_we_sign_we_accept(suite):
    answer = check(signed(suite))

    assert answer.outcome is Outcome.PASSED
    assert answer.document == sample_credential().to_document()
    assert answer.methods == (METHOD,)
    assert answer.details == {"cryptosuite": suite, "created": "2026-11-23T12:00:00Z"}


@pytest.mark.parametrize("suite", [RDFC, JCS])
def test_signing_again_gives_the_same_bytes(suite):
    assert signed(suite) == signed(suite)


@pytest.mark.parametrize("suite", [RDFC, JCS])
@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("proofPurpose", "authentication"),
        ("proofPurpose", ["assertionMethod"]),
        ("proofPurpose", ...),
        ("verificationMethod", ...),
        ("verificationMethod", "key-1"),
        ("verificationMethod", {"id": METHOD}),
        ("verificationMethod", key_method(OTHER.public_key)),
        ("type", ...),
        ("type", "Ed25519Signature2020"),
        ("type", ["DataIntegrityProof"]),
        ("cryptosuite", ...),
        ("cryptosuite", 2022),
        ("created", "2026-11-23"),
        ("created", 1),
        ("created", "2026-11-23T12:00:01Z"),
        ("created", None),
        ("expires", "2030-01-01T00:00:00Z"),
        ("proofValue", ...),
        ("proofValue", ""),
        ("proofValue", "z"),
        ("proofValue", 1),
        ("proofValue", "z0OIl"),
        ("proofValue", multibase_encode(bytes(64))),
        ("proofValue", multibase_encode(bytes(63))),
        ("id", "urn:x:1"),
        ("id", "not absolute"),
        ("colour", "red"),
        ("nonce", "x"),
        ("domain", "harbour.example"),
        ("challenge", "x"),
        ("previousProof", "urn:x:1"),
        ("previousProof", []),
    ],
)
def test_an_altered_proof_fails_b20_b64_b68_b69(suite, member, value):
    document = signed(suite)
    if value is ...:
        del document["proof"][member]
    else:
        document["proof"][member] = value

    answer = check(document)

    assert answer.outcome is not Outcome.PASSED
    # A date that is missing is a doubt when nothing else is wrong, but here the signature covers it.
    assert answer.outcome is Outcome.FAILED
    assert answer.document is None


def test_the_signature_has_one_spelling_b51():
    document = signed()
    raw = multibase_decode(document["proof"]["proofValue"])
    document["proof"]["proofValue"] = multibase_encode(raw, "u")

    assert check(document).code == "proof-value"


def test_an_unsigned_credential_is_not_intact_b63_b76():
    document = signed()

    assert check({**document, "proof": []}).code == "no-proof"
    assert check({**document, "proof": None}).outcome is Outcome.FAILED
    assert check({**document, "proof": "x"}).outcome is Outcome.FAILED
    assert check({**document, "proof": [document["proof"], None]}).outcome is Outcome.FAILED
    del document["proof"]
    assert check(document).code == "no-proof"


def test_more_than_sixteen_proofs_are_not_looked_at_b63():
    document = signed()
    proof = document["proof"]

    assert check({**document, "proof": [proof] * 16}).outcome is Outcome.PASSED
    assert check({**document, "proof": [proof] * 17}).code == "too-many-proofs"


@pytest.mark.parametrize("good_first", [True, False])
def test_a_valid_proof_does_not_outvote_an_invalid_one_s1_b63(good_first):
    document = signed()
    good, bad = document["proof"], {**document["proof"], "created": "2026-11-23T11:00:00Z"}
    document["proof"] = [good, bad] if good_first else [bad, good]

    assert check(document).code == "signature-mismatch"


@pytest.mark.parametrize("good_first", [True, False])
def test_a_proof_that_cannot_be_looked_at_leaves_a_doubt_s1(good_first):
    document = signed()
    lost = {**document["proof"], "verificationMethod": "did:web:harbour.example#key-1"}
    document["proof"] = [document["proof"], lost] if good_first else [lost, document["proof"]]

    answer = check(document)

    assert (answer.outcome, answer.code) == (Outcome.UNDECIDED, "unreachable")
    assert set(answer.methods) == {METHOD, "did:web:harbour.example#key-1"}


@pytest.mark.parametrize(
    "proof",
    [
        {"type": "DataIntegrityProof", "cryptosuite": "bbs-2023"},
        {"type": "DataIntegrityProof", "cryptosuite": "Ed25519Signature2020"},
        {"type": "Ed25519Signature2018", "jws": "e30..e30"},
        {"type": "BbsBlsSignature2020"},
    ],
)
def test_an_unknown_way_of_signing_is_a_doubt_alone_and_ignored_beside_a_good_one_b67(proof):
    document = signed()

    beside = check({**document, "proof": [document["proof"], proof]})
    alone = check({**document, "proof": proof})

    assert beside.outcome is Outcome.PASSED
    assert alone.outcome is Outcome.UNDECIDED
    assert alone.code in ("unknown-cryptosuite", "unknown-proof-type")


def test_a_chain_on_a_proof_of_an_unknown_kind_is_a_doubt_s1():
    unknown = {"id": "urn:x:1", "type": "DataIntegrityProof", "cryptosuite": "bbs-2023"}
    unknown |= {
        "proofPurpose": "assertionMethod",
        "verificationMethod": METHOD,
        "created": "2026-11-23T12:00:00Z",
    }
    document = {**sample_credential().to_document(), "proof": [unknown]}

    document = data_integrity.sign(
        document, KEY, verification_method=METHOD, created=NOON, previous_proofs=["urn:x:1"]
    )

    assert check(document).code == "unknown-cryptosuite"


@pytest.mark.parametrize(
    "links",
    [
        {"urn:x:1": "urn:x:1"},
        {"urn:x:1": "urn:x:2", "urn:x:2": "urn:x:1"},
        {"urn:x:1": "urn:x:9"},
        {"urn:x:1": ["urn:x:2", "urn:x:2"], "urn:x:2": None},
        {"urn:x:1": 3},
        {"urn:x:1": [None]},
    ],
)
def test_circles_and_loose_ends_fail_s1_b69(links):
    document = signed()
    document["proof"] = [
        {**document["proof"], "id": name, **({"previousProof": target} if target is not None else {})}
        for name, target in links.items()
    ]

    assert check(document).code == "previous-proof"


def test_two_proofs_of_one_id_fail_s1():
    document = signed(proof_id="urn:x:1")

    assert check({**document, "proof": [document["proof"]] * 2}).code == "proof-malformed"


def test_a_proof_without_a_date_is_a_doubt_b68():
    document = sample_credential().to_document()
    proof = {
        "type": "DataIntegrityProof",
        "cryptosuite": RDFC,
        "verificationMethod": METHOD,
        "proofPurpose": "assertionMethod",
    }
    value = multibase_encode(KEY.sign(data_integrity.hash_input(document, proof)))

    answer = check({**document, "proof": {**proof, "proofValue": value}})

    assert (answer.outcome, answer.code) == (Outcome.UNDECIDED, "no-created")


@pytest.mark.parametrize("suite", [RDFC, JCS])
def test_a_proof_for_presenting_is_none_for_asserting_b64(suite):
    """It says for whom and in answer to what it was made, under its signature."""
    document = signed(suite, purpose=data_integrity.PRESENTING, domain="a.example", challenge="c-1")

    assert (document["proof"]["domain"], document["proof"]["challenge"]) == ("a.example", "c-1")
    assert check(document, purpose=data_integrity.PRESENTING).outcome is Outcome.PASSED
    assert check(document).code == "proof-purpose"
    assert check(signed(suite), purpose=data_integrity.PRESENTING).code == "proof-purpose"
    for name in ("domain", "challenge"):
        other = {**document, "proof": {**document["proof"], name: "other"}}
        assert check(other, purpose=data_integrity.PRESENTING).code == "signature-mismatch"


def test_a_proof_says_nothing_about_readers_unless_asked():
    assert signed()["proof"].keys().isdisjoint({"domain", "challenge"})


@pytest.mark.parametrize(
    ("dates", "code"),
    [
        ({}, "no-created"),
        ({"created": "2999-01-01T00:00:00Z"}, "created-in-future"),
        ({"created": "2020-01-01T00:00:00Z", "expires": "2021-01-01T00:00:00Z"}, "proof-expired"),
    ],
)
def test_n1_dates_are_judged_unless_no_moment_is_named(dates, code):
    """Only a conformance run names none. A date that is none is wrong all the same."""
    unsigned = sample_credential().to_document()
    options = {
        "type": "DataIntegrityProof",
        "cryptosuite": RDFC,
        "verificationMethod": METHOD,
        "proofPurpose": data_integrity.PURPOSE,
        **dates,
    }
    value = multibase_encode(KEY.sign(data_integrity.hash_input(unsigned, options)))
    document = {**unsigned, "proof": {**options, "proofValue": value}}

    assert check(document).code == code
    assert check(document, at=None).outcome is Outcome.PASSED
    assert check({**document, "proof": {**document["proof"], "created": "x"}}, at=None).code == "date-time"


def test_n1_a_key_out_of_use_is_not_asked_about_where_no_moment_is_named():
    def resolve_withdrawn(wanted):
        [method] = document_for(wanted.partition("#")[0]).methods
        return VerificationMethod(method.id, method.controller, method.public_key, revoked=NOON)

    document = signed()

    assert data_integrity.check(document, resolve_withdrawn, at=NOON).code == "key-revoked"
    assert data_integrity.check(document, resolve_withdrawn, at=None).outcome is Outcome.PASSED


def with_dates(**dates):
    document = sample_credential().to_document()
    proof = {
        "type": "DataIntegrityProof",
        "cryptosuite": RDFC,
        "created": "2026-11-23T12:00:00Z",
        "verificationMethod": METHOD,
        "proofPurpose": "assertionMethod",
        **dates,
    }
    value = multibase_encode(KEY.sign(data_integrity.hash_input(document, proof)))
    return {**document, "proof": {**proof, "proofValue": value}}


@pytest.mark.parametrize(
    ("seconds", "outcome"),
    [(-60, Outcome.PASSED), (-61, Outcome.FAILED), (0, Outcome.PASSED), (61, Outcome.PASSED)],
)
def test_a_proof_is_not_made_in_the_future_b68(seconds, outcome):
    assert check(signed(), at=NOON + timedelta(seconds=seconds)).outcome is outcome


@pytest.mark.parametrize(("seconds", "outcome"), [(60, Outcome.PASSED), (61, Outcome.FAILED)])
def test_a_proof_that_has_run_out_fails_s2_b68(seconds, outcome):
    document = with_dates(expires="2026-11-23T12:00:00Z")

    assert check(document, at=NOON + timedelta(seconds=seconds)).outcome is outcome


def test_a_proof_for_another_document_of_the_issuer_fails_b70():
    other = sample_credential(id="urn:uuid:00000000-0000-4000-8000-000000000000").to_document()

    assert check({**other, "proof": signed()["proof"]}).code == "signature-mismatch"


def test_a_key_of_another_kind_fails_b43():
    key = PrivateKey.generate(Algorithm.P256)
    method = VerificationMethod(METHOD, METHOD.partition("#")[0], key.public_key)

    assert data_integrity.check(signed(), lambda _: method, at=NOON).code == "key-type"


def test_a_withdrawn_key_fails():
    method = VerificationMethod(METHOD, METHOD.partition("#")[0], KEY.public_key, revoked=NOON)

    assert data_integrity.check(signed(), lambda _: method, at=NOON).code == "key-revoked"


# --- meaning


@pytest.mark.parametrize("suite", [RDFC, JCS])
def test_an_undefined_term_is_never_signed_over_b23(suite):
    document = sample_credential().to_document()
    document["credentialSubject"]["colour"] = "red"

    if suite == RDFC:
        with pytest.raises(MalformedError) as refused:
            data_integrity.sign(document, KEY, verification_method=METHOD, created=NOON)
        assert refused.value.code == "data-loss"
        # Put in afterwards it is just as visible.
        late = signed()
        late["credentialSubject"]["colour"] = "red"
        assert check(late).code == "data-loss"
    else:
        document = data_integrity.sign(
            document, KEY, verification_method=METHOD, created=NOON, cryptosuite=JCS
        )
        assert check(document).code == "data-loss"


@pytest.mark.parametrize("suite", [RDFC, JCS])
@pytest.mark.parametrize("context", ["https://example.org/unknown", {"name": "https://example.org/other"}])
def test_an_unknown_or_inline_context_leaves_the_meaning_open_b24_b26(suite, context):
    document = signed(suite)
    document["@context"] = [*document["@context"], context]
    if suite == JCS:
        document["proof"]["@context"] = document["@context"]
        unsecured = {name: value for name, value in document.items() if name != "proof"}
        configuration = {name: value for name, value in document["proof"].items() if name != "proofValue"}
        value = multibase_encode(KEY.sign(data_integrity.hash_input(unsecured, configuration)))
        document["proof"]["proofValue"] = value

    answer = check(document)

    assert answer.outcome is Outcome.UNDECIDED
    assert answer.code in ("unknown-context", "inline-context")


def test_the_contexts_of_a_jcs_proof_are_the_beginning_of_the_documents_b73():
    document = signed(JCS)
    contexts = document["@context"]
    longer = [*contexts, "https://w3id.org/security/data-integrity/v2"]

    accepted = check({**document, "@context": longer})
    assert accepted.outcome is Outcome.PASSED
    assert accepted.document["@context"] == contexts  # the form that was signed is the one to show

    assert check({**document, "@context": contexts[:1]}).code == "proof-context"
    assert check({**document, "@context": contexts[::-1]}).code == "proof-context"
    assert check({**document, "@context": [longer[-1], *contexts]}).code == "proof-context"
    without = {**document, "proof": {k: v for k, v in document["proof"].items() if k != "@context"}}
    assert check(without).code == "proof-context"
    emptied = {**document, "proof": {**document["proof"], "@context": []}}
    assert check(emptied).code == "proof-context"


@pytest.mark.parametrize("suite", [RDFC, JCS])
def test_a_proof_may_have_every_member_that_the_standard_gives_it(suite):
    document = sample_credential().to_document()
    configuration = {
        "id": "urn:uuid:9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d",
        "type": "DataIntegrityProof",
        "cryptosuite": suite,
        "created": "2026-11-23T12:00:00Z",
        "expires": "2027-11-23T12:00:00Z",
        "verificationMethod": METHOD,
        "proofPurpose": "assertionMethod",
        "domain": "reader.example",
        "challenge": "c-1",
        "nonce": "n-1",
    } | ({"@context": document["@context"]} if suite == JCS else {})
    value = multibase_encode(KEY.sign(data_integrity.hash_input(document, configuration)))

    answer = check({**document, "proof": {**configuration, "proofValue": value}})

    assert (answer.outcome, answer.code) == (Outcome.PASSED, "ok")


def test_an_rdf_proof_has_no_contexts_of_its_own_b69():
    document = signed()
    document["proof"]["@context"] = document["@context"]

    assert check(document).code == "proof-extra-member"


def test_two_jcs_proofs_show_what_both_have_signed():
    document = signed(JCS)
    document["@context"] = [*document["@context"], "https://w3id.org/security/data-integrity/v2"]
    document = data_integrity.sign(document, KEY, verification_method=METHOD, created=NOON, cryptosuite=JCS)

    for proofs in (document["proof"], document["proof"][::-1]):
        answer = check({**document, "proof": proofs})
        assert answer.outcome is Outcome.PASSED
        assert answer.document["@context"] == sample_credential().to_document()["@context"]


def test_what_a_chained_proof_vouches_for_beside_the_document_is_no_part_of_it():
    first = signed(proof_id="urn:uuid:9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d")
    chained = data_integrity.sign(
        first, KEY, verification_method=METHOD, created=NOON, previous_proofs=[first["proof"]["id"]]
    )

    for proofs in (chained["proof"], chained["proof"][::-1]):
        answer = check({**chained, "proof": proofs})
        assert answer.outcome is Outcome.PASSED
        assert answer.document == sample_credential().to_document()


def test_a_clique_of_blank_nodes_is_a_doubt_and_not_a_no_b33():
    document = signed()
    document["evidence"] = [{"type": ["Evidence"], "name": "same"} for _ in range(80)]

    answer = check(document)

    assert answer.outcome is Outcome.UNDECIDED
    assert answer.code.startswith("limit-")


def test_only_what_we_can_sign_is_signed():
    document = sample_credential().to_document()

    def attempt(key, suite, **more):
        return data_integrity.sign(
            document, key, verification_method=METHOD, created=NOON, cryptosuite=suite, **more
        )

    with pytest.raises(UnsupportedError, match="bbs"):
        attempt(KEY, "bbs-2023")
    with pytest.raises(UnsupportedError, match="Signature2020"):
        attempt(KEY, ED25519_2020)  # old: never made anew
    with pytest.raises(UnsupportedError, match="needs a key of Ed25519, not P-256"):
        attempt(P256, RDFC)
    with pytest.raises(UnsupportedError, match="needs a key of P-256 or P-384, not Ed25519"):
        attempt(KEY, ECDSA_RDFC)
    with pytest.raises(UnsupportedError, match="needs a key of P-256, not P-384"):
        attempt(P384, ECDSA_SD)
    with pytest.raises(ValueError, match="pointers"):
        attempt(KEY, RDFC, mandatory_pointers=["/issuer"])


def test_a_chain_is_not_begun_on_a_proof_that_is_not_there_n12():
    with pytest.raises(MalformedError) as refused:
        signed(previous_proofs=["urn:x:1"])

    assert refused.value.code == "previous-proof"


@pytest.mark.parametrize(
    ("changes", "code", "told"),
    [
        ({"type": 7, "cryptosuite": "x"}, "proof-malformed", "of which type"),
        ({"type": "OtherProof"}, "proof-malformed", "of that type"),
        ({"type": "OtherProof", "cryptosuite": "x"}, "unknown-proof-type", ": OtherProof"),
        ({"cryptosuite": "bbs-2099"}, "unknown-cryptosuite", ": bbs-2099"),
    ],
)
def test_a_kind_of_proof_that_is_none_of_ours_is_told_by_its_name(changes, code, told):
    document = signed()
    document["proof"] |= changes

    answer = check(document)

    assert answer.code == code
    assert told in answer.message


def test_a_good_proof_does_not_make_up_for_one_without_a_date_b68():
    good, undated = signed(), signed()
    configuration = {
        name: value for name, value in undated["proof"].items() if name not in ("created", "proofValue")
    }
    unsecured = {name: value for name, value in good.items() if name != "proof"}
    value = multibase_encode(KEY.sign(data_integrity.hash_input(unsecured, configuration)))
    proofs = [good["proof"], {**configuration, "proofValue": value}]

    for both in (proofs, proofs[::-1]):
        answer = check({**unsecured, "proof": both})
        assert (answer.outcome, answer.code) == (Outcome.UNDECIDED, "no-created")


@pytest.mark.parametrize("member", ["cryptosuite", "type", "created"])
def test_a_stranger_does_not_write_our_sentences(member):
    """What is told about a credential that nobody vouches for has no words of its own in it."""
    document = signed()
    document["proof"][member] = "genuine! call +31 555 123"

    assert "genuine" not in check(document).message


# --- the other suites


def signed_with(key, suite):
    return data_integrity.sign(
        sample_credential().to_document(),
        key,
        verification_method=key_method(key.public_key),
        created=NOON,
        cryptosuite=suite,
    )


def old_style():
    """Signed as libraries did before there was DataIntegrityProof; we do not."""
    document = sample_credential().to_document()
    document["@context"] = [*document["@context"], "https://w3id.org/security/suites/ed25519-2020/v1"]
    proof = {
        "type": ED25519_2020,
        "created": "2026-11-23T12:00:00Z",
        "verificationMethod": METHOD,
        "proofPurpose": "assertionMethod",
    }
    value = multibase_encode(KEY.sign(data_integrity.hash_input(document, proof)))
    return {**document, "proof": {**proof, "proofValue": value}}


ALL = [(P256, ECDSA_RDFC), (P384, ECDSA_RDFC), (P256, ECDSA_JCS), (P384, ECDSA_JCS)]


@pytest.mark.parametrize(("key", "suite"), ALL)
def test_what_we_sign_on_a_curve_we_accept_and_sign_again_alike(key, suite):
    answer = check(signed_with(key, suite))

    assert answer.outcome is Outcome.PASSED
    assert answer.document == sample_credential().to_document()
    assert answer.details["cryptosuite"] == suite
    assert signed_with(key, suite) == signed_with(key, suite)


@pytest.mark.parametrize(("key", "suite"), ALL)
def test_every_byte_of_a_signature_on_a_curve_counts_b75(key, suite):
    document = signed_with(key, suite)
    signature = multibase_decode(document["proof"]["proofValue"])

    for position in range(len(signature)):
        changed = bytearray(signature)
        changed[position] ^= 1
        document["proof"]["proofValue"] = multibase_encode(bytes(changed))
        assert check(document).code == "signature-mismatch"
    for changed in (signature[:-1], signature + b"\0", b"\0" * len(signature), signature[::-1]):
        document["proof"]["proofValue"] = multibase_encode(changed)
        assert check(document).outcome is Outcome.FAILED


@pytest.mark.parametrize(("key", "suite"), ALL)
def test_a_key_of_another_curve_or_kind_fails_b43(key, suite):
    document = signed_with(key, suite)

    document["proof"]["verificationMethod"] = key_method((P384 if key is P256 else P256).public_key)
    assert check(document).code == "signature-mismatch"
    document["proof"]["verificationMethod"] = METHOD
    assert check(document).code == "key-type"


def test_the_hash_is_that_of_the_curve():
    """P-384 over two SHA-256 digests is another suite, which nobody has defined."""
    document = signed_with(P384, ECDSA_RDFC)
    proof = {name: value for name, value in document.pop("proof").items() if name != "proofValue"}
    value = multibase_encode(P384.sign(data_integrity.hash_input(document, proof, digest="sha256")))

    assert check({**document, "proof": {**proof, "proofValue": value}}).code == "signature-mismatch"


@pytest.mark.parametrize("suite", [ECDSA_RDFC, ECDSA_JCS, JCS])
def test_one_suite_does_not_pass_as_another_b67(suite):
    key = KEY if suite == JCS else P256
    document = signed_with(key, suite)
    for other in {RDFC, JCS, ECDSA_RDFC, ECDSA_JCS, ECDSA_SD} - {suite}:
        changed = {**document, "proof": {**document["proof"], "cryptosuite": other}}
        assert check(changed).outcome is Outcome.FAILED


def test_the_contexts_of_an_ecdsa_jcs_proof_are_the_beginning_of_the_documents_b73():
    document = signed_with(P256, ECDSA_JCS)
    document["@context"] = [*document["@context"], "https://w3id.org/security/data-integrity/v2"]

    answer = check(document)

    assert answer.outcome is Outcome.PASSED
    assert answer.document["@context"] == document["proof"]["@context"]
    document["proof"]["@context"] = document["@context"][:1]
    assert check(document).outcome is Outcome.FAILED


def test_an_undefined_term_under_an_ecdsa_jcs_signature_fails_b25():
    document = {**sample_credential().to_document(), "colour": "red"}
    method = key_method(P256.public_key)
    signed = data_integrity.sign(
        document, P256, verification_method=method, created=NOON, cryptosuite=ECDSA_JCS
    )

    assert check(signed).code == "data-loss"


def test_the_old_suite_is_judged_and_noted():
    answer = check(old_style())

    assert answer.outcome is Outcome.PASSED
    assert answer.details == {
        "cryptosuite": ED25519_2020,
        "created": "2026-11-23T12:00:00Z",
        "note": "old-suite",
    }


@pytest.mark.parametrize("suite", [RDFC, "eddsa-2022", "anything"])
def test_the_old_suite_names_no_cryptosuite_b67(suite):
    document = old_style()
    document["proof"]["cryptosuite"] = suite

    assert check(document).code == "proof-malformed"


@pytest.mark.parametrize("extra", ["jws", "colour", "@context"])
def test_the_old_suite_has_no_members_of_its_own_b69(extra):
    document = old_style()
    document["proof"][extra] = "x"

    assert check(document).code == "proof-extra-member"


def test_the_old_suite_needs_its_context():
    document = old_style()
    document["@context"] = document["@context"][:-1]

    assert check(document).code == "data-loss"


def test_an_old_proof_and_a_new_one_do_not_stand_in_for_each_other_b67():
    old, new = old_style(), signed()
    assert check({**old, "proof": {**old["proof"], "type": "DataIntegrityProof"}}).outcome is Outcome.FAILED
    relabelled = {**old["proof"], "type": "DataIntegrityProof", "cryptosuite": RDFC}
    assert check({**old, "proof": relabelled}).code == "signature-mismatch"
    bare = {name: value for name, value in new["proof"].items() if name != "cryptosuite"}
    assert check({**old, "proof": {**bare, "type": ED25519_2020}}).outcome is Outcome.FAILED


def test_a_document_that_is_written_already_is_signed_the_same_and_keeps_its_earlier_proofs():
    document = sample_credential().to_document()

    def add(before, **written):
        return data_integrity.sign(
            before, KEY, verification_method=METHOD, created=NOON, cryptosuite=JCS, **written
        )

    once = add(document, written=jcs(document))
    twice = add(once, written=jcs(once))

    assert once == add(document)
    assert twice == add(once)
    assert len(twice["proof"]) == 2
    assert check(twice).outcome is Outcome.PASSED
    # What is written is what is signed: the caller answers for its being this document.
    assert check(add(document, written=b"{}")).outcome is Outcome.FAILED
