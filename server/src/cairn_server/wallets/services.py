# SPDX-License-Identifier: Apache-2.0
"""What happens to what a person holds: it arrives, is checked again, gets a note, and may be let go.

A wallet takes credentials from anyone, so it knows nothing of our issuing; and it takes only ``Verified``,
so nothing unread can get in. Collections are in ``collections``, showing things to others in ``sharing``
and ``portfolio``.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cairn import OpenBadgeCredential, read
from cairn.credential import parse_datetime
from cairn.credential.structure import PRESENTATION
from cairn.errors import CairnError
from cairn.legacy import as_open_badge
from cairn.proof import keeping_back
from cairn.proof.jws import is_numeric_date
from cairn_server.errors import NotVisible, Refusal
from cairn_server.journal import services as journal
from cairn_server.organisations.names import folded
from cairn_server.wallets.models import (
    ClosedAddress,
    Collection,
    HeldCredential,
    Look,
    Portfolio,
    SecretLink,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cairn import Report, Verified
    from cairn_server.accounts.models import Person
    from cairn_server.wallets.models import HeldCredentialQuerySet

MAX_NOTE = 5_000
MAX_SKILLS = 60
LONGEST = 300
# What an index of every database takes. Real ones are far shorter; a did:jwk has about 200.
LONGEST_ID = 600
# How a level of the European Qualifications Framework appears among the alignments: it is no skill.
EQF_LEVELS = "http://data.europa.eu/snb/eqf/"

Arrival = HeldCredential.Arrival
Standing = HeldCredential.Standing


class NotHeld(Refusal):
    """What is brought is not something that a holder keeps."""

    status = 422


class NoteTooLong(Refusal):
    status = 422

    def __init__(self) -> None:
        super().__init__(
            "note-too-long",
            _("A note has at most %(most)s characters, and no invisible ones.") % {"most": MAX_NOTE},
        )


# Arriving


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of something that was brought: the row, and what stands beside it."""

    held: HeldCredential
    is_new: bool

    @property
    def is_newer_copy(self) -> bool:
        return self.is_new and self.held.supersedes.exists()

    @property
    def is_older_copy(self) -> bool:
        return self.held.superseded_by_id is not None

    @property
    def is_other_form(self) -> bool:
        return self.held.twin_of_id is not None


def receive(
    verified: Verified,
    *,
    holder: Person,
    secured: bytes,
    at: datetime,
    source: str = HeldCredential.Source.IMPORTED,
) -> HeldCredential:
    """Keep the exact bytes. Receiving them twice is the same as once.

    The caller found out that the holder may have it (an award to one of their verified addresses, or their
    own upload); ``verified`` says that it is genuine, not that it still counts: a revoked one may be kept.
    ``NotHeld`` for a presentation.
    """
    return keep(verified, holder=holder, secured=secured, at=at, source=source).held


@transaction.atomic
def keep(
    verified: Verified,
    *,
    holder: Person,
    secured: bytes,
    at: datetime,
    source: str = HeldCredential.Source.IMPORTED,
    arrival: str = Arrival.POST,
    came_from: str = "",
    checked: Report | None = None,
    own_copy: bytes | None = None,
) -> Kept:
    """``receive``, with where it came from, and what all the checks found (``verified`` asks for few).

    ``own_copy`` is the base proof that came, where ``secured`` is the copy of all of it that was judged.
    """
    if verified.report.kind == PRESENTATION:
        # It was signed for one reader and one question; what lasts are the credentials in it.
        raise NotHeld(
            "presentation-not-kept",
            _("This shows credentials to somebody. Bring the credentials themselves."),
        )
    refuse_own_copy_inside(verified.document)
    # The finding's own word: the formats say it in different places.
    issuer = verified.report.finding("issuer")
    issuer_id = issuer.details.get("issuer", "") if issuer else ""
    credential_id = _text(verified.document.get("id"))
    if max(len(issuer_id), len(credential_id)) > LONGEST_ID:
        raise NotHeld("id-too-long", _("The identifiers in it are longer than what we keep."))
    held, new = HeldCredential.objects.get_or_create(
        person=holder,
        sha256=verified.report.sha256 if own_copy is None else read(own_copy).sha256,
        defaults={
            "issuer_id": issuer_id,
            "credential_id": credential_id,
            "format": verified.report.format,
            "secured": secured if own_copy is None else own_copy,
            "copy": None if own_copy is None else secured,
            "document": dict(verified.document),
            "source": source,
            "arrival": arrival,
            "came_from": _harmless(came_from),
            "received_at": at,
            **index_of(verified.document),
            **(_outcome(checked) if checked is not None else {}),
        },
    )
    if new:
        settle_copies(held)
        journal.record(
            verb="credential received",
            by=holder,
            organisation_id=None,
            object=held,
            details={"sha256": held.sha256, "source": held.source},
            at=at,
        )
    elif source == HeldCredential.Source.AWARDED_HERE and held.source != source:
        # Brought as a file first, and now delivered: whose it is has been proved since.
        held.source = source
        held.save(update_fields=["source"])
    return Kept(held, new)


