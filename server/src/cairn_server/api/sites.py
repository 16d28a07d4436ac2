# SPDX-License-Identifier: Apache-2.0
"""What the APIs for other sites have in common: refusals, pages, and what is told of a learner.

Two versions of Open Badges ask for the same in different words, which are in ``ob3`` and ``badge_connect``.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, cast
from urllib.parse import urlencode
from uuid import NAMESPACE_URL, uuid5

from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.utils import timezone
from django.utils.module_loading import import_string
from django.views.decorators.csrf import csrf_exempt

from cairn.credential import parse_datetime
from cairn.errors import CairnError, MalformedError, UnavailableError
from cairn_server.accounts import services as accounts
from cairn_server.accounts.limits import TooMany
from cairn_server.api.bearers import BearerRefused
from cairn_server.earning import services as earning
from cairn_server.errors import Refusal
from cairn_server.portability import services
from cairn_server.portability.bringing import bring
from cairn_server.wallets.models import Portfolio

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

    from cairn_server.accounts.models import Person
    from cairn_server.portability.models import Consent
    from cairn_server.wallets.models import HeldCredential
    from cairn_server.wallets.services import Kept

logger = logging.getLogger(__name__)

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]

RETRY_AFTER_SECONDS = 30
MOST_AT_ONCE = 100
AT_ONCE = 50
_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)


# Refusals


@dataclass(frozen=True, slots=True)
class No:
    """A refusal, before it is put into the words of one version."""

    status: int
    description: str
    headers: dict[str, str] = field(default_factory=dict)


def why_not(error: Exception) -> No | None:
    """What is said of an error somebody can act on; None for a mistake of ours."""
    match error:
        case BearerRefused():
            return No(error.status, str(error.message), {"WWW-Authenticate": error.challenge})
        case TooMany():
            return No(429, str(error.message), {"Retry-After": str(error.retry_after)})
        case Refusal():
            return No(_known(error.status), f"{error.message} ({error.code})")
        case UnavailableError() | OperationalError():
            if isinstance(error, OperationalError):
                logger.error("the database could not be asked", exc_info=error)
            return No(503, "Try again in a moment.", {"Retry-After": str(RETRY_AFTER_SECONDS)})
        case CairnError():
            return No(400, f"{error.message} ({error.code})")
        case RequestDataTooBig():
            return No(413, "The body is too large. (limit-size)")
        case Http404():
            return No(404, "There is nothing here.")
        case PermissionDenied():
            return No(403, "This is not allowed.")
        case SuspiciousOperation() | UnreadablePostError():
            return No(400, "This request cannot be read.")
    return None


def _known(status: int) -> int:
    """The statuses of the specifications: what cannot be kept is bad data, and that is 400."""
    return 400 if status in (409, 415, 422) else status


def operation(*methods: str, say: Callable[[No], HttpResponse]) -> Callable[[View[P]], View[P]]:
    """These methods, for whoever has a token; every refusal in the words of one version."""

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def serve(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if request.method not in methods:
                allowed = ", ".join(methods)
                response = say(No(405, f"Use one of: {allowed}", {"Allow": allowed}))
            else:
                try:
                    response = view(request, *args, **kwargs)
                except Exception as error:
                    no = why_not(error)
                    if no is None:
                        raise
                    response = say(no)
            response["Cache-Control"] = "no-store"
            return response

        # No cookie is looked at: the token in the header counts.
        return cast("View[P]", csrf_exempt(serve))

    return decorate


# Pages


class BadQuery(Refusal):
    status = 400

    def __init__(self, message: str) -> None:
        super().__init__("invalid-query", message)


@dataclass(frozen=True, slots=True)
class Asked:
    """What part of a list is asked for."""

    limit: int
    offset: int
    since: datetime | None
    since_as_given: str

    def of(self, found: QuerySet[HeldCredential]) -> list[HeldCredential]:
        return list(found.only("format", "secured")[self.offset : self.offset + self.limit])

    def headers(self, total: int, path: str) -> dict[str, str]:
        """How many there are, and where the others are.

        ``first`` and ``last`` always, ``next`` while there is more, ``prev`` after the beginning.
        """
        last = max(0, (total - 1) // self.limit * self.limit)
        links = [("last", last), ("first", 0)]
        if self.offset + self.limit < total:
            links.insert(0, ("next", self.offset + self.limit))
        if self.offset > 0:
            links.append(("prev", max(0, self.offset - self.limit)))
        since = {"since": self.since_as_given} if self.since_as_given else {}
        base = f"{settings.PUBLIC_URL}{path}?"
        return {
            "X-Total-Count": str(total),
            "Link": ", ".join(
                f'<{base}{urlencode({"limit": self.limit, "offset": at, **since})}>; rel="{relation}"'
                for relation, at in links
            ),
        }


def asked_for(request: HttpRequest) -> Asked:
    since = _one(request, "since")
    return Asked(
        limit=min(_number(request, "limit", AT_ONCE, least=1), MOST_AT_ONCE),
        offset=_number(request, "offset", 0, least=0),
        since=_moment(since) if since else None,
        since_as_given=since,
    )


def _one(request: HttpRequest, name: str) -> str:
    given = request.GET.getlist(name)
    if len(given) > 1:
        raise BadQuery(f"{name} is there more than once.")
    return given[0] if given else ""


def _number(request: HttpRequest, name: str, otherwise: int, *, least: int) -> int:
    given = _one(request, name)
    if not given:
        return otherwise
    if not _NUMBER.fullmatch(given) or int(given) < least:
        raise BadQuery(f"{name} is a number, and at least {least}.")
    return int(given)


def _moment(given: str) -> datetime:
    try:
        # A "+" in an address is a blank, and who writes a time zone often forgets that.
        return parse_datetime(given.replace(" ", "+"))
    except CairnError:
        raise BadQuery("since is a date and time with its zone, as 2026-01-31T12:00:00Z.") from None


# Adding, and the learner


def take_in(data: bytes, consent: Consent) -> Kept:
    """What a site adds, by the road of an upload; what its learner works on may have asked for it."""
    at = timezone.now()
    kept = bring(
        data,
        consent,
        sources=import_string(settings.SOURCES)(),
        asked=import_string(settings.CHECKS)(),
        limit=settings.RATE_LIMITS["verify"],
        at=at,
    )
    if kept.is_new:
        earning.reconsider(consent.person, at=at)
    return kept


def about(person: Person) -> dict[str, Any]:
    """What is told of a learner: an id that says nothing, a name if there is one, and what was proved."""
    portfolio = Portfolio.objects.filter(person=person, is_public=True).first()
    proved = person.email.lower() in accounts.verified_addresses(person)
    return {
        "id": f"urn:uuid:{uuid5(NAMESPACE_URL, f'{settings.PUBLIC_URL}/{person.public_id}')}",
        **({"name": person.name} if person.name else {}),
        **({"email": person.email} if proved else {}),
        **({"url": f"{settings.PUBLIC_URL}/p/{portfolio.handle}"} if portfolio else {}),
    }


def change(profile: Any, consent: Consent) -> None:
    """The learner's name, out of a whole Profile. All else is proved here in other ways, or is not kept."""
    types = profile.get("type") if isinstance(profile, dict) else None
    if "Profile" not in (types if isinstance(types, list) else [types]):
        raise MalformedError("profile", "Send a whole Profile.")
    services.change_name(consent, name=profile.get("name", ""), at=timezone.now())
