# SPDX-License-Identifier: Apache-2.0
"""What is inside something else is found wherever it stands, and within bounds (S17)."""

import json

import pytest

from asking import KEY, METHOD, OTHER, sd_jwt_vc
from cairn import read, sign, sign_cose, sign_jwt
from cairn.canonical import to_json
from cairn.parts import CREDENTIAL, ENDORSEMENT, MAX_DEPTH, MAX_PARTS, unfold, without_parts
from cairn.testing import NOON, signed_sample
from containing import (
    ACHIEVEMENT_ID,
    BADGE_ID,
    ISSUER_ID,
    OTHER_METHOD,
    badge,
    badge_document,
    endorsed,
    endorsement_of,
    presentation,
    record,
    record_document,
    unsigned,
)


def places(data):
    return [(part.path, part.role) for part in unfold(read(data))]


def problems(data):
    return [(part.path, part.problem.code) for part in unfold(read(data)) if part.problem is not None]


def nested(depth):
    """A badge so many presentations deep."""
    inner = json.loads(badge())
    for _ in range(depth):
        inner = {
            "@context": ["https://www.w3.org/ns/credentials/v2"],
            "type": ["VerifiablePresentation"],
            "verifiableCredential": [inner],
        }
    return to_json(inner)


def test_a_badge_by_itself_has_nothing_inside():
    assert unfold(read(signed_sample())) == ()


def test_the_credentials_of_a_presentation_are_found_in_every_form():
    token = sign_jwt(badge_document(1), KEY, verification_method=METHOD).encode()
    packed = sign_cose(badge_document(2), KEY, verification_method=METHOD)

    parts = unfold(read(presentation(badge(), token, packed)))

    assert [(part.path, part.role) for part in parts] == [
        (f"/verifiableCredential/{index}", CREDENTIAL) for index in range(3)
    ]
    assert [part.credential.format for part in parts] == ["vc+ld+json", "vc+jwt", "vc+cose"]
    assert parts[0].credential.sha256 == read(badge()).sha256
    assert parts[1].credential.sha256 == read(token).sha256


def test_one_credential_needs_no_list():
    document = json.loads(unsigned(presentation()))
    document["verifiableCredential"] = document["verifiableCredential"][0]

    assert places(to_json(document)) == [("/verifiableCredential", CREDENTIAL)]


def test_a_record_holds_credentials_in_its_subject():
    assert places(record(badge(1), badge(2))) == [
        ("/credentialSubject/verifiableCredential/0", CREDENTIAL),
        ("/credentialSubject/verifiableCredential/1", CREDENTIAL),
    ]


def test_endorsements_stand_beside_what_they_endorse():
    document = badge_document()
    token = sign_jwt(json.loads(unsigned(endorsement_of(BADGE_ID))), OTHER, verification_method=OTHER_METHOD)
    document["endorsementJwt"] = token
    document["issuer"]["endorsement"] = [json.loads(endorsement_of(ISSUER_ID, 1))]
    document["credentialSubject"]["achievement"]["endorsement"] = json.loads(
        endorsement_of(ACHIEVEMENT_ID, 2)
    )
    data = sign(document, KEY, verification_method=METHOD, at=NOON)

    parts = unfold(read(data))

    assert {(part.path, part.beside) for part in parts} == {
        ("/endorsementJwt", BADGE_ID),
        ("/issuer/endorsement/0", ISSUER_ID),
        ("/credentialSubject/achievement/endorsement", ACHIEVEMENT_ID),
    }
    assert {part.role for part in parts} == {ENDORSEMENT}
    assert all(part.credential is not None for part in parts)


def test_a_credential_in_any_other_place_is_a_credential_inside():
    document = badge_document(evidence=[{"type": ["Evidence", "VerifiableCredential"], "name": "Log"}])

    assert places(to_json(document)) == [("/evidence/0", CREDENTIAL)]


