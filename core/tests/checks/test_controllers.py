# SPDX-License-Identifier: Apache-2.0
"""Whose key it is: issuers with a web address, their documents, their key sets and single keys."""

import json

import pytest

from asking import (
    KEY,
    METADATA,
    OTHER,
    PASSED,
    VC_ISSUER,
    WEB,
    WEB_URL,
    ask,
    badge_token,
    issuer_metadata,
    key_set,
    materials,
    sd_jwt_vc,
    signed,
)
from cairn import checks
from cairn.canonical import to_json
from cairn.checks.controllers import controller_document, domain_of, listed_method
from cairn.did import DidDocument, build_document, did_jwk, did_key
from cairn.errors import UnavailableError
from cairn.materials import MAX_KEY_URLS, gather, key_urls
from cairn.proof import Outcome, data_integrity, sign_cose, sign_sd_jwt
from cairn.reading import read
from cairn.testing import NOON, FixedSources, did_document, key_method, sample_credential, signed_sample

ISSUER = "https://harbour.example/i/1"
KEY_SET = "https://harbour.example/.well-known/jwks.json"
BENEATH = f"{ISSUER}/keys/1"
BESIDE = "https://harbour.example/keys/1"


def profile(*methods, **members):
    """A Profile of Open Badges that is a document with keys as well."""
    document = {
        "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"],
        "id": ISSUER,
        "type": ["Profile"],
        "name": "Harbour School",
        "verificationMethod": list(methods),
        "assertionMethod": [method["id"] for method in methods],
    }
    return to_json({**document, **members})


def multikey(url, key=KEY, **members):
    document = {"id": url, "type": "Multikey", "controller": ISSUER}
    return {**document, "publicKeyMultibase": key.public_key.multikey(), **members}


def jwk(key=KEY, **members):
    return to_json({**key.public_key.jwk(), **members})


def token(kid):
    return badge_token(ISSUER, KEY, kid=kid)


def embedded(url):
    return signed_sample(sample_credential(issuer=ISSUER), verification_method=url)


# --- a profile with keys


@pytest.mark.parametrize("kind", ["Multikey", "JsonWebKey"])
def test_a_profile_is_a_document_with_keys(kind):
    method = multikey(f"{ISSUER}#key-1")
    if kind == "JsonWebKey":
        del method["publicKeyMultibase"]
        method |= {"type": kind, "publicKeyJwk": KEY.public_key.jwk()}
    answers = {ISSUER: profile(method)}

    assert ask(checks.proof, embedded(f"{ISSUER}#key-1"), answers) == PASSED
    assert ask(checks.proof, token("key-1"), answers) == PASSED


def test_a_key_that_the_profile_does_not_list_for_assertions_is_not_the_issuers_b65():
    answers = {ISSUER: profile(multikey(f"{ISSUER}#key-1"), assertionMethod=[])}

    assert ask(checks.proof, embedded(f"{ISSUER}#key-1"), answers)["issuer"] == (
        Outcome.FAILED,
        "key-not-of-issuer",
    )


@pytest.mark.parametrize(
    "answer",
    [
        b"<!doctype html><title>Harbour School</title>",
        profile(multikey("https://harbour.example/i/2#key-1"), id="https://harbour.example/i/2"),
        profile(),
    ],
)
def test_a_page_that_is_no_document_with_keys_is_a_doubt_b97(answer):
    found = ask(checks.proof, embedded(f"{ISSUER}#key-1"), {ISSUER: answer})

    assert found["signature"] == found["issuer"] == (Outcome.UNDECIDED, "issuer-document")


# --- a key at an address of its own


def test_a_kid_may_be_the_address_of_one_jwk():
    document = sample_credential(issuer=ISSUER).to_document()
    answers = {BENEATH: jwk()}

    assert ask(checks.proof, token(BENEATH), answers) == PASSED
    assert ask(checks.proof, sign_cose(document, KEY, verification_method=BENEATH), answers) == PASSED
    shown = sign_sd_jwt(document, KEY, verification_method=BENEATH, disclose=["/name"])
    assert ask(checks.proof, shown.encode(), answers) == PASSED


def test_a_verification_method_may_have_an_address_of_its_own():
    assert ask(checks.proof, embedded(BENEATH), {BENEATH: to_json(multikey(BENEATH))}) == PASSED


