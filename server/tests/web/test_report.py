# SPDX-License-Identifier: Apache-2.0
"""Reports to keep: the PDF, the table, the receipt; and that none can be had of what was not found here."""

from __future__ import annotations

import csv
import html
import io
import json
import re
import subprocess
import sys
from datetime import timedelta

import pikepdf
import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from server.tests.web.test_verify import everything_in_the_database

from cairn.testing import signed_sample
from cairn_server.issuing import representations
from cairn_server.organisations.models import InstallationKey
from cairn_server.web import printing, report

VERIFIED = "This is genuine, unchanged and currently valid."


@pytest.fixture
def data(credential) -> bytes:
    return representations.representation(credential, "json")[0]


def bring(stranger, *files: tuple[str, bytes]) -> list[str]:
    """Check these, and give back what the page keeps of them."""
    brought = [SimpleUploadedFile(name, content) for name, content in files]
    page = stranger.post("/verify", {"file": brought}).content.decode()
    return [html.unescape(each) for each in re.findall(r'name="state" value="([^"]+)"', page)]


def ask(stranger, states: list[str], form: str, **fields: str):
    return stranger.post("/verify/report", {"state": states, "form": form, **fields})


def test_a_receipt_is_a_file_that_verifies_on_this_very_page(stranger, data):
    response = ask(stranger, bring(stranger, ("ada.json", data)), "receipt")

    assert response["Content-Disposition"].startswith('attachment; filename="check-2')
    assert response["Content-Type"] == "application/vc"
    assert response["Cache-Control"] == "no-store"
    page = stranger.post("/verify", {"file": SimpleUploadedFile("r.json", response.content)}).content.decode()
    assert VERIFIED in page
    assert "Signed with a key of cairn.example." in page
    assert "This is a receipt of a check, and not the credential itself." in page
    assert "The server at cairn.example wrote it." in page


def test_a_receipt_of_what_was_changed_says_so_and_verifies(stranger, data):
    changed = data.replace(b"Ada Lovelace", b"Eve Lovelace")

    receipt = ask(stranger, bring(stranger, ("eve.json", changed)), "receipt").content
    page = stranger.post("/verify", {"file": SimpleUploadedFile("r.json", receipt)}).content.decode()

    assert json.loads(receipt)["credentialSubject"]["verdict"] == "not-verified"
    assert b"Lovelace" not in receipt
    assert VERIFIED in page
    assert "Not verified" in page


