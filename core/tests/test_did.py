# SPDX-License-Identifier: Apache-2.0
"""Identifiers and their keys: which text is a DID, whose document is whose, and which key is for what."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cairn.did import MAX_KEYS, DidDocument, build_document, did_jwk, did_key, did_web_url, document_for
from cairn.errors import CairnError, MalformedError, UnsupportedError
from cairn.keys import Algorithm, PrivateKey, PublicKey, base64url_encode

if TYPE_CHECKING:
    from collections.abc import Callable

ISSUER = "did:web:badges.example"
KEY = PrivateKey.from_seed(b"\1" * 32).public_key
OTHER = PrivateKey.from_seed(b"\2" * 32).public_key
P256 = PrivateKey.from_bytes(Algorithm.P256, b"\3" * 32).public_key
MOMENT = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


def multikey(fragment: str, key: PublicKey = KEY, **extra: Any) -> dict[str, Any]:
    return {
        "id": f"{ISSUER}#{fragment}",
        "type": "Multikey",
        "controller": ISSUER,
        "publicKeyMultibase": key.multikey(),
        **extra,
    }


def document(*methods: Any, listed: list[Any] | None = None, **extra: Any) -> dict[str, Any]:
    names = [method["id"] for method in methods if isinstance(method, dict) and "id" in method]
    return {
        "id": ISSUER,
        "verificationMethod": list(methods),
        "assertionMethod": names if listed is None else listed,
        **extra,
    }


def read(source: dict[str, Any]) -> DidDocument:
    return DidDocument.read(source, expected_id=ISSUER)


# Each key with its did:key as the did:key method publishes them.
@pytest.mark.parametrize(
    ("did", "algorithm"),
    [
        ("did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp", Algorithm.ED25519),
        ("did:key:z6MkjchhfUsD6mmvni8mCdXHw216Xrm9bQe2mBH1P5RDjVJG", Algorithm.ED25519),
        ("did:key:zDnaerDaTF5BXEavCrfRZEk316dpbLsfPDZ3WJ5hRTPFU2169", Algorithm.P256),
        ("did:key:zDnaerx9CtbPJ1q36T5Ln5wYt3MQYeGRG5ehnPAmxcf5mDZpv", Algorithm.P256),
        (
            "did:key:z82Lm1MpAkeJcix9K8TMiLd5NMAhnwkjjCBeWHXyu3U4oT2MVJJKXkcVBgjGhnLBn2Kaau9",
            Algorithm.P384,
        ),
    ],
)
def test_did_key_documents_of_published_keys(did: str, algorithm: Algorithm) -> None:
    found = document_for(did)
    method = found.method(f"{did}#{did.removeprefix('did:key:')}")

    assert method is not None
    assert method.controller == found.id == did
    assert method.public_key.algorithm is algorithm
    assert did_key(method.public_key) == did
    assert found.method(did) is None
    assert found.method(method.id, "keyAgreement") is None


@pytest.mark.parametrize("key", [KEY, P256, PrivateKey.generate(Algorithm.RSA).public_key])
def test_a_key_becomes_a_did_and_a_key_again(key: PublicKey) -> None:
    by_key, by_jwk = did_key(key), did_jwk(key)

    assert document_for(by_key).methods[0].public_key == key
    assert document_for(by_jwk).methods[0].public_key == key
    assert document_for(by_jwk).method(f"{by_jwk}#0") == document_for(by_jwk).methods[0]


def test_did_jwk_example_of_the_method() -> None:
    """The P-256 example of the did:jwk text; its JSON has another order of members than ours."""
    did = (
        "did:jwk:eyJjcnYiOiJQLTI1NiIsImt0eSI6IkVDIiwieCI6ImFjYklRaXVNczNpOF91c3pFakoydHBUdFJNNEVVM3l6OTFQSDZDZEgy"
        "VjAiLCJ5IjoiX0tjeUxqOXZXTXB0bm1LdG00NkdxRHo4d2Y3NEk1TEtncmwyR3pIM25TRSJ9"
    )

    [method] = document_for(did).methods

    assert method.public_key.jwk()["x"] == "acbIQiuMs3i8_uszEjJ2tpTtRM4EU3yz91PH6CdH2V0"


def jwk_did(members: str) -> str:
    return "did:jwk:" + base64url_encode(members.encode())


@pytest.mark.parametrize(
    "did",
    [
        "",
        "did",
        "did:key:",
        "did:key:z",
        "did:key:u7QEAAA",
        "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooW0",  # 0 is not base58
        "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooW",  # a byte is missing
        "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp#z6Mk",
        "did:key:z6LSeu9HkTHSfLLeUs2nnzUSNedgDUevfNQgQjQC23ZCit6F",  # X25519
        "did:key:z6MkeTG3bFFSLYVU7VqhgZxqr6YzpaGrQtFMh1uvqGy1vDnP" + "1" * 2048,
        "DID:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp",
        "did:jwk:",
        "did:jwk:e30",
        "did:jwk:e30=",
        jwk_did('{"kty":"OKP","crv":"Ed25519"}'),
        jwk_did("[]"),
        jwk_did('{"kty":"OKP","kty":"EC"}'),
        jwk_did(json.dumps({**KEY.jwk(), "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"})),
        jwk_did(json.dumps({**KEY.jwk(), "use": "enc"})),
        "did:web:badges.example",
        "did:ion:EiClkZMDxPKqC9c-umQfTkR8vvZ9JPhl_xLDI9Nfk38w5w",
    ],
)
def test_b20_b62_what_carries_no_good_key_is_refused(did: str) -> None:
    with pytest.raises((MalformedError, UnsupportedError)):
        document_for(did)


@pytest.mark.parametrize("read_did", [document_for, did_web_url])
def test_an_endless_did_is_refused_before_it_is_read(read_did: Callable[[str], object]) -> None:
    for did in ("did:web:a.example:" + "a" * 2048, jwk_did(json.dumps({**KEY.jwk(), "kid": "a" * 2048}))):
        with pytest.raises(MalformedError) as refusal:
            read_did(did)
        assert refusal.value.code == "limit-did"


@pytest.mark.parametrize(
    ("did", "url"),
    [
        # did:web method §3.2, its three examples, and what follows from the text.
        ("did:web:w3c-ccg.github.io", "https://w3c-ccg.github.io/.well-known/did.json"),
        ("did:web:w3c-ccg.github.io:user:alice", "https://w3c-ccg.github.io/user/alice/did.json"),
        ("did:web:example.com%3A3000:user:alice", "https://example.com:3000/user/alice/did.json"),
        ("did:web:example.com%3A3000", "https://example.com:3000/.well-known/did.json"),
        ("did:web:a.b.c.example:i:0Az-_.x", "https://a.b.c.example/i/0Az-_.x/did.json"),
        ("did:web:example.com:..a:b..", "https://example.com/..a/b../did.json"),
        (
            "did:web:example.com:user:alice%40example.com",
            "https://example.com/user/alice%40example.com/did.json",
        ),
        ("did:web:example.com:%C3%A9cole", "https://example.com/%C3%A9cole/did.json"),
        # Not hostile as a text; whether such a host is visited is for the guard of cairn.fetch.
        ("did:web:localhost%3A8000", "https://localhost:8000/.well-known/did.json"),
    ],
)
def test_n17_a_did_web_has_its_document_at_one_url(did: str, url: str) -> None:
    assert did_web_url(did) == url


@pytest.mark.parametrize(
    "did",
    [
        "",
        "did:web:",
        "did:web::",
        "did:web:example.com:",
        "did:web:example.com::user",
        "did:web:127.0.0.1",
        "did:web:127.0.0.1%3A8000",
        "did:web:%5B::1%5D",
        "did:web:[::1]",
        "did:web:0x7f.1",
        "did:web:0x7f000001",
        "did:web:2130706433",
        "did:web:017700000001",
        "did:web:127.1",
        "did:web:1.example.127",
        "did:web:10.0.0.0x1",
        "did:web:example.com.",
        "did:web:.example.com",
        "did:web:example..com",
        "did:web:-example.com",
        "did:web:example-.com",
        "did:web:Example.com",
        "did:web:EXAMPLE.COM",
        "DID:WEB:example.com",
        "did:web:example.com%3a8000",
        "did:web:example.com:8000/..",
        "did:web:example.com%3A0",
        "did:web:example.com%3A65536",
        "did:web:example.com%3A99999999",
        "did:web:example.com%3A443%3A1",
        "did:web:example.com%2Fuser",
        "did:web:good%40evil.example",
        "did:web:good@evil.example",
        "did:web:example.com#key",
        "did:web:example.com?query",
        "did:web:example.com/path",
        "did:web:example.com\\@evil.example",
        "did:web:example.com\n",
        "did:web:exa\tmple.com",
        "did:web:example.com ",
        "did:web:münchen.example",
        "did:web:xn--mnchen-3ya.example",
        "did:web:xn--80ak6aa92e.com",
        "did:web:ехample.com",  # the first two letters are Cyrillic
        "did:web:example。com",
        "did:web:example.com:.",
        "did:web:example.com:..",
        "did:web:example.com:a:..:b",
        "did:web:example.com:%2E%2E",
        "did:web:example.com:%2e%2e",
        "did:web:example.com:a%2Fb",
        "did:web:example.com:a%5Cb",
        "did:web:example.com:a%00",
        "did:web:example.com:a%0D%0Ab",
        "did:web:example.com:a%20b",
        "did:web:example.com:a%3Fb",
        "did:web:example.com:a%23b",
        "did:web:example.com:a%25b",
        "did:web:example.com:%61lice",
        "did:web:example.com:a%",
        "did:web:example.com:a%4",
        "did:web:example.com:a%4g",
        "did:web:example.com:a/b",
        "did:web:" + "a" * 64 + ".example",
        "did:web:" + "a." * 126 + "example",
        "did:web:example.com:" + "a" * 2048,
        "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp",
    ],
)
def test_b89_b93_hostile_did_webs_are_refused_by_their_text_alone(did: str) -> None:
    with pytest.raises(MalformedError):
        did_web_url(did)


@given(st.text("abcdz019.:%-_/@#?\\A3F[]~", max_size=40))
def test_whatever_is_accepted_is_a_url_of_that_host(tail: str) -> None:
    try:
        url = did_web_url("did:web:" + tail)
    except MalformedError:
        return
    host = tail.partition(":")[0].replace("%3A", ":")

    assert url.startswith(f"https://{host}/")
    assert url.endswith("/did.json")
    assert not set(url.removeprefix("https://")) & set("@#?\\[]")


def test_a_document_tells_its_keys_by_use() -> None:
    found = read(document(multikey("1"), multikey("2", OTHER), listed=[f"{ISSUER}#1"]))
    method = found.method(f"{ISSUER}#1")

    assert method is not None
    assert (method.public_key, method.controller) == (KEY, ISSUER)
    assert found.method(f"{ISSUER}#2") is None
    assert found.method(f"{ISSUER}#1", "authentication") is None
    assert found.method(f"{ISSUER}#3") is None
    assert {each.id for each in found.methods} == {f"{ISSUER}#1", f"{ISSUER}#2"}


@pytest.mark.parametrize(
    "method",
    [
        {"type": "Multikey", "publicKeyMultibase": P256.multikey()},
        {"type": "JsonWebKey", "publicKeyJwk": P256.jwk()},
        {"type": "JsonWebKey2020", "publicKeyJwk": P256.jwk()},
    ],
)
def test_the_key_is_read_from_the_member_of_its_type(method: dict[str, Any]) -> None:
    found = read(document({"id": f"{ISSUER}#1", "controller": ISSUER, **method})).method(f"{ISSUER}#1")

    assert found is not None
    assert found.public_key == P256


def test_ed25519verificationkey2020_has_an_ed25519_key() -> None:
    good = multikey("1") | {"type": "Ed25519VerificationKey2020"}
    bad = multikey("2", P256) | {"type": "Ed25519VerificationKey2020"}
    found = read(document(good, bad))

    assert found.method(f"{ISSUER}#1") is not None
    with pytest.raises(MalformedError):
        found.method(f"{ISSUER}#2")


def test_an_embedded_method_is_for_that_use_only() -> None:
    found = read(document(listed=[multikey("1")]))

    assert found.method(f"{ISSUER}#1") is not None
    assert found.method(f"{ISSUER}#1", "authentication") is None


def test_a_document_may_name_its_own_methods_by_fragment() -> None:
    found = read(document(multikey("1") | {"id": "#1"}, listed=["#1"]))

    assert found.method(f"{ISSUER}#1") is not None


def test_an_https_controller_document_reads_alike() -> None:
    url = "https://badges.example/issuers/1"
    method = multikey("k") | {"id": f"{url}#k", "controller": url}
    found = DidDocument.read(
        {"id": url, "verificationMethod": [method], "assertionMethod": [f"{url}#k"]}, expected_id=url
    )

    assert found.method(f"{url}#k") is not None


def test_revoked_and_expires_are_read() -> None:
    method = multikey("1", revoked="2026-11-23T11:00:00+01:00", expires="2027-01-01T00:00:00Z")
    found = read(document(method)).method(f"{ISSUER}#1")

    assert found is not None
    assert found.revoked == MOMENT
    assert found.expires == datetime(2027, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "identifier", [None, "", "did:web:badges.example#", "did:web:Badges.example", ["x"], 1]
)
def test_b97_a_document_of_somebody_else_is_refused(identifier: object) -> None:
    with pytest.raises(MalformedError) as refusal:
        read(document(multikey("1")) | {"id": identifier})

    assert refusal.value.code == "did-document-id"


def test_b65_a_document_cannot_give_keys_to_the_methods_of_another() -> None:
    foreign = multikey("1") | {"id": "did:web:good.example#1", "controller": "did:web:good.example"}
    found = read(
        document(foreign, listed=["did:web:good.example#1", foreign | {"id": "did:web:good.example#2"}])
    )

    assert found.methods == ()
    assert found.method("did:web:good.example#1") is None
    assert found.method("did:web:good.example#2") is None


def test_b65_another_controller_stays_visible_to_the_judge() -> None:
    found = read(document(multikey("1", controller="did:web:evil.example"))).method(f"{ISSUER}#1")

    assert found is not None
    assert found.controller == "did:web:evil.example"


@pytest.mark.parametrize(
    ("source", "code"),
    [
        (document(multikey("1"), multikey("1", OTHER)), "did-duplicate-method"),
        (document(multikey("1"), multikey("1", OTHER) | {"id": "#1"}), "did-duplicate-method"),
        (document(multikey("1"), listed=[multikey("1", OTHER)]), "did-duplicate-method"),
        (document(multikey("1"), multikey("2")), "did-duplicate-key"),
        (document(multikey("1", revoked="2026-01-01T00:00:00Z"), multikey("2")), "did-duplicate-key"),
        (
            document(
                multikey("1"),
                {"id": "#2", "type": "JsonWebKey", "controller": ISSUER, "publicKeyJwk": KEY.jwk()},
            ),
            "did-duplicate-key",
        ),
        (document("did:web:badges.example#1"), "did-method"),
        (document({"type": "Multikey"}), "did-method"),
        (document(multikey("1") | {"id": 1}), "did-method"),
        (document(multikey("1"), listed=[1]), "did-method"),
        (document(multikey("1"), listed=[None]), "did-method"),
        ({"id": ISSUER, "verificationMethod": multikey("1")}, "did-document"),
        ({"id": ISSUER, "assertionMethod": f"{ISSUER}#1"}, "did-document"),
        ({"id": ISSUER, "authentication": {}}, "did-document"),
    ],
)
def test_a_document_with_two_meanings_is_refused(source: dict[str, Any], code: str) -> None:
    with pytest.raises(MalformedError) as refusal:
        read(source)

    assert refusal.value.code == code


def test_b97_a_document_has_at_most_64_keys_of_any_kind_in_any_place() -> None:
    unknown = [{"id": f"#{number}", "type": "Unknown"} for number in range(MAX_KEYS)]

    assert read(document(*unknown)).methods == ()
    for source in (
        document(*unknown, multikey("one-more")),
        document(*unknown, listed=[multikey("one-more")]),
        document(listed=["#1"] * (MAX_KEYS + 1)),
    ):
        with pytest.raises(MalformedError) as refusal:
            read(source)
        assert refusal.value.code == "limit-keys"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"type": "EcdsaSecp256k1VerificationKey2019"}, UnsupportedError),
        ({"type": ["Multikey"]}, UnsupportedError),
        ({"type": None}, UnsupportedError),
        ({"publicKeyMultibase": None}, MalformedError),
        ({"publicKeyMultibase": 1}, MalformedError),
        ({"publicKeyMultibase": "u7QEKiI6Ts7kpTtRM4EU3yz91PH6CdH2V0KcyLj9vWMptnm"}, MalformedError),
        ({"publicKeyMultibase": "z6MkeTG3bFFSLYVU7VqhgZxqr6YzpaGrQtFMh1uvqGy1vDn0"}, MalformedError),
        ({"publicKeyJwk": KEY.jwk()}, MalformedError),
        ({"type": "JsonWebKey"}, MalformedError),
        ({"type": "JsonWebKey", "publicKeyJwk": KEY.jwk()}, MalformedError),
        ({"type": "JsonWebKey", "publicKeyMultibase": None, "publicKeyJwk": "x"}, MalformedError),
        (
            {"type": "JsonWebKey", "publicKeyMultibase": None, "publicKeyJwk": KEY.jwk() | {"d": "AA"}},
            MalformedError,
        ),
        ({"secretKeyMultibase": "z3u2"}, MalformedError),
        ({"privateKeyJwk": {}}, MalformedError),
        ({"controller": None}, MalformedError),
        ({"controller": [ISSUER]}, MalformedError),
        ({"revoked": None}, MalformedError),
        ({"revoked": "2026-01-01"}, MalformedError),
        ({"expires": 1700000000}, MalformedError),
    ],
)
def test_b61_an_unusable_key_spoils_itself_and_not_the_others(
    change: dict[str, Any], error: type[CairnError]
) -> None:
    found = read(document(multikey("bad") | change, multikey("good", OTHER)))

    assert found.method(f"{ISSUER}#good") is not None
    assert found.method(f"{ISSUER}#bad", "authentication") is None
    with pytest.raises(error):
        found.method(f"{ISSUER}#bad")


def test_our_own_document_keeps_every_key_and_marks_the_compromised_one() -> None:
    keys = [("key-1", KEY, None), ("key-2", OTHER, MOMENT), ("key-3", P256, None)]

    built = build_document(ISSUER, keys, also_known_as=["https://badges.example/"])

    assert built["@context"] == ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"]
    assert built["alsoKnownAs"] == ["https://badges.example/"]
    assert built["assertionMethod"] == [f"{ISSUER}#key-{number}" for number in (1, 2, 3)]
    assert [method.get("revoked") for method in built["verificationMethod"]] == [
        None,
        "2026-11-23T10:00:00Z",
        None,
    ]
    found = read(built)
    for fragment, key, revoked in keys:
        method = found.method(f"{ISSUER}#{fragment}")
        assert method is not None
        assert (method.public_key, method.revoked, method.controller) == (key, revoked, ISSUER)


def test_our_own_document_names_no_other_identity_unless_told() -> None:
    assert "alsoKnownAs" not in build_document(ISSUER, [("key-1", KEY, None)])
