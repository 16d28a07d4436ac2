# SPDX-License-Identifier: Apache-2.0
"""The end of reminders: the link that stands in the header of each of them (RFC 8058).

It names the message by its random token, so it needs no account. A mail program posts to it with one press;
what looks at links in advance, as mail scanners do, only ever reads the page and ends nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from cairn_server.issuing import returned
from cairn_server.issuing.models import Delivery
from cairn_server.issuing.returned import StoppedAddress
from cairn_server.web.organisation import FORM_METHODS

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


# A mail program has no form of ours; and all that can be done here is what the link in the mail is for.
@csrf_exempt
@never_cache
@require_http_methods(FORM_METHODS)
def stop(request: HttpRequest, letter: str) -> HttpResponse:
    delivery = get_object_or_404(
        Delivery.objects.select_related("credential__organisation"),
        token=letter,
        kind__in=returned.ENDED_BY_A_LINK,
    )
    if request.method == "POST":
        returned.stop(delivery, StoppedAddress.Why.UNSUBSCRIBED, at=timezone.now())
    context = {"organisation": delivery.credential.organisation, "done": request.method == "POST"}
    return render(request, "pages/reminders.html", context)
