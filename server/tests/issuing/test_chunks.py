# SPDX-License-Identifier: Apache-2.0
"""The road of a chunk, cut off and taken up again: nothing lost, doubled, or signed without an intent."""

from __future__ import annotations

import multiprocessing
import os
import signal
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connections, transaction
from server.tests.conftest import MONDAY, TUESDAY
from server.tests.issuing.conftest import people, sources_of

import cairn
from cairn.canonical import parse_json
from cairn_server.issuing import batches, chunks, patterns, services, signing, status_lists
from cairn_server.issuing.models import (
    Batch,
    BatchChunk,
    BatchRow,
    Credential,
    SecuredCredential,
    StatusList,
)
from cairn_server.issuing.representations import representation
from cairn_server.journal import services as journal
from cairn_server.journal.models import Entry
from cairn_server.organisations import keys, watermark
from cairn_server.organisations.models import Installation, Organisation
from cairn_server.tlog.models import PendingLeaf

if TYPE_CHECKING:
    from collections.abc import Callable

AFTER_THE_LEASE = MONDAY + chunks.LEASE + timedelta(seconds=1)


def everything(batch: Batch) -> dict[int, bytes]:
    """The stored bytes by row, after a look at all that has to be true of a list that is done (INV)."""
    batch.refresh_from_db()
    found = list(Credential.objects.filter(batch=batch).order_by("batch_number"))
    assert batch.state == "done"
    assert batch.awarded == batch.total == len(found)
    assert {each.batch_number for each in found} == set(batch.rows.values_list("number", flat=True))
    for what in ("public_id", "request_key", "subject_id"):
        assert len({getattr(each, what) for each in found}) == len(found)
    indexes = [(each.status_list_id, each.status_index) for each in found]
    assert len(set(indexes)) == len(indexes)
    secured = {
        each.credential_id: each for each in SecuredCredential.objects.select_related("leaf", "dictionary")
    }
    assert set(secured) == {each.pk for each in found}
    assert PendingLeaf.objects.count() == len(found)
    sources = sources_of(found[0])
    for each in found:
        row = secured[each.pk]
        report = cairn.Verifier(sources).examine(row.bytes(), at=TUESDAY)
        assert report.verdict is cairn.Verdict.VERIFIED
        assert row.sha256 == row.leaf.secured_sha256 == report.sha256
    assert Entry.objects.filter(verb="credentials awarded").count() == batch.chunks.count()
    assert journal.broken_link(batch.organisation.public_id) is None
    return {each.batch_number: secured[each.pk].bytes() for each in found}


# Killed


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("step", chunks.STEPS)
def test_f1_killed_after_any_step_the_next_worker_finishes_it(step, start, small_chunks, tmp_path):
    batch = start(12)
    told = tmp_path / "signed"

    killed = in_another_process(lambda: _work_until(step, told))

    assert killed == -signal.SIGKILL
    done_before = BatchChunk.objects.filter(state="done").count()
    assert done_before == (1 if step == "stored" else 0)
    chunks.work_off(now=lambda: AFTER_THE_LEASE, worker="next")
    bytes_of = everything(batch)
    if step in ("signed", "examined", "written"):
        # What the dead worker held in its hands is what the next one stored.
        assert sorted(told.read_bytes().split(b"\n")) == sorted(bytes_of[number] for number in range(2, 12))


def _work_until(step: str, told: Any) -> None:
    sign = chunks._Made.sign

    def told_of(made: Any) -> list[bytes]:
        secured = sign(made)
        told.write_bytes(b"\n".join(secured))
        return secured

    def die(reached: str) -> None:
        if reached == step:
            os.kill(os.getpid(), signal.SIGKILL)

    chunks._Made.sign = told_of
    chunks.reached = die
    chunks.work_off(now=lambda: MONDAY, worker="dies")


def in_another_process(work: Callable[[], None]) -> int | None:
    for connection in connections.all():
        connection.close()
        if hasattr(connection, "close_pool"):
            connection.close_pool()
    child = multiprocessing.get_context("fork").Process(target=work)
    child.start()
    child.join(60)
    return child.exitcode


