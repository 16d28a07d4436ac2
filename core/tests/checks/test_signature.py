# SPDX-License-Identifier: Apache-2.0
"""Who signed it, and whether that is the issuer."""

import json
from dataclasses import replace

import pytest

from asking import (
    INDEX,
    KEY,
    LIST,
    METHOD,
    OTHER,
    VC_ISSUER,
    WEB,
    WEB_URL,
    ask,
    materials,
    sd_jwt_vc,
    signed,
)
from cairn import checks, gather, read
from cairn.canonical import to_json
from cairn.canonical.shapes import Shapes
from cairn.did import build_document, did_jwk, did_key
from cairn.keys import Algorithm, PrivateKey, base58btc_encode
from cairn.proof import (
    Outcome,
    data_integrity,
    familiar,
    jose,
    jws,
    sign_jwt,
)
from cairn.status import StatusEntry
from cairn.testing import (
    NOON,
    FixedSources,
    did_document,
    key_method,
    sample_credential,
    signed_sample,
)

BROKEN_ADDRESSES = [
    "https://[",
    "https://[::1",
    "https://[harbour]/",
    "https://a]b/",
    "https://a.example:port/",
]


@pytest.mark.parametrize("address", BROKEN_ADDRESSES)
def test_a_broken_address_under_a_good_signature_is_a_no_or_a_doubt_b18(address):
    """A stranger can sign anything with a key of their own; none of it may make the judge fall over."""
    badge = sample_credential(status=StatusEntry("revocation", INDEX, LIST)).to_document()
    status = {**badge["credentialStatus"], "statusListCredential": address}
    strange = [{**badge, "issuer": {**badge["issuer"], "id": address}}, {**badge, "credentialStatus": status}]

    for document in strange:
        for data in (signed(document), jose.sign(document, KEY, kid=METHOD).encode()):
            found = [each for check in checks.DEFAULT_CHECKS for each in check(materials(data), NOON)]

            assert {"issuer", "status"} <= {finding.check for finding in found}
            assert any(finding.decides and finding.outcome is not Outcome.PASSED for finding in found)


def test_a_badge_of_did_key_is_the_issuers():
    assert ask(checks.proof, signed_sample()) == {
        "signature": (Outcome.PASSED, "ok"),
        "issuer": (Outcome.PASSED, "ok"),
    }


@pytest.mark.parametrize(
    ("issuer", "url"), [(WEB, WEB_URL), ("https://harbour.example/i/1", "https://harbour.example/i/1")]
)
def test_a_badge_of_a_web_issuer_names_the_domain(issuer, url):
    data = signed_sample(sample_credential(issuer=issuer), verification_method=f"{issuer}#key-1")

    signature, found = checks.proof(materials(data, {url: did_document(issuer, KEY.public_key)}), NOON)

    assert signature.outcome is found.outcome is Outcome.PASSED
    assert found.details["domain"] == "harbour.example"
    assert found.details["key"] == f"{issuer}#key-1"
    assert "harbour.example" in found.message


def test_the_key_of_another_issuer_is_a_no_b66():
    """A key that anybody can look up, and that is not the issuer's."""
    for issuer in (WEB, did_key(OTHER.public_key), "https://harbour.example/i/1"):
        found = ask(checks.proof, signed_sample(sample_credential(issuer=issuer)))
        assert found["issuer"] == (Outcome.FAILED, "key-not-of-issuer")
        assert found["signature"][0] is Outcome.PASSED  # unchanged, by somebody else


def test_a_key_that_the_issuer_does_not_list_is_a_no_b65_n30():
    fragment = KEY.public_key.multikey()
    data = signed_sample(sample_credential(issuer=WEB), verification_method=f"{WEB}#{fragment}")

    found = ask(checks.proof, data, {WEB_URL: did_document(WEB, OTHER.public_key)})

    assert found["issuer"] == (Outcome.FAILED, "key-not-of-issuer")


def test_a_key_for_another_use_is_a_no_b65():
    document = json.loads(did_document(WEB, KEY.public_key))
    document["authentication"] = document.pop("assertionMethod")
    data = signed_sample(sample_credential(issuer=WEB), verification_method=f"{WEB}#key-1")

    assert ask(checks.proof, data, {WEB_URL: to_json(document)})["issuer"] == (
        Outcome.FAILED,
        "key-not-of-issuer",
    )


