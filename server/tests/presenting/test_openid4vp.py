# SPDX-License-Identifier: Apache-2.0
"""A request: what a link says, who asks by what proves itself, and what is refused before that."""

from __future__ import annotations

import json
from datetime import timedelta
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest
from server.tests.conftest import MONDAY, TUESDAY

from cairn.canonical import to_json
from cairn.did import build_document, did_jwk
from cairn.errors import MalformedError, UnavailableError, UnsupportedError
from cairn.fetch import HttpSources
from cairn.keys import Algorithm, PrivateKey
from cairn.proof import jws
from cairn.testing import FixedSources
from cairn_server.presenting import dcql, openid4vp
from cairn_server.presenting.openid4vp import Request

RESPONSE = "https://kiln.example/answers/1"
KEY = PrivateKey.generate(Algorithm.P256)
DID = "did:web:kiln.example"
OBJECT = "https://kiln.example/requests/1"
DOCUMENT = "https://kiln.example/.well-known/did.json"


def asked(**changes) -> Request:
    usual = {
        "client_id": openid4vp.client_at(RESPONSE),
        "response_uri": RESPONSE,
        "nonce": "n" * 32,
        "state": "s" * 22,
        "query": dcql.for_badges(),
        "client_name": "Kiln & Co.",
    }
    return Request(**usual | changes)


SIGNED = asked(client_id=openid4vp.client_of(DID))


def world(token: str, *, keys=None, **more: bytes) -> FixedSources:
    listed = [("key-1", KEY.public_key, None)] if keys is None else keys
    answers = {OBJECT: token.encode(), DOCUMENT: to_json(build_document(DID, listed))}
    return FixedSources(answers | more)


def token(request: Request = SIGNED, *, key=KEY, kid=f"{DID}#key-1", header=None, **claims) -> str:
    said = {**request.claims(), "aud": openid4vp.ANY_WALLET, "exp": int(TUESDAY.timestamp())} | claims
    said = {name: value for name, value in said.items() if value is not None}
    return jws.sign({"typ": openid4vp.REQUEST_TYPE, "kid": kid} if header is None else header, said, key)


def by_reference(client_id: str = SIGNED.client_id) -> str:
    return openid4vp.by_reference(client_id, OBJECT)


def by_value(**changes) -> str:
    said = {
        name: json.dumps(value) if isinstance(value, dict) else value
        for name, value in (asked().claims() | changes).items()
        if value is not None
    }
    return f"openid4vp://?{urlencode(said)}"


def read(link: str, sources=None) -> Request:
    return openid4vp.read_link(link, sources=sources or FixedSources({}), at=MONDAY)


def test_what_is_written_is_read_again():
    assert asked() == read(openid4vp.by_value(asked()))
    assert read(by_reference(), world(token())) == SIGNED
    assert openid4vp.sign(
        SIGNED, KEY, kid=f"{DID}#key-1", at=MONDAY, until=TUESDAY, wallet_nonce="w"
    ) != openid4vp.sign(SIGNED, KEY, kid=f"{DID}#key-1", at=MONDAY, until=TUESDAY)


def test_a_request_never_names_two_places_for_its_answer():
    said = parse_qs(urlsplit(openid4vp.by_value(asked())).query)

    assert "redirect_uri" not in said
    assert said["response_uri"] == [RESPONSE]
    assert json.loads(said["dcql_query"][0]) == dcql.for_badges()


def test_the_asker_is_where_the_answer_goes():
    assert asked().domain == "kiln.example"
    assert (SIGNED.is_signed, asked().is_signed) == (True, False)


@pytest.mark.parametrize(
    "client_id",
    [
        "redirect_uri:https://other.example/answers/1",
        f"redirect_uri:{RESPONSE}/",
        "https://kiln.example",
        f"decentralized_identifier:{DID}",
        "x509_san_dns:kiln.example",
        "verifier_attestation:kiln",
        "",
    ],
)
def test_an_unsigned_request_is_of_its_own_address_alone(client_id):
    """B131 B154: anybody could have written any other name."""
    with pytest.raises(MalformedError):
        read(by_value(client_id=client_id))


@pytest.mark.parametrize(
    "changes",
    [
        {"response_type": "code"},
        {"response_type": "vp_token id_token"},
        {"response_mode": "direct_post.jwt"},
        {"response_mode": "fragment"},
        {"response_mode": None},
        {"transaction_data": "[]"},
        {"redirect_uri": "https://kiln.example/"},
        {"nonce": None},
        {"nonce": ""},
        {"dcql_query": None},
        {"dcql_query": {"credentials": []}},
        {"request_uri": OBJECT, "request": "a.b.c"},
    ],
)
def test_what_cannot_be_answered_safely_is_refused(changes):
    """B154"""
    with pytest.raises((MalformedError, UnsupportedError)):
        read(by_value(**changes))


