# SPDX-License-Identifier: Apache-2.0
"""Lists of issuers that the caller chooses."""

import json
from dataclasses import replace

import pytest

from asking import DAY, KEY, METHOD, OTHER, WEB, endorsement, materials, signed
from cairn import Verdict, Verifier
from cairn.checks import DEFAULT_CHECKS, held_by, issued_by, recognised_by
from cairn.did import did_key
from cairn.proof import Outcome
from cairn.testing import NOON, FixedSources, demo_key, sample_credential, signed_sample
from cairn.trust_list import Listing, TrustList, UnopenedList
from containing import HOLDER_ID, presentation, record

ISSUER = did_key(KEY.public_key)
BOARD = did_key(OTHER.public_key)
EVERYBODY = TrustList("Harbours of Europe", {ISSUER: Listing("Harbour School")}, publisher="Harbour Board")
NOBODY = TrustList("Nobody", {})
CLOSED = UnopenedList("The closed list", "unreachable", "The address could not be reached.")


def trust(*lists, data=None, at=NOON, endorsements=()):
    (found,) = recognised_by(*lists, endorsements=endorsements)(materials(data or signed_sample()), at)
    return found


def answer(*arguments, **named):
    found = trust(*arguments, **named)
    return found.outcome, found.code


def carrying(*endorsements, place="issuer"):
    """A badge whose issuer carries what others say about it."""
    document = sample_credential().to_document()
    holder = document if place == "" else document[place]
    objects = [json.loads(each) for each in endorsements if each[:1] == b"{"]
    tokens = [each.decode() for each in endorsements if each[:1] != b"{"]
    holder |= ({"endorsement": objects} if objects else {}) | ({"endorsementJwt": tokens} if tokens else {})
    return signed(document)


def test_trust_is_what_the_caller_says():
    check = issued_by({ISSUER}, "Harbours of Europe")
    (listed,) = check(materials(signed_sample()), NOON)
    (unlisted,) = issued_by(set(), "Nobody")(materials(signed_sample()), NOON)

    assert (listed.check, listed.outcome) == ("trust", Outcome.PASSED)
    assert (unlisted.outcome, unlisted.code) == (Outcome.FAILED, "unrecognised-issuer")
    assert unlisted.details["list"] == "Nobody"


def test_without_a_list_nothing_is_asked():
    assert recognised_by()(materials(signed_sample()), NOON) == ()


def test_one_list_that_says_yes_is_enough():
    found = trust(NOBODY, EVERYBODY, CLOSED, TrustList("Schools", {ISSUER: Listing()}))

    assert found.message == "The issuer is listed in Harbours of Europe and Schools."
    assert found.details["list"] == "Harbours of Europe and Schools"
    assert found.details["issuer"] == ISSUER
    assert (found.details["listed_as"], found.details["publisher"]) == ("Harbour School", "Harbour Board")


def test_unrecognised_names_the_lists_and_says_nothing_else():
    found = trust(NOBODY, replace(NOBODY, name="Schools"), replace(NOBODY, name="Yards"))

    assert found.message == "Unrecognised: the issuer is not in Nobody, Schools or Yards."
    assert found.details == {"list": "Nobody, Schools or Yards", "issuer": ISSUER}
    assert trust(NOBODY, replace(NOBODY, name="Schools")).details["list"] == "Nobody or Schools"


def test_a_list_that_could_not_be_opened_keeps_a_no_from_being_one():
    found = trust(NOBODY, CLOSED)

    assert (found.outcome, found.code) == (Outcome.UNDECIDED, "unreachable")
    assert found.message.startswith("We could not open The closed list")


@pytest.mark.parametrize(
    ("dates", "expected"),
    [
        ({"valid_from": NOON}, (Outcome.PASSED, "ok")),
        ({"valid_until": NOON}, (Outcome.PASSED, "ok")),
        ({"valid_from": NOON + DAY}, (Outcome.UNDECIDED, "trust-list-period")),
        ({"valid_until": NOON - DAY}, (Outcome.UNDECIDED, "trust-list-period")),
    ],
)
def test_a_list_of_another_time_says_neither_yes_nor_no(dates, expected):
    assert answer(replace(EVERYBODY, **dates)) == expected


@pytest.mark.parametrize(
    ("listing", "expected"),
    [
        (Listing(since=NOON), (Outcome.PASSED, "ok")),
        (Listing(until=NOON), (Outcome.PASSED, "ok")),
        (Listing(since=NOON + DAY), (Outcome.FAILED, "recognition-period")),
        (Listing(until=NOON - DAY), (Outcome.FAILED, "recognition-period")),
        (Listing(recognised_for=("MicroCredential",)), (Outcome.PASSED, "ok")),
        (Listing(recognised_for=("Course", "https://harbour.example/a/knots")), (Outcome.PASSED, "ok")),
        (Listing(recognised_for=("Course",)), (Outcome.FAILED, "recognised-for-other")),
    ],
)
def test_an_issuer_is_recognised_for_a_time_and_for_something(listing, expected):
    found = trust(NOBODY, TrustList("Schools", {ISSUER: listing}))

    assert (found.outcome, found.code) == expected
    if listing.until:
        assert found.details["until"].startswith(f"{listing.until:%Y-%m-%d}")


