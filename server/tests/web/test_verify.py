# SPDX-License-Identifier: Apache-2.0
"""``/verify`` as a stranger meets it."""

from __future__ import annotations

import re
import tempfile
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from importlib.resources import files

import pytest
import time_machine
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.utils import timezone
from server.tests import nested

from cairn.checks import DEFAULT_CHECKS, issued_by
from cairn.credential import IdentityObject
from cairn.errors import UnavailableError
from cairn.testing import NOON, sample_credential, signed_sample
from cairn_server.issuing import representations, services, status_lists
from cairn_server.web import brought, verify

VERIFIED = "This is genuine, unchanged and currently valid."
LAST_WEEK = NOON - timedelta(days=7)
ALL_FORMS = ["json", "jwt", "png", "svg"]


def file_of(credential, form: str) -> bytes:
    return representations.representation(credential, form)[0]


def bring(stranger, data: bytes, name: str = "badge.json"):
    return stranger.post("/verify", {"file": SimpleUploadedFile(name, data)})


def test_every_way_to_bring_something_is_visible(stranger, db):
    page = stranger.get("/verify").content.decode()

    assert 'type="file"' in page
    assert 'name="link"' in page
    assert "<textarea" in page
    assert "Your file is deleted as soon as it is checked." in page


@pytest.mark.parametrize("form", ALL_FORMS)
def test_a_genuine_file_is_verified_and_its_content_shown(stranger, credential, form):
    response = bring(stranger, file_of(credential, form), f"badge.{form}")

    page = response.content.decode()
    assert response.status_code == 200
    assert VERIFIED in page
    assert "Ada Lovelace" in page
    assert "What we did not check" in page


@pytest.mark.parametrize("form", ["json", "jwt"])
def test_a_pasted_text_is_verified(stranger, credential, form):
    response = stranger.post("/verify", {"text": "\n " + file_of(credential, form).decode() + "\n"})

    assert VERIFIED in response.content.decode()


def test_one_changed_letter_hides_everything_that_it_claims(stranger, credential):
    data = file_of(credential, "json")
    assert data.count(b"Ada Lovelace") == 1

    page = bring(stranger, data.replace(b"Ada Lovelace", b"Eve Lovelace")).content.decode()

    assert "because its signature does not match" in page
    for claimed in ("Lovelace", "Ceramics", "Lakeside", "stoneware"):
        assert claimed not in page  # nothing of what is not verified is shown


def test_a_revoked_credential_leads_to_the_page_that_says_why(stranger, owner, credential):
    services.revoke(credential, by=owner, reason="Wrong person", at=timezone.now())

    page = bring(stranger, file_of(credential, "json")).content.decode()

    assert "because the issuer has revoked it" in page
    assert "Show the revoked credential" in page
    assert f'href="/c/{credential.public_id}"' in page
    assert "Wrong person" not in page  # the verifier knows no more than a stranger


def test_a_suspended_credential_is_told_apart_from_a_revoked_one(stranger, owner, credential):
    services.suspend(credential, by=owner, reason="Under review", at=timezone.now())

    page = bring(stranger, file_of(credential, "json")).content.decode()

    assert "because the issuer has suspended it" in page
    assert "Show the suspended credential" in page


def test_an_expired_credential_is_genuine_with_a_remark(stranger, award):
    credential = award(valid_until=timezone.now() + timedelta(days=1))
    data = file_of(credential, "json")

    with time_machine.travel(timezone.now() + timedelta(days=3)):
        status_lists.renew_status_lists(at=timezone.now())
        page = bring(stranger, data).content.decode()

    assert "This is genuine and unchanged. Please read the remarks." in page
    assert "Was valid until" in page
    assert "Ada Lovelace" in page


class Nowhere:
    def fetch(self, url, *, accept, limit):
        raise UnavailableError("unreachable", "gone")


def test_an_issuer_out_of_reach_is_no_verdict_on_the_credential(stranger, credential, settings):
    settings.SOURCES = f"{__name__}.Nowhere"

    page = bring(stranger, file_of(credential, "json")).content.decode()

    assert "We could not finish checking. This says nothing bad about the credential." in page
    assert "Ada Lovelace" not in page


@pytest.mark.parametrize("data", [b"hello", b"{", b"\x89PNG\r\n\x1a\n", b"", b"{}" * 3, b"eyJ.eyJ.x"])
def test_what_cannot_be_read_is_an_error_of_the_form_and_no_verdict(stranger, db, data):
    response = bring(stranger, data)

    assert response.status_code == 422
    assert 'role="alert"' in response.content.decode()
    assert "We could not confirm" not in response.content.decode()


