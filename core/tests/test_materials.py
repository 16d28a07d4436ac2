# SPDX-License-Identifier: Apache-2.0
"""Reading believes nothing, gathering asks little and never raises, and materials keep."""

import json
from hashlib import sha256

import pytest

from cairn.baking import bake
from cairn.canonical import jcs, to_json
from cairn.errors import MalformedError, UnsupportedError
from cairn.materials import (
    MAX_CREDENTIAL,
    MAX_FETCHES,
    Materials,
    Unavailable,
    controller_url,
    gather,
    read,
    status_list_urls,
)
from cairn.proof import sign_jwt
from cairn.status import StatusEntry
from cairn.testing import (
    NOON,
    FixedSources,
    demo_key,
    key_method,
    sample_credential,
    signed_sample,
    signed_status_list,
)
from cairn.verifier import judge

LIST = "https://harbour.example/s/1"
KEY = demo_key()
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><rect width="1" height="1"/></svg>'


def token(credential=None):
    return sign_jwt(
        (credential or sample_credential()).to_document(), KEY, verification_method=key_method(KEY.public_key)
    )


def envelope(content):
    return to_json(
        {
            "@context": ["https://www.w3.org/ns/credentials/v2"],
            "type": "EnvelopedVerifiableCredential",
            "id": content,
        }
    )


# --- read


def test_json_is_read_as_it_is():
    signed = signed_sample()

    credential = read(signed)

    assert (credential.carrier, credential.format, credential.token) == ("json", "vc+ld+json", None)
    assert credential.unverified_document == json.loads(signed)
    assert credential.sha256 == sha256(jcs(json.loads(signed))).hexdigest()
    assert credential.size == len(signed)


def test_the_fingerprint_of_json_does_not_depend_on_its_spacing():
    signed = signed_sample()
    spaced = json.dumps(json.loads(signed), indent=3).encode()

    assert read(spaced).sha256 == read(signed).sha256


def test_a_token_is_read_with_the_claims_beside_it():
    text = token()

    credential = read(text.encode())

    assert (credential.carrier, credential.format, credential.token) == ("jwt", "vc+jwt", text)
    assert credential.unverified_document == sample_credential().to_document()
    assert credential.unverified_claims["nbf"] == int(NOON.timestamp())
    assert credential.sha256 == sha256(text.encode()).hexdigest()


def test_white_space_around_a_pasted_token_is_the_pastes():
    text = token()

    assert read(f"\n {text}\r\n".encode()).sha256 == read(text.encode()).sha256


@pytest.mark.parametrize("content", [signed_sample(), token().encode()])
def test_a_picture_is_opened(content):
    baked = bake(SVG, content)

    credential = read(baked)

    assert credential.carrier == "svg"
    assert credential.unverified_bytes == content
    assert credential.size == len(baked)
    assert credential.sha256 == read(content).sha256


