# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from server.tests.conftest import MONDAY, TUESDAY
from server.tests.issuing.conftest import sources_of

import cairn
from cairn_server.achievements.services import InvalidField
from cairn_server.errors import NotAllowed, NotVisible
from cairn_server.issuing import services, status_lists
from cairn_server.issuing.models import Credential, Delivery, Purpose
from cairn_server.issuing.representations import representation
from cairn_server.issuing.services import AlreadyRevoked
from cairn_server.journal.models import Entry
from cairn_server.organisations import installation, key_changes, keys, watermark
from cairn_server.organisations import services as organisations
from cairn_server.organisations.models import Organisation
from cairn_server.organisations.roles import SecondFactorRequired
from cairn_server.tlog.models import PendingLeaf


@pytest.mark.parametrize("form", ["json", "jwt", "png", "svg"])
def test_a_revoked_credential_says_so_to_everyone(issuer, credential, form):
    services.revoke(credential, by=issuer, reason="Awarded in error.", at=TUESDAY)

    report = cairn.Verifier(sources_of(credential)).examine(representation(credential, form)[0], at=TUESDAY)

    assert report.verdict is cairn.Verdict.NOT_VERIFIED
    assert report.finding("status").code == "revoked"


def test_only_this_credential_is_revoked(issuer, award):
    mine, other = award(), award()

    services.revoke(mine, by=issuer, reason="Awarded in error.", at=TUESDAY)

    report = cairn.Verifier(sources_of(other)).examine(representation(other, "json")[0], at=TUESDAY)
    assert report.verdict is cairn.Verdict.VERIFIED


def test_the_reason_and_the_date_are_kept(issuer, credential):
    services.revoke(credential, by=issuer, reason="  Awarded in error. ", at=TUESDAY)

    credential.refresh_from_db()
    assert credential.standing == "revoked"
    assert (credential.standing_reason, credential.standing_at) == ("Awarded in error.", TUESDAY)


def test_the_list_is_signed_in_the_same_transaction_and_the_old_version_kept(issuer, credential):
    before = status_lists.newest(credential.status_list, Purpose.REVOCATION)

    services.revoke(credential, by=issuer, reason="Awarded in error.", at=TUESDAY)

    after = status_lists.newest(credential.status_list, Purpose.REVOCATION)
    assert (before.version, after.version) == (1, 2)
    assert credential.status_list.versions.filter(pk=before.pk).exists()


def test_f1_a_crash_while_the_list_is_signed_is_made_good(issuer, credential, monkeypatch):
    """That it is revoked is a fact; the list that says so follows, signed once as one version."""

    def crash(*_args, **_kwargs):
        raise SystemError("the power went")

    with monkeypatch.context() as patch:
        patch.setattr(status_lists, "verify_own", crash)
        with pytest.raises(SystemError):
            services.revoke(credential, by=issuer, reason="Awarded in error.", at=TUESDAY)
    credential.refresh_from_db()
    assert credential.standing == "revoked"
    assert status_lists.newest(credential.status_list, Purpose.REVOCATION).version == 1

    assert status_lists.publish_waiting(at=TUESDAY) == 1
    assert status_lists.publish_waiting(at=TUESDAY) == 0

    assert status_lists.newest(credential.status_list, Purpose.REVOCATION).version == 2
    report = cairn.Verifier(sources_of(credential)).examine(representation(credential, "json")[0], at=TUESDAY)
    assert report.finding("status").code == "revoked"


def test_f22_without_a_signer_a_withdrawal_counts_and_its_list_waits(issuer, credential):
    class Away:
        def sign(self, order):
            raise keys.SignerUnavailable("it is away")

    here = keys.signing()
    keys.install(Away)
    services.revoke(credential, by=issuer, reason="Awarded in error.", at=TUESDAY)
    assert credential.standing == "revoked"
    with pytest.raises(status_lists.RenewalIncomplete):
        status_lists.publish_waiting(at=TUESDAY)

    keys.install(lambda: here)
    assert status_lists.publish_waiting(at=TUESDAY) == 1


