# SPDX-License-Identifier: Apache-2.0
"""Whose achievement it is, and who says that the issuer may award it."""

import pytest

from asking import DAY, KEY, OTHER, WEB, domain_linkage, endorsement, materials, signed
from cairn import Verdict, Verifier
from cairn.canonical import to_json
from cairn.checks import DEFAULT_CHECKS, entitled
from cairn.checks.entitlement import covers
from cairn.did import did_key
from cairn.proof import Outcome
from cairn.testing import NOON, FixedSources, demo_key, sample_credential
from cairn.trust_list import Listing, TrustList, UnopenedList

ISSUER = did_key(KEY.public_key)
BOARD = did_key(OTHER.public_key)
OWN = (Outcome.PASSED, "ok")
UNKNOWN = (Outcome.UNDECIDED, "entitlement-unknown")
HARVARD = "did:web:harvard.example"


def awarded(
    creator=None, achievement="urn:uuid:6a6a4c0e-9a3f-4f3c-8a43-1c8f2f5f0f10", issuer=ISSUER, **members
):
    document = sample_credential(issuer=issuer).to_document()
    what = document["credentialSubject"]["achievement"]
    what["id"] = achievement
    if creator is not None:
        what["creator"] = {"id": creator, "type": ["Profile"], **members}
    return signed(document)


def entitlement(data, *lists, endorsements=(), answers=None):
    (found,) = entitled(*lists, endorsements=endorsements)(materials(data, answers), NOON)
    return found


def answer(*arguments, **named):
    found = entitlement(*arguments, **named)
    return found.outcome, found.code


@pytest.mark.parametrize(
    "data",
    [
        awarded(),
        awarded(ISSUER),
        awarded(issuer=WEB, achievement="https://harbour.example/a/knots"),
        awarded(issuer=WEB, achievement="https://badges.harbour.example/a/knots"),
        awarded(WEB, issuer=WEB, achievement="https://HARBOUR.example/a/knots"),
    ],
)
def test_an_achievement_of_the_issuers_own_needs_nobody(data):
    assert answer(data) == OWN


@pytest.mark.parametrize(
    ("data", "creator"),
    [
        (awarded(BOARD, name="Board"), "Board"),
        (awarded(BOARD), BOARD),
        (awarded(BOARD, name=7), BOARD),
        (awarded(achievement="https://harbour.example/a/knots"), "harbour.example"),
        # Another identifier on the same host is another party, as far as anybody can see.
        (awarded("https://harbour.example/i/2", issuer=WEB), "https://harbour.example/i/2"),
        (awarded(issuer=WEB, achievement="https://example/a/knots"), "example"),
        (awarded(issuer=WEB, achievement="https://evil-harbour.example/a"), "evil-harbour.example"),
        (awarded(ISSUER, achievement="https://harvard.example/phd"), "harvard.example"),
        (awarded(HARVARD, achievement="https://harvard.example/phd"), HARVARD),
    ],
)
def test_somebody_elses_achievement_is_a_remark(data, creator):
    found = entitlement(data)

    assert (found.outcome, found.code, found.decides) == (*UNKNOWN, False)
    assert found.message.startswith(f"The achievement is by {creator}; nothing here says")


def test_a_creator_may_be_an_identifier_alone():
    document = sample_credential().to_document()
    document["credentialSubject"]["achievement"]["creator"] = BOARD

    assert entitlement(signed(document)).details["creator"] == BOARD


def test_a_remark_does_not_stop_acceptance():
    report = Verifier(FixedSources(), (*DEFAULT_CHECKS, entitled())).examine(awarded(BOARD), at=NOON)

    assert report.accepted
    assert report.verdict is Verdict.REMARKS


def test_the_owners_endorsement_of_the_issuer_entitles_it():
    found = entitlement(awarded(BOARD, name="Board"), endorsements=(endorsement(ISSUER),))

    assert (found.outcome, found.code) == OWN
    assert found.message == "The achievement is by Board, and the issuer has its endorsement."
    assert found.details == {"issuer": ISSUER, "creator": BOARD, "endorsed_by": BOARD}


def test_what_cannot_be_read_beside_an_endorsement_says_nothing():
    brought = (b"not a credential", endorsement(ISSUER))

    assert answer(awarded(BOARD), endorsements=brought) == OWN


