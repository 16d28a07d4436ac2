# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
from server.tests.conftest import PUBLIC_URL, TUESDAY
from server.tests.issuing.conftest import sources_of

import cairn
from cairn_server.errors import NotAllowed, NotVisible
from cairn_server.issuing import services
from cairn_server.issuing.models import Delivery
from cairn_server.issuing.representations import representation
from cairn_server.issuing.services import AlreadySuspended


def examined(credential, form="json", without=()):
    sources = sources_of(credential)
    for url in without:
        del sources.answers[url]
    return cairn.Verifier(sources).examine(representation(credential, form)[0], at=TUESDAY)


@pytest.mark.parametrize("form", ["json", "jwt"])
def test_a_suspended_credential_does_not_count(issuer, credential, form):
    services.suspend(credential, by=issuer, reason="Under appeal.", at=TUESDAY)

    report = examined(credential, form)

    assert report.verdict is cairn.Verdict.NOT_VERIFIED
    assert report.finding("status").code == "suspended"


def test_without_the_twin_list_nobody_says_that_it_is_fine(issuer, credential):
    """The list says under its signature that it has a twin: leaving that out is noticed."""
    services.suspend(credential, by=issuer, reason="Under appeal.", at=TUESDAY)

    report = examined(credential, without=[f"{PUBLIC_URL}/s/{credential.status_list.public_id}/suspension"])

    assert report.verdict is cairn.Verdict.COULD_NOT_CHECK


def test_the_holder_is_told(issuer, credential):
    services.suspend(credential, by=issuer, reason="Under appeal.", at=TUESDAY)

    assert Delivery.objects.filter(credential=credential, kind="suspended", reason="Under appeal.").exists()


def test_suspending_twice_is_refused(issuer, credential):
    services.suspend(credential, by=issuer, reason="Under appeal.", at=TUESDAY)

    with pytest.raises(AlreadySuspended):
        services.suspend(credential, by=issuer, reason="Again.", at=TUESDAY)


def test_a_suspended_credential_can_be_revoked(issuer, credential):
    services.suspend(credential, by=issuer, reason="Under appeal.", at=TUESDAY)

    services.revoke(credential, by=issuer, reason="The appeal failed.", at=TUESDAY)

    assert examined(credential).finding("status").code == "revoked"


@pytest.mark.parametrize("who", ["reviewer", "auditor"])
def test_a_member_without_the_role_is_refused(who, request, credential):
    with pytest.raises(NotAllowed):
        services.suspend(credential, by=request.getfixturevalue(who), reason="x", at=TUESDAY)


def test_b135_an_outsider_is_told_that_it_does_not_exist(outsider, credential):
    with pytest.raises(NotVisible):
        services.suspend(credential, by=outsider, reason="x", at=TUESDAY)