def test_every_representation_gets_a_second_leaf_with_the_salt_of_the_first(issuer, credential):
    services.revoke(credential, by=issuer, reason="Awarded in error.", at=TUESDAY)

    for secured in credential.secured.all():
        leaves = PendingLeaf.objects.filter(secured_sha256=secured.sha256)
        assert {leaf.label for leaf in leaves} == {"issue", "revoke"}
        assert len({bytes(leaf.salt) for leaf in leaves}) == 1


def test_the_holder_is_told_and_the_journal_knows_no_names(issuer, credential):
    services.revoke(credential, by=issuer, reason="Lena copied it.", at=TUESDAY)

    assert Delivery.objects.filter(credential=credential, kind="revoked", reason="Lena copied it.").exists()
    entry = Entry.objects.of(credential.organisation.public_id).last()
    assert entry.verb == "credential revoked"
    assert "Lena" not in str(entry.details)


def test_b156_revoking_twice_is_refused(issuer, credential):
    services.revoke(credential, by=issuer, reason="Awarded in error.", at=TUESDAY)

    with pytest.raises(AlreadyRevoked):
        services.revoke(credential, by=issuer, reason="Again.", at=TUESDAY)


@pytest.mark.parametrize("verb", [services.suspend, services.reinstate])
def test_b156_a_revoked_credential_is_never_given_back(issuer, credential, verb):
    services.revoke(credential, by=issuer, reason="Awarded in error.", at=TUESDAY)

    with pytest.raises(AlreadyRevoked):
        verb(credential, by=issuer, reason="It was right after all.", at=TUESDAY)


@pytest.mark.parametrize("reason", ["", "   ", "x" * 501, "a\u202eb"])
def test_a_reason_is_needed(issuer, credential, reason):
    with pytest.raises(InvalidField):
        services.revoke(credential, by=issuer, reason=reason, at=TUESDAY)


def test_the_database_refuses_a_withdrawal_without_a_reason(credential):
    with pytest.raises(IntegrityError), transaction.atomic():
        Credential.objects.filter(pk=credential.pk).update(standing="revoked")


def test_a_closed_organisation_still_revokes(owner, organisation, credential):
    organisations.close_organisation(organisation, by=owner, live_credentials=1, knows=True, at=MONDAY)

    services.revoke(credential, by=owner, reason="Awarded in error.", at=TUESDAY)

    assert Credential.objects.get().standing == "revoked"


def test_after_a_change_of_key_old_credentials_verify_and_are_revoked_by_the_new_key(owner, credential):
    key_changes.propose_replacement(credential.organisation, by=owner, reason="Yearly.", at=TUESDAY)
    verifier = cairn.Verifier(sources_of(credential))
    assert (
        verifier.examine(representation(credential, "json")[0], at=TUESDAY).verdict is cairn.Verdict.VERIFIED
    )

    services.revoke(credential, by=owner, reason="Awarded in error.", at=TUESDAY)

    report = cairn.Verifier(sources_of(credential)).examine(representation(credential, "json")[0], at=TUESDAY)
    assert report.finding("status").code == "revoked"


def test_f11_a_restored_copy_signs_no_list(issuer, credential):
    installation.begin_recovery(reasons=["restored"], at=TUESDAY)

    with pytest.raises(watermark.DatabaseBehind):
        services.revoke(credential, by=issuer, reason="Awarded in error.", at=TUESDAY)


def test_f11_an_older_list_is_never_published_over_a_newer_one(issuer, credential):
    watermark.advance(credential.status_list.public_id, count=1, version=9)

    with pytest.raises(watermark.DatabaseBehind):
        services.revoke(credential, by=issuer, reason="Awarded in error.", at=TUESDAY)


def test_the_second_factor_is_asked_of_those_who_revoke(issuer, credential):
    Organisation.objects.update(requires_second_factor=True)

    with pytest.raises(SecondFactorRequired):
        services.revoke(credential, by=issuer, reason="Awarded in error.", at=TUESDAY)


@pytest.mark.parametrize("who", ["reviewer", "auditor"])
def test_a_member_without_the_role_is_refused(who, request, credential):
    with pytest.raises(NotAllowed):
        services.revoke(credential, by=request.getfixturevalue(who), reason="x", at=TUESDAY)


def test_b135_an_outsider_is_told_that_it_does_not_exist(outsider, credential):
    with pytest.raises(NotVisible):
        services.revoke(credential, by=outsider, reason="x", at=TUESDAY)
