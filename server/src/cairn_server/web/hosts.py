# SPDX-License-Identifier: Apache-2.0
"""Wallets elsewhere: connect one, fetch from it, send to it, disconnect.

What is fetched is judged as if its holder had brought it; what is sent is chosen one by one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.shortcuts import get_object_or_404, redirect, render
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_safe

from cairn.errors import UnavailableError
from cairn_server.accounts import limits
from cairn_server.earning import services as earning
from cairn_server.portability import hosts
from cairn_server.portability.models import Connection, Consent
from cairn_server.portability.sealing import Vault
from cairn_server.portability.services import readable
from cairn_server.wallets import arriving
from cairn_server.wallets.models import HeldCredential
from cairn_server.web.access import person_of, refusals_on
from cairn_server.web.backpack import Brought, taken_in
from cairn_server.web.organisation import FORM_METHODS, posted, status_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import HttpRequest, HttpResponse

    from cairn_server.accounts.models import Person

MOST_SENT = 10
MOST_OFFERED = 200
# Of one person: each asks machines of others.
ERRANDS = limits.Limit("host-errand", burst=20, per_minute=6)


def means() -> hosts.Means:
    here = settings.PUBLIC_URL
    return hosts.Means(
        asker=import_string(settings.HOST_ASKER)(),
        vault=Vault([settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]),
        about_us={
            "client_name": settings.OPERATOR_NAME or "Cairn",
            "client_uri": f"{here}/",
            "logo_uri": here + static("img/favicon.svg"),
            "tos_uri": here + reverse("terms"),
            "policy_uri": here + reverse("privacy"),
            "software_id": "cairn",
            "software_version": "1",
        },
        # One for each host, so that none can pass its learner's answer off as another's (RFC 9700, 4.4).
        callback=lambda host_id: here + reverse("host-callback", args=[host_id]),
    )


class AddressForm(forms.Form):
    address = forms.CharField(
        label=gettext_lazy("Address of the other wallet"),
        help_text=gettext_lazy("As you type it in your browser, for example https://wallet.example"),
        max_length=500,
        widget=forms.TextInput(attrs={"inputmode": "url", "autocomplete": "url", "spellcheck": "false"}),
    )


@require_http_methods(FORM_METHODS)
@login_required
def connect(request: HttpRequest) -> HttpResponse:
    """Find the host; then say where the learner goes, and let them go there by a link of its own."""
    person, form = person_of(request), AddressForm(posted(request))
    if request.method == "POST" and form.is_valid():
        at = timezone.now()
        ERRANDS.take(person.public_id, at=at)
        try:
            with refusals_on(form):
                connection, address = hosts.begin(
                    form.cleaned_data["address"], by=person, means=means(), at=at
                )
                return render(request, "connected/go.html", {"connection": connection, "address": address})
        except UnavailableError:
            form.add_error("address", str(hosts.NoHost().message))
    return render(request, "connected/connect.html", {"form": form}, status=status_of(form))


@require_safe
@login_required
def callback(request: HttpRequest, host_id: str) -> HttpResponse:
    """Back from the host. ``state`` says that this very learner was sent there, and counts once."""
    person, at = person_of(request), timezone.now()
    ERRANDS.take(person.public_id, at=at)
    try:
        connection = hosts.finish(
            host_id,
            by=person,
            state=request.GET.get("state", ""),
            code=request.GET.get("code", ""),
            means=means(),
            at=at,
        )
    except (hosts.HostRefused, UnavailableError):
        messages.error(request, _("The other site did not let us in. Nothing has changed."))
        return redirect("connected-sites")
    messages.success(request, _("%(site)s is connected.") % {"site": connection.host.netloc})
    return redirect("host", connection.public_id)


@require_http_methods(FORM_METHODS)
@login_required
def one(request: HttpRequest, connection_id: str) -> HttpResponse:
    person, at = person_of(request), timezone.now()
    connection = get_object_or_404(
        Connection.objects.visible_to(person).open().select_related("host"), public_id=connection_id
    )
    context: dict[str, object] = {"connection": connection}
    done = request.POST.get("do", "") if request.method == "POST" else ""
    if done:
        ERRANDS.take(person.public_id, at=at)
    if done == "out":
        hosts.disconnect(connection, by=person, means=means(), at=at)
        messages.success(request, _("%(site)s is disconnected.") % {"site": connection.host.netloc})
        return redirect("connected-sites")
    try:
        if done == "fetch":
            context |= _fetch(connection, person)
        elif done == "send":
            context["sent"] = _send(connection, person, request.POST.getlist("held"))
    except UnavailableError:
        context["problem"] = _("The other site does not answer just now.")
    except (hosts.HostRefused, hosts.HostBusy) as refusal:
        context["problem"] = str(refusal.message)
    mine = readable(Consent(person=person, reads=Consent.Reads.ALL)).order_by("-received_at", "-pk")
    context["mine"] = mine.only("public_id", "name", "issuer_name")[:MOST_OFFERED]
    context["most"] = MOST_SENT
    return render(request, "connected/host.html", context, status=409 if "problem" in context else 200)


def _fetch(connection: Connection, person: Person) -> dict[str, object]:
    fetched = hosts.fetch(connection, by=person, means=means(), at=timezone.now())
    limit = settings.RATE_LIMITS["verify"]
    limits.Limit("verify", limit["burst"], limit["per_minute"]).take(
        f"bring:{person.public_id}", at=timezone.now(), tokens=max(1, len(fetched.credentials))
    )
    sources = arriving.Once(import_string(settings.SOURCES)())
    results: list[Brought] = []
    for number, data in enumerate(fetched.credentials, start=1):
        brought = taken_in(
            _("Number %(n)s") % {"n": number},
            lambda data=data: data,  # type: ignore[misc]
            person,
            sources=sources,
            arrival=HeldCredential.Arrival.SITE,
            came_from=connection.host.netloc,
        )
        results.append(brought)
    new = sum(each.kept is not None and each.kept.is_new for each in results)
    if new:
        earning.reconsider(person, at=timezone.now())
    said = ngettext(
        "%(n)s of %(all)s is new in your wallet.", "%(n)s of %(all)s are new in your wallet.", new
    )
    return {"results": results, "kept": said % {"n": new, "all": len(results)}, "has_more": fetched.has_more}


def _send(connection: Connection, person: Person, chosen: Sequence[str]) -> list[tuple[str, bool]]:
    """What was sent, and whether it was new there."""
    mine = readable(Consent(person=person, reads=Consent.Reads.ALL))
    wanted = [each for each in dict.fromkeys(chosen) if len(each) == 22 and each.isascii()][:MOST_SENT]
    return [
        (held.name, hosts.send(connection, held, by=person, means=means(), at=timezone.now()))
        for held in mine.filter(public_id__in=wanted)
    ]
