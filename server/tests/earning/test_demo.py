# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import TYPE_CHECKING

from server.tests.conftest import MONDAY, PUBLIC_URL, TUESDAY
from server.tests.earning.conftest import finish

from cairn_server.achievements.models import CatalogueEntry
from cairn_server.earning import services
from cairn_server.earning.demo import ensure_something_to_earn
from cairn_server.earning.learning import Course
from cairn_server.issuing.demo import OWNER_EMAIL, ensure_demo
from cairn_server.issuing.models import Credential

if TYPE_CHECKING:
    from cairn_server.accounts.models import Person


def test_a_newcomer_can_earn_something_at_once(learner: Person) -> None:
    ensure_demo(PUBLIC_URL, at=MONDAY)

    for _time in range(2):
        ensure_something_to_earn(OWNER_EMAIL, at=MONDAY)

    entry = CatalogueEntry.objects.get(cost="free", name__startswith="Kiln safety")
    services.start(entry.version, by=learner, name="Lena Lindholm", at=TUESDAY)
    finish(Course.objects.get(), learner)
    services.reconsider(learner, at=TUESDAY)
    assert Credential.objects.get(recipient_email=learner.email).version == entry.version


def test_a_newcomer_sees_everything_that_an_award_can_take(learner: Person) -> None:
    ensure_demo(PUBLIC_URL, at=MONDAY)
    ensure_something_to_earn(OWNER_EMAIL, at=MONDAY)

    entry = CatalogueEntry.objects.get(name="Firing a kiln")
    enrolment = services.start(entry.version, by=learner, name="Lena Lindholm", at=TUESDAY)
    step = services.look(enrolment, at=TUESDAY)

    assert step is not None
    kinds = [leaf.requirement.kind for leaf in step.leaves()]
    assert kinds == ["course", "attendance", "assessment", "project"]
    assert entry.version.plan.decision == "person"


def test_where_there_is_no_demonstration_nothing_is_made(db: None) -> None:
    ensure_something_to_earn(OWNER_EMAIL, at=MONDAY)

    assert not Course.objects.exists()
