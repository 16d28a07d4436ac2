# SPDX-License-Identifier: Apache-2.0
"""What each question about an old badge is asked of: the badge as sent, and what addresses answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cairn.canonical import parse_json
from cairn.credential.address import is_web
from cairn.errors import CairnError, MalformedError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Case:
    """One old badge. ``resource`` gives what an address answered, or raises ``UnavailableError``.

    While gathering, ``resource`` asks the world; while judging, it looks into what was gathered. The same
    steps are walked both times, so nothing is asked for that no judgement reads, and the other way round.
    """

    format: str
    document: Mapping[str, Any]
    token: str | None
    resource: Callable[[str], bytes]
    gathered_at: datetime

    def page(self, url: str, what: str) -> Page:
        """The JSON at an address; ``UnavailableError`` when something else stands there (B97)."""
        if not is_web(url):
            raise MalformedError("hosted-address", f"The address of {what} is no web address.")
        try:
            return Page(url, parse_json(self.resource(url.partition("#")[0])))
        except UnavailableError:
            raise
        except CairnError as error:
            raise UnavailableError("hosted-page", f"What is there is not {what}: {error.message}") from error

    def page_of(self, named: object, what: str) -> Page:
        """What is named by its address, or stands right here without one."""
        if isinstance(named, str):
            return self.page(named, what)
        if not isinstance(named, dict):
            raise MalformedError("hosted-address", f"It does not say where {what} is.")
        return Page(address_of(named), named)


@dataclass(frozen=True, slots=True)
class Page:
    """A document, and the web address that stands for it; None when it has none."""

    url: str | None
    document: Mapping[str, Any]


def address_of(document: Mapping[str, Any]) -> str | None:
    """The web address that a document gives as its id."""
    identifier = document.get("id")
    return str(identifier) if is_web(identifier) else None
