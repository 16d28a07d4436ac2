# SPDX-License-Identifier: Apache-2.0
"""How it stood on any day: from the issuer's record, and from the lists that were signed then."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from server.tests.conftest import MONDAY, PUBLIC_URL, TUESDAY
from server.tests.issuing.conftest import sources_of

import cairn
from cairn_server.achievements.services import InvalidField
from cairn_server.errors import NotAllowed
from cairn_server.issuing import append_only, history, standing, status_lists
from cairn_server.issuing.life import StandingAct, StandingChange
from cairn_server.issuing.models import Credential, Delivery, StatusList
from cairn_server.issuing.representations import representation
from cairn_server.journal.models import Entry

WEDNESDAY = TUESDAY + timedelta(days=1)
THURSDAY = TUESDAY + timedelta(days=2)


@pytest.fixture
def moved(issuer, credential):
    """Suspended on Tuesday, given back on Wednesday, revoked on Thursday."""
    standing.suspend(credential, by=issuer, reason="Under appeal.", at=TUESDAY)
    standing.reinstate(credential, by=issuer, reason="The appeal was right.", at=WEDNESDAY)
    standing.revoke(credential, by=issuer, reason="Copied.", at=THURSDAY)
    return credential


def at_noon(day):
    return day + timedelta(hours=3)


def test_every_change_is_kept_with_who_when_and_why(issuer, moved):
    found = [(each.act.to, each.act.reason, each.act.by, each.at) for each in history.changes_of(moved)]

    assert found == [
        ("revoked", "Copied.", issuer, THURSDAY),
        ("active", "The appeal was right.", issuer, WEDNESDAY),
        ("suspended", "Under appeal.", issuer, TUESDAY),
    ]


@pytest.mark.parametrize(
    ("day", "stood"), [(TUESDAY, "suspended"), (WEDNESDAY, "active"), (THURSDAY, "revoked")]
)
def test_the_record_knows_how_it_stood_on_a_day(moved, day, stood):
    assert history.change_before(moved, at_noon(day)).act.to == stood


def test_before_the_first_change_there_is_none(moved):
    assert history.change_before(moved, at_noon(MONDAY)) is None


def past_sources(credential, moment):
    """What a stranger fetches for that day: the lists with ``?at=``, under the addresses that are signed."""
    public_id = credential.status_list.public_id
    sources = sources_of(credential)
    for purpose, url in (
        ("revocation", f"{PUBLIC_URL}/s/{public_id}"),
        ("suspension", f"{PUBLIC_URL}/s/{public_id}/suspension"),
    ):
        found = status_lists.newest_at(public_id, purpose, moment=moment)
        sources.answers[url] = bytes(found.secured)
    return sources


@pytest.mark.parametrize(
    ("day", "code"),
    [(MONDAY, "ok"), (TUESDAY, "suspended"), (WEDNESDAY, "ok"), (THURSDAY, "revoked")],
)
def test_the_lists_of_then_answer_for_then_without_believing_our_record(moved, day, code):
    moment = at_noon(day)

    report = cairn.Verifier(past_sources(moved, moment)).examine(representation(moved, "json")[0], at=moment)

    assert report.finding("status").code == code


def test_the_list_of_today_does_not_answer_for_the_past(moved):
    """Without the list of then it is not said that it counted, nor that it did not."""
    report = cairn.Verifier(sources_of(moved)).examine(
        representation(moved, "json")[0], at=at_noon(WEDNESDAY)
    )

    assert report.verdict is cairn.Verdict.COULD_NOT_CHECK


def test_before_the_first_version_there_is_no_list(credential):
    with pytest.raises(StatusList.DoesNotExist):
        status_lists.newest_at(
            credential.status_list.public_id, "revocation", moment=MONDAY - timedelta(days=1)
        )


# A suspension with an end


def test_a_suspension_ends_by_itself(issuer, credential):
    standing.suspend(credential, by=issuer, reason="Under appeal.", at=TUESDAY, until=WEDNESDAY)

    assert standing.end_suspensions(at=WEDNESDAY - timedelta(seconds=1)) == 0
    assert standing.end_suspensions(at=WEDNESDAY) == 1

    credential.refresh_from_db()
    assert (credential.standing, credential.suspended_until) == ("active", None)
    report = cairn.Verifier(sources_of(credential)).examine(
        representation(credential, "json")[0], at=WEDNESDAY
    )
    assert report.finding("status").code == "ok"


def test_the_end_of_it_is_in_the_history_and_the_holder_is_told(issuer, credential):
    standing.suspend(credential, by=issuer, reason="Under appeal.", at=TUESDAY, until=WEDNESDAY)
    standing.end_suspensions(at=WEDNESDAY)

    newest = history.changes_of(credential).first()
    assert (newest.act.to, newest.act.by, newest.at) == ("active", None, WEDNESDAY)
    assert Delivery.objects.filter(credential=credential, kind="reinstated").exists()


def test_one_without_an_end_does_not(issuer, credential):
    standing.suspend(credential, by=issuer, reason="Under appeal.", at=TUESDAY)

    assert standing.end_suspensions(at=THURSDAY) == 0


def test_what_was_given_back_by_hand_is_not_given_back_again(issuer, credential):
    standing.suspend(credential, by=issuer, reason="Under appeal.", at=TUESDAY, until=THURSDAY)
    standing.reinstate(credential, by=issuer, reason="It was right.", at=WEDNESDAY)

    assert standing.end_suspensions(at=THURSDAY) == 0


def test_an_end_in_the_past_is_refused(issuer, credential):
    with pytest.raises(InvalidField):
        standing.suspend(credential, by=issuer, reason="Late.", at=TUESDAY, until=MONDAY)


# What is kept stays as it was


@pytest.mark.parametrize(
    "change",
    [
        lambda rows: rows.update(at=MONDAY),
        lambda rows: rows.update(state="skipped"),
        lambda rows: rows._raw_delete("default"),
    ],
)
def test_what_is_done_is_never_changed_or_deleted(moved, change):
    with pytest.raises(DatabaseError), transaction.atomic():
        change(StandingChange.objects.filter(credential=moved))


def test_without_the_triggers_it_would_be(moved):
    """The test above is about the triggers, and not about something else that refuses."""
    append_only.drop(connection)
    try:
        assert StandingChange.objects.filter(credential=moved).update(at=MONDAY) == 3
    finally:
        append_only.create(connection)


def test_a_reason_that_names_somebody_can_be_erased_everywhere(owner, issuer, credential):
    standing.revoke(credential, by=issuer, reason="Lena copied it.", at=TUESDAY)
    act = StandingAct.objects.get()

    history.erase_reason(act, by=owner, at=WEDNESDAY)

    found = [
        *StandingAct.objects.values_list("reason", flat=True),
        *Credential.objects.values_list("standing_reason", flat=True),
        *Delivery.objects.values_list("reason", flat=True),
        *(str(each) for each in Entry.objects.values_list("details", flat=True)),
    ]
    assert not any("Lena" in text for text in found)
    assert history.changes_of(credential).get().act.to == "revoked"


def test_only_an_owner_erases(issuer, credential):
    standing.revoke(credential, by=issuer, reason="Lena copied it.", at=TUESDAY)

    with pytest.raises(NotAllowed):
        history.erase_reason(StandingAct.objects.get(), by=issuer, at=WEDNESDAY)
