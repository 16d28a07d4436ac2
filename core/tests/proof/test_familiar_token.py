# SPDX-License-Identifier: Apache-2.0
"""Tokens of a known text: the short way gives the report of the long one, whatever is changed, or none."""

import json
from dataclasses import replace
from datetime import timedelta
from unittest.mock import patch

import pytest

from cairn import PrivateKey, gather, judge, read
from cairn.canonical import to_json
from cairn.canonical.shapes import Shapes
from cairn.checks import recall
from cairn.did import did_key, document_for
from cairn.errors import CairnError
from cairn.keys import Algorithm, base64url_encode
from cairn.proof import familiar, familiar_token, jose
from cairn.testing import NOON, FixedSources, demo_key, key_method, sample_credential

KEY = demo_key()
METHOD = key_method(KEY.public_key)
OTHER = PrivateKey.from_seed(bytes(32))
HEADER = {"alg": "EdDSA", **jose.header_of(METHOD)}


def document(number=0, **changes):
    made = sample_credential().to_document()
    made["id"] = f"urn:uuid:00000000-0000-4000-8000-{number:012d}"
    made["validUntil"] = "2031-01-01T00:00:00Z"
    made["credentialSubject"]["id"] = f"did:example:holder-{number}"
    made["credentialSubject"].pop("identifier", None)
    made.update(changes)
    return made


def signed(payload, header=HEADER, key=KEY):
    """A token of just this text."""
    text = payload if isinstance(payload, bytes) else to_json(payload)
    head = f"{base64url_encode(to_json(header))}.{base64url_encode(text)}"
    return f"{head}.{base64url_encode(key.sign(head.encode()))}".encode()


def payload(number=0, **changes):
    return jose.payload_of(document(number, **changes))


def told(data):
    """The report, or the code of the refusal, as JSON."""
    try:
        report = judge(gather(read(data), FixedSources(), at=NOON), at=NOON)
    except CairnError as error:
        return error.code
    return json.dumps(report.to_document())


def told_by_a_process_that_knows_nothing(data):
    with patch.object(familiar, "SHAPES", Shapes()), patch.dict(recall._KEPT_KEYS, clear=True):
        return told(data)


@pytest.fixture(autouse=True, scope="module")
def known():
    """A process that has seen such badges."""
    with patch.object(familiar, "SHAPES", Shapes(patience=0)), patch.dict(recall._KEPT_KEYS, clear=True):
        for number in range(100, 112):
            told(signed(payload(number)))
        yield


def is_seen(data):
    return read(data).seen_token is not None


def goes_the_short_way(data):
    credential = read(data)
    if credential.seen_token is None:
        return False
    with patch.object(recall, "_token", side_effect=AssertionError("the long way")):
        try:
            return recall.recall(gather(credential, FixedSources(), at=NOON), NOON) is not None
        except AssertionError:
            return False


def test_a_token_of_a_known_text_goes_the_short_way_and_gets_the_same_report():
    data = signed(payload(7))

    assert goes_the_short_way(data)
    assert told(data) == told_by_a_process_that_knows_nothing(data)


def test_it_is_read_when_somebody_asks():
    data = signed(payload(7))
    credential = read(data)

    assert credential.unverified_document == document(7)
    assert credential.unverified_claims["jti"] == document(7)["id"]
    report = judge(gather(read(data), FixedSources(), at=NOON), at=NOON)
    assert report.accepted
    assert report.document == document(7)
    assert report.finding("signature").document == document(7)


def without(*names):
    return {name: value for name, value in payload(7).items() if name not in names}


def moved(name):
    whole = payload(7)
    return {**{key: value for key, value in whole.items() if key != name}, name: whole[name]}


