# SPDX-License-Identifier: Apache-2.0
"""Who belongs to an organisation: roles, invitations, and the page on which an invitation is accepted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cairn_server.accounts.services import verified_addresses
from cairn_server.organisations import installation, services
from cairn_server.organisations.models import Invitation, Membership
from cairn_server.organisations.roles import Role
from cairn_server.organisations.services import InvitationForSomebodyElse, InvitationOver
from cairn_server.web import listing
from cairn_server.web.access import OWNERS, READERS, Member, member_page, person_of, refusals_on
from cairn_server.web.organisation import FORM_METHODS, posted, status_of

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import HttpRequest, HttpResponse, HttpResponseBase

    from cairn_server.accounts.models import Person

# What each role means to somebody who has never seen this software.
ROLE_WORDS = {
    Role.OWNER: gettext_lazy("Owner: everything, with members, keys and settings"),
    Role.ISSUER: gettext_lazy("Issuer: designs achievements, publishes, awards, revokes"),
    Role.REVIEWER: gettext_lazy("Reviewer: reads what learners ask for; awards nothing"),
    Role.AUDITOR: gettext_lazy("Auditor: reads everything, with the journal; changes nothing"),
}


class RolesForm(forms.Form):
    roles = forms.MultipleChoiceField(
        label=gettext_lazy("Roles"),
        choices=list(ROLE_WORDS.items()),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Choose at least one role.")},
    )


class InviteForm(RolesForm):
    email = forms.CharField(
        label=gettext_lazy("E-mail address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        help_text=gettext_lazy("The invitation can be accepted with this address only, for seven days."),
    )
    field_order = ("email", "roles")


@dataclass
class Colleague:
    """One person with all their roles: a line of the list."""

    person: Person
    roles: list[str]
    is_self: bool
    since: datetime


@require_safe
@member_page(*READERS)
def index(request: HttpRequest, member: Member) -> HttpResponseBase:
    """Members first, then those who are invited: one list to search, to page through and to take along."""
    query = listing.query_of(request)
    # An address is found by those only who are shown it.
    colleagues = [
        each
        for each in colleagues_of(member)
        if listing.matches(query, str(each.person), each.person.email if member.may_oversee else "")
    ]
    invited = [
        (invitation, roles)
        for invitation, roles in (open_invitations(member) if member.may_oversee else [])
        if listing.matches(query, invitation.email)
    ]
    if listing.wants_csv(request):
        return listing.csv_download(
            "members",
            [_("Name"), _("E-mail"), _("Roles"), _("State"), _("Since")],
            [
                *(
                    [
                        each.person,
                        each.person.email if member.may_oversee else "",
                        ", ".join(each.roles),
                        _("Member"),
                        each.since.date().isoformat(),
                    ]
                    for each in colleagues
                ),
                *(
                    ["", each.email, ", ".join(roles), _("Invited"), each.created_at.date().isoformat()]
                    for each, roles in invited
                ),
            ],
        )
    page = listing.page_of(request, [*colleagues, *invited])
    return render(
        request,
        "members/index.html",
        {
            "member": member,
            "query": query,
            "page": page,
            "colleagues": [each for each in page if isinstance(each, Colleague)],
            "invitations": [each for each in page if not isinstance(each, Colleague)],
        },
    )


def colleagues_of(member: Member) -> list[Colleague]:
    people: dict[int, Colleague] = {}
    rows = Membership.objects.filter(organisation=member.organisation).select_related("person")
    for row in rows.order_by("person__name", "person__email", "since"):
        colleague = people.setdefault(
            row.person_id, Colleague(row.person, [], row.person_id == member.person.pk, row.since)
        )
        colleague.roles.append(row.get_role_display())
        colleague.since = min(colleague.since, row.since)
    return list(people.values())


def open_invitations(member: Member) -> list[tuple[Invitation, list[str]]]:
    found = member.organisation.invitations.filter(
        accepted_at=None, withdrawn_at=None, expires_at__gt=timezone.now()
    )
    return [(invitation, role_names(invitation)) for invitation in found]


def role_names(invitation: Invitation) -> list[str]:
    return [str(Role(role).label) for role in invitation.roles]


@require_http_methods(FORM_METHODS)
@member_page(*OWNERS)
def invite(request: HttpRequest, member: Member) -> HttpResponse:
    form = InviteForm(posted(request))
    if request.method == "POST" and form.is_valid():
        # The invitation and its mail stand or fall together: a token that reached nobody is useless.
        with refusals_on(form), transaction.atomic():
            invitation, token = services.invite(
                by=member.person, organisation=member.organisation, at=timezone.now(), **form.cleaned_data
            )
            send_invitation(invitation, token)
            messages.success(
                request, _("Invited. The link is on its way to %(email)s.") % {"email": invitation.email}
            )
            return redirect("organisation-members", member.organisation.public_id)
    return render(request, "members/invite.html", {"member": member, "form": form}, status=status_of(form))


def send_invitation(invitation: Invitation, token: str) -> None:
    subject = _("You are invited to %(organisation)s") % {"organisation": invitation.organisation.name}
    context: dict[str, Any] = {
        "subject": subject,
        "invitation": invitation,
        "inviter": invitation.invited_by,
        "organisation": invitation.organisation,
        "roles": role_names(invitation),
        # From the configuration, never from the request's Host header (B145, B152).
        "link": f"{installation.public_url()}{reverse('invitation', args=[token])}",
    }
    mail = EmailMultiAlternatives(
        subject=subject,
        body=render_to_string("members/invitation_mail.txt", context),
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[invitation.email],
        headers={"Auto-Submitted": "auto-generated"},
    )
    mail.attach_alternative(render_to_string("members/invitation_mail.html", context), "text/html")
    mail.send()


@require_POST
@member_page(*OWNERS)
def withdraw(request: HttpRequest, member: Member, invitation_id: str) -> HttpResponse:
    services.withdraw_invitation(member.invitation(invitation_id), by=member.person, at=timezone.now())
    messages.success(request, _("Withdrawn. The link in the mail no longer works."))
    return redirect("organisation-members", member.organisation.public_id)


@require_http_methods(FORM_METHODS)
@member_page(*OWNERS)
def change_roles(request: HttpRequest, member: Member, person_id: str) -> HttpResponse:
    colleague = member.colleague(person_id)
    held = Membership.objects.filter(organisation=member.organisation, person=colleague)
    form = RolesForm(posted(request), initial={"roles": list(held.values_list("role", flat=True))})
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            services.change_roles(
                member.organisation,
                by=member.person,
                person=colleague,
                roles=form.cleaned_data["roles"],
                at=timezone.now(),
            )
            messages.success(
                request, _("Saved. It counts from the next page %(name)s opens.") % {"name": colleague}
            )
            return redirect("organisation-members", member.organisation.public_id)
    context = {"member": member, "colleague": colleague, "form": form}
    return render(request, "members/roles.html", context, status=status_of(form))


@require_http_methods(FORM_METHODS)
@member_page(*OWNERS)
def remove(request: HttpRequest, member: Member, person_id: str) -> HttpResponse:
    colleague = member.colleague(person_id)
    form = forms.Form(posted(request))
    if request.method == "POST":
        with refusals_on(form):
            services.remove_member(member.organisation, by=member.person, person=colleague, at=timezone.now())
            messages.success(request, _("Removed. %(name)s has no access any more.") % {"name": colleague})
            return redirect("organisation-members", member.organisation.public_id)
    context = {"member": member, "colleague": colleague, "form": form}
    return render(request, "members/remove.html", context, status=status_of(form))


@require_http_methods(FORM_METHODS)
def accept(request: HttpRequest, token: str) -> HttpResponse:
    """Whoever has the link may read what it offers; only the address it was sent to may accept (B147).

    Accepted, withdrawn, expired and never made are one answer: a guess learns nothing.
    """
    at = timezone.now()
    try:
        invitation = services.open_invitation(token, at=at)
    except InvitationOver as over:
        return render(request, "members/invitation_over.html", status=over.status)
    signed_in = request.user.is_authenticated
    if request.method == "POST" and signed_in:
        try:
            organisation = services.accept_invitation(token, by=person_of(request), at=at)
        except InvitationOver as over:
            return render(request, "members/invitation_over.html", status=over.status)
        except InvitationForSomebodyElse:
            pass  # the page below says so, with the way to put it right
        else:
            messages.success(request, _("Welcome to %(name)s.") % {"name": organisation.name})
            return redirect("organisation", organisation.public_id)
    context = {
        "invitation": invitation,
        "inviter": invitation.invited_by,
        "roles": [ROLE_WORDS[Role(role)] for role in invitation.roles],
        "fits": signed_in and invitation.email in verified_addresses(request.user),
    }
    wrong = request.method == "POST" and not context["fits"]
    return render(request, "members/accept.html", context, status=403 if wrong else 200)
