# SPDX-License-Identifier: Apache-2.0
"""One line of a log: its shape, its parameters, its hash and its signatures."""

import json

import pytest

from cairn.canonical import to_json
from cairn.errors import CairnError, MalformedError, UnsupportedError
from cairn.keys import Algorithm, PrivateKey, multibase_encode
from cairn.proof.data_integrity import hash_input
from cairn.testing import key_method
from cairn.webvh.entries import (
    MAX_ENTRIES,
    MAX_LOG,
    MAX_PROOFS,
    Parameters,
    Watch,
    check_proofs,
    key_hash,
    multihash,
    parameters_after,
    read_entries,
    scid_of,
    signer_of,
)
from webvh_logs import FIRST, KEY, NEXT, WITNESSES, began, entries, joined, signed

# The example of an entry's hash in the specification (§Generate entry hash).
EXAMPLE = {
    "versionId": "QmdmPkUdYzbr9txmx8gM2rsHPgr5L6m3gHjJGAf4vUFoGE",
    "versionTime": "2025-04-01T17:39:50Z",
    "parameters": {
        "witness": {
            "threshold": 2,
            "witnesses": [
                {"id": "did:key:z6Mkkc51mg2vpQzKWAbWQZupeGYhowaBjYkmvcKMTqteqHB4", "weight": 1},
                {"id": "did:key:z6MkuDdJdKLCgwZuQuEi9xG6LVgJJ9Tebr74CXPYPSumqgJs", "weight": 1},
                {"id": "did:key:z6MkoSWmQyp4fTk4ZQy4KUsss9dFX51XfEUzKKKj1J1JUsrF", "weight": 1},
            ],
        },
        "updateKeys": ["z6MkgzBDcBFV3sk4ypPE5YXMZHmS213A3HpYY2LmcVKV15jr"],
        "nextKeyHashes": ["QmZreDcjvWEpyRFznQeExWNCsvMLk5i59AcRJJuQC8UodJ"],
        "method": "did:webvh:0.5",
        "scid": "QmdmPkUdYzbr9txmx8gM2rsHPgr5L6m3gHjJGAf4vUFoGE",
    },
    "state": {
        "@context": ["https://www.w3.org/ns/did/v1"],
        "id": "did:webvh:QmdmPkUdYzbr9txmx8gM2rsHPgr5L6m3gHjJGAf4vUFoGE:domain.example",
    },
}


def test_the_hash_of_the_specifications_example():
    line = {**EXAMPLE, "versionId": "1-QmQ6FJ4fk2xheSSQoEjVpTgx9AQPKhJgtR9hn1nr4EeCrZ", "proof": []}

    [entry] = read_entries(to_json(line))

    assert entry.hash_after(EXAMPLE["versionId"]) == "QmQ6FJ4fk2xheSSQoEjVpTgx9AQPKhJgtR9hn1nr4EeCrZ"


def test_the_identifiers_hash_is_that_of_its_first_entry():
    log, did = began()
    [entry] = read_entries(log)
    scid = did.split(":")[2]

    assert scid_of(entry.unsigned, scid) == scid
    assert scid_of({**entry.unsigned, "versionTime": "2026-10-24T12:00:01Z"}, scid) != scid
    assert key_hash("z6Mk") == multihash(b"z6Mk")


@pytest.mark.parametrize(
    "change",
    [
        {"versionId": "1"},
        {"versionId": 1},
        {"versionId": "01-" + "Qm" + "a" * 44},
        {"versionId": "1-" + "Qm" + "0" * 44},
        {"versionTime": 5},
        {"versionTime": "2026-10-24"},
        {"versionTime": "2026-10-24T12:00:00"},
        {"versionTime": "2026-10-24T12:00:00+01:00"},
        {"versionTime": "2026-W43-6T12:00:00Z"},
        {"parameters": []},
        {"state": []},
        {"state": {}},
        {"state": {"id": 5}},
        {"proof": "x"},
        {"proof": ["x"]},
        {"proof": None},
        {"more": 1},
    ],
)
def test_an_entry_has_its_members_and_no_others(change):
    log, _ = began()
    [entry] = entries(log)

    with pytest.raises(MalformedError):
        read_entries(to_json({**entry, **change}))


def test_a_single_proof_may_stand_without_a_list():
    log, _ = began()
    [entry] = entries(log)

    [read] = read_entries(to_json({**entry, "proof": entry["proof"][0]}))

    assert list(read.proofs) == entry["proof"]