# Two workers


def test_f2_a_worker_that_was_stopped_past_its_lease_writes_nothing(start):
    batch = start(3)
    zombie = chunks.claim(at=MONDAY, worker="zombie")
    made = chunks._Made.of(chunks.plan(zombie, at=MONDAY))
    chunks.intend(zombie, made)
    secured = made.sign()
    chunks.work_off(now=lambda: AFTER_THE_LEASE, worker="next")
    before = everything(batch)

    with pytest.raises(chunks.LostLease):
        chunks.store(zombie, made, secured, at=AFTER_THE_LEASE)

    assert everything(batch) == before


@pytest.mark.parametrize("step", ["plan", "intend"])
def test_f2_nor_does_it_change_a_plan(step, start):
    start(3)
    zombie = chunks.claim(at=MONDAY, worker="zombie")
    made = chunks._Made.of(chunks.plan(zombie, at=MONDAY))
    other = chunks.claim(at=AFTER_THE_LEASE, worker="next")
    assert other.token > zombie.token

    with pytest.raises(chunks.LostLease):
        chunks.plan(zombie, at=MONDAY) if step == "plan" else chunks.intend(zombie, made)


def test_nobody_gets_a_chunk_that_somebody_works_on(start, small_chunks):
    start(12)

    leases = [chunks.claim(at=MONDAY, worker=name) for name in ("a", "b", "c")]

    assert leases[0].chunk_id != leases[1].chunk_id
    assert leases[2] is None


def test_the_same_chunk_twice_gives_the_same_bytes(start):
    start(3)
    lease = chunks.claim(at=MONDAY, worker="w")
    chunk = chunks.plan(lease, at=MONDAY)
    one = chunks._Made.of(chunk)
    chunks.intend(lease, one)
    first = one.sign()

    later = chunks.claim(at=AFTER_THE_LEASE, worker="v")
    two = chunks._Made.of(chunks.plan(later, at=AFTER_THE_LEASE))

    assert two.sign() == first
    assert [each.leaf_salt for each in two.awards] == [each.leaf_salt for each in one.awards]


@pytest.mark.django_db(transaction=True)
def test_two_lists_that_meet_at_one_person_award_them_once(accept, issuer):
    one, two = (batches.start(accept(people(3)), by=issuer, at=MONDAY) for _ in range(2))
    lease, other = (chunks.claim(at=MONDAY, worker="w", batch=batch) for batch in (one, two))
    # Both are planned before either is stored.
    made = [chunks._Made.of(chunks.plan(each, at=MONDAY)) for each in (lease, other)]
    chunks.intend(lease, made[0])
    chunks.store(lease, made[0], made[0].sign(), at=MONDAY)

    chunks.work(other, now=lambda: MONDAY)
    chunks.work_off(now=lambda: MONDAY, worker="w")

    one.refresh_from_db()
    two.refresh_from_db()
    assert (one.awarded, two.awarded, two.already, two.state) == (3, 0, 3, "done")
    assert Entry.objects.filter(verb="batch chunk planned anew").count() == 1


# Intents


def test_nothing_is_signed_before_the_intent_is_on_record(start, monkeypatch):
    batch = start(3)
    genuine, seen = keys.OrderedSigner.sign_many, []

    def watching(self: Any, inputs: Any) -> Any:
        if self.purpose == "chunk":
            seen.append((chunks.intent_of(self.intent), keys.intent_digest(inputs)))
        return genuine(self, inputs)

    monkeypatch.setattr(keys.OrderedSigner, "sign_many", watching)

    batches.run_batch(batch, at=MONDAY)

    [(intent, digest)] = seen
    assert intent is not None
    assert intent.sha256 == digest
    assert chunks.intent_of(f"{batch.public_id}/1") is None, "once it is done there is nothing to sign"


