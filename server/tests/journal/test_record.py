# SPDX-License-Identifier: Apache-2.0
"""The journal: appended, never changed; and whatever is done to it behind our back is found."""

import pytest
from django.db import DatabaseError, connection, transaction
from server.tests.conftest import MONDAY, TUESDAY

from cairn_server.journal import append_only, services
from cairn_server.journal.models import AppendOnly, Entry, Head

pytestmark = pytest.mark.django_db


@pytest.fixture
def chain(learner):
    """Five entries of one organisation, and one of another in between."""
    for number in range(5):
        services.record(
            verb=f"act {number}",
            by=learner,
            organisation_id="org-a",
            object=learner,
            details={"n": number},
            at=MONDAY,
        )
        services.record(verb="other", by=learner, organisation_id="org-b", object=learner, at=MONDAY)
    return "org-a"


@pytest.fixture
def behind_our_back(db):
    """Somebody with the database's own rights, who has taken the triggers away."""
    append_only.drop(connection)

    def execute(statement, *values):
        with connection.cursor() as cursor:
            cursor.execute(statement, values)

    yield execute
    append_only.create(connection)


def test_an_entry_says_who_did_what_to_which_object_and_when(learner):
    entry = services.record(
        verb="hello", by=learner, organisation_id=None, object=learner, details={"a": 1}, at=MONDAY
    )

    assert (entry.actor_id, entry.verb, entry.object_type, entry.object_id, entry.at, entry.details) == (
        learner.public_id, "hello", "accounts.person", learner.public_id, MONDAY, {"a": 1}
    )  # fmt: skip


def test_the_server_itself_acts_without_a_person(learner):
    assert services.record(verb="x", by=None, organisation_id=None, object=learner, at=MONDAY).actor_id == ""


def test_each_organisation_has_its_own_numbers(chain):
    assert list(Entry.objects.of("org-a").values_list("number", flat=True)) == [1, 2, 3, 4, 5]
    assert list(Entry.objects.of("org-b").values_list("number", flat=True)) == [1, 2, 3, 4, 5]
    assert not Entry.objects.of(None).exists()


def test_an_entry_is_undone_with_the_act_it_tells_of(chain, learner):
    with transaction.atomic():
        services.record(verb="never", by=learner, organisation_id=chain, object=learner, at=TUESDAY)
        transaction.set_rollback(True)

    assert not Entry.objects.filter(verb="never").exists()
    assert services.broken_link(chain) is None


def test_a_whole_chain_has_no_broken_link(chain):
    assert services.broken_link(chain) is None
    assert services.broken_link("never-written") is None
    assert services.chains() == ["org-a", "org-b"]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("verb", "another"),
        ("actor_id", "somebody-else"),
        ("object_id", "another"),
        ("object_type", "another.model"),
        ("at", "2020-01-01 00:00:00+00:00"),
        ("details", '{"n": 7}'),
        ("hash", "0" * 64),
        ("previous_hash", "0" * 64),
        ("number", 99),
        ("organisation_id", "org-c"),
    ],
)
def test_a_flipped_column_is_found(chain, behind_our_back, column, value):
    third = Entry.objects.of(chain).get(number=3)

    behind_our_back(f"UPDATE journal_entry SET {column} = %s WHERE id = %s", value, third.pk)

    assert services.broken_link(chain) is not None


def test_the_first_bad_entry_is_named(chain, behind_our_back):
    behind_our_back("UPDATE journal_entry SET verb = 'x' WHERE organisation_id = %s AND number >= 3", chain)

    assert services.broken_link(chain).number == 3


def test_a_deleted_entry_is_found(chain, behind_our_back):
    behind_our_back("DELETE FROM journal_entry WHERE organisation_id = %s AND number = 3", chain)

    assert services.broken_link(chain).number == 4


def test_a_chain_cut_off_at_the_end_is_found_by_its_head(chain, behind_our_back):
    behind_our_back("DELETE FROM journal_entry WHERE organisation_id = %s AND number >= 4", chain)

    assert isinstance(services.broken_link(chain), Head)


def test_a_chain_deleted_as_a_whole_is_found_by_its_head(chain, behind_our_back):
    behind_our_back("DELETE FROM journal_entry WHERE organisation_id = %s", chain)

    assert isinstance(services.broken_link(chain), Head)


def test_a_lost_head_is_found(chain):
    Head.objects.filter(organisation_id=chain).delete()

    assert services.broken_link(chain).number == 1
    assert chain in services.chains()


def test_two_entries_that_change_places_are_found(chain, behind_our_back):
    for old, new in ((2, 77), (3, 2), (77, 3)):
        behind_our_back(
            "UPDATE journal_entry SET number = %s WHERE organisation_id = %s AND number = %s", new, chain, old
        )

    assert services.broken_link(chain).number == 2


def test_an_inserted_entry_is_found_even_with_a_right_hash(chain, behind_our_back):
    for number in (5, 4, 3):
        behind_our_back(
            "UPDATE journal_entry SET number = %s WHERE organisation_id = %s AND number = %s",
            number + 1, chain, number,
        )  # fmt: skip
    second = Entry.objects.of(chain).get(number=2)
    forged = Entry(
        organisation_id=chain, number=3, at=MONDAY, verb="forged", object_type="x", object_id="y",
        previous_hash=second.hash,
    )  # fmt: skip
    forged.hash = services.entry_hash(forged)
    forged.save(force_insert=True)

    assert services.broken_link(chain).number == 4


def test_the_model_refuses_to_change_or_delete(chain):
    entry = Entry.objects.of(chain).first()

    with pytest.raises(AppendOnly):
        entry.delete()
    with pytest.raises(AppendOnly):
        Entry.objects.all().delete()
    with pytest.raises(AppendOnly):
        Entry.objects.all().update(verb="x")


@pytest.mark.parametrize(
    "statement",
    ["UPDATE journal_entry SET verb = 'x' WHERE number = 1", "DELETE FROM journal_entry WHERE number = 1"],
)
def test_the_database_refuses_to_change_or_delete(chain, statement):
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)

    assert services.broken_link(chain) is None


def test_saving_an_entry_again_is_refused_by_the_database(chain):
    entry = Entry.objects.of(chain).first()
    entry.verb = "another"

    with pytest.raises(DatabaseError), transaction.atomic():
        entry.save()
