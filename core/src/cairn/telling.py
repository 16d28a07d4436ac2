# SPDX-License-Identifier: Apache-2.0
"""A report in lines for a terminal: the verdict first, then every check by name, then what was signed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cairn.proof import Outcome
from cairn.verifier import Verdict

if TYPE_CHECKING:
    from cairn.verifier import Report

_SENTENCES = {
    Verdict.VERIFIED: "This is genuine, unchanged and currently valid.",
    Verdict.REMARKS: "This is genuine and unchanged. Please read the remarks.",
    Verdict.NOT_VERIFIED: "We could not confirm this credential. {reason}",
    Verdict.COULD_NOT_CHECK: "We could not finish checking. This says nothing bad about the credential.",
}
_WORDS = {Outcome.PASSED: "passed", Outcome.FAILED: "failed", Outcome.UNDECIDED: "could not tell"}
_CHECKS = {
    "structure": "Required fields",
    "signature": "Signature",
    "issuer": "Issuer's identity",
    "status": "Not revoked or suspended",
    "period": "Dates",
    "schema": "Schema",
    "disclosure": "Shown completely",
    "domain": "The issuer's web address",
    "entitlement": "Right to award it",
    "trust": "Issuer in your lists",
    "evidence": "Proof kept elsewhere",
    "holder": "Holder",
    "resources": "Files it names",
    "endorsement": "What it endorses",
    "refresh": "Newest copy",
}


def tell(report: Report) -> list[str]:
    """The report in lines: the verdict, then every check by name with its answer and reason."""
    failed = {found.check: found.message for found in report.findings if found.outcome is Outcome.FAILED}
    # What an altered file breaks besides its signature is not the reason why it is not believed.
    reason = next(
        (failed[check] for check in ("signature", "issuer", "status", *_CHECKS) if check in failed),
        "Something inside it is not in order." if report.parts else "",
    )
    sentence = _SENTENCES[report.verdict].format(reason=reason)
    if report.verdict is Verdict.REMARKS and any(finding.code == "hosted" for finding in report.findings):
        sentence = "Its issuer's website vouches for this today. Please read the remarks."
    lines = [sentence, ""]
    width = max(len(name) for name in _CHECKS.values())
    for found in report.findings:
        name = _CHECKS.get(found.check, found.check)
        lines.append(f"  {name:<{width}}  {_WORDS[found.outcome]:<14}  {printable(found.message)}")
    if report.document is not None:
        lines += ["", *_shown(report.document)]
    for part in report.parts:
        lines += ["", f"  Inside, {part.role} {printable(part.path)}"]
        lines += [f"    {line}" if line else "" for line in tell(part.report)]
    if any(found.code == "fetch-blocked" for found in report.findings):
        lines += [
            "",
            "  An address was not opened because it is not a public https one; --allow ORIGIN opens it.",
        ]
    lines += ["", f"  {report.kind}, sha256 {report.sha256}"]
    return lines


def _shown(document: Any) -> list[str]:
    """What the credential says, taken only from the document that the report vouches for."""
    issuer = document.get("issuer")
    name = issuer.get("name") if isinstance(issuer, dict) else None
    rows = (
        ("Name", document.get("name")),
        ("Issuer", name if isinstance(name, str) else None),
        ("Issuer id", issuer.get("id") if isinstance(issuer, dict) else issuer),
        ("From", document.get("validFrom", document.get("issuanceDate"))),
        ("Until", document.get("validUntil", document.get("expirationDate"))),
    )
    return [f"  {label:<10} {printable(value)}" for label, value in rows if isinstance(value, str)]


def printable(text: str) -> str:
    """Text without control characters: a credential must not drive the terminal (B129, B132)."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else "�" for char in text)
