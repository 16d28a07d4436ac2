# SPDX-License-Identifier: Apache-2.0
"""Shown by its holder, to whom."""

import json
from hashlib import md5

import pytest

from asking import DAY, HOLDER, INDEX, KEY, LIST, METHOD, PASSED, ask, endorsement, materials, outcome, signed
from cairn import Verdict, Verifier, checks, sign_presentation_jwt
from cairn.canonical import to_json
from cairn.errors import MalformedError
from cairn.proof import (
    Outcome,
    bind_sd_jwt,
    cose,
    data_integrity,
    jose,
    jws,
    present_sd_jwt,
    sign_jwt,
    sign_sd_jwt,
)
from cairn.reading import read
from cairn.status import StatusEntry
from cairn.testing import (
    NOON,
    FixedSources,
    sample_credential,
    signed_sample,
    signed_status_list,
)
from containing import HOLDER_METHOD, badge, presentation, unsigned


def shown(**arguments):
    whole = sign_sd_jwt(
        sample_credential(**arguments).to_document(),
        KEY,
        verification_method=METHOD,
        disclose=["/credentialSubject/identifier/0"],
        holder=HOLDER.public_key,
    )
    return present_sd_jwt(whole, disclose=[])


def test_a_w3c_credential_shown_in_part_goes_down_the_same_corridor():
    data = shown(status=StatusEntry("revocation", INDEX, LIST)).encode()

    assert ask(checks.structure, data)["structure"] == (Outcome.PASSED, "ok")
    assert ask(checks.proof, data) == PASSED
    assert outcome({LIST: signed_status_list(LIST, set_bits=(INDEX,))}, data) == (Outcome.FAILED, "revoked")
    envelope = {
        "@context": "https://www.w3.org/ns/credentials/v2",
        "type": "EnvelopedVerifiableCredential",
        "id": f"data:application/vc+sd-jwt,{data.decode()}",
    }
    assert ask(checks.proof, to_json(envelope)) == PASSED


def test_a_member_that_no_context_defines_is_lost_in_an_sd_jwt_too_b23():
    document = sample_credential().to_document() | {"nonsense": "x"}
    data = jws.sign({"typ": "vc+sd-jwt", "kid": METHOD}, document, KEY) + "~"

    assert ask(checks.proof, data.encode())["signature"] == (Outcome.FAILED, "data-loss")


@pytest.mark.parametrize(
    ("audience", "nonce", "at", "expected"),
    [
        ("https://reader.example", "n-1", NOON, (Outcome.PASSED, "ok")),
        ("https://other.example", "n-1", NOON, (Outcome.FAILED, "binding-audience")),
        ("https://reader.example", "n-2", NOON, (Outcome.FAILED, "binding-nonce")),
        ("https://reader.example", "n-1", NOON + DAY, (Outcome.FAILED, "binding-old")),
    ],
)
def test_a_showing_is_to_somebody_b55_b58(audience, nonce, at, expected):
    check = checks.presented_to(audience, nonce)
    text = bind_sd_jwt(shown(), HOLDER, audience="https://reader.example", nonce="n-1", at=NOON)

    assert ask(check, text.encode(), at=at)["holder"] == expected


@pytest.mark.parametrize(
    "make",
    [
        shown,
        lambda: sign_jwt(sample_credential().to_document(), KEY, verification_method=METHOD),
        lambda: signed_sample().decode(),
    ],
)
def test_what_nobody_has_bound_is_shown_to_nobody_b58(make):
    assert ask(checks.presented_to("a", "n"), make().encode())["holder"] == (
        Outcome.FAILED,
        "binding-missing",
    )


def held(typed, document=None):
    data = signed(document) if document else signed_sample()
    (found,) = checks.held_by(typed)(materials(data), NOON)
    return found


def with_address(identity="ann@example.com", *, hashed=False):
    document = sample_credential().to_document()
    document["credentialSubject"]["identifier"].append(
        {
            "type": "IdentityObject",
            "hashed": hashed,
            "identityHash": identity,
            "identityType": "emailAddress",
        }
    )
    return document