@pytest.mark.parametrize("log", [b"", b"\n", b"<html>", b"[]", b"{}", b'{"a":1,"a":2}'])
def test_what_is_no_log_is_refused(log):
    with pytest.raises(MalformedError):
        read_entries(log)


def test_a_blank_line_and_two_entries_in_one_are_refused():
    log, _ = began()
    for odd in (log + b"\n", log.rstrip() + log, b"\xef\xbb\xbf" + log):
        with pytest.raises(MalformedError):
            read_entries(odd)


@pytest.mark.parametrize("log", [b"x" * (MAX_LOG + 1), b"\n" * (MAX_ENTRIES + 1)])
def test_a_log_has_an_end(log):
    with pytest.raises(MalformedError) as refusal:
        read_entries(log)
    assert refusal.value.code == "limit-webvh"


# --- parameters

BEGINNING = {"method": "did:webvh:1.0", "scid": "x", "updateKeys": ["a"]}


def test_what_an_entry_does_not_say_stays():
    first = parameters_after(None, {**BEGINNING, "portable": True, "ttl": 60, "watchers": ["https://w"]})

    assert first == Parameters(("a",), portable=True, ttl=60, watchers=("https://w",))
    assert parameters_after(first, {}) == first
    assert parameters_after(first, {"method": "did:webvh:1.0", "updateKeys": []}).update_keys == ()
    assert parameters_after(first, {"portable": False, "ttl": 0}) == Parameters(
        ("a",), watchers=("https://w",), ttl=0
    )


def test_null_is_understood_as_no_longer():
    first = parameters_after(None, {**BEGINNING, "ttl": 60, "witness": None, "nextKeyHashes": None})
    assert first.watch == Watch()
    assert parameters_after(first, {"ttl": None}).ttl == 3600


@pytest.mark.parametrize(
    "said",
    [
        {},
        {**BEGINNING, "updateKeys": []},
        {**BEGINNING, "updateKeys": "a"},
        {**BEGINNING, "updateKeys": [1]},
        {**BEGINNING, "updateKeys": ["a", "a"]},
        {**BEGINNING, "updateKeys": [str(number) for number in range(65)]},
        {**BEGINNING, "portable": 1},
        {**BEGINNING, "deactivated": "yes"},
        {**BEGINNING, "ttl": "60"},
        {**BEGINNING, "ttl": True},
        {**BEGINNING, "ttl": -1},
        {**BEGINNING, "ttl": 2**31 + 1},
        {**BEGINNING, "another": 1},
        {**BEGINNING, "prerotation": True},
        {name: value for name, value in BEGINNING.items() if name != "scid"},
        *(
            {**BEGINNING, "witness": witness}
            for witness in (
                [],
                {"threshold": 1},
                {"threshold": 0, "witnesses": [{"id": "did:key:z6Mk"}]},
                {"threshold": 2, "witnesses": [{"id": "did:key:z6Mk"}]},
                {"threshold": "1", "witnesses": [{"id": "did:key:z6Mk"}]},
                {"threshold": 1, "witnesses": [{"id": "did:web:a.example"}]},
                {"threshold": 1, "witnesses": [{"id": "did:key:z6Mk"}, {"id": "did:key:z6Mk"}]},
                {"threshold": 1, "witnesses": [{"id": 5}]},
                {"threshold": 1, "witnesses": ["did:key:z6Mk"]},
                {"threshold": 1, "witnesses": "did:key:z6Mk"},
            )
        ),
    ],
)
def test_parameters_that_may_not_begin_a_log(said):
    with pytest.raises(CairnError):
        parameters_after(None, said)


@pytest.mark.parametrize("method", ["did:webvh:0.5", "did:webvh:1.1", "did:tdw:0.4", None, 1])
def test_another_version_of_the_method_is_not_known(method):
    with pytest.raises(UnsupportedError):
        parameters_after(None, {**BEGINNING, "method": method})


@pytest.mark.parametrize("said", [{"scid": "x"}, {"portable": True}, {"method": "did:webvh:2.0"}])
def test_parameters_that_may_not_come_later(said):
    with pytest.raises(CairnError):
        parameters_after(Parameters(("a",)), said)


@pytest.mark.parametrize("said", [{}, {"updateKeys": ["a"]}, {"nextKeyHashes": []}])
def test_under_pre_rotation_every_entry_shows_its_keys_and_announces(said):
    with pytest.raises(MalformedError) as refusal:
        parameters_after(Parameters(("a",), next_key_hashes=("h",)), said)
    assert refusal.value.code == "webvh-rotation"


