# SPDX-License-Identifier: Apache-2.0
"""What a signature must be, on published cases and on our own, through the one wrapper everybody uses."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from cairn.errors import CairnError, MalformedError, UnsupportedError
from cairn.keys import Algorithm, PrivateKey, PublicKey, multibase_decode, multibase_encode

ORDERS = {
    Algorithm.ED25519: 2**252 + 27742317777372353535851937790883648493,
    Algorithm.P256: 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    Algorithm.P384: 2**384 - 0x389CB27E0BC8D220A7E5F24DB74F58851313E695333AD68D,
    Algorithm.P521: int(
        "01" + "FF" * 32 + "FA51868783BF2F966B7FCC0148F709A5D03BB5C9B8899C47AEBB6FB71E91386409",
        16,
    ),
}
KEY = PrivateKey.from_seed(b"\1" * 32).public_key


@pytest.fixture(scope="module", params=list(Algorithm))
def key(request: pytest.FixtureRequest) -> PrivateKey:
    return PrivateKey.generate(request.param)


def groups(path: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(path.read_bytes())["testGroups"]
    return found


def test_wycheproof_ed25519(shared_vectors) -> None:
    counted: Counter[str] = Counter()
    for group in groups(shared_vectors("wycheproof") / "ed25519_test.json"):
        key = PublicKey(Algorithm.ED25519, bytes.fromhex(group["publicKey"]["pk"]))
        assert key == PublicKey.from_jwk(group["publicKeyJwk"])
        for case in group["tests"]:
            verdict = key.verify(bytes.fromhex(case["msg"]), bytes.fromhex(case["sig"]))
            assert verdict == (case["result"] == "valid"), case
            counted[case["result"]] += 1

    assert counted == {"valid": 88, "invalid": 63}


@pytest.mark.parametrize(
    ("name", "algorithm", "expected"),
    [
        ("ecdsa_secp256r1_sha256_p1363_test", Algorithm.P256, {"valid": 173, "invalid": 89}),
        ("ecdsa_secp384r1_sha384_p1363_test", Algorithm.P384, {"valid": 193, "invalid": 87}),
        ("ecdsa_secp521r1_sha512_p1363_test", Algorithm.P521, {"valid": 231, "invalid": 87}),
    ],
)
def test_wycheproof_ecdsa(shared_vectors, name: str, algorithm: Algorithm, expected: dict[str, int]) -> None:
    counted: Counter[str] = Counter()
    for group in groups(shared_vectors("wycheproof") / f"{name}.json"):
        point = bytes.fromhex(group["publicKey"]["uncompressed"])
        size = len(point) // 2
        key = PublicKey(algorithm, bytes([2 + point[-1] % 2]) + point[1 : 1 + size])
        for case in group["tests"]:
            verdict = key.verify(bytes.fromhex(case["msg"]), bytes.fromhex(case["sig"]))
            assert verdict == (case["result"] == "valid"), case
            counted[case["result"]] += 1

    assert counted == expected


@pytest.mark.parametrize("name", ["ecdsa_secp256r1_sha256_test", "ecdsa_secp384r1_sha384_test"])
def test_b52_no_der_signature_of_wycheproof_passes_for_a_raw_one(shared_vectors, name: str) -> None:
    algorithm = Algorithm.P256 if "256r1" in name else Algorithm.P384
    seen = 0
    for group in groups(shared_vectors("wycheproof") / f"{name}.json"):
        point = bytes.fromhex(group["publicKey"]["uncompressed"])
        key = PublicKey(algorithm, bytes([2 + point[-1] % 2]) + point[1 : 1 + len(point) // 2])
        for case in group["tests"]:
            assert not key.verify(bytes.fromhex(case["msg"]), bytes.fromhex(case["sig"]))
            seen += 1

    assert seen > 480


def test_wycheproof_rsa(shared_vectors) -> None:
    counted: Counter[str] = Counter()
    for group in groups(shared_vectors("wycheproof") / "rsa_signature_2048_sha256_test.json"):
        if group["publicKey"]["publicExponent"] == "03":
            # Signatures under e = 3 can be forged where the padding is read carelessly: no such keys (B43).
            with pytest.raises(MalformedError, match="exponent"):
                PublicKey(Algorithm.RSA, bytes.fromhex(group["publicKeyDer"]))
            counted["exponent 3"] += 1
            continue
        key = PublicKey(Algorithm.RSA, bytes.fromhex(group["publicKeyDer"]))
        for case in group["tests"]:
            if key.verify(bytes.fromhex(case["msg"]), bytes.fromhex(case["sig"])):
                assert case["result"] == "valid", case
                counted["accepted"] += 1
            counted[case["result"]] += 1

    # The one "acceptable" case leaves the NULL out of the padding's algorithm; it is refused here.
    assert counted == {"accepted": 7, "valid": 7, "acceptable": 1, "invalid": 249, "exponent 3": 2}


def test_c2sp_ed25519_edge_cases(shared_vectors) -> None:
    """Every case has a point with a small-order part: RFC 8032 strictly, and no such key at all (B53)."""
    cases = json.loads((shared_vectors("c2sp") / "ed25519vectors.json").read_bytes())
    refused_keys = refused = accepted = 0
    for case in cases:
        flags = set(case["flags"] or ())
        try:
            key = PublicKey(Algorithm.ED25519, bytes.fromhex(case["key"]))
        except MalformedError:
            assert flags & {"low_order_A", "non_canonical_A", "low_order_component_A"}, case
            refused_keys += 1
            continue
        assert not flags & {"low_order_A", "non_canonical_A", "low_order_component_A"}, case
        if key.verify(case["msg"].encode(), bytes.fromhex(case["sig"])):
            assert not flags & {"low_order_R", "non_canonical_R", "low_order_residue"}, case
            accepted += 1
        else:
            refused += 1

    assert len(cases) == 914
    assert refused_keys + refused + accepted == 914
    assert min(refused_keys, refused) > 0


SMALL_ORDER_KEYS = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
]


@pytest.mark.parametrize("encoding", SMALL_ORDER_KEYS)
def test_b53_a_small_order_key_cannot_be_made_in_any_spelling(encoding: str) -> None:
    octets = bytes.fromhex(encoding)
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": multibase_encode(octets, "u")[1:]}

    for make in (
        lambda: PublicKey(Algorithm.ED25519, octets),
        lambda: PublicKey.from_multikey(multibase_encode(b"\xed\x01" + octets)),
        lambda: PublicKey.from_jwk(jwk),
    ):
        with pytest.raises(MalformedError) as refusal:
            make()
        assert refusal.value.code == "key-point"


def test_the_library_alone_would_accept_one_signature_for_every_message_of_such_a_key() -> None:
    """Why the table exists: if this ever fails, the library has learnt it, and the table is still right."""
    identity = bytes.fromhex(SMALL_ORDER_KEYS[2])

    ed25519.Ed25519PublicKey.from_public_bytes(identity).verify(identity + bytes(32), b"anything")


@pytest.mark.parametrize("encoding", SMALL_ORDER_KEYS)
def test_b53_a_small_order_r_is_refused_even_where_the_equation_holds(encoding: str) -> None:
    """Only a holder of the key can make such a signature: S = k·a for R = identity."""
    seed = bytes(range(32))
    digest = hashlib.sha512(seed).digest()
    scalar = int.from_bytes(digest[:32], "little") & ~7 & (2**255 - 1) | 2**254
    key = PrivateKey.from_seed(seed).public_key
    r = bytes.fromhex(encoding)
    challenge = int.from_bytes(hashlib.sha512(r + key.material + b"message").digest(), "little")
    signature = r + (challenge * scalar % ORDERS[Algorithm.ED25519]).to_bytes(32, "little")

    if r == b"\1" + bytes(31):
        ed25519.Ed25519PublicKey.from_public_bytes(key.material).verify(signature, b"message")
    assert not key.verify(b"message", signature)


@pytest.mark.parametrize(
    "signature",
    [
        *(bytes.fromhex(encoding) + bytes(32) for encoding in SMALL_ORDER_KEYS),
        KEY.material + ORDERS[Algorithm.ED25519].to_bytes(32, "little"),
        KEY.material + b"\xff" * 32,
        KEY.material + bytes(31),
        KEY.material + bytes(33),
        b"",
    ],
)
def test_b53_our_refusals_do_not_depend_on_the_library(
    signature: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a library that accepts everything underneath, these are refused all the same."""
    monkeypatch.setattr("cairn.keys.public.crypto_sign_open", lambda signed, key: b"")

    assert KEY.verify(b"message", KEY.material + bytes(32))
    assert not KEY.verify(b"message", signature)


