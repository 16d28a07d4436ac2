# SPDX-License-Identifier: Apache-2.0
"""What a leaf will be made of: complete, random where it must be, and naming nobody."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from server.tests.conftest import MONDAY

from cairn_server.tlog.models import PendingLeaf


def leaf(**changes) -> PendingLeaf:
    usual = {
        "label": "issue",
        "format": "vc+jwt",
        "issuer_did": "did:web:cairn.example:i:abc",
        "secured_sha256": "0" * 64,
        "created_at": MONDAY,
    }
    return PendingLeaf.objects.create(**usual | changes)


@pytest.mark.django_db
def test_every_leaf_has_32_random_bytes_of_its_own():
    salts = {bytes(leaf(secured_sha256=f"{number:064x}").salt) for number in range(50)}

    assert len(salts) == 50
    assert {len(salt) for salt in salts} == {32}


@pytest.mark.django_db
def test_one_secured_thing_is_revoked_once():
    leaf()
    leaf(label="revoke")

    with pytest.raises(IntegrityError), transaction.atomic():
        leaf(label="revoke")


@pytest.mark.django_db
def test_a_format_outside_the_closed_list_is_refused():
    with pytest.raises(IntegrityError), transaction.atomic():
        leaf(format="mdoc")


def test_b170_there_is_no_column_for_a_person_an_address_or_a_link_to_one():
    fields = {
        field.name for field in PendingLeaf._meta.get_fields() if not field.auto_created or field.concrete
    }

    assert fields == {
        "id",
        "salt",
        "label",
        "format",
        "issuer_did",
        "secured_sha256",
        "state",
        "created_at",
    }
