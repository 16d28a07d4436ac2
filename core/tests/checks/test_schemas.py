# SPDX-License-Identifier: Apache-2.0
"""The schemas that a credential names, and that our rules agree with the official ones."""

import copy
import json

import pytest

from asking import INDEX, LIST, endorsement, materials, signed
from cairn import Verdict, Verifier, checks
from cairn.checks.schemas import OFFICIAL
from cairn.credential import structure_problems
from cairn.credential.structure import BADGE, CLR, ENDORSEMENT
from cairn.proof import Outcome
from cairn.schemas import SchemaStore
from cairn.status import StatusEntry
from cairn.testing import NOON, FixedSources, sample_credential

OB = "https://purl.imsglobal.org/spec/ob/v3p0/schema/json/ob_v3p0_{}_schema.json"
BADGE_SCHEMA = OB.format("achievementcredential")
CLR_SCHEMA = "https://purl.imsglobal.org/spec/clr/v2p0/schema/json/clr_v2p0_clrcredential_schema.json"
OWN_URL = "https://harbour.example/schemas/knots.json"
EXTENSIONS = "https://purl.imsglobal.org/spec/ob/v3p0/extensions.json"  # knows the types of 1EdTech (N4)


def naming(*entries, make=lambda: sample_credential().to_document()):
    document = make()
    document["@context"].append(EXTENSIONS)
    document["credentialSchema"] = [each if isinstance(each, dict) else named(each) for each in entries]
    return document


def named(url, kind="1EdTechJsonSchemaValidator2019"):
    return {"id": url, "type": kind}


def schema(document, *files):
    store = SchemaStore.of_files(
        {f"{number}.json": json.dumps(each).encode() for number, each in enumerate(files)}
    )
    check = checks.schemas_from(store) if files else checks.schema
    return check(materials(json.dumps(document).encode()), NOON)


def answer(*arguments):
    (found,) = schema(*arguments)
    return found.outcome, found.code, found.decides


PASSED = (Outcome.PASSED, "ok", True)
REMARK = (Outcome.UNDECIDED, "unknown-schema", False)
OTHER_KIND = (Outcome.FAILED, "schema-other-kind", True)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *((f"{prefix}achievementcredential", BADGE) for prefix in ("", "any")),
        *((f"{prefix}endorsementcredential", ENDORSEMENT) for prefix in ("", "any")),
        *((f"{prefix}clrcredential", CLR) for prefix in ("", "any")),
        ("profile", None),
    ],
)
def test_each_official_schema_is_for_one_kind(name, kind):
    assert OFFICIAL[OB.format(name)] == OFFICIAL[CLR_SCHEMA.replace("clrcredential", name)] == kind


def test_what_names_no_schema_is_not_asked():
    assert schema(sample_credential().to_document()) == ()
    assert schema({**sample_credential().to_document(), "credentialSchema": []}) == ()
    assert schema({**sample_credential().to_document(), "credentialSchema": ["x", {"type": "x"}]}) == ()


@pytest.mark.parametrize(
    "url",
    [
        BADGE_SCHEMA,
        OB.format("anyachievementcredential"),
        BADGE_SCHEMA.replace("/json/", "/json-ld/"),
        "https://purl.imsglobal.org/spec/clr/v2p0/schema/json/clr_v2p0_achievementcredential_schema.json",
    ],
)
def test_the_official_schemas_are_answered_by_our_own_rules(url):
    assert answer(naming(url)) == PASSED


def test_it_is_told_which_check_has_kept_to_the_official_schema():
    (found,) = schema(naming(BADGE_SCHEMA))

    assert found.details == {"schemas": BADGE_SCHEMA, "by": "structure"}
    assert found.details["by"] == checks.structure(materials(signed(naming(BADGE_SCHEMA))), NOON)[0].check


def test_one_entry_need_not_be_a_list():
    assert answer({**sample_credential().to_document(), "credentialSchema": named(BADGE_SCHEMA)}) == PASSED


@pytest.mark.parametrize("name", ["endorsementcredential", "profile", "clrcredential"])
def test_the_schema_of_something_else_is_a_no(name):
    assert answer(naming(OB.format(name).replace("ob_v3p0_clr", "ob_v3p0_clr"))) == OTHER_KIND


