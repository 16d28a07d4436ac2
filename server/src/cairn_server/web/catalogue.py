# SPDX-License-Identifier: Apache-2.0
"""``/catalogue``: what can be earned here, for everybody; a plain GET form that works without scripts."""

from __future__ import annotations

import json
from dataclasses import asdict
from hashlib import sha256
from typing import TYPE_CHECKING

from django import forms
from django.core.cache import cache
from django.core.paginator import Paginator
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from cairn_server.achievements import catalogue
from cairn_server.achievements.models import Cost
from cairn_server.web import display, listing, publication

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import HttpRequest, HttpResponse

    from cairn_server.achievements.catalogue import Facet, Wanted

PER_PAGE = 24
# Nobody turns more pages than these; whoever looks for something narrows the search.
MOST_PAGES = 50
# Counting a hundred thousand takes longer than finding twenty-four; the counts may be a minute old.
COUNTS_MAX_AGE = 60

FILTERS = ("skill", "level", "kind", "language", "workload", "cost", "issuer")


class SearchForm(forms.Form):
    """Every filter with what there is to choose, and how many there would be."""

    skill = forms.ChoiceField(label=gettext_lazy("Skill"), required=False)
    level = forms.ChoiceField(label=gettext_lazy("Level"), required=False)
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), required=False)
    language = forms.ChoiceField(label=gettext_lazy("Language"), required=False)
    workload = forms.ChoiceField(label=gettext_lazy("Workload"), required=False)
    cost = forms.ChoiceField(label=gettext_lazy("Cost"), required=False)
    issuer = forms.ChoiceField(label=gettext_lazy("Issuer"), required=False)
    credits = forms.ChoiceField(label=gettext_lazy("Credits"), required=False)
    order = forms.ChoiceField(label=gettext_lazy("Order"), required=False)

    def __init__(self, data: Mapping[str, str], *, facets: Mapping[str, list[Facet]], wanted: Wanted) -> None:
        super().__init__(data)
        self.auto_id = "search-%s"
        for name in FILTERS:
            field = self.fields[name]
            found = [(facet.value, f"{_called(name, facet)} ({facet.count})") for facet in facets[name]]
            chosen = getattr(wanted, name)
            if chosen and chosen not in dict(found):
                # What was chosen stays to be seen, also when nothing has it together with the rest.
                found.append((chosen, _("the one you chose (0)")))
            field.choices = [("", _("Any")), *found]  # type: ignore[attr-defined]
        self.fields["credits"].choices = [("", _("Any")), ("ects", _("With credits (ECTS)"))]  # type: ignore[attr-defined]
        self.fields["order"].choices = list(catalogue.ORDERS.items())  # type: ignore[attr-defined]


def _called(name: str, facet: Facet) -> str:
    match name:
        case "level":
            return _("EQF level %(level)s") % {"level": facet.value}
        case "kind":
            return display.type_name(facet.value)
        case "language":
            return display.language_name(facet.value)
        # Facets are kept for whoever comes next, who may read another language.
        case "cost":
            return str(Cost(facet.value).label)
        case "workload":
            return str(catalogue.WORKLOADS[facet.value][0])
    return facet.name[:60]


@csrf_exempt
@require_safe
def catalogue_page(request: HttpRequest) -> HttpResponse:
    wanted = catalogue.Wanted(
        text=listing.query_of(request),
        **{name: request.GET.get(name, "")[:100] for name in (*FILTERS, "credits", "order")},
    )
    facets = _facets(wanted)
    pages = Paginator(catalogue.search(wanted), PER_PAGE)
    pages.count = _count(wanted, pages)
    total = pages.count
    pages.count = min(total, PER_PAGE * MOST_PAGES)
    context = {
        "page": pages.get_page(request.GET.get("page")),
        "total": total,
        "cut": total > pages.count,
        "query": wanted.text,
        "narrows": wanted.narrows,
        # What somebody has chosen is never out of sight.
        "more": any(
            (wanted.kind, wanted.language, wanted.workload, wanted.credits, wanted.cost, wanted.issuer)
        ),
        "form": SearchForm(request.GET, facets=facets, wanted=wanted),
    }
    return publication.page(render(request, "catalogue/index.html", context))


def _facets(wanted: Wanted) -> Mapping[str, list[Facet]]:
    key = f"catalogue-facets:{_key(wanted)}"
    found: Mapping[str, list[Facet]] | None = cache.get(key)
    if found is None:
        found = catalogue.facets(wanted)
        cache.set(key, found, timeout=COUNTS_MAX_AGE)
    return found


def _count(wanted: Wanted, pages: Paginator) -> int:
    key = f"catalogue-count:{_key(wanted)}"
    found: int | None = cache.get(key)
    if found is None:
        found = pages.count
        cache.set(key, found, timeout=COUNTS_MAX_AGE)
    return found


def _key(wanted: Wanted) -> str:
    asked = asdict(wanted) | {"order": ""}
    return sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
