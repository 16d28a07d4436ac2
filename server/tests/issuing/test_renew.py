# SPDX-License-Identifier: Apache-2.0
"""Going on after the end: by whom, when, with what; and what our own verifier makes of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from server.tests.conftest import MONDAY, PUBLIC_URL, TUESDAY
from server.tests.issuing.conftest import FIELDS, sources_of

import cairn
from cairn_server.achievements import services as achievements
from cairn_server.achievements.services import InvalidField
from cairn_server.errors import NotAllowed, NotVisible
from cairn_server.issuing import claiming, renewal, standing, status_lists
from cairn_server.issuing.life import RenewalRequest, RenewalRule
from cairn_server.issuing.models import Credential, Delivery
from cairn_server.issuing.renewal import Stage
from cairn_server.issuing.representations import representation
from cairn_server.issuing.services import Recipient

YEAR = timedelta(days=365)
END = MONDAY + YEAR
# Within the window of every rule below.
NEAR = END - timedelta(days=30)


@pytest.fixture
def version(issuer, organisation):
    """As in conftest, and valid for a year."""
    draft = achievements.draft_achievement(
        by=issuer, organisation=organisation, fields=FIELDS | {"validity_days": 365}, at=MONDAY
    )
    return achievements.publish(draft, by=issuer, at=MONDAY)


@pytest.fixture
def award(award, learner):
    """As in conftest, and accepted by Lena where it is hers."""

    def make(**changes):
        made = award(**changes)
        if made.recipient_email == learner.email:
            claiming.accept(made, by=learner, at=made.awarded_at)
        return made

    return make


@pytest.fixture
def rule(issuer, version):
    def make(needs="nothing", **changes):
        return renewal.set_rule(version.achievement, by=issuer, needs=needs, at=MONDAY, **changes)

    return make


def click(credential, *, by, at):
    """Renew it at that time; until then the lists were signed anew every day, as the background work does."""
    status_lists.renew_status_lists(at=at)
    return renewal.renew(credential, by=by, at=at)


def approve(asked, *, by, at):
    status_lists.renew_status_lists(at=at)
    return renewal.approve(asked, by=by, at=at)


def document_of(credential):
    return cairn.read(representation(credential, "json")[0]).unverified_document


# One click


def test_the_holder_renews_with_one_click(rule, credential, learner):
    rule()

    renewed = click(credential, by=learner, at=NEAR)

    assert (renewed.valid_from, renewed.valid_until) == (NEAR, END + YEAR)
    report = cairn.Verifier(sources_of(renewed)).examine(representation(renewed, "json")[0], at=NEAR)
    assert report.verdict is cairn.Verdict.VERIFIED


def test_it_is_the_same_credential_by_id_subject_and_issuer(rule, credential, learner):
    rule()

    renewed = click(credential, by=learner, at=NEAR)

    old, new = document_of(credential), document_of(renewed)
    assert (new["id"], new["issuer"]["id"]) == (old["id"], old["issuer"]["id"])
    assert new["credentialSubject"]["id"] == old["credentialSubject"]["id"]
    assert renewed.public_id != credential.public_id


def test_our_verifier_refreshes_from_the_old_file_to_the_new_one(rule, award, learner):
    rule()
    old = award()
    kept = representation(old, "json")[0]
    renewed = click(old, by=learner, at=NEAR)
    sources = sources_of(renewed)
    sources.answers[f"{PUBLIC_URL}/c/{old.public_id}/newest"] = representation(renewed, "json")[0]
    later = END + timedelta(days=1)
    status_lists.renew_status_lists(at=later)
    sources.answers |= sources_of(renewed).answers

    assert cairn.Verifier(sources).examine(kept, at=later).finding("period").code == "expired"
    report = cairn.Verifier(sources, refresh=True).examine(kept, at=later)

    assert report.finding("refresh").code == "refreshed"
    assert report.verdict is cairn.Verdict.VERIFIED
    assert report.document["validUntil"] == document_of(renewed)["validUntil"]


def test_only_what_can_be_renewed_names_a_place_for_it(rule, award, issuer):
    before = award()
    rule()
    after = award()

    assert "refreshService" not in document_of(before)
    assert document_of(after)["refreshService"] == {
        "id": f"{PUBLIC_URL}/c/{after.public_id}/newest",
        "type": "1EdTechCredentialRefresh",
    }


def test_a_second_click_finds_the_first_one(rule, credential, learner):
    rule()
    click(credential, by=learner, at=NEAR)

    with pytest.raises(renewal.NotRenewable):
        click(credential, by=learner, at=NEAR)

    assert Credential.objects.count() == 2


def test_the_next_time_it_is_the_newest_copy_that_is_renewed(rule, credential, learner):
    rule()
    second = click(credential, by=learner, at=NEAR)

    third = click(second, by=learner, at=NEAR + YEAR)

    assert (third.first, third.replaces) == (credential, second)
    assert list(Credential.objects.signed().under(credential.public_id)) == [third, second, credential]


def test_what_was_revoked_is_revoked_in_every_copy(rule, credential, learner, issuer):
    rule()
    renewed = click(credential, by=learner, at=NEAR)

    standing.revoke(renewed, by=issuer, reason="Copied.", at=NEAR)

    for each in (credential, renewed):
        report = cairn.Verifier(sources_of(each)).examine(representation(each, "json")[0], at=NEAR)
        assert report.finding("status").code == "revoked"
    assert Delivery.objects.filter(kind="revoked").count() == 1


@pytest.mark.parametrize(
    ("days", "stage"),
    [(-91, Stage.EARLY), (-90, Stage.OPEN), (30, Stage.OPEN), (31, Stage.OVER)],
)
def test_the_window_opens_before_the_end_and_closes_after_it(rule, credential, learner, days, stage):
    rule()
    at = END + timedelta(days=days)

    assert renewal.offer(credential, at=at).stage is stage
    if stage is not Stage.OPEN:
        with pytest.raises(renewal.NotRenewable):
            click(credential, by=learner, at=at)


def test_in_the_days_of_grace_it_goes_on_from_now(rule, credential, learner):
    rule()

    renewed = click(credential, by=learner, at=END + timedelta(days=10))

    assert renewed.valid_until == END + timedelta(days=10) + YEAR


def test_somebody_else_does_not_renew_it(rule, credential, outsider):
    rule()

    with pytest.raises(NotVisible):
        click(credential, by=outsider, at=NEAR)


@pytest.mark.parametrize("what", ["revoked", "suspended"])
def test_what_is_withdrawn_is_not_renewed(rule, credential, learner, issuer, what):
    rule()
    verb = standing.revoke if what == "revoked" else standing.suspend
    verb(credential, by=issuer, reason="Copied.", at=TUESDAY)

    with pytest.raises(renewal.NotRenewable):
        click(credential, by=learner, at=NEAR)


def test_without_a_rule_it_just_ends(credential, learner):
    with pytest.raises(renewal.NotRenewable):
        click(credential, by=learner, at=NEAR)


def test_what_is_awarded_no_more_is_not_renewed(rule, credential, learner, issuer):
    rule()
    achievements.archive(credential.version.achievement, by=issuer, at=TUESDAY)

    with pytest.raises(renewal.NotRenewable):
        click(credential, by=learner, at=NEAR)


# Another credential


@pytest.fixture
def first_aid(issuer, organisation):
    draft = achievements.draft_achievement(
        by=issuer, organisation=organisation, fields=FIELDS | {"name": "First aid"}, at=MONDAY
    )
    return achievements.publish(draft, by=issuer, at=MONDAY)


def test_a_rule_can_need_another_credential(rule, award, learner, issuer, first_aid):
    rule("credential", needed=first_aid.achievement)
    mine = award()

    with pytest.raises(renewal.CredentialMissing):
        click(mine, by=learner, at=NEAR)
    award(version=first_aid, at=NEAR)

    assert click(mine, by=learner, at=NEAR).replaces == mine


def test_a_revoked_one_or_that_of_another_person_is_none(rule, award, learner, issuer, first_aid):
    rule("credential", needed=first_aid.achievement)
    mine = award()
    award(version=first_aid, recipient=Recipient("Ida", "ida@people.example"))
    standing.revoke(award(version=first_aid), by=issuer, reason="Copied.", at=TUESDAY)

    with pytest.raises(renewal.CredentialMissing):
        click(mine, by=learner, at=NEAR)


# A request


def test_where_a_person_answers_a_click_is_not_enough(rule, credential, learner):
    rule("evidence")

    with pytest.raises(renewal.AnswerNeeded):
        click(credential, by=learner, at=NEAR)


def test_a_request_is_approved_and_its_evidence_is_in_the_new_copy(rule, credential, learner, issuer):
    rule("evidence")
    asked = renewal.ask(credential, by=learner, evidence_url="https://lena.example/kiln", at=NEAR)

    renewed = approve(asked, by=issuer, at=NEAR)

    assert document_of(renewed)["evidence"][0]["id"] == "https://lena.example/kiln"
    asked.refresh_from_db()
    assert (asked.state, asked.decided_by) == ("approved", issuer)
    assert Delivery.objects.filter(credential=renewed, kind="renewed").exists()


def test_a_refusal_has_a_reason_and_the_holder_may_ask_again(rule, credential, learner, issuer):
    rule("assessment")
    asked = renewal.ask(credential, by=learner, at=NEAR)

    renewal.refuse(asked, by=issuer, answer="Come to the assessment first.", at=NEAR)

    told = Delivery.objects.get(kind="answered")
    assert told.reason == "Come to the assessment first."
    assert renewal.ask(credential, by=learner, at=NEAR).state == RenewalRequest.State.WAITING


def test_two_requests_at_once_are_one(rule, credential, learner):
    rule("assessment")
    renewal.ask(credential, by=learner, at=NEAR)

    with pytest.raises(renewal.RequestWaiting):
        renewal.ask(credential, by=learner, at=NEAR)


def test_evidence_is_asked_for_where_the_rule_wants_it(rule, credential, learner):
    rule("evidence")

    with pytest.raises(InvalidField):
        renewal.ask(credential, by=learner, at=NEAR)


def test_an_answer_is_given_once(rule, credential, learner, issuer):
    rule("assessment")
    asked = renewal.ask(credential, by=learner, at=NEAR)
    approve(asked, by=issuer, at=NEAR)

    with pytest.raises(renewal.AlreadyAnswered):
        renewal.refuse(asked, by=issuer, answer="No.", at=NEAR)


@pytest.mark.parametrize("who", ["reviewer", "auditor"])
def test_only_those_who_award_answer(rule, credential, learner, who, request):
    rule("assessment")
    asked = renewal.ask(credential, by=learner, at=NEAR)

    with pytest.raises(NotAllowed):
        renewal.approve(asked, by=request.getfixturevalue(who), at=NEAR)


# The rule itself


@pytest.mark.parametrize(
    "wrong",
    [
        {"needs": "luck"},
        {"needs": "credential"},
        {"opens_days": -1},
        {"grace_days": 99_999},
        {"reminder_days": [0]},
        {"instructions": "x" * 2_001},
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(rule, wrong):
    with pytest.raises(InvalidField):
        rule(**wrong)

    assert not RenewalRule.objects.exists()


def test_an_outsider_makes_no_rule(version, outsider):
    with pytest.raises(NotVisible):
        renewal.set_rule(version.achievement, by=outsider, needs="nothing", at=MONDAY)
