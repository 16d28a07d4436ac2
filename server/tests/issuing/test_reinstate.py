# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
from server.tests.conftest import MONDAY, TUESDAY
from server.tests.issuing.conftest import sources_of

import cairn
from cairn_server.errors import NotAllowed, NotVisible
from cairn_server.issuing import services
from cairn_server.issuing.models import Delivery
from cairn_server.issuing.representations import representation
from cairn_server.issuing.services import NotSuspended


@pytest.fixture
def suspended(issuer, credential):
    return services.suspend(credential, by=issuer, reason="Under appeal.", at=MONDAY)


def test_a_suspended_credential_counts_again(issuer, suspended):
    services.reinstate(suspended, by=issuer, reason="The appeal succeeded.", at=TUESDAY)

    verifier = cairn.Verifier(sources_of(suspended))
    assert (
        verifier.examine(representation(suspended, "json")[0], at=TUESDAY).verdict is cairn.Verdict.VERIFIED
    )
    assert suspended.standing == "active"


def test_the_record_itself_never_changed(issuer, credential):
    before = representation(credential, "json")

    services.suspend(credential, by=issuer, reason="Under appeal.", at=MONDAY)
    services.reinstate(credential, by=issuer, reason="The appeal succeeded.", at=TUESDAY)

    assert representation(credential, "json") == before


def test_the_holder_is_told(issuer, suspended):
    services.reinstate(suspended, by=issuer, reason="The appeal succeeded.", at=TUESDAY)

    assert Delivery.objects.filter(credential=suspended, kind="reinstated").exists()


def test_what_is_not_suspended_is_not_reinstated(issuer, credential):
    with pytest.raises(NotSuspended):
        services.reinstate(credential, by=issuer, reason="Why not.", at=TUESDAY)


@pytest.mark.parametrize("who", ["reviewer", "auditor"])
def test_a_member_without_the_role_is_refused(who, request, suspended):
    with pytest.raises(NotAllowed):
        services.reinstate(suspended, by=request.getfixturevalue(who), reason="x", at=TUESDAY)


def test_b135_an_outsider_is_told_that_it_does_not_exist(outsider, suspended):
    with pytest.raises(NotVisible):
        services.reinstate(suspended, by=outsider, reason="x", at=TUESDAY)
