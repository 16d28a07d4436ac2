# SPDX-License-Identifier: Apache-2.0
"""What carries a public page elsewhere: LinkedIn, a card, a signature, oEmbed, schema.org, a picture.

Plain links and plain HTML: nothing of another site is loaded by ours, and what we hand out for other sites
has no script in it. Every text of a stranger is escaped and cut to a length that a card has room for (B134).
"""

from __future__ import annotations

import json
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.http import Http404, HttpResponse, JsonResponse
from django.urls import Resolver404, resolve, reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from cairn_server.wallets import portfolio, sharing
from cairn_server.wallets.models import HeldCredential
from cairn_server.web import backpack, publication, share_cards

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from django.http import HttpRequest

    from cairn_server.wallets.models import Portfolio

# What is taken back is gone from every cache within a minute.
CARD_MAX_AGE = 60
LONGEST = 90
CARD_WIDTH, CARD_HEIGHT = share_cards.WIDTH, share_cards.HEIGHT


def find_public(held_id: str) -> HeldCredential | None:
    """What everybody may see at this moment; also its issuer has not withdrawn it meanwhile."""
    held = HeldCredential.objects.public().filter(public_id=held_id).first()
    return None if held is None or backpack.withdrawn_here([held]) else held


# LinkedIn


def linkedin(held: HeldCredential) -> str:
    """LinkedIn's own form, filled in by a plain link: no script, and no learner's name in the address."""
    ours = backpack.own_award(held)
    issuer = {"organizationName": held.issuer_name}
    address, identifier = public_address(held), held.public_id
    if ours is not None:
        if ours.organisation.linkedin_id:
            issuer = {"organizationId": ours.organisation.linkedin_id}
        if not sharing.is_closed(held.credential_id):
            # The page that its own verdict stands on, and the ID that is printed there.
            address, identifier = ours.address(settings.PUBLIC_URL), ours.address_id
    fields: dict[str, str | int] = {"startTask": "CERTIFICATION_NAME", "name": held.name, **issuer}
    if held.awarded_at:
        fields |= {"issueYear": held.awarded_at.year, "issueMonth": held.awarded_at.month}
    if held.ends_at:
        fields |= {"expirationYear": held.ends_at.year, "expirationMonth": held.ends_at.month}
    fields |= {"certUrl": address, "certId": identifier}
    return "https://www.linkedin.com/profile/add?" + urlencode(fields)


def feed_share(address: str) -> str:
    """A post that shows the card of the page; what the card says is decided by the page (OpenGraph)."""
    return "https://www.linkedin.com/shareArticle?" + urlencode({"mini": "true", "url": address})


# To paste elsewhere. Plain text, not marked as safe: on our own page it is shown as the HTML it is.


def public_address(held: HeldCredential) -> str:
    return str(settings.PUBLIC_URL + reverse("public-credential", args=[held.public_id]))


def card_address(held: HeldCredential) -> str:
    return str(settings.PUBLIC_URL + reverse("public-card", args=[held.public_id]))


def oembed_address(address: str) -> str:
    return str(settings.PUBLIC_URL + reverse("oembed") + "?" + urlencode({"url": address, "format": "json"}))


def of_credential(held: HeldCredential) -> dict[str, str]:
    """Everything for one public credential: addresses, and the HTML to copy."""
    address = public_address(held)
    alt = _("%(name)s, awarded by %(issuer)s") % {
        "name": held.name[:LONGEST],
        "issuer": held.issuer_name[:LONGEST],
    }
    return {
        "address": address,
        "linkedin": linkedin(held),
        "feed": feed_share(address),
        "embed": embed(address, card_address(held), alt),
        "signature": signature(held, address),
    }


def embed(address: str, card: str, alt: str) -> str:
    """A card of one link and one picture: no frame, no script, nothing that a mail program would strip."""
    return (
        f'<a href="{escape(address)}"><img src="{escape(card)}" width="600" height="315"'
        f' alt="{escape(alt[:250])}"></a>'
    )


def signature(held: HeldCredential, address: str) -> str:
    """A line under one's letters."""
    return (
        f'<p style="font-family:sans-serif;font-size:13px"><a href="{escape(address)}">'
        f"{escape(held.name[:LONGEST])}</a>, {escape(held.issuer_name[:LONGEST])}</p>"
    )


# For machines that read pages


def credential_data(held: HeldCredential, *, address: str) -> SafeString:
    """schema.org EducationalOccupationalCredential, of the verified document's own columns."""
    return _as_script({"@context": "https://schema.org", **_credential(held, address)})


def portfolio_data(
    mine: Portfolio, held: Iterable[HeldCredential], skills: Iterable[str], *, address: str
) -> SafeString:
    """schema.org ProfilePage of a Person with what they hold."""
    person: dict[str, Any] = {
        "@type": "Person",
        "name": mine.name,
        "url": address,
        "description": mine.headline or None,
        "knowsAbout": list(skills) or None,
        "hasCredential": [_credential(each, public_address(each)) for each in held] or None,
    }
    return _as_script(
        {
            "@context": "https://schema.org",
            "@type": "ProfilePage",
            "dateModified": mine.changed_at.date().isoformat(),
            "mainEntity": {name: value for name, value in person.items() if value is not None},
        }
    )


