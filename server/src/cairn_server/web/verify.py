# SPDX-License-Identifier: Apache-2.0
"""``/verify``: anything a stranger brings, judged as a stranger would.

This module may not import anything that knows what this server has issued (contract ``honest-verifier``).
What is brought stays in memory for the length of one request: no temporary file, no row, no log line. What a
setting names is called without knowing what it is: the counter of checks, which adds one to the figure of a
credential of ours and keeps nothing of who looked, and whoever signs receipts.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from time import monotonic
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.conf import settings
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from cairn import MalformedError, Report, Sources, UnavailableError, UnsupportedError, Verdict, Verifier
from cairn_server import past, receipts
from cairn_server.accounts import limits
from cairn_server.web import display, verdict
from cairn_server.web.brought import LONGEST_LINK, PUBLIC_ID, InMemory, Thing, VerifyForm
from cairn_server.web.publication import page, private
from cairn_server.web.report import seal

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from datetime import datetime

    from django.http import HttpRequest, HttpResponse

    from cairn.checks import Check
    from cairn.verifier import PartReport
    from cairn_server.web.claims import Plain

# Fifty slow addresses must not keep a thread of ours for an hour; what is left then is told so.
LONGEST_SECONDS = 90

# What an endorsement stands beside, by the last name in its path.
ENDORSED = {
    "issuer": gettext_lazy("about the issuer"),
    "achievement": gettext_lazy("about the achievement"),
    "credentialSubject": gettext_lazy("about the person’s achievement"),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a page shows of one report: the words, and the content if somebody vouches for it."""

    report: Report
    words: verdict.Words
    shown: display.Shown | Plain | None
    parts: tuple[Part, ...]

    @property
    def is_badge(self) -> bool:
        return isinstance(self.shown, display.Shown)

    @property
    def verdict_word(self) -> str:
        return str(verdict.VERDICTS[self.report.verdict])

    @property
    def withdrawn(self) -> str:
        """“revoked” or “suspended”, which are two different facts; else nothing."""
        status = self.report.finding("status")
        return status.code if status is not None and status.code in ("revoked", "suspended") else ""

    @property
    def domain(self) -> str:
        return domain_of(self.report)

    @property
    def own_page(self) -> str:
        return _own_page(self.shown.id) if self.shown else ""

    @property
    def is_receipt(self) -> bool:
        return receipts.KIND in ((self.report.document or {}).get("type") or ())

    @property
    def comment(self) -> str:
        """What an endorsement says, in the words of whoever signed it."""
        subject = (self.report.document or {}).get("credentialSubject")
        said = subject.get("endorsementComment") if isinstance(subject, dict) else None
        return said if isinstance(said, str) else ""

    @property
    def credentials(self) -> tuple[Part, ...]:
        return tuple(part for part in self.parts if part.role == "credential")

    @property
    def endorsements(self) -> tuple[Part, ...]:
        return tuple(part for part in self.parts if part.role == "endorsement")

    @property
    def about_the_parts(self) -> str:
        """Said above the credentials inside, unless all of them are a plain yes."""
        if all(part.answer.report.verdict is Verdict.VERIFIED for part in self.credentials):
            return ""
        return _("Not every credential inside it is simply verified. Each has its own answer below.")


@dataclass(frozen=True, slots=True)
class Part:
    """A credential or an endorsement inside another document, with its own answer."""

    role: str
    beside: str
    answer: Answer


@dataclass(frozen=True, slots=True)
class Result:
    """One thing that was brought: its answer, or why there is none."""

    number: int
    thing: Thing
    answer: Answer | None = None
    problem: str = ""
    state: str = ""

    @property
    def word(self) -> str:
        return self.answer.verdict_word if self.answer else str(_("Could not read"))

    @property
    def kind(self) -> str:
        return self.answer.words.kind if self.answer else "neutral"

    @property
    def why(self) -> str:
        """What keeps it from being a plain yes: the lines that the verdict follows from."""
        if self.answer is None:
            return self.problem
        words = self.answer.words
        if words.kind == verdict.YES:
            return ""
        said = [line.sentence for line in words.lines if line.kind == words.kind]
        # Where no line of its own says so, it is something inside it.
        return " ".join(dict.fromkeys(said)) or words.sentence

    @property
    def said(self) -> dict[str, str]:
        document = self.answer.report.document if self.answer else None
        return {} if document is None else receipts.what_it_says(document)

    @property
    def day(self) -> datetime | None:
        return verdict.moment(self.said.get("from", ""))


