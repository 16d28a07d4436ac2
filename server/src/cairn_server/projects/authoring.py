# SPDX-License-Identifier: Apache-2.0
"""What authors do: write a project, publish it as a frozen version, archive it, give one person more time."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from cairn_server.accounts.services import clean_address
from cairn_server.errors import Refusal
from cairn_server.journal import services as journal
from cairn_server.organisations.models import OrganisationClosed
from cairn_server.organisations.names import has_hidden_characters
from cairn_server.organisations.roles import SIGNERS, Role, require
from cairn_server.projects import rubric
from cairn_server.projects.models import Extension, Project, ProjectVersion
from cairn_server.projects.rubric import BadProject

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cairn_server.accounts.models import Person
    from cairn_server.organisations.models import Organisation

MAX_NAME = 120
MAX_BRIEF = 10_000
MAX_ROUNDS = 20


class ProjectFrozen(Refusal):
    def __init__(self) -> None:
        super().__init__(
            "project-frozen", _("This version is published and cannot be changed. Start a new one instead.")
        )


class ProjectArchived(Refusal):
    def __init__(self) -> None:
        super().__init__("project-archived", _("This project is archived."))


@transaction.atomic
def draft_project(
    *, by: Person, organisation: Organisation, fields: Mapping[str, Any], at: datetime
) -> ProjectVersion:
    _require_open(organisation, by)
    found = _checked(fields)
    project = Project.objects.create(organisation=organisation, name=found["name"], created_at=at)
    version = ProjectVersion.objects.create(project=project, number=1, created_at=at, **found)
    _record("project drafted", by, project, at, 1)
    return version


@transaction.atomic
def edit_project(project: Project, *, by: Person, fields: Mapping[str, Any], at: datetime) -> ProjectVersion:
    """Write the draft; after a publication that is the next version."""
    _require_open(project.organisation, by)
    if project.archived_at is not None:
        raise ProjectArchived
    found = _checked(fields)
    draft = project.draft
    if draft is None:
        number = project.versions.latest("number").number + 1
        draft = ProjectVersion(project=project, number=number, created_at=at)
    for name, value in found.items():
        setattr(draft, name, value)
    draft.save()
    if project.published is None:
        project.name = draft.name
        project.save(update_fields=["name"])
    _record("project edited", by, project, at, draft.number)
    return draft


@transaction.atomic
def publish_project(project: Project, *, by: Person, at: datetime) -> ProjectVersion:
    """Freeze the draft. Whoever has begun by an earlier version is still judged by that one."""
    _require_open(project.organisation, by)
    draft = project.draft
    if draft is None:
        raise ProjectFrozen
    if not draft.brief:
        raise BadProject("brief", _("Say first what is to be done."))
    if not draft.rubric:
        raise BadProject("rubric", _("Say first what is looked at: one criterion at least."))
    draft.state, draft.published_at = ProjectVersion.State.PUBLISHED, at
    draft.save(update_fields=["state", "published_at"])
    project.name = draft.name
    project.save(update_fields=["name"])
    _record("project published", by, project, at, draft.number)
    return draft


@transaction.atomic
def archive_project(project: Project, *, by: Person, at: datetime) -> None:
    """Nobody begins it any more. What was begun goes on, and what was accepted stays."""
    project.organisation.locked_for(by, Role.ISSUER)
    project.archived_at = at
    project.save(update_fields=["archived_at"])
    _record("project archived", by, project, at)


@transaction.atomic
def extend(project: Project, *, by: Person, email: str, due_at: datetime | None, at: datetime) -> None:
    """A later deadline for one person, or the usual one. Whether they have an account is not told (B144)."""
    _require_open(project.organisation, by)
    try:
        email = clean_address(email)
    except ValidationError as error:
        raise BadProject("email", error.messages[0]) from error
    if due_at is None:
        Extension.objects.filter(project=project, email=email).delete()
    else:
        Extension.objects.update_or_create(
            project=project, email=email, defaults={"due_at": due_at, "created_at": at}
        )
    _record("project extended", by, project, at)


def _require_open(organisation: Organisation, by: Person) -> None:
    require(by, SIGNERS, organisation)
    if organisation.closed_at is not None:
        raise OrganisationClosed


def _checked(fields: Mapping[str, Any]) -> dict[str, Any]:
    name = " ".join(fields["name"].split())
    if not 0 < len(name) <= MAX_NAME or has_hidden_characters(name):
        raise BadProject("name", _("Give it a name of up to %(most)s characters.") % {"most": MAX_NAME})
    reviewers, rounds = fields.get("reviewers", 1), fields.get("most_rounds")
    if reviewers not in (1, 2):
        raise BadProject("reviewers", _("One or two people review a project."))
    if rounds is not None and (not isinstance(rounds, int) or not 1 <= rounds <= MAX_ROUNDS):
        raise BadProject("most_rounds", _("Write a number from 1 to %(most)s.") % {"most": MAX_ROUNDS})
    due_at = fields.get("due_at")
    if due_at is not None and not isinstance(due_at, datetime):
        raise BadProject("due_at", _("Write a day."))
    return {
        "name": name,
        "brief": clean_prose("brief", fields.get("brief", ""), MAX_BRIEF),
        "rubric": rubric.checked(fields.get("rubric", ())),
        "reviewers": reviewers,
        "most_rounds": rounds,
        "due_at": due_at,
    }


def clean_prose(field: str, text: str, most: int) -> str:
    text = text.replace("\r\n", "\n").strip()
    if len(text) > most or has_hidden_characters(text.replace("\n", "").replace("\t", "")):
        raise BadProject(
            field, _("Write up to %(most)s characters, without invisible ones.") % {"most": most}
        )
    return text


def _record(verb: str, by: Person, project: Project, at: datetime, number: int | None = None) -> None:
    journal.record(
        verb=verb,
        by=by,
        organisation_id=project.organisation.public_id,
        object=project,
        details={"version": number} if number is not None else None,
        at=at,
    )
