# SPDX-License-Identifier: Apache-2.0
"""Private keys: known signatures, the same signature twice, and nothing to see."""

from __future__ import annotations

import copy
import json
import pickle

import pytest

from cairn.errors import MalformedError
from cairn.keys import Algorithm, PrivateKey, PublicKey, Signer


@pytest.fixture(scope="module", params=list(Algorithm))
def key(request: pytest.FixtureRequest) -> PrivateKey:
    return PrivateKey.generate(request.param)


@pytest.mark.parametrize(
    ("seed", "public", "message", "signature"),
    [
        # RFC 8032 §7.1, tests 1 to 3.
        (
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
            "d25bf5f0595bbe24655141438e7a100b",
        ),
        (
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
            "387b2eaeb4302aeeb00d291612bb0c00",
        ),
        (
            "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            "af82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
            "4a7c15e9716ed28dc027beceea1ec40a",
        ),
    ],
)
def test_rfc_8032_signatures(seed: str, public: str, message: str, signature: str) -> None:
    key = PrivateKey.from_seed(bytes.fromhex(seed))

    assert key.public_key.material.hex() == public
    assert key.sign(bytes.fromhex(message)).hex() == signature


@pytest.mark.parametrize(
    ("algorithm", "scalar", "message", "r", "s"),
    [
        # RFC 6979 appendix A.2.5 (P-256 with SHA-256), A.2.6 (P-384, SHA-384) and A.2.7 (P-521, SHA-512).
        (
            Algorithm.P256,
            "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721",
            b"sample",
            "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716",
            "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8",
        ),
        (
            Algorithm.P384,
            "6B9D3DAD2E1B8C1C05B19875B6659F4DE23C3B667BF297BA9AA47740787137D896D5724E4C70A825F872C9EA60D2EDF5",
            b"sample",
            "94EDBB92A5ECB8AAD4736E56C691916B3F88140666CE9FA73D64C4EA95AD133C81A648152E44ACF96E36DD1E80FABE46",
            "99EF4AEB15F178CEA1FE40DB2603138F130E740A19624526203B6351D0A3A94FA329C145786E679E7B82C71A38628AC8",
        ),
        (
            Algorithm.P521,
            "00FAD06DAA62BA3B25D2FB40133DA757205DE67F5BB0018FEE8C86E1B68C7E75CAA8"
            "96EB32F1F47C70855836A6D16FCC1466F6D8FBEC67DB89EC0C08B0E996B83538",
            b"sample",
            "00C328FAFCBD79DD77850370C46325D987CB525569FB63C5D3BC53950E6D4C5F174E"
            "25A1EE9017B5D450606ADD152B534931D7D4E8455CC91F9B15BF05EC36E377FA",
            "00617CCE7CF5064806C467F678D3B4080D6F1CC50AF26CA209417308281B68AF2826"
            "23EAA63E5B5C0723D8B8C37FF0777B1A20F8CCB1DCCC43997F1EE0E44DA4A67A",
        ),
    ],
)
def test_rfc_6979_signatures(algorithm: Algorithm, scalar: str, message: bytes, r: str, s: str) -> None:
    key = PrivateKey.from_bytes(algorithm, bytes.fromhex(scalar))

    assert key.sign(message).hex().upper() == r + s
    assert key.public_key.verify(message, key.sign(message))


def test_w3c_ecdsa_key_pair(shared_vectors) -> None:
    """The published pair: the public half that we derive is the one that stands beside the private one."""
    pair = json.loads((shared_vectors("w3c-vc-di-ecdsa") / "p256KeyPair.json").read_bytes())

    public = PublicKey.from_multikey(pair["publicKeyMultibase"])

    assert public.algorithm is Algorithm.P256
    assert public.multikey() == pair["publicKeyMultibase"]


def test_signing_again_gives_the_same_bytes(key: PrivateKey) -> None:
    assert key.sign(b"message") == key.sign(b"message")


def test_sealed_bytes_give_the_key_back(key: PrivateKey) -> None:
    again = PrivateKey.from_bytes(key.algorithm, key.to_bytes())

    assert again.public_key == key.public_key
    assert again.sign(b"message") == key.sign(b"message")
    assert PrivateKey.from_jwk(key.to_jwk()).to_bytes() == key.to_bytes()


def test_two_new_keys_are_never_the_same() -> None:
    keys = {PrivateKey.generate(Algorithm.ED25519).to_bytes() for _ in range(100)}

    assert len(keys) == 100


def test_a_private_key_is_a_signer(key: PrivateKey) -> None:
    signer: Signer = key

    assert signer.algorithm is signer.public_key.algorithm


def test_a_private_key_shows_itself_to_nobody(key: PrivateKey) -> None:
    assert repr(key) == str(key) == f"{key}" == "PrivateKey(hidden)"
    assert not hasattr(key, "__dict__")
    for leak in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="neither copied nor pickled"):
            leak(key)


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_bytes_that_are_no_private_key_are_refused_and_not_repeated(algorithm: Algorithm) -> None:
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    public = PrivateKey.generate(Algorithm.RSA).public_key.material
    hostile = [b"", b"\x5a" * 31, b"\x5a" * 33, b"\x5a" * 49, public]
    if algorithm is not Algorithm.ED25519:
        hostile += [bytes(32), bytes(48), order.to_bytes(32, "big"), b"\xff" * 48]
    for octets in hostile:
        with pytest.raises(MalformedError) as refusal:
            PrivateKey.from_bytes(algorithm, octets)
        assert "Z" * 8 not in str(refusal.value)
        assert refusal.value.__cause__ is None
