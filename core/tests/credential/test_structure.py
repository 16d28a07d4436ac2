# SPDX-License-Identifier: Apache-2.0
"""The rules of the data models, one refusal each, and the kinds of documents."""

import pytest

from cairn.credential import VC_CONTEXT, issuer_id, kind_of, structure_problems
from cairn.credential.structure import has_rules
from cairn.testing import sample_credential

VC_1 = "https://www.w3.org/2018/credentials/v1"
OB_2 = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.2.json"


def credential(**members):
    """A plain VC 2.0 credential; ``...`` takes a member away."""
    document = {
        "@context": [VC_CONTEXT],
        "id": "urn:x:1",
        "type": ["VerifiableCredential"],
        "issuer": "https://harbour.example/i/1",
        "credentialSubject": {"id": "urn:x:2", "name": "Zoë"},
        **members,
    }
    return {name: value for name, value in document.items() if value is not ...}


def rules(document):
    return {problem.rule for problem in structure_problems(document)}


def test_a_plain_credential_has_no_problems():
    assert structure_problems(credential()) == ()


@pytest.mark.parametrize(
    ("members", "rule"),
    [
        ({"@context": VC_CONTEXT}, "context"),
        ({"@context": []}, "context"),
        ({"@context": ["https://example.org/x", VC_CONTEXT], "type": "VerifiableCredential"}, "context"),
        ({"@context": [VC_CONTEXT, 3]}, "context"),
        ({"@context": [VC_CONTEXT, "relative"]}, "context"),
        ({"type": ...}, "type"),
        ({"type": ["Other"]}, "type"),
        ({"type": {"VerifiableCredential": 1}}, "type"),
        ({"type": ["VerifiableCredential", 1]}, "type"),
        ({"id": "relative"}, "absolute-url"),
        ({"id": ""}, "absolute-url"),
        ({"id": ["urn:x:1"]}, "absolute-url"),
        ({"id": True}, "absolute-url"),
        ({"id": None}, "null"),
        ({"issuer": ...}, "required"),
        ({"issuer": None}, "null"),
        ({"issuer": 0}, "absolute-url"),
        ({"issuer": {"name": "x"}}, "required"),
        ({"issuer": {"id": "harbour"}}, "absolute-url"),
        ({"issuer": {"id": "urn:x:1", "name": 3}}, "text"),
        ({"credentialSubject": ...}, "required"),
        ({"credentialSubject": []}, "subject"),
        ({"credentialSubject": {}}, "subject"),
        ({"credentialSubject": "urn:x:2"}, "subject"),
        ({"credentialSubject": [{"id": "urn:x:2"}, {}]}, "subject"),
        ({"credentialSubject": {"id": "#me"}}, "absolute-url"),
        ({"name": 3}, "text"),
        ({"name": {"@value": "x", "@id": "urn:x:3"}}, "text"),
        ({"description": {"@language": "en"}}, "text"),
        ({"validFrom": "2026-11-23"}, "date-time"),
        ({"validFrom": 1}, "date-time"),
        ({"validUntil": "2026-11-23T00:00:00"}, "date-time"),
        ({"validFrom": "2026-11-24T00:00:00Z", "validUntil": "2026-11-23T00:00:00Z"}, "period"),
        ({"credentialStatus": {"id": "urn:x:3"}}, "type"),
        ({"credentialStatus": "urn:x:3"}, "object"),
        ({"credentialStatus": [{"type": 3}]}, "type"),
        ({"credentialSchema": {"type": "JsonSchema"}}, "absolute-url"),
        ({"credentialSchema": {"id": "urn:x:3"}}, "type"),
        ({"refreshService": {"id": "urn:x:3"}}, "type"),
        ({"termsOfUse": [{"id": "urn:x:3"}]}, "type"),
        ({"evidence": {"id": "urn:x:3"}}, "type"),
        ({"relatedResource": ["urn:x:3"]}, "object"),
        ({"relatedResource": {"id": "urn:x:3"}}, "digest"),
        ({"relatedResource": {"digestSRI": "sha256-x"}}, "absolute-url"),
        ({"relatedResource": [{"id": "urn:x:3", "digestSRI": "a"}] * 2}, "duplicate-node"),
    ],
)
def test_a_broken_rule_of_the_data_model_is_named(members, rule):
    assert rule in rules(credential(**members))