def test_an_endorsement_names_its_own():
    def make():
        return json.loads(endorsement("did:web:school.example"))

    assert answer(naming(OB.format("endorsementcredential"), make=make)) == PASSED
    assert answer(naming(BADGE_SCHEMA, make=make)) == OTHER_KIND


@pytest.mark.parametrize(
    "entry",
    [
        OWN_URL,
        named(OWN_URL, "JsonSchema"),
        named(OWN_URL, "JsonSchemaCredential"),
        BADGE_SCHEMA + "x",
        BADGE_SCHEMA.replace("https:", "http:"),
        "https://purl.imsglobal.org/spec/ob/v3p0/schema/json/",
    ],
)
def test_any_other_schema_is_a_remark(entry):
    assert answer(naming(entry)) == REMARK
    assert answer(naming(BADGE_SCHEMA, entry)) == REMARK  # the official one is beside it, as it should be


def test_a_wrapped_schema_is_told_as_one():
    (found,) = schema(naming(named(OWN_URL, "JsonSchemaCredential")))

    assert "credential of its own" in found.message
    assert found.details == {"schemas": OWN_URL}


def test_a_remark_stops_nothing_and_a_schema_is_never_fetched():
    sources = FixedSources()
    report = Verifier(sources).examine(signed(naming(OWN_URL)), at=NOON)

    assert report.accepted
    assert report.verdict is Verdict.REMARKS
    assert sources.asked == []


def test_a_badge_that_keeps_the_rules_under_its_official_schema_is_verified():
    report = Verifier(FixedSources()).examine(signed(naming(BADGE_SCHEMA)), at=NOON)

    assert report.verdict is Verdict.VERIFIED


# --- with schemas that the caller has

KNOTS = {
    "$schema": "https://json-schema.org/draft/2019-09/schema",
    "$id": OWN_URL,
    "properties": {
        "credentialSubject": {"properties": {"achievement": {"properties": {"name": {"pattern": "^Knots"}}}}}
    },
}


def test_a_schema_of_the_callers_is_applied():
    document = naming(OWN_URL)
    (found,) = schema(document, KNOTS)
    assert (found.outcome, found.code) == (Outcome.PASSED, "ok")
    assert found.details["sha256"]

    document["credentialSubject"]["achievement"]["name"] = "Splices"
    (found,) = schema(document, KNOTS)
    assert (found.outcome, found.code, found.decides) == (Outcome.FAILED, "schema-mismatch", True)
    assert found.details["fields"] == "/credentialSubject/achievement/name"
    assert "Splices" in found.message


def test_the_callers_own_file_comes_before_our_rules():
    nothing = {"$id": BADGE_SCHEMA, "not": {}}

    assert answer(naming(BADGE_SCHEMA), nothing) == (Outcome.FAILED, "schema-mismatch", True)
    assert answer(naming(OB.format("anyachievementcredential")), nothing) == PASSED
    assert answer(naming(OWN_URL), nothing) == REMARK


def test_the_worst_answer_is_the_answer():
    document = naming(BADGE_SCHEMA, OWN_URL, "https://harbour.example/other.json", OB.format("profile"))

    assert answer(document, KNOTS) == OTHER_KIND
    document["credentialSchema"].pop()
    assert answer(document, KNOTS) == REMARK
    document["credentialSchema"].pop()
    (found,) = schema(document, KNOTS)
    assert found.details["schemas"] == f"{BADGE_SCHEMA}, {OWN_URL}"


def test_a_wrapped_schema_that_the_caller_has_is_applied():
    wrapped = {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "id": "https://harbour.example/credentials/knots-schema",
        "type": ["VerifiableCredential", "JsonSchemaCredential"],
        "credentialSubject": {"id": OWN_URL, "type": "JsonSchema", "jsonSchema": KNOTS},
    }
    document = naming(named(wrapped["id"], "JsonSchemaCredential"))

    assert answer(document, wrapped) == PASSED
    document["credentialSubject"]["achievement"]["name"] = "Splices"
    assert answer(document, wrapped) == (Outcome.FAILED, "schema-mismatch", True)


