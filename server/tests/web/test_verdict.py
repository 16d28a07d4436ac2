# SPDX-License-Identifier: Apache-2.0
"""The words of a report, sentence by sentence (docs/explanation/how-a-verdict-is-made.md)."""

from __future__ import annotations

import pytest
from server.tests.conftest import MONDAY

from cairn import Finding, Outcome, Report
from cairn_server.web import verdict

PASSED, FAILED, UNDECIDED = Outcome.PASSED, Outcome.FAILED, Outcome.UNDECIDED
DOMAIN = {"domain": "issuer.example"}
DATED = {"valid_until": "2027-11-03T10:00:00Z", "valid_from": "2026-12-24T10:00:00Z"}


def finding(check: str, outcome: Outcome = PASSED, code: str = "ok", **details: str) -> Finding:
    return Finding(check, outcome, code, "A technical message.", details)


GOOD = {
    "structure": finding("structure"),
    "signature": finding("signature"),
    "issuer": finding("issuer", **DOMAIN),
    "status": finding("status", checked_at="2026-11-23T09:00:00Z"),
    "period": finding("period", **DATED),
}


def report(*changed: Finding, kind: str = "Open Badges 3.0") -> Report:
    findings = {**GOOD, **{each.check: each for each in changed}}
    vouched = all(findings[name].outcome is PASSED for name in ("structure", "signature", "issuer"))
    return Report(
        findings=tuple(findings.values()),
        document={"name": "Glazing"} if vouched else None,
        kind=kind,
        carrier="json",
        format="vc+ld+json",
        at=MONDAY,
        sha256="00",
    )


def line(made: Report, check: str) -> verdict.Line:
    return next(each for each in verdict.words(made).lines if each.check == check)


@pytest.mark.parametrize(
    ("changed", "kind", "sentence"),
    [
        ((), "positive", "This is genuine, unchanged and currently valid."),
        (
            (finding("period", FAILED, "expired", **DATED),),
            "caution",
            "This is genuine and unchanged. Please read the remarks.",
        ),
        (
            (finding("signature", FAILED, "signature-mismatch"),),
            "negative",
            "We could not confirm this credential, because its signature does not match.",
        ),
        (
            (finding("issuer", FAILED, "key-not-of-issuer"),),
            "negative",
            "We could not confirm this credential,"
            " because the key does not belong to the issuer named in it.",
        ),
        (
            (finding("status", FAILED, "revoked"),),
            "negative",
            "We could not confirm this credential, because the issuer has revoked it.",
        ),
        (
            (finding("status", FAILED, "suspended"),),
            "negative",
            "We could not confirm this credential, because the issuer has suspended it.",
        ),
        (
            (finding("structure", FAILED, "structure", fields="issuer"),),
            "negative",
            "We could not confirm this credential, because required fields are missing or wrong.",
        ),
        (
            (finding("status", UNDECIDED, "unreachable"),),
            "unknown",
            "We could not finish checking. This says nothing bad about the credential.",
        ),
        # A plain no weighs more than a doubt, and a remark less than either.
        (
            (finding("status", FAILED, "revoked"), finding("issuer", UNDECIDED, "unreachable", **DOMAIN)),
            "negative",
            "We could not confirm this credential, because the issuer has revoked it.",
        ),
    ],
)
def test_the_verdict_in_one_sentence(changed, kind, sentence):
    found = verdict.words(report(*changed))

    assert (found.kind, found.sentence) == (kind, sentence)


