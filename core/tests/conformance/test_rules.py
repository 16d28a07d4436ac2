# SPDX-License-Identifier: Apache-2.0
"""The shape of what suites send: contexts of their own, related resources, envelopes."""

import pytest

from cairn.canonical import CONFORMANCE
from cairn.conformance import W3C_TEST_SUITE
from cairn.conformance.rules import (
    BASE_CONTEXT,
    ENVELOPED_CREDENTIAL,
    ENVELOPED_PRESENTATION,
    credential_findings,
    envelope_finding,
    held,
    held_kind,
    held_prefix,
    is_envelope,
    related_resources,
)
from cairn.proof import Outcome

EXAMPLES = "https://www.w3.org/ns/credentials/examples/v2"


def found(document):
    [finding] = credential_findings(document, policy=W3C_TEST_SUITE)
    return finding


def test_a_credential_in_order(credential):
    assert (found(credential).outcome, found(credential).code) == (Outcome.PASSED, "ok")


def test_a_broken_rule_is_named_with_its_place(credential):
    finding = found({**credential, "issuer": None})

    assert (finding.outcome, finding.code) == (Outcome.FAILED, "structure")
    assert "issuer" in finding.details["fields"]


def test_an_unknown_context_is_undecided(credential):
    finding = found({**credential, "@context": [*credential["@context"], "https://example.org/unknown"]})

    assert (finding.outcome, finding.code) == (Outcome.UNDECIDED, "unknown-context")


def test_a_document_without_rules_is_undecided():
    finding = found({"@context": "https://w3id.org/openbadges/v2", "type": "Assertion"})

    assert (finding.outcome, finding.code) == (Outcome.UNDECIDED, "unsupported-kind")


def test_a_term_that_no_context_defines_is_a_no(credential):
    assert found({**credential, "favouriteColour": "blue"}).code == "data-loss"


def test_a_context_in_the_document_defines_its_terms(credential):
    contexts = [*credential["@context"], {"favouriteColour": "https://example.org/colour"}]

    assert found({**credential, "@context": contexts, "favouriteColour": "blue"}).code == "ok"


def test_a_context_in_the_document_redefines_nothing_that_is_protected(credential):
    contexts = [*credential["@context"], {"VerifiableCredential": "https://example.org/other"}]

    assert found({**credential, "@context": contexts}).code == "json-ld"


def test_the_direction_of_a_name_may_go_uncovered(credential):
    name = {"@value": "شهادة", "@language": "ar", "@direction": "rtl"}

    assert found({**credential, "name": name}).code == "ok"


# --- related resources

V2_SHA384 = "sha384-l/HrjlBCNWyAX91hr6LFV2Y3heB5Tcr6IeE4/Tje8YyzYBM8IhqjHWiWpr8+ZbYU"
V2_SHA256 = "uEiBZlVztZpfWHgPyslVv6-UwirFoQoRvW1htfx963sknNA"


@pytest.mark.parametrize(
    ("url", "digest"),
    [
        (BASE_CONTEXT, {"digestSRI": V2_SHA384}),
        (BASE_CONTEXT, {"digestMultibase": V2_SHA256}),
        (BASE_CONTEXT, {"digestSRI": V2_SHA384, "digestMultibase": V2_SHA256}),
        # The digest alone, without the two bytes that say of which function it is.
        (BASE_CONTEXT, {"digestMultibase": "uWZVc7WaX1h4D8rJVb-vlMIqxaEKEb1tYbX8fet7JJzQ"}),
        (
            BASE_CONTEXT,
            {"digestSRI": "sha384-NSOcNpmdIVUxIJGvGUoe22FjTWrXiaXlsZ8q6912LdnR3KraQO2n75Ica4wK4Qeg"},
        ),
        (BASE_CONTEXT, {"digestMultibase": "uEres1usWcWCmW7uolIW2uA0CjQ8iRV14eGaZStJL73Vz"}),
        # W3C's examples write a multibase prefix into the SRI.
        ("https://example.org/a", {"digestSRI": "sha256-MIwhzJyufmsjiGS1qP0waCmFb0gKa5ZGBI0ZZtfQo9Ls="}),
        ("https://example.org/a", {"digestMultibase": "uEiAjCHMnK5-ayOIZLWo_TBoKYVvSAprlkYEjRlm19Cj0uw"}),
    ],
)
def test_n2_digests_of_the_text_of_an_earlier_text_and_of_what_we_do_not_know(url, digest):
    assert related_resources({"relatedResource": {"id": url, **digest}}) == []


