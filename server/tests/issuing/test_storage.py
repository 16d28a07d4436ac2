# SPDX-License-Identifier: Apache-2.0
"""Many rows at once: what comes back is what was given, whatever letters are in it, on both databases."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from server.tests.conftest import MONDAY
from server.tests.issuing.conftest import people

from cairn_server.issuing import storage
from cairn_server.issuing.models import Batch, BatchRow, Delivery
from cairn_server.tlog.models import PendingLeaf

ODD = ["\\", "\\N", "\t", "a\nb\r\nc", "\\.", "%s %% {}", '"', "'", "Ω東京🙂", "", " ", "\x7f", "N\\\\\t\\"]


@pytest.mark.parametrize("text", ODD)
def test_every_letter_comes_back(text, accept):
    batch = accept([(2, "x", {"narrative": text})])

    assert BatchRow.objects.get(batch=batch).values["narrative"] == text


@pytest.mark.parametrize("text", ODD)
def test_also_in_columns_of_text_and_as_constants(text, accept):
    batch = accept([])

    storage.insert(
        BatchRow,
        same={"batch_id": batch.pk, "problem": text, "state": "failed"},
        columns=("number", "key", "values"),
        rows=[(1, text, {})],
    )

    found = BatchRow.objects.get(batch=batch)
    assert (found.key, found.problem) == (text, text)


@pytest.mark.django_db
def test_bytes_moments_and_what_is_not_named():
    every_byte = bytes(range(256))
    [pk] = storage.new_ids(PendingLeaf, 1)

    storage.insert(
        PendingLeaf,
        same={"label": "issue", "format": "vc+jwt", "issuer_did": "did:x", "created_at": MONDAY},
        columns=("id", "salt", "secured_sha256"),
        rows=[(pk, every_byte, "0" * 64)],
    )

    found = PendingLeaf.objects.get()
    assert (found.pk, bytes(found.salt), found.created_at) == (pk, every_byte, MONDAY)
    assert found.state == "pending", "the default of the field"


@pytest.mark.django_db
def test_ids_are_given_out_once():
    first, second = (list(storage.new_ids(PendingLeaf, 3)) for _ in range(2))
    leaf = {"label": "issue", "format": "vc+jwt", "issuer_did": "did:x", "created_at": MONDAY}
    storage.insert(
        PendingLeaf, same=leaf | {"secured_sha256": ""}, columns=("id", "salt"), rows=[(first[0], b"")]
    )

    made = PendingLeaf.objects.create(**leaf, secured_sha256="1" * 64)

    assert len(set(first)) == len(set(second)) == 3
    assert made.pk not in {first[0]}


def test_rows_may_be_read_over_the_same_connection_meanwhile(accept, credential):
    batch = accept(people(5))

    storage.insert(
        Delivery,
        same={"kind": "awarded", "created_at": MONDAY, "due_at": MONDAY, "credential_id": credential.pk},
        columns=("to",),
        rows=((row.key,) for row in batch.rows.iterator()),
    )

    assert Delivery.objects.filter(to__startswith="test:").count() == 5


def test_what_was_awarded_before_is_found_by_its_keys(award, organisation):
    keys = ["list:a", 'it\'s "odd" \\ {,}', "Ω東京", "list:b"]
    made = {key: award(request_key=key) for key in keys}

    found = storage.awarded_before(organisation.pk, [*keys[:3], "list:other", ""])

    assert {each.request_key for each in found} == set(keys[:3])
    assert {each.recipient_email for each in found} == {made["list:a"].recipient_email}
    assert storage.awarded_before(organisation.pk + 1, keys) == [], "another organisation has keys of its own"
    assert storage.awarded_before(organisation.pk, []) == []


def test_a_row_that_is_there_already_is_refused_as_django_says_it(accept):
    batch = accept(people(1))

    with pytest.raises(IntegrityError), transaction.atomic():
        storage.copy_rows(batch, people(1))


def test_more_rows_than_one_piece(accept, monkeypatch):
    monkeypatch.setattr(storage, "_PIECE", 7)

    batch = accept(people(30))

    assert batch.rows.count() == 30
    assert Batch.objects.get().rows.last().values["name"] == "Person 29"
