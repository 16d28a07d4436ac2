# SPDX-License-Identifier: Apache-2.0
"""The keys an organisation signs with: the list, replacing the one in use, and declaring one compromised."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from cairn.did import MAX_KEYS
from cairn_server.issuing import services
from cairn_server.organisations import identity, roles
from cairn_server.organisations.keys import KeyAlreadyRevoked, key_history
from cairn_server.organisations.models import SigningKey
from cairn_server.web.access import OWNERS, READERS, Member, member_page, refusals_on
from cairn_server.web.organisation import FORM_METHODS, posted, status_of

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@require_safe
@member_page(*READERS)
def index(request: HttpRequest, member: Member) -> HttpResponse:
    context = {
        "member": member,
        "keys": key_history(member.organisation),
        "may_change": member.may_revoke_keys and not identity.is_the_key(member.organisation),
    }
    return render(request, "organisation/keys.html", context)


class RotateForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=identity.MAX_REASON,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy(
            "Your auditors read it in the journal, which is never changed: name no people in it."
        ),
    )


@require_http_methods(FORM_METHODS)
@member_page(*OWNERS)
def rotate(request: HttpRequest, member: Member) -> HttpResponse:
    organisation = member.organisation
    roles.require_signer(member.person, organisation)
    form = RotateForm(posted(request))
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            key = identity.rotate_key(
                organisation, by=member.person, reason=form.cleaned_data["reason"], at=timezone.now()
            )
            messages.success(request, _("Replaced. From now on %(key)s signs.") % {"key": key.fragment})
            return redirect("organisation-keys", organisation.public_id)
    used = organisation.signing_keys.count()
    context = {
        "member": member,
        "form": form,
        "fixed": identity.is_the_key(organisation),
        "left": MAX_KEYS - used,
        "most": MAX_KEYS,
    }
    return render(request, "organisation/key_rotate.html", context, status=status_of(form))


class RevokeForm(RotateForm):
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
    if key.state == SigningKey.State.REVOKED:
        raise KeyAlreadyRevoked
    form = RevokeForm(posted(request))
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            unsigned = services.revoke_key(
                key, by=member.person, reason=form.cleaned_data["reason"], at=timezone.now()
            )
            messages.success(
                request, _("Declared compromised. What %(key)s signed is refused.") % {"key": key.fragment}
            )
            if unsigned:
                messages.warning(
                    request,
                    _(
                        "The lists of what is revoked and suspended could not be signed anew. It is tried"
                        " again every minute; until then your credentials cannot be checked."
                        " Tell your operator."
                    ),
                )
            return redirect("organisation-keys", organisation.public_id)
    context = {
        "member": member,
        "key": key,
        "form": form,
        "fixed": identity.is_the_key(organisation),
        "signed": signed_with(key),
    }
    return render(request, "organisation/key_revoke.html", context, status=status_of(form))


def signed_with(key: SigningKey) -> int:
    """How many credentials this key signed: those that were signed while it was the active one."""
    signed = key.organisation.credentials.signed().filter(secured__leaf__created_at__gte=key.created_at)
    if key.retired_at is not None:
        signed = signed.filter(secured__leaf__created_at__lt=key.retired_at)
    return signed.distinct().count()
