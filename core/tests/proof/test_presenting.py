# SPDX-License-Identifier: Apache-2.0
"""What a holder puts together and signs."""

import json
from base64 import b64decode

import pytest

from asking import HOLDER, KEY, METHOD
from cairn import read, sign_cose, sign_jwt, sign_presentation, sign_presentation_jwt, sign_sd_jwt
from cairn.errors import MalformedError
from cairn.proof import jws, presenting
from cairn.testing import NOON
from containing import HOLDER_ID, HOLDER_METHOD, badge, badge_document, presentation


def test_a_presentation_says_who_shows_it_for_whom_and_in_answer_to_what():
    document = json.loads(presentation(challenge="7fd3", domain="shop.example"))

    assert document["holder"] == HOLDER_ID
    assert document["verifiableCredential"] == [json.loads(badge())]
    proof = document["proof"]
    assert (proof["proofPurpose"], proof["challenge"], proof["domain"]) == (
        "authentication",
        "7fd3",
        "shop.example",
    )


def test_without_a_question_the_proof_names_none():
    assert {"challenge", "domain"}.isdisjoint(json.loads(presentation())["proof"])


def test_every_other_form_goes_into_an_envelope():
    token = sign_jwt(badge_document(1), KEY, verification_method=METHOD)
    shown = sign_sd_jwt(badge_document(2), KEY, verification_method=METHOD, disclose=[])
    packed = sign_cose(badge_document(3), KEY, verification_method=METHOD)

    held = json.loads(presentation(token.encode(), shown.encode() + b"\n", packed))["verifiableCredential"]

    assert [each["id"].partition(",")[0] for each in held] == [
        "data:application/vc+jwt",
        "data:application/vc+sd-jwt",
        "data:application/vc+cose;base64",
    ]
    assert held[0]["id"].endswith(token)
    assert all(each["type"] == "EnvelopedVerifiableCredential" and "@context" in each for each in held)


@pytest.mark.parametrize("length", range(3))
def test_an_envelope_of_octets_holds_all_of_them(length):
    """Whatever letter their text ends with, with padding or without."""
    packed = sign_cose(badge_document(), KEY, verification_method=METHOD)
    for last in range(64):
        ending = (last << 6 | last).to_bytes(2, "big") + bytes([last]) * length
        (held,) = presenting.presentation([packed + ending], holder=HOLDER_ID)["verifiableCredential"]
        text = held["id"].partition(",")[2]
        assert b64decode(text + "=" * (-len(text) % 4)) == packed + ending
        assert "=" not in text


def test_a_token_of_a_presentation_says_the_same_in_claims():
    token = sign_presentation_jwt(
        [badge()], HOLDER, verification_method=HOLDER_METHOD, nonce="7fd3", audience="shop.example"
    )

    parts = jws.split(token)

    assert (parts.header["typ"], parts.header["cty"], parts.header["kid"]) == ("vp+jwt", "vp", HOLDER_METHOD)
    assert (parts.payload["iss"], parts.payload["aud"], parts.payload["nonce"]) == (
        HOLDER_ID,
        "shop.example",
        "7fd3",
    )
    assert read(token.encode()).format == "vp+jwt"


@pytest.mark.parametrize("suite", ["eddsa-rdfc-2022", "eddsa-jcs-2022"])
def test_the_suite_is_the_callers_choice(suite):
    document = json.loads(presentation(cryptosuite=suite))

    assert document["proof"]["cryptosuite"] == suite


@pytest.mark.parametrize("junk", [b"", b"hello", b"[]", b"\xff\xfe", b'{"no": "credential"}'])
def test_what_is_no_credential_is_not_presented(junk):
    with pytest.raises(MalformedError):
        presentation(junk)


def test_a_holder_without_a_name_that_is_a_url_is_refused():
    with pytest.raises(MalformedError) as refused:
        sign_presentation([badge()], HOLDER, verification_method="key-1", at=NOON)

    assert refused.value.code == "structure"


def test_the_same_credential_is_not_presented_twice_s16():
    with pytest.raises(MalformedError):
        presentation(badge(), badge())
