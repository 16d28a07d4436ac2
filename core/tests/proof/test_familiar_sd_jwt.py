# SPDX-License-Identifier: Apache-2.0
"""SD-JWT VCs that are plainly put together: the short way gives the report of the long one, or none."""

import hashlib
import itertools
import json
import pickle
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import pytest

from cairn import PrivateKey, bind_sd_jwt, gather, judge, present_sd_jwt, read, sign_sd_jwt_vc
from cairn.canonical import to_json
from cairn.checks import DEFAULT_CHECKS, proof, recall
from cairn.did import VerificationMethod, did_key
from cairn.errors import CairnError
from cairn.keys import Algorithm, base64url_encode
from cairn.proof import Outcome, familiar_sd_jwt, sd_jwt
from cairn.testing import NOON, FixedSources, demo_key, key_method

KEY = demo_key()
HOLDER = demo_key("holder")
OTHER = PrivateKey.from_seed(bytes(32))
ISSUER = did_key(KEY.public_key)
METHOD = key_method(KEY.public_key)
HEADER = {"alg": "EdDSA", "typ": "dc+sd-jwt", "kid": METHOD}
NOW = int(NOON.timestamp())


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    monkeypatch.setattr(recall, "_KEPT_KEYS", {})


def encoded(value):
    return base64url_encode(value if isinstance(value, bytes) else to_json(value))


def digest(text, function=hashlib.sha256):
    return base64url_encode(function(text.encode()).digest())


SHOWN = [encoded(["salt-1", "given_name", "Zoë"]), encoded(["salt-2", "place", "Bergen"])]
HIDDEN = encoded(["salt-3", "age", 41])


def payload(*disclosures, **changes):
    digests = [digest(each) for each in disclosures or [*SHOWN, HIDDEN]]
    claims = {
        "iss": ISSUER,
        "vct": "https://harbour.example/vct",
        "_sd": digests,
        "iat": NOW,
        "_sd_alg": "sha-256",
    }
    return {name: value for name, value in {**claims, **changes}.items() if value is not ...}


def sealed(claims, *disclosures, header=HEADER, key=KEY, behind=""):
    """Any SD-JWT at all, of just this text."""
    head = f"{encoded(header)}.{encoded(claims)}"
    token = f"{head}.{base64url_encode(key.sign(head.encode()))}"
    return "~".join([token, *disclosures, behind]).encode()


def plain():
    return sealed(payload(), *SHOWN)


def told(data, at=NOON):
    """The report, or the code of the refusal, as JSON, with what was asked for."""
    try:
        materials = gather(read(data), FixedSources(), at=NOON)
    except CairnError as error:
        return error.code
    report = judge(materials, at=at)
    return json.dumps([report.to_document(), [*materials.resources], report.verdict.value])


def told_in_full(data, at=NOON):
    with patch.object(familiar_sd_jwt, "see", lambda token: None):
        return told(data, at)


def is_short(data, at=NOON):
    """Whether the short way spoke; that it says what the long one does is seen in any case."""
    for _ in range(2):  # a key that is kept, too
        assert told(data, at) == told_in_full(data, at), data
    try:
        return recall.recall(gather(read(data), FixedSources(), at=NOON), at) is not None
    except CairnError:
        return False


def test_one_that_holds_gets_the_report_of_the_long_way():
    assert is_short(plain())
    report = judge(gather(read(plain()), FixedSources(), at=NOON), at=NOON)
    assert report.accepted
    assert report.document["given_name"] == "Zoë"
    assert "age" not in report.document
    with patch.object(familiar_sd_jwt, "see", lambda token: None):
        assert report == judge(gather(read(plain()), FixedSources(), at=NOON), at=NOON)


def test_so_does_what_our_own_issuer_and_holder_make_with_any_choice_of_claims():
    claims = {
        "iss": ISSUER,
        "vct": "https://harbour.example/vct",
        "a": "1",
        "b": "two",
        "c": "é",
        "d": 4,
        "e": True,
    }
    names = [f"/{name}" for name in "abcde"]
    made = sign_sd_jwt_vc(claims, KEY, kid=METHOD, disclose=names, at=NOON)
    for count in range(6):
        for choice in itertools.combinations(names, count):
            assert is_short(present_sd_jwt(made, disclose=choice).encode())


