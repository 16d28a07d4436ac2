# SPDX-License-Identifier: Apache-2.0
"""Receipts: what they say, what they never say, and that they verify."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cairn import PrivateKey, Report, Verdict, Verifier, sign
from cairn.did import did_key
from cairn.keys import Algorithm
from cairn.testing import NOON, FixedSources, sample_credential, signed_sample
from cairn_server import receipts

if TYPE_CHECKING:
    from collections.abc import Sequence

VERIFIER = Verifier(FixedSources())


def report_of(data: bytes) -> Report:
    return VERIFIER.examine(data, at=NOON)


def receipt_of(*reports: Report, contents: Sequence[dict[str, str] | None] = ()) -> dict[str, Any]:
    return receipts.receipt(
        [each.to_document() for each in reports], at=NOON, checked_with="Cairn 1", contents=contents
    )


def signed(receipt: dict[str, Any]) -> bytes:
    key = PrivateKey.generate(Algorithm.ED25519)
    did = did_key(key.public_key)
    return sign(
        {**receipt, "issuer": {"id": did}},
        key,
        verification_method=f"{did}#{did.removeprefix('did:key:')}",
        at=NOON,
        cryptosuite="eddsa-jcs-2022",
    )


def test_a_receipt_names_the_bytes_the_time_the_checker_and_every_finding():
    report = report_of(signed_sample())

    subject = receipt_of(report)["credentialSubject"]

    assert subject["sha256"] == report.sha256
    assert subject["checkedAt"] == "2026-11-23T12:00:00Z"
    assert subject["checkedWith"] == "Cairn 1"
    assert subject["verdict"] == "verified"
    assert [each["check"] for each in subject["findings"]] == [each.check for each in report.findings]


def test_a_receipt_repeats_nothing_that_the_credential_says():
    text = json.dumps(receipt_of(report_of(signed_sample())))

    credential = sample_credential()
    for said in (credential.issuer.id, credential.issuer.name, credential.subject.achievement.name, "Zoë"):
        assert said not in text


def test_what_it_says_is_repeated_when_somebody_asks():
    report = report_of(signed_sample())
    assert report.document is not None

    subject = receipt_of(report, contents=[receipts.what_it_says(report.document)])["credentialSubject"]

    assert subject["content"]["name"] == "Knots and Splices"
    assert subject["content"]["holder"] == "Zoë Núñez"


@pytest.mark.parametrize(
    "data", [signed_sample(), signed_sample().replace(b"Knots", b"Knotz")], ids=["genuine", "changed"]
)
def test_a_receipt_verifies_whatever_it_says(data):
    report = report_of(data)

    again = report_of(signed(receipt_of(report)))

    assert again.verdict is Verdict.VERIFIED
    assert again.document is not None
    assert again.document["credentialSubject"]["verdict"] == report.verdict.value


def test_one_receipt_holds_many_answers_also_twice_the_same():
    report = report_of(signed_sample())

    again = report_of(signed(receipt_of(report, report, report)))

    assert again.verdict is Verdict.VERIFIED
    assert again.document is not None
    assert len(again.document["credentialSubject"]) == 3


def test_no_word_of_a_receipt_can_be_changed():
    """B75: verdict, fingerprint, time and each finding are signed."""
    receipt = json.loads(signed(receipt_of(report_of(signed_sample().replace(b"Knots", b"Knotz")))))
    changes = {
        "verdict": "verified",
        "accepted": True,
        "sha256": "00" * 32,
        "checkedAt": "2020-01-01T00:00:00Z",
        "findings": [],
        "kind": "Diploma",
        "checkedWith": "Cairn 2",
        "content": {"name": "Diploma"},
    }
    for name, value in changes.items():
        changed = {**receipt, "credentialSubject": {**receipt["credentialSubject"], name: value}}

        assert report_of(json.dumps(changed).encode()).verdict is Verdict.NOT_VERIFIED, name


def test_of_a_strange_document_only_short_texts_are_repeated():
    found = receipts.what_it_says({"name": ["x"], "issuer": {"id": 1, "name": "y" * 1_000}, "validFrom": {}})

    assert found == {"issuerName": "y" * receipts.LONGEST}


def test_a_receipt_does_not_repeat_what_strangers_call_a_member():
    """Anybody can bring a file with such a name in it, and the receipt is signed by this server."""
    inner = {"type": ["VerifiableCredential"]}
    stranger = {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiableCredential"],
        "verifiableCredential": [inner],
        "Harbour School confirms that Mallory passed": {"issuer": [inner]},
    }

    subject = receipt_of(report_of(json.dumps(stranger).encode()))["credentialSubject"]

    assert [part["path"] for part in subject["parts"]] == ["/verifiableCredential/0", "/…/issuer/0"]
