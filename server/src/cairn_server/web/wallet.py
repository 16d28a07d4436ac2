# SPDX-License-Identifier: Apache-2.0
"""The wallet: everything a person was awarded here, and whatever they brought from elsewhere.

What was awarded to a confirmed address and waits for an answer stands on top, asked of the awards
themselves: an address confirmed a minute ago shows its awards now, and one that was given up shows them no
longer (B146). What was accepted stays: it belongs to whoever it was given to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from cairn_server.accounts.services import verified_addresses
from cairn_server.earning import services as earning
from cairn_server.errors import Refusal
from cairn_server.issuing import as_token, claiming
from cairn_server.wallets import searching
from cairn_server.wallets.models import Collection, HeldCredential, Visibility
from cairn_server.web import display, listing
from cairn_server.web.access import person_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from django.http import HttpRequest, HttpResponse, HttpResponseBase

    from cairn_server.accounts.models import Person
    from cairn_server.issuing.models import CredentialQuerySet

# Of what waits, so many are drawn; a button takes all of them.
MOST_WAITING = 12


class FilterForm(forms.Form):
    """Filters as a plain GET form. What an address says that is no choice is no filter (B155)."""

    state = forms.ChoiceField(label=gettext_lazy("State"), required=False)
    source = forms.ChoiceField(label=gettext_lazy("From"), required=False)
    visibility = forms.ChoiceField(label=gettext_lazy("Seen by"), required=False)
    issuer = forms.ChoiceField(label=gettext_lazy("Issuer"), required=False)
    collection = forms.ChoiceField(label=gettext_lazy("Collection"), required=False)
    kept = forms.ChoiceField(label=gettext_lazy("Copies"), required=False)
    order = forms.ChoiceField(label=gettext_lazy("Order"), required=False)

    def __init__(self, data: Mapping[str, str], *, person: Person) -> None:
        super().__init__(data)
        self.auto_id = "filter-%s"
        any_ = ("", _("Any"))
        choices: dict[str, Iterable[tuple[str, object]]] = {
            "state": searching.STATES.items(),
            "source": [any_, *HeldCredential.Source.choices],
            "visibility": [any_, *Visibility.choices],
            "issuer": [any_, *((each, name[:60]) for each, name in searching.issuers_of(person))],
            "collection": [
                any_,
                *Collection.objects.visible_to(person).values_list("public_id", "name"),
            ],
            "kept": searching.KEPT.items(),
            "order": [(name, words) for name, (words, _order) in searching.ORDERS.items()],
        }
        for name, offered in choices.items():
            self.fields[name].choices = list(offered)  # type: ignore[attr-defined]

    def wanted(self, text: str) -> searching.Wanted:
        self.full_clean()
        chosen = {name: value for name, value in self.cleaned_data.items() if value}
        return searching.Wanted(text=text, **chosen)


@require_safe
@login_required
def index(request: HttpRequest) -> HttpResponseBase:
    person, at = person_of(request), timezone.now()
    text = listing.query_of(request)
    form = FilterForm(request.GET, person=person)
    wanted = form.wanted(text)
    found = searching.found(person, wanted, at=at)
    if listing.wants_csv(request):
        return _csv(found)
    waiting = claiming.waiting_for(person, at=at).select_related("version", "organisation", "first")
    page = listing.page_of(request, found)
    context = {
        "page": page,
        "pictures": {
            each.pk: display.own_image(each.picture, public_url=settings.PUBLIC_URL) for each in page
        },
        "form": form,
        "query": text,
        "narrows": wanted.narrows,
        "waiting": waiting[:MOST_WAITING],
        "waiting_count": waiting.count(),
        "soon": searching.ending_soon(person, at=at),
        "addresses": sorted(verified_addresses(person)),
        "at": at,
    }
    return render(request, "wallet/index.html", context)


@require_POST
@login_required
def accept(request: HttpRequest) -> HttpResponse:
    """All that waits; what needs a code first is left for its own page."""
    person, at = person_of(request), timezone.now()
    count = claiming.accept_waiting(person, at=at)
    if not count and claiming.waiting_for(person, at=at).exists():
        messages.warning(request, _("Open each one: we send a code to the address it was awarded to."))
    if count:
        # Something that they work on may have asked for it.
        earning.reconsider(person, at=at)
        messages.success(
            request,
            ngettext(
                "%(n)s credential is in your wallet now.", "%(n)s credentials are in your wallet now.", count
            )
            % {"n": count},
        )
    return redirect("wallet")


@require_POST
@login_required
def token(request: HttpRequest, credential_id: str) -> HttpResponseBase:
    """One's own credential as a token too, for a wallet that takes nothing else."""
    person = person_of(request)
    at = timezone.now()
    credential = awarded_to(person, at=at).under(credential_id).first()
    if credential is None:
        raise Http404
    try:
        as_token.sign_own_as_token(credential, by=person, at=at)
    except Refusal as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, _("Signed. “Take it with you” has the token now."))
    held = (
        HeldCredential.objects.visible_to(person)
        .filter(credential_id=credential.address(settings.PUBLIC_URL), superseded_by=None)
        .first()
    )
    return redirect("wallet") if held is None else redirect("wallet-credential", held.public_id)


def awarded_to(person: Person, *, at: datetime) -> CredentialQuerySet:
    """What was awarded to this person and may be acted upon by them, the newest copy of each."""
    return (
        claiming.theirs(person, at=at)
        .newest()
        .select_related("version__picture", "organisation", "first")
        .order_by("-awarded_at", "-id")
    )


def _csv(found: Iterable[HeldCredential]) -> HttpResponseBase:
    return listing.csv_download(
        "wallet",
        [
            _("Name"),
            _("Issuer"),
            _("Awarded"),
            _("Valid until"),
            _("Standing"),
            _("From"),
            _("Came as"),
            _("Checked"),
            _("Seen by"),
            _("ID"),
        ],
        (
            [
                held.name,
                held.issuer_name,
                held.awarded_at.date().isoformat() if held.awarded_at else "",
                held.ends_at.date().isoformat() if held.ends_at else "",
                held.get_standing_display(),
                held.get_source_display(),
                held.came_from or held.get_arrival_display(),
                held.checked_at.date().isoformat() if held.checked_at else "",
                held.get_visibility_display(),
                held.credential_id,
            ]
            for held in found
        ),
    )
