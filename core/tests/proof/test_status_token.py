# SPDX-License-Identifier: Apache-2.0
"""The token around a Token Status List: its type, its address, its times and its key."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from cairn.did import VerificationMethod, did_key
from cairn.errors import CairnError, MalformedError
from cairn.proof import jws, status_token
from cairn.status.token_list import TokenStatusList
from cairn.testing import NOON, demo_key, key_method

KEY = demo_key()
METHOD = key_method(KEY.public_key)
URI = "https://harbour.example/statuslists/1"
LIST = TokenStatusList(1, b"\xb9\xa3")


def method(**members):
    return VerificationMethod(METHOD, did_key(KEY.public_key), KEY.public_key, **members)


def signed(**arguments):
    return status_token.sign(LIST, KEY, uri=URI, kid=METHOD, at=NOON, **arguments).encode()


def made(header=None, **claims):
    payload = {"sub": URI, "iat": int(NOON.timestamp()), "status_list": LIST.to_claim(), **claims}
    payload = {name: value for name, value in payload.items() if value is not ...}
    return jws.sign(header or {"typ": "statuslist+jwt"}, payload, KEY).encode()


def check(data, at=NOON, uri=URI, by=None):
    return status_token.check(status_token.split(data), by or method(), uri=uri, at=at)


def refusal(data, **arguments):
    with pytest.raises(CairnError) as refused:
        check(data, **arguments)
    return refused.value.code


def test_what_we_sign_we_read():
    token = status_token.split(signed(expires=NOON + timedelta(days=1), ttl=timedelta(hours=12)))

    assert token.jws.header == {"alg": "EdDSA", "typ": "statuslist+jwt", "kid": METHOD}
    assert token.claims == {
        "sub": URI,
        "iat": int(NOON.timestamp()),
        "exp": int(NOON.timestamp()) + 86_400,
        "ttl": 43_200,
        "status_list": {"bits": 1, "lst": "eNrbuRgAAhcBXQ"},
    }
    assert token.ttl == timedelta(hours=12)
    assert status_token.check(token, method(), uri=URI, at=NOON) == LIST
    assert status_token.split(signed()).ttl is None


def test_the_published_token_is_read(shared_vectors):
    """Its key is not published with it, so all but the signature."""
    text = (shared_vectors("token-status-list") / "status_list_jwt_raw.md").read_text()

    token = status_token.split("".join(text.split()).encode())

    assert token.jws.header == {"alg": "ES256", "kid": "12", "typ": "statuslist+jwt"}
    assert token.claims["sub"] == "https://example.com/statuslists/1"
    assert token.ttl == timedelta(seconds=43_200)
    assert TokenStatusList.from_claim(token.claims["status_list"]) == LIST
    at = datetime.fromtimestamp(1686920170, UTC)
    with pytest.raises(MalformedError) as refused:
        status_token.check(token, method(), uri=token.claims["sub"], at=at)
    assert refused.value.code == "key-type"
    shown = (shared_vectors("token-status-list") / "status_list_jwt.md").read_text()
    assert re.search(r'"lst": "([^"]+)"', shown)[1] == token.claims["status_list"]["lst"]


@pytest.mark.parametrize("kind", ["JWT", "statuslist+cwt", "vc+jwt", "kb+jwt", "", None, 1])
def test_b49_only_a_status_list_token_is_one(kind):
    assert refusal(made({"typ": kind})) == "status-list-type"
    assert refusal(made({"alg": "EdDSA", "kid": "x"})) == "status-list-type"


def test_something_else_is_no_status_list_token():
    assert refusal("é".encode()) == "status-list-type"
    assert refusal(b"<html>") == "token-malformed"


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"sub": URI + "/"}, "status-list-id"),
        ({"sub": ...}, "status-list-id"),
        ({"iat": ...}, "status-list-claim"),
        ({"iat": int(NOON.timestamp()) + 61}, "created-in-future"),
        ({"exp": int(NOON.timestamp()) - 61}, "status-list-stale"),
        ({"exp": "x"}, "token-date"),
        ({"ttl": 0}, "status-list-ttl"),
        ({"ttl": -1}, "status-list-ttl"),
        ({"ttl": 10**9}, "status-list-ttl"),
        ({"ttl": True}, "status-list-ttl"),
        ({"ttl": "43200"}, "status-list-ttl"),
        ({"status_list": ...}, "status-list-claim"),
        ({"status_list": {"bits": 3, "lst": "eNrbuRgAAhcBXQ"}}, "status-list-bits"),
    ],
)
def test_b81_b82_a_token_that_is_not_in_order(claims, code):
    assert refusal(made(**claims)) == code


def test_the_edges_of_its_time():
    now = int(NOON.timestamp())

    assert check(made(exp=now - 60, iat=now + 60)) == LIST


def test_n18_its_ttl_is_in_seconds():
    assert status_token.split(made(ttl=300)).ttl == timedelta(minutes=5)
    assert status_token.split(made(ttl=1)).ttl == timedelta(seconds=1)


def test_a_token_may_have_space_around_it_and_loses_none_of_its_letters():
    data = made().rpartition(b".")[0] + b".AAAX"

    for text in (data, b"\r\n\t " + data + b" \t\r\n"):
        assert status_token.split(text).jws.signature == b"\0\0\x17"


def test_a_changed_or_unsigned_token_and_other_keys_are_refused_b41_b75():
    data = signed()
    other = VerificationMethod(METHOD, did_key(KEY.public_key), demo_key("other").public_key)

    assert refusal(data, by=other) == "signature-mismatch"
    assert refusal(data.rpartition(b".")[0] + b".") == "token-unsigned"
    assert refusal(data, by=method(revoked=NOON)) == "key-revoked"
    assert refusal(data, by=method(expires=NOON - timedelta(seconds=1))) == "key-expired"