TEXT = to_json(payload(7))
PAYLOADS = {
    "another issuer": {**payload(7), "iss": did_key(OTHER.public_key)},
    "another subject": {**payload(7), "sub": "did:example:somebody"},
    "another id": {**payload(7), "jti": "urn:uuid:1"},
    "another begin": {**payload(7), "nbf": 1},
    "another end": {**payload(7), "exp": 4_000_000_000},
    "an end long ago": {**payload(7), "exp": 1},
    "no claims": document(7),
    "no issuer": without("iss"),
    "no subject": without("sub"),
    "no id": without("jti"),
    "no dates": without("nbf", "exp"),
    "made now": {"iat": int(NOON.timestamp()), **payload(7)},
    "made tomorrow": {"iat": int((NOON + timedelta(days=1)).timestamp()), **payload(7)},
    "a date in words": {**payload(7), "nbf": "1772442000"},
    "a date beyond all": {**payload(7), "exp": 999_999_999_999},
    "for somebody": {"aud": "https://a.example", **payload(7)},
    "with a nonce": {"nonce": "1", **payload(7)},
    "in a claim": {"iss": payload(7)["iss"], "vc": document(7)},
    "and in a claim": {**payload(7), "vc": document(8)},
    "shown": {**payload(7), "vp": {}},
    "a claim at the end": moved("iss"),
    "a claim twice": TEXT[:-1] + b',"iss":"did:example:x"}',
    "a claim twice in front": b'{"iss":"did:example:x",' + TEXT[1:],
    "the same claim twice": b'{"jti":' + json.dumps(payload(7)["jti"]).encode() + b"," + TEXT[1:],
    "an escape in a claim": TEXT.replace(b'{"iss":"d', b'{"iss":"\\u0064', 1),
    "an object for a claim": {"sub": {"id": "did:example:holder-7"}, **payload(7)},
    "a list for a claim": {"sub": ["did:example:holder-7", "x"], **payload(7)},
    "the name of a member in a claim": {**payload(7), "sub": "@context"},
    "a comma at the end of a claim": {**payload(7), "sub": "did:example:holder-7,"},
    "two claims in front and a text between": TEXT.replace(b',"@context"', b',"x","@context"', 1),
    "white space": TEXT.replace(b'{"iss":', b'{ "iss":', 1),
    "a sign": TEXT.replace(b'"nbf":', b'"nbf":-', 1),
    "a fraction": TEXT.replace(b',"exp":', b'.0,"exp":', 1),
    "nothing but claims": b'{"iss":"did:example:x","jti":"urn:x"}',
    "no comma": TEXT.replace(b',"jti"', b' "jti"', 1),
    "no text": b"\xff",
    "a begin in the credential only": {**without("nbf"), "validFrom": "2020-01-01T00:00:00Z"},
    "a begin in the token only": {name: value for name, value in payload(7).items() if name != "validFrom"},
    "a begin far away, in the token only": {
        "nbf": 4_000_000_000,
        **{name: value for name, value in document(7).items() if name != "validFrom"},
    },
    "an end long ago, in the token only": {
        "exp": 1_500_000_000,
        **{name: value for name, value in document(7).items() if name != "validUntil"},
    },
    "an end in the token only": {name: value for name, value in payload(7).items() if name != "validUntil"},
    "a begin between two seconds": payload(7, validFrom="2026-11-23T11:00:00.5Z"),
    "an end between two seconds": payload(7, validUntil="2031-01-01T00:00:00.5Z"),
    "an end between two seconds, said once": {
        name: value
        for name, value in payload(7, validUntil="2031-01-01T00:00:00.5Z").items()
        if name != "exp"
    },
    "an old date": payload(7, issuanceDate="2020-01-01T00:00:00Z"),
    "ended": payload(7, validUntil="2026-01-01T00:00:00Z"),
    "two subjects": payload(7, credentialSubject=[document(7)["credentialSubject"], {"id": "did:example:x"}]),
    "two subjects, and a claim": {
        "sub": "did:example:holder-7",
        **payload(7, credentialSubject=[document(7)["credentialSubject"], {"id": "did:example:x"}]),
    },
    "one subject in a list": payload(7, credentialSubject=[document(7)["credentialSubject"]]),
    "a proof inside": {**payload(7), "proof": {"type": "DataIntegrityProof"}},
    "a status nobody knows": payload(7, credentialStatus={"type": "BitstringStatusListEntry"}),
}


@pytest.mark.parametrize("payload_", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_whatever_it_says_the_report_is_that_of_a_process_that_knows_nothing(payload_):
    data = signed(payload_)
    expected = told_by_a_process_that_knows_nothing(data)

    for _ in range(3):  # the shape may be known by then
        assert told(data) == expected


HEADERS = {
    "no key": {"alg": "EdDSA", "typ": "vc+jwt"},
    "a bare key": {**HEADER, "kid": METHOD.partition("#")[2]},
    "another key": {**HEADER, "kid": key_method(OTHER.public_key)},
    "a key in numbers": {**HEADER, "kid": 7},
    "an empty key": {**HEADER, "kid": ""},
    "a key shown": {**HEADER, "jwk": dict(KEY.public_key.jwk())},
    "unsigned": {**HEADER, "alg": "none"},
    "a shared secret": {**HEADER, "alg": "HS256"},
    "another algorithm": {**HEADER, "alg": "ES256"},
    "an unknown algorithm": {**HEADER, "alg": "XX"},
    "no algorithm": jose.header_of(METHOD),
    "of another type": {**HEADER, "typ": "vp+jwt"},
    "of no type": {"alg": "EdDSA", "kid": METHOD},
    "of a type in numbers": {**HEADER, "typ": 1},
    "with other contents": {**HEADER, "cty": "text/plain"},
    "critical": {**HEADER, "crit": ["exp"]},
    "unencoded": {**HEADER, "b64": False},
    "long": {**HEADER, "x": "y" * 600},
    "of another spelling": {**HEADER, "alg": "Ed25519"},
}


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS.keys())
def test_whatever_its_header_says_the_report_is_the_same(header):
    data = signed(payload(7), header)

    assert told(data) == told_by_a_process_that_knows_nothing(data)