def test_b53_s_plus_the_group_order_is_refused() -> None:
    key = PrivateKey.from_seed(bytes(32))
    signature = key.sign(b"message")
    s = int.from_bytes(signature[32:], "little")

    for multiple in range(1, 16):
        other = (s + multiple * ORDERS[Algorithm.ED25519]).to_bytes(33, "little")
        assert not key.public_key.verify(b"message", signature[:32] + other[:32])


def test_every_flipped_bit_of_a_signature_is_refused(key: PrivateKey) -> None:
    signature = key.sign(b"message")

    assert key.public_key.verify(b"message", signature)
    for position in range(len(signature)):
        for bit in range(8):
            flipped = bytearray(signature)
            flipped[position] ^= 1 << bit
            assert not key.public_key.verify(b"message", bytes(flipped))


def test_another_message_another_key_and_another_length_are_refused(key: PrivateKey) -> None:
    signature = key.sign(b"message")

    assert not key.public_key.verify(b"massage", signature)
    assert not key.public_key.verify(b"", signature)
    assert not PrivateKey.generate(key.algorithm).public_key.verify(b"message", signature)
    half = len(signature) // 2
    padded = signature[:half] + b"\0" + signature[half:]
    for wrong in (b"", signature[:-1], signature + b"\0", b"\0" + signature, padded, signature * 2):
        assert not key.public_key.verify(b"message", wrong)


