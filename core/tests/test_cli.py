# SPDX-License-Identifier: Apache-2.0
"""The command line, run as people run it: arguments in, exit code and text out."""

import io
import json
import os
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cairn import cli
from cairn.credential import format_datetime
from cairn.did import did_key
from cairn.keys import PrivateKey
from cairn.status import StatusEntry
from cairn.testing import key_method, sample_credential

ACCEPTED, REJECTED, USAGE, UNDECIDED = 0, 1, 2, 3
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><rect width="1" height="1"/></svg>'
EVERY_CHECK = ("Required fields", "Signature", "Issuer's identity", "Not revoked or suspended", "Dates")


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    """Runs ``cairn`` in an empty folder and returns (exit code, output, errors)."""
    monkeypatch.chdir(tmp_path)

    def command(*arguments, stdin=b""):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        try:
            code = cli.main([str(each) for each in arguments])
        except SystemExit as left:  # argparse leaves by itself
            code = left.code
        told = capsys.readouterr()
        return code, told.out, told.err

    return command


@pytest.fixture
def key(run):
    run("keygen", "key.json")
    return PrivateKey.from_jwk(json.loads(Path("key.json").read_text()))


@pytest.fixture
def badge(run, key):
    """A file with a badge of today, signed on the command line."""
    yesterday = datetime.now(UTC) - timedelta(days=1)
    credential = sample_credential(issuer=did_key(key.public_key), valid_from=yesterday)
    Path("badge.json").write_text(json.dumps(credential.to_document()))
    assert run("sign", "badge.json", "--key", "key.json", "-o", "signed.json")[0] == ACCEPTED
    return Path("signed.json")


def test_keygen_writes_a_key_for_its_owner_only(run):
    code, out, _ = run("keygen", "key.json")

    jwk = json.loads(Path("key.json").read_text())
    assert code == ACCEPTED
    assert stat.S_IMODE(Path("key.json").stat().st_mode) == 0o600
    assert out.strip() == did_key(PrivateKey.from_jwk(jwk).public_key)
    assert jwk["d"] not in out


def test_keygen_overwrites_nothing(run, key):
    before = Path("key.json").read_bytes()

    code, _, err = run("keygen", "key.json")

    assert code == USAGE
    assert "key.json" in err
    assert Path("key.json").read_bytes() == before


def test_a_p256_key_signs_tokens(run):
    run("keygen", "key.json", "--algorithm", "P-256")
    key = PrivateKey.from_jwk(json.loads(Path("key.json").read_text()))
    yesterday = datetime.now(UTC) - timedelta(days=1)
    credential = sample_credential(issuer=did_key(key.public_key), valid_from=yesterday)
    Path("badge.json").write_text(json.dumps(credential.to_document()))

    run("sign", "badge.json", "--key", "key.json", "--jwt", "-o", "badge.jwt")

    assert run("verify", "badge.jwt")[0] == ACCEPTED
    assert run("sign", "badge.json", "--key", "key.json")[0] == UNDECIDED  # no Ed25519 key


def test_verify_names_every_check_and_shows_the_badge(run, badge):
    code, out, err = run("verify", badge)

    assert (code, err) == (ACCEPTED, "")
    assert out.startswith("This is genuine, unchanged and currently valid.")
    for name in EVERY_CHECK:
        (line,) = [line for line in out.splitlines() if name in line]
        assert "passed" in line
    assert "Knots and Splices" in out


def test_verify_reads_standard_input(run, badge):
    assert run("verify", "-", stdin=badge.read_bytes())[0] == ACCEPTED


@pytest.mark.parametrize("suite", ["eddsa-rdfc-2022", "eddsa-jcs-2022"])
def test_both_cryptosuites_can_be_chosen(run, badge, suite):
    code, out, _ = run("sign", "badge.json", "--key", "key.json", "--cryptosuite", suite)

    assert code == ACCEPTED
    assert json.loads(out)["proof"]["cryptosuite"] == suite
    assert run("verify", "-", stdin=out.strip().encode())[0] == ACCEPTED


