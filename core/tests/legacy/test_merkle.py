# SPDX-License-Identifier: Apache-2.0
"""Merkle proofs of both generations, read strictly; and that a path leads where it says."""

from hashlib import sha256

import pytest
from blockchain import SIBLING, cbor, certificate_2, proof_value

from cairn.errors import CairnError
from cairn.keys import base58btc_encode
from cairn.legacy.merkle import Anchor, MerkleProof, read_2017, read_2019

TARGET, ROOT, TX = "11" * 32, "22" * 32, "33" * 32


def value(members):
    return "z" + base58btc_encode(cbor(members))


def pairs(**changes):
    members = {
        "root": [0, cbor(ROOT)],
        "target": [1, cbor(TARGET)],
        "anchors": [2, [[[0, 0], [1, 1], [2, cbor(TX)]]]],
        "path": [3, [[0, cbor(SIBLING)]]],
        **changes,
    }
    return value([pair for pair in members.values() if pair is not None])


def test_a_proof_value_is_read_as_its_packages_write_it():
    found = read_2019(proof_value(ROOT, TARGET, [(0, SIBLING), (1, TX)], (0, 3, TX)))

    assert (found.root, found.target) == (ROOT, TARGET)
    assert found.steps == (("left", SIBLING), ("right", TX))
    assert found.anchors == (Anchor("btc", "testnet", TX),)
    assert found.anchors[0].url == f"blink:btc:testnet:{TX}"


@pytest.mark.parametrize(
    ("chain", "network", "named", "rehearsal"),
    [
        (0, 1, "blink:btc:mainnet", False),
        (0, 2, "blink:btc:regtest", True),
        (0, 3, "blink:btc:testnet", False),
        (1, 1, "blink:eth:mainnet", False),
        (1, 11155111, "blink:eth:sepolia", False),
    ],
)
def test_chains_have_names(chain, network, named, rehearsal):
    [anchor] = read_2019(proof_value(ROOT, TARGET, [], (chain, network, "0x" + TX))).anchors

    assert anchor.url == f"{named}:{TX}"
    assert anchor.is_rehearsal is rehearsal


def test_a_rehearsal_has_no_network_and_says_what_it_is():
    told = "This has not been issued on a blockchain and is for testing only"

    [anchor] = read_2019(pairs(anchors=[2, [[[0, -1], [1, cbor(told)]]]])).anchors

    assert anchor == Anchor("mocknet", "", told)
    assert anchor.is_rehearsal


@pytest.mark.parametrize(
    "written",
    [
        None,
        7,
        "",
        "z",
        "u" + "A" * 20,
        "z0OIl",
        value(7),
        value([7]),
        value([[0]]),
        pairs(root=None),
        pairs(target=None),
        pairs(anchors=None),
        pairs(root=[0, ROOT]),
        pairs(root=[0, cbor("x" * 64)]),
        pairs(root=[0, cbor(ROOT.replace("2", "A"))]),
        pairs(root=[0, cbor(7)]),
        pairs(target=[1, cbor("11")]),
        pairs(target=[0, cbor(TARGET)]),
        pairs(extra=[4, []]),
        pairs(path=[3, [[2, cbor(SIBLING)]]]),
        pairs(path=[3, [["0", cbor(SIBLING)]]]),
        pairs(path=[3, [[0]]]),
        pairs(path=[3, 7]),
        pairs(anchors=[2, [[[0, 7], [1, 1], [2, cbor(TX)]]]]),
        pairs(anchors=[2, [[[0, 0], [1, 7], [2, cbor(TX)]]]]),
        pairs(anchors=[2, [[[0, 0], [1, 1], [2, cbor("../../etc")]]]]),
        pairs(anchors=[2, [[[0, 0], [1, 1]]]]),
        pairs(anchors=[2, [[[0, "0"], [1, 1], [2, cbor(TX)]]]]),
        pairs(anchors=[2, [7]]),
        pairs(anchors=[2, [[[0, 0], [1, 1], [2, cbor(TX)]]] * 9]),
        value([[0, cbor(ROOT) + b"\0"], [1, cbor(TARGET)], [2, []]]),
        "z" + base58btc_encode(cbor([[0, cbor(ROOT)], [1, cbor(TARGET)], [2, []]]) + b"\0"),
    ],
)
def test_what_is_not_built_so_is_refused(written):
    with pytest.raises(CairnError) as error:
        read_2019(written)

    assert error.value.code in {"merkle-malformed", "proof-cbor", "base58btc", "multibase"}


