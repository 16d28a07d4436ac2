# SPDX-License-Identifier: Apache-2.0
"""The wallet: everything that was awarded to an address its holder has confirmed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Exists, OuterRef, Q
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cairn_server.accounts.services import verified_addresses
from cairn_server.errors import Refusal
from cairn_server.issuing import as_token
from cairn_server.issuing.models import Credential, SecuredCredential
from cairn_server.web import listing
from cairn_server.web.access import person_of

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponseBase

    from cairn_server.accounts.models import Person
    from cairn_server.issuing.models import CredentialQuerySet


_TOKENS = SecuredCredential.objects.filter(credential=OuterRef("pk"), format=SecuredCredential.Format.JWT)


@require_safe
@login_required
def index(request: HttpRequest) -> HttpResponseBase:
    person = person_of(request)
    found = awarded_to(person)
    text = listing.query_of(request)
    if text:
        found = found.filter(Q(version__name__icontains=text) | Q(organisation__name__icontains=text))
    if listing.wants_csv(request):
        return listing.csv_download(
            "wallet",
            [_("Achievement"), _("Issuer"), _("Awarded"), _("Valid until"), _("Standing"), _("Address")],
            (
                [
                    held.version.name,
                    held.organisation.name,
                    held.awarded_at.date().isoformat(),
                    held.valid_until.date().isoformat() if held.valid_until else "",
                    held.get_standing_display(),
                    held.address(settings.PUBLIC_URL),
                ]
                for held in found.iterator()
            ),
        )
    return render(
        request,
        "wallet/index.html",
        {
            "page": listing.page_of(request, found),
            "query": text,
            "addresses": sorted(verified_addresses(person)),
            "at": timezone.now(),
        },
    )


@require_POST
@login_required
def token(request: HttpRequest, credential_id: str) -> HttpResponseBase:
    """One's own credential as a token too, for a wallet that takes nothing else."""
    person = person_of(request)
    credential = awarded_to(person).under(credential_id).first()
    if credential is None:
        raise Http404
    try:
        as_token.sign_own_as_token(credential, by=person, at=timezone.now())
    except Refusal as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, _("Signed. “Take it with you” has the token now."))
    return redirect("wallet")


def awarded_to(person: Person) -> CredentialQuerySet:
    """Awards to the person's confirmed addresses, newest first.

    Asked of the awards and not of what was delivered: an address confirmed a minute ago shows its awards now,
    and one that was given up shows them no longer (B146).
    """
    return (
        Credential.objects.signed()
        .newest()
        .filter(recipient_email__in=verified_addresses(person))
        .select_related("version__picture", "organisation", "first")
        .annotate(has_token=Exists(_TOKENS))
        .order_by("-awarded_at", "-id")
    )
