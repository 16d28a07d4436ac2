# SPDX-License-Identifier: Apache-2.0
"""What is found in what a suite sends back: what decides, what is only told, what is never let through."""

from datetime import timedelta

import pytest

from cairn.canonical import to_json
from cairn.conformance import W3C_TEST_SUITE
from cairn.conformance.issuing import derive, issue, issue_enveloped
from cairn.conformance.judging import (
    Judgement,
    Question,
    judge_credential,
    judge_presentation,
    question_of,
)
from cairn.conformance.policy import resolver
from cairn.did import did_key
from cairn.errors import MalformedError
from cairn.keys import Algorithm, PrivateKey, multibase_encode
from cairn.proof import Outcome, data_integrity
from cairn.status import REVOCATION, StatusEntry, StatusList, status_list_document
from cairn.testing import NOON, FixedSources, demo_key, key_method

HOLDER = did_key(demo_key("holder").public_key)
KEY = demo_key()
DID = did_key(KEY.public_key)
LIST = "https://lists.example/1"
ABSENT = Question()
P256 = PrivateKey.from_bytes(Algorithm.P256, bytes(31) + b"\x07")


def judge(document, question=ABSENT, answers=None):
    return judge_credential(document, question, sources=FixedSources(answers), at=NOON, policy=W3C_TEST_SUITE)


def show(document, question=ABSENT):
    return judge_presentation(document, question, sources=FixedSources(), at=NOON, policy=W3C_TEST_SUITE)


def codes(judgement):
    return {finding.code for finding in judgement.errors}


def test_an_empty_judgement_verifies_nothing():
    assert not Judgement(()).verified


def test_n1_whose_key_it_is_is_not_asked(credential, signed):
    """The strict rule is the product's, and stays there: see checks/test_signature.py."""
    assert judge(signed(credential)).verified


def test_n1_when_it_was_is_not_asked(credential, signed):
    long_past = {**credential, "validFrom": "1999-01-01T00:00:00Z", "validUntil": "2000-01-01T00:00:00Z"}

    assert judge(signed(long_past)).verified


@pytest.mark.parametrize(
    "dates", [{}, {"created": "2999-01-01T00:00:00Z"}, {"expires": "1999-01-01T00:00:00Z"}]
)
def test_n1_nor_when_a_proof_was_made_or_until_when_it_was_good(credential, dates):
    """The same proofs are a no, or could not be judged, wherever a moment is named."""
    options = {
        "type": "DataIntegrityProof",
        "cryptosuite": data_integrity.RDFC,
        "verificationMethod": key_method(KEY.public_key),
        "proofPurpose": data_integrity.PURPOSE,
        **dates,
    }
    value = multibase_encode(KEY.sign(data_integrity.hash_input(credential, options)))
    document = {**credential, "proof": {**options, "proofValue": value}}

    assert judge(document).verified
    strict = data_integrity.check(document, resolver(data_integrity.PURPOSE), at=NOON)
    assert strict.code in ("no-created", "created-in-future", "proof-expired")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"name": "other"}, "signature-mismatch"),
        ({"proof": None}, "proof-malformed"),
        ({"proof": []}, "no-proof"),
        ({"type": ["VerifiablePresentation"]}, "structure"),
    ],
)
def test_what_is_known_to_be_wrong_refuses_whatever_is_asked(credential, signed, change, code):
    document = {**signed(credential), **change}

    assert code in codes(judge(document))
    assert code in codes(judge(document, Question(checks=())))


