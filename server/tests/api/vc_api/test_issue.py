# SPDX-License-Identifier: Apache-2.0
"""The issuer enforces the whole of the data model: most negative cases of the suites are sent to it.

Each case is one statement of VCDM 2.0 (§4 and §5), on a credential of ours.
"""

import pytest
from server.tests.api.vc_api.conftest import EMBEDDED, EXAMPLES, V2

from cairn_server.api.vc_api.instances import INSTANCES

OWN_TYPE = "https://example.org/#OwnCredential"
INLINE = [V2, {"OwnCredential": OWN_TYPE}]
STATUS = "https://example.org/#OwnStatus"
ISSUER = "did:example:i"
V2_SHA384 = "sha384-l/HrjlBCNWyAX91hr6LFV2Y3heB5Tcr6IeE4/Tje8YyzYBM8IhqjHWiWpr8+ZbYU"
RESOURCE = {
    "id": "https://files.example/a.json",
    "digestMultibase": "uEiAjCHMnK5-ayOIZLWo_TBoKYVvSAprlkYEjRlm19Cj0uw",
}
NAMES = {
    "text": "Certificate",
    "in a language": {"@value": "Zeugnis", "@language": "de"},
    "with a direction": {"@value": "شهادة", "@language": "ar", "@direction": "rtl"},
    "in two languages": [
        {"@value": "Zeugnis", "@language": "de"},
        {"@value": "Certificate", "@language": "en"},
    ],
}
BAD_NAMES = {
    "a number": 7,
    "more than a value": {"@value": "Zeugnis", "@language": "de", "url": "did:example:1"},
    "no value": {"@language": "de"},
}

# What is changed in the credential; None takes the member out.
ACCEPTED = {
    "4.3 two URLs": {"@context": [V2, EXAMPLES]},
    "4.3 a URL and an object": {"@context": INLINE, "type": ["VerifiableCredential", "OwnCredential"]},
    "4.4 any URL as id": {"id": "did:example:credential"},
    "4.4 a UUID as id": {"id": "urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33"},
    "4.5 a type that is a URL": {"type": ["VerifiableCredential", OWN_TYPE]},
    "4.5 in any order": {"type": [OWN_TYPE, "VerifiableCredential", "https://example.org/#B"]},
    "4.5 a defined type": {"@context": [V2, EXAMPLES], "type": ["VerifiableCredential", "Anything"]},
    **{f"4.6 name: {name}": {"name": value} for name, value in NAMES.items()},
    **{f"4.6 description: {name}": {"description": value} for name, value in NAMES.items()},
    **{
        f"4.6 issuer.name: {name}": {"issuer": {"id": "did:example:i", "name": value}}
        for name, value in NAMES.items()
    },
    "4.7 issuer is an object": {"issuer": {"id": "https://issuer.example/1"}},
    "4.8 several subjects": {"credentialSubject": [{"id": "did:example:a"}, {"id": "did:example:b"}]},
    "4.8 a subject without id": {"@context": [V2, EXAMPLES], "credentialSubject": {"degree": "BA"}},
    "4.9 valid from later on": {"validFrom": "2999-01-01T00:00:00Z"},
    "4.9 milliseconds": {"validFrom": "2026-01-01T00:00:00.123Z"},
    "4.9 a zone": {"validFrom": "2026-01-01T00:00:00-05:00", "validUntil": "2027-01-01T00:00:00+02:00"},
    "4.9 ended long ago": {"validUntil": "1999-01-01T00:00:00Z"},
    "4.9 one moment": {"validFrom": "2026-01-01T00:00:00Z", "validUntil": "2026-01-01T01:00:00+01:00"},
    "4.10 status without id": {"credentialStatus": {"type": STATUS}},
    "4.10 status with id": {"credentialStatus": {"type": STATUS, "id": "did:example:status"}},
    "4.10 several": {"credentialStatus": [{"type": STATUS}, {"type": STATUS, "id": "did:example:s"}]},
    "4.11 schema": {"credentialSchema": {"type": "JsonSchema", "id": "https://schemas.example/1"}},
    "4.11 schemas": {
        "credentialSchema": [
            {"type": "JsonSchema", "id": "https://schemas.example/1"},
            {"type": "JsonSchema", "id": "https://schemas.example/2"},
        ]
    },
    "5.3 digestSRI": {"relatedResource": [{"id": V2, "digestSRI": V2_SHA384}]},
    "5.3 digestMultibase": {"relatedResource": RESOURCE},
    "5.3 mediaType": {"relatedResource": [{**RESOURCE, "mediaType": "application/json"}]},
    "5.4 refresh": {"refreshService": {"type": "https://example.org/#R", "id": "https://issuer.example/r"}},
    "5.4 two": {"refreshService": [{"type": "https://example.org/#R"}, {"type": "https://example.org/#R"}]},
    "5.5 terms": {"termsOfUse": {"type": "https://example.org/#T", "id": "https://issuer.example/t"}},
    "5.5 two": {"termsOfUse": [{"type": "https://example.org/#T"}, {"type": "https://example.org/#U"}]},
    "5.6 evidence": {"evidence": [{"type": "https://example.org/#E"}, {"type": "https://example.org/#E"}]},
}

