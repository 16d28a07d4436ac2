# SPDX-License-Identifier: Apache-2.0
"""``/c/<id>``: the page and the files of one credential."""

from __future__ import annotations

import re
from datetime import timedelta
from hashlib import sha256
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from cairn import unbake
from cairn.errors import UnavailableError
from cairn_server.issuing import services, status_lists
from cairn_server.web import credential as page_module
from cairn_server.web import kept

UNKNOWN = "A" * 22
BAR = "verdict__sentence"


def address(credential, ending: str = "") -> str:
    return f"/c/{credential.public_id}{ending}"


def sentence(page: str) -> str:
    return re.search(rf'class="{BAR}"[^>]*>([^<]*)<', page)[1]


def test_the_page_says_who_earned_what_from_whom(stranger, credential):
    page = stranger.get(address(credential)).content.decode()

    assert sentence(page) == "Genuine, unchanged and currently valid."
    order = ["Genuine, unchanged", "<h1>", "Ada Lovelace", "Lakeside College", "Throws and fires",
             "What was assessed", "Facts", "Skills", "How do we know?"]  # fmt: skip
    places = [page.index(each, page.index("<main")) for each in order]
    assert places == sorted(places)
    assert "<strong>six bowls</strong>" in page
    assert "EQF level 5" in page


def test_the_domain_that_vouches_stands_beside_the_issuer(stranger, credential):
    page = stranger.get(address(credential)).content.decode()

    assert re.search(r'class="domain">.*?cairn\.example</span>', page, re.DOTALL)  # B129


# States


def test_a_revoked_credential_is_collapsed_and_says_when_and_why(stranger, owner, credential):
    services.revoke(credential, by=owner, reason="Awarded in error.", at=timezone.now())

    page = stranger.get(address(credential)).content.decode()

    assert re.fullmatch(
        r"Revoked by the issuer on \d+ \w+ \d{4}\. Reason: Awarded in error\.", sentence(page)
    )
    assert "Show the revoked credential" in page
    assert page.index("<details") < page.index("Ada Lovelace")
    assert "<title>Credential" in page
    assert "og:title" not in page
    assert "Add to LinkedIn" not in page


def test_a_suspended_credential_is_collapsed_until_it_is_reinstated(stranger, owner, credential):
    services.suspend(credential, by=owner, reason="Under review", at=timezone.now())
    suspended = stranger.get(address(credential)).content.decode()
    services.reinstate(credential, by=owner, reason="All is well", at=timezone.now())
    reinstated = stranger.get(address(credential)).content.decode()

    assert "It does not count at the moment." in sentence(suspended)
    assert "Show the suspended credential" in suspended
    assert sentence(reinstated) == "Genuine, unchanged and currently valid."


def test_an_expired_credential_is_still_authentic(stranger, award):
    credential = award(valid_until=timezone.now() + timedelta(days=1))

    with time_machine.travel(timezone.now() + timedelta(days=3)):
        status_lists.renew_status_lists(at=timezone.now())
        page = stranger.get(address(credential)).content.decode()

    assert re.fullmatch(r"Was valid until .* It is still authentic\.", sentence(page))
    assert "Ada Lovelace" in page


def test_bytes_that_do_not_verify_are_not_shown_even_when_they_are_ours(stranger, credential):
    secured = credential.secured.get(format="vc+ld+json")
    altered = secured.bytes().replace(b"Ada Lovelace", b"Eve Lovelace")
    # Whoever can write the bytes can write their digest too.
    secured.secured, secured.dictionary, secured.digest = altered, None, sha256(altered).digest()
    secured.save()

    page = stranger.get(address(credential)).content.decode()

    assert "because its signature does not match" in sentence(page)
    assert "Lovelace" not in page  # the verified document or nothing


def test_what_could_not_be_checked_is_said_in_the_bar(stranger, credential, monkeypatch):
    real = page_module.import_string("cairn_server.config.sources.build")()

    class NoLists:
        def fetch(self, url, **how):
            if "/s/" in url:
                raise UnavailableError("unreachable", "gone")
            return real.fetch(url, **how)

    stranger.get(address(credential))
    monkeypatch.setattr(page_module, "import_string", lambda name: NoLists)
    stranger.post(address(credential, "/check"))

    page = stranger.get(address(credential)).content.decode()

    assert sentence(page).startswith("We could not check everything just now.")
    assert "Everything was last checked on" in page
    assert "Ada Lovelace" in page


# Unknown


@pytest.mark.parametrize("ending", ["", ".json", ".jwt", ".png", ".svg"])
def test_unknown_and_not_yet_signed_get_the_same_bytes(stranger, credential, ending):
    type(credential).objects.update(state="intent", intent={})

    hidden, unknown = stranger.get(address(credential, ending)), stranger.get(f"/c/{UNKNOWN}{ending}")

    assert hidden.status_code == unknown.status_code == 404
    clean = [each.content.decode().replace(credential.public_id, UNKNOWN) for each in (hidden, unknown)]
    assert clean[0] == clean[1]
    assert "The holder has not made this page public, or it does not exist." in clean[0]