def test_a_path_longer_than_any_batch_needs_is_not_read():
    with pytest.raises(CairnError) as error:
        read_2019(pairs(path=[3, [[0, cbor(SIBLING)]] * 65]))

    assert error.value.code == "limit-base58btc"


def test_a_path_may_be_left_out_when_the_batch_was_one():
    assert read_2019(pairs(path=None)).steps == ()


# --- 2017


def signature(**changes):
    [document, _] = certificate_2()
    return {**document["signature"], **changes}


def test_a_signature_of_2017_is_read():
    found = read_2017(signature())

    assert found.steps == (("right", SIBLING),)
    assert found.leads_to_root()


@pytest.mark.parametrize(
    ("anchor", "named"),
    [
        ({"sourceId": TX, "type": "BTCOpReturn"}, "btc:mainnet"),
        ({"sourceId": TX, "type": "BTCOpReturn", "chain": "bitcoinTestnet"}, "btc:testnet"),
        ({"sourceId": "0x" + TX, "type": "ETHData", "chain": "ethereumRopsten"}, "eth:ropsten"),
        ({"sourceId": TX, "type": "ETHData"}, "eth:mainnet"),
    ],
)
def test_anchors_of_2017(anchor, named):
    [found] = read_2017(signature(anchors=[anchor])).anchors

    assert found.url == f"blink:{named}:{TX}"


def test_a_mockchain_of_2017_is_a_rehearsal():
    for anchor in (
        {"sourceId": "x", "type": "MockChain"},
        {"sourceId": "x", "type": "BTCOpReturn", "chain": "mockchain"},
    ):
        assert read_2017(signature(anchors=[anchor])).anchors[0].is_rehearsal


@pytest.mark.parametrize(
    "changes",
    [
        {"targetHash": 7},
        {"targetHash": TARGET.upper().replace("1", "A")},
        {"merkleRoot": None},
        {"proof": None},
        {"proof": [{}]},
        {"proof": [7]},
        {"proof": [{"left": SIBLING, "right": SIBLING}]},
        {"proof": [{"parent": SIBLING}]},
        {"proof": [{"left": "x"}]},
        {"proof": [{"left": SIBLING}] * 65},
        {"anchors": "x"},
        {"anchors": [7]},
        {"anchors": [{"type": "BTCOpReturn"}]},
        {"anchors": [{"sourceId": TX, "type": "DogeData"}]},
        {"anchors": [{"sourceId": TX, "type": "ETHData", "chain": "bitcoinMainnet"}]},
        {"anchors": [{"sourceId": "x/../y", "type": "BTCOpReturn"}]},
    ],
)
def test_what_2017_does_not_know_is_refused(changes):
    with pytest.raises(CairnError) as error:
        read_2017(signature(**changes))

    assert error.value.code == "merkle-malformed"


# --- the path


def test_left_and_right_are_not_the_same():
    left = sha256(bytes.fromhex(SIBLING + TARGET)).hexdigest()
    right = sha256(bytes.fromhex(TARGET + SIBLING)).hexdigest()

    assert MerkleProof(TARGET, left, (("left", SIBLING),), ()).leads_to_root()
    assert MerkleProof(TARGET, right, (("right", SIBLING),), ()).leads_to_root()
    assert not MerkleProof(TARGET, right, (("left", SIBLING),), ()).leads_to_root()
    assert MerkleProof(TARGET, TARGET, (), ()).leads_to_root()


def test_every_step_counts():
    steps = (("left", SIBLING), ("right", TX), ("left", ROOT))
    reached = bytes.fromhex(TARGET)
    for side, sibling in steps:
        other = bytes.fromhex(sibling)
        reached = sha256(other + reached if side == "left" else reached + other).digest()
    root = reached.hex()

    assert MerkleProof(TARGET, root, steps, ()).leads_to_root()
    for missing in range(3):
        assert not MerkleProof(TARGET, root, steps[:missing] + steps[missing + 1 :], ()).leads_to_root()
