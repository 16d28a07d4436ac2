# SPDX-License-Identifier: Apache-2.0
"""``/claim/<secret>``: the link of an award letter. Who gives it, what it is, why; then yes or no.

    the question ── accept or decline ──┬── signed in with the address, and proved within a year: done
                                        └── a code to the address ── typed here: done

No account comes first: whoever types the code gets one under that address, or is signed in to theirs. The
address itself is never shown, and the page is the same whether or not somebody has an account with it (B144).
The steps are kept in the session, so the page has one address, works without scripts and can be loaded anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from smtplib import SMTPException
from typing import TYPE_CHECKING, Any

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import perform_login
from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from cairn_server.accounts import proving
from cairn_server.accounts.limits import TooMany
from cairn_server.accounts.services import person_with_address, verified_addresses
from cairn_server.earning import services as earning
from cairn_server.issuing import claiming
from cairn_server.issuing import services as issuing
from cairn_server.issuing.answers import MAX_REASON, Answer
from cairn_server.issuing.models import Credential
from cairn_server.web import credential as credential_page
from cairn_server.web import publication
from cairn_server.web.access import person_of
from cairn_server.web.organisation import FORM_METHODS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from django.http import HttpRequest

    from cairn_server.accounts.models import Person
    from cairn_server.issuing.answers import ClaimLink

STEP = "claim"


class CodeForm(forms.Form):
    code = forms.CharField(
        label=gettext_lazy("Code"),
        max_length=20,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "autocapitalize": "off"}
        ),
        error_messages={"required": gettext_lazy("Type the code that is in the mail.")},
    )


class DeclineForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Why not?"),
        required=False,
        max_length=MAX_REASON,
        help_text=gettext_lazy("If you like. The issuer reads it."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )


@dataclass(slots=True)
class Asked:
    """One award, at one of the two addresses where it is asked about."""

    credential: Credential
    here: str
    at: datetime
    link: ClaimLink | None = None

    @property
    def about(self) -> str:
        """What a code for it is for, and for nothing else."""
        return f"claim:{self.credential.public_id}"

    @property
    def is_over(self) -> bool:
        if self.link is not None:
            return self.at >= self.link.expires_at
        return not claiming.is_open(self.credential, at=self.at)


@require_http_methods(FORM_METHODS)
def claim(request: HttpRequest, secret: str) -> HttpResponse:
    """From the letter, with or without an account."""
    link = claiming.link_behind(secret)
    if link is None:
        return credential_page.absent(request)
    return _answered_by(
        request, Asked(link.credential, reverse("claim", args=[secret]), timezone.now(), link=link)
    )


@require_http_methods(FORM_METHODS)
@login_required
def answer(request: HttpRequest, credential_id: str) -> HttpResponse:
    """From one's own wallet: the same question about something that waits there."""
    person, at = person_of(request), timezone.now()
    found = claiming.known_of(person).under(credential_id).select_related("first").last()
    if found is None:
        raise Http404
    first = Credential.objects.select_related("organisation", "version__achievement").get(
        pk=found.first_id or found.pk
    )
    return _answered_by(request, Asked(first, reverse("wallet-answer", args=[credential_id]), at))


def _answered_by(request: HttpRequest, asked: Asked) -> HttpResponse:
    said = claiming.answer_to(asked.credential)
    if said is not None and said.said == Answer.Said.ACCEPTED:
        return _accepted(request, asked, said)
    if asked.is_over:
        return _over(request, asked)
    if request.method == "POST":
        return _ACTS.get(request.POST.get("do", ""), _nothing)(request, asked)
    return _question(request, asked, said=said)


# The pages


def _page(request: HttpRequest, asked: Asked, state: str, *, status: int = 200, **more: Any) -> HttpResponse:
    context = {"state": state, "issuer": asked.credential.organisation, "here": asked.here, **more}
    response = publication.page(render(request, "claim/claim.html", context, status=status))
    # The address is a secret; it leaves in no referrer (the site's own policy) and is in no index.
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response


