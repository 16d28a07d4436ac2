# SPDX-License-Identifier: Apache-2.0
"""JOSE, SD-JWT and COSE of suites: signature, media types and shape are judged, dates are not (N13)."""

import pytest

from cairn.conformance import W3C_TEST_SUITE, tokens
from cairn.errors import CairnError, MalformedError
from cairn.keys import Algorithm, PrivateKey
from cairn.proof import jws

EXAMPLES = "https://www.w3.org/ns/credentials/examples/v2"
ISSUER = "https://issuer.example/vc"
KEYS = {
    "Ed25519": PrivateKey.from_seed(bytes(32)),
    "P-256": PrivateKey.from_bytes(Algorithm.P256, bytes(31) + b"\x05"),
    "P-384": PrivateKey.from_bytes(Algorithm.P384, bytes(47) + b"\x05"),
    "P-521": PrivateKey.from_bytes(Algorithm.P521, bytes(65) + b"\x05"),
}
KEY = KEYS["P-256"]
KID = f"{ISSUER}#key-1"
ROLES = ("credential", "presentation")


@pytest.fixture
def documents(credential, presentation):
    envelope = {
        "@context": "https://www.w3.org/ns/credentials/v2",
        "type": "EnvelopedVerifiableCredential",
        "id": "data:application/vc+jwt,not-a-token-that-anybody-could-decode....\n",
    }
    contexts = [*credential["@context"], EXAMPLES]
    return {
        "credential": {**credential, "@context": contexts, "issuer": ISSUER},
        "presentation": {
            **presentation,
            "@context": contexts,
            "holder": ISSUER,
            "verifiableCredential": [envelope],
        },
    }


def sign(document, role, form, *, key=KEY, disclose=()):
    return tokens.sign(document, key, role=role, form=form, kid=KID, disclose=disclose, policy=W3C_TEST_SUITE)


def verify(text, role, form, *, key=KEY):
    return tokens.verify(
        text, lambda named, speaker: key.public_key, role=role, form=form, policy=W3C_TEST_SUITE
    )


def token(payload, *, key=KEY, **header):
    """A token that says whatever it wants."""
    return jws.sign({"typ": "vc+jwt", "cty": "vc", "kid": KID, **header}, payload, key)


@pytest.mark.parametrize("form", tokens.FORMS)
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("algorithm", KEYS)
def test_what_was_signed_comes_back(documents, role, form, algorithm):
    key = KEYS[algorithm]

    assert verify(sign(documents[role], role, form, key=key), role, form, key=key) == documents[role]


@pytest.mark.parametrize("form", tokens.FORMS)
@pytest.mark.parametrize("role", ROLES)
def test_b42_another_key_did_not_sign_it(documents, role, form):
    other = PrivateKey.from_bytes(Algorithm.P256, bytes(31) + b"\x06")

    with pytest.raises(MalformedError, match="signature-mismatch"):
        verify(sign(documents[role], role, form), role, form, key=other)
    with pytest.raises(MalformedError, match="key-type"):
        verify(sign(documents[role], role, form), role, form, key=KEYS["Ed25519"])


@pytest.mark.parametrize("form", tokens.FORMS)
def test_b49_a_credential_is_not_a_presentation(documents, form):
    with pytest.raises(MalformedError, match="token-type"):
        verify(sign(documents["credential"], "credential", form), "presentation", form)
    with pytest.raises(MalformedError, match="token-type"):
        verify(sign(documents["presentation"], "presentation", form), "credential", form)


@pytest.mark.parametrize("form", tokens.FORMS)
def test_only_its_own_role_is_signed(documents, form):
    with pytest.raises(MalformedError, match="should include VerifiablePresentation"):
        sign(documents["credential"], "presentation", form)


@pytest.mark.parametrize("header", [{"typ": "bad+jwt"}, {"cty": "bad"}])
def test_a_wrong_media_type_is_a_no(documents, header):
    with pytest.raises(MalformedError, match="token-type"):
        verify(token(documents["credential"], **header), "credential", "jose")