def test_what_is_inside_of_something_inside_is_found_level_by_level():
    holding = record(endorsed(endorsement_of(BADGE_ID)), badge(1))

    parts = unfold(read(presentation(holding)))

    assert [(part.path, part.within) for part in parts] == [
        ("/verifiableCredential/0", None),
        ("/credentialSubject/verifiableCredential/0", 0),
        ("/credentialSubject/verifiableCredential/1", 0),
        ("/endorsement/0", 1),
    ]


def test_credentials_come_before_the_endorsements_beside_them():
    document = record_document(badge(1))
    document["endorsement"] = [json.loads(endorsement_of(document["id"]))]

    assert [role for _, role in places(to_json(document))] == [CREDENTIAL, ENDORSEMENT]


def test_a_name_in_a_path_is_escaped():
    document = badge_document(evidence=[{"a/b~c": {"type": "VerifiableCredential"}}])

    assert places(to_json(document)) == [("/evidence/0/a~1b~0c", CREDENTIAL)]


@pytest.mark.parametrize("count", [MAX_PARTS, MAX_PARTS + 1, MAX_PARTS + 9])
def test_no_more_than_sixty_four_are_taken_out_s17(count):
    """The first that is left stands for the rest, however many those are."""
    one = json.loads(badge())
    document = record_document(badge())
    document["credentialSubject"]["verifiableCredential"] = [one] * count

    parts = unfold(read(to_json(document)))

    assert sum(part.credential is not None for part in parts) == MAX_PARTS
    left = [part for part in parts if part.credential is None]
    assert [(part.path, part.problem.code) for part in left] == (
        [("/credentialSubject/verifiableCredential/64", "limit-parts")] if count > MAX_PARTS else []
    )


def test_an_unreadable_one_counts_and_hides_nothing_s17():
    document = record_document(badge())
    document["credentialSubject"]["verifiableCredential"] = [json.loads(badge())] * (MAX_PARTS - 1)
    document["endorsementJwt"] = ["a.b.c", "a.b.d"]

    assert problems(to_json(document)) == [
        ("/endorsementJwt/0", "base64url"),
        ("/endorsementJwt/1", "limit-parts"),
    ]


@pytest.mark.parametrize(("depth", "found"), [(MAX_DEPTH, []), (MAX_DEPTH + 1, ["limit-nesting"])])
def test_nothing_deeper_than_four_is_opened_s17(depth, found):
    assert [code for _, code in problems(nested(depth))] == found


def test_endorsements_cannot_crowd_out_credentials_s17():
    document = record_document(badge(1), badge(2))
    document["endorsementJwt"] = ["a.b.c"] * (MAX_PARTS + 1)

    parts = unfold(read(to_json(document)))

    assert [part.role for part in parts if part.credential is not None] == [CREDENTIAL, CREDENTIAL]


def test_what_is_no_document_is_no_part():
    document = badge_document(endorsement=["x", 1], endorsementJwt=[{}, 3])

    assert places(to_json(document)) == []


def test_contexts_and_proofs_hold_no_parts():
    document = badge_document()
    document["@context"] = [*document["@context"], {"verifiableCredential": {"@id": "urn:x"}}]
    document["proof"] = {"verifiableCredential": [{"type": "VerifiableCredential"}]}

    assert places(to_json(document)) == []


def test_an_sd_jwt_vc_has_words_of_its_own():
    assert unfold(read(sd_jwt_vc(endorsement={"type": "VerifiableCredential"}))) == ()


def test_what_others_say_is_taken_out_of_what_is_shown():
    document = badge_document()
    said = json.loads(json.dumps(document))
    document["endorsement"] = [json.loads(endorsement_of(BADGE_ID))]
    document["issuer"]["endorsementJwt"] = ["x"]
    document["evidence"] = [{"type": ["VerifiableCredential"], "name": "not theirs"}, {"type": ["Evidence"]}]

    assert without_parts(document) == said | {"evidence": [{"type": ["Evidence"]}]}


def test_a_member_that_held_nothing_else_goes_with_what_it_held():
    part = {"type": "VerifiableCredential"}

    assert without_parts({"a": part, "b": [], "c": [[1]], "d": [part, part]}) == {"b": [], "c": [[1]]}
