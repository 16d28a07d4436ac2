# SPDX-License-Identifier: Apache-2.0
"""The keys an organisation signs with: the list, changing them with a second owner, and what follows a
theft."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import TYPE_CHECKING

from django import forms
from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cairn.did import MAX_KEYS
from cairn.keys import Algorithm
from cairn_server.issuing import reissue, services
from cairn_server.issuing.models import Batch
from cairn_server.organisations import identity, key_changes, roles
from cairn_server.organisations.keys import KeyAlreadyRevoked, key_history
from cairn_server.organisations.models import KeyChange, SigningKey
from cairn_server.web.access import OWNERS, READERS, Member, member_page, refusals_on
from cairn_server.web.organisation import FORM_METHODS, posted, status_of

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@require_safe
@member_page(*READERS)
def index(request: HttpRequest, member: Member) -> HttpResponse:
    organisation = member.organisation
    fixed = identity.is_the_key(organisation)
    context = {
        "member": member,
        "keys": key_history(organisation),
        "may_change": member.may_revoke_keys and not fixed,
        "waiting": organisation.key_changes.filter(state=KeyChange.State.PROPOSED).select_related(
            "key", "proposed_by"
        ),
        "alone": key_changes.decides_alone(organisation),
        "only_owner": key_changes.only_owner(organisation),
        "fixed": fixed,
    }
    return render(request, "organisation/keys.html", context)


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=key_changes.MAX_REASON,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy(
            "Your auditors read it in the journal, which is never changed: name no people in it."
        ),
    )


class RotateForm(ReasonForm):
    algorithm = forms.ChoiceField(
        label=gettext_lazy("Kind of key"),
        choices=[
            (Algorithm.ED25519.value, gettext_lazy("Ed25519, which every verifier of Open Badges knows")),
            (Algorithm.P256.value, gettext_lazy("P-256, for wallets and laws that ask for it")),
        ],
        initial=Algorithm.ED25519.value,
        required=False,
        widget=forms.RadioSelect,
    )

    def clean_algorithm(self) -> Algorithm:
        return Algorithm(self.cleaned_data["algorithm"] or Algorithm.ED25519)


@require_http_methods(FORM_METHODS)
@member_page(*OWNERS)
def rotate(request: HttpRequest, member: Member) -> HttpResponse:
    organisation = member.organisation
    roles.require_signer(member.person, organisation)
    form = RotateForm(posted(request))
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            change = key_changes.propose_replacement(
                organisation, by=member.person, at=timezone.now(), **form.cleaned_data
            )
            _say_what_became(request, change, [])
            return redirect("organisation-keys", organisation.public_id)
    used = organisation.signing_keys.count()
    context = {
        "member": member,
        "form": form,
        "fixed": identity.is_the_key(organisation),
        "alone": key_changes.decides_alone(organisation),
        "needs_another": key_changes.only_owner(organisation) and not organisation.one_person_keys,
        "left": MAX_KEYS - used,
        "most": MAX_KEYS,
    }
    return render(request, "organisation/key_rotate.html", context, status=status_of(form))


class RevokeForm(ReasonForm):
    since = forms.DateField(
        label=gettext_lazy("Since when may somebody else have it?"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=gettext_lazy(
            "The earliest day that is possible. Leave it empty if you do not know: then it counts from the"
            " first day of the key."
        ),
    )
    knows = forms.BooleanField(
        label=gettext_lazy("I know that what it signed stops verifying, and that this cannot be undone"),
        error_messages={"required": gettext_lazy("Tick the box to declare the key compromised.")},
    )


@require_http_methods(FORM_METHODS)
@member_page(*OWNERS)
def revoke(request: HttpRequest, member: Member, fragment: str) -> HttpResponse:
    """Not only for open organisations: whoever has the key of a closed one can sign in its name."""
    organisation = member.organisation
    key = member.key(fragment)
    roles.require_signer(member.person, organisation)
    if key.state == SigningKey.State.COMPROMISED:
        raise KeyAlreadyRevoked
    form = RevokeForm(posted(request))
    if request.method == "POST" and form.is_valid():
        at = timezone.now()
        with refusals_on(form):
            change, problems = services.declare_key_compromised(
                key,
                by=member.person,
                since=_first_moment(key, form.cleaned_data["since"]),
                reason=form.cleaned_data["reason"],
                at=at,
            )
            _say_what_became(request, change, problems)
            return redirect("organisation-keys", organisation.public_id)
    context = {
        "member": member,
        "key": key,
        "form": form,
        "fixed": identity.is_the_key(organisation),
        "alone": key_changes.decides_alone(organisation),
        "signed": reissue.signed_with(key).count(),
    }
    return render(request, "organisation/key_revoke.html", context, status=status_of(form))


def _first_moment(key: SigningKey, day: object) -> datetime:
    """The first moment of that day on which there was such a key."""
    if day is None:
        return key.created_at
    start = datetime.combine(day, time.min, UTC)  # type: ignore[arg-type]
    return max(start, key.created_at) if start.date() == key.created_at.date() else start


@require_POST
@member_page(*OWNERS)
def confirm(request: HttpRequest, member: Member, change_id: str) -> HttpResponse:
    change = _change(member, change_id)
    change, problems = services.confirm_key_change(change, by=member.person, at=timezone.now())
    _say_what_became(request, change, problems)
    return redirect("organisation-keys", member.organisation.public_id)


@require_POST
@member_page(*OWNERS)
def withdraw(request: HttpRequest, member: Member, change_id: str) -> HttpResponse:
    change = key_changes.withdraw(_change(member, change_id), by=member.person, at=timezone.now())
    if change.kind == KeyChange.Kind.REPLACE:
        messages.success(request, _("Withdrawn. The new key is thrown away without having signed anything."))
    else:
        messages.success(request, _("Withdrawn. %(key)s signs again.") % {"key": change.key.fragment})
    return redirect("organisation-keys", member.organisation.public_id)


@require_POST
@member_page(*OWNERS)
def alone(request: HttpRequest, member: Member) -> HttpResponse:
    decides = request.POST.get("alone") == "yes"
    key_changes.set_alone(member.organisation, by=member.person, alone=decides, at=timezone.now())
    messages.success(
        request,
        _("You decide alone about keys, until there is a second owner.")
        if decides
        else _("From now on two owners decide about keys."),
    )
    return redirect("organisation-keys", member.organisation.public_id)


@require_http_methods(FORM_METHODS)
@member_page(*OWNERS)
def again(request: HttpRequest, member: Member, fragment: str) -> HttpResponse:
    """Award again what a compromised key signed: how much that is, and how far it has come."""
    key = member.key(fragment)
    at = timezone.now()
    if request.method == "POST":
        total = sum(batch.total for batch in reissue.begin(key, by=member.person, at=at))
        messages.success(
            request,
            ngettext(
                "%(total)d credential is being awarded again.",
                "%(total)d credentials are being awarded again.",
                total,
            )
            % {"total": total},
        )
        return redirect("key-again", member.organisation.public_id, fragment)
    compromised = key.state == SigningKey.State.COMPROMISED
    batches = Batch.objects.filter(organisation=member.organisation, kind=Batch.Kind.REISSUE)
    context = {
        "member": member,
        "key": key,
        "compromised": compromised,
        "waiting": reissue.left_to_begin(key, at=at) if compromised else 0,
        "batches": batches.filter(created_at__gte=key.revoked_at).select_related("version")
        if compromised
        else [],
    }
    return render(request, "organisation/key_again.html", context)


def _change(member: Member, change_id: str) -> KeyChange:
    return get_object_or_404(KeyChange, organisation=member.organisation, public_id=change_id)


def _say_what_became(request: HttpRequest, change: KeyChange, problems: list[str]) -> None:
    name = {"key": change.key.fragment}
    replaces = change.kind == KeyChange.Kind.REPLACE
    if change.state == KeyChange.State.PROPOSED and replaces:
        messages.success(request, _("%(key)s is made. It signs as soon as another owner agrees.") % name)
    elif change.state == KeyChange.State.PROPOSED:
        messages.success(
            request, _("%(key)s signs nothing any more. Another owner has to confirm the rest.") % name
        )
    elif replaces:
        messages.success(request, _("Replaced. From now on %(key)s signs.") % name)
    else:
        messages.success(request, _("Declared compromised. What %(key)s signed is refused.") % name)
    if problems:
        messages.warning(
            request,
            _(
                "The lists of what is revoked and suspended could not be signed anew. It is tried"
                " again every minute; until then your credentials cannot be checked."
                " Tell your operator."
            ),
        )
