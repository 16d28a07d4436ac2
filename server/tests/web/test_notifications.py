# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from cairn_server.issuing import choices

LETTERS = {"awards": "daily", "reminders": "never", "endings": "now", "decisions": "daily"}


def test_somebody_chooses_their_letters(learner, outsider, signed_in):
    client = signed_in(learner)

    saved = client.post("/account/letters", LETTERS)

    assert saved.status_code == 302
    found = choices.choice_of(learner)
    assert (found.awards, found.reminders, found.endings) == ("daily", "never", "now")
    assert choices.choice_of(outsider).awards == "now"
    page = client.get("/account/letters").content.decode()
    assert page.count(" checked") == 4


def test_what_is_no_choice_is_said(learner, signed_in):
    page = signed_in(learner).post("/account/letters", {"awards": "hourly", "reminders": "now"})

    assert page.status_code == 422
    assert choices.choice_of(learner).pk is None


def test_who_decides_nothing_is_not_asked_about_duties(reviewer, learner, signed_in):
    assert 'name="duties"' not in signed_in(learner).get("/account/letters").content.decode()

    client = signed_in(reviewer)
    assert 'name="duties"' in client.get("/account/letters").content.decode()
    assert client.post("/account/letters", {**LETTERS, "duties": "never"}).status_code == 302
    assert choices.choice_of(reviewer).duties == "never"
