# SPDX-License-Identifier: Apache-2.0
"""Awarding to one person, with a look before it counts; to many: ``web.lists``, ``web.batch``."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from cairn_server.accounts.services import clean_address
from cairn_server.achievements.models import AchievementVersion
from cairn_server.issuing import services
from cairn_server.issuing.services import Recipient
from cairn_server.organisations import roles
from cairn_server.web import listing, markdown
from cairn_server.web.access import ISSUERS, Member, member_page, refusals_on
from cairn_server.web.organisation import FORM_METHODS, status_of

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


# A list travels once more with the confirmation, in base64, inside Django's limit for a form.
LARGEST_LIST = 1_500_000


def awardable(member: Member) -> dict[str, AchievementVersion]:
    """The newest published version of each achievement that is not archived, by its public id."""
    versions = (
        AchievementVersion.objects.visible_to(member.person)
        .published()
        .filter(achievement__organisation=member.organisation, achievement__archived_at=None)
        .select_related("achievement", "picture")
        .order_by("number")
    )
    newest = {version.achievement_id: version for version in versions}
    in_order = sorted(newest.values(), key=lambda version: version.name.casefold())
    return {version.public_id: version for version in in_order}


class ChooseForm(forms.Form):
    version = forms.ChoiceField(label=gettext_lazy("Achievement"))

    def __init__(self, *args: Any, versions: dict[str, AchievementVersion], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.versions = versions
        self.fields["version"].choices = [  # type: ignore[attr-defined]
            (public_id, version.name) for public_id, version in versions.items()
        ]

    def clean_version(self) -> AchievementVersion:
        return self.versions[self.cleaned_data["version"]]


class AwardForm(ChooseForm):
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=200,
        help_text=gettext_lazy(
            "As it shall stand on the credential. It is signed and cannot be changed afterwards."
        ),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    email = forms.CharField(
        label=gettext_lazy("E-mail address"),
        max_length=254,
        help_text=gettext_lazy("Where the credential goes. It does not stand on the credential."),
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    valid_until = forms.DateField(
        label=gettext_lazy("Valid until"),
        required=False,
        widget=listing.DateInput,
        help_text=gettext_lazy("Leave it empty for what the achievement says."),
    )
    narrative = forms.CharField(
        label=gettext_lazy("What this person did"),
        required=False,
        max_length=5_000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("Markdown. Everybody who sees the credential reads it."),
    )
    grade = forms.CharField(label=gettext_lazy("Grade or score"), required=False, max_length=100)
    evidence_url = forms.URLField(
        label=gettext_lazy("Web address of the evidence"),
        required=False,
        max_length=2_000,
        assume_scheme="https",
        widget=forms.URLInput(attrs={"placeholder": "https://"}),
    )
    evidence_name = forms.CharField(
        label=gettext_lazy("What the evidence is"), required=False, max_length=200
    )
    # Made with the empty form and sent with every step: pressing "Award" twice awards once.
    request_key = forms.RegexField(r"^[A-Za-z0-9_-]{22}$", widget=forms.HiddenInput)

    def clean_email(self) -> str:
        return clean_address(self.cleaned_data["email"])

    def clean_valid_until(self) -> datetime | None:
        day = self.cleaned_data["valid_until"]
        if day is None:
            return None
        if day < timezone.now().date():
            raise ValidationError(_("This day is over. Choose a later one."), code="past")
        # Through the end of the day that was named.
        return datetime.combine(day, time.max, UTC).replace(microsecond=0)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("evidence_name") and not cleaned.get("evidence_url"):
            self.add_error("evidence_url", _("Give the address of the evidence, or leave its name out."))
        return cleaned


@require_http_methods(FORM_METHODS)
@member_page(*ISSUERS)
def award(request: HttpRequest, member: Member) -> HttpResponse:
    roles.require_signer(member.person, member.organisation)
    versions = awardable(member)
    if not versions:
        return render(request, "issuing/nothing_to_award.html", {"member": member})
    do = request.POST.get("do", "")
    initial = {"version": request.GET.get("version", ""), "request_key": secrets.token_urlsafe(16)}
    if do == "change":
        initial = request.POST.dict()
    form = AwardForm(request.POST if do in ("check", "award") else None, initial=initial, versions=versions)
    context: dict[str, Any] = {"member": member, "form": form}
    if do in ("check", "award") and form.is_valid():
        at = timezone.now()
        if do == "award":
            with refusals_on(form):
                given = form.cleaned_data
                credential = services.award(
                    by=member.person,
                    version=given["version"],
                    recipient=Recipient(name=given["name"], email=given["email"]),
                    request_key=given["request_key"],
                    at=at,
                    valid_until=given["valid_until"],
                    narrative=given["narrative"],
                    grade=given["grade"],
                    evidence_url=given["evidence_url"],
                    evidence_name=given["evidence_name"],
                )
                messages.success(
                    request, _("Awarded. The e-mail to %(name)s goes out now.") % {"name": given["name"]}
                )
                return redirect("credential-detail", member.organisation.public_id, credential.public_id)
        else:
            return render(request, "issuing/preview.html", {**context, **as_read(form, at)})
    return render(request, "issuing/award.html", context, status=status_of(form))


def as_read(form: AwardForm, at: datetime) -> dict[str, Any]:
    """The award as its readers will see it, before it exists."""
    given = form.cleaned_data
    version: AchievementVersion = given["version"]
    until = given["valid_until"]
    if until is None and version.validity_days:
        until = at + timedelta(days=version.validity_days)
    return {
        "given": given,
        "version": version,
        "until": until,
        "at": at,
        "narrative": markdown.render(given["narrative"]),
    }