def test_nothing_brought_is_said(stranger, db):
    assert "Choose a file, or paste a link or a text." in stranger.post("/verify").content.decode()


def test_b14_two_files_under_one_name_are_never_judged_as_one(stranger, credential):
    """Of two parts a program reads the last, while a person may have meant the first: each has an answer."""
    good = file_of(credential, "json")
    files = [
        SimpleUploadedFile("mine.json", good),
        SimpleUploadedFile("yours.json", good.replace(b"Ada Lovelace", b"Eve Lovelace")),
    ]

    page = stranger.post("/verify", {"file": files}).content.decode()

    assert "2 checked: 1 verified, 1 not verified." in page
    assert page.index("mine.json") < page.index("yours.json")
    assert "Eve Lovelace" not in page


@pytest.mark.parametrize("name", ["link", "text"])
def test_b15_a_field_given_twice_is_refused(stranger, db, name):
    response = stranger.post("/verify", {name: ["https://a.example", "https://b.example"]})

    assert response.status_code == 422
    assert "Give each field only once." in response.content.decode()


def test_what_was_typed_is_kept_when_something_is_wrong(stranger, db):
    assert "not-json-at-all" in stranger.post("/verify", {"text": "not-json-at-all"}).content.decode()


def test_a_file_above_the_limit_is_refused_and_never_written_to_disk(stranger, db, monkeypatch):
    def no_temporary_files(*args, **kwargs):
        raise AssertionError("the upload went to a temporary file")

    monkeypatch.setattr(tempfile, "NamedTemporaryFile", no_temporary_files)
    monkeypatch.setattr("django.core.files.uploadedfile.tempfile.NamedTemporaryFile", no_temporary_files)

    response = bring(stranger, b" " * (3 * brought.MEGABYTE))

    assert response.status_code == 422
    assert "larger than 2 MB" in response.content.decode()


def test_a_link_to_our_own_page_is_read_as_a_stranger_reads_it(stranger, credential):
    address = f"https://cairn.example/c/{credential.public_id}"

    for link in (address, credential.public_id, f"https://verifierplus.org/#verify?vc={address}"):
        assert VERIFIED in stranger.post("/verify", {"link": link}).content.decode()


@pytest.mark.parametrize(
    "link",
    [
        "http://127.0.0.1/x",
        "http://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
        "https://cairn.example/account/",
        "https://cairn.example/c/unknown",
        "not a link",
        "http://[",
        "https://[::1",
        "//[x]#?vc=https://[",
    ],
)
def test_every_address_that_is_not_for_us_gets_the_same_sentence(stranger, db, link):
    response = stranger.post("/verify", {"link": link})

    assert response.status_code == 422
    assert "We could not open this link." in response.content.decode()  # B98, B101


def no_sources():
    raise AssertionError("a GET made us fetch something")


def test_following_a_link_only_fills_the_field_in(stranger, db, settings):
    settings.SOURCES = f"{__name__}.no_sources"
    with pytest.raises(AssertionError, match="made us fetch"):
        stranger.post("/verify", {"link": "https://x.example/"})

    page = stranger.get("/verify", {"link": 'https://x.example/"><script>'}).content.decode()

    assert 'value="https://x.example/&quot;&gt;&lt;script&gt;"' in page


def test_a_stranger_gets_no_cookie_and_no_cache_keeps_the_answer(stranger, credential):
    for response in (stranger.get("/verify"), bring(stranger, file_of(credential, "json"))):
        assert not response.cookies
        assert response["Cache-Control"] == "no-store"
        assert response["Referrer-Policy"] == "no-referrer"


def test_the_result_takes_the_focus_and_is_announced(stranger, credential):
    page = bring(stranger, file_of(credential, "json")).content.decode()

    assert 'role="status"' in page
    assert '<h1 class="verdict__sentence" tabindex="-1" autofocus>' in page


def test_the_name_of_the_file_is_only_text(stranger, credential):
    page = bring(stranger, file_of(credential, "json"), "<img src=x>{{7*7}}.json").content.decode()

    assert "<img src=x>" not in page
    assert "49.json" not in page


# Many at once


def bring_many(stranger, *files: tuple[str, bytes], **fields: str):
    brought = [SimpleUploadedFile(name, data) for name, data in files]
    return stranger.post("/verify", {"file": brought, **fields})


