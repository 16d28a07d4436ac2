# SPDX-License-Identifier: Apache-2.0
"""Show credentials to one reader: put together by their holder, or in answer to a request.

    /wallet/present     choose, see exactly what will be shown, make a link
    /wallet/presented   what one has shown, and to end it
    /wallet/answer      answer somebody's request out of this wallet
    /shown/<token>      what the reader gets: judged when it is opened, by the verifier that judges everything

Nothing is fetched and nothing is sent because somebody followed a link: a request is read when its holder
asks for that, and the answer goes out when they have seen what is in it. What was read is carried sealed
from one step to the next, so that it cannot change after it was shown (B154).

Pages with a form keep the referrer policy of the site: without one, a browser sends no origin to be believed.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core import signing
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from cairn import Verifier
from cairn.errors import CairnError, UnavailableError
from cairn_server.accounts import limits
from cairn_server.errors import Refusal
from cairn_server.issuing import as_sd_jwt
from cairn_server.presenting import answering, dcql, openid4vp, showing
from cairn_server.presenting.models import Presentation
from cairn_server.wallets import arriving
from cairn_server.wallets.models import HeldCredential
from cairn_server.web import asking, display, listing, publication, verify
from cairn_server.web.access import person_of, refusals_on
from cairn_server.web.organisation import FORM_METHODS, posted
from cairn_server.web.putting import qr
from cairn_server.web.showing import absent, closed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from django.http import HttpRequest

    from cairn_server.accounts.models import Person
    from cairn_server.presenting.openid4vp import Request
    from cairn_server.presenting.showing import Choice

_SALT = "presentation-request-read"
# Long enough to think about it and to look up what a credential says.
_LIFE_SECONDS = 1800
MOST_LISTED = 500
# What people call parts of a badge that another server has signed.
_ACHIEVEMENT = ("credentialSubject", "achievement")
_LABELS = {
    ("description",): gettext_lazy("Description"),
    ("image",): gettext_lazy("Picture"),
    ("endorsement",): gettext_lazy("Endorsements"),
    ("credentialSubject", "image"): gettext_lazy("Picture"),
    ("credentialSubject", "role"): gettext_lazy("Role"),
    ("credentialSubject", "source"): gettext_lazy("Who assessed it"),
    ("credentialSubject", "creditsEarned"): gettext_lazy("Credits"),
    ("credentialSubject", "activityStartDate"): gettext_lazy("Began on"),
    ("credentialSubject", "activityEndDate"): gettext_lazy("Ended on"),
    ("issuer", "description"): gettext_lazy("About the issuer"),
    ("issuer", "url"): gettext_lazy("Website of the issuer"),
    ("issuer", "email"): gettext_lazy("E-mail address of the issuer"),
    ("issuer", "image"): gettext_lazy("Logo of the issuer"),
    (*_ACHIEVEMENT, "name"): gettext_lazy("What was achieved"),
    (*_ACHIEVEMENT, "description"): gettext_lazy("About the achievement"),
    (*_ACHIEVEMENT, "criteria"): gettext_lazy("What had to be done"),
    (*_ACHIEVEMENT, "alignment"): gettext_lazy("Skills"),
    (*_ACHIEVEMENT, "tag"): gettext_lazy("Keywords"),
    (*_ACHIEVEMENT, "image"): gettext_lazy("Picture of the achievement"),
    (*_ACHIEVEMENT, "resultDescription"): gettext_lazy("What results there can be"),
    (*_ACHIEVEMENT, "creator"): gettext_lazy("Who made the achievement"),
    (*_ACHIEVEMENT, "creditsAvailable"): gettext_lazy("Credits that there are for it"),
}


# Choosing


class ReaderForm(forms.Form):
    reader = forms.CharField(
        label=gettext_lazy("Whom is it for?"),
        help_text=gettext_lazy("For your own list. The reader does not see it."),
        required=False,
        max_length=showing.MAX_READER,
    )
    audience = forms.CharField(
        label=gettext_lazy("The reader’s own name or address, if they gave you one"),
        help_text=gettext_lazy(
            "It is signed into what you show, so nobody can pass it off as meant for them."
        ),
        required=False,
        max_length=showing.MAX_QUESTION,
    )
    question = forms.CharField(
        label=gettext_lazy("The code that the reader gave you"),
        help_text=gettext_lazy(
            "It proves that you made this for them, just now. Leave it empty without one."
        ),
        required=False,
        max_length=showing.MAX_QUESTION,
    )
    until = forms.DateField(
        label=gettext_lazy("The link works until the end of"),
        help_text=gettext_lazy("A day in UTC, at most a year ahead."),
        widget=listing.DateInput(),
    )

    def clean_until(self) -> datetime:
        return datetime.combine(self.cleaned_data["until"], time(23, 59, 59), UTC)


@dataclass(frozen=True, slots=True)
class Part:
    """Something that its holder may keep back; ``shown`` says whether they do."""

    pointer: str
    label: str
    value: str
    shown: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """One credential as its reader will see it, and what may be kept back of it."""

    held: HeldCredential
    shown: Any
    parts: tuple[Part, ...]
    bound: bool
    # Parts of it could be kept back, if it were shown by itself.
    alone: bool = False
    # Why it cannot be shown like this.
    problem: str = ""

    @property
    def is_badge(self) -> bool:
        return isinstance(self.shown, display.Shown)


@require_http_methods(FORM_METHODS)
@login_required
def present(request: HttpRequest) -> HttpResponse:
    at, person = timezone.now(), person_of(request)
    do = request.POST.get("do", "") if request.method == "POST" else ""
    source = request.POST if do else request.GET
    ids = list(dict.fromkeys(source.getlist("held")))
    problem = ""
    # What was typed already is there again after another look.
    typed = {name: request.POST[name] for name in ReaderForm.base_fields if name in request.POST}
    form = ReaderForm(
        posted(request) if do == "make" else None,
        initial={"until": (at + timedelta(days=14)).date(), **typed},
    )
    if do in ("preview", "make") and not ids:
        problem = _("Choose at least one credential.")
    if not ids or problem or do == "":
        return _choose(request, person, ids, problem)
    choices = _choices(request, person, ids)
    if do == "make" and form.is_valid():
        with refusals_on(form):
            row, token = showing.show(
                choices,
                by=person,
                reader=form.cleaned_data["reader"],
                audience=form.cleaned_data["audience"],
                question=form.cleaned_data["question"],
                until=form.cleaned_data["until"],
                at=at,
            )
            return _made(request, row, token)
    previews = [_preview(choice, at=at, alone=len(choices) == 1) for choice in choices]
    context = {"previews": previews, "form": form, "ids": ids}
    status = 422 if form.errors or any(each.problem for each in previews) else 200
    return publication.page(render(request, "presenting/preview.html", context, status=status))


def _choose(request: HttpRequest, person: Person, ids: list[str], problem: str) -> HttpResponse:
    mine = HeldCredential.objects.visible_to(person).current().order_by("-received_at", "-id")
    rows = [(each, showing.can_be_shown(each)) for each in mine[:MOST_LISTED]]
    context = {"rows": rows, "ids": ids, "problem": problem}
    return render(request, "presenting/choose.html", context, status=422 if problem else 200)


def _choices(request: HttpRequest, person: Person, ids: list[str]) -> Sequence[Choice]:
    """What is ticked, where there was something to tick; else as it comes."""
    shown = {
        each: request.POST.getlist(f"show-{each}")
        for each in ids
        if f"parts-{each}" in request.POST or f"show-{each}" in request.POST
    }
    choices = showing.choices_of(person, ids, shown)
    if len(choices) == 1:
        return choices
    # What was awarded here is shown in part by itself alone.
    return [replace(each, show=None) if showing.own_award(each.held) else each for each in choices]


def _preview(choice: Choice, *, at: datetime, alone: bool = True) -> Preview:
    held, award = choice.held, showing.own_award(choice.held)
    document, found, problem = held.document, showing.hideable(held), ""
    if award is not None and showing.keeps_back(choice):
        claims = showing.award_claims(held, at=at)
        assert claims is not None, "of what has no such claims nothing is kept back"
        showing.require_parts(choice)
        document = as_sd_jwt.shown_of(claims, choice.shown)
    elif award is None and (found or held.is_own_copy):
        # What the reader's verifier will read, and not what we think that it will.
        document, problem = _read_by_reader(choice, at=at)
    comes_whole = choice.show is None and (award is not None or held.is_own_copy)
    parts = tuple(
        Part(pointer, _label(pointer), words_of(value)[:300], comes_whole or pointer in choice.shown)
        for pointer, value in found
    )
    if award is not None and not alone:
        parts = ()
    shown = None if document is None else display.shown(document, public_url=settings.PUBLIC_URL)
    bound = award is not None and not award.subject_id.startswith("did:")
    return Preview(held, shown, parts, bound, alone=bool(found) and not parts, problem=problem)


def _read_by_reader(choice: Choice, *, at: datetime) -> tuple[Mapping[str, Any] | None, str]:
    try:
        revealed = showing.revealed(choice)
    except showing.BadPresentation as refusal:
        if refusal.code != "presentation-too-little":
            raise
        return None, str(refusal.message)
    verifier = Verifier(import_string(settings.SOURCES)(), arriving.ITSELF)
    return verifier.examine(revealed, at=at).document, ""


def words_of(value: Any) -> str:
    """A claim as a line of text: of an object what it is called."""
    if isinstance(value, list):
        return ", ".join(map(words_of, value))
    if isinstance(value, dict):
        named = (value[name] for name in ("name", "identityHash", "value", "status", "id") if name in value)
        return str(next(named, value))
    return str(value)


def _label(pointer: str) -> str:
    steps = [each.replace("~1", "/").replace("~0", "~") for each in pointer.split("/")[1:]]
    for length in (3, 2, 1):
        path = tuple(steps[:length])
        name = as_sd_jwt.LABELS.get(path) or _LABELS.get(path)
        if name is not None:
            # Of several, which one: as people count.
            which = [str(int(each) + 1) if each.isdecimal() else each for each in steps[length:]]
            return " › ".join([str(name), *which])
    return " › ".join(steps)


def _made(request: HttpRequest, row: Presentation, token: str) -> HttpResponse:
    address = settings.PUBLIC_URL + reverse("presentation", args=[token])
    context = {
        "row": row,
        "address": address,
        "qr": qr(address),
        "file": reverse("presentation-file", args=[token]),
    }
    return publication.page(render(request, "presenting/made.html", context))


# What one has shown


@require_http_methods(FORM_METHODS)
@login_required
def presented(request: HttpRequest) -> HttpResponse:
    at, person = timezone.now(), person_of(request)
    mine = Presentation.objects.visible_to(person)
    if request.method == "POST":
        showing.end(get_object_or_404(mine, public_id=request.POST.get("presentation", "")), by=person, at=at)
        messages.success(request, _("This link works no more."))
        return redirect("wallet-presented")
    page = listing.page_of(request, mine)
    rows = [(each, each.works(at)) for each in page]
    return render(request, "presenting/presented.html", {"page": page, "rows": rows})


# What the reader gets


@csrf_exempt
@require_safe
def shown(request: HttpRequest, token: str) -> HttpResponse:
    at = timezone.now()
    row = showing.opened_by(token, at=at)
    if row is None:
        return absent(request)
    # Judging costs as much as on /verify, and is counted there.
    limit = settings.RATE_LIMITS["verify"]
    limits.Limit("verify", limit["burst"], limit["per_minute"]).take(f"shown:{row.public_id}", at=at)
    checks = import_string(settings.CHECKS)()
    report = Verifier(import_string(settings.SOURCES)(), checks).examine(_bytes(row), at=at)
    showing.note_opened(row, at=at)
    context = {
        "answer": verify.answer(report),
        "row": row,
        "said": _said(row),
        "at": at,
        "file": reverse("presentation-file", args=[token]),
    }
    return closed(render(request, "presenting/shown.html", context))


@csrf_exempt
@require_safe
def shown_file(request: HttpRequest, token: str) -> HttpResponse:
    row = showing.opened_by(token, at=timezone.now())
    if row is None:
        return absent(request)
    secured = _bytes(row)
    is_json = secured[:1] == b"{"
    response = HttpResponse(secured, content_type="application/vp" if is_json else "application/dc+sd-jwt")
    name = f"presentation.{'json' if is_json else 'txt'}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["X-Content-Type-Options"] = "nosniff"
    return closed(response)


def _bytes(row: Presentation) -> bytes:
    assert row.secured is not None, "what a link opens is kept (constraint)"
    return bytes(row.secured)


def _said(row: Presentation) -> dict[str, str]:
    """For whom it was signed, and in answer to what, for the reader to compare."""
    return {"audience": row.audience, "question": row.question}


# Answering a request


class LinkForm(forms.Form):
    request = forms.CharField(
        label=gettext_lazy("The link of the request"),
        help_text=gettext_lazy("It begins with openid4vp:// and is behind the QR code."),
        max_length=openid4vp.LONGEST,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false", "autocapitalize": "off"}),
    )


@require_http_methods(FORM_METHODS)
@login_required
def answer(request: HttpRequest) -> HttpResponse:
    at, person = timezone.now(), person_of(request)
    do = request.POST.get("do", "") if request.method == "POST" else ""
    if do in ("send", "decline", "confirm"):
        return _answer(request, person, do, at=at)
    # A link in the address only fills the field: following a link must never make us fetch something (B99).
    form = LinkForm(posted(request), initial={"request": request.GET.get("request", "")[: openid4vp.LONGEST]})
    if request.method == "POST" and form.is_valid():
        limit = settings.RATE_LIMITS["verify"]
        limits.Limit("verify", limit["burst"], limit["per_minute"]).take(f"bring:{person.public_id}", at=at)
        try:
            found = openid4vp.read_link(
                form.cleaned_data["request"], sources=import_string(settings.SOURCES)(), at=at
            )
        except UnavailableError:
            # One sentence for every reason, so that nobody can map a network with it (B101).
            form.add_error("request", _("We could not open this link."))
        except CairnError as error:
            form.add_error("request", error.message)
        else:
            return _offer(request, person, found)
    status = 422 if form.errors else 200
    return publication.page(render(request, "presenting/link.html", {"form": form}, status=status))


def _offer(request: HttpRequest, person: Person, found: Request, *, problem: str = "") -> HttpResponse:
    query = dcql.read(found.query)
    fitting = answering.fitting(person, query)
    # Where one of several is enough, its holder is asked for one: the first that they have.
    enough = query.shortest([each.wanted.id for each in fitting if each.candidates])
    context = {
        "asked": found,
        "sealed": signing.dumps(asdict(found), salt=_SALT, compress=True),
        "items": [(each, asking.words_of(each.wanted)) for each in fitting if each.wanted.id in enough],
        "possible": query.is_answered_by([each.wanted.id for each in fitting if each.candidates]),
        "problem": problem,
    }
    status = 422 if problem else 200
    return publication.page(render(request, "presenting/offer.html", context, status=status))


def _answer(request: HttpRequest, person: Person, do: str, *, at: datetime) -> HttpResponse:
    try:
        kept = signing.loads(request.POST.get("sealed", ""), salt=_SALT, max_age=_LIFE_SECONDS)
    except signing.BadSignature:
        messages.error(request, _("This took too long. Open the request again."))
        return redirect("request-answer")
    found = openid4vp.Request(**kept)
    query = dcql.read(found.query)
    chosen = {
        each.id: request.POST[f"for-{each.id}"]
        for each in query.credentials
        if request.POST.get(f"for-{each.id}")
    }
    if do == "confirm":
        return _confirm(request, person, found, query, chosen, at=at)
    poster = import_string(settings.ANSWER_POSTER)()
    try:
        if do == "decline":
            answering.decline(found, poster=poster)
        else:
            answering.send(found, chosen, by=person, poster=poster, at=at)
    except (answering.NothingFits, answering.NotDelivered, showing.BadPresentation) as refusal:
        return _offer(request, person, found, problem=str(refusal.message))
    context = {"asked": found, "declined": do == "decline"}
    return publication.page(render(request, "presenting/sent.html", context))


def _confirm(
    request: HttpRequest,
    person: Person,
    found: Request,
    query: dcql.Query,
    chosen: dict[str, str],
    *,
    at: datetime,
) -> HttpResponse:
    """Exactly what will be sent, and to whom, before it is."""
    try:
        picked = answering.picked(person, query, chosen)
    except Refusal as refusal:
        return _offer(request, person, found, problem=str(refusal.message))
    previews = [
        _preview(showing.Choice(held, answering.asked_of(held, wanted)), at=at) for wanted, held in picked
    ]
    context = {
        "asked": found,
        "sealed": request.POST["sealed"],
        "chosen": [(f"for-{name}", held_id) for name, held_id in chosen.items()],
        "previews": previews,
    }
    return publication.page(render(request, "presenting/confirm.html", context))
