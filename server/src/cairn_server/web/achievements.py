# SPDX-License-Identifier: Apache-2.0
"""Describing what can be earned: the list, the editor, publishing and archiving."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import global_settings, settings
from django.contrib import messages
from django.db.models import Count, Prefetch, Q
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from cairn.credential import ACHIEVEMENT_TYPES
from cairn_server.achievements import services
from cairn_server.achievements.models import Achievement, AchievementVersion
from cairn_server.earning import plans
from cairn_server.web import display, listing, markdown
from cairn_server.web.access import ISSUERS, READERS, Member, member_page, refusals_on
from cairn_server.web.organisation import FORM_METHODS, posted, status_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict

# The kinds that people look for first; the rest of Open Badges' list follows in alphabetical order.
COMMON_TYPES = ("MicroCredential", "Badge", "Course", "Certificate", "CertificateOfCompletion", "Competency")


# The list


@dataclass(frozen=True)
class Row:
    """One achievement as the list shows it: the version that counts, and a draft that may be on its way."""

    achievement: Achievement
    version: AchievementVersion
    draft: AchievementVersion | None
    awards: int

    @property
    def standing(self) -> tuple[str, str]:
        if self.achievement.archived_at:
            return _("Archived"), "neutral"
        if self.version.is_published:
            return _("Published"), "positive"
        return _("Draft"), "caution"


class FilterForm(forms.Form):
    q = forms.CharField(required=False, max_length=200)
    state = forms.ChoiceField(
        label=gettext_lazy("State"),
        required=False,
        choices=[
            ("", gettext_lazy("Not archived")),
            ("published", gettext_lazy("Published")),
            ("draft", gettext_lazy("Drafts")),
            ("archived", gettext_lazy("Archived")),
        ],
    )

    def found(self, member: Member) -> QuerySet[Achievement]:
        self.full_clean()
        found = Achievement.objects.visible_to(member.person).filter(organisation=member.organisation)
        state = self.cleaned_data.get("state")
        found = found.filter(archived_at__isnull=state != "archived")
        if state in ("published", "draft"):
            found = found.filter(versions__state=state)
        if text := self.cleaned_data.get("q"):
            found = found.filter(Q(versions__name__icontains=text) | Q(versions__description__icontains=text))
        versions = (
            AchievementVersion.objects.order_by("-number").select_related("picture").defer("picture__svg")
        )
        return (
            found.annotate(
                awards=Count(
                    "versions__credentials", filter=Q(versions__credentials__state="signed"), distinct=True
                )
            )
            .prefetch_related(Prefetch("versions", versions, to_attr="newest_first"))
            .order_by("-created_at", "-id")
        )


def row(achievement: Any) -> Row:
    published = next((each for each in achievement.newest_first if each.is_published), None)
    draft = next((each for each in achievement.newest_first if not each.is_published), None)
    version = published or draft
    assert version is not None, "an achievement is created together with its first version"
    return Row(achievement, version, draft if published else None, achievement.awards)


@require_safe
@member_page(*READERS)
def index(request: HttpRequest, member: Member) -> HttpResponseBase:
    form = FilterForm(request.GET)
    found = form.found(member)
    if listing.wants_csv(request):
        return listing.csv_download(
            "achievements",
            [
                _("Name"),
                _("Type"),
                _("State"),
                _("Version"),
                _("Level"),
                _("Hours"),
                _("Awards"),
                _("Address"),
            ],
            (
                [
                    each.version.name,
                    display.type_name(each.version.achievement_type),
                    each.standing[0],
                    each.version.number,
                    each.version.level,
                    each.version.workload_hours,
                    each.awards,
                    each.version.address(settings.PUBLIC_URL) if each.version.is_published else "",
                ]
                for each in map(row, found)
            ),
        )
    page = listing.page_of(request, found)
    context = {
        "member": member,
        "form": form,
        "page": page,
        "rows": [row(achievement) for achievement in page],
        "narrowed": bool(request.GET.get("q") or request.GET.get("state")),
    }
    return render(request, "achievements/index.html", context)


# One achievement


@require_safe
@member_page(*READERS)
def detail(request: HttpRequest, member: Member, version_id: str) -> HttpResponse:
    version = member.version(version_id)
    versions = version.achievement.versions.order_by("-number")
    context = {
        "member": member,
        "version": version,
        "versions": versions,
        "draft": next((each for each in versions if not each.is_published), None),
        "newest": next((each for each in versions if each.is_published), None),
        "awards": version.credentials.signed().count(),
        **what_is_read(version),
    }
    return render(request, "achievements/detail.html", context)


def what_is_read(version: AchievementVersion) -> dict[str, Any]:
    """The version as a stranger will read it: the same reading as on its public page."""
    about = display.about(
        services.to_credential(version, settings.PUBLIC_URL), public_url=settings.PUBLIC_URL
    )
    days = version.validity_days
    valid = ngettext("%(days)s day from the award", "%(days)s days from the award", days or 0)
    return {"about": about, "facts": [*about.facts, (_("Valid"), valid % {"days": days} if days else "")]}


# The editor


def type_choices() -> list[tuple[str, str]]:
    rest = sorted(set(ACHIEVEMENT_TYPES) - set(COMMON_TYPES), key=display.type_name)
    return [(name, display.type_name(name)) for name in (*COMMON_TYPES, *rest)]


class AchievementForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=120,
        help_text=gettext_lazy("What the holder can do or has done: “Bicycle repair, basics”."),
    )
    description = forms.CharField(
        label=gettext_lazy("Description"),
        required=False,
        max_length=2_000,
        help_text=gettext_lazy("Two or three sentences that an employer understands."),
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    achievement_type = forms.ChoiceField(
        label=gettext_lazy("Type"), initial="MicroCredential", choices=type_choices
    )
    language = forms.ChoiceField(label=gettext_lazy("Language of these texts"))
    criteria = forms.CharField(
        label=gettext_lazy("What has to be shown"),
        required=False,
        max_length=10_000,
        help_text=gettext_lazy(
            "Markdown: a line that starts with “- ” becomes a list item, **two stars** make words bold,"
            " ## makes a heading."
        ),
        widget=forms.Textarea(attrs={"rows": 10}),
    )
    level = forms.ChoiceField(
        label=gettext_lazy("Level (EQF)"),
        required=False,
        help_text=gettext_lazy("European Qualifications Framework: 1 is basic, 8 a doctorate."),
        choices=[("", gettext_lazy("Not stated")), *((str(level), str(level)) for level in range(1, 9))],
    )
    workload_hours = forms.IntegerField(
        label=gettext_lazy("Workload in hours"), required=False, min_value=1, max_value=20_000
    )
    credits = forms.DecimalField(
        label=gettext_lazy("Credits (ECTS)"), required=False, min_value=0, max_digits=6, decimal_places=2
    )
    validity_days = forms.IntegerField(
        label=gettext_lazy("Valid for, in days"),
        required=False,
        min_value=1,
        max_value=services.MAX_VALIDITY_DAYS,
        help_text=gettext_lazy("Leave it empty when it never expires."),
    )
    tags = forms.CharField(
        label=gettext_lazy("Search words"),
        required=False,
        max_length=1_000,
        help_text=gettext_lazy("Separate them with commas."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # What a course is taught in has nothing to do with the languages of these pages.
        known = dict(global_settings.LANGUAGES)
        now = self.initial.get("language", "")
        choices = list(global_settings.LANGUAGES) + ([(now, now)] if now and now not in known else [])
        self.fields["language"].choices = choices  # type: ignore[attr-defined]

    def clean_tags(self) -> list[str]:
        return [tag.strip() for tag in self.cleaned_data["tags"].split(",") if tag.strip()]


class SkillForm(forms.Form):
    target_name = forms.CharField(label=gettext_lazy("Skill"), max_length=300)
    target_url = forms.CharField(
        label=gettext_lazy("Web address of its definition"),
        max_length=2_000,
        widget=forms.URLInput(attrs={"placeholder": "https://"}),
    )
    target_framework = forms.CharField(label=gettext_lazy("Framework"), required=False, max_length=300)
    target_code = forms.CharField(label=gettext_lazy("Code"), required=False, max_length=100)
    # Written by the API and kept as they are when somebody edits here.
    target_type = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)
    target_description = forms.CharField(required=False, max_length=1_000, widget=forms.HiddenInput)


SkillFormSet = forms.formset_factory(
    SkillForm,
    extra=0,
    max_num=services.MAX_ALIGNMENTS,
    absolute_max=services.MAX_ALIGNMENTS,
    validate_max=True,
)


class Editor:
    """The form of an achievement and the rows of its skills, as one thing.

    Adding and removing a row, and looking at the criteria, are submit buttons: they come back with what was
    typed and save nothing, so the editor needs no script.
    """

    def __init__(self, data: QueryDict | None, stored: Mapping[str, Any]) -> None:
        self.do = data.get("do", "save") if data is not None else ""
        self.criteria = ""
        if data is None or self.do == "save":
            self.form = AchievementForm(data, initial=stored)
            self.skills = SkillFormSet(
                data, initial=None if data else stored.get("alignments", []), prefix="skills"
            )
            return
        skills = self._typed_skills(data)
        verb, _dash, number = self.do.rpartition("-")
        if self.do == "add-skill":
            skills.append({})
        elif verb == "remove-skill" and number in map(str, range(len(skills))):
            del skills[int(number)]
        self.form = AchievementForm(
            initial={name: data.get(name, "") for name in AchievementForm.base_fields}
        )
        self.skills = SkillFormSet(initial=skills, prefix="skills")
        if self.do == "preview":
            self.criteria = markdown.render(data.get("criteria", ""))

    @staticmethod
    def _typed_skills(data: QueryDict) -> list[dict[str, str]]:
        total = data.get("skills-TOTAL_FORMS", "0")
        count = (
            min(int(total), services.MAX_ALIGNMENTS)
            if total.isascii() and total.isdecimal() and len(total) < 5
            else 0
        )
        return [
            {name: data.get(f"skills-{number}-{name}", "") for name in SkillForm.base_fields}
            for number in range(count)
        ]

    @property
    def saving(self) -> bool:
        return self.do == "save" and self.form.is_valid() and self.skills.is_valid()

    @property
    def status(self) -> int:
        return 422 if self.do == "save" and not (self.form.is_valid() and self.skills.is_valid()) else 200

    @property
    def fields(self) -> dict[str, Any]:
        skills = [form.cleaned_data for form in self.skills if form.cleaned_data]
        return {**self.form.cleaned_data, "alignments": skills}


def stored_fields(version: AchievementVersion) -> dict[str, Any]:
    return {**version.content(), "tags": ", ".join(version.tags)}


@require_http_methods(FORM_METHODS)
@member_page(*ISSUERS)
def new(request: HttpRequest, member: Member) -> HttpResponse:
    editor = Editor(request.POST if request.method == "POST" else None, {"language": get_language() or "en"})
    if editor.saving:
        with refusals_on(editor.form):
            version = services.draft_achievement(
                by=member.person, organisation=member.organisation, fields=editor.fields, at=timezone.now()
            )
            messages.success(request, _("Saved as a draft. Now its picture."))
            return redirect("achievement-picture", member.organisation.public_id, version.public_id)
    context = {"member": member, "editor": editor}
    return render(request, "achievements/edit.html", context, status=editor.status)


@require_http_methods(FORM_METHODS)
@member_page(*ISSUERS)
def edit(request: HttpRequest, member: Member, version_id: str) -> HttpResponse:
    version = member.version(version_id)
    if version.is_published:
        raise services.VersionFrozen
    editor = Editor(request.POST if request.method == "POST" else None, stored_fields(version))
    if editor.saving:
        with refusals_on(editor.form):
            services.edit_draft(version, by=member.person, fields=editor.fields, at=timezone.now())
            messages.success(request, _("Saved."))
            return redirect("achievement-detail", member.organisation.public_id, version.public_id)
    context = {"member": member, "version": version, "editor": editor}
    return render(request, "achievements/edit.html", context, status=editor.status)


# Publishing and after


@require_http_methods(FORM_METHODS)
@member_page(*ISSUERS)
def publish(request: HttpRequest, member: Member, version_id: str) -> HttpResponse:
    version = member.version(version_id)
    if version.is_published:
        raise services.VersionFrozen
    form = forms.Form(posted(request))
    if request.method == "POST":
        with refusals_on(form):
            plans.publish(version, by=member.person, at=timezone.now())
            messages.success(request, _("Published. It can be awarded now."))
            return redirect("achievement-detail", member.organisation.public_id, version.public_id)
    context = {"member": member, "version": version, "form": form, **what_is_read(version)}
    return render(request, "achievements/publish.html", context, status=status_of(form))


@require_http_methods(FORM_METHODS)
@member_page(*ISSUERS)
def new_version(request: HttpRequest, member: Member, achievement_id: str) -> HttpResponse:
    achievement = member.achievement(achievement_id)
    form = forms.Form(posted(request))
    if request.method == "POST":
        with refusals_on(form):
            version = plans.new_version(achievement, by=member.person, at=timezone.now())
            return redirect("achievement-edit", member.organisation.public_id, version.public_id)
    context = {"member": member, "achievement": achievement, "version": achievement.current, "form": form}
    return render(request, "achievements/new_version.html", context, status=status_of(form))


class ArchiveForm(forms.Form):
    replaced_by = forms.ChoiceField(
        label=gettext_lazy("What is offered instead"),
        required=False,
        help_text=gettext_lazy("Its public page then leads there."),
    )

    def __init__(self, *args: Any, others: list[Achievement], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = sorted(((each.public_id, each.current.name) for each in others), key=lambda pair: pair[1])
        self.fields["replaced_by"].choices = [("", _("Nothing")), *names]  # type: ignore[attr-defined]


@require_http_methods(FORM_METHODS)
@member_page(*ISSUERS)
def archive(request: HttpRequest, member: Member, achievement_id: str) -> HttpResponse:
    achievement = member.achievement(achievement_id)
    others = member.organisation.achievements.filter(archived_at=None, versions__state="published")
    form = ArchiveForm(posted(request), others=list(others.exclude(pk=achievement.pk).distinct()))
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            instead = form.cleaned_data["replaced_by"]
            services.archive(
                achievement,
                by=member.person,
                at=timezone.now(),
                replaced_by=member.achievement(instead) if instead else None,
            )
            messages.success(request, _("Archived. What was awarded stays as it is."))
            return redirect("achievements", member.organisation.public_id)
    context = {"member": member, "version": achievement.current, "form": form}
    return render(request, "achievements/archive.html", context, status=status_of(form))
