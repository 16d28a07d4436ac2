# SPDX-License-Identifier: Apache-2.0
"""One credential in the wallet, and bringing more of them from anywhere.

What is brought is judged as on ``/verify`` before it is kept, and nothing is kept that nobody vouches for:
the page then says why, and repeats nothing that the file claims.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_safe

from cairn import MalformedError, Outcome, Report, UnavailableError, UnsupportedError, Verifier, checks
from cairn.errors import VerificationError
from cairn.verifier import Finding
from cairn_server.accounts import limits
from cairn_server.earning import services as earning
from cairn_server.errors import Refusal
from cairn_server.issuing.models import Credential
from cairn_server.wallets import arriving, collections, services, sharing
from cairn_server.wallets.models import Collection, HeldCredential
from cairn_server.web import display, verdict
from cairn_server.web.access import person_of
from cairn_server.web.brought import InMemory, VerifyForm
from cairn_server.web.credentials import has_token

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from django.http import HttpRequest

    from cairn import Sources
    from cairn_server.accounts.models import Person
    from cairn_server.web.brought import Thing

FORM_METHODS = ["GET", "HEAD", "POST"]
ARRIVALS = {"file": "file", "link": "link", "text": "text"}


# Bringing


class BringForm(VerifyForm):
    """The same three ways in as on ``/verify``, without its questions."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, public_url=settings.PUBLIC_URL, **kwargs)  # type: ignore[arg-type]
        del self.fields["holder"], self.fields["at"]


@dataclass(frozen=True, slots=True)
class Brought:
    """What became of one thing: it is held, or there is a reason why not."""

    given: str
    kept: services.Kept | None = None
    problem: str = ""

    @property
    def said(self) -> str:
        if self.kept is None:
            return self.problem
        if not self.kept.is_new:
            return _("You had this already: the same bytes.")
        if self.kept.is_other_form:
            return _("Kept as another form of one you have.")
        if self.kept.is_older_copy:
            return _("Kept as an older copy: you have a newer one.")
        if self.kept.is_newer_copy:
            return _("Kept. It takes the place of an older copy.")
        return _("Kept.")

    @property
    def kind(self) -> str:
        if self.kept is None:
            return "negative"
        return "positive" if self.kept.is_new else "neutral"