def test_nothing_is_quoted_from_under_a_broken_signature():
    altered = signed(naming(OWN_URL)).replace(b'"Knots and Splices"', b'"Spices"')
    store = SchemaStore.of_files({"knots.json": json.dumps(KNOTS).encode()})
    chosen = (*checks.DEFAULT_CHECKS[:1], checks.schemas_from(store), *checks.DEFAULT_CHECKS[2:])
    report = Verifier(FixedSources(), chosen).examine(altered, at=NOON)

    assert "Spices" not in json.dumps(report.to_document())


# --- our rules and the official ones

PROFILE = {
    "id": "https://harbour.example/i",
    "type": ["Profile"],
    "name": "Harbour School",
    "url": "https://harbour.example",
    "phone": "+31 10 000 0000",
    "description": "A school of knots.",
    "image": {"id": "https://harbour.example/l.png", "type": "Image", "caption": "A knot"},
    "email": "school@harbour.example",
    "address": {
        "type": ["Address"],
        "addressCountry": "Netherlands",
        "addressCountryCode": "NL",
        "addressRegion": "Zeeland",
        "addressLocality": "Veere",
        "streetAddress": "Pier 3",
        "postOfficeBoxNumber": "1",
        "postalCode": "0000",
        "geo": {"type": "GeoCoordinates", "latitude": 51.5, "longitude": 3.7},
    },
    "otherIdentifier": [{"type": "IdentifierEntry", "identifier": "x", "identifierType": "sourcedId"}],
    "official": "O",
    "parentOrg": {"id": "https://p.example/i", "type": ["Profile"], "name": "Province"},
    "familyName": "f",
    "givenName": "g",
    "additionalName": "a",
    "patronymicName": "p",
    "honorificPrefix": "h",
    "honorificSuffix": "s",
    "familyNamePrefix": "v",
    "dateOfBirth": "2000-01-01",
}
ALIGNMENT = {
    "type": ["Alignment"],
    "targetName": "tie knots",
    "targetUrl": "https://skills.example/k",
    "targetCode": "K1",
    "targetDescription": "d",
    "targetFramework": "F",
    "targetType": "ceasn:Competency",
}
RUBRIC, GRADES = (
    "urn:uuid:2b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed",
    "urn:uuid:3b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed",
)
ACHIEVEMENT = {
    "id": "https://harbour.example/a/k",
    "type": ["Achievement"],
    "name": "Knots",
    "description": "d",
    "criteria": {"id": "https://harbour.example/c", "narrative": "n"},
    "achievementType": "MicroCredential",
    "alignment": [ALIGNMENT],
    "creator": {"id": "https://harbour.example/creator", "type": ["Profile"]},
    "creditsAvailable": 3,
    "fieldOfStudy": "f",
    "humanCode": "K1",
    "image": {"id": "https://harbour.example/k.png", "type": "Image"},
    "inLanguage": "en",
    "otherIdentifier": PROFILE["otherIdentifier"],
    "related": [
        {"id": "https://harbour.example/a/nl", "type": ["Related"], "inLanguage": "nl", "version": "1"}
    ],
    "resultDescription": [
        {
            "id": GRADES,
            "type": ["ResultDescription"],
            "alignment": [ALIGNMENT],
            "allowedValue": ["F", "D", "A"],
            "name": "Grade",
            "requiredLevel": RUBRIC,
            "requiredValue": "D",
            "resultType": "LetterGrade",
            "rubricCriterionLevel": [
                {
                    "id": RUBRIC,
                    "type": ["RubricCriterionLevel"],
                    "name": "Mastered",
                    "level": "1",
                    "points": "2",
                    "description": "d",
                    "alignment": [ALIGNMENT],
                }
            ],
            "valueMax": "A",
            "valueMin": "F",
        }
    ],
    "specialization": "s",
    "tag": ["rope"],
    "version": "1",
}
CREDENTIAL = {
    "@context": [
        "https://www.w3.org/ns/credentials/v2",
        "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
    ],
    "id": "urn:uuid:8d4a2f3e-6a0b-4b57-9f0e-0d8f4a1c2b3d",
    "type": ["VerifiableCredential", "OpenBadgeCredential"],
    "name": "Knots",
    "description": "d",
    "awardedDate": "2026-01-01T00:00:00Z",
    "issuer": PROFILE,
    "validFrom": "2026-01-01T00:00:00Z",
    "validUntil": "2027-01-01T00:00:00+02:00",
    "credentialSchema": [named(BADGE_SCHEMA)],
    "credentialStatus": {
        **StatusEntry("revocation", INDEX, LIST).to_document(),
        "id": "https://harbour.example/s/1#94567",
    },
    "refreshService": {"id": "https://harbour.example/r", "type": "1EdTechCredentialRefresh"},
    "termsOfUse": [{"id": "https://harbour.example/t", "type": "TermsOfUse"}],
}
FULL_BADGE = {
    **CREDENTIAL,
    "image": {"id": "https://harbour.example/k.png", "type": "Image"},
    "credentialSubject": {
        "id": "did:key:z6MkAnn",
        "type": ["AchievementSubject"],
        "activityStartDate": "2025-01-01T00:00:00Z",
        "activityEndDate": "2025-06-01T00:00:00Z",
        "creditsEarned": 2.5,
        "achievement": ACHIEVEMENT,
        "identifier": [
            {
                "type": "IdentityObject",
                "hashed": False,
                "identityHash": "ann@example.com",
                "identityType": "emailAddress",
                "salt": "Kosher",
            }
        ],
        "image": {"id": "https://harbour.example/s.png", "type": "Image"},
        "licenseNumber": "L",
        "narrative": "n",
        "result": [
            {
                "type": ["Result"],
                "achievedLevel": RUBRIC,
                "alignment": [ALIGNMENT],
                "resultDescription": GRADES,
                "status": "Completed",
                "value": "D",
            }
        ],
        "role": "r",
        "source": {"id": "https://src.example/i", "type": ["Profile"]},
        "term": "t",
    },
    "evidence": [
        {
            "id": "https://harbour.example/e",
            "type": ["Evidence"],
            "narrative": "n",
            "name": "n",
            "description": "d",
            "genre": "g",
            "audience": "a",
        }
    ],
}
FULL_ENDORSEMENT = {
    **CREDENTIAL,
    "type": ["VerifiableCredential", "EndorsementCredential"],
    "credentialSchema": [named(OB.format("endorsementcredential"))],
    "credentialSubject": {
        "id": "did:web:school.example",
        "type": ["EndorsementSubject"],
        "endorsementComment": "c",
    },
}
FULL_RECORD = {
    **CREDENTIAL,
    "@context": [
        CREDENTIAL["@context"][0],
        "https://purl.imsglobal.org/spec/clr/v2p0/context-2.0.1.json",
        CREDENTIAL["@context"][1],
    ],
    "type": ["VerifiableCredential", "ClrCredential"],
    "credentialSchema": [named(CLR_SCHEMA)],
    "partial": True,
    "credentialSubject": {
        "id": "did:key:z6MkAnn",
        "type": ["ClrSubject"],
        "verifiableCredential": [
            {
                "@context": CREDENTIAL["@context"],
                "id": "urn:uuid:4d4a2f3e-6a0b-4b57-9f0e-0d8f4a1c2b3d",
                "type": ["VerifiableCredential", "OpenBadgeCredential"],
                "issuer": "did:web:school.example",
                "validFrom": "2026-01-01T00:00:00Z",
                "credentialSubject": {"id": "did:key:z6MkAnn", "type": ["AchievementSubject"]},
            }
        ],
        "achievement": [ACHIEVEMENT],
        "association": [
            {
                "type": "Association",
                "associationType": "isChildOf",
                "sourceId": "https://harbour.example/a/k",
                "targetId": "https://harbour.example/a/nl",
            }
        ],
        "identifier": [
            {"type": "IdentityObject", "hashed": False, "identityHash": "Ann", "identityType": "name"}
        ],
    },
}
# Each is put in the place of every value of the document, at any depth; ``...`` takes the value away.
REPLACEMENTS = (..., None, 7, True, "plain", [], {}, {"en": "x"}, ["x"], [7], "2026-01-01")

