# SPDX-License-Identifier: Apache-2.0
"""Credentials as values: what goes on the wire, and that the wire is read back."""

import dataclasses
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cairn.canonical import parse_json, to_json
from cairn.credential import (
    ACHIEVEMENT_TYPES,
    ALIGNMENT_TARGET_TYPES,
    IDENTITY_TYPES,
    OB_CONTEXT,
    RESULT_STATUSES,
    RESULT_TYPES,
    VC_CONTEXT,
    Achievement,
    AchievementSubject,
    Alignment,
    Criteria,
    Evidence,
    IdentityObject,
    Image,
    OpenBadgeCredential,
    Profile,
    Result,
    ResultDescription,
    RubricCriterionLevel,
    structure_problems,
)
from cairn.errors import MalformedError
from cairn.status import StatusEntry
from cairn.testing import sample_credential

WORDS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\t"), min_size=1, max_size=40
)
URLS = st.uuids().map(lambda each: f"https://harbour.example/{each}")
MOMENTS = st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2100, 1, 1)).map(
    lambda moment: moment.replace(microsecond=0, tzinfo=UTC)
)
NUMBERS = st.integers(0, 500) | st.sampled_from([0.5, 1.5, 7.25])
maybe = st.none().__or__


def several(strategy):
    return st.lists(strategy, max_size=3).map(tuple)


IMAGES = st.builds(Image, id=URLS, caption=maybe(WORDS))
PROFILES = st.builds(
    Profile,
    id=URLS,
    name=maybe(WORDS),
    url=maybe(URLS),
    description=maybe(WORDS),
    email=maybe(WORDS),
    image=maybe(IMAGES),
)
ALIGNMENTS = st.builds(
    Alignment,
    target_name=WORDS,
    target_url=URLS,
    target_code=maybe(WORDS),
    target_framework=maybe(WORDS),
    target_type=maybe(st.sampled_from(ALIGNMENT_TARGET_TYPES)),
    target_description=maybe(WORDS),
)
RESULT_DESCRIPTIONS = st.builds(
    ResultDescription,
    id=URLS,
    name=WORDS,
    result_type=st.sampled_from(RESULT_TYPES),
    allowed_values=several(WORDS),
    required_level=maybe(URLS),
    required_value=maybe(WORDS),
    rubric_criterion_levels=several(
        st.builds(
            RubricCriterionLevel,
            id=URLS,
            name=WORDS,
            level=maybe(WORDS),
            points=maybe(WORDS),
            description=maybe(WORDS),
        )
    ),
    value_min=maybe(WORDS),
    value_max=maybe(WORDS),
)
ACHIEVEMENTS = st.builds(
    Achievement,
    id=URLS,
    name=WORDS,
    description=WORDS,
    criteria=st.builds(Criteria, narrative=WORDS, id=maybe(URLS)),
    achievement_type=maybe(st.sampled_from(ACHIEVEMENT_TYPES)),
    image=maybe(IMAGES),
    alignments=several(ALIGNMENTS),
    tags=several(WORDS),
    creator=maybe(PROFILES),
    credits_available=maybe(NUMBERS),
    field_of_study=maybe(WORDS),
    human_code=maybe(WORDS),
    in_language=maybe(st.sampled_from(["en", "nl", "pt-BR"])),
    specialization=maybe(WORDS),
    version=maybe(WORDS),
    result_descriptions=several(RESULT_DESCRIPTIONS),
)
SUBJECTS = st.builds(
    AchievementSubject,
    achievement=ACHIEVEMENTS,
    id=URLS,
    identifiers=several(
        st.builds(
            IdentityObject,
            identity_type=st.sampled_from(IDENTITY_TYPES),
            identity_hash=WORDS,
            hashed=st.booleans(),
            salt=maybe(WORDS),
        )
    ),
    narrative=maybe(WORDS),
    activity_start_date=maybe(MOMENTS),
    activity_end_date=maybe(MOMENTS),
    credits_earned=maybe(NUMBERS),
    license_number=maybe(WORDS),
    role=maybe(WORDS),
    term=maybe(WORDS),
    results=several(
        st.builds(
            Result,
            result_description=maybe(URLS),
            value=maybe(WORDS),
            achieved_level=maybe(URLS),
            status=maybe(st.sampled_from(RESULT_STATUSES)),
        )
    ),
    image=maybe(IMAGES),
    source=maybe(PROFILES),
)
CREDENTIALS = st.builds(
    OpenBadgeCredential,
    id=URLS,
    issuer=PROFILES,
    subject=SUBJECTS,
    name=WORDS,
    valid_from=st.just(datetime(1999, 1, 1, tzinfo=UTC)),
    valid_until=maybe(st.just(datetime(2101, 1, 1, tzinfo=UTC))),
    awarded_date=maybe(MOMENTS),
    description=maybe(WORDS),
    image=maybe(IMAGES),
    evidence=several(
        st.builds(
            Evidence,
            id=maybe(URLS),
            name=maybe(WORDS),
            description=maybe(WORDS),
            narrative=maybe(WORDS),
            genre=maybe(WORDS),
            audience=maybe(WORDS),
        )
    ),
)