@pytest.mark.parametrize("reference", ["", "x", "x/1", "{}/2", "{}/one", "{}/", "{}/-1"])
def test_a_reference_to_nothing_has_no_intent(reference, start):
    assert chunks.intent_of(reference.format(start(1).public_id)) is None


def test_f22_a_signer_that_is_away_delays_and_changes_nothing(start, monkeypatch):
    batch = start(3)
    genuine = keys.OrderedSigner.sign_many

    def away(self: Any, inputs: Any) -> Any:
        if self.purpose == "chunk":
            raise keys.SignerUnavailable("it does not answer")
        return genuine(self, inputs)

    with monkeypatch.context() as patch:
        patch.setattr(keys.OrderedSigner, "sign_many", away)
        batches.run_batch(batch, at=MONDAY)
    planned = BatchChunk.objects.get()
    assert (planned.state, planned.attempts) == ("intended", 0)

    chunks.work_off(now=lambda: MONDAY + chunks.SIGNER_BACK_IN * 2, worker="w")

    everything(batch)
    assert BatchChunk.objects.get().intent_sha256 == planned.intent_sha256


def test_what_was_meant_long_ago_is_not_signed_with_that_date(start):
    batch = start(3)
    lease = chunks.claim(at=MONDAY, worker="gone")
    chunks.intend(lease, chunks._Made.of(chunks.plan(lease, at=MONDAY)))
    lapsed = BatchChunk.objects.get()

    chunks.work_off(now=lambda: TUESDAY, worker="w")

    everything(batch)
    assert BatchChunk.objects.get().at == TUESDAY
    assert BatchChunk.objects.get().first_index_number == 3, "three numbers are gone for ever"
    entry = Entry.objects.get(verb="batch chunk planned anew")
    assert entry.details["intent"] == lapsed.intent_sha256


@pytest.mark.django_db(transaction=True)
def test_a_list_goes_on_under_a_new_key(start, organisation, small_chunks):
    batch = start(12)
    chunks.work_off(now=lambda: MONDAY, worker="w", most=1)
    keys.new_key(organisation, at=MONDAY)

    chunks.work_off(now=lambda: MONDAY, worker="w")

    methods = {parse_json(each)["proof"]["verificationMethod"][-5:] for each in everything(batch).values()}
    assert methods == {"key-1", "key-2"}


def test_f17_a_chunk_that_nobody_survives_is_set_aside(start):
    batch = start(3)
    for attempt in range(chunks.MOST_ATTEMPTS):
        assert chunks.claim(at=MONDAY + attempt * 2 * chunks.LEASE, worker="dies") is not None

    chunks.work_off(now=lambda: TUESDAY, worker="w")

    batch.refresh_from_db()
    assert (batch.failed, batch.state) == (3, "problems")
    assert chunks.claim(at=TUESDAY + timedelta(days=1), worker="w") is None


# Rows


def test_a_row_that_fails_is_named_and_the_others_go_on(start):
    batch = start(3)
    BatchRow.objects.filter(number=3).update(values={"name": "Person 1", "email": "nobody"})

    batches.run_batch(batch, at=MONDAY)

    row = BatchRow.objects.get(number=3)
    assert (batch.state, batch.awarded, batch.failed) == ("problems", 2, 1)
    assert (row.state, bool(row.problem)) == ("failed", True)


def test_a_row_whose_end_is_over_by_now_is_not_awarded(accept, issuer):
    ends = [(2, "a", {"expiry_date": "2026-11-23"}), (3, "b", {"expiry_date": "2026-11-24"})]
    batch = batches.start(accept(ends), by=issuer, at=MONDAY)

    batches.run_batch(batch, at=TUESDAY)

    assert (batch.awarded, batch.failed) == (1, 1)


