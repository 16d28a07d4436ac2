# SPDX-License-Identifier: Apache-2.0
"""Two wallets become one."""

from __future__ import annotations

import pytest
from server.tests.conftest import MONDAY, TUESDAY

from cairn_server.wallets import collections, joining, looks, portfolio, services, sharing
from cairn_server.wallets.models import Collection, HeldCredential, Look, Portfolio, Visibility


@pytest.fixture
def old(person):
    return person("Lena2", email="lena@school.example")


def move(learner, old):
    joining.move(into=learner, other=old, at=TUESDAY)


def test_what_either_had_is_in_the_one(keep, learner, old):
    keep("Glazing")
    keep("Throwing", number=2, holder=old)

    move(learner, old)

    assert set(services.held_by(learner).values_list("name", flat=True)) == {"Glazing", "Throwing"}


def test_the_same_bytes_in_both_are_one_with_the_notes_links_and_places_of_both(keep, learner, old):
    mine, twice = keep("Glazing"), keep("Glazing", holder=old)
    services.write_note(mine, by=learner, text="Mine.", at=MONDAY)
    services.write_note(twice, by=old, text="From school.", at=MONDAY)
    _link, token = sharing.open_link(twice, by=old, expires_at=None, at=MONDAY)
    school = collections.make(by=old, name="School", at=MONDAY)
    collections.put(school, by=old, held=[twice], at=MONDAY)
    looks.note(old.pk, twice.public_id, Look.Kind.PUBLIC, at=MONDAY)
    looks.note(learner.pk, mine.public_id, Look.Kind.PUBLIC, at=MONDAY)

    move(learner, old)

    (held,) = services.held_by(learner)
    assert held.pk == mine.pk
    assert held.note == "Mine.\n\nFrom school."
    assert held.visibility == Visibility.LINK
    assert [each.held_id for each in sharing.opened_by(token, at=TUESDAY).held.links.all()] == [mine.pk]
    assert list(Collection.objects.get(name="School").held.all()) == [held]
    assert Look.objects.get(subject=mine.public_id).count == 2


def test_what_was_private_stays_private(keep, learner, old):
    keep("Glazing", holder=old)
    public = keep("Throwing", number=2, holder=old)
    sharing.set_visibility(public, by=old, to=Visibility.PUBLIC, at=MONDAY)

    move(learner, old)

    found = dict(HeldCredential.objects.values_list("name", "visibility"))
    assert found == {"Glazing": "private", "Throwing": "public"}


def test_copies_of_one_statement_find_each_other(keep, learner, old):
    keep("Glazing", begin="2025-06-01T09:00:00Z")
    keep("Glazing", begin="2026-06-01T09:00:00Z", holder=old)

    move(learner, old)

    assert services.held_by(learner).current().get().begins_at.year == 2026


def test_collections_of_one_name_stay_two(learner, old):
    for who in (learner, old):
        collections.make(by=who, name="Pottery", at=MONDAY)
    collections.make(by=old, name="Pottery (2)", at=MONDAY)

    move(learner, old)

    names = set(Collection.objects.filter(person=learner).values_list("name", flat=True))
    assert names == {"Pottery", "Pottery (2)", "Pottery (3)"} or names == {
        "Pottery",
        "Pottery (2)",
        "Pottery (2) (2)",
    }


def test_of_two_portfolios_one_stays_and_shows_what_both_showed(keep, learner, old):
    mine, theirs = keep("Glazing"), keep("Throwing", number=2, holder=old)
    for who, held, handle in ((learner, mine, "lena"), (old, theirs, "lena-school")):
        sharing.set_visibility(held, by=who, to=Visibility.PUBLIC, at=MONDAY)
        made = portfolio.begin(by=who, handle=handle, name="Lena", at=MONDAY)
        portfolio.place(made, by=who, thing=held, at=MONDAY)

    move(learner, old)

    kept = Portfolio.objects.get()
    assert (kept.person, kept.handle) == (learner, "lena")
    assert [place.held_id for place in kept.places.all()] == [mine.pk, theirs.pk]
    with pytest.raises(portfolio.HandleTaken):
        portfolio.begin(by=old, handle="lena-school", name="Somebody", at=TUESDAY)
