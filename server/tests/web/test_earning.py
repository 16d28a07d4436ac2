# SPDX-License-Identifier: Apache-2.0
"""What learners and issuers see of earning: pages, forms that come back, and what is in none of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from server.tests.conftest import MONDAY, TUESDAY

from cairn_server.achievements import services as achievements
from cairn_server.config.middleware import limited
from cairn_server.earning import granting, plans, services, teaching
from cairn_server.earning.learning import Attended, Course, Meeting, UnitDone, UnitFile
from cairn_server.earning.models import Enrolment, Plan, Requirement
from cairn_server.earning.plans import Asked
from cairn_server.earning.seats import Grant
from cairn_server.issuing.models import Credential

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.test import Client, RequestFactory

    from cairn_server.accounts.models import Person
    from cairn_server.achievements.models import AchievementVersion
    from cairn_server.organisations.models import Organisation

FIELDS = {"name": "First firing", "description": "Fires a kiln.", "criteria": "Fire one kiln."}


@pytest.fixture(autouse=True)
def on_tuesday() -> Iterator[None]:
    with time_machine.travel(TUESDAY):
        yield


@pytest.fixture
def course(issuer: Person, organisation: Organisation) -> Course:
    made = teaching.make_course(organisation, by=issuer, name="Kiln safety", at=MONDAY)
    text = "Keep it **closed**. <script>alert(1)</script>"
    teaching.add_unit(made, by=issuer, name="Heat", text=text, at=MONDAY)
    teaching.add_unit(made, by=issuer, name="Fumes", at=MONDAY)
    return teaching.open_course(made, by=issuer, at=MONDAY)


@pytest.fixture
def version(course: Course, issuer: Person, organisation: Organisation) -> AchievementVersion:
    draft = achievements.draft_achievement(by=issuer, organisation=organisation, fields=FIELDS, at=MONDAY)
    plan = plans.begin(draft, by=issuer, at=MONDAY)
    assert plan.root is not None
    plans.add(plan.root, by=issuer, asked=Asked(kind="course", course=course), at=MONDAY)
    return plans.publish(draft, by=issuer, at=MONDAY)


@pytest.fixture
def enrolment(version: AchievementVersion, learner: Person) -> Enrolment:
    return services.start(version, by=learner, name="Lena", at=MONDAY)


@pytest.fixture
def client(learner: Person, signed_in: Callable[[Person], Client]) -> Client:
    return signed_in(learner)


@pytest.fixture
def desk(issuer: Person, signed_in: Callable[[Person], Client]) -> Client:
    return signed_in(issuer)


@pytest.fixture
def base(organisation: Organisation) -> str:
    return f"/organisations/{organisation.public_id}"


# The public page and the catalogue


def test_the_page_says_what_it_takes_what_it_costs_and_where_to_start(
    version: AchievementVersion, stranger: Client, issuer: Person
) -> None:
    achievements.set_cost(
        version.achievement, by=issuer, cost="paid", note="40 euros", url="https://pay.example/", at=MONDAY
    )

    page = stranger.get(f"/a/{version.public_id}").content.decode()

    assert f'href="/earn/start/{version.public_id}"' in page
    assert all(words in page for words in ("What it takes", "Kiln safety", "2 units", "Paid elsewhere"))
    assert all(words in page for words in ("40 euros", "https://pay.example/"))


def test_what_nobody_can_start_with_has_no_button(
    version: AchievementVersion, stranger: Client, issuer: Person
) -> None:
    achievements.archive(version.achievement, by=issuer, at=MONDAY)

    assert "/earn/start/" not in stranger.get(f"/a/{version.public_id}").content.decode()


def test_the_catalogue_is_filtered_by_cost(
    version: AchievementVersion, stranger: Client, issuer: Person
) -> None:
    def found(cost: str) -> list[str]:
        cache.clear()  # counts may be a minute old
        page = stranger.get("/catalogue", {"cost": cost}).context["page"]
        return [entry.name for entry in page]

    assert (found(""), found("free"), found("nonsense")) == (["First firing"], [], [])

    achievements.set_cost(version.achievement, by=issuer, cost="free", note="", url="", at=MONDAY)

    form = stranger.get("/catalogue", {"cost": "free"}).context["form"]
    assert found("free") == ["First firing"]
    assert ("free", "Free (1)") in form.fields["cost"].choices
    # Publishing the next version keeps what was said.
    plans.publish(plans.new_version(version.achievement, by=issuer, at=MONDAY), by=issuer, at=TUESDAY)
    assert found("free") == ["First firing"]


# Learning


def test_a_start_needs_a_name_and_leads_to_what_it_takes(client: Client, version: AchievementVersion) -> None:
    where = f"/earn/start/{version.public_id}"

    assert client.post(where, {"name": " "}).status_code == 422
    response = client.post(where, {"name": "Lena Lindholm"})

    enrolment = Enrolment.objects.get()
    assert response["Location"] == f"/earn/{enrolment.public_id}"
    page = client.get(response["Location"]).content.decode()
    assert "0 of 2 units" in page
    assert "Still needed" in page
    # Again leads to the same place.
    assert client.get(where)["Location"] == f"/earn/{enrolment.public_id}"


def test_a_place_is_asked_for_where_one_is_needed(
    client: Client, version: AchievementVersion, issuer: Person
) -> None:
    achievements.set_cost(version.achievement, by=issuer, cost="sponsored", note="", url="", at=MONDAY)
    where = f"/earn/start/{version.public_id}"
    assert "code" in client.get(where).context["form"].fields

    wrong = client.post(where, {"name": "Lena", "code": "BCDF-GHJK-MNPQ-RTVW"})
    assert wrong.status_code == 422
    assert "There is no free place" in wrong.content.decode()
    emails = ["lena@people.example"]
    granting.grant_list(version.achievement, by=issuer, emails=emails, days=9, at=MONDAY)

    listed = client.get(where)
    assert "code" not in listed.context["form"].fields
    assert client.post(where, {"name": "Lena"}).status_code == 302


def test_every_unit_is_kept_at_once_and_the_last_one_awards(
    client: Client, enrolment: Enrolment, course: Course
) -> None:
    heat, fumes = course.units.all()
    where = f"/earn/{enrolment.public_id}/units"

    first = client.post(f"{where}/{heat.public_id}")
    assert first["Location"] == f"{where}/{fumes.public_id}"
    assert UnitDone.objects.get().unit == heat
    client.post(f"{where}/{heat.public_id}", {"do": "reopen"})
    assert not UnitDone.objects.exists()
    client.post(f"{where}/{heat.public_id}")
    last = client.post(f"{where}/{fumes.public_id}")

    assert last["Location"] == f"/earn/{enrolment.public_id}"
    assert "You have earned it" in client.get(last["Location"]).content.decode()
    assert Credential.objects.get().recipient_email == "lena@people.example"


def test_a_stranger_to_a_course_does_not_read_it(
    client: Client, enrolment: Enrolment, organisation: Organisation, issuer: Person
) -> None:
    """B135: a unit of a course that the enrolment does not ask for."""
    other = teaching.make_course(organisation, by=issuer, name="Secrets", at=MONDAY)
    unit = teaching.add_unit(other, by=issuer, name="Hidden", at=MONDAY)

    assert client.get(f"/earn/{enrolment.public_id}/units/{unit.public_id}").status_code == 404
    assert client.post(f"/earn/{enrolment.public_id}/units/{unit.public_id}").status_code == 404


def test_whoever_has_stopped_reads_no_more_and_can_go_on(
    client: Client, enrolment: Enrolment, course: Course
) -> None:
    unit = f"/earn/{enrolment.public_id}/units/{course.units.first().public_id}"  # type: ignore[union-attr]
    client.post(f"/earn/{enrolment.public_id}/leave")

    assert client.get(unit).status_code == 404
    client.post(f"/earn/start/{enrolment.version.public_id}", {"name": "Lena"})

    assert client.get(unit).status_code == 200


def test_what_an_author_wrote_is_text(client: Client, enrolment: Enrolment, course: Course) -> None:
    """B125"""
    unit = course.units.get(name="Heat")

    page = client.get(f"/earn/{enrolment.public_id}/units/{unit.public_id}").content.decode()

    assert "<strong>closed</strong>" in page
    assert "<script>alert" not in page


def test_a_file_is_a_download_and_nothing_else(
    client: Client, desk: Client, base: str, enrolment: Enrolment, course: Course
) -> None:
    """B109: also one that looks like a page."""
    unit = course.units.get(name="Heat")
    where = f"{base}/courses/{course.public_id}/units/{unit.public_id}"
    said = {"name": "Heat", "text": "", "links": "https://kilns.example/ More about kilns"}
    upload = SimpleUploadedFile("a.html", b"<script>alert(1)</script>", "text/html")
    desk.post(where, {**said, "file": upload})
    file = UnitFile.objects.get()

    answer = client.get(f"/earn/files/{file.public_id}")

    assert answer["Content-Disposition"].startswith("attachment")
    assert not answer["Content-Type"].startswith("text/html")
    assert "sandbox" in answer["Content-Security-Policy"]
    unit.refresh_from_db()
    assert unit.links == [{"name": "More about kilns", "url": "https://kilns.example/"}]
    desk.post(where, {"do": "remove-file", "file": file.public_id})
    assert not UnitFile.objects.exists()


def test_a_file_that_is_not_taken_leaves_no_half_of_a_unit(
    desk: Client, base: str, organisation: Organisation, issuer: Person
) -> None:
    made = teaching.make_course(organisation, by=issuer, name="Kilns", at=MONDAY)
    upload = SimpleUploadedFile("a.exe", b"MZ\x90\x00\x03\x00", "application/pdf")

    page = desk.post(f"{base}/courses/{made.public_id}/units/new", {"name": "Heat", "file": upload})

    assert page.status_code == 422
    assert "file" in page.context["form"].errors
    assert not made.units.exists()


def test_looking_at_the_link_of_a_room_is_not_being_there(
    client: Client, organisation: Organisation, issuer: Person
) -> None:
    meeting = teaching.make_meeting(organisation, by=issuer, name="Kiln day", at=MONDAY)
    code = teaching.show_code(meeting, by=issuer, minutes=30, at=TUESDAY)

    page = client.get(f"/attend/{code.code}")
    assert code.code in page.content.decode()
    assert not Attended.objects.exists()
    client.post("/attend", {"code": code.code})

    assert Attended.objects.get().meeting == meeting


@pytest.mark.parametrize("path", ["/attend", "/attend/BCDFGHJK", "/earn/start/AAAAAAAAAAAAAAAAAAAAAA"])
def test_codes_are_counted_for_each_network(rf: RequestFactory, path: str) -> None:
    """B149: beside the limit of each person, which more accounts would get around."""
    assert limited(rf.post(path)) == [("codes", "127.0.0.1")]
    assert limited(rf.get(path)) == []


# The desk


def test_a_course_is_made_opened_and_settled(desk: Client, base: str) -> None:
    desk.post(f"{base}/courses", {"name": "Kilns"})
    course = Course.objects.get()
    where = f"{base}/courses/{course.public_id}"
    for name in ("Heat", "Fumes"):
        desk.post(f"{where}/units/new", {"name": name})
    fumes = course.units.get(name="Fumes")
    desk.post(where, {"do": "up", "unit": fumes.public_id})
    desk.post(where, {"do": "describe", "name": "Kilns, safely", "about": "Short."})
    desk.post(where, {"do": "open"})

    course.refresh_from_db()
    assert ([each.name for each in course.units.all()], course.name) == (["Fumes", "Heat"], "Kilns, safely")
    assert desk.post(where, {"do": "remove", "unit": fumes.public_id}).status_code == 409


def test_a_tree_is_built_on_its_page(
    desk: Client, base: str, course: Course, organisation: Organisation, issuer: Person
) -> None:
    draft = achievements.draft_achievement(by=issuer, organisation=organisation, fields=FIELDS, at=MONDAY)
    where = f"{base}/achievements/{draft.public_id}/earning"
    desk.post(where, {"do": "begin"})
    root = Plan.objects.get().root
    assert root is not None
    add = f"{where}/{root.public_id}/add"

    assert desk.post(f"{add}?kind=course", {"course": ""}).status_code == 422
    assert desk.post(f"{add}?kind=course", {"course": course.public_id}).status_code == 302
    assert desk.post(f"{add}?kind=signal", {"signal": "exam"}).status_code == 302
    assert desk.post(f"{add}?kind=holding", {"held_issuer": "nonsense"}).status_code == 422
    assert desk.get(f"{add}?kind=nonsense").status_code == 404
    signal = Requirement.objects.get(kind="signal")
    desk.post(f"{where}/{signal.public_id}", {"signal": "exam-2", "title": "The exam"})
    desk.post(where, {"do": "up", "requirement": signal.public_id})
    desk.post(f"{where}/{root.public_id}", {"kind": "some", "least": "1"})
    desk.post(where, {"do": "decide", "decision": "person"})

    page = desk.get(where).content.decode()
    assert [each.kind for each in root.children.all()] == ["signal", "course"]
    assert "The exam" in page
    assert "1 of these" in page
    assert desk.post(f"{base}/achievements/{draft.public_id}/publish").status_code == 302
    assert desk.post(where, {"do": "give-up"}).status_code == 409


def test_what_nobody_could_meet_comes_back_with_the_reason(
    desk: Client, base: str, organisation: Organisation, issuer: Person
) -> None:
    draft = achievements.draft_achievement(by=issuer, organisation=organisation, fields=FIELDS, at=MONDAY)
    plans.begin(draft, by=issuer, at=MONDAY)

    page = desk.post(f"{base}/achievements/{draft.public_id}/publish")

    assert page.status_code == 422
    assert "has nothing in it" in page.content.decode()


def test_codes_are_shown_once(desk: Client, base: str, version: AchievementVersion) -> None:
    """B153"""
    said: dict[str, Any] = {"achievement": version.achievement.public_id, "days": "30", "by": "codes"}

    assert desk.post(f"{base}/places/new", said).status_code == 422
    page = desk.post(f"{base}/places/new", {**said, "places": "3"})

    codes = page.context["codes"]
    assert len(set(codes)) == 3
    assert page["Cache-Control"] == "no-store"
    grant = Grant.objects.get()
    for where in (f"{base}/places", f"{base}/places/{grant.public_id}"):
        assert not any(code in desk.get(where).content.decode() for code in codes)
    desk.post(f"{base}/places/{grant.public_id}")
    grant.refresh_from_db()
    assert grant.ended_at is not None


def test_a_meeting_shows_its_code_only_while_it_works(desk: Client, base: str) -> None:
    desk.post(f"{base}/meetings", {"name": "Kiln day"})
    where = f"{base}/meetings/{Meeting.objects.get().public_id}"

    desk.post(where, {"do": "show", "minutes": "30"})
    code = desk.get(where).context["code"].code
    with time_machine.travel(TUESDAY.replace(hour=11)):
        assert code not in desk.get(where).content.decode()

    assert desk.post(where, {"do": "show", "minutes": "9999"}).status_code == 422
    desk.post(where, {"do": "hide"})
    assert desk.get(where).context["code"] is None


def test_who_waits_stands_on_the_overview_and_is_answered(
    desk: Client,
    base: str,
    client: Client,
    course: Course,
    organisation: Organisation,
    issuer: Person,
    learner: Person,
) -> None:
    draft = achievements.draft_achievement(by=issuer, organisation=organisation, fields=FIELDS, at=MONDAY)
    plan = plans.begin(draft, by=issuer, at=MONDAY)
    assert plan.root is not None
    plans.add(plan.root, by=issuer, asked=Asked(kind="course", course=course), at=MONDAY)
    plans.set_decision(plan, by=issuer, decision="person", at=MONDAY)
    made = services.start(plans.publish(draft, by=issuer, at=MONDAY), by=learner, name="Lena", at=MONDAY)
    where = f"{base}/approvals/{made.public_id}"
    # Until everything is met there is nothing to see: how somebody gets on is theirs.
    assert desk.get(where).status_code == 404
    for unit in course.units.all():
        client.post(f"/earn/{made.public_id}/units/{unit.public_id}")

    assert where in desk.get(f"{base}/").content.decode()
    assert desk.post(where, {"decision": "decline", "reason": ""}).status_code == 422
    desk.post(where, {"decision": "decline", "reason": "Once more, please."})
    assert "Once more, please." in client.get(f"/earn/{made.public_id}").content.decode()
    client.post(f"/earn/{made.public_id}", {"do": "again"})
    desk.post(where, {"decision": "approve"})

    assert Credential.objects.get().recipient_name == "Lena"
    assert desk.post(where, {"decision": "approve"}).status_code == 422
