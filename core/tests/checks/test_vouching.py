# SPDX-License-Identifier: Apache-2.0
"""What others have signed about the issuer."""

import json

import pytest

from asking import KEY, LIST, METHOD, OTHER, endorsement, materials, signed
from cairn import Verifier
from cairn.checks import DEFAULT_CHECKS, entitled, recognised_by
from cairn.checks.vouching import MAX_ENDORSEMENTS, carried_endorsements, endorsements_of_issuer
from cairn.did import did_key
from cairn.proof import sd_jwt, sign_jwt
from cairn.reading import read
from cairn.status import StatusEntry
from cairn.testing import (
    NOON,
    FixedSources,
    demo_key,
    did_document,
    key_method,
    sample_credential,
    signed_sample,
    signed_status_list,
)
from cairn.trust_list import Listing, TrustList

ISSUER = did_key(KEY.public_key)
BOARD = did_key(OTHER.public_key)


def names(data, supplied=(), answers=None):
    found = endorsements_of_issuer(materials(data, answers), NOON, supplied)
    return [each.name for each in found]


def test_endorsements_stand_in_four_places_as_objects_or_tokens():
    document = sample_credential().to_document()
    achievement = document["credentialSubject"]["achievement"]
    achievement["creator"] = {"id": ISSUER, "type": ["Profile"]}
    unsigned = {
        name: value for name, value in json.loads(endorsement(ISSUER, name="D")).items() if name != "proof"
    }
    document["endorsement"] = json.loads(endorsement(ISSUER, name="A"))
    document["issuer"]["endorsement"] = [json.loads(endorsement(ISSUER, name="B")), "no object"]
    achievement["endorsement"] = [json.loads(endorsement(ISSUER, name="C"))]
    token = sign_jwt(unsigned, OTHER, verification_method=key_method(OTHER.public_key))
    achievement["creator"]["endorsementJwt"] = [token, 7]

    assert len(list(carried_endorsements(document))) == 4
    assert sorted(names(signed(document))) == ["A", "B", "C", "D"]


def test_what_is_handed_on_is_what_was_signed():
    (found,) = endorsements_of_issuer(materials(signed_sample()), NOON, (endorsement(ISSUER),))

    assert (found.issuer, found.name, found.subject) == (BOARD, "Harbour Board", ISSUER)
    assert found.document["name"] == "Accreditation"
    assert "proof" not in found.document


def test_a_withdrawn_endorsement_says_nothing():
    status = StatusEntry("revocation", 7, LIST).to_document()
    brought = (endorsement(ISSUER, credentialStatus=status),)
    board = {"issuer": BOARD, "signer": OTHER}

    assert names(signed_sample(), brought, {LIST: signed_status_list(LIST, **board)}) == []  # not gathered
    where = materials(signed_sample())
    for bits, expected in (((), 1), ((7,), 0)):
        known = where.resources | {LIST: signed_status_list(LIST, set_bits=bits, **board)}
        world = type(where)(where.credential, known, NOON)
        assert len(endorsements_of_issuer(world, NOON, brought)) == expected


def test_only_so_many_are_looked_at_s17():
    brought = tuple(
        endorsement(ISSUER, key=demo_key(f"board {number}"), name=str(number))
        for number in range(MAX_ENDORSEMENTS + 1)
    )

    assert names(signed_sample(), brought) == [str(number) for number in range(MAX_ENDORSEMENTS)]


def test_what_has_no_issuer_is_endorsed_by_nobody():
    document = sample_credential().to_document() | {"issuer": 3}

    assert endorsements_of_issuer(materials(signed(document)), NOON, (endorsement(ISSUER),)) == ()
    assert METHOD.startswith(ISSUER)


def test_a_subject_that_is_no_achiever_carries_nothing():
    assert list(carried_endorsements({"issuer": ISSUER, "credentialSubject": [{"id": "x"}, "y"]})) == []
    assert list(carried_endorsements({})) == []
    assert list(carried_endorsements({"credentialSubject": {"achievement": "x"}})) == []


def test_the_keys_of_an_endorser_whom_the_caller_brings_are_asked_for():
    board = "did:web:board.example"
    document = json.loads(endorsement(ISSUER)) | {"issuer": {"id": board, "type": ["Profile"]}}
    del document["proof"]
    brought = signed(document, OTHER, f"{board}#key-1")
    where = "https://board.example/.well-known/did.json"
    sources = FixedSources({where: did_document(board, OTHER.public_key)})
    boards = TrustList("Boards", {board: Listing(accredits=True)})
    check = recognised_by(boards, endorsements=(brought,))

    report = Verifier(sources, (*DEFAULT_CHECKS, check)).examine(signed_sample(), at=NOON)

    assert sources.asked == [where]
    assert report.finding("trust").details["accredited_by"] == board


def test_what_is_not_about_the_issuer_makes_nobody_ask():
    brought = (endorsement("did:web:other.example"), endorsement(ISSUER, key=KEY), b"x")
    check = recognised_by(TrustList("Boards", {}), endorsements=brought)

    assert check.asks(read(signed_sample())) == ()
    assert (
        entitled(endorsements=(endorsement(ISSUER),)).asks(read(signed_sample()))[0].unverified_issuer
        == BOARD
    )


@pytest.mark.parametrize("named", [BOARD, {"id": BOARD, "name": "Harbour Board"}, None])
def test_a_token_of_another_kind_endorses_in_nobodys_name(named):
    """In an SD-JWT VC ``issuer`` is a claim like any other: its signer could be anybody."""
    mallory = demo_key("mallory")
    claims = {
        "iss": did_key(mallory.public_key),
        "vct": "urn:x",
        "type": ["VerifiableCredential", "EndorsementCredential"],
        "credentialSubject": {"id": ISSUER, "type": ["EndorsementSubject"]},
        **({} if named is None else {"issuer": named}),
    }
    header = {"typ": "dc+sd-jwt", "kid": key_method(mallory.public_key)}
    token = sd_jwt.issue(claims, mallory, header=header, disclose=())
    document = {**sample_credential().to_document(), "endorsementJwt": [token]}
    board = TrustList("The list", {BOARD: Listing(accredits=True)})

    assert names(signed(document)) == names(signed_sample(), [token.encode()]) == []
    report = Verifier(FixedSources(), (*DEFAULT_CHECKS, recognised_by(board))).examine(
        signed(document), at=NOON
    )
    assert report.finding("trust").code == "unrecognised-issuer"
