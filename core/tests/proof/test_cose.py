# SPDX-License-Identifier: Apache-2.0
"""COSE_Sign1: one spelling, nothing unsigned beside it, and cbor2 and cryptography as a second opinion."""

import json
from base64 import b64encode

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

import cairn
from cairn import sign_cose
from cairn.canonical import to_json
from cairn.did import VerificationMethod, did_jwk, did_key
from cairn.errors import MalformedError, UnavailableError, UnsupportedError
from cairn.keys import Algorithm, PrivateKey
from cairn.materials import Materials
from cairn.proof import Outcome, cbor, cose, data_integrity
from cairn.testing import NOON, FixedSources, demo_key, did_document, key_method, sample_credential

KEY = demo_key()
METHOD = key_method(KEY.public_key)
ISSUER = did_key(KEY.public_key)
HEADER = {1: -8, 3: "application/vc", 4: METHOD.encode(), 16: "application/vc+cose"}


def document(**members):
    return {**sample_credential().to_document(), **members}


def resolve(wanted):
    if wanted == METHOD:
        return VerificationMethod(METHOD, ISSUER, KEY.public_key)
    raise UnavailableError("key-unknown", "not known")


def check(data, at=NOON):
    return cose.check(cose.split(data), resolve, at=at)


def made(header=HEADER, payload=None, unprotected=None, key=KEY, tag=b"\xd2", raw=None):
    """Any COSE_Sign1 at all, also those that ``sign`` would never make."""
    protected = raw if raw is not None else cbor.encode_header(header)
    payload = to_json(document()) if payload is None else payload
    signature = key.sign(cbor.encode(["Signature1", protected, b"", payload]))
    return tag + cbor.encode([protected, unprotected or {}, payload, signature])


def without(*labels, **changes):
    return {label: value for label, value in HEADER.items() if label not in labels}


def test_what_we_sign_we_accept():
    data = sign_cose(document(), KEY, verification_method=METHOD)

    assert data == made()
    answer = check(data)
    assert (answer.outcome, answer.code) == (Outcome.PASSED, "ok")
    assert answer.document == document()
    assert answer.methods == (METHOD,)


def test_the_bytes_are_those_of_rfc_9052():
    """§4.2 and §4.4 written out by hand, with no help from our encoder."""
    protected = b"\xa1\x01\x27"  # {1: -8}
    payload = to_json(document())
    assert 256 <= len(payload) < 65536
    length = b"\x59" + len(payload).to_bytes(2, "big")
    signed = b"\x84\x6aSignature1\x43" + protected + b"\x40" + length + payload
    private = ed25519.Ed25519PrivateKey.from_private_bytes(KEY.to_bytes())
    kid = METHOD.encode()
    unprotected = b"\xa1\x04\x58" + bytes([len(kid)]) + kid
    data = b"\xd2\x84\x43" + protected + unprotected + length + payload + b"\x58\x40" + private.sign(signed)

    assert check(data).outcome is Outcome.PASSED
    assert check(data[1:]).outcome is Outcome.PASSED  # the tag may be missing


def test_another_library_reads_what_we_write():
    cbor2 = pytest.importorskip("cbor2", reason="the peer cbor2 (PyPI) is not installed")
    data = sign_cose(document(), KEY, verification_method=METHOD)

    tagged = cbor2.loads(data)

    assert tagged.tag == 18
    protected, unprotected, payload, signature = tagged.value
    assert cbor2.loads(protected) == HEADER
    assert unprotected == {}
    assert json.loads(payload) == document()
    signed = cbor2.dumps(["Signature1", protected, b"", payload])
    assert KEY.public_key.verify(signed, signature)
    assert cbor2.dumps(HEADER, canonical=True) == protected


@pytest.mark.parametrize(
    ("algorithm", "name"),
    [
        (Algorithm.ED25519, "EdDSA"),
        (Algorithm.P256, "ES256"),
        (Algorithm.P384, "ES384"),
        (Algorithm.P521, "ES512"),
    ],
)
def test_every_kind_of_key_goes_down_the_corridor(algorithm, name):
    key = PrivateKey.generate(algorithm)
    issuer = did_jwk(key.public_key)
    credential = sample_credential(issuer=issuer).to_document()
    data = sign_cose(credential, key, verification_method=f"{issuer}#0")

    report = cairn.Verifier(FixedSources()).examine(data, at=NOON)

    assert report.accepted
    assert (report.format, report.carrier, report.document) == ("vc+cose", "cose", credential)
    assert report.finding("signature").details["algorithm"] == name