def test_the_key_is_looked_for_by_its_id_or_by_who_speaks(documents):
    asked = []

    def find(named, speaker):
        asked.append((named, speaker))
        return KEY.public_key

    for form in tokens.FORMS:
        text = sign(documents["credential"], "credential", form)
        tokens.verify(text, find, role="credential", form=form, policy=W3C_TEST_SUITE)

    assert asked == [(KID, ISSUER)] * 3


def test_n13_dates_as_text_are_read_by_nobody(documents):
    text = token({**documents["credential"], "iat": "2010-01-01T19:23:24Z", "exp": 1})

    assert verify(text, "credential", "jose") == documents["credential"]


@pytest.mark.parametrize("claim", [{"vc": "oops"}, {"vp": "no"}])
def test_a_token_holds_one_document(documents, claim):
    with pytest.raises(MalformedError, match="token-vc-claim"):
        verify(token({**documents["credential"], **claim}), "credential", "jose")


def test_s9_the_token_and_the_document_name_one_issuer(documents):
    assert verify(token({**documents["credential"], "iss": ISSUER}), "credential", "jose")
    with pytest.raises(MalformedError, match="claims-disagree"):
        verify(token({**documents["credential"], "iss": "https://other.example"}), "credential", "jose")


def test_an_extension_that_no_context_describes_is_refused(documents):
    """The context of the examples would give it a meaning by its ``@vocab``."""
    extended = {**documents["credential"], "badExtension": {"huh": "what?"}}

    with pytest.raises(MalformedError, match="badExtension"):
        sign(extended, "credential", "jose")
    with pytest.raises(MalformedError, match="badExtension"):
        verify(token(extended), "credential", "jose")


def test_an_extension_that_a_context_in_the_document_describes_is_signed(documents):
    own = {"extension": "https://example.org/extension"}
    contexts = [*documents["credential"]["@context"], own]
    document = {**documents["credential"], "@context": contexts, "extension": "yes"}

    assert verify(sign(document, "credential", "jose"), "credential", "jose") == document


def test_a_broken_rule_is_named(documents):
    with pytest.raises(MalformedError, match="issuer"):
        sign({**documents["credential"], "issuer": None}, "credential", "jose")


def test_a_term_without_a_meaning_in_the_subject_is_refused(credential):
    subject = {"id": "did:example:subject", "undefinedTerm": "x"}

    with pytest.raises(MalformedError, match="data-loss"):
        sign({**credential, "credentialSubject": subject}, "credential", "jose")


@pytest.mark.parametrize("credentials", ["embedded", "another-id", "no-media-type"])
def test_credentials_in_a_signed_presentation_are_enveloped(documents, credential, credentials):
    presentation = documents["presentation"]
    [envelope] = presentation["verifiableCredential"]
    inside = {
        "embedded": credential,
        "another-id": {**envelope, "id": "not-a-credential"},
        "no-media-type": {**envelope, "id": "data:text/plain,x"},
    }[credentials]

    with pytest.raises(MalformedError):
        sign({**presentation, "verifiableCredential": [inside]}, "presentation", "jose")


def test_what_is_disclosable_can_be_left_out(documents):
    subject = {"id": "did:example:subject", "firstName": "Jane", "phones": ["1", "2"]}
    document = {**documents["credential"], "credentialSubject": subject}

    text = sign(
        document,
        "credential",
        "sdjwt",
        disclose=["/credentialSubject/firstName", "/credentialSubject/phones/0"],
    )

    assert verify(text, "credential", "sdjwt") == document
    bare = verify(text.partition("~")[0] + "~", "credential", "sdjwt")
    assert bare["credentialSubject"] == {"id": "did:example:subject", "phones": ["2"]}


@pytest.mark.parametrize("text", ["", "{}", "a.b", "eyJhbGciOiJub25lIn0.e30."])
@pytest.mark.parametrize("form", tokens.FORMS)
def test_what_is_no_token(text, form):
    with pytest.raises(CairnError):
        verify(text, "credential", form)


def test_cose_is_written_in_base64_and_in_nothing_else(documents):
    text = sign(documents["credential"], "credential", "cose")

    assert verify(text + "=", "credential", "cose") == documents["credential"]
    with pytest.raises(MalformedError, match="cose-malformed"):
        verify("d28458", "credential", "cose")
    with pytest.raises(MalformedError, match="cose-malformed"):
        verify("!!!!", "credential", "cose")