def test_a_key_of_another_controller_is_a_no_b65():
    document = json.loads(did_document(WEB, KEY.public_key))
    document["verificationMethod"][0]["controller"] = "did:web:evil.example"
    data = signed_sample(sample_credential(issuer=WEB), verification_method=f"{WEB}#key-1")

    assert ask(checks.proof, data, {WEB_URL: to_json(document)})["issuer"] == (
        Outcome.FAILED,
        "key-not-of-issuer",
    )


def test_a_method_inside_the_credential_proves_nothing_b65():
    document = sample_credential(issuer=WEB).to_document()
    document = json.loads(signed(document, method=f"{WEB}#key-1"))
    document["proof"]["verificationMethod"] = {"id": f"{WEB}#key-1", "publicKeyMultibase": "z6Mk"}

    found = ask(checks.proof, to_json(document))

    assert found["signature"][0] is Outcome.FAILED
    assert found["issuer"][0] is Outcome.FAILED


def test_one_proof_of_a_stranger_spoils_the_set_b65():
    document = json.loads(signed_sample())
    document = data_integrity.sign(
        document, OTHER, verification_method=key_method(OTHER.public_key), created=NOON
    )

    assert ask(checks.proof, to_json(document))["issuer"] == (Outcome.FAILED, "key-not-of-issuer")


def test_a_withdrawn_key_is_a_no_and_a_retired_one_is_not_s13():
    data = signed_sample(sample_credential(issuer=WEB), verification_method=f"{WEB}#key-1")
    retired = build_document(WEB, [("key-1", KEY.public_key, None), ("key-2", OTHER.public_key, None)])
    withdrawn = build_document(WEB, [("key-1", KEY.public_key, NOON), ("key-2", OTHER.public_key, None)])

    assert ask(checks.proof, data, {WEB_URL: to_json(retired)})["signature"] == (Outcome.PASSED, "ok")
    assert ask(checks.proof, data, {WEB_URL: to_json(withdrawn)})["signature"] == (
        Outcome.FAILED,
        "key-revoked",
    )


def test_a_did_key_that_is_no_key_is_a_no_b20_b62():
    short = base58btc_encode(b"\xed\x01" + bytes(31))
    off_curve = base58btc_encode(b"\x80\x24\x02" + b"\xff" * 32)
    for issuer in (f"did:key:z{short}", f"did:key:z{off_curve}", "did:jwk:e30"):
        document = json.loads(signed_sample())
        document["issuer"]["id"] = issuer
        document["proof"]["verificationMethod"] = f"{issuer}#0"
        assert ask(checks.proof, to_json(document))["issuer"][0] is Outcome.FAILED


def test_the_small_order_key_is_a_no_b53():
    """Under it one signature fits every message."""
    did = "did:key:z" + base58btc_encode(b"\xed\x01" + b"\x01" + bytes(31))
    document = sample_credential(issuer=did).to_document()
    proof = json.loads(signed_sample())["proof"]
    proof["verificationMethod"] = f"{did}#{did[8:]}"
    proof["proofValue"] = "z" + base58btc_encode(b"\x01" + bytes(63))

    found = ask(checks.proof, to_json({**document, "proof": proof}))

    assert found["signature"][0] is Outcome.FAILED
    assert found["issuer"][0] is Outcome.FAILED


def test_without_an_issuer_nobody_signed():
    document = json.loads(signed_sample())
    del document["issuer"]

    assert ask(checks.proof, to_json(document))["issuer"] == (Outcome.FAILED, "no-issuer")


def test_an_unsigned_credential_names_no_key_b76():
    assert ask(checks.proof, to_json(sample_credential().to_document())) == {
        "signature": (Outcome.FAILED, "no-proof"),
        "issuer": (Outcome.FAILED, "no-key"),
    }


@pytest.mark.parametrize("algorithm", [Algorithm.ED25519, Algorithm.P256])
def test_a_token_of_did_jwk_is_the_issuers(algorithm):
    key = PrivateKey.generate(algorithm)
    issuer = did_jwk(key.public_key)
    token = sign_jwt(sample_credential(issuer=issuer).to_document(), key, verification_method=f"{issuer}#0")

    assert ask(checks.proof, token.encode()) == {
        "signature": (Outcome.PASSED, "ok"),
        "issuer": (Outcome.PASSED, "ok"),
    }