@pytest.mark.parametrize(
    "disclosure",
    [
        b'["s", "n", "v"]',  # as RFC 9901 spells its own
        b'["s","n",true]',
        b'["s","n",false]',
        b'["s","n",0]',
        b'["s","n",999999999999999]',
        b'["s","n",""]',
        b'["","",""]',
        '["s","n","\u2028\u007f\U0001f600"]'.encode(),
        b'["s","type","VerifiablePresentation"]',
        b'["s","@context","x"]',
        b'["s","endorsementJwt","a.b.c"]',
        b'["s","id","urn:x"]',
    ],
)
def test_texts_and_short_literals_are_plain(disclosure):
    shown = encoded(disclosure)

    assert is_short(sealed(payload(*SHOWN, shown), shown))
    assert is_short(sealed(payload(*SHOWN, shown), shown, *SHOWN))


@pytest.mark.parametrize(
    "disclosure",
    [
        b'["s","n"]', b'["s","n",null]', b'["s","n",-1]', b'["s","n",1.5]', b'["s","n",01]',
        b'["s","n",1e3]', b'["s","n",9007199254740992]', b'["s","n",{}]', b'["s","n",["x"]]',
        b'["s","n","v",1]',
        b'["s","n","\\u0041"]', b'["s","n","\\""]', b'["s","\\u005fsd","x"]', b'["s","n","a\tb"]',
        b'["s","n","\0"]',
        b'["s","n","\xff"]', b'["s","n","\xc3"]', b' ["s","n","v"]', b'["s","n","v"] ', b'["s" ,"n","v"]',
        b'["s",  "n","v"]', b'[1,"n","v"]', b'["s",1,"v"]', b'{"s":"n"}', b'"s"', b"x", b"\0", b"\0\0\0",
        b'["s","n","v"]\0', b'\0["s","n","v"]', b'["s","n","v"]\0\0["t","m","w"]',
        b'["s","n","v"]["t","m","w"]',
        b'["s","n","v"],["t","m","w"]', b'["s","n","v', b'","v"]', b"[]", b'["s","n",tru]', b'["s","n",True]',
        b'["s","_sd","v"]', b'["s","...","v"]', b'["s","_sd_alg","sha-256"]', b'["s","_sd_alg","md5"]',
        b'["s","iss","v"]', b'["s","vct","v"]', b'["s","sub",""]', b'["s","sub",1]', b'["s","sub","x"]',
        b'["s","iat",1]', b'["s","iat","x"]', b'["s","exp",1]', b'["s","nbf",1]', b'["s","cnf","v"]',
        b'["s","status","v"]', b'["s","aka_vcts","v"]', b'["s","vct#integrity","v"]', b'["s","proof","v"]',
    ],
)  # fmt: skip
def test_any_other_disclosure_is_for_the_long_way(disclosure):
    shown = encoded(disclosure)

    assert not is_short(sealed(payload(*SHOWN, shown), shown))
    assert not is_short(sealed(payload(*SHOWN, shown), *SHOWN, shown))
    assert not is_short(sealed(payload(shown, *SHOWN), shown, *SHOWN))


def test_two_claims_in_one_disclosure_do_not_make_up_for_none_in_another():
    """All are decoded in one go, so what is one of them must not be told by their number."""
    double, nothing = encoded(b'["s","n","v"]\0\0\0["t","m","w"]'), encoded(b"\0\0\0")

    for shown in itertools.permutations([double, nothing, SHOWN[0]]):
        assert not is_short(sealed(payload(*shown), *shown))
    halves = [encoded(b'["s","n'), encoded(b'","v"]')]
    assert not is_short(sealed(payload(*halves), *halves))