def refuse_own_copy_inside(document: Mapping[str, Any]) -> None:
    """Whoever is shown what is around a base proof could make any copy of what is inside."""
    if keeping_back.is_own_inside(document):
        raise NotHeld(
            "own-copy-inside",
            _(
                "There is a credential in it that only its holder may have, and everybody you show this to"
                " would get it. Bring that credential by itself."
            ),
        )


def settle_copies(held: HeldCredential) -> None:
    """Among copies of one statement the newest stands for all, and of the same date the one that came first.

    A holder's own copy stands for all of its date, because parts of it can be kept back.
    Only where issuer and id are both the same: an id alone is whatever somebody typed.
    """
    if not (held.credential_id and held.issuer_id):
        return
    copies = list(
        HeldCredential.objects.select_for_update()
        .filter(person=held.person, credential_id=held.credential_id, issuer_id=held.issuer_id)
        .order_by("pk")
    )
    if len(copies) < 2:
        return
    newest = max((copy.begins_at for copy in copies if copy.begins_at is not None), default=None)
    newest_ones = [copy for copy in copies if copy.begins_at == newest]
    head = next((copy for copy in newest_ones if copy.is_own_copy), newest_ones[0])
    for copy in copies:
        copy.superseded_by = head if copy.begins_at != newest else None
        copy.twin_of = head if copy.begins_at == newest and copy != head else None
        copy.save(update_fields=["superseded_by", "twin_of"])
    held.refresh_from_db(fields=["superseded_by", "twin_of"])


# Checking


@transaction.atomic
def note_check(held: HeldCredential, report: Report, *, by: Person | None, at: datetime) -> HeldCredential:
    """Keep the answer of the verifier beside its date. ``by`` is None for the server itself.

    A document that was vouched for once stays readable by its holder; others see it again when it is
    vouched for again (``is_shown``).
    """
    if by is not None:
        _own(held, by)
    if report.sha256 != (read(held.for_others).sha256 if held.is_own_copy else held.sha256):
        raise ValueError("this report is about something else")
    for name, value in _outcome(report).items():
        setattr(held, name, value)
    if report.document is not None:
        held.document = dict(report.document)
        for name, value in index_of(report.document).items():
            setattr(held, name, value)
    elif report.verdict.value == "not-verified":
        # Somebody looked, and it is not so: nothing of it is shown to anybody any more.
        held.document = None
    held.save()
    journal.record(
        verb="credential checked",
        by=by,
        organisation_id=None,
        object=held,
        details={"verdict": held.verdict},
        at=at,
    )
    return held


def _outcome(report: Report) -> dict[str, Any]:
    status = report.finding("status")
    code = status.code if status is not None else ""
    return {
        "verdict": report.verdict.value,
        "checked_at": report.at,
        "report": {
            name: value for name, value in report.to_document().items() if name not in ("document", "parts")
        },
        "standing": code if code in (Standing.REVOKED, Standing.SUSPENDED) else Standing.ACTIVE,
    }


