# SPDX-License-Identifier: Apache-2.0
"""Ask somebody for credentials, and read what they have shown.

    /ask            what one has asked for
    /ask/new        in whose name, why, what, until when
    /ask/<id>       the link while it waits, and the answer when there is one
    /r/<secret>     what is read by whoever is asked

Who is asked sees the words of who asks as words: nobody has checked them but for the e-mail address of the
account, and the page says so (B131: nothing on it leads anywhere that who asks could choose).
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from cairn.canonical import parse_json
from cairn.errors import CairnError
from cairn_server.issuing import as_sd_jwt
from cairn_server.presenting import dcql, services
from cairn_server.presenting.models import PresentationRequest
from cairn_server.web import listing, publication, verdict, verify
from cairn_server.web.access import person_of, refusals_on
from cairn_server.web.organisation import FORM_METHODS, posted, status_of
from cairn_server.web.putting import qr
from cairn_server.web.report import report_of

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

STATES = {
    "open": (gettext_lazy("Waiting for an answer"), "neutral"),
    "declined": (gettext_lazy("Declined"), "caution"),
    "withdrawn": (gettext_lazy("Withdrawn"), "neutral"),
    "over": (gettext_lazy("Over"), "neutral"),
}
LONGEST_QR = 700
PROBLEMS = {
    "presentation-not-asked": gettext_lazy("This is not what you asked for."),
    "presentation-format": gettext_lazy("It came in another form than the one that was asked for."),
}


class AskForm(forms.Form):
    asker = forms.CharField(
        label=gettext_lazy("In whose name do you ask?"),
        help_text=gettext_lazy(
            "A person or an organisation. Whoever is asked also sees the e-mail address of your account."
        ),
        max_length=services.MAX_NAME,
    )
    purpose = forms.CharField(
        label=gettext_lazy("What do you need it for?"),
        help_text=gettext_lazy("One or two sentences. Whoever is asked decides by them."),
        max_length=services.MAX_PURPOSE,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    until = forms.DateField(
        label=gettext_lazy("Answers until the end of"),
        help_text=gettext_lazy("A day in UTC, at most 90 days ahead."),
        widget=listing.DateInput(),
    )
    achievement = forms.URLField(
        label=gettext_lazy("Only one achievement"),
        help_text=gettext_lazy("Its address, as it stands in the credential. Leave it empty for any badge."),
        required=False,
        max_length=600,
        assume_scheme="https",
    )
    bound = forms.ChoiceField(
        label=gettext_lazy("What counts as an answer?"),
        choices=[
            ("yes", gettext_lazy("Only what is bound to the key of whoever shows it")),
            ("no", gettext_lazy("Also a credential as it is: anybody could have passed it on")),
        ],
        widget=forms.RadioSelect,
    )
    query = forms.CharField(
        label=gettext_lazy("Your own query (DCQL)"),
        help_text=gettext_lazy("For experts: it takes the place of the two questions above."),
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
    )

    def clean_until(self) -> datetime:
        return datetime.combine(self.cleaned_data["until"], time(23, 59, 59), UTC)

    def clean_query(self) -> dict[str, Any]:
        text = self.cleaned_data["query"]
        if not text:
            return {}
        try:
            found = parse_json(text.encode())
            dcql.read(found)
        except CairnError as error:
            raise forms.ValidationError(error.message, error.code) from error
        return found

    @property
    def asked(self) -> dict[str, Any]:
        said = self.cleaned_data
        return said["query"] or dcql.for_any_badge(
            achievement=said["achievement"],
            bound=said["bound"] == "yes",
            vct=as_sd_jwt.vct(settings.PUBLIC_URL),
        )


@require_safe
@login_required
def index(request: HttpRequest) -> HttpResponse:
    at = timezone.now()
    page = listing.page_of(request, PresentationRequest.objects.visible_to(person_of(request)))
    rows = [(each, *_state(each, at=at)) for each in page]
    return render(request, "asking/index.html", {"page": page, "rows": rows})


def _state(row: PresentationRequest, *, at: datetime) -> tuple[Any, str]:
    state = row.state(at)
    if state == "answered":
        return (_("Verified"), "positive") if row.accepted else (_("Not accepted"), "negative")
    return STATES[state]


@require_http_methods(FORM_METHODS)
@login_required
def new(request: HttpRequest) -> HttpResponse:
    at, person = timezone.now(), person_of(request)
    first = {"asker": person.name, "bound": "yes", "until": (at + timedelta(days=14)).date()}
    form = AskForm(posted(request), initial=first)
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            row = services.ask(
                by=person,
                asker=form.cleaned_data["asker"],
                purpose=form.cleaned_data["purpose"],
                query=form.asked,
                until=form.cleaned_data["until"],
                at=at,
            )
            return redirect("ask-request", row.public_id)
    return render(request, "asking/new.html", {"form": form}, status=status_of(form))


@require_http_methods(FORM_METHODS)
@login_required
def one(request: HttpRequest, request_id: str) -> HttpResponse:
    """Its link while it waits, its answer afterwards; for whoever asked."""
    person, at = person_of(request), timezone.now()
    row = get_object_or_404(PresentationRequest.objects.visible_to(person), public_id=request_id)
    if request.method == "POST":
        return _act(request, row, at=at)
    word, kind = _state(row, at=at)
    context: dict[str, Any] = {"row": row, "state": row.state(at), "word": word, "kind": kind, "at": at}
    if row.is_open(at):
        address = settings.PUBLIC_URL + reverse("asked", args=[services.secret_of(row)])
        context |= {"address": address, "qr": qr(address)}
    if row.presentations is not None:
        context["answers"] = [_answer(each) for each in row.findings]
        # Never better than what was found, also of what is missing (S8).
        context["bar"] = (
            (verdict.YES, _("What you asked for was shown, and it is genuine, unchanged and valid."))
            if row.accepted
            else (verdict.NO, _("What was shown is not an answer that counts. See why below."))
        )
    return publication.page(render(request, "asking/one.html", context))


def _act(request: HttpRequest, row: PresentationRequest, *, at: datetime) -> HttpResponse:
    person = person_of(request)
    if request.POST.get("do") == "delete":
        services.delete(row, by=person, at=at)
        messages.success(request, _("Deleted, with what was shown."))
        return redirect("ask")
    if request.POST.get("do") == "withdraw":
        services.withdraw(row, by=person, at=at)
        messages.success(request, _("Withdrawn. Nobody can answer it any more."))
    return redirect("ask-request", row.public_id)


def _answer(found: dict[str, Any]) -> dict[str, Any]:
    """One presentation: our own objection, and the verifier's answer in words."""
    report = found["report"]
    return {
        "wanted": found["wanted"],
        "problem": PROBLEMS.get(found["problem"], found["problem"] and _("It could not be read.")),
        "answer": None if report is None else verify.answer(report_of(report)),
    }


