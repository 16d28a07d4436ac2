# SPDX-License-Identifier: Apache-2.0
"""A Report in words.

Three answers per check, in words, icon and colour: yes, no, could not check. The verdict itself is the
library's; here is only how it is said. Where a signature did not match, nothing that the document claims is
repeated: what somebody else wrote under a broken signature is not information.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from cairn import Finding, Outcome, Report, Verdict
from cairn.credential import parse_datetime
from cairn.errors import CairnError

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
NAMES = {
    "format": gettext_lazy("Recognised format"),
    "signature": pgettext_lazy("a check", "Signature"),
    "issuer": gettext_lazy("Issuer’s identity"),
    "trust": gettext_lazy("Issuer in your lists"),
    "status": gettext_lazy("Not revoked or suspended"),
    "period": pgettext_lazy("a check", "Dates"),
    "structure": gettext_lazy("Required fields"),
    "schema": pgettext_lazy("a check", "Schema"),
}
ORDER = ("signature", "issuer", "trust", "status", "period", "structure", "schema")

# What a line says: the finer code first, then the outcome. %(…)s are the finding's own details.
SENTENCES: dict[tuple[str, str], _StrOrPromise] = {
    ("signature", "passed"): gettext_lazy("Nothing has been changed since it was signed."),
    ("signature", "failed"): gettext_lazy("The signature does not match. We do not show the content."),
    ("signature", "undecided"): gettext_lazy("We could not get the issuer’s key."),
    ("signature", "no-proof"): gettext_lazy("It is not signed. We do not show the content."),
    ("signature", "token-unsigned"): gettext_lazy("It is not signed. We do not show the content."),
    ("signature", "key-revoked"): gettext_lazy(
        "It was signed with a key that the issuer has revoked. We do not show the content."
    ),
    ("signature", "unknown-context"): gettext_lazy(
        "It uses words whose meaning we do not know, so we cannot say what was signed."
    ),
    ("signature", "limits"): gettext_lazy(
        "Checking the signature would take more work than we do for strangers."
    ),
    ("signature", "unsupported"): gettext_lazy("It is signed in a way that we cannot check yet."),
    ("issuer", "passed"): gettext_lazy("Signed with a key of %(domain)s."),
    ("issuer", "no-domain"): gettext_lazy(
        "Signed with the key that is the issuer’s identifier. No web address vouches for it."
    ),
    ("issuer", "failed"): gettext_lazy("The key does not belong to the issuer named in it."),
    ("issuer", "undecided"): gettext_lazy("We could not reach %(domain)s."),
    ("issuer", "unsupported"): gettext_lazy("We do not know how to look up the keys of this kind of issuer."),
    ("trust", "passed"): gettext_lazy("%(issuer)s is listed in %(list)s."),
    ("trust", "failed"): gettext_lazy("Unrecognised: %(issuer)s is not in a list you use."),
    ("trust", "undecided"): gettext_lazy("We could not open %(list)s."),
    ("status", "passed"): gettext_lazy("The issuer has not withdrawn it (checked %(checked_at)s)."),
    ("status", "failed"): gettext_lazy("The status that the issuer published does not hold together."),
    ("status", "revoked"): gettext_lazy("Revoked by the issuer."),
    ("status", "suspended"): gettext_lazy("Suspended by the issuer."),
    ("status", "undecided"): gettext_lazy("We could not reach the issuer’s status list."),
    ("period", "passed"): gettext_lazy("Valid until %(valid_until)s."),
    ("period", "no-end"): gettext_lazy("It has no end date."),
    ("period", "expired"): gettext_lazy("Was valid until %(valid_until)s."),
    ("period", "not-yet-valid"): gettext_lazy("Not valid before %(valid_from)s."),
    ("period", "failed"): gettext_lazy("Its dates contradict each other."),
    ("period", "undecided"): gettext_lazy("It has no readable dates."),
    ("structure", "passed"): gettext_lazy("It has all the required fields."),
    ("structure", "failed"): gettext_lazy("These fields are missing or wrong: %(fields)s."),
    ("structure", "undecided"): gettext_lazy("We do not have the rules for this type."),
    ("structure", "unknown-context"): gettext_lazy("It uses words whose meaning we do not know."),
    ("schema", "undecided"): gettext_lazy("It names a schema of its own, which we do not open."),
}

# Codes that are said with the same words; the code itself stands under "Details".
GROUPS = {
    "unknown-cryptosuite": "unsupported",
    "unknown-proof-type": "unsupported",
    "unknown-algorithm": "unsupported",
    "symmetric-algorithm": "unsupported",
    "unsupported-sd-jwt": "unsupported",
    "unknown-did-method": "unsupported",
    "wrapped-token": "unsupported",
}

# Why a credential is not verified, to stand after "because".
REASONS: dict[tuple[str, str], _StrOrPromise] = {
    ("signature", "failed"): gettext_lazy("its signature does not match"),
    ("signature", "no-proof"): gettext_lazy("it is not signed"),
    ("signature", "token-unsigned"): gettext_lazy("it is not signed"),
    ("signature", "key-revoked"): gettext_lazy("it was signed with a key that the issuer has revoked"),
    ("issuer", "failed"): gettext_lazy("the key does not belong to the issuer named in it"),
    ("status", "revoked"): gettext_lazy("the issuer has revoked it"),
    ("status", "suspended"): gettext_lazy("the issuer has suspended it"),
    ("status", "failed"): gettext_lazy("the status that its issuer published does not hold together"),
    ("structure", "failed"): gettext_lazy("required fields are missing or wrong"),
}

ADVICE: dict[tuple[str, str], _StrOrPromise] = {
    ("signature", "failed"): gettext_lazy(
        "Ask for the original file, or ask the issuer for a new copy."
        " Some programs change a file when they save it."
    ),
    ("signature", "undecided"): gettext_lazy("Try again later."),
    ("issuer", "failed"): gettext_lazy("Ask the organisation that you think awarded it."),
    ("issuer", "undecided"): gettext_lazy("Try again later."),
    ("status", "revoked"): gettext_lazy("Ask the issuer if you think that this is a mistake."),
    ("status", "suspended"): gettext_lazy("A suspension can end. Ask the issuer, or check again later."),
    ("status", "undecided"): gettext_lazy("Try again later."),
    ("period", "expired"): gettext_lazy("It is still authentic: expiry does not undo the achievement."),
    ("structure", "failed"): gettext_lazy("Ask the issuer for a corrected copy."),
}

DETAIL_NAMES = {
    "domain": gettext_lazy("Web address"),
    "issuer": gettext_lazy("Issuer’s identifier"),
    "key": gettext_lazy("Key"),
    "cryptosuite": gettext_lazy("Kind of signature"),
    "algorithm": gettext_lazy("Algorithm"),
    "list_url": gettext_lazy("Status list"),
    "checked_at": gettext_lazy("Checked"),
    "valid_from": gettext_lazy("Valid from"),
    "valid_until": gettext_lazy("Valid until"),
    "fields": gettext_lazy("Fields"),
    "rule": gettext_lazy("Rule"),
    "schemas": gettext_lazy("Schema"),
    "list": gettext_lazy("List"),
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
        case Verdict.VERIFIED:
            return _("This is genuine, unchanged and currently valid.")
        case Verdict.REMARKS:
            return _("This is genuine and unchanged. Please read the remarks.")
        case Verdict.COULD_NOT_CHECK:
            return _("We could not finish checking. This says nothing bad about the credential.")
        case Verdict.NOT_VERIFIED:
            return _("We could not confirm this credential, because %(reason)s.") % {
                "reason": _reason(report)
            }


def moment(text: str) -> datetime | None:
    try:
        return parse_datetime(text)
    except CairnError:
        return None


def day(at: datetime) -> str:
    return date_format(at.astimezone(UTC), "j F Y")


def minute(at: datetime) -> str:
    return date_format(at.astimezone(UTC), "j F Y, H:i") + " UTC"


def _reason(report: Report) -> str:
    """The first thing that speaks against it, in the order of the page."""
    for finding in _in_order(report):
        if finding.outcome is Outcome.FAILED and finding.check not in ("period", "trust"):
            return str(_pick(REASONS, finding) or _("one of the checks says no"))
    return str(_("one of the checks says no"))


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
        if finding.check == "issuer" and "domain" not in finding.details:
            return "no-domain"
        if finding.check == "period" and "valid_until" not in finding.details:
            return "no-end"
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
        return Line("format", UNKNOWN, _("This is a %(kind)s, which we cannot check yet.") % said)
    # Of the standards' names only that of Open Badges is not itself the name of a credential.
    text = (
        _("This is an %(kind)s credential.")
        if report.kind.startswith("Open Badges")
        else _("This is a %(kind)s.")
    )
    return Line("format", YES, text % said)


def _line(finding: Finding, report: Report) -> Line:
    if finding.check not in NAMES:
        return Line(finding.check, _kind(finding), finding.message, details=((str(_("Code")), finding.code),))
    return Line(
        finding.check,
        _kind(finding),
        _filled(_pick(SENTENCES, finding), finding),
        str(_pick(ADVICE, finding)),
        tuple(_details(finding, report)),
    )


def _kind(finding: Finding) -> str:
    if not finding.decides and finding.outcome is not Outcome.PASSED:
        return REMARK
    if finding.outcome is Outcome.UNDECIDED:
        return UNKNOWN
    if finding.outcome is Outcome.PASSED:
        return YES
    # Dates and lists are remarks: they do not speak against the credential being genuine.
    return REMARK if finding.check in ("period", "trust") else NO


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
    elif any(finding.code == "no-status" for finding in report.findings):
        yield _("Whether it was withdrawn: the issuer keeps no status list for it.")
    if not any(finding.check == "trust" for finding in report.findings):
        yield _("Whether the issuer is on a list you trust: you have not chosen one.")
    yield _("Whether the person who shows it is the person it names.")
    yield _("The picture: it is artwork, and only the words behind it are signed.")
    yield _("Whether the links inside it still lead to what they promise.")
