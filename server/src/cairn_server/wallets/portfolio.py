# SPDX-License-Identifier: Apache-2.0
"""A portfolio: what a person shows to everybody, under a handle that nobody else ever gets.

It chooses; it publishes nothing. A credential on it is shown while the credential is public, a collection
while the collection is, and of it what is public. So what is taken back is gone from every page at once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from cairn_server.errors import NotVisible, Refusal
from cairn_server.journal import services as journal
from cairn_server.organisations.names import has_hidden_characters, skeleton
from cairn_server.wallets import sharing
from cairn_server.wallets.models import (
    Collection,
    HeldCredential,
    Portfolio,
    PortfolioPlace,
    TakenHandle,
    Visibility,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from django.utils.functional import _StrOrPromise

    from cairn_server.accounts.models import Person

# Lower case letters and digits of ASCII, single hyphens inside: an address that can be read out.
HANDLE = re.compile(r"[a-z0-9](?:-?[a-z0-9]){2,29}")
MOST_HANDLES = 5
MOST_PLACES = 100
MAX_NAME, MAX_HEADLINE, MAX_ABOUT = 120, 160, 4_000

# What somebody could take for a page of ours, or for somebody in charge.
RESERVED = frozenset(
    {
        "about", "abuse", "account", "accounts", "achievements", "admin", "administrator", "all", "api",
        "app", "assets", "award", "awards", "badge", "badges", "billing", "blog", "cairn", "catalog",
        "catalogue", "certificate", "certificates", "contact", "credential", "credentials", "dashboard",
        "demo", "dev", "download", "edit", "embed", "employer", "employers", "everyone", "example",
        "false", "faq", "files", "help", "home", "host", "hostmaster", "image", "images", "imprint",
        "info", "issuer", "issuers", "jobs", "legal", "link", "links", "login", "logout", "mail", "me",
        "media", "metrics", "moderator", "new", "news", "nobody", "none", "null", "oauth", "oembed",
        "official", "operator", "organisation", "organisations", "organization", "owner", "people",
        "person", "portfolio", "portfolios", "postmaster", "press", "privacy", "profile", "public",
        "register", "report", "robots", "root", "sales", "search", "secret", "security", "security-txt",
        "settings", "share", "signin", "signup", "site", "sitemap", "skills", "staff", "static", "status",
        "support", "sysadmin", "system", "team", "terms", "test", "token", "true", "trust", "undefined",
        "upload", "user", "users", "verified", "verify", "wallet", "webmaster", "wellknown", "www", "you",
    }
)  # fmt: skip


class BadPortfolio(Refusal):
    """Something about a portfolio cannot stand; ``field`` says where the message belongs."""

    status = 422

    def __init__(self, code: str, message: _StrOrPromise, field: str | None = None) -> None:
        super().__init__(code, message)
        self.field = field


class HandleTaken(BadPortfolio):
    """Somebody has it, had it, or nobody may: which of these is nobody's business (B144)."""

    status = 409

    def __init__(self) -> None:
        super().__init__("handle-taken", _("This handle cannot be had. Try another one."), "handle")


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a portfolio as a page shows it: one collection, or the credentials between collections."""

    name: str
    description: str
    held: tuple[HeldCredential, ...]


def of(person: Person) -> Portfolio | None:
    return Portfolio.objects.filter(person=person).first()


def public(handle: str) -> Portfolio | None:
    """The portfolio everybody may see under this handle; None for one that is private or never was."""
    return Portfolio.objects.filter(handle=handle, is_public=True, person__is_active=True).first()


# Verbs


@transaction.atomic
def begin(*, by: Person, handle: str, name: str, at: datetime) -> Portfolio:
    """Take a handle and begin a portfolio, which is private until it is published."""
    if of(by) is not None:
        raise BadPortfolio("portfolio-exists", _("You have a portfolio already."))
    made = Portfolio(
        person=by, handle=_taken(handle), name=_line(name, MAX_NAME, "name"), created_at=at, changed_at=at
    )
    if not made.name:
        raise BadPortfolio("portfolio-name", _("Say what you are called here."), "name")
    made.save()
    journal.record(verb="portfolio begun", by=by, organisation_id=None, object=made, at=at)
    return made


@transaction.atomic
def rename(portfolio: Portfolio, *, by: Person, handle: str, at: datetime) -> Portfolio:
    """Take another handle. The old one leads nowhere from now on, and nobody else can have it."""
    current = _locked(portfolio, by)
    if handle == current.handle:
        return current
    if current.handles >= MOST_HANDLES:
        raise BadPortfolio(
            "handle-limit",
            _("You have had %(most)s handles, which is the most.") % {"most": MOST_HANDLES},
            "handle",
        )
    current.handle, current.handles, current.changed_at = _taken(handle), current.handles + 1, at
    current.save(update_fields=["handle", "handles", "changed_at"])
    journal.record(verb="portfolio renamed", by=by, organisation_id=None, object=current, at=at)
    return current


@transaction.atomic
def write(
    portfolio: Portfolio, *, by: Person, name: str, headline: str, about: str, at: datetime
) -> Portfolio:
    current = _locked(portfolio, by)
    current.name = _line(name, MAX_NAME, "name")
    if not current.name:
        raise BadPortfolio("portfolio-name", _("Say what you are called here."), "name")
    current.headline = _line(headline, MAX_HEADLINE, "headline")
    current.about = _text(about)
    current.changed_at = at
    current.save(update_fields=["name", "headline", "about", "changed_at"])
    journal.record(verb="portfolio written", by=by, organisation_id=None, object=current, at=at)
    return current


@transaction.atomic
def publish(portfolio: Portfolio, *, by: Person, in_search_engines: bool, at: datetime) -> Portfolio:
    current = _locked(portfolio, by)
    current.is_public, current.in_search_engines, current.changed_at = True, in_search_engines, at
    current.save(update_fields=["is_public", "in_search_engines", "changed_at"])
    journal.record(
        verb="portfolio published",
        by=by,
        organisation_id=None,
        object=current,
        details={"in_search_engines": in_search_engines},
        at=at,
    )
    return current


@transaction.atomic
def withdraw(portfolio: Portfolio, *, by: Person, at: datetime) -> Portfolio:
    """From now on the address says the same as one that never was."""
    current = _locked(portfolio, by)
    current.is_public = current.in_search_engines = False
    current.changed_at = at
    current.save(update_fields=["is_public", "in_search_engines", "changed_at"])
    journal.record(verb="portfolio withdrawn", by=by, organisation_id=None, object=current, at=at)
    return current


@transaction.atomic
def place(portfolio: Portfolio, *, by: Person, thing: HeldCredential | Collection, at: datetime) -> None:
    """Show something public at the end of the portfolio. Twice is the same as once."""
    current = _locked(portfolio, by)
    if thing.person_id != by.pk:
        raise NotVisible
    if thing.visibility != Visibility.PUBLIC:
        raise BadPortfolio(
            "not-public", _("Only what is public can stand on a portfolio. Make it public first.")
        )
    field = "held" if isinstance(thing, HeldCredential) else "collection"
    if current.places.count() >= MOST_PLACES:
        raise BadPortfolio(
            "portfolio-full", _("A portfolio shows at most %(most)s things.") % {"most": MOST_PLACES}
        )
    last = current.places.aggregate(last=Max("position"))["last"] or 0
    _place, new = PortfolioPlace.objects.get_or_create(
        portfolio=current, **{field: thing}, defaults={"position": last + 1}
    )
    if new:
        journal.record(
            verb="portfolio filled",
            by=by,
            organisation_id=None,
            object=current,
            details={field: thing.public_id},
            at=at,
        )


@transaction.atomic
def take_off(portfolio: Portfolio, *, by: Person, place: PortfolioPlace, at: datetime) -> None:
    current = _locked(portfolio, by)
    if current.places.filter(pk=place.pk).delete()[0]:
        journal.record(verb="portfolio thinned", by=by, organisation_id=None, object=current, at=at)


@transaction.atomic
def move(portfolio: Portfolio, *, by: Person, place: PortfolioPlace, up: bool, at: datetime) -> None:
    current = _locked(portfolio, by)
    here = current.places.filter(pk=place.pk).first()
    if here is None:
        raise NotVisible
    if not here.move(current.places.all(), up=up):
        return
    journal.record(verb="portfolio ordered", by=by, organisation_id=None, object=current, at=at)


# What is on it


def sections(portfolio: Portfolio) -> list[Section]:
    """What everybody may see, in its holder's order. Nothing that is not public today, and nothing twice."""
    rows = portfolio.places.select_related("held", "collection")
    found: list[Section] = []
    seen: set[int] = set()
    loose: list[HeldCredential] = []

    def close() -> None:
        if loose:
            found.append(Section("", "", tuple(loose)))
            loose.clear()

    for each in rows:
        if each.held is not None:
            if each.held.visibility == Visibility.PUBLIC and each.held.is_shown and each.held.pk not in seen:
                seen.add(each.held.pk)
                loose.append(each.held)
            continue
        assert each.collection is not None
        inside = [held for held in sharing.public_in(each.collection) if held.pk not in seen]
        if inside:
            close()
            seen.update(held.pk for held in inside)
            found.append(Section(each.collection.name, each.collection.description, tuple(inside)))
    close()
    return found