# Where we say no and the official schema says yes: the rule of ours, and why.
STRICTER = {
    "text": "a language map is schema-valid and undefined in JSON-LD, so its text would not be signed",
    "language": "the same",
    "type": "the schema takes any string for a type that is a single one",
    "absolute-url": "a URI is any string to the schema; a relative one is another thing to each reader (B18)",
    "web-address": "the same, where somebody would follow it",
    "context": "the schema takes any one context; VCDM 2.0 wants the list",
    "criteria": "an achievement without a narrative or a page says nothing of what was achieved",
    "date-time": "the schema's format is not asserted, and knows no zone (N20)",
    "date": "the same",
    "required": "Bitstring Status List demands more of its entries",
    "index": "the same",
    "null": "the same",
}
# Where we say yes and the official schema says no: the member, and why.
LOOSER = {
    "credentialSchema.type": "VCDM 2.0 lets a type be a list",
    "credentialStatus.type": "VCDM 2.0 lets a type be a list",
    "refreshService.type": "VCDM 2.0 lets a type be a list",
    "termsOfUse.type": "VCDM 2.0 lets a type be a list",
}
# What is inside a record is judged by itself, with a report of its own (S17).
INSIDE = "credentialSubject.verifiableCredential."


def places(value, path=()):
    members = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for name, item in members:
        yield (*path, name)
        yield from places(item, (*path, name))