def test_a_domain_stands_for_whoever_has_an_identifier_on_it():
    schools = TrustList("Schools", {"harbour.example": Listing()})

    assert answer(schools, data=signed_sample(sample_credential(issuer=WEB)))[0] is Outcome.PASSED
    assert answer(schools)[0] is Outcome.FAILED


def test_valid_and_trusted_stay_two_things():
    checks = (*DEFAULT_CHECKS, recognised_by(NOBODY))
    report = Verifier(FixedSources(), checks).examine(signed_sample(), at=NOON)

    assert report.verdict is Verdict.REMARKS  # unrecognised is never fake
    assert report.document is not None
    assert not report.accepted  # and never what the caller asked for


def test_nobody_is_recognised_under_a_signature_that_does_not_hold():
    altered = signed_sample().replace(b"Splices", b"Spices")
    report = Verifier(FixedSources(), (*DEFAULT_CHECKS, recognised_by(EVERYBODY))).examine(altered, at=NOON)

    assert report.finding("trust").outcome is Outcome.UNDECIDED
    assert report.finding("trust").details == {}


# --- accredited by somebody on the list

ACCREDITORS = TrustList("Boards", {BOARD: Listing("Board of Harbours", accredits=True)})


@pytest.mark.parametrize("place", ["", "issuer"])
def test_whom_a_listed_accreditor_endorses_is_recognised(place):
    found = trust(NOBODY, CLOSED, ACCREDITORS, data=carrying(endorsement(ISSUER), place=place))

    assert (found.outcome, found.code) == (Outcome.PASSED, "ok")
    assert found.message == "The issuer is accredited by Board of Harbours, who is listed in Boards."
    assert found.details == {"list": "Boards", "issuer": ISSUER, "accredited_by": BOARD}


def test_an_accreditation_may_be_brought_by_the_caller():
    assert answer(ACCREDITORS, endorsements=(endorsement(ISSUER),)) == (Outcome.PASSED, "ok")
    nameless = replace(ACCREDITORS, issuers={BOARD: Listing(accredits=True)})
    assert "by Harbour Board," in trust(nameless, endorsements=(endorsement(ISSUER),)).message
    assert BOARD in trust(nameless, endorsements=(endorsement(ISSUER, name=""),)).message


@pytest.mark.parametrize(
    "listing",
    [
        Listing(),  # may award, and says nobody else may (B158)
        Listing(accredits=True, until=NOON - DAY),
        Listing(accredits=True, recognised_for=("Course",)),
    ],
)
def test_an_endorsement_by_others_recognises_nobody_s17_b158(listing):
    boards = TrustList("Boards", {BOARD: listing})

    assert answer(boards, endorsements=(endorsement(ISSUER),)) == (Outcome.FAILED, "unrecognised-issuer")


@pytest.mark.parametrize(
    "brought",
    [
        endorsement(ISSUER).replace(b"A good school.", b"A poor school."),
        endorsement("did:web:other.example"),
        endorsement(ISSUER, validUntil="2026-02-01T00:00:00Z"),
        endorsement(ISSUER, type=["VerifiableCredential"]),
        endorsement(ISSUER, key=demo_key("nobody")),
        b"not a credential",
    ],
)
def test_an_endorsement_that_does_not_hold_recognises_nobody(brought):
    assert answer(ACCREDITORS, endorsements=(brought,)) == (Outcome.FAILED, "unrecognised-issuer")


def test_nobody_accredits_himself():
    selves = TrustList("Boards", {ISSUER: Listing(accredits=True, until=NOON - DAY)})

    assert answer(selves, endorsements=(endorsement(ISSUER, key=KEY),))[0] is Outcome.FAILED
    assert METHOD.startswith(ISSUER)


# --- inside something else


@pytest.mark.parametrize("around", [presentation, record])
@pytest.mark.parametrize(("chosen", "outcome"), [(EVERYBODY, Outcome.PASSED), (NOBODY, Outcome.FAILED)])
def test_the_issuer_of_what_is_inside_is_looked_for_as_well(around, chosen, outcome):
    checks = (*DEFAULT_CHECKS, recognised_by(chosen), held_by(HOLDER_ID))
    report = Verifier(FixedSources(), checks).examine(around(), at=NOON)

    (part,) = report.parts
    assert part.report.finding("trust").outcome is outcome
    assert part.report.finding("holder").outcome is Outcome.PASSED
    # A presentation has no issuer; a record has one of its own.
    assert (report.finding("trust") is None) is (around is presentation)
    assert report.accepted is (outcome is Outcome.PASSED)
