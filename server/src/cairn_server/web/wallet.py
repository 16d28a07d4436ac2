# SPDX-License-Identifier: Apache-2.0
"""The wallet: everything that was awarded to an address its holder has confirmed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from cairn_server.accounts.services import verified_addresses
from cairn_server.issuing.models import Credential
from cairn_server.web import listing
from cairn_server.web.access import person_of

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse

    from cairn_server.accounts.models import Person


@require_safe
@login_required
def index(request: HttpRequest) -> HttpResponse:
    person = person_of(request)
    found = awarded_to(person)
    text = request.GET.get("q", "")[:200]
    if text:
        found = found.filter(Q(version__name__icontains=text) | Q(organisation__name__icontains=text))
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


def awarded_to(person: Person) -> QuerySet[Credential]:
    """Awards to the person's confirmed addresses, newest first.

    Asked of the awards and not of what was delivered: an address confirmed a minute ago shows its awards now,
    and one that was given up shows them no longer (B146).
    """
    return (
        Credential.objects.signed()
        .filter(recipient_email__in=verified_addresses(person))
        .select_related("version__picture", "organisation")
        .order_by("-awarded_at", "-id")
    )
