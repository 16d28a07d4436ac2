# SPDX-License-Identifier: Apache-2.0
"""Show to one reader, and answer a request: every step as its holder has it, and what the reader gets."""

from __future__ import annotations

import re
from html import unescape

import pytest
import time_machine
from django.test import Client
from server.tests.conftest import MONDAY, PUBLIC_URL
from server.tests.presenting.conftest import (
    CLAIMS,
    ask,
    award,
    copy,
    credential,
    emma,
    held,
    held_sd_jwt,
    keep,
    version,
    wallet,
)

from cairn_server.issuing import standing
from cairn_server.presenting import openid4vp, services
from cairn_server.presenting.models import Presentation, PresentationRequest
from cairn_server.wallets.models import HeldCredential

__all__ = ["ask", "award", "copy", "credential", "emma", "held", "held_sd_jwt", "keep", "version", "wallet"]


@pytest.fixture(autouse=True)
def monday():
    with time_machine.travel(MONDAY, tick=False) as traveller:
        yield traveller


@pytest.fixture
def lena(learner, signed_in, installation):
    return signed_in(learner)


@pytest.fixture
def stranger():
    return Client(headers={"host": "cairn.example"})


def make(lena, *held, **changes):
    said = {"do": "make", "held": [each.public_id for each in held], "until": "2026-12-01", "parts": "1"}
    answer = lena.post("/wallet/present", said | changes)
    assert answer.status_code == 200, answer.content.decode()
    return re.search(r"https://cairn\.example(/shown/[A-Za-z0-9_-]{22})", answer.content.decode())[1]


def test_it_is_chosen_seen_and_made(lena, stranger, held):
    assert "First firing" in lena.get("/wallet/present").content.decode()
    preview = lena.post("/wallet/present", {"do": "preview", "held": held.public_id}).content.decode()
    assert "Lena Lindholm" in preview
    # Whole, unless its holder unticks something.
    assert preview.count(" checked") == 2

    link = make(lena, held, reader="Kiln & Co.", audience="kiln.example", question="4711")
    shown = stranger.get(link)

    assert (shown.status_code, shown["Cache-Control"]) == (200, "no-store")
    assert "noindex" in shown["X-Robots-Tag"]
    text = unescape(shown.content.decode())
    assert "First firing" in text
    assert ("kiln.example" in text, "4711" in text) == (True, True)
    # The holder's own word for the reader is for the holder.
    assert "Kiln & Co." not in text
    assert "Nothing proves that all of this belongs" not in text
    assert Presentation.objects.get().opened == 1


def test_nothing_is_shown_by_a_get(lena, held):
    lena.get(f"/wallet/present?held={held.public_id}&do=make&until=2026-12-01")

    assert not Presentation.objects.exists()


def test_the_file_is_what_the_verifier_reads(lena, stranger, held):
    link = make(lena, held)

    file = stranger.get(f"{link}/file")

    assert file["Content-Disposition"] == 'attachment; filename="presentation.json"'
    assert file["X-Content-Type-Options"] == "nosniff"
    assert file.content == bytes(Presentation.objects.get().secured)


def test_a_reader_is_told_when_nothing_binds_it(lena, stranger, keep):
    text = stranger.get(make(lena, keep("Glazing"))).content.decode()

    assert "Nothing proves that all of this belongs" in text


def test_what_is_not_ticked_stays_hidden_from_preview_to_reader(lena, stranger, held_sd_jwt):
    pointer = f"show-{held_sd_jwt.public_id}"
    first = lena.post("/wallet/present", {"do": "preview", "held": held_sd_jwt.public_id}).content.decode()
    assert 'value="/birthdate"' in first
    assert " checked" not in first.partition("Show this too")[2].partition("</fieldset>")[0]

    link = make(lena, held_sd_jwt, **{pointer: ["/given_name"]})
    shown = stranger.get(link).content.decode()

    assert CLAIMS["given_name"] in shown
    assert CLAIMS["birthdate"] not in shown
    assert CLAIMS["birthdate"].encode() not in stranger.get(f"{link}/file").content


