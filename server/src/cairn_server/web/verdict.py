# SPDX-License-Identifier: Apache-2.0
"""A Report in words.

Three answers per check, in words, icon and colour: yes, no, could not check. The verdict itself is the
library's; here is only how it is said. Where a signature did not match, nothing that the document claims is
repeated: what somebody else wrote under a broken signature is not information.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cairn import Finding, Outcome, Report, Verdict
from cairn.credential import parse_datetime
from cairn.errors import CairnError
from cairn_server.web.wording import ADVICE, DETAIL_NAMES, GROUPS, NAMES, ORDER, REASONS, SENTENCES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from django.utils.functional import _StrOrPromise

YES, NO, REMARK, UNKNOWN = "positive", "negative", "caution", "unknown"

ICONS = {YES: "check", NO: "x", REMARK: "info", UNKNOWN: "circle-question-mark"}
WORDS = {
    YES: gettext_lazy("Yes"),
    NO: gettext_lazy("No"),
    REMARK: gettext_lazy("Remark"),
    UNKNOWN: gettext_lazy("Could not check"),
}
KINDS = {
    Verdict.VERIFIED: YES,
    Verdict.REMARKS: REMARK,
    Verdict.NOT_VERIFIED: NO,
    Verdict.COULD_NOT_CHECK: UNKNOWN,
}
# In a table, where a sentence has no room.
VERDICTS = {
    Verdict.VERIFIED: gettext_lazy("Verified"),
    Verdict.REMARKS: gettext_lazy("Verified with remarks"),
    Verdict.NOT_VERIFIED: gettext_lazy("Not verified"),
    Verdict.COULD_NOT_CHECK: gettext_lazy("Could not check"),
}
DAYS = ("valid_from", "valid_until")
# Without a verified document only this is repeated: whom we asked, and which fields break a rule.
SAFE_DETAILS = ("domain", "issuer", "fields", "rule")


@dataclass(frozen=True, slots=True)
class Line:
    """One check: an icon, its name, the answer in a word, one plain sentence, and what to do."""

    check: str
    kind: str
    sentence: str
    advice: str = ""
    details: tuple[tuple[str, str], ...] = ()

    @property
    def name(self) -> str:
        return str(NAMES.get(self.check, self.check))

    @property
    def word(self) -> str:
        return str(WORDS[self.kind])

    @property
    def icon(self) -> str:
        return ICONS[self.kind]


@dataclass(frozen=True, slots=True)
class Words:
    """Everything a result page says about one report."""

    kind: str
    sentence: str
    lines: tuple[Line, ...]
    not_checked: tuple[str, ...]


def words(report: Report) -> Words:
    return Words(
        kind=KINDS[report.verdict],
        sentence=sentence(report),
        lines=tuple(_lines(report)),
        not_checked=tuple(_not_checked(report)),
    )


def sentence(report: Report) -> str:
    match report.verdict:
        case Verdict.VERIFIED if _is_named_by_its_key_alone(report):
            return _(
                "This is genuine, unchanged and currently valid. Nothing but its own key vouches for the name"
                " of its issuer."
            )
        case Verdict.VERIFIED:
            return _("This is genuine, unchanged and currently valid.")
        case Verdict.REMARKS if _is_hosted(report):
            return _("Its issuer’s website vouches for this today. Please read the remarks.")
        case Verdict.REMARKS:
            return _("This is genuine and unchanged. Please read the remarks.")
        case Verdict.COULD_NOT_CHECK if _is_own_copy(report):
            return _(
                "This is the holder’s own copy, which is not for showing. Nothing is wrong with that: ask for"
                " a copy that is."
            )
        case Verdict.COULD_NOT_CHECK:
            return _("We could not finish checking. This says nothing bad about the credential.")
        case Verdict.NOT_VERIFIED:
            return _("We could not confirm this credential, because %(reason)s.") % {
                "reason": _reason(report)
            }


def _is_hosted(report: Report) -> bool:
    """Whether nothing is signed, and a page of the issuer is the whole proof."""
    signature = report.finding("signature")
    return signature is not None and signature.code == "hosted"


def _is_own_copy(report: Report) -> bool:
    """Whether it cannot be judged because nobody but its holder should have it."""
    signature = report.finding("signature")
    return signature is not None and signature.code == "proof-base"


def moment(text: str) -> datetime | None:
    try:
        return parse_datetime(text)
    except CairnError:
        return None


def day(at: datetime) -> str:
    return date_format(at.astimezone(UTC), "DATE_FORMAT")


def minute(at: datetime) -> str:
    return date_format(at.astimezone(UTC), "DATETIME_FORMAT") + " UTC"


def _reason(report: Report) -> str:
    """The first thing that speaks against it, in the order of the page; else what is inside it does."""
    for finding in _in_order(report):
        if _speaks_against(finding, report):
            return str(_pick(REASONS, finding) or _("one of the checks says no"))
    return str(_("a credential inside it is not verified"))


def _in_order(report: Report) -> list[Finding]:
    """Findings in the order of the page; a check that this page does not know comes last, not never."""
    known = [finding for check in ORDER for finding in report.findings if finding.check == check]
    return known + [finding for finding in report.findings if finding.check not in ORDER]


def _pick(table: Mapping[tuple[str, str], _StrOrPromise], finding: Finding) -> _StrOrPromise:
    """The entry for the finer code if there is one, else for the outcome."""
    for code in (_fine(finding), finding.outcome.value):
        if (finding.check, code) in table:
            return table[finding.check, code]
    return ""


def _fine(finding: Finding) -> str:
    """The code that a sentence is chosen by: the finding's own, or that of its group."""
    if finding.outcome is Outcome.PASSED:
        if finding.check == "issuer" and finding.code == "ok" and "domain" not in finding.details:
            return "no-domain"
        if finding.check == "period" and "valid_until" not in finding.details:
            return "no-end"
        if finding.check == "holder" and finding.code == "ok" and "holder" in finding.details:
            return "presented"
        if finding.check == "trust":
            named = "named" if "listed_as" in finding.details else finding.code
            return "accredited" if "accredited_by" in finding.details else named
        if finding.check == "domain" and finding.details.get("by") == "identifier":
            return "own"
        if finding.check == "entitlement" and "creator" not in finding.details:
            return "own"
    if finding.code.startswith("limit-"):
        return "limits"
    return GROUPS.get(finding.code, finding.code)