def test_an_issuer_on_the_web_and_kept_materials():
    issuer = "did:web:harbour.example:i:1"
    data = sign_cose(
        sample_credential(issuer=issuer).to_document(), KEY, verification_method=f"{issuer}#key-1"
    )
    answers = {"https://harbour.example/i/1/did.json": did_document(issuer, KEY.public_key)}
    materials = cairn.gather(cairn.read(data), FixedSources(answers), at=NOON)

    kept = Materials.from_json(materials.to_json())

    assert cairn.judge(kept, at=NOON).accepted
    assert cairn.judge(kept, at=NOON) == cairn.judge(materials, at=NOON)


def test_rsa_does_not_sign():
    with pytest.raises(UnsupportedError, match="key-type"):
        cose.sign(document(), PrivateKey.generate(Algorithm.RSA), kid="x")


def test_b75_no_byte_can_be_changed():
    data = sign_cose(document(), KEY, verification_method=METHOD)
    for index in range(len(data)):
        for mask in (1, 0x80):
            altered = data[:index] + bytes([data[index] ^ mask]) + data[index + 1 :]
            try:
                answer = check(altered)
            except (MalformedError, UnsupportedError):
                continue
            assert answer.outcome is not Outcome.PASSED, index


@pytest.mark.parametrize("cut", [1, 2, 3, 10, 100, -1, -64, -66])
def test_b8_cut_or_followed_bytes_are_malformed(cut):
    with pytest.raises(MalformedError):
        cairn.read(made()[:cut])
    with pytest.raises(MalformedError):
        cairn.read(made() + b"\0")


@pytest.mark.parametrize(
    "data",
    [
        b"\x84",
        b"\xd2\x84",
        b"\xd2\xd2" + made(tag=b""),
        b"\xd8\x12" + made(tag=b""),  # the tag in a longer spelling
        b"\xd2\x83\x40\xa0\x40",
        cbor.encode([b"", {}, b"{}", b"", b""]),
        cbor.encode([b"", {}, "{}", b"s"]),
        cbor.encode([b"", [], b"{}", b"s"]),
        cbor.encode([1, {}, b"{}", b"s"]),
        b"\x84\x40\xa0\xf6\x41s",  # a detached payload
        made(raw=b"\xa2\x01\x27\x01\x26"),  # a label twice
        made(raw=b"\xa1\x01\x38\x07"),  # -8, longer than it has to be
        made(raw=b"\xa1\x41a\x27"),
        made(raw=b"\xa1\x01\x27\x00"),
        made(raw=b"\x81\x27"),
        made(raw=b"\xbf\x01\x27\xff"),
        made(raw=b"\xa1\x01\x81\x27"),
        made({**HEADER, 4: "text"}),
        made({**HEADER, 4: b"\xff"}),
        made(payload=b"[]"),
        made(payload=b'{"a":1,"a":2}'),
    ],
)
def test_b21_what_is_no_cose_sign1_in_one_spelling_is_malformed(data):
    with pytest.raises(MalformedError):
        cose.split(data)


@pytest.mark.parametrize("unprotected", [{1: 7}, {3: b"x"}, {33: b"x"}, {4: METHOD.encode(), 16: b"x"}])
def test_b48_nothing_stands_unsigned_beside_it(unprotected):
    with pytest.raises(MalformedError) as refused:
        cose.split(made(without(4), unprotected=unprotected))

    assert refused.value.code == "cose-unprotected"


def test_b44_the_key_id_may_stand_outside_but_not_twice():
    kid = {4: METHOD.encode()}

    assert check(made(without(4), unprotected=kid)).outcome is Outcome.PASSED
    with pytest.raises(MalformedError):
        cose.split(made(unprotected=kid))
    assert check(made(without(4))).code == "token-key"
    assert check(made({**HEADER, 4: b"did:web:evil.example#1"})).outcome is Outcome.UNDECIDED


