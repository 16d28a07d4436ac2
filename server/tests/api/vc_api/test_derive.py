# SPDX-License-Identifier: Apache-2.0
"""Selective disclosure over HTTP: what is mandatory stays, what is chosen is added, and nothing else."""

import pytest
from server.tests.api.vc_api.conftest import V2

GENERATION = "https://w3id.org/security#PROOF_GENERATION_ERROR"


@pytest.fixture
def achievements(credential):
    """Objects without ids, in lists: their names are made from nothing but their place."""
    terms = {
        "@protected": True,
        "sails": {
            "@id": "https://example.org/#sails",
            "@context": {
                "@protected": True,
                "size": "https://example.org/#size",
                "sailName": "https://example.org/#sailName",
            },
        },
    }
    sails = [
        {"size": 5.5, "sailName": "Kihei"},
        {"size": 6.1, "sailName": "Lahaina"},
        {"size": 7, "sailName": "Lahaina"},
    ]
    return {
        **credential,
        "@context": [V2, terms],
        "name": "Windsurfer",
        "credentialSubject": {"sails": sails},
    }


def test_the_copy_is_the_body_itself(suite, credential):
    base = suite.issue("ecdsa-sd-2023", credential, mandatoryPointers=["/issuer"])

    copy = suite.derive(base, "/credentialSubject/id")

    assert "verifiableCredential" not in copy
    assert copy["issuer"] == credential["issuer"]
    assert suite.verifies(copy)
    assert not suite.verifies(base)


@pytest.mark.parametrize(
    ("pointers", "sails"),
    [
        (["/credentialSubject/sails"], 3),
        (["/credentialSubject/sails/0", "/credentialSubject/sails/1"], 2),
        (["/credentialSubject/sails/1", "/credentialSubject/sails/2"], 2),
        (["/credentialSubject/sails/0/size"], 1),
    ],
)
def test_parts_of_arrays(suite, achievements, pointers, sails):
    base = suite.issue("ecdsa-sd-2023/p256", achievements, mandatoryPointers=["/issuer"])

    copy = suite.derive(base, *pointers)

    assert len(copy["credentialSubject"]["sails"]) == sails
    assert "name" not in copy
    assert suite.verifies(copy)
    copy["credentialSubject"]["sails"][0]["size"] = 9.9
    assert not suite.verifies(copy)


def test_a_pointer_to_nothing_is_a_generation_error(suite, credential):
    problem = suite.refuses_to_issue(credential, "ecdsa-sd-2023", mandatoryPointers=["/not/there"])

    assert problem["type"] == GENERATION


@pytest.mark.parametrize(
    "change",
    [
        lambda value: value[1:],  # no longer multibase
        lambda value: value[:1] + value[4:],  # without its header
        lambda value: "z" + value[1:],
        lambda value: 7,
        lambda value: None,
    ],
)
def test_a_base_proof_that_is_none_is_refused(suite, credential, change):
    base = suite.issue("ecdsa-sd-2023", credential)
    base["proof"]["proofValue"] = change(base["proof"]["proofValue"])

    response = suite.post("/vc-api/credentials/derive", {"verifiableCredential": base, "options": {}})

    assert response.status_code in (400, 422)


@pytest.mark.parametrize(
    "change",
    [
        {"proofValue": "a"},
        {"cryptosuite": "invalid-cryptosuite"},
        {"proofValue": None},
    ],
)
def test_a_derived_proof_that_is_none_is_refused(suite, credential, change):
    copy = suite.derive(suite.issue("ecdsa-sd-2023", credential), "/credentialSubject")
    copy["proof"].update(change)

    assert not suite.verifies(copy)


def test_what_has_no_base_proof_is_refused(suite, credential):
    for document in (credential, suite.issue("eddsa-rdfc-2022", credential)):
        body = {"verifiableCredential": document, "options": {"selectivePointers": ["/issuer"]}}
        assert suite.post("/vc-api/credentials/derive", body).status_code == 400
