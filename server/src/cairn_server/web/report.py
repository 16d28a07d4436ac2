# SPDX-License-Identifier: Apache-2.0
"""A report to keep: as a PDF, as a page, as a table, or as a receipt that itself verifies.

Nothing is kept between the check and the download. What was found travels in the page, sealed with the key
of this server, and comes back with the request; what the visitor had uploaded is not in it.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import get_language, gettext_lazy, pgettext
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from cairn import Finding, Outcome, Report
from cairn.credential import parse_datetime
from cairn.verifier import PartReport
from cairn_server import receipts
from cairn_server.errors import Refusal
from cairn_server.web import printing, verdict
from cairn_server.web.brought import MOST
from cairn_server.web.publication import page, private

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SALT = "verify-report"
# Long enough to come back to an open page after lunch, or tomorrow.
_LIFE_SECONDS = 24 * 3600


class ReportOver(Refusal):
    """The sealed report is too old, or not one of ours."""

    status = 410

    def __init__(self) -> None:
        super().__init__(
            "report-over",
            _("This page is too old to download its report. Check the credential again."),
        )


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found about one thing; ``said`` is empty unless somebody vouches for what it says."""

    given: str
    report: Report
    said: Mapping[str, str]


def seal(given: str, report: Report) -> str:
    """What was found, to be kept by the page: without the credential, with the few words of a table row."""
    said = {} if report.document is None else receipts.what_it_says(report.document)
    kept = {"given": given, "report": _without_document(report), "said": said}
    return signing.dumps(kept, salt=_SALT, compress=True)


def unseal(text: str) -> Checked:
    try:
        kept = signing.loads(text, salt=_SALT, max_age=_LIFE_SECONDS)
    except signing.BadSignature as error:
        raise ReportOver from error
    return Checked(kept["given"], report_of(kept["report"]), kept["said"])


# Changes nothing for anyone, and strangers get no cookie that could carry a token.
@csrf_exempt
@require_POST
def download(request: HttpRequest) -> HttpResponse:
    sealed = request.POST.getlist("state")
    if not 0 < len(sealed) <= MOST:
        raise ReportOver
    found = [unseal(each) for each in sealed]
    in_full = request.POST.get("content") == "yes"
    day = max(each.report.at for each in found).date().isoformat()
    match request.POST.get("form"):
        case "csv":
            return _file(_table(found), "text/csv; charset=utf-8", f"check-{day}.csv")
        case "receipt":
            return _file(_receipt(found, in_full=in_full), receipts.MEDIA_TYPE, f"check-{day}.json")
        case "pdf":
            at = timezone.now()
            made = printing.pdf(
                _words(found, in_full=in_full), receipt=_receipt(found, in_full=in_full), at=at
            )
            return _file(made, "application/pdf", f"check-{day}.pdf")
        case "html":
            text = render_to_string("verify/report.html", _words(found, in_full=in_full, attached=False))
            return _file(text.encode(), "text/html; charset=utf-8", f"check-{day}.html")
    raise Refusal("report-form", _("Choose one of the ways to keep this report."), status=400)


def _file(data: bytes, media_type: str, name: str) -> HttpResponse:
    response = HttpResponse(data, content_type=media_type)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return private(page(response))


def _receipt(found: Sequence[Checked], *, in_full: bool) -> bytes:
    at = timezone.now()
    unsigned = receipts.receipt(
        [each.report.to_document() for each in found],
        at=at,
        checked_with=receipts.checker(),
        contents=[{**each.said, "given": each.given} for each in found] if in_full else (),
    )
    signed: bytes = import_string(settings.SIGN_RECEIPT)(unsigned, at=at)
    return signed


# The table

HEADS = (
    ("given", gettext_lazy("You gave us")),
    ("verdict", gettext_lazy("Verdict")),
    ("name", gettext_lazy("Credential")),
    ("issuerName", gettext_lazy("Issuer")),
    ("issuer", gettext_lazy("Issuer’s identifier")),
    ("holder", gettext_lazy("Awarded to")),
    ("from", gettext_lazy("Date")),
    ("until", gettext_lazy("Valid until")),
    ("checked", gettext_lazy("Checked")),
    ("sha256", gettext_lazy("Fingerprint (SHA-256)")),
)


