# SPDX-License-Identifier: Apache-2.0
"""The third step: ``judge`` turns materials into a report, and ``Verifier`` walks the whole way.

``judge`` is pure: the same materials at the same moment give the same report, with no network, for good.
Nothing of the credential is in the report unless its signature matches, its key is the issuer's and its
structure is one that we can read, so no caller can show what nobody vouches for.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from enum import Enum
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from cairn.canonical.rdfc import DEFAULT_WORK, share_work
from cairn.checks import DEFAULT_CHECKS, Check, Finding
from cairn.checks.endorsing import endorses
from cairn.checks.finding import asked_by
from cairn.checks.recall import RECALLED, recall
from cairn.checks.refreshing import is_newer, not_refreshed, refresh_url, refreshed, still_current
from cairn.credential import format_datetime
from cairn.credential.structure import PRESENTATION, UNKNOWN
from cairn.errors import CairnError, MalformedError, VerificationError, problem_type
from cairn.late import Late, draft_of, made_late, new
from cairn.materials import ACCEPT_LIST, Unavailable, ask, gather
from cairn.parts import CREDENTIAL, ENDORSEMENT, unfold, without_parts
from cairn.proof import Answer, Outcome
from cairn.reading import MAX_CREDENTIAL, read

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from cairn.materials import Materials, Sources
    from cairn.parts import Part

__all__ = [
    "DEFAULT_CHECKS",
    "Check",
    "Finding",
    "Outcome",
    "PartReport",
    "Report",
    "Verdict",
    "Verified",
    "Verifier",
    "judge",
]

# What makes somebody answer for a credential, or a presentation. Without both nobody has said what it says,
# and if its structure is not in order either, we cannot read it.
_ISSUED = ("signature", "issuer")
_PRESENTED = ("signature", "holder")
_VOUCHING_ISSUER = ("structure", *_ISSUED)
_VOUCHING = {PRESENTATION: ("structure", *_PRESENTED)}
# A presentation is not issued: the questions about issuers are for what is in it.
_OF_PRESENTATIONS = ("structure", "signature", "holder", "period", "resources", "disclosure")
# A "no" among these is a "no" to the credential; a "no" elsewhere (dates, lists of issuers) is a remark.
_WEIGHTY = ("structure", "signature", "issuer", "status", "holder", "resources", "endorsement")


class Verdict(Enum):
    """The one sentence above a report, in the words of the result page."""

    VERIFIED = "verified"
    REMARKS = "verified-with-remarks"
    NOT_VERIFIED = "not-verified"
    COULD_NOT_CHECK = "could-not-check"


# Looking up the member of an enumeration takes longer than comparing with it.
_PASSED = Outcome.PASSED
_WORSE = (Verdict.VERIFIED, Verdict.REMARKS, Verdict.COULD_NOT_CHECK, Verdict.NOT_VERIFIED)


@made_late("document", "sha256")
@dataclass(frozen=True, slots=True)
class Report(Late):
    """What was asked, what was found, and the credential if it may be shown.

    ``document`` is what was signed. It is None unless structure, signature and issuer all passed; of a
    presentation, structure, signature and holder. What others say inside it is not in there but in ``parts``,
    with a report of its own for each, and endorsements only if there is something that they endorse.
    """

    findings: tuple[Finding, ...]
    document: Mapping[str, Any] | None
    kind: str
    carrier: str
    format: str
    at: datetime
    sha256: str
    parts: tuple[PartReport, ...] = ()

    @property
    def accepted(self) -> bool:
        """Whether every check that decides has passed, those that vouch for the content among them.

        What contains credentials is accepted when each of them is accepted too. Endorsements never count:
        a bad one does not harm what it endorses, a good one does not help it (S17).
        """
        vouching = _VOUCHING.get(self.kind, _VOUCHING_ISSUER)
        # An empty report proves nothing, so it must not accept anything; nor may one that never looked at
        # the proof, whatever else has passed.
        unasked = {*vouching}
        for finding in self.findings:
            if finding.outcome is _PASSED:
                unasked.discard(finding.check)
            elif finding.decides or finding.check in vouching:
                return False
        for part in self.parts:
            if part.role == CREDENTIAL and not part.report.accepted:
                return False
        return not unasked and self._is_shown

    @property
    def verdict(self) -> Verdict:
        """Any weighty no, then any weighty doubt, then any remark, and only then "verified".

        What contains credentials is no better than the worst of them.
        """
        inside = (part.report.verdict for part in self.parts if part.role == CREDENTIAL)
        return max((self._own_verdict, *inside), key=_WORSE.index)

    @property
    def _own_verdict(self) -> Verdict:
        weighty = [each.outcome for each in self.findings if each.check in _WEIGHTY and each.decides]
        if Outcome.FAILED in weighty:
            return Verdict.NOT_VERIFIED
        if Outcome.UNDECIDED in weighty or not self._is_vouched_for:
            return Verdict.COULD_NOT_CHECK
        if all(finding.outcome is Outcome.PASSED for finding in self.findings):
            return Verdict.VERIFIED
        return Verdict.REMARKS

    @property
    def _is_vouched_for(self) -> bool:
        return self._is_shown and _all_passed(self.findings, _VOUCHING.get(self.kind, _VOUCHING_ISSUER))

    @property
    def _is_shown(self) -> bool:
        # What was left to be made late is there; whether it is needs no making.
        return self._late is not None or self.document is not None

    def finding(self, check: str) -> Finding | None:
        """What was found by one check; None when it was not asked."""
        return next((finding for finding in self.findings if finding.check == check), None)

    def with_finding(self, finding: Finding) -> Report:
        """The same report with one more finding."""
        return replace(self, findings=(*self.findings, finding))

    def to_document(self) -> dict[str, Any]:
        """The report as JSON: for the API, ``--json`` and keeping."""
        return {
            "verdict": self.verdict.value,
            "accepted": self.accepted,
            "at": format_datetime(self.at),
            "kind": self.kind,
            "carrier": self.carrier,
            "format": self.format,
            "sha256": self.sha256,
            "findings": [_write(finding) for finding in self.findings],
            "document": None if self.document is None else dict(self.document),
            "parts": [part.to_document() for part in self.parts],
        }


@dataclass(frozen=True, slots=True)
class PartReport:
    """What was found of something inside something else, judged as if it had come alone.

    ``path`` is a JSON pointer (RFC 6901) into the document around it, ``role`` what it is there for:
    "credential" or "endorsement".
    """

    path: str
    role: str
    report: Report

    def to_document(self) -> dict[str, Any]:
        """The part's own report, and where it stands."""
        return {"path": self.path, "role": self.role, "report": self.report.to_document()}


