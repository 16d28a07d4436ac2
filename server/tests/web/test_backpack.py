# SPDX-License-Identifier: Apache-2.0
"""The wallet as its holder sees it: what is new, what was brought, and finding it again."""

from __future__ import annotations

import io
import json
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image
from server.tests.conftest import MONDAY
from server.tests.wallets.conftest import signed

import cairn
from cairn_server.issuing import representations
from cairn_server.issuing import services as issuing
from cairn_server.wallets import collections, portfolio, services, sharing
from cairn_server.wallets.models import Collection, HeldCredential

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(learner, signed_in):
    return signed_in(learner)


def bring(client, *files: tuple[str, bytes], **fields: str):
    uploaded = [SimpleUploadedFile(name, content) for name, content in files]
    return client.post("/wallet/bring", {**fields, "file": uploaded})


def test_what_was_awarded_waits_until_it_is_accepted(learner, version, owner, client):
    award = issuing.award(
        by=owner,
        version=version,
        recipient=issuing.Recipient("Lena", learner.email),
        request_key="a",
        at=MONDAY,
    )
    before = client.get("/wallet")
    assert [each.pk for each in before.context["waiting"]] == [award.pk]
    assert not HeldCredential.objects.exists()  # B140: looking takes nothing

    client.post("/wallet/accept")

    after = client.get("/wallet")
    [held] = after.context["page"]
    assert (after.context["waiting_count"], held.source, held.name) == (0, "here", version.name)
    assert held.credential_id == award.address("https://cairn.example")


def test_several_files_a_link_and_a_text_at_once(client, settings):
    """Each is judged by itself; what is not kept says why."""
    picture = io.BytesIO()
    Image.new("RGB", (16, 16)).save(picture, "PNG")
    baked = cairn.bake(picture.getvalue(), signed("Baked", number=2))
    altered = signed("Real", number=3).replace(b"Real", b"Fake")

    response = bring(
        client,
        ("one.json", signed("One", number=1)),
        ("two.png", baked),
        ("three.json", altered),
        ("four.txt", b"not a badge"),
        text=signed("Token", number=4, form="jwt").decode(),
    )

    said = {each.given: each.said for each in response.context["results"]}
    assert said["one.json"] == said["two.png"] == said["the text you pasted"] == "Kept."
    assert "could not confirm" in said["three.json"]
    assert said["four.txt"].startswith("We could not read this.")
    assert {(each.name, each.arrival, each.came_from) for each in HeldCredential.objects.all()} == {
        ("One", "file", "one.json"),
        ("Baked", "file", "two.png"),
        ("Token", "text", ""),
    }
    # The credential is kept and not the picture around it, so the same one as a file is the same one.
    assert bring(client, ("again.json", signed("Baked", number=2))).status_code == 302
    assert HeldCredential.objects.count() == 3


def test_nothing_is_repeated_of_what_is_not_vouched_for(client):
    """Never the name, the issuer or a date of a credential whose signature fails."""
    altered = signed("Royal Diploma").replace(b"Royal", b"Regal")

    page = bring(client, ("x.json", altered)).content.decode()

    assert "Regal" not in page
    assert not HeldCredential.objects.exists()


def test_a_link_to_a_credential_of_ours_is_brought_by_the_same_road(client, credential, settings):
    link = f"https://cairn.example/c/{credential.public_id}"

    response = bring(client, link=link)

    held = HeldCredential.objects.get()
    assert (response.status_code, held.arrival, held.came_from, held.source) == (
        302,
        "link",
        link,
        "imported",
    )
    assert bytes(held.secured) == representations.representation(credential, "json")[0]


def test_b101_a_link_that_cannot_be_opened_says_one_thing(client, settings):
    for link in ("http://127.0.0.1:22/", "https://10.0.0.1/x", "https://nowhere.invalid/x"):
        page = bring(client, link=link)

        assert (page.status_code, page.context["results"][0].said) == (422, "We could not open this link.")


@pytest.mark.parametrize("fields", [{}, {"link": "x" * 2_001}])
def test_nothing_to_bring_is_an_error_of_the_form(client, fields):
    response = client.post("/wallet/bring", fields)

    assert (response.status_code, bool(response.context["form"].errors)) == (422, True)