@pytest.mark.parametrize(
    "change",
    [
        lambda token: token[:-60] + (b"A" if token[-60:-59] != b"A" else b"B") + token[-59:],
        lambda token: token.rpartition(b".")[0] + b".",
        lambda token: token.rpartition(b".")[0],
        lambda token: token + b".x",
        lambda token: token + b"=",
        lambda token: token.replace(b".", b"..", 1),
        lambda token: b"\n" + token + b"  ",
        lambda token: token[:40] + b" " + token[40:],
        lambda token: signed(payload(7), key=OTHER),
        lambda token: signed(payload(7), {**HEADER, "alg": "ES256"}, PrivateKey.generate(Algorithm.P256)),
    ],
)
def test_whatever_is_done_to_the_token_the_report_is_the_same_b51(change):
    data = change(signed(payload(7)))

    assert told(data) == told_by_a_process_that_knows_nothing(data)


def test_a_key_that_cannot_be_had_is_for_the_long_way():
    made = document(7)
    made["issuer"] = {**made["issuer"], "id": "did:web:nobody.example"}
    header = {**HEADER, "kid": "did:web:nobody.example#key-1"}
    data = signed(jose.payload_of(made), header)

    assert is_seen(data)
    assert told(data) == told_by_a_process_that_knows_nothing(data)


@pytest.mark.parametrize("mark", ["revoked", "expires"])
def test_a_key_out_of_use_is_for_the_long_way(mark):
    method = document_for(did_key(KEY.public_key)).methods[0]
    token = familiar_token.see(signed(payload(7)))
    said = {name: payload(7)[name] for name in token.claims}

    assert familiar_token.look(token, method, said, at=NOON) == {"algorithm": "EdDSA"}
    out_of_use = replace(method, **{mark: NOON - timedelta(days=1)})
    assert familiar_token.look(token, out_of_use, said, at=NOON) is None


@pytest.mark.parametrize(
    "more",
    [
        *({name: {"type": "x"}} for name in ("vc", "vp", "proof")),
        *({name: "x"} for name in ("nonce", "aud")),
        {"credentialSubject": []},
        {"credentialSubject": [document(7)["credentialSubject"], {"id": "did:example:x"}]},
    ],
)
def test_what_has_more_to_look_at_is_taken_apart_however_well_its_text_is_known(more):
    with patch.object(familiar, "SHAPES", Shapes(patience=0)):
        for number in range(6):
            familiar.SHAPES.read(to_json(document(number, **more))).accepted()
        assert familiar.SHAPES.read(to_json(document(7, **more))).is_strict

        assert familiar_token.see(signed(document(7, **more))) is None


def test_what_is_known_of_a_header_says_nothing_of_what_it_stands_before():
    assert familiar_token.see(signed(payload(7))).header.kid == METHOD
    assert familiar_token.see(b"e30.e30.e30") is None
    assert familiar_token.see(b"") is None


def test_a_claim_is_of_its_kind():
    """`None == None` and `True == 1`, which is not what a token says."""

    def plain(number, **claims):
        made = document(number, validFrom="1970-01-01T00:00:01Z")
        del made["validUntil"], made["credentialSubject"]["id"]
        made["credentialSubject"]["identifier"] = sample_credential().to_document()["credentialSubject"][
            "identifier"
        ]
        return signed({**claims, **made})

    for number in range(100, 106):
        told(plain(number, nbf=1))

    assert goes_the_short_way(plain(7, nbf=1))
    for claims in ({"nbf": True}, {"nbf": 1.0}, {"sub": None}, {"exp": None}, {"iat": True}, {"jti": 7}):
        data = plain(7, **claims)
        assert told(data) == told_by_a_process_that_knows_nothing(data), claims