@dataclass(frozen=True, slots=True)
class Verified:
    """A credential that was looked at and accepted. Only ``Verifier.verify`` makes one."""

    document: Mapping[str, Any]
    report: Report


def judge(materials: Materials, checks: Sequence[Check] = DEFAULT_CHECKS, *, at: datetime) -> Report:
    """Ask every check what it finds in the materials at the moment ``at``.

    What is inside is asked the same, each by itself, and the innermost first.
    """
    if checks == RECALLED:
        known = recall(materials, at)
        if known is not None:
            return _recalled(materials, at, known)
    parts = unfold(materials.credential)
    inside: defaultdict[int | None, list[PartReport]] = defaultdict(list)
    documents: Counter[int | None] = Counter()
    # What one document may cost, all of them together may cost at each level: 64 knots are no more work than
    # one, and a record has as much for each badge in it as the badge has for itself.
    share = DEFAULT_WORK // (1 + len(parts))
    for number in reversed(range(len(parts))):
        part = parts[number]
        with share_work(share * (1 + documents[number])):
            report = _judge_part(part, materials, checks, at, tuple(reversed(inside[number])))
        inside[part.within].append(PartReport(part.path, part.role, report))
        documents[part.within] += 1 + documents[number]
    with share_work(DEFAULT_WORK):
        return _judge(materials, checks, at, tuple(reversed(inside[None])))


