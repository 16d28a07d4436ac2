# SPDX-License-Identifier: Apache-2.0
"""A portfolio: its holder's page for making it, and ``/p/<handle>`` for everybody else.

The public page shows verified documents that are public today, and beside them only what its holder wrote
about themselves, which the page says. It knows nothing of who looks.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from cairn_server.wallets import looks, portfolio
from cairn_server.wallets.models import Collection, HeldCredential, Look, Visibility
from cairn_server.web import backpack, display, markdown, printing, publication, sharing_aids, verdict
from cairn_server.web.access import person_of, refusals_on
from cairn_server.web.organisation import FORM_METHODS, status_of
from cairn_server.web.showing import absent

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import HttpRequest

    from cairn_server.wallets.models import Portfolio

# So many skills are shown; the rest are on the credentials.
MOST_SKILLS = 40


class BeginForm(forms.Form):
    handle = forms.CharField(
        label=gettext_lazy("Handle"),
        max_length=30,
        help_text=gettext_lazy(
            "The end of your address: 3 to 30 letters from a to z, digits and hyphens."
            " Nobody else ever gets it."
        ),
        widget=forms.TextInput(
            attrs={"autocapitalize": "none", "autocomplete": "off", "spellcheck": "false"}
        ),
    )
    name = forms.CharField(label=gettext_lazy("What you are called here"), max_length=portfolio.MAX_NAME)

    def clean_handle(self) -> str:
        return str(self.cleaned_data["handle"]).strip().lower()


class TextForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("What you are called here"), max_length=portfolio.MAX_NAME)
    headline = forms.CharField(
        label=gettext_lazy("In one line"),
        required=False,
        max_length=portfolio.MAX_HEADLINE,
        help_text=gettext_lazy("What you do, or what you look for."),
    )
    about = forms.CharField(
        label=gettext_lazy("About you"),
        required=False,
        max_length=portfolio.MAX_ABOUT,
        help_text=gettext_lazy(
            "Markdown: **bold**, lists and links. The page says that this is in your words."
        ),
        widget=forms.Textarea(attrs={"rows": 8}),
    )


class PublishForm(forms.Form):
    in_search_engines = forms.BooleanField(
        label=gettext_lazy("Let search engines find it"),
        required=False,
        help_text=gettext_lazy("Without this, only people with the address find the page."),
    )


class HandleForm(BeginForm):
    name = None  # type: ignore[assignment]  # Django's own way to leave a field out


@require_http_methods(FORM_METHODS)
@login_required
def edit(request: HttpRequest) -> HttpResponse:
    person, at = person_of(request), timezone.now()
    mine = portfolio.of(person)
    if mine is None:
        form = BeginForm(request.POST if request.method == "POST" else None, initial={"name": person.name})
        if form.is_bound and form.is_valid():
            with refusals_on(form):
                portfolio.begin(by=person, at=at, **form.cleaned_data)
                return redirect("portfolio-edit")
        return render(request, "wallet/portfolio_begin.html", {"form": form}, status=status_of(form))
    do = request.POST.get("do", "") if request.method == "POST" else ""
    first = {"name": mine.name, "headline": mine.headline, "about": mine.about}
    text = TextForm(request.POST if do == "text" else None, initial=first)
    published = PublishForm(
        request.POST if do == "publish" else None, initial={"in_search_engines": mine.in_search_engines}
    )
    handle = HandleForm(request.POST if do == "handle" else None, initial={"handle": mine.handle})
    here = redirect("portfolio-edit")
    if do == "text" and text.is_valid():
        with refusals_on(text):
            portfolio.write(mine, by=person, at=at, **text.cleaned_data)
            messages.success(request, _("Saved."))
            return here
    if do == "publish" and published.is_valid():
        portfolio.publish(mine, by=person, at=at, **published.cleaned_data)
        messages.success(request, _("Your portfolio is public now."))
        return here
    if do == "withdraw":
        portfolio.withdraw(mine, by=person, at=at)
        messages.success(request, _("Your portfolio is private now. Its address shows nothing."))
        return here
    if do == "handle" and handle.is_valid():
        with refusals_on(handle):
            portfolio.rename(mine, by=person, at=at, **handle.cleaned_data)
            messages.success(request, _("Your portfolio has a new address. The old one shows nothing."))
            return here
    if do in ("up", "down", "take-off"):
        _arrange(request, mine, do, at=at)
        return here
    if do == "place":
        _place(request, mine, at=at)
        return here
    shown = sections_of(mine)
    context = {
        "portfolio": mine,
        "text": text,
        "published": published,
        "handle": handle,
        "places": mine.places.select_related("held", "collection"),
        "shown_count": sum(len(section.held) for section in shown),
        "candidates": _candidates(mine),
        "address": address_of(mine),
        "looks": looks.at_all(person, [mine.public_id]),
    }
    wrong = text.errors or published.errors or handle.errors
    return render(request, "wallet/portfolio.html", context, status=422 if wrong else 200)


def _arrange(request: HttpRequest, mine: Portfolio, do: str, *, at: datetime) -> None:
    number = request.POST.get("place", "")
    place = get_object_or_404(mine.places, pk=int(number) if number.isascii() and number.isdigit() else 0)
    if do == "take-off":
        portfolio.take_off(mine, by=person_of(request), place=place, at=at)
    else:
        portfolio.move(mine, by=person_of(request), place=place, up=do == "up", at=at)


def _place(request: HttpRequest, mine: Portfolio, *, at: datetime) -> None:
    thing: HeldCredential | Collection
    if held_id := request.POST.get("held", ""):
        mine_held = HeldCredential.objects.visible_to(person_of(request))
        thing = get_object_or_404(mine_held, public_id=held_id)
    else:
        mine_collections = Collection.objects.visible_to(person_of(request))
        thing = get_object_or_404(mine_collections, public_id=request.POST.get("collection", ""))
    try:
        portfolio.place(mine, by=person_of(request), thing=thing, at=at)
    except portfolio.BadPortfolio as refusal:
        messages.error(request, str(refusal.message))


def _candidates(mine: Portfolio) -> dict[str, Any]:
    """What is public and not on it yet."""
    held = HeldCredential.objects.visible_to(mine.person).public().current().exclude(shown_at__portfolio=mine)
    groups = Collection.objects.visible_to(mine.person).filter(visibility=Visibility.PUBLIC)
    return {
        "held": held.defer("secured", "document", "report").order_by("name")[:100],
        "collections": groups.exclude(shown_at__portfolio=mine),
    }


# For everybody


def address_of(mine: Portfolio) -> str:
    return str(settings.PUBLIC_URL + reverse("portfolio", args=[mine.handle]))


@csrf_exempt
@require_safe
def page(request: HttpRequest, handle: str) -> HttpResponse:
    at = timezone.now()
    mine = portfolio.public(handle)
    if mine is None:
        return absent(request)
    looks.note(mine.person_id, mine.public_id, Look.Kind.PORTFOLIO, at=at)
    sections = sections_of(mine)
    held = [each for section in sections for each in section.held]
    skills = portfolio.skills(held, at=at)
    address = address_of(mine)
    context = {
        "portfolio": mine,
        "about": markdown.render(mine.about),
        "sections": [(section, [_tile(each, at=at) for each in section.held]) for section in sections],
        "skills": [(skill, display.web_address(skill.url)) for skill in skills[:MOST_SKILLS]],
        "count": len(held),
        "address": address,
        "card": settings.PUBLIC_URL + reverse("portfolio-card", args=[mine.handle]),
        "oembed": sharing_aids.oembed_address(address),
        "feed": sharing_aids.feed_share(address),
        "data": sharing_aids.portfolio_data(
            mine, held, [skill.name for skill in skills[:MOST_SKILLS]], address=address
        ),
        "at": at,
    }
    response = publication.page(render(request, "showing/portfolio.html", context))
    if mine.in_search_engines:
        response["Referrer-Policy"] = "no-referrer"
        return response
    return publication.private(response)


def sections_of(mine: Portfolio) -> list[portfolio.Section]:
    """What is public on it, without what its issuers here have withdrawn since it was checked."""
    sections = portfolio.sections(mine)
    withdrawn = backpack.withdrawn_here(each for section in sections for each in section.held)
    kept = [
        replace(section, held=tuple(each for each in section.held if each.pk not in withdrawn))
        for section in sections
    ]
    return [section for section in kept if section.held]


def _tile(held: HeldCredential, *, at: datetime) -> dict[str, Any]:
    return {
        # Whom the signed document names: a badge of somebody else's is not passed off as one's own.
        "recipient": _recipient(held),
        "held": held,
        "picture": display.own_image(held.picture, public_url=settings.PUBLIC_URL),
        "has_ended": held.has_ended(at),
    }


@csrf_exempt
@require_safe
def pdf(request: HttpRequest, handle: str) -> HttpResponse:
    """The same on paper, made when it is asked for: what was taken back is not in it."""
    at = timezone.now()
    mine = portfolio.public(handle)
    if mine is None:
        return absent(request)
    looks.note(mine.person_id, mine.public_id, Look.Kind.FILE, at=at)
    response = HttpResponse(printing.portfolio(told(mine, at=at), at=at), content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="portfolio-{mine.handle}.pdf"'
    response["X-Content-Type-Options"] = "nosniff"
    return publication.private(publication.page(response))


def told(mine: Portfolio, *, at: datetime) -> dict[str, Any]:
    """A portfolio in words, for the printed page."""
    sections = sections_of(mine)
    held = [each for section in sections for each in section.held]
    return {
        "lang": (get_language() or "en").split("-")[0],
        "title": mine.name,
        "name": mine.name,
        "headline": mine.headline,
        "about": markdown.plain(markdown.render(mine.about)),
        "skills_heading": _("Skills proven"),
        "skills": [skill.name for skill in portfolio.skills(held, at=at)[:MOST_SKILLS]],
        "sections": [
            {
                "name": section.name or _("Credentials"),
                "description": section.description,
                "items": [_printed(each) for each in section.held],
            }
            for section in sections
        ],
        "footer": address_of(mine),
        "closing": _(
            "Printed on %(day)s. What stands here about credentials comes from the signed documents;"
            " whether they still count is on the pages that the addresses lead to. The lines on top are in"
            " the words of whoever made this page."
        )
        % {"day": verdict.day(at)},
    }


def _recipient(held: HeldCredential) -> str:
    found = display.shown(held.document or {}, public_url=settings.PUBLIC_URL)
    return found.recipient if isinstance(found, display.Shown) else ""


def _printed(held: HeldCredential) -> dict[str, str]:
    found = display.shown(held.document or {}, public_url=settings.PUBLIC_URL)
    about = found.about.description if isinstance(found, display.Shown) else found.description
    said = [held.issuer_name]
    if recipient := _recipient(held):
        said.insert(0, _("Awarded to %(name)s") % {"name": recipient})
    if held.awarded_at:
        said.append(verdict.day(held.awarded_at))
    if held.ends_at:
        said.append(_("valid until %(day)s") % {"day": verdict.day(held.ends_at)})
    return {
        "name": held.name,
        "line": " · ".join(said),
        "description": about[:600],
        "skills": " · ".join(skill["name"] for skill in held.skills[:12]),
        "address": sharing_aids.public_address(held),
    }
