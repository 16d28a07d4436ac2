# SPDX-License-Identifier: Apache-2.0
"""The OpenAPI document, and the page that is drawn from it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from server.tests.api.v1.test_tokens import NEVER, OPERATIONS

from cairn_server.api.v1.reference import PROBLEMS

if TYPE_CHECKING:
    from django.http import HttpResponse


@pytest.fixture
def document(installation: object) -> dict[str, Any]:
    return Client(headers={"host": "cairn.example"}).get("/api/v1/openapi.json").json()  # type: ignore[no-any-return]


@pytest.fixture
def page(installation: object) -> HttpResponse:
    return Client(headers={"host": "cairn.example"}).get("/api/v1/docs")  # type: ignore[return-value]


def operations(document: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (method.upper(), path.removeprefix("/api/v1")): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def test_it_is_openapi_3_1_at_our_address(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.0"
    assert document["servers"] == [{"url": "https://cairn.example"}]
    assert all(path.startswith("/api/v1/") for path in document["paths"])


def test_every_operation_names_its_scope(document: dict[str, Any]) -> None:
    told = {
        (method, re.sub(r"\{.*?\}", NEVER, path)): operation["security"][0]["Token"]
        for (method, path), operation in operations(document).items()
        if "security" in operation
    }

    assert told == {(m, p): [s.value] for m, p, s in OPERATIONS} | {("POST", "/verify"): ["verify"]}


def test_every_operation_can_end_in_a_problem(document: dict[str, Any]) -> None:
    for operation in operations(document).values():
        assert "application/problem+json" in operation["responses"]["default"]["content"]


def test_the_page_shows_every_operation_and_every_problem(
    document: dict[str, Any], page: HttpResponse
) -> None:
    html = page.content.decode()

    assert page.status_code == 200
    for (method, path), operation in operations(document).items():
        assert f"{method} /api/v1{path}" in html
        assert f'id="{operation["operationId"]}"' in html
    for problem in PROBLEMS:
        assert f'id="problem-{problem.code}"' in html


def test_the_page_keeps_to_the_strict_policy(page: HttpResponse) -> None:
    html = page.content.decode()

    assert "unsafe" not in page["Content-Security-Policy"]
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|javascript:", html)
    assert not re.search(r'(?:src|href)="(?:https?:)?//', html)
