# SPDX-License-Identifier: Apache-2.0
"""One organisation with one of everything, and the address of every page about it."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from PIL import Image
from server.tests import learning, lists
from server.tests.conftest import MONDAY

from cairn.fetch import HttpPoster
from cairn_server.accounts.models import Person
from cairn_server.achievements import services as achievements
from cairn_server.assessments import services as taking
from cairn_server.assessments.models import Assessment
from cairn_server.earning import granting, plans, teaching
from cairn_server.earning.learning import Course, Meeting, Unit
from cairn_server.earning.models import Enrolment, Requirement
from cairn_server.earning.plans import Asked
from cairn_server.earning.seats import Grant
from cairn_server.issuing import services as issuing
from cairn_server.issuing.life import RenewalRequest, StandingAct
from cairn_server.issuing.services import Recipient
from cairn_server.organisations import key_changes, tokens
from cairn_server.organisations import services as organisations
from cairn_server.organisations.roles import Role
from cairn_server.projects import services as projects
from cairn_server.projects.models import Work
from cairn_server.webhooks import services as webhooks
from cairn_server.webhooks.models import Endpoint

if TYPE_CHECKING:
    from cairn_server.achievements.models import AchievementVersion
    from cairn_server.issuing.models import Batch, Credential
    from cairn_server.organisations.models import ApiToken, Invitation, Organisation

FIELDS: dict[str, Any] = {
    "name": "First firing",
    "description": "Fires stoneware in an electric kiln.",
    "criteria": "Fire **one** kiln without help.",
}
# What the picture designer asks for, as a query.
DESIGN = {"shape": "stone", "colour": "#1f4e5f", "accent": "#f4efe4", "icon": "flame"}


def png() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 64), "#1f4e5f").save(out, "PNG")
    return out.getvalue()


@dataclass
class Desk:
    organisation: Organisation
    draft: AchievementVersion
    version: AchievementVersion
    credential: Credential
    suspended: Credential
    batch: Batch
    # A list whose columns nobody has settled yet.
    waiting: Batch
    invitation: Invitation
    link: str
    token: ApiToken
    colleague: Person
    owner: Person
    # Changes of keys that wait, by the address that decides about them.
    changes: dict[str, str] = field(default_factory=dict)

    def ids(self, name: str) -> dict[str, str]:
        """What the address called ``name`` needs beside the organisation."""
        version = (
            self.draft
            if name
            in (
                "achievement-edit",
                "achievement-picture",
                "achievement-publish",
                "earning-plan",
                "requirement-add",
                "requirement-edit",
            )
            else self.version
        )
        return {
            "version_id": version.public_id,
            "achievement_id": self.version.achievement.public_id,
            "credential_id": self.credential.public_id,
            "batch_id": (self.waiting if name == "list-columns" else self.batch).public_id,
            "invitation_id": self.invitation.public_id,
            "token_id": self.token.public_id,
            "endpoint_id": Endpoint.objects.filter(organisation=self.organisation).earliest("pk").public_id,
            "person_id": self.colleague.public_id,
            "fragment": "key-2",
            "change_id": self.changes.get(name, "A" * 22),
            "act_id": StandingAct.objects.filter(organisation=self.organisation).earliest("pk").public_id,
            "request_id": RenewalRequest.objects.earliest("pk").public_id,
            **self._learning_ids(),
            **self._assessing_ids(name),
        }

    def _learning_ids(self) -> dict[str, str]:
        ours = {"organisation": self.organisation}
        found = {
            "requirement_id": Requirement.objects.get(plan=self.draft.pk, parent=None),
            "course_id": Course.objects.get(**ours),
            "unit_id": Unit.objects.get(course__organisation=self.organisation),
            "meeting_id": Meeting.objects.get(**ours),
            "grant_id": Grant.objects.get(**ours),
            "enrolment_id": Enrolment.objects.get(version=self.version, name="Ines Ibarra"),
        }
        return {name: each.public_id for name, each in found.items()}

    def _assessing_ids(self, name: str) -> dict[str, str]:
        assessment = Assessment.objects.filter(organisation=self.organisation).earliest("pk")
        work = Work.objects.get(project__organisation=self.organisation)
        group = self.organisation.question_groups.earliest("pk")
        return {
            "assessment_id": assessment.public_id,
            "number": "1",
            "group_id": group.public_id,
            "question_id": group.questions.earliest("pk").public_id,
            "project_id": work.project.public_id,
            "hand_in_id": work.current.public_id,
            "attempt_id": assessment.attempts.get().public_id,
            "position": "1",
            **({"kind": "single"} if name == "question-new" else {}),
        }


def furnish(organisation: Organisation, owner: Person, colleague: Person) -> Desk:
    organisations.set_logo(organisation, by=owner, png=png(), at=MONDAY)
    # Every organisation has a key-1; this one has a key that no other has.
    if colleague != owner:  # one owner alone does not change keys
        key_changes.propose_replacement(organisation, by=owner, reason="Every year.", at=MONDAY)
    made = achievements.draft_achievement(by=owner, organisation=organisation, fields=FIELDS, at=MONDAY)
    _to_be_earned(made, by=owner)
    version = plans.publish(made, by=owner, at=MONDAY)
    draft = achievements.draft_achievement(
        by=owner, organisation=organisation, fields=FIELDS | {"name": "Second firing"}, at=MONDAY
    )
    _to_be_earned(draft, by=owner)
    Enrolment.objects.create(
        person=colleague,
        achievement=version.achievement,
        version=version,
        name="Ines Ibarra",
        started_at=MONDAY,
        met_at=MONDAY,
        decision=Enrolment.Decision.DECLINED,
        decided_at=MONDAY,
        reason="One more firing, please.",
    )
    course = teaching.make_course(organisation, by=owner, name="Kiln safety", at=MONDAY)
    teaching.add_unit(course, by=owner, name="Heat", text="Keep it **closed**.", at=MONDAY)
    teaching.make_meeting(organisation, by=owner, name="Kiln day", at=MONDAY)
    granting.grant_codes(version.achievement, by=owner, places=2, days=30, at=MONDAY)
    lena, ida = (
        issuing.award(
            by=owner,
            version=version,
            recipient=Recipient(name, f"{name.lower()}@people.example"),
            request_key=f"desk:{name}",
            at=MONDAY,
        )
        for name in ("Lena", "Ida")
    )
    issuing.suspend(ida, by=owner, reason="Under review", at=MONDAY)
    RenewalRequest.objects.create(credential=lena, created_at=MONDAY)
    batch = lists.started("email,name\nann@people.example,Ann\n", by=owner, version=version)
    waiting = lists.received("email,name\nbea@people.example,Bea\n", by=owner, version=version).batch
    invitation, link = organisations.invite(
        by=owner, organisation=organisation, email="new@people.example", roles=[Role.ISSUER], at=MONDAY
    )
    token, _text = tokens.create_token(organisation, by=owner, name="LMS", scopes=["awards:read"], at=MONDAY)
    webhooks.create_endpoint(
        organisation,
        by=owner,
        url="https://lms.example/hooks",
        events=["credential.awarded"],
        poster=HttpPoster(),
        at=MONDAY,
    )
    _to_be_assessed(organisation, by=owner)
    organisation.refresh_from_db()
    return Desk(
        organisation, draft, version, lena, ida, batch, waiting, invitation, link, token, colleague, owner
    )


def _to_be_earned(draft: AchievementVersion, *, by: Person) -> None:
    """It takes a signal, and one of the issuer's people who agrees."""
    plan = plans.begin(draft, by=by, at=MONDAY)
    assert plan.root is not None
    plans.add(plan.root, by=by, asked=Asked(kind="signal", signal="exam"), at=MONDAY)
    plans.set_decision(plan, by=by, decision="person", at=MONDAY)


def _to_be_assessed(organisation: Organisation, *, by: Person) -> None:
    """Somebody whose answer waits for a mark, and whose work waits for a reviewer."""
    mina = Person.objects.create_user(f"mina-{organisation.pk}@people.example", name="Mina")
    attempt = taking.begin(learning.assessment(organisation, learning.ESSAY, by=by), by=mina, at=MONDAY)
    taking.save_answers(attempt, by=mina, given={1: taking.Given(text="Air.")}, at=MONDAY)
    taking.hand_in(attempt, by=mina, at=MONDAY)
    work = projects.begin(learning.project(organisation, by=by), by=mina, at=MONDAY)
    projects.write_statement(work, by=mina, statement="Six of them.", at=MONDAY)
    projects.hand_in(work, by=mina, at=MONDAY)


def address(name: str, organisation: Organisation, ids: dict[str, str]) -> str:
    """The address, with those of the identifiers that it has a place for."""
    from django.urls import get_resolver

    # (pattern, parameters) pairs; our names have one address each.
    [(_pattern, wanted)] = get_resolver().reverse_dict.getlist(name)[0][0]
    have = {"organisation_id": organisation.public_id, "kind": "awarded", **ids}
    return reverse(name, kwargs={key: have[key] for key in wanted})
