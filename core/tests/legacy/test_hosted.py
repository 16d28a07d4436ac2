# SPDX-License-Identifier: Apache-2.0
"""A hosted badge is what a page of its issuer says, today, and never more than "verified with remarks"."""

from datetime import timedelta

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
    token,
    without,
    world,
)

from cairn.canonical import to_json
from cairn.errors import UnavailableError
from cairn.materials import Materials, gather
from cairn.reading import read
from cairn.testing import NOON, FixedSources
from cairn.verifier import Verdict, Verifier, judge

EVIL = "https://evil.example"


def test_a_hosted_badge_is_genuine_with_a_remark_and_is_shown_as_its_page_has_it():
    report = examine(assertion(), world())

    assert report.verdict is Verdict.REMARKS
    assert report.accepted
    assert codes(report) == {
        "structure": ("passed", "ok"),
        "signature": ("passed", "hosted"),
        "issuer": ("passed", "hosted"),
        "evidence": ("undecided", "hosted-today"),
        "status": ("passed", "ok"),
        "period": ("passed", "ok"),
    }
    assert report.document["badge"]["name"] == "Knots"
    assert report.document["badge"]["issuer"]["name"] == "Harbour School"
    assert report.kind == "Open Badges 2.0"
    assert report.format == "openbadges-2"


def test_it_says_that_nothing_is_signed_and_whose_page_vouches():
    report = examine(assertion(), world())

    signature = report.finding("signature")
    assert signature.message.startswith("Nothing in it is signed. The page that vouches for it is at")
    assert signature.details["hosted_at"] == ASSERTION
    assert report.finding("issuer").details["domain"] == "school.example"


def test_gathering_asks_the_page_the_badge_and_the_issuer_and_nobody_else_b99():
    sources = FixedSources(world())

    gather(read(to_json(assertion())), sources, at=NOON)

    assert sources.asked == [ASSERTION, BADGE, ISSUER]


def test_what_was_gathered_is_judged_again_offline_with_the_same_result():
    materials = gather(read(to_json(assertion())), FixedSources(world()), at=NOON)

    again = Materials.from_json(materials.to_json())

    assert judge(again, at=NOON) == judge(materials, at=NOON)


@pytest.mark.parametrize("name", ["recipient", "issuedOn", "evidence", "id", "type", "badge", "narrative"])
def test_a_file_that_says_something_else_than_its_page_is_refused_and_not_shown(name):
    changed = {
        "recipient": {"type": "email", "hashed": False, "identity": "mallory@evil.example"},
        "issuedOn": "2018-05-04T10:00:00Z",
        "evidence": f"{EVIL}/evidence",
        "id": f"{HOST}/assertions/8",
        "type": ["Assertion", "Extension"],
        "badge": f"{HOST}/badges/doctor",
        "narrative": "With honours.",
    }[name]
    answers = world()
    answers[f"{HOST}/assertions/8"] = answers[ASSERTION]

    report = examine(assertion(**{name: changed}), answers)

    assert codes(report)["signature"] == ("failed", "hosted-differs")
    assert name in report.finding("signature").message
    assert report.verdict is Verdict.NOT_VERIFIED
    assert report.document is None


@pytest.mark.parametrize(
    ("sent", "hosted"),
    [
        (assertion(type=["Assertion"]), assertion()),
        (without(assertion(), **{"@context": ...}), assertion()),
        (assertion(), assertion(narrative="Added later.")),
        (assertion(badge=badge()), assertion()),
        (assertion(), assertion(badge=badge())),
        (assertion(badge=badge()), assertion(badge=badge(tags=["sea"]))),
    ],
    ids=["type", "context", "page says more", "badge in the file", "badge in the page", "badge says more"],
)
def test_another_way_of_saying_the_same_is_the_same(sent, hosted):
    assert codes(examine(sent, world(assertion=hosted)))["signature"] == ("passed", "hosted")


@pytest.mark.parametrize(
    ("sent", "hosted"),
    [
        (assertion(badge=badge(name="Doctor")), assertion(badge=badge())),
        (assertion(badge=without(badge(), id=...)), assertion()),
        (assertion(note=1), assertion(note=True)),
    ],
    ids=["another name", "a badge without an address", "true is not one"],
)
def test_another_thing_is_another_thing(sent, hosted):
    assert codes(examine(sent, world(assertion=hosted)))["signature"] == ("failed", "hosted-differs")


def test_s8_a_page_that_does_not_answer_is_no_word_about_the_badge():
    report = examine(assertion(), world(assertion=...))

    assert codes(report)["signature"] == ("undecided", "hosted-unreachable")
    assert codes(report)["issuer"] == ("undecided", "hosted-unreachable")
    assert report.verdict is Verdict.COULD_NOT_CHECK


@pytest.mark.parametrize("page", ["badge", "issuer"])
def test_neither_is_a_badge_or_an_issuer_that_does_not_answer(page):
    report = examine(assertion(), world(**{page: ...}))

    assert codes(report)["signature"] == ("undecided", "hosted-unreachable")
    assert report.verdict is Verdict.COULD_NOT_CHECK


@pytest.mark.parametrize(
    ("page", "code"),
    [
        (b"<html>Log in</html>", "hosted-page"),
        (b'{"id": "x"}', "hosted-page"),
        (b"[]", "hosted-page"),
        (b'{"badge": "x", "badge": "y"}', "hosted-page"),
    ],
)
def test_b97_a_page_that_is_no_badge_decides_nothing(page, code):
    report = examine(assertion(), world(assertion=page))

    assert codes(report)["signature"] == ("undecided", code)


