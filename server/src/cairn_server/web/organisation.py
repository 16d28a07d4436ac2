# SPDX-License-Identifier: Apache-2.0
"""The organisation itself: the list, a new one, home, settings, and the ways out of it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings as django_settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_safe

from cairn_server.accounts.models import Person
from cairn_server.achievements import catalogue
from cairn_server.achievements.models import LeftCatalogue
from cairn_server.achievements.uploads import accept_upload
from cairn_server.earning.models import Enrolment
from cairn_server.issuing.life import StandingAct
from cairn_server.issuing.models import Batch, Credential, Delivery
from cairn_server.organisations import roles, services
from cairn_server.organisations.models import Organisation
from cairn_server.organisations.roles import Role
from cairn_server.web import listing
from cairn_server.web.access import (
    OVERSEERS,
    OWNERS,
    READERS,
    Member,
    member_page,
    person_of,
    refusals_on,
)

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import QueryDict

FORM_METHODS = ["GET", "HEAD", "POST"]
# The rest of a long queue is on its own page.
MOST_TO_APPROVE = 10
LARGEST_LOGO = 5 * 1024 * 1024


# The list, and a new one


@require_safe
@login_required
def index(request: HttpRequest) -> HttpResponse:
    person = person_of(request)
    query = listing.query_of(request)
    found = Organisation.objects.visible_to(person).filter(name__icontains=query).order_by("name", "pk")
    page = listing.page_of(request, found.prefetch_related("memberships"))
    rows = [
        (
            organisation,
            [
                held.get_role_display()
                for held in organisation.memberships.all()
                if held.person_id == person.pk
            ],
        )
        for organisation in page
    ]
    context = {
        "page": page,
        "query": query,
        "rows": rows,
        "may_found": may_found(person),
        "operator": django_settings.OPERATOR_NAME,
    }
    return render(request, "organisation/index.html", context)


def may_found(person: Person) -> bool:
    return services.may_found(person, open_to_all=django_settings.OPEN_FOUNDING)


class NewOrganisationForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=120,
        help_text=gettext_lazy("As people know it: it stands on every credential."),
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )
    url = forms.URLField(
        label=gettext_lazy("Website"),
        required=False,
        max_length=500,
        assume_scheme="https",
        widget=forms.URLInput(attrs={"autocomplete": "url", "placeholder": "https://"}),
    )
    description = forms.CharField(
        label=gettext_lazy("What you do"),
        required=False,
        max_length=2_000,
        help_text=gettext_lazy("One or two sentences for strangers who open a credential."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )


@require_http_methods(FORM_METHODS)
@login_required
def new(request: HttpRequest) -> HttpResponse:
    if not may_found(person_of(request)):
        # Known and curable, so it gets a page that says whom to ask instead of a bare refusal.
        context = {"operator": django_settings.OPERATOR_NAME}
        return render(request, "organisation/founding_closed.html", context, status=403)
    form = NewOrganisationForm(posted(request))
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            organisation = services.create_organisation(
                by=person_of(request),
                open_to_all=django_settings.OPEN_FOUNDING,
                requires_second_factor=django_settings.SECOND_FACTOR_BY_DEFAULT,
                at=timezone.now(),
                **form.cleaned_data,
            )
            return redirect("organisation", organisation.public_id)
    return render(request, "organisation/new.html", {"form": form}, status=status_of(form))


def posted(request: HttpRequest) -> QueryDict | None:
    """What a form is filled with: nothing on a GET, and on a POST whatever came, were it nothing."""
    return request.POST if request.method == "POST" else None


def status_of(form: forms.Form) -> int:
    return 422 if form.is_bound and form.errors else 200


# Home


@require_safe
@member_page(*READERS)
def home(request: HttpRequest, member: Member) -> HttpResponse:
    at = timezone.now()
    organisation = member.organisation
    context: dict[str, Any] = {"member": member, "steps": first_steps(member)}
    if member.may_read_awards:
        awards = Credential.objects.visible_to(member.person).filter(organisation=organisation).signed()
        deliveries = Delivery.objects.filter(credential__organisation=organisation)
        context |= {
            "figures": [
                (
                    awards.filter(awarded_at__gte=at - timedelta(hours=24)).count(),
                    _("awarded in the last 24 hours"),
                ),
                (awards.count(), _("awarded in all")),
                (deliveries.filter(state=Delivery.State.DUE).count(), _("e-mails waiting")),
                (deliveries.filter(state=Delivery.State.FAILED).count(), _("e-mails failed")),
            ],
            "waiting": to_approve(member),
            "recent": awards.select_related("version").order_by("-awarded_at", "-id")[:5],
            "unsent": deliveries.filter(state=Delivery.State.FAILED).select_related("credential__version")[
                :5
            ],
        }
    return render(request, "organisation/home.html", context)


def to_approve(member: Member) -> list[tuple[str, str, str, datetime]]:
    """What waits for a second person, which this one can be: (view, id, words, since), the oldest first."""
    found: list[tuple[str, str, str, datetime]] = []
    if member.may_issue:
        lists = Batch.objects.filter(
            organisation=member.organisation, state=Batch.State.AWAITING_APPROVAL
        ).exclude(started_by=member.person)
        for batch in lists.select_related("version"):
            words = ngettext(
                "A list: “%(name)s” for %(n)s person", "A list: “%(name)s” for %(n)s people", batch.waiting
            )
            found.append(
                (
                    "batch",
                    batch.public_id,
                    words % {"name": batch.version.name, "n": batch.waiting},
                    batch.created_at,
                )
            )
        waiting = Enrolment.objects.waiting().filter(achievement__organisation=member.organisation)
        for enrolment in waiting.exclude(person=member.person).select_related("version")[:MOST_TO_APPROVE]:
            assert enrolment.met_at is not None, "a constraint of the table"
            words = _("%(name)s: “%(achievement)s”")
            found.append(
                (
                    "approval",
                    enrolment.public_id,
                    words % {"name": enrolment.name, "achievement": enrolment.version.name},
                    enrolment.met_at,
                )
            )
    if member.may_revoke:
        acts = StandingAct.objects.filter(
            organisation=member.organisation, state=StandingAct.State.AWAITING
        ).exclude(by=member.person)
        for act in acts:
            words = ngettext("%(change)s: %(n)s credential", "%(change)s: %(n)s credentials", act.total)
            found.append(
                ("standing-act", act.public_id, words % {"change": _CHANGES[act.to], "n": act.total}, act.at)
            )
    return sorted(found, key=lambda each: each[3])


_CHANGES = {
    "revoked": gettext_lazy("Revoke"),
    "suspended": gettext_lazy("Suspend"),
    "active": gettext_lazy("Reinstate"),
}


def first_steps(member: Member) -> list[tuple[str, str, bool]]:
    """What stands between a new organisation and its first award: (view, words, whether it is done).

    Derived from what there is, so it needs no state of its own and cannot disagree with it.
    """
    organisation = member.organisation
    if not member.may_issue or organisation.credentials.signed().exists():
        return []
    achievements = organisation.achievements.filter(archived_at=None)
    return [
        ("achievement-new", _("Describe what can be earned"), achievements.exists()),
        ("achievements", _("Publish it"), achievements.filter(versions__state="published").exists()),
        ("award", _("Award it to somebody"), False),
    ]


# Settings


class SettingsForm(NewOrganisationForm):
    email = forms.EmailField(
        label=gettext_lazy("Contact address"),
        required=False,
        help_text=gettext_lazy("Public: it stands in every credential you award."),
    )
    linkedin_id = forms.RegexField(
        r"^\d*$",
        label=gettext_lazy("LinkedIn company number"),
        required=False,
        max_length=20,
        help_text=gettext_lazy(
            "With it, “Add to LinkedIn” shows your company page."
            " It is the number in the address of your admin page there."
        ),
    )
    logo = forms.FileField(
        label=gettext_lazy("Logo"),
        required=False,
        help_text=gettext_lazy("PNG or SVG. We draw it anew, so nothing hidden in the file goes on."),
        widget=forms.FileInput(attrs={"accept": "image/png,image/svg+xml"}),
    )
    remove_logo = forms.BooleanField(label=gettext_lazy("Remove the logo"), required=False)
    requires_second_factor = forms.BooleanField(
        label=gettext_lazy("Ask a second factor of everybody who awards or revokes"),
        required=False,
        help_text=gettext_lazy(
            "Members without a passkey or an authenticator app can then read,"
            " but not sign anything in your name."
        ),
    )
    hashes_email = forms.BooleanField(
        label=gettext_lazy("Put a salted hash of the learner’s e-mail address into credentials"),
        required=False,
        help_text=gettext_lazy(
            "Some systems match credentials to people by it. Whoever has the file can find out by guessing"
            " whether it belongs to an address they already know. Leave it off unless a partner asks for it."
        ),
    )
    in_catalogue = forms.BooleanField(
        label=gettext_lazy("List what we award in the public catalogue"),
        required=False,
        help_text=gettext_lazy(
            "Without this, the pages of your achievements stay public and are found by link."
        ),
    )

    approval_above = forms.IntegerField(
        label=gettext_lazy("A second person approves lists of more people than"),
        required=False,
        min_value=0,
        max_value=10_000_000,
        help_text=gettext_lazy(
            "Leave it empty if whoever brings a list may also start it, however long it is."
        ),
    )
    undo_minutes = forms.IntegerField(
        label=gettext_lazy("Minutes that the e-mails of a list wait"),
        required=False,
        min_value=0,
        max_value=24 * 60,
        help_text=gettext_lazy("Until then a list can be undone before anybody was told of it."),
    )

    def clean_logo(self) -> Any:
        logo = self.cleaned_data["logo"]
        if logo and logo.size > LARGEST_LOGO:
            raise forms.ValidationError(_("A logo may have 5 MB at most."), code="limit-size")
        return logo


@require_http_methods(FORM_METHODS)
@member_page(*OVERSEERS)
def settings(request: HttpRequest, member: Member) -> HttpResponse:
    organisation = member.organisation
    fields = ("name", "url", "description", "email", "linkedin_id", "requires_second_factor", "hashes_email")
    if request.method == "POST":
        roles.require(member.person, Role.OWNER, organisation)
    form = SettingsForm(
        posted(request),
        request.FILES or None,
        initial={
            **{name: getattr(organisation, name) for name in (*fields, "approval_above", "undo_minutes")},
            "in_catalogue": not LeftCatalogue.objects.filter(organisation=organisation).exists(),
        },
    )
    if request.method == "POST" and form.is_valid():
        with refusals_on(form), transaction.atomic():
            at = timezone.now()
            services.update_profile(
                organisation, by=member.person, at=at, **{name: form.cleaned_data[name] for name in fields}
            )
            services.set_approval_limit(
                organisation, by=member.person, above=form.cleaned_data["approval_above"], at=at
            )
            services.set_undo_minutes(
                organisation, by=member.person, minutes=form.cleaned_data["undo_minutes"] or 0, at=at
            )
            catalogue.set_listed(
                organisation, by=member.person, listed=form.cleaned_data["in_catalogue"], at=at
            )
            if upload := form.cleaned_data["logo"]:
                png = accept_upload(upload.read())
                services.set_logo(organisation, by=member.person, png=png, at=at)
            elif form.cleaned_data["remove_logo"]:
                services.set_logo(organisation, by=member.person, png=None, at=at)
            messages.success(request, _("Saved. Credentials awarded from now on carry the new profile."))
            return redirect("organisation-settings", organisation.public_id)
        organisation.refresh_from_db()
    return render(
        request, "organisation/settings.html", {"member": member, "form": form}, status=status_of(form)
    )


@require_safe
@member_page(*READERS)
def logo(request: HttpRequest, member: Member) -> HttpResponse:
    """The logo for the console, where an organisation has no public page before its first award."""
    if not member.organisation.logo_png:
        raise Http404
    return HttpResponse(bytes(member.organisation.logo_png), content_type="image/png")


# Ways out


class HandOverForm(forms.Form):
    to = forms.ChoiceField(label=gettext_lazy("New owner"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, member: Member) -> None:
        super().__init__(*args)
        self.colleagues = {
            colleague.public_id: colleague
            for colleague in Person.objects.filter(memberships__organisation=member.organisation)
            .exclude(pk=member.person.pk)
            .distinct()
            .order_by("name", "email")
        }
        self.fields["to"].choices = [  # type: ignore[attr-defined]
            (public_id, str(colleague)) for public_id, colleague in self.colleagues.items()
        ]


@require_http_methods(FORM_METHODS)
@member_page(*OWNERS)
def hand_over(request: HttpRequest, member: Member) -> HttpResponse:
    form = HandOverForm(posted(request), member=member)
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            to = form.colleagues[form.cleaned_data["to"]]
            services.hand_over(member.organisation, by=member.person, to=to, at=timezone.now())
            messages.success(request, _("%(name)s is the owner now. You stay an issuer.") % {"name": to})
            return redirect("organisation-members", member.organisation.public_id)
    return render(
        request, "organisation/hand_over.html", {"member": member, "form": form}, status=status_of(form)
    )


@require_http_methods(FORM_METHODS)
@member_page(*READERS)
def leave(request: HttpRequest, member: Member) -> HttpResponse:
    form = forms.Form(posted(request))
    if request.method == "POST":
        with refusals_on(form):
            services.leave(member.organisation, by=member.person, at=timezone.now())
            messages.success(request, _("You left %(name)s.") % {"name": member.organisation.name})
            return redirect("organisations")
    return render(
        request, "organisation/leave.html", {"member": member, "form": form}, status=status_of(form)
    )


class CloseForm(forms.Form):
    knows = forms.BooleanField(
        label=gettext_lazy("I know that nothing more can be awarded, and that this cannot be undone"),
        error_messages={"required": gettext_lazy("Tick the box to close the organisation.")},
    )


@require_http_methods(FORM_METHODS)
@member_page(*OWNERS)
def close(request: HttpRequest, member: Member) -> HttpResponse:
    at = timezone.now()
    live = live_credentials(member.organisation, at)
    form = CloseForm(posted(request))
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            services.close_organisation(
                member.organisation, by=member.person, live_credentials=live, knows=True, at=at
            )
            messages.success(request, _("%(name)s is closed.") % {"name": member.organisation.name})
            return redirect("organisation", member.organisation.public_id)
    context = {"member": member, "form": form, "live": live}
    return render(request, "organisation/close.html", context, status=status_of(form))


def live_credentials(organisation: Organisation, at: datetime) -> int:
    """How many awards still count: what an owner has to know before closing."""
    return (
        organisation.credentials.signed()
        .exclude(standing=Credential.Standing.REVOKED)
        .exclude(valid_until__lt=at)
        .count()
    )