def test_what_our_own_verifier_refuses_is_not_stored_and_the_others_are(start, monkeypatch):
    batch = start(3)
    genuine = chunks._Made.sign

    def damaged(made: Any) -> list[bytes]:
        return [each.replace(b"Person 1", b"Person X") for each in genuine(made)]

    monkeypatch.setattr(chunks._Made, "sign", damaged)

    batches.run_batch(batch, at=MONDAY)

    batch.refresh_from_db()
    assert (batch.awarded, batch.failed) == (2, 1)
    assert "signature" in BatchRow.objects.get(number=3).problem
    assert not Credential.objects.filter(recipient_name="Person 1").exists()


FULL = {
    "narrative": 'Glazed "by hand" \\ with 100 %\tcare\nand a second line: Ω, 東京, 🙂',
    "evidence_url": "https://college.example/portfolio/7?page=1&x=%20y#top",
    "evidence_name": "Portfolio",
    "evidence_description": "Six bowls.",
    "expiry_date": "2030-01-31",
    "language": "nl",
    "license_number": "L-77",
    "identifiers": [{"type": "sisSourcedId", "value": "S-1"}, {"type": "systemId", "value": "S-2"}],
    "evidence": [{"url": "https://college.example/film", "name": "Film"}, {"description": "Only words"}],
    "results": [{"value": "12", "status": "Completed"}],
    "result_status": "Completed",
}


@pytest.mark.parametrize("hashes_email", [False, True])
@pytest.mark.parametrize(
    "values",
    [
        {},
        FULL,
        {"did": "did:web:learner.example"},
        {"name": "Zoë Ångström–Müller 東京"},
        {"evidence_url": "https://college.example/a%2fb"},  # no template takes it
    ],
    ids=["plain", "full", "did", "letters", "by-itself"],
)
def test_stored_columns_and_bytes_are_those_of_the_usual_road(
    values, hashes_email, accept, issuer, organisation
):
    Organisation.objects.filter(pk=organisation.pk).update(hashes_email=hashes_email)
    rows = people(3)
    batch = batches.start(accept([*rows[:2], (4, "test:4", values)]), by=issuer, at=MONDAY)

    batches.run_batch(batch, at=MONDAY)

    everything(batch)
    # Read back from the columns, built and signed as any award is, it is the same to the last byte.
    for credential in Credential.objects.filter(batch=batch):
        stored = credential.secured_in("vc+ld+json").bytes()
        document = parse_json(stored)
        hashed = [each for each in document["credentialSubject"]["identifier"] if each.get("salt")]
        assert bool(hashed) is hashes_email
        issued = signing.Issuer.open(organisation, at=MONDAY)
        built = signing.build(credential, issuer=issued, salt=hashed[0]["salt"] if hashed else "")
        signed = cairn.sign(built, TESTING_KEY, verification_method=issued.verification_method, at=MONDAY)
        assert signed.rpartition(b'"proofValue"')[0] == stored.rpartition(b'"proofValue"')[0]
        assert credential.language == (
            FULL["language"] if "language" in values and credential.batch_number == 4 else ""
        )


TESTING_KEY = cairn.PrivateKey.from_seed(bytes(range(32)))


def test_lists_that_are_full_are_followed_by_new_ones(start, monkeypatch, small_chunks):
    batch = start(25)
    chunks.work_off(now=lambda: MONDAY, worker="w", most=1)
    StatusList.objects.update(next_number=131_072 - 4)

    chunks.work_off(now=lambda: MONDAY, worker="w")

    batch.refresh_from_db()
    assert batch.awarded == 25
    assert sorted(StatusList.objects.values_list("next_number", flat=True)) == [15, 131_068]


def test_what_is_in_a_chunk_can_be_told_from_the_journal(start):
    batch = start(3)
    batches.run_batch(batch, at=MONDAY)

    whole = sha256()
    for credential in Credential.objects.filter(batch=batch).order_by("batch_number"):
        whole.update(credential.public_id.encode())
        whole.update(sha256(representation(credential, "json")[0]).digest())
    assert Entry.objects.get(verb="credentials awarded").details["digest"] == whole.hexdigest()