def spellings(text):
    """The same bytes with stray bits, with padding, in the other alphabet, or shorter and longer."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/=.~ é\n"
    yield from (text[:-1] + character for character in alphabet if character != text[-1])
    yield from (text + end for end in ("A", "AA", "=", "AAAA", "\n"))
    yield from (text[:-1], text[1:], "", text[0], text.swapcase())


@pytest.mark.parametrize("name", ["n", "na", "nam"])  # so that each number of characters is left over once
def test_a_disclosure_has_one_spelling(name):
    shown = encoded(["s", name, "v"])
    assert is_short(sealed(payload(shown), shown))
    for other in spellings(shown):
        assert not is_short(sealed(payload(shown), other))
        # Not even when it is that spelling whose digest was signed.
        assert not is_short(sealed(payload(other), other))
        assert not is_short(sealed(payload(*SHOWN, other), SHOWN[0], other, SHOWN[1]))


def test_disclosures_may_come_in_any_order_once_each_and_only_those_that_were_signed():
    first, second = SHOWN
    assert is_short(sealed(payload(), second, first))
    assert is_short(sealed(payload()))
    assert is_short(sealed(payload(_sd=...)))
    assert is_short(sealed(payload(_sd=[], _sd_alg=...)))
    for shown in ([first, first], [first, second, first], [first, encoded(["x", "extra", "y"])], ["", first]):
        assert not is_short(sealed(payload(), *shown))
    assert not is_short(sealed(payload(_sd=...), first))
    # Of a digest that is there twice the claim need not be shown to be wrong.
    assert is_short(sealed(payload(_sd=[digest(first), "x", "y"]), first))
    assert not is_short(sealed(payload(_sd=[digest(first), "x", "x"]), first))
    again = encoded(["salt-4", "given_name", "Zoé"])
    assert not is_short(sealed(payload(first, again), first, again))
    assert is_short(sealed(payload(first, again), again))
    assert not is_short(sealed(payload(place="Vigo"), second))
    assert is_short(sealed(payload(place="Vigo"), first))


@pytest.mark.parametrize(
    "changes",
    [
        {"_sd": "x"}, {"_sd": {}}, {"_sd": None}, {"_sd": [1]}, {"_sd": [None]}, {"_sd": [["x"]]},
        {"_sd": ["x", "x"]},
        {"_sd": [{"_sd": []}]}, {"_sd_alg": "sha-384"}, {"_sd_alg": "md5"}, {"_sd_alg": 256}, {"...": "x"},
        {"iss": ...}, {"iss": 1}, {"iss": ""}, {"iss": "did:key:"}, {"iss": f"{ISSUER} "},
        {"iss": "did:web:a.example"},
        {"iss": "https://a.example"}, {"iss": "did:jwk:x"}, {"iss": did_key(OTHER.public_key)},
        {"iss": [ISSUER]},
        {"vct": ...}, {"vct": ""}, {"vct": 1}, {"vct": None}, {"sub": ""}, {"sub": 1}, {"sub": None},
        {"sub": True},
        {"vct#integrity": 1}, {"cnf": {}}, {"cnf": "x"}, {"cnf": {"jwk": HOLDER.public_key.jwk()}},
        {"status": {}}, {"status": "x"},
        {"status": {"status_list": {"idx": 1, "uri": "https://a.example/s"}}},
        {"proof": "x"}, {"proof": {"cryptosuite": "ecdsa-sd-2023"}}, {"iat": "x"}, {"iat": 1.0},
        {"iat": True},
        {"iat": -1}, {"iat": NOW + 61}, {"iat": 253_402_300_800}, {"nbf": "x"}, {"exp": "x"}, {"nbf": 10**12},
        {"exp": -1}, {"n": 2**53}, {"n": -(2**53)}, {"n": 1.5}, {"n": None}, {"n": []}, {"n": {}},
        {"n": ["x"]},
        {"n": {"_sd": []}}, {"n": 'a"b'}, {"n": "a\\b"}, {"n": "a\nb"}, {"n": "\0"}, {"n": "\x1f"},
        {"n": {"_sd_alg": 1}},
    ],
)  # fmt: skip
def test_any_other_claim_is_for_the_long_way(changes):
    assert not is_short(sealed(payload(**changes), *SHOWN))
    assert not is_short(sealed(dict(reversed(payload(**changes).items())), *SHOWN))


@pytest.mark.parametrize(
    "changes",
    [
        {"sub": "somebody"}, {"vct#integrity": "sha256-x"}, {"iat": ...}, {"iat": NOW + 60}, {"iat": 0},
        {"nbf": NOW - 5, "exp": NOW + 5}, {"nbf": NOW + 60}, {"exp": NOW - 60}, {"exp": 253_402_300_799},
        {"n": 2**53 - 1}, {"n": -(2**53) + 1}, {"n": True}, {"n": "\x7fé\u2028"}, {"validUntil": "x"},
        {"credentialStatus": "x"}, {"_sd_alg": ...}, {"aka_vcts": "x"}, {"vc": "x"}, {"@context": "x"},
        # Too early or too late: the short way then asks the long one about this alone.
        {"nbf": NOW + 61}, {"exp": NOW - 61}, {"nbf": 0, "exp": 0},
    ],
)  # fmt: skip
def test_claims_that_are_plain_are_told_as_the_long_way_does(changes):
    assert is_short(sealed(payload(**changes), *SHOWN))


@pytest.mark.parametrize("claims", [b"[]", b"{", b'"x"', b'{"iss":1}', b"{}", b"\xff", b'{"iss":"\xff"}'])
def test_a_payload_that_is_none_is_for_the_long_way(claims):
    assert not is_short(sealed(claims, *SHOWN))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b'"vct":', b'"vct":"x","vct":'), (b'"vct":', b'"vct": '), (b'"vct":', b'"v\\u0063t":'), (b"harbour",
        b"h\\u0061"),
        (b"}", b"} "), (b"}", b"}}"), (b"}", b""), (b"{", b"\xef\xbb\xbf{"), (b"{", b" {"), (b"harbour",
        b"har\xffbour"),
        (b"harbour", b"har\x00bour"), (b"harbour", b"har\tbour"), (b'"iat":', b'"iat":0'), (b'"iat":',
        b'"iat":-'),
        (b'"_sd":', b'"_sd":[],"_sd":'), (b"harbour", b"har\\/bour"),
    ],
)  # fmt: skip
def test_a_payload_is_spelled_as_it_reads(before, after):
    text = to_json(payload())
    assert before in text
    assert not is_short(sealed(text.replace(before, after, 1), *SHOWN))


@pytest.mark.parametrize(
    "header",
    [
        {"kid": ...}, {"kid": ""}, {"kid": 1}, {"kid": "nobody"}, {"kid": key_method(OTHER.public_key)},
        {"typ": ...}, {"typ": "vc+sd-jwt"}, {"typ": "jwt"}, {"typ": 1}, {"alg": "ES256"}, {"alg": "none"},
        {"alg": ...},
        {"alg": ["EdDSA"]}, {"alg": "HS256"}, {"alg": "X"}, {"crit": ["x"]}, {"b64": True}, {"x": "y" * 600},
        {"x": "y" * 9_000},
    ],
)  # fmt: skip
def test_any_other_header_is_for_the_long_way(header):
    told_by_it = {name: value for name, value in {**HEADER, **header}.items() if value is not ...}
    assert not is_short(sealed(payload(), *SHOWN, header=told_by_it))


@pytest.mark.parametrize(
    "header",
    [{"alg": "Ed25519"}, {"typ": "application/dc+sd-jwt"}, {"typ": "DC+SD-JWT"}, {"x": 1}, {"kid": ISSUER}],
)
def test_a_header_may_say_the_same_in_other_words(header):
    assert is_short(sealed(payload(), *SHOWN, header={**HEADER, **header}))


def test_what_is_no_header_is_for_the_long_way():
    for header in (b"x", b"[]", b'{"alg":"EdDSA","alg":"EdDSA"}'):
        assert not is_short(sealed(payload(), *SHOWN, header=header))


def test_a_key_binding_is_for_the_long_way():
    made = sign_sd_jwt_vc(
        {"iss": ISSUER, "vct": "x"}, KEY, kid=METHOD, disclose=(), at=NOON, holder=HOLDER.public_key
    )
    bound = bind_sd_jwt(made, HOLDER, audience="x", nonce="y", at=NOON).encode()

    assert not is_short(bound)
    assert not is_short(sealed(payload(), *SHOWN, behind="x"))
    assert not is_short(sealed(payload(), *SHOWN, behind="a.b.c"))
    assert not is_short(plain().rstrip(b"~"))
    assert not is_short(sealed(payload()).rstrip(b"~"))


def test_every_changed_character_is_seen():
    data = plain()
    for at in range(len(data)):
        for other in b"AB_.~ +\xc3":
            changed = data[:at] + bytes([other]) + data[at + 1 :]
            assert changed == data or not is_short(changed), (at, other)
    for at in (*range(0, len(data), 7), len(data) - 1):
        assert not is_short(data[:at] + data[at + 1 :])
        assert not is_short(data[:at] + b"A" + data[at:])
    assert is_short(b"\n" + data + b" ")  # around a pasted token nothing counts


def test_a_signature_of_somebody_else_is_for_the_long_way():
    assert not is_short(sealed(payload(), *SHOWN, key=OTHER))
    header = {**HEADER, "kid": key_method(OTHER.public_key)}
    assert not is_short(sealed(payload(), *SHOWN, key=OTHER, header=header))
    head = sealed(payload()).rpartition(b".")[0]
    assert not is_short(head + b".~")
    assert not is_short(head + b"." + b"A" * 86 + b"~")


def test_keys_of_other_curves_are_as_good():
    key = PrivateKey.generate(Algorithm.P256)
    did = did_key(key.public_key)
    header = {"alg": "ES256", "typ": "dc+sd-jwt", "kid": f"{did}#{key.public_key.multikey()}"}

    assert is_short(sealed(payload(iss=did), *SHOWN, header=header, key=key))
    assert not is_short(sealed(payload(iss=did), *SHOWN, header={**header, "alg": "EdDSA"}, key=key))


def test_a_key_out_of_use_is_for_the_long_way():
    seen = familiar_sd_jwt.see(plain())
    method = VerificationMethod(METHOD, ISSUER, KEY.public_key)

    assert familiar_sd_jwt.look(seen, method, at=NOON) == {
        "algorithm": "EdDSA",
        "created": "2026-11-23T12:00:00Z",
    }
    assert familiar_sd_jwt.look(seen, replace(method, revoked=NOON), at=NOON) is None
    assert familiar_sd_jwt.look(seen, replace(method, expires=NOON - timedelta(1)), at=NOON) is None
    assert familiar_sd_jwt.look(seen, method, at=NOON - timedelta(minutes=2)) is None


def test_there_are_limits():
    many = [encoded([str(number), f"claim {number}", "x"]) for number in range(1_001)]
    assert is_short(sealed(payload(*many[:500]), *many[:500]))
    for count in (1_000, 1_001):
        assert not is_short(sealed(payload(*many[:count]), *many[:count]))
    assert is_short(sealed(payload(n="x" * 40_000), *SHOWN))
    assert not is_short(sealed(payload(n="x" * 50_000), *SHOWN))


def test_what_is_written_into_the_claims_after_reading_is_judged_as_the_long_way_does():
    def changed():
        credential = read(plain())
        credential.unverified_document["vct"] = 7
        return gather(credential, FixedSources(), at=NOON)

    short = judge(changed(), at=NOON)
    with patch.object(familiar_sd_jwt, "see", lambda token: None):
        assert short.to_document() == judge(changed(), at=NOON).to_document()
    assert not short.accepted
    report = judge(gather(read(plain()), FixedSources(), at=NOON), at=NOON)
    report.document["vct"] = 7
    assert judge(gather(read(plain()), FixedSources(), at=NOON), at=NOON).document["vct"] != 7


@pytest.mark.parametrize("issuer", [f"{ISSUER} ", "did:key:é", "did:jwk:" + "A" * 2_048])
def test_an_issuer_is_an_identifier(issuer):
    assert familiar_sd_jwt.see(sealed(payload(iss=issuer), *SHOWN)) is None


def test_another_token_or_document_is_not_taken_for_what_was_read():
    credential = read(plain())
    other = sealed(payload(place="Vigo"), key=OTHER).decode()

    assert credential.shown_claims is not None
    for mixed in (replace(credential, token=other), replace(credential, unverified_document={"iss": ISSUER})):
        assert mixed.shown_claims is None
        assert not judge(gather(mixed, FixedSources(), at=NOON), at=NOON).accepted


def test_reading_it_shows_what_the_long_way_shows():
    short = read(plain())
    with patch.object(familiar_sd_jwt, "see", lambda token: None):
        long = read(plain())

    for credential in (short, pickle.loads(pickle.dumps(short))):
        assert credential == long
        assert credential.unverified_issuer == ISSUER
        assert credential.unverified_kind == long.unverified_kind
        assert credential.unverified_claims == long.unverified_claims
        assert not credential.is_presentation
    assert list(short.unverified_document) == list(long.unverified_document)


def test_what_was_kept_from_an_earlier_look_and_other_checks_are_for_the_long_way():
    now = gather(read(plain()), FixedSources(), at=NOON)
    assert recall.recall(now, NOON) is not None
    assert recall.recall(now.with_earlier(now), NOON) is None
    assert judge(now, (proof,), at=NOON).finding("signature").outcome is Outcome.PASSED
    asked = gather(read(plain()), FixedSources(), at=NOON, also=[lambda credential: ["https://x.example/"]])
    assert [*asked.resources] == ["https://x.example/"]
    assert judge(asked, DEFAULT_CHECKS, at=NOON).accepted


def test_a_moment_far_off_is_told_as_the_long_way_does():
    for at in (
        datetime(1, 1, 2, tzinfo=UTC),
        datetime(9999, 12, 30, tzinfo=UTC),
        NOON - timedelta(seconds=61),
    ):
        is_short(plain(), at)
        is_short(sealed(payload(nbf=0, exp=253_402_300_799, iat=...), *SHOWN), at)


def test_the_disclosures_of_rfc_9901_byte_for_byte():
    """RFC 9901 §4.2.1 and §4.2.3."""
    spaced = "WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0"
    signed = payload(_sd=["X9yH0Ajrdm1Oij4tWso9UzzKJvPoDxwmuEcO3XAdRC0"])

    assert is_short(sealed(signed, spaced))
    assert familiar_sd_jwt.see(sealed(signed, spaced)).claims["family_name"] == "Möbius"
    assert sd_jwt.read(sealed(signed, spaced).decode()).payload["family_name"] == "Möbius"