def test_only_addresses_at_the_issuers_own_origin_are_asked_b44_b45():
    def asked(kid):
        sources = FixedSources()
        gather(read(token(kid)), sources, at=NOON)
        return set(sources.asked) - {ISSUER, KEY_SET}

    assert asked(BESIDE) == {BESIDE}
    for stranger in (
        "https://evil.example/keys/1",
        "http://harbour.example/keys/1",
        "https://harbour.example:8443/keys/1",
        "https://harbour.example@evil.example/keys/1",
        "https://keys.harbour.example/1",
        "https://harbour.example/keys#1",
        "file:///etc/passwd",
        "did:web:evil.example#1",
        "../../keys/1",
        "' OR 1=1 --",
    ):
        assert asked(stranger) == set()


def test_few_addresses_of_keys_are_asked_b99():
    document = json.loads(embedded(BENEATH))
    document["proof"] = [
        {**document["proof"], "verificationMethod": f"{ISSUER}/keys/{number}"} for number in range(16)
    ]

    assert len(key_urls(read(to_json(document)))) == MAX_KEY_URLS


def test_a_key_elsewhere_on_the_host_is_the_issuers_only_if_the_issuer_says_so_s5():
    """Another tenant of the same host can publish a key as well."""
    own = multikey(f"{ISSUER}#key-1", OTHER)
    cases = [
        ({}, (Outcome.UNDECIDED, "issuer-document")),
        ({ISSUER: b"<html>"}, (Outcome.UNDECIDED, "issuer-document")),
        ({ISSUER: profile(own), KEY_SET: key_set(OTHER)}, (Outcome.FAILED, "key-not-of-issuer")),
        ({ISSUER: profile(own)}, (Outcome.UNDECIDED, "issuer-document")),
        ({ISSUER: profile(own, assertionMethod=[own["id"], BESIDE])}, (Outcome.PASSED, "ok")),
        ({ISSUER: profile(multikey(f"{ISSUER}#key-1"))}, (Outcome.PASSED, "ok")),
        ({KEY_SET: key_set(OTHER, KEY)}, (Outcome.PASSED, "ok")),
    ]
    for answers, expected in cases:
        found = ask(checks.proof, token(BESIDE), {**answers, BESIDE: jwk()})

        assert found == {"signature": (Outcome.PASSED, "ok"), "issuer": expected}
    # An embedded proof is not looked up in the key set, which belongs to tokens.
    found = ask(checks.proof, embedded(BESIDE), {BESIDE: to_json(multikey(BESIDE)), ISSUER: profile(own)})
    assert found["issuer"][0] is Outcome.UNDECIDED


@pytest.mark.parametrize(
    "url",
    [
        "https://harbour.example/i/12",
        "https://harbour.example/i/1/../2/keys/1",
        "https://harbour.example/i/1/./keys/1",
        "https://harbour.example/i/1//keys/1",
        "https://harbour.example/i/1/%2e%2e/2/keys/1",
        "https://harbour.example/i/1?key=1",
        "https://harbour.example/i/1/",
        "https://harbour.example/i/",
    ],
)
def test_what_only_looks_like_the_issuers_own_path_is_not_b93(url):
    answers = {url: jwk(), ISSUER: profile(multikey(f"{ISSUER}#k", OTHER)), KEY_SET: key_set(OTHER)}

    assert ask(checks.proof, token(url), answers) == {
        "signature": (Outcome.PASSED, "ok"),
        "issuer": (Outcome.FAILED, "key-not-of-issuer"),
    }


def test_an_issuers_path_may_end_with_a_stroke_and_may_not_be_a_question_b93():
    for issuer, expected in (
        (f"{ISSUER}/", (Outcome.PASSED, "ok")),
        (f"{ISSUER}?of=school", (Outcome.UNDECIDED, "issuer-document")),
    ):
        url = f"{issuer.removesuffix('/')}/keys/1"
        assert ask(checks.proof, badge_token(issuer, KEY, kid=url), {url: jwk()})["issuer"] == expected


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (key_set(KEY), (Outcome.FAILED, "key-set")),
        (jwk(kid="https://harbour.example/keys/2"), (Outcome.FAILED, "key-other")),
        (jwk(OTHER), (Outcome.FAILED, "signature-mismatch")),
        (to_json(KEY.to_jwk()), (Outcome.FAILED, "jwk-private")),
        (jwk(use="enc"), (Outcome.FAILED, "jwk-use")),
        (to_json(multikey(BENEATH, controller="https://harbour.example/i/2")), (Outcome.FAILED, "key-other")),
        (to_json(multikey("https://harbour.example/keys/9")), (Outcome.UNDECIDED, "issuer-document")),
        (b"<html>", (Outcome.UNDECIDED, "issuer-document")),
        (None, (Outcome.UNDECIDED, "unreachable")),
    ],
)
def test_what_is_not_one_key_of_this_issuer_is_not_used_b44_b61(answer, expected):
    answers = {} if answer is None else {BENEATH: answer}

    assert ask(checks.proof, token(BENEATH), answers)["signature"] == expected