# Exempt, because this page changes nothing for anyone, and strangers get no cookie that could carry a token.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def verify(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        # A link in the address only fills the field in: following a link must never make us fetch something.
        first: dict[str, Any] = {"link": request.GET.get("link", "")[:LONGEST_LINK]}
        if "lists" in request.GET:
            first["lists"] = request.GET.getlist("lists")
        return _form_page(request, VerifyForm(initial=first, lists=_choices()))

    request.upload_handlers = [InMemory(request)]
    form = VerifyForm(request.POST, request.FILES, public_url=settings.PUBLIC_URL, lists=_choices())
    if not form.is_valid():
        return _form_page(request, form, status=422)
    things = form.things
    _count(request, len(things))

    results = list(
        judged(
            things,
            holder=form.cleaned_data["holder"],
            lists=form.lists_that_count,
            moment=form.cleaned_data["at"],
            refresh=form.cleaned_data["refresh"],
        )
    )
    if len(results) > 1:
        return _many_page(request, results, again=_again(form))
    [result] = results
    if result.answer is None:
        form.add_error(result.thing.field, result.problem)
        return _form_page(request, form, status=422)
    return _result_page(request, result, again=_again(form))


def _choices() -> tuple[tuple[str, str], ...]:
    """The trust lists of this installation, that a visitor can choose from."""
    found: tuple[tuple[str, str], ...] = import_string(settings.TRUST_CHOICES)()
    return found


def _again(form: VerifyForm) -> str:
    """The form once more, with the choice of lists: the address is all that remembers it."""
    address = reverse("verify")
    if form.are_all_lists_ticked:
        return address
    return f"{address}?{urlencode({'lists': form.lists_that_count or ''}, doseq=True)}"


def judged(
    things: Iterable[Thing],
    *,
    holder: str = "",
    lists: Collection[str] | None = None,
    moment: datetime | None = None,
    refresh: bool = False,
) -> Iterator[Result]:
    """An answer for each thing, in the order they were brought in.

    ``holder`` is who should have them, ``lists`` are the names of the trust lists that count; None is all.
    ``moment`` is a moment that has passed, about which is asked; None is now. With ``refresh`` an issuer who
    keeps newer copies is asked for one, which nobody does for a day that has passed.
    """
    sources: Sources = import_string(settings.SOURCES)()
    if moment is not None:
        sources = past.ListsOfThen(sources, moment)
    count_check = import_string(settings.COUNT_CHECK)
    checks: tuple[Check, ...] = import_string(settings.CHECKS)(lists=lists, holder=holder or None)
    verifier = Verifier(sources, checks, refresh=refresh and moment is None)
    end = monotonic() + LONGEST_SECONDS
    for number, thing in enumerate(things, start=1):
        if monotonic() > end:
            problem = _("We ran out of time before we came to this one. Bring fewer at once.")
            yield Result(number, thing, problem=problem)
            continue
        try:
            report = verifier.examine(thing.read(sources), at=moment or timezone.now())
        except (MalformedError, UnsupportedError, UnavailableError) as error:
            yield Result(number, thing, problem=_in_words(error))
            continue
        count_check((report.document or {}).get("id"), at=timezone.now())
        found = answer(report)
        if moment is not None:
            # A report to keep says when it was checked; of a day that has passed there is none.
            found = replace(found, words=replace(found.words, sentence=_said_of(moment, found.words)))
            yield Result(number, thing, answer=found)
            continue
        yield Result(number, thing, answer=found, state=seal(thing.given, report))


def _said_of(moment: datetime, words: verdict.Words) -> str:
    said = {"date": verdict.day(moment), "answer": words.sentence}
    if words.kind == verdict.YES:
        return _("On %(date)s it was genuine, unchanged and valid.") % said
    return _("On %(date)s: %(answer)s") % said


def answer(report: Report, *, around: verdict.Words | None = None) -> Answer:
    """The answer in words. What stands under "not checked" of the document ``around`` is not said again."""
    shown = (
        None if report.document is None else display.shown(report.document, public_url=settings.PUBLIC_URL)
    )
    words = verdict.words(report)
    if around is not None:
        left = tuple(each for each in words.not_checked if each not in around.not_checked)
        words = replace(words, not_checked=left)
    return Answer(
        report, words, shown, tuple(_part(part, words if around is None else around) for part in report.parts)
    )


