# SPDX-License-Identifier: Apache-2.0
"""The report: what is accepted, which sentence stands above it, and that nothing unvouched is shown."""

import dataclasses
import json
import struct
import zlib
from datetime import timedelta

import pytest

from cairn import (
    MalformedError,
    Report,
    Verdict,
    VerificationError,
    Verified,
    Verifier,
    bake,
    gather,
    judge,
    read,
    sign_jwt,
)
from cairn.canonical import to_json
from cairn.checks import DEFAULT_CHECKS, Finding, issued_by, period, proof, structure
from cairn.did import did_key
from cairn.proof import Outcome, data_integrity
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

KEY = demo_key()
LIST = "https://harbour.example/s/1"
DAY = timedelta(days=1)
PASSED, FAILED, UNDECIDED = Outcome.PASSED, Outcome.FAILED, Outcome.UNDECIDED


def examine(data, answers=None, checks=DEFAULT_CHECKS, at=NOON):
    return Verifier(FixedSources(answers), checks).examine(data, at=at)


def report(document=None, **outcomes):
    """A report with the given findings; ``document`` as if it were vouched for."""
    findings = tuple(Finding(check, outcome, "c", "m") for check, outcome in outcomes.items())
    return Report(findings, document, "k", "json", "vc+ld+json", NOON, "00")


# --- the whole way


def test_a_good_badge_is_verified_and_shown():
    found = examine(signed_sample())

    assert found.accepted
    assert found.verdict is Verdict.VERIFIED
    assert found.document == sample_credential().to_document()
    assert (found.kind, found.carrier, found.format) == ("Open Badges 3.0", "json", "vc+ld+json")
    assert {finding.check for finding in found.findings} == {
        "structure",
        "signature",
        "issuer",
        "status",
        "period",
    }


def test_a_good_token_is_verified_and_shown():
    token = sign_jwt(sample_credential().to_document(), KEY, verification_method=key_method(KEY.public_key))

    found = examine(token.encode())

    assert found.verdict is Verdict.VERIFIED
    assert found.document == sample_credential().to_document()


def test_the_same_judgement_is_the_same_report():
    materials = gather(read(signed_sample()), FixedSources(), at=NOON)

    assert judge(materials, at=NOON) == judge(materials, at=NOON)


@pytest.mark.parametrize(("at", "code"), [(NOON - DAY, "created-in-future"), (NOON + 2 * DAY, "expired")])
def test_time_is_an_argument(at, code):
    data = signed_sample(sample_credential(valid_until=NOON + DAY))

    assert code in {finding.code for finding in examine(data, at=at).findings}


def test_an_expired_badge_is_genuine_with_remarks_and_not_accepted():
    found = examine(signed_sample(sample_credential(valid_until=NOON + DAY)), at=NOON + 2 * DAY)

    assert found.verdict is Verdict.REMARKS
    assert not found.accepted
    assert found.document is not None


@pytest.mark.parametrize(("bits", "verdict"), [((), Verdict.VERIFIED), ((7,), Verdict.NOT_VERIFIED)])
def test_a_revoked_badge_is_not_verified(bits, verdict):
    data = signed_sample(sample_credential(status=StatusEntry("revocation", 7, LIST)))

    found = examine(data, {LIST: signed_status_list(LIST, set_bits=bits)})

    assert found.verdict is verdict
    assert found.document is not None  # the page shows it collapsed: it is what the issuer signed


def test_an_unreachable_list_is_never_green():
    data = signed_sample(sample_credential(status=StatusEntry("revocation", 7, LIST)))

    found = examine(data)

    assert found.verdict is Verdict.COULD_NOT_CHECK
    assert not found.accepted


def test_an_unrecognised_issuer_is_a_remark():
    found = examine(signed_sample(), checks=(*DEFAULT_CHECKS, issued_by(set(), "My list")))

    assert found.verdict is Verdict.REMARKS
    assert not found.accepted


def test_a_schema_of_its_own_does_not_stop_acceptance():
    document = sample_credential().to_document()
    document["credentialSchema"] = [{"id": "https://harbour.example/schema.json", "type": "JsonSchema"}]
    data = to_json(
        data_integrity.sign(document, KEY, verification_method=key_method(KEY.public_key), created=NOON)
    )

    found = examine(data)

    assert found.finding("schema").outcome is UNDECIDED
    assert found.accepted
    assert found.verdict is Verdict.REMARKS


