# SPDX-License-Identifier: Apache-2.0
"""What others get to see: by a secret link, at a public page, and nothing the moment it is taken back."""

from __future__ import annotations

import io
import json
import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.utils import timezone
from PIL import Image
from server.tests.wallets.conftest import signed

from cairn_server.config import counting
from cairn_server.issuing import claiming, representations
from cairn_server.issuing import services as issuing
from cairn_server.wallets import collections, looks, portfolio, sharing
from cairn_server.wallets.models import HeldCredential, Look, SecretLink, Visibility
from cairn_server.web import backpack, sharing_aids

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(learner, signed_in):
    return signed_in(learner)


@pytest.fixture
def keep(learner):
    """Bring a badge as the page does."""
    from cairn_server.web.brought import Thing

    def make(name: str = "Glazing", **more) -> HeldCredential:
        done = backpack.bring_in(Thing("file", "badge.json", signed(name, **more)), learner)
        assert done.kept is not None, done.problem
        return done.kept.held

    return make


@pytest.fixture
def held(keep):
    return keep(skills=["glaze"])


@pytest.fixture
def own(learner, owner, version):
    """An award of ours in Lena's wallet."""
    award = issuing.award(
        by=owner,
        version=version,
        recipient=issuing.Recipient("Lena", learner.email),
        request_key="own",
        at=timezone.now(),
    )
    claiming.accept_waiting(learner, at=timezone.now())
    return award, HeldCredential.objects.get(credential_id=award.address("https://cairn.example"))


def public(held, learner):
    sharing.set_visibility(held, by=learner, to=Visibility.PUBLIC, at=timezone.now())
    return f"/h/{held.public_id}"


def new_link(client, held, **fields) -> str:
    page = client.post(f"/wallet/held/{held.public_id}/share", {"do": "link", **fields})
    assert page.status_code == 200, page.context["link"].errors
    return urlsplit(page.context["new_link"]).path


# Secret links


def test_a_link_shows_the_credential_and_nothing_else(client, stranger, held, keep, learner):
    keep("Another one", number=2)
    link = new_link(client, held, name="for Acme")

    response = stranger.get(link)
    page = response.content.decode()

    assert response.status_code == 200
    assert "Glazing" in page
    for secret in ("Another one", "Acme", learner.email, learner.name, held.note or "…", "/h/", "/p/"):
        assert secret not in page, secret
    assert stranger.get(f"{link}/{held.public_id}").content == bytes(held.secured)


def test_b145_what_a_link_answers_goes_nowhere_else(client, stranger, held):
    for path in ("", f"/{held.public_id}"):
        response = stranger.get(new_link(client, held) + path)

        assert response["Cache-Control"] == "no-store"
        assert response["X-Robots-Tag"].startswith("noindex")
        assert response["Referrer-Policy"] == "no-referrer"
        assert not response.cookies


def test_the_holders_page_has_an_origin_for_its_forms(client, held):
    """Without a referrer a browser sends "Origin: null", which no form's check believes."""
    page = client.get(f"/wallet/held/{held.public_id}/share")

    assert page["Referrer-Policy"] == "same-origin"
    assert 'name="referrer"' not in page.content.decode()


def test_a_new_link_is_told_once(client, held):
    link = new_link(client, held)

    assert link.rpartition("/")[2] not in client.get(f"/wallet/held/{held.public_id}/share").content.decode()