@pytest.mark.parametrize(
    ("found", "kind", "sentence"),
    [
        (finding("signature"), "positive", "Nothing has been changed since it was signed."),
        (
            finding("signature", FAILED, "signature-mismatch"),
            "negative",
            "The signature does not match. We do not show the content.",
        ),
        (
            finding("signature", FAILED, "no-proof"),
            "negative",
            "It is not signed. We do not show the content.",
        ),
        (finding("signature", UNDECIDED, "unreachable"), "unknown", "We could not get the issuer’s key."),
        (
            finding("signature", UNDECIDED, "unknown-cryptosuite"),
            "unknown",
            "It is signed in a way that we cannot check yet.",
        ),
        (
            finding("signature", UNDECIDED, "limit-rdf-work"),
            "unknown",
            "Checking the signature would take more work than we do for strangers.",
        ),
        (finding("issuer", **DOMAIN), "positive", "Signed with a key of issuer.example."),
        (
            finding("issuer", issuer="did:key:z6Mk"),
            "positive",
            "Signed with the key that is the issuer’s identifier. No web address vouches for it.",
        ),
        (
            finding("issuer", FAILED, "key-not-of-issuer"),
            "negative",
            "The key does not belong to the issuer named in it.",
        ),
        (
            finding("issuer", UNDECIDED, "unreachable", **DOMAIN),
            "unknown",
            "We could not reach issuer.example.",
        ),
        (
            finding("trust", list="Open list", issuer="Issuer"),
            "positive",
            "Issuer is listed in Open list.",
        ),
        (
            finding("trust", FAILED, "unrecognised-issuer", list="Open list", issuer="Issuer"),
            "caution",
            "Unrecognised: Issuer is not in a list you use.",
        ),
        (
            finding("status", checked_at="2026-11-23T09:00:00Z"),
            "positive",
            "The issuer has not withdrawn it (checked 23 November 2026, 09:00 UTC).",
        ),
        (finding("status", FAILED, "revoked"), "negative", "Revoked by the issuer."),
        (finding("status", FAILED, "suspended"), "negative", "Suspended by the issuer."),
        (
            finding("status", UNDECIDED, "unreachable"),
            "unknown",
            "We could not reach the issuer’s status list.",
        ),
        (finding("period", **DATED), "positive", "Valid until 3 November 2027."),
        (finding("period"), "positive", "It has no end date."),
        (finding("period", FAILED, "expired", **DATED), "caution", "Was valid until 3 November 2027."),
        (
            finding("period", FAILED, "not-yet-valid", **DATED),
            "caution",
            "Not valid before 24 December 2026.",
        ),
        (finding("period", UNDECIDED, "no-dates"), "unknown", "It has no readable dates."),
        (finding("structure"), "positive", "It has all the required fields."),
        (
            finding("structure", FAILED, "structure", fields="issuer, validFrom"),
            "negative",
            "These fields are missing or wrong: issuer, validFrom.",
        ),
        (
            finding("structure", UNDECIDED, "unsupported-kind"),
            "unknown",
            "We do not have the rules for this type.",
        ),
    ],
)
def test_each_check_in_one_sentence(found, kind, sentence):
    said = line(report(found), found.check)

    assert (said.kind, said.sentence) == (kind, sentence)


def test_the_three_answers_differ_in_word_icon_and_kind():
    answers = [
        line(report(finding("status", outcome, code)), "status")
        for outcome, code in ((PASSED, "ok"), (FAILED, "revoked"), (UNDECIDED, "unreachable"))
    ]

    assert len({each.word for each in answers}) == 3
    assert len({each.icon for each in answers}) == 3
    assert len({each.kind for each in answers}) == 3


def test_a_known_format_is_named_and_an_unknown_one_is_no_failure():
    assert line(report(), "format").sentence == "This is an Open Badges 3.0 credential."
    unknown = report(finding("structure", UNDECIDED, "unsupported-kind"), kind="Verifiable Presentation")
    said = line(unknown, "format")
    assert said.sentence == "This is a Verifiable Presentation, which we cannot check yet."
    assert said.kind == "unknown"


def test_without_a_matching_signature_nothing_that_it_claims_is_repeated():
    broken = report(
        finding("signature", FAILED, "signature-mismatch", cryptosuite="secret-suite"),
        finding("issuer", FAILED, "key-not-of-issuer", key="did:web:secret.example#key"),
        finding("structure", FAILED, "structure", fields="secret-field"),
        finding("period", FAILED, "expired", valid_until="2001-01-01T00:00:00Z"),
        finding("status", FAILED, "revoked", list_url="https://secret.example/s"),
    )

    said = verdict.words(broken)

    assert {each.check for each in said.lines} == {"format", "signature", "issuer"}
    for claimed in ("2001", "secret"):
        assert claimed not in repr(said)


def test_no_list_and_no_status_stand_under_what_was_not_checked():
    said = verdict.words(report(finding("status", PASSED, "no-status")))

    assert "status" not in {each.check for each in said.lines}
    assert any("keeps no status list" in each for each in said.not_checked)
    assert any("list you trust" in each for each in said.not_checked)


def test_a_finding_nobody_has_words_for_is_still_shown():
    said = verdict.words(report(finding("colour", FAILED, "too-blue")))

    assert said.lines[-1].sentence == "A technical message."


def test_a_percent_sign_in_a_detail_is_only_text():
    said = line(report(finding("issuer", domain="%(x)s.example")), "issuer")  # B127

    assert said.sentence == "Signed with a key of %(x)s.example."
