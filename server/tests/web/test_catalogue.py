# SPDX-License-Identifier: Apache-2.0
"""The catalogue as a page: for everybody, by plain addresses."""

from __future__ import annotations

import pytest

from cairn_server.achievements.models import CatalogueEntry
from cairn_server.web import catalogue as page

pytestmark = pytest.mark.django_db


def test_everybody_finds_what_can_be_earned(stranger, version):
    response = stranger.get("/catalogue", {"q": "ceramics"})

    content = response.content.decode()
    assert [entry.version for entry in response.context["page"]] == [version]
    assert f'href="/a/{version.public_id}"' in content
    assert "1 achievement" in content
    assert not response.cookies


def test_filters_say_how_many_there_are(stranger, version):
    form = stranger.get("/catalogue").context["form"]

    told = {name: [words for _value, words in form.fields[name].choices] for name in page.FILTERS}

    assert told["level"] == ["Any", "EQF level 5 (1)"]
    assert told["kind"] == ["Any", "Micro-credential (1)"]
    assert told["language"] == ["Any", "English (1)"]
    assert told["skill"] == ["Any", "operate kilns (1)"]
    assert told["issuer"] == ["Any", "Lakeside College (1)"]


def test_what_is_counted_for_one_reader_is_told_to_the_next_in_their_language(stranger, version):
    """The counts are kept for a minute; the words beside them are not."""
    CatalogueEntry.objects.update(cost="free", workload_hours=4)
    stranger.get("/catalogue", headers={"accept-language": "de"})

    form = stranger.get("/catalogue", headers={"accept-language": "en"}).context["form"]

    told = {name: [words for _value, words in form.fields[name].choices] for name in page.FILTERS}
    assert told["cost"] == ["Any", "Free (1)"]
    assert told["workload"] == ["Any", "up to 10 hours (1)"]


def test_what_matches_nothing_says_what_to_do(stranger, version):
    response = stranger.get("/catalogue", {"q": "juggling", "level": "7"})

    content = response.content.decode()
    assert "Nothing matches" in content
    assert "take a filter away" in content
    # Search results are no pages for search engines; the catalogue itself is.
    assert 'content="noindex"' in content
    assert "noindex" not in stranger.get("/catalogue").content.decode()


def test_an_empty_catalogue_is_no_error(stranger, db):
    assert "Nothing can be earned here yet" in stranger.get("/catalogue").content.decode()


@pytest.mark.parametrize(
    "query",
    [
        {"page": "0"},
        {"page": "x"},
        {"page": "99999"},
        {"order": "organisation__email"},
        {"level": "' OR 1=1"},
    ],
)
def test_b155_an_address_never_breaks(stranger, version, query):
    assert stranger.get("/catalogue", query).status_code == 200


def test_pages_have_an_end(stranger, version, monkeypatch):
    monkeypatch.setattr(page, "MOST_PAGES", 1)
    monkeypatch.setattr(page, "PER_PAGE", 1)
    from cairn_server.achievements import services

    draft = services.new_version(
        version.achievement, by=version.organisation.memberships.get().person, at=version.published_at
    )
    assert draft.number == 2
    entry = CatalogueEntry.objects.get()
    other = services.draft_achievement(
        by=version.organisation.memberships.get().person,
        organisation=version.organisation,
        fields={"name": "Second", "description": "x", "criteria": "x"},
        at=version.published_at,
    )
    services.publish(other, by=version.organisation.memberships.get().person, at=version.published_at)

    response = stranger.get("/catalogue", {"page": "2"})

    assert entry is not None
    assert response.context["page"].paginator.num_pages == 1
    assert response.context["total"] == 2
    assert "Narrow your search" in response.content.decode()


def test_b125_names_are_text(stranger, version):
    CatalogueEntry.objects.update(name="<script>alert(1)</script>{{7*7}}")

    content = stranger.get("/catalogue").content.decode()

    assert "<script>alert" not in content
    assert "{{7*7}}" in content


def test_an_organisation_leaves_it_in_its_settings(stranger, version, owner, signed_in):
    organisation = version.organisation
    where = f"/organisations/{organisation.public_id}/settings"
    fields = {"name": organisation.name, "email": organisation.email, "undo_minutes": "10"}

    signed_in(owner).post(where, fields)
    assert stranger.get("/catalogue?q=lakeside").context["total"] == 0
    assert stranger.get(f"/a/{version.public_id}").status_code == 200

    signed_in(owner).post(where, {**fields, "in_catalogue": "on"})
    assert stranger.get("/catalogue?q=lakeside college").context["total"] == 1
