# SPDX-License-Identifier: Apache-2.0
"""``/c/<id>``: one credential, as a page for people and as the files that were signed.

The page is computed by the same verifier over the same bytes that a stranger would get. What it shows is the
verified document; from our own records come only the things that a document cannot hold: when and why it was
withdrawn. How long a verdict is kept is the business of ``kept``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from cairn import Outcome, Report, Sources, Verdict, Verifier
from cairn_server import past
from cairn_server.issuing import analytics, claiming, representations
from cairn_server.issuing.models import Credential, SecuredCredential
from cairn_server.wallets import looks, sharing
from cairn_server.wallets.models import Look
from cairn_server.web import display, kept, life, publication, verdict

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

# A form of the credential that is a file: how it is asked for by name, and by media type.
SUFFIXES = ("json", "jwt", "png", "svg")
# Whoever asks for the newest copy wants to know of it soon.
NEWEST_MAX_AGE = 60
FORMS = {
    publication.HTML: "html",
    **dict.fromkeys(publication.CREDENTIAL_TYPES, "json"),
    "application/vc+jwt": "jwt",
    "application/jwt": "jwt",
    "image/png": "png",
    "image/svg+xml": "svg",
    "application/pdf": "pdf",
}
# The files never change, but a holder may one day take the page back.
FILE_MAX_AGE = 300


@publication.for_everyone
def credential(request: HttpRequest, credential_id: str) -> HttpResponse:
    """The page, or the file that the caller's ``Accept`` names."""
    media_type = publication.wanted(request, tuple(FORMS))
    if FORMS[media_type] == "html":
        if _is_closed(credential_id):
            return absent(request)
        if "at" in request.GET:
            return _past_page(request, credential_id)
        html = _page(credential_id, fresh=False)
        if html is not None:
            note(credential_id, analytics.Kind.VERIFIED, Look.Kind.PAGE)
        return absent(request) if html is None else publication.private(publication.page(HttpResponse(html)))
    if FORMS[media_type] == "pdf":
        # Setting a page is work: the address that does it is counted, whatever way led there.
        there = reverse("credential-certificate", args=[credential_id])
        return publication.varied(publication.private(HttpResponseRedirect(there, status=303)))
    found = find(credential_id)
    if found is None:
        return absent(request)
    return publication.varied(_file(request, found, FORMS[media_type], media_type=media_type))


@publication.for_everyone
def file(request: HttpRequest, credential_id: str, suffix: str) -> HttpResponse:
    found = find(credential_id)
    if found is None:
        return absent(request)
    note(credential_id, analytics.Kind.SHARED, Look.Kind.FILE)
    return _file(request, found, suffix, name=f"credential-{credential_id[:8]}.{suffix}")


# Exempt as below. A link that was copied, or LinkedIn that was chosen, is one more on a counter: who did it
# is not asked, and the script that tells it sends no cookie (share-counter.js).
@csrf_exempt
@require_POST
def shared(request: HttpRequest, credential_id: str) -> HttpResponse:
    analytics.note(credential_id, analytics.Kind.SHARED, at=timezone.now())
    return publication.private(HttpResponse(status=204))


@publication.for_everyone
def newest(request: HttpRequest, credential_id: str) -> HttpResponse:
    """The newest copy of it: what a refresh service answers (Open Badges 3.0, 1EdTechCredentialRefresh).

    It was signed when it was renewed. Nothing is signed because somebody asks.
    """
    found = find(credential_id)
    if found is None:
        return absent(request)
    body, media_type = representations.representation(found, "json")
    response = publication.machine(request, body, media_type=media_type, max_age=NEWEST_MAX_AGE)
    return publication.private(response)


# Exempt, because a public page has no cookie that could carry a token; all it does is look once more.
@csrf_exempt
@require_POST
def check(request: HttpRequest, credential_id: str) -> HttpResponse:
    """Judge anew, whatever was kept, and come back to the answer."""
    if _is_closed(credential_id) or _page(credential_id, fresh=True) is None:
        return absent(request)
    return HttpResponseRedirect(reverse("credential", args=[credential_id]), status=303)


