# SPDX-License-Identifier: Apache-2.0
"""G16, in small: a key was stolen, and what it signed is awarded again to the same people."""

from __future__ import annotations

from datetime import timedelta

import pytest
from server.tests.conftest import MONDAY, TUESDAY
from server.tests.issuing.conftest import sources_of

import cairn
from cairn.canonical import parse_json
from cairn.keys import Algorithm
from cairn_server.errors import NotAllowed, NotVisible
from cairn_server.issuing import batches, chunks, delivery, reissue, services, standing, status_lists
from cairn_server.issuing.models import Batch, Credential, StandingChange
from cairn_server.issuing.reissue import NotCompromised, NothingToReissue
from cairn_server.issuing.representations import representation
from cairn_server.organisations import key_changes
from cairn_server.organisations.models import Organisation

WEDNESDAY = TUESDAY + timedelta(days=1)


@pytest.fixture
def world(award, start, small_chunks, organisation, owner, issuer):
    """Two single awards and a list of twelve under ``key-1``, and one more single award under ``key-2``."""
    singles = [
        award(request_key="single 1", narrative="Repeated it twice."),
        award(request_key="single 2", evidence_url="https://portfolio.example/x"),
    ]
    batch = start(12)
    batches.run_batch(batch, at=MONDAY)
    key_changes.propose_replacement(organisation, by=owner, reason="Every year.", at=TUESDAY)
    later = award(request_key="single 3", at=TUESDAY)
    return singles, batch, later


@pytest.fixture
def stolen(world, organisation, owner):
    key = organisation.signing_keys.get(fragment="key-1")
    services.declare_key_compromised(key, by=owner, since=MONDAY, reason="A laptop.", at=TUESDAY)
    key.refresh_from_db()
    return key


def work_off(at=WEDNESDAY):
    """What the background work does, until nothing is left of it."""
    for _turn in range(3):
        chunks.work_off(now=lambda: at, worker="test")
        reissue.revoke_replaced(at=at)
        standing.work_off(at=at)
        batches.release_due(at=at, most=1000)


def verdict(credential, at=WEDNESDAY):
    data = representation(credential, "json")[0]
    return cairn.Verifier(sources_of(credential)).examine(data, at=at), parse_json(data)


def test_it_is_known_what_a_key_signed(world, organisation):
    singles, batch, later = world
    first, second = organisation.signing_keys.order_by("pk")

    assert set(reissue.signed_with(first)) == {*singles, *Credential.objects.filter(batch=batch)}
    assert set(reissue.signed_with(second)) == {later}


def test_everything_is_awarded_again_to_the_same_people(world, stolen, owner):
    singles, batch, later = world
    old = [*singles, *Credential.objects.filter(batch=batch)]
    for each in old:
        assert verdict(each)[0].finding("signature").code == "key-revoked"

    started = reissue.begin(stolen, by=owner, at=WEDNESDAY)
    work_off()

    assert [each.kind for each in started] == [Batch.Kind.REISSUE]
    assert Credential.objects.filter(replaces__isnull=False).count() == len(old) == 14
    for each in old:
        each.refresh_from_db()
        successor = each.successors.get()
        report, document = verdict(successor)
        _old_report, before = verdict(each)
        assert report.verdict is cairn.Verdict.VERIFIED
        assert document["proof"]["verificationMethod"].endswith("#key-2")
        assert document["id"] != before["id"]
        for same in ("name", "awardedDate", "evidence"):
            assert document.get(same) == before.get(same)
        assert document["credentialSubject"] == before["credentialSubject"]
        assert each.standing == "revoked"
        assert successor.standing == "active"
    later.refresh_from_db()
    assert later.standing == "active"
    assert verdict(later)[0].verdict is cairn.Verdict.VERIFIED


def test_the_holders_are_told_once_and_the_history_is_whole(world, stolen, owner, mailoutbox):
    delivery.deliver_due(at=TUESDAY)
    mailoutbox.clear()

    reissue.begin(stolen, by=owner, at=WEDNESDAY)
    work_off()
    while delivery.deliver_due(at=WEDNESDAY):
        pass

    successors = Credential.objects.filter(replaces__isnull=False)
    assert [each.kind for each in Credential.objects.get(pk=successors[0].pk).deliveries.all()] == [
        "replaced"
    ]
    assert len(mailoutbox) == 14
    changes = StandingChange.objects.filter(act__to="revoked", state="done")
    assert set(changes.values_list("credential", flat=True)) == set(
        successors.values_list("replaces", flat=True)
    )


