# SPDX-License-Identifier: Apache-2.0
"""Presentations: their own rules, signed or not, and everything inside them."""

import pytest
from server.tests.api.vc_api.conftest import EXAMPLES, V2

from cairn.did import did_key
from cairn.testing import demo_key

HOLDER = did_key(demo_key("holder").public_key)
ENVELOPE = {
    "@context": V2,
    "type": "EnvelopedVerifiableCredential",
    "id": "data:application/vc+jwt,eyJhbGciOiJFUzI1NiJ9.e30.AA",
}

ACCEPTED = {
    "nothing more": {},
    "an id": {"id": "urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33"},
    "a holder": {"holder": "did:example:holder"},
    "a holder as an object": {"holder": {"id": "did:example:holder"}},
    "more contexts": {"@context": [V2, EXAMPLES]},
    "a context of its own": {"@context": [V2, {"Own": "https://example.org/#Own"}]},
    "another type": {
        "@context": [V2, {"Own": "https://example.org/#Own"}],
        "type": ["VerifiablePresentation", "Own"],
    },
    "an enveloped credential": {"verifiableCredential": [ENVELOPE]},
    "no credentials": {"verifiableCredential": []},
}
REFUSED = {
    "no context": {"@context": None},
    "contexts in the wrong order": {"@context": [EXAMPLES, V2]},
    "without the base context": {"@context": [EXAMPLES]},
    "an unknown context": {"@context": [V2, "https://example.com"]},
    "a context that is no URL": {"@context": [V2, "https ://not-a-url/v1"]},
    "a context that is a number": {"@context": [V2, 123192875]},
    "no type": {"type": None},
    "another type alone": {"type": ["https://example.org/#Own"]},
    "an undefined type": {"type": ["VerifiablePresentation", "Own"]},
    "id is no URL": {"id": "not-a-url"},
    "a holder without id": {"holder": {"name": "Somebody"}},
    "a holder that is no URL": {"holder": "somebody"},
    "a credential by its URL": {"verifiableCredential": ["https://example.org/credentials/1"]},
    "a credential that is a number": {"verifiableCredential": [7]},
    "a credential without rules kept": {"verifiableCredential": [{"type": ["VerifiableCredential"]}]},
    "an envelope without its type": {"verifiableCredential": [{"@context": V2, "id": ENVELOPE["id"]}]},
    "an envelope with another type": {
        "verifiableCredential": [{**ENVELOPE, "type": ["VerifiableCredential"]}]
    },
    "an envelope without its context": {
        "verifiableCredential": [{"type": ENVELOPE["type"], "id": ENVELOPE["id"]}]
    },
    "an envelope that is no data: URL": {"verifiableCredential": [{**ENVELOPE, "id": "https://a.example"}]},
}


def changed(presentation, change):
    return {name: value for name, value in {**presentation, **change}.items() if value is not None}


@pytest.mark.parametrize("change", ACCEPTED.values(), ids=ACCEPTED)
def test_what_a_presentation_may_say(suite, presentation, presented, change):
    document = changed(presentation, change)

    assert suite.verifies_presentation(document)
    assert suite.verifies_presentation(presented(document), checks=[])


@pytest.mark.parametrize("change", REFUSED.values(), ids=REFUSED)
def test_what_a_presentation_may_not_say(suite, presentation, change):
    assert not suite.verifies_presentation(changed(presentation, change))
    assert not suite.verifies_presentation(changed(presentation, change), checks=[])


@pytest.mark.parametrize("checks", [None, [], ["proof"]])
def test_a_signed_presentation_and_an_altered_one(suite, presentation, presented, checks):
    options = {} if checks is None else {"checks": checks}
    document = presented({**presentation, "holder": HOLDER})

    assert suite.verifies_presentation(document, **options)
    document["proof"]["proofValue"] = "z5nmMBw2u9TGKd9NxxHJtyZKgjN2Eh"
    assert not suite.verifies_presentation(document, **options)


def test_contexts_changed_after_signing(suite, presentation, presented):
    document = presented({**presentation, "@context": [V2, EXAMPLES]})

    for entry in ("https://example.com", "https ://not-a-url/v1", 123192875):
        assert not suite.verifies_presentation({**document, "@context": [V2, entry]}, checks=[])


def test_the_question_and_the_reader(suite, presentation, presented):
    document = presented(presentation, domain="here.example", challenge="c-1")

    assert suite.verifies_presentation(document, domain="here.example", challenge="c-1")
    assert not suite.verifies_presentation(document, domain="there.example", challenge="c-1")
    assert not suite.verifies_presentation(document, domain="here.example", challenge="c-2")


def test_b76_an_unsigned_one_is_accepted_by_its_structure_and_says_so(suite, presentation):
    body = {"verifiablePresentation": presentation, "options": {"challenge": "c-1"}}

    response = suite.post("/vc-api/presentations/verify", body)

    assert response.status_code == 200
    assert [warning["code"] for warning in response.json()["warnings"]] == ["binding-missing"]


def test_every_credential_inside_is_judged(suite, presentation, presented, credential):
    secured = suite.issue("eddsa-rdfc-2022", credential)
    altered = {**secured, "name": "other"}

    assert suite.verifies_presentation({**presentation, "verifiableCredential": [secured]})
    assert suite.verifies_presentation(presented({**presentation, "verifiableCredential": [secured]}))
    assert not suite.verifies_presentation({**presentation, "verifiableCredential": [secured, altered]})


@pytest.mark.parametrize(
    ("issuer", "holder", "accepted"),
    [
        (HOLDER, HOLDER, True),
        (HOLDER, None, False),
        (HOLDER, "did:example:acme", False),
        ("did:example:acme", HOLDER, False),
        ("did:example:acme", None, True),
    ],
)
def test_a_self_asserted_credential_names_its_holder(
    suite, presentation, presented, credential, issuer, holder, accepted
):
    """VCDM 2.0 §4.13.4."""
    document = {**presentation, "verifiableCredential": [{**credential, "issuer": issuer}]}
    if holder is not None:
        document["holder"] = holder

    assert suite.verifies_presentation(presented(document), checks=[]) is accepted


@pytest.mark.parametrize(
    ("change", "accepted"),
    [
        ({}, True),
        ({"@context": []}, False),
        ({"@context": [EXAMPLES]}, False),
        ({"id": "eyJhbGciOiJFUzM4NCJ9.e30.AA"}, False),
        ({"type": ["VerifiablePresentation"]}, False),
        ({"type": "EnvelopedVerifiableCredential"}, False),
    ],
)
def test_an_enveloped_presentation(suite, change, accepted):
    envelope = {
        "@context": V2,
        "type": "EnvelopedVerifiablePresentation",
        "id": "data:application/vp+jwt,eyJhbGciOiJFUzM4NCJ9.e30.AA",
    }

    assert suite.verifies_presentation({**envelope, **change}, checks=[]) is accepted
    # By nobody we know: asked about its proof, that is never a yes.
    assert not suite.verifies_presentation({**envelope, **change})
