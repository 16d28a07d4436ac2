# SPDX-License-Identifier: Apache-2.0
"""Which Open Badge it is, the rules of its version, and its dates."""

from datetime import UTC, datetime, timedelta

import pytest
from old_badges import (
    ASSERTION,
    BADGE,
    HOST,
    ISSUER,
    assertion,
    badge,
    codes,
    examine,
    issuer,
    signed_assertion,
    without,
    world,
)

from cairn.errors import MalformedError
from cairn.legacy.open_badges import (
    OPEN_BADGES_1,
    OPEN_BADGES_2,
    assertion_problems,
    format_of,
    hosted_at,
    page_problems,
    period_of,
    says_signed,
    version_of,
)
from cairn.testing import NOON
from cairn.verifier import Verdict

RECIPIENT = {"type": "email", "hashed": False, "identity": "zoe@example.org"}
ONE_0 = {
    "uid": "7",
    "recipient": RECIPIENT,
    "badge": BADGE,
    "verify": {"type": "hosted", "url": ASSERTION},
    "issuedOn": 1_400_000_000,
}
ONE_1 = {**ONE_0, "@context": "https://w3id.org/openbadges/v1", "type": "Assertion", "id": ASSERTION}
OLDEST = {
    "recipient": "zoe@example.org",
    "issued_on": "2012-03-04",
    "badge": {
        "version": "0.5.0",
        "name": "Knots",
        "image": "/knots.png",
        "description": "Ties twelve knots.",
        "criteria": "/knots",
        "issuer": {"origin": HOST, "name": "Harbour School"},
    },
}


@pytest.mark.parametrize(
    ("document", "format", "version"),
    [
        (assertion(), OPEN_BADGES_2, "2.0"),
        (signed_assertion(), OPEN_BADGES_2, "2.0"),
        (without(assertion(), **{"@context": ...}), OPEN_BADGES_2, "2.0"),
        (ONE_1, OPEN_BADGES_1, "1.1"),
        (ONE_0, OPEN_BADGES_1, "1.0"),
        (OLDEST, OPEN_BADGES_1, "0.5"),
    ],
)
def test_each_version_is_known_by_its_members(document, format, version):
    assert format_of(document) == format
    assert version_of(document) == version


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"badge": 7, "recipient": RECIPIENT},
        {"badge": BADGE},
        {**assertion(), "credentialSubject": {"id": "did:example:1"}},
        {"type": "BadgeClass", "issuer": ISSUER},
    ],
)
def test_what_is_no_assertion_is_left_to_others(document):
    assert format_of(document) is None


@pytest.mark.parametrize(
    ("document", "address"),
    [
        (assertion(), ASSERTION),
        (assertion(id="urn:uuid:1"), None),
        (ONE_1, ASSERTION),
        (ONE_0, ASSERTION),
        (OLDEST, None),
        (without(ONE_0, verify=...), None),
        (without(ONE_0, verify={"url": "ftp://x.example/1"}), None),
    ],
)
def test_where_it_is_hosted(document, address):
    assert hosted_at(document) == address


@pytest.mark.parametrize(
    ("verification", "signed"),
    [
        ({"type": "SignedBadge"}, True),
        ({"type": "signed"}, True),
        ({"type": ["Extension", "SignedBadge"]}, True),
        ({"type": "HostedBadge"}, False),
        ({}, False),
        ("signed", False),
    ],
)
def test_whether_it_wants_to_be_believed_for_a_signature(verification, signed):
    assert says_signed(assertion(verification=verification)) is signed


@pytest.mark.parametrize("document", [assertion(), signed_assertion(badge=badge()), ONE_1, ONE_0, OLDEST])
def test_honest_badges_of_every_version_obey_their_rules(document):
    assert assertion_problems(document) == []


@pytest.mark.parametrize(
    ("document", "path"),
    [
        (assertion(type="Badge"), "type"),
        (assertion(id="7"), "id"),
        (assertion(id=...), "id"),
        (assertion(recipient="zoe@example.org"), "recipient"),
        (assertion(recipient={"type": "email", "hashed": "yes", "identity": "x"}), "recipient.hashed"),
        (assertion(recipient={"type": "email"}), "recipient.identity"),
        (assertion(badge="knots"), "badge"),
        (assertion(verification={}), "verification.type"),
        (assertion(verification={"type": 7}), "verification.type"),
        (assertion(verification={"type": []}), "verification.type"),
        (assertion(issuedOn="2019-05-04"), "issuedOn"),
        (assertion(issuedOn=1_400_000_000), "issuedOn"),
        (assertion(issuedOn=...), "issuedOn"),
        (assertion(expires="soon"), "expires"),
        (assertion(revoked="no"), "revoked"),
        (without(ONE_0, uid=True), "uid"),
        (without(ONE_0, uid=...), "uid"),
        (without(ONE_0, issuedOn="4 May"), "issuedOn"),
        (without(ONE_0, verify={"type": "hosted", "url": "x"}), "verify.url"),
        (without(ONE_1, type=...), "type"),
        (
            without(OLDEST, badge={"name": "Knots", "issuer": {"origin": "x", "name": "S"}}),
            "badge.issuer.origin",
        ),
        (without(OLDEST, badge=BADGE), "badge"),
    ],
)
def test_each_broken_rule_is_named_by_its_place(document, path):
    assert path in [problem.path for problem in assertion_problems(document)]


