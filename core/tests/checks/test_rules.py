# SPDX-License-Identifier: Apache-2.0
"""Rules of the standards, and words whose meaning is known."""

import pytest

from asking import KEY, METHOD, VC_ISSUER, ask, materials, sd_jwt_vc, signed
from cairn import checks
from cairn.canonical import to_json
from cairn.canonical.shapes import Shapes
from cairn.checks.rules import SD_JWT_VC_FITS, known_to_fit
from cairn.proof import (
    Outcome,
    familiar,
    fitness,
    sd_jwt,
    sign,
)
from cairn.testing import (
    NOON,
    sample_credential,
    signed_sample,
)


def test_a_good_badge_has_its_fields():
    (found,) = checks.structure(materials(signed_sample()), NOON)

    assert (found.outcome, found.code) == (Outcome.PASSED, "ok")
    assert found.details == {"kind": "Open Badges 3.0"}


def test_a_broken_badge_names_its_fields():
    document = sample_credential().to_document()
    del document["credentialSubject"]["achievement"]["criteria"]

    (found,) = checks.structure(materials(signed(document)), NOON)

    assert (found.outcome, found.code) == (Outcome.FAILED, "structure")
    assert found.details["fields"] == "credentialSubject.achievement.criteria"


def test_the_first_rules_that_are_broken_are_told_and_every_field_is_named():
    document = sample_credential().to_document()
    for name in ("id", "type", "name", "description", "criteria"):
        document["credentialSubject"]["achievement"][name] = None
    document["name"] = document["issuer"]["type"] = None

    (found,) = checks.structure(materials(to_json(document)), NOON)

    fields = found.details["fields"].split(", ")
    told = found.message.removeprefix("It breaks the rules. ").split("; ")
    assert len(fields) > 6
    assert [each.partition(":")[0] for each in told] == fields[:5]
    assert found.details.keys() == {"kind", "fields", "rule"}


def test_a_broken_sd_jwt_vc_names_its_claims():
    header = {"typ": "dc+sd-jwt", "kid": METHOD}
    (found,) = checks.structure(
        materials(sd_jwt.issue({"iss": VC_ISSUER, "sub": ""}, KEY, header=header, disclose=()).encode()), NOON
    )

    assert (found.outcome, found.code) == (Outcome.FAILED, "structure")
    assert found.details == {"kind": "SD-JWT VC", "fields": "vct, sub", "rule": "sd-jwt-vc"}


def test_an_sd_jwt_vc_with_its_claims_fits():
    assert checks.structure(materials(sd_jwt_vc()), NOON) == (SD_JWT_VC_FITS,)
    assert SD_JWT_VC_FITS.details == {"kind": "SD-JWT VC"}


@pytest.mark.parametrize(
    ("types", "code"),
    [
        (["Something"], "unsupported-kind"),
        ([], "unsupported-kind"),
    ],
)
def test_kinds_without_rules_are_a_doubt(types, code):
    document = {"@context": ["https://example.org/"], "type": types, "issuer": "urn:x:1"}

    assert ask(checks.structure, to_json(document))["structure"] == (Outcome.UNDECIDED, code)


@pytest.mark.parametrize(
    "context", ["https://example.org/x", "http://www.w3.org/ns/credentials/v2", {"@vocab": "urn:x:"}]
)
def test_an_unknown_context_is_a_doubt_b24_b26(context):
    document = sample_credential().to_document()
    document["@context"].append(context)

    assert ask(checks.structure, to_json({**document, "proof": {}}))["structure"] == (
        Outcome.UNDECIDED,
        "unknown-context",
    )


@pytest.mark.parametrize("place", ["subject", "achievement"])
def test_a_context_inside_is_a_doubt_b28(place):
    document = sample_credential().to_document()
    node = document["credentialSubject"]
    node = node if place == "subject" else node["achievement"]
    node["@context"] = "https://www.w3.org/ns/credentials/v2"

    assert ask(checks.structure, to_json(document))["structure"] == (Outcome.UNDECIDED, "unknown-context")


def test_the_contexts_of_a_jcs_proof_are_no_context_inside_b73():
    document = sample_credential().to_document()
    data = sign(document, KEY, verification_method=METHOD, at=NOON, cryptosuite="eddsa-jcs-2022")

    assert ask(checks.structure, data)["structure"] == (Outcome.PASSED, "ok")


def test_an_old_context_is_noted():
    document = sample_credential().to_document()
    document["@context"][1] = "https://purl.imsglobal.org/spec/ob/v3p0/context.json"

    (found,) = checks.structure(materials(to_json(document)), NOON)

    assert found.outcome is Outcome.PASSED
    assert found.details["note"] == "old-context"


def test_a_known_shape_with_an_unknown_context_is_left_to_all_the_rules_b26(monkeypatch):
    def badge(number, *contexts):
        document = sample_credential(id=f"urn:uuid:8d4a2f3e-6a0b-4b57-9f0e-{number:012d}").to_document()
        return {**document, "@context": [*document["@context"], *contexts]}

    monkeypatch.setattr(familiar, "SHAPES", Shapes(patience=0))
    for number in range(4):
        fitness.refuse_unfit(badge(number))
        fitness.refuse_unfit(badge(number, "https://example.org/unknown"))
    fits = familiar.SHAPES.glance(badge(9))
    unknown = familiar.SHAPES.glance(badge(9, "https://example.org/unknown"))

    assert known_to_fit(fits).outcome is Outcome.PASSED
    assert unknown.shape is not None
    assert known_to_fit(unknown) is None