def test_files_a_link_and_a_text_at_once_are_all_judged(stranger, credential):
    data = file_of(credential, "json")

    response = bring_many(
        stranger,
        ("a.json", data),
        ("b.png", file_of(credential, "png")),
        link=credential.public_id,
        text=file_of(credential, "jwt").decode(),
    )

    page = response.content.decode()
    assert "4 checked: 4 verified." in page
    assert page.count('<details class="result"') == 4
    assert "the text you pasted" in page


def test_a_list_of_links_is_judged_link_by_link(stranger, credential):
    address = f"https://cairn.example/c/{credential.public_id}"

    for response in (
        stranger.post("/verify", {"text": f"{address}\n\n{address}.json\n https://cairn.example/c/unknown"}),
        bring(
            stranger, f"name;link\nAda;{address}\nBo;https://cairn.example/x\nCy;{address}".encode(), "l.csv"
        ),
    ):
        page = response.content.decode()
        assert "3 checked: 2 verified, 1 could not be read." in page
        assert "We could not open this link." in page


def test_of_what_is_not_vouched_for_the_table_has_the_name_of_the_file_and_no_more(stranger, credential):
    """Screens 6: a row whose signature fails shows the file name and the verdict only."""
    changed = file_of(credential, "json").replace(b"Ada Lovelace", b"Eve Lovelace")

    page = bring_many(stranger, ("one.json", changed), ("two.json", changed)).content.decode()

    assert "2 checked: 2 not verified." in page
    for claimed in ("Lovelace", "Ceramics", "Lakeside", "stoneware"):
        assert claimed not in page


def test_what_cannot_be_read_does_not_stop_the_others(stranger, credential):
    page = bring_many(
        stranger, ("shot.png", b"not a picture"), ("badge.json", file_of(credential, "json"))
    ).content.decode()

    assert "2 checked: 1 verified, 1 could not be read." in page
    assert "Is it the original, not a screenshot?" in page
    assert "1 thing could not be read. There is no answer on it" in page


def test_fifty_are_taken_and_fifty_one_are_not(stranger, db):
    files = [(f"{number}.json", b"{}") for number in range(51)]

    too_many = bring_many(stranger, *files)
    enough = bring_many(stranger, *files[:50])

    assert too_many.status_code == 422
    assert "These are 51 things, and we check at most 50 at once." in too_many.content.decode()
    assert enough.status_code == 200
    assert "50 checked" in enough.content.decode()


def test_b149_fifty_at_once_are_counted_as_fifty(stranger, db, settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "verify": {"burst": 10, "per_minute": 1}}
    files = [(f"{number}.json", b"{}") for number in range(5)]

    answers = [bring_many(stranger, *files).status_code for _ in range(3)]

    assert answers == [200, 200, 429]


def test_slow_addresses_do_not_keep_us_for_ever(stranger, db, monkeypatch):
    clock = iter([0.0, 1.0, 1_000.0, 1_001.0])
    monkeypatch.setattr(verify, "monotonic", lambda: next(clock))

    page = bring_many(stranger, *[(f"{number}.json", b"{}") for number in range(3)]).content.decode()

    assert page.count("We ran out of time before we came to this one.") == 2 * 2  # in the table and in full


# What is asked beside the usual


def a_list_of_nobody(**choices):
    return (*DEFAULT_CHECKS, issued_by([], "the county’s list"))


def test_an_issuer_on_no_list_is_unrecognised_which_is_a_remark(stranger, credential, settings):
    settings.CHECKS = f"{__name__}.a_list_of_nobody"

    page = bring(stranger, file_of(credential, "json")).content.decode()

    assert "This is genuine and unchanged. Please read the remarks." in page
    assert "Unrecognised: did:web:cairn.example" in page
    assert "fake" not in page
    assert "a list you trust" not in page


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("nobody@people.example", "because what you typed does not match the holder"),
        ("ada@people.example", "What you typed matches the holder."),
    ],
)
def test_the_address_that_is_typed_is_compared_and_not_shown(stranger, db, typed, sentence):
    """Screens 5.2; S10."""
    sample = sample_credential(valid_from=LAST_WEEK)
    address = IdentityObject(identity_hash="ada@people.example", identity_type="emailAddress")
    theirs = replace(sample, subject=replace(sample.subject, identifiers=(address,)))
    data = signed_sample(theirs, at=LAST_WEEK)

    response = stranger.post("/verify", {"file": SimpleUploadedFile("b.json", data), "holder": typed})

    page = response.content.decode()
    assert sentence in page
    assert "@people.example" not in page


def test_what_is_typed_must_be_an_address(stranger, db):
    response = stranger.post("/verify", {"text": "{}", "holder": "Ada"})

    assert response.status_code == 422
    assert "This is not an e-mail address." in response.content.decode()