@pytest.mark.parametrize(
    "link",
    [
        "",
        "javascript:alert(1)",
        "http://kiln.example/?" + openid4vp.by_value(asked()).partition("?")[2],
        openid4vp.by_value(asked()) + "&nonce=other",
        "openid4vp://?request=a.b",
        "openid4vp://?dcql_query=" + "x" * openid4vp.LONGEST,
    ],
)
def test_what_is_no_request_is_refused(link):
    with pytest.raises(MalformedError):
        read(link)


@pytest.mark.parametrize(
    ("made", "code"),
    [
        (lambda: token(key=PrivateKey.generate(Algorithm.P256)), "signature-mismatch"),
        (lambda: token(kid=f"{DID}#key-2"), "request-key"),
        (lambda: token(kid="did:web:other.example#key-1"), "request-key"),
        (lambda: token(client_id="decentralized_identifier:did:web:other.example"), "request-client"),
        (lambda: token(exp=int((MONDAY - timedelta(hours=1)).timestamp())), "request-over"),
        (lambda: token(iat=int((MONDAY + timedelta(hours=1)).timestamp())), "request-over"),
        (lambda: token(aud="https://wallet.example"), "request-audience"),
        (lambda: token(header={"kid": f"{DID}#key-1"}), "request-malformed"),
        (lambda: token(header={"typ": "JWT", "kid": f"{DID}#key-1"}), "request-malformed"),
    ],
)
def test_a_signed_request_that_was_tampered_with_is_refused(made, code):
    """B49 B154"""
    with pytest.raises(MalformedError) as refused:
        read(by_reference(), world(made()))

    assert refused.value.code in (code, "signature")


def test_every_changed_byte_of_a_signed_request_is_refused():
    """B75"""
    genuine = token()
    for place in range(0, len(genuine), 7):
        other = "A" if genuine[place] != "A" else "B"
        with pytest.raises((MalformedError, UnsupportedError, UnavailableError)):
            read(by_reference(), world(genuine[:place] + other + genuine[place + 1 :]))


def test_a_withdrawn_key_asks_for_nothing():
    keys = [("key-1", KEY.public_key, MONDAY - timedelta(days=1))]

    with pytest.raises(MalformedError) as refused:
        read(by_reference(), world(token(), keys=keys))

    assert refused.value.code == "key-revoked"


def test_a_link_may_not_name_one_asker_and_lead_to_another():
    with pytest.raises(MalformedError) as refused:
        read(by_reference(openid4vp.client_of("did:web:lakeside.example")), world(token()))

    assert refused.value.code == "request-client"


def test_a_key_that_is_its_own_name_needs_nobody_to_be_asked():
    did = did_jwk(KEY.public_key)
    request = asked(client_id=openid4vp.client_of(did))
    signed = token(request, kid=f"{did}#0")

    assert request == read(by_reference(request.client_id), FixedSources({OBJECT: signed.encode()}))


@pytest.mark.parametrize(
    "client_id", ["x509_san_dns:kiln.example", "x509_hash:abc", "kiln", f"redirect_uri:{RESPONSE}"]
)
def test_who_proves_nothing_to_us_gets_no_answer(client_id):
    signed = token(asked(client_id=client_id))

    with pytest.raises(UnsupportedError) as refused:
        read(by_reference(client_id), world(signed))

    assert refused.value.code == "request-client-id"


@pytest.mark.parametrize(
    "where",
    [
        "http://kiln.example/requests/1",
        "https://127.0.0.1/requests/1",
        "https://[::1]/requests/1",
        "https://169.254.169.254/latest/meta-data",
        "https://kiln.example:8443/requests/1",
        "https://user@kiln.example/requests/1",
        "file:///etc/passwd",
        "https://localhost/requests/1",
    ],
)
def test_a_request_uri_leads_nowhere_inside(where):
    """B88 B89 B92 B95: with the sources that the server has."""
    link = f"openid4vp://?client_id={quote(SIGNED.client_id)}&request_uri={quote(where)}"

    with pytest.raises(UnavailableError) as refused:
        openid4vp.read_link(link, sources=HttpSources(), at=MONDAY)

    assert refused.value.code == "fetch-blocked"