@pytest.mark.parametrize(
    ("digest", "message"),
    [
        ({"digestSRI": V2_SHA384.replace("l/Hr", "l/Hs")}, "is not the digest of that resource"),
        ({"digestMultibase": V2_SHA256.replace("ZlVz", "ZlVy")}, "is not the digest of that resource"),
        ({"digestSRI": "sha256-ca3d163bab055381827226140568f3be"}, "should be a digest"),
        ({"digestSRI": "sha256-" + "!" * 44}, "should be a digest"),
        ({"digestSRI": "md5-1B2M2Y8AsgTpgAmY7PhCfg=="}, "should be a digest"),
        ({"digestMultibase": "uZTQ0MjM1NiAgcmVwb3J0cy9yZWxhdGVkLXJlc291cmNlLmpzb24K"}, "should be a digest"),
        ({"digestMultibase": "x"}, "should be a digest"),
    ],
)
def test_digests_that_are_wrong_or_none(digest, message):
    [problem] = related_resources({"relatedResource": [{"id": BASE_CONTEXT, **digest}]})

    assert problem.message == message
    assert problem.path.startswith("relatedResource[0].digest")


def test_what_is_no_object_is_left_to_the_rules_of_structure(credential):
    assert related_resources({"relatedResource": ["https://example.org/a"]}) == []
    assert found({**credential, "relatedResource": ["https://example.org/a"]}).code == "structure"


def test_every_context_of_the_suites_can_be_compared():
    import base64
    from hashlib import sha512

    for url, context in CONFORMANCE.items():
        right = "sha512-" + base64.b64encode(sha512(context.text()).digest()).decode()
        assert related_resources({"relatedResource": {"id": url, "digestSRI": right}}) == []


# --- envelopes

TOKEN = "eyJhbGciOiJFUzI1NiJ9.e30.AA"
ENVELOPE = {
    "@context": BASE_CONTEXT,
    "type": ENVELOPED_CREDENTIAL,
    "id": f"data:application/vc+jwt,{TOKEN}",
}


def test_an_envelope_in_order():
    assert is_envelope(ENVELOPE)
    assert envelope_finding(ENVELOPE, ENVELOPED_CREDENTIAL).outcome is Outcome.PASSED
    assert (held_kind(ENVELOPE), held(ENVELOPE), held_prefix(ENVELOPE)) == ("vc+jwt", TOKEN, "vc+jwt")


@pytest.mark.parametrize(
    ("kind", "media_type"),
    [
        (ENVELOPED_CREDENTIAL, "vc+sd-jwt"),
        (ENVELOPED_CREDENTIAL, "vc+cose;base64"),
        (ENVELOPED_CREDENTIAL, "jwt"),
        (ENVELOPED_CREDENTIAL, "vc-ld+jwt;base64url"),
        (ENVELOPED_PRESENTATION, "vp+jwt"),
        (ENVELOPED_PRESENTATION, "vp+sd-jwt"),
        (ENVELOPED_PRESENTATION, "vp+cose;base64"),
    ],
)
def test_what_an_envelope_may_hold(kind, media_type):
    envelope = {**ENVELOPE, "type": [kind], "id": f"data:application/{media_type},{TOKEN}"}

    assert envelope_finding(envelope, kind).outcome is Outcome.PASSED


@pytest.mark.parametrize(
    "change",
    [
        {"@context": []},
        {"@context": EXAMPLES},
        {"type": [ENVELOPED_CREDENTIAL, "VerifiableCredential"]},
        {"id": TOKEN},
        {"id": "data:application/vp+jwt," + TOKEN},
        {"id": "data:text/plain," + TOKEN},
        {"issuer": "did:example:issuer"},
    ],
)
def test_b74_an_envelope_that_says_something_else_than_it_holds(change):
    finding = envelope_finding({**ENVELOPE, **change}, ENVELOPED_CREDENTIAL)

    assert (finding.outcome, finding.code) == (Outcome.FAILED, "envelope")


def test_what_is_no_envelope_holds_nothing(credential):
    assert not is_envelope(credential)
    assert (held_kind(credential), held(credential), held_prefix(credential)) == (None, None, None)
    assert held_prefix({"id": "data:application/zip,x"}) is None
