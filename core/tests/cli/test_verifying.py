# SPDX-License-Identifier: Apache-2.0
"""Asking whether a credential is genuine, run as people run it: arguments in, exit code and text out."""

import contextlib
import http.server
import json
import os
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from blockchain import ISSUER, certificate_2, issuer, transaction_id

from asking import SVG
from cairn.canonical import to_json
from cairn.cli import verifying
from cairn.conformance.command import FEATURES
from cairn.credential import format_datetime
from cairn.did import did_key
from cairn.errors import UnavailableError
from cairn.materials import ACCEPT_CREDENTIAL
from cairn.status import StatusEntry
from cairn.testing import key_method, sample_credential
from pdf_files import build

ACCEPTED, REJECTED, USAGE, UNDECIDED = 0, 1, 2, 3
PDF = build({1: b"<</Type /Catalog>>"})
EVERY_CHECK = ("Required fields", "Signature", "Issuer's identity", "Not revoked or suspended", "Dates")


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


def test_a_moment_to_judge_at_can_be_named(run, badge):
    told = run("verify", "--json", "--at", "2020-01-01T00:00:00Z", badge)[1]

    report = json.loads(told)
    codes = {finding["check"]: finding["code"] for finding in report["findings"]}
    assert report["at"] == "2020-01-01T00:00:00Z"
    # It had not been signed then.
    assert report["accepted"] is False
    assert codes["signature"] == "created-in-future"


def test_a_day_to_come_is_judged_too(run, key):
    credential = sample_credential(
        issuer=did_key(key.public_key),
        valid_from=datetime.now(UTC) - timedelta(days=1),
        valid_until=datetime.now(UTC) + timedelta(days=30),
    )
    Path("badge.json").write_text(json.dumps(credential.to_document()))
    run("sign", "badge.json", "--key", "key.json", "-o", "signed.json")
    later = format_datetime(datetime.now(UTC) + timedelta(days=60))

    assert run("verify", "signed.json")[0] == ACCEPTED
    assert run("verify", "--at", later, "signed.json")[0] == REJECTED


def test_what_is_given_stands_for_its_address_and_the_rest_is_not_asked(run):
    certificate, sent = certificate_2()
    address = f"blink:btc:mainnet:{transaction_id(sent)}"
    files = {
        "certificate.json": to_json(certificate),
        "issuer.json": to_json(issuer()),
        "transaction.bin": sent,
    }
    for name, data in files.items():
        Path(name).write_bytes(data)
    given = ["--given", f"{ISSUER}=issuer.json"]

    without = run("verify", "--offline", *given, "certificate.json")
    code, out, err = run(
        "verify", "--offline", *given, "--given", f"{address}=transaction.bin", "certificate.json"
    )

    assert without[0] == UNDECIDED
    assert (code, err) == (ACCEPTED, "")
    assert "genuine" in out


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


def test_json_holds_the_whole_report(run, badge):
    code, out, _ = run("verify", "--json", badge)

    report = json.loads(out)
    assert code == ACCEPTED
    assert report["accepted"] is True
    assert report["document"]["name"] == "Knots and Splices"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"a screenshot", REJECTED),
        (b"{", REJECTED),
        (b"a.b.c.d.e", UNDECIDED),
        (b'{"n":' + b"1" * 5_000 + b"}", UNDECIDED),
        (b" " * (4 * 1024 * 1024) + b"{}", UNDECIDED),
    ],
    ids=["text", "cut off", "encrypted", "long number", "too large"],
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


def test_the_clock_is_the_commands_own(run, badge):
    now = datetime.now(UTC)

    report = json.loads(run("verify", "--json", badge)[1])

    assert (
        format_datetime(now - timedelta(minutes=1))
        < report["at"]
        < format_datetime(now + timedelta(minutes=1))
    )


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


def test_a_newer_copy_is_asked_for_on_demand(run, badge, monkeypatch):
    asked = []
    monkeypatch.setattr(verifying, "Verifier", lambda *_, refresh: asked.append(refresh) or Refresher())

    run("verify", badge)
    run("verify", badge, "--refresh")

    assert asked == [False, True]


class Refresher:
    def examine(self, data, *, at):
        raise UnavailableError("offline", "Not looked at.")


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


def test_in_a_folder_any_name_is_told_and_what_is_too_large_is_no_no(run, badge):
    Path("badges").mkdir()
    badge.rename("badges/one.json")
    Path("badges", os.fsdecode(b"caf\xe9.json")).write_bytes(b" " * (4 * 1024 * 1024) + b"{}")

    code, out, _ = run("verify", "--json", "badges")

    lines = [json.loads(line) for line in out.splitlines()]
    assert [(line["file"], line["verdict"]) for line in lines] == [
        ("badges/caf\\udce9.json", "unreadable"),
        ("badges/one.json", "verified"),
    ]
    assert code == UNDECIDED


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--at", "yesterday"),
        ("--at", "2026-11-23"),
        ("--given", "harbour.json"),
        ("--given", "harbour=a.json"),
        ("--given", "https://harbour.example/="),
    ],
)
def test_a_moment_or_a_file_that_is_none_is_a_mistake_in_the_command(run, badge, option, value):
    code, _, err = run("verify", option, value, badge)

    assert code == USAGE
    assert option in err
