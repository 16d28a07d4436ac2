# SPDX-License-Identifier: Apache-2.0
"""What an organisation has awarded: the list, one credential with its history, and what may be done to it."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

from django import forms
from django.conf import settings
from django.contrib import messages
from django.db.models import Q
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cairn_server.achievements.models import AchievementVersion
from cairn_server.errors import NotAllowed, Refusal
from cairn_server.issuing import as_token, claiming, history, services, standing
from cairn_server.issuing.models import Credential, SecuredCredential
from cairn_server.journal.models import Entry
from cairn_server.organisations import roles
from cairn_server.web import listing
from cairn_server.web.access import AWARD_READERS, ISSUERS, Member, member_page, refusals_on
from cairn_server.web.journal import names_of
from cairn_server.web.organisation import posted, status_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse, HttpResponseBase


class FilterForm(forms.Form):
    """Everything that the list can be narrowed by; a name that is not here is ignored (B155)."""

    q = forms.CharField(required=False, max_length=200)
    standing = forms.ChoiceField(
        label=gettext_lazy("Standing"),
        required=False,
        choices=[
            ("", gettext_lazy("Any standing")),
            *Credential.Standing.choices,
            ("expired", gettext_lazy("Expired")),
        ],
    )
    achievement = forms.ChoiceField(label=gettext_lazy("Achievement"), required=False)
    since = forms.DateField(label=gettext_lazy("Awarded from"), required=False, widget=listing.DateInput)
    until = forms.DateField(label=gettext_lazy("Awarded to"), required=False, widget=listing.DateInput)

    def __init__(self, *args: object, member: Member, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.member = member
        self.fields["achievement"].choices = [  # type: ignore[attr-defined]
            ("", _("Any achievement")),
            *achievement_names(member),
        ]

    def found(self, at: datetime) -> QuerySet[Credential]:
        """The signed credentials that match; a filter that makes no sense narrows nothing."""
        found = (
            Credential.objects.visible_to(self.member.person)
            .filter(organisation=self.member.organisation)
            .signed()
            .newest()
            .select_related("version", "first")
            .order_by("-awarded_at", "-id")
        )
        self.full_clean()
        asked = self.cleaned_data
        if text := asked.get("q"):
            found = found.filter(
                Q(recipient_name__icontains=text)
                | Q(recipient_email__icontains=text)
                | Q(version__name__icontains=text)
                | Q(public_id=text)
            )
        if (standing := asked.get("standing")) == "expired":
            found = found.filter(valid_until__lt=at)
        elif standing:
            found = found.filter(standing=standing)
        if achievement := asked.get("achievement"):
            found = found.filter(version__achievement__public_id=achievement)
        return listing.between(found, "awarded_at", asked.get("since"), asked.get("until"))


def achievement_names(member: Member) -> list[tuple[str, str]]:
    """Every achievement that was ever published, by the name it has today."""
    names: dict[str, str] = {}
    versions = (
        AchievementVersion.objects.visible_to(member.person)
        .published()
        .filter(achievement__organisation=member.organisation)
        .order_by("number")
    )
    for public_id, name in versions.values_list("achievement__public_id", "name"):
        names[public_id] = name
    return sorted(names.items(), key=lambda pair: pair[1].casefold())


@require_safe
@member_page(*AWARD_READERS)
def index(request: HttpRequest, member: Member) -> HttpResponseBase:
    at = timezone.now()
    form = FilterForm(request.GET, member=member)
    found = form.found(at)
    if listing.wants_csv(request):
        return listing.csv_download(
            "credentials",
            [
                _("Name"),
                _("E-mail"),
                _("Achievement"),
                _("Awarded"),
                _("Valid until"),
                _("Standing"),
                _("Reason"),
                _("Address"),
            ],
            (
                [
                    credential.recipient_name,
                    credential.recipient_email,
                    credential.version.name,
                    credential.awarded_at.date().isoformat(),
                    credential.valid_until.date().isoformat() if credential.valid_until else "",
                    credential.get_standing_display(),
                    credential.standing_reason,
                    credential.address(settings.PUBLIC_URL),
                ]
                for credential in found.iterator()
            ),
        )
    return render(
        request,
        "credentials/index.html",
        {"member": member, "form": form, "page": listing.page_of(request, found), "at": at},
    )


@require_safe
@member_page(*AWARD_READERS)
def detail(request: HttpRequest, member: Member, credential_id: str) -> HttpResponse:
    credential = member.credential(credential_id)
    return render(
        request,
        "credentials/detail.html",
        {
            "member": member,
            "credential": credential,
            "deliveries": credential.deliveries.order_by("-id"),
            "history": history_of(credential),
            "changes": history.changes_of(credential),
            "successor": credential.successor,
            "has_token": has_token(credential),
            "claim": claiming.claim_of(credential),
            "at": timezone.now(),
        },
    )


def has_token(credential: Credential) -> bool:
    return credential.secured.filter(format=SecuredCredential.Format.JWT).exists()


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("The holder reads it in an e-mail, and it stands on the public page."),
    )


class UntilField(forms.DateField):
    """A day that a suspension lasts to, that day included."""

    def __init__(self) -> None:
        super().__init__(
            label=gettext_lazy("Until"),
            required=False,
            widget=listing.DateInput,
            help_text=gettext_lazy("After that day it is given back by itself. Leave it empty for no end."),
        )


class SuspendForm(ReasonForm):
    until = UntilField()

    def clean_until(self) -> datetime | None:
        return end_of(self.cleaned_data["until"])


def end_of(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time.min, UTC) + timedelta(days=1)


def history_of(credential: Credential) -> list[tuple[Entry, str]]:
    """What the journal says about this credential, and who did it, newest first."""
    entries = (
        Entry.objects.of(credential.organisation.public_id)
        .filter(object_type=credential._meta.label_lower, object_id=credential.public_id)
        .order_by("-number")
    )
    people = names_of(entry.actor_id for entry in entries)
    return [(entry, people.get(entry.actor_id, "")) for entry in entries]


def act(
    request: HttpRequest,
    member: Member,
    credential_id: str,
    *,
    verb: Callable[..., object],
    template: str,
    done: str,
    asks: type[forms.Form] = ReasonForm,
) -> HttpResponse:
    """Ask for the reason, do it, and go back to the credential with a sentence that says so."""
    credential = member.credential(credential_id)
    roles.require_signer(member.person, member.organisation)
    form = asks(posted(request))
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            verb(credential, by=member.person, at=timezone.now(), **form.cleaned_data)
            messages.success(request, done)
            return redirect("credential-detail", member.organisation.public_id, credential.public_id)
    context = {"member": member, "credential": credential, "form": form}
    return render(request, template, context, status=status_of(form))


@require_http_methods(["GET", "HEAD", "POST"])
@member_page(*ISSUERS)
def revoke(request: HttpRequest, member: Member, credential_id: str) -> HttpResponse:
    return act(
        request,
        member,
        credential_id,
        verb=standing.revoke,
        template="credentials/revoke.html",
        done=_("Revoked. The holder gets an e-mail with the reason."),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@member_page(*ISSUERS)
def suspend(request: HttpRequest, member: Member, credential_id: str) -> HttpResponse:
    return act(
        request,
        member,
        credential_id,
        verb=standing.suspend,
        template="credentials/suspend.html",
        done=_("Suspended. The holder gets an e-mail with the reason."),
        asks=SuspendForm,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@member_page(*ISSUERS)
def reinstate(request: HttpRequest, member: Member, credential_id: str) -> HttpResponse:
    return act(
        request,
        member,
        credential_id,
        verb=standing.reinstate,
        template="credentials/reinstate.html",
        done=_("Reinstated. The holder gets an e-mail."),
    )


@require_POST
@member_page(*ISSUERS)
def token(request: HttpRequest, member: Member, credential_id: str) -> HttpResponse:
    """The same as a token too, for systems that take nothing else; awards of lists have none at first."""
    credential = member.credential(credential_id)
    try:
        as_token.sign_as_token(credential, by=member.person, at=timezone.now())
    except NotAllowed:
        raise
    except Refusal as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, _("Signed. The token can be downloaded on the public page too."))
    return redirect("credential-detail", member.organisation.public_id, credential.public_id)


@require_POST
@member_page(*ISSUERS)
def send_again(request: HttpRequest, member: Member, credential_id: str) -> HttpResponse:
    credential = member.credential(credential_id)
    services.send_again(credential, by=member.person, at=timezone.now())
    messages.success(request, _("The e-mail goes out again."))
    return redirect("credential-detail", member.organisation.public_id, credential.public_id)
