# SPDX-License-Identifier: Apache-2.0
"""The organisation itself: home, settings, keys, journal, API tokens, and the ways out of it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings as django_settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from cairn_server.accounts.models import Person
from cairn_server.achievements.pictures import accept_upload
from cairn_server.issuing.models import Credential, Delivery
from cairn_server.journal.models import Entry
from cairn_server.journal.services import broken_link
from cairn_server.organisations import roles, services
from cairn_server.organisations.keys import key_history
from cairn_server.organisations.models import Organisation, Scope
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
    from collections.abc import Iterable
    from datetime import datetime

    from django.db.models import QuerySet
    from django.http import QueryDict

FORM_METHODS = ["GET", "HEAD", "POST"]
LARGEST_LOGO = 5 * 1024 * 1024


# The list, and a new one


@require_safe
@login_required
def index(request: HttpRequest) -> HttpResponse:
    person = person_of(request)
    organisations = Organisation.objects.visible_to(person).prefetch_related("memberships")
    rows = [
        (
            organisation,
            [
                held.get_role_display()
                for held in organisation.memberships.all()
                if held.person_id == person.pk
            ],
        )
        for organisation in organisations
    ]
    return render(request, "organisation/index.html", {"rows": rows})


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
    form = NewOrganisationForm(posted(request))
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            organisation = services.create_organisation(
                by=person_of(request),
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
            "recent": awards.select_related("version").order_by("-awarded_at", "-id")[:5],
            "unsent": deliveries.filter(state=Delivery.State.FAILED).select_related("credential__version")[
                :5
            ],
        }
    return render(request, "organisation/home.html", context)


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
        initial={name: getattr(organisation, name) for name in fields},
    )
    if request.method == "POST" and form.is_valid():
        with refusals_on(form), transaction.atomic():
            at = timezone.now()
            services.update_profile(
                organisation, by=member.person, at=at, **{name: form.cleaned_data[name] for name in fields}
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


# Keys


@require_safe
@member_page(*READERS)
def keys(request: HttpRequest, member: Member) -> HttpResponse:
    return render(
        request, "organisation/keys.html", {"member": member, "keys": key_history(member.organisation)}
    )


# Journal


class JournalFilterForm(forms.Form):
    q = forms.CharField(required=False, max_length=100)
    actor = forms.ChoiceField(label=gettext_lazy("Who"), required=False)
    since = forms.DateField(label=gettext_lazy("From"), required=False, widget=listing.DateInput)
    until = forms.DateField(label=gettext_lazy("To"), required=False, widget=listing.DateInput)

    def __init__(self, *args: Any, people: dict[str, str]) -> None:
        super().__init__(*args)
        self.fields["actor"].choices = [("", _("Anybody")), *people.items()]  # type: ignore[attr-defined]

    def found(self, entries: QuerySet[Entry]) -> QuerySet[Entry]:
        """A filter that makes no sense narrows nothing."""
        self.full_clean()
        asked = self.cleaned_data
        if text := asked.get("q"):
            entries = entries.filter(verb__icontains=text) | entries.filter(object_id=text)
        if actor := asked.get("actor"):
            entries = entries.filter(actor_id=actor)
        return listing.between(entries, "at", asked.get("since"), asked.get("until"))


def actors_of(organisation: Organisation) -> dict[str, str]:
    """Everybody who acted here, by name; somebody erased since is an identifier and nothing more."""
    acted = Entry.objects.of(organisation.public_id).order_by().values_list("actor_id", flat=True).distinct()
    names = names_of(acted)
    return {actor: names.get(actor, actor) for actor in acted if actor}


def names_of(public_ids: Iterable[str]) -> dict[str, str]:
    """What the journal leaves out: the people behind its identifiers, as long as they are here."""
    people = Person.objects.filter(public_id__in=set(public_ids))
    return {person.public_id: str(person) for person in people}


@require_safe
@member_page(*OVERSEERS)
def journal(request: HttpRequest, member: Member) -> HttpResponseBase:
    organisation = member.organisation
    people = actors_of(organisation)
    form = JournalFilterForm(request.GET, people=people)
    found = form.found(Entry.objects.of(organisation.public_id)).order_by("-number")
    if listing.wants_csv(request):
        return listing.csv_download(
            "journal",
            [_("Number"), _("Time"), _("Who"), _("What"), _("Kind"), _("Object"), _("Details"), _("Hash")],
            (
                [
                    entry.number,
                    entry.at.isoformat(),
                    people.get(entry.actor_id, entry.actor_id),
                    entry.verb,
                    entry.object_type,
                    entry.object_id,
                    json.dumps(entry.details, ensure_ascii=False),
                    entry.hash,
                ]
                for entry in found.iterator()
            ),
        )
    page = listing.page_of(request, found)
    return render(
        request,
        "organisation/journal.html",
        {
            "member": member,
            "form": form,
            "page": page,
            "rows": [(entry, people.get(entry.actor_id, "")) for entry in page],
            "broken": broken_link(organisation.public_id),
        },
    )


# API tokens


class TokenForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=100,
        help_text=gettext_lazy("Which system will use it, so that you know later which one to withdraw."),
    )
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("What it may do"),
        choices=Scope.choices,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Choose at least one thing that it may do.")},
    )


@require_safe
@member_page(*OVERSEERS)
def tokens(request: HttpRequest, member: Member) -> HttpResponse:
    rows = member.organisation.api_tokens.select_related("created_by")
    return render(request, "organisation/tokens.html", {"member": member, "tokens": rows})


@require_http_methods(FORM_METHODS)
@member_page(*OWNERS)
def new_token(request: HttpRequest, member: Member) -> HttpResponse:
    form = TokenForm(posted(request))
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            token, secret = services.create_token(
                member.organisation, by=member.person, at=timezone.now(), **form.cleaned_data
            )
            # Shown in the answer to the POST and nowhere else: no address, no cache, no second look (B153).
            response = render(
                request, "organisation/token_made.html", {"member": member, "token": token, "secret": secret}
            )
            response["Cache-Control"] = "no-store"
            return response
    return render(
        request, "organisation/token_new.html", {"member": member, "form": form}, status=status_of(form)
    )


@require_http_methods(FORM_METHODS)
@member_page(*OWNERS)
def revoke_token(request: HttpRequest, member: Member, token_id: str) -> HttpResponse:
    token = member.token(token_id)
    if request.method == "POST":
        services.revoke_token(token, by=member.person, at=timezone.now())
        messages.success(request, _("Withdrawn. Whatever still uses it is refused from now on."))
        return redirect("organisation-tokens", member.organisation.public_id)
    return render(request, "organisation/token_revoke.html", {"member": member, "token": token})


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
