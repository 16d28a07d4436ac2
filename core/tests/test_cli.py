# SPDX-License-Identifier: Apache-2.0
"""The command line, run as people run it: arguments in, exit code and text out."""

import contextlib
import http.server
import io
import json
import os
import runpy
import stat
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cairn import cli
from cairn.credential import format_datetime
from cairn.did import did_key
from cairn.errors import UnavailableError
from cairn.keys import PrivateKey
from cairn.materials import ACCEPT_CREDENTIAL
from cairn.status import StatusEntry
from cairn.testing import key_method, sample_credential
from pdf_files import build

ACCEPTED, REJECTED, USAGE, UNDECIDED = 0, 1, 2, 3
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><rect width="1" height="1"/></svg>'
PDF = build({1: b"<</Type /Catalog>>"})
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
    assert run("sign", "badge.json", "--key", "key.json", "--cryptosuite", "eddsa-jcs-2022")[0] == UNDECIDED


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


@contextlib.contextmanager
def serving(answers):
    """A web server on this machine, the origin that it has, and what it was asked."""
    asked = []

    class Answers(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append((self.path, self.headers["Accept"]))
            body = answers.get(self.path)
            self.send_response(404 if body is None else 200)
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()


def test_an_address_takes_the_same_road_as_a_file(run, badge):
    run("bake", write("picture.svg", SVG), badge, "-o", "baked.svg")
    run("bake", write("page.pdf", PDF), badge, "-o", "baked.pdf")
    answers = {
        "/json": badge.read_bytes(),
        "/svg": Path("baked.svg").read_bytes(),
        "/pdf": Path("baked.pdf").read_bytes(),
        "/page": b"<!doctype html><title>Knots</title>",
    }
    with serving(answers) as (origin, asked):
        for name in ("json", "svg", "pdf"):
            code, out, _ = run("verify", "--allow", origin, "--json", f"{origin}/{name}#top")
            assert (code, json.loads(out)["carrier"]) == (ACCEPTED, name)
        assert run("verify", "--allow", origin, f"{origin}/page")[0] == REJECTED
        assert run("verify", "--allow", origin, f"{origin}/nothing")[0] == UNDECIDED
    assert asked[0] == ("/json", ACCEPT_CREDENTIAL)


def write(name, data):
    Path(name).write_bytes(data)
    return name


def test_a_pdf_carries_a_credential_there_and_back(run, badge):
    assert run("bake", write("page.pdf", PDF), badge, "-o", "baked.pdf")[0] == ACCEPTED
    assert Path("baked.pdf").read_bytes().startswith(PDF)
    assert run("verify", "baked.pdf")[0] == ACCEPTED
    assert run("unbake", "baked.pdf", "-o", "again.json")[0] == ACCEPTED
    assert Path("again.json").read_bytes().strip() == badge.read_bytes().strip()
    code, _, err = run("unbake", "page.pdf")
    assert (code, "pdf-nothing-attached" in err) == (REJECTED, True)


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


def test_the_module_ends_with_the_code_of_the_command(badge, monkeypatch, capsys):
    altered = badge.read_bytes().replace(b"Knots", b"Ropes")
    for data, expected in ((badge.read_bytes(), ACCEPTED), (altered, REJECTED)):
        Path("read.json").write_bytes(data)
        monkeypatch.setattr(sys, "argv", ["cairn", "verify", "read.json"])
        with pytest.raises(SystemExit) as left:
            runpy.run_module("cairn", run_name="__main__")
        assert left.value.code == expected
    assert "genuine" in capsys.readouterr().out

    # As the processes of --jobs read it, each of which would start them all again.
    runpy.run_module("cairn.__main__", run_name="__mp_main__")
    assert capsys.readouterr().out == ""


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


def test_what_is_still_written_once_the_reader_has_left_goes_nowhere(badge, monkeypatch):
    reader, writer = os.pipe()
    os.close(reader)

    with os.fdopen(writer, "w") as output:
        monkeypatch.setattr(sys, "stdout", output)
        assert cli.main(["verify", str(badge)]) == ACCEPTED
        output.write("as Python does when it ends")
        output.flush()


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


def test_a_copy_that_shows_a_part_is_made_and_verified(run):
    run("keygen", "curve.json", "--algorithm", "P-256")
    key = PrivateKey.from_jwk(json.loads(Path("curve.json").read_text()))
    now = datetime.now(UTC)
    credential = sample_credential(
        issuer=did_key(key.public_key),
        valid_from=now - timedelta(days=1),
        valid_until=now + timedelta(days=1),
    )
    Path("own.json").write_text(json.dumps(credential.to_document()))
    sign = ("sign", "own.json", "--key", "curve.json", "--cryptosuite", "ecdsa-sd-2023")
    assert run(*sign, "--mandatory", "/credentialSubject/achievement", "-o", "base.json")[0] == ACCEPTED

    code, out, _ = run("derive", "base.json", "--show", "/credentialSubject/id")

    assert code == ACCEPTED
    assert "identifier" not in out
    Path("copy.json").write_text(out)
    code, out, _ = run("verify", "copy.json")
    assert code == ACCEPTED
    (line,) = [line for line in out.splitlines() if "Shown completely" in line]
    assert "could not tell" in line
    assert run("verify", "base.json")[0] == REJECTED
    assert run("derive", "base.json", "--show", "/nonsense")[0] == REJECTED
    assert run(*sign, "--mandatory", "/nonsense")[0] == REJECTED


@pytest.mark.parametrize("form", [("--jwt",), ("--cryptosuite", "eddsa-jcs-2022"), ()])
def test_mandatory_pointers_go_with_selective_disclosure_only(run, badge, form):
    code, _, err = run("sign", "badge.json", "--key", "key.json", *form, "--mandatory", "/name")

    assert code == USAGE
    assert "ecdsa-sd-2023" in err


@pytest.mark.parametrize("curve", ["P-256", "P-384"])
def test_a_key_signs_with_the_suite_of_its_kind(run, badge, curve):
    run("keygen", "curve.json", "--algorithm", curve)
    did = did_key(PrivateKey.from_jwk(json.loads(Path("curve.json").read_text())).public_key)
    yesterday = datetime.now(UTC) - timedelta(days=1)
    document = sample_credential(issuer=did, valid_from=yesterday).to_document()
    Path("own.json").write_text(json.dumps(document))

    code, out, _ = run("sign", "own.json", "--key", "curve.json")

    assert code == ACCEPTED
    assert json.loads(out)["proof"]["cryptosuite"] == "ecdsa-rdfc-2019"
    assert run("verify", "-", stdin=out.encode())[0] == ACCEPTED


def test_an_sd_jwt_is_signed_shown_in_part_and_verified(run, badge):
    sign = ("sign", "badge.json", "--key", "key.json", "--sd-jwt")
    assert run(*sign, "--disclose", "/credentialSubject/identifier/0", "-o", "whole.sdjwt")[0] == ACCEPTED
    assert "Zoë" not in Path("whole.sdjwt").read_text()

    assert run("derive", "whole.sdjwt", "-o", "part.sdjwt")[0] == ACCEPTED

    assert run("verify", "whole.sdjwt")[0] == ACCEPTED
    assert run("verify", "part.sdjwt")[0] == ACCEPTED
    assert Path("part.sdjwt").read_text().count("~") == 1
    assert run("derive", "part.sdjwt", "--show", "/credentialSubject/identifier/0")[0] == REJECTED
    assert run(*sign, "--disclose", "/issuer")[0] == REJECTED


def test_cose_is_signed_and_verified(run, badge):
    assert run("sign", "badge.json", "--key", "key.json", "--cose", "-o", "badge.cose")[0] == ACCEPTED

    assert run("verify", "badge.cose")[0] == ACCEPTED
    Path("badge.cose").write_bytes(Path("badge.cose").read_bytes().replace(b"Knots", b"Ships", 1))
    assert run("verify", "badge.cose")[0] == REJECTED


@pytest.mark.parametrize("form", [(), ("--jwt",), ("--cose",)])
def test_disclosures_go_with_sd_jwt_alone(run, badge, form):
    code, _, err = run("sign", "badge.json", "--key", "key.json", *form, "--disclose", "/name")

    assert code == 2
    assert "--disclose goes with --sd-jwt" in err


# What the caller chooses to ask beside validity


def line(output, check):
    return next(each for each in output.splitlines() if each.strip().startswith(check))


def test_trust_is_a_line_of_its_own_for_who_has_a_list(run, key, badge):
    Path("schools.csv").write_text(f"issuer,name\n{did_key(key.public_key)},Harbour School\n")
    Path("others.json").write_text('["did:web:other.example"]')

    assert "Issuer in your lists" not in run("verify", badge)[1]
    code, out, _ = run("verify", "--trust", "others.json", "--trust", "schools.csv", badge)
    assert "passed" in line(out, "Issuer in your lists")
    assert "The issuer is listed in schools.csv." in out

    code, out, _ = run("verify", "--trust", "others.json", badge)
    assert code == REJECTED
    assert out.startswith("This is genuine and unchanged. Please read the remarks.")
    assert "Unrecognised: the issuer is not in others.json." in out


def test_a_signed_list_is_verified_and_a_closed_one_is_told(run, key, badge):
    subject = {"id": did_key(key.public_key), "type": ["Profile"], "name": "Harbour School"}
    document = sample_credential(issuer=did_key(key.public_key)).to_document()
    document |= {"type": ["VerifiableCredential"], "name": "Schools", "credentialSubject": [subject]}
    document["validFrom"] = format_datetime(datetime.now(UTC) - timedelta(days=1))
    del document["awardedDate"]
    Path("list.json").write_text(json.dumps(document))
    assert run("sign", "list.json", "--key", "key.json", "-o", "schools.json")[0] == ACCEPTED

    assert "The issuer is listed in Schools." in run("verify", "--trust", "schools.json", badge)[1]

    altered = Path("schools.json").read_bytes().replace(b"Harbour School", b"Harbor School")
    Path("schools.json").write_bytes(altered)
    code, out, err = run("verify", "--trust", "schools.json", badge)
    assert (code, out) == (USAGE, "")
    assert err.startswith("cairn: schools.json: ")


def test_an_achievement_of_another_domain_is_a_remark(run, badge):
    Path("nobody.json").write_text("[]")

    out = run("verify", "--trust", "nobody.json", badge)[1]

    assert "could not tell" in line(out, "Right to award it")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--trust", "missing.json"), "missing.json"),
        (("--trust", "badge.json"), "badge.json: "),
        (("--endorsement", "notes.txt"), "notes.txt: "),
        (("--schemas", "missing"), "missing"),
        (("--schemas", "."), ".: "),
        (("--holder", "Zoë"), "argument --holder"),
    ],
)
def test_a_mistake_in_the_callers_own_files_is_no_word_about_the_credential(run, badge, arguments, told):
    Path("notes.txt").write_text("hello")

    code, out, err = run("verify", *arguments, badge)

    assert (code, out) == (USAGE, "")
    assert told in err