def test_what_was_withdrawn_or_is_over_is_left_as_it_is(world, stolen, owner, issuer, award):
    singles, batch, _later = world
    services.revoke(singles[0], by=issuer, reason="Awarded in error.", at=TUESDAY)
    services.suspend(singles[1], by=issuer, reason="Looked into.", at=TUESDAY)
    ended = Credential.objects.filter(batch=batch).first()
    Credential.objects.filter(pk=ended.pk).update(valid_until=TUESDAY)

    reissue.begin(stolen, by=owner, at=WEDNESDAY)
    work_off()

    assert Credential.objects.filter(replaces__isnull=False).count() == 11
    assert not Credential.objects.filter(replaces__in=[*singles, ended]).exists()


def test_what_is_withdrawn_while_it_waits_is_not_awarded_again(world, stolen, owner, issuer):
    singles, _batch, _later = world
    [started] = reissue.begin(stolen, by=owner, at=WEDNESDAY)
    services.revoke(singles[0], by=issuer, reason="Awarded in error.", at=WEDNESDAY)

    work_off()

    started.refresh_from_db()
    assert (started.awarded, started.failed) == (13, 1)
    assert not Credential.objects.filter(replaces=singles[0]).exists()


def test_f1_interrupted_anywhere_it_goes_on_where_it_was(world, stolen, owner, monkeypatch):
    """Killed in a chunk, after the last chunk, and while the old ones are revoked."""
    reissue.begin(stolen, by=owner, at=WEDNESDAY)
    chunks.work_off(now=lambda: WEDNESDAY, worker="dies", most=1)
    with pytest.raises(NothingToReissue):
        reissue.begin(stolen, by=owner, at=WEDNESDAY)
    chunks.work_off(now=lambda: WEDNESDAY, worker="next")
    with monkeypatch.context() as patch:
        patch.setattr(status_lists, "mark", lambda _list: (_ for _ in ()).throw(SystemError("power cut")))
        reissue.revoke_replaced(at=WEDNESDAY)
        with pytest.raises(SystemError):
            standing.work_off(at=WEDNESDAY)

    work_off()

    assert Credential.objects.filter(replaces__isnull=False).count() == 14
    assert Credential.objects.filter(successors__isnull=False, standing="revoked").count() == 14
    assert reissue.revoke_replaced(at=WEDNESDAY) == 0


def test_a_key_that_is_stolen_as_well_is_the_next_drill(world, stolen, owner, organisation):
    reissue.begin(stolen, by=owner, at=WEDNESDAY)
    work_off()
    second = organisation.signing_keys.get(fragment="key-2")
    thursday = WEDNESDAY + timedelta(days=1)
    services.declare_key_compromised(second, by=owner, since=WEDNESDAY, reason="Again.", at=thursday)
    second.refresh_from_db()

    reissue.begin(second, by=owner, at=thursday)
    work_off(thursday)

    live = Credential.objects.filter(standing="active")
    assert live.count() == 15
    assert all(verdict(each, thursday)[0].verdict is cairn.Verdict.VERIFIED for each in live)


def test_only_what_a_compromised_key_signed(world, organisation, owner):
    with pytest.raises(NotCompromised):
        reissue.begin(organisation.signing_keys.get(fragment="key-1"), by=owner, at=WEDNESDAY)


def test_only_an_owner_begins_it(stolen, issuer, outsider):
    with pytest.raises(NotAllowed):
        reissue.begin(stolen, by=issuer, at=WEDNESDAY)
    with pytest.raises(NotVisible):
        reissue.begin(stolen, by=outsider, at=WEDNESDAY)


def test_also_what_is_awarded_no_more(world, stolen, owner, organisation):
    """An achievement that was retired since was earned all the same."""
    from cairn_server.achievements.models import Achievement

    Achievement.objects.update(archived_at=TUESDAY)

    reissue.begin(stolen, by=owner, at=WEDNESDAY)
    work_off()

    assert Credential.objects.filter(replaces__isnull=False).count() == 14
    assert Organisation.objects.get().name == "Lakeside College"


def test_a_list_is_awarded_under_a_p256_key_too(start, small_chunks, organisation, owner):
    key_changes.propose_replacement(
        organisation, by=owner, reason="A wallet asks for it.", algorithm=Algorithm.P256, at=MONDAY
    )
    batch = start(3)

    batches.run_batch(batch, at=MONDAY)

    awarded = Credential.objects.filter(batch=batch)
    assert awarded.count() == 3
    assert verdict(awarded[0])[0].verdict is cairn.Verdict.VERIFIED
