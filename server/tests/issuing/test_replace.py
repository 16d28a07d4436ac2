# SPDX-License-Identifier: Apache-2.0
"""Mending: a new credential in the place of the old one, which leads on."""

from __future__ import annotations

import pytest
from server.tests.conftest import MONDAY, TUESDAY
from server.tests.issuing.conftest import sources_of

import cairn
from cairn_server.achievements import services as achievements
from cairn_server.achievements.services import InvalidField
from cairn_server.errors import NotAllowed, NotVisible
from cairn_server.issuing import history, replacing, standing
from cairn_server.issuing.models import Credential, Delivery
from cairn_server.issuing.representations import representation
from cairn_server.issuing.services import AlreadyRevoked
from cairn_server.journal.models import Entry


def mend(credential, by, **changes):
    usual = {"reason": "The name had a mistake.", "at": TUESDAY, "name": "Lena Lindström"}
    return replacing.replace(credential, by=by, **usual | changes)


def examined(credential):
    return cairn.Verifier(sources_of(credential)).examine(representation(credential, "json")[0], at=TUESDAY)


def test_the_new_one_is_genuine_and_says_what_is_right(issuer, credential):
    mended = mend(credential, issuer)

    report = examined(mended)
    assert report.verdict is cairn.Verdict.VERIFIED
    [name] = report.document["credentialSubject"]["identifier"]
    assert name["identityHash"] == "Lena Lindström"


def test_the_old_one_is_revoked_for_everybody(issuer, credential):
    mend(credential, issuer)

    assert examined(credential).finding("status").code == "revoked"


def test_each_names_the_other(issuer, credential):
    mended = mend(credential, issuer)

    assert mended.replaces == credential
    assert credential.successor == mended


def test_the_history_says_that_it_was_replaced_and_why(issuer, credential):
    mend(credential, issuer)

    [change] = history.changes_of(credential)
    assert (change.act.replaced, change.act.reason) == (True, "The name had a mistake.")


def test_what_was_not_wrong_stays(issuer, award):
    old = award(grade="B+", narrative="Fired alone.", awarded_on=MONDAY)

    mended = mend(old, issuer)

    assert (mended.grade, mended.narrative, mended.awarded_at) == ("B+", "Fired alone.", MONDAY)
    assert mended.version == old.version


def test_one_message_brings_the_new_one_and_none_alarms(issuer, credential):
    mended = mend(credential, issuer)

    kinds = list(Delivery.objects.exclude(kind="awarded").values_list("credential", "kind"))
    assert kinds == [(mended.pk, "replaced")]


def test_with_a_new_address_the_old_one_hears_that_its_link_counts_no_more(issuer, credential):
    mended = mend(credential, issuer, email="lena@new.example")

    told = set(Delivery.objects.exclude(kind="awarded").values_list("kind", "to"))
    assert told == {("replaced", "lena@new.example"), ("revoked", credential.recipient_email)}
    assert mended.recipient_email == "lena@new.example"


def test_f1_after_a_crash_in_between_the_old_one_is_revoked_by_the_background_work(
    issuer, credential, monkeypatch
):
    def crash(*_args, **_kwargs):
        raise SystemError("the power went")

    with monkeypatch.context() as patch:
        patch.setattr(replacing, "_supersede", crash)
        with pytest.raises(SystemError):
            mend(credential, issuer)
    assert examined(credential).verdict is cairn.Verdict.VERIFIED

    assert replacing.finish_replacing(at=TUESDAY) == 1
    assert replacing.finish_replacing(at=TUESDAY) == 0

    assert examined(credential).finding("status").code == "revoked"
    assert Credential.objects.count() == 2


def test_a_mended_one_can_be_mended_but_not_what_it_replaced(issuer, credential):
    mended = mend(credential, issuer)

    again = mend(mended, issuer, name="Lena Lindstrøm")

    assert again.replaces == mended
    with pytest.raises(replacing.AlreadyReplaced):
        mend(credential, issuer, name="Somebody Else")


def test_without_a_change_nothing_is_signed(issuer, credential):
    with pytest.raises(replacing.NothingMended):
        mend(credential, issuer, name="Lena Lindholm")

    assert Credential.objects.count() == 1


def test_what_is_withdrawn_is_not_given_back_by_mending_it(issuer, award):
    revoked, suspended = award(), award()
    standing.revoke(revoked, by=issuer, reason="Copied.", at=TUESDAY)
    standing.suspend(suspended, by=issuer, reason="Under appeal.", at=TUESDAY)

    with pytest.raises(AlreadyRevoked):
        mend(revoked, issuer)
    with pytest.raises(replacing.NotReplaceable):
        mend(suspended, issuer)


def test_also_what_is_awarded_no_more_can_be_mended(issuer, credential):
    achievements.archive(credential.version.achievement, by=issuer, at=TUESDAY)

    assert examined(mend(credential, issuer)).verdict is cairn.Verdict.VERIFIED


def test_only_what_can_be_mended_is_taken(issuer, credential):
    with pytest.raises(InvalidField):
        mend(credential, issuer, valid_until="2099-01-01")


def test_the_journal_knows_no_names(issuer, credential):
    mend(credential, issuer)

    assert not any("Lena" in str(entry.details) for entry in Entry.objects.all())


@pytest.mark.parametrize("who", ["reviewer", "auditor"])
def test_a_member_without_the_role_is_refused(who, request, credential):
    with pytest.raises(NotAllowed):
        mend(credential, request.getfixturevalue(who))


def test_b135_an_outsider_is_told_that_it_does_not_exist(outsider, credential):
    with pytest.raises(NotVisible):
        mend(credential, outsider)
