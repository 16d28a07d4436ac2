# SPDX-License-Identifier: Apache-2.0
"""Private until its holder says otherwise, and again the moment they say so."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256

import pytest
from django.db import IntegrityError, transaction
from server.tests.conftest import MONDAY, TUESDAY

from cairn_server.accounts import services as accounts
from cairn_server.errors import NotVisible
from cairn_server.journal.models import Entry
from cairn_server.wallets import collections, looks, sharing
from cairn_server.wallets.models import ClosedAddress, HeldCredential, Look, SecretLink, Visibility

pytestmark = pytest.mark.django_db


@pytest.fixture
def held(keep):
    return keep()


@pytest.fixture
def work(learner, held):
    made = collections.make(by=learner, name="Work", at=MONDAY)
    collections.put(made, by=learner, held=[held], at=MONDAY)
    return made


def test_everything_begins_private(held, work):
    assert {held.visibility, work.visibility} == {Visibility.PRIVATE}
    assert not HeldCredential.objects.public().exists()
    assert sharing.public_in(work) == []


def test_only_the_known_words_are_a_visibility(held):
    with pytest.raises(IntegrityError), transaction.atomic():
        HeldCredential.objects.filter(pk=held.pk).update(visibility="some")


# Secret links


def test_b153_of_a_link_only_the_digest_is_stored(learner, held):
    link, token = sharing.open_link(held, by=learner, name="Acme", expires_at=None, at=MONDAY)

    assert len(token) == 22  # 128 bits
    assert link.token_sha256 == sha256(token.encode()).hexdigest()
    assert token not in str(SecretLink.objects.filter(pk=link.pk).values())
    assert token not in str(list(Entry.objects.values_list("details", flat=True)))


def test_a_link_opens_its_one_thing_and_nothing_else(learner, keep, held):
    keep("Another", number=2)
    _link, token = sharing.open_link(held, by=learner, expires_at=None, at=MONDAY)

    found = sharing.opened_by(token, at=TUESDAY)

    assert found is not None
    assert sharing.shown_by(found) == [held]


def test_b145_a_link_ends_by_its_day_by_its_holder_or_by_privacy(learner, held):
    soon, token_soon = sharing.open_link(held, by=learner, expires_at=TUESDAY, at=MONDAY)
    ended, token_ended = sharing.open_link(held, by=learner, expires_at=None, at=MONDAY)
    _last, token_last = sharing.open_link(held, by=learner, expires_at=None, at=MONDAY)
    sharing.end_link(ended, by=learner, at=MONDAY)

    assert sharing.opened_by(token_soon, at=TUESDAY - timedelta(seconds=1)) == soon
    assert sharing.opened_by(token_soon, at=TUESDAY) is None
    assert sharing.opened_by(token_ended, at=MONDAY) is None
    assert sharing.opened_by(token_last, at=MONDAY) is not None

    sharing.set_visibility(held, by=learner, to=Visibility.PRIVATE, at=MONDAY)
    assert sharing.opened_by(token_last, at=MONDAY) is None
    # A door that was shut does not open again by itself.
    sharing.set_visibility(held, by=learner, to=Visibility.LINK, at=MONDAY)
    assert sharing.opened_by(token_last, at=MONDAY) is None


@pytest.mark.parametrize(
    "token", ["", "A" * 21, "A" * 22, "A" * 23, "../../../../etc/passwd", "A" * 21 + "\n"]
)
def test_b145_a_made_up_token_opens_nothing(learner, held, token):
    sharing.open_link(held, by=learner, expires_at=None, at=MONDAY)

    assert sharing.opened_by(token, at=MONDAY) is None


def test_a_link_to_a_private_thing_is_dead_even_if_its_row_says_otherwise(learner, held):
    _link, token = sharing.open_link(held, by=learner, expires_at=None, at=MONDAY)
    HeldCredential.objects.update(visibility=Visibility.PRIVATE)

    assert sharing.opened_by(token, at=MONDAY) is None


def test_a_collections_link_shows_what_is_in_it_in_order_and_nothing_withdrawn(learner, keep, work):
    second, third = keep("Second", number=2), keep("Third", number=3)
    collections.put(work, by=learner, held=[second, third], at=MONDAY)
    HeldCredential.objects.filter(pk=second.pk).update(standing="revoked")
    _link, token = sharing.open_link(work, by=learner, expires_at=None, at=MONDAY)

    found = sharing.opened_by(token, at=MONDAY)

    assert found is not None
    assert [each.name for each in sharing.shown_by(found)] == ["Glazing", "Third"]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"expires_at": MONDAY}, "link-expiry"),
        ({"expires_at": MONDAY + timedelta(days=3651)}, "link-expiry"),
        ({"expires_at": None, "name": "x" * 121}, "link-name"),
        ({"expires_at": None, "name": "Acme\u202e"}, "link-name"),
    ],
)
def test_a_link_that_cannot_be_is_refused(learner, held, fields, code):
    with pytest.raises(sharing.BadLink, match=code):
        sharing.open_link(held, by=learner, at=MONDAY, **fields)


def test_there_is_a_most_of_links(learner, held, monkeypatch):
    monkeypatch.setattr(sharing, "MOST_LINKS", 1)
    sharing.open_link(held, by=learner, expires_at=None, at=MONDAY)

    with pytest.raises(sharing.BadLink, match="link-limit"):
        sharing.open_link(held, by=learner, expires_at=None, at=MONDAY)


@pytest.mark.parametrize(
    "wrong",
    [
        {"expires_at": MONDAY - timedelta(days=1)},
        {"revoked_at": MONDAY - timedelta(days=1)},
        {"held": None},
    ],
)
def test_the_database_refuses_a_link_that_can_never_be(learner, held, wrong):
    link, _token = sharing.open_link(held, by=learner, expires_at=None, at=MONDAY)

    with pytest.raises(IntegrityError), transaction.atomic():
        SecretLink.objects.filter(pk=link.pk).update(**wrong)


@pytest.mark.parametrize("fields", [{"standing": "revoked"}, {"standing": "suspended"}, {"document": None}])
def test_what_nobody_vouches_for_is_shown_to_nobody(learner, held, fields):
    HeldCredential.objects.filter(pk=held.pk).update(**fields)
    held.refresh_from_db()

    with pytest.raises(sharing.NothingToShow, match="nothing-to-show"):
        sharing.open_link(held, by=learner, expires_at=None, at=MONDAY)
    with pytest.raises(sharing.NothingToShow, match="nothing-to-show"):
        sharing.set_visibility(held, by=learner, to=Visibility.PUBLIC, at=MONDAY)


def test_what_was_public_is_not_any_more_once_it_is_withdrawn(learner, held):
    sharing.set_visibility(held, by=learner, to=Visibility.PUBLIC, at=MONDAY)
    assert list(HeldCredential.objects.public()) == [held]

    HeldCredential.objects.filter(pk=held.pk).update(standing="revoked")

    assert list(HeldCredential.objects.public()) == []


def test_a_public_collection_shows_only_what_is_public_itself(learner, keep, held, work):
    collections.put(work, by=learner, held=[keep("Private one", number=2)], at=MONDAY)
    sharing.set_visibility(held, by=learner, to=Visibility.PUBLIC, at=MONDAY)
    assert sharing.public_in(work) == []

    sharing.set_visibility(work, by=learner, to=Visibility.PUBLIC, at=MONDAY)

    assert sharing.public_in(work) == [held]


# A credential's own address


def test_only_what_was_awarded_here_has_a_page_to_close(learner, held):
    with pytest.raises(sharing.NotAwardedHere, match="not-awarded-here"):
        sharing.close_address(held, by=learner, at=MONDAY)

    assert not sharing.is_closed(held.credential_id)


def test_an_address_is_closed_and_opened_again_by_its_holder_alone(learner, outsider, keep, held):
    HeldCredential.objects.filter(pk=held.pk).update(source="here")
    held.refresh_from_db()

    sharing.close_address(held, by=learner, at=MONDAY)
    assert sharing.is_closed(held.credential_id)

    theirs = keep(holder=outsider)
    sharing.reopen_address(theirs, by=outsider, at=MONDAY)
    assert sharing.is_closed(held.credential_id)

    sharing.reopen_address(held, by=learner, at=MONDAY)
    assert not sharing.is_closed(held.credential_id)


# The log


def test_a_look_is_a_count_of_a_day_and_nothing_else(learner, held):
    for at in (MONDAY, MONDAY + timedelta(hours=3), TUESDAY):
        looks.note(learner.pk, held.public_id, Look.Kind.PUBLIC, at=at)

    assert [(look.day, look.count) for look in looks.log_of(learner)] == [
        (TUESDAY.date(), 1),
        (MONDAY.date(), 2),
    ]
    assert looks.at_all(learner, [held.public_id]) == (3, TUESDAY.date())
    columns = {field.name for field in Look._meta.fields}
    assert columns == {"id", "person", "subject", "kind", "day", "who", "count"}


def test_old_looks_are_forgotten(learner, held):
    looks.note(learner.pk, held.public_id, Look.Kind.PUBLIC, at=MONDAY)

    assert looks.forget_old(at=MONDAY + timedelta(days=700), days=731) == 0
    assert looks.forget_old(at=MONDAY + timedelta(days=800), days=731) == 1


# Whose


def test_b135_nobody_shows_or_hides_what_another_person_holds(learner, outsider, held, work):
    link, _token = sharing.open_link(held, by=learner, expires_at=None, at=MONDAY)

    for act in (
        lambda: sharing.set_visibility(held, by=outsider, to=Visibility.PUBLIC, at=MONDAY),
        lambda: sharing.set_visibility(work, by=outsider, to=Visibility.PUBLIC, at=MONDAY),
        lambda: sharing.open_link(held, by=outsider, expires_at=None, at=MONDAY),
        lambda: sharing.end_link(link, by=outsider, at=MONDAY),
        lambda: sharing.close_address(held, by=outsider, at=MONDAY),
        lambda: sharing.reopen_address(held, by=outsider, at=MONDAY),
    ):
        with pytest.raises(NotVisible):
            act()


def test_links_looks_and_closed_pages_go_with_the_account(learner, held, work):
    sharing.open_link(work, by=learner, expires_at=None, at=MONDAY)
    looks.note(learner.pk, held.public_id, Look.Kind.PUBLIC, at=MONDAY)
    ClosedAddress.objects.create(person=learner, credential_id="https://x.example/c/1", closed_at=MONDAY)

    accounts.delete_account(by=learner, at=TUESDAY)

    assert not any(model.objects.exists() for model in (SecretLink, Look, ClosedAddress, HeldCredential))