@pytest.mark.parametrize("end", ["button", "private", "day", "delete", "withdrawn"])
def test_b145_withdrawal_is_at_once_and_says_what_any_unknown_link_says(client, stranger, held, learner, end):
    link = new_link(client, held)
    assert stranger.get(link).status_code == 200
    share = f"/wallet/held/{held.public_id}/share"

    match end:
        case "button":
            client.post(share, {"do": "end-link", "link": SecretLink.objects.get().public_id})
        case "private":
            client.post(share, {"do": "visibility", "to": "private"})
        case "day":
            before = timezone.now() - timedelta(days=2)
            SecretLink.objects.update(created_at=before, expires_at=before + timedelta(days=1))
        case "delete":
            client.post(f"/wallet/held/{held.public_id}", {"do": "let-go", "sure": "on"})
        case "withdrawn":
            HeldCredential.objects.update(standing="revoked")

    gone, never = stranger.get(link), stranger.get("/l/" + "A" * 22)
    assert (gone.status_code, gone.content) == (404, never.content)
    assert stranger.get(f"{link}/{held.public_id}").content == never.content


def test_a_link_opens_no_file_but_its_own(client, stranger, held, keep):
    other = keep("Another", number=2)

    assert stranger.get(f"{new_link(client, held)}/{other.public_id}").status_code == 404


def test_a_collection_is_shown_in_its_order(client, stranger, learner, held, keep):
    work = collections.make(by=learner, name="For Acme", description="Three of mine", at=timezone.now())
    collections.put(work, by=learner, held=[keep("Second", number=2), held], at=timezone.now())
    page = client.post(f"/wallet/collections/{work.public_id}/share", {"do": "link"})

    shown = stranger.get(urlsplit(page.context["new_link"]).path).content.decode()

    assert shown.index("For Acme") < shown.index("Second") < shown.index("Glazing")


@pytest.mark.parametrize("expires", ["2001-01-01", "2200-01-01", "tomorrow"])
def test_a_day_that_cannot_be_is_refused_in_words(client, held, expires):
    response = client.post(f"/wallet/held/{held.public_id}/share", {"do": "link", "expires": expires})

    assert (response.status_code, bool(response.context["link"].errors)) == (422, True)
    assert not SecretLink.objects.exists()


def test_its_holder_reads_how_often_and_nobody_is_followed(client, stranger, held):
    link = new_link(client, held, name="Acme")
    for _ in range(3):
        stranger.get(link)
    stranger.get(f"{link}/{held.public_id}")

    page = client.get("/wallet/looks").content.decode()

    assert {(look.kind, look.count) for look in Look.objects.all()} == {("link", 3), ("file", 1)}
    assert "Glazing · Acme" in page
    assert "127.0.0.1" not in str(list(Look.objects.values()))


# The public page


def test_what_is_private_has_no_public_page(stranger, held):
    nowhere = stranger.get("/h/" + "A" * 22)

    response = stranger.get(f"/h/{held.public_id}")

    assert (response.status_code, response.content) == (404, nowhere.content)


def test_everybody_sees_what_its_holder_publishes_until_they_take_it_back(client, stranger, held):
    share = f"/wallet/held/{held.public_id}/share"
    client.post(share, {"do": "visibility", "to": "public"})
    page = stranger.get(f"/h/{held.public_id}")
    assert (page.status_code, page["Cache-Control"]) == (200, "no-store")
    assert "Glazing" in page.content.decode()

    client.post(share, {"do": "visibility", "to": "link"})

    for path in ("", "/file", "/card.png"):
        assert stranger.get(f"/h/{held.public_id}{path}").status_code == 404


def test_what_is_published_is_judged_again_first(client, held):
    HeldCredential.objects.update(verdict="", checked_at=None, report={})

    client.post(f"/wallet/held/{held.public_id}/share", {"do": "visibility", "to": "public"})

    held.refresh_from_db()
    assert (held.verdict, held.visibility) == ("verified", "public")


def test_what_its_issuer_withdraws_is_gone_from_every_page_at_once(stranger, own, owner, learner):
    award, held = own
    address = public(held, learner)
    mine = portfolio.begin(by=learner, handle="lena-pots", name="Lena", at=timezone.now())
    portfolio.place(mine, by=learner, thing=held, at=timezone.now())
    portfolio.publish(mine, by=learner, in_search_engines=False, at=timezone.now())
    assert stranger.get(address).status_code == 200

    issuing.revoke(award, by=owner, reason="In error", at=timezone.now())

    assert stranger.get(address).status_code == 404
    assert stranger.get(f"{address}/card.png").status_code == 404
    assert award.version.name not in stranger.get("/p/lena-pots").content.decode()


