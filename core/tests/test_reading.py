# SPDX-License-Identifier: Apache-2.0
"""Reading believes nothing."""

import json
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256

import pytest

from asking import HOLDER, SVG, token
from cairn.baking import bake
from cairn.canonical import jcs, to_json
from cairn.errors import MalformedError, UnsupportedError
from cairn.materials import gather
from cairn.proof import cose, jose, jws
from cairn.reading import MAX_CREDENTIAL, read
from cairn.testing import (
    NOON,
    FixedSources,
    sample_credential,
    signed_sample,
)
from cairn.verifier import judge
from containing import HOLDER_ID, HOLDER_METHOD, VC, badge, badge_document, presentation, unsigned


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
        ("data:application/vc+jwt,{}", MalformedError),
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
        (b"%PDF-1.7", "pdf-malformed"),
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


def test_a_token_with_disclosures_is_no_longer_a_token_b49():
    """Of what its type does not foresee nothing is accepted, even when every signature holds."""
    report = judge(gather(read(f"{token()}~".encode()), FixedSources(), at=NOON), at=NOON)

    assert report.format == "vc+sd-jwt"
    assert report.finding("signature").code == "token-type"
    assert report.document is None
    assert not report.accepted
    with pytest.raises(MalformedError) as refused:
        read(f"{token()}~WyJhIl0~".encode())
    assert refused.value.code == "sd-jwt-disclosure"


# --- gather


# --- presentations


def shown_as(document, content, mechanism, holder=HOLDER):
    """A presentation or credential secured in one of three ways, as the text of a data: URL."""
    header = {"typ": f"{content}+{mechanism}", "cty": content, "kid": HOLDER_METHOD}
    if mechanism == "cose":
        profile = jose.PRESENTATION if content == "vp" else jose.CREDENTIAL
        return b64encode(cose.sign(document, holder, kid=HOLDER_METHOD, profile=profile)).decode()
    return jws.sign(header, document, holder) + ("~" if mechanism == "sd-jwt" else "")


def enveloped(kind, media_type, text):
    return to_json({"@context": VC, "type": kind, "id": f"data:application/{media_type},{text}"})


SHOWN = json.loads(unsigned(presentation()))
MECHANISMS = {"jwt": "jwt", "sd-jwt": "sd-jwt", "cose": "cose;base64"}


@pytest.mark.parametrize("mechanism", list(MECHANISMS))
def test_an_envelope_of_a_presentation_is_opened(mechanism):
    text = shown_as(SHOWN, "vp", mechanism)

    found = read(enveloped("EnvelopedVerifiablePresentation", f"vp+{MECHANISMS[mechanism]}", text))

    assert found.format == f"vp+{mechanism}"
    assert found.is_presentation
    assert found.unverified_document == SHOWN
    assert found.unverified_kind == "Verifiable Presentation"


def test_the_plain_media_type_of_tokens_is_read_too():
    text = shown_as(SHOWN, "vp", "jwt")

    assert read(enveloped("EnvelopedVerifiablePresentation", "jwt", text)).format == "vp+jwt"
    assert read(enveloped("EnvelopedVerifiableCredential", "jwt", token())).format == "vc+jwt"


@pytest.mark.parametrize("mechanism", list(MECHANISMS))
@pytest.mark.parametrize(
    ("kind", "content", "document"),
    [
        ("EnvelopedVerifiableCredential", "vc", SHOWN),
        ("EnvelopedVerifiablePresentation", "vp", badge_document()),
        ("EnvelopedVerifiablePresentation", "vc", SHOWN),
        ("EnvelopedVerifiableCredential", "vp", badge_document()),
    ],
)
def test_an_envelope_that_holds_the_other_kind_is_refused_b74(kind, content, document, mechanism):
    text = shown_as(document, content, mechanism)

    with pytest.raises(MalformedError) as refused:
        read(enveloped(kind, f"{content}+{MECHANISMS[mechanism]}", text))

    assert refused.value.code == "envelope"


@pytest.mark.parametrize(
    ("media_type", "text"),
    [
        ("vc+cose;base64", "AAAA"),
        ("vc+cose;base64", "0oRD-_8"),
        ("vc+sd-jwt", "a.b.c"),
        ("vc+jwt", "a.b.c~"),
        ("vc+jwt;charset=utf-8", "a.b.c"),
        ("vc+other", "a.b.c"),
    ],
)
def test_an_envelope_that_does_not_hold_what_it_says_is_refused_b74(media_type, text):
    with pytest.raises(MalformedError):
        read(enveloped("EnvelopedVerifiableCredential", media_type, text))


def test_a_presentation_is_a_document_like_any_other():
    found = read(presentation())

    assert (found.carrier, found.format) == ("json", "vp+ld+json")
    assert found.unverified_issuer == HOLDER_ID
    assert not read(badge()).is_presentation


def test_a_presentation_that_nobody_signed_is_nobodys_unless_it_says():
    document = {name: value for name, value in SHOWN.items() if name != "holder"}

    assert read(to_json(document)).unverified_issuer is None
    assert read(to_json(document | {"proof": ["x"]})).unverified_issuer is None
    assert read(to_json(SHOWN)).unverified_issuer == HOLDER_ID


def test_only_what_somebody_has_looked_at_is_known_to_be_as_it_was_read():
    credential = read(signed_sample())

    assert credential.is_as_read
    assert not replace(credential, glance=None).is_as_read
    assert not replace(credential, unverified_document={"id": "urn:x:1"}).is_as_read
