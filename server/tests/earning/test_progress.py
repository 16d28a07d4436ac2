# SPDX-License-Identifier: Apache-2.0
"""How far somebody is: each kind of requirement, and the groups above them."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest
from server.tests.conftest import MONDAY, TUESDAY
from server.tests.earning.conftest import FIELDS, finish

from cairn_server.achievements import services as achievements
from cairn_server.earning import plans, progress, services, teaching
from cairn_server.earning.learning import Attended
from cairn_server.earning.models import Plan, Signal
from cairn_server.earning.progress import FRESH, State, names_one_of
from cairn_server.issuing import services as issuing
from cairn_server.wallets.models import HeldCredential

if TYPE_CHECKING:
    from collections.abc import Callable

    from cairn_server.accounts.models import Person
    from cairn_server.achievements.models import AchievementVersion
    from cairn_server.earning.learning import Course
    from cairn_server.earning.models import Requirement
    from cairn_server.earning.progress import Step
    from cairn_server.issuing.models import Credential
    from cairn_server.organisations.models import Organisation

ISSUER = "did:web:elsewhere.example"
THEIRS = "https://elsewhere.example/a/1"


def look(plan: Plan, person: Person | None) -> Step:
    step = progress.look(plan, person, at=TUESDAY)
    assert step is not None
    return step


def done(plan: Plan, person: Person, *names: str) -> None:
    """By a signal, the shortest of all ways."""
    for name in names:
        Signal.objects.create(
            achievement=plan.version.achievement, name=name, email=person.email, key=name, at=MONDAY
        )


def test_a_tree_of_nothing_is_never_met(plan: Plan, learner: Person) -> None:
    assert look(plan, learner).state is State.TO_DO
    assert not progress.is_met(look(plan, learner), plan)


@pytest.mark.parametrize(
    ("kind", "least", "met", "state", "says"),
    [
        ("all", None, [], State.TO_DO, "0 of 3 done"),
        ("all", None, ["a", "b"], State.BEGUN, "2 of 3 done"),
        ("all", None, ["a", "b", "c"], State.DONE, "3 of 3 done"),
        ("any", None, [], State.TO_DO, "0 of 1 from this group"),
        ("any", None, ["c"], State.DONE, "1 of 1 from this group"),
        ("some", 2, ["a"], State.BEGUN, "1 of 2 from this group"),
        ("some", 2, ["a", "c"], State.DONE, "2 of 2 from this group"),
        ("some", 2, ["a", "b", "c"], State.DONE, "2 of 2 from this group"),
    ],
)
def test_groups(
    plan: Plan,
    ask: Callable[..., Requirement],
    learner: Person,
    kind: str,
    least: int | None,
    met: list[str],
    state: State,
    says: str,
) -> None:
    group = ask(kind, least=least)
    for name in "abc":
        ask("signal", signal=name, parent=group)
    done(plan, learner, *met)

    [found] = look(plan, learner).children

    assert (found.state, found.says) == (state, says)


def test_a_course_counts_its_units(
    plan: Plan, ask: Callable[..., Requirement], course: Course, learner: Person, outsider: Person
) -> None:
    ask("course", course=course)
    unit = course.units.first()
    assert unit is not None
    teaching.finish_unit(unit, by=learner, at=MONDAY)

    [found] = look(plan, learner).children
    assert (found.state, found.done, found.total) == (State.BEGUN, 1, 2)
    finish(course, learner)

    assert look(plan, learner).is_done
    assert not look(plan, outsider).is_done


def test_being_there(plan: Plan, ask: Callable[..., Requirement], learner: Person, issuer: Person) -> None:
    meeting = teaching.make_meeting(plan.version.organisation, by=issuer, name="Kiln day", at=MONDAY)
    ask("attendance", meeting=meeting)
    assert not look(plan, learner).is_done

    Attended.objects.create(person=learner, meeting=meeting, at=MONDAY)

    assert look(plan, learner).is_done


# Holding


@pytest.fixture
def other(issuer: Person, organisation: Organisation) -> AchievementVersion:
    made = achievements.draft_achievement(
        by=issuer, organisation=organisation, fields=FIELDS | {"name": "Clay"}, at=MONDAY
    )
    return achievements.publish(made, by=issuer, at=MONDAY)


@pytest.fixture
def held(
    plan: Plan, ask: Callable[..., Requirement], other: AchievementVersion, learner: Person, issuer: Person
) -> Credential:
    ask("holding", held=other.achievement)
    return issuing.award(
        by=issuer,
        version=other,
        recipient=issuing.Recipient("Lena", learner.email),
        request_key="clay",
        at=MONDAY,
    )


def test_an_award_of_ours_counts_while_it_stands(
    plan: Plan, held: Credential, learner: Person, issuer: Person
) -> None:
    assert look(plan, learner).is_done

    issuing.suspend(held, by=issuer, reason="Under review", at=MONDAY)
    assert not look(plan, learner).is_done
    issuing.reinstate(held, by=issuer, reason="It is fine", at=MONDAY)
    issuing.revoke(held, by=issuer, reason="A mistake", at=MONDAY)

    assert not look(plan, learner).is_done


def test_an_award_to_somebody_else_does_not_count(plan: Plan, held: Credential, outsider: Person) -> None:
    assert not look(plan, outsider).is_done


def test_what_is_withdrawn_before_the_award_is_not_met(
    plan: Plan,
    held: Credential,
    learner: Person,
    issuer: Person,
    publish: Callable[[], AchievementVersion],
) -> None:
    plans.set_decision(plan, by=issuer, decision="person", at=MONDAY)
    enrolment = services.start(publish(), by=learner, name="Lena", at=MONDAY)
    services.reconsider(learner, at=MONDAY)
    enrolment.refresh_from_db()
    assert enrolment.met_at is not None
    issuing.revoke(held, by=issuer, reason="A mistake", at=MONDAY)

    services.reconsider(learner, at=TUESDAY)

    enrolment.refresh_from_db()
    assert enrolment.met_at is None


def bring(person: Person, **changes: Any) -> HeldCredential:
    """A credential of somebody else in this wallet, as the verifier saw it."""
    usual = {
        "issuer_id": ISSUER,
        "achievement_id": THEIRS,
        "credential_id": "urn:uuid:1",
        "name": "Theirs",
        "format": "ob3",
        "secured": b"{}",
        "sha256": sha256(repr(changes).encode()).hexdigest(),
        "document": {"credentialSubject": {"identifier": [plain(person.email)]}},
        "source": "imported",
        "received_at": MONDAY,
        "verdict": "verified",
        "checked_at": MONDAY,
    }
    return HeldCredential.objects.create(person=person, **usual | changes)


def plain(email: str) -> dict[str, Any]:
    return {
        "type": "IdentityObject",
        "identityType": "emailAddress",
        "identityHash": email,
        "hashed": False,
    }


@pytest.fixture
def foreign(plan: Plan, ask: Callable[..., Requirement]) -> Plan:
    ask("holding", held_issuer=ISSUER, held_uri=THEIRS)
    return plan


def test_a_credential_from_elsewhere_counts_when_it_names_the_learner(foreign: Plan, learner: Person) -> None:
    bring(learner)

    assert look(foreign, learner).is_done


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer_id": "did:web:other.example"},
        {"achievement_id": "https://elsewhere.example/a/2"},
        {"verdict": "not-verified"},
        {"verdict": "could-not-check"},
        {"verdict": "", "checked_at": None},
        {"standing": "revoked"},
        {"standing": "suspended"},
        {"ends_at": MONDAY},
        {"document": None},
        {"checked_at": TUESDAY - FRESH * 2},
    ],
    ids=str,
)
def test_what_the_verifier_did_not_find_good_does_not_count(
    foreign: Plan, learner: Person, changes: dict[str, Any]
) -> None:
    bring(learner, **changes)

    assert look(foreign, learner).state is State.TO_DO


def test_a_file_of_somebody_else_proves_nothing(foreign: Plan, learner: Person, outsider: Person) -> None:
    """B146: whoever has the file can bring it."""
    bring(learner, document={"credentialSubject": {"identifier": plain(outsider.email)}})

    found = look(foreign, learner)

    assert found.state is State.UNSURE
    assert not progress.is_met(found, foreign)
    # A person who has to agree anyway can look at it.
    foreign.decision = Plan.Decision.PERSON
    assert progress.is_met(found, foreign)


def test_an_address_may_be_hashed() -> None:
    digest = sha256(b"lena@people.examplesalt").hexdigest()
    hashed = {
        "identityType": "emailAddress",
        "hashed": True,
        "salt": "salt",
        "identityHash": f"sha256${digest}",
    }

    def named(identifier: Any) -> bool:
        return names_one_of({"credentialSubject": {"identifier": identifier}}, {"lena@people.example"})

    assert named([hashed])
    assert named({**plain("LENA@people.example")})
    assert not named([{**hashed, "salt": "other"}])
    assert not named([{**hashed, "identityType": "name"}])
    assert not named([{**hashed, "identityHash": None}])
    assert not named(["lena@people.example", None, 7])
    assert not names_one_of({}, {"lena@people.example"})
    assert not names_one_of({"credentialSubject": "lena@people.example"}, {"lena@people.example"})


def test_a_look_asks_the_tables_a_few_times_whatever_the_tree(
    plan: Plan,
    ask: Callable[..., Requirement],
    course: Course,
    learner: Person,
    django_assert_max_num_queries: Any,
) -> None:
    ask("course", course=course)
    for number in range(20):
        ask("signal", signal=f"s{number}")
    plan = Plan.objects.select_related("version").get(pk=plan.pk)

    with django_assert_max_num_queries(6):
        look(plan, learner)
