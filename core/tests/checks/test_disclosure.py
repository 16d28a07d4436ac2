# SPDX-License-Identifier: Apache-2.0
"""Copies of a part, and what they may hide."""

import json

import pytest

from asking import (
    DAY,
    INDEX,
    KEY,
    LIST,
    METHOD,
    ask,
    materials,
)
from cairn import checks
from cairn.canonical import to_json
from cairn.checks.disclosure import not_shown
from cairn.credential import format_datetime
from cairn.did import did_key
from cairn.keys import Algorithm, PrivateKey
from cairn.proof import (
    Outcome,
    data_integrity,
    sd_jwt,
)
from cairn.reading import read
from cairn.status import StatusEntry
from cairn.testing import (
    NOON,
    demo_key,
    key_method,
    sample_credential,
    signed_status_list,
)

CURVE_KEY = PrivateKey.from_bytes(Algorithm.P256, bytes(31) + b"\x07")
CURVE_METHOD = key_method(CURVE_KEY.public_key)


def part(*pointers, extra=()):
    """A copy that shows what the pointers choose of a badge whose careless issuer made nothing mandatory."""
    badge = sample_credential(
        issuer=did_key(CURVE_KEY.public_key),
        valid_until=NOON + DAY,
        status=StatusEntry("revocation", INDEX, LIST),
    ).to_document()
    signed = data_integrity.sign(
        badge, CURVE_KEY, verification_method=CURVE_METHOD, created=NOON, cryptosuite="ecdsa-sd-2023"
    )
    wanted = ("/issuer", "/validFrom", "/credentialSubject", *pointers)
    copy = data_integrity.derive(signed, selective_pointers=wanted)
    return to_json({**copy, "proof": [copy["proof"], *extra]} if extra else copy)


@pytest.mark.parametrize(
    ("pointers", "hidden"),
    [
        ([], "validUntil, credentialStatus"),
        (["/validUntil"], "credentialStatus"),
        (["/credentialStatus"], "validUntil"),
        (["/validUntil", "/credentialStatus"], None),
    ],
)
def test_what_a_copy_may_hide_is_remarked_on(pointers, hidden):
    """A holder must not turn "withdrawn" into "cannot be withdrawn" without anybody noticing."""
    findings = checks.proof(materials(part(*pointers)), NOON)

    assert [finding.outcome for finding in findings[:2]] == [Outcome.PASSED] * 2
    told = [finding for finding in findings if finding.check == "disclosure"]
    assert [finding.details["not_shown"] for finding in told] == ([hidden] if hidden else [])
    assert not any(finding.decides or finding.outcome is Outcome.PASSED for finding in told)


def test_a_copy_is_not_said_to_have_what_it_only_does_not_show():
    (status,) = checks.status(materials(part()), NOON)
    (period,) = checks.period(materials(part()), NOON)

    assert (status.code, status.message) == ("no-status", "It shows no status.")
    assert period.message == "It shows no end date."


def test_an_expired_or_revoked_copy_is_told_as_such():
    data = part("/validUntil", "/credentialStatus")
    answers = {
        LIST: signed_status_list(
            LIST,
            set_bits=(INDEX,),
            issuer=did_key(CURVE_KEY.public_key),
            signer=demo_key(),
            verification_method=METHOD,
        )
    }

    assert ask(checks.period, data, at=NOON + 2 * DAY)["period"] == (Outcome.FAILED, "expired")
    # Signed by somebody else than it says: no answer either way.
    assert ask(checks.status, data, answers)["status"][0] is Outcome.UNDECIDED


def test_a_proof_over_everything_leaves_nothing_hidden():
    """The same document with a second proof that is over all of it."""
    shown = json.loads(part())
    bare = {name: value for name, value in shown.items() if name != "proof"}
    both = data_integrity.sign(
        {**bare, "proof": [shown["proof"]]},
        CURVE_KEY,
        verification_method=CURVE_METHOD,
        created=NOON,
        cryptosuite="ecdsa-rdfc-2019",
    )

    assert "disclosure" not in ask(checks.proof, to_json(both))


@pytest.mark.parametrize(
    "unknown", [{"type": "DataIntegrityProof", "cryptosuite": "bbs-2023"}, {"type": "Ed25519Signature2018"}]
)
def test_a_proof_that_we_cannot_read_hides_nothing_away(unknown):
    found = ask(checks.proof, part(extra=[unknown]))

    assert found["signature"] == (Outcome.PASSED, "ok")
    assert found["disclosure"] == (Outcome.UNDECIDED, "partial-copy")


def test_a_copy_that_fails_is_not_remarked_on():
    data = part().replace(b"Knots and Splices", b"Rocket Science")

    found = ask(checks.proof, data)

    assert found["signature"] == (Outcome.FAILED, "signature-mismatch")
    assert "disclosure" not in found


@pytest.mark.parametrize(
    ("disclose", "shown", "hidden"),
    [
        (["/credentialSubject/id"], [], None),
        (["/name"], ["/name"], None),
        (["/name"], [], "validUntil, credentialStatus"),
        (["/name", "/validUntil", "/credentialStatus"], ["/name"], "validUntil, credentialStatus"),
    ],
)
def test_a_withheld_member_of_an_sd_jwt_may_be_an_end_date_or_a_status(disclose, shown, hidden):
    """VC-JOSE-COSE lets an issuer make them disclosable, and what is withheld has no name."""
    limits = (
        {"valid_until": NOON + DAY, "status": StatusEntry("revocation", INDEX, LIST)}
        if "/validUntil" in disclose
        else {}
    )
    claims = sample_credential(**limits).to_document()
    whole = sd_jwt.issue(claims, KEY, header={"typ": "vc+sd-jwt", "kid": METHOD}, disclose=disclose)

    found = materials(sd_jwt.select(whole, disclose=shown).encode())

    told = [each for each in checks.proof(found, NOON) if each.check == "disclosure"]
    assert [each.details["not_shown"] for each in told] == ([hidden] if hidden else [])
    (status,) = checks.status(found, NOON)
    (period,) = checks.period(found, NOON)
    assert (status.message == "It shows no status.") is bool(hidden)
    assert (period.message == "It shows no end date.") is bool(hidden)


def test_of_several_entries_the_one_that_withdraws_may_be_withheld():
    """With the other one alone the badge looks as if nothing spoke against it."""
    entries = [
        {"id": f"urn:x:{purpose}", **StatusEntry(purpose, INDEX, LIST).to_document()}
        for purpose in ("revocation", "suspension")
    ]
    document = {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiableCredential"],
        "issuer": did_key(CURVE_KEY.public_key),
        "validUntil": format_datetime(NOON + DAY),
        "credentialSubject": {"id": "urn:x:subject"},
        "credentialStatus": entries,
    }
    signed = data_integrity.sign(
        document,
        CURVE_KEY,
        verification_method=CURVE_METHOD,
        created=NOON,
        cryptosuite="ecdsa-sd-2023",
        mandatory_pointers=["/issuer", "/validUntil", "/credentialSubject"],
    )
    copy = to_json(data_integrity.derive(signed, selective_pointers=["/credentialStatus/1"]))

    told = {finding.check: finding for finding in checks.proof(materials(copy), NOON)}
    assert told["signature"].outcome is Outcome.PASSED
    assert told["disclosure"].details["not_shown"] == "credentialStatus"


@pytest.mark.parametrize("name", ["validUntil", "expirationDate"])
def test_an_end_date_that_is_shown_is_one_under_either_name(name):
    document = json.loads(part()) | {name: format_datetime(NOON + DAY)}

    assert not_shown(read(to_json(document))) == ("credentialStatus",)