def test_an_envelope_is_opened():
    credential = read(envelope(f"data:application/vc+jwt,{token()}"))

    assert (credential.carrier, credential.format) == ("json", "vc+jwt")
    assert judge(gather(credential, FixedSources(), at=NOON), at=NOON).accepted


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ("data:application/vc+jwt,{}", UnsupportedError),
        ("data:application/vc+cose,AAAA", UnsupportedError),
        (f"data:text/html,{token()}", MalformedError),
        (f"data:application/json,{token()}", MalformedError),
        ("https://harbour.example/c/1", MalformedError),
        (3, MalformedError),
        (None, MalformedError),
    ],
)
def test_an_envelope_that_lies_is_refused_b74(content, error):
    with pytest.raises(error):
        read(envelope(content))


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "not-a-credential"),
        (b"hello", "not-a-credential"),
        (b"\xff\xfe{\x00}\x00", "not-a-credential"),
        (b"\xef\xbb\xbf{}", "not-a-credential"),
        (b" {}", "not-a-credential"),
        (b"[]", "not-a-credential"),
        (b"GIF89a", "not-a-credential"),
        (b"%PDF-1.7", "not-a-credential"),
        (b"a.b.c", "base64url"),
        (b"{", "json-syntax"),
        (b'{"a":1}x', "json-syntax"),
        (b'{"issuer":"a","\\u0069ssuer":"b"}', "json-duplicate-key"),
        (b'{"a":NaN}', "json-number"),
        (b'{"a":1e400}', "json-number"),
        (b'{"a":9007199254740993}', "json-number"),
        (b'{"a":"\\ud800"}', "json-string"),
        (b'{"a":"\\u0000"}', "json-string"),
        (b'{"a":' * 40 + b"1" + b"}" * 40, "limit-depth"),
        (b'{"a":' + b"9" * 5_000 + b"}", "limit-number"),
        (b"A" * (MAX_CREDENTIAL + 1), "limit-size"),
    ],
)
def test_what_cannot_be_read_is_an_error_and_no_verdict_b1_b9(data, code):
    with pytest.raises(MalformedError) as refused:
        read(data)

    assert refused.value.code == code


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"eyJhbGciOiJSU0EifQ.a.b.c.d", "encrypted-token"),
        (b"eyJhbGciOiJkaXIifQ..b.c.d", "encrypted-token"),
        (b'{"payload":"e30","signatures":[]}', "json-serialization"),
        (b'{"payload":"e30","protected":"e30","signature":"AA"}', "json-serialization"),
    ],
)
def test_what_we_know_and_do_not_read_is_named_b48_b50(data, code):
    with pytest.raises(UnsupportedError) as refused:
        read(data)

    assert refused.value.code == code


def test_an_sd_jwt_is_read_and_accepted_by_nobody():
    report = judge(gather(read(f"{token()}~WyJhIl0~".encode()), FixedSources(), at=NOON), at=NOON)

    assert report.format == "vc+sd-jwt"
    assert report.finding("signature").code == "unsupported-sd-jwt"
    assert report.document is None
    assert not report.accepted


# --- gather


def test_did_key_needs_nobody_to_be_asked():
    sources = FixedSources()

    gather(read(signed_sample()), sources, at=NOON)

    assert sources.asked == []


@pytest.mark.parametrize(
    ("issuer", "url"),
    [
        ("did:web:harbour.example", "https://harbour.example/.well-known/did.json"),
        ("did:web:harbour.example:i:1", "https://harbour.example/i/1/did.json"),
        ("https://harbour.example/i/1", "https://harbour.example/i/1"),
        ("https://harbour.example/i/1#x", "https://harbour.example/i/1"),
        ("did:key:z6Mk", None),
        ("did:jwk:e30", None),
        ("did:example:1", None),
        ("did:web:127.0.0.1%2Fx", None),
        ("urn:x:1", None),
        (None, None),
    ],
)
def test_where_the_keys_of_an_issuer_are(issuer, url):
    assert controller_url(issuer) == url


def test_the_lists_and_the_announced_twin_are_asked_for():
    sources = FixedSources(
        {LIST: signed_status_list(LIST, with_suspension=True), f"{LIST}/suspension": b"anything"}
    )
    entry = StatusEntry("revocation", 5, LIST)

    materials = gather(read(signed_sample(sample_credential(status=entry))), sources, at=NOON)

    assert sources.asked == [LIST, f"{LIST}/suspension"]
    assert materials.resource(f"{LIST}/suspension") == b"anything"


def test_no_twin_is_asked_for_where_none_is_announced():
    sources = FixedSources({LIST: signed_status_list(LIST)})

    gather(
        read(signed_sample(sample_credential(status=StatusEntry("revocation", 5, LIST)))), sources, at=NOON
    )

    assert sources.asked == [LIST]


def test_a_token_of_a_web_issuer_also_asks_for_its_key_set_s5():
    sources = FixedSources()
    text = token(sample_credential(issuer="https://harbour.example/i/1"))

    gather(read(text.encode()), sources, at=NOON)

    assert sources.asked == ["https://harbour.example/i/1", "https://harbour.example/.well-known/jwks.json"]


def test_nothing_else_in_a_credential_leads_anywhere_b45_b87():
    """Images, criteria, evidence, schemas, contexts and headers are never fetched."""
    document = json.loads(signed_sample())
    document["evidence"] = [{"id": "https://harbour.example/evidence", "type": ["Evidence"]}]
    document["credentialSchema"] = [{"id": "https://harbour.example/schema", "type": "x"}]
    document["@context"].append("https://harbour.example/context")
    document["proof"]["verificationMethod"] = "https://evil.example/keys#1"
    sources = FixedSources()

    gather(read(to_json(document)), sources, at=NOON)

    assert sources.asked == []


