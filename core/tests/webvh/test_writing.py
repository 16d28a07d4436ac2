# SPDX-License-Identifier: Apache-2.0
"""New entries, for issuers: what is written is what others read, and nothing else is written."""

import json

import pytest

from cairn.errors import MalformedError, UnsupportedError
from cairn.keys import Algorithm, PrivateKey
from cairn.testing import NOON
from cairn.webvh import create, deactivate, read_history, update, witness
from webvh_logs import (
    BEGAN,
    FIRST,
    HOUR,
    KEY,
    NEXT,
    OTHER,
    THIRD,
    WITNESSES,
    began,
    document,
    entries,
    template,
)


def state(did, *keys):
    return document(did, *(keys or [("key-1", KEY, {})]))


def test_a_first_entry_says_all_that_it_has_to():
    log = create(template(), FIRST, at=BEGAN, next_keys=[NEXT.public_key], ttl=60)
    [entry] = entries(log)
    said = entry["parameters"]

    assert said["method"] == "did:webvh:1.0"
    assert said["updateKeys"] == [FIRST.public_key.multikey()]
    assert len(said["nextKeyHashes"]) == 1
    assert (said["portable"], said["ttl"]) == (True, 60)
    assert said["scid"] in entry["state"]["id"]
    assert b"{SCID}" not in log
    assert log == create(template(), FIRST, at=BEGAN, next_keys=[NEXT.public_key], ttl=60)


def test_the_hash_may_stand_in_the_path_as_well():
    log = create(template(host="harbour.example:{SCID}"), FIRST, at=BEGAN)
    did = json.loads(log)["state"]["id"]

    assert did.count(did.split(":")[2]) == 2
    assert read_history(did, log, None, at=NOON)


def test_an_update_adds_a_line_and_changes_none():
    log, did = began()
    longer = update(log, state(did, ("key-2", OTHER, {})), FIRST, at=BEGAN + HOUR, ttl=0, portable=False)

    assert longer.startswith(log)
    newest = read_history(did, longer, None, at=NOON).newest
    assert newest.document["verificationMethod"][0]["id"] == f"{did}#key-2"
    assert (newest.parameters.ttl, newest.parameters.portable) == (0, False)
    assert entries(update(log, state(did), FIRST, at=BEGAN + HOUR))[1]["parameters"] == {}


def test_announced_keys_take_over_one_after_the_other():
    log, did = began(next_keys=[NEXT.public_key])
    log = update(log, state(did), NEXT, at=BEGAN + HOUR, next_keys=[THIRD.public_key])
    log = update(log, state(did), THIRD, at=BEGAN + 2 * HOUR)

    found = read_history(did, log, None, at=NOON)

    assert [version.parameters.update_keys[0] for version in found.versions] == [
        key.public_key.multikey() for key in (FIRST, NEXT, THIRD)
    ]
    assert found.newest.parameters.next_key_hashes == ()


@pytest.mark.parametrize("pre_rotation", [False, True])
def test_an_identifier_is_ended(pre_rotation):
    log, did = began(next_keys=[NEXT.public_key] if pre_rotation else [])

    ended = deactivate(log, NEXT if pre_rotation else FIRST, at=BEGAN + HOUR)

    newest = read_history(did, ended, None, at=NOON).newest
    assert newest.number == (3 if pre_rotation else 2)
    assert (newest.parameters.deactivated, newest.parameters.update_keys) == (True, ())
    with pytest.raises(MalformedError):
        update(ended, state(did), FIRST, at=BEGAN + 2 * HOUR)


def test_what_others_would_refuse_is_not_written():
    log, did = began()
    with pytest.raises(MalformedError):
        update(log, state(did), OTHER, at=BEGAN + HOUR)
    with pytest.raises(MalformedError):
        update(log, state(did), FIRST, at=BEGAN)
    with pytest.raises(MalformedError):
        update(log, state("did:web:harbour.example"), FIRST, at=BEGAN + HOUR)
    with pytest.raises(MalformedError):
        update(log.replace(b"i:1", b"i:2"), state(did), FIRST, at=BEGAN + HOUR)
    with pytest.raises(MalformedError):
        update(log, state(did), FIRST, at=BEGAN + HOUR, portable=True, update_keys=[KEY.public_key] * 2)
    rotated, did = began(next_keys=[NEXT.public_key])
    with pytest.raises(MalformedError):
        update(rotated, state(did), FIRST, at=BEGAN + HOUR)


def test_a_threshold_is_one_that_can_be_reached():
    keys = [each.public_key for each in WITNESSES]
    for threshold in (0, 4):
        with pytest.raises(MalformedError):
            began(witnesses=keys, threshold=threshold)
    log, did = began(witnesses=keys, threshold=3)
    assert read_history(did, log, witness(log, WITNESSES, at=BEGAN), at=NOON)


def test_only_ed25519_writes_histories():
    p256 = PrivateKey.from_bytes(Algorithm.P256, b"\3" * 32)
    with pytest.raises(UnsupportedError):
        create(template(), p256, at=BEGAN)
    log, _ = began()
    with pytest.raises(UnsupportedError):
        witness(log, [p256], at=BEGAN)


def test_a_witness_signs_nothing_broken():
    log, _ = began()
    with pytest.raises(MalformedError):
        witness(log.replace(b"i:1", b"i:2"), WITNESSES, at=BEGAN)