@pytest.mark.parametrize("algorithm", [Algorithm.P256, Algorithm.P384, Algorithm.P521])
def test_b52_r_and_s_outside_the_group_are_refused(algorithm: Algorithm) -> None:
    key = PrivateKey.generate(algorithm)
    order = ORDERS[algorithm]
    signature = key.sign(b"message")
    size = len(signature) // 2
    r, s = signature[:size], signature[size:]

    for number in (0, order, order + 1, 2 ** (8 * size) - 1):
        bad = number.to_bytes(size, "big")
        for wrong in (bad + s, r + bad, bad + bad):
            assert not key.public_key.verify(b"message", wrong)


@pytest.mark.parametrize("algorithm", [Algorithm.P256, Algorithm.P384, Algorithm.P521])
def test_b52_both_halves_of_s_are_the_same_signature_so_nothing_may_be_keyed_by_its_spelling(
    algorithm: Algorithm,
) -> None:
    key = PrivateKey.generate(algorithm)
    signature = key.sign(b"message")
    size = len(signature) // 2
    mirrored = (ORDERS[algorithm] - int.from_bytes(signature[size:], "big")).to_bytes(size, "big")

    assert key.public_key.verify(b"message", signature[:size] + mirrored)


def test_the_digest_belongs_to_the_curve() -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    key = PublicKey(
        Algorithm.P256,
        private.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint
        ),
    )

    for digest, verdict in ((hashes.SHA256(), True), (hashes.SHA384(), False)):
        r, s = decode_dss_signature(private.sign(b"message", ec.ECDSA(digest)))
        assert key.verify(b"message", r.to_bytes(32, "big") + s.to_bytes(32, "big")) is verdict


def test_rs256_is_not_ps256() -> None:
    private = rsa.generate_private_key(65537, 2048)
    der = private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    key = PublicKey(Algorithm.RSA, der)
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)

    assert key.verify(b"message", private.sign(b"message", padding.PKCS1v15(), hashes.SHA256()))
    assert not key.verify(b"message", private.sign(b"message", pss, hashes.SHA256()))
    assert not key.verify(b"message", private.sign(b"message", padding.PKCS1v15(), hashes.SHA1()))


def test_a_multikey_begins_as_the_standard_says_and_comes_back(key: PrivateKey) -> None:
    beginnings = {
        Algorithm.ED25519: "z6Mk",
        Algorithm.P256: "zDna",
        Algorithm.P384: "z82L",
        Algorithm.P521: "z2J9",
        Algorithm.RSA: "z",
    }
    text = key.public_key.multikey()

    assert text.startswith(beginnings[key.algorithm])
    assert PublicKey.from_multikey(text) == key.public_key
    assert PublicKey.from_jwk(key.public_key.jwk()) == key.public_key