def test_b140_looking_at_a_public_page_needs_no_cookie_and_takes_no_post(stranger, held, learner):
    address = public(held, learner)

    assert not stranger.get(address).cookies
    assert stranger.post(address).status_code == 405


# The page at its own address


def test_the_holder_closes_the_page_at_the_credentials_own_address(client, stranger, own):
    award, held = own
    page = f"/c/{award.public_id}"
    paths = [page, f"{page}.json", f"{page}.png", f"{page}/newest", f"{page}?at=2020-01-01"]
    assert {stranger.get(path).status_code for path in paths} == {200}
    unknown = stranger.get("/c/" + "A" * 22)

    client.post(f"/wallet/held/{held.public_id}/share", {"do": "close-page"})

    for path in paths:
        response = stranger.get(path)
        assert (response.status_code, response.content) == (404, unknown.content), path
    assert stranger.post(f"{page}/check").status_code == 404
    # Its holder still has it, and so has its issuer.
    assert client.get(f"/wallet/held/{held.public_id}").status_code == 200

    client.post(f"/wallet/held/{held.public_id}/share", {"do": "reopen-page"})
    assert stranger.get(page).status_code == 200


# To other places


def test_linkedin_gets_the_right_fields_and_no_name(own, learner, organisation):
    award, held = own
    HeldCredential.objects.filter(pk=held.pk).update(ends_at=timezone.now() + timedelta(days=400))
    held.refresh_from_db()
    organisation.linkedin_id = "12345"
    organisation.save(update_fields=["linkedin_id"])

    address = urlsplit(sharing_aids.linkedin(held))
    fields = {name: value for name, [value] in parse_qs(address.query).items()}

    assert f"{address.scheme}://{address.netloc}{address.path}" == "https://www.linkedin.com/profile/add"
    assert fields == {
        "startTask": "CERTIFICATION_NAME",
        "name": "Ceramics: first firing",
        "organizationId": "12345",
        "issueYear": str(held.awarded_at.year),
        "issueMonth": str(held.awarded_at.month),
        "expirationYear": str(held.ends_at.year),
        "expirationMonth": str(held.ends_at.month),
        "certUrl": f"https://cairn.example/c/{award.public_id}",
        "certId": award.public_id,
    }


def test_linkedin_is_led_to_a_page_that_is_there(own, learner, held):
    _award, mine = own
    sharing.close_address(mine, by=learner, at=timezone.now())

    for each in (mine, held):
        fields = parse_qs(urlsplit(sharing_aids.linkedin(each)).query)
        assert fields["certUrl"] == [f"https://cairn.example/h/{each.public_id}"]
    assert fields["organizationName"] == [held.issuer_name]


def test_the_card_is_a_picture_of_the_right_size_and_soon_asked_for_again(stranger, own, held, learner):
    for each in (own[1], held):
        response = stranger.get(f"{public(each, learner)}/card.png")

        assert Image.open(io.BytesIO(response.content)).size == (1200, 630)
        assert response["Cache-Control"] == "public, max-age=60"
        assert response["Content-Type"] == "image/png"


@pytest.mark.parametrize(
    "name", ["حرف ونقوش", "陶芸の基礎", "x" * 3_000, "Zalgo " + "e\u0301\u0322" * 80, "#let x = 1 \\ $a$ @b"]
)
def test_b134_b122_any_name_fits_the_card(stranger, keep, learner, name):
    response = stranger.get(f"{public(keep(name), learner)}/card.png")

    assert Image.open(io.BytesIO(response.content)).size == (1200, 630)


