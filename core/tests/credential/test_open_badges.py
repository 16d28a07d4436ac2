# SPDX-License-Identifier: Apache-2.0
"""The tables of Open Badges 3.0: each required member, each closed object, each enumeration."""

import json

import pytest

from cairn.credential import open_badges, structure_problems
from cairn.testing import sample_credential

ACHIEVEMENT = ("credentialSubject", "achievement")


def broken(path, value):
    """The sample with one member replaced; ``...`` takes it away."""
    document = sample_credential().to_document()
    place = document
    for step in path[:-1]:
        place = place[step]
    if value is ...:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return document


def rules(document):
    return {(problem.path, problem.rule) for problem in structure_problems(document)}


@pytest.mark.parametrize(
    "path",
    [
        ("id",),
        ("issuer",),
        ("validFrom",),
        ("credentialSubject",),
        ACHIEVEMENT,
        (*ACHIEVEMENT, "id"),
        (*ACHIEVEMENT, "name"),
        (*ACHIEVEMENT, "description"),
        (*ACHIEVEMENT, "criteria"),
        ("credentialSubject", "identifier", 0, "hashed"),
        ("credentialSubject", "identifier", 0, "identityHash"),
        ("credentialSubject", "identifier", 0, "identityType"),
    ],
)
def test_a_required_member_is_missed(path):
    named = ".".join(str(step) for step in path).replace(".0", "[0]")

    assert (named, "required") in rules(broken(path, ...))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("issuer", "type"), ["Organisation"]),
        (("issuer", "url"), "not a url"),
        (("issuer", "image"), "https://harbour.example/logo.png"),
        (("issuer", "image"), {"id": "https://harbour.example/l", "type": "Image", "width": 3}),
        (("issuer", "email"), 3),
        (("name",), {"@value": "x", "@language": "en"}),
        (("image",), "https://harbour.example/image"),
        (("awardedDate",), "2026-11-23"),
        (("evidence",), [{"id": "urn:x:1"}]),
        (("evidence",), "urn:x:1"),
        (("credentialStatus",), []),
        (("refreshService",), [{"id": "urn:x:1", "type": "1EdTechCredentialRefresh"}]),
        (("credentialSubject", "type"), ["Person"]),
        (("credentialSubject", "identifier", 0, "identityType"), "nickname"),
        (("credentialSubject", "identifier", 0, "hashed"), "false"),
        (("credentialSubject", "identifier", 0, "extra"), "x"),
        (("credentialSubject", "creditsEarned"), "3"),
        (("credentialSubject", "activityEndDate"), "yesterday"),
        (("credentialSubject", "result"), [{"type": ["Result"], "status": "ext:Nearly"}]),
        (("credentialSubject", "result"), [{"type": ["Result"], "value": 3}]),
        ((*ACHIEVEMENT, "achievementType"), "Medal"),
        ((*ACHIEVEMENT, "criteria"), {}),
        ((*ACHIEVEMENT, "criteria"), "do it"),
        ((*ACHIEVEMENT, "tag"), [3]),
        ((*ACHIEVEMENT, "creditsAvailable"), "6"),
        ((*ACHIEVEMENT, "alignment"), [{"type": ["Alignment"], "targetName": "x"}]),
        (
            (*ACHIEVEMENT, "alignment"),
            [
                {
                    "type": ["Alignment"],
                    "targetName": "x",
                    "targetUrl": "https://x.example/",
                    "targetType": "Skill",
                }
            ],
        ),
        (
            (*ACHIEVEMENT, "resultDescription"),
            [{"id": "urn:x:1", "type": ["ResultDescription"], "name": "x"}],
        ),
        ((*ACHIEVEMENT, "related"), [{"type": ["Related"]}]),
        ((*ACHIEVEMENT, "endorsement"), [{"type": ["VerifiableCredential"]}]),
        ((*ACHIEVEMENT, "endorsementJwt"), [{}]),
        ((*ACHIEVEMENT, "otherIdentifier"), [{"type": "IdentifierEntry", "identifier": "1"}]),
    ],
)
def test_a_wrong_value_is_named_by_its_path_b12(path, value):
    found = structure_problems(broken(path, value))

    assert any(problem.path.startswith(str(path[0])) for problem in found)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ((*ACHIEVEMENT, "achievementType"), "ext:Medal"),
        (("credentialSubject", "identifier", 0, "identityType"), "email"),  # N19
        (("issuer",), sample_credential().issuer.id),
        ((*ACHIEVEMENT, "image"), {"id": "data:image/png;base64,AAAA", "type": "Image"}),
        ((*ACHIEVEMENT, "criteria"), {"id": "https://harbour.example/criteria"}),
        (("credentialSubject", "identifier"), ...),
        (("name",), ...),
    ],
)
def test_what_the_standard_leaves_open_is_fine(path, value):
    assert structure_problems(broken(path, value)) == ()


def test_somebody_is_the_subject():
    document = broken(("credentialSubject", "id"), ...)
    assert structure_problems(document) == ()  # the identifier tells

    del document["credentialSubject"]["identifier"]
    assert ("credentialSubject.id", "required") in rules(document)


def test_a_badge_has_one_subject():
    document = sample_credential().to_document()
    document["credentialSubject"] = [document["credentialSubject"], {"id": "urn:x:2"}]

    assert structure_problems(document)


@pytest.mark.parametrize(
    ("url", "known"),
    [
        ("https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json", True),
        ("https://purl.imsglobal.org/spec/ob/v3p0/context.json", True),
        ("https://purl.imsglobal.org/spec/ob/v3p0/context/ob_v3p0.jsonld", True),
        ("https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.10.json", False),
        ("https://purl.imsglobal.org.evil.example/spec/ob/v3p0/context.json", False),
    ],
)
def test_the_second_context_is_open_badges(url, known):
    assert (open_badges.CONTEXT_URL.fullmatch(url) is not None) is known

    document = sample_credential().to_document()
    document["@context"][1] = url
    assert (("@context[1]", "context") in rules(document)) is not known


def test_the_official_examples_obey_the_rules(shared_vectors):
    """Every whole badge of the specification; the two fragments are known by name."""
    fragments = {"examples--01-.json", "readme--00-Sample-assertion-credential.json"}
    seen = 0
    for path in sorted((shared_vectors("1edtech-ob3-spec") / "examples").glob("*.json")):
        try:
            document = json.loads(path.read_text())
        except json.JSONDecodeError:
            continue
        if not isinstance(document, dict) or "credentialSubject" not in document:
            continue
        seen += 1
        assert bool(structure_problems(document)) is (path.name in fragments), path.name
    assert seen > 15