def test_b149_bringing_is_limited(client, settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "verify": {"burst": 2, "per_minute": 1}}
    bring(client, ("a.json", b"x"), ("b.json", b"x"))

    assert bring(client, ("c.json", b"x")).status_code == 429


def test_b140_bringing_asks_for_the_forms_token(learner, signed_in):
    client = signed_in(learner)
    client.handler.enforce_csrf_checks = True

    assert bring(client, ("a.json", signed())).status_code == 403
    assert not HeldCredential.objects.exists()


# One credential


@pytest.fixture
def held(client):
    bring(client, ("badge.json", signed("Glazing", skills=["glaze"])))
    return HeldCredential.objects.get()


def test_its_page_shows_the_signed_words_and_where_they_came_from(client, held):
    page = client.get(f"/wallet/held/{held.public_id}").content.decode()

    assert all(word in page for word in ("Glazing", "glaze", "badge.json", "A file you chose", held.sha256))


def test_it_is_downloaded_as_it_came(client, held):
    response = client.get(f"/wallet/held/{held.public_id}/file")

    assert response.content == bytes(held.secured)
    assert response["Content-Disposition"] == f'attachment; filename="credential-{held.sha256[:8]}.json"'
    assert response["Cache-Control"] == "no-store"


def test_it_is_checked_again_on_demand(client, held):
    HeldCredential.objects.update(verdict="", checked_at=None, report={})

    response = client.post(f"/wallet/held/{held.public_id}", {"do": "check"}, follow=True)

    held.refresh_from_db()
    assert held.verdict == "verified"
    assert held.checked_at is not None
    assert "This is genuine, unchanged and currently valid." in response.content.decode()


def test_a_note_a_collection_and_letting_go(client, held, learner):
    here = f"/wallet/held/{held.public_id}"
    client.post(here, {"do": "note", "note": "For Acme"})
    client.post(here, {"do": "collect", "new": "Work"})
    work = Collection.objects.get()
    assert "For Acme" in client.get(here).content.decode()
    assert [place.held for place in work.places.all()] == [held]

    client.post(here, {"do": "take-out", "collection": work.public_id})
    assert not work.places.exists()

    assert client.post(here, {"do": "let-go"}).status_code == 422
    assert client.post(here, {"do": "let-go", "sure": "on"}).status_code == 302
    assert not HeldCredential.objects.exists()


@pytest.mark.parametrize("data", [{"do": "collect"}, {"do": "collect", "new": "x\u202e"}, {"do": "what"}, {}])
def test_what_cannot_be_done_stays_on_the_page(client, held, data):
    assert client.post(f"/wallet/held/{held.public_id}", data).status_code == 422


def test_b135_another_persons_pages_do_not_exist(held, outsider, signed_in, learner):
    work = collections.make(by=learner, name="Work", at=MONDAY)
    stranger = signed_in(outsider)
    for address in (
        reverse("wallet-credential", args=[held.public_id]),
        reverse("wallet-file", args=[held.public_id]),
        reverse("wallet-share", args=[held.public_id]),
        reverse("wallet-collection", args=[work.public_id]),
        reverse("collection-share", args=[work.public_id]),
    ):
        assert stranger.get(address).status_code == 404, address
        if not address.endswith("/file"):
            assert stranger.post(address, {"do": "visibility", "to": "public"}).status_code == 404, address


def test_b125_the_words_of_strangers_are_text(client):
    name = "<script>alert(1)</script>{{7*7}}"
    bring(client, ("x.json", signed(name)))
    held = HeldCredential.objects.get()

    for page in ("/wallet", f"/wallet/held/{held.public_id}", f"/wallet/held/{held.public_id}/share"):
        content = client.get(page).content.decode()
        assert "<script>alert" not in content
        assert "{{7*7}}" in content


# Finding


def test_the_list_is_searched_filtered_and_taken_along(client, learner):
    bring(client, ("a.json", signed("Töpfern", number=1)), ("b.json", signed("Weaving", number=2)))

    found = client.get("/wallet", {"q": "topfern", "state": "counts", "order": "name"})
    assert [each.name for each in found.context["page"]] == ["Töpfern"]

    table = b"".join(client.get("/wallet", {"format": "csv", "order": "name"}).streaming_content).decode()
    assert [line.split(",")[0] for line in table.splitlines()[1:]] == ["Töpfern", "Weaving"]