@pytest.mark.parametrize(
    ("typed", "expected", "message"),
    [
        ("Ann@example.com", (Outcome.PASSED, "ok"), "The e-mail address you typed matches the holder."),
        (
            "bob@example.com",
            (Outcome.FAILED, "holder-mismatch"),
            "The e-mail address you typed does not match.",
        ),
        (
            "did:key:z6MkAnn",
            (Outcome.UNDECIDED, "holder-not-comparable"),
            "It does not say who the holder is in a way we can compare.",
        ),
    ],
)
def test_the_holder_is_who_was_typed_s10(typed, expected, message):
    found = held(typed, with_address())

    assert (found.check, found.outcome, found.code) == ("holder", *expected)
    assert found.message == message
    assert found.details == {}  # an address is never shown


def test_a_did_is_told_as_an_identifier():
    document = sample_credential().to_document()
    document["credentialSubject"]["id"] = "did:key:z6MkAnn"

    assert held("did:key:z6MkAnn", document).message == "The identifier you typed matches the holder."
    assert held("did:key:z6MkBob", document).message == "The identifier you typed does not match."


def test_a_weak_hash_is_noted():
    document = with_address("md5$" + md5(b"ann@example.com").hexdigest(), hashed=True)

    assert held("ann@example.com", document).details == {"note": "weak-hash"}


@pytest.mark.parametrize("typed", ["ann@example.com", "x@y", "did:key:z6MkAnn"])
def test_a_badge_that_names_nobody_matches_nobody(typed):
    assert held(typed).outcome is Outcome.UNDECIDED


def test_another_holder_is_a_no_to_the_whole():
    data = signed(with_address())
    chosen = (*checks.DEFAULT_CHECKS, checks.held_by("bob@example.com"))

    assert Verifier(FixedSources(), chosen).examine(data, at=NOON).verdict is Verdict.NOT_VERIFIED


def test_the_holder_is_not_looked_for_under_a_broken_signature():
    altered = signed(with_address()).replace(b"Splices", b"Spices")
    chosen = (*checks.DEFAULT_CHECKS, checks.held_by("ann@example.com"))
    report = Verifier(FixedSources(), chosen).examine(altered, at=NOON)

    assert report.finding("holder").code == "not-vouched-for"


def test_only_an_address_or_a_did_can_be_typed_s10():
    with pytest.raises(MalformedError, match="holder-typed"):
        checks.held_by("Zoë Núñez")


# --- signed for the one who asks, in answer to a question (B71)


def asked(check, data):
    return [(finding.outcome, finding.code) for finding in check(materials(data), NOON)]


def token_for(**named):
    return sign_presentation_jwt([badge()], HOLDER, verification_method=HOLDER_METHOD, **named).encode()


FOR_YOU = [(Outcome.PASSED, "ok")]
SHOWN_TO_YOU = {
    "embedded": presentation(challenge="7fd3", domain="shop.example"),
    "token": token_for(nonce="7fd3", audience="shop.example"),
}


@pytest.mark.parametrize("data", SHOWN_TO_YOU.values(), ids=list(SHOWN_TO_YOU))
def test_a_presentation_that_answers_your_question(data):
    assert asked(checks.presented_to("shop.example", "7fd3"), data) == FOR_YOU
    assert asked(checks.made_for(challenge="7fd3"), data) == FOR_YOU
    assert asked(checks.made_for(domain="shop.example"), data) == FOR_YOU


@pytest.mark.parametrize("data", SHOWN_TO_YOU.values(), ids=list(SHOWN_TO_YOU))
def test_a_presentation_that_answers_another_question_b71(data):
    assert asked(checks.presented_to("shop.example", "8"), data) == [(Outcome.FAILED, "binding-nonce")]
    assert asked(checks.presented_to("bank.example", "7fd3"), data) == [(Outcome.FAILED, "binding-audience")]
    assert asked(checks.made_for(challenge="8"), data) == [(Outcome.FAILED, "binding-nonce")]