def entries(*urls):
    return [
        {"type": "BitstringStatusListEntry", "statusListCredential": url, "statusListIndex": "1"}
        for url in urls
    ]


def test_equal_lists_are_asked_once_and_too_many_never_b83():
    assert status_list_urls({"credentialStatus": entries(LIST, LIST)}) == (LIST,)
    four = [f"https://harbour.example/s/{number}" for number in range(4)]
    assert status_list_urls({"credentialStatus": entries(*four)}) == tuple(four)
    assert status_list_urls({"credentialStatus": entries(*four, "https://harbour.example/s/9")}) == ()
    assert status_list_urls({"credentialStatus": entries("file:///etc/passwd")}) == ()
    assert status_list_urls({"credentialStatus": "x"}) == ()
    assert status_list_urls({}) == ()


def test_one_upload_asks_eight_times_at_most_b99():
    urls = [f"https://harbour.example/s/{number}" for number in range(4)]
    answers = {url: signed_status_list(url, with_suspension=True) for url in urls}
    document = sample_credential(issuer="https://harbour.example/i/1").to_document()
    document["credentialStatus"] = entries(*urls)
    sources = FixedSources(answers)

    materials = gather(read(to_json({**document, "proof": {}})), sources, at=NOON)

    assert len(sources.asked) == MAX_FETCHES
    last = materials.resources[f"{urls[3]}/suspension"]
    assert isinstance(last, Unavailable)
    assert last.code == "limit-fetches"


class BrokenSources:
    def __init__(self, error):
        self.error = error

    def fetch(self, url, *, accept, limit):
        raise self.error


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (TimeoutError("10.0.0.7 timed out"), "unreachable"),
        (ConnectionRefusedError("10.0.0.7:5432"), "unreachable"),
        (MalformedError("url", "bad"), "url"),
    ],
)
def test_an_address_that_does_not_answer_is_recorded_b84_b98(error, code):
    credential = read(signed_sample(sample_credential(status=StatusEntry("revocation", 5, LIST))))

    materials = gather(credential, BrokenSources(error), at=NOON)

    found = materials.resources[LIST]
    assert isinstance(found, Unavailable)
    assert found.code == code
    assert "10.0.0.7" not in found.message


def test_an_answer_beyond_the_limit_is_dropped_b96():
    class Flood:
        def fetch(self, url, *, accept, limit):
            return b"x" * (limit + 1)

    credential = read(signed_sample(sample_credential(status=StatusEntry("revocation", 5, LIST))))

    assert gather(credential, Flood(), at=NOON).resources[LIST].code == "limit-size"


# --- keep


def test_kept_materials_judge_the_same():
    sources = FixedSources({LIST: signed_status_list(LIST, set_bits=(5,))})
    for data in (
        signed_sample(sample_credential(status=StatusEntry("revocation", 5, LIST))),
        bake(SVG, signed_sample()),
        token().encode(),
        signed_sample(sample_credential(status=StatusEntry("revocation", 5, "https://gone.example/s"))),
    ):
        materials = gather(read(data), sources, at=NOON)

        kept = Materials.from_json(materials.to_json())

        assert kept == materials
        assert judge(kept, at=NOON) == judge(materials, at=NOON)


@pytest.mark.parametrize(
    "change",
    [
        lambda kept: kept.update(type="Other"),
        lambda kept: kept.update(version=2),
        lambda kept: kept.pop("credential"),
        lambda kept: kept.update(credential="***"),
        lambda kept: kept.update(resources=[]),
        lambda kept: kept.update(resources={"x": {}}),
        lambda kept: kept.update(gatheredAt="yesterday"),
        lambda kept: kept.update(gatheredAt=3),
    ],
)
def test_damaged_materials_are_refused(change):
    kept = json.loads(gather(read(signed_sample()), FixedSources(), at=NOON).to_json())
    change(kept)

    with pytest.raises(MalformedError):
        Materials.from_json(to_json(kept))
