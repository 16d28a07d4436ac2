# SPDX-License-Identifier: Apache-2.0
"""A portfolio: made by its holder, read by everybody, on a screen and on paper."""

from __future__ import annotations

import io
import json
import re

import pikepdf
import pytest
from django.utils import timezone
from PIL import Image
from server.tests.wallets.conftest import signed

from cairn_server.wallets import portfolio, sharing
from cairn_server.wallets.models import HeldCredential, Look, Portfolio, Visibility
from cairn_server.web import backpack
from cairn_server.web import portfolio as page
from cairn_server.web.brought import Thing

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(learner, signed_in):
    return signed_in(learner)


@pytest.fixture
def public(learner):
    def make(name: str = "Glazing", **more) -> HeldCredential:
        done = backpack.bring_in(Thing("file", "badge.json", signed(name, **more)), learner)
        assert done.kept is not None, done.problem
        sharing.set_visibility(done.kept.held, by=learner, to=Visibility.PUBLIC, at=timezone.now())
        return done.kept.held

    return make


@pytest.fixture
def mine(learner):
    return portfolio.begin(by=learner, handle="lena-pots", name="Lena Lund", at=timezone.now())


def test_from_a_handle_to_a_public_page(client, stranger, public):
    held = public(skills=["glaze"])
    client.post("/wallet/portfolio", {"handle": "Lena-Pots ", "name": "Lena Lund"})
    client.post("/wallet/portfolio", {"do": "place", "held": held.public_id})
    words = {"name": "Lena Lund", "headline": "Potter", "about": "I like **clay**."}
    client.post("/wallet/portfolio", {"do": "text", **words})
    assert stranger.get("/p/lena-pots").status_code == 404

    client.post("/wallet/portfolio", {"do": "publish"})

    page = stranger.get("/p/lena-pots").content.decode()
    for word in ("Lena Lund", "Potter", "<strong>clay</strong>", "Glazing", "glaze", f"/h/{held.public_id}"):
        assert word in page, word
    assert Portfolio.objects.get().is_public


def test_withdrawal_is_at_once_and_says_what_an_unknown_handle_says(client, stranger, mine, public, learner):
    portfolio.place(mine, by=learner, thing=public(), at=timezone.now())
    portfolio.publish(mine, by=learner, in_search_engines=True, at=timezone.now())
    assert stranger.get("/p/lena-pots").status_code == 200

    client.post("/wallet/portfolio", {"do": "withdraw"})

    unknown = stranger.get("/p/nobody-here")
    for path in ("", ".pdf"):
        response = stranger.get(f"/p/lena-pots{path}")
        assert (response.status_code, response.content) == (404, unknown.content)
    assert stranger.get("/p/lena-pots/card.png").status_code == 404


def test_search_engines_come_by_invitation_only(client, stranger, mine, learner):
    portfolio.publish(mine, by=learner, in_search_engines=False, at=timezone.now())
    quiet = stranger.get("/p/lena-pots")
    assert quiet["X-Robots-Tag"].startswith("noindex")
    assert 'content="noindex' in quiet.content.decode()

    client.post("/wallet/portfolio", {"do": "publish", "in_search_engines": "on"})

    found = stranger.get("/p/lena-pots")
    assert "X-Robots-Tag" not in found
    assert "noindex" not in found.content.decode()


def test_what_it_shows_comes_from_verified_documents(stranger, mine, public, learner):
    held = public(skills=["glaze"])
    portfolio.place(mine, by=learner, thing=held, at=timezone.now())
    portfolio.publish(mine, by=learner, in_search_engines=False, at=timezone.now())
    assert "Glazing" in stranger.get("/p/lena-pots").content.decode()

    HeldCredential.objects.filter(pk=held.pk).update(document=None)

    page = stranger.get("/p/lena-pots").content.decode()
    assert "Glazing" not in page
    assert "glaze" not in page


def test_b110_each_says_whom_its_signed_document_names(stranger, mine, public, learner):
    """Anybody may bring a badge that was awarded to somebody else: it keeps that name here."""
    portfolio.place(mine, by=learner, thing=public(), at=timezone.now())
    portfolio.publish(mine, by=learner, in_search_engines=False, at=timezone.now())

    page = stranger.get("/p/lena-pots").content.decode()

    assert "Zoë Núñez" in page
    assert "not something that a page can prove" in page


def test_the_printed_one_says_the_same(stranger, mine, public, learner):
    portfolio.write(mine, by=learner, name="Lena Lund", headline="Potter", about="Hello", at=timezone.now())
    for number, name in enumerate(["Glazing", "حرف ونقوش", "#let evil = $x$ \\"], start=1):
        portfolio.place(mine, by=learner, thing=public(name, number=number), at=timezone.now())
    portfolio.publish(mine, by=learner, in_search_engines=False, at=timezone.now())

    response = stranger.get("/p/lena-pots.pdf")

    assert response["Content-Type"] == "application/pdf"
    assert response["Content-Disposition"] == 'attachment; filename="portfolio-lena-pots.pdf"'
    with pikepdf.open(io.BytesIO(response.content)) as pdf:
        assert pdf.Root.MarkInfo.Marked
        assert "Lena Lund" in str(pdf.docinfo.get("/Title", "")) or "Lena Lund" in str(pdf.open_metadata())


