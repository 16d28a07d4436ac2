# SPDX-License-Identifier: Apache-2.0
"""Histories of did:webvh identifiers as an issuer would write them, and as somebody would forge them."""

import json
from datetime import timedelta
from hashlib import sha256

from cairn import webvh
from cairn.canonical import jcs, to_json
from cairn.keys import multibase_encode
from cairn.testing import NOON, demo_key, key_method

FIRST, NEXT, THIRD = (demo_key(f"update {number}") for number in range(3))
WITNESSES = [demo_key(f"witness {number}") for number in range(3)]
KEY, OTHER = demo_key(), demo_key("other")
HOST = "harbour.example:i:1"
BEGAN = NOON - timedelta(days=30)
HOUR = timedelta(hours=1)


def document(did, *keys, also_known_as=(), **members):
    """A DID document with these (fragment, key, members) for assertions."""
    methods = [
        {
            "id": f"{did}#{fragment}",
            "type": "Multikey",
            "controller": did,
            "publicKeyMultibase": key.public_key.multikey(),
            **more,
        }
        for fragment, key, more in keys
    ]
    listed = [method["id"] for method in methods]
    return {
        "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"],
        "id": did,
        **({"alsoKnownAs": list(also_known_as)} if also_known_as else {}),
        "verificationMethod": methods,
        "assertionMethod": listed,
        **members,
    }


def template(*keys, host=HOST, **members):
    return document(f"did:webvh:{{SCID}}:{host}", *(keys or [("key-1", KEY, {})]), **members)


def began(*keys, at=BEGAN, signer=FIRST, host=HOST, **options):
    """A log of one entry, and its DID."""
    log = webvh.create(template(*keys, host=host), signer, at=at, **options)
    return log, json.loads(log)["state"]["id"]


def entries(log):
    return [json.loads(line) for line in log.splitlines()]


def joined(*written):
    return b"".join(to_json(entry) + b"\n" for entry in written)


def signed(entry, signer, **changes):
    """The entry with a proof of this signer, whatever the entry says."""
    bare = {name: value for name, value in entry.items() if name != "proof"}
    configuration = {
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-jcs-2022",
        "created": "2026-10-24T12:00:00Z",
        "verificationMethod": key_method(signer.public_key),
        "proofPurpose": "assertionMethod",
        **changes,
    }
    # vc-di-eddsa §3.3, written out again: the hash of the options, then that of the document.
    digest = b"".join(sha256(jcs(part)).digest() for part in (configuration, bare))
    value = multibase_encode(signer.sign(digest))
    return {**bare, "proof": [{**configuration, "proofValue": value}]}
