# SPDX-License-Identifier: Apache-2.0
"""The picture of an achievement: the designer, an upload, and what is shown while it is a draft."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from cairn_server.achievements import pictures, services
from cairn_server.achievements.pictures import ICONS, LEAST_CONTRAST, MAX_LINE, MAX_RIBBON, SHAPES, Design
from cairn_server.web.access import ISSUERS, READERS, Member, member_page, refusals_on
from cairn_server.web.organisation import FORM_METHODS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cairn_server.achievements.models import AchievementVersion


class ColourInput(forms.TextInput):
    input_type = "color"


class DesignForm(forms.Form):
    shape = forms.ChoiceField(
        label=gettext_lazy("Shape"),
        widget=forms.RadioSelect,
        choices=[(name, shape.label) for name, shape in SHAPES.items()],
    )
    colour = forms.CharField(label=gettext_lazy("Ground"), max_length=7, widget=ColourInput)
    accent = forms.CharField(label=gettext_lazy("Drawing and text"), max_length=7, widget=ColourInput)
    icon = forms.ChoiceField(
        label=gettext_lazy("Icon"),
        required=False,
        choices=[("", gettext_lazy("No icon")), *ICONS.items()],
    )
    line_1 = forms.CharField(label=gettext_lazy("First line of text"), required=False, max_length=MAX_LINE)
    line_2 = forms.CharField(label=gettext_lazy("Second line"), required=False, max_length=MAX_LINE)
    line_3 = forms.CharField(label=gettext_lazy("Third line"), required=False, max_length=MAX_LINE)
    ribbon = forms.CharField(
        label=gettext_lazy("Ribbon"),
        required=False,
        max_length=MAX_RIBBON,
        help_text=gettext_lazy("A word or a year on a band across the foot."),
    )
    logo = forms.BooleanField(label=gettext_lazy("Show the organisation’s logo"), required=False)

    def __init__(self, *args: Any, has_logo: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not has_logo:
            self.fields["logo"].disabled = True
            self.fields["logo"].help_text = _("Add a logo in the settings first.")

    @staticmethod
    def initial_of(design: Mapping[str, Any]) -> dict[str, Any]:
        stored = Design.read(design) if design else Design()
        lines = [*stored.lines, "", "", ""]
        return {**stored.to_fields(), **{f"line_{number}": lines[number - 1] for number in (1, 2, 3)}}

    def clean(self) -> dict[str, Any]:
        """The design as the designer knows it; what it refuses stands beside the field it is about."""
        cleaned = super().clean() or {}
        if self.errors:
            return cleaned
        lines = [cleaned[f"line_{number}"] for number in (1, 2, 3)]
        fields = {name: cleaned[name] for name in ("shape", "colour", "accent", "icon", "ribbon", "logo")}
        try:
            self.design = Design.read({**fields, "lines": lines})
        except pictures.BadDesign as refusal:
            field = {"design-contrast": "accent", "design-colour": "colour", "design-empty": "icon"}.get(
                refusal.code
            )
            self.add_error(field, str(refusal.message))
        return cleaned

    @property
    def contrast(self) -> float | None:
        """How well the drawing stands out, for whatever two colours were chosen, readable or not."""
        try:
            return pictures.contrast(self["colour"].value(), self["accent"].value())
        except (ValueError, TypeError):
            return None


class UploadForm(forms.Form):
    upload = forms.FileField(
        label=gettext_lazy("Your own picture"),
        help_text=gettext_lazy(
            "A square PNG or SVG, up to 5 MB. We draw it anew; scripts and hidden data stay behind."
        ),
        widget=forms.FileInput(attrs={"accept": "image/png,image/svg+xml"}),
    )


@require_http_methods(FORM_METHODS)
@member_page(*ISSUERS)
def edit(request: HttpRequest, member: Member, version_id: str) -> HttpResponse:
    version = member.version(version_id)
    if version.is_published:
        raise services.VersionFrozen
    at = timezone.now()
    has_logo = bool(member.organisation.logo_png)
    do = request.POST.get("do", "")
    initial = DesignForm.initial_of(version.design)
    form = DesignForm(request.POST if do in ("save", "preview") else None, initial=initial, has_logo=has_logo)
    upload = UploadForm(*((request.POST, request.FILES) if do == "upload" else ()))
    done = redirect("achievement-detail", member.organisation.public_id, version.public_id)
    if do == "save" and form.is_valid():
        with refusals_on(form):
            fields = {"design": form.design.to_fields()}
            services.edit_draft(version, by=member.person, fields=fields, at=at)
            return done
    if do == "upload" and upload.is_valid():
        with refusals_on(upload):
            data = upload.cleaned_data["upload"].read()
            services.set_picture(version, by=member.person, upload=data, at=at)
            return done
    context = {
        "member": member,
        "version": version,
        "form": form,
        "upload": upload,
        "preview": preview_address(member, version, form),
        "enough": LEAST_CONTRAST,
    }
    if request.headers.get("HX-Request") and do == "preview":
        return render(request, "achievements/_preview.html", context)
    wrong = (do == "save" and form.errors) or (do == "upload" and upload.errors)
    return render(request, "achievements/picture.html", context, status=422 if wrong else 200)


def preview_address(member: Member, version: AchievementVersion, form: DesignForm) -> str:
    """The picture of what the form says, or nothing while it says something that cannot be drawn."""
    if form.is_bound and not form.is_valid():
        return ""
    values = QueryDict(mutable=True)
    for name in form.fields:
        value = form[name].value()
        if value not in (None, "", False):
            values[name] = "on" if value is True else value
    address = reverse("achievement-picture-preview", args=[member.organisation.public_id, version.public_id])
    return f"{address}?{values.urlencode()}"


@require_safe
@member_page(*ISSUERS)
def preview(request: HttpRequest, member: Member, version_id: str) -> HttpResponse:
    """Draw what the address describes; nothing is kept."""
    member.version(version_id)
    form = DesignForm(request.GET, has_logo=bool(member.organisation.logo_png))
    if not form.is_valid():
        raise Http404
    logo = bytes(member.organisation.logo_png) if member.organisation.logo_png else None
    response = HttpResponse(pictures.render(form.design, logo_png=logo), content_type="image/svg+xml")
    response["Content-Security-Policy"] = (
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; sandbox"
    )
    return response


@require_safe
@member_page(*READERS)
def stored(request: HttpRequest, member: Member, version_id: str) -> HttpResponse:
    """The picture of a version that may be a draft, for members only."""
    version = member.version(version_id)
    if version.picture is None:
        raise Http404
    response = HttpResponse(bytes(version.picture.png), content_type="image/png")
    response["Cache-Control"] = "private, no-cache"
    return response
