# SPDX-License-Identifier: Apache-2.0
"""The page on which a learner lets another site in, or does not (OAuth 2.0, the authorization endpoint).

Nobody is sent anywhere before they have pressed a button here. Anybody can register a site, so a redirect
without asking would make this server's address lead wherever a stranger likes (RFC 9700 section 4.11.2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django import forms
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods
from oauth2_provider.exceptions import FatalClientError, OAuthToolkitError
from oauth2_provider.oauth2_backends import get_oauthlib_core

from cairn_server.portability import services
from cairn_server.portability.models import Client, Consent
from cairn_server.portability.scopes import Right, rights_of
from cairn_server.wallets.models import Collection
from cairn_server.web.access import person_of, refusals_on
from cairn_server.web.organisation import FORM_METHODS

if TYPE_CHECKING:
    from django.http import HttpRequest

    from cairn_server.accounts.models import Person

# What the grant is made of; the page carries it in its own address, as the other site wrote it.
KEPT = ("client_id", "redirect_uri", "response_type", "state", "code_challenge", "code_challenge_method")


class ConsentForm(forms.Form):
    """Which credentials the site may read, when it asks to read any. Nothing is chosen beforehand."""

    reads = forms.ChoiceField(
        label=gettext_lazy("What may it read?"),
        required=False,
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, person: Person, asks: list[Right], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if Right.READ not in asks:
            del self.fields["reads"]
            return
        sizes = {
            reads: services.readable(Consent(person=person, reads=reads)).count()
            for reads in (Consent.Reads.ALL, Consent.Reads.PUBLIC)
        }
        collections = Collection.objects.visible_to(person)
        self.fields["reads"].choices = [  # type: ignore[attr-defined]
            (Consent.Reads.ALL.value, _how_many(_("Everything in your wallet"), sizes[Consent.Reads.ALL])),
            (
                Consent.Reads.PUBLIC.value,
                _how_many(_("Only what everybody may see"), sizes[Consent.Reads.PUBLIC]),
            ),
            *(
                (each.public_id, _("Only the collection “%(name)s”") % {"name": each.name})
                for each in collections
            ),
        ]


def _how_many(words: str, count: int) -> str:
    counted = ngettext("%(n)s credential", "%(n)s credentials", count) % {"n": count}
    return f"{words} ({counted})"


@require_http_methods(FORM_METHODS)
@login_required
def authorize(request: HttpRequest) -> HttpResponse:
    core = get_oauthlib_core()
    try:
        scopes, asked = core.validate_authorization_request(request)
    except OAuthToolkitError as error:
        return _refused(request, error)
    except ValueError:  # an address that oauthlib cannot read
        return _unreadable(request)
    client = get_object_or_404(Client, client_id=asked["client_id"])
    asks = rights_of(scopes)
    # Open Badges asks for all three; oauthlib would do without (OB 3.0, "Authorization Request").
    if not asks or not asked.get("state") or "redirect_uri" not in request.GET:
        return _unreadable(request)
    person, at = person_of(request), timezone.now()
    answer = request.POST.get("do", "") if request.method == "POST" else ""
    form = ConsentForm(request.POST if answer == "allow" else None, person=person, asks=asks)
    if answer == "deny":
        return _finish(request, scopes, asked, allow=False)
    if answer == "allow" and form.is_valid():
        with refusals_on(form):
            reads, collection = _choice(form, person)
            services.let_in(client, by=person, scopes=scopes, reads=reads, collection=collection, at=at)
            return _finish(request, scopes, asked, allow=True)
    before = Consent.objects.visible_to(person).filter(client=client).first()
    context = {
        "client": client,
        "asks": asks,
        "form": form,
        "before": before,
        "address": request.get_full_path(),
    }
    status = 422 if request.method == "POST" else 200
    response = render(request, "connected/consent.html", context, status=status)
    return _may_lead_to(response, asked["redirect_uri"])


def _choice(form: ConsentForm, person: Person) -> tuple[str, Collection | None]:
    chosen = form.cleaned_data.get("reads", "")
    if chosen in ("", Consent.Reads.ALL, Consent.Reads.PUBLIC):
        return chosen or Consent.Reads.NOTHING, None
    collection = get_object_or_404(Collection.objects.visible_to(person), public_id=chosen)
    return Consent.Reads.COLLECTION, collection


def _finish(request: HttpRequest, scopes: list[str], asked: dict[str, Any], *, allow: bool) -> HttpResponse:
    """Back to the site, with a code or with a no: the learner pressed the button."""
    kept = {name: asked[name] for name in KEPT if asked.get(name) is not None}
    try:
        address, _headers, _body, _status = get_oauthlib_core().create_authorization_response(
            request, scopes, kept, allow
        )
    except OAuthToolkitError as error:
        return HttpResponseRedirect(error.oauthlib_error.in_uri(asked["redirect_uri"]))
    return HttpResponseRedirect(address)


def _may_lead_to(response: HttpResponse, redirect_uri: str) -> HttpResponse:
    """Chromium holds the redirect after a form to ``form-action`` too, so the site's origin is in it."""
    target = urlsplit(redirect_uri)
    policy = {
        **settings.SECURE_CSP,
        "form-action": [*settings.SECURE_CSP["form-action"], f"{target.scheme}://{target.netloc}"],
    }
    response["Content-Security-Policy"] = "; ".join(
        f"{name} {' '.join(values)}" for name, values in policy.items()
    )
    return response


def _refused(request: HttpRequest, error: OAuthToolkitError) -> HttpResponse:
    """What the other site asked cannot be done. The learner may go back to it, if it is one that we know."""
    problem = error.oauthlib_error
    back = problem.redirect_uri if problem.redirect_uri and not isinstance(error, FatalClientError) else ""
    context = {
        "code": problem.error,
        "back": problem.in_uri(back) if back else "",
        "host": urlsplit(back).netloc if back else "",
    }
    return render(request, "connected/refused.html", context, status=400)


def _unreadable(request: HttpRequest) -> HttpResponse:
    return render(
        request, "connected/refused.html", {"code": "invalid_request", "back": "", "host": ""}, status=400
    )
