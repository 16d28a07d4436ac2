# SPDX-License-Identifier: Apache-2.0
"""Put it into a wallet: the holder's pages, and the one address behind the QR code.

The holder's page shows the QR code and, apart from it, the transaction code. The address in the QR code is
for whoever has it: a wallet gets the protocols that it may speak, a browser gets buttons, and neither gets
the transaction code.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import segno
from django import forms
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from cairn_server.issuing import copies, invitations, offering
from cairn_server.issuing.offers import CredentialOffer
from cairn_server.web import publication
from cairn_server.web.access import person_of, refusals_on
from cairn_server.web.organisation import posted, status_of
from cairn_server.web.wallet import awarded_to

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import HttpRequest
    from django.utils.safestring import SafeString

    from cairn_server.accounts.models import Person
    from cairn_server.issuing.models import Credential

FORM_METHODS = ["GET", "HEAD", "POST"]
JSON_TYPE = "application/json"


class OfferForm(forms.Form):
    asks = forms.ChoiceField(
        label=gettext_lazy("Who may take it"),
        widget=forms.RadioSelect,
        choices=CredentialOffer.Code.choices,
        initial=CredentialOffer.Code.POSSIBLE,
        help_text=gettext_lazy(
            "The transaction code is a number that you type into your wallet. Whoever only saw the QR code"
            " does not have it."
        ),
    )


@require_http_methods(FORM_METHODS)
@login_required
def put(request: HttpRequest, credential_id: str) -> HttpResponse:
    """Begin: one's own credential, and which kind of wallet."""
    person, at = person_of(request), timezone.now()
    credential = _own(person, credential_id, at=at)
    form = OfferForm(posted(request), initial={"asks": CredentialOffer.Code.POSSIBLE})
    if request.method == "POST" and form.is_valid():
        asks = CredentialOffer.Code(form.cleaned_data["asks"])
        with refusals_on(form):
            _offer, secret = offering.offer(credential, by=person, asks=asks, at=at)
            return publication.private(redirect("wallet-offer", secret))
    context = {"credential": credential, "form": form, "counts": _counts(credential, at=at)}
    return render(request, "putting/put.html", context, status=status_of(form))


def _own(person: Person, credential_id: str, *, at: datetime) -> Credential:
    found = (
        awarded_to(person, at=at)
        .under(credential_id)
        .select_related("version", "organisation", "first")
        .first()
    )
    if found is None:
        raise Http404
    return found


def _counts(credential: Credential, *, at: datetime) -> bool:
    try:
        copies.require_for_wallets(credential, at=at)
    except copies.NotForWallets:
        return False
    return True


@require_http_methods(FORM_METHODS)
@login_required
def offer(request: HttpRequest, secret: str) -> HttpResponse:
    """What the holder sees while a wallet is awaited, and how it ended."""
    person, at = person_of(request), timezone.now()
    found = offering.offer_behind(secret)
    if found is None or found.person_id != person.pk:
        raise Http404
    if request.method == "POST":
        offering.withdraw(found, by=person, at=at)
        return publication.private(redirect("wallet-offer", secret))
    state = state_of(found, at=at)
    if "was" in request.GET:
        return _polled(request, state)
    context = {"offer": found, "credential": found.credential, "state": state}
    if state == "waiting":
        context |= _ways(found, secret)
        if found.asks != CredentialOffer.Code.NEVER:
            context["code"] = offering.transaction_code_of(secret)
    return publication.private(render(request, "putting/offer.html", context))


def state_of(found: CredentialOffer, *, at: datetime) -> str:
    if found.taken_at is not None:
        return "taken"
    if found.is_open(at):
        return "waiting"
    return "begun" if found.is_at_work(at) else "over"


def _polled(request: HttpRequest, state: str) -> HttpResponse:
    """Nothing while nothing has happened; then the whole page anew, for everything on it has changed."""
    if request.GET["was"] == state:
        return HttpResponse(status=204)
    return HttpResponse(headers={"HX-Refresh": "true"})


def _ways(found: CredentialOffer, secret: str) -> dict[str, Any]:
    address = invitations.interaction_url(secret, settings.PUBLIC_URL)
    ways: dict[str, Any] = {
        "address": address,
        "qr": qr(address),
        "openid": invitations.by_reference(secret, settings.PUBLIC_URL),
    }
    if found.asks != CredentialOffer.Code.ALWAYS:
        ways["lcw"] = invitations.protocols(found, secret, settings.PUBLIC_URL)["lcw"]
        ways["dcc"] = invitations.dcc_request(found, secret, settings.PUBLIC_URL)
    return ways


def qr(text: str) -> SafeString:
    """As SVG with the quiet zone that scanners need; dark on white whatever the colours of the page."""
    drawn = segno.make(text, error="m", micro=False).svg_inline(
        scale=6, border=4, dark="#000", light="#fff", omitsize=True, svgclass="wallet-qr", lineclass=None
    )
    return mark_safe(drawn)  # noqa: S308 - drawn from an address of ours


@publication.for_everyone
def interaction(request: HttpRequest, secret: str) -> HttpResponse:
    """What the QR code leads to (VCALM, interaction URL): protocols for a wallet, buttons for a browser."""
    at = timezone.now()
    wants_page = publication.wanted(request, (JSON_TYPE, publication.HTML)) == publication.HTML
    try:
        found = offering.open_offer(secret, at=at)
    except offering.OfferOver:
        if wants_page:
            return _kept_apart(render(request, "putting/over.html", status=404))
        return _kept_apart(HttpResponse("{}", content_type=JSON_TYPE, status=404))
    if wants_page:
        context = {"credential": found.credential, **_ways(found, secret)}
        return _kept_apart(render(request, "putting/interaction.html", context))
    body = {"protocols": invitations.protocols(found, secret, settings.PUBLIC_URL)}
    return _kept_apart(HttpResponse(json.dumps(body), content_type=JSON_TYPE))


def _kept_apart(response: HttpResponse) -> HttpResponse:
    return publication.private(publication.page(response))
