# SPDX-License-Identifier: Apache-2.0
"""Many awards from one list: started, approved, held, cancelled, undone, told."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from server.tests.conftest import MONDAY, TUESDAY
from server.tests.issuing.conftest import people, row, sources_of

import cairn
from cairn.canonical import parse_json
from cairn_server.achievements import services as achievements
from cairn_server.errors import NotAllowed, NotVisible
from cairn_server.issuing import batches, chunks, storage
from cairn_server.issuing.batches import MessagesAreOut, NeedsAnother, NobodyToAward, NotInThisState
from cairn_server.issuing.chunks import leases, planning
from cairn_server.issuing.models import Batch, BatchChunk, BatchRow, Credential, Delivery
from cairn_server.issuing.representations import NotInThisForm, representation
from cairn_server.issuing.services import NotPublished
from cairn_server.journal.models import Entry
from cairn_server.organisations.models import Membership, Organisation
from cairn_server.organisations.roles import Role

LATER = MONDAY + timedelta(minutes=11)  # after the undo window


def counts(batch: Batch) -> dict[str, int]:
    """Only what is not zero."""
    batch.refresh_from_db()
    return {state: count for state, count in batch.counts().items() if count}


def test_everybody_on_the_list_is_awarded(start, small_chunks):
    batch = start(25)

    batches.run_batch(batch, at=MONDAY)

    assert batch.state == "done"
    assert counts(batch) == {"awarded": 25}
    assert BatchChunk.objects.filter(state="done").count() == 3
    assert len(set(Credential.objects.values_list("status_list", "status_index"))) == 25
    credential = Credential.objects.get(batch=batch, batch_number=9)
    document = parse_json(representation(credential, "json")[0])
    assert document["awardedDate"] == "2026-11-20T00:00:00Z"
    assert document["credentialSubject"]["result"] == [{"type": ["Result"], "value": "7"}]
    report = cairn.Verifier(sources_of(credential)).examine(representation(credential, "json")[0], at=MONDAY)
    assert report.verdict is cairn.Verdict.VERIFIED


def test_what_a_list_awards_is_there_as_json_and_not_as_a_token(start):
    batches.run_batch(start(1), at=MONDAY)

    with pytest.raises(NotInThisForm):
        representation(Credential.objects.get(), "jwt")


def test_the_same_list_twice_awards_nobody_twice(start):
    batches.run_batch(start(3), at=MONDAY)

    with pytest.raises(NobodyToAward):
        start(3)

    assert Credential.objects.count() == 3


def test_a_longer_list_awards_only_the_new_ones_and_says_so(start):
    batches.run_batch(start(2), at=MONDAY)
    batch = start(4)

    batches.run_batch(batch, at=TUESDAY)

    assert counts(batch) == {"awarded": 2, "already": 2}
    assert Credential.objects.count() == 4
    told = [(row.number, state) for row, state, _credential in batches.outcomes(batch)]
    assert told == [(2, "already"), (3, "already"), (4, "awarded"), (5, "awarded")]


def test_the_same_list_started_twice_at_once_awards_nobody_twice(start):
    one, two = start(3), start(3)

    batches.run_waiting_batches(at=MONDAY)

    one.refresh_from_db()
    two.refresh_from_db()
    assert sorted([one.awarded, two.awarded]) == [0, 3]
    assert sorted([one.already, two.already]) == [0, 3]
    assert Credential.objects.count() == 3


def test_somebody_twice_in_one_list_is_awarded_once(accept, issuer, version):
    batch = accept([(2, "same", {}), (3, "same", {}), (4, "other", {})])

    batches.run_batch(batches.start(batch, by=issuer, at=MONDAY), at=MONDAY)

    assert counts(batch) == {"awarded": 2, "already": 1}


def test_what_was_started_and_finished_is_in_the_journal(start):
    batches.run_batch(start(2), at=MONDAY)

    entries = list(Entry.objects.filter(object_type="issuing.batch").order_by("number"))
    assert [entry.verb for entry in entries] == ["batch started", "credentials awarded", "batch finished"]
    assert entries[1].details["awarded"] == 2
    assert entries[1].details["intent"] == BatchChunk.objects.get().intent_sha256


def test_no_entry_of_the_journal_names_anybody(start):
    batches.run_batch(start(2), at=MONDAY)

    for entry in Entry.objects.all():
        assert "people.example" not in str(entry.details)
        assert "Person" not in str(entry.details)


def test_a_finished_batch_is_not_run_again(start):
    batch = start(1)
    batches.run_batch(batch, at=MONDAY)

    batches.run_batch(batch, at=TUESDAY)

    assert batch.finished_at == MONDAY
    assert leases.claim(at=TUESDAY, worker="w") is None


def test_the_database_refuses_a_row_that_says_it_was_awarded(start):
    batch = start(1)

    with pytest.raises(IntegrityError), transaction.atomic():
        BatchRow.objects.filter(batch=batch).update(state="awarded")


# Who may


def test_a_draft_is_not_awarded_to_a_list(issuer, version):
    draft = achievements.new_version(version.achievement, by=issuer, at=MONDAY)

    with pytest.raises(NotPublished):
        batches.receive(by=issuer, version=draft, at=MONDAY)


@pytest.mark.parametrize("who", ["reviewer", "auditor"])
def test_a_member_without_the_role_is_refused(who, request, version, accept):
    batch, person = accept(people(1)), request.getfixturevalue(who)

    for verb in (batches.start, batches.approve, batches.pause, batches.resume, batches.cancel):
        with pytest.raises(NotAllowed):
            verb(batch, by=person, at=MONDAY)
    with pytest.raises(NotAllowed):
        batches.receive(by=person, version=version, at=MONDAY)


def test_b135_an_outsider_is_told_that_it_does_not_exist(outsider, version, accept):
    batch = accept(people(1))

    for verb in (batches.start, batches.approve, batches.pause, batches.resume, batches.cancel,
                 batches.queue_more, batches.release_now):  # fmt: skip
        with pytest.raises(NotVisible):
            verb(batch, by=outsider, at=MONDAY)
    with pytest.raises(NotVisible):
        batches.undo(batch, by=outsider, reason="x", at=MONDAY)
    with pytest.raises(NotVisible):
        batches.receive(by=outsider, version=version, at=MONDAY)


def test_b135_an_outsider_sees_no_batch(outsider, issuer, start):
    batch = start(1)

    assert batch in Batch.objects.visible_to(issuer)
    assert not Batch.objects.visible_to(outsider).exists()


def test_b138_a_batch_stops_with_the_right_of_its_starter(issuer, start):
    batch = start(3)
    Membership.objects.filter(person=issuer).delete()

    batches.run_batch(batch, at=MONDAY)

    assert counts(batch) == {"failed": 3}
    assert not Credential.objects.exists()


@pytest.mark.parametrize(("count", "cut"), [(1, [1]), (9, [9]), (10, [10]), (11, [10, 1]), (20, [10, 10])])
def test_waiting_rows_are_cut_where_they_are(count, cut, accept, issuer, small_chunks):
    # Every third line of the file, so that a chunk has to say where its own begin and end.
    batch = accept([(3 * number, key, values) for number, key, values in people(count)])

    batches.start(batch, by=issuer, at=MONDAY)

    made = list(batch.chunks.order_by("number"))
    numbers = list(batch.rows.order_by("number").values_list("number", flat=True))
    assert [chunk.rows for chunk in made] == cut
    assert [chunk.number for chunk in made] == list(range(1, len(cut) + 1))
    for chunk in made:
        own, numbers = numbers[: chunk.rows], numbers[chunk.rows :]
        assert (chunk.first, chunk.last) == (own[0], own[-1])


def test_b138_also_between_two_chunks(issuer, start, small_chunks):
    batch = start(15)
    chunks.work_off(now=lambda: MONDAY, worker="w", most=1)
    Membership.objects.filter(person=issuer).delete()

    batches.run_batch(batch, at=MONDAY)

    assert counts(batch) == {"awarded": 10, "failed": 5}
    assert batch.state == "problems"


# A second person


@pytest.fixture
def second(member):
    return member("Zora", Role.ISSUER)


@pytest.fixture
def limited(organisation):
    Organisation.objects.filter(pk=organisation.pk).update(approval_above=2)


def test_a_list_above_the_limit_waits_for_a_second_person(start, limited, second):
    batch = start(3)
    assert batch.state == "awaiting-approval"
    batches.run_batch(batch, at=MONDAY)
    assert not Credential.objects.exists()

    batches.approve(batch, by=second, at=MONDAY)
    batches.run_batch(batch, at=MONDAY)

    assert counts(batch) == {"awarded": 3}
    assert batch.approved_by == second
    assert Entry.objects.get(verb="batch approved").actor_id == second.public_id


def test_whoever_started_it_does_not_approve_it(start, limited, issuer):
    batch = start(3)

    with pytest.raises(NeedsAnother):
        batches.approve(batch, by=issuer, at=MONDAY)

    assert batch.state == "awaiting-approval"


def test_a_list_up_to_the_limit_needs_nobody(start, limited):
    assert start(2).state == "queued"


def test_a_list_that_waits_for_nobody_is_not_approved(start, second):
    with pytest.raises(NotInThisState):
        batches.approve(start(2), by=second, at=MONDAY)


# Holding and taking back


def test_a_paused_list_rests_until_it_is_resumed(start, issuer, small_chunks):
    batch = start(25)
    chunks.work_off(now=lambda: MONDAY, worker="w", most=1)
    batches.pause(batch, by=issuer, at=MONDAY)

    batches.run_batch(batch, at=MONDAY)
    assert counts(batch) == {"awarded": 10, "waiting": 15}

    batches.resume(batch, by=issuer, at=MONDAY)
    batches.run_batch(batch, at=MONDAY)
    assert counts(batch) == {"awarded": 25}


def test_what_is_not_signed_yet_is_cancelled(start, issuer, small_chunks):
    batch = start(25)
    chunks.work_off(now=lambda: MONDAY, worker="w", most=1)

    batches.cancel(batch, by=issuer, at=MONDAY)
    batches.run_batch(batch, at=MONDAY)

    assert counts(batch) == {"awarded": 10, "cancelled": 15}
    assert batch.state == "cancelled"
    assert batch.finished_at == MONDAY
    assert Credential.objects.count() == 10
    states = [state for _row, state, _credential in batches.outcomes(batch)]
    assert (states.count("awarded"), states.count("cancelled")) == (10, 15)


def test_what_may_have_been_signed_is_finished_also_when_the_rest_is_cancelled(start, issuer, small_chunks):
    batch = start(25)
    lease = leases.claim(at=MONDAY, worker="gone")
    planning.plan(lease, at=MONDAY)  # and then nothing was heard of it

    batches.cancel(batch, by=issuer, at=MONDAY)
    batches.run_batch(batch, at=MONDAY + 2 * leases.LEASE)

    assert counts(batch) == {"awarded": 10, "cancelled": 15}
    assert batch.finished_at is not None


def test_a_list_that_is_over_is_not_held_or_cancelled(start, issuer):
    batch = start(1)
    batches.run_batch(batch, at=MONDAY)

    for verb in (batches.pause, batches.resume, batches.cancel, batches.start):
        with pytest.raises(NotInThisState):
            verb(batch, by=issuer, at=MONDAY)


# Telling


def test_nobody_is_told_before_the_undo_window_is_over(start):
    batch = start(3)
    batches.run_batch(batch, at=MONDAY)

    batches.release_due(at=MONDAY + timedelta(minutes=9))
    assert not Delivery.objects.exists()

    batches.release_due(at=LATER)
    assert Delivery.objects.filter(kind="awarded", state="due").count() == 3
    batch.refresh_from_db()
    assert batch.released_at == LATER


def test_everybody_is_told_once(start, small_chunks):
    batches.run_batch(start(25), at=MONDAY)

    for _ in range(3):
        batches.release_due(at=LATER)

    assert Delivery.objects.count() == 25
    assert set(Delivery.objects.values_list("to", flat=True)) == {f"p{n}@people.example" for n in range(25)}


def test_messages_can_leave_at_once(start, issuer):
    batch = start(3)
    batches.run_batch(batch, at=MONDAY)

    batches.release_now(batch, by=issuer, at=MONDAY)
    batches.release_due(at=MONDAY)

    assert Delivery.objects.count() == 3


def test_a_list_that_is_undone_is_revoked_and_nobody_is_told(start, issuer, small_chunks):
    batch = start(25)
    chunks.work_off(now=lambda: MONDAY, worker="w", most=1)

    batches.undo(batch, by=issuer, reason="The wrong list", at=MONDAY + timedelta(minutes=1))
    batches.run_batch(batch, at=LATER)
    batches.release_due(at=LATER)

    assert counts(batch) == {"awarded": 10, "cancelled": 15}
    assert not Delivery.objects.exists()


def test_what_was_told_cannot_be_undone(start, issuer):
    batch = start(3)
    batches.run_batch(batch, at=MONDAY)
    batches.release_due(at=LATER)

    with pytest.raises(MessagesAreOut):
        batches.undo(batch, by=issuer, reason="The wrong list", at=LATER)


# Rows that come later


def test_rows_that_were_mended_are_awarded_by_the_same_list(start, issuer, version):
    batch = start(3)
    batches.run_batch(batch, at=MONDAY)
    storage.copy_rows(batch, [row(1_000)])
    Batch.objects.filter(pk=batch.pk).update(total=4)

    batches.queue_more(batch, by=issuer, at=TUESDAY)
    batches.run_batch(batch, at=TUESDAY)

    assert counts(batch) == {"awarded": 4}
    assert batch.state == "done"
    assert batch.finished_at == TUESDAY
    with pytest.raises(NobodyToAward):
        batches.queue_more(batch, by=issuer, at=TUESDAY)
