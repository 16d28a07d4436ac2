# SPDX-License-Identifier: Apache-2.0
"""The words of a report, sentence by sentence (docs/explanation/how-a-verdict-is-made.md)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from server.tests.conftest import MONDAY

from cairn import Finding, Outcome, Report, Verdict
from cairn.verifier import PartReport
from cairn_server.web import verdict, wording

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
            (finding("signature", FAILED, "proof-malformed"),),
            "negative",
            "We could not confirm this credential,"
            " because it is not signed in the way that its standard asks for.",
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
            finding("trust", list="Open list", issuer="did:key:z6Mk", listed_as="Issuer"),
            "positive",
            "Issuer is listed in Open list.",
        ),
        (
            finding("trust", list="Boards", issuer="did:key:z6Mk", accredited_by="did:web:board.example"),
            "positive",
            "Accredited by did:web:board.example, who is listed in Boards.",
        ),
        (
            finding("trust", FAILED, "recognition-period", list="Open list", issuer="Issuer"),
            "caution",
            "Unrecognised: Open list lists Issuer for another time than today.",
        ),
        (
            finding("trust", FAILED, "recognised-for-other", list="Open list", issuer="Issuer"),
            "caution",
            "Unrecognised: Open list lists Issuer for other achievements than this.",
        ),
        (
            finding("trust", UNDECIDED, "trust-list-period", list="Open list"),
            "unknown",
            "Open list is not a list for today.",
        ),
        (
            finding("trust", UNDECIDED, "unreachable", list="Open list"),
            "unknown",
            "We could not open Open list.",
        ),
        (
            finding("domain", by="identifier", domain="issuer.example"),
            "positive",
            "The issuer’s identifier is on issuer.example.",
        ),
        (
            finding("domain", domain="issuer.example"),
            "positive",
            "issuer.example says that this issuer belongs to it.",
        ),
        (
            finding("domain", FAILED, "domain-not-linked", domain="issuer.example"),
            "caution",
            "issuer.example does not say that this issuer belongs to it.",
        ),
        (
            finding("domain", UNDECIDED, "domain-not-claimed"),
            "unknown",
            "The issuer names no web address of its own.",
        ),
        (finding("entitlement"), "positive", "The achievement is the issuer’s own."),
        (
            finding("entitlement", creator="did:web:board.example"),
            "positive",
            "Whoever defined the achievement lets this issuer award it.",
        ),
        (
            replace(
                finding("entitlement", UNDECIDED, "entitlement-unknown", creator="board.example"),
                decides=False,
            ),
            "caution",
            "The achievement is by board.example; nothing here says that this issuer may award it.",
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


@pytest.mark.parametrize(
    ("found", "kind", "sentence"),
    [
        (
            replace(finding("disclosure", UNDECIDED, "partial-copy"), decides=False),
            "caution",
            "You see a part of it. Its holder may leave parts out; what you see is what was signed.",
        ),
        (finding("holder"), "positive", "What you typed matches the holder."),
        (finding("holder", holder="did:key:z6Mk"), "positive", "Its holder has signed it."),
        (
            finding("holder", FAILED, "holder-mismatch"),
            "negative",
            "What you typed does not match the holder.",
        ),
        (
            finding("holder", UNDECIDED, "holder-not-comparable"),
            "unknown",
            "It does not say who the holder is in a way that we can compare.",
        ),
        (finding("endorsement"), "positive", "It endorses what it stands beside."),
        (
            finding("endorsement", FAILED, "endorses-another"),
            "negative",
            "It endorses something else than what it stands beside.",
        ),
        (
            finding("resources", FAILED, "resource-digest"),
            "negative",
            "A file that it names has been changed since.",
        ),
        (
            replace(finding("resources", UNDECIDED, "resource-not-seen"), decides=False),
            "caution",
            "It names files that we have not looked at.",
        ),
        (
            finding("refresh", code="refreshed"),
            "positive",
            "This is the newer copy that the issuer has put in its place.",
        ),
        (
            replace(finding("refresh", UNDECIDED, "not-refreshed"), decides=False),
            "caution",
            "We could not learn whether the issuer has a newer copy.",
        ),
        (
            replace(finding("evidence", UNDECIDED, "chain-not-mined"), decides=False),
            "caution",
            "The issuer has signed a transaction for a blockchain. Whether and when it was written there,"
            " we have not looked.",
        ),
    ],
)
def test_each_newer_check_in_one_sentence(found, kind, sentence):
    said = line(report(found), found.check)

    assert (said.kind, said.sentence) == (kind, sentence)


@pytest.mark.parametrize("check", wording.ORDER)
def test_every_check_has_words_for_every_answer_and_a_name(check):
    assert check in wording.NAMES
    for outcome in Outcome:
        said = line(report(finding(check, outcome, "a-new-code")), check) if outcome is not FAILED else None
        # A "no" to the signature hides the lines of the others, so it is looked up in the table.
        assert (said and said.sentence) or (check, outcome.value) in wording.SENTENCES


@pytest.mark.parametrize("check", wording.ORDER)
def test_a_no_is_red_exactly_when_it_speaks_against_the_credential(check):
    """The line and the verdict cannot tell two stories: whichever check the library gives weight to."""
    made = report(finding(check, FAILED, "a-new-code"))

    kinds = {each.kind for each in verdict.words(made).lines if each.check == check}

    assert (verdict.NO in kinds) == (made.verdict is Verdict.NOT_VERIFIED)


def test_a_record_says_that_it_is_what_is_inside_that_speaks_against_it():
    inside = PartReport("/credentialSubject/verifiableCredential/0", "credential",
                        report(finding("status", FAILED, "revoked")))  # fmt: skip

    words = verdict.words(replace(report(), parts=(inside,)))

    assert (
        words.sentence
        == "We could not confirm this credential, because a credential inside it is not verified."
    )


def test_the_three_answers_differ_in_word_icon_and_kind():
    answers = [
        line(report(finding("status", outcome, code)), "status")
        for outcome, code in ((PASSED, "ok"), (FAILED, "revoked"), (UNDECIDED, "unreachable"))
    ]

    assert len({each.word for each in answers}) == 3
    assert len({each.icon for each in answers}) == 3
    assert len({each.kind for each in answers}) == 3


def test_where_nothing_but_a_key_vouches_for_the_issuer_the_first_sentence_says_so():
    """Anybody can make a key and call it a university."""
    alone = finding("issuer", issuer="did:key:z6Mk")

    assert verdict.sentence(report(alone)).endswith(
        "Nothing but its own key vouches for the name of its issuer."
    )
    listed = finding("trust", issuer="did:key:z6Mk", list="Schools")
    for vouched in (report(), report(alone, listed)):
        assert verdict.sentence(vouched) == "This is genuine, unchanged and currently valid."


def test_a_known_format_is_named_and_an_unknown_one_is_no_failure():
    assert line(report(), "format").sentence == "This is an Open Badges 3.0 credential."
    assert line(report(kind="CLR 2.0"), "format").sentence == "This is a learner record (CLR 2.0)."
    unknown = report(finding("structure", UNDECIDED, "unsupported-kind"), kind="Verifiable Presentation")
    said = line(unknown, "format")
    assert said.sentence == "Its kind is Verifiable Presentation, which we cannot check yet."
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


@pytest.mark.parametrize(
    ("others", "is_said"),
    [
        ((), True),
        ((finding("trust", FAILED, "unrecognised"),), True),
        ((finding("trust"),), False),
        ((finding("domain", **DOMAIN),), False),
        ((finding("issuer", **DOMAIN),), False),
        ((finding("signature", FAILED, "signature-mismatch"),), False),
    ],
)
def test_a_name_that_only_a_key_vouches_for_is_not_checked(others, is_said):
    said = verdict.words(report(finding("issuer"), *others))

    assert any("anybody can make such a key" in each for each in said.not_checked) is is_said


@pytest.mark.parametrize(
    ("written", "cryptosuite", "others", "is_said"),
    [
        ("vc+ld+json", "eddsa-rdfc-2022", (), False),
        ("vc+ld+json", "ecdsa-sd-2023", (), True),
        ("dc+sd-jwt", "", (), True),
        ("vc+sd-jwt", "", (), True),
        # Then the check itself says so.
        ("vc+sd-jwt", "", (finding("disclosure", UNDECIDED, "partial-copy"),), False),
        ("dc+sd-jwt", "", (finding("signature", FAILED, "signature-mismatch"),), False),
    ],
)
def test_what_holders_show_in_parts_may_not_be_all_of_it(written, cryptosuite, others, is_said):
    made = report(finding("signature", cryptosuite=cryptosuite), *others)

    said = verdict.words(replace(made, format=written))

    assert any("may leave parts out" in each for each in said.not_checked) is is_said


def test_a_finding_nobody_has_words_for_is_still_shown():
    said = verdict.words(report(finding("colour", FAILED, "too-blue")))

    assert said.lines[-1].sentence == "A technical message."


def test_a_percent_sign_in_a_detail_is_only_text():
    said = line(report(finding("issuer", domain="%(x)s.example")), "issuer")  # B127

    assert said.sentence == "Signed with a key of %(x)s.example."


HOSTED = finding("signature", code="hosted", hosted_at="https://school.example/a/1")


def test_a_page_that_vouches_is_not_called_genuine_and_unchanged():
    """Nothing is signed: the issuer's website says so today, and the sentence claims no more."""
    remark = replace(finding("evidence", UNDECIDED, "hosted-today"), decides=False)
    made = report(HOSTED, finding("issuer", code="hosted", **DOMAIN), remark, kind="Open Badges 2.0")

    found = verdict.words(made)

    assert found.kind == "caution"
    assert found.sentence == "Its issuer’s website vouches for this today. Please read the remarks."
    assert line(made, "signature").sentence.endswith("Nothing in it is signed.")
    assert (
        line(made, "issuer").sentence == "The page that vouches for it is the issuer’s own: issuer.example."
    )
    assert line(made, "evidence").kind == "caution"


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("hosted-differs", "its issuer’s website says something else than this file"),
        ("hosted-gone", "its issuer has taken away the page that vouched for it"),
        ("hosted-revoked", "its issuer has revoked it"),
        ("merkle-hash", "it does not fit the fingerprint that was issued"),
        ("chain-transaction", "it does not fit the fingerprint that was issued"),
    ],
)
def test_why_an_old_badge_is_not_confirmed(code, reason):
    found = verdict.words(report(finding("signature", FAILED, code)))

    assert found.sentence == f"We could not confirm this credential, because {reason}."


@pytest.mark.parametrize("code", ["chain-not-checked", "chain-unknown", "chain-key"])
def test_rule_11_a_chain_that_nobody_looked_into_is_never_called_a_forgery(code):
    found = verdict.words(report(finding("signature", UNDECIDED, code), finding("issuer", UNDECIDED, code)))

    assert found.kind == "unknown"
    assert all("we have not looked there" in each.sentence for each in found.lines if each.check == "issuer")