def test_an_altered_badge_is_rejected_and_not_shown(run, badge):
    altered = badge.read_bytes().replace(b"Knots and Splices", b"Rocket and Science")

    code, out, _ = run("verify", "-", stdin=altered)

    assert code == REJECTED
    assert "failed" in out
    assert "We could not confirm this credential. The signature does not match." in out
    for word in ("Rocket", "Harbour", "did:key"):
        assert word not in out


def test_an_expired_badge_is_rejected_and_called_genuine(run, key):
    credential = sample_credential(
        issuer=did_key(key.public_key),
        valid_from=datetime(2020, 1, 1, tzinfo=UTC),
        valid_until=datetime(2021, 1, 1, tzinfo=UTC),
    )
    Path("badge.json").write_text(json.dumps(credential.to_document()))
    run("sign", "badge.json", "--key", "key.json", "-o", "signed.json")

    code, out, _ = run("verify", "signed.json")

    assert code == REJECTED
    assert "genuine" in out
    assert "It was valid until 2021-01-01T00:00:00Z." in out


def test_offline_means_that_nobody_is_asked(run, key):
    credential = sample_credential(
        issuer=did_key(key.public_key),
        valid_from=datetime.now(UTC) - timedelta(days=1),
        status=StatusEntry("revocation", 5, "https://harbour.example/s/1"),
    )
    Path("badge.json").write_text(json.dumps(credential.to_document()))
    run("sign", "badge.json", "--key", "key.json", "-o", "signed.json")

    code, out, _ = run("verify", "--offline", "--json", "signed.json")

    report = json.loads(out)
    (status,) = [finding for finding in report["findings"] if finding["check"] == "status"]
    assert code == UNDECIDED
    assert report["verdict"] == "could-not-check"
    assert (status["outcome"], status["code"]) == ("undecided", "offline")


def test_an_address_is_not_fetched_offline(run):
    code, _, err = run("verify", "--offline", "https://harbour.example/c/1")

    assert code == UNDECIDED
    assert "offline" in err


def test_an_address_of_this_machine_is_only_fetched_when_allowed(run):
    code, _, err = run("verify", "http://127.0.0.1:9/c/1")
    assert (code, "fetch-blocked" in err) == (UNDECIDED, True)

    code, _, err = run("verify", "--allow", "http://127.0.0.1:9", "http://127.0.0.1:9/c/1")
    assert (code, "unreachable" in err) == (UNDECIDED, True)


def test_json_holds_the_whole_report(run, badge):
    code, out, _ = run("verify", "--json", badge)

    report = json.loads(out)
    assert code == ACCEPTED
    assert report["accepted"] is True
    assert report["document"]["name"] == "Knots and Splices"


@pytest.mark.parametrize(
    ("data", "code"),
    [(b"a screenshot", REJECTED), (b"{", REJECTED), (b"a.b.c.d.e", UNDECIDED)],
)
def test_what_cannot_be_read_is_told_in_one_line(run, data, code):
    found, out, err = run("verify", "-", stdin=data)

    assert (found, out) == (code, "")
    assert err.startswith("cairn: ")
    assert err.count("\n") == 1


def test_an_unreadable_file_is_json_too(run):
    code, out, _ = run("verify", "--json", "-", stdin=b"{")

    assert code == REJECTED
    assert json.loads(out)["code"] == "json-syntax"


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("verify",),
        ("verify", "no-such-file"),
        ("verify", "--allow", "not an origin", "x"),
        ("verify", "--allow", "ftp://harbour.example", "x"),
        ("sign", "x"),
        ("dance",),
        ("unbake", "no-such-file"),
        ("keygen", "no/such/folder/key.json"),
    ],
)
def test_a_mistake_in_the_command_is_code_2(run, arguments):
    code, _, err = run(*arguments)

    assert code == USAGE
    assert err


