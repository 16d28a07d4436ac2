# SPDX-License-Identifier: Apache-2.0
"""Many awards from one list: started, run, interrupted, resumed."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from server.tests.conftest import MONDAY, TUESDAY
from server.tests.issuing.conftest import sources_of

import cairn
from cairn.canonical import parse_json
from cairn_server.errors import NotAllowed, NotVisible
from cairn_server.issuing import batches, recipients, services
from cairn_server.issuing.batches import ListHasProblems, NobodyToAward
from cairn_server.issuing.models import Batch, BatchRow, Credential, Delivery, StatusList
from cairn_server.issuing.representations import representation
from cairn_server.issuing.services import NotPublished
from cairn_server.journal.models import Entry
from cairn_server.organisations.models import Membership


def people(count: int) -> str:
    return "email,name,grade,issued,id\n" + "".join(
        f"p{n}@people.example,Person {n},{n},2026-11-20,S{n}\n" for n in range(count)
    )


@pytest.fixture
def start(issuer, version):
    def make(text: str) -> Batch:
        dry_run = batches.check_rows(by=issuer, version=version, text=text, at=MONDAY)
        return batches.start_batch(by=issuer, version=version, dry_run=dry_run, at=MONDAY)

    return make


def test_everybody_on_the_list_is_awarded(start):
    batch = start(people(25))  # more than one chunk

    batches.run_batch(batch, at=MONDAY)

    assert batch.state == "done"
    assert batch.counts() == {"waiting": 0, "awarded": 25, "already": 0, "failed": 0}
    assert Credential.objects.filter(batch=batch).count() == Delivery.objects.count() == 25
    assert len(set(Credential.objects.values_list("status_list", "status_index"))) == 25
    credential = batch.rows.get(values__name="Person 7").credential
    document = parse_json(representation(credential, "json")[0])
    assert document["awardedDate"] == "2026-11-20T00:00:00Z"
    assert document["credentialSubject"]["result"] == [{"type": ["Result"], "value": "7"}]
    report = cairn.Verifier(sources_of(credential)).examine(representation(credential, "jwt")[0], at=MONDAY)
    assert report.verdict is cairn.Verdict.VERIFIED


def test_the_same_list_twice_awards_nobody_twice(start):
    batches.run_batch(start(people(3)), at=MONDAY)

    with pytest.raises(NobodyToAward):
        start(people(3))

    assert Credential.objects.count() == 3


def test_a_longer_list_awards_only_the_new_ones_and_says_so(start):
    batches.run_batch(start(people(2)), at=MONDAY)
    batch = start(people(4))

    batches.run_batch(batch, at=TUESDAY)

    assert batch.counts() == {"waiting": 0, "awarded": 2, "already": 2, "failed": 0}
    assert Credential.objects.count() == 4


def test_the_same_list_started_twice_at_once_awards_nobody_twice(start):
    one, two = start(people(3)), start(people(3))

    assert batches.run_waiting_batches(at=MONDAY) == 2

    one.refresh_from_db()
    two.refresh_from_db()
    assert (one.counts()["awarded"], two.counts()["already"]) == (3, 3)
    assert Credential.objects.count() == 3


def test_b117_a_list_with_a_problem_awards_nobody(issuer, version, start):
    with pytest.raises(ListHasProblems):
        start(people(3) + "nobody@,X,,,\n")

    assert not Batch.objects.exists()


def test_an_empty_dry_run_starts_nothing(issuer, version):
    with pytest.raises(ListHasProblems):
        batches.start_batch(by=issuer, version=version, dry_run=recipients.DryRun(), at=MONDAY)


def test_f1_a_crash_in_the_middle_loses_nothing_and_repeats_nothing(start, monkeypatch):
    batch = start(people(25))
    genuine, calls = services.award_wanted, []

    def crashing(*args, **more):
        calls.append(1)
        if len(calls) == 23:
            raise SystemError("the power went")
        return genuine(*args, **more)

    monkeypatch.setattr(services, "award_wanted", crashing)
    with pytest.raises(SystemError):
        batches.run_batch(batch, at=MONDAY)
    # The chunk that was cut off is as it was before it began: nothing of it was signed.
    assert batch.counts() == {"waiting": 5, "awarded": 20, "already": 0, "failed": 0}
    assert Credential.objects.count() == 20
    assert StatusList.objects.get().next_number == 20

    monkeypatch.setattr(services, "award_wanted", genuine)
    batches.run_waiting_batches(at=TUESDAY)

    batch.refresh_from_db()
    assert batch.counts()["awarded"] == Credential.objects.count() == 25


def test_a_row_that_fails_is_named_and_the_others_go_on(start):
    batch = start(people(3))
    row = batch.rows.get(values__name="Person 1")
    row.values["email"] = "p1@"  # spoilt since the dry run
    row.save()

    batches.run_batch(batch, at=MONDAY)

    row.refresh_from_db()
    assert batch.state == "problems"
    assert batch.counts() == {"waiting": 0, "awarded": 2, "already": 0, "failed": 1}
    assert row.problem
    assert row.credential is None


def test_b138_a_batch_stops_with_the_right_of_its_starter(issuer, start):
    batch = start(people(3))
    Membership.objects.filter(person=issuer).delete()

    batches.run_batch(batch, at=MONDAY)

    assert batch.counts()["failed"] == 3
    assert not Credential.objects.exists()


def test_what_was_started_and_finished_is_in_the_journal(start):
    batches.run_batch(start(people(2)), at=MONDAY)

    verbs = list(Entry.objects.filter(object_type="issuing.batch").values_list("verb", flat=True))
    assert verbs == ["batch started", "batch finished"]


def test_a_finished_batch_is_not_run_again(start):
    batch = start(people(1))
    batches.run_batch(batch, at=MONDAY)

    batches.run_batch(batch, at=TUESDAY)

    assert batch.finished_at == MONDAY
    assert batches.run_waiting_batches(at=TUESDAY) == 0


def test_the_database_refuses_an_awarded_row_without_its_credential(start):
    batch = start(people(1))

    with pytest.raises(IntegrityError), transaction.atomic():
        BatchRow.objects.filter(batch=batch).update(state="awarded")


def test_a_draft_is_not_awarded_to_a_list(issuer, version, start):
    from cairn_server.achievements import services as achievements

    draft = achievements.new_version(version.achievement, by=issuer, at=MONDAY)

    with pytest.raises(NotPublished):
        batches.start_batch(
            by=issuer, version=draft, dry_run=recipients.read(people(1), at=MONDAY), at=MONDAY
        )


@pytest.mark.parametrize("who", ["reviewer", "auditor"])
def test_a_member_without_the_role_is_refused(who, request, version):
    with pytest.raises(NotAllowed):
        batches.start_batch(
            by=request.getfixturevalue(who),
            version=version,
            dry_run=recipients.read(people(1), at=MONDAY),
            at=MONDAY,
        )


def test_b135_an_outsider_is_told_that_it_does_not_exist(outsider, version):
    with pytest.raises(NotVisible):
        batches.start_batch(
            by=outsider, version=version, dry_run=recipients.read(people(1), at=MONDAY), at=MONDAY
        )


def test_b135_an_outsider_sees_no_batch(outsider, issuer, start):
    batch = start(people(1))

    assert batch in Batch.objects.visible_to(issuer)
    assert not Batch.objects.visible_to(outsider).exists()
