# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
from server.tests.conftest import MONDAY, PUBLIC_URL, TUESDAY
from server.tests.issuing.conftest import sources_of

import cairn
from cairn_server.issuing.demo import ensure_demo
from cairn_server.issuing.models import Credential
from cairn_server.issuing.representations import representation
from cairn_server.organisations.models import Organisation


@pytest.mark.django_db
def test_the_demonstration_shows_three_achievements_and_each_standing():
    demo = ensure_demo(PUBLIC_URL, at=MONDAY)

    credentials = [Credential.objects.get(public_id=each) for each in demo.credential_ids]
    assert [each.standing for each in credentials] == [
        "active",
        "active",
        "active",
        "suspended",
        "active",
        "revoked",
    ]
    assert len({each.version.achievement_id for each in credentials}) == 3
    assert demo.owner_email.endswith("@example.org")


@pytest.mark.django_db
def test_the_demonstration_is_genuine():
    demo = ensure_demo(PUBLIC_URL, at=MONDAY)

    credential = Credential.objects.get(public_id=demo.credential_ids[0])
    report = cairn.Verifier(sources_of(credential)).examine(representation(credential, "png")[0], at=MONDAY)

    assert report.verdict is cairn.Verdict.VERIFIED


@pytest.mark.django_db
def test_the_demonstration_is_made_once():
    first = ensure_demo(PUBLIC_URL, at=MONDAY)

    assert ensure_demo(PUBLIC_URL, at=TUESDAY) == first
    assert Organisation.objects.count() == 1
