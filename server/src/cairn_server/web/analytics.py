# SPDX-License-Identifier: Apache-2.0
"""What became of an organisation's credentials, in numbers that speak of nobody: plots, tables, CSV."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from django import forms
from django.shortcuts import render
from django.utils import timezone
from django.utils.dates import MONTHS_3
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from cairn_server.issuing import analytics
from cairn_server.web import listing, plots
from cairn_server.web.access import AWARD_READERS, Member, member_page
from cairn_server.web.credentials import achievement_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.http import HttpRequest, HttpResponseBase

    from cairn_server.issuing.analytics import Figures, Line

# Whole months only: from single days one could read what single people did.
SPANS = (3, 12, 24, 60)


class SpanForm(forms.Form):
    months = forms.TypedChoiceField(
        label=gettext_lazy("Time"),
        required=False,
        coerce=int,
        choices=[(str(each), "") for each in SPANS],
    )
    achievement = forms.ChoiceField(label=gettext_lazy("Achievement"), required=False)

    def __init__(self, *args: object, member: Member, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["months"].choices = [  # type: ignore[attr-defined]
            (str(each), _("The last %(n)s months") % {"n": each}) for each in SPANS
        ]
        self.initial["months"] = str(analytics.MONTHS)
        self.fields["achievement"].choices = [  # type: ignore[attr-defined]
            ("", _("Any achievement")),
            *achievement_names(member),
        ]


@require_safe
@member_page(*AWARD_READERS)
def index(request: HttpRequest, member: Member) -> HttpResponseBase:
    analytics.flush(at=timezone.now())
    form = SpanForm(request.GET or None, member=member)
    asked = form.cleaned_data if form.is_valid() else {}
    since, until = _span(timezone.now().date(), asked.get("months") or analytics.MONTHS)
    achievement = member.achievement(asked["achievement"]) if asked.get("achievement") else None
    found = analytics.figures(member.organisation, since=since, until=until, achievement=achievement)
    if listing.wants_csv(request):
        return listing.csv_download("figures", _header(), _rows(found))
    return render(
        request,
        "analytics/index.html",
        {"member": member, "form": form, "found": found, "tables": _tables(found), "plot": _plot(found)},
    )


def _span(today: date, months: int) -> tuple[date, date]:
    """That many whole months up to this one, which is not over yet."""
    until = (today.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    first = until.year * 12 + until.month - months
    return date(first // 12, first % 12 + 1, 1), until


def _plot(found: Figures) -> dict[str, object]:
    kinds = (_("Awarded"), _("Claimed"), _("Shared"), _("Verified"))
    columns = list(zip(*(line.numbers() for line in found.by_month), strict=True)) or [()] * 4
    series = [plots.Series(name, tuple(values)) for name, values in zip(kinds, columns, strict=True)]
    labels = [_month(line.label) for line in found.by_month]
    summary = _("%(n)s awarded between %(first)s and %(last)s. The table below has every number.") % {
        "n": found.total.awarded,
        "first": labels[0] if labels else "",
        "last": labels[-1] if labels else "",
    }
    return {
        "svg": plots.bars(labels, series, summary=summary),
        "legend": list(zip(plots.SHADES, kinds, strict=True)),
    }


def _month(label: str) -> str:
    year, month = label.split("-")
    return f"{MONTHS_3[int(month)]} {year[2:]}".capitalize()


def _tables(found: Figures) -> list[tuple[str, str, tuple[Line, ...]]]:
    tables = [
        (_("By month"), _("Month"), found.by_month[::-1]),
        (_("By achievement"), _("Achievement"), found.by_achievement),
        (_("By list"), _("List"), found.by_list),
    ]
    return [table for table in tables if table[2]]


def _header() -> list[str]:
    return [_("Kind"), _("What"), _("Awarded"), _("Claimed"), _("Shared"), _("Verified")]


def _rows(found: Figures) -> Iterator[list[object]]:
    """The same numbers as on the page; an empty cell is a number that is too small to be shown."""
    groups = [
        (_("all"), (found.total,)),
        (_("month"), found.by_month),
        (_("achievement"), found.by_achievement),
        (_("list"), found.by_list),
    ]
    for kind, lines in groups:
        for line in lines:
            yield [kind, line.label, *("" if number is None else number for number in line.numbers())]