@pytest.mark.parametrize(
    "brought",
    [
        endorsement(ISSUER, key=demo_key("accomplice")),
        endorsement("urn:uuid:6a6a4c0e-9a3f-4f3c-8a43-1c8f2f5f0f10"),
        endorsement(ISSUER, validUntil="2026-02-01T00:00:00Z"),
    ],
)
def test_another_endorsement_entitles_nobody(brought):
    assert answer(awarded(BOARD), endorsements=(brought,)) == UNKNOWN


def test_every_owner_has_to_say_so():
    """An accomplice who calls himself the creator does not speak for the domain of the achievement."""
    data = awarded(BOARD, achievement="https://harvard.example/phd")

    found = entitlement(data, endorsements=(endorsement(ISSUER),))

    assert (found.outcome, found.code) == UNKNOWN
    assert found.details["creator"] == "harvard.example"


@pytest.mark.parametrize(
    ("publisher", "listing", "expected"),
    [
        (BOARD, Listing(), OWN),
        (BOARD, Listing(recognised_for=("MicroCredential",)), OWN),
        (BOARD, Listing(recognised_for=("Course",)), UNKNOWN),
        (BOARD, Listing(until=NOON - DAY), UNKNOWN),
        (did_key(demo_key("accomplice").public_key), Listing(), UNKNOWN),
        ("", Listing(), UNKNOWN),
    ],
)
def test_a_list_that_the_owner_publishes_entitles_who_is_on_it(publisher, listing, expected):
    chosen = TrustList("Licensed schools", {ISSUER: listing}, publisher_id=publisher)
    closed = UnopenedList("Closed", "unreachable", "The address could not be reached.")

    found = entitlement(awarded(BOARD, name="Board"), closed, chosen)

    assert (found.outcome, found.code) == expected
    if expected is OWN:
        assert found.message == "The achievement is by Board, and the issuer is on its list Licensed schools."


def test_the_owner_of_a_domain_speaks_from_it():
    data = awarded(achievement="https://badges.harbour.example/a/knots")

    def by(publisher):
        return answer(data, TrustList("Schools", {ISSUER: Listing()}, publisher_id=publisher))

    assert by(WEB) == OWN
    assert by("did:web:example") == OWN  # whoever has the whole of .example has that, too
    assert by("did:web:x.harbour.example") == UNKNOWN
    assert by("did:web:other.example") == UNKNOWN


def test_a_domain_that_knows_the_issuer_is_its_own():
    document = sample_credential().to_document()  # its achievement is on harbour.example
    document["issuer"]["url"] = "https://harbour.example/school"
    where = materials(signed(document))
    linked = to_json({"linked_dids": [domain_linkage("https://harbour.example")]})
    world = type(where)(
        where.credential, {"https://harbour.example/.well-known/did-configuration.json": linked}, NOON
    )

    assert answer(signed(document)) == UNKNOWN
    (found,) = entitled()(world, NOON)
    assert (found.outcome, found.code) == OWN


def test_what_awards_nothing_is_not_asked():
    assert entitled()(materials(endorsement(ISSUER)), NOON) == ()
    transcript = sample_credential().to_document() | {"type": ["VerifiableCredential", "ClrCredential"]}
    assert entitled()(materials(to_json(transcript)), NOON) == ()
    nothing = sample_credential().to_document()
    del nothing["credentialSubject"]["achievement"]
    assert entitled()(materials(to_json(nothing)), NOON) == ()
    nobody = sample_credential().to_document() | {"issuer": 3}
    assert entitled()(materials(to_json(nobody)), NOON) == ()


def test_nothing_is_told_from_under_a_broken_signature():
    altered = awarded(BOARD, name="Board").replace(b"Splices", b"Spices")
    report = Verifier(FixedSources(), (*DEFAULT_CHECKS, entitled())).examine(altered, at=NOON)

    assert report.finding("entitlement").code == "not-vouched-for"
    assert "Board" not in report.finding("entitlement").message


@pytest.mark.parametrize(
    ("own", "other", "expected"),
    [
        ("a.example", "a.example", True),
        ("a.example", "b.A.example", True),
        ("b.a.example", "a.example", False),
        ("a.example", "ba.example", False),
        (None, "a.example", False),
        ("a.example", None, False),
        (None, None, False),
    ],
)
def test_a_domain_covers_what_lies_in_it(own, other, expected):
    assert covers(own, other) is expected
