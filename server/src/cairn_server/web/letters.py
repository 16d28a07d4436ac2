# SPDX-License-Identifier: Apache-2.0
"""The messages of an organisation, in its own words: what there is, changing one, and how it would look."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from cairn_server.achievements.models import AchievementVersion
from cairn_server.earning import notices
from cairn_server.issuing import delivery, posting, wording
from cairn_server.issuing.models import Delivery
from cairn_server.organisations import installation
from cairn_server.web.access import OVERSEERS, OWNERS, Member, member_page, refusals_on
from cairn_server.web.organisation import FORM_METHODS, posted, status_of

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


class WordingForm(forms.Form):
    language = forms.ChoiceField(
        label=gettext_lazy("For readers of"),
        required=False,
        help_text=gettext_lazy("The languages are those of your achievements."),
    )
    subject = forms.CharField(
        label=gettext_lazy("Subject"), max_length=wording.MOST_IN_SUBJECT, required=False
    )
    paragraph = forms.CharField(
        label=gettext_lazy("A paragraph of your own"),
        max_length=wording.MOST_IN_PARAGRAPH,
        required=False,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=gettext_lazy(
            "Plain text. {name}, {achievement}, {organisation} and {end} are filled in; {achievement} is "
            "also the name of a project or an assessment."
        ),
    )


@require_safe
@member_page(*OVERSEERS)
def index(request: HttpRequest, member: Member) -> HttpResponse:
    own = list(member.organisation.wordings.all())
    kinds = [(kind, [each for each in own if each.kind == kind]) for kind in wording.Kind]
    return render(request, "letters/index.html", {"member": member, "kinds": kinds})


@require_http_methods(FORM_METHODS)
@member_page(*OWNERS)
def edit(request: HttpRequest, member: Member, kind: str) -> HttpResponse:
    if kind not in wording.Kind.values:
        raise Http404
    language = request.GET.get("language", "")[:35]
    kept = member.organisation.wordings.filter(kind=kind, language=language).first()
    initial = {
        "language": language,
        "subject": kept.subject if kept else "",
        "paragraph": kept.paragraph if kept else "",
    }
    form = WordingForm(posted(request), initial=initial)
    form.fields["language"].choices = _languages(member, language)  # type: ignore[attr-defined]
    shown = None
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            if request.POST.get("do") == "preview":
                shown = _preview(member, wording.clean(kind=kind, **form.cleaned_data))
            else:
                wording.set_wording(
                    member.organisation, by=member.person, kind=kind, at=timezone.now(), **form.cleaned_data
                )
                messages.success(request, _("Saved. Messages that leave from now on have these words."))
                return redirect("letters", member.organisation.public_id)
    context = {"member": member, "kind": wording.Kind(kind), "form": form, "shown": shown}
    return render(request, "letters/edit.html", context, status=status_of(form))


def _languages(member: Member, now: str) -> list[tuple[str, str]]:
    versions = AchievementVersion.objects.filter(achievement__organisation=member.organisation)
    found = set(versions.order_by().values_list("language", flat=True).distinct()) | {now}
    return [
        ("", _("every language without words of its own")),
        *((each, each) for each in sorted(found - {""})),
    ]


def _preview(member: Member, own: wording.Wording) -> posting.Letter:
    """With a reader who is nobody; nothing of it is sent."""
    words = {
        "name": _("Ada Example"),
        "achievement": _("Your achievement"),
        "organisation": member.organisation.name,
        "reason": "",
        "date": "",
        "contact": member.organisation.email or member.organisation.name,
        "until": "",
        "end": _("31 December"),
        "answer_by": _("30 June") if own.kind in delivery.ASKS else "",
    }
    here = installation.public_url()
    if own.kind in notices.Notice.Kind.values:
        return notices.compose(notices.Notice.Kind(own.kind), words, own, link=f"{here}/earn/…")
    where = "claim" if own.kind in delivery.ASKS else "c"
    return delivery.compose(Delivery.Kind(own.kind), words, own, link=f"{here}/{where}/…")