def test_published_multikeys_and_jwks_are_of_the_same_key() -> None:
    """The key of Controlled Identifiers 1.0, example 13, and the P-256 one of the ECDSA cryptosuites."""
    assert (
        PublicKey.from_multikey("z6MkmM42vxfqZQsv4ehtTjFFxQ4sQKS2w6WR7emozFAn5cxu").algorithm
        is Algorithm.ED25519
    )
    assert (
        PublicKey.from_multikey("zDnaepBuvsQ8cpsWrVKw8fbpGpvPeNSjVPTWoq6cRqaYzBKVP").algorithm
        is Algorithm.P256
    )


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_b20_b62_a_multikey_with_the_wrong_codec_length_or_base_is_refused(algorithm: Algorithm) -> None:
    octets = multibase_decode(PrivateKey.generate(algorithm).public_key.multikey())

    hostile = [
        multibase_encode(octets, "u"),
        multibase_encode(octets[:-1]),
        multibase_encode(octets + b"\0"),
        multibase_encode(b"\0" + octets),
        multibase_encode(octets[:1]),
        multibase_encode(octets[:2]),
        multibase_encode(b"\xec\x01" + octets[2:]),  # X25519
        multibase_encode(b"\xe7\x01" + octets[2:]),  # secp256k1
        multibase_encode(b"\x80\x26" + octets[2:]),  # the private key of Ed25519
        multibase_encode(octets).replace("z", "z0", 1),
        "z",
        "",
        " " + multibase_encode(octets),
    ]
    if algorithm is not Algorithm.ED25519:
        hostile.append(multibase_encode(b"\xed\x01" + octets[2:]))
    for text in hostile:
        with pytest.raises((MalformedError, UnsupportedError)):
            PublicKey.from_multikey(text)


@pytest.mark.parametrize("algorithm", [Algorithm.P256, Algorithm.P384, Algorithm.P521])
def test_b62_points_off_the_curve_and_uncompressed_ones_are_refused(algorithm: Algorithm) -> None:
    point = PrivateKey.generate(algorithm).public_key.material
    size = len(point) - 1

    hopeful = [b"\2" + x.to_bytes(size, "big") for x in range(64)]
    refused = [material for material in hopeful if not is_a_key(algorithm, material)]
    assert 10 < len(refused) < 54  # half of all x have no y
    for material in (b"", b"\0", b"\4" + point[1:], b"\4" + point[1:] * 2, b"\2" + b"\xff" * size):
        with pytest.raises(MalformedError):
            PublicKey(algorithm, material)


def is_a_key(algorithm: Algorithm, material: bytes) -> bool:
    try:
        PublicKey(algorithm, material)
    except MalformedError:
        return False
    return True


@given(st.binary(max_size=400), st.sampled_from(list(Algorithm)))
def test_no_bytes_make_anything_but_a_key_or_a_refusal(octets: bytes, algorithm: Algorithm) -> None:
    for make in (
        lambda: PublicKey(algorithm, octets),
        lambda: PublicKey.from_multikey(multibase_encode(octets)),
        lambda: PublicKey.from_multikey(
            multibase_encode(b"\x85\x24" + octets)  # whatever follows the codec of RSA
        ),
    ):
        try:
            assert make().multikey()
        except CairnError:
            continue


def test_der_with_another_spelling_or_another_kind_of_key_is_refused() -> None:
    key = PrivateKey.generate(Algorithm.RSA).public_key
    spki, pkcs1 = key.material, multibase_decode(key.multikey())[2:]
    other = (
        ec.generate_private_key(ec.SECP256R1())
        .public_key()
        .public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    )

    for material in (spki + b"\0", spki[:-1], pkcs1, other):
        with pytest.raises(MalformedError) as refusal:
            PublicKey(Algorithm.RSA, material)
        assert refusal.value.code == "key-encoding"
    for material in (pkcs1 + b"\0", pkcs1[:-1], spki, other):
        with pytest.raises(MalformedError) as refusal:
            PublicKey.from_multikey(multibase_encode(b"\x85\x24" + material))
        assert refusal.value.code == "key-encoding"