@dataclass(frozen=True, slots=True)
class Proven:
    """A skill, and how many of the credentials shown prove it."""

    name: str
    url: str
    framework: str
    by: tuple[str, ...]


def skills(held: Iterable[HeldCredential], *, at: datetime) -> list[Proven]:
    """The skills that verified documents align with, most often proven first. What has ended proves none."""
    found: dict[str, tuple[dict[str, str], list[str]]] = {}
    for each in held:
        if each.has_ended(at):
            continue
        for skill in each.skills:
            _skill, names = found.setdefault(skill["url"] or skill["name"].casefold(), (skill, []))
            if each.name not in names:
                names.append(each.name)
    told = [
        Proven(skill["name"], skill["url"], skill["framework"], tuple(names))
        for skill, names in found.values()
    ]
    return sorted(told, key=lambda skill: (-len(skill.by), skill.name.casefold()))


# Handles and texts


def _taken(handle: str) -> str:
    """Take it for good. Look-alikes of what is taken are taken too (B130)."""
    if not HANDLE.fullmatch(handle) or handle.isdigit():
        raise BadPortfolio(
            "handle-form",
            _("Use 3 to 30 letters from a to z, digits and single hyphens, not digits alone."),
            "handle",
        )
    if skeleton(handle) in _RESERVED_LOOKS:
        raise HandleTaken
    try:
        with transaction.atomic():
            TakenHandle.objects.create(sha256=sha256(skeleton(handle).encode()).hexdigest())
    except IntegrityError as error:
        raise HandleTaken from error
    return handle


_RESERVED_LOOKS = frozenset(skeleton(word) for word in RESERVED)


def _line(text: str, most: int, field: str) -> str:
    text = " ".join(text.split())
    if len(text) > most or has_hidden_characters(text):
        raise BadPortfolio(
            "portfolio-text",
            _("Write up to %(most)s characters, without invisible ones.") % {"most": most},
            field,
        )
    return text


def _text(about: str) -> str:
    about = about.replace("\r\n", "\n").strip()
    if len(about) > MAX_ABOUT or has_hidden_characters(about.replace("\n", "").replace("\t", "")):
        raise BadPortfolio(
            "portfolio-text",
            _("Write up to %(most)s characters, without invisible ones.") % {"most": MAX_ABOUT},
            "about",
        )
    return about


def _locked(portfolio: Portfolio, by: Person) -> Portfolio:
    if portfolio.person_id != by.pk:
        raise NotVisible
    return Portfolio.objects.select_for_update().get(pk=portfolio.pk)
