# SPDX-License-Identifier: Apache-2.0
"""One's own collections: what is in each, in which order, and who may see it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from cairn_server.wallets import collections, searching
from cairn_server.wallets.models import Collection, HeldCredential
from cairn_server.web import display, listing
from cairn_server.web.access import person_of, refusals_on
from cairn_server.web.organisation import FORM_METHODS, posted, status_of

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


class CollectionForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=collections.MAX_NAME)
    description = forms.CharField(
        label=gettext_lazy("What it is"),
        required=False,
        max_length=collections.MAX_DESCRIPTION,
        help_text=gettext_lazy("Whoever may see the collection reads this too."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )


@require_http_methods(FORM_METHODS)
@login_required
def index(request: HttpRequest) -> HttpResponse:
    person = person_of(request)
    form = CollectionForm(posted(request))
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            made = collections.make(by=person, at=timezone.now(), **form.cleaned_data)
            return redirect("wallet-collection", made.public_id)
    mine = Collection.objects.visible_to(person).annotate(size=Count("places")).order_by("name", "id")
    context = {"page": listing.page_of(request, mine), "form": form}
    return render(request, "wallet/collections.html", context, status=status_of(form))


@require_http_methods(FORM_METHODS)
@login_required
def collection(request: HttpRequest, collection_id: str) -> HttpResponse:
    person, at = person_of(request), timezone.now()
    found = get_object_or_404(Collection.objects.visible_to(person), public_id=collection_id)
    do = request.POST.get("do", "") if request.method == "POST" else ""
    first = {"name": found.name, "description": found.description}
    form = CollectionForm(request.POST if do == "describe" else None, initial=first)
    if do == "describe" and form.is_valid():
        with refusals_on(form):
            collections.describe(found, by=person, at=at, **form.cleaned_data)
            messages.success(request, _("Saved."))
            return redirect("wallet-collection", found.public_id)
    if do == "remove":
        collections.remove(found, by=person, at=at)
        messages.success(request, _("The collection is gone. What was in it is still in your wallet."))
        return redirect("wallet-collections")
    if do in ("up", "down", "take-out", "put"):
        held = get_object_or_404(
            HeldCredential.objects.visible_to(person), public_id=request.POST.get("held", "")
        )
        if do == "put":
            collections.put(found, by=person, held=[held], at=at)
        elif do == "take-out":
            collections.take_out(found, by=person, held=held, at=at)
        else:
            collections.move(found, by=person, held=held, up=do == "up", at=at)
        return redirect("wallet-collection", found.public_id)
    text = listing.query_of(request)
    places = found.places.select_related("held").defer("held__secured", "held__document", "held__report")
    others = searching.found(person, searching.Wanted(text=text), at=at).exclude(places__collection=found)
    page = listing.page_of(request, places)
    context = {
        "collection": found,
        "page": page,
        "pictures": {
            each.held_id: display.own_image(each.held.picture, public_url=settings.PUBLIC_URL)
            for each in page
        },
        "others": others[:10],
        "query": text,
        "form": form,
        "at": at,
    }
    return render(request, "wallet/collection.html", context, status=status_of(form))