# What is read by whoever is asked


@csrf_exempt
@require_safe
def asked(request: HttpRequest, secret: str) -> HttpResponse:
    """Who asks, why, until when; and the ways to answer. One page for "over" and "never was" (B144)."""
    at = timezone.now()
    row = services.behind(secret)
    if row is None or not row.is_open(at):
        return publication.private(publication.page(render(request, "asking/over.html", status=404)))
    link = services.link_of(row, secret, settings.PUBLIC_URL)
    plain = services.plain_link_of(row, secret, settings.PUBLIC_URL)
    query = dcql.read(row.dcql_query)
    context = {
        "row": row,
        "host": settings.PUBLIC_URL.partition("://")[2],
        "link": link,
        "plain": plain if plain != link else "",
        # The whole request in a link, as it is without https, makes a picture that no phone reads.
        "qr": qr(link) if len(link) <= LONGEST_QR else "",
        "here": f"{reverse('request-answer')}?{urlencode({'request': link})}",
        "bound": all(each.bound for each in query.credentials),
        "wanted": _all_words(query),
    }
    return publication.private(publication.page(render(request, "asking/asked.html", context)))


def _all_words(query: dcql.Query) -> list[dict[str, Any]]:
    """The same thing in two formats is one thing to whoever is asked."""
    found: list[dict[str, Any]] = []
    for words in map(words_of, query.credentials):
        alike = [each for each in found if all(each[name] == words[name] for name in ("kind", "claims"))]
        if alike:
            alike[0]["format"] += f", {words['format']}"
        else:
            found.append(words)
    return found


def words_of(wanted: dcql.Wanted) -> dict[str, Any]:
    """What is asked for, in words: the kind, and the claims that have to be in it."""
    if wanted.vcts == {as_sd_jwt.vct(settings.PUBLIC_URL)}:
        kind = _("An Open Badge")
    elif wanted.format == dcql.SD_JWT_VC:
        kind = ", ".join(sorted(wanted.vcts))
    elif any(dcql.OPEN_BADGE in kinds for kinds in wanted.kinds):
        kind = _("An Open Badge")
    else:
        kind = _("A credential")
    return {
        "kind": kind,
        "format": wanted.format,
        "claims": [
            {
                "path": " / ".join("*" if step is None else str(step) for step in claim.path),
                "values": [] if claim.values is None else [str(value) for value in claim.values],
            }
            for claim in wanted.claims
        ],
    }
