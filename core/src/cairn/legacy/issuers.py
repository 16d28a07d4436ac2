# SPDX-License-Identifier: Apache-2.0
"""From an assertion to the badge it awards and on to the issuer, each as its own page says it.

What stands inside the assertion is vouched for with it. An issuer is more than that: a name that somebody
gives to themselves is no identity, so the description of an issuer with a web address is always the one that
the address itself answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from cairn.credential.shapes import as_list
from cairn.errors import MalformedError, UnavailableError
from cairn.legacy.case import Page, address_of
from cairn.legacy.open_badges import version_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cairn.legacy.case import Case


@dataclass(frozen=True, slots=True)
class Pages:
    """The assertion that counts, the badge that it awards, and the issuer of that badge."""

    assertion: Mapping[str, Any]
    badge: Page
    issuer: Page

    @property
    def issuer_id(self) -> str:
        """The web address that names the issuer."""
        assert self.issuer.url is not None, "issuer_page gives no other"
        return self.issuer.url

    def whole(self) -> dict[str, Any]:
        """The assertion with the badge and the issuer in it, as they are vouched for together.

        Before 2.0 badges and issuers had no id but the address that they were found at.
        """
        badge = _named(self.badge)
        return {**self.assertion, "badge": {**badge, "issuer": _named(self.issuer)}}


def _named(page: Page) -> dict[str, Any]:
    # The address is what vouches for it, whatever the page calls itself.
    return {**page.document, **({} if page.url is None else {"id": page.url})}


def pages(case: Case, assertion: Mapping[str, Any]) -> Pages:
    """Everything that an assertion leads to; ``CairnError`` when a part is missing or something else."""
    badge = case.page_of(assertion.get("badge"), "the badge")
    return Pages(assertion, badge, issuer_page(case, assertion, badge))


def issuer_page(case: Case, assertion: Mapping[str, Any], badge: Page) -> Page:
    """The issuer of a badge, as the issuer's own address describes it."""
    named = badge.document.get("issuer")
    if isinstance(named, dict) and version_of(assertion) == "0.5":
        # Before 1.0 an issuer had no page, only an origin, which the address of the badge is compared with.
        return Page(str(named.get("origin")), named)
    url = address_of(named) if isinstance(named, dict) else named
    if not isinstance(url, str):
        raise MalformedError("no-issuer", "It does not say who issued it.")
    page = case.page(url, "the issuer")
    if page.document.get("id", url) != url:
        raise UnavailableError("issuer-document", "What is there describes another issuer.")
    return page


def host_of(url: str) -> str:
    """Scheme, host and port of a web address, in lower case."""
    address = urlsplit(url)
    return f"{address.scheme}://{address.netloc}".lower()


def domain_of(url: str) -> str:
    """The host that people know an address by."""
    return urlsplit(url).netloc


def is_in_scope(url: str, pages: Pages) -> bool:
    """Whether the issuer lets assertions be hosted at this address (Open Badges 2.0, Profile.verification).

    Without a word about it, only at the issuer's own origin. ``allowedOrigins`` names other hosts;
    ``startsWith`` narrows, and never widens: "https://a.example" also begins "https://a.example.evil".
    """
    rules = pages.issuer.document.get("verification")
    rules = rules if isinstance(rules, dict) and version_of(pages.assertion) == "2.0" else {}
    address = urlsplit(url)
    if "allowedOrigins" in rules:
        # Written as hosts; some write them as origins.
        named = {
            str(each).rpartition("//")[2].rstrip("/").lower() for each in as_list(rules["allowedOrigins"])
        }
        allowed = address.scheme == "https" and address.netloc.lower() in named
    else:
        allowed = host_of(url) == host_of(pages.issuer_id)
    prefixes = as_list(rules.get("startsWith", url))
    return allowed and any(isinstance(prefix, str) and _begins(url, prefix) for prefix in prefixes)


def _begins(url: str, prefix: str) -> bool:
    """Whether an address begins with a prefix, and not in the middle of a word.

    "https://a.example/~al" is not the beginning of "https://a.example/~alice/7".
    """
    within_a_word = prefix[-1:].isalnum() and url[len(prefix) :][:1].isalnum()
    return url.startswith(prefix) and not within_a_word