def _lines(report: Report) -> Iterator[Line]:
    yield _format_line(report)
    for finding in _in_order(report):
        if _left_out(finding, report):
            continue
        yield _line(finding, report)


def _format_line(report: Report) -> Line:
    structure = report.finding("structure")
    known = structure is None or not structure.code.startswith("unsupported-")
    said = {"kind": report.kind}
    if not known:
        return Line("format", UNKNOWN, _("Its kind is %(kind)s, which we cannot check yet.") % said)
    # Of the standards' names only that of Open Badges is not itself the name of a credential.
    if report.kind.startswith("Open Badges"):
        return Line("format", YES, _("This is an %(kind)s credential.") % said)
    if report.kind.startswith("CLR"):
        return Line("format", YES, _("This is a learner record (%(kind)s).") % said)
    if report.kind.startswith(("SD-JWT", "Endorse", "Open")):
        return Line("format", YES, _("This is an %(kind)s.") % said)
    return Line("format", YES, _("This is a %(kind)s.") % said)


def _line(finding: Finding, report: Report) -> Line:
    if finding.check not in NAMES:
        return Line(
            finding.check, _kind(finding, report), finding.message, details=((str(_("Code")), finding.code),)
        )
    return Line(
        finding.check,
        _kind(finding, report),
        _filled(_pick(SENTENCES, finding), finding),
        str(_pick(ADVICE, finding)),
        tuple(_details(finding, report)),
    )


def _speaks_against(finding: Finding, report: Report) -> bool:
    """Whether this finding by itself would be a "no" to the credential: the library knows, not this page."""
    alone = replace(report, findings=(finding,), parts=())
    return finding.outcome is Outcome.FAILED and alone.verdict is Verdict.NOT_VERIFIED