def note(credential_id: str, counted: str, looked: Look.Kind) -> None:
    """One more for the issuer's figures, and one for its holder's log."""
    at = timezone.now()
    analytics.note(credential_id, counted, at=at)
    looks.note_at(f"{settings.PUBLIC_URL}/c/{credential_id}", looked, at=at)


def absent(request: HttpRequest) -> HttpResponse:
    """One answer for "unknown" and for "not public": same status, same bytes."""
    response = render(request, "credential/absent.html", status=404)
    return publication.private(publication.page(response))


def _is_closed(credential_id: str) -> bool:
    """Whether its holder has declined it, or taken the page back: asked each time, so it is gone at once."""
    address = f"{settings.PUBLIC_URL}/c/{credential_id}"
    return sharing.is_closed(address) or claiming.is_declined(credential_id)


def find(credential_id: str, *, moment: datetime | None = None) -> Credential | None:
    """The newest copy of what stands there; with ``moment`` the newest that had begun by then."""
    if _is_closed(credential_id):
        return None
    copies = (
        Credential.objects.signed()
        .under(credential_id)
        .select_related("organisation", "status_list", "version__achievement", "first", "replaces")
    )
    if moment is None:
        return copies.first()
    # Of a time before the first, the first: its own dates say that it had not begun.
    return copies.filter(valid_from__lte=moment).first() or copies.last()


def _file(
    request: HttpRequest, found: Credential, form: str, *, media_type: str = "", name: str = ""
) -> HttpResponse:
    body, own_type = representations.representation(found, form)
    response = publication.machine(
        request, body, media_type=media_type or own_type, max_age=FILE_MAX_AGE, name=name
    )
    return publication.private(response)


def _page(credential_id: str, *, fresh: bool) -> str | None:
    """The finished page, None for one that is not there.

    It shows nothing about who is looking, so one copy a language serves everybody.
    """
    at = timezone.now()
    state = kept.state_of(credential_id)
    key = f"credential-page:{credential_id}:{get_language()}"
    before: kept.Kept | None = None if fresh else cache.get(key)
    if before is not None and before.holds(state, at=at):
        return before.html
    found = find(credential_id)
    if found is None:
        return None
    # Without the request: what a template cannot see, it cannot put on a page that others get too (B151).
    html = render_to_string("credential/credential.html", context_of(found, at=at, now=at))
    page = kept.Kept(html, at, kept.next_date(found, at=at), state)
    cache.set(key, page, timeout=kept.MAX_AGE.total_seconds())
    return html


def _past_page(request: HttpRequest, credential_id: str) -> HttpResponse:
    """How it stood on a day that has passed: judged anew, with the lists that were signed then."""
    now = timezone.now()
    asked = past.moment_of(request.GET["at"], now=now)
    if asked is None:
        return publication.private(
            publication.page(HttpResponseRedirect(reverse("credential", args=[credential_id]), status=303))
        )
    found = find(credential_id, moment=asked)
    if found is None:
        return absent(request)
    html = render_to_string("credential/credential.html", context_of(found, at=asked, now=now))
    return publication.private(publication.page(HttpResponse(html)))


def context_of(found: Credential, *, at: datetime, now: datetime) -> dict[str, object]:
    """What a page about it says of ``at``, which is ``now`` or a moment that has passed."""
    is_past = at < now
    judged = judge(found, at=at, now=now)
    report, badge, state = judged.report, judged.shown, judged.bar
    if is_past:
        state = state.of(at)
    if report.verdict is not Verdict.COULD_NOT_CHECK and not is_past:
        kept.note_complete_check(found.address_id, at=at)
    address, address_id = found.address(settings.PUBLIC_URL), found.address_id
    return {
        "report": report,
        "checked_at": now,
        "words": verdict.words(report),
        "bar": state,
        "shown": badge if state.shows_content else None,
        "certificate": reverse("credential-certificate", args=[address_id]) if judged.counts else "",
        "domain": _domain(report),
        "here": reverse("credential", args=[address_id]),
        "address": address,
        "public_url": settings.PUBLIC_URL,
        "credential_id": address_id,
        "life": life.told(found, now=now),
        "asked": at if is_past else None,
        "latest_day": now.date().isoformat(),
        "issuer_page": reverse("issuer", args=[found.organisation.public_id]),
        "achievement_page": reverse("achievement", args=[found.version.public_id]),
        "linkedin": linkedin(found, badge, address=address) if badge else "",
        "verify_page": reverse("verify") + "?" + urlencode({"link": address}),
        "files": [
            (name.upper(), reverse("credential-file", args=[address_id, name]))
            for name in SUFFIXES
            if name != "jwt" or found.secured.filter(format=SecuredCredential.Format.JWT).exists()
        ],
        "shared": reverse("credential-shared", args=[address_id]),
        "proof": _how_we_know(report, report.document, at=at if is_past else None) if report.document else (),
    }


