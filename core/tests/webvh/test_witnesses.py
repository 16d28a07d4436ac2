# SPDX-License-Identifier: Apache-2.0
"""Who has to have seen an entry, and whether they have."""

import json

import pytest

from cairn.canonical import to_json
from cairn.did import did_key
from cairn.errors import MalformedError, UnavailableError
from cairn.testing import NOON
from cairn.webvh import needs_witnesses, read_history, update, witness
from cairn.webvh.entries import MAX_LOG, Watch
from cairn.webvh.witnesses import watches
from webvh_logs import BEGAN, FIRST, HOUR, KEY, WITNESSES, began, document, entries, signed

A, B, C = WITNESSES
KEYS = [each.public_key for each in WITNESSES]
NOW = BEGAN + 5 * HOUR


def watched(threshold=2):
    return began(witnesses=KEYS, threshold=threshold)


def confirmed(log, did, file):
    return read_history(did, log, file, at=NOON)


def merged(*files):
    return to_json_list(*(each for file in files for each in json.loads(file)))


def to_json_list(*items):
    return b"[" + b",".join(map(to_json, items)) + b"]"


def refused(log, did, file):
    with pytest.raises(UnavailableError) as refusal:
        confirmed(log, did, file)
    assert refusal.value.code == "webvh-witness"


def test_enough_witnesses_are_enough():
    log, did = watched()

    for signers in ([A, B], [B, C], [A, B, C], [A, B, KEY]):
        assert len(confirmed(log, did, witness(log, signers, at=NOW)).versions) == 1


def test_too_few_witnesses_are_a_doubt():
    log, did = watched()

    refused(log, did, None)
    for signers in ([], [A], [A, A], [A, KEY]):
        refused(log, did, witness(log, signers, at=NOW))


def test_a_later_confirmation_covers_what_was_before():
    log, did = watched()
    early = witness(log, [A, B, C], at=NOW)
    longer = update(log, document(did, ("key-1", KEY, {})), FIRST, at=BEGAN + HOUR)

    assert len(confirmed(longer, did, witness(longer, [A, B], at=NOW)).versions) == 2
    refused(longer, did, early)
    refused(longer, did, merged(early, witness(longer, [A], at=NOW)))
    assert confirmed(longer, did, merged(early, witness(longer, [A], at=NOW), witness(longer, [C], at=NOW)))


def test_what_confirms_versions_that_are_not_in_the_log_counts_for_nothing():
    log, did = watched()
    longer = update(log, document(did, ("key-1", KEY, {})), FIRST, at=BEGAN + HOUR)
    unpublished = witness(longer, [A, B, C], at=NOW)

    refused(log, did, unpublished)
    assert confirmed(log, did, merged(unpublished, witness(log, [A, B], at=NOW)))


def test_a_bad_proof_counts_for_nothing_and_does_no_harm():
    log, did = watched()
    [good] = json.loads(witness(log, [A, B], at=NOW))
    broken = {**good, "proof": [{**proof, "created": "2026-10-01T00:00:00Z"} for proof in good["proof"]]}
    forged = {
        **good,
        "proof": [
            {**signed(good, KEY)["proof"][0], "verificationMethod": good["proof"][0]["verificationMethod"]}
        ],
    }

    # Their name with another's key behind it.
    borrowed = {"verificationMethod": f"{did_key(KEYS[0])}#{KEY.public_key.multikey()}"}
    lent = {**good, "proof": signed({"versionId": good["versionId"]}, KEY, **borrowed)["proof"]}

    refused(log, did, to_json_list({**good, "proof": [good["proof"][1]]}, lent))
    refused(log, did, to_json_list(broken))
    refused(log, did, to_json_list(forged))
    assert confirmed(log, did, to_json_list(broken, forged, {"versionId": "9-Qmx", "proof": []}, good))


def test_the_first_witnesses_see_the_entry_that_names_them():
    log, did = began()
    named = update(
        log, document(did, ("key-1", KEY, {})), FIRST, at=BEGAN + HOUR, witnesses=KEYS, threshold=1
    )

    refused(named, did, None)
    assert confirmed(named, did, witness(named, [C], at=NOW))
    assert not needs_witnesses(log)
    assert needs_witnesses(named)


def test_nobody_gets_rid_of_witnesses_without_their_seeing_it():
    log, did = began(witnesses=[KEYS[0]], threshold=1)
    early = witness(log, [A], at=NOW)
    without = update(log, document(did, ("key-1", KEY, {})), FIRST, at=BEGAN + HOUR, witnesses=[])
    others = update(
        log, document(did, ("key-1", KEY, {})), FIRST, at=BEGAN + HOUR, witnesses=[KEYS[1]], threshold=1
    )

    for longer, by_new in ((without, witness(without, [B], at=NOW)), (others, witness(others, [B], at=NOW))):
        refused(longer, did, merged(early, by_new))
        assert confirmed(longer, did, witness(longer, [A], at=NOW))
    free = update(without, document(did, ("key-1", KEY, {})), FIRST, at=BEGAN + 2 * HOUR)
    assert confirmed(free, did, witness(without, [A], at=NOW))


def test_who_watches_which_entry():
    old, new = Watch(1, ("a",)), Watch(1, ("b",))

    assert watches([old, new, new, Watch(), Watch(), new]) == [old, old, new, new, Watch(), new]


@pytest.mark.parametrize(
    "file",
    [
        b"{}",
        b"<html>",
        b"[",
        b"[1]",
        b'[{"versionId": 1, "proof": []}]',
        b'[{"versionId": "1-Qm", "proof": 1}]',
        b'[{"versionId": "1-Qm", "versionId": "2-Qm", "proof": []}]',
        b"[" + b"[" * 50 + b"]" * 51,
        b"[]" + b" " * MAX_LOG,
        b'[{"versionId": "1-Qm", "proof": [' + b",".join([b"{}"] * 1001) + b"]}]",
        b'[]}, "entries": [',
        b'[], "more": 1',
    ],
)
def test_a_file_that_cannot_be_read_is_refused(file):
    log, did = watched()
    with pytest.raises(MalformedError):
        confirmed(log, did, file)


def test_a_single_proof_may_stand_without_a_list():
    log, did = began(witnesses=[KEYS[0]], threshold=1)
    [entry] = json.loads(witness(log, [A], at=NOW))

    assert confirmed(log, did, to_json_list({**entry, "proof": entry["proof"][0]}))


def test_what_is_no_log_names_no_witnesses():
    assert not needs_witnesses(b"<html>")
    assert entries(watched()[0])[0]["parameters"]["witness"]["threshold"] == 2