def _judge(
    materials: Materials, checks: Sequence[Check], at: datetime, parts: tuple[PartReport, ...] = ()
) -> Report:
    credential = materials.credential
    findings = tuple(finding for check in checks for finding in check(materials, at))
    if credential.is_presentation:
        findings = tuple(finding for finding in findings if finding.check in _OF_PRESENTATIONS)
    binding = _binding(credential.unverified_kind)
    signed = _signed(findings)
    vouched_for = signed is not None and _all_passed(findings, ("structure", *binding))
    if not _all_passed(findings, binding):
        findings = tuple(_without_content(finding, binding) for finding in findings)
    if signed is not None and parts:
        signed = without_parts(signed)
    # A good word for something that nobody vouches for would lend it our page.
    shown = tuple(part for part in parts if vouched_for or part.role == CREDENTIAL)
    return _report(materials, at, findings, signed if vouched_for else None, shown)


def _signed(findings: Sequence[Finding]) -> Mapping[str, Any] | None:
    return next((finding.document for finding in findings if finding.check == "signature"), None)


def _report(
    materials: Materials,
    at: datetime,
    findings: tuple[Finding, ...],
    document: Mapping[str, Any] | None,
    parts: tuple[PartReport, ...] = (),
    kind: str | None = None,
) -> Report:
    credential = materials.credential
    return Report(
        findings=findings,
        document=document,
        kind=kind or credential.unverified_kind,
        carrier=credential.carrier,
        format=credential.format,
        at=at,
        sha256=credential.sha256,
        parts=parts,
    )


def _recalled(materials: Materials, at: datetime, findings: tuple[Finding, ...]) -> Report:
    """The report on a plain badge that its issuer vouches for; it is parsed when somebody wants to see it."""
    credential = materials.credential
    kind, late = findings[0].details["kind"], credential.late
    if late is None:
        return _report(materials, at, findings, _signed(findings), kind=kind)
    made = new(_DRAFT)
    made.findings, made.kind, made.at, made.parts = findings, kind, at, ()
    made.carrier, made.format = credential.carrier, credential.format
    made._late = late
    made.__class__ = Report
    report: Report = made
    return report


_DRAFT = draft_of(Report)


def _judge_part(
    part: Part, materials: Materials, checks: Sequence[Check], at: datetime, parts: tuple[PartReport, ...]
) -> Report:
    if part.credential is None:
        return _unreadable(part, at)
    if part.role == ENDORSEMENT:
        checks = (*checks, endorses(part.beside))
    return _judge(materials.about(part.credential), checks, at, parts)


def _unreadable(part: Part, at: datetime) -> Report:
    """What is said of a part that cannot be read, or that we do not look at any more."""
    problem = part.problem
    assert problem is not None
    answer = Answer.of(problem)
    finding = Finding("structure", answer.outcome, answer.code, answer.message)
    return Report((finding,), None, kind=UNKNOWN, carrier="", format="", at=at, sha256="")


def _binding(kind: str) -> tuple[str, ...]:
    return _PRESENTED if kind == PRESENTATION else _ISSUED


