# SPDX-License-Identifier: Apache-2.0
"""Who may see what is in a wallet: its holder's page about that, and the pages that others then get.

    /wallet/held/<id>/share   the holder decides: only me, secret links, everybody
    /l/<token>                what a secret link shows, and nothing else
    /h/<id>                   a credential that everybody may see

A page for others shows the document that the verifier returned, never a row of ours, and is kept by nobody:
what is taken back is gone with the next request.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from cairn_server.wallets import looks, portfolio, sharing
from cairn_server.wallets.models import Collection, HeldCredential, Look, Portfolio, SecretLink, Visibility
from cairn_server.web import backpack, display, listing, publication, sharing_aids, verdict
from cairn_server.web.access import person_of, refusals_on
from cairn_server.web.organisation import FORM_METHODS

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest

# Before something is shown to others it is judged again, unless that was just done.
FRESH = timedelta(hours=1)


# The holder decides


class VisibilityForm(forms.Form):
    to = forms.ChoiceField(
        label=gettext_lazy("Who may see it"),
        choices=[
            (Visibility.PRIVATE, gettext_lazy("Only you. Every secret link to it ends.")),
            (Visibility.LINK, gettext_lazy("Whoever has a secret link that you make below.")),
            (Visibility.PUBLIC, gettext_lazy("Everybody, at an address of its own.")),
        ],
        widget=forms.RadioSelect,
    )


class LinkForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Whom is it for?"),
        help_text=gettext_lazy("For your own list. Whoever opens the link does not see it."),
        required=False,
        max_length=sharing.MAX_NAME,
    )
    expires = forms.DateField(
        label=gettext_lazy("Works until the end of"),
        help_text=gettext_lazy("A day in UTC. Leave it empty for a link that works until you end it."),
        required=False,
        widget=listing.DateInput(),
    )

    def clean_expires(self) -> datetime | None:
        day = self.cleaned_data["expires"]
        return datetime.combine(day, time(23, 59, 59), UTC) if day else None


@require_http_methods(FORM_METHODS)
@login_required
def share_held(request: HttpRequest, held_id: str) -> HttpResponse:
    held = backpack.held_of(request, held_id)
    return _share(request, held)


@require_http_methods(FORM_METHODS)
@login_required
def share_collection(request: HttpRequest, collection_id: str) -> HttpResponse:
    mine = Collection.objects.visible_to(person_of(request))
    return _share(request, get_object_or_404(mine, public_id=collection_id))


def _share(request: HttpRequest, thing: HeldCredential | Collection) -> HttpResponse:
    do = request.POST.get("do", "") if request.method == "POST" else ""
    at, person = timezone.now(), person_of(request)
    visibility = VisibilityForm(
        request.POST if do == "visibility" else None, initial={"to": thing.visibility}
    )
    link = LinkForm(request.POST if do == "link" else None)
    token = ""
    here = redirect(request.path)
    if do == "visibility" and visibility.is_valid():
        with refusals_on(visibility):
            to = Visibility(visibility.cleaned_data["to"])
            if to != Visibility.PRIVATE:
                thing = _judged(thing, at=at)
            sharing.set_visibility(thing, by=person, to=to, at=at)
            messages.success(request, _SAID[to])
            return here
    if do == "link" and link.is_valid():
        with refusals_on(link):
            thing = _judged(thing, at=at)
            _made, token = sharing.open_link(
                thing,
                by=person,
                name=link.cleaned_data["name"],
                expires_at=link.cleaned_data["expires"],
                at=at,
            )
            link, visibility = LinkForm(), VisibilityForm(initial={"to": thing.visibility})
    if do in _SMALL_ACTS:
        return _SMALL_ACTS[do](request, thing, at) or here
    context: dict[str, object] = {
        "thing": thing,
        "visibility": visibility,
        "link": link,
        # Told this once: the table has only its digest.
        "new_link": settings.PUBLIC_URL + reverse("shown", args=[token]) if token else "",
        "links": [(each, each.works(at), _looks_of_link(each)) for each in thing.links.all()[:100]],
        "looks": looks.at_all(person, [thing.public_id]),
        "ways": looks.by_way(person, [thing.public_id]),
        "portfolio": portfolio.of(person),
        "at": at,
    }
    if isinstance(thing, HeldCredential):
        context |= backpack.facts_of(thing, at=at)
        if thing.visibility == Visibility.PUBLIC and thing.is_shown:
            context["aids"] = sharing_aids.of_credential(thing)
    wrong = visibility.errors or link.errors
    # Its own address is no secret, and a form on a page without a referrer has no origin to be believed.
    return render(request, "wallet/share.html", context, status=422 if wrong else 200)


_SAID = {
    Visibility.PRIVATE: gettext_lazy("Only you can see it now. Every link to it has ended."),
    Visibility.LINK: gettext_lazy("Whoever has a secret link can see it."),
    Visibility.PUBLIC: gettext_lazy("Everybody can see it now."),
}


def _judged(thing: HeldCredential | Collection, *, at: datetime) -> HeldCredential | Collection:
    """As it is judged now: nobody is shown what its issuer has withdrawn since."""
    if isinstance(thing, Collection):
        return thing
    if thing.checked_at is None or at - thing.checked_at > FRESH:
        return backpack.check_again(thing, by=None, at=at)
    return thing


def _looks_of_link(link: SecretLink) -> tuple[int, object]:
    return looks.at_all(link.person, [link.public_id])


def _end_link(request: HttpRequest, thing: HeldCredential | Collection, at: datetime) -> None:
    link = get_object_or_404(thing.links, public_id=request.POST.get("link", ""))
    sharing.end_link(link, by=person_of(request), at=at)
    messages.success(request, _("This link works no more."))


def _close_page(request: HttpRequest, thing: HeldCredential | Collection, at: datetime) -> None:
    if not isinstance(thing, HeldCredential):
        raise Http404
    # Only of what is an award to one of their confirmed addresses: a file somebody brought proves nothing.
    if backpack.own_award(thing) is None:
        raise sharing.NotAwardedHere
    sharing.close_address(thing, by=person_of(request), at=at)
    messages.success(request, _("The page answers nobody any more."))


def _reopen_page(request: HttpRequest, thing: HeldCredential | Collection, at: datetime) -> None:
    if not isinstance(thing, HeldCredential):
        raise Http404
    sharing.reopen_address(thing, by=person_of(request), at=at)
    messages.success(request, _("The page is there again, for whoever has its address."))


def _on_portfolio(
    request: HttpRequest, thing: HeldCredential | Collection, at: datetime
) -> HttpResponse | None:
    mine = portfolio.of(person_of(request))
    if mine is None:
        return redirect("portfolio-edit")
    try:
        portfolio.place(mine, by=person_of(request), thing=thing, at=at)
    except portfolio.BadPortfolio as refusal:
        messages.error(request, str(refusal.message))
        return None
    messages.success(request, _("It stands on your portfolio."))
    return redirect("portfolio-edit")


_SMALL_ACTS: dict[str, Callable[..., HttpResponse | None]] = {
    "end-link": _end_link,
    "close-page": _close_page,
    "reopen-page": _reopen_page,
    "portfolio": _on_portfolio,
}


# What others get


@csrf_exempt
@require_safe
def shown(request: HttpRequest, token: str) -> HttpResponse:
    """What a secret link shows: one credential, or a collection in its holder's order."""
    at = timezone.now()
    link = sharing.opened_by(token, at=at)
    held = _through(link)
    if link is None or (not held and link.held is not None):
        return absent(request)
    looks.note(link.person_id, link.public_id, Look.Kind.LINK, at=at)
    context = {
        "collection": link.collection,
        "items": [_item(each, reverse("shown-file", args=[token, each.public_id]), at=at) for each in held],
        "expires_at": link.expires_at,
        "at": at,
    }
    return closed(render(request, "showing/link.html", context))


