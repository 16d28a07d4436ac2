# SPDX-License-Identifier: Apache-2.0
"""What a terminal shows of a report: the verdict first, and nothing that is unverified or drives it."""

import pytest

from asking import PASSED as _PASSED
from asking import materials
from cairn.checks import DEFAULT_CHECKS, Finding
from cairn.proof import Outcome
from cairn.telling import printable, tell
from cairn.testing import NOON, signed_sample
from cairn.verifier import PartReport, Report, judge

BINDING = tuple(Finding(check, *answer, "Fine.") for check, answer in _PASSED.items())
STRUCTURE = Finding("structure", Outcome.PASSED, "ok", "Fine.")


def report(*findings, document=None, parts=()):
    return Report(findings, document, "Open Badges 3.0", "json", "vc+ld+json", NOON, "0" * 64, parts)


def vouched(*findings, parts=()):
    return report(STRUCTURE, *BINDING, *findings, document={"name": "Knots"}, parts=parts)


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (vouched(), "This is genuine, unchanged and currently valid."),
        (
            vouched(Finding("period", Outcome.FAILED, "expired", "It was valid until then.")),
            "This is genuine and unchanged. Please read the remarks.",
        ),
        (
            vouched(Finding("status", Outcome.FAILED, "revoked", "Revoked by the issuer.")),
            "We could not confirm this credential. Revoked by the issuer.",
        ),
        (
            vouched(Finding("status", Outcome.UNDECIDED, "unreachable", "Not reached.")),
            "We could not finish checking. This says nothing bad about the credential.",
        ),
        (
            vouched(Finding("evidence", Outcome.UNDECIDED, "hosted", "Nothing is signed.", decides=False)),
            "Its issuer's website vouches for this today. Please read the remarks.",
        ),
    ],
)
def test_the_verdict_comes_first(found, sentence):
    assert tell(found)[0] == sentence


def test_the_signature_is_the_reason_before_what_it_breaks_besides():
    wrong = Finding("signature", Outcome.FAILED, "signature-mismatch", "The signature does not match.")
    broken = Finding("structure", Outcome.FAILED, "structure", "It breaks the rules.")

    assert tell(report(broken, wrong))[0].endswith("The signature does not match.")


def test_each_usual_check_has_a_name_for_people():
    lines = tell(judge(materials(signed_sample()), DEFAULT_CHECKS, at=NOON))
    told = [line.split("  ")[1] for line in lines[2:7]]

    assert told == [
        "Required fields",
        "Signature",
        "Issuer's identity",
        "Not revoked or suspended",
        "Dates",
    ]


def test_only_what_is_vouched_for_is_shown():
    unsure = report(STRUCTURE, document=None)

    assert not any(line.lstrip().startswith(("Name ", "Issuer ")) for line in tell(unsure))
    assert any(line.split() == ["Name", "Knots"] for line in tell(vouched()))


def test_what_is_inside_stands_below_and_further_in():
    inside = PartReport("/verifiableCredential/0\x1b", "credential", report())

    lines = tell(vouched(parts=(inside,)))

    assert "  Inside, credential /verifiableCredential/0�" in lines
    assert f"    {tell(report())[0]}" in lines


def test_an_address_that_was_not_opened_says_what_to_do():
    blocked = Finding("status", Outcome.UNDECIDED, "fetch-blocked", "Not opened.")

    assert any("--allow ORIGIN" in line for line in tell(vouched(blocked)))
    assert not any("--allow" in line for line in tell(vouched()))


def test_nothing_drives_the_terminal_b129_b132():
    assert printable("a\x1b[2J\u202eb") == "a�[2J�b"