def test_of_an_award_what_is_unticked_stays_hidden_from_preview_to_reader(lena, stranger, held, credential):
    offered = {f"parts-{held.public_id}": "1"}
    seen = lena.post(
        "/wallet/present", {"do": "preview", "held": held.public_id, "reader": "Kiln & Co.", **offered}
    )
    assert 'value="Kiln &amp; Co."' in seen.content.decode()
    face = unescape(seen.content.decode()).partition("</article>")[0].partition("<article")[2]
    assert ("First firing" in face, "Lena Lindholm" in face) == (True, False)

    link = make(lena, held, **offered)
    shown = unescape(stranger.get(link).content.decode())

    assert ("First firing" in shown, "Lena Lindholm" in shown) == (True, False)
    file = stranger.get(f"{link}/file")
    assert file["Content-Type"] == "application/dc+sd-jwt"
    assert b"Lena" not in file.content
    assert credential.public_id.encode() not in file.content


def test_b155_a_part_that_there_is_not_is_refused_before_anything_is_shown(lena, held):
    said = {"do": "preview", "held": held.public_id, f"show-{held.public_id}": "/issuer"}

    assert lena.post("/wallet/present", said).status_code == 422


def test_a_part_of_an_award_is_offered_by_itself_alone(lena, held, keep):
    """And a form that pretends otherwise gets the whole of it, as the page has shown."""
    both = [held.public_id, keep("Glazing").public_id]
    said = {"do": "preview", "held": both, f"parts-{held.public_id}": "1"}

    text = unescape(lena.post("/wallet/present", said).content.decode())

    assert "choose it by itself" in text
    assert "no part of it can be kept back" in text
    assert 'name="show-' not in text
    assert "Lena Lindholm" in text


def test_nothing_chosen_is_said(lena, held):
    answer = lena.post("/wallet/present", {"do": "preview"})

    assert answer.status_code == 422
    assert "Choose at least one" in answer.content.decode()


@pytest.mark.parametrize("until", ["", "2026-11-22", "2028-01-01"])
def test_a_wrong_day_is_said_beside_its_field(lena, held, until):
    said = {"do": "make", "held": held.public_id, "until": until, "parts": "1"}

    answer = lena.post("/wallet/present", said)

    assert answer.status_code == 422
    assert "field--wrong" in answer.content.decode()


def test_another_persons_credential_cannot_be_shown(outsider, signed_in, held):
    """B135"""
    client = signed_in(outsider)
    for do in ("preview", "make"):
        said = {"do": do, "held": held.public_id, "until": "2026-12-01", "parts": "1"}
        assert client.post("/wallet/present", said).status_code == 404
    assert not Presentation.objects.exists()


def test_a_withdrawn_one_is_shown_as_withdrawn(lena, stranger, held, credential, issuer):
    link = make(lena, held)
    standing.revoke(credential, by=issuer, reason="Issued in error.", at=MONDAY)

    assert "genuine, unchanged and valid" not in stranger.get(link).content.decode()


def test_a_link_that_was_ended_is_one_that_never_was(lena, stranger, held, outsider, signed_in):
    """B144 B135"""
    link = make(lena, held)
    row = Presentation.objects.get()
    body = {"presentation": row.public_id}

    assert signed_in(outsider).post("/wallet/presented", body).status_code == 404
    assert stranger.get(link).status_code == 200
    assert lena.post("/wallet/presented", body).status_code == 302
    ended, never = stranger.get(link), stranger.get(f"/shown/{'A' * 22}")
    assert (ended.status_code, ended.content) == (never.status_code, never.content)
    assert stranger.get(f"{link}/file").status_code == 404


def test_the_list_says_what_was_shown_to_whom(lena, held):
    make(lena, held, reader="Kiln & Co.")

    text = unescape(lena.get("/wallet/presented").content.decode())

    assert "Kiln & Co." in text
    assert "First firing" in text


# Answering


@pytest.fixture
def link(ask):
    asked = ask()
    return services.link_of(asked.row, asked.secret, PUBLIC_URL)


def read(lena, link):
    page = lena.post("/wallet/answer", {"request": link})
    assert page.status_code == 200, page.content.decode()
    return unescape(re.search(r'name="sealed" value="([^"]+)"', page.content.decode())[1])


