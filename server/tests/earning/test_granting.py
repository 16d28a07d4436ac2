# SPDX-License-Identifier: Apache-2.0
"""Places: given by codes and lists, taken once, and never guessed."""

from __future__ import annotations

from datetime import timedelta
from threading import Barrier, Thread
from typing import TYPE_CHECKING

import pytest
from allauth.account.models import EmailAddress
from django.db import IntegrityError, connection, transaction
from server.tests.conftest import MONDAY, TUESDAY

from cairn_server.accounts.limits import TooMany
from cairn_server.achievements import services as achievements
from cairn_server.achievements.services import InvalidField
from cairn_server.earning import granting, services
from cairn_server.earning.granting import NoPlace
from cairn_server.earning.models import Enrolment
from cairn_server.earning.seats import Grant, Place
from cairn_server.errors import NotAllowed

if TYPE_CHECKING:
    from cairn_server.accounts.models import Person
    from cairn_server.achievements.models import AchievementVersion


@pytest.fixture
def sponsored(version: AchievementVersion, issuer: Person) -> AchievementVersion:
    """Whoever starts with it needs a place."""
    achievements.set_cost(version.achievement, by=issuer, cost="sponsored", note="", url="", at=MONDAY)
    version.achievement.refresh_from_db()
    return version


@pytest.fixture
def codes(sponsored: AchievementVersion, issuer: Person) -> list[str]:
    _grant, made = granting.grant_codes(sponsored.achievement, by=issuer, places=2, days=30, at=MONDAY)
    return made


def start(version: AchievementVersion, person: Person, code: str = "", *, at: object = MONDAY) -> Enrolment:
    return services.start(version, by=person, name=person.name, code=code, at=at)  # type: ignore[arg-type]


def test_a_code_is_good_for_one_person(
    sponsored: AchievementVersion, codes: list[str], learner: Person, outsider: Person
) -> None:
    made = start(sponsored, learner, codes[0].lower().replace("-", " "))

    assert made.place is not None
    assert made.place.taken_at == MONDAY
    with pytest.raises(NoPlace):
        start(sponsored, outsider, codes[0])
    assert start(sponsored, outsider, codes[1]).place != made.place


def test_without_a_place_nothing_is_started(sponsored: AchievementVersion, learner: Person) -> None:
    with pytest.raises(NoPlace):
        start(sponsored, learner)
    assert not Enrolment.objects.exists()


def test_what_is_free_needs_no_place(version: AchievementVersion, issuer: Person, learner: Person) -> None:
    achievements.set_cost(version.achievement, by=issuer, cost="free", note="", url="", at=MONDAY)

    assert start(version, learner).place is None


def test_a_list_has_a_place_for_whoever_reads_the_address(
    sponsored: AchievementVersion, issuer: Person, learner: Person, outsider: Person
) -> None:
    emails = ["LENA@people.example", "lena@people.example", "mia@people.example"]
    grant = granting.grant_list(sponsored.achievement, by=issuer, emails=emails, days=30, at=MONDAY)
    assert grant.places.count() == 2
    assert granting.has_place_for(sponsored.achievement, learner, at=MONDAY)

    start(sponsored, learner)

    assert not granting.has_place_for(sponsored.achievement, learner, at=MONDAY)
    with pytest.raises(NoPlace):
        start(sponsored, outsider)


def test_an_address_that_is_only_claimed_has_no_place(
    sponsored: AchievementVersion, issuer: Person, outsider: Person
) -> None:
    """B146"""
    granting.grant_list(sponsored.achievement, by=issuer, emails=["mia@people.example"], days=30, at=MONDAY)
    EmailAddress.objects.create(user=outsider, email="mia@people.example", verified=False)

    assert not granting.has_place_for(sponsored.achievement, outsider, at=MONDAY)
    with pytest.raises(NoPlace):
        start(sponsored, outsider)


def test_every_no_is_the_same(
    sponsored: AchievementVersion, codes: list[str], issuer: Person, learner: Person, outsider: Person
) -> None:
    """B144 B145: unknown, taken, expired, ended, of another achievement."""
    start(sponsored, outsider, codes[0])
    ended, [of_ended] = granting.grant_codes(sponsored.achievement, by=issuer, places=1, days=9, at=MONDAY)
    granting.end_grant(ended, by=issuer, at=MONDAY)
    _short, [expired] = granting.grant_codes(
        sponsored.achievement, by=issuer, places=1, days=1, at=MONDAY - timedelta(days=2)
    )
    other = achievements.draft_achievement(
        by=issuer,
        organisation=sponsored.organisation,
        fields={"name": "Other", "description": "x", "criteria": "x"},
        at=MONDAY,
    )
    _theirs, [foreign] = granting.grant_codes(other.achievement, by=issuer, places=1, days=9, at=MONDAY)

    answers = set()
    for code in ("BCDF-GHJK-MNPQ-RTVW", codes[0], of_ended, expired, foreign, "x", "🜁"):
        with pytest.raises(NoPlace) as refused:
            start(sponsored, learner, code)
        answers.add((refused.value.code, str(refused.value.message), refused.value.status))

    assert len(answers) == 1
    assert not Enrolment.objects.filter(person=learner).exists()