def _kind(finding: Finding, report: Report) -> str:
    if not finding.decides and finding.outcome is not Outcome.PASSED:
        return REMARK
    if finding.outcome is Outcome.UNDECIDED:
        return UNKNOWN
    if finding.outcome is Outcome.PASSED:
        return YES
    # Dates and lists are remarks: they do not speak against the credential being genuine.
    return NO if _speaks_against(finding, report) else REMARK


class _Details(dict[str, str]):
    """A detail that a finding does not have leaves a word that still reads as a sentence."""

    MISSING = {
        "domain": gettext_lazy("the issuer"),
        "issuer": gettext_lazy("the issuer"),
        "list": gettext_lazy("the list"),
    }

    def __missing__(self, name: str) -> str:
        return str(self.MISSING.get(name, "–"))


def _filled(text: _StrOrPromise, finding: Finding) -> str:
    details = _Details(finding.details)
    for name in DAYS:
        if name in details and (at := moment(details[name])):
            details[name] = day(at)
    if "checked_at" in details and (at := moment(details["checked_at"])):
        details["checked_at"] = minute(at)
    return str(text) % details


def _details(finding: Finding, report: Report) -> Iterator[tuple[str, str]]:
    for name, value in finding.details.items():
        if name in DETAIL_NAMES and (report.document is not None or name in SAFE_DETAILS):
            yield str(DETAIL_NAMES[name]), value
    if finding.outcome is not Outcome.PASSED:
        yield str(_("Code")), finding.code


def _left_out(finding: Finding, report: Report) -> bool:
    """Lines that would repeat an unverified claim, or that answer a question nobody asked."""
    if finding.code in ("no-status", "not-vouched-for"):
        return True
    signature = report.finding("signature")
    signed = signature is not None and signature.outcome is Outcome.PASSED
    return finding.check not in ("signature", "issuer") and not signed


def _not_checked(report: Report) -> Iterator[str]:
    if report.document is None:
        yield _("Its dates, and whether it was withdrawn: that means something only once the rest is a yes.")
    elif (status := report.finding("status")) is not None and status.code == "no-status":
        yield _("Whether it was withdrawn: the issuer keeps no status list for it.")
    if _is_named_by_its_key_alone(report):
        yield _("Who the issuer really is: anybody can make such a key and write any name beside it.")
    if not any(finding.check == "trust" for finding in report.findings):
        yield _("Whether the issuer is on a list you trust: no list was asked.")
    if _may_have_newer(report):
        yield _("Whether its issuer has a newer copy: it says where one would be, and nobody was asked.")
    if _may_leave_parts_out(report):
        yield _("Whether it is shown completely: its holder may leave parts out.")
    holder = report.finding("holder")
    if holder is None or (holder.outcome, holder.code) != (Outcome.PASSED, "ok"):
        yield _("Whether the person who shows it is the person it names.")
    yield _("The picture: it is artwork, and only the words behind it are signed.")
    yield _("Whether the links inside it still lead to what they promise.")


def _is_named_by_its_key_alone(report: Report) -> bool:
    """Whether nobody vouches for the issuer's name: no web address, and no list."""
    issuer = report.finding("issuer")
    if report.document is None or issuer is None or _fine(issuer) != "no-domain":
        return False
    vouching = (report.finding("domain"), report.finding("trust"))
    return not any(each is not None and each.outcome is Outcome.PASSED for each in vouching)


def _may_have_newer(report: Report) -> bool:
    """Whether it names a place for newer copies, and nobody has looked there."""
    return bool((report.document or {}).get("refreshService")) and report.finding("refresh") is None


def _may_leave_parts_out(report: Report) -> bool:
    """Whether it is of a kind that holders show in parts, and no check has said so already."""
    signature = report.finding("signature")
    if report.document is None or signature is None or report.finding("disclosure") is not None:
        return False
    return "sd-jwt" in report.format or signature.details.get("cryptosuite") == "ecdsa-sd-2023"
