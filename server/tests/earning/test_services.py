# SPDX-License-Identifier: Apache-2.0
"""Start, be judged, be awarded, stop: each verb, and who may not."""

from __future__ import annotations

from threading import Barrier, Thread
from typing import TYPE_CHECKING

import pytest
from allauth.account.models import EmailAddress
from django.db import IntegrityError, connection, transaction
from server.tests.conftest import MONDAY, TUESDAY
from server.tests.earning.conftest import finish

from cairn_server.achievements import services as achievements
from cairn_server.achievements.models import AchievementVersion
from cairn_server.achievements.services import Archived, InvalidField
from cairn_server.earning import plans, services, teaching
from cairn_server.earning.learning import UnitDone
from cairn_server.earning.models import Enrolment, Plan, Signal
from cairn_server.errors import NotAllowed, NotVisible
from cairn_server.issuing import services as issuing
from cairn_server.issuing.models import Credential
from cairn_server.journal.models import Entry
from cairn_server.organisations.names import BadText

if TYPE_CHECKING:
    from collections.abc import Callable

    from cairn_server.accounts.models import Person
    from cairn_server.earning.learning import Course
    from cairn_server.earning.models import Requirement
    from cairn_server.organisations.models import Organisation


# By the rule


def test_whoever_has_met_everything_is_awarded_at_once(
    enrolment: Enrolment, course: Course, learner: Person
) -> None:
    finish(course, learner)

    settled = services.reconsider(learner, at=TUESDAY)

    credential = Credential.objects.get()
    assert settled == [enrolment]
    assert credential.state == Credential.State.SIGNED
    assert (credential.recipient_name, credential.recipient_email) == ("Lena Lindholm", learner.email)
    enrolment.refresh_from_db()
    assert enrolment.credential == credential
    assert enrolment.met_at == TUESDAY


def test_whoever_has_not_met_everything_is_not_awarded(
    enrolment: Enrolment, course: Course, learner: Person
) -> None:
    finish_one = course.units.first()
    assert finish_one is not None
    teaching.finish_unit(finish_one, by=learner, at=MONDAY)

    assert services.reconsider(learner, at=TUESDAY) == []

    enrolment.refresh_from_db()
    assert enrolment.met_at is None
    assert not Credential.objects.exists()


def test_asked_twice_it_is_awarded_once(enrolment: Enrolment, course: Course, learner: Person) -> None:
    finish(course, learner)

    services.reconsider(learner, at=TUESDAY)
    services.settle(Enrolment.objects.select_related("person").get(), at=TUESDAY)
    services.award_due(at=TUESDAY)

    assert Credential.objects.count() == 1
    assert Entry.objects.filter(verb="achievement earned").count() == 1


def test_what_a_crash_has_left_is_found_and_is_the_same_award(
    enrolment: Enrolment, course: Course, learner: Person
) -> None:
    finish(course, learner)
    services.reconsider(learner, at=TUESDAY)
    # The award is there, and the row that says so is not.
    Enrolment.objects.update(credential=None)

    assert services.award_due(at=TUESDAY) == 1

    enrolment.refresh_from_db()
    assert enrolment.credential == Credential.objects.get()


def test_what_cannot_be_signed_now_is_awarded_later(
    enrolment: Enrolment, course: Course, learner: Person, issuer: Person, owner: Person
) -> None:
    finish(course, learner)
    EmailAddress.objects.filter(user=learner).update(verified=False)

    assert services.reconsider(learner, at=TUESDAY) == []
    EmailAddress.objects.filter(user=learner).update(verified=True)

    assert services.award_due(at=TUESDAY) == 1


