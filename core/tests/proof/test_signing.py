# SPDX-License-Identifier: Apache-2.0
"""The ways in which we issue, and what we refuse to put a signature under."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cairn import OpenBadgeCredential, PrivateKey, Verdict, Verifier, derive, sign, sign_jwt
from cairn.canonical import parse_json, to_json
from cairn.did import did_key
from cairn.errors import MalformedError
from cairn.keys import Algorithm
from cairn.proof import sd_jwt, sign_cose, sign_sd_jwt, sign_sd_jwt_vc, with_limits
from cairn.status import StatusEntry
from cairn.status.token_list import TokenStatus
from cairn.testing import NOON, FixedSources, demo_key, key_method, sample_credential

KEY = demo_key()
METHOD = key_method(KEY.public_key)


def each_way(document):
    return (
        lambda: sign(document, KEY, verification_method=METHOD, at=NOON),
        lambda: sign_jwt(document, KEY, verification_method=METHOD),
        lambda: sign_cose(document, KEY, verification_method=METHOD),
        lambda: sign_sd_jwt(document, KEY, verification_method=METHOD, disclose=["/name"]),
    )


def test_the_record_is_compact_json_with_one_proof():
    signed = sign(sample_credential().to_document(), KEY, verification_method=METHOD, at=NOON)

    document = parse_json(signed)
    assert list(document)[-1] == "proof"
    assert document["proof"]["cryptosuite"] == "eddsa-rdfc-2022"
    assert b'": ' not in signed


def test_the_document_given_is_left_as_it_was():
    document = sample_credential().to_document()

    sign(document, KEY, verification_method=METHOD, at=NOON, cryptosuite="eddsa-jcs-2022")
    sign_jwt(document, KEY, verification_method=METHOD)

    assert document == sample_credential().to_document()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda document: document.update(proof={}), "already-signed"),
        (lambda document: document.pop("issuer"), "structure"),
        (lambda document: document.update(name="Knots\x07"), "control-character"),
        (lambda document: document.update(name="Knots\r\nSplices"), "control-character"),
        (lambda document: document.update(name="Knots\x7f"), "control-character"),
        (lambda document: document["credentialSubject"].update(id="relative"), "structure"),
    ],
)
def test_what_should_not_be_signed_is_not(change, code):
    document = sample_credential().to_document()
    change(document)

    for attempt in each_way(document):
        with pytest.raises(MalformedError) as refused:
            attempt()
        assert refused.value.code == code


def test_lines_and_tabs_may_be_signed():
    document = sample_credential().to_document()
    document["credentialSubject"]["achievement"]["criteria"]["narrative"] = "One.\n\tTwo."

    for attempt in each_way(document):
        assert attempt()


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\t"), min_size=1))
def test_any_text_that_is_signed_is_shown_as_it_was_b13_b39(text):
    """Quotes, escapes, other scripts, combining marks: signed as given, in every form."""
    document = sample_credential().to_document()
    document["credentialSubject"]["achievement"]["name"] = text
    written = OpenBadgeCredential.from_document(document)

    for suite in ("eddsa-rdfc-2022", "eddsa-jcs-2022"):
        data = sign(document, KEY, verification_method=METHOD, at=NOON, cryptosuite=suite)
        shown = Verifier(FixedSources()).verify(data, at=NOON).document
        assert OpenBadgeCredential.from_document(shown) == written
    token = sign_jwt(document, KEY, verification_method=METHOD)
    shown = Verifier(FixedSources()).verify(token.encode(), at=NOON).document
    assert OpenBadgeCredential.from_document(shown) == written


# --- for selective disclosure

CURVE_KEY = PrivateKey.from_bytes(Algorithm.P256, bytes(31) + b"\x07")
SD = "ecdsa-sd-2023"
# What an Open Badge cannot be without, beside what is always shown.
ENOUGH = ["/credentialSubject/id", "/credentialSubject/achievement"]


def disclosable(pointers=(), **members):
    document = sample_credential(
        issuer=did_key(CURVE_KEY.public_key), valid_until=NOON + timedelta(days=9), **members
    ).to_document()
    signed = sign(
        document,
        CURVE_KEY,
        verification_method=key_method(CURVE_KEY.public_key),
        at=NOON,
        cryptosuite=SD,
        mandatory_pointers=pointers,
    )
    return parse_json(signed)


def test_a_holder_shows_a_part_and_it_verifies():
    copy = derive(disclosable(), selective_pointers=ENOUGH)

    shown = Verifier(FixedSources()).verify(copy, at=NOON).document
    assert "identifier" not in shown["credentialSubject"]
    assert "Zoë".encode() not in copy
    whole = derive(disclosable(), selective_pointers=[""])
    assert "identifier" in Verifier(FixedSources()).verify(whole, at=NOON).document["credentialSubject"]


def test_what_the_holder_keeps_is_not_for_showing():
    report = Verifier(FixedSources()).examine(to_json(disclosable()), at=NOON)

    assert report.verdict is Verdict.COULD_NOT_CHECK
    assert not report.accepted
    assert report.finding("signature").code == "proof-base"
    assert report.document is None


@pytest.mark.parametrize("pointers", [(), ("/issuer/name",), ("/name", "/validUntil"), ("",)])
def test_dates_status_and_issuer_cannot_be_left_out(pointers):
    """Else a holder could show a revoked or expired credential as one that cannot be revoked or expire."""
    signed = disclosable(pointers, status=StatusEntry("revocation", 5, "https://harbour.example/s/1"))

    copy = parse_json(derive(signed, selective_pointers=ENOUGH))

    for member in ("validFrom", "validUntil", "credentialStatus"):
        assert copy[member] == signed[member]
    assert copy["issuer"]["id"] == signed["issuer"]["id"]


def test_what_limits_a_credential_is_mandatory_under_its_old_names_too():
    names = ("issuer", "validFrom", "issuanceDate", "validUntil", "expirationDate")
    document = dict.fromkeys((*names, "credentialStatus", "termsOfUse", "name"))
    others = [f"/{name}" for name in (*names[1:], "credentialStatus", "termsOfUse")]

    assert with_limits(document, ()) == ["/issuer", *others]
    assert with_limits(document, ["/name", "/validUntil"]) == [
        *("/name", "/validUntil", "/issuer"),
        *(other for other in others if other != "/validUntil"),
    ]
    assert with_limits(document, ["/issuer/name"]) == ["/issuer/name", *others]
    assert with_limits(document, ["/issuerX"]) == ["/issuerX", "/issuer", *others]
    assert with_limits(document, [""]) == [""]
    assert with_limits({"issuer": 1}, ()) == ["/issuer"]


def test_a_token_that_can_be_shown_in_part_says_what_it_holds():
    shown = sign_sd_jwt(
        sample_credential().to_document(), KEY, verification_method=METHOD, disclose=["/name"]
    )
    pointer = TokenStatus(7, "https://harbour.example/statuslists/1")
    claims = {"iss": did_key(KEY.public_key), "vct": "urn:x"}
    vc = sign_sd_jwt_vc(claims, KEY, kid=METHOD, disclose=(), at=NOON, status=pointer)

    assert sd_jwt.split(shown).jws.header == {"alg": "EdDSA", "typ": "vc+sd-jwt", "cty": "vc", "kid": METHOD}
    assert sd_jwt.split(vc).jws.header == {"alg": "EdDSA", "typ": "dc+sd-jwt", "kid": METHOD}
    assert sd_jwt.read(vc).payload["status"] == pointer.to_claim()


def test_nothing_more_is_mandatory_than_was_asked_for():
    copy = parse_json(derive(disclosable(["/issuer/name"]), selective_pointers=ENOUGH))

    assert copy.keys() == {
        *("@context", "id", "type", "issuer", "validFrom", "validUntil", "credentialSubject", "proof"),
    }
    assert copy["issuer"].keys() == {"id", "type", "name"}


def test_a_copy_that_no_verifier_would_take_is_not_made():
    with pytest.raises(MalformedError) as refused:
        derive(disclosable(), selective_pointers=["/credentialSubject/achievement/name"])

    assert refused.value.code == "structure"
    assert "criteria" in refused.value.message


def test_pointers_belong_to_selective_disclosure():
    with pytest.raises(ValueError, match="pointers"):
        sign(
            sample_credential().to_document(),
            KEY,
            verification_method=METHOD,
            at=NOON,
            mandatory_pointers=["/name"],
        )