@pytest.mark.parametrize(
    ("pages", "path"),
    [
        ((badge(name=...), issuer()), "badge.name"),
        ((badge(type="Badge"), issuer()), "badge.type"),
        ((badge(), issuer(name=7)), "badge.issuer.name"),
    ],
)
def test_the_pages_behind_it_have_what_a_reader_is_shown(pages, path):
    assert [problem.path for problem in page_problems(*pages, "2.0")] == [path]
    assert page_problems(*pages, "0.5") == []


def test_rules_are_told_in_the_report():
    report = examine(assertion(issuedOn="yesterday"), world(assertion=assertion(issuedOn="yesterday")))

    assert codes(report)["structure"] == ("failed", "structure")
    assert report.verdict is Verdict.NOT_VERIFIED


def test_a_page_that_breaks_a_rule_is_told_too():
    report = examine(assertion(), world(badge=badge(name=...)))

    assert codes(report)["structure"] == ("failed", "structure")


# --- dates

FOURTH = datetime(2019, 5, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("document", "begins"),
    [
        (assertion(issuedOn="2019-05-04T02:00:00+02:00"), FOURTH),
        ({**ONE_0, "issuedOn": 1_556_928_000}, FOURTH),
        ({**ONE_0, "issuedOn": "1556928000"}, FOURTH),
        ({**ONE_0, "issuedOn": "2019-05-04"}, FOURTH),
        ({**ONE_0, "issuedOn": "2019-05-04T00:00:00"}, FOURTH),
        ({**ONE_0, "issuedOn": "2019-05-04T00:00:00.000001"}, FOURTH + timedelta(microseconds=1)),
        ({**OLDEST, "issued_on": "2019-05-04"}, FOURTH),
        ({**OLDEST, "issued_on": None}, None),
        (without(ONE_0, issuedOn=...), None),
    ],
)
def test_moments_as_each_version_writes_them(document, begins):
    assert period_of(document) == (begins, None)


def test_a_day_on_which_a_badge_ends_belongs_to_it():
    assert period_of({**ONE_0, "expires": "2019-05-04"})[1] == FOURTH + timedelta(days=1)
    assert period_of({**ONE_0, "expires": 1_556_928_000})[1] == FOURTH


@pytest.mark.parametrize(
    "issued", [True, -1, 4e9, 10**15, "2019-5-4", "٢٠١٩-٠٥-٠٤", ["2019-05-04"], "2019-13-01"]
)
def test_b16_what_two_readers_could_read_in_two_ways_is_no_moment(issued):
    with pytest.raises(MalformedError):
        period_of({**ONE_0, "issuedOn": issued})


@pytest.mark.parametrize("issued", ["2019-05-04", "2019-05-04T00:00:00", 1_556_928_000])
def test_open_badges_2_knows_only_moments_with_a_zone(issued):
    with pytest.raises(MalformedError):
        period_of(assertion(issuedOn=issued))


@pytest.mark.parametrize(
    ("changes", "found", "verdict"),
    [
        ({"expires": "2020-01-01T00:00:00Z"}, ("failed", "expired"), Verdict.REMARKS),
        ({"expires": "2030-01-01T00:00:00Z"}, ("passed", "ok"), Verdict.REMARKS),
        ({"issuedOn": "2030-01-01T00:00:00Z"}, ("failed", "not-yet-valid"), Verdict.REMARKS),
    ],
)
def test_an_expired_badge_is_genuine_and_not_accepted(changes, found, verdict):
    sent = assertion(**changes)

    report = examine(sent, world(assertion=sent), at=NOON)

    assert codes(report)["period"] == found
    assert report.verdict is verdict
    assert report.accepted is (found[0] == "passed")


# --- Open Badges 1 down the whole road


def test_open_badges_1_0_by_its_page():
    answers = world(assertion=ONE_0, issuer={"name": "Harbour School", "url": HOST})

    report = examine(ONE_0, answers)

    assert report.verdict is Verdict.REMARKS
    assert report.kind == "Open Badges 1.0"
    assert codes(report)["issuer"] == ("passed", "hosted")


def test_open_badges_1_1_by_its_page():
    assert examine(ONE_1, world(assertion=ONE_1)).kind == "Open Badges 1.1"
    assert examine(ONE_1, world(assertion=ONE_1)).verdict is Verdict.REMARKS


def test_open_badges_1_knows_no_rules_of_scope_but_the_origin():
    elsewhere = "https://badges.example/7"
    sent = {**ONE_0, "verify": {"type": "hosted", "url": elsewhere}}
    answers = world(issuer=issuer(verification={"allowedOrigins": "badges.example"}), assertion=sent)
    answers[elsewhere] = answers[ASSERTION]

    assert codes(examine(sent, answers))["issuer"] == ("failed", "hosted-scope")