@pytest.mark.django_db(transaction=True)
def test_two_requests_at_once_award_once(enrolment: Enrolment, course: Course, learner: Person) -> None:
    """B145: never twice, whoever asks how often."""
    finish(course, learner)
    together, found = Barrier(2), []

    def ask() -> None:
        try:
            together.wait(timeout=10)
            found.extend(services.reconsider(learner, at=TUESDAY))
        finally:
            connection.close()

    threads = [Thread(target=ask) for _each in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    services.award_due(at=TUESDAY)
    assert Credential.objects.count() == 1
    assert Enrolment.objects.get().credential == Credential.objects.get()
    assert Entry.objects.filter(verb="achievement earned").count() == 1


def test_a_second_enrolment_is_refused_by_the_database(enrolment: Enrolment) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Enrolment.objects.create(
            person=enrolment.person,
            achievement=enrolment.achievement,
            version=enrolment.version,
            name="Lena",
            started_at=MONDAY,
        )


def test_an_award_of_what_is_not_met_is_refused_by_the_database(
    enrolment: Enrolment, course: Course, learner: Person
) -> None:
    finish(course, learner)
    services.reconsider(learner, at=TUESDAY)

    with pytest.raises(IntegrityError), transaction.atomic():
        Enrolment.objects.update(met_at=None)


# Starting and stopping


def test_a_draft_of_somebody_is_not_started(plan: Plan, learner: Person) -> None:
    """B135: other people's drafts."""
    with pytest.raises(services.NotOffered):
        services.start(plan.version, by=learner, name="Lena", at=MONDAY)


def test_what_has_no_plan_is_not_started(draft: AchievementVersion, learner: Person, issuer: Person) -> None:
    version = achievements.publish(draft, by=issuer, at=MONDAY)

    with pytest.raises(services.NotOffered):
        services.start(version, by=learner, name="Lena", at=MONDAY)


def test_what_is_archived_is_not_started(
    version: AchievementVersion, learner: Person, issuer: Person
) -> None:
    achievements.archive(version.achievement, by=issuer, at=MONDAY)

    with pytest.raises(services.NotOffered):
        services.start(version, by=learner, name="Lena", at=MONDAY)


def test_an_older_version_is_not_started(
    version: AchievementVersion, learner: Person, issuer: Person
) -> None:
    draft = plans.new_version(version.achievement, by=issuer, at=MONDAY)
    newer = plans.publish(draft, by=issuer, at=TUESDAY)

    with pytest.raises(services.NotOffered):
        services.start(version, by=learner, name="Lena", at=TUESDAY)
    assert services.start(newer, by=learner, name="Lena", at=TUESDAY).version == newer


def test_an_unconfirmed_address_starts_nothing(version: AchievementVersion, learner: Person) -> None:
    """B146: an award would go to whoever reads that address."""
    EmailAddress.objects.filter(user=learner).update(verified=False)

    with pytest.raises(services.AddressNeeded):
        services.start(version, by=learner, name="Lena", at=MONDAY)


@pytest.mark.parametrize("name", ["—", "\u202eLena", "x" * 201])
def test_a_name_is_a_name(version: AchievementVersion, learner: Person, name: str) -> None:
    with pytest.raises((InvalidField, BadText)):
        services.start(version, by=learner, name=name, at=MONDAY)
    assert not Enrolment.objects.exists()


def test_whoever_stops_and_starts_again_goes_on_where_they_were(
    enrolment: Enrolment, course: Course, learner: Person, version: AchievementVersion
) -> None:
    finish(course, learner)
    services.leave(enrolment, by=learner, at=MONDAY)
    assert services.reconsider(learner, at=MONDAY) == []

    again = services.start(version, by=learner, name="Lena", at=TUESDAY)

    assert again == enrolment
    assert services.reconsider(learner, at=TUESDAY) == [enrolment]


def test_whoever_began_with_a_version_is_judged_by_it(
    enrolment: Enrolment, course: Course, learner: Person, version: AchievementVersion, issuer: Person
) -> None:
    draft = plans.new_version(version.achievement, by=issuer, at=MONDAY)
    root = draft.plan.root
    assert root is not None
    plans.add(root, by=issuer, asked=plans.Asked(kind="signal", signal="exam"), at=MONDAY)
    plans.publish(draft, by=issuer, at=MONDAY)
    finish(course, learner)

    services.reconsider(learner, at=TUESDAY)

    assert Credential.objects.get().version == version


def test_nobody_stops_for_somebody_else(enrolment: Enrolment, outsider: Person, issuer: Person) -> None:
    for person in (outsider, issuer):
        with pytest.raises(NotVisible):
            services.leave(enrolment, by=person, at=MONDAY)


# A person's approval


@pytest.fixture
def waiting(
    ask: Callable[..., Requirement],
    publish: Callable[[], AchievementVersion],
    plan: Plan,
    course: Course,
    issuer: Person,
    learner: Person,
) -> Enrolment:
    """Everything is met, and somebody has to agree."""
    ask("course", course=course)
    plans.set_decision(plan, by=issuer, decision="person", at=MONDAY)
    made = services.start(publish(), by=learner, name="Lena Lindholm", at=MONDAY)
    finish(course, learner)
    services.reconsider(learner, at=MONDAY)
    return Enrolment.objects.select_related("person", "version__plan", "achievement__organisation").get(
        pk=made.pk
    )


def test_where_a_person_has_to_agree_nothing_is_awarded_before(waiting: Enrolment) -> None:
    services.award_due(at=TUESDAY)

    assert waiting.met_at == MONDAY
    assert list(Enrolment.objects.waiting()) == [waiting]
    assert not Credential.objects.exists()


def test_agreeing_awards(waiting: Enrolment, issuer: Person) -> None:
    services.approve(waiting, by=issuer, at=TUESDAY)

    credential = Credential.objects.get()
    assert credential.issued_by == issuer
    assert waiting.credential == credential
    assert not Enrolment.objects.waiting().exists()


def test_nobody_agrees_twice(waiting: Enrolment, issuer: Person) -> None:
    services.approve(waiting, by=issuer, at=TUESDAY)

    with pytest.raises(services.NothingToDecide):
        services.approve(waiting, by=issuer, at=TUESDAY)
    with pytest.raises(services.NothingToDecide):
        services.decline(waiting, by=issuer, reason="No.", at=TUESDAY)
    assert Credential.objects.count() == 1


def test_a_no_has_a_reason_and_can_be_asked_about_again(
    waiting: Enrolment, issuer: Person, learner: Person
) -> None:
    with pytest.raises(InvalidField):
        services.decline(waiting, by=issuer, reason=" ", at=TUESDAY)
    services.decline(waiting, by=issuer, reason="The second unit, please.", at=TUESDAY)
    assert services.award_due(at=TUESDAY) == 0
    assert not Credential.objects.exists()

    services.ask_again(waiting, by=learner, at=TUESDAY)

    assert list(Enrolment.objects.waiting()) == [waiting]


def test_only_signers_of_the_organisation_decide(
    waiting: Enrolment, reviewer: Person, auditor: Person, outsider: Person, learner: Person
) -> None:
    """B135 B141"""
    for person in (reviewer, auditor, outsider, learner):
        with pytest.raises(NotAllowed):
            services.approve(waiting, by=person, at=TUESDAY)
        with pytest.raises(NotAllowed):
            services.decline(waiting, by=person, reason="No.", at=TUESDAY)
    assert not Credential.objects.exists()


def test_nobody_decides_about_their_own_work(issuer: Person, waiting: Enrolment) -> None:
    Enrolment.objects.filter(pk=waiting.pk).update(person=issuer)
    own = Enrolment.objects.select_related("person", "version__plan").get(pk=waiting.pk)

    with pytest.raises(services.OwnWork):
        services.approve(own, by=issuer, at=TUESDAY)


def test_what_is_met_no_more_is_not_agreed_to(waiting: Enrolment, issuer: Person, learner: Person) -> None:
    UnitDone.objects.filter(person=learner).delete()

    with pytest.raises(services.NotMet):
        services.approve(waiting, by=issuer, at=TUESDAY)


# Signals


@pytest.fixture
def signalled(
    ask: Callable[..., Requirement], publish: Callable[[], AchievementVersion], learner: Person
) -> Enrolment:
    ask("signal", signal="exam-7")
    return services.start(publish(), by=learner, name="Lena", at=MONDAY)


def send(enrolment: Enrolment, by: Person, **changes: str) -> Signal:
    said = {"name": "exam-7", "email": "lena@people.example", "key": "row-1"} | changes
    return services.signal(
        enrolment.achievement.organisation, by=by, version_id=enrolment.version.public_id, at=TUESDAY, **said
    )


def test_a_signal_meets_its_requirement(signalled: Enrolment, issuer: Person) -> None:
    send(signalled, issuer, email="LENA@people.example")

    assert Credential.objects.get().recipient_email == "lena@people.example"


def test_a_signal_that_came_before_the_start_counts(
    signalled: Enrolment, issuer: Person, person: Callable[..., Person]
) -> None:
    send(signalled, issuer, email="mia@people.example")
    assert not Credential.objects.exists()
    mia = person("Mia")

    services.start(signalled.version, by=mia, name="Mia", at=TUESDAY)

    assert len(services.reconsider(mia, at=TUESDAY)) == 1


def test_the_same_key_is_the_same_signal(signalled: Enrolment, issuer: Person) -> None:
    send(signalled, issuer)
    send(signalled, issuer)
    assert Signal.objects.count() == 1

    with pytest.raises(issuing.RequestKeyReused):
        send(signalled, issuer, email="mia@people.example")


def test_an_unconfirmed_address_gets_nothing_by_a_signal(
    signalled: Enrolment, issuer: Person, person: Callable[..., Person]
) -> None:
    """B146: an address somebody only claims to have."""
    eve = person("Eve")
    EmailAddress.objects.create(user=eve, email="mia@people.example", verified=False)
    services.start(signalled.version, by=eve, name="Eve", at=MONDAY)

    send(signalled, issuer, email="mia@people.example")

    assert services.reconsider(eve, at=TUESDAY) == []


def test_a_signal_that_nobody_waits_for_is_refused(signalled: Enrolment, issuer: Person) -> None:
    with pytest.raises(InvalidField):
        send(signalled, issuer, name="other")
    with pytest.raises(InvalidField):
        send(signalled, issuer, email="nonsense")


def test_only_signers_signal(signalled: Enrolment, outsider: Person, auditor: Person) -> None:
    for by in (outsider, auditor):
        with pytest.raises(NotAllowed):
            send(signalled, by)


def test_no_signal_reaches_another_organisation(
    signalled: Enrolment, outsider: Person, elsewhere: Organisation
) -> None:
    """B135"""
    with pytest.raises(AchievementVersion.DoesNotExist):
        services.signal(
            elsewhere,
            by=outsider,
            version_id=signalled.version.public_id,
            name="exam-7",
            email="lena@people.example",
            key="row-1",
            at=TUESDAY,
        )


def test_a_signal_for_what_is_archived_is_refused(signalled: Enrolment, issuer: Person) -> None:
    achievements.archive(signalled.achievement, by=issuer, at=MONDAY)

    with pytest.raises(Archived):
        send(signalled, issuer)


# What is known about a person


def test_the_export_has_everything_and_deleting_the_account_takes_it(
    enrolment: Enrolment, course: Course, learner: Person
) -> None:
    finish(course, learner)

    told = services.export_data(learner)

    assert [each["achievement"] for each in told["enrolments"]] == ["First firing"]
    assert [each["unit"] for each in told["units_done"]] == ["Heat", "Fumes"]
    learner.delete()
    assert not Enrolment.objects.exists()