def test_codes_cannot_be_tried_one_after_the_other(
    sponsored: AchievementVersion, codes: list[str], learner: Person
) -> None:
    """B149: tries are counted also when they fail, and then the right code is refused as well."""
    for _try in range(granting.ATTEMPTS.burst):
        with pytest.raises(NoPlace):
            start(sponsored, learner, "BCDF-GHJK-MNPQ-RTVW")

    with pytest.raises(TooMany):
        start(sponsored, learner, codes[0])
    assert start(sponsored, learner, codes[0], at=TUESDAY).place is not None


def test_a_code_is_kept_as_a_hash(sponsored: AchievementVersion, codes: list[str]) -> None:
    """B153"""
    kept = {place.code_sha256 for place in Place.objects.all()}

    assert kept == {granting.digest(code) for code in codes}
    assert not kept & {code.replace("-", "") for code in codes}
    assert all(len(code.replace("-", "")) == 16 for code in codes)


@pytest.mark.django_db(transaction=True)
def test_of_two_people_at_once_one_gets_the_place(
    sponsored: AchievementVersion, issuer: Person, learner: Person, outsider: Person
) -> None:
    """B145: the double use in a race."""
    _grant, [code] = granting.grant_codes(sponsored.achievement, by=issuer, places=1, days=30, at=MONDAY)
    together, found = Barrier(2), []

    def run(person: Person) -> None:
        try:
            together.wait(timeout=10)
            start(sponsored, person, code)
            found.append("a place")
        except NoPlace:
            found.append("no place")
        finally:
            connection.close()

    threads = [Thread(target=run, args=[person]) for person in (learner, outsider)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    assert sorted(found) == ["a place", "no place"]
    assert Enrolment.objects.count() == 1


def test_a_place_of_a_deleted_account_is_not_free_again(
    sponsored: AchievementVersion, codes: list[str], learner: Person, outsider: Person
) -> None:
    start(sponsored, learner, codes[0])
    learner.delete()

    with pytest.raises(NoPlace):
        start(sponsored, outsider, codes[0])


def test_a_place_is_by_code_or_by_address(sponsored: AchievementVersion, codes: list[str]) -> None:
    grant = Grant.objects.get()
    for fields in ({}, {"code_sha256": "0" * 64, "email": "mia@people.example"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Place.objects.create(grant=grant, **fields)


@pytest.mark.parametrize(("places", "days"), [(0, 30), (1001, 30), (1, 0), (1, 731)])
def test_a_grant_has_limits(sponsored: AchievementVersion, issuer: Person, places: int, days: int) -> None:
    with pytest.raises(InvalidField):
        granting.grant_codes(sponsored.achievement, by=issuer, places=places, days=days, at=MONDAY)


def test_a_list_is_of_addresses(sponsored: AchievementVersion, issuer: Person) -> None:
    for emails in ([], ["nonsense"]):
        with pytest.raises(InvalidField):
            granting.grant_list(sponsored.achievement, by=issuer, emails=emails, days=30, at=MONDAY)
    assert not Grant.objects.exists()


def test_only_signers_give_places_and_say_what_it_costs(
    sponsored: AchievementVersion,
    codes: list[str],
    reviewer: Person,
    auditor: Person,
    learner: Person,
    outsider: Person,
) -> None:
    """B135 B141"""
    achievement, grant = sponsored.achievement, Grant.objects.get()
    for by in (reviewer, auditor, learner, outsider):
        for verb in (
            lambda by=by: granting.grant_codes(achievement, by=by, places=1, days=1, at=MONDAY),
            lambda by=by: granting.grant_list(achievement, by=by, emails=["a@b.example"], days=1, at=MONDAY),
            lambda by=by: granting.end_grant(grant, by=by, at=MONDAY),
            lambda by=by: achievements.set_cost(achievement, by=by, cost="free", note="", url="", at=MONDAY),
        ):
            with pytest.raises(NotAllowed):
                verb()
    assert Grant.objects.get().ended_at is None