# Its holder's own acts


@transaction.atomic
def write_note(held: HeldCredential, *, by: Person, text: str, at: datetime) -> HeldCredential:
    """A note that nobody but its holder ever sees."""
    _own(held, by)
    text = text.replace("\r\n", "\n").strip()
    hidden = any(unicodedata.category(each) in ("Cc", "Cs") for each in text if each not in "\n\t")
    if len(text) > MAX_NOTE or hidden:
        raise NoteTooLong
    held.note = text
    held.save(update_fields=["note"])
    journal.record(verb="credential noted", by=by, organisation_id=None, object=held, at=at)
    return held


@transaction.atomic
def let_go(held: HeldCredential, *, by: Person, at: datetime) -> None:
    """Delete it from the wallet, with its note, its links and its places: for good, and effective at once."""
    _own(held, by)
    journal.record(
        verb="credential let go",
        by=by,
        organisation_id=None,
        object=held,
        details={"sha256": held.sha256},
        at=at,
    )
    links = held.links.values_list("public_id", flat=True)
    Look.objects.filter(person=by, subject__in=[held.public_id, *links]).delete()
    copies = list(HeldCredential.objects.filter(superseded_by=held) | held.twins.all())
    held.delete()
    if copies:
        settle_copies(copies[0])
        if len(copies) == 1:
            HeldCredential.objects.filter(pk=copies[0].pk).update(superseded_by=None, twin_of=None)


def _own(held: HeldCredential, by: Person) -> None:
    """Another person's does not exist (B135)."""
    if held.person_id != by.pk:
        raise NotVisible


# Asking


def held_by(person: Person) -> HeldCredentialQuerySet:
    """A person's credentials, newest first."""
    return HeldCredential.objects.visible_to(person).order_by("-received_at", "-id")


def name_of(document: Mapping[str, Any]) -> str:
    """What a list calls it: the credential's own name, otherwise the achievement's."""
    subjects = document.get("credentialSubject") or {}
    subject = subjects[0] if isinstance(subjects, list) else subjects
    return str(document.get("name") or (subject.get("achievement") or {}).get("name") or "")


def index_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """The columns that lists, filters and portfolios ask for, out of a verified document."""
    badge = as_open_badge(document)
    # An old badge has its name where the one that it is read as has it.
    told: dict[str, Any] = {"name": (name_of(document) or name_of(badge))[:LONGEST]}
    try:
        told |= _of_a_badge(OpenBadgeCredential.from_document(badge))
    except CairnError:
        told |= _of_anything(document)
    skills = " ".join(skill["name"] for skill in told["skills"])
    told["words"] = folded(f"{told['name']} {told['issuer_name']} {skills}")
    return told


def _of_a_badge(badge: OpenBadgeCredential) -> dict[str, Any]:
    achievement = badge.subject.achievement
    return {
        "issuer_name": (badge.issuer.name or badge.issuer.id)[:LONGEST],
        "achievement_id": achievement.id or "",
        "picture": (achievement.image.id if achievement.image else "") or "",
        "awarded_at": badge.awarded_date or badge.valid_from,
        "begins_at": badge.valid_from,
        "ends_at": badge.valid_until,
        "skills": [
            {
                "name": each.target_name[:LONGEST],
                "url": each.target_url,
                "code": each.target_code or "",
                "framework": (each.target_framework or "")[:LONGEST],
            }
            for each in achievement.alignments[:MAX_SKILLS]
            if not each.target_url.startswith(EQF_LEVELS)
        ],
    }


def _of_anything(document: Mapping[str, Any]) -> dict[str, Any]:
    issuer = document.get("issuer", document.get("iss"))
    named = issuer if isinstance(issuer, dict) else {"name": issuer}
    # An SD-JWT VC says it in seconds.
    since = _moment(document.get("validFrom") or document.get("issuanceDate") or document.get("nbf"))
    return {
        "name": (name_of(document) or _text(document.get("vct")))[:LONGEST],
        "issuer_name": _text(named.get("name") or named.get("id"))[:LONGEST],
        "achievement_id": "",
        "picture": "",
        "awarded_at": since,
        "begins_at": since,
        "ends_at": _moment(
            document.get("validUntil") or document.get("expirationDate") or document.get("exp")
        ),
        "skills": [],
    }