@pytest.mark.parametrize(
    "members",
    [
        {"id": ...},
        {"type": "VerifiableCredential"},
        {"issuer": {"id": "did:web:harbour.example", "name": {"@value": "x", "@language": "en"}}},
        {"credentialSubject": [{"id": "urn:x:2"}, {"id": "urn:x:3"}]},
        {"name": [{"@value": "x", "@language": "en"}, {"@value": "y", "@language": "nl"}]},
        {"validFrom": "2026-11-23T00:00:00Z", "validUntil": "2026-11-23T00:00:00Z"},
        {"credentialStatus": [{"type": "SomethingElse"}, {"type": ["Other"], "id": "urn:x:4"}]},
        {"relatedResource": {"id": "urn:x:3", "digestSRI": "sha256-x"}},
    ],
)
def test_what_the_data_model_allows_is_fine(members):
    assert structure_problems(credential(**members)) == ()


@pytest.mark.parametrize("index", ["١٢٣", "01", "-1", 94567, "1e3", " 5", None])
def test_a_status_index_is_canonical_b17(index):
    entry = {
        "type": "BitstringStatusListEntry",
        "statusPurpose": "revocation",
        "statusListIndex": index,
        "statusListCredential": "https://harbour.example/s/1",
    }

    assert "index" in rules(credential(credentialStatus=entry))


def test_a_status_entry_is_whole_and_not_its_list():
    url = "https://harbour.example/s/1"
    whole = {
        "id": f"{url}#5",
        "type": "BitstringStatusListEntry",
        "statusPurpose": "revocation",
        "statusListIndex": "5",
        "statusListCredential": url,
    }

    assert structure_problems(credential(credentialStatus=whole)) == ()
    assert "status-id" in rules(credential(credentialStatus={**whole, "id": url}))
    assert "text" in rules(credential(credentialStatus={**whole, "statusPurpose": ["revocation"]}))
    assert "web-address" in rules(credential(credentialStatus={**whole, "statusListCredential": "urn:x"}))
    for name in ("statusPurpose", "statusListIndex", "statusListCredential"):
        part = {key: value for key, value in whole.items() if key != name}
        assert "required" in rules(credential(credentialStatus=part))


@pytest.mark.parametrize(
    ("members", "rule"),
    [
        ({"credentialSubject": {"id": "urn:x:2", "colour": None}}, "null"),
        ({"credentialSubject": {"id": "urn:x:2", "tag": ["x", None]}}, "null"),
        ({"credentialSubject": {"@id": "urn:x:2"}}, "keyword"),
        ({"@graph": []}, "keyword"),
        ({"credentialSubject": {"id": "urn:x:2", "@reverse": {}}}, "keyword"),
        ({"credentialSubject": {"id": "urn:x:2", "https://schema.org/name": "x"}}, "member-name"),
        ({"https://www.w3.org/2018/credentials#credentialStatus": {}}, "member-name"),
        ({"type": ["VerifiableCredential", "https://www.w3.org/2018/credentials#Other"]}, "type"),
        (
            {
                "type": [
                    "VerifiableCredential",
                    "https://purl.imsglobal.org/spec/vc/ob/vocab.html#OpenBadgeCredential",
                ]
            },
            "type",
        ),
    ],
)
def test_what_rdf_would_not_see_is_refused_b29_b32(members, rule):
    assert rule in rules(credential(**members))


def test_contained_credentials_have_their_own_rules():
    inner = {"@context": [VC_CONTEXT], "type": ["VerifiableCredential"], "@graph": None}

    assert structure_problems(credential(credentialSubject={"id": "urn:x:2", "holds": inner})) == ()


@pytest.mark.parametrize("claimant", ["evidence", "creator", "source"])
def test_nobody_adds_claims_to_the_subject_b31(claimant):
    document = sample_credential().to_document()
    subject = document["credentialSubject"]
    extra = {"id": subject["id"], "name": "Somebody Else"}
    if claimant == "evidence":
        document["evidence"] = [{**extra, "type": ["Evidence"]}]
    elif claimant == "creator":
        subject["achievement"]["creator"] = {**extra, "type": ["Profile"]}
    else:
        subject["source"] = {**extra, "type": ["Profile"]}

    assert "duplicate-node" in rules(document)


