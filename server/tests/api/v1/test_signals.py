# SPDX-License-Identifier: Apache-2.0
"""Signals over the API: another system says that somebody met a requirement."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from server.tests.conftest import MONDAY

from cairn_server.earning import plans, services
from cairn_server.earning.models import Enrolment, Signal
from cairn_server.earning.plans import Asked

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpResponse
    from server.tests.api.conftest import Caller

    from cairn_server.accounts.models import Person
    from cairn_server.achievements.models import AchievementVersion

BODY = {"signal": "lms-12", "email": "lena@people.example"}


@pytest.fixture
def earned(draft: AchievementVersion, owner: Person) -> AchievementVersion:
    """What it takes is a signal."""
    plan = plans.begin(draft, by=owner, at=MONDAY)
    assert plan.root is not None
    plans.add(plan.root, by=owner, asked=Asked(kind="signal", signal="lms-12"), at=MONDAY)
    return plans.publish(draft, by=owner, at=MONDAY)


def put(caller: Caller, version: AchievementVersion, key: str = "row-1", **body: Any) -> HttpResponse:
    where = f"/achievements/{version.public_id}/signals/{key}"
    return caller.send("PUT", where, json.dumps(BODY | body).encode())


def test_a_signal_awards_whoever_has_started(
    caller: Callable[..., Caller], earned: AchievementVersion, learner: Person
) -> None:
    enrolment = services.start(earned, by=learner, name="Lena", at=MONDAY)

    answer = put(caller("signals:write"), earned)

    assert (answer.status_code, answer.json()["key"], answer.json()["signal"]) == (200, "row-1", "lms-12")
    assert Enrolment.objects.get(pk=enrolment.pk).credential is not None


def test_the_answer_does_not_tell_whether_there_is_an_account(
    caller: Callable[..., Caller], earned: AchievementVersion, learner: Person
) -> None:
    """B144"""
    services.start(earned, by=learner, name="Lena", at=MONDAY)
    machine = caller()

    known = put(machine, earned, "row-1").json()
    unknown = put(machine, earned, "row-2", email="nobody@people.example").json()

    assert set(known) == set(unknown) == {"key", "signal", "email", "at"}


def test_the_same_key_is_the_same_signal(caller: Callable[..., Caller], earned: AchievementVersion) -> None:
    machine = caller()
    first, second = (put(machine, earned).json() for _time in range(2))

    other = put(machine, earned, email="mia@people.example")

    assert first == second
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
    assert Signal.objects.count() == 1


@pytest.mark.parametrize("body", [{"signal": "other"}, {"email": "nonsense"}, {"extra": 1}, {"signal": ""}])
def test_what_nobody_waits_for_is_refused(
    caller: Callable[..., Caller], earned: AchievementVersion, body: dict[str, Any]
) -> None:
    assert put(caller(), earned, **body).status_code in (400, 422)
    assert not Signal.objects.exists()


def test_another_organisations_achievement_does_not_exist(
    foreign_caller: Caller, earned: AchievementVersion
) -> None:
    """B135"""
    assert put(foreign_caller, earned).status_code == 404
    assert not Signal.objects.exists()