def _question(
    request: HttpRequest,
    asked: Asked,
    *,
    said: Answer | None,
    code: CodeForm | None = None,
    decline: DeclineForm | None = None,
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    """What it is, from the verified document alone; and the step that comes next."""
    step = _step_of(request, asked)
    shown = credential_page.context_of(asked.credential, at=asked.at, now=asked.at)
    own = _own_addresses(request)
    return _page(
        request,
        asked,
        "code" if step else "question",
        status=status,
        said=said,
        step=step,
        problem=problem,
        code=code or CodeForm(),
        decline=decline or DeclineForm(),
        other=request.user.is_authenticated and asked.credential.recipient_email not in own,
        contact=asked.credential.organisation.email,
        until=asked.link.expires_at if asked.link else None,
        can_be_had=shown["shown"] is not None and asked.credential.standing != "revoked",
        **_told(shown, ("shown", "bar", "domain", "issuer_page", "checked_at")),
    )


def _told(context: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: context[name] for name in names}


def _accepted(request: HttpRequest, asked: Asked, said: Answer) -> HttpResponse:
    """Whoever took it sees what can be done with it; for everybody else the link was used."""
    _forget_step(request)
    mine = request.user.is_authenticated and said.person_id == request.user.pk
    if not mine:
        return _page(request, asked, "used", status=410, said=said)
    newest = Credential.objects.signed().under(asked.credential.public_id).first() or asked.credential
    shown = credential_page.context_of(newest, at=asked.at, now=asked.at)
    names = ("shown", "bar", "domain", "issuer_page", "linkedin", "files", "address", "credential_id")
    return _page(
        request,
        asked,
        "accepted",
        said=said,
        held=claiming.held_of(newest, person_of(request)),
        **_told(shown, names),
    )


def _over(request: HttpRequest, asked: Asked) -> HttpResponse:
    """Too late; the reader of the letter may ask for another one, which goes where this one went."""
    sent = False
    if request.method == "POST" and request.POST.get("do") == "new-link" and asked.link is not None:
        issuing.send_link_again(asked.link, at=asked.at)
        sent = True
    ended = asked.link.expires_at if asked.link else asked.credential.awarded_at + claiming.LIVES
    return _page(
        request, asked, "expired", status=200 if sent else 410, ended=ended, sent=sent, link=asked.link
    )


# The acts


def _nothing(request: HttpRequest, asked: Asked) -> HttpResponse:
    """A form that says neither yes nor no is asked again."""
    return _question(request, asked, said=claiming.answer_to(asked.credential), status=422)


def _accept(request: HttpRequest, asked: Asked) -> HttpResponse:
    person = _may_answer_now(request, asked)
    if person is None:
        return _send_code(request, asked, do="accept")
    _keep(asked, person, asked.at)
    return _thanks(request, asked)


def _decline(request: HttpRequest, asked: Asked) -> HttpResponse:
    form = DeclineForm(request.POST)
    said = claiming.answer_to(asked.credential)
    if not form.is_valid():
        return _question(request, asked, said=said, decline=form, status=422)
    reason = form.cleaned_data["reason"]
    person = _may_answer_now(request, asked)
    if person is None:
        return _send_code(request, asked, do="decline", reason=reason)
    try:
        claiming.decline(asked.credential, by=person, reason=reason, at=asked.at)
    except claiming.BadReason as refusal:
        form.add_error("reason", str(refusal.message))
        return _question(request, asked, said=said, decline=form, status=422)
    return redirect(asked.here)


def _again(request: HttpRequest, asked: Asked) -> HttpResponse:
    step = _step_of(request, asked)
    if step is None:
        return redirect(asked.here)
    return _send_code(request, asked, do=step["do"], reason=step["reason"])


def _stop(request: HttpRequest, asked: Asked) -> HttpResponse:
    _forget_step(request)
    return redirect(asked.here)


def _code(request: HttpRequest, asked: Asked) -> HttpResponse:
    """The code is right, and what was meant to be done is done."""
    step = _step_of(request, asked)
    if step is None:
        return redirect(asked.here)
    form = CodeForm(request.POST)
    try:
        if form.is_valid():
            proof = proving.prove(
                step["proof"], form.cleaned_data["code"], about=asked.about, at=timezone.now()
            )
    except proving.CodeRefused as refusal:
        form.add_error("code", str(refusal.message))
    if not form.is_valid():
        said = claiming.answer_to(asked.credential)
        return _question(request, asked, said=said, code=form, status=422)
    _forget_step(request)
    at = timezone.now()
    if step["do"] == "decline":
        claiming.decline(
            asked.credential,
            by=person_with_address(proof.address),
            proof=proof,
            reason=step["reason"],
            at=at,
        )
        return redirect(asked.here)
    if request.user.is_authenticated:
        person = person_of(request)
        try:
            proving.add_address(proof, by=person, at=at)
        except proving.AddressTaken:
            return _page(request, asked, "taken", status=409)
        _keep(asked, person, at)
        return _thanks(request, asked)
    person = proving.person_of(proof, at=at)
    _keep(asked, person, at)
    # As with any code to sign in by: a second factor is asked for first, where there is one.
    record_authentication(request, person, method="code", email=proof.address)
    return perform_login(request, person, email=proof.address, redirect_url=asked.here)


def _keep(asked: Asked, person: Person, at: datetime) -> None:
    claiming.accept(asked.credential, by=person, at=at)
    # Something that they work on may have asked for it.
    earning.reconsider(person, at=at)


def _thanks(request: HttpRequest, asked: Asked) -> HttpResponse:
    messages.success(request, _("It is yours, and in your wallet."))
    return redirect(asked.here)


_ACTS = {
    "accept": _accept,
    "decline": _decline,
    "code": _code,
    "again": _again,
    "stop": _stop,
}


# The step in between


def _own_addresses(request: HttpRequest) -> set[str]:
    return verified_addresses(request.user)


def _may_answer_now(request: HttpRequest, asked: Asked) -> Person | None:
    """Whoever is signed in and has proved the address not long ago."""
    if not request.user.is_authenticated:
        return None
    person = person_of(request)
    fresh = proving.fresh_addresses(person, at=asked.at)
    return person if asked.credential.recipient_email in fresh else None


def _send_code(request: HttpRequest, asked: Asked, *, do: str, reason: str = "") -> HttpResponse:
    said = claiming.answer_to(asked.credential)
    try:
        proof, code = proving.ask(asked.credential.recipient_email, about=asked.about, at=timezone.now())
        get_adapter(request).send_mail(
            "account/email/claim_code",
            proof.address,
            {"code": code, "organisation": asked.credential.organisation.name},
        )
    except TooMany:
        problem = _("We have sent several codes already. Please wait some minutes, then ask for another.")
        return _question(request, asked, said=said, problem=problem, status=429)
    except (OSError, SMTPException):
        problem = _("The mail could not be sent just now. Please try again in a moment.")
        return _question(request, asked, said=said, problem=problem, status=503)
    request.session[STEP] = {"about": asked.about, "proof": proof.public_id, "do": do, "reason": reason}
    return redirect(asked.here)


def _step_of(request: HttpRequest, asked: Asked) -> dict[str, str] | None:
    """What was begun in this browser, if it was about this award."""
    step = request.session.get(STEP)
    return step if step is not None and step["about"] == asked.about else None


def _forget_step(request: HttpRequest) -> None:
    request.session.pop(STEP, None)