@pytest.mark.parametrize("header", [{**HEADER, 2: b""}, {**HEADER, 2: 1}])
def test_b46_critical_extensions_are_not_known(header):
    with pytest.raises(UnsupportedError) as refused:
        cose.split(made(header))

    assert refused.value.code == "token-critical"


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ({**HEADER, 16: "application/vp+cose"}, "token-type"),
        ({**HEADER, 16: "application/statuslist+cwt"}, "token-type"),
        ({**HEADER, 16: 60}, "token-type"),
        ({**HEADER, 3: "application/vp"}, "token-type"),
        ({**HEADER, 3: 50}, "token-type"),
        (without(1), "token-unsigned"),
        ({**HEADER, 1: -7}, "key-type"),
        ({**HEADER, 1: -36}, "key-type"),
    ],
)
def test_b43_b49_types_and_algorithms_are_the_ones_they_must_be(header, code):
    answer = check(made(header))

    assert (answer.outcome, answer.code) == (Outcome.FAILED, code)


@pytest.mark.parametrize("algorithm", [-37, -257, -47, 5, "ES256", 0])
def test_an_unknown_algorithm_is_a_doubt_b42(algorithm):
    answer = check(made({**HEADER, 1: algorithm}))

    assert (answer.outcome, answer.code) == (Outcome.UNDECIDED, "unknown-algorithm")


def test_media_types_may_be_left_out_or_short_and_algorithms_named_in_full():
    for header in (without(3, 16), {**HEADER, 16: "vc+cose"}, {**HEADER, 1: -19}):
        assert check(made(header)).outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("number", "algorithm"),
    [
        *((-7, Algorithm.P256), (-9, Algorithm.P256), (-35, Algorithm.P384), (-51, Algorithm.P384)),
        *((-36, Algorithm.P521), (-52, Algorithm.P521), (-8, Algorithm.ED25519), (-19, Algorithm.ED25519)),
    ],
)
def test_b43_each_number_names_one_algorithm_of_one_kind_of_key(number, algorithm):
    """IANA "COSE Algorithms"; the second of each pair is of RFC 9864, which leaves nothing to the key."""
    for other in Algorithm:
        if other is Algorithm.RSA:
            continue
        key = PrivateKey.generate(other)
        method = VerificationMethod(METHOD, ISSUER, key.public_key)
        parts = cose.split(made({**HEADER, 1: number}, key=key))

        answer = cose.check(parts, lambda _, method=method: method, at=NOON)

        assert answer.code == ("ok" if other is algorithm else "key-type"), other


def test_an_undefined_member_is_lost_b23():
    assert check(made(payload=to_json(document(nonsense="x")))).code == "data-loss"


def test_a_proof_inside_counts_as_well_s6():
    whole = data_integrity.sign(document(), KEY, verification_method=METHOD, created=NOON)
    other = {**whole, "name": "Doctor of Everything"}

    assert check(made(payload=to_json(whole))).outcome is Outcome.PASSED
    assert check(made(payload=to_json(other))).outcome is Outcome.FAILED


def envelope(data, media_type="data:application/vc+cose;base64"):
    text = b64encode(data).decode().rstrip("=")
    return to_json(
        {
            "@context": "https://www.w3.org/ns/credentials/v2",
            "type": "EnvelopedVerifiableCredential",
            "id": f"{media_type},{text}",
        }
    )


def test_an_envelope_of_cose_is_opened():
    unverified = cairn.read(envelope(made()))

    assert (unverified.format, unverified.carrier) == ("vc+cose", "json")
    assert cairn.judge(cairn.gather(unverified, FixedSources(), at=NOON), at=NOON).accepted


def test_b74_an_envelope_that_lies_is_not_opened():
    for data in (b"{}", made()[2:]):
        with pytest.raises(MalformedError):
            cairn.read(envelope(data))
    for media_type in ("data:application/vc+cose", "data:application/vc+jwt", "data:application/vc+sd-jwt"):
        with pytest.raises((MalformedError, UnsupportedError)):
            cairn.read(envelope(made(), media_type))


def test_the_two_kinds_have_the_names_of_their_media_types():
    assert (cose.COSE, cose.PRESENTATION) == ("vc+cose", "vp+cose")


def test_a_key_that_is_withdrawn_signs_nothing_s2():
    method = VerificationMethod(METHOD, ISSUER, KEY.public_key, revoked=NOON)

    assert cose.check(cose.split(made()), lambda _: method, at=NOON).code == "key-revoked"


def test_a_refusal_names_the_key_that_was_asked_for_if_there_is_one():
    assert check(made({**HEADER, 16: "application/vp+cose"})).methods == (METHOD,)
    assert check(made(without(4))).methods == ()
    # What is not signed at all is told as that, whoever it names.
    assert check(made(without(1, 4))).code == "token-unsigned"
