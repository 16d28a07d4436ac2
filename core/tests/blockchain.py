# SPDX-License-Identifier: Apache-2.0
"""What the tests of Blockcerts share: certificates that we issue ourselves, and a chain of one transaction.

Nothing here goes through the code under test: fingerprints come from PyLD alone, the proof value from cbor
that is written out below, and the transaction is put together and signed by hand.
"""

from __future__ import annotations

import hashlib
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from old_badges import HOST, ISSUER, without
from pyld import jsonld

from cairn.canonical import contexts
from cairn.keys import base58btc_encode, base64url_encode

METHOD = f"{ISSUER}#key-1"
SIBLING = "ab" * 32
_ALWAYS_THE_SAME = ec.ECDSA(Prehashed(hashes.SHA256()), deterministic_signing=True)


def chain_key(number: int = 1) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(2_000 + number, ec.SECP256K1())


def point(key: ec.EllipticCurvePrivateKey, *, compressed: bool = True) -> bytes:
    form = PublicFormat.CompressedPoint if compressed else PublicFormat.UncompressedPoint
    return key.public_key().public_bytes(Encoding.X962, form)


def address(key: ec.EllipticCurvePrivateKey, version: bytes = b"\x00") -> str:
    payload = version + hashlib.new("ripemd160", sha256(point(key)).digest()).digest()
    return base58btc_encode(payload + sha256(sha256(payload).digest()).digest()[:4])


def jwk(key: ec.EllipticCurvePrivateKey) -> dict[str, str]:
    numbers = key.public_key().public_numbers()
    x, y = (base64url_encode(value.to_bytes(32, "big")) for value in (numbers.x, numbers.y))
    return {"kty": "EC", "crv": "secp256k1", "x": x, "y": y}


def transaction(
    root: str,
    key: ec.EllipticCurvePrivateKey | None = None,
    *,
    compressed: bool = True,
    witness: bool = False,
    inputs: int = 1,
) -> bytes:
    """A transaction that writes the root, and whose inputs all spend to the key's hash."""
    key = key or chain_key()
    shown = point(key, compressed=compressed)
    code = b"\x76\xa9\x14" + hashlib.new("ripemd160", sha256(shown).digest()).digest() + b"\x88\xac"
    change = (1_000).to_bytes(8, "little") + bytes([len(code)]) + code
    data = bytes(8) + b"\x22\x6a\x20" + bytes.fromhex(root)
    outputs = b"\x02" + change + data
    version, lock_time = b"\x01\0\0\0", bytes(4)

    def written(scripts: list[bytes]) -> bytes:
        spent = b"".join(
            bytes([place]) * 32 + bytes(4) + bytes([len(script)]) + script + b"\xff" * 4
            for place, script in enumerate(scripts)
        )
        return bytes([len(scripts)]) + spent

    scripts = []
    for place in range(inputs):
        signed = [code if other == place else b"" for other in range(inputs)]
        message = version + written(signed) + outputs + lock_time + b"\x01\0\0\0"
        digest = sha256(sha256(message).digest()).digest()
        signature = key.sign(digest, _ALWAYS_THE_SAME) + b"\x01"
        scripts.append(bytes([len(signature)]) + signature + bytes([len(shown)]) + shown)
    marker, stack = (b"\0\x01", b"\x01\x01\x07" * inputs) if witness else (b"", b"")
    return version + marker + written(scripts) + outputs + stack + lock_time


def transaction_id(plain: bytes) -> str:
    """The id of a transaction without a witness."""
    return sha256(sha256(plain).digest()).digest()[::-1].hex()


def fingerprint(document: dict[str, Any]) -> str:
    """The fingerprint that other programs have for a certificate."""
    return sha256(normalised(document).encode()).hexdigest()


def normalised(document: dict[str, Any]) -> str:
    """The N-Quads of a certificate, by PyLD alone."""
    whole = {**document, "@context": [*document["@context"], {"@vocab": "http://fallback.org/"}]}
    options = {
        "algorithm": "URDNA2015",
        "format": "application/n-quads",
        "base": None,
        "documentLoader": lambda url, _options=None: {
            "contextUrl": None,
            "documentUrl": url,
            "document": contexts.load(url),
        },
    }
    return jsonld.normalize(whole, options)


def root_of(target: str, sibling: str | None = SIBLING) -> str:
    """The root of a batch of two, or of one."""
    return target if sibling is None else sha256(bytes.fromhex(target + sibling)).hexdigest()


def issuer(key: ec.EllipticCurvePrivateKey | None = None, **changes: Any) -> dict[str, Any]:
    """The page of an issuer of Blockcerts of both versions."""
    key = key or chain_key()
    document = {
        "@context": ["https://w3id.org/openbadges/v2", "https://w3id.org/blockcerts/v2"],
        "type": "Profile",
        "id": ISSUER,
        "name": "Harbour School",
        "url": HOST,
        "publicKey": [{"id": f"ecdsa-koblitz-pubkey:{address(key)}", "created": "2017-01-01T00:00:00+00:00"}],
        "verificationMethod": [
            {
                "id": METHOD,
                "controller": ISSUER,
                "type": "EcdsaSecp256k1VerificationKey2019",
                "publicKeyJwk": jwk(key),
            }
        ],
        "assertionMethod": [METHOD],
    }
    return without(document, **changes)


