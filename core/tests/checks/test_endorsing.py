# SPDX-License-Identifier: Apache-2.0
"""A good word counts for what it was said about."""

import json

import pytest

from asking import OTHER, endorsement, materials
from cairn import Outcome, Verdict, Verifier, sign_jwt
from cairn.canonical import to_json
from cairn.checks.endorsing import endorses
from cairn.testing import NOON, FixedSources
from containing import (
    ACHIEVEMENT_ID,
    BADGE_ID,
    ISSUER_ID,
    OTHER_METHOD,
    badge,
    badge_document,
    endorsed,
    endorsement_of,
    unsigned,
)


def looked_at(data, beside):
    (finding,) = endorses(beside)(materials(data), NOON)
    return finding.outcome, finding.code


def examine(data):
    return Verifier(FixedSources()).examine(data, at=NOON)


def test_an_endorsement_of_what_it_stands_beside():
    assert looked_at(endorsement_of("urn:x:1"), "urn:x:1") == (Outcome.PASSED, "ok")


@pytest.mark.parametrize("beside", ["urn:x:2", "", None])
def test_an_endorsement_of_something_else(beside):
    assert looked_at(endorsement_of("urn:x:1"), beside) == (Outcome.FAILED, "endorses-another")


def test_an_endorsement_of_several_things_is_of_none_of_them():
    document = json.loads(endorsement_of("urn:x:1"))
    document["credentialSubject"] = [document["credentialSubject"], {"id": "urn:x:2"}]

    assert looked_at(to_json(document), "urn:x:1") == (Outcome.FAILED, "endorses-another")


def test_a_badge_is_no_endorsement():
    assert looked_at(badge(), badge_document()["credentialSubject"]["id"]) == (
        Outcome.FAILED,
        "not-an-endorsement",
    )


def test_an_endorsement_by_itself_endorses_whatever_it_names():
    report = examine(endorsement_of("https://harbour.example/a/knots"))

    assert (report.verdict, report.kind) == (Verdict.VERIFIED, "Open Badges 3.0 endorsement")
    assert report.finding("endorsement") is None


def test_every_endorsement_has_a_verdict_of_its_own():
    token = sign_jwt(
        json.loads(unsigned(endorsement_of(ACHIEVEMENT_ID, 1))), OTHER, verification_method=OTHER_METHOD
    )
    document = badge_document()
    document["credentialSubject"]["achievement"]["endorsementJwt"] = [token]
    document["issuer"]["endorsement"] = [json.loads(endorsement_of("urn:another:issuer", 2))]
    altered = json.loads(endorsement_of(BADGE_ID, 3)) | {"name": "Excellent"}

    report = examine(
        badge(
            issuer=document["issuer"],
            credentialSubject=document["credentialSubject"],
            endorsement=[json.loads(endorsement_of(BADGE_ID)), altered],
        )
    )

    assert {part.path: part.report.verdict for part in report.parts} == {
        "/endorsement/0": Verdict.VERIFIED,
        "/endorsement/1": Verdict.NOT_VERIFIED,
        "/credentialSubject/achievement/endorsementJwt/0": Verdict.VERIFIED,
        "/issuer/endorsement/0": Verdict.NOT_VERIFIED,
    }
    assert {part.role for part in report.parts} == {"endorsement"}
    assert (report.verdict, report.accepted) == (Verdict.VERIFIED, True)


@pytest.mark.parametrize("junk", ["a.b.c", "", "eyJ"])
def test_a_token_that_cannot_be_read_is_shown_as_that(junk):
    report = examine(badge(endorsementJwt=[junk]))

    (part,) = report.parts
    assert part.report.verdict is Verdict.NOT_VERIFIED
    assert part.report.document is None
    assert report.accepted


def test_a_good_word_does_not_help_s17():
    """Nor is it shown: beside something that nobody vouches for it would vouch for it on our page."""
    data = endorsed(endorsement_of(BADGE_ID)).replace(b"Knots and Splices", b"Rocket Science")

    report = examine(data)

    assert report.verdict is Verdict.NOT_VERIFIED
    assert report.parts == ()


def test_an_endorsement_of_an_endorsement():
    inner = endorsement_of("urn:uuid:e0000000-0000-4000-8000-000000000001", 2)
    document = json.loads(unsigned(endorsement_of(BADGE_ID, 1))) | {"endorsement": [json.loads(inner)]}
    from asking import signed

    report = examine(endorsed(signed(document, OTHER, OTHER_METHOD)))

    assert report.parts[0].report.parts[0].report.verdict is Verdict.VERIFIED


def test_what_others_say_is_only_in_their_own_reports():
    report = examine(endorsed(endorsement_of(BADGE_ID)))

    assert "endorsement" not in report.document
    assert report.parts[0].report.document["credentialSubject"]["endorsementComment"] == "A good school."


@pytest.mark.parametrize("name", ["tag", "achievementType", "description"])
def test_nothing_can_be_moved_into_an_endorsement_of_the_achievement_b31(name):
    """In RDF both are one node, and the badge's signature would not notice."""
    document = badge_document()
    achievement = document["credentialSubject"]["achievement"]
    achievement["endorsement"] = [json.loads(endorsement_of(ACHIEVEMENT_ID))]
    data = json.loads(badge(credentialSubject=document["credentialSubject"]))
    assert examine(to_json(data)).accepted
    achievement = data["credentialSubject"]["achievement"]

    achievement["endorsement"][0]["credentialSubject"][name] = achievement.pop(name)

    assert not examine(to_json(data)).accepted


def test_the_issuer_of_both_may_be_the_same():
    from asking import KEY

    own = endorsement(BADGE_ID, KEY)

    assert examine(endorsed(own)).parts[0].report.accepted
    assert json.loads(own)["issuer"]["id"] == ISSUER_ID