def test_b155_what_is_no_filter_filters_nothing(client, held):
    page = client.get(
        "/wallet", {"order": "person__password", "state": "x'", "issuer": "' OR 1=1", "page": "x"}
    )

    assert [each.pk for each in page.context["page"]] == [held.pk]


def test_b118_a_name_that_is_a_formula_is_text_in_the_table(client):
    bring(client, ("a.json", signed("=cmd|' /C calc'!A0")))

    table = b"".join(client.get("/wallet", {"format": "csv"}).streaming_content).decode()

    assert "'=cmd" in table


def test_ending_soon_is_said_above_the_list(client, held):
    from django.utils import timezone

    HeldCredential.objects.update(ends_at=timezone.now() + timezone.timedelta(days=5))

    page = client.get("/wallet").content.decode()

    assert "1 credential ends within sixty days." in page
    assert [each.pk for each in client.get("/wallet?state=soon").context["page"]] == [held.pk]


# Collections


def test_a_collection_is_made_filled_ordered_and_removed(client):
    bring(client, ("a.json", signed("A", number=1)), ("b.json", signed("B", number=2)))
    client.post("/wallet/collections", {"name": "Work", "description": "For Acme"})
    work = Collection.objects.get()
    here = f"/wallet/collections/{work.public_id}"
    a, b = HeldCredential.objects.order_by("name")
    for held in (a, b):
        client.post(here, {"do": "put", "held": held.public_id})
    client.post(here, {"do": "up", "held": b.public_id})
    assert [place.held.name for place in client.get(here).context["page"]] == ["B", "A"]

    client.post(here, {"do": "describe", "name": "Work at Acme", "description": ""})
    client.post(here, {"do": "take-out", "held": b.public_id})
    page = client.get(here)
    assert "Work at Acme" in page.content.decode()
    assert [each.pk for each in page.context["others"]] == [b.pk]

    client.post(here, {"do": "remove"})
    assert not Collection.objects.exists()


def test_a_second_collection_of_one_name_is_refused_in_words(client, learner):
    collections.make(by=learner, name="Work", at=MONDAY)

    response = client.post("/wallet/collections", {"name": "Work"})

    assert response.status_code == 422
    assert "You have a collection of this name." in response.content.decode()


def test_only_the_awards_own_holder_has_its_page_to_close(client, credential, learner):
    """An award to somebody else, brought as a file, is theirs to read and not theirs to close."""
    bring(client, ("x.json", representations.representation(credential, "json")[0]))
    held = HeldCredential.objects.get()

    response = client.post(f"/wallet/held/{held.public_id}/share", {"do": "close-page"})

    assert response.status_code == 409
    assert not sharing.is_closed(held.credential_id)


def test_the_whole_wallet_is_in_the_archive_of_ones_data(client, held, learner, installation):
    """Everything that is kept about the wallet, in one file: the signed bytes, and what its holder did."""
    services.write_note(held, by=learner, text="For Acme", at=MONDAY)
    collections.put(collections.make(by=learner, name="Work", at=MONDAY), by=learner, held=[held], at=MONDAY)
    sharing.open_link(held, by=learner, name="Acme", expires_at=None, at=MONDAY)
    portfolio.begin(by=learner, handle="lena-pots", name="Lena Lund", at=MONDAY)

    response = client.post("/account/data")

    with zipfile.ZipFile(io.BytesIO(response.getvalue())) as archive:
        told = json.loads(archive.read("data.json"))
        resume = json.loads(archive.read("resume.json"))
        assert archive.read("credentials/0001.json") == bytes(held.secured)
    [kept] = told["wallet"]
    assert (kept["id"], kept["note"], kept["came_from"]) == (held.credential_id, "For Acme", "badge.json")
    showing = told["showing"]
    assert showing["collections"][0]["credentials"] == [held.credential_id]
    assert [link["for"] for link in showing["secret_links"]] == ["Acme"]
    assert showing["portfolio"]["handle"] == "lena-pots"
    assert (resume["basics"]["name"], resume["certificates"][0]["name"]) == ("Lena Lund", "Glazing")
    assert resume["skills"] == [{"name": "Skills", "keywords": ["glaze"]}]


def test_a_resume_lists_only_what_counts(held, learner):
    HeldCredential.objects.update(standing="revoked")

    assert services.resume(learner)["certificates"] == []