def test_on_paper_its_words_have_no_marks(mine, learner):
    about = "I like **clay**.\n\n- one\n- <b>two</b> & more"
    portfolio.write(mine, by=learner, name="Lena", headline="", about=about, at=timezone.now())

    told = page.told(Portfolio.objects.get(), at=timezone.now())

    assert told["about"] == ["I like clay.", "• one", "• <b>two</b> & more"]


def test_b149_setting_paper_is_limited(stranger, mine, learner, settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "verify": {"burst": 1, "per_minute": 1}}
    portfolio.publish(mine, by=learner, in_search_engines=False, at=timezone.now())

    assert [stranger.get("/p/lena-pots.pdf").status_code for _ in range(2)] == [200, 429]


def test_machines_read_a_person_with_credentials(stranger, mine, public, learner):
    portfolio.place(mine, by=learner, thing=public(skills=["glaze"]), at=timezone.now())
    portfolio.publish(mine, by=learner, in_search_engines=False, at=timezone.now())
    page = stranger.get("/p/lena-pots").content.decode()

    [block] = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page)
    person = json.loads(block)["mainEntity"]

    assert (person["@type"], person["name"], person["knowsAbout"]) == ("Person", "Lena Lund", ["glaze"])
    assert person["hasCredential"][0]["name"] == "Glazing"
    assert '<meta property="og:image" content="https://cairn.example/p/lena-pots/card.png">' in page
    assert stranger.get("/oembed?url=https://cairn.example/p/lena-pots").json()["title"] == "Lena Lund"


def test_its_card_is_drawn_here(stranger, mine, learner):
    portfolio.publish(mine, by=learner, in_search_engines=False, at=timezone.now())

    response = stranger.get("/p/lena-pots/card.png")

    assert Image.open(io.BytesIO(response.content)).size == (1200, 630)


def test_b125_its_words_are_harmless(stranger, mine, learner):
    about = (
        "<script>alert(1)</script> [x](javascript:alert(1)) ![b](https://spy.example/p.png) "
        '<img src=x onerror="alert(1)">'
    )
    portfolio.write(mine, by=learner, name="<b>Lena</b>", headline="{{7*7}}", about=about, at=timezone.now())
    portfolio.publish(mine, by=learner, in_search_engines=False, at=timezone.now())

    page = stranger.get("/p/lena-pots").content.decode()

    assert "<script>alert" not in page
    assert 'href="javascript' not in page
    assert "<img src=x" not in page
    assert 'src="https://spy' not in page
    assert "<b>Lena" not in page
    assert "{{7*7}}" in page


def test_looks_are_counted_for_its_holder(client, stranger, mine, learner):
    portfolio.publish(mine, by=learner, in_search_engines=False, at=timezone.now())
    stranger.get("/p/lena-pots")
    stranger.get("/p/lena-pots.pdf")

    assert {(look.kind, look.count) for look in Look.objects.all()} == {("portfolio", 1), ("file", 1)}
    assert "Opened 2 times" in client.get("/wallet/portfolio").content.decode()


def test_the_order_is_the_holders(client, mine, public, learner):
    for number, name in enumerate("AB", start=1):
        portfolio.place(mine, by=learner, thing=public(name, number=number), at=timezone.now())
    second = mine.places.get(held__name="B")

    client.post("/wallet/portfolio", {"do": "up", "place": second.pk})
    assert [place.held.name for place in mine.places.all()] == ["B", "A"]

    client.post("/wallet/portfolio", {"do": "take-off", "place": second.pk})
    assert [place.held.name for place in mine.places.all()] == ["A"]


@pytest.mark.parametrize("handle", ["x", "admin", "Ümlaut", "lena pots"])
def test_a_handle_that_cannot_be_had_is_said_beside_its_field(client, handle):
    response = client.post("/wallet/portfolio", {"handle": handle, "name": "Lena"})

    assert (response.status_code, list(response.context["form"].errors)) == (422, ["handle"])


@pytest.mark.parametrize(
    "data",
    [
        {"do": "place", "held": "A" * 22},
        {"do": "place"},
        {"do": "up", "place": "x"},
        {"do": "take-off", "place": "²"},
    ],
)
def test_what_is_not_there_is_not_found(client, mine, data):
    assert client.post("/wallet/portfolio", data).status_code == 404


def test_a_changed_handle_leaves_nothing_behind(client, stranger, mine, learner):
    portfolio.publish(mine, by=learner, in_search_engines=False, at=timezone.now())

    client.post("/wallet/portfolio", {"do": "handle", "handle": "lena-clay"})

    assert [stranger.get(f"/p/{each}").status_code for each in ("lena-pots", "lena-clay")] == [404, 200]
