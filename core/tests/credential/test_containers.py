# SPDX-License-Identifier: Apache-2.0
"""The rules for presentations (VCDM 2.0 §4.13) and learner records (CLR 2.0)."""

import json

import pytest

from cairn.credential import structure_problems
from containing import badge, presentation, record_document, unsigned


def shown(**members):
    document = json.loads(unsigned(presentation()))
    document.update(members)
    return {name: value for name, value in document.items() if value is not ...}


def rules(document):
    return {(problem.path, problem.rule) for problem in structure_problems(document)}


ENVELOPE = {
    "@context": "https://www.w3.org/ns/credentials/v2",
    "type": "EnvelopedVerifiableCredential",
    "id": "data:application/vc+jwt,a.b.c",
}


# --- presentations


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"holder": ...},
        {"holder": {"id": "did:example:1", "name": "Zoë"}},
        {"id": "urn:uuid:3978344f-8596-4c3a-a978-8fcaba3903c5"},
        {"verifiableCredential": ...},
        {"verifiableCredential": json.loads(badge())},
        {"verifiableCredential": [json.loads(badge()), ENVELOPE]},
        {"type": "VerifiablePresentation"},
        {"termsOfUse": {"type": "Policy"}},
    ],
)
def test_presentations_that_are_in_order(members):
    assert structure_problems(shown(**members)) == ()


@pytest.mark.parametrize(
    ("members", "path", "rule"),
    [
        ({"@context": ["https://example.org/"]}, "@context", "context"),
        ({"@context": ...}, "@context", "context"),
        ({"type": ["VerifiablePresentation", "VerifiableCredential"]}, "type", "type"),
        ({"id": "not a URL"}, "id", "absolute-url"),
        ({"id": None}, "id", "null"),
        ({"holder": "Zoë"}, "holder", "absolute-url"),
        ({"holder": {"name": "Zoë"}}, "holder.id", "absolute-url"),
        ({"verifiableCredential": ["a.b.c"]}, "verifiableCredential[0]", "object"),
        ({"verifiableCredential": "https://example.org/c/1"}, "verifiableCredential[0]", "object"),
        ({"verifiableCredential": [7]}, "verifiableCredential[0]", "object"),
        ({"verifiableCredential": [{"type": "Thing"}]}, "verifiableCredential[0].type", "type"),
    ],
)
def test_each_rule_of_a_presentation(members, path, rule):
    assert (path, rule) in rules(shown(**members))


@pytest.mark.parametrize(
    ("members", "path", "rule"),
    [
        ({"@context": ...}, "@context", "required"),
        ({"type": ["EnvelopedVerifiableCredential", "VerifiableCredential"]}, "type", "type"),
        ({"id": "https://example.org/c/1"}, "id", "data-url"),
        ({"id": ...}, "id", "data-url"),
    ],
)
def test_each_rule_of_an_envelope_b74(members, path, rule):
    envelope = {name: value for name, value in (ENVELOPE | members).items() if value is not ...}

    assert (f"verifiableCredential[0].{path}", rule) in rules(shown(verifiableCredential=[envelope]))


def test_two_credentials_of_one_id_are_refused_s16():
    assert ("verifiableCredential", "duplicate-node") in rules(
        shown(verifiableCredential=[json.loads(badge()), json.loads(badge())])
    )


def test_a_broken_credential_inside_is_no_fault_of_what_is_around_it():
    broken = json.loads(badge())
    broken["issuer"] = None

    assert structure_problems(shown(verifiableCredential=[broken])) == ()


# --- learner records


def changed(path, value):
    document = record_document()
    *steps, name = path.split(".")
    place = document
    for step in steps:
        place = place[int(step) if step.isdigit() else step]
    if value is ...:
        del place[name]
    else:
        place[name] = value
    return document


ASSOCIATION = {
    "type": "Association",
    "associationType": "isChildOf",
    "sourceId": "https://harbour.example/a/1",
    "targetId": "https://harbour.example/a/2",
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("partial", True),
        ("description", "All of it."),
        ("credentialSubject.association", [ASSOCIATION]),
        ("credentialSubject.verifiableCredential", json.loads(badge())),
        ("credentialSubject.verifiableCredential.0.name", ...),
        ("awardedDate", "2026-11-23T12:00:00Z"),
    ],
)
def test_records_that_are_in_order(path, value):
    assert structure_problems(changed(path, value)) == ()


@pytest.mark.parametrize(
    ("path", "value", "rule"),
    [
        ("id", ..., "required"),
        ("name", ..., "required"),
        ("name", {"@value": "Record"}, "text"),
        ("issuer", ..., "required"),
        ("validFrom", ..., "required"),
        ("partial", "yes", "boolean"),
        ("credentialSubject.type", ["AchievementSubject"], "type"),
        ("credentialSubject.id", ..., "required"),
        ("credentialSubject.verifiableCredential", ..., "required"),
        ("credentialSubject.verifiableCredential", [], "required"),
        ("credentialSubject.verifiableCredential", ["a.b.c"], "object"),
        ("credentialSubject.verifiableCredential", [ENVELOPE], "object"),
        ("credentialSubject.verifiableCredential.0.@context", ..., "required"),
        ("credentialSubject.verifiableCredential.0.validFrom", ..., "required"),
        ("credentialSubject.verifiableCredential.0.issuer", ..., "required"),
        ("credentialSubject.association", [ASSOCIATION | {"associationType": "ext:likes"}], "enumeration"),
        ("credentialSubject.association", [ASSOCIATION | {"note": "x"}], "closed"),
        ("credentialSubject.association", [{"type": "Association"}], "required"),
        ("credentialStatus", [], "object"),
        ("endorsementJwt", [1], "text"),
    ],
)
def test_each_rule_of_a_record_n22(path, value, rule):
    assert rule in {found for _, found in rules(changed(path, value))}


def test_the_contexts_of_a_record_stand_in_their_order():
    document = record_document()
    document["@context"] = [document["@context"][i] for i in (0, 2, 1)]

    assert rules(document) == {("@context[1]", "context"), ("@context[2]", "context")}


def test_a_subject_may_be_known_by_identifiers_alone():
    document = record_document()
    document["credentialSubject"]["identifier"] = [
        {"type": "IdentityObject", "hashed": False, "identityHash": "a-1", "identityType": "systemId"}
    ]
    del document["credentialSubject"]["id"]

    assert structure_problems(document) == ()
