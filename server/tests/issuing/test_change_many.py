# SPDX-License-Identifier: Apache-2.0
"""Many credentials in one decision: a second person, one list each, and nothing twice after a crash."""

from __future__ import annotations

import pytest
from server.tests.conftest import MONDAY, TUESDAY
from server.tests.issuing.conftest import sources_of

import cairn
from cairn_server.errors import NotAllowed, NotVisible
from cairn_server.issuing import standing
from cairn_server.issuing.life import LifePolicy, StandingAct, StandingChange
from cairn_server.issuing.models import Credential, Delivery, StatusList
from cairn_server.issuing.representations import representation
from cairn_server.journal.models import Entry
from cairn_server.organisations.roles import Role
from cairn_server.tlog.models import PendingLeaf


@pytest.fixture
def three(award):
    return [award() for _each in range(3)]


@pytest.fixture
def second(member):
    return member("Ivo", Role.ISSUER)


def verdict(credential):
    report = cairn.Verifier(sources_of(credential)).examine(representation(credential, "json")[0], at=TUESDAY)
    return report.finding("status").code


def ask(organisation, by, **changes):
    usual = {
        "organisation": organisation,
        "credentials": Credential.objects.all(),
        "to": "revoked",
        "by": by,
        "reason": "The course was not held.",
        "at": TUESDAY,
    }
    return standing.change_many(**usual | changes)


def test_many_are_revoked_with_one_new_version_of_their_list(organisation, issuer, three):
    before = StatusList.objects.get().version
    act = ask(organisation, issuer)

    standing.work_off(at=TUESDAY)

    assert {verdict(each) for each in three} == {"revoked"}
    assert StatusList.objects.get().version == before + 1
    act.refresh_from_db()
    assert (act.state, act.counts()) == ("done", {"waiting": 0, "done": 3, "skipped": 0})


def test_what_is_told_follows_once(organisation, issuer, three):
    ask(organisation, issuer)

    standing.work_off(at=TUESDAY)
    standing.work_off(at=TUESDAY)

    assert Delivery.objects.filter(kind="revoked", reason="The course was not held.").count() == 3
    assert PendingLeaf.objects.filter(label="revoke").count() == 6  # two representations each


def test_nobody_is_told_where_that_was_wished(organisation, issuer, three):
    ask(organisation, issuer, tells=False)

    standing.work_off(at=TUESDAY)

    assert not Delivery.objects.filter(kind="revoked").exists()


def test_above_the_limit_a_second_person_agrees(organisation, issuer, second, three):
    LifePolicy.objects.create(organisation=organisation, approve_above=2)
    act = ask(organisation, issuer)

    standing.work_off(at=TUESDAY)
    assert {verdict(each) for each in three} == {"ok"}

    standing.approve(act, by=second, at=TUESDAY)
    standing.work_off(at=TUESDAY)
    assert {verdict(each) for each in three} == {"revoked"}


def test_twenty_one_need_a_second_person_without_any_setting(organisation, issuer, award):
    for _each in range(21):
        award()

    assert ask(organisation, issuer).state == StandingAct.State.AWAITING


def test_whoever_asked_does_not_agree_with_themselves(organisation, issuer, three):
    LifePolicy.objects.create(organisation=organisation, approve_above=2)
    act = ask(organisation, issuer)

    with pytest.raises(standing.SecondPersonNeeded):
        standing.approve(act, by=issuer, at=TUESDAY)


def test_the_database_refuses_one_person_twice(organisation, issuer, three):
    from django.db import IntegrityError, transaction

    act = ask(organisation, issuer)

    with pytest.raises(IntegrityError), transaction.atomic():
        StandingAct.objects.filter(pk=act.pk).update(approved_by=issuer)


def test_what_was_cancelled_never_happens(organisation, issuer, second, three):
    LifePolicy.objects.create(organisation=organisation, approve_above=2)
    act = ask(organisation, issuer)
    standing.cancel(act, by=second, at=TUESDAY)

    standing.work_off(at=TUESDAY)

    assert {verdict(each) for each in three} == {"ok"}
    with pytest.raises(standing.NotAwaiting):
        standing.approve(act, by=second, at=TUESDAY)


def test_what_became_revoked_meanwhile_is_left_as_it_is(organisation, issuer, second, three):
    LifePolicy.objects.create(organisation=organisation, approve_above=2)
    act = ask(organisation, issuer, to="suspended", until=None)
    standing.revoke(three[0], by=issuer, reason="Copied.", at=TUESDAY)
    standing.approve(act, by=second, at=TUESDAY)

    standing.work_off(at=TUESDAY)

    assert [verdict(each) for each in three] == ["revoked", "suspended", "suspended"]
    assert act.counts() == {"waiting": 0, "done": 2, "skipped": 1}


def test_f1_after_a_crash_between_list_and_messages_the_messages_follow(
    organisation, issuer, three, monkeypatch
):
    ask(organisation, issuer)

    def crash(*_args, **_kwargs):
        raise SystemError("the power went")

    with monkeypatch.context() as patch:
        patch.setattr(standing, "_tell_some", crash)
        with pytest.raises(SystemError):
            standing.work_off(at=TUESDAY)
    assert {verdict(each) for each in three} == {"revoked"}
    assert not Delivery.objects.filter(kind="revoked").exists()

    standing.work_off(at=TUESDAY)

    assert Delivery.objects.filter(kind="revoked").count() == 3
    assert StatusList.objects.get().version == 2


def test_the_messages_of_many_go_out_in_pieces(organisation, issuer, three, monkeypatch):
    monkeypatch.setattr(standing, "PIECE", 2)
    ask(organisation, issuer)

    standing.work_off(at=TUESDAY)

    assert Delivery.objects.filter(kind="revoked").count() == 3
    assert not StandingChange.objects.filter(told=False).exists()


def test_the_journal_holds_counts_and_a_digest_and_no_name(organisation, issuer, three):
    ask(organisation, issuer)

    standing.work_off(at=TUESDAY)

    [entry] = Entry.objects.filter(verb="credentials revoked")
    assert entry.details["credentials"] == 3
    assert len(entry.details["sha256"]) == 64
    assert "course" not in str(entry.details)


def test_what_belongs_to_others_is_never_touched(outsider, elsewhere, three):
    with pytest.raises(standing.NothingToChange):
        ask(elsewhere, outsider)


def test_more_than_the_most_is_refused_and_nothing_stays(organisation, issuer, three, monkeypatch):
    monkeypatch.setattr(standing, "MAX_AT_ONCE", 2)

    with pytest.raises(standing.TooManyAtOnce):
        ask(organisation, issuer)

    assert not StandingAct.objects.exists()


@pytest.mark.parametrize("who", ["reviewer", "auditor"])
def test_a_member_without_the_role_is_refused(who, request, organisation, three):
    with pytest.raises(NotAllowed):
        ask(organisation, request.getfixturevalue(who))


def test_b135_an_outsider_is_told_that_it_does_not_exist(organisation, outsider, three):
    with pytest.raises(NotVisible):
        ask(organisation, outsider, at=MONDAY)
