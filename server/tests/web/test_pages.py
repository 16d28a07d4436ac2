# SPDX-License-Identifier: Apache-2.0
"""Help, privacy, terms, imprint, the language, and the pages that say no."""

from __future__ import annotations

import pytest

PAGES = ["help", "privacy", "terms", "imprint"]


@pytest.fixture
def texts(data_dir):
    folder = data_dir / "pages"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("name", PAGES)
def test_each_page_has_a_text_before_the_operator_writes_one(stranger, db, name):
    page = stranger.get(f"/{name}").content.decode()

    assert len(page[page.index('<div class="prose">') :]) > 400


@pytest.mark.parametrize("name", PAGES)
def test_the_words_of_the_operator_replace_ours(stranger, db, texts, name):
    (texts / f"{name}.md").write_text("# Our house\n\nRun by **Ona**. <script>x</script>")

    page = stranger.get(f"/{name}").content.decode()

    assert "<h1>Our house</h1>" in page
    assert "<strong>Ona</strong>" in page
    assert "<script>x" not in page


def test_a_text_in_the_language_of_the_visitor_comes_first(stranger, db, texts):
    (texts / "imprint.md").write_text("English words")
    (texts / "imprint.nl.md").write_text("Nederlandse woorden")

    assert "English words" in stranger.get("/imprint").content.decode()
    dutch = stranger.get("/imprint", headers={"accept-language": "nl"})
    assert "Nederlandse woorden" in dutch.content.decode()


def test_the_operator_is_named(stranger, db, settings):
    settings.OPERATOR_NAME = "Lake County"

    assert "Lake County" in stranger.get("/imprint").content.decode()


# Language


def test_a_language_is_a_cookie_with_a_tag_and_nothing_else(stranger, db):
    response = stranger.post("/language", {"language": "ar", "next": "/verify"})

    assert (response.status_code, response["Location"]) == (303, "/verify")
    cookie = response.cookies["language"]
    assert (cookie.value, cookie["samesite"], cookie["httponly"]) == ("ar", "Lax", True)
    assert '<html lang="ar" dir="rtl">' in stranger.get("/verify").content.decode()


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "/\\evil.example", "https:evil", "https://evil.example/", "/%09//evil", "\t//e"],
)
def test_the_way_back_never_leads_elsewhere(stranger, db, target):
    location = stranger.post("/language", {"language": "nl", "next": target})["Location"]

    assert location in ("/", "/%09//evil")  # B131: a path on this host, or the front page


def test_a_language_we_do_not_have_is_not_remembered(stranger, db):
    assert not stranger.post("/language", {"language": "xx\r\nSet-Cookie: a=b", "next": "/"}).cookies


@pytest.mark.parametrize(
    ("language", "direction", "heading"),
    [
        ("ar", "rtl", "تحقّق من شهادة"),
        ("de", "ltr", "Einen Nachweis prüfen"),
        ("es", "ltr", "Comprobar una credencial"),
        ("fr", "ltr", "Vérifier une attestation"),
        ("nl", "ltr", "Een credential controleren"),
    ],
)
def test_a_page_speaks_the_language_of_the_browser(stranger, db, language, direction, heading):
    response = stranger.get("/verify", headers={"accept-language": f"{language}-XX, en;q=0.5"})

    page = response.content.decode()
    assert f'<html lang="{language}" dir="{direction}">' in page
    assert f"<h1>{heading}" in page
    assert response["Content-Language"] == language


def test_everybody_finds_their_own_language_by_its_own_name(stranger, db):
    page = stranger.get("/", headers={"accept-language": "fr"}).content.decode()

    for code, name in (("ar", "العربيّة"), ("de", "Deutsch"), ("en", "English"), ("nl", "Nederlands")):
        assert f'<option value="{code}" lang="{code}">{name}</option>' in page
    assert '<option value="fr" lang="fr" selected>Français</option>' in page


def test_the_desk_is_in_english_and_says_so_in_the_language_that_was_asked_for(signed_in, issuer):
    response = signed_in(issuer).get("/organisations/", headers={"accept-language": "ar"})

    page = response.content.decode()
    assert '<html lang="en" dir="ltr">' in page
    assert "<h1>Organisations" in page
    assert 'lang="ar" dir="rtl">هذه الصفحة متاحة بالإنجليزية فقط حتى الآن.</p>' in page
    assert '<option value="ar" lang="ar" selected>' in page
    assert response["Content-Language"] == "en"
    assert 'lang="en" dir="ltr">' in signed_in(issuer).get("/organisations/").content.decode()


def test_a_page_in_the_language_that_was_asked_for_makes_no_excuses(stranger, db):
    page = stranger.get("/verify", headers={"accept-language": "nl"}).content.decode()

    assert "alleen in het Engels" not in page


# No


def test_a_page_that_does_not_exist_says_so_in_words(stranger, db):
    response = stranger.get("/nowhere")

    assert response.status_code == 404
    assert "There is nothing here" in response.content.decode()


def test_a_mistake_of_ours_has_a_page_and_no_trace_of_it(client, db, monkeypatch):
    def broken(*args, **kwargs):
        raise RuntimeError("the secret cause")

    monkeypatch.setattr("cairn_server.web.pages.own_text", broken)
    client.raise_request_exception = False

    response = client.get("/help", headers={"host": "cairn.example"})

    assert response.status_code == 500
    assert "This is a mistake of ours" in response.content.decode()
    assert "secret cause" not in response.content.decode()
