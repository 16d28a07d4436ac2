# SPDX-License-Identifier: Apache-2.0
"""What templates pour values into; whether it is what the full path makes is asked in ``test_template``."""

from datetime import timedelta

import pytest

from cairn.canonical import parse_json
from cairn.errors import UnsupportedError
from cairn.keys import Algorithm, multibase_encode
from cairn.proof.moulds import Unsigned, mould_for
from cairn.proof.slots import Kind, Slot, Slots
from cairn.testing import NOON, demo_key, key_method, sample_credential

KEY = demo_key()
METHOD = key_method(KEY.public_key)


def mould(suite, disclose=()):
    document = {**sample_credential().to_document(), "id": Slot("id", Kind.URN)}
    return mould_for(suite, document, Slots(document), METHOD, Algorithm.ED25519, disclose)


VALUES = [b"urn:uuid:8d4a2f3e-6a0b-4b57-9f0e-0d8f4a1c2b3d"]


def test_a_signature_is_written_in_multibase_or_in_base64url():
    signature = bytes(range(64))

    embedded = Unsigned(b"", b'"', b'"', multibase=True).finish(signature)
    token = Unsigned(b"", b"a.b.", b"~", multibase=False).finish(signature)

    assert embedded.decode() == f'"{multibase_encode(signature)}"'
    assert token.decode() == f"a.b.{multibase_encode(signature, 'u')[1:]}~"


@pytest.mark.parametrize("suite", ["eddsa-rdfc-2022", "eddsa-jcs-2022"])
def test_options_are_those_of_the_moment_however_moments_are_mixed(suite):
    made = mould(suite)
    moments = [NOON, NOON + timedelta(seconds=1), NOON, NOON + timedelta(0)]

    inputs = [made.fill(VALUES, moment).to_sign for moment in moments]

    assert inputs[0] == inputs[2] == inputs[3]
    assert inputs[0][:32] != inputs[1][:32]
    assert inputs[0][32:] == inputs[1][32:]


def test_the_signed_json_is_the_document_and_its_proof_last():
    unsigned = mould("eddsa-jcs-2022").fill(VALUES, NOON)

    document = parse_json(unsigned.finish(bytes(64)))

    assert document["id"] == VALUES[0].decode()
    assert list(document)[-1] == "proof"
    assert list(document["proof"])[-1] == "proofValue"


def test_the_digests_of_one_object_are_in_an_order_that_tells_nothing():
    made = mould("vc+sd-jwt", ["/name", "/credentialSubject/id"])

    orders = {made.fill(VALUES, NOON).after for _ in range(4)}

    assert len(orders) == 4


def test_what_there_is_no_mould_for():
    with pytest.raises(UnsupportedError):
        mould("bbs-2023")