def test_the_same_issuer_may_be_described_twice_b31():
    document = sample_credential().to_document()
    document["credentialSubject"]["achievement"]["creator"] = dict(document["issuer"])

    assert structure_problems(document) == ()


def test_criteria_may_share_the_id_of_the_achievement():
    """The complete example of the specification does."""
    document = sample_credential().to_document()
    achievement = document["credentialSubject"]["achievement"]
    achievement["criteria"]["id"] = achievement["id"]

    assert structure_problems(document) == ()


def test_a_badge_of_the_old_data_model_is_read():
    document = sample_credential().to_document()
    document["@context"] = [VC_1, OB_2]
    document["issuanceDate"] = document.pop("validFrom")

    assert structure_problems(document) == ()
    del document["issuanceDate"]
    assert "required" in rules(document)


def test_an_endorsement_needs_its_name():
    document = {
        "@context": sample_credential().to_document()["@context"],
        "id": "urn:x:1",
        "type": ["VerifiableCredential", "EndorsementCredential"],
        "name": "Seen and found good",
        "issuer": {"id": "did:web:harbour.example", "type": ["Profile"]},
        "validFrom": "2026-11-23T00:00:00Z",
        "credentialSubject": {"id": "urn:x:2", "type": ["EndorsementSubject"], "endorsementComment": "Good."},
    }

    assert kind_of(document) == "Open Badges 3.0 endorsement"
    assert structure_problems(document) == ()
    del document["name"]
    assert "required" in rules(document)


def test_a_status_list_has_its_bits():
    document = credential(
        id="https://harbour.example/s/1",
        type=["VerifiableCredential", "BitstringStatusListCredential"],
        credentialSubject={
            "id": "https://harbour.example/s/1#list",
            "type": "BitstringStatusList",
            "statusPurpose": "revocation",
            "encodedList": "uH4sI",
        },
    )

    assert kind_of(document) == "Bitstring Status List"
    assert structure_problems(document) == ()
    document["credentialSubject"]["ttl"] = "300000"
    del document["credentialSubject"]["encodedList"]
    assert {"required", "number"} <= rules(document)


@pytest.mark.parametrize(
    ("document", "kind", "ruled"),
    [
        ({"type": ["VerifiableCredential", "OpenBadgeCredential"]}, "Open Badges 3.0", True),
        ({"type": ["VerifiableCredential", "AchievementCredential"]}, "Open Badges 3.0", True),
        ({"type": ["VerifiableCredential", "ClrCredential"]}, "CLR 2.0", True),
        ({"type": "VerifiablePresentation"}, "Verifiable Presentation", True),
        ({"@context": [VC_CONTEXT]}, "Verifiable Credential 2.0", True),
        ({"@context": VC_1, "type": "VerifiableCredential"}, "Verifiable Credential 1.1", True),
        ({"@context": "https://w3id.org/openbadges/v2", "type": "Assertion"}, "Open Badges 2.0", False),
        ({"badge": "https://harbour.example/badge"}, "Open Badges 1", False),
        ({"type": {}}, "document of an unknown kind", False),
        ({}, "document of an unknown kind", False),
        ({"@context": []}, "document of an unknown kind", False),
    ],
)
def test_a_document_says_what_it_is(document, kind, ruled):
    assert kind_of(document) == kind
    assert has_rules(document) is ruled
    assert ruled or structure_problems(document) == ()


@pytest.mark.parametrize(
    ("issuer", "expected"),
    [
        ("urn:x:1", "urn:x:1"),
        ({"id": "urn:x:1"}, "urn:x:1"),
        ({"id": 3}, None),
        ({}, None),
        (None, None),
        ([{"id": "urn:x:1"}], None),
        ("relative", None),
    ],
)
def test_the_issuer_is_one_comparable_id(issuer, expected):
    assert issuer_id({"issuer": issuer}) == expected
