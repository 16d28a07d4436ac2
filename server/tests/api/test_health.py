# SPDX-License-Identifier: Apache-2.0
"""/healthz."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import DatabaseError, connection
from django.test import Client

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def probe() -> Iterator[Client]:
    return Client(headers={"host": "cairn.example"})  # type: ignore[return-value]


@pytest.mark.django_db
def test_a_server_that_reaches_its_database_is_well(probe: Client) -> None:
    answer = probe.get("/healthz")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.django_db
def test_one_that_does_not_says_so(probe: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused() -> None:
        raise DatabaseError("connection to 10.0.0.7 refused")

    monkeypatch.setattr(connection, "cursor", refused)

    answer = probe.get("/healthz")

    assert answer.status_code == 503
    assert b"10.0.0.7" not in answer.content


@pytest.mark.django_db
def test_b142_it_is_only_asked(probe: Client) -> None:
    assert probe.post("/healthz").status_code == 405