def test_a_key_that_cannot_be_looked_up_is_never_a_yes(credential, signed):
    secured = signed(credential)
    elsewhere = {**secured["proof"], "verificationMethod": "did:web:issuer.example#1"}
    document = {**secured, "proof": elsewhere}

    assert codes(judge(document)) == {"key-unknown"}
    assert codes(judge(document, Question(checks=("proof",)))) == {"key-unknown"}
    unasked = judge(document, Question(checks=()))
    assert unasked.verified
    assert [finding.code for finding in unasked.warnings] == ["key-unknown"]


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"domain": "there.example"}, "binding-audience"),
        ({"challenge": "another"}, "binding-nonce"),
        ({"purpose": "authentication"}, "proof-purpose"),
    ],
)
def test_n34_what_the_caller_expects_of_a_proof_is_compared(credential, presented, asked, code):
    document = presented(credential, purpose=data_integrity.PURPOSE, domain="here.example", challenge="c-1")

    assert judge(document, Question(domain="here.example", challenge="c-1")).verified
    assert codes(judge(document, Question(**asked))) == {code}


def test_a_derived_copy_verifies_and_its_base_does_not(credential):
    base = issue(
        credential,
        P256,
        verification_method=key_method(P256.public_key),
        at=NOON,
        cryptosuite=data_integrity.ECDSA_SD,
        policy=W3C_TEST_SUITE,
    )

    assert judge(derive(base, selective_pointers=["/credentialSubject"], policy=W3C_TEST_SUITE)).verified
    assert not judge(base).verified


# --- status


@pytest.fixture
def listed(credential, signed):
    """A credential with a status, and what the list's address answers; ``revoked`` sets its bit."""

    def make(revoked=False, issuer=DID):
        bits = StatusList()
        bits.set(7, revoked)
        document = status_list_document(
            url=LIST,
            issuer=DID,
            purpose=REVOCATION,
            bits=bits,
            valid_from=NOON,
            valid_until=NOON + timedelta(days=1),
            ttl_ms=60_000,
            subject_id=f"{LIST}#list",
        )
        entry = StatusEntry(REVOCATION, 7, LIST).to_document()
        secured = signed({**credential, "issuer": issuer, "credentialStatus": entry})
        return secured, {LIST: to_json(signed(document))}

    return make


STATUS = Question(checks=("proof", "credentialStatus"))


def test_status_decides_when_it_is_asked_about(listed):
    secured, answers = listed(revoked=True)

    assert judge(secured, Question(), answers).verified
    assert codes(judge(secured, STATUS, answers)) == {"revoked"}
    assert judge(*listed()[:1], STATUS, listed()[1]).verified


def test_s8_a_list_that_cannot_be_had_is_never_a_yes(listed):
    secured, _answers = listed()

    assert codes(judge(secured, STATUS)) == {"unreachable"}


def test_a_credential_that_nothing_can_be_read_from_has_no_status():
    assert not judge({"type": ["VerifiableCredential"], "payload": "", "signatures": []}, STATUS).verified


# --- envelopes


def test_an_envelope_is_opened_when_its_proof_is_asked_about(credential):
    envelope = issue_enveloped(credential, P256, kid=key_method(P256.public_key), policy=W3C_TEST_SUITE)

    assert judge(envelope).verified
    assert codes(judge({**envelope, "id": envelope["id"][:-4] + "AAAA"})) == {"signature-mismatch"}
    assert codes(judge({**envelope, "@context": []})) == {"envelope"}


def test_an_envelope_by_nobody_we_know_is_no_yes_unless_nobody_asks(credential):
    by_nobody = issue_enveloped(credential, P256, kid="did:example:a#1", policy=W3C_TEST_SUITE)
    anonymous = {**by_nobody, "id": "data:application/vp+jwt,eyJhbGciOiJFUzI1NiJ9.e30.AA"}
    anonymous["type"] = "EnvelopedVerifiablePresentation"

    assert codes(judge(by_nobody)) == {"key-unknown"}
    assert codes(show(anonymous)) == {"key-unknown"}
    assert judge(by_nobody, Question(checks=())).verified


def test_an_enveloped_credential_is_no_enveloped_presentation(credential):
    envelope = issue_enveloped(credential, P256, kid=key_method(P256.public_key), policy=W3C_TEST_SUITE)

    assert codes(show(envelope)) == {"envelope"}


# --- presentations