@dataclass(frozen=True, slots=True)
class Verifier:
    """Reads, gathers and judges with one set of sources and one set of checks.

    With ``refresh`` the issuer is asked once for a newer copy of what passed its proof, and that is judged in
    its place (S7). Off, as it is by default, nobody learns from us that somebody looks at the credential.
    """

    sources: Sources
    checks: Sequence[Check] = DEFAULT_CHECKS
    refresh: bool = False

    def examine(self, data: bytes, *, at: datetime) -> Report:
        """A report for people, whatever it says; ``MalformedError`` only when there is nothing to judge."""
        report = self._examine(data, at=at)
        return self._refreshed(report, at=at) if self.refresh else report

    def _refreshed(self, report: Report, *, at: datetime) -> Report:
        """The report on the newer copy, if there is one; else the same report with a remark."""
        if report.document is None:
            return report
        url = refresh_url(report.document)
        if url is None:
            return report
        answer = ask(self.sources, url, accept=ACCEPT_LIST, limit=MAX_CREDENTIAL)
        if isinstance(answer, Unavailable):
            return report.with_finding(not_refreshed(url, answer.message))
        try:
            newer = self._examine(answer, at=at)
        except CairnError as error:
            return report.with_finding(not_refreshed(url, error.message))
        if newer.sha256 == report.sha256:
            return report.with_finding(still_current(url))
        # What its issuer has withdrawn meanwhile is then told of the newer copy: that is the one that counts.
        if newer.document is None or not is_newer(newer.document, report.document):
            return report.with_finding(not_refreshed(url, "What is there is not a newer copy of the same."))
        return newer.with_finding(refreshed(url))

    def _examine(self, data: bytes, *, at: datetime) -> Report:
        try:
            unverified = read(data)
        except MalformedError as error:
            if error.code not in _ALTERED:
                raise
            return _altered(error.code, data, at=at)
        materials = gather(unverified, self.sources, at=at, also=asked_by(self.checks))
        return judge(materials, self.checks, at=at)

    def verify(self, data: bytes, *, at: datetime) -> Verified:
        """The credential if it is accepted; ``VerificationError`` with the report if it is not."""
        report = self.examine(data, at=at)
        if not report.accepted or report.document is None:
            reasons = list(_reasons(report))
            code = reasons[0].code if reasons else "not-checked"
            told = " ".join(finding.message for finding in reasons) or "Nothing was checked."
            raise VerificationError(code, told, report=report)
        return Verified(report.document, report)


def _reasons(report: Report) -> Iterator[Finding]:
    """What speaks against a report, and against those of the credentials in it."""
    for finding in report.findings:
        if finding.outcome is not Outcome.PASSED:
            yield finding
    for part in report.parts:
        if part.role == CREDENTIAL and not part.report.accepted:
            yield from _reasons(part.report)


# A picture that contradicts its own checksum was a credential before somebody or something changed it. That
# is an answer to the question whether it is genuine, not the wrong kind of file (B108).
_ALTERED = frozenset({"png-crc"})


def _altered(code: str, data: bytes, *, at: datetime) -> Report:
    finding = Finding(
        "signature",
        Outcome.FAILED,
        code,
        "The picture was changed or damaged after the credential was put into it.",
    )
    return Report(
        (finding,), None, kind="PNG picture", carrier="png", format="", at=at, sha256=sha256(data).hexdigest()
    )


def _all_passed(findings: Sequence[Finding], checks: Sequence[str]) -> bool:
    """Whether each of the checks was asked, and every finding of theirs passed."""
    asked = set()
    for finding in findings:
        if finding.check in checks:
            if finding.outcome is not _PASSED:
                return False
            asked.add(finding.check)
    return len(asked) == len(checks)


def _without_content(finding: Finding, binding: Sequence[str]) -> Finding:
    """The finding as it may be told when nobody vouches for what the credential says.

    Its dates, lists and issuer are then only what somebody has typed: showing them, even beside a red mark,
    would lend them our page (B75).
    """
    if finding.check == "structure":
        # Names of members and of the kind, for the issuer who looks for a mistake; no values.
        return replace(finding, details={"kind": finding.details.get("kind", "")})
    if finding.check == "signature" or (finding.check in binding and finding.outcome is not Outcome.PASSED):
        # Who could not be asked may be named, who was named falsely may not.
        told = finding.details if finding.outcome is Outcome.UNDECIDED else {}
        return replace(finding, details=told, document=None)
    return replace(
        finding,
        outcome=Outcome.UNDECIDED,
        code="not-vouched-for",
        message="We do not read this from a credential whose signature and issuer are not confirmed.",
        details={},
    )


def _write(finding: Finding) -> dict[str, Any]:
    written: dict[str, Any] = {
        "check": finding.check,
        "outcome": finding.outcome.value,
        "code": finding.code,
        "message": finding.message,
        "details": dict(finding.details),
        "decides": finding.decides,
    }
    if finding.outcome is not Outcome.PASSED:
        written["type"] = problem_type(finding.code, check=finding.check)
    return written