def test_a_jwk_may_repeat_its_address_or_have_a_short_name():
    for kid in (BENEATH, "key-1"):
        assert ask(checks.proof, token(BENEATH), {BENEATH: jwk(kid=kid)}) == PASSED


def test_a_key_that_the_profile_has_withdrawn_is_withdrawn_under_any_name():
    withdrawn = multikey(f"{ISSUER}#key-1", revoked="2026-11-23T00:00:00Z")

    found = ask(checks.proof, token(BENEATH), {BENEATH: jwk(), ISSUER: profile(withdrawn)})

    assert found["signature"] == (Outcome.FAILED, "key-revoked")


def test_an_issuer_that_is_a_did_has_no_keys_at_web_addresses_b66():
    issuer = "did:web:harbour.example:i:1"
    data = badge_token(issuer, KEY, kid=BESIDE)

    assert key_urls(read(data)) == ()
    assert ask(checks.proof, data, {BESIDE: jwk()})["issuer"] == (Outcome.FAILED, "key-not-of-issuer")


# --- which key of a set


def keys(*entries):
    return {KEY_SET: to_json({"keys": list(entries)})}


def test_two_keys_under_one_kid_are_no_key_and_leave_the_others_be_b44():
    entries = [{**key.public_key.jwk(), "kid": "k0"} for key in (KEY, OTHER)]
    alone = {**KEY.public_key.jwk(), "kid": "k1"}

    assert ask(checks.proof, token("k0"), keys(*entries))["signature"] == (Outcome.FAILED, "key-ambiguous")
    assert ask(checks.proof, token("k1"), keys(entries[1], entries[1], alone)) == PASSED
    assert ask(checks.proof, token("k0"), keys(entries[0], entries[0])) == PASSED


def test_a_key_without_a_kid_is_named_by_its_thumbprint_and_not_by_its_place():
    bare = KEY.public_key.jwk()

    assert ask(checks.proof, token(KEY.public_key.thumbprint()), keys(bare)) == PASSED
    assert ask(checks.proof, token("0"), keys(bare))["signature"] == (Outcome.UNDECIDED, "key-unknown")


def test_a_token_that_names_no_key_is_not_tried_with_all_of_them_b44():
    assert ask(checks.proof, badge_token(ISSUER, KEY), keys(KEY.public_key.jwk()))["signature"] == (
        Outcome.FAILED,
        "token-key",
    )


def test_the_issuer_alone_is_a_name_only_for_an_issuer_with_one_key():
    answers = {ISSUER: profile(multikey(f"{ISSUER}#a"))}
    two = {ISSUER: profile(multikey(f"{ISSUER}#a"), multikey(f"{ISSUER}#b", OTHER))}

    assert ask(checks.proof, token(ISSUER), answers) == PASSED
    assert ask(checks.proof, token(ISSUER), two)["signature"] == (Outcome.UNDECIDED, "key-unknown")


def test_the_key_set_is_the_issuers_alone_b66():
    found = ask(checks.proof, token("https://anchor.example/i/1#k0"), {KEY_SET: key_set(KEY)})

    assert found["signature"] == (Outcome.UNDECIDED, "not-gathered")
    assert found["issuer"] == (Outcome.FAILED, "key-not-of-issuer")


def test_kids_that_are_no_text_and_kinds_that_are_not_known_name_nothing():
    strange = [
        {**KEY.public_key.jwk(), "kid": 7},
        {"kty": "oct", "kid": "k2"},
        {"kty": "OKP", "crv": "X25519"},
    ]

    for kid, code in (("7", "key-unknown"), ("k2", "key-type")):
        assert ask(checks.proof, token(kid), keys(*strange, *strange))["signature"] == (
            Outcome.UNDECIDED,
            code,
        )


def test_a_set_of_very_many_keys_is_not_read_b97():
    many = [{**KEY.public_key.jwk(), "kid": f"k{number}"} for number in range(65)]

    assert ask(checks.proof, token("k1"), keys(*many))["signature"][0] is Outcome.UNDECIDED
    assert ask(checks.proof, token("k1"), keys(*many[:64])) == PASSED