def test_the_command_line_verifies_a_receipt_of_an_installation_without_https(
    stranger, data, settings, tmp_path
):
    """There its name is its key, so it takes nothing but the file."""
    from cairn_server.organisations.models import Installation

    Installation.objects.update(public_url="http://127.0.0.1:8000")
    file = tmp_path / "receipt.json"
    file.write_bytes(ask(stranger, bring(stranger, ("ada.json", data)), "receipt").content)

    done = subprocess.run(
        [sys.executable, "-m", "cairn", "verify", "--offline", str(file)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, VERIFIED in done.stdout) == (0, True), done.stdout + done.stderr


@pytest.mark.parametrize("form", ["receipt", "pdf", "html"])
def test_nobody_is_named_unless_somebody_asks(stranger, data, form, monkeypatch):
    printed = []
    monkeypatch.setattr(printing, "pdf", lambda words, **_: printed.append(json.dumps(words)) or b"%PDF")
    states = bring(stranger, ("ada-lovelace.json", data))

    without = ask(stranger, states, form).content.decode() + "".join(printed)
    printed.clear()
    with_it = ask(stranger, states, form, content="yes").content.decode() + "".join(printed)

    for said in ("Lovelace", "lovelace", "Ceramics", "Lakeside"):
        assert said not in without
    for said in ("Ada Lovelace", "ada-lovelace.json", "Ceramics", "Lakeside"):
        assert said in with_it


def test_the_report_is_a_tagged_pdf_to_keep_with_the_receipt_inside(stranger, data):
    made = ask(stranger, bring(stranger, ("ada.json", data)), "pdf").content

    assert made.startswith(b"%PDF-")
    assert b"<pdfaid:part>3</pdfaid:part>" in made
    assert b"<pdfuaid:part>1</pdfuaid:part>" in made
    assert b"/F(credential.json)" in made
    page = stranger.post("/verify", {"file": SimpleUploadedFile("r.pdf", made)}).content.decode()
    assert VERIFIED in page
    assert "This is a receipt of a check" in page


def test_the_report_is_a_page_that_fetches_nothing_and_says_the_same(stranger, data):
    states = bring(stranger, ("<b>ada.json", data), ("eve.json", data.replace(b"Ada", b"Eve")))

    response = ask(stranger, states, "html", content="yes")
    made = response.content.decode()

    assert response["Content-Type"] == "text/html; charset=utf-8"
    assert response["Content-Disposition"].endswith('.html"')
    assert VERIFIED in made
    assert "because its signature does not match" in made
    assert "&lt;b&gt;ada" in made
    assert re.findall(r"<(?:script|link|img|iframe|form)\b|url\(|@import|\bon\w+=", made) == []
    assert "default-src &#x27;none&#x27;" in made or "default-src 'none'" in made


def test_a_name_in_any_script_is_printed(stranger, data):
    names = ["漢字.json", "عربى.json", "Кириллица.json", "\U00012000.json"]

    for made in (
        ask(stranger, bring(stranger, (name, data)), "pdf", content="yes").content for name in names
    ):
        assert made.startswith(b"%PDF-")


def test_b115_b127_what_a_stranger_wrote_is_text_and_no_programme(stranger, data):
    name = '#panic("x") #read("/etc/passwd") {{7*7}} $x$ `'

    made = ask(stranger, bring(stranger, (name, data)), "pdf", content="yes").content

    assert made.startswith(b"%PDF-")


def test_the_table_has_a_row_for_each_and_names_only_what_is_vouched_for(stranger, data):
    changed = data.replace(b"Ada Lovelace", b"Eve Lovelace")
    states = bring(stranger, ("a.json", data), ("b.json", changed))

    text = ask(stranger, states, "csv").content.decode("utf-8-sig")

    heads, first, second = csv.reader(io.StringIO(text))
    assert first[: heads.index("Issuer")] == ["a.json", "Verified", "Ceramics: first firing"]
    assert second[: heads.index("Issuer")] == ["b.json", "Not verified", ""]
    assert "Eve" not in text


def test_b118_no_cell_is_a_formula(stranger, data):
    for start in "=+-@":
        text = ask(stranger, bring(stranger, (f"{start}1+1.json", data)), "csv").content.decode("utf-8-sig")
        assert f"'{start}1+1.json" in text


def test_of_a_download_only_the_key_is_kept(stranger, data, tmp_path, caplog):
    marker = "Zyzzyva-" + "7" * 20
    caplog.set_level("DEBUG")
    states = bring(stranger, (f"{marker}.json", data))

    for form in ("pdf", "receipt", "csv"):
        assert ask(stranger, states, form, content="yes").status_code == 200

    assert InstallationKey.objects.count() == 1
    assert marker not in everything_in_the_database()
    assert marker not in caplog.text
    assert [
        file for file in tmp_path.rglob("*") if file.is_file() and marker.encode() in file.read_bytes()
    ] == []


# Only what was found here


def test_a_seal_that_was_touched_or_made_up_opens_nothing(stranger, data):
    [state] = bring(stranger, ("a.json", data))

    for forged in (state[:-1] + ("A" if state[-1] != "A" else "B"), "x" + state, "", "e30:1:2"):
        response = ask(stranger, [forged], "receipt")
        assert response.status_code == 410
        assert "too old" in response.content.decode()


def test_a_seal_ends_after_a_day(stranger, data):
    states = bring(stranger, ("a.json", data))

    with time_machine.travel(timezone.now() + timedelta(hours=25)):
        assert ask(stranger, states, "receipt").status_code == 410


def test_the_seal_holds_what_was_found_and_not_what_was_brought(data):
    from cairn import Verifier
    from cairn.testing import NOON, FixedSources

    found = Verifier(FixedSources()).examine(signed_sample(), at=NOON)

    kept = report.unseal(report.seal("a.json", found))

    assert kept.report.verdict is found.verdict
    assert [(each.check, each.outcome, each.code) for each in kept.report.findings] == [
        (each.check, each.outcome, each.code) for each in found.findings
    ]
    assert kept.report.document == {}
    assert set(kept.said) <= {"name", "issuer", "issuerName", "holder", "from", "until"}


def test_b149_a_flood_of_reports_is_slowed_down(stranger, data, settings):
    states = bring(stranger, ("a.json", data))
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "verify": {"burst": 3, "per_minute": 1}}

    answers = [ask(stranger, states, "csv").status_code for _ in range(3)]

    assert answers == [200, 200, 429]


@pytest.mark.parametrize("fields", [{"form": "exe"}, {}])
def test_another_form_is_refused(stranger, data, fields):
    states = bring(stranger, ("a.json", data))

    assert stranger.post("/verify/report", {"state": states, **fields}).status_code == 400


def test_more_than_fifty_are_refused(stranger, data):
    states = bring(stranger, ("a.json", data)) * 51

    assert ask(stranger, states, "receipt").status_code == 410


def test_without_a_key_store_there_is_no_receipt_and_the_page_says_so(stranger, data):
    from server.tests.conftest import KEK

    from cairn_server.organisations import keys

    states = bring(stranger, ("a.json", data))
    keys.install(lambda: (_ for _ in ()).throw(keys.KeyUnavailable("key-sealed", "no key")))
    try:
        assert ask(stranger, states, "receipt").status_code == 503
    finally:
        keys.install(lambda: keys.KeyStore(KEK))


def test_a_report_is_in_the_language_of_the_page_and_runs_its_way(stranger, data):
    stranger.cookies["language"] = "ar"

    made = ask(stranger, bring(stranger, ("ada.json", data)), "pdf").content

    # The strict kind: every character has a glyph.
    assert b"<pdfaid:part>3</pdfaid:part>" in made
    with pikepdf.open(io.BytesIO(made)) as pdf:
        assert pdf.Root.Lang == "ar"
        assert str(pdf.docinfo["/Title"]).startswith("تقرير تحقق")