@csrf_exempt  # of this outer half alone: files have to stay in memory before anything reads the form
@require_http_methods(FORM_METHODS)
def bring(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        request.upload_handlers = [InMemory(request)]
    return _bring(request)


@csrf_protect
@login_required
def _bring(request: HttpRequest) -> HttpResponse:
    person = person_of(request)
    if request.method != "POST":
        return render(request, "wallet/bring.html", {"form": BringForm()})
    form = BringForm(request.POST, request.FILES)
    if not form.is_valid():
        return render(request, "wallet/bring.html", {"form": form}, status=422)
    limit = settings.RATE_LIMITS["verify"]
    limits.Limit("verify", limit["burst"], limit["per_minute"]).take(
        f"bring:{person.public_id}", at=timezone.now(), tokens=len(form.things)
    )
    results = [bring_in(thing, person) for thing in form.things]
    kept = [each.kept.held for each in results if each.kept is not None]
    if kept:
        # Something that they work on may have asked for it.
        earning.reconsider(person, at=timezone.now())
    if len(results) == 1 and kept:
        messages.success(request, results[0].said)
        return redirect("wallet-credential", kept[0].public_id)
    new = sum(each.kept is not None and each.kept.is_new for each in results)
    context = {
        "results": results,
        "kept": ngettext(
            "%(n)s of %(all)s is new in your wallet.", "%(n)s of %(all)s are new in your wallet.", new
        )
        % {"n": new, "all": len(results)},
        "form": BringForm(),
    }
    return render(request, "wallet/bring.html", context, status=200 if kept else 422)


def bring_in(thing: Thing, person: Person) -> Brought:
    """Judge one thing and keep it, if somebody vouches for it."""
    sources = arriving.Once(import_string(settings.SOURCES)())
    return taken_in(
        thing.given,
        lambda: thing.read(sources),
        person,
        sources=sources,
        arrival=ARRIVALS[thing.field],
        came_from=thing.link or ("" if thing.field == "text" else thing.given),
    )


def taken_in(
    given: str, read: Callable[[], bytes], person: Person, *, sources: Sources, arrival: str, came_from: str
) -> Brought:
    """The same for bytes from anywhere: kept, or why not, in words."""
    try:
        kept = arriving.take_in(
            read(),
            holder=person,
            sources=sources,
            asked=import_string(settings.CHECKS)(),
            arrival=arrival,
            came_from=came_from,
            at=timezone.now(),
        )
    except VerificationError as error:
        problem = verdict.sentence(error.report) if error.report is not None else error.message
        return Brought(given, problem=problem)
    except (MalformedError, UnsupportedError, UnavailableError) as error:
        return Brought(given, problem=_in_words(error))
    except Refusal as refusal:
        return Brought(given, problem=str(refusal.message))
    return Brought(given, kept)


def examine(data: bytes, *, at: datetime) -> Report:
    """All the checks of ``/verify``, over the bytes that are kept."""
    found: tuple[checks.Check, ...] = import_string(settings.CHECKS)()
    return Verifier(import_string(settings.SOURCES)(), found).examine(data, at=at)


def _in_words(error: MalformedError | UnsupportedError | UnavailableError) -> str:
    if isinstance(error, UnavailableError):
        # One sentence for every reason, so that nobody can map a network with it (B101).
        return _("We could not open this link.")
    if error.code.startswith("limit-"):
        return _("This is larger or more deeply nested than what we keep.")
    if isinstance(error, UnsupportedError):
        return _("This is a kind of credential that we cannot check yet, so we do not keep it.")
    return _("We could not read this. Is it the original, not a screenshot?")


# One credential


class NoteForm(forms.Form):
    note = forms.CharField(
        label=gettext_lazy("Your note"),
        help_text=gettext_lazy("Nobody but you ever sees it."),
        required=False,
        max_length=services.MAX_NOTE,
        widget=forms.Textarea(attrs={"rows": 4}),
    )


class CollectForm(forms.Form):
    collection = forms.ChoiceField(label=gettext_lazy("Collection"), required=False)
    new = forms.CharField(
        label=gettext_lazy("or a new one called"), required=False, max_length=collections.MAX_NAME
    )

    def __init__(self, *args: object, person: Person, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        mine = Collection.objects.visible_to(person).values_list("public_id", "name")
        self.fields["collection"].choices = [("", _("Choose")), *mine]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, object]:
        cleaned: dict[str, object] = super().clean() or {}
        if not self.errors and not cleaned.get("collection") and not cleaned.get("new"):
            raise forms.ValidationError(_("Choose a collection, or name a new one."), "nothing")
        return cleaned


class LetGoForm(forms.Form):
    sure = forms.BooleanField(
        label=gettext_lazy("Delete it from my wallet for good"),
        error_messages={"required": gettext_lazy("Tick the box to delete it.")},
    )


def held_of(request: HttpRequest, held_id: str) -> HeldCredential:
    """One's own; anybody else's does not exist (B135)."""
    return get_object_or_404(
        HeldCredential.objects.visible_to(person_of(request)).select_related("superseded_by", "twin_of"),
        public_id=held_id,
    )


@require_http_methods(FORM_METHODS)
@login_required
def detail(request: HttpRequest, held_id: str) -> HttpResponse:
    held = held_of(request, held_id)
    do = request.POST.get("do", "") if request.method == "POST" else ""
    person = person_of(request)
    note = NoteForm(request.POST if do == "note" else None, initial={"note": held.note})
    collect = CollectForm(request.POST if do == "collect" else None, person=person)
    let_go = LetGoForm(request.POST if do == "let-go" else None)
    at = timezone.now()
    acts: dict[str, Callable[[], HttpResponse | None]] = {
        "check": lambda: _check(request, held, at=at),
        "note": lambda: _note(request, held, note, at=at),
        "collect": lambda: _collect(request, held, collect, at=at),
        "take-out": lambda: _take_out(request, held, at=at),
        "let-go": lambda: _let_go(request, held, let_go, at=at),
    }
    if request.method == "POST":
        done = acts[do]() if do in acts else None
        if done is not None:
            return done
    context = {
        **facts_of(held, at=at),
        "note": note,
        "collect": collect,
        "let_go": let_go,
        "places": held.places.select_related("collection"),
        "copies": list(held.supersedes.all()) + list(held.twins.all()),
    }
    return render(request, "wallet/credential.html", context, status=422 if request.method == "POST" else 200)


def facts_of(held: HeldCredential, *, at: datetime) -> dict[str, object]:
    """What every page about one of one's own credentials says."""
    shown = None
    if held.document is not None:
        shown = display.shown(held.document, public_url=settings.PUBLIC_URL)
    ours = own_award(held)
    return {
        "held": held,
        "shown": shown,
        "is_badge": isinstance(shown, display.Shown),
        "words": words_of(held),
        "ours": ours,
        "has_token": ours is not None and has_token(ours),
        "page_closed": ours is not None and sharing.is_closed(held.credential_id),
        "has_ended": held.has_ended(at),
        "at": at,
    }


def words_of(held: HeldCredential) -> verdict.Words | None:
    """The last answer of the verifier in words; None when it was never asked about everything."""
    kept = held.report
    if not kept or held.checked_at is None:
        return None
    report = Report(
        findings=tuple(
            Finding(
                each["check"], Outcome(each["outcome"]), each["code"], each["message"], each["details"],
                each["decides"],
            )
            for each in kept["findings"]
        ),
        document=held.document,
        kind=kept["kind"],
        carrier=kept["carrier"],
        format=kept["format"],
        at=held.checked_at,
        sha256=held.sha256,
    )  # fmt: skip
    return verdict.words(report)


def own_award(held: HeldCredential) -> Credential | None:
    """The award behind a credential that was awarded here, for the pages that only such a one has."""
    prefix = f"{settings.PUBLIC_URL}/c/"
    if held.source != HeldCredential.Source.AWARDED_HERE or not held.credential_id.startswith(prefix):
        return None
    return (
        Credential.objects.signed()
        .under(held.credential_id.removeprefix(prefix))
        .select_related("organisation", "version", "first")
        .first()
    )


def withdrawn_here(held: Iterable[HeldCredential]) -> set[int]:
    """Those of them that their issuers here have withdrawn since they were checked: nobody else sees them."""
    prefix = f"{settings.PUBLIC_URL}/c/"
    ours = {
        each.credential_id.removeprefix(prefix): each.pk
        for each in held
        if each.credential_id.startswith(prefix)
    }
    if not ours:
        return set()
    copies = Credential.objects.signed().newest().exclude(standing=Credential.Standing.ACTIVE)
    found = copies.filter(Q(public_id__in=ours) | Q(first__public_id__in=ours))
    ids = found.values_list("public_id", "first__public_id")
    return {ours[each] for pair in ids for each in pair if each in ours}


def check_again(held: HeldCredential, *, by: Person | None, at: datetime) -> HeldCredential:
    """Judge the kept bytes anew, with all the checks, and keep the answer beside its date."""
    return services.note_check(held, examine(held.for_others, at=at), by=by, at=at)


def _check(request: HttpRequest, held: HeldCredential, *, at: datetime) -> HttpResponse:
    limit = settings.RATE_LIMITS["verify"]
    limits.Limit("verify", limit["burst"], limit["per_minute"]).take(f"bring:{held.person.public_id}", at=at)
    checked = check_again(held, by=person_of(request), at=at)
    words = words_of(checked)
    messages.success(request, words.sentence if words is not None else _("Checked."))
    return redirect("wallet-credential", held.public_id)


def _note(request: HttpRequest, held: HeldCredential, form: NoteForm, *, at: datetime) -> HttpResponse | None:
    if not form.is_valid():
        return None
    try:
        services.write_note(held, by=person_of(request), text=form.cleaned_data["note"], at=at)
    except services.NoteTooLong as refusal:
        form.add_error("note", str(refusal.message))
        return None
    messages.success(request, _("Saved."))
    return redirect("wallet-credential", held.public_id)


def _collect(
    request: HttpRequest, held: HeldCredential, form: CollectForm, *, at: datetime
) -> HttpResponse | None:
    if not form.is_valid():
        return None
    person = person_of(request)
    try:
        if form.cleaned_data["new"]:
            collection = collections.make(by=person, name=form.cleaned_data["new"], at=at)
        else:
            collection = get_object_or_404(
                Collection.objects.visible_to(person), public_id=form.cleaned_data["collection"]
            )
        collections.put(collection, by=person, held=[held], at=at)
    except collections.BadCollection as refusal:
        form.add_error("new" if form.cleaned_data["new"] else "collection", str(refusal.message))
        return None
    messages.success(request, _("It is in “%(name)s”.") % {"name": collection.name})
    return redirect("wallet-credential", held.public_id)


def _take_out(request: HttpRequest, held: HeldCredential, *, at: datetime) -> HttpResponse:
    person = person_of(request)
    collection = get_object_or_404(
        Collection.objects.visible_to(person), public_id=request.POST.get("collection", "")
    )
    collections.take_out(collection, by=person, held=held, at=at)
    messages.success(request, _("It is no longer in “%(name)s”.") % {"name": collection.name})
    return redirect("wallet-credential", held.public_id)


def _let_go(
    request: HttpRequest, held: HeldCredential, form: LetGoForm, *, at: datetime
) -> HttpResponse | None:
    if not form.is_valid():
        return None
    services.let_go(held, by=person_of(request), at=at)
    messages.success(request, _("Deleted."))
    return redirect("wallet")


@require_safe
@login_required
def file(request: HttpRequest, held_id: str) -> HttpResponse:
    """The bytes that were signed, as they came; a holder's own copy only for the asking."""
    held = held_of(request, held_id)
    return own_file(held) if request.GET.get("copy") == "own" and held.is_own_copy else as_file(held)


def suffix_of(held: HeldCredential) -> str:
    """How a file of it ends: tokens and JSON are told apart by their first sign."""
    if bytes(held.secured).lstrip()[:1] == b"{":
        return "json"
    return "jwt" if held.format == "vc+jwt" else "txt"


def as_file(held: HeldCredential) -> HttpResponse:
    """What anybody may have whom its holder shows it to."""
    return _download(held, held.for_others, "credential")


def own_file(held: HeldCredential) -> HttpResponse:
    """What nobody but its holder may have."""
    return _download(held, bytes(held.secured), "my-own-copy")


def _download(held: HeldCredential, secured: bytes, name: str) -> HttpResponse:
    suffix = suffix_of(held)
    media_type = {"json": "application/vc", "jwt": "application/vc+jwt"}.get(suffix, "text/plain")
    response = HttpResponse(secured, content_type=media_type)
    # A name of ours: what strangers wrote into a credential is no file name (B119).
    response["Content-Disposition"] = f'attachment; filename="{name}-{held.sha256[:8]}.{suffix}"'
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "no-store"
    return response


def link_to(held: HeldCredential) -> str:
    return reverse("wallet-credential", args=[held.public_id])