def test_a_document_with_one_key_for_assertions_lists_it_under_the_bare_name_too():
    def document(*methods, **members):
        return DidDocument.read(json.loads(profile(*methods, **members)), expected_id=ISSUER)

    first, second = multikey(f"{ISSUER}#a"), multikey(f"{ISSUER}#b", OTHER)
    one, two = document(first, second, assertionMethod=[first["id"]]), document(first, second)

    assert listed_method(one, ISSUER) == listed_method(one, first["id"]) == one.method(first["id"])
    assert listed_method(one, ISSUER).public_key == KEY.public_key
    assert listed_method(one, second["id"]) is None
    assert listed_method(two, ISSUER) is None
    assert listed_method(document(first, assertionMethod=[]), ISSUER) is None


def test_nobodys_keys_are_nowhere():
    with pytest.raises(UnavailableError):
        controller_document(materials(signed_sample()), None)


# --- names


@pytest.mark.parametrize(
    ("identifier", "domain"),
    [
        ("did:web:harbour.example%3A8443:i:1", "harbour.example:8443"),
        (ISSUER, "harbour.example"),
        ("did:key:z6Mk", None),
    ],
)
def test_the_host_that_vouches(identifier, domain):
    assert domain_of(identifier) == domain


def test_a_retired_key_that_stays_listed_is_fine():
    did = "did:web:harbour.example:i:1"
    document = build_document(did, [("new", OTHER.public_key, None), ("old", KEY.public_key, None)])
    data = signed(sample_credential(issuer=did).to_document(), method=f"{did}#old")

    assert ask(checks.proof, data, {"https://harbour.example/i/1/did.json": to_json(document)}) == PASSED
    assert data_integrity.is_partial(json.loads(data)) is False


# --- documents, key sets and metadata


def test_a_port_is_part_of_the_domain():
    issuer = "did:web:harbour.example%3A8443:i:1"
    data = signed_sample(sample_credential(issuer=issuer), verification_method=f"{issuer}#key-1")

    _, found = checks.proof(materials(data), NOON)

    assert found.details["domain"] == "harbour.example:8443"


def test_keys_that_cannot_be_reached_are_a_doubt_b84():
    data = signed_sample(sample_credential(issuer=WEB), verification_method=f"{WEB}#key-1")

    assert ask(checks.proof, data) == {
        "signature": (Outcome.UNDECIDED, "unreachable"),
        "issuer": (Outcome.UNDECIDED, "unreachable"),
    }


@pytest.mark.parametrize(
    "answer",
    [
        b"<!doctype html>",
        b"{}",
        b"[]",
        did_document("did:web:evil.example", KEY.public_key),
        to_json({**json.loads(did_document(WEB, KEY.public_key)), "id": WEB + "/"}),
    ],
)
def test_something_else_than_the_issuers_document_is_a_doubt_b97(answer):
    data = signed_sample(sample_credential(issuer=WEB), verification_method=f"{WEB}#key-1")

    assert ask(checks.proof, data, {WEB_URL: answer})["issuer"] == (Outcome.UNDECIDED, "issuer-document")


@pytest.mark.parametrize("issuer", ["did:example:1", "did:webvh:x:harbour.example", "urn:uuid:1"])
def test_an_issuer_that_we_cannot_look_up_is_a_doubt(issuer):
    data = signed_sample(sample_credential(issuer=issuer), verification_method=f"{issuer}#key-1")

    assert ask(checks.proof, data)["issuer"] == (Outcome.UNDECIDED, "unknown-did-method")


def test_the_key_set_at_the_issuers_origin_counts_s5():
    profile = to_json({"id": ISSUER, "type": ["Profile"], "name": "Harbour School"})
    answers = {ISSUER: profile, KEY_SET: key_set(OTHER, KEY)}

    for header in ({"jwk": KEY.public_key.jwk()}, {"kid": "k1"}, {"kid": f"{ISSUER}#k1"}):
        assert ask(checks.proof, badge_token(ISSUER, KEY, **header), answers) == {
            "signature": (Outcome.PASSED, "ok"),
            "issuer": (Outcome.PASSED, "ok"),
        }


def test_a_shown_key_that_the_issuer_does_not_publish_is_a_no_s5_b45():
    token = badge_token(ISSUER, KEY, jwk=KEY.public_key.jwk())

    assert ask(checks.proof, token, {KEY_SET: key_set(OTHER)})["signature"] == (
        Outcome.FAILED,
        "unknown-key",
    )
    assert ask(checks.proof, token)["signature"] == (Outcome.UNDECIDED, "unreachable")