# --- nothing that nobody vouches for


def altered():
    document = json.loads(signed_sample(sample_credential(valid_until=NOON + DAY)))
    document["credentialSubject"]["achievement"]["name"] = "Doctor of Everything"
    document["issuer"]["name"] = "University of Trust"
    return to_json(document)


def strangers():
    """Signed well, by somebody else than the issuer it names."""
    return signed_sample(sample_credential(issuer="did:web:trust.example", valid_until=NOON + DAY))


@pytest.mark.parametrize("data", [altered(), strangers()])
def test_nothing_of_a_credential_is_in_the_report_unless_vouched_for(data):
    found = examine(data)

    text = json.dumps(found.to_document())
    assert found.document is None
    assert found.verdict is Verdict.NOT_VERIFIED
    for word in ("Doctor", "Trust", "trust.example", "Harbour", "Knots", "Zoë", "2026-11-24"):
        assert word not in text
    assert all(finding.document is None for finding in found.findings)


def test_what_was_not_vouched_for_is_neither_expired_nor_revoked():
    found = examine(altered(), at=NOON + 3 * DAY)

    assert found.finding("period").code == "not-vouched-for"
    assert found.finding("status").code == "not-vouched-for"
    assert found.finding("issuer").code == "not-vouched-for"


def test_who_could_not_be_reached_may_be_named():
    issuer = "did:web:harbour.example"
    data = signed_sample(sample_credential(issuer=issuer), verification_method=f"{issuer}#key-1")

    found = examine(data)

    assert found.verdict is Verdict.COULD_NOT_CHECK
    assert found.document is None
    assert found.finding("issuer").details["domain"] == "harbour.example"
    assert "Harbour School" not in json.dumps(found.to_document())


def test_a_badge_whose_words_we_do_not_know_is_not_shown():
    document = sample_credential().to_document()
    document["@context"].append("https://example.org/other-words")
    token = json.dumps(document)
    from cairn.keys import base64url_encode

    header = {"alg": "EdDSA", "typ": "vc+jwt", "kid": key_method(KEY.public_key)}
    parts = ".".join(base64url_encode(part) for part in (json.dumps(header).encode(), token.encode()))
    signed = f"{parts}.{base64url_encode(KEY.sign(parts.encode()))}"

    found = examine(signed.encode())

    assert found.verdict is Verdict.COULD_NOT_CHECK
    assert found.document is None


@pytest.mark.parametrize("checks", [(), (period,), (structure,), (structure, period), (proof,)])
def test_a_report_that_did_not_look_at_everything_accepts_nothing(checks):
    found = examine(signed_sample(), checks=checks)

    assert found.document is None
    assert not found.accepted
    assert found.verdict is Verdict.COULD_NOT_CHECK


def test_a_check_asked_twice_cannot_outvote_itself():
    def forger(materials, at):
        return (
            Finding("signature", PASSED, "ok", "m", document={"name": "forged"}),
            Finding("issuer", PASSED, "ok", "m"),
        )

    found = examine(altered(), checks=(forger, *DEFAULT_CHECKS))

    assert found.document is None
    assert not found.accepted


# --- acceptance and verdict


def test_an_empty_report_accepts_nothing():
    for empty in (report(), report({"id": "urn:x:1"}), report({"id": "urn:x:1"}, period=PASSED)):
        assert not empty.accepted
        assert empty.verdict is Verdict.COULD_NOT_CHECK


VOUCHED = {"structure": PASSED, "signature": PASSED, "issuer": PASSED}


