# SPDX-License-Identifier: Apache-2.0
"""The two signing vectors of 1EdTech: the badge and the transcript, step by step."""

import json
from hashlib import sha256

import pytest

from cairn.canonical import rdf_canonical
from cairn.credential import parse_datetime
from cairn.did import VerificationMethod
from cairn.keys import PrivateKey
from cairn.proof import data_integrity
from cairn.proof.outcome import Outcome
from cairn.testing import NOON


@pytest.mark.parametrize("name", ["obv3p0", "clrv2p0"])
def test_every_step_of_the_signing_vectors_is_met(shared_vectors, name):
    folder = shared_vectors("1edtech-ob3-spec") / "test-vectors" / name
    vector = json.loads((folder / "vector.json").read_text())
    expected = json.loads((folder / "signed.json").read_text())
    unsigned = {member: value for member, value in expected.items() if member != "proof"}
    (published,) = [expected["proof"]] if isinstance(expected["proof"], dict) else expected["proof"]
    url = published["verificationMethod"]
    key = PrivateKey.from_seed(bytes.fromhex(vector["privateKeyHex"])[:32])

    made = data_integrity.sign(
        unsigned, key, verification_method=url, created=parse_datetime(published["created"])
    )

    canonical = rdf_canonical(unsigned)
    assert canonical.strip() == (folder / "document-canon.txt").read_bytes().strip()
    assert sha256(canonical).hexdigest() in json.dumps(vector)
    assert made == {**expected, "proof": published}
    method = VerificationMethod(url, url.partition("#")[0], key.public_key)
    assert data_integrity.check(expected, lambda _: method, at=NOON).outcome is Outcome.PASSED
    forged = {**expected, "name": "Something else"}
    assert data_integrity.check(forged, lambda _: method, at=NOON).code == "signature-mismatch"