def _credential(held: HeldCredential, address: str) -> dict[str, Any]:
    said: dict[str, Any] = {
        "@type": "EducationalOccupationalCredential",
        "name": held.name,
        "url": address,
        "credentialCategory": "badge",
        "recognizedBy": {"@type": "Organization", "name": held.issuer_name},
        "datePublished": _day(held.awarded_at),
        "expires": _day(held.ends_at),
        "competencyRequired": [
            {"@type": "DefinedTerm", "name": skill["name"], "url": skill["url"]} for skill in held.skills
        ]
        or None,
    }
    return {name: value for name, value in said.items() if value is not None}


def _day(at: datetime | None) -> str | None:
    return at.date().isoformat() if at is not None else None


# What could end the element, or a line of a script, is written as an escape (B133).
_ESCAPES = {ord(each): f"\\u{ord(each):04x}" for each in "<>&\u2028\u2029"}


def _as_script(data: dict[str, Any]) -> SafeString:
    text = json.dumps(data, ensure_ascii=False).translate(_ESCAPES)
    # A block of data and no script: no browser runs it, whatever the policy of the page.
    return mark_safe(f'<script type="application/ld+json">{text}</script>')  # noqa: S308 - escaped above


# oEmbed (https://oembed.com)


@csrf_exempt
@require_safe
def oembed(request: HttpRequest) -> HttpResponse:
    """How another site shows a public page of ours: a card of a link and a picture.

    404 for what is not public, whatever it is; 501 for XML, which the standard lets us leave out.
    """
    if request.GET.get("format", "json") != "json":
        return publication.private(HttpResponse(status=501))
    address = request.GET.get("url", "")
    found = _carded(address)
    if found is None:
        raise Http404
    title, card, author = found
    width, height = _fitted(request.GET.get("maxwidth", ""), request.GET.get("maxheight", ""))
    html = (
        f'<a href="{escape(address)}"><img src="{escape(card)}" width="{width}" height="{height}"'
        f' alt="{escape(title)}"></a>'
    )
    response = JsonResponse(
        {
            "version": "1.0",
            "type": "rich",
            "title": title,
            "author_name": author,
            "provider_name": settings.OPERATOR_NAME or "Cairn",
            "provider_url": settings.PUBLIC_URL,
            "cache_age": CARD_MAX_AGE,
            "html": html,
            "width": width,
            "height": height,
            "thumbnail_url": card,
            "thumbnail_width": CARD_WIDTH,
            "thumbnail_height": CARD_HEIGHT,
        }
    )
    response["Cache-Control"] = f"public, max-age={CARD_MAX_AGE}"
    response["Access-Control-Allow-Origin"] = "*"
    return publication.private(response)


def _carded(address: str) -> tuple[str, str, str] | None:
    """Title, picture and author of the public page at this address of ours; None for everything else."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    if f"{parts.scheme}://{parts.netloc}" != settings.PUBLIC_URL or parts.query or parts.fragment:
        return None
    try:
        match = resolve(parts.path)
    except Resolver404:
        return None
    if match.url_name == "public-credential":
        held = find_public(match.kwargs["held_id"])
        return None if held is None else (held.name[:LONGEST], card_address(held), held.issuer_name[:LONGEST])
    if match.url_name == "portfolio":
        mine = portfolio.public(match.kwargs["handle"])
        if mine is None:
            return None
        card = settings.PUBLIC_URL + reverse("portfolio-card", args=[mine.handle])
        return mine.name[:LONGEST], card, mine.name[:LONGEST]
    return None


def _fitted(most_width: str, most_height: str) -> tuple[int, int]:
    """The card as large as it may be, in its own proportions."""
    width, height = 600.0, 600.0 * CARD_HEIGHT / CARD_WIDTH
    for text, size in ((most_width, width), (most_height, height)):
        if text.isascii() and text.isdigit() and 0 < int(text[:6]) < size:
            scale = int(text[:6]) / size
            width, height = width * scale, height * scale
    return max(1, round(width)), max(1, round(height))


# Pictures


@csrf_exempt
@require_safe
def public_card(request: HttpRequest, held_id: str) -> HttpResponse:
    held = find_public(held_id)
    if held is None:
        raise Http404
    return _card(request, share_cards.of_credential(held))


@csrf_exempt
@require_safe
def portfolio_card(request: HttpRequest, handle: str) -> HttpResponse:
    mine = portfolio.public(handle)
    if mine is None:
        raise Http404
    sections = portfolio.sections(mine)
    withdrawn = backpack.withdrawn_here(each for section in sections for each in section.held)
    count = sum(each.pk not in withdrawn for section in sections for each in section.held)
    return _card(request, share_cards.of_portfolio(mine, count))


def _card(request: HttpRequest, png: bytes) -> HttpResponse:
    response = publication.machine(request, png, media_type="image/png", max_age=CARD_MAX_AGE)
    # Other sites put it into their pages.
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return publication.private(response)