def test_an_endorsement_stands_beside_what_it_endorses_with_its_own_answer(stranger, db):
    page = stranger.post(
        "/verify", {"file": SimpleUploadedFile("b.json", nested.endorsed(at=LAST_WEEK))}
    ).content.decode()

    assert VERIFIED in page
    assert "What others say about it" in page
    assert nested.COMMENT in page
    assert "best course" not in page


def test_a_record_is_no_better_than_the_worst_inside_it(stranger, db):
    """S17."""
    for changed, sentence in ((False, VERIFIED), (True, "because a credential inside it is not verified")):
        data = nested.record(changed=changed, at=LAST_WEEK)

        page = stranger.post("/verify", {"file": SimpleUploadedFile("r.json", data)}).content.decode()

        assert sentence in page
        assert "Something else" not in page


def test_a_row_whose_own_checks_all_say_yes_says_that_it_is_what_is_inside(stranger, db):
    files = [("record.json", nested.record(at=LAST_WEEK)), ("badge.json", nested.endorsed(at=LAST_WEEK))]

    page = bring_many(stranger, *files).content.decode()

    assert "2 checked: 1 verified, 1 not verified." in page
    [why] = re.findall(r'<span class="hint why">([^<]*)', page)
    assert why == "We could not confirm this credential, because a credential inside it is not verified."


def test_the_row_of_what_was_revoked_says_that_and_no_mere_remark(stranger, owner, credential, settings):
    settings.CHECKS = f"{__name__}.a_list_of_nobody"
    services.revoke(credential, by=owner, reason="Awarded to the wrong person", at=timezone.now())

    page = bring_many(
        stranger, ("revoked.json", file_of(credential, "json")), ("badge.json", nested.endorsed(at=LAST_WEEK))
    ).content.decode()

    revoked, stranger_to_the_list = re.findall(r'<span class="hint why">([^<]*)', page)
    assert revoked == "Revoked by the issuer."
    assert stranger_to_the_list.startswith("Unrecognised: ")


# Nothing is kept


def test_nothing_that_is_brought_is_kept_anywhere(stranger, credential, tmp_path, caplog, monkeypatch):
    """No file, no row, no cached value, no log line; not of what is genuine, nor of what is not."""
    marker = "Zyzzyva-" + "7" * 20
    data = file_of(credential, "json").replace(b"Ada Lovelace", marker.encode())
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    caplog.set_level("DEBUG")

    page = bring_many(
        stranger, (f"{marker}.json", data), ("b.json", data), link=f"https://cairn.example/c/{marker}"
    ).content.decode()

    assert "3 checked" in page
    assert list((tmp_path / "temporary").iterdir()) == []
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert [file for file in files if marker.encode() in file.read_bytes()] == []
    assert marker not in caplog.text
    assert marker not in everything_in_the_database()
    assert marker not in repr(getattr(cache, "_cache", {}))


def everything_in_the_database() -> str:
    """Every value of every row of every table."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            found += cursor.fetchall()
    return repr(found)


def test_the_search_for_what_is_kept_would_find_it(credential):
    assert "Ada Lovelace" in everything_in_the_database()


# The camera


def test_only_the_form_may_ask_for_the_camera(stranger, credential):
    assert "camera=(self)" in stranger.get("/verify")["Permissions-Policy"]
    assert "camera=()" in bring(stranger, file_of(credential, "json"))["Permissions-Policy"]
    assert "camera=()" in stranger.get("/help")["Permissions-Policy"]


def test_the_vendored_decoder_is_the_one_that_its_table_names():
    folder = files("cairn_server.web") / "static/js/vendor/jsqr"
    [(name, digest)] = re.findall(
        r"^\| `(\S+)` .*\| `([0-9a-f]{64})` \|$", (folder / "README.md").read_text(), re.M
    )

    assert sha256((folder / name).read_bytes()).hexdigest() == digest


@pytest.mark.parametrize("place", ["print/fonts"])
def test_the_fonts_of_the_report_are_the_ones_that_their_table_names(place):
    folder = files("cairn_server.web") / place
    rows = re.findall(r"^\| (\S+\.ttf) .*`([0-9a-f]{64})` \|$", (folder / "README.md").read_text(), re.M)

    assert {name for name, _ in rows} == {
        each.name for each in folder.iterdir() if each.name.endswith(".ttf")
    }
    for name, digest in rows:
        assert sha256((folder / name).read_bytes()).hexdigest() == digest