def test_an_endorsement_and_a_domain_are_looked_at_when_asked(run, badge):
    code, out, _ = run("verify", "--offline", "--domain", "--endorsement", badge, badge)

    assert code == UNDECIDED
    assert "no domain can vouch for it" in line(out, "The issuer's web address")
    assert "could not tell" in line(out, "Right to award it")


def test_the_typed_holder_is_compared_and_never_shown(run, badge):
    code, out, _ = run("verify", "--holder", "ann@example.com", badge)

    assert code == UNDECIDED
    assert "in a way we can compare" in line(out, "Holder")
    assert "ann@example.com" not in out


def test_schemas_of_the_callers_are_applied(run, key):
    url = "https://harbour.example/schema.json"
    yesterday = datetime.now(UTC) - timedelta(days=1)
    document = sample_credential(issuer=did_key(key.public_key), valid_from=yesterday).to_document()
    document["@context"].append("https://purl.imsglobal.org/spec/ob/v3p0/extensions.json")
    document["credentialSchema"] = [{"id": url, "type": "1EdTechJsonSchemaValidator2019"}]
    Path("badge.json").write_text(json.dumps(document))
    run("sign", "badge.json", "--key", "key.json", "-o", "signed.json")
    Path("schemas").mkdir()
    Path("schemas", "no.json").write_text(json.dumps({"$id": url, "required": ["colour"]}))

    assert "could not tell" in line(run("verify", "signed.json")[1], "Schema")
    code, out, _ = run("verify", "--schemas", "schemas", "signed.json")
    assert code == REJECTED
    assert '"colour" is a required property' in line(out, "Schema")


