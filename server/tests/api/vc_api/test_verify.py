# SPDX-License-Identifier: Apache-2.0
"""The verifier on proofs that are missing, broken, for something else, in sets and in chains."""

import copy

import pytest
from server.tests.api.vc_api.conftest import EMBEDDED, V2
from server.tests.conftest import MONDAY

from cairn.canonical import SuiteContexts
from cairn.proof import data_integrity
from cairn.testing import demo_key, key_method

WITHOUT_SD = [name for name in EMBEDDED if "-sd-" not in name and name != "status"]
BROKEN = {
    "type missing": {"type": None},
    "another type": {"type": "UnknownProofType"},
    "an old type": {"type": "Ed25519Signature2020"},
    "no text as type": {"type": 7},
    "method missing": {"verificationMethod": None},
    "method invalid": {"verificationMethod": "did:key:invalidVm"},
    "method no URL": {"verificationMethod": "key-1"},
    "method in another encoding": {"verificationMethod": "did:key:u7QEK"},
    "purpose missing": {"proofPurpose": None},
    "another purpose": {"proofPurpose": "invalidPurpose"},
    "value missing": {"proofValue": None},
    "value empty": {"proofValue": ""},
    "value a number": {"proofValue": 7},
    "value too short": {"proofValue": "z5nmMBw2u9TGKd9NxxHJtyZKgjN2Eh"},
    "value in base64url": {"proofValue": "uAAAA"},
    "suite missing": {"cryptosuite": None},
    "suite unknown": {"cryptosuite": "UnknownCryptosuite"},
    "suite empty": {"cryptosuite": ""},
    "suite a number": {"cryptosuite": 7},
    "created no date": {"created": "invalidDate"},
    "created without a zone": {"created": "2026-11-23T09:00:00"},
    "expires without a zone": {"expires": "2026-11-23T09:00:00"},
    "a member nobody reads": {"note": "x"},
}


@pytest.fixture(params=WITHOUT_SD)
def secured(request, suite, credential):
    return suite.issue(request.param, credential)


def test_options_in_every_form_that_suites_send(suite, secured):
    assert suite.verifies(secured)
    for options in ({"checks": ["proof"]}, {"checks": ["proof", "credentialStatus"]}, {"checks": []}):
        assert suite.verifies(secured, **options)
    response = suite.post("/vc-api/credentials/verify", {"verifiableCredential": secured})
    assert response.status_code == 200


@pytest.mark.parametrize("change", BROKEN.values(), ids=BROKEN)
def test_a_broken_proof_is_refused(suite, secured, change):
    proof = {name: value for name, value in {**secured["proof"], **change}.items() if value is not None}

    assert not suite.verifies({**secured, "proof": proof}, checks=["proof"])


@pytest.mark.parametrize("proof", [None, [], "x", 7, {}, [None], [[]]])
def test_s1_what_is_no_proof_is_refused(suite, secured, proof):
    assert not suite.verifies({**secured, "proof": proof})


def test_an_unsigned_credential_is_refused(suite, credential):
    assert not suite.verifies(credential)
    assert not suite.verifies(credential, checks=[])


def test_a_proof_value_loses_its_multibase(suite, secured):
    secured["proof"]["proofValue"] = secured["proof"]["proofValue"][1:]

    assert not suite.verifies(secured)


def test_the_purpose_that_the_caller_expects(suite, secured):
    assert suite.verifies(secured, expectedProofPurpose="assertionMethod")
    assert not suite.verifies(secured, expectedProofPurpose="authentication", checks=["proof"])


def test_n34_a_domain_and_a_challenge_that_no_proof_has(suite, secured):
    assert not suite.verifies(secured, domain="domain.example")
    assert not suite.verifies(secured, domain="domain.example", challenge="1235abcd6789")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"name": "other"}, "vc-data-model#CRYPTOGRAPHIC_SECURITY_ERROR"),
        ({"favouriteColour": "blue"}, "security#DATA_LOSS_DETECTION_ERROR"),
        ({"validFrom": "tomorrow"}, "vc-data-model#MALFORMED_VALUE_ERROR"),
        ({"proof": []}, "security#PROOF_VERIFICATION_ERROR"),
    ],
)
def test_problems_are_named_in_the_words_of_the_w3c(suite, secured, change, problem):
    body = {"verifiableCredential": {**secured, **change}, "options": {}}

    found = suite.post("/vc-api/credentials/verify", body).json()

    assert found["verified"] is False
    assert any(error["type"].endswith(problem) for error in found["errors"])


def test_a_key_that_cannot_be_looked_up_is_never_a_yes(suite, secured):
    secured["proof"]["verificationMethod"] = "did:web:issuer.example#key-1"

    assert not suite.verifies(secured)


# --- proof sets and chains, for both data models


def chained(credential, *, lists=False):
    document = credential
    ids = []
    for name in ("first", "second", "third"):
        proof_id = f"urn:uuid:8d4a2f3e-6a0b-4b57-9f0e-0d8f4a1c2b{len(ids):02}"
        key = demo_key(name)
        document = data_integrity.sign(
            document,
            key,
            verification_method=key_method(key.public_key),
            created=MONDAY,
            proof_id=proof_id,
            previous_proofs=ids if lists else ids[-1:],
            contexts=SuiteContexts(),
        )
        if not isinstance(document["proof"], list):
            document["proof"] = [document["proof"]]
        ids.append(proof_id)
    return document


@pytest.mark.parametrize("lists", [False, True], ids=["a text", "a list"])
def test_a_chain_of_proofs(suite, credential, lists):
    document = chained(credential, lists=lists)

    assert suite.verifies(document)


@pytest.mark.parametrize(
    "change",
    [
        lambda proofs: proofs[0].update(id="urn:uuid:00000000-0000-4000-8000-000000000000"),
        lambda proofs: proofs[0].pop("id"),
        lambda proofs: proofs[1].update(previousProof="urn:uuid:00000000-0000-4000-8000-000000000000"),
        lambda proofs: proofs[1].update(previousProof=[]),
        lambda proofs: proofs[1].update(previousProof=7),
        lambda proofs: proofs[1].update(previousProof=["urn:uuid:1", proofs[0]["id"]]),
        lambda proofs: proofs[0].update(previousProof=proofs[1]["id"]),
        lambda proofs: proofs.pop(0),
        lambda proofs: proofs[0].update(proofValue=proofs[1]["proofValue"]),
    ],
)
def test_n12_a_chain_with_a_link_that_is_missing_or_wrong(suite, credential, change):
    document = chained(credential)
    change(document["proof"])

    assert not suite.verifies(document)


def test_s1_every_proof_of_a_set_counts(suite, credential):
    first, second = (suite.issue(name, credential) for name in ("eddsa-rdfc-2022", "ecdsa-rdfc-2019/p256"))
    both = {**credential, "proof": [first["proof"], second["proof"]]}
    assert suite.verifies(both)

    spoilt = copy.deepcopy(both)
    spoilt["proof"][1]["proofValue"] = first["proof"]["proofValue"]

    assert not suite.verifies(spoilt)


def test_a_chain_made_by_somebody_else_under_a_context_of_its_own(suite):
    """The form of W3C's own chains: an issuer without keys, an inline context inside an object."""
    document = {
        "@context": [V2, {"@context": {"alumniOf": "https://www.example.org/alumniOf"}}],
        "type": ["VerifiableCredential"],
        "issuer": "https://vc.example/issuers/5678",
        "credentialSubject": {"id": "did:example:abcdefgh", "alumniOf": "The School of Examples"},
    }

    assert suite.verifies(chained(document))