def _moment(value: Any) -> datetime | None:
    if is_numeric_date(value):
        return datetime.fromtimestamp(value, UTC)
    try:
        return parse_datetime(value) if isinstance(value, str) else None
    except CairnError:
        return None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _harmless(came_from: str) -> str:
    """What a person called it, as one line of text (B119)."""
    return "".join(each for each in came_from if each.isprintable())[:500]


# Taking one's data


def export_data(person: Person) -> dict[str, Any]:
    """What ``wallets`` knows about a person beside the credentials themselves."""
    portfolio = Portfolio.objects.filter(person=person).first()
    return {
        "collections": [
            {
                "id": each.public_id,
                "name": each.name,
                "description": each.description,
                "visibility": each.visibility,
                "credentials": [place.held.credential_id for place in each.places.select_related("held")],
            }
            for each in Collection.objects.visible_to(person)
        ],
        "secret_links": [
            {
                "id": link.public_id,
                "for": link.name,
                "created_at": link.created_at.isoformat(),
                "expires_at": link.expires_at.isoformat() if link.expires_at else None,
                "revoked_at": link.revoked_at.isoformat() if link.revoked_at else None,
            }
            for link in SecretLink.objects.filter(person=person)
        ],
        "closed_pages": list(
            ClosedAddress.objects.filter(person=person).values_list("credential_id", flat=True)
        ),
        "looks": [
            {
                "day": look.day.isoformat(),
                "kind": look.kind,
                "of": look.subject,
                "shown_to": look.who,
                "count": look.count,
            }
            for look in Look.objects.filter(person=person).order_by("day", "pk")
        ],
        "portfolio": None
        if portfolio is None
        else {
            "id": portfolio.public_id,
            "handle": portfolio.handle,
            "name": portfolio.name,
            "headline": portfolio.headline,
            "about": portfolio.about,
            "is_public": portfolio.is_public,
            "in_search_engines": portfolio.in_search_engines,
        },
    }


def resume(person: Person) -> dict[str, Any]:
    """A JSON Resume (jsonresume.org, schema 1.0.0) of what is in the wallet and counts.

    For programs that read curricula. The signed files beside it are the proof; this is only their list.
    """
    portfolio = Portfolio.objects.filter(person=person).first()
    shown = held_by(person).current().filter(document__isnull=False, standing=Standing.ACTIVE)
    held = shown.only("name", "awarded_at", "issuer_name", "credential_id", "skills")
    skills: dict[str, set[str]] = {}
    certificates: list[dict[str, Any]] = []
    for each in held.iterator(chunk_size=200):
        certificates.append(_certificate(each))
        for skill in each.skills:
            skills.setdefault(skill["framework"] or "", set()).add(skill["name"])
    return {
        "$schema": "https://raw.githubusercontent.com/jsonresume/resume-schema/v1.0.0/schema.json",
        "basics": {
            "name": portfolio.name if portfolio else person.name,
            "label": portfolio.headline if portfolio else "",
            "email": person.email,
            "summary": portfolio.about if portfolio else "",
        },
        "certificates": certificates,
        "skills": [
            {**({"name": framework} if framework else {"name": str(_("Skills"))}), "keywords": sorted(names)}
            for framework, names in sorted(skills.items())
        ],
    }


def _certificate(held: HeldCredential) -> dict[str, Any]:
    return {
        "name": held.name,
        **({"date": held.awarded_at.date().isoformat()} if held.awarded_at else {}),
        "issuer": held.issuer_name,
        # An address is one that can be opened; other ids are not.
        **({"url": held.credential_id} if held.credential_id.startswith("https://") else {}),
    }