@csrf_exempt
@require_safe
def shown_file(request: HttpRequest, token: str, held_id: str) -> HttpResponse:
    """The signed file of something that this link shows, to be checked elsewhere."""
    at = timezone.now()
    link = sharing.opened_by(token, at=at)
    held = next((each for each in _through(link) if each.public_id == held_id), None)
    if link is None or held is None:
        return absent(request)
    looks.note(link.person_id, link.public_id, Look.Kind.FILE, at=at)
    return closed(backpack.as_file(held))


@csrf_exempt
@require_safe
def public(request: HttpRequest, held_id: str) -> HttpResponse:
    """A credential that its holder shows to everybody."""
    at = timezone.now()
    held = sharing_aids.find_public(held_id)
    if held is None:
        return absent(request)
    looks.note(held.person_id, held.public_id, Look.Kind.PUBLIC, at=at)
    address = settings.PUBLIC_URL + reverse("public-credential", args=[held.public_id])
    context = {
        **_item(held, reverse("public-file", args=[held.public_id]), at=at),
        "aids": sharing_aids.of_credential(held),
        "address": address,
        "public_url": settings.PUBLIC_URL,
        "data": sharing_aids.credential_data(held, address=address),
        "card": sharing_aids.card_address(held),
        "oembed": sharing_aids.oembed_address(address),
    }
    # Its holder may let search engines in on the portfolio; a single credential is no page to be found.
    return closed(render(request, "showing/public.html", context))


