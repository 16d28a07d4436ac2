# SPDX-License-Identifier: Apache-2.0
"""Connected sites: who may do what with one's wallet, since when, last used; and taking it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cairn_server.portability import services
from cairn_server.portability.models import Connection, Consent
from cairn_server.portability.scopes import rights_of
from cairn_server.web.access import person_of

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@require_safe
@login_required
def sites(request: HttpRequest) -> HttpResponse:
    found = Consent.objects.visible_to(person_of(request)).select_related("client", "collection")
    context = {
        "sites": [{"consent": each, "may": rights_of(each.scope.split())} for each in found],
        "hosts": Connection.objects.visible_to(person_of(request)).open().select_related("host"),
    }
    return render(request, "connected/sites.html", context)


@require_POST
@login_required
def take_back(request: HttpRequest, consent_id: str) -> HttpResponse:
    person = person_of(request)
    consent = get_object_or_404(
        Consent.objects.visible_to(person).select_related("client"), public_id=consent_id
    )
    services.take_back(consent, by=person, at=timezone.now())
    messages.success(request, _("%(site)s may do nothing here any more.") % {"site": consent.client.host})
    return redirect("connected-sites")