def replaced(document, path, value):
    changed = copy.deepcopy(document)
    holder = changed
    for name in path[:-1]:
        holder = holder[name]
    if value is ...:
        del holder[path[-1]]
    else:
        holder[path[-1]] = value
    return changed


def is_valid(store, url, document):
    return not store.mismatches(url, document)


@pytest.mark.parametrize(
    "document", [FULL_BADGE, FULL_ENDORSEMENT, FULL_RECORD], ids=["badge", "endorsement", "record"]
)
def test_our_rules_and_the_official_schemas_agree(shared_vectors, document):
    """Thousands of broken documents: each verdict is the same, or the difference has its reason."""
    root = shared_vectors("1edtech-schemas")
    files = [*root.glob("ob_v3p0/*.json"), *root.glob("clr_v2p0/*.json")]
    store = SchemaStore.of_files({path.name: path.read_bytes() for path in files})
    url = document["credentialSchema"][0]["id"]
    assert structure_problems(document) == ()
    assert is_valid(store, url, document)

    both_no, unexplained = 0, []
    for path in places(document):
        for value in REPLACEMENTS:
            changed = replaced(document, path, value)
            problems = structure_problems(changed)
            valid = is_valid(store, url, changed)
            member = ".".join(str(name) for name in path if isinstance(name, str))
            if problems and valid:
                unexplained += [(path, value, each) for each in problems if each.rule not in STRICTER]
            elif not problems and not valid and not _is_explained(member, changed):
                unexplained.append((path, value, "accepted"))
            both_no += bool(problems) and not valid

    assert unexplained == []
    assert both_no > 150


def _is_explained(member, document):
    if member in LOOSER or member.startswith(INSIDE):
        return True
    # What is no badge any more keeps the rules of what it is, and names a schema for something else.
    (found,) = checks.schema(materials(json.dumps(document).encode()), NOON)
    return found.code == "schema-other-kind"


def test_a_date_without_a_zone_is_a_mistake_of_ours_alone_n20(shared_vectors):
    folder = shared_vectors("1edtech-schemas") / "ob_v3p0"
    store = SchemaStore.of_files({path.name: path.read_bytes() for path in folder.glob("*.json")})
    document = {**FULL_BADGE, "validFrom": "2026-01-01T00:00:00"}

    assert is_valid(store, BADGE_SCHEMA, document)
    assert [problem.rule for problem in structure_problems(document)] == ["date-time"]


def test_the_official_files_are_known_by_their_names(shared_vectors):
    root = shared_vectors("1edtech-schemas")
    files = [*root.glob("ob_v3p0/*.json"), *root.glob("clr_v2p0/*.json")]
    urls = {json.loads(path.read_bytes())["$id"] for path in files}

    assert len(urls) == 12
    assert urls <= OFFICIAL.keys()
