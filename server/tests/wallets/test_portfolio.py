# SPDX-License-Identifier: Apache-2.0
"""A portfolio chooses among what is public; its handle is nobody else's, ever."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from server.tests.conftest import MONDAY, TUESDAY

from cairn_server.accounts import services as accounts
from cairn_server.errors import NotVisible
from cairn_server.wallets import collections, portfolio, sharing
from cairn_server.wallets.models import HeldCredential, Portfolio, TakenHandle, Visibility

pytestmark = pytest.mark.django_db


@pytest.fixture
def mine(learner):
    return portfolio.begin(by=learner, handle="lena-pots", name="Lena Lund", at=MONDAY)


@pytest.fixture
def public(keep, learner):
    """Make a badge that everybody may see."""

    def make(name: str, **more):
        held = keep(name, **more)
        sharing.set_visibility(held, by=learner, to=Visibility.PUBLIC, at=MONDAY)
        return held

    return make


# Handles


@pytest.mark.parametrize("handle", ["abc", "lena-pots", "a1b2c3", "x" * 30])
def test_a_handle_can_be_read_out(learner, handle):
    assert portfolio.begin(by=learner, handle=handle, name="Lena", at=MONDAY).handle == handle


@pytest.mark.parametrize(
    "handle",
    ["", "ab", "x" * 31, "Lena", "-lena", "lena-", "le--na", "le na", "le/na", "lena.pdf", "léna", "12345",
     "лена", "lena\n", "../etc"],
)  # fmt: skip
def test_a_handle_of_another_form_is_refused(learner, handle):
    with pytest.raises(portfolio.BadPortfolio, match="handle-form"):
        portfolio.begin(by=learner, handle=handle, name="Lena", at=MONDAY)

    assert not TakenHandle.objects.exists()


@pytest.mark.parametrize("handle", ["admin", "verify", "adm1n", "ver-ify", "cairn", "ca1rn"])
def test_b130_reserved_words_and_what_looks_like_them_cannot_be_had(learner, handle):
    with pytest.raises(portfolio.HandleTaken, match="handle-taken"):
        portfolio.begin(by=learner, handle=handle, name="Lena", at=MONDAY)


@pytest.mark.parametrize("handle", ["lena-pots", "lena-p0ts", "lenapots"])
def test_b130_a_taken_handle_and_its_look_alikes_are_taken(mine, outsider, handle):
    with pytest.raises(portfolio.HandleTaken):
        portfolio.begin(by=outsider, handle=handle, name="Otto", at=MONDAY)


def test_b146_a_handle_is_never_given_again(mine, learner, outsider):
    """Not after a change, and not after the account is gone: old links lead to nobody else."""
    portfolio.rename(mine, by=learner, handle="lena-clay", at=TUESDAY)
    with pytest.raises(portfolio.HandleTaken):
        portfolio.begin(by=outsider, handle="lena-pots", name="Otto", at=TUESDAY)

    accounts.delete_account(by=learner, at=TUESDAY)

    for handle in ("lena-pots", "lena-clay"):
        with pytest.raises(portfolio.HandleTaken):
            portfolio.begin(by=outsider, handle=handle, name="Otto", at=TUESDAY)
    # What is left says nothing about who had it.
    assert {field.name for field in TakenHandle._meta.fields} == {"id", "sha256"}


def test_nobody_collects_handles(mine, learner, monkeypatch):
    monkeypatch.setattr(portfolio, "MOST_HANDLES", 2)
    renamed = portfolio.rename(mine, by=learner, handle="lena-two", at=MONDAY)

    with pytest.raises(portfolio.BadPortfolio, match="handle-limit"):
        portfolio.rename(renamed, by=learner, handle="lena-three", at=MONDAY)
    with pytest.raises(portfolio.BadPortfolio, match="portfolio-exists"):
        portfolio.begin(by=learner, handle="lena-four", name="Lena", at=MONDAY)


# What is on it


def test_it_begins_private_and_goes_back_to_it(mine, learner):
    assert portfolio.public("lena-pots") is None

    portfolio.publish(mine, by=learner, in_search_engines=False, at=MONDAY)
    assert portfolio.public("lena-pots") == mine

    portfolio.withdraw(mine, by=learner, at=MONDAY)
    assert portfolio.public("lena-pots") is None


def test_only_what_is_public_is_found_by_search_engines(mine):
    with pytest.raises(IntegrityError), transaction.atomic():
        Portfolio.objects.filter(pk=mine.pk).update(in_search_engines=True)


def test_only_what_is_public_can_be_put_on_it(mine, learner, keep):
    with pytest.raises(portfolio.BadPortfolio, match="not-public"):
        portfolio.place(mine, by=learner, thing=keep(), at=MONDAY)


def test_it_shows_things_in_their_order_and_each_once(mine, learner, public):
    a, b, c = (public(name, number=number) for number, name in enumerate("ABC", start=1))
    work = collections.make(by=learner, name="Work", at=MONDAY)
    collections.put(work, by=learner, held=[b, a], at=MONDAY)
    sharing.set_visibility(work, by=learner, to=Visibility.PUBLIC, at=MONDAY)
    for thing in (a, work, c, c):
        portfolio.place(mine, by=learner, thing=thing, at=MONDAY)

    def shown():
        return [(each.name, [held.name for held in each.held]) for each in portfolio.sections(mine)]

    assert shown() == [("", ["A"]), ("Work", ["B"]), ("", ["C"])]

    portfolio.move(mine, by=learner, place=mine.places.get(collection=work), up=True, at=MONDAY)
    assert shown() == [("Work", ["B", "A"]), ("", ["C"])]

    portfolio.take_off(mine, by=learner, place=mine.places.get(collection=work), at=MONDAY)
    assert shown() == [("", ["A", "C"])]


@pytest.mark.parametrize("change", ["private", "revoked", "unverified", "deleted"])
def test_what_is_taken_back_is_gone_at_once(mine, learner, public, change):
    held = public("A")
    portfolio.place(mine, by=learner, thing=held, at=MONDAY)
    assert [each.held for each in portfolio.sections(mine)] == [(held,)]

    match change:
        case "private":
            sharing.set_visibility(held, by=learner, to=Visibility.PRIVATE, at=MONDAY)
        case "revoked":
            HeldCredential.objects.update(standing="revoked")
        case "unverified":
            HeldCredential.objects.update(document=None)
        case "deleted":
            held.delete()

    assert portfolio.sections(mine) == []


def test_skills_come_from_what_is_shown_and_has_not_ended(public):
    one = public("A", number=1, skills=["glaze", "kiln"])
    two = public("B", number=2, skills=["glaze"])
    over = public("C", number=3, skills=["wheel"], begin="2020-01-01T00:00:00Z", end="2021-01-01T00:00:00Z")

    found = portfolio.skills([one, two, over], at=MONDAY)

    assert [(skill.name, skill.by) for skill in found] == [("glaze", ("A", "B")), ("kiln", ("A",))]


def test_there_is_a_most_of_places(mine, learner, public, monkeypatch):
    monkeypatch.setattr(portfolio, "MOST_PLACES", 1)
    portfolio.place(mine, by=learner, thing=public("A", number=1), at=MONDAY)

    with pytest.raises(portfolio.BadPortfolio, match="portfolio-full"):
        portfolio.place(mine, by=learner, thing=public("B", number=2), at=MONDAY)


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "x" * 121},
        {"name": "Lena\u202e"},
        {"headline": "x" * 161},
        {"about": "x" * 4_001},
        {"about": "a\u200bb"},
    ],
)
def test_words_that_cannot_stand_are_refused(mine, learner, fields):
    words = {"name": "Lena", "headline": "", "about": "", **fields}

    with pytest.raises(portfolio.BadPortfolio, match="portfolio-text"):
        portfolio.write(mine, by=learner, at=MONDAY, **words)


def test_somebody_has_a_name_there(mine, learner, outsider):
    with pytest.raises(portfolio.BadPortfolio, match="portfolio-name"):
        portfolio.write(mine, by=learner, name=" ", headline="", about="", at=MONDAY)
    with pytest.raises(portfolio.BadPortfolio, match="portfolio-name"):
        portfolio.begin(by=outsider, handle="otto-works", name=" ", at=MONDAY)


def test_b135_another_persons_portfolio_does_not_exist(mine, learner, outsider, public, keep):
    held = public("A")
    portfolio.place(mine, by=learner, thing=held, at=MONDAY)
    place = mine.places.get()
    theirs = portfolio.begin(by=outsider, handle="otto-works", name="Otto", at=MONDAY)

    for act in (
        lambda: portfolio.write(mine, by=outsider, name="X", headline="", about="", at=MONDAY),
        lambda: portfolio.publish(mine, by=outsider, in_search_engines=True, at=MONDAY),
        lambda: portfolio.withdraw(mine, by=outsider, at=MONDAY),
        lambda: portfolio.rename(mine, by=outsider, handle="mine-now", at=MONDAY),
        lambda: portfolio.place(mine, by=outsider, thing=held, at=MONDAY),
        lambda: portfolio.place(theirs, by=outsider, thing=held, at=MONDAY),
        lambda: portfolio.move(mine, by=outsider, place=place, up=True, at=MONDAY),
        lambda: portfolio.move(theirs, by=outsider, place=place, up=True, at=MONDAY),
        lambda: portfolio.take_off(mine, by=outsider, place=place, at=MONDAY),
    ):
        with pytest.raises(NotVisible):
            act()
    portfolio.take_off(theirs, by=outsider, place=place, at=MONDAY)
    assert mine.places.count() == 1
