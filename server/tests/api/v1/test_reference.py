# SPDX-License-Identifier: Apache-2.0
"""The OpenAPI document, and the page that is drawn from it."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from server.tests.api.v1.test_tokens import NEVER, NEVER_SENT, OPERATIONS

from cairn_server import errors
from cairn_server.accounts import limits
from cairn_server.achievements import pictures as design
from cairn_server.achievements import services as achievements
from cairn_server.api import problems, v1
from cairn_server.api.problems import PROBLEMS, type_of
from cairn_server.api.v1 import awards, paging, tokens
from cairn_server.assessments import authoring as assessing
from cairn_server.assessments import questions
from cairn_server.config import trust
from cairn_server.issuing import as_token, replacing, standing
from cairn_server.issuing import services as issuing
from cairn_server.organisations import roles, watermark
from cairn_server.projects import authoring as projecting
from cairn_server.projects import reviewing
from cairn_server.webhooks import services as webhooks

if TYPE_CHECKING:
    from django.http import HttpResponse


BEHIND_THE_INTERFACE = (
    assessing,
    projecting,
    questions,
    reviewing,
    limits,
    achievements,
    design,
    v1,
    awards,
    paging,
    problems,
    tokens,
    errors,
    as_token,
    issuing,
    standing,
    replacing,
    roles,
    trust,
    watermark,
    webhooks,
)


def codes_in(source: Path) -> set[str]:
    """The words in the place of a code, wherever a refusal or a problem is made."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Call):
            called = getattr(node.func, "id", getattr(node.func, "attr", ""))
            place = 1 if called == "problem" else 0
            if called in MAKES_A_REFUSAL and len(node.args) > place:
                word = node.args[place]
                found |= {word.value} if isinstance(word, ast.Constant) else set()
            found |= {
                word.value.value
                for word in node.keywords
                if word.arg == "code" and isinstance(word.value, ast.Constant)
            }
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "usual_code":
            found.add(node.value.value)  # type: ignore[attr-defined]
    return {word for word in found if CODE.fullmatch(str(word))}


CODE = re.compile(r"[a-z]+(-[a-z]+)*")
MAKES_A_REFUSAL = ("__init__", "Refusal", "NotAllowed", "problem", "BadDesign")


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
        (method, re.sub(r"\{.*?\}", NEVER, path.replace("{message_id}", NEVER_SENT))): operation["security"][
            0
        ]["Token"]
        for (method, path), operation in operations(document).items()
        if "security" in operation
    }

    assert told == {(m, p): [s.value] for m, p, s in OPERATIONS} | {("POST", "/verify"): ["verify"]}


def test_whom_to_trust_and_to_compare_is_asked_for_in_writing(document: dict[str, Any]) -> None:
    """An e-mail address is never a part of an address: those are logged on the way."""
    asked = operations(document)["POST", "/verify"]["parameters"]

    assert {(each["in"], each["name"]) for each in asked} == {
        ("query", "receipt"),
        ("query", "content"),
        ("query", "lists"),
        ("query", "at"),
        ("query", "refresh"),
        ("header", "Cairn-Holder"),
    }
    assert not any(each.get("required") for each in asked)


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


def test_every_code_of_the_layer_and_of_its_verbs_has_an_entry() -> None:
    """Each refusal that these modules can answer with; what is awarded from a list has no operation here."""
    codes = {code for module in BEHIND_THE_INTERFACE for code in codes_in(Path(module.__file__ or ""))}

    assert {"already-revoked", "draft-exists", "second-factor-required", "too-many-requests"} < codes
    assert not {code for code in codes if type_of(code) == "about:blank"}


def test_a_type_leads_to_an_entry_or_nowhere(page: HttpResponse) -> None:
    html = page.content.decode()

    assert type_of("already-revoked") == "https://cairn.example/api/v1/docs#problem-already-revoked"
    assert 'id="problem-already-revoked"' in html
    assert type_of("json-duplicate-key") == "about:blank"
    assert "problem-json-duplicate-key" not in html


def test_no_problem_is_explained_twice() -> None:
    assert len(PROBLEMS) == len({problem.code for problem in PROBLEMS})


def test_the_page_keeps_to_the_strict_policy(page: HttpResponse) -> None:
    html = page.content.decode()

    assert "unsafe" not in page["Content-Security-Policy"]
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|javascript:", html)
    assert not re.search(r'(?:src|href)="(?:https?:)?//', html)
