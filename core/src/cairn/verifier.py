# SPDX-License-Identifier: Apache-2.0
"""The third step: ``judge`` turns materials into a report, and ``Verifier`` walks the whole way.

``judge`` is pure: the same materials at the same moment give the same report, with no network, for good.
Nothing of the credential is in the report unless its signature matches, its key is the issuer's and its
structure is one that we can read, so no caller can show what nobody vouches for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from cairn.checks import DEFAULT_CHECKS, Check, Finding
from cairn.credential import format_datetime, kind_of
from cairn.errors import MalformedError, VerificationError, problem_type
from cairn.materials import gather, read
from cairn.proof import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from cairn.materials import Materials, Sources

__all__ = [
    "DEFAULT_CHECKS",
    "Check",
    "Finding",
    "Outcome",
    "Report",
    "Verdict",
    "Verified",
    "Verifier",
    "judge",
]

# Without both of these nobody has said what the credential says, and without all three we cannot read it.
_BINDING = ("signature", "issuer")
_VOUCHING = ("structure", *_BINDING)
# A "no" among these is a "no" to the credential; a "no" elsewhere (dates, lists of issuers) is a remark.
_WEIGHTY = (*_VOUCHING, "status")


class Verdict(Enum):
    """The one sentence above a report, in the words of the result page."""

    VERIFIED = "verified"
    REMARKS = "verified-with-remarks"
    NOT_VERIFIED = "not-verified"
    COULD_NOT_CHECK = "could-not-check"


@dataclass(frozen=True, slots=True)
class Report:
    """What was asked, what was found, and the credential if it may be shown.

    ``document`` is what was signed. It is None unless structure, signature and issuer all passed.
    """

    findings: tuple[Finding, ...]
    document: Mapping[str, Any] | None
    kind: str
    carrier: str
    format: str
    at: datetime
    sha256: str

    @property
    def accepted(self) -> bool:
        """Whether every check that decides has passed, those that vouch for the content among them."""
        # An empty report proves nothing, so it must not accept anything; nor may one that never looked at
        # the proof, whatever else has passed.
        return self._is_vouched_for and all(
            finding.outcome is Outcome.PASSED for finding in self.findings if finding.decides
        )

    @property
    def verdict(self) -> Verdict:
        """Any weighty no, then any weighty doubt, then any remark, and only then "verified"."""
        weighty = [finding.outcome for finding in self.findings if finding.check in _WEIGHTY]
        if Outcome.FAILED in weighty:
            return Verdict.NOT_VERIFIED
        if Outcome.UNDECIDED in weighty or not self._is_vouched_for:
            return Verdict.COULD_NOT_CHECK
        if all(finding.outcome is Outcome.PASSED for finding in self.findings):
            return Verdict.VERIFIED
        return Verdict.REMARKS

    @property
    def _is_vouched_for(self) -> bool:
        return self.document is not None and _all_passed(self.findings, _VOUCHING)

    def finding(self, check: str) -> Finding | None:
        """What was found by one check; None when it was not asked."""
        return next((finding for finding in self.findings if finding.check == check), None)

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
        }


@dataclass(frozen=True, slots=True)
class Verified:
    """A credential that was looked at and accepted. Only ``Verifier.verify`` makes one."""

    document: Mapping[str, Any]
    report: Report


def judge(materials: Materials, checks: Sequence[Check] = DEFAULT_CHECKS, *, at: datetime) -> Report:
    """Ask every check what it finds in the materials at the moment ``at``."""
    findings = tuple(finding for check in checks for finding in check(materials, at))
    signed = next((finding.document for finding in findings if finding.check == "signature"), None)
    credential = materials.credential
    return Report(
        findings=findings if _all_passed(findings, _BINDING) else tuple(map(_without_content, findings)),
        document=signed if _all_passed(findings, _VOUCHING) else None,
        kind=kind_of(credential.unverified_document),
        carrier=credential.carrier,
        format=credential.format,
        at=at,
        sha256=credential.sha256,
    )


@dataclass(frozen=True, slots=True)
class Verifier:
    """Reads, gathers and judges with one set of sources and one set of checks."""

    sources: Sources
    checks: Sequence[Check] = DEFAULT_CHECKS

    def examine(self, data: bytes, *, at: datetime) -> Report:
        """A report for people, whatever it says; ``MalformedError`` only when there is nothing to judge."""
        try:
            unverified = read(data)
        except MalformedError as error:
            if error.code not in _ALTERED:
                raise
            return _altered(error.code, data, at=at)
        return judge(gather(unverified, self.sources, at=at), self.checks, at=at)

    def verify(self, data: bytes, *, at: datetime) -> Verified:
        """The credential if it is accepted; ``VerificationError`` with the report if it is not."""
        report = self.examine(data, at=at)
        if not report.accepted or report.document is None:
            reasons = [finding for finding in report.findings if finding.outcome is not Outcome.PASSED]
            code = reasons[0].code if reasons else "not-checked"
            told = " ".join(finding.message for finding in reasons) or "Nothing was checked."
            raise VerificationError(code, told, report=report)
        return Verified(report.document, report)


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
    theirs = [finding for finding in findings if finding.check in checks]
    return {finding.check for finding in theirs} == set(checks) and all(
        finding.outcome is Outcome.PASSED for finding in theirs
    )


def _without_content(finding: Finding) -> Finding:
    """The finding as it may be told when nobody vouches for what the credential says.

    Its dates, lists and issuer are then only what somebody has typed: showing them, even beside a red mark,
    would lend them our page (B75).
    """
    if finding.check == "structure":
        # Names of members and of the kind, for the issuer who looks for a mistake; no values.
        return replace(finding, details={"kind": finding.details.get("kind", "")})
    if finding.check == "signature" or (finding.check == "issuer" and finding.outcome is not Outcome.PASSED):
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