@pytest.mark.parametrize(
    "values", [{}, FULL, {"did": "did:web:learner.example"}], ids=["plain", "full", "did"]
)
def test_what_is_usual_is_made_from_a_pattern(values, accept, issuer, monkeypatch):
    def alone(*_: Any, **__: Any) -> None:
        raise AssertionError("built by itself, which takes a hundred times as long")

    monkeypatch.setattr(patterns.Press, "_by_itself", alone)

    batch = batches.start(accept([(2, "a", values), (3, "b", values)]), by=issuer, at=MONDAY)
    batches.run_batch(batch, at=MONDAY)

    assert batch.awarded == 2


# Clocks and copies


def test_f9_nothing_is_dated_before_the_list_was_received(start):
    batch = start(3)

    chunks.work_off(now=lambda: MONDAY - timedelta(hours=1), worker="back")

    chunk = BatchChunk.objects.get()
    assert (chunk.state, chunk.attempts) == ("waiting", 0)
    chunks.work_off(now=lambda: AFTER_THE_LEASE, worker="right")
    everything(batch)


def test_f9_a_lease_from_a_clock_that_ran_ahead_holds_nobody_up(start):
    start(3)
    chunks.claim(at=MONDAY + timedelta(days=3653), worker="ahead")

    assert chunks.claim(at=MONDAY, worker="right") is not None


def test_f9_what_was_planned_by_it_is_planned_anew(start):
    batch = start(3)
    chunks.plan(chunks.claim(at=MONDAY, worker="ahead"), at=MONDAY + timedelta(days=3653))
    # It has published the list as well.
    status_lists.renew_status_lists(at=AFTER_THE_LEASE)

    chunks.work_off(now=lambda: AFTER_THE_LEASE, worker="right")

    everything(batch)
    assert BatchChunk.objects.get().at == AFTER_THE_LEASE


@pytest.mark.parametrize("planned", [False, True])
def test_f11_a_copy_that_recovers_finishes_nothing_and_fails_nobody(planned, start):
    batch = start(3)
    if planned:
        chunks.plan(chunks.claim(at=MONDAY, worker="w"), at=MONDAY)
    Installation.objects.update(recovering=True)

    chunks.work_off(now=lambda: AFTER_THE_LEASE, worker="w")

    assert not Credential.objects.exists()
    assert not BatchRow.objects.exclude(state="waiting").exists()
    Installation.objects.update(recovering=False)
    chunks.work_off(now=lambda: AFTER_THE_LEASE + 2 * chunks.LEASE, worker="w")
    everything(batch)


@pytest.mark.django_db(transaction=True)
def test_f11_numbers_that_another_copy_has_given_out_are_not_signed_for(start):
    start(3)
    with transaction.atomic():
        planned = chunks._plan(chunks.claim(at=MONDAY, worker="dies"), at=MONDAY)
    watermark.claim(planned.status_list.public_id, first=0, last=2, holder="another copy", version=1)

    chunks.work_off(now=lambda: AFTER_THE_LEASE, worker="next", most=1)

    assert not Credential.objects.exists()
    assert Installation.objects.get().recovering
    assert BatchChunk.objects.get().state == "waiting"


@pytest.mark.django_db(transaction=True)
def test_f11_nor_is_a_single_award(award, monkeypatch):
    award()
    status_list = StatusList.objects.get()
    genuine = status_lists.claim_index

    def quicker(status_list: StatusList, index: int, *, holder: str, at: Any) -> None:
        genuine(status_list, index, holder="another copy", at=at)

    monkeypatch.setattr(services.status_lists, "claim_index", _once(quicker, genuine))
    with pytest.raises(watermark.DatabaseBehind):
        award()

    assert Credential.objects.count() == 1
    assert Installation.objects.get().recovering
    assert StatusList.objects.get().next_number == status_list.next_number + 1, "the number is burnt"


def _once(first: Any, then: Any) -> Any:
    """The commit's claim is made in another's name; what comes after is as ever."""
    calls = iter([first])
    return lambda *given, **named: next(calls, then)(*given, **named)