@dataclass(frozen=True, slots=True)
class Bar:
    """The answer on top of the page; ``collapsed`` puts the content behind a click."""

    kind: str
    sentence: str
    note: str = ""
    shows_content: bool = True
    collapsed: str = ""

    @property
    def level(self) -> int:
        """Where the name of the achievement is not shown at once, the answer is the page's heading."""
        return 0 if self.shows_content and not self.collapsed else 1

    def of(self, moment: datetime) -> Bar:
        """The same answer, said of a moment that has passed, and how it can be known."""
        said = {"date": verdict.day(moment), "answer": self.sentence}
        if self.kind == verdict.YES:
            sentence = _("On %(date)s it was genuine, unchanged and valid.") % said
        else:
            sentence = _("On %(date)s: %(answer)s") % said
        how = _("Judged with the lists that the issuer had signed by then. Each change since is kept.")
        return replace(self, sentence=sentence, note=" ".join(filter(None, (self.note, how))))


@dataclass(frozen=True, slots=True)
class Judged:
    """The bytes, what the verifier found of them, and what of it may be shown."""

    secured: bytes
    report: Report
    shown: display.Shown | None
    bar: Bar

    @property
    def counts(self) -> bool:
        """Whether it is good for something at this moment: every check had its answer, nobody withdrew it."""
        return (
            self.shown is not None
            and self.bar.shows_content
            and not self.bar.collapsed
            and self.bar.kind in (verdict.YES, verdict.REMARK)
        )


def judge(found: Credential, *, at: datetime, now: datetime) -> Judged:
    """The same verifier over the same bytes as everybody's, and our own record beside it."""
    is_past = at < now
    secured, _media_type = representations.representation(found, "json")
    sources: Sources = import_string(settings.SOURCES)()
    report = Verifier(past.ListsOfThen(sources, at) if is_past else sources).examine(secured, at=at)
    shown = (
        None if report.document is None else display.shown(report.document, public_url=settings.PUBLIC_URL)
    )
    stood = life.stood_at(found, at) if is_past else life.stands(found)
    return Judged(
        secured,
        report,
        shown if isinstance(shown, display.Shown) else None,
        bar(found, report, stood),
    )


def bar(found: Credential, report: Report, stood: life.Stood | None = None) -> Bar:
    """What the page says first. Our own record can only make it stricter, never better."""
    stood = stood or life.stands(found)
    status = report.finding("status")
    withdrawn = {"revoked", "suspended"} & {stood.standing, status.code if status else ""}
    if report.document is None or (report.verdict is Verdict.NOT_VERIFIED and not withdrawn):
        return Bar(verdict.KINDS[report.verdict], verdict.sentence(report), shows_content=False)
    if "revoked" in withdrawn and stood.is_replaced:
        said = {"date": verdict.day(stood.since)} if stood.since else {"date": ""}
        return Bar(
            verdict.REMARK,
            _("The issuer put a mended credential in the place of this one on %(date)s.") % said,
            _("This one counts no more. Nothing is wrong with whoever holds it."),
            collapsed=_("Show the earlier credential"),
        )
    if "revoked" in withdrawn:
        return Bar(verdict.NO, _revoked(stood), collapsed=_("Show the revoked credential"))
    if "suspended" in withdrawn:
        return Bar(verdict.NO, _suspended(stood), stood.reason, collapsed=_("Show the suspended credential"))
    if report.verdict is Verdict.COULD_NOT_CHECK:
        return Bar(verdict.UNKNOWN, _could_not(report), _last_time(found))
    period = report.finding("period")
    if period and period.code == "expired" and found.valid_until:
        said = {"date": verdict.day(found.valid_until)}
        return Bar(verdict.REMARK, _("Was valid until %(date)s. It is still authentic.") % said)
    if report.verdict is Verdict.REMARKS:
        return Bar(verdict.REMARK, verdict.sentence(report))
    return Bar(verdict.YES, _("Genuine, unchanged and currently valid."))