def test_b76_a_presentation_may_be_unsigned(presentation, credential, signed):
    found = show({**presentation, "verifiableCredential": [signed(credential)]})

    assert found.verified
    assert [finding.code for finding in found.warnings] == ["binding-missing"]
    assert codes(show(presentation, Question(checks=("proof",)))) == {"no-proof"}


def test_what_is_wrong_inside_is_wrong_outside(presentation, credential, signed):
    altered = {**signed(credential), "name": "other"}
    broken = {**credential, "issuer": None}

    for inside in (altered, broken, "https://example.org/credential", 7):
        assert not show({**presentation, "verifiableCredential": [inside]}).verified


def test_a_signed_presentation(presentation, presented):
    document = presented({**presentation, "holder": HOLDER}, domain="a.example", challenge="1")

    assert show(document).verified
    assert show(document, Question(domain="a.example", challenge="1")).verified
    assert codes(show(document, Question(challenge="2"))) == {"binding-nonce"}
    assert codes(show({**document, "holder": DID})) == {"signature-mismatch"}


def test_b64_a_presentation_is_signed_for_presenting(presentation, presented):
    document = presented(presentation, purpose=data_integrity.PURPOSE)

    assert codes(show(document)) == {"proof-purpose"}
    assert show(document, Question(purpose=data_integrity.PURPOSE)).verified


def test_a_credential_is_no_presentation(credential, signed):
    assert "structure" in codes(show(signed(credential)))


@pytest.mark.parametrize("own_proof", [False, True])
@pytest.mark.parametrize(
    ("issuer", "holder", "accepted"),
    [
        (HOLDER, HOLDER, True),
        (HOLDER, None, False),
        (HOLDER, "did:example:acme", False),
        ("did:example:acme", HOLDER, False),
        ("did:example:acme", None, True),  # whose word it is, is not asked here
    ],
)
def test_what_the_holder_alone_secures_the_holder_has_issued(
    presentation, presented, credential, signed, issuer, holder, accepted, own_proof
):
    """VCDM 2.0 §4.13.4, with the credential unsigned, or signed with the holder's own key."""
    inside = {**credential, "issuer": issuer}
    document = {**presentation, **({"holder": holder} if holder else {})}
    document["verifiableCredential"] = [signed(inside, name="holder") if own_proof else inside]

    found = show(presented(document))

    assert found.verified is accepted
    assert codes(found) == (set() if accepted else {"holder-not-issuer"})


@pytest.mark.parametrize("method", [[], {}, 7])
def test_a_proof_inside_that_names_no_method(presentation, presented, credential, signed, method):
    inside = signed(credential)
    inside["proof"]["verificationMethod"] = method

    assert not show(presented({**presentation, "verifiableCredential": [inside]})).verified


def test_a_credential_that_others_signed_needs_no_holder(presentation, presented, credential, signed):
    assert show(presented({**presentation, "verifiableCredential": [signed(credential)]})).verified


def test_an_enveloped_credential_in_a_signed_presentation(presentation, presented, credential):
    envelope = issue_enveloped(credential, P256, kid=key_method(P256.public_key), policy=W3C_TEST_SUITE)

    assert show(presented({**presentation, "verifiableCredential": [envelope]})).verified


# --- the question


def test_the_question_is_read_from_the_options():
    options = {"checks": ["proof"], "domain": "a", "challenge": "b", "expectedProofPurpose": "c"}

    assert question_of(None) == question_of({}) == Question()
    assert question_of(options) == Question(("proof",), "a", "b", "c")
    assert question_of({"checks": []}) == Question(())


@pytest.mark.parametrize(
    "options", [[], "proof", {"checks": "proof"}, {"checks": ["all"]}, {"checks": [[]]}, {"domain": 1}]
)
def test_options_that_are_none(options):
    with pytest.raises(MalformedError, match="options"):
        question_of(options)


def test_only_what_decides_is_an_error(credential, signed):
    found = judge(signed(credential))

    assert all(finding.outcome is Outcome.PASSED for finding in found.findings)
    assert (found.errors, found.warnings) == ((), ())
