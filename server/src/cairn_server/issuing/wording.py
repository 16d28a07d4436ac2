# SPDX-License-Identifier: Apache-2.0
"""What an organisation says in its messages in its own words: a subject, and one paragraph.

Plain text with a few named fields, ``{name}`` and the like, which are put in once, from left to right: what
stands in a name is never looked at again (B127), and a subject has one line whatever is in it (B128). All
that people need to know of a credential is said by us, around it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from cairn_server.errors import Refusal
from cairn_server.journal import services as journal
from cairn_server.organisations.models import Organisation
from cairn_server.organisations.roles import Role

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from cairn_server.accounts.models import Person

FIELDS = ("name", "achievement", "organisation", "end")
_FIELD = re.compile(r"\{([A-Za-z0-9_.!:]*)\}", re.ASCII)
_LANGUAGE = re.compile(r"(?:[a-z]{2,8}(?:-[A-Za-z0-9]{1,8})*)?", re.ASCII)
MOST_IN_SUBJECT, MOST_IN_PARAGRAPH = 150, 2000


class Kind(models.TextChoices):
    """The messages that can be worded; those about a withdrawal or a refusal cannot."""

    AWARDED = "awarded", _("Awarded")
    REPLACED = "replaced", _("Replaced")
    RENEWED = "renewed", _("Renewed")
    ENDING = "ending", _("Reminder before the end")
    # About what somebody does on the way to an award (earning.notices).
    ACCEPTED = "accepted", _("Project accepted")
    CHANGES = "changes", _("Changes asked for in a project")
    RESULT = "result", _("Answers marked")
    PLACE = "place", _("Place given")


class Wording(models.Model):
    """Own words for one kind of message in one language; ``language`` empty: in every other one."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="wordings")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    language = models.CharField(max_length=35, blank=True, default="")
    subject = models.CharField(max_length=MOST_IN_SUBJECT, blank=True)
    paragraph = models.TextField(blank=True)

    class Meta:
        app_label = "issuing"
        ordering = ["kind", "language"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "kind", "language"], name="one_wording_of_a_kind_in_a_language"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organisation_id} {self.kind} {self.language}"


class BadWording(Refusal):
    status = 400

    def __init__(self, message: Any, *, field: str) -> None:
        super().__init__("bad-wording", message)
        self.field = field


@dataclass(frozen=True, slots=True)
class Words:
    """A subject and a paragraph with their fields filled in; empty ones are left to us."""

    subject: str = ""
    paragraph: str = ""


@transaction.atomic
def set_wording(
    organisation: Organisation,
    *,
    by: Person,
    kind: str,
    language: str,
    subject: str,
    paragraph: str,
    at: datetime,
) -> Wording | None:
    """Use these words from now on; none at all gives the word back to us."""
    organisation = organisation.locked_for(by, Role.OWNER)
    made = clean(kind=kind, language=language, subject=subject, paragraph=paragraph)
    same = Wording.objects.filter(organisation=organisation, kind=made.kind, language=made.language)
    if made.subject or made.paragraph:
        words = {"subject": made.subject, "paragraph": made.paragraph}
        kept, _new = Wording.objects.update_or_create(
            organisation=organisation, kind=made.kind, language=made.language, defaults=words
        )
    else:
        same.delete()
        kept = None
    journal.record(
        verb="message worded" if kept else "message wording removed",
        by=by,
        organisation_id=organisation.public_id,
        object=organisation,
        details={"kind": made.kind, "language": made.language},
        at=at,
    )
    return kept


def clean(*, kind: str, language: str, subject: str, paragraph: str) -> Wording:
    """The words as they would be kept, not saved; refused when a message could not be made of them."""
    if kind not in Kind.values:
        raise BadWording(_("There is no such message."), field="kind")
    if not _LANGUAGE.fullmatch(language) or len(language) > 35:
        raise BadWording(_("Use a language tag such as en or pt-BR."), field="language")
    subject = " ".join(subject.split())
    paragraph = paragraph.replace("\r\n", "\n").strip()
    if len(subject) > MOST_IN_SUBJECT or not subject.isprintable():
        raise BadWording(
            _("A subject is one line of at most %d characters.") % MOST_IN_SUBJECT, field="subject"
        )
    if len(paragraph) > MOST_IN_PARAGRAPH or not paragraph.replace("\n", "").isprintable():
        raise BadWording(_("Use at most %d characters of plain text.") % MOST_IN_PARAGRAPH, field="paragraph")
    for field, text in (("subject", subject), ("paragraph", paragraph)):
        unknown = sorted(set(_FIELD.findall(text)) - set(FIELDS))
        if unknown:
            raise BadWording(
                _("There is no field {%(field)s}. Use %(fields)s.")
                % {"field": unknown[0], "fields": ", ".join(f"{{{name}}}" for name in FIELDS)},
                field=field,
            )
    return Wording(kind=kind, language=language, subject=subject, paragraph=paragraph)


def find(organisation: Organisation, kind: str, language: str) -> Wording | None:
    """The words for this reader: of their language, of its main language, or for all others."""
    kind = Kind.AWARDED if kind == "again" else kind
    if kind not in Kind.values:
        return None
    wanted = [language, language.partition("-")[0], ""]
    found = {each.language: each for each in organisation.wordings.filter(kind=kind, language__in=wanted)}
    return next((found[each] for each in wanted if each in found), None)


def filled(wording: Wording | None, words: Mapping[str, str]) -> Words:
    """With the fields put in. What names a field that is empty here, such as an end, is left out."""
    if wording is None:
        return Words()
    return Words(*(_filled(text, words) for text in (wording.subject, wording.paragraph)))


def _filled(text: str, words: Mapping[str, str]) -> str:
    if not all(words.get(name) for name in _fields_of(text)):
        return ""
    return _FIELD.sub(lambda found: words[found[1]], text)


def _fields_of(text: str) -> Iterable[str]:
    return set(_FIELD.findall(text))
