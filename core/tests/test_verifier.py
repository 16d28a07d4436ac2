# SPDX-License-Identifier: Apache-2.0
"""The report: what is accepted, which sentence stands above it, and that nothing unvouched is shown."""

import dataclasses
import json
import struct
import zlib
from datetime import timedelta

import pytest

from asking import HOLDER, METHOD
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
from cairn.canonical import rdfc, to_json
from cairn.checks import DEFAULT_CHECKS, Finding, issued_by, period, proof, structure
from cairn.did import did_key
from cairn.proof import Outcome, data_integrity, jws
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
from containing import (
    HOLDER_ID,
    HOLDER_METHOD,
    badge,
    badge_document,
    endorsement_of,
    forged,
    presentation,
    record,
    unsigned,
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


# --- what is inside something else (S17)


def told(found):
    return {finding.check: (finding.outcome, finding.code) for finding in found.findings}


@pytest.mark.parametrize("container", [presentation, record])
def test_each_credential_inside_is_judged_as_if_it_had_come_alone(container):
    inside = [badge(1), badge(2, validUntil="2026-11-25T12:00:00Z")]

    found = examine(container(*inside), at=NOON)

    assert [part.report for part in found.parts] == [examine(each, at=NOON) for each in inside]
    assert (found.verdict, found.accepted) == (Verdict.VERIFIED, True)


@pytest.mark.parametrize("container", [presentation, record])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_one_forged_credential_is_enough_s17(container, place):
    inside = [badge(1), badge(2)]
    inside.insert(place, forged(3))

    found = examine(container(*inside))

    verdicts = [part.report.verdict for part in found.parts]
    assert verdicts.count(Verdict.NOT_VERIFIED) == 1
    assert verdicts[place] is Verdict.NOT_VERIFIED
    assert found.parts[place].report.document is None
    assert (found.verdict, found.accepted) == (Verdict.NOT_VERIFIED, False)
    assert "Rocket" not in json.dumps(found.to_document())


@pytest.mark.parametrize(
    ("inside", "verdict"),
    [
        (badge(validUntil="2026-11-23T12:00:00Z"), Verdict.REMARKS),
        (badge(issuer={"id": "did:web:x.example", "type": ["Profile"]}), Verdict.NOT_VERIFIED),
        (unsigned(badge()), Verdict.NOT_VERIFIED),
    ],
)
def test_a_container_is_no_better_than_what_is_in_it_s17(inside, verdict):
    found = examine(presentation(inside), at=NOON + DAY)

    assert found.parts[0].report.verdict is verdict
    assert (found.verdict, found.accepted) == (verdict, False)
    assert all(outcome is PASSED for outcome, _ in told(found).values())


def test_an_inner_result_never_lifts_the_outer_s17():
    data = presentation(badge()).replace(HOLDER_ID.encode(), METHOD.partition("#")[0].encode(), 1)

    found = examine(data)

    assert found.parts[0].report.accepted
    assert (found.verdict, found.accepted, found.document) == (Verdict.NOT_VERIFIED, False, None)


def test_the_proof_of_what_is_inside_vouches_for_nothing_around_it_b72():
    inner, outer = json.loads(badge()), json.loads(presentation())
    outer["proof"] = inner["proof"]

    assert told(examine(to_json(outer)))["signature"][0] is FAILED
    held = json.loads(record())
    held["proof"] = held["credentialSubject"]["verifiableCredential"][0]["proof"]
    assert told(examine(to_json(held)))["signature"] == (FAILED, "signature-mismatch")


def test_credentials_cannot_trade_claims_inside_a_record_b31():
    """In RDF both are about one learner, and the signature around them does not see who said what."""
    held = json.loads(record(badge(1), badge(2, name="Sails")))
    assert examine(to_json(held)).accepted
    one, two = (each["credentialSubject"] for each in held["credentialSubject"]["verifiableCredential"])

    one["achievement"], two["achievement"] = two["achievement"], one["achievement"]

    found = examine(to_json(held))
    assert told(found)["signature"] == (PASSED, "ok")
    assert (found.verdict, found.accepted) == (Verdict.NOT_VERIFIED, False)


def test_an_unsigned_presentation_is_a_doubt_whatever_is_in_it_b76():
    found = examine(unsigned(presentation()))

    assert told(found)["holder"] == (UNDECIDED, "not-signed-by-holder")
    assert (found.verdict, found.accepted, found.document) == (Verdict.COULD_NOT_CHECK, False, None)
    assert found.parts[0].report.verdict is Verdict.VERIFIED


@pytest.mark.parametrize("junk", ["a.b.c", 3, None, {"type": "VerifiableCredential"}])
def test_what_cannot_be_read_inside_is_no_credential(junk):
    document = json.loads(unsigned(presentation()))
    document["verifiableCredential"].append(junk)

    found = examine(signed_showing(document))

    assert (found.verdict, found.accepted) == (Verdict.NOT_VERIFIED, False)


def signed_showing(document):
    return to_json(
        data_integrity.sign(
            document,
            HOLDER,
            verification_method=HOLDER_METHOD,
            created=NOON,
            cryptosuite="eddsa-jcs-2022",
            purpose=data_integrity.PRESENTING,
        )
    )


def test_an_envelope_that_lies_has_a_report_of_its_own_b74():
    envelope = {
        "@context": "https://www.w3.org/ns/credentials/v2",
        "type": "EnvelopedVerifiableCredential",
        "id": "data:application/vc+jwt,not a token",
    }
    document = json.loads(unsigned(presentation()))
    document["verifiableCredential"].append(envelope)

    found = examine(to_json(document))

    assert [part.report.accepted for part in found.parts] == [True, False]
    assert told(found.parts[1].report) == {"structure": (FAILED, "envelope")}
    assert found.parts[1].report.document is None


def test_a_container_with_too_much_in_it_is_not_accepted_s17():
    document = json.loads(unsigned(presentation()))
    document["verifiableCredential"] = [json.loads(badge(number)) for number in range(65)]

    found = examine(signed_showing(document))

    assert [part.report.accepted for part in found.parts] == [True] * 64 + [False]
    assert told(found.parts[64].report) == {"structure": (UNDECIDED, "limit-parts")}
    assert (found.verdict, found.accepted) == (Verdict.COULD_NOT_CHECK, False)


def test_sixty_four_badges_are_canonicalized_in_a_record():
    """The bound on objects without an id is one for each document, not one for all of them."""
    found = examine(record(*(badge(number) for number in range(64))))

    assert found.accepted
    assert len(found.parts) == 64


def test_a_container_shows_only_what_its_own_signer_says():
    for data in (presentation(), record()):
        found = examine(data)
        assert "Knots" not in json.dumps(found.document)
        assert found.parts[0].report.document["name"] == "Knots and Splices"


def test_parts_are_written_with_their_place_and_role():
    written = examine(record()).to_document()

    (part,) = written["parts"]
    assert (part["path"], part["role"]) == ("/credentialSubject/verifiableCredential/0", "credential")
    assert part["report"] == examine(badge()).to_document()


def test_a_published_presentation_is_intact(shared_vectors):
    """From the test data of Blockcerts: signed with a did:key, without a holder or a credential."""
    found = examine((shared_vectors("blockcerts") / "v3" / "vp-eddsa-rdfc-2022.json").read_bytes())

    assert told(found) == {
        **dict.fromkeys(("structure", "signature", "holder"), (PASSED, "ok")),
        "disclosure": (UNDECIDED, "nothing-shown"),
    }


def knotted(number):
    """A badge whose results cannot be told apart but by trying every order of what is in them."""
    alignment = {"type": ["Alignment"], "targetName": "a", "targetUrl": "https://x.example/"}
    result = {"type": ["Result"], "value": "1", "alignment": [alignment] * 9}
    document = json.loads(badge(number))
    document["credentialSubject"]["result"] = [result, result]
    return to_json(document)


@pytest.fixture
def steps(monkeypatch):
    """How many steps of canonicalization have been taken."""
    taken = []
    spend = rdfc._Work.spend
    monkeypatch.setattr(rdfc._Work, "spend", lambda self, steps: taken.append(steps) or spend(self, steps))
    return taken


def test_many_knots_are_no_more_work_than_one_b33_s17(steps):
    document = json.loads(unsigned(presentation()))
    document["verifiableCredential"] = [json.loads(knotted(number)) for number in range(20)]

    found = examine(to_json(document))

    assert {told(part.report)["signature"] for part in found.parts} == {(UNDECIDED, "limit-rdf-work")}
    assert sum(steps) < 2 * rdfc.DEFAULT_WORK


def test_many_proofs_of_a_knot_are_no_more_work_than_one_b33_b63(steps):
    document = json.loads(knotted(1))
    document["proof"] = [document["proof"]] * 16

    found = examine(to_json(document))

    assert told(found)["signature"] == (UNDECIDED, "limit-rdf-work")
    assert sum(steps) < 2 * rdfc.DEFAULT_WORK


def test_what_is_inside_shares_the_work_of_one_document_at_each_level_b33_s17():
    """A record has as much for each badge in it as the badge has for itself, and as much again."""
    granted = {}

    def watch(materials, at):
        granted[materials.credential.unverified_document.get("id")] = rdfc._SHARED.get().left
        return ()

    inside, beside = [badge(1), badge(2)], badge(3)
    held = record(*inside)
    judge(gather(read(presentation(held, beside)), FixedSources(), at=NOON), (watch,), at=NOON)

    holding, alone, *held_badges = (granted[json.loads(each)["id"]] for each in (held, beside, *inside))
    share = rdfc.DEFAULT_WORK // 5  # of four documents inside, and the one around them
    assert [alone, *held_badges] == [share] * 3
    assert holding == 3 * share
    assert granted[None] == rdfc.DEFAULT_WORK


def test_verify_tells_what_is_wrong_inside_a_container():
    with pytest.raises(VerificationError) as refused:
        Verifier(FixedSources()).verify(presentation(badge(1), forged(2)), at=NOON)

    assert refused.value.code == "signature-mismatch"


def test_verify_tells_nothing_of_what_is_accepted_or_only_endorses():
    """One badge has a remark, the other has expired and carries somebody's bad word for it."""
    schema = [{"id": "https://harbour.example/schema.json", "type": "JsonSchema"}]
    word = json.loads(endorsement_of(badge_document(2)["id"]))
    ended = badge(2, endorsement=[{**word, "name": "Changed"}], validUntil="2026-11-23T12:00:00Z")

    with pytest.raises(VerificationError) as refused:
        Verifier(FixedSources()).verify(presentation(badge(1, credentialSchema=schema), ended), at=NOON + DAY)

    remarked, expired = (part.report for part in refused.value.report.parts)
    assert remarked.accepted
    assert remarked.finding("schema").outcome is UNDECIDED
    assert expired.parts[0].report.finding("signature").outcome is FAILED
    assert refused.value.code == "expired"
    assert refused.value.message == expired.finding("period").message


def test_verify_returns_a_container_that_is_accepted_with_all_in_it():
    verified = Verifier(FixedSources()).verify(presentation(badge(1), badge(2)), at=NOON)

    assert verified.document["holder"] == HOLDER_ID
    assert [part.report.document["id"] for part in verified.report.parts] == [
        json.loads(badge(1))["id"],
        json.loads(badge(2))["id"],
    ]


def test_a_presentation_by_somebody_else_than_its_holder_is_not_verified():
    document = json.loads(unsigned(presentation()))
    shown = data_integrity.sign(
        document,
        demo_key("other"),
        verification_method=key_method(demo_key("other").public_key),
        created=NOON,
        purpose=data_integrity.PRESENTING,
    )

    report = Verifier(FixedSources()).examine(to_json(shown), at=NOON)

    assert report.finding("signature").outcome is Outcome.PASSED
    assert report.finding("holder").outcome is Outcome.FAILED
    assert report.verdict is Verdict.NOT_VERIFIED


def test_the_period_of_a_presentation_counts():
    document = json.loads(unsigned(presentation()))
    header = {"typ": "vp+jwt", "cty": "vp", "kid": HOLDER_METHOD}
    for late, accepted in ((-DAY, False), (DAY, True)):
        payload = {**document, "exp": int((NOON + late).timestamp())}
        report = Verifier(FixedSources()).examine(jws.sign(header, payload, HOLDER).encode(), at=NOON)

        assert report.finding("signature").outcome is Outcome.PASSED
        assert (report.finding("period").outcome is Outcome.PASSED) is accepted
        assert report.accepted is accepted
