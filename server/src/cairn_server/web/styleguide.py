# SPDX-License-Identifier: Apache-2.0
"""``/styleguide/``: every component in every state, drawn from made-up values. The page is itself a test."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from django import forms
from django.core.paginator import Paginator
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from cairn_server.web import publication, verdict
from cairn_server.web.brought import VerifyForm

if TYPE_CHECKING:
    from typing import Any

    from django.http import HttpRequest, HttpResponse

A_MOMENT = datetime(2026, 11, 3, 10, 0, tzinfo=UTC)


class SampleForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name"), help_text=gettext_lazy("As it should stand on the badge.")
    )
    email = forms.EmailField(label=gettext_lazy("E-mail address"))
    level = forms.ChoiceField(
        label=gettext_lazy("Level"), required=False, choices=[("", "–"), ("4", "EQF 4"), ("5", "EQF 5")]
    )
    notes = forms.CharField(
        label=gettext_lazy("Criteria"), required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    shape = forms.ChoiceField(
        label=gettext_lazy("Shape"),
        choices=[("stone", gettext_lazy("Stone")), ("shield", gettext_lazy("Shield"))],
        widget=forms.RadioSelect,
    )
    agree = forms.BooleanField(label=gettext_lazy("I have checked the list."))


@csrf_exempt
@require_safe
def styleguide(request: HttpRequest) -> HttpResponse:
    return publication.page(render(request, "styleguide/styleguide.html", _samples(request)))


def _samples(request: HttpRequest) -> dict[str, Any]:
    wrong = SampleForm({"name": "", "email": "ann@", "shape": "stone"}, auto_id="wrong_%s")
    wrong.is_valid()
    lines = (
        verdict.Line("signature", verdict.YES, _("Nothing has been changed since it was signed.")),
        verdict.Line("period", verdict.REMARK, _("Was valid until 3 November 2026.")),
        verdict.Line(
            "status",
            verdict.UNKNOWN,
            _("We could not reach the issuer’s status list."),
            _("Try again later."),
            ((_("Status list"), "https://example.org/s/1"), (_("Code"), "unreachable")),
        ),
        verdict.Line("issuer", verdict.NO, _("The key does not belong to the issuer named in it.")),
    )
    rows = [
        (f"{name} Sample", f"Ceramics {number}")
        for number, name in enumerate(("Ada", "Bo", "Cleo", "Dag"), 1)
    ]
    return {
        "form": SampleForm(),
        "wrong": wrong,
        "drop": VerifyForm(),
        "lines": lines,
        "at": A_MOMENT,
        "page": Paginator(range(95), 10).get_page(request.GET.get("page", "4")),
        "rows": rows,
        "facts": [(_("Level"), "EQF 5"), (_("Workload"), _("25 hours")), (_("Language"), _("English"))],
        "chips": [(_("Kiln safety"), "https://example.org/skill"), _("Glazing")],
        "steps": [_("Describe"), _("Picture"), _("Preview"), _("Publish")],
        "tabs": [
            (_("Overview"), "#tabs", True),
            (_("Credentials"), "#tabs", False),
            (_("Members"), "#tabs", False),
        ],
        "kinds": [
            ("neutral", _("Draft")),
            ("positive", _("Active")),
            ("caution", _("Suspended")),
            ("negative", _("Revoked")),
            ("unknown", _("Could not check")),
        ],
        "colours": ["page", "text", "stone", "action", "positive", "caution", "negative"],
    }
