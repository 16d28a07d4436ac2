# SPDX-License-Identifier: Apache-2.0
"""Verified documents that have no page of their own: each claim in its issuer's words."""

from __future__ import annotations

from cairn.testing import NOON
from cairn_server.web import claims, display


def told(document: dict) -> dict[str, str]:
    return dict(claims.plain(document).claims)


def test_each_claim_of_the_subject_has_the_words_that_lead_to_it():
    found = told(
        {
            "issuer": {"id": "did:web:x.example", "name": "Registry"},
            "credentialSubject": {
                "id": "did:key:z6Mk",
                "type": "Person",
                "givenName": "Ada",
                "degree": {"type": "BachelorDegree", "awarded_on": "2026-01-01", "with honours": True},
                "languages": ["en", "fr"],
            },
        }
    )

    assert found == {
        "Whom it is about": "did:key:z6Mk",
        "Given Name": "Ada",
        "Degree › Type": "BachelorDegree",
        "Degree › Awarded on": "2026-01-01",
        "Degree › With honours": "yes",
        "Languages": "fr",
    }


def test_an_sd_jwt_vc_has_its_type_its_issuer_and_its_claims():
    found = claims.plain(
        {"iss": "https://issuer.example", "vct": "https://issuer.example/card", "iat": 1, "exp": 2,
         "cnf": {"jwk": {}}, "given_name": "Ada", "status": {"status_list": {"idx": 1}}}
    )  # fmt: skip

    assert (found.name, found.issuer_id) == ("https://issuer.example/card", "https://issuer.example")
    assert found.claims == (("Given name", "Ada"),)


def test_a_presentation_has_a_holder_and_no_issuer():
    for holder in ("did:key:z6Mk", {"id": "did:key:z6Mk", "name": "Ada"}):
        found = claims.plain(
            {"type": ["VerifiablePresentation"], "holder": holder, "verifiableCredential": [{}]}
        )

        assert (found.holder_id, found.issuer_id, found.claims) == ("did:key:z6Mk", "", ())


def test_texts_in_languages_are_texts():
    found = claims.plain(
        {
            "name": {"@value": "Brief", "@language": "nl"},
            "description": [{"@value": "Ein Brief", "@language": "de"}],
            "credentialSubject": {"title": {"@value": "Frau", "@language": "de"}},
        }
    )

    assert (found.name, found.description) == ("Brief", "Ein Brief")
    assert found.claims == (("Title", "Frau"),)


def test_a_document_of_thousands_of_claims_is_cut_and_says_so():
    found = claims.plain({"credentialSubject": {f"claim{number}": number for number in range(1_000)}})

    assert len(found.claims) == claims.MOST
    assert found.left_out == 1_000 - claims.MOST


def test_b3_a_deep_claim_ends_in_words():
    deep: object = "x"
    for _ in range(40):
        deep = {"more": deep}

    [(path, value)] = claims.plain({"credentialSubject": deep}).claims

    assert path.count("›") == claims.DEEPEST - 1
    assert value == "(more, not shown here)"


def test_a_receipt_says_what_was_checked_and_what_came_of_it():
    subject = {"type": "CheckedInput", "sha256": "ab", "checkedAt": "2026-11-23T12:00:00Z",
               "checkedWith": "Cairn 0.1.0", "verdict": "not-verified", "kind": "Open Badges 3.0",
               "findings": [{"check": "signature"}]}  # fmt: skip
    document = {
        "type": ["VerifiableCredential", "VerificationReceipt"],
        "credentialSubject": [subject, subject],
    }

    found = claims.plain(document)

    assert dict(found.claims)["Verdict"] == "Not verified"
    assert dict(found.claims)["Checked"] == "23 November 2026, 12:00 UTC"
    assert [name for name, _ in found.claims].count("Fingerprint (SHA-256)") == 2


def test_an_old_badge_is_shown_as_a_badge():
    document = {
        "@context": "https://w3id.org/openbadges/v2",
        "type": "Assertion",
        "id": "https://old.example/a/1",
        "recipient": {"type": "email", "hashed": True, "identity": "sha256$ab", "salt": "s"},
        "issuedOn": NOON.isoformat(),
        "badge": {
            "id": "https://old.example/b/1",
            "type": "BadgeClass",
            "name": "Knots",
            "description": "Ties knots.",
            "criteria": {"narrative": "Tie six."},
            "issuer": {"id": "https://old.example/i", "type": "Profile", "name": "Old School"},
        },
    }

    found = display.shown(document, public_url="https://cairn.example")

    name = found.about.name if isinstance(found, display.Shown) else found.name
    assert name == "Knots"
    assert found.issuer_name == "Old School"
    assert "sha256$ab" not in repr(found)  # S10