@pytest.mark.parametrize(
    ("outcomes", "verdict"),
    [
        ({}, Verdict.VERIFIED),
        ({"status": PASSED, "period": PASSED}, Verdict.VERIFIED),
        ({"status": FAILED}, Verdict.NOT_VERIFIED),
        ({"status": UNDECIDED}, Verdict.COULD_NOT_CHECK),
        ({"period": FAILED}, Verdict.REMARKS),
        ({"period": UNDECIDED}, Verdict.REMARKS),
        ({"trust": FAILED}, Verdict.REMARKS),
        ({"trust": UNDECIDED}, Verdict.REMARKS),
        ({"period": FAILED, "status": UNDECIDED}, Verdict.COULD_NOT_CHECK),
        ({"period": FAILED, "status": FAILED}, Verdict.NOT_VERIFIED),
        ({"signature": FAILED, "status": UNDECIDED}, Verdict.NOT_VERIFIED),
        ({"signature": UNDECIDED, "issuer": FAILED}, Verdict.NOT_VERIFIED),
        ({"structure": FAILED, "signature": UNDECIDED}, Verdict.NOT_VERIFIED),
        ({"structure": UNDECIDED}, Verdict.COULD_NOT_CHECK),
        ({"issuer": UNDECIDED, "trust": FAILED}, Verdict.COULD_NOT_CHECK),
    ],
)
def test_the_precedence_of_the_verdict(outcomes, verdict):
    found = report({"id": "urn:x:1"}, **{**VOUCHED, **outcomes})

    assert found.verdict is verdict
    all_passed = all(outcome is PASSED for outcome in outcomes.values())
    assert found.accepted is all_passed


def test_a_report_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        report().findings = ()


def test_a_finding_that_was_not_asked_for_is_none():
    assert report(**VOUCHED).finding("trust") is None


# --- verify


def test_verify_returns_what_was_vouched_for():
    verified = Verifier(FixedSources()).verify(signed_sample(), at=NOON)

    assert isinstance(verified, Verified)
    assert verified.document == sample_credential().to_document()
    assert verified.report.accepted


@pytest.mark.parametrize(
    ("data", "code"), [(altered(), "signature-mismatch"), (strangers(), "key-not-of-issuer")]
)
def test_verify_raises_with_the_report(data, code):
    with pytest.raises(VerificationError) as refused:
        Verifier(FixedSources()).verify(data, at=NOON)

    assert refused.value.code == code
    assert refused.value.report.verdict is Verdict.NOT_VERIFIED


def test_verify_without_checks_accepts_nothing():
    with pytest.raises(VerificationError) as refused:
        Verifier(FixedSources(), checks=()).verify(signed_sample(), at=NOON)

    assert refused.value.code == "not-checked"


def one_pixel_png() -> bytes:
    bodies = {
        b"IHDR": struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0),
        b"IDAT": zlib.compress(b"\0\0"),
        b"IEND": b"",
    }
    chunks = (
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in bodies.items()
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def test_an_altered_picture_is_not_verified_b108():
    picture = bake(one_pixel_png(), signed_sample())
    altered = picture.replace(b"Harbour", b"Harbowr", 1)
    assert altered != picture

    report = Verifier(FixedSources({})).examine(altered, at=NOON)

    assert (report.verdict, report.document) == (Verdict.NOT_VERIFIED, None)
    assert [(each.check, each.code) for each in report.findings] == [("signature", "png-crc")]


def test_what_cannot_be_read_is_no_verdict():
    with pytest.raises(MalformedError):
        examine(b"a screenshot")


def test_a_web_issuer_is_verified():
    issuer = "did:web:harbour.example:i:1"
    data = signed_sample(sample_credential(issuer=issuer), verification_method=f"{issuer}#key-1")
    answers = {"https://harbour.example/i/1/did.json": did_document(issuer, KEY.public_key)}

    assert examine(data, answers).verdict is Verdict.VERIFIED


# --- as JSON


def test_a_report_is_written_as_json():
    written = json.loads(to_json(examine(signed_sample()).to_document()))

    assert written["verdict"] == "verified"
    assert written["accepted"] is True
    assert written["at"] == "2026-11-23T12:00:00Z"
    assert written["document"]["issuer"]["id"] == did_key(KEY.public_key)
    assert [finding["outcome"] for finding in written["findings"]] == ["passed"] * 5
    assert not any("type" in finding for finding in written["findings"])


def test_a_problem_has_the_type_that_w3c_gave_it():
    written = examine(altered()).to_document()

    (signature,) = [found for found in written["findings"] if found["check"] == "signature"]
    assert signature["type"] == "https://www.w3.org/TR/vc-data-model#CRYPTOGRAPHIC_SECURITY_ERROR"
