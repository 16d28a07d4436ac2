# SPDX-License-Identifier: Apache-2.0
"""The tree of a draft: what may stand in it, who may change it, and that what is promised stays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from server.tests.conftest import MONDAY, TUESDAY
from server.tests.earning.conftest import FIELDS

from cairn_server.achievements import services as achievements
from cairn_server.achievements.services import InvalidField, VersionFrozen
from cairn_server.earning import frozen, plans, teaching
from cairn_server.earning.learning import Unit
from cairn_server.earning.models import Plan, Requirement
from cairn_server.earning.plans import Asked, CannotBeMet, TooManyRequirements
from cairn_server.errors import NotAllowed, NotVisible

if TYPE_CHECKING:
    from collections.abc import Callable

    from cairn_server.accounts.models import Person
    from cairn_server.achievements.models import AchievementVersion
    from cairn_server.earning.learning import Course
    from cairn_server.organisations.models import Organisation


def shape(plan: Plan) -> list[tuple[str, str | None]]:
    """Every node with the kind of what it is a part of."""
    return [
        (each.kind, each.parent.kind if each.parent else None)
        for each in plan.requirements.select_related("parent").order_by("pk")
    ]


def test_a_tree_is_built_part_by_part(
    plan: Plan, root: Requirement, ask: Callable[..., Requirement], course: Course
) -> None:
    ask("course", course=course)
    some = ask("some", least=1)
    ask("signal", signal="exam", parent=some)

    assert shape(plan) == [("all", None), ("course", "all"), ("some", "all"), ("signal", "some")]


def test_beginning_twice_is_beginning_once(plan: Plan, issuer: Person) -> None:
    assert plans.begin(plan.version, by=issuer, at=TUESDAY) == plan
    assert plan.requirements.count() == 1


def test_a_part_moves_up_and_goes_with_everything_below_it(
    plan: Plan, ask: Callable[..., Requirement], issuer: Person
) -> None:
    first, group = ask("signal", signal="one"), ask("any")
    ask("signal", signal="two", parent=group)

    plans.move_up(group, by=issuer, at=MONDAY)
    assert [each.pk for each in first.parent.children.all()] == [group.pk, first.pk]  # type: ignore[union-attr]
    plans.remove(group, by=issuer, at=MONDAY)

    assert shape(plan) == [("all", None), ("signal", "all")]


def test_the_first_group_can_ask_for_less_and_stays(root: Requirement, plan: Plan, issuer: Person) -> None:
    plans.change(root, by=issuer, asked=Asked(kind="some", least=2), at=MONDAY)

    with pytest.raises(InvalidField):
        plans.remove(root, by=issuer, at=MONDAY)
    with pytest.raises(InvalidField):
        plans.change(root, by=issuer, asked=Asked(kind="signal", signal="x"), at=MONDAY)
    assert Requirement.objects.get(pk=root.pk).least == 2


@pytest.mark.parametrize(
    "asked",
    [
        Asked(kind="nonsense"),
        Asked(kind="some"),
        Asked(kind="some", least=0),
        Asked(kind="course"),
        Asked(kind="attendance"),
        Asked(kind="assessment"),
        Asked(kind="project"),
        Asked(kind="holding"),
        Asked(kind="holding", held_issuer="javascript:alert(1)"),
        Asked(kind="signal"),
        Asked(kind="signal", signal="two words"),
        Asked(kind="signal", signal="exam", title="\u202eexam"),
    ],
    ids=str,
)
def test_what_a_requirement_cannot_ask_for(root: Requirement, issuer: Person, asked: Asked) -> None:
    with pytest.raises(Exception) as refused:
        plans.add(root, by=issuer, asked=asked, at=MONDAY)

    assert refused.value.code in ("invalid-field", "bad-text")  # type: ignore[attr-defined]
    assert root.children.count() == 0


def test_an_achievement_does_not_ask_for_itself_or_for_a_draft(
    plan: Plan, ask: Callable[..., Requirement], organisation: Organisation, issuer: Person
) -> None:
    other = achievements.draft_achievement(by=issuer, organisation=organisation, fields=FIELDS, at=MONDAY)

    for wrong in (plan.version.achievement, other.achievement):
        with pytest.raises(InvalidField):
            ask("holding", held=wrong)


def test_a_signal_has_one_requirement(ask: Callable[..., Requirement]) -> None:
    ask("signal", signal="exam")

    with pytest.raises(InvalidField):
        ask("signal", signal="exam")


def test_what_belongs_to_others_is_not_asked_for(
    ask: Callable[..., Requirement], outsider: Person, elsewhere: Organisation
) -> None:
    """B135"""
    foreign = teaching.make_course(elsewhere, by=outsider, name="Theirs", at=MONDAY)
    meeting = teaching.make_meeting(elsewhere, by=outsider, name="Theirs", at=MONDAY)

    with pytest.raises(NotVisible):
        ask("course", course=foreign)
    with pytest.raises(NotVisible):
        ask("attendance", meeting=meeting)


def test_a_tree_has_limits(ask: Callable[..., Requirement], plan: Plan) -> None:
    parent = ask("any")
    for _deeper in range(plans.DEEPEST - 2):
        parent = ask("any", parent=parent)
    with pytest.raises(TooManyRequirements):
        ask("any", parent=parent)

    for number in range(plans.MOST_REQUIREMENTS - plan.requirements.count()):
        ask("signal", signal=f"s{number}")
    with pytest.raises(TooManyRequirements):
        ask("signal", signal="one-more")


def test_only_designers_touch_the_tree(
    plan: Plan,
    root: Requirement,
    ask: Callable[..., Requirement],
    reviewer: Person,
    auditor: Person,
    learner: Person,
    outsider: Person,
) -> None:
    """B135 B141: each verb."""
    part = ask("signal", signal="exam")
    asked = Asked(kind="signal", signal="free")
    for by in (reviewer, auditor, learner, outsider):
        for verb in (
            lambda by=by: plans.begin(plan.version, by=by, at=MONDAY),
            lambda by=by: plans.give_up(plan, by=by, at=MONDAY),
            lambda by=by: plans.set_decision(plan, by=by, decision="person", at=MONDAY),
            lambda by=by: plans.add(root, by=by, asked=asked, at=MONDAY),
            lambda by=by: plans.change(part, by=by, asked=asked, at=MONDAY),
            lambda by=by: plans.remove(part, by=by, at=MONDAY),
            lambda by=by: plans.move_up(part, by=by, at=MONDAY),
            lambda by=by: plans.publish(plan.version, by=by, at=MONDAY),
            lambda by=by: plans.new_version(plan.version.achievement, by=by, at=MONDAY),
        ):
            with pytest.raises(NotAllowed):
                verb()
    assert shape(plan) == [("all", None), ("signal", "all")]


# Publishing


def test_what_nobody_could_meet_is_not_published(
    plan: Plan, ask: Callable[..., Requirement], issuer: Person, organisation: Organisation
) -> None:
    closed = teaching.make_course(organisation, by=issuer, name="Not open", at=MONDAY)
    ask("course", course=closed)
    ask("any", title="Nothing in it")
    some = ask("some", least=3)
    ask("signal", signal="exam", parent=some)

    with pytest.raises(CannotBeMet) as refused:
        plans.publish(plan.version, by=issuer, at=MONDAY)

    assert len(refused.value.why) == 3
    assert not type(plan.version).objects.published().exists()


def test_publishing_writes_down_what_is_promised(
    version: AchievementVersion, course: Course, issuer: Person
) -> None:
    teaching.describe_course(course, by=issuer, name="Kilns, and how to survive them", about="", at=TUESDAY)

    [leaf] = Requirement.objects.filter(kind="course")

    assert (leaf.title, leaf.promise) == ("Kiln safety", "2 units")


def test_the_next_version_starts_from_the_same_tree(version: AchievementVersion, issuer: Person) -> None:
    draft = plans.new_version(version.achievement, by=issuer, at=TUESDAY)

    assert shape(draft.plan) == shape(version.plan) == [("all", None), ("course", "all")]
    assert draft.plan.root != version.plan.root


def test_what_is_published_is_refused_in_words(
    version: AchievementVersion, plan: Plan, root: Requirement, issuer: Person
) -> None:
    part = root.children.get()
    for verb in (
        lambda: plans.begin(version, by=issuer, at=TUESDAY),
        lambda: plans.give_up(plan, by=issuer, at=TUESDAY),
        lambda: plans.set_decision(plan, by=issuer, decision="person", at=TUESDAY),
        lambda: plans.add(root, by=issuer, asked=Asked(kind="signal", signal="x"), at=TUESDAY),
        lambda: plans.remove(part, by=issuer, at=TUESDAY),
    ):
        with pytest.raises(VersionFrozen):
            verb()


# What the database refuses, whatever program asks


def refused(*acts: Callable[[], Any]) -> list[str]:
    found = []
    for act in acts:
        with pytest.raises(DatabaseError) as error, transaction.atomic():
            act()
        found.append(str(error.value))
    return found


def test_the_tree_of_a_published_version_never_changes(
    version: AchievementVersion, plan: Plan, root: Requirement, issuer: Person, draft: AchievementVersion
) -> None:
    part = root.children.get()

    found = refused(
        lambda: Plan.objects.filter(pk=plan.pk).update(decision="person"),
        lambda: Requirement.objects.filter(pk=part.pk).update(title="Another"),
        lambda: Requirement.objects.filter(pk=part.pk).delete(),
        lambda: Requirement.objects.create(plan=plan, parent=root, position=9, kind="any"),
    )

    assert all("what was promised is never changed" in each for each in found)


def test_a_plan_is_not_made_for_what_is_published(issuer: Person, organisation: Organisation) -> None:
    bare = achievements.draft_achievement(by=issuer, organisation=organisation, fields=FIELDS, at=MONDAY)
    achievements.publish(bare, by=issuer, at=MONDAY)

    [words] = refused(lambda: Plan.objects.create(version=bare, created_at=MONDAY))

    assert "what was promised is never changed" in words


def test_a_part_belongs_to_a_group_of_its_own_tree(
    plan: Plan,
    root: Requirement,
    ask: Callable[..., Requirement],
    issuer: Person,
    organisation: Organisation,
) -> None:
    leaf = ask("signal", signal="exam")
    other = achievements.draft_achievement(by=issuer, organisation=organisation, fields=FIELDS, at=MONDAY)
    foreign = plans.begin(other, by=issuer, at=MONDAY)

    found = refused(
        lambda: Requirement.objects.create(plan=foreign, parent=root, position=0, kind="any"),
        lambda: Requirement.objects.create(plan=plan, parent=leaf, position=0, kind="any"),
        lambda: Requirement.objects.filter(pk=leaf.pk).update(parent=foreign.root),
    )

    assert all("a group of the same tree" in each for each in found)


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "course"},
        {"kind": "signal"},
        {"kind": "some"},
        {"kind": "all", "least": 2},
        {"kind": "holding"},
        {"kind": "holding", "held_uri": "https://a.example/1"},
        {"kind": "signal", "signal": "x", "held_issuer": "did:web:a.example"},
        {"kind": "nonsense"},
    ],
    ids=str,
)
def test_a_requirement_asks_for_what_its_kind_says(
    plan: Plan, root: Requirement, fields: dict[str, Any]
) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Requirement.objects.create(plan=plan, parent=root, position=0, **fields)


def test_a_plan_has_one_root_which_is_a_group(plan: Plan, root: Requirement) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Requirement.objects.create(plan=plan, position=1, kind="any")
    with pytest.raises(IntegrityError), transaction.atomic():
        Requirement.objects.filter(pk=root.pk).update(kind="signal", signal="x")


def test_an_open_course_keeps_its_units(course: Course) -> None:
    unit = course.units.get(name="Heat")

    found = refused(
        lambda: unit.delete(),
        lambda: Unit.objects.create(course=course, position=9, name="More"),
        lambda: Unit.objects.filter(pk=unit.pk).update(position=7),
    )

    assert all("an open course keeps its units" in each for each in found)


def test_every_trigger_is_there(db: None) -> None:
    """A migration that rebuilds a table on SQLite drops its triggers without a word."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        else:
            cursor.execute("SELECT tgname FROM pg_trigger")
        there = {row[0] for row in cursor.fetchall()}

    assert {name for name, *_rest in frozen.RULES} <= there
    assert "achievement_version_frozen" in there