def test_a_request_is_read_confirmed_and_answered(lena, held, link):
    """From the signed request to the verdict: both sides are this server, and neither takes a short cut."""
    offered = lena.post("/wallet/answer", {"request": link}).content.decode()
    assert "did:web:cairn.example" in offered
    assert "First firing" in offered
    sealed = read(lena, link)
    chosen = {"sealed": sealed, "for-badge": held.public_id}

    confirm = lena.post("/wallet/answer", chosen | {"do": "confirm"}).content.decode()
    assert "Lena Lindholm" in confirm
    assert not Presentation.objects.exists()
    sent = lena.post("/wallet/answer", chosen | {"do": "send"}).content.decode()

    assert "has taken your answer" in sent
    assert PresentationRequest.objects.get().accepted
    assert Presentation.objects.get().reader == "cairn.example"


def test_following_a_link_fetches_and_sends_nothing(lena, held, link, monkeypatch):
    """B99"""
    monkeypatch.setattr(openid4vp, "read_link", lambda *_a, **_k: pytest.fail("it was read"))

    page = lena.get("/wallet/answer", {"request": link})

    assert page.status_code == 200
    assert PresentationRequest.objects.get().is_open(MONDAY)


def test_what_was_read_cannot_be_changed_on_the_way(lena, held, link):
    """B154: the address of the answer is sealed with all the rest."""
    sealed = read(lena, link)

    answer = lena.post(
        "/wallet/answer", {"sealed": "A" + sealed[1:], "for-badge": held.public_id, "do": "send"}
    )

    assert answer.status_code == 302
    assert not Presentation.objects.exists()
    assert PresentationRequest.objects.get().is_open(MONDAY)


def test_a_request_that_was_read_long_ago_is_read_again(lena, held, link, monday):
    sealed = read(lena, link)
    monday.shift(1801)

    answer = lena.post("/wallet/answer", {"sealed": sealed, "for-badge": held.public_id, "do": "send"})

    assert answer["Location"] == "/wallet/answer"
    assert not Presentation.objects.exists()


def test_declining_shows_nothing(lena, held, link):
    answer = lena.post("/wallet/answer", {"sealed": read(lena, link), "do": "decline"})

    assert "knows that you declined" in answer.content.decode()
    assert PresentationRequest.objects.get().declined == "access_denied"


def test_nothing_chosen_sends_nothing(lena, held, link):
    answer = lena.post("/wallet/answer", {"sealed": read(lena, link), "do": "send"})

    assert answer.status_code == 422
    assert "This is not what is asked for" in answer.content.decode()


def test_a_second_answer_is_said_not_to_be_taken(lena, held, link):
    sealed = read(lena, link)
    chosen = {"sealed": sealed, "for-badge": held.public_id, "do": "send"}
    lena.post("/wallet/answer", chosen)

    assert lena.post("/wallet/answer", chosen).status_code == 422


def test_another_persons_credential_is_not_sent(signed_in, outsider, held, link):
    """B135"""
    client = signed_in(outsider)
    sealed = read(client, link)

    for do in ("confirm", "send"):
        body = {"sealed": sealed, "for-badge": held.public_id, "do": do}
        assert client.post("/wallet/answer", body).status_code in (404, 422)
    assert PresentationRequest.objects.get().is_open(MONDAY)


@pytest.mark.parametrize(
    "link",
    [
        "openid4vp://?client_id=decentralized_identifier%3Adid%3Aweb%3Ax&request_uri=https%3A%2F%2F127.0.0.1%2F",
        "openid4vp://?client_id=decentralized_identifier%3Adid%3Aweb%3Ax&request_uri=http%3A%2F%2Fx.example%2F",
        f"openid4vp://?client_id=decentralized_identifier%3Adid%3Aweb%3Ax&request_uri={PUBLIC_URL}/metrics",
    ],
)
def test_a_request_uri_is_no_way_in(lena, link):
    """B88 B98 B101: one sentence for every reason."""
    answer = lena.post("/wallet/answer", {"request": link})

    assert answer.status_code == 422
    assert "We could not open this link." in answer.content.decode()


def test_a_link_that_is_no_request_is_said(lena):
    answer = lena.post("/wallet/answer", {"request": "https://cairn.example/"})

    assert answer.status_code == 422


def test_what_does_not_count_cannot_be_chosen(lena, held):
    HeldCredential.objects.update(standing="revoked")

    text = lena.get("/wallet/present").content.decode()

    assert "cannot be shown this way" in text