def _revoked(stood: life.Stood) -> str:
    if stood.standing != Credential.Standing.REVOKED or stood.since is None:
        return _("Revoked by the issuer.")
    said = {"date": verdict.day(stood.since), "reason": stood.reason.rstrip(".")}
    return _("Revoked by the issuer on %(date)s. Reason: %(reason)s.") % said


def _suspended(stood: life.Stood) -> str:
    if stood.standing != Credential.Standing.SUSPENDED or stood.since is None:
        return _("Suspended by the issuer. It does not count at the moment.")
    said = {"date": verdict.day(stood.since)}
    if stood.until is not None:
        said["until"] = verdict.day(stood.until)
        return (
            _("Suspended by the issuer from %(date)s until %(until)s. It does not count at the moment.")
            % said
        )
    return _("Suspended by the issuer since %(date)s. It does not count at the moment.") % said


def _could_not(report: Report) -> str:
    what = [line.sentence for line in verdict.words(report).lines if line.kind == verdict.UNKNOWN]
    return _("We could not check everything just now. %(what)s") % {"what": " ".join(what)}


def _last_time(found: Credential) -> str:
    """When everything could last be checked, as far as this process remembers."""
    at = kept.last_complete_check(found.address_id)
    return _("Everything was last checked on %(time)s.") % {"time": verdict.minute(at)} if at else ""


def _domain(report: Report) -> str:
    """The web address that vouches for the issuer, once that check has said yes."""
    issuer = report.finding("issuer")
    return issuer.details.get("domain", "") if issuer and issuer.outcome is Outcome.PASSED else ""


def _how_we_know(
    report: Report, document: Mapping[str, object], *, at: datetime | None
) -> tuple[tuple[str, str], ...]:
    """The technical facts, for those who want to repeat the check; ``at`` is a moment that has passed."""
    signature, issuer = report.finding("signature"), report.finding("issuer")
    status = document.get("credentialStatus")
    facts: list[tuple[str, object]] = []
    if issuer:
        facts += [
            (_("Issuer’s identifier"), issuer.details.get("issuer")),
            (_("Key"), issuer.details.get("key")),
        ]
    if signature:
        facts += [
            (_("Kind of signature"), signature.details.get("cryptosuite")),
            (_("Signed on"), signature.details.get("created")),
        ]
    if isinstance(status, dict):
        facts += [
            (_("Status list"), past.address_at(str(status.get("statusListCredential")), at)),
            (_("Entry in the list"), status.get("statusListIndex")),
        ]
    return tuple((term, str(value)) for term, value in facts if value)


def linkedin(found: Credential, shown: display.Shown, *, address: str) -> str:
    """LinkedIn's form, filled in by a plain link: no script, and no learner's name in the address."""
    organisation = found.organisation
    issuer = (
        {"organizationId": organisation.linkedin_id}
        if organisation.linkedin_id
        else {"organizationName": shown.issuer_name}
    )
    fields: dict[str, str | int] = {
        "startTask": "CERTIFICATION_NAME",
        "name": shown.about.name,
        **issuer,
        "issueYear": shown.awarded.year,
        "issueMonth": shown.awarded.month,
    }
    if shown.valid_until:
        fields |= {"expirationYear": shown.valid_until.year, "expirationMonth": shown.valid_until.month}
    fields |= {"certUrl": address, "certId": found.address_id}
    return "https://www.linkedin.com/profile/add?" + urlencode(fields)