@pytest.mark.parametrize(
    "path", ["x.css", f"{UNKNOWN}.css", f"{UNKNOWN}/x.css", f"{UNKNOWN}.json.css", "short"]
)
def test_nothing_else_below_the_path_is_an_address(stranger, db, path):
    assert stranger.get(f"/c/{path}").status_code == 404  # B151


# Forms


@pytest.mark.parametrize(
    ("accept", "answer"),
    [
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html; charset=utf-8"),
        ("*/*", "text/html; charset=utf-8"),
        ("application/vc", "application/vc"),
        ("application/vc+ld+json", "application/vc+ld+json"),
        ("application/ld+json", "application/ld+json"),
        ("application/json", "application/json"),
        ("application/json, text/plain, */*", "application/json"),
        ("application/vc+jwt", "application/vc+jwt"),
        ("image/png", "image/png"),
        ("image/svg+xml", "image/svg+xml"),
        ("image/avif,image/webp,image/*,*/*;q=0.8", "image/png"),
        ("application/vc;q=0.5, application/vc+jwt", "application/vc+jwt"),
    ],
)
def test_one_address_answers_in_the_form_that_is_asked_for(stranger, credential, accept, answer):
    response = stranger.get(address(credential), headers={"accept": accept})

    assert response["Content-Type"] == answer
    assert "Accept" in response["Vary"]


def test_every_file_holds_the_very_bytes_that_were_signed(stranger, credential):
    signed = bytes(credential.secured.get(format="vc+ld+json").secured)
    token = bytes(credential.secured.get(format="vc+jwt").secured)

    assert stranger.get(address(credential, ".json")).content == signed
    assert stranger.get(address(credential, ".jwt")).content == token
    assert unbake(stranger.get(address(credential, ".png")).content) == signed
    assert unbake(stranger.get(address(credential, ".svg")).content) == signed


@pytest.mark.parametrize("ending", [".json", ".jwt", ".png", ".svg"])
def test_a_file_is_readable_across_origins_saved_and_never_sniffed(stranger, credential, ending):
    response = stranger.get(address(credential, ending))

    assert response["Access-Control-Allow-Origin"] == "*"
    assert response["Content-Disposition"].startswith("attachment;")  # B109
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Cache-Control"].startswith("public")
    assert not response.cookies
    again = stranger.get(address(credential, ending), headers={"if-none-match": response["ETag"]})
    assert again.status_code == 304


def test_head_has_the_headers_and_no_body(stranger, credential):
    for ending in ("", ".json"):
        head = stranger.head(address(credential, ending))
        assert head.status_code == 200
        assert head.content == b""


def test_a_credential_is_read_and_never_written_to(stranger, credential):
    """B142: and says so, rather than that a form was open for too long."""
    browser = Client(headers={"host": "cairn.example"}, enforce_csrf_checks=True)
    for path in (address(credential), address(credential, ".json"), "/", "/help", "/robots.txt", "/healthz"):
        for method in (stranger.post, browser.post, browser.put, browser.delete):
            assert method(path).status_code == 405, path


def test_a_form_for_machines_has_no_language(stranger, credential):
    """A cache would keep one copy for each browser, of bytes that are signed and the same for all."""
    ours, version = credential.organisation, credential.version
    paths = [address(credential, f".{suffix}") for suffix in ("json", "jwt", "png", "svg")]
    paths += [f"/a/{version.public_id}.json", f"/i/{ours.public_id}.json", f"/i/{ours.public_id}/did.json"]
    paths += [f"/s/{credential.status_list.public_id}{ending}" for ending in ("", "/suspension")]
    for path in paths:
        for asked in ({}, {"if-none-match": stranger.get(path)["ETag"]}):
            response = stranger.get(path, headers={"accept-language": "de", **asked})
            assert response.status_code == (304 if asked else 200), path
            assert "Content-Language" not in response, path
            assert "Accept-Language" not in response.get("Vary", ""), path
    page = stranger.get(address(credential))
    assert page["Content-Language"] == "en"
    assert "Accept-Language" in page["Vary"]


def test_a_browser_may_ask_before_it_reads(stranger, credential):
    response = stranger.options(address(credential))

    assert response.status_code == 204
    assert "GET" in response["Access-Control-Allow-Methods"]


def test_an_svg_opened_on_its_own_can_only_draw(stranger, credential):
    """B109 B112: under both of its addresses, and when a cache is told to go on with what it has."""
    first = stranger.get(address(credential, ".svg"))
    again = stranger.get(address(credential, ".svg"), headers={"if-none-match": first["ETag"]})
    negotiated = stranger.get(address(credential), headers={"accept": "image/svg+xml"})

    assert [first.status_code, again.status_code, negotiated.status_code] == [200, 304, 200]
    for response in (first, again, negotiated):
        assert "default-src 'none'" in response["Content-Security-Policy"]
        assert "sandbox" in response["Content-Security-Policy"]


# Privacy