def test_the_issuers_own_document_goes_before_the_key_set():
    answers = {ISSUER: did_document(ISSUER, OTHER.public_key, "k0"), KEY_SET: key_set(KEY)}

    assert ask(checks.proof, badge_token(ISSUER, KEY, kid="k0"), answers)["signature"] == (
        Outcome.FAILED,
        "signature-mismatch",
    )


def test_a_key_set_with_a_private_key_in_it_is_not_used_b61():
    leaked = to_json({"keys": [{**KEY.to_jwk(), "kid": "k0"}]})

    found = ask(checks.proof, badge_token(ISSUER, KEY, kid="k0"), {KEY_SET: leaked})

    assert found["signature"][0] is not Outcome.PASSED


def test_a_key_set_is_no_issuer_for_embedded_proofs():
    data = signed_sample(sample_credential(issuer=ISSUER), verification_method=f"{ISSUER}#k0")

    assert ask(checks.proof, data, {KEY_SET: key_set(KEY)})["issuer"] == (Outcome.UNDECIDED, "unreachable")


ELSEWHERE = "https://keys.harbour.example/jwks.json"


def test_an_sd_jwt_vc_finds_the_keys_of_its_issuer_n17():
    assert ask(checks.proof, sd_jwt_vc(), issuer_metadata(KEY)) == PASSED
    assert ask(checks.proof, sd_jwt_vc(kid=f"{VC_ISSUER}#k1"), issuer_metadata(OTHER, KEY)) == PASSED
    elsewhere = {**issuer_metadata(jwks=..., jwks_uri=ELSEWHERE), ELSEWHERE: key_set(KEY)}
    assert ask(checks.proof, sd_jwt_vc(), elsewhere) == PASSED
    assert ask(checks.structure, sd_jwt_vc())["structure"] == (Outcome.PASSED, "ok")


@pytest.mark.parametrize("issuer", [did_key(KEY.public_key), did_jwk(KEY.public_key)])
def test_an_sd_jwt_vc_of_a_did_is_the_issuers(issuer):
    fragment = issuer[8:] if issuer.startswith("did:key") else "0"
    for kid in (f"{issuer}#{fragment}", f"#{fragment}", issuer):
        assert ask(checks.proof, sd_jwt_vc(issuer, kid)) == PASSED
    web = sd_jwt_vc(WEB, f"{WEB}#key-1")
    assert ask(checks.proof, web, {WEB_URL: did_document(WEB, KEY.public_key)}) == PASSED


@pytest.mark.parametrize(
    "answers",
    [
        {},
        {METADATA: b"<html>"},
        issuer_metadata(KEY, issuer="https://harbour.example/i/2"),
        issuer_metadata(KEY, issuer=...),
        issuer_metadata(KEY, jwks_uri=ELSEWHERE),
        {**issuer_metadata(KEY, jwks_uri=ELSEWHERE), ELSEWHERE: key_set(KEY)},
        issuer_metadata(jwks=..., jwks_uri=ELSEWHERE),
        issuer_metadata(jwks=..., jwks_uri="file:///etc/passwd"),
        issuer_metadata(jwks=...),
        issuer_metadata(jwks=[]),
        issuer_metadata(),
        # Keys at the addresses of other practices are not those of this one.
        {KEY_SET: key_set(KEY), VC_ISSUER: did_document(VC_ISSUER, KEY.public_key, "k0")},
    ],
)
def test_keys_of_an_sd_jwt_vc_that_cannot_be_had_are_a_doubt_b97(answers):
    found = ask(checks.proof, sd_jwt_vc(), answers)

    assert found["signature"][0] is found["issuer"][0] is Outcome.UNDECIDED


def test_an_sd_jwt_vc_by_another_key_is_a_no_b44_b66():
    assert ask(checks.proof, sd_jwt_vc(), issuer_metadata(OTHER))["signature"] == (
        Outcome.FAILED,
        "signature-mismatch",
    )
    stranger = sd_jwt_vc(kid=key_method(OTHER.public_key), key=OTHER)
    assert ask(checks.proof, stranger, issuer_metadata(KEY))["issuer"] == (
        Outcome.FAILED,
        "key-not-of-issuer",
    )
    twice = issuer_metadata(jwks={"keys": [{**key.public_key.jwk(), "kid": "k0"} for key in (KEY, OTHER)]})
    assert ask(checks.proof, sd_jwt_vc(), twice)["signature"][0] is Outcome.UNDECIDED