# --- what is inside, and who shows it


def test_what_is_inside_is_told_below_what_is_around_it(run, key, badge):
    assert run("present", badge, "--key", "key.json", "-o", "shown.json")[0] == ACCEPTED

    code, out, _ = run("verify", "shown.json", "--offline")

    assert code == ACCEPTED
    around, inside = out.split("Inside, credential /verifiableCredential/0")
    assert "Holder" in around
    assert "Knots and Splices" not in around
    assert "    This is genuine, unchanged and currently valid." in inside
    assert "Knots and Splices" in inside


def test_what_is_inside_is_in_the_json(run, key, badge):
    run("present", badge, "--key", "key.json", "-o", "shown.json")

    code, out, _ = run("verify", "shown.json", "--json")

    (part,) = json.loads(out)["parts"]
    assert code == ACCEPTED
    assert (part["path"], part["role"], part["report"]["accepted"]) == (
        "/verifiableCredential/0",
        "credential",
        True,
    )


def test_a_forged_credential_inside_is_a_no(run, key, badge):
    run("present", badge, "--key", "key.json", "-o", "shown.json")
    held = json.loads(Path("shown.json").read_text())
    held["verifiableCredential"][0]["name"] = "Rocket Science"
    del held["proof"]
    Path("forged.json").write_text(json.dumps(held))

    code, out, _ = run("verify", "forged.json", "--offline")

    assert code == REJECTED
    assert "We could not confirm this credential. Something inside it is not in order." in out
    assert "Rocket" not in out