REFUSED = {
    "4.3 no context": {"@context": None},
    "4.3 no list": {"@context": V2},
    "4.3 empty": {"@context": []},
    "4.3 the base context last": {"@context": [EXAMPLES, V2]},
    "4.3 without the base context": {"@context": [EXAMPLES]},
    "4.3 no URL": {"@context": [V2, "https ://not-a-url/v1"]},
    "4.3 an unknown URL": {"@context": [V2, "https://contexts.example/unknown"]},
    "4.3 a number": {"@context": [V2, 123192875]},
    "4.3 null": {"@context": [V2, None]},
    "4.4 id is null": {"id": {"null": None}["null"], "description": 0},
    "4.4 two ids": {"id": ["did:example:a", "did:example:b"]},
    "4.4 id is no URL": {"id": "not-a-url"},
    "4.4 id is relative": {"id": "/credentials/1"},
    "4.4 two ids of the subject": {"credentialSubject": {"id": ["did:example:a", "did:example:b"]}},
    "4.4 id of the subject is null": {"credentialSubject": {"id": None}},
    "4.5 no type": {"type": None},
    "4.5 another type": {"type": [OWN_TYPE]},
    "4.5 type is a number": {"type": 4},
    "4.5 a type in it is a number": {"type": ["VerifiableCredential", 4]},
    "4.5 type is true": {"type": True},
    "4.5 no types": {"type": []},
    "4.5 undefined type": {"type": ["VerifiableCredential", "UnmappedCredential"]},
    "4.5 mapped to no URL": {
        "@context": [V2, {"Own": "https ://not-a-url#Own"}],
        "type": ["VerifiableCredential", "Own"],
    },
    **{f"4.6 name: {name}": {"name": value} for name, value in BAD_NAMES.items()},
    **{f"4.6 description: {name}": {"description": value} for name, value in BAD_NAMES.items()},
    **{
        f"4.6 issuer.name: {name}": {"issuer": {"id": "did:example:i", "name": value}}
        for name, value in BAD_NAMES.items()
    },
    **{
        f"4.6 issuer.description: {name}": {"issuer": {"id": "did:example:i", "description": value}}
        for name, value in BAD_NAMES.items()
    },
    "4.7 no issuer": {"issuer": None},
    "4.7 issuer is no URL": {"issuer": "someone"},
    "4.7 issuer is a number": {"issuer": 4},
    "4.7 issuer is true": {"issuer": True},
    "4.7 issuer is a list": {"issuer": []},
    "4.7 issuer without id": {"issuer": {"name": "Somebody"}},
    "4.7 issuer.id is no URL": {"issuer": {"id": "someone"}},
    "4.7 issuer.id is null": {"issuer": {"id": None}},
    "4.8 no subject": {"credentialSubject": None},
    "4.8 an empty subject": {"credentialSubject": {}},
    "4.8 no subjects": {"credentialSubject": []},
    "4.8 an empty one among them": {"credentialSubject": [{"id": "did:example:a"}, {}]},
    "4.8 a text": {"credentialSubject": "did:example:subject"},
    "4.8 a number": {"credentialSubject": 4},
    "4.9 no date": {"validFrom": "tomorrow"},
    "4.9 no zone": {"validFrom": "2026-01-01T00:00:00"},
    "4.9 no time": {"validUntil": "2026-01-01"},
    "4.9 no date at the end": {"validUntil": "2026-13-01T00:00:00Z"},
    "4.9 ends before it begins": {"validFrom": "2027-01-01T00:00:00Z", "validUntil": "2026-01-01T00:00:00Z"},
    "4.10 status without type": {"credentialStatus": {"id": "did:example:status"}},
    "4.10 type is a number": {"credentialStatus": {"type": 2}},
    "4.10 two ids": {"credentialStatus": {"type": STATUS, "id": ["did:example:a", "did:example:b"]}},
    "4.10 id is no URL": {"credentialStatus": {"type": STATUS, "id": "not-a-url"}},
    "4.10 a text": {"credentialStatus": "did:example:status"},
    "4.11 schema without type": {"credentialSchema": {"id": "https://schemas.example/1"}},
    "4.11 schema without id": {"credentialSchema": {"type": "JsonSchema"}},
    "4.11 id is no URL": {"credentialSchema": {"type": "JsonSchema", "id": "schema"}},
    "5.2 a protected type": {"@context": [V2, {"VerifiableCredential": OWN_TYPE}]},
    "5.2 a protected term of its own": {
        "@context": [V2, {"@protected": True, "Own": OWN_TYPE}, {"Own": STATUS}],
        "type": ["VerifiableCredential", "Own"],
    },
    "5.2 an undefined term": {"favouriteColour": "blue"},
    "5.2 an undefined term deep inside": {"credentialSubject": {"id": "did:example:s", "colour": "blue"}},
    "5.3 a list of URLs": {"relatedResource": [V2]},
    "5.3 no id": {"relatedResource": [{"digestSRI": V2_SHA384}]},
    "5.3 an id twice": {"relatedResource": [RESOURCE, RESOURCE]},
    "5.3 no digest": {"relatedResource": [{"id": V2}]},
    "5.3 another digest": {"relatedResource": [{"id": V2, "digestSRI": V2_SHA384.replace("l/H", "l/I")}]},
    "5.3 no digest at all": {"relatedResource": [{"id": V2, "digestSRI": "sha256-abc"}]},
    "5.4 refresh without type": {"refreshService": {"id": "https://issuer.example/r"}},
    "5.5 terms without type": {"termsOfUse": {"id": "https://issuer.example/t"}},
    "5.6 evidence without type": {"evidence": {"id": "https://issuer.example/e"}},
    "a proof of its own": {"proof": {"type": "DataIntegrityProof"}},
    "a presentation": {"type": ["VerifiableCredential", "VerifiablePresentation"]},
}