def _table(found: Sequence[Checked]) -> bytes:
    """One row a thing. Of what nobody vouches for, the visitor's own word and the answer, nothing else."""
    out = StringIO()
    writer = csv.writer(out)
    writer.writerow([str(head) for _name, head in HEADS])
    for each in found:
        row = {
            **each.said,
            "given": each.given,
            "verdict": str(verdict.VERDICTS[each.report.verdict]),
            "checked": each.report.at.isoformat(),
            "sha256": each.report.sha256,
        }
        writer.writerow([_plain_cell(row.get(name, "")) for name, _head in HEADS])
    # With the mark by which Excel knows UTF-8.
    return out.getvalue().encode("utf-8-sig")


def _plain_cell(text: str) -> str:
    """A spreadsheet takes what begins like this for a formula (B118)."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


# The printed report


def _words(found: Sequence[Checked], *, in_full: bool, attached: bool = True) -> dict[str, Any]:
    """Everything that is printed, in words: the template adds none of its own.

    ``attached`` says that the file has the signed receipt with it.
    """
    at = max(each.report.at for each in found)
    title = _("Report of a check, %(day)s") % {"day": verdict.day(at)}
    closing = (
        _(
            "This report says what was found at the time it names. The signed receipt is attached to this"
            " file as credential.json; open it on %(url)s/verify to see that nobody has changed it."
        )
        if attached
        else _(
            "This report says what was found at the time it names. Nothing in it is signed: keep the signed"
            " receipt beside it, which %(url)s/verify and every other verifier can check."
        )
    )
    return {
        "title": title,
        "lang": (get_language() or "en").partition("-")[0],
        "footer": title,
        "heading": title,
        "about": [
            [_("Checked with"), receipts.checker()],
            [_("Checked at"), settings.PUBLIC_URL],
            *([[_("Run by"), settings.OPERATOR_NAME]] if settings.OPERATOR_NAME else []),
        ],
        "list_heading": _("All answers"),
        "list_heads": [_("No."), _("You gave us"), _("Credential"), _("Verdict")],
        "check_heads": [_("Check"), pgettext("of a check", "Answer"), _("What it means")],
        "checks_heading": _("What we checked"),
        "parts_heading": _("What is inside it"),
        "not_checked_heading": _("What we did not check"),
        "closing": closing % {"url": settings.PUBLIC_URL},
        "receipt_name": _("Signed receipt of this check"),
        "items": [_item(number, each, in_full=in_full) for number, each in enumerate(found, start=1)],
    }


def _item(number: int, each: Checked, *, in_full: bool) -> dict[str, Any]:
    """One answer. The name of a file is often that of a person, so it is printed only if the rest is."""
    words = verdict.words(each.report)
    said = each.said if in_full else {}
    return {
        "given": each.given if in_full else _("Number %(n)s") % {"n": number},
        "said": ", ".join(said[name] for name in ("name", "issuerName") if said.get(name)) or "–",
        "kind": words.kind,
        "word": str(verdict.VERDICTS[each.report.verdict]),
        "sentence": words.sentence,
        "facts": [
            *([[_("You gave us"), each.given]] if in_full else []),
            [_("Checked"), verdict.minute(each.report.at)],
            [_("Fingerprint (SHA-256)"), each.report.sha256, True],
            *([str(head), _in_words(said[name])] for name, head in HEADS if said.get(name)),
        ],
        "checks": [
            {
                "name": line.name,
                "kind": line.kind,
                "word": line.word,
                "sentence": line.sentence,
                "advice": line.advice,
            }
            for line in words.lines
        ],
        "parts": [[part.path, verdict.sentence(part.report)] for part in each.report.parts],
        "not_checked": list(words.not_checked),
    }


def _in_words(text: str) -> str:
    at = verdict.moment(text) if text[:4].isdigit() else None
    return verdict.day(at) if at else text


# Out of the seal


def _without_document(report: Report) -> dict[str, Any]:
    """The report as it is written, with the fact that somebody vouches in place of what it says."""
    return {
        **report.to_document(),
        "document": report.document is not None,
        "parts": [
            {"path": part.path, "role": part.role, "report": _without_document(part.report)}
            for part in report.parts
        ],
    }


def report_of(found: Mapping[str, Any]) -> Report:
    """A report as it was written, with its document or with the fact that there is one."""
    document = found["document"]
    findings = tuple(
        Finding(
            each["check"],
            Outcome(each["outcome"]),
            each["code"],
            each["message"],
            each["details"],
            each["decides"],
        )
        for each in found["findings"]
    )
    return Report(
        findings=findings,
        document=document if isinstance(document, dict) else {} if document else None,
        kind=found["kind"],
        carrier=found["carrier"],
        format=found["format"],
        at=parse_datetime(found["at"]),
        sha256=found["sha256"],
        parts=tuple(
            PartReport(part["path"], part["role"], report_of(part["report"])) for part in found["parts"]
        ),
    )
