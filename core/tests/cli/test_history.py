# SPDX-License-Identifier: Apache-2.0
"""The files of a did:webvh, from the first entry to the last, and a credential that is signed under it."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cairn import webvh
from cairn.did import did_key
from cairn.keys import PrivateKey
from cairn.testing import sample_credential

ACCEPTED, REJECTED, USAGE = 0, 1, 2


@pytest.fixture
def keys(run):
    names = ("update", "next", "issuing", "witness")
    for name in names:
        run("keygen", f"{name}.json")
    return {name: PrivateKey.from_jwk(json.loads(Path(f"{name}.json").read_text())) for name in names}


CREATE = (
    "webvh",
    "create",
    "harbour.example:badges",
    "--key",
    "update.json",
    "--issuing-key",
    "issuing.json",
)


@pytest.fixture
def did(run, keys):
    code, out, _ = run(*CREATE, "--next-key", "next.json", "-o", "did.jsonl")
    assert code == ACCEPTED
    return out.strip()


def test_an_identifier_is_made_and_named(run, did):
    document = json.loads(run("webvh", "show", "did.jsonl")[1])

    assert did.startswith("did:webvh:")
    assert did.endswith(":harbour.example:badges")
    assert document["id"] == did
    assert document["assertionMethod"] == [f"{did}#key-1"]


def test_to_standard_output_goes_the_log_and_nothing_else(run, keys):
    out = run(*CREATE)[1]

    assert [json.loads(line)["versionId"][:2] for line in out.splitlines()] == ["1-"]


def test_a_credential_signed_under_it_verifies_offline(run, keys, did):
    credential = sample_credential(issuer=did, valid_from=datetime.now(UTC) - timedelta(days=1))
    Path("badge.json").write_text(json.dumps(credential.to_document()))
    run("sign", "badge.json", "--key", "issuing.json", "--method", f"{did}#key-1", "-o", "signed.json")
    address = "https://harbour.example/badges/did.jsonl"

    alone = run("verify", "--offline", "signed.json")
    given = run("verify", "--offline", "--given", f"{address}=did.jsonl", "signed.json")

    assert (alone[0], given[0]) == (3, ACCEPTED)


def test_only_the_announced_key_writes_the_next_entry(run, keys, did):
    later = json.loads(run("webvh", "show", "did.jsonl")[1])
    later["alsoKnownAs"] = ["https://harbour.example/"]
    Path("later.json").write_text(json.dumps(later))
    update = ("webvh", "update", "did.jsonl", "--document", "later.json", "-o", "two.jsonl")

    assert run(*update, "--key", "update.json")[0] == REJECTED
    assert run(*update, "--key", "next.json", "--next-key", "update.json")[0] == ACCEPTED
    assert json.loads(run("webvh", "show", "two.jsonl")[1])["alsoKnownAs"] == ["https://harbour.example/"]
    # Without a document it stays as it is.
    assert run("webvh", "update", "two.jsonl", "--key", "update.json", "-o", "three.jsonl")[0] == ACCEPTED
    assert len(webvh.read_entries(Path("three.jsonl").read_bytes())) == 3


def test_the_document_of_somebody_else_is_refused(run, keys, did):
    Path("other.json").write_text(json.dumps({"id": "did:webvh:other:harbour.example"}))

    code, _, err = run("webvh", "update", "did.jsonl", "--key", "next.json", "--document", "other.json")

    assert code == REJECTED
    assert "another identifier" in err


def test_after_the_last_entry_there_is_no_other(run, keys, did):
    assert run("webvh", "deactivate", "did.jsonl", "--key", "next.json", "-o", "end.jsonl")[0] == ACCEPTED

    assert run("webvh", "update", "end.jsonl", "--key", "next.json")[0] == REJECTED


def test_a_witness_confirms_what_it_has_verified(run, keys):
    witness = did_key(keys["witness"].public_key)
    made = run(*CREATE, "--witness", witness, "-o", "did.jsonl")
    assert made[0] == ACCEPTED

    code = run("webvh", "witness", "did.jsonl", "--key", "witness.json", "-o", "did-witness.json")[0]

    log, seen = Path("did.jsonl").read_bytes(), Path("did-witness.json").read_bytes()
    at = datetime.now(UTC) + timedelta(minutes=1)
    assert code == ACCEPTED
    assert webvh.read_history(made[1].strip(), log, seen, at=at).newest.number == 1


def test_what_was_tampered_with_is_shown_and_confirmed_by_nobody(run, keys, did):
    forged = Path("did.jsonl").read_bytes().replace(b"key-1", b"key-2")
    Path("forged.jsonl").write_bytes(forged)

    assert run("webvh", "show", "forged.jsonl")[0] == REJECTED
    assert run("webvh", "witness", "forged.jsonl", "--key", "witness.json")[0] == REJECTED


@pytest.mark.parametrize("text", ["nothing.json", "did:key:zNobody", "did.jsonl"])
def test_what_is_no_key_is_a_mistake_in_the_command(run, keys, did, text):
    code, _, err = run(*CREATE[:-1], text)

    assert code == USAGE
    assert "neither a key file nor a did:key" in err