def certificate_2(
    *, key: Any = None, sibling: str | None = SIBLING, anchors: Any = None, **changes: Any
) -> tuple[dict[str, Any], bytes]:
    """A Blockcerts 2 certificate, and the transaction that it names."""
    said = without(
        {
            "@context": ["https://w3id.org/openbadges/v2", "https://w3id.org/blockcerts/v2"],
            "type": "Assertion",
            "id": "urn:uuid:bbba8553-8ec1-445f-82c9-a57251dd731c",
            "badge": {
                "type": "BadgeClass",
                "id": "urn:uuid:82a4c9f2-3588-457b-80ea-da695571b8fc",
                "name": "Knots",
                "description": "Ties twelve knots.",
                "criteria": {"narrative": "Tie each knot twice."},
                "issuer": {"type": "Profile", "id": ISSUER, "name": "Harbour School", "url": HOST},
            },
            "recipient": {"type": "email", "hashed": False, "identity": "zoe@example.org"},
            "recipientProfile": {"type": ["RecipientProfile", "Extension"], "name": "Zoë Núñez"},
            "issuedOn": "2017-06-29T14:58:57.461422+00:00",
            "verification": {
                "type": ["MerkleProofVerification2017", "Extension"],
                "publicKey": f"ecdsa-koblitz-pubkey:{address(key or chain_key())}",
            },
        },
        **changes,
    )
    target = fingerprint(said)
    root = root_of(target, sibling)
    sent = transaction(root, key)
    signature = {
        "type": ["MerkleProof2017", "Extension"],
        "targetHash": target,
        "merkleRoot": root,
        "proof": [] if sibling is None else [{"right": sibling}],
        "anchors": anchors
        or [{"sourceId": transaction_id(sent), "type": "BTCOpReturn", "chain": "bitcoinMainnet"}],
    }
    return {**said, "signature": signature}, sent


def cbor(value: Any) -> bytes:
    """Just enough of RFC 8949 for a proof value."""
    if isinstance(value, int):
        return _head(1, -1 - value) if value < 0 else _head(0, value)
    if isinstance(value, bytes):
        return _head(2, len(value)) + value
    if isinstance(value, str):
        return _head(3, len(value)) + value.encode()
    return _head(4, len(value)) + b"".join(map(cbor, value))


def _head(major: int, number: int) -> bytes:
    for low, size in ((24, 1), (25, 2), (26, 4)):
        if number < 24:
            return bytes([major << 5 | number])
        if number < 1 << 8 * size:
            return bytes([major << 5 | low]) + number.to_bytes(size, "big")
    raise ValueError(number)


def proof_value(root: str, target: str, steps: Any, anchor: Any) -> str:
    """The proof value of MerkleProof2019; ``anchor`` as [chain, network, transaction]."""
    chain, network, named = anchor
    pairs = [
        [0, cbor(root)],
        [1, cbor(target)],
        [2, [[[0, chain], [1, network], [2, cbor(named)]]]],
        [3, [[side, cbor(sibling)] for side, sibling in steps]],
    ]
    return "z" + base58btc_encode(cbor(pairs))


def certificate_3(
    *,
    key: Any = None,
    sibling: str | None = SIBLING,
    chain: Any = (0, 1),
    method: str = METHOD,
    **changes: Any,
) -> tuple[dict[str, Any], bytes]:
    """A Blockcerts 3 certificate, and the transaction that it names."""
    said = without(
        {
            "@context": ["https://www.w3.org/2018/credentials/v1", "https://w3id.org/blockcerts/v3"],
            "id": "urn:uuid:f30f3951-b6dc-4aef-86d8-390901df18eb",
            "type": ["VerifiableCredential", "BlockcertsCredential"],
            "issuer": ISSUER,
            "issuanceDate": "2022-03-18T10:47:25Z",
            "credentialSubject": {
                "id": "did:example:zoe",
                "name": "Zoë Núñez",
                "claim": "Ties twelve knots.",
            },
        },
        **changes,
    )
    target = fingerprint(said)
    root = root_of(target, sibling)
    sent = transaction(root, key)
    steps = [] if sibling is None else [(1, sibling)]
    proof = {
        "type": "MerkleProof2019",
        "created": "2022-03-24T15:40:36.629887",
        "proofValue": proof_value(root, target, steps, (*chain, transaction_id(sent))),
        "proofPurpose": "assertionMethod",
        "verificationMethod": method,
    }
    return {**said, "proof": proof}, sent