def test_what_is_copied_is_escaped(keep, learner):
    held = keep('"><script>alert(1)</script>', issuer="<b>Issuer</b>")
    public(held, learner)

    aids = sharing_aids.of_credential(held)

    for name in ("embed", "signature"):
        assert "<script" not in aids[name]
        assert "<b>" not in aids[name]


def test_what_is_copied_stands_on_the_page_as_text(client, held, learner):
    """Copied is what is read there: as an element it would be a picture, and nothing to copy."""
    public(held, learner)

    page = client.get(f"/wallet/held/{held.public_id}/share").content.decode()

    assert f"&lt;a href=&quot;https://cairn.example/h/{held.public_id}&quot;" in page
    assert "<p style" not in page
    assert 'card.png" width' not in page


def test_b133_the_data_block_cannot_be_left(stranger, keep, learner):
    held = keep("</script><script>alert(1)</script>\u2028")
    page = stranger.get(public(held, learner)).content.decode()

    [block] = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page)
    told = json.loads(block)

    assert "<script>alert" not in page
    assert told["@type"] == "EducationalOccupationalCredential"
    assert told["name"] == held.name


def test_oembed_answers_for_public_pages_alone(stranger, held, learner):
    path = public(held, learner)
    page = stranger.get(path).content.decode()
    [found] = re.findall(r'<link rel="alternate" type="application/json\+oembed" href="([^"]+)"', page)
    parts = urlsplit(found.replace("&amp;", "&"))

    told = stranger.get(f"{parts.path}?{parts.query}").json()
    small = stranger.get(f"/oembed?url=https://cairn.example{path}&maxwidth=300").json()

    assert (told["version"], told["type"], told["title"]) == ("1.0", "rich", "Glazing")
    assert f'href="https://cairn.example{path}"' in told["html"]
    assert (small["width"], small["height"]) == (300, 158)
    sharing.set_visibility(held, by=learner, to=Visibility.PRIVATE, at=timezone.now())
    assert stranger.get(f"{parts.path}?{parts.query}").status_code == 404


@pytest.mark.parametrize(
    "url",
    ["", "https://elsewhere.example/h/" + "A" * 22, "https://cairn.example/wallet", "https://cairn.example.evil/",
     "https://cairn.example/p/nobody", "javascript:alert(1)", "http://[", "https://cairn.example/h/x?y#z"],
)  # fmt: skip
def test_oembed_knows_nothing_of_other_addresses(stranger, url):
    assert stranger.get("/oembed", {"url": url}).status_code == 404


def test_oembed_speaks_json(stranger):
    assert stranger.get("/oembed", {"url": "https://cairn.example/", "format": "xml"}).status_code == 501


def test_a_file_of_ours_is_what_it_is_at_its_own_page(stranger, own, learner):
    award, held = own

    assert (
        stranger.get(f"{public(held, learner)}/file").content
        == representations.representation(award, "json")[0]
    )


def test_its_holder_reads_who_was_shown_it_and_of_strangers_only_that_they_looked(client, stranger, own):
    award, held = own
    looks.flush(at=timezone.now())  # what earlier tests of this process have left
    address = f"/c/{award.public_id}"
    stranger.get(address, REMOTE_ADDR="203.0.113.9", headers={"user-agent": "Spy/1.0"})
    stranger.get(f"{address}.json")
    counting.count_check(f"https://cairn.example{address}", at=timezone.now())
    looks.note_shown(held.person, [held.public_id], who="Kiln & Co.", at=timezone.now())

    looks.flush(at=timezone.now())

    log = client.get("/wallet/looks").content.decode()
    share = client.get(f"/wallet/held/{held.public_id}/share").content.decode()
    for page in (log, share):
        assert "Shown by you: <bdi>Kiln &amp; Co.</bdi>" in page
        assert all(way in page for way in ("Its own page", "Checked for genuineness", "Download"))
    assert "Kept for 731 days, then deleted." in log
    kept = str(list(Look.objects.values()))
    assert "203.0.113.9" not in kept
    assert "Spy" not in kept