@csrf_exempt
@require_safe
def public_file(request: HttpRequest, held_id: str) -> HttpResponse:
    held = sharing_aids.find_public(held_id)
    if held is None:
        return absent(request)
    looks.note(held.person_id, held.public_id, Look.Kind.FILE, at=timezone.now())
    return closed(backpack.as_file(held))


def _through(link: SecretLink | None) -> list[HeldCredential]:
    found = [] if link is None else sharing.shown_by(link)
    withdrawn = backpack.withdrawn_here(found)
    return [each for each in found if each.pk not in withdrawn]


def absent(request: HttpRequest) -> HttpResponse:
    """One answer for “never was”, “ended”, “taken back” and “private”: same status, same bytes (B144)."""
    return closed(render(request, "credential/absent.html", status=404))


def closed(response: HttpResponse) -> HttpResponse:
    """Kept by no cache, found by no search engine, told to no other site."""
    return publication.private(publication.page(response))


def _item(held: HeldCredential, file: str, *, at: datetime) -> dict[str, object]:
    """One credential on a page for others: the verified document, and how it was judged last."""
    assert held.document is not None, "only what is shown comes here"
    found = display.shown(held.document, public_url=settings.PUBLIC_URL)
    words = backpack.words_of(held)
    return {
        "held": held,
        "shown": found,
        "is_badge": isinstance(found, display.Shown),
        "words": words,
        "domain": _domain(held),
        "bar": _bar(held, at=at),
        "checked_at": held.checked_at,
        "file": file,
    }


def _bar(held: HeldCredential, *, at: datetime) -> tuple[str, str]:
    """What is said first: never more than was found when it was last looked at."""
    if held.has_ended(at):
        assert held.ends_at is not None
        said = {"date": verdict.day(held.ends_at)}
        return verdict.REMARK, _("Was valid until %(date)s. It is still authentic.") % said
    if held.verdict == "verified":
        return verdict.YES, _("Genuine and unchanged, and valid when it was last checked.")
    if held.verdict == "verified-with-remarks":
        return verdict.REMARK, _("This is genuine and unchanged. Please read the remarks.")
    return verdict.UNKNOWN, _("When we last looked, not everything could be checked.")


def _domain(held: HeldCredential) -> str:
    for finding in held.report.get("findings", ()):
        if finding["check"] == "issuer" and finding["outcome"] == "passed":
            return str(finding["details"].get("domain", ""))
    return ""


# Who looked


@require_safe
@login_required
def log(request: HttpRequest) -> HttpResponse:
    """The access log of the holder: days, ways and counts, and never a stranger."""
    person = person_of(request)
    page = listing.page_of(request, looks.log_of(person))
    names = _names(person.pk, {look.subject for look in page})
    rows = [(look, *names.get(look.subject, ("", ""))) for look in page]
    context = {"page": page, "rows": rows, "days": settings.LOOKS_KEPT_DAYS}
    return render(request, "wallet/looks.html", context)


def _names(person_id: int, subjects: set[str]) -> dict[str, tuple[str, str]]:
    """What each of these is called, and the holder's page about it."""
    found: dict[str, tuple[str, str]] = {}
    for held in HeldCredential.objects.filter(person_id=person_id, public_id__in=subjects):
        found[held.public_id] = (held.name, reverse("wallet-share", args=[held.public_id]))
    for each in Collection.objects.filter(person_id=person_id, public_id__in=subjects):
        found[each.public_id] = (each.name, reverse("collection-share", args=[each.public_id]))
    links = SecretLink.objects.filter(person_id=person_id, public_id__in=subjects)
    for link in links.select_related("held", "collection"):
        thing = link.held or link.collection
        assert thing is not None
        address = "wallet-share" if link.held else "collection-share"
        named = f"{thing.name} · {link.name}" if link.name else thing.name
        found[link.public_id] = (named, reverse(address, args=[thing.public_id]))
    if mine := Portfolio.objects.filter(person_id=person_id).first():
        found[mine.public_id] = (_("Your portfolio"), reverse("portfolio-edit"))
    return found
