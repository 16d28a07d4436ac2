# SPDX-License-Identifier: Apache-2.0
"""A whole log: verified or refused, and which keys it lists when."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from cairn.canonical import jcs, to_json
from cairn.errors import CairnError, MalformedError, UnavailableError
from cairn.testing import NOON
from cairn.webvh import create, deactivate, history, read_history, update
from cairn.webvh.entries import multihash
from cairn.webvh.history import claimed_version
from webvh_logs import (
    BEGAN,
    FIRST,
    HOUR,
    KEY,
    NEXT,
    OTHER,
    THIRD,
    began,
    document,
    entries,
    joined,
    signed,
    template,
)

VECTORS = Path(__file__).parents[1] / "vectors" / "webvh"


def longer(log, did, *keys, at=BEGAN + HOUR, signer=FIRST, **options):
    return update(log, document(did, *(keys or [("key-1", KEY, {})])), signer, at=at, **options)


def code_of(log, did, at=NOON, witnesses=None):
    with pytest.raises(MalformedError) as refusal:
        read_history(did, log, witnesses, at=at)
    return refusal.value.code


def three():
    log, did = began()
    for hour in (1, 2):
        log = longer(log, did, at=BEGAN + hour * HOUR)
    return log, did


# --- logs that hold


@pytest.mark.parametrize("name", ["py", "ts"])
def test_what_other_programs_have_written_is_read(name):
    did = (VECTORS / name / "did.txt").read_text()
    log, witnesses = ((VECTORS / name / file).read_bytes() for file in ("did.jsonl", "did-witness.json"))

    found = read_history(did, log, witnesses, at=NOON)

    assert [version.number for version in found.versions] == [1, 2]
    assert found.newest.did == did
    assert found.versions[0].parameters.next_key_hashes
    assert len(found.document_for(did, at=NOON).methods) == 1
    with pytest.raises(UnavailableError):
        read_history(did, log, None, at=NOON)


@pytest.mark.parametrize("name", ["py", "ts"])
def test_any_change_of_what_others_have_written_is_noticed(name):
    did = (VECTORS / name / "did.txt").read_text()
    log, witnesses = ((VECTORS / name / file).read_bytes() for file in ("did.jsonl", "did-witness.json"))
    for position in range(0, len(log), 5):
        changed = log[:position] + bytes([log[position] ^ 1]) + log[position + 1 :]
        try:
            found = read_history(did, changed, witnesses, at=NOON)
        except CairnError:
            continue
        # Some white space and some spellings of a number may change without changing what was signed.
        assert [version.document for version in found.versions] == [
            version.document for version in read_history(did, log, witnesses, at=NOON).versions
        ]


def test_a_history_tells_its_versions():
    log, did = three()
    found = read_history(did, log, None, at=NOON)

    assert [version.id.partition("-")[0] for version in found.versions] == ["1", "2", "3"]
    assert found.version_at(BEGAN - HOUR) is None
    assert found.version_at(BEGAN + HOUR).number == 2
    assert found.version_named(found.newest.id) == found.newest
    assert found.version_named("1-Qm") is None


def test_the_same_log_is_verified_once(monkeypatch):
    log, did = three()
    read_history(did, log, None, at=NOON)
    monkeypatch.setattr(history, "read_entries", None)
    assert read_history(did, log, None, at=NOON + HOUR).newest.number == 3


# --- logs that do not


def test_entries_that_were_changed_left_out_or_moved_are_noticed():
    log, did = three()
    a, b, c = entries(log)

    for wrong in ([b, c], [a, c], [a, b, b], [a, c, b], [b, a, c], [a, a]):
        assert code_of(joined(*wrong), did) in ("webvh-chain", "webvh-scid", "webvh-log")
    for entry in (a, b, c):
        state = {
            **entry["state"],
            "service": [{"id": "#x", "type": "X", "serviceEndpoint": "https://evil.example"}],
        }
        changed = [{**each, "state": state} if each is entry else each for each in (a, b, c)]
        assert code_of(joined(*changed), did) in ("webvh-chain", "webvh-scid")


def rehashed(entry, predecessor, number):
    bare = {name: value for name, value in entry.items() if name != "proof"}
    return {**bare, "versionId": f"{number}-{multihash(jcs({**bare, 'versionId': predecessor}))}"}


def forged(log, signer, number=2, **changes):
    """The log with a next entry that somebody has signed and hashed without asking anybody."""
    written = entries(log)[: number - 1]
    before = written[-1]
    entry = {
        "versionId": "",
        "versionTime": "2026-10-24T13:00:00Z",
        "parameters": {},
        "state": before["state"],
        **changes,
    }
    return joined(*written, signed(rehashed(entry, before["versionId"], number), signer))


def test_a_forged_entry_is_refused_and_an_honest_one_taken():
    log, did = began()

    assert len(read_history(did, forged(log, FIRST), None, at=NOON).versions) == 2
    assert code_of(forged(log, OTHER), did) == "webvh-proof"
    assert code_of(forged(log, KEY), did) == "webvh-proof"  # an issuing key is not one for the log
    assert (
        code_of(joined(*entries(log), {**entries(forged(log, FIRST))[1], "proof": []}), did) == "webvh-proof"
    )


def test_new_keys_may_sign_what_comes_after_them_and_old_ones_no_longer():
    log, did = began()
    taken = longer(log, did, update_keys=[NEXT.public_key])
    # The entry that hands over is signed by who hands over.
    own = {"parameters": {"updateKeys": [NEXT.public_key.multikey()]}}
    assert code_of(forged(log, NEXT, **own), did) == "webvh-proof"

    later = {"versionTime": "2026-10-24T15:00:00Z"}
    assert len(read_history(did, forged(taken, NEXT, 3, **later), None, at=NOON).versions) == 3
    assert code_of(forged(taken, FIRST, 3, **later), did) == "webvh-proof"


def test_under_pre_rotation_only_announced_keys_sign():
    log, did = began(next_keys=[NEXT.public_key, OTHER.public_key])

    def entry(signer, *keys, **more):
        said = {"updateKeys": [key.public_key.multikey() for key in keys], "nextKeyHashes": [], **more}
        return forged(log, signer, parameters=said)

    assert len(read_history(did, entry(NEXT, NEXT), None, at=NOON).versions) == 2
    assert len(read_history(did, entry(OTHER, NEXT, OTHER), None, at=NOON).versions) == 2
    assert code_of(entry(FIRST, FIRST), did) == "webvh-rotation"  # the stolen key of the web server
    assert code_of(entry(FIRST, NEXT), did) == "webvh-proof"
    assert code_of(entry(NEXT, NEXT, FIRST), did) == "webvh-rotation"
    assert code_of(forged(log, NEXT), did) == "webvh-rotation"
    assert code_of(entry(NEXT, NEXT, updateKeys=["ключ"]), did) == "webvh-rotation"


def test_pre_rotation_ends_with_the_entry_after_the_one_that_ends_it():
    log, did = began(next_keys=[NEXT.public_key])
    ended = longer(log, did, signer=NEXT, next_keys=[])
    plain = longer(ended, did, signer=NEXT, at=BEGAN + 2 * HOUR, update_keys=[THIRD.public_key])

    assert len(read_history(did, plain, None, at=NOON).versions) == 3


def test_time_only_goes_on():
    log, did = began()
    for moment in ("2026-10-24T12:00:00Z", "2026-10-24T11:00:00Z"):
        assert code_of(forged(log, FIRST, versionTime=moment), did) == "webvh-time"
    assert code_of(log, did, at=BEGAN - timedelta(seconds=61)) == "webvh-time"
    assert read_history(did, log, None, at=BEGAN - timedelta(seconds=60))


def test_an_identifier_is_bound_to_its_first_entry():
    log, did = began()
    _, other = began(signer=NEXT)

    assert code_of(log, other) == "webvh-scid"
    assert code_of(log, did.replace("harbour", "anchor")) == "webvh-moved"
    [entry] = entries(log)
    for scid in (None, 5, "x", "Qm" + "a" * 44):
        changed = {**entry, "parameters": {**entry["parameters"], "scid": scid}}
        assert code_of(to_json(changed), did) == "webvh-scid"
    # Another document under the same hash.
    state = {**entry["state"], "alsoKnownAs": ["https://evil.example/"]}
    scid = entry["parameters"]["scid"]
    assert code_of(joined(signed(rehashed({**entry, "state": state}, scid, 1), FIRST)), did) == "webvh-scid"


def test_after_the_end_nothing_goes_on():
    log, did = began()
    ended = deactivate(log, FIRST, at=BEGAN + HOUR)
    assert read_history(did, ended, None, at=NOON).newest.parameters.deactivated
    alive = {"deactivated": True}
    still = forged(log, FIRST, parameters=alive)
    assert code_of(forged(still, FIRST, 3, versionTime="2026-10-24T14:00:00Z"), did) == "webvh-chain"


# --- moving


def moved(portable=True, also_known_as=True, host="anchor.example"):
    log, did = began(portable=portable)
    new = f"did:webvh:{did.split(':')[2]}:{host}"
    state = document(new, ("key-1", KEY, {}), also_known_as=[did] if also_known_as else [])
    return forged(log, FIRST, state=state), did, new


def test_an_identifier_may_move_and_keeps_its_history():
    log, did, new = moved()
    for name in (did, new):
        [method] = read_history(name, log, None, at=NOON).document_for(name, at=NOON).methods
        assert method.id == f"{name}#key-1"
        assert method.controller == name
        assert (method.since, method.retired) == (BEGAN, None)


def test_an_identifier_does_not_move_without_leave_or_trace():
    for options in ({"portable": False}, {"also_known_as": False}):
        log, did, new = moved(**options)
        assert code_of(log, did) == code_of(log, new) == "webvh-moved"


def test_an_entry_is_about_its_own_identifier():
    log, did = began()
    for other in (
        "did:web:anchor.example",
        "did:webvh:Qm" + "a" * 44 + ":anchor.example",
        "https://anchor.example",
    ):
        state = document(other, ("key-1", KEY, {}), also_known_as=[did])
        assert code_of(forged(log, FIRST, state=state), did) == "webvh-moved"


# --- keys and times


def methods(log, did, claimed=None, at=NOON):
    found = read_history(did, log, None, at=NOON).document_for(did, at=at, claimed=claimed)
    return {
        method.id.rpartition("#")[2]: (method.public_key, method.since, method.retired)
        for method in found.methods
    }


def test_keys_come_stay_and_go():
    log, did = began(("a", KEY, {}), ("b", OTHER, {}))
    log = longer(log, did, ("a", KEY, {}), ("c", NEXT, {}))

    assert methods(log, did) == {
        "a": (KEY.public_key, BEGAN, None),
        "b": (OTHER.public_key, BEGAN, BEGAN + HOUR),
        "c": (NEXT.public_key, BEGAN + HOUR, None),
    }


def test_a_key_that_comes_back_is_a_new_one():
    log, did = began()
    log = longer(log, did, ("other", OTHER, {}))
    log = longer(log, did, ("key-1", KEY, {}), at=BEGAN + 2 * HOUR)

    assert methods(log, did)["key-1"] == (KEY.public_key, BEGAN + 2 * HOUR, None)
    assert methods(log, did, BEGAN + timedelta(minutes=5))["key-1"] == (KEY.public_key, BEGAN, BEGAN + HOUR)


def test_a_name_that_has_stood_for_two_keys_is_told_apart_by_the_claimed_time():
    log, did = began(("key-1", KEY, {}))
    log = longer(log, did, ("key-1", OTHER, {}))

    assert methods(log, did)["key-1"][0] == OTHER.public_key
    assert methods(log, did, BEGAN + timedelta(minutes=1))["key-1"] == (KEY.public_key, BEGAN, BEGAN + HOUR)
    assert methods(log, did, BEGAN + HOUR)["key-1"][0] == OTHER.public_key


def test_what_was_not_written_yet_at_a_moment_does_not_count():
    log, did = began()
    log = longer(log, did, ("other", OTHER, {}))

    assert set(methods(log, did, at=BEGAN)) == {"key-1"}
    with pytest.raises(MalformedError):
        methods(log, did, at=BEGAN - HOUR)


def test_a_mark_on_a_key_is_taken_over():
    log, did = began()
    log = longer(log, did, ("key-1", KEY, {"revoked": "2026-11-01T00:00:00Z"}))

    [method] = read_history(did, log, None, at=NOON).document_for(did, at=NOON).methods

    assert (method.revoked is not None, method.retired) == (True, None)


def test_what_a_key_is_for_is_what_the_newest_document_says():
    log, did = began()
    state = document(did, ("key-1", KEY, {}), assertionMethod=[], authentication=[f"{did}#key-1"])
    log = forged(log, FIRST, state=state)

    found = read_history(did, log, None, at=NOON).document_for(did, at=NOON)

    assert found.method(f"{did}#key-1") is None
    assert found.method(f"{did}#key-1", "authentication") is not None


def test_after_its_end_an_identifier_has_no_keys():
    log, did = began()
    log = deactivate(log, FIRST, at=BEGAN + HOUR)

    assert methods(log, did)["key-1"] == (KEY.public_key, BEGAN, BEGAN + HOUR)


def test_a_key_that_cannot_be_read_is_told_as_one():
    log, did = began()
    broken = {"type": "Multikey", "controller": did, "publicKeyMultibase": "zBroken", "id": f"{did}#bad"}
    listed = {"verificationMethod": [broken], "assertionMethod": [broken["id"]]}
    log = forged(log, FIRST, state={**document(did), **listed})

    found = read_history(did, log, None, at=NOON).document_for(did, at=NOON)

    assert found.defect(f"{did}#bad") is not None
    with pytest.raises(CairnError):
        found.method(f"{did}#bad")


# --- versions that are asked for


def test_a_did_url_may_ask_for_a_version():
    log, did = three()
    found = read_history(did, log, None, at=NOON)
    second = found.versions[1]

    assert claimed_version(found, "") is None
    assert claimed_version(found, f"versionId={second.id}") == second.time
    assert claimed_version(found, "versionNumber=2") == second.time
    assert claimed_version(found, "versionTime=2026-10-24T13:30:00Z") == second.time


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("versionId=2-Qm", "webvh-not-found"),
        ("versionNumber=4", "webvh-not-found"),
        ("versionTime=2020-01-01T00:00:00Z", "webvh-not-found"),
        ("versionTime=yesterday", "date-time"),
        ("versionId", "did-url"),
        ("versionNumber=1&versionNumber=2&versionId=1-Qm", "did-url"),
        ("service=files", "did-url"),
        ("a=1&b=2&c=3&d=4&e=5", "did-url"),
    ],
)
def test_a_version_that_is_not_there_or_not_understood(query, code):
    log, did = three()
    with pytest.raises(CairnError) as refusal:
        claimed_version(read_history(did, log, None, at=NOON), query)
    assert refusal.value.code == code


def test_a_large_history_is_verified_once_as_well(monkeypatch):
    log, did = began()
    text = "x" * 20_000
    for hour in range(1, 5):
        state = document(did, ("key-1", KEY, {}), description=text)
        log = update(log, state, FIRST, at=BEGAN + hour * HOUR)
    assert len(log) > history._LARGE
    assert read_history(did, log, None, at=NOON).newest.number == 5
    monkeypatch.setattr(history, "read_entries", None)
    assert read_history(did, log, None, at=NOON).newest.number == 5


def test_a_template_needs_its_placeholder():
    with pytest.raises(MalformedError):
        create(document("did:web:harbour.example", ("key-1", KEY, {})), FIRST, at=BEGAN)
    assert json.loads(create(template(), FIRST, at=BEGAN))["versionId"].startswith("1-Qm")