def test_a_presentation_that_nobody_signed_is_no_yes_and_no_no(run, key, badge):
    run("present", badge, "--key", "key.json", "-o", "shown.json")
    held = json.loads(Path("shown.json").read_text())
    del held["proof"]
    Path("unsigned.json").write_text(json.dumps(held))

    code, out, _ = run("verify", "unsigned.json", "--offline")

    assert code == UNDECIDED
    assert "Not signed by the holder" in out


@pytest.mark.parametrize("form", [(), ("--jwt",)])
@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (("--nonce", "7fd3", "--audience", "shop.example"), ACCEPTED),
        (("--nonce", "7fd3"), ACCEPTED),
        (("--audience", "shop.example"), ACCEPTED),
        (("--nonce", "8", "--audience", "shop.example"), REJECTED),
        (("--nonce", "7fd3", "--audience", "bank.example"), REJECTED),
        (("--nonce", "8"), REJECTED),
    ],
)
def test_the_question_is_compared(run, key, badge, form, asked, expected):
    question = ("--nonce", "7fd3", "--audience", "shop.example")
    run("present", badge, "--key", "key.json", *question, *form, "-o", "shown")

    assert run("verify", "shown", "--offline", *asked)[0] == expected


def test_a_picture_can_be_presented(run, key, badge):
    Path("plain.svg").write_bytes(SVG)
    run("bake", "plain.svg", badge, "-o", "baked.svg")

    run("present", "baked.svg", badge, "--key", "key.json", "-o", "shown.json")

    held = json.loads(Path("shown.json").read_text()) if Path("shown.json").exists() else None
    # The same badge twice is no presentation, whatever it was put into.
    assert held is None
    assert run("present", "baked.svg", "--key", "key.json", "-o", "shown.json")[0] == ACCEPTED


def test_a_key_of_another_curve_presents_too(run, badge):
    run("keygen", "p256.json", "--algorithm", "P-256")

    run("present", badge, "--key", "p256.json", "-o", "shown.json")

    assert run("verify", "shown.json", "--offline")[0] == ACCEPTED