class GoneSources(FixedSources):
    def fetch(self, url, *, accept, limit):
        if url == ASSERTION:
            raise UnavailableError("gone", "The address could not be reached.")
        return super().fetch(url, accept=accept, limit=limit)


def test_a_page_that_is_gone_for_good_is_a_withdrawal():
    report = Verifier(GoneSources(world())).examine(to_json(assertion()), at=NOON)

    assert codes(report)["signature"] == ("failed", "hosted-gone")
    assert codes(report)["issuer"] == ("undecided", "hosted-gone")
    assert report.verdict is Verdict.NOT_VERIFIED


def test_a_badge_that_is_gone_is_not_a_withdrawal_of_the_award():
    class BadgeGone(FixedSources):
        def fetch(self, url, *, accept, limit):
            if url == BADGE:
                raise UnavailableError("gone", "The address could not be reached.")
            return super().fetch(url, accept=accept, limit=limit)

    report = Verifier(BadgeGone(world())).examine(to_json(assertion()), at=NOON)

    assert codes(report)["signature"] == ("undecided", "hosted-unreachable")


def test_a_page_may_have_nothing_left_but_the_withdrawal():
    report = examine(assertion(), world(assertion={"id": ASSERTION, "revoked": True}))

    assert codes(report)["signature"] == ("failed", "hosted-revoked")
    assert report.verdict is Verdict.NOT_VERIFIED


def test_a_page_that_says_revoked_is_believed_and_tells_why():
    withdrawn = assertion(revoked=True, revocationReason="Issued in error")

    report = examine(assertion(), world(assertion=withdrawn))

    assert codes(report)["status"] == ("failed", "revoked")
    assert report.finding("status").details["message"] == "Issued in error"
    assert report.verdict is Verdict.NOT_VERIFIED


def test_b82_what_a_page_said_long_ago_is_no_word_about_today():
    report = examine(assertion(), world(), at=NOON + timedelta(hours=1))

    assert codes(report)["status"] == ("undecided", "status-list-stale")
    assert report.verdict is Verdict.COULD_NOT_CHECK


# --- whose page it is


def test_b66_a_page_elsewhere_does_not_speak_for_the_issuer():
    elsewhere = f"{EVIL}/assertions/7"
    sent = assertion(id=elsewhere)
    answers = {**world(), elsewhere: to_json(sent)}

    report = examine(sent, answers)

    assert codes(report)["issuer"] == ("failed", "hosted-scope")
    assert report.verdict is Verdict.NOT_VERIFIED
    assert report.document is None


def test_a_description_of_the_issuer_in_a_strangers_page_is_not_believed():
    """The issuer's own address says who the issuer is, whatever stands in the badge."""
    elsewhere = f"{EVIL}/assertions/7"
    forged = issuer(verification={"allowedOrigins": "evil.example"}, name="Harbour School, really")
    sent = assertion(id=elsewhere, badge=badge(issuer=forged))
    answers = {**world(), elsewhere: to_json(sent)}

    report = examine(sent, answers)

    assert codes(report)["issuer"] == ("failed", "hosted-scope")


def test_a_page_about_another_issuer_is_not_the_issuers():
    report = examine(assertion(), world(issuer=issuer(id=f"{EVIL}/issuer")))

    assert codes(report)["issuer"] == ("undecided", "issuer-document")


@pytest.mark.parametrize(
    ("named", "code"),
    [
        (None, "no-issuer"),
        (7, "no-issuer"),
        ({"name": "Nobody"}, "no-issuer"),
        ("not an address", "hosted-address"),
    ],
)
def test_a_badge_that_does_not_say_who_issued_it_has_no_issuer(named, code):
    report = examine(assertion(), world(badge=badge(issuer=named)))

    assert codes(report)["issuer"] == ("failed", code)


# --- an address in a picture, a token around a page


def test_a_token_around_a_hosted_badge_proves_nothing_by_itself():
    """Some libraries sign hosted badges too; the page is what counts."""
    report = examine(token(assertion()), world())
    forged = examine(token(assertion(narrative="With honours.")), world())

    assert codes(report)["signature"] == ("passed", "hosted")
    assert codes(forged)["signature"] == ("failed", "hosted-differs")


def test_a_page_that_wants_to_be_believed_for_a_signature_is_not_believed_without_one():
    hosted = assertion(verification={"type": "SignedBadge", "creator": f"{HOST}/keys/1"})

    report = examine(assertion(), world(assertion=hosted))

    assert codes(report)["signature"] == ("failed", "hosted-differs")


def test_a_badge_that_does_not_say_where_it_is_kept_cannot_be_asked_for():
    old = {
        "recipient": "zoe@example.org",
        "badge": {"name": "Knots", "issuer": {"origin": HOST, "name": "S"}},
    }

    report = examine(old, {})

    assert codes(report)["signature"] == ("undecided", "hosted-address")
    assert report.verdict is Verdict.COULD_NOT_CHECK


def test_a_page_is_shown_under_the_address_that_vouches_for_it():
    """It could call itself by the address of somebody else's badge."""
    report = examine(assertion(), world(badge=badge(id="https://other.example/badges/7")))

    assert report.accepted
    assert report.document["badge"]["id"] == BADGE
