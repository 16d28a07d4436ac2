# SPDX-License-Identifier: Apache-2.0
"""Renewals: the rule of an achievement, what ends and who asks, the answer; and the holder's own page."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from cairn_server.achievements.services import InvalidField
from cairn_server.issuing import reminders, renewal, standing
from cairn_server.issuing.life import LifePolicy, RenewalRequest, RenewalRule, Standing, StandingAct
from cairn_server.issuing.models import Credential
from cairn_server.organisations import roles
from cairn_server.organisations.roles import Role
from cairn_server.web import listing, markdown
from cairn_server.web.access import (
    AWARD_READERS,
    ISSUERS,
    Member,
    member_page,
    person_of,
    refusals_on,
)
from cairn_server.web.organisation import posted, status_of
from cairn_server.web.wallet import awarded_to

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from cairn_server.accounts.models import Person
    from cairn_server.achievements.models import Achievement

FORM_METHODS = ["GET", "HEAD", "POST"]


class DaysField(forms.CharField):
    """Numbers of days, as people write them: “90, 30, 7”."""

    def clean(self, value: Any) -> list[int]:
        text = super().clean(value)
        try:
            return renewal.clean_days([int(each) for each in text.replace(",", " ").split()])
        except ValueError:
            raise forms.ValidationError(_("Write numbers with commas between them: 90, 30, 7.")) from None
        except InvalidField as refusal:
            raise forms.ValidationError(str(refusal.message)) from None


def _as_text(days: list[int]) -> str:
    return ", ".join(map(str, days))


# The rule of one achievement


class RuleForm(forms.Form):
    needs = forms.ChoiceField(
        label=gettext_lazy("What it takes"),
        widget=forms.RadioSelect,
        choices=[("", gettext_lazy("It cannot be renewed: it ends")), *RenewalRule.Needs.choices],
        required=False,
    )
    needed = forms.ChoiceField(label=gettext_lazy("Which other credential"), required=False)
    opens_days = forms.IntegerField(
        label=gettext_lazy("From how many days before the end"), min_value=0, max_value=renewal.LONGEST_DAYS
    )
    grace_days = forms.IntegerField(
        label=gettext_lazy("Until how many days after the end"),
        min_value=0,
        max_value=renewal.LONGEST_DAYS,
        help_text=gettext_lazy("In these days it has ended and does not count, but can still be renewed."),
    )
    instructions = forms.CharField(
        label=gettext_lazy("What holders should know"),
        required=False,
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("Where the assessment takes place, what counts as evidence. Markdown."),
    )
    fee_note = forms.CharField(
        label=gettext_lazy("Fee"),
        required=False,
        max_length=200,
        help_text=gettext_lazy("Only shown, never collected here: “40 euros, paid at the front desk”."),
    )
    reminder_days = DaysField(
        label=gettext_lazy("Remind holders so many days before the end"),
        required=False,
        help_text=gettext_lazy("Several with commas between them. Empty reminds nobody."),
    )

    def __init__(self, *args: Any, others: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["needed"].choices = [("", _("None")), *others]  # type: ignore[attr-defined]


@require_http_methods(FORM_METHODS)
@member_page(*ISSUERS)
def rule(request: HttpRequest, member: Member, achievement_id: str) -> HttpResponse:
    achievement = member.achievement(achievement_id)
    others = {
        each.public_id: each
        for each in member.organisation.achievements.filter(versions__state="published").distinct()
        if each != achievement
    }
    found = RenewalRule.objects.filter(achievement=achievement).select_related("needed").first()
    form = RuleForm(
        posted(request),
        initial=_initial(achievement, found),
        others=sorted(((key, each.current.name) for key, each in others.items()), key=lambda pair: pair[1]),
    )
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            _save_rule(achievement, form.cleaned_data, others, by=member.person)
            messages.success(request, _("Saved."))
            return redirect(
                "achievement-detail", member.organisation.public_id, achievement.current.public_id
            )
    context = {"member": member, "version": achievement.current, "form": form}
    return render(request, "renewals/rule.html", context, status=status_of(form))


def _initial(achievement: Achievement, found: RenewalRule | None) -> dict[str, Any]:
    days = _as_text(reminders.days_of(achievement))
    if found is None:
        return {"needs": "", "opens_days": 90, "grace_days": 30, "reminder_days": days}
    names = ("needs", "opens_days", "grace_days", "instructions", "fee_note")
    needed = found.needed.public_id if found.needed else ""
    return {name: getattr(found, name) for name in names} | {"needed": needed, "reminder_days": days}


def _save_rule(
    achievement: Achievement, said: dict[str, Any], others: dict[str, Achievement], *, by: Person
) -> None:
    at = timezone.now()
    if not said["needs"]:
        renewal.remove_rule(achievement, by=by, at=at)
        return
    # What another kind of rule would need is not an answer to this one.
    wants_other = said["needs"] == RenewalRule.Needs.CREDENTIAL
    fields = {name: value for name, value in said.items() if name not in ("needed", "needs")}
    renewal.set_rule(
        achievement,
        by=by,
        at=at,
        needs=said["needs"],
        needed=others.get(said["needed"]) if wants_other else None,
        **fields,
    )


# All of an organisation


class PolicyForm(forms.Form):
    reminder_days = DaysField(
        label=gettext_lazy("Remind holders so many days before the end"),
        required=False,
        help_text=gettext_lazy("Several with commas between them. An achievement can have its own."),
    )
    approve_above = forms.IntegerField(
        label=gettext_lazy("A second person agrees to changes of more than so many credentials"),
        min_value=1,
        max_value=standing.MAX_AT_ONCE,
    )


@require_http_methods(FORM_METHODS)
@member_page(*AWARD_READERS)
def index(request: HttpRequest, member: Member) -> HttpResponse:
    """What ends soon, who asks, what waits for a second person, and the settings of all that."""
    organisation = member.organisation
    if request.method == "POST":
        roles.require(member.person, Role.OWNER, organisation)
    policy = LifePolicy.objects.filter(organisation=organisation).first() or LifePolicy()
    form = PolicyForm(
        posted(request),
        initial={
            "reminder_days": _as_text(policy.reminder_days),
            "approve_above": policy.approve_above,
        },
    )
    at = timezone.now()
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            reminders.set_policy(organisation, by=member.person, at=at, **form.cleaned_data)
            messages.success(request, _("Saved."))
            return redirect("renewals", organisation.public_id)
    ending = (
        Credential.objects.signed()
        .newest()
        .filter(
            organisation=organisation,
            standing=Standing.ACTIVE,
            valid_until__gt=at,
            valid_until__lte=at + timedelta(days=90),
        )
        .select_related("version")
        .order_by("valid_until")
    )
    requests = RenewalRequest.objects.filter(
        credential__organisation=organisation, state=RenewalRequest.State.WAITING
    ).select_related("credential__version")
    context = {
        "member": member,
        "page": listing.page_of(request, ending),
        "requests": requests.order_by("created_at"),
        "acts": StandingAct.objects.filter(
            organisation=organisation, state=StandingAct.State.AWAITING
        ).select_related("by"),
        "form": form,
        "at": at,
    }
    return render(request, "renewals/index.html", context, status=status_of(form))


class AnswerForm(forms.Form):
    answer = forms.CharField(
        label=gettext_lazy("If not: why"),
        required=False,
        max_length=standing.MAX_REASON,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("The holder reads it in an e-mail."),
    )


@require_http_methods(FORM_METHODS)
@member_page(*ISSUERS)
def answer(request: HttpRequest, member: Member, request_id: str) -> HttpResponse:
    asked = get_object_or_404(
        RenewalRequest.objects.select_related(
            "credential__version__achievement", "credential__organisation", "decided_by"
        ),
        credential__organisation=member.organisation,
        public_id=request_id,
    )
    roles.require_signer(member.person, member.organisation)
    form = AnswerForm(posted(request))
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            at = timezone.now()
            if request.POST.get("decision") == "approve":
                renewal.approve(asked, by=member.person, at=at)
                messages.success(request, _("Renewed. The holder gets an e-mail."))
            else:
                renewal.refuse(asked, by=member.person, answer=form.cleaned_data["answer"], at=at)
                messages.success(request, _("Not renewed. The holder gets an e-mail with your reason."))
            return redirect("renewals", member.organisation.public_id)
    context = {"member": member, "asked": asked, "credential": asked.credential, "form": form}
    return render(request, "renewals/answer.html", context, status=status_of(form))


# The holder


class AskForm(forms.Form):
    evidence_url = forms.URLField(
        label=gettext_lazy("Link to your evidence"), required=False, max_length=2_000, assume_scheme="https"
    )
    note = forms.CharField(
        label=gettext_lazy("What you have done since"),
        required=False,
        max_length=5_000,
        widget=forms.Textarea(attrs={"rows": 5}),
    )


@require_http_methods(FORM_METHODS)
@login_required
def renew(request: HttpRequest, credential_id: str) -> HttpResponse:
    """One's own credential goes on: with one click, or with a request."""
    person, at = person_of(request), timezone.now()
    credential = (
        awarded_to(person, at=at)
        .under(credential_id)
        .select_related("version__achievement", "organisation", "first")
        .first()
    )
    if credential is None:
        raise Http404
    offer = renewal.offer(credential, at=at)
    form = AskForm(posted(request))
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            if offer.rule is not None and offer.rule.is_one_click:
                renewal.renew(credential, by=person, at=at)
                messages.success(request, _("Renewed. The link is the same as before."))
                return redirect("wallet")
            renewal.ask(credential, by=person, at=at, **form.cleaned_data)
            messages.success(request, _("Sent. You get an e-mail with the answer."))
            return redirect("wallet-renew", credential.address_id)
    last = credential.renewal_requests.order_by("-pk").first()
    context = {
        "credential": credential,
        "offer": offer,
        "missing": renewal.missing(offer.rule, person, at=at) if offer.rule else "",
        "instructions": markdown.render(offer.rule.instructions) if offer.rule else "",
        "last": last,
        "is_waiting": last is not None and last.state == RenewalRequest.State.WAITING,
        "form": form,
    }
    return render(request, "renewals/renew.html", context, status=status_of(form))
