# SPDX-License-Identifier: Apache-2.0
"""The recipient of an old badge is compared as everybody's is (S10)."""

import pytest
from old_badges import EMAIL, IDENTITY, SALT, assertion, codes, examine, token, world

from cairn.checks import DEFAULT_CHECKS, held_by
from cairn.legacy.recipients import subject_of


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        (EMAIL, ("passed", "ok")),
        ("ZOE@example.org", ("passed", "ok")),
        ("mallory@example.org", ("failed", "holder-mismatch")),
        ("did:key:z6Mk", ("undecided", "holder-not-comparable")),
    ],
)
def test_what_somebody_typed_is_compared_with_the_hash(typed, found):
    report = examine(assertion(), world(), checks=[*DEFAULT_CHECKS, held_by(typed)])

    assert codes(report)["holder"] == found


def test_of_a_hosted_badge_the_page_says_who_it_is_about():
    sent = assertion(recipient={"type": "email", "hashed": False, "identity": "mallory@example.org"})

    report = examine(sent, world(), checks=[*DEFAULT_CHECKS, held_by("mallory@example.org")])

    assert not report.accepted
    assert codes(report)["holder"] != ("passed", "ok")


def test_a_page_that_does_not_answer_says_nothing_about_anybody():
    report = examine(assertion(), {}, checks=[*DEFAULT_CHECKS, held_by(EMAIL)])

    assert codes(report)["holder"][0] == "undecided"


@pytest.mark.parametrize(
    ("document", "hashed", "salt"),
    [
        ({"recipient": {"type": "email", "hashed": True, "salt": SALT, "identity": IDENTITY}}, True, SALT),
        ({"recipient": {"type": "email", "hashed": "true", "identity": IDENTITY}}, True, None),
        ({"recipient": {"hashed": False, "identity": EMAIL}}, False, None),
        ({"recipient": EMAIL}, False, None),
        ({"recipient": IDENTITY, "salt": SALT}, True, SALT),
    ],
)
def test_every_version_names_one_address(document, hashed, salt):
    [entry] = subject_of(document)["identifier"]

    assert entry["hashed"] is hashed
    assert entry.get("salt") == salt


@pytest.mark.parametrize(
    "recipient",
    [
        None,
        {},
        {"type": "url", "identity": "https://zoe.example"},
        {"identity": 7},
        {"identity": EMAIL, "salt": 7},
    ],
)
def test_what_is_no_address_is_not_compared(recipient):
    assert subject_of({"recipient": recipient}) == {}


def test_the_hash_is_in_no_finding():
    report = examine(assertion(), world(), checks=[*DEFAULT_CHECKS, held_by(EMAIL)])

    assert SALT not in str(report.findings)
    assert IDENTITY not in str(report.findings)


def test_a_signed_badge_says_it_itself():
    sent = assertion(verification={"type": "SignedBadge", "creator": "https://school.example/keys/1"})

    report = examine(token(sent), world(), checks=[*DEFAULT_CHECKS, held_by(EMAIL)])

    assert codes(report)["holder"] == ("passed", "ok")