@pytest.mark.parametrize(
    "data",
    [
        presentation(),
        presentation(challenge="7fd3"),
        presentation(domain="shop.example"),
        unsigned(presentation(challenge="7fd3", domain="shop.example")),
        token_for(),
        token_for(nonce="7fd3"),
        jws.sign(
            {"typ": "vp+jwt"},
            {"aud": ["shop.example"], "nonce": "7fd3", "type": "VerifiablePresentation"},
            HOLDER,
        ).encode(),
        cose.sign(json.loads(unsigned(presentation())), HOLDER, kid=HOLDER_METHOD, profile=jose.PRESENTATION),
    ],
)
def test_a_presentation_that_names_nobody_is_not_for_you_b55_b71(data):
    (found,) = asked(checks.presented_to("shop.example", "7fd3"), data)

    assert found[0] is Outcome.FAILED


@pytest.mark.parametrize("domain", [["shop.example"], ["shop.example", "bank.example"], None, 3])
def test_a_list_of_readers_is_no_reader_b71(domain):
    document = json.loads(unsigned(presentation()))
    data = to_json(document | {"proof": [{"domain": domain, "challenge": "7fd3"}]})

    assert asked(checks.made_for(domain="shop.example"), data) == [(Outcome.FAILED, "binding-audience")]


def test_every_proof_must_answer_b71():
    document = json.loads(presentation(challenge="7fd3"))
    document["proof"] = [document["proof"], {**document["proof"], "challenge": "8"}]

    assert asked(checks.made_for(challenge="7fd3"), to_json(document)) == [(Outcome.FAILED, "binding-nonce")]


def test_nothing_is_said_where_nothing_was_asked():
    assert asked(checks.made_for(), presentation()) == []


def test_a_credential_can_be_asked_as_well_n34():
    document = sample_credential().to_document()
    data = to_json(
        data_integrity.sign(
            document, KEY, verification_method=METHOD, created=NOON, challenge="7fd3", domain="shop.example"
        )
    )

    assert asked(checks.made_for(challenge="7fd3", domain="shop.example"), data) == FOR_YOU
    assert asked(checks.made_for(challenge="8"), data) == [(Outcome.FAILED, "binding-nonce")]
    assert asked(checks.made_for(challenge="8"), signed_sample()) == [(Outcome.FAILED, "binding-nonce")]
    # Its issuer has signed that, and no holder has.
    assert asked(checks.presented_to("shop.example", "7fd3"), data) == [(Outcome.FAILED, "binding-missing")]


def test_the_wrong_question_is_never_accepted():
    data = SHOWN_TO_YOU["embedded"]
    for audience, nonce, accepted in (("shop.example", "7fd3", True), ("shop.example", "8", False)):
        verifier = Verifier(FixedSources(), (*checks.DEFAULT_CHECKS, checks.presented_to(audience, nonce)))
        report = verifier.examine(data, at=NOON)
        assert report.accepted is accepted
        # What is inside answers to nobody, and is what it is.
        assert report.parts[0].report.accepted
        assert report.parts[0].report.finding("holder") is None


def test_whom_you_typed_is_asked_of_what_is_inside():
    verifier = Verifier(FixedSources(), (*checks.DEFAULT_CHECKS, checks.held_by("did:example:somebody")))

    report = verifier.examine(presentation(), at=NOON)

    assert report.finding("holder").code == "ok"
    assert report.parts[0].report.finding("holder").code == "holder-mismatch"
    assert not report.accepted


def test_an_endorsement_beside_a_badge_is_held_by_nobody():
    data = endorsement("did:key:z6MkAnn")
    asked = checks.held_by("did:key:z6MkAnn")
    by_itself = materials(data)

    assert asked(by_itself, NOON)[0].outcome is Outcome.PASSED
    assert asked(materials(signed_sample()).about(read(data)), NOON) == ()
