# SPDX-License-Identifier: Apache-2.0
"""What is stored: only what our own verifier accepts, with every column as on the usual road."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import pytest
from server.tests.conftest import MONDAY
from server.tests.issuing.chunks.conftest import FULL, everything
from server.tests.issuing.conftest import people

import cairn
from cairn.canonical import parse_json
from cairn_server.issuing import batches, signing
from cairn_server.issuing.chunks.making import Made
from cairn_server.issuing.models import BatchRow, Credential
from cairn_server.issuing.representations import representation
from cairn_server.journal.models import Entry
from cairn_server.organisations.models import Organisation


def test_what_our_own_verifier_refuses_is_not_stored_and_the_others_are(start, monkeypatch):
    batch = start(3)
    genuine = Made.sign

    def damaged(made: Any) -> list[bytes]:
        return [each.replace(b"Person 1", b"Person X") for each in genuine(made)]

    monkeypatch.setattr(Made, "sign", damaged)

    batches.run_batch(batch, at=MONDAY)

    batch.refresh_from_db()
    assert (batch.awarded, batch.failed) == (2, 1)
    assert "signature" in BatchRow.objects.get(number=3).problem
    assert not Credential.objects.filter(recipient_name="Person 1").exists()


@pytest.mark.parametrize("hashes_email", [False, True])
@pytest.mark.parametrize(
    "values",
    [
        {},
        FULL,
        {"did": "did:web:learner.example"},
        {"name": "Zoë Ångström–Müller 東京"},
        {"evidence_url": "https://college.example/a%2fb"},  # no template takes it
    ],
    ids=["plain", "full", "did", "letters", "by-itself"],
)
def test_stored_columns_and_bytes_are_those_of_the_usual_road(
    values, hashes_email, accept, issuer, organisation
):
    Organisation.objects.filter(pk=organisation.pk).update(hashes_email=hashes_email)
    rows = people(3)
    batch = batches.start(accept([*rows[:2], (4, "test:4", values)]), by=issuer, at=MONDAY)

    batches.run_batch(batch, at=MONDAY)

    everything(batch)
    # Read back from the columns, built and signed as any award is, it is the same to the last byte.
    for credential in Credential.objects.filter(batch=batch):
        stored = credential.secured_in("vc+ld+json").bytes()
        document = parse_json(stored)
        hashed = [each for each in document["credentialSubject"]["identifier"] if each.get("salt")]
        assert bool(hashed) is hashes_email
        issued = signing.Issuer.open(organisation, at=MONDAY)
        built = signing.build(credential, issuer=issued, salt=hashed[0]["salt"] if hashed else "")
        signed = cairn.sign(built, TESTING_KEY, verification_method=issued.verification_method, at=MONDAY)
        assert signed.rpartition(b'"proofValue"')[0] == stored.rpartition(b'"proofValue"')[0]
        assert credential.language == (
            FULL["language"] if "language" in values and credential.batch_number == 4 else ""
        )


TESTING_KEY = cairn.PrivateKey.from_seed(bytes(range(32)))


def test_what_is_in_a_chunk_can_be_told_from_the_journal(start):
    batch = start(3)
    batches.run_batch(batch, at=MONDAY)

    whole = sha256()
    for credential in Credential.objects.filter(batch=batch).order_by("batch_number"):
        whole.update(credential.public_id.encode())
        whole.update(sha256(representation(credential, "json")[0]).digest())
    assert Entry.objects.get(verb="credentials awarded").details["digest"] == whole.hexdigest()