def _part(part: PartReport, around: verdict.Words) -> Part:
    beside = ""
    if part.role == "endorsement":
        names = [name for name in part.path.split("/") if name and not name.isdigit()]
        beside = next((str(ENDORSED[name]) for name in reversed(names) if name in ENDORSED), "")
    return Part(part.role, beside, answer(part.report, around=around))


def _count(request: HttpRequest, things: int) -> None:
    """Fifty at once are counted as fifty; the first was counted when the request came in (B149)."""
    limit = settings.RATE_LIMITS["verify"]
    bucket = limits.Limit("verify", limit["burst"], limit["per_minute"])
    if things > 1:
        bucket.take(
            limits.network_of(
                limits.client_address(
                    peer=request.META.get("REMOTE_ADDR", ""),
                    forwarded_for=request.headers.get("X-Forwarded-For", ""),
                    trusted_proxies=settings.TRUSTED_PROXIES,
                )
            ),
            at=timezone.now(),
            tokens=things - 1,
        )


def _in_words(error: MalformedError | UnsupportedError | UnavailableError) -> str:
    if isinstance(error, UnavailableError):
        # One sentence for every reason, so that nobody can map a network with it (B101).
        return _("We could not open this link.")
    if error.code == "limit-size":
        return _("This file is larger than 2 MB, which is more than we check.")
    if error.code.startswith("limit-"):
        return _("This is larger or more deeply nested than what we check.")
    if isinstance(error, UnsupportedError):
        return _("This is a kind of credential that we cannot check yet.")
    return _("We could not read this file. Is it the original, not a screenshot?")


def _form_page(request: HttpRequest, form: VerifyForm, *, status: int = 200) -> HttpResponse:
    response = private(page(render(request, "verify/form.html", {"form": form}, status=status)))
    # Of all pages only this one has something that a camera is for.
    response["Permissions-Policy"] = "camera=(self), geolocation=(), microphone=(), payment=(), usb=()"
    return response


def _result_page(request: HttpRequest, result: Result, *, again: str) -> HttpResponse:
    context = {
        "result": result,
        "answer": result.answer,
        "again": again,
        "checker": receipts.checker(),
        "checked_at": timezone.now(),
        "states": [result.state] if result.state else [],
    }
    return private(page(render(request, "verify/result.html", context)))


def _many_page(request: HttpRequest, results: list[Result], *, again: str) -> HttpResponse:
    context: dict[str, Any] = {
        "results": results,
        "again": again,
        "sentence": _sentence(results),
        "kind": _kind(results),
        "at": timezone.now(),
        "checker": receipts.checker(),
        "states": [result.state for result in results if result.state],
        "unread": sum(not result.state for result in results),
    }
    return private(page(render(request, "verify/many.html", context)))


def _sentence(results: list[Result]) -> str:
    """“3 checked: 1 verified, 1 not verified, 1 could not be read.”"""
    found = Counter(result.answer.report.verdict if result.answer else None for result in results)
    counted = [
        (Verdict.VERIFIED, _("%(n)s verified")),
        (Verdict.REMARKS, _("%(n)s verified with remarks")),
        (Verdict.NOT_VERIFIED, _("%(n)s not verified")),
        (Verdict.COULD_NOT_CHECK, _("%(n)s could not be checked")),
        (None, _("%(n)s could not be read")),
    ]
    parts = [words % {"n": found[each]} for each, words in counted if found[each]]
    return _("%(all)s checked: %(parts)s.") % {"all": len(results), "parts": ", ".join(parts)}


def _kind(results: list[Result]) -> str:
    """The look of the bar: that of the answers when they are all alike, and none of theirs when not."""
    kinds = {result.kind for result in results}
    return kinds.pop() if len(kinds) == 1 else "neutral"


def domain_of(report: Report) -> str:
    """The web address that vouches for the issuer, once that check has said yes."""
    issuer = report.finding("issuer")
    return issuer.details.get("domain", "") if issuer and issuer.outcome.value == "passed" else ""


def _own_page(credential_id: str) -> str:
    """The path of a credential's page on this server, where its date and reason of withdrawal stand."""
    path = credential_id.removeprefix(f"{settings.PUBLIC_URL}/c/")
    return f"/c/{path}" if path != credential_id and PUBLIC_ID.fullmatch(path) else ""
