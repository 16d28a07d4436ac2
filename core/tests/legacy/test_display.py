# SPDX-License-Identifier: Apache-2.0
"""An old badge in the words of Open Badges 3.0."""

import pytest
from blockchain import certificate_2
from old_badges import (
    ASSERTION,
    BADGE,
    HOST,
    IDENTITY,
    ISSUER,
    SALT,
    assertion,
    badge,
    examine,
    issuer,
    pem,
    signed_assertion,
    signing_key,
    token,
    without,
    world,
)

from cairn import OpenBadgeCredential
from cairn.canonical import to_json
from cairn.legacy import as_open_badge
from cairn.testing import sample_credential

PEM = f"{HOST}/key.pem"
WHOLE = assertion(badge=badge(issuer=issuer(), tags=["sea", 7]), expires="2030-01-01T00:00:00Z")


def test_everything_that_a_page_shows_has_its_place():
    shown = as_open_badge(WHOLE)

    assert shown["name"] == "Knots"
    assert shown["issuer"] == {
        "type": ["Profile"],
        "id": ISSUER,
        "name": "Harbour School",
        "url": HOST,
        "email": "badges@school.example",
    }
    assert shown["credentialSubject"]["achievement"] == {
        "type": ["Achievement"],
        "id": BADGE,
        "name": "Knots",
        "description": "Ties twelve knots.",
        "image": {"id": f"{HOST}/knots.png", "type": "Image"},
        "tag": ["sea"],
        "criteria": {"narrative": "Tie each knot **twice**."},
    }
    assert shown["evidence"] == [{"id": f"{HOST}/evidence/7", "type": ["Evidence"]}]
    assert shown["validFrom"] == shown["awardedDate"] == "2019-05-04T10:00:00Z"
    assert shown["validUntil"] == "2030-01-01T00:00:00Z"


def test_s10_the_hash_of_an_address_and_its_salt_are_left_out():
    text = str(as_open_badge(WHOLE))

    assert SALT not in text
    assert IDENTITY not in text


@pytest.mark.parametrize(
    ("document", "identifiers"),
    [
        (WHOLE, None),
        (
            {**WHOLE, "recipient": {"type": "email", "hashed": False, "identity": "zoe@example.org"}},
            [("zoe@example.org", "emailAddress")],
        ),
        ({**WHOLE, "recipient": {"type": "url", "hashed": False, "identity": HOST}}, [(HOST, "identifier")]),
        ({"recipient": "zoe@example.org", "badge": {}}, [("zoe@example.org", "emailAddress")]),
        ({"recipient": "sha256$00", "badge": {}}, None),
    ],
)
def test_a_recipient_in_plain_words_is_named(document, identifiers):
    found = as_open_badge(document)["credentialSubject"].get("identifier")

    named = found and [(entry["identityHash"], entry["identityType"]) for entry in found]
    assert named == identifiers


def test_blockcerts_2_name_their_holder_in_a_profile():
    shown = as_open_badge(certificate_2()[0])

    assert [entry["identityHash"] for entry in shown["credentialSubject"]["identifier"]] == [
        "zoe@example.org",
        "Zoë Núñez",
    ]


def test_the_oldest_ones_have_an_origin_and_a_path():
    old = {
        "recipient": "sha256$00",
        "badge": {"name": "Knots", "criteria": "/knots", "issuer": {"origin": HOST, "name": "School"}},
    }

    shown = as_open_badge(old)

    assert shown["issuer"] == {"type": ["Profile"], "name": "School", "id": HOST, "url": HOST}
    assert shown["credentialSubject"]["achievement"]["criteria"] == {"id": f"{HOST}/knots"}


@pytest.mark.parametrize(
    ("evidence", "found"),
    [
        (
            [{"id": "https://a.example", "name": "Film", "secret": 1}],
            {"id": "https://a.example", "name": "Film"},
        ),
        ({"narrative": "Tied them."}, {"narrative": "Tied them."}),
    ],
)
def test_evidence_may_be_described(evidence, found):
    assert as_open_badge({**WHOLE, "evidence": evidence})["evidence"] == [{"type": ["Evidence"], **found}]


@pytest.mark.parametrize(
    "document",
    [
        {**WHOLE, "badge": "https://a.example"},
        {**WHOLE, "badge": {"name": 7, "issuer": "x", "criteria": 7, "image": {"id": HOST}}},
        {**WHOLE, "issuedOn": "soon", "evidence": [7, None]},
        without(WHOLE, id=..., recipient=...),
        {**WHOLE, "narrative": "With honours.", "recipient": 7, "recipientProfile": {"name": 7}},
    ],
)
def test_whatever_is_in_it_nothing_breaks(document):
    shown = as_open_badge(document)

    assert shown["credentialSubject"]["achievement"]["type"] == ["Achievement"]
    assert shown["note"] == "Open Badges 2.0"


def test_a_credential_of_today_is_left_as_it_is():
    document = sample_credential().to_document()

    assert as_open_badge(document) == document


OLD = {
    "uid": "7",
    "recipient": {"type": "email", "hashed": False, "identity": "zoe@example.org"},
    "badge": BADGE,
    "verify": {"type": "hosted", "url": ASSERTION},
    "issuedOn": 1_400_000_000,
}
OLD_PAGES = {
    "assertion": OLD,
    "badge": {"name": "Knots", "criteria": f"{HOST}/knots", "issuer": ISSUER},
    "issuer": {"name": "Harbour School", "url": HOST},
}


@pytest.mark.parametrize(
    ("sent", "answers"),
    [
        (to_json(assertion()), world()),
        (token(signed_assertion()), world()),
        (to_json(OLD), world(**OLD_PAGES)),
        (
            token({**OLD, "verify": {"type": "signed", "url": PEM}}),
            world(**OLD_PAGES) | {PEM: pem(signing_key())},
        ),
    ],
    ids=["2.0 hosted", "2.0 signed", "1.0 hosted", "1.0 signed"],
)
def test_whoever_shows_the_badges_of_today_can_show_what_was_vouched_for(sent, answers):
    report = examine(sent, answers)

    badge = OpenBadgeCredential.from_document(as_open_badge(report.document))

    assert badge.name == "Knots"
    assert badge.issuer.id == ISSUER
    assert badge.subject.achievement.id == BADGE
