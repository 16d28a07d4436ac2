# SPDX-License-Identifier: Apache-2.0
"""Awarding: to one person with a look before it counts, or to a list with a dry run before it counts."""

from __future__ import annotations

import base64
import secrets
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from cairn_server.accounts.services import clean_address
from cairn_server.achievements.models import AchievementVersion
from cairn_server.issuing import batches, services
from cairn_server.issuing.models import Batch, BatchRow, Delivery
from cairn_server.issuing.services import Recipient
from cairn_server.organisations import roles
from cairn_server.web import listing, markdown
from cairn_server.web.access import AWARD_READERS, ISSUERS, Member, member_page, refusals_on
from cairn_server.web.organisation import FORM_METHODS, status_of

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse, HttpResponseBase

    from cairn_server.issuing.recipients import DryRun

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


# Lists


class ListForm(ChooseForm):
    file = forms.FileField(
        label=gettext_lazy("A file"),
        required=False,
        help_text=gettext_lazy("CSV from any spreadsheet. Commas, semicolons or tabs; we find out which."),
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,text/csv,text/plain"}),
    )
    text = forms.CharField(
        label=gettext_lazy("Or paste the rows"),
        required=False,
        max_length=LARGEST_LIST,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 8, "class": "code", "spellcheck": "false"}),
        help_text=gettext_lazy(
            "With the line of headings: e-mail and name are needed, everything else is optional."
        ),
    )
    # The list that was checked, as it came, so that what is confirmed is what was looked at.
    checked = forms.CharField(required=False, widget=forms.HiddenInput)
    dates = forms.ChoiceField(
        label=gettext_lazy("How dates are written"),
        required=False,
        widget=forms.RadioSelect,
        choices=[
            ("day", gettext_lazy("Day first: 03/04/2026 is 3 April")),
            ("month", gettext_lazy("Month first: 03/04/2026 is 4 March")),
        ],
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file and file.size > LARGEST_LIST:
            raise ValidationError(_("A list may have 1.5 MB at most. Send it in parts."), code="limit-size")
        return file

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.errors:
            return cleaned
        if cleaned["file"]:
            cleaned["list"] = cleaned["file"].read()
        elif cleaned["text"].strip():
            cleaned["list"] = cleaned["text"].encode()
        elif cleaned["checked"]:
            try:
                cleaned["list"] = base64.b64decode(cleaned["checked"], validate=True)
            except ValueError as error:  # also said of text outside ASCII, which is no binascii.Error
                raise ValidationError(
                    _("The list got lost on the way. Give it once more."), code="lost"
                ) from error
        else:
            self.add_error("file", _("Choose a file, or paste the rows."))
        return cleaned


@require_http_methods(FORM_METHODS)
@member_page(*ISSUERS)
def award_list(request: HttpRequest, member: Member) -> HttpResponse:
    """Check, look, confirm. Confirming reads the list again: the world may have changed since the look."""
    roles.require_signer(member.person, member.organisation)
    versions = awardable(member)
    if not versions:
        return render(request, "issuing/nothing_to_award.html", {"member": member})
    data = (request.POST, request.FILES) if request.method == "POST" else ()
    form = ListForm(*data, initial={"version": request.GET.get("version", "")}, versions=versions)
    if not data or not form.is_valid():
        return render(request, "issuing/list.html", {"member": member, "form": form}, status=status_of(form))
    at = timezone.now()
    given = form.cleaned_data
    with refusals_on(form):
        dry_run = batches.check_rows(
            by=member.person,
            version=given["version"],
            text=given["list"],
            day_first={"day": True, "month": False}.get(given["dates"]),
            at=at,
        )
        if request.POST.get("do") == "award" and dry_run.ok:
            batch = batches.start_batch(by=member.person, version=given["version"], dry_run=dry_run, at=at)
            return redirect("batch", member.organisation.public_id, batch.public_id)
        return render(request, "issuing/list_checked.html", checked_context(member, form, dry_run))
    return render(request, "issuing/list.html", {"member": member, "form": form}, status=422)


def checked_context(member: Member, form: ListForm, dry_run: DryRun) -> dict[str, Any]:
    return {
        "member": member,
        "form": form,
        "version": form.cleaned_data["version"],
        "dry_run": dry_run,
        "columns": sorted(dry_run.columns.items()),
        "shown": dry_run.fresh[:3],
        "checked": base64.b64encode(form.cleaned_data["list"]).decode(),
    }


@require_safe
@member_page(*AWARD_READERS)
def batch(request: HttpRequest, member: Member, batch_id: str) -> HttpResponseBase:
    """Numbers, never a spinner. With scripts the numbers refresh themselves, without there is a link."""
    found = member.batch(batch_id)
    if listing.wants_csv(request):
        return outcomes(found)
    counts = found.counts()
    mails = Delivery.objects.filter(credential__batch=found)
    context = {
        "member": member,
        "batch": found,
        "counts": counts,
        "done": found.total - counts[BatchRow.State.WAITING],
        # Not over before the mail is out: "awarded" is half of what somebody waits for here.
        "running": found.state in (Batch.State.QUEUED, Batch.State.RUNNING)
        or mails.filter(state=Delivery.State.DUE).exists(),
        "sent": mails.filter(state=Delivery.State.SENT).count(),
        "unsent": mails.filter(state=Delivery.State.FAILED).count(),
        "address": reverse("batch", args=[member.organisation.public_id, found.public_id]),
    }
    if request.headers.get("HX-Request"):
        return render(request, "issuing/_progress.html", context)
    problems = found.rows.filter(state=BatchRow.State.FAILED).order_by("number")
    context["page"] = listing.page_of(request, problems)
    return render(request, "issuing/batch.html", context)


def outcomes(found: Batch) -> HttpResponseBase:
    """Every row of the list with what became of it."""
    return listing.csv_download(
        "list",
        [_("Line"), _("Name"), _("E-mail"), _("State"), _("Why"), _("Address")],
        (
            [
                row.number,
                row.values.get("name"),
                row.values.get("email"),
                row.get_state_display(),
                row.problem,
                row.credential.address(settings.PUBLIC_URL) if row.credential else "",
            ]
            for row in found.rows.select_related("credential").order_by("number").iterator()
        ),
    )
