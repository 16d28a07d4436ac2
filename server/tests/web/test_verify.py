# SPDX-License-Identifier: Apache-2.0
"""``/verify`` as a stranger meets it."""

from __future__ import annotations

import tempfile
from datetime import timedelta

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.files.uploadhandler import StopUpload
from django.utils import timezone

from cairn.errors import UnavailableError
from cairn_server.issuing import representations, services, status_lists
from cairn_server.web import verify

VERIFIED = "This is genuine, unchanged and currently valid."
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
    assert f'href="/c/{credential.public_id}"' in page
    assert "Wrong person" not in page  # the verifier knows no more than a stranger


def test_a_suspended_credential_is_told_apart_from_a_revoked_one(stranger, owner, credential):
    services.suspend(credential, by=owner, reason="Under review", at=timezone.now())

    page = bring(stranger, file_of(credential, "json")).content.decode()

    assert "because the issuer has suspended it" in page


def test_an_expired_credential_is_genuine_with_a_remark(stranger, award):
    credential = award(valid_until=timezone.now() + timedelta(days=1))
    data = file_of(credential, "json")

    with time_machine.travel(timezone.now() + timedelta(days=3)):
        status_lists.renew_status_lists(at=timezone.now())
        page = bring(stranger, data).content.decode()

    assert "This is genuine and unchanged. Please read the remarks." in page
    assert "Was valid until" in page
    assert "Ada Lovelace" in page


def test_an_issuer_out_of_reach_is_no_verdict_on_the_credential(stranger, credential, monkeypatch, settings):
    class Nowhere:
        def fetch(self, url, *, accept, limit):
            raise UnavailableError("unreachable", "gone")

    monkeypatch.setattr(verify, "import_string", lambda name: Nowhere)

    page = bring(stranger, file_of(credential, "json")).content.decode()

    assert "We could not finish checking. This says nothing bad about the credential." in page
    assert "Ada Lovelace" not in page


@pytest.mark.parametrize("data", [b"hello", b"{", b"\x89PNG\r\n\x1a\n", b"", b"{}" * 3, b"eyJ.eyJ.x"])
def test_what_cannot_be_read_is_an_error_of_the_form_and_no_verdict(stranger, db, data):
    response = bring(stranger, data)

    assert response.status_code == 422
    assert 'role="alert"' in response.content.decode()
    assert "We could not confirm" not in response.content.decode()


def test_nothing_brought_and_too_much_brought_are_both_said(stranger, db):
    assert "Choose a file, or paste a link or a text." in stranger.post("/verify").content.decode()
    both = stranger.post("/verify", {"text": "{}", "link": "https://x.example"}).content.decode()
    assert "Give one thing at a time" in both


def test_two_files_under_one_name_are_never_judged_as_one(stranger, credential):
    """B14: of two parts a program reads the last, while a person may have meant the first."""
    files = [SimpleUploadedFile(name, file_of(credential, "json")) for name in ("mine.json", "yours.json")]

    response = stranger.post("/verify", {"file": files})

    assert response.status_code == 422
    assert "Give one thing at a time" in response.content.decode()


def test_what_was_typed_is_kept_when_something_is_wrong(stranger, db):
    assert "not-json-at-all" in stranger.post("/verify", {"text": "not-json-at-all"}).content.decode()


def test_a_file_above_the_limit_is_refused_and_never_written_to_disk(stranger, db, monkeypatch):
    def no_temporary_files(*args, **kwargs):
        raise AssertionError("the upload went to a temporary file")

    monkeypatch.setattr(tempfile, "NamedTemporaryFile", no_temporary_files)
    monkeypatch.setattr("django.core.files.uploadedfile.tempfile.NamedTemporaryFile", no_temporary_files)

    response = bring(stranger, b" " * (3 * verify.MEGABYTE))

    assert response.status_code == 422
    assert "larger than 2 MB" in response.content.decode()


def test_an_upload_is_kept_up_to_the_limit_and_then_only_counted():
    handler = verify.InMemory()
    handler.new_file("file", "x.json", "application/json", None)
    chunk = b"x" * handler.chunk_size
    for start in range(0, 3 * verify.LARGEST_FILE, handler.chunk_size):
        handler.receive_data_chunk(chunk, start)

    assert sum(map(len, handler.chunks)) <= verify.LARGEST_FILE + handler.chunk_size
    assert handler.file_complete(0).size >= 3 * verify.LARGEST_FILE
    handler.received = 8 * verify.LARGEST_FILE
    with pytest.raises(StopUpload):
        handler.receive_data_chunk(chunk, 0)


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


def test_following_a_link_only_fills_the_field_in(stranger, db, monkeypatch):
    def no_sources(name):
        raise AssertionError("a GET made us fetch something")

    monkeypatch.setattr(verify, "import_string", no_sources)

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
