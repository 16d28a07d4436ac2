# SPDX-License-Identifier: Apache-2.0
"""What an issuer's page or list says about taking a badge back; the whole road is tested beside this."""

from datetime import timedelta

import pytest

from cairn.canonical import to_json
from cairn.errors import UnavailableError
from cairn.legacy.case import Case
from cairn.legacy.withdrawal import by_its_page, by_list
from cairn.proof import Outcome
from cairn.testing import NOON

LIST = "https://school.example/revoked"
ISSUER = "https://school.example/issuer"


def case(listed=None, format="openbadges-2"):
    def resource(url):
        if listed is None or url != LIST:
            raise UnavailableError("unreachable", "The address could not be reached.")
        return to_json(listed)

    return Case(format, {}, None, resource, NOON)


def asked(listed, *names, issuer=None, at=NOON):
    answer = by_list(case(listed), issuer or {"revocationList": LIST}, ISSUER, names or ("urn:a",), at)
    return answer.outcome, answer.code


@pytest.mark.parametrize(
    ("listed", "found"),
    [
        ({"revokedAssertions": []}, (Outcome.PASSED, "ok")),
        ({"revokedAssertions": ["urn:a"]}, (Outcome.FAILED, "revoked")),
        ({"revokedAssertions": "urn:a"}, (Outcome.FAILED, "revoked")),
        ({"revokedAssertions": [{"id": "urn:a"}], "issuer": ISSUER}, (Outcome.FAILED, "revoked")),
        ({"revokedAssertions": [{"id": "urn:a"}], "issuer": {"id": ISSUER}}, (Outcome.FAILED, "revoked")),
        ({"revokedAssertions": [{"name": "urn:a"}]}, (Outcome.PASSED, "ok")),
        ({"revokedAssertions": [None]}, (Outcome.UNDECIDED, "status-list-type")),
        ({"id": LIST}, (Outcome.UNDECIDED, "status-list-type")),
        ({"type": "RevocationList"}, (Outcome.UNDECIDED, "status-list-type")),
        ({"urn:a": "Cheated", "@context": "x"}, (Outcome.FAILED, "revoked")),
        ({"@context": "urn:a"}, (Outcome.UNDECIDED, "status-list-type")),
        ({"error": "not found"}, (Outcome.UNDECIDED, "status-list-type")),
        ({}, (Outcome.UNDECIDED, "status-list-type")),
        (None, (Outcome.UNDECIDED, "unreachable")),
    ],
)
def test_lists_of_every_version(listed, found):
    assert asked(listed) == found


@pytest.mark.parametrize("listed", [{}, {"@context": "urn:a"}, {"urn:b": "Cheated"}])
def test_s8_only_in_open_badges_1_an_object_without_a_list_is_one(listed):
    issuer = {"revocationList": LIST}

    old = by_list(case(listed, "openbadges-1"), issuer, ISSUER, ("urn:a",), NOON)
    newer = by_list(case(listed, "blockcerts-2"), issuer, ISSUER, ("urn:a",), NOON)

    assert (old.outcome, old.code) == (Outcome.PASSED, "ok")
    assert (newer.outcome, newer.code) == (Outcome.UNDECIDED, "status-list-type")


def test_any_of_its_names_is_it():
    assert asked({"7": "Cheated"}, "urn:a", "7") == (Outcome.FAILED, "revoked")


def test_reasons_are_told_and_cut():
    told = by_list(case({"urn:a": "x" * 900}), {"revocationList": LIST}, ISSUER, ("urn:a",), NOON)

    assert told.details["message"] == "x" * 200
    nothing = by_list(case({"urn:a": 7}), {"revocationList": LIST}, ISSUER, ("urn:a",), NOON)
    assert "message" not in nothing.details


def test_a_minute_more_than_five_is_still_honest_clocks():
    page = {"recipient": "x"}

    assert by_its_page(case(), page, LIST, NOON + timedelta(minutes=6)).outcome is Outcome.PASSED
    late = by_its_page(case(), page, LIST, NOON + timedelta(minutes=6, seconds=1))
    assert (late.outcome, late.code) == (Outcome.UNDECIDED, "status-list-stale")


def test_a_page_says_it_with_true_and_nothing_else():
    assert by_its_page(case(), {"revoked": True}, LIST, NOON).code == "revoked"
    assert by_its_page(case(), {"revoked": "true"}, LIST, NOON).code == "ok"


def test_b87_asking_for_the_page_of_one_badge_tells_which_one():
    assert by_its_page(case(), {}, LIST, NOON).details["note"] == "list-url-names-credential"
    assert "note" not in by_list(case({}), {"revocationList": LIST}, ISSUER, ("urn:a",), NOON).details


def test_a_list_may_be_as_old_as_a_page():
    empty = {"revokedAssertions": []}

    assert asked(empty, at=NOON + timedelta(minutes=6)) == (Outcome.PASSED, "ok")
    assert asked(empty, at=NOON + timedelta(minutes=6, seconds=1)) == (
        Outcome.UNDECIDED,
        "status-list-stale",
    )