# --- signatures


def one():
    log, _ = began()
    [entry] = entries(log)
    return {name: value for name, value in entry.items() if name != "proof"}, entry["proof"][0]


def test_the_signer_is_told_by_the_multikey():
    bare, proof = one()

    assert signer_of(bare, proof) == FIRST.public_key.multikey()
    check_proofs(bare, [proof], [FIRST.public_key.multikey()])


@pytest.mark.parametrize(
    "change",
    [
        {"type": "Ed25519Signature2020"},
        {"cryptosuite": "eddsa-rdfc-2022"},
        {"cryptosuite": "ecdsa-jcs-2019"},
        {"proofPurpose": "authentication"},
        {"proofPurpose": ["assertionMethod"]},
        {"verificationMethod": FIRST.public_key.multikey()},
        {"verificationMethod": f"did:key:{NEXT.public_key.multikey()}#{FIRST.public_key.multikey()}"},
        {"verificationMethod": "did:web:harbour.example#key-1"},
        {"verificationMethod": "did:key:z6Mk#z6Mk"},
        {"verificationMethod": 5},
        {"created": "yesterday"},
        {"created": 5},
        {"domain": "harbour.example"},
        {"@context": "https://www.w3.org/ns/credentials/v2"},
        {"expires": "2027-01-01T00:00:00Z"},
    ],
)
def test_a_proof_of_another_kind_is_refused_although_its_signature_matches(change):
    bare, _ = one()
    [proof] = signed(bare, FIRST, **change)["proof"]

    with pytest.raises(MalformedError) as refusal:
        signer_of(bare, proof)
    assert refusal.value.code == "webvh-proof"


@pytest.mark.parametrize(
    "change",
    [
        {"created": "2026-10-24T12:00:01Z"},
        {"proofValue": "x"},
        {"proofValue": 5},
        {"proofValue": "z1111"},
        {"id": "urn:x:1"},
        {"verificationMethod": key_method(NEXT.public_key)},
    ],
)
def test_a_proof_that_was_changed_is_refused(change):
    bare, proof = one()

    with pytest.raises(MalformedError) as refusal:
        signer_of(bare, {**proof, **change})
    assert refusal.value.code == "webvh-proof"


def test_a_proof_need_not_say_when_it_was_made():
    bare, proof = one()
    configuration = {name: value for name, value in proof.items() if name not in ("created", "proofValue")}
    value = multibase_encode(FIRST.sign(hash_input(bare, configuration)))

    assert signer_of(bare, {**configuration, "proofValue": value}) == FIRST.public_key.multikey()


def test_a_key_of_another_curve_does_not_sign_entries():
    bare, proof = one()
    p256 = PrivateKey.from_bytes(Algorithm.P256, b"\3" * 32)
    with pytest.raises(MalformedError):
        signer_of(bare, signed(bare, p256)["proof"][0])
    with pytest.raises(MalformedError):
        signer_of(bare, {**proof, "verificationMethod": key_method(p256.public_key)})


def test_one_bad_proof_among_good_ones_is_a_no_s1():
    bare, proof = one()
    stranger = signed(bare, KEY)["proof"][0]
    allowed = [FIRST.public_key.multikey()]

    for proofs in ([], [stranger], [proof, stranger], [{**proof, "proofValue": "z1"}, proof]):
        with pytest.raises(MalformedError):
            check_proofs(bare, proofs, allowed)
    check_proofs(bare, [proof, stranger], [*allowed, KEY.public_key.multikey()])
    with pytest.raises(MalformedError):
        check_proofs(bare, [proof] * (MAX_PROOFS + 1), allowed)


def test_every_member_of_an_entry_is_signed():
    bare, proof = one()
    text = json.dumps(bare)
    for old, new in (
        ("2026", "2025"),
        ("assertionMethod", "authentication"),
        ("1-Qm", "2-Qm"),
        ("i:1", "i:2"),
    ):
        assert old in text
        with pytest.raises(MalformedError):
            signer_of(json.loads(text.replace(old, new)), proof)


def test_a_watch_is_written_as_it_is_read():
    watch = Watch(2, tuple(f"did:key:{each.public_key.multikey()}" for each in WITNESSES))
    after = parameters_after(None, {**BEGINNING, "witness": watch.to_json()})
    assert after.watch == watch
    assert Watch().to_json() == {}


def test_joined_lines_are_a_log():
    log, _ = began()
    assert joined(*entries(log)) == log
