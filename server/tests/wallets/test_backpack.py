# SPDX-License-Identifier: Apache-2.0
"""What a wallet keeps of a credential, how copies are known, and how one finds them again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from server.tests.conftest import MONDAY, TUESDAY
from server.tests.wallets.conftest import document_of, signed

import cairn
from cairn.testing import FixedSources
from cairn_server.errors import NotVisible
from cairn_server.journal.models import Entry
from cairn_server.wallets import collections, looks, searching, services, sharing
from cairn_server.wallets.models import Collection, HeldCredential, Look

pytestmark = pytest.mark.django_db


# The columns, and where it came from


def test_every_column_is_read_again_from_the_bytes(keep):
    held = keep("Glazing", skills=["glaze", "kiln"], end="2027-03-01T00:00:00Z", issuer="Café Arts")

    verified = cairn.Verifier(FixedSources()).verify(bytes(held.secured), at=MONDAY)

    told = services.index_of(verified.document)
    held.refresh_from_db()
    assert {name: getattr(held, name) for name in told} == told
    assert held.document == verified.document
    assert [skill["name"] for skill in held.skills] == ["glaze", "kiln"]
    assert "cafe arts" in held.words


def test_a_level_is_no_skill(keep):
    document = document_of(skills=["glaze"])
    document["credentialSubject"]["achievement"]["alignment"].append(
        {"type": ["Alignment"], "targetName": "EQF level 5", "targetUrl": "http://data.europa.eu/snb/eqf/5"}
    )

    assert [skill["name"] for skill in services.index_of(document)["skills"]] == ["glaze"]


@pytest.mark.parametrize(("ends", "kept"), [(1_800_000_000, True), ("soon", False), (10**13, False)])
def test_an_sd_jwt_vc_says_its_dates_in_seconds(ends, kept):
    told = services.index_of({"iss": "did:web:a.example", "vct": "x", "nbf": 0, "exp": ends})

    assert told["begins_at"] == datetime(1970, 1, 1, tzinfo=UTC)
    assert told["ends_at"] == (datetime.fromtimestamp(ends, UTC) if kept else None)


def test_what_was_found_on_arrival_is_kept_beside_its_date_and_where_it_came_from(keep):
    held = keep(came_from="Diploma\u202e.png\r\nX: y")

    assert (held.verdict, held.checked_at) == ("verified", MONDAY)
    assert {each["check"] for each in held.report["findings"]} >= {"signature", "issuer", "structure"}
    assert "document" not in held.report
    # B119: one line, and nothing that turns text around.
    assert (held.arrival, held.came_from) == ("file", "Diploma.pngX: y")


def test_b18_an_identifier_that_no_index_takes_is_refused(keep):
    with pytest.raises(services.NotHeld, match="id-too-long"):
        keep(id="https://x.example/" + "a" * 1_000)

    assert not HeldCredential.objects.exists()


# Copies


def test_the_same_bytes_are_one_credential(keep):
    first, second = keep(), keep(at=TUESDAY)

    assert first == second
    assert HeldCredential.objects.count() == 1


def test_another_form_of_the_same_stands_behind_the_first(keep, learner):
    first, token = keep(), keep(form="jwt")

    assert token.twin_of == first
    assert list(searching.found(learner, searching.Wanted(), at=MONDAY)) == [first]
    assert list(searching.found(learner, searching.Wanted(kept="copies"), at=MONDAY)) == [token]


@pytest.mark.parametrize("newer_first", [False, True])
def test_a_newer_copy_takes_the_place_of_an_older_one_in_whatever_order_they_come(keep, newer_first):
    dates = ["2025-01-01T00:00:00Z", "2026-01-01T00:00:00Z"]
    for begin in reversed(dates) if newer_first else dates:
        keep(begin=begin)

    old, new = HeldCredential.objects.order_by("begins_at")
    assert (old.superseded_by, new.superseded_by, new.twin_of) == (new, None, None)


def test_b146_an_id_alone_makes_no_copy(keep, learner):
    """Another issuer may write any id into a badge: it does not push the real one aside."""
    real = keep(begin="2025-01-01T00:00:00Z")
    HeldCredential.objects.filter(pk=real.pk).update(issuer_id="did:web:somebody.example")

    other = keep("Glazing", begin="2026-01-01T00:00:00Z")

    real.refresh_from_db()
    assert (real.superseded_by, other.twin_of) == (None, None)


def test_when_the_newer_copy_goes_the_older_one_stands_again(keep, learner):
    old, new = keep(begin="2025-01-01T00:00:00Z"), keep(begin="2026-01-01T00:00:00Z")

    services.let_go(new, by=learner, at=TUESDAY)

    old.refresh_from_db()
    assert (old.superseded_by, old.twin_of) == (None, None)


def test_the_copies_of_two_people_are_not_each_others(keep, learner, issuer):
    mine, theirs = keep(begin="2025-01-01T00:00:00Z"), keep(begin="2026-01-01T00:00:00Z", holder=issuer)

    mine.refresh_from_db()
    assert (mine.superseded_by, theirs.superseded_by) == (None, None)


def test_a_credential_cannot_be_a_copy_of_itself(keep):
    held = keep()

    with pytest.raises(IntegrityError), transaction.atomic():
        HeldCredential.objects.filter(pk=held.pk).update(twin_of=held)


# Checking again


def test_a_check_is_kept_beside_its_date(keep, learner):
    held = keep()
    report = cairn.Verifier(FixedSources()).examine(bytes(held.secured), at=TUESDAY)

    services.note_check(held, report, by=learner, at=TUESDAY)

    held.refresh_from_db()
    assert (held.verdict, held.checked_at, held.is_shown) == ("verified", TUESDAY, True)
    assert Entry.objects.get(verb="credential checked").details == {"verdict": "verified"}


def test_b75_what_is_not_confirmed_any_more_shows_nothing(keep, learner):
    held = keep()
    broken = cairn.Verifier(FixedSources()).examine(
        bytes(held.secured).replace(b"Glazing", b"Gilding"), at=TUESDAY
    )
    assert broken.verdict.value == "not-verified"
    HeldCredential.objects.filter(pk=held.pk).update(sha256=broken.sha256)
    held.refresh_from_db()

    services.note_check(held, broken, by=None, at=TUESDAY)

    held.refresh_from_db()
    assert (held.document, held.is_shown) == (None, False)


def test_a_report_about_something_else_is_refused(keep, learner):
    held = keep()
    other = cairn.Verifier(FixedSources()).examine(signed("Another"), at=TUESDAY)

    with pytest.raises(ValueError, match="about something else"):
        services.note_check(held, other, by=learner, at=TUESDAY)


def test_a_verdict_has_its_date(keep):
    held = keep()

    with pytest.raises(IntegrityError), transaction.atomic():
        HeldCredential.objects.filter(pk=held.pk).update(checked_at=None)


# Notes, and letting go


def test_a_note_is_for_its_holder_and_the_journal_does_not_know_it(keep, learner):
    held = keep()

    services.write_note(held, by=learner, text=" for the application\r\nsecond line ", at=TUESDAY)

    held.refresh_from_db()
    assert held.note == "for the application\nsecond line"
    assert "application" not in str(Entry.objects.get(verb="credential noted").details)


@pytest.mark.parametrize("text", ["x" * 5_001, "a\x00b", "a\x1bb"])
def test_a_note_that_is_too_long_or_has_controls_is_refused(keep, learner, text):
    with pytest.raises(services.NoteTooLong, match="note-too-long"):
        services.write_note(keep(), by=learner, text=text, at=TUESDAY)


def test_letting_go_takes_everything_about_it(keep, learner):
    held = keep()
    collection = collections.make(by=learner, name="Work", at=MONDAY)
    collections.put(collection, by=learner, held=[held], at=MONDAY)
    link, _token = sharing.open_link(held, by=learner, expires_at=None, at=MONDAY)
    looks.note(learner.pk, link.public_id, Look.Kind.LINK, at=MONDAY)

    services.let_go(held, by=learner, at=TUESDAY)

    assert not HeldCredential.objects.exists()
    assert not Look.objects.exists()
    assert not collection.places.exists()


def test_b135_nobody_acts_on_what_another_person_holds(keep, learner, outsider):
    held = keep()
    report = cairn.Verifier(FixedSources()).examine(bytes(held.secured), at=TUESDAY)
    mine = collections.make(by=outsider, name="Mine", at=MONDAY)

    for act in (
        lambda: services.write_note(held, by=outsider, text="mine", at=TUESDAY),
        lambda: services.note_check(held, report, by=outsider, at=TUESDAY),
        lambda: services.let_go(held, by=outsider, at=TUESDAY),
        lambda: collections.put(mine, by=outsider, held=[held], at=TUESDAY),
    ):
        with pytest.raises(NotVisible):
            act()
    assert HeldCredential.objects.get().note == ""


# Finding


def test_words_are_found_in_any_case_without_accents_and_all_of_them(keep, learner):
    keep("Töpfern für Anfänger", number=1, skills=["clay"])
    keep("Weaving", number=2)

    def names(text: str) -> list[str]:
        return [each.name for each in searching.found(learner, searching.Wanted(text=text), at=MONDAY)]

    assert names("TOPFERN") == ["Töpfern für Anfänger"]
    assert names("anfanger clay") == ["Töpfern für Anfänger"]
    assert names("topfern weaving") == []
    assert names("%") == []  # B155: no wildcard of the database


def test_states_are_told_apart(keep, learner):
    soon = (MONDAY + searching.SOON - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    keep("Lasting", number=1)
    keep("Soon", number=2, end=soon)
    keep("Over", number=3, begin="2020-01-01T00:00:00Z", end="2021-01-01T00:00:00Z")
    revoked = keep("Revoked", number=4)
    HeldCredential.objects.filter(pk=revoked.pk).update(standing="revoked")

    def names(state: str) -> set[str]:
        return {each.name for each in searching.found(learner, searching.Wanted(state=state), at=MONDAY)}

    assert names("counts") == {"Lasting", "Soon"}
    assert names("soon") == {"Soon"}
    assert names("ended") == {"Over"}
    assert names("withdrawn") == {"Revoked"}
    assert searching.ending_soon(learner, at=MONDAY) == 1


@pytest.mark.parametrize("order", [*searching.ORDERS, "password", ""])
def test_b155_every_order_and_no_other(keep, learner, order):
    keep("B", number=1)
    keep("A", number=2)

    found = [each.name for each in searching.found(learner, searching.Wanted(order=order), at=MONDAY)]

    assert sorted(found) == ["A", "B"]


def test_b135_filters_reach_no_other_wallet(keep, learner, outsider):
    held = keep()
    collection = collections.make(by=learner, name="Work", at=MONDAY)
    collections.put(collection, by=learner, held=[held], at=MONDAY)
    theirs = keep("Theirs", number=2, holder=outsider)

    by_collection = searching.Wanted(collection=collection.public_id)
    assert list(searching.found(learner, by_collection, at=MONDAY)) == [held]
    assert list(searching.found(outsider, by_collection, at=MONDAY)) == []
    assert list(searching.found(outsider, searching.Wanted(), at=MONDAY)) == [theirs]
    assert searching.issuers_of(outsider) == [(theirs.issuer_id, theirs.issuer_name)]


# Collections


def test_a_credential_is_in_several_collections_in_an_order_of_ones_own(keep, learner):
    a, b, c = (keep(name, number=number) for number, name in enumerate("ABC", start=1))
    work = collections.make(by=learner, name="Work", at=MONDAY)
    other = collections.make(by=learner, name="Other", at=MONDAY)
    collections.put(work, by=learner, held=[a, b, c], at=MONDAY)
    assert collections.put(work, by=learner, held=[a], at=MONDAY) == 0
    collections.put(other, by=learner, held=[a], at=MONDAY)

    collections.move(work, by=learner, held=c, up=True, at=MONDAY)
    collections.move(work, by=learner, held=a, up=True, at=MONDAY)  # at the edge already

    assert [place.held.name for place in work.places.all()] == ["A", "C", "B"]
    assert a.collections.count() == 2


def test_removing_a_collection_keeps_what_was_in_it(keep, learner):
    held = keep()
    work = collections.make(by=learner, name="Work", at=MONDAY)
    collections.put(work, by=learner, held=[held], at=MONDAY)

    collections.remove(work, by=learner, at=TUESDAY)

    assert (Collection.objects.count(), HeldCredential.objects.count()) == (0, 1)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("  ", "collection-name"),
        ("x" * 121, "collection-name"),
        ("Work\u202e", "collection-name"),
        ("Mine", "collection-exists"),
    ],
)
def test_a_name_that_cannot_stand_is_refused(learner, name, code):
    collections.make(by=learner, name="Mine", at=MONDAY)

    with pytest.raises(collections.BadCollection, match=code):
        collections.make(by=learner, name=name, at=MONDAY)


def test_collections_have_limits(keep, learner, monkeypatch):
    monkeypatch.setattr(collections, "MOST", 1)
    monkeypatch.setattr(collections, "MOST_IN_ONE", 1)
    work = collections.make(by=learner, name="Work", at=MONDAY)

    with pytest.raises(collections.BadCollection, match="collection-limit"):
        collections.make(by=learner, name="More", at=MONDAY)
    with pytest.raises(collections.BadCollection, match="collection-full"):
        collections.put(work, by=learner, held=[keep("A", number=1), keep("B", number=2)], at=MONDAY)


def test_b135_another_persons_collection_does_not_exist(keep, learner, outsider):
    work = collections.make(by=learner, name="Work", at=MONDAY)
    held = keep()

    for act in (
        lambda: collections.describe(work, by=outsider, name="X", description="", at=MONDAY),
        lambda: collections.put(work, by=outsider, held=[], at=MONDAY),
        lambda: collections.take_out(work, by=outsider, held=held, at=MONDAY),
        lambda: collections.move(work, by=outsider, held=held, up=True, at=MONDAY),
        lambda: collections.remove(work, by=outsider, at=MONDAY),
    ):
        with pytest.raises(NotVisible):
            act()