def test_a_token_by_a_strangers_key_is_a_no_b44_b66():
    token = sign_jwt(
        sample_credential(issuer=WEB).to_document(),
        OTHER,
        verification_method=key_method(OTHER.public_key),
    )

    assert ask(checks.proof, token.encode())["issuer"] == (Outcome.FAILED, "key-not-of-issuer")


@pytest.mark.parametrize("altered", [False, True])
def test_only_the_token_in_a_wrapper_is_signed_b60(altered):
    token = sign_jwt(sample_credential().to_document(), KEY, verification_method=METHOD)
    outside = sample_credential().to_document()
    if altered:
        outside["credentialSubject"]["achievement"]["name"] = "Doctor of Everything"

    found = ask(checks.proof, to_json({**outside, "proof": {"type": "JwtProof2020", "jwt": token}}))

    expected = (Outcome.FAILED, "wrapper-altered") if altered else (Outcome.UNDECIDED, "wrapped-token")
    assert found["signature"] == expected


def test_a_wrapper_around_what_is_no_token_is_refused_b59_b60():
    wrapper = {**sample_credential().to_document(), "proof": {"type": "JwtProof2020", "jwt": "a.b.c"}}

    signature = ask(checks.proof, to_json(wrapper))["signature"]

    assert signature[0] is Outcome.FAILED
    assert signature[1] in ("base64url", "token-malformed", "json-syntax")


def test_the_dates_of_an_sd_jwt_vc_are_its_claims():
    now = int(NOON.timestamp())
    other = {"validFrom": "not a date", "validUntil": 5}
    for claims, code in (({}, "ok"), ({"exp": now - 61}, "expired"), ({"nbf": now + 61}, "not-yet-valid")):
        assert ask(checks.period, sd_jwt_vc(**claims, **other))["period"][1] == code


@pytest.mark.parametrize("claims", [{"vct": ""}, {"vct": 1}, {"iss": "x"}, {"status": []}, {"sub": 1}])
def test_an_sd_jwt_vc_has_its_required_claims(claims):
    payload = {"iss": VC_ISSUER, "vct": "v", **claims}
    data = jws.sign({"typ": "dc+sd-jwt", "kid": "k0"}, payload, KEY) + "~"

    (found,) = checks.structure(materials(data.encode()), NOON)

    assert (found.outcome, found.code) == (Outcome.FAILED, "structure")
    assert found.details["fields"] == next(iter(claims))


# What a first look has told already


def embedded(number):
    return signed(sample_credential(id=f"urn:uuid:8d4a2f3e-6a0b-4b57-9f0e-{number:012d}").to_document())


def token(number):
    document = sample_credential(id=f"urn:uuid:8d4a2f3e-6a0b-4b57-9f0e-{number:012d}").to_document()
    return sign_jwt(document, KEY, verification_method=METHOD).encode()


def signature_of(credential):
    found, *_ = checks.proof(gather(credential, FixedSources({}), at=NOON), NOON)
    return found.outcome, found.code


@pytest.fixture
def known(monkeypatch):
    """Reads what has a shape that was accepted before, and lets nobody take the long way with it."""

    def long_way(*arguments, **named):
        raise AssertionError("the long way was taken")

    def make(written):
        monkeypatch.setattr(familiar, "SHAPES", Shapes(patience=0))
        for number in range(5):
            signature_of(read(written(number)))
        monkeypatch.setattr(data_integrity, "check", long_way)
        monkeypatch.setattr(jose, "rdf_canonical", long_way)
        return read(written(7))

    return make


def test_an_embedded_proof_of_a_known_shape_is_looked_at_the_short_way(known):
    assert signature_of(known(embedded)) == (Outcome.PASSED, "ok")


def test_a_document_at_which_nobody_has_looked_is_looked_at_the_long_way():
    assert signature_of(replace(read(embedded(1)), glance=None)) == (Outcome.PASSED, "ok")


def test_a_look_tells_that_nothing_of_a_token_goes_unsaid_b73(known):
    credential = known(token)

    assert signature_of(credential) == (Outcome.PASSED, "ok")
    # The same once more, as somebody else has parsed it.
    assert signature_of(replace(credential, token=credential.token)) == (Outcome.PASSED, "ok")


def test_a_look_at_another_document_tells_nothing_of_a_token_b73(known):
    credential = known(token)
    lossy = jose.sign({**sample_credential().to_document(), "colour": "red"}, KEY, kid=METHOD)

    for strange in (replace(credential, token=lossy), replace(credential, glance=None)):
        with pytest.raises(AssertionError, match="long way"):
            signature_of(strange)