@given(CREDENTIALS)
def test_what_is_written_is_read_back_and_obeys_the_rules(credential):
    document = parse_json(to_json(credential.to_document()))

    assert OpenBadgeCredential.from_document(document) == credential
    assert structure_problems(document) == ()


def test_a_badge_is_written_in_the_standards_words():
    document = sample_credential(
        status=StatusEntry("revocation", 94567, "https://harbour.example/s/1")
    ).to_document()

    assert document["@context"] == [VC_CONTEXT, OB_CONTEXT]
    assert document["type"] == ["VerifiableCredential", "OpenBadgeCredential"]
    assert document["issuer"]["type"] == ["Profile"]  # always an object (N6)
    assert document["validFrom"] == "2026-11-23T12:00:00Z"
    assert document["credentialSubject"]["identifier"] == [
        {"type": "IdentityObject", "identityType": "name", "identityHash": "Zoë Núñez", "hashed": False}
    ]
    assert document["credentialSubject"]["achievement"]["tag"] == ["seamanship"]  # always an array (N21)
    assert document["credentialStatus"]["statusListIndex"] == "94567"  # one object (N5), a string
    assert "proof" not in document
    assert "validUntil" not in document


def test_what_is_empty_is_left_out():
    document = Achievement("urn:x:1", "n", "d", Criteria("c"), tags=(), human_code="").to_document()

    assert document == {
        "id": "urn:x:1",
        "type": ["Achievement"],
        "name": "n",
        "description": "d",
        "criteria": {"narrative": "c"},
    }


def test_one_value_is_read_where_a_list_is_usual():
    document = sample_credential().to_document()
    achievement = document["credentialSubject"]["achievement"]
    achievement["tag"] = "seamanship"
    achievement["type"] = "Achievement"
    document["credentialSubject"]["identifier"] = document["credentialSubject"]["identifier"][0]
    document["credentialSubject"] = [document["credentialSubject"]]

    assert OpenBadgeCredential.from_document(document) == sample_credential()


PARTS = (
    Achievement("urn:x:1", "Knots", "Ties knots.", Criteria("Tie them."), tags=("rope",)),
    Profile("did:web:harbour.example", "Harbour School", url="https://harbour.example/"),
    Evidence(id="https://harbour.example/e/1", name="Log book"),
    Criteria("Tie each knot twice."),
)


@pytest.mark.parametrize("part", PARTS, ids=lambda part: type(part).__name__)
def test_each_part_is_read_by_itself_as_well(part):
    kind = type(part)

    assert kind.from_document(part.to_document()) == part
    with pytest.raises(MalformedError, match=kind.__name__):
        kind.from_document(["no object"])


def test_unknown_members_are_passed_over():
    document = sample_credential().to_document()
    document["credentialSubject"]["achievement"]["colour"] = {"name": "red"}

    assert OpenBadgeCredential.from_document(document) == sample_credential()


def test_old_badges_are_read_by_their_old_names():
    document = sample_credential().to_document()
    document["issuanceDate"] = document.pop("validFrom")
    document["expirationDate"] = "2030-01-01T00:00:00Z"
    document["issuer"] = document["issuer"]["id"]
    del document["name"]

    badge = OpenBadgeCredential.from_document(document)

    assert badge.valid_from == sample_credential().valid_from
    assert badge.valid_until == datetime(2030, 1, 1, tzinfo=UTC)
    assert badge.issuer == Profile(sample_credential().issuer.id)
    assert badge.name == "Knots and Splices"  # the achievement's, when the badge has none


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("id",), 1),
        (("name",), {"@value": "x"}),
        (("validFrom",), "2026-11-23"),
        (("validFrom",), None),
        (("issuer",), 0),
        (("credentialSubject",), []),
        (("credentialSubject", "achievement"), "urn:x:1"),
        (("credentialSubject", "achievement", "name"), ["x"]),
        (("credentialSubject", "achievement", "tag"), [1]),
        (("credentialSubject", "achievement", "creditsAvailable"), "6"),
        (("credentialSubject", "achievement", "creditsAvailable"), True),
        (("credentialSubject", "identifier"), [{"type": "IdentityObject"}]),
        (("credentialSubject", "identifier", 0, "hashed"), "false"),
    ],
)
def test_what_cannot_be_represented_is_refused_b12(path, value):
    document = sample_credential().to_document()
    place = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value

    with pytest.raises(MalformedError):
        OpenBadgeCredential.from_document(document)


def test_values_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        sample_credential().name = "Another"


def test_the_enumerations_are_as_long_as_the_standards():
    assert len(set(ACHIEVEMENT_TYPES)) == 31
    assert len(set(ALIGNMENT_TARGET_TYPES)) == 7
    assert len(set(RESULT_TYPES)) == 12
    assert len(set(RESULT_STATUSES)) == 7
    assert len(set(IDENTITY_TYPES)) == 19