def test_the_page_is_kept_out_of_search_engines_caches_and_referrers(stranger, credential):
    response = stranger.get(address(credential))

    assert "noindex" in response["X-Robots-Tag"]
    assert response["Referrer-Policy"] == "no-referrer"
    assert response["Cache-Control"] == "no-store"
    assert not response.cookies


def test_the_page_is_the_same_for_everybody(stranger, signed_in, owner, credential):
    mine = signed_in(owner).get(address(credential), headers={"accept": "text/html"})

    assert mine.content == stranger.get(address(credential)).content  # B151
    assert b"Sign out" not in mine.content


def test_no_name_of_a_person_is_in_the_title_or_the_preview(stranger, credential):
    page = stranger.get(address(credential)).content.decode()
    head = page[: page.index("</head>")]

    assert "Ada" not in head
    assert "Ceramics: first firing" in head


def test_linkedin_gets_its_form_filled_in_without_the_holder(stranger, credential, organisation):
    type(organisation).objects.update(linkedin_id="1337")

    page = stranger.get(address(credential)).content.decode()

    link = re.search(r'href="(https://www\.linkedin\.com/[^"]*)"', page)[1].replace("&amp;", "&")
    fields = {name: values[0] for name, values in parse_qs(urlsplit(link).query).items()}
    awarded = credential.awarded_at
    assert fields == {
        "startTask": "CERTIFICATION_NAME",
        "name": "Ceramics: first firing",
        "organizationId": "1337",
        "issueYear": str(awarded.year),
        "issueMonth": str(awarded.month),
        "certUrl": f"https://cairn.example{address(credential)}",
        "certId": credential.public_id,
    }


def test_names_of_strangers_are_text(stranger, award):
    credential = award("<b>Bo</b> {{7*7}} {% now 'Y' %}")

    page = stranger.get(address(credential)).content.decode()

    assert "&lt;b&gt;Bo&lt;/b&gt; {{7*7}}" in page  # B127


# How long a verdict is kept


@pytest.fixture
def judgements(monkeypatch) -> list[str]:
    """Counts how often a page is judged."""
    made: list[str] = []
    judge = page_module.Verifier.examine

    def counted(self, data, *, at):
        made.append("judged")
        return judge(self, data, at=at)

    monkeypatch.setattr(page_module.Verifier, "examine", counted)
    return made


def test_a_verdict_is_kept_for_a_minute(stranger, credential, judgements):
    now = timezone.now()
    for seconds, expected in ((0, 1), (1, 1), (59, 1), (60, 2), (61, 2)):
        with time_machine.travel(now + timedelta(seconds=seconds), tick=False):
            stranger.get(address(credential))
        assert len(judgements) == expected, seconds


def test_check_again_judges_at_once_and_comes_back(stranger, credential, judgements):
    stranger.get(address(credential))

    response = stranger.post(address(credential, "/check"))

    assert len(judgements) == 2
    assert (response.status_code, response["Location"]) == (303, address(credential))
    assert f'name="next" value="{address(credential)}"' in stranger.get(address(credential)).content.decode()
    assert len(judgements) == 2


def test_only_a_post_makes_us_check_again(stranger, credential):
    assert stranger.get(address(credential, "/check")).status_code == 405
    assert stranger.post(f"/c/{UNKNOWN}/check").status_code == 404


CHANGES = {
    "bytes": lambda it: it.secured.filter(format="vc+ld+json").update(sha256="0" * 64),
    "status list": lambda it: type(it.status_list).objects.update(
        version=it.status_list.version + 1, published=it.status_list.version + 1
    ),
    "keys": lambda it: it.organisation.signing_keys.update(state="retired", retired_at=timezone.now()),
    "standing": lambda it: type(it).objects.update(
        standing="revoked", standing_reason="x", standing_at=timezone.now()
    ),
    "issuer": lambda it: type(it.organisation).objects.update(name="Renamed"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_verdict_is_judged_anew_when_anything_it_rests_on_has_changed(
    stranger, credential, judgements, what
):
    stranger.get(address(credential))

    CHANGES[what](credential)
    stranger.get(address(credential))

    assert len(judgements) == 2


def test_a_verdict_is_not_kept_across_a_date_that_it_names(stranger, award, judgements):
    now = timezone.now()
    credential = award(valid_until=now + timedelta(seconds=30))
    judgements.clear()  # the award was judged too, before it left the house

    for seconds in (0, 29, 31):
        with time_machine.travel(now + timedelta(seconds=seconds), tick=False):
            stranger.get(address(credential))

    assert len(judgements) == 2


def test_a_page_is_kept_for_each_language(stranger, credential, judgements):
    stranger.get(address(credential))
    dutch = stranger.get(address(credential), headers={"accept-language": "nl"})

    assert 'lang="nl"' in dutch.content.decode()
    assert len(judgements) == 2


def test_a_clock_that_went_backwards_trusts_nothing_it_kept():
    at = timezone.now()
    page = kept.Kept("", at, None, ())

    assert page.holds((), at=at)
    assert not page.holds((), at=at - timedelta(seconds=1))