def test_a_newer_copy_is_asked_for_on_demand(run, badge, monkeypatch):
    asked = []
    monkeypatch.setattr(cli, "Verifier", lambda *_, refresh: asked.append(refresh) or Refresher())

    run("verify", badge)
    run("verify", badge, "--refresh")

    assert asked == [False, True]


class Refresher:
    def examine(self, data, *, at):
        raise UnavailableError("offline", "Not looked at.")


FEATURES = [f"{role}_{form}" for role in ("credential", "presentation") for form in ("jose", "sdjwt", "cose")]


@pytest.fixture
def suite_files(run):
    """What the W3C JOSE and COSE suite has: documents, and a verification method with its keys."""
    run("keygen", "suite-key.json", "--algorithm", "P-256")
    secret = json.loads(Path("suite-key.json").read_text())
    public = {name: value for name, value in secret.items() if name != "d"}
    base = {"@context": ["https://www.w3.org/ns/credentials/v2"]}
    subject = {"id": "did:example:subject", "name": "Jane"}
    files = {
        "method.json": {
            "id": "https://issuer.example/vc#key-1",
            "type": "JsonWebKey",
            "controller": "https://issuer.example/vc",
            "publicKeyJwk": public,
            "secretKeyJwk": secret,
        },
        "credential.json": {
            **base,
            "type": ["VerifiableCredential"],
            "issuer": "https://issuer.example/vc",
            "credentialSubject": subject,
        },
        "presentation.json": {**base, "type": ["VerifiablePresentation"]},
    }
    for name, content in files.items():
        Path(name).write_text(json.dumps(content))


def conform(run, function, source, feature, *more):
    arguments = ("--input", source, "--key", "method.json", "--feature", feature, "--output", "result.json")
    code, out, err = run("conformance", function, *arguments, *more)
    assert (out, err) == ("", "")
    return code, json.loads(Path("result.json").read_text())


@pytest.mark.parametrize("feature", FEATURES)
def test_the_jose_and_cose_suite_is_answered(run, suite_files, feature):
    code, issued = conform(run, "issue", f"{feature.partition('_')[0]}.json", feature)
    Path("token.txt").write_text(issued["data"])

    assert (code, issued["result"]) == (ACCEPTED, "success")
    assert conform(run, "verify", "token.txt", feature)[1]["result"] == "success"
    Path("token.txt").write_text(issued["data"].replace(issued["data"][-30:-20], "A" * 10))
    assert conform(run, "verify", "token.txt", feature)[0] == REJECTED


def test_the_suite_names_what_may_be_withheld(run, suite_files):
    paths = '["credentialSubject.name"]'

    _code, result = conform(run, "issue", "credential.json", "credential_sdjwt", "--sd", paths)
    assert result["data"].count("~") == 2
    code, result = conform(run, "issue", "credential.json", "credential_sdjwt", "--sd", '["nowhere"]')
    assert (code, result["result"]) == (REJECTED, "failure")
    code, result = conform(run, "issue", "credential.json", "credential_sdjwt", "--sd", "nothing")
    assert (code, result["result"]) == (USAGE, "error")


def test_n1_what_the_suite_s_command_accepts_the_others_do_not(run, suite_files):
    """The key is nobody's who is named in it. No option of ``verify`` leads to the other policy."""
    Path("token.txt").write_text(conform(run, "issue", "credential.json", "credential_jose")[1]["data"])

    assert conform(run, "verify", "token.txt", "credential_jose")[0] == ACCEPTED
    assert run("verify", "token.txt", "--offline")[0] != ACCEPTED
    assert run("verify", "token.txt", "--policy", "w3c-test-suite")[0] == USAGE


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_folder_is_asked_the_same_and_a_bad_list_is_told_once(run, key, badge, jobs):
    Path("badges").mkdir()
    badge.rename("badges/one.json")
    Path("schools.json").write_text(json.dumps([did_key(key.public_key)]))
    Path("bad.json").write_text("{")

    code, _, err = run("verify", "--jobs", jobs, "--trust", "bad.json", "badges")
    assert code == USAGE
    assert err.startswith("cairn: bad.json: ")
    assert err.count("bad.json") == 1
    assert run("verify", "--jobs", jobs, "--trust", "schools.json", "badges")[0] == ACCEPTED
