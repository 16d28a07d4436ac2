# SPDX-License-Identifier: Apache-2.0
"""What a plan comes to: the same bytes for everybody, and never a signature before its intent."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode
from typing import Any
from uuid import UUID

import pytest
from server.tests.conftest import MONDAY
from server.tests.issuing.chunks.conftest import AFTER_THE_LEASE, FULL

from cairn_server.issuing import batches, intents, patterns
from cairn_server.issuing.chunks import leases, making, planning
from cairn_server.issuing.chunks.making import Made
from cairn_server.organisations import keys


def test_the_same_chunk_twice_gives_the_same_bytes(start):
    start(3)
    lease = leases.claim(at=MONDAY, worker="w")
    chunk = planning.plan(lease, at=MONDAY)
    one = Made.of(chunk)
    making.intend(lease, one)
    first = one.sign()

    later = leases.claim(at=AFTER_THE_LEASE, worker="v")
    two = Made.of(planning.plan(later, at=AFTER_THE_LEASE))

    assert two.sign() == first
    assert [each.leaf_salt for each in two.awards] == [each.leaf_salt for each in one.awards]


def test_what_is_derived_is_what_the_standards_call_it():
    seen = set()
    for number in range(200):
        identifier, subject, salt = making.derived(bytes(32), number)
        drawn = hmac.digest(bytes(32), number.to_bytes(8, "big"), "sha512")
        assert urlsafe_b64decode(f"{identifier}==") == drawn[:16]
        assert subject == UUID(bytes=drawn[16:32], version=4).urn
        assert salt == drawn[32:]
        assert urlsafe_b64decode(f"{making.email_salt(salt)}==") not in drawn, "not a part of what is public"
        seen |= {identifier, subject, salt}
    assert len(seen) == 600


def test_nothing_is_signed_before_the_intent_is_on_record(start, monkeypatch):
    batch = start(3)
    genuine, seen = keys.OrderedSigner.sign_many, []

    def watching(self: Any, inputs: Any) -> Any:
        if self.purpose == "chunk":
            seen.append((intents.of_chunk(self.intent), keys.intent_digest(inputs)))
        return genuine(self, inputs)

    monkeypatch.setattr(keys.OrderedSigner, "sign_many", watching)

    batches.run_batch(batch, at=MONDAY)

    [(intent, digest)] = seen
    assert intent is not None
    assert intent.sha256 == digest
    assert intents.of_chunk(f"{batch.public_id}/1") is None, "once it is done there is nothing to sign"


@pytest.mark.parametrize("reference", ["", "x", "x/1", "{}/2", "{}/one", "{}/", "{}/-1"])
def test_a_reference_to_nothing_has_no_intent(reference, start):
    assert intents.of_chunk(reference.format(start(1).public_id)) is None


@pytest.mark.parametrize(
    "values", [{}, FULL, {"did": "did:web:learner.example"}], ids=["plain", "full", "did"]
)
def test_what_is_usual_is_made_from_a_pattern(values, accept, issuer, monkeypatch):
    def alone(*_: Any, **__: Any) -> None:
        raise AssertionError("built by itself, which takes a hundred times as long")

    monkeypatch.setattr(patterns.Press, "_by_itself", alone)

    batch = batches.start(accept([(2, "a", values), (3, "b", values)]), by=issuer, at=MONDAY)
    batches.run_batch(batch, at=MONDAY)

    assert batch.awarded == 2