def changed(credential, change):
    return {name: value for name, value in {**credential, **change}.items() if value is not None}


@pytest.mark.parametrize("change", ACCEPTED.values(), ids=ACCEPTED)
def test_what_the_data_model_allows_is_signed_and_verifies(suite, credential, change):
    secured = suite.issue("eddsa-rdfc-2022", changed(credential, change))

    assert {name: secured[name] for name in change} == change
    assert suite.verifies(secured, checks=["proof"])


@pytest.mark.parametrize("change", REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("instance", ["eddsa-rdfc-2022", "jose"])
def test_what_the_data_model_forbids_is_never_signed(suite, credential, instance, change):
    suite.refuses_to_issue(changed(credential, change), instance)


def test_4_4_an_id_that_is_null_is_refused(suite, credential):
    suite.refuses_to_issue({**credential, "id": None})


@pytest.mark.parametrize("instance", EMBEDDED)
def test_every_instance_signs_with_its_own_key_in_its_own_suite(suite, credential, instance):
    [described] = [each for each in INSTANCES if each.name == instance]

    proof = suite.issue(instance, credential)["proof"]

    assert proof["type"] == "DataIntegrityProof"
    assert proof["cryptosuite"] == described.cryptosuite
    assert proof["verificationMethod"].partition("#")[0] == described.did
    assert proof["proofPurpose"] == "assertionMethod"
    assert proof["proofValue"][0] == ("u" if "-sd-" in proof["cryptosuite"] else "z")
    prefix = {"Ed25519": "z6Mk", "P-256": "zDna", "P-384": "z82L"}[described.algorithm.value]
    assert described.did.startswith(f"did:key:{prefix}")


@pytest.mark.parametrize("instance", [name for name in EMBEDDED if name not in ("ecdsa-sd-2023", "status")])
@pytest.mark.parametrize("version", ["1.1", "2.0"])
def test_both_data_models_are_signed(suite, credential, instance, version):
    if version == "1.1":
        credential["@context"] = ["https://www.w3.org/2018/credentials/v1"]
        credential["issuanceDate"] = "2026-11-23T09:00:00Z"

    secured = suite.issue(instance, credential)

    assert suite.verifies(secured)
    assert not suite.verifies({**secured, "credentialSubject": {"id": "did:example:other"}})


def test_the_jcs_suites_copy_the_contexts_into_the_proof(suite, credential):
    secured = suite.issue("ecdsa-jcs-2019/p384", credential)

    assert secured["proof"]["@context"] == secured["@context"]


def test_the_enveloping_instance(suite, credential):
    envelope = suite.issue("jose", credential)

    assert envelope["type"] == "EnvelopedVerifiableCredential"
    assert envelope["@context"] == V2
    assert envelope["id"].startswith("data:application/vc+jwt,")
    assert suite.verifies(envelope)
    assert not suite.verifies({**envelope, "id": envelope["id"].partition(",")[2]})
    assert not suite.verifies({**envelope, "@context": []})
    assert not suite.verifies({**envelope, "@context": EXAMPLES})
    assert not suite.verifies({**envelope, "type": ["VerifiableCredential"]})
    assert not suite.verifies({name: value for name, value in envelope.items() if name != "type"})


@pytest.mark.parametrize("options", [{"mandatoryPointers": "/issuer"}, {"mandatoryPointers": [1]}])
def test_pointers_are_a_list_of_texts(suite, credential, options):
    problem = suite.refuses_to_issue(credential, "ecdsa-sd-2023", **options)

    assert problem["code"] == "options"