def test_signing_refuses_what_verifiers_would(run, key):
    document = sample_credential().to_document()
    del document["issuer"]
    Path("badge.json").write_text(json.dumps(document))

    code, out, err = run("sign", "badge.json", "--key", "key.json")

    assert (code, out) == (REJECTED, "")
    assert "issuer: is missing" in err


def test_another_method_may_be_named(run, badge):
    code, out, _ = run("sign", "badge.json", "--key", "key.json", "--method", "did:web:harbour.example#1")

    assert code == ACCEPTED
    assert json.loads(out)["proof"]["verificationMethod"] == "did:web:harbour.example#1"


def test_the_private_key_is_never_printed(run, badge, key):
    secret = json.loads(Path("key.json").read_text())["d"]

    for arguments in (("sign", "badge.json", "--key", "key.json"), ("verify", "signed.json")):
        _, out, err = run(*arguments)
        assert secret not in out + err


def test_a_credential_goes_into_a_picture_and_comes_out_again(run, badge):
    Path("art.svg").write_bytes(SVG)

    assert run("bake", "art.svg", badge, "-o", "baked.svg")[0] == ACCEPTED
    assert run("verify", "baked.svg")[0] == ACCEPTED
    assert run("unbake", "baked.svg", "-o", "out.json")[0] == ACCEPTED
    assert Path("out.json").read_bytes() == badge.read_bytes()
    assert run("unbake", "baked.svg")[1].strip() == badge.read_text()
    assert run("unbake", "art.svg")[0] == REJECTED


def test_a_badge_cannot_drive_the_terminal_b129_b132(run, key):
    """Control characters are not signed by us; a stranger may."""
    from cairn.canonical import to_json
    from cairn.proof import data_integrity

    yesterday = datetime.now(UTC) - timedelta(days=1)
    document = sample_credential(issuer=did_key(key.public_key), valid_from=yesterday).to_document()
    document["name"] = "Knots\x1b[2J\u202e"
    signed = data_integrity.sign(
        document,
        key,
        verification_method=key_method(key.public_key),
        created=yesterday,
        cryptosuite="eddsa-jcs-2022",
    )

    code, out, _ = run("verify", "-", stdin=to_json(signed))

    assert code == ACCEPTED
    assert "\x1b" not in out
    assert "\u202e" not in out


def test_the_module_is_the_command(badge):
    done = subprocess.run(
        [sys.executable, "-m", "cairn", "verify", str(badge)], capture_output=True, check=False
    )

    assert done.returncode == ACCEPTED
    assert b"genuine" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["verify", "signed.json"], ACCEPTED),
        (["verify", "--json", "signed.json"], ACCEPTED),
        (["verify", "broken.json"], REJECTED),
        (["sign", "badge.json", "--key", "key.json"], ACCEPTED),
    ],
)
def test_a_reader_that_leaves_early_changes_nothing(badge, arguments, expected):
    """``cairn verify … | head``: the exit code is that of the verdict, and nobody complains."""
    Path("broken.json").write_bytes(badge.read_bytes().replace(b"validFrom", b"validfrom"))
    reader, writer = os.pipe()
    os.close(reader)

    with os.fdopen(writer, "wb") as output:
        done = subprocess.run(
            [sys.executable, "-m", "cairn", *arguments], stdout=output, stderr=subprocess.PIPE, check=False
        )

    assert done.stderr == b""
    assert done.returncode == expected


def test_help_names_the_commands(run):
    code, out, _ = run("--help")

    assert code == 0
    for command in ("verify", "sign", "keygen", "bake", "unbake"):
        assert command in out


def test_the_clock_is_the_commands_own(run, badge):
    now = datetime.now(UTC)

    report = json.loads(run("verify", "--json", badge)[1])

    assert (
        format_datetime(now - timedelta(minutes=1))
        < report["at"]
        < format_datetime(now + timedelta(minutes=1))
    )
