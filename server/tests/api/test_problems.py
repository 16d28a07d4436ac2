# SPDX-License-Identifier: Apache-2.0
"""RFC 9457 problems: everything that goes wrong below /api/ has one shape, whoever noticed it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.core.exceptions import BadRequest, PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import OperationalError
from django.http import Http404
from django.http.multipartparser import MultiPartParserError
from django.test import Client
from server.tests.api.conftest import FIELDS, Caller

from cairn.errors import MalformedError, UnavailableError, UnsupportedError
from cairn_server.achievements import services as achievements
from cairn_server.achievements.models import AchievementVersion
from cairn_server.api import problems
from cairn_server.errors import NotAllowed, NotVisible, Refusal

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Refusal("already-revoked", "It is."), 409, "already-revoked"),
        (NotAllowed(), 403, "not-allowed"),
        (NotVisible(), 404, "not-found"),
        (MalformedError("json-syntax", "No."), 400, "json-syntax"),
        (MalformedError("limit-size", "Too large."), 413, "limit-size"),
        (UnsupportedError("media-type", "No."), 415, "media-type"),
        (UnsupportedError("unknown-cryptosuite", "No."), 400, "unknown-cryptosuite"),
        (UnavailableError("unreachable", "Later."), 503, "unreachable"),
        (OperationalError("server closed the connection"), 503, "database-unavailable"),
        (Http404(), 404, "not-found"),
        (PermissionDenied(), 403, "not-allowed"),
        (RequestDataTooBig(), 413, "limit-size"),
        (SuspiciousOperation(), 400, "bad-request"),
        (BadRequest(), 400, "bad-request"),
        (MultiPartParserError(), 400, "bad-request"),
    ],
)
def test_every_error_somebody_can_act_on_is_a_problem(error: Exception, status: int, code: str) -> None:
    answer = problems.answer(error)

    assert answer is not None
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    assert answer["Cache-Control"] == "no-store"
    assert ("Retry-After" in answer) == (status == 503)
    assert f'"code": "{code}"' in answer.content.decode()


@pytest.mark.parametrize("error", [KeyError("x"), ValueError("x"), RuntimeError("x")])
def test_a_mistake_of_ours_is_no_answer(error: Exception) -> None:
    assert problems.answer(error) is None


@pytest.mark.parametrize(
    "path", ["", "/", "/x", "/achievements/", "/achievements/../awards", "/Awards", "/docs.json"]
)
def test_b142_an_address_that_does_not_exist_is_a_problem(installation: object, path: str) -> None:
    assert Caller().get(path).status_code == 404


@pytest.mark.parametrize(
    "path", ["/api", "/api/", "/api/v2/awards", "/api/v1", "/api/%00", "/api/v1/awards/0/revoke"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_b142_so_is_every_other_address_below_api(installation: object, path: str, method: str) -> None:
    # As a browser without our form token would be refused: a machine has none to send.
    answer = Client(enforce_csrf_checks=True, headers={"host": "cairn.example"}).generic(method, path)

    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "HEAD"])
def test_b142_another_method_is_a_problem(caller: Callable[..., Caller], method: str) -> None:
    answer = caller().send(method, "/awards", b"{}", X_HTTP_Method_Override="POST")

    assert answer.status_code == 405
    assert set(answer["Allow"].split(", ")) == {"GET", "POST"}


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "application/json; charset=utf-16",
        "",
    ],
)
def test_b140_json_under_another_name_is_not_read(caller: Callable[..., Caller], content_type: str) -> None:
    answer = caller().send("POST", "/achievements", b'{"name":"x"}', content_type)

    assert (answer.status_code, answer.json()["code"]) == (415, "media-type")  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"name":"a","name":"b"}', "json-duplicate-key"),  # B1
        (b'{"name":"a","n\\u0061me":"b"}', "json-duplicate-key"),
        (b'{"credits":NaN}', "json-number"),  # B2
        (b'{"name":' + b"[" * 100 + b"]" * 100 + b"}", "limit-depth"),  # B3
        (b'{"name":"\\ud800"}', "json-string"),  # B5
        (b'{"name":"\\u0000"}', "json-string"),  # B6
        (b'\xef\xbb\xbf{"name":"a"}', "json-encoding"),  # B7
        (b'{"name":"\xff"}', "json-encoding"),  # B8
        (b'{"name":"a"}//', "json-syntax"),  # B9
        (b"[]", "json-not-object"),  # B11
    ],
)
def test_b1_bodies_go_through_the_strict_parser(
    caller: Callable[..., Caller], body: bytes, code: str
) -> None:
    answer = caller().send("POST", "/achievements", body)

    assert (answer.status_code, answer.json()["code"]) == (400, code)  # type: ignore[attr-defined]
    assert not AchievementVersion.objects.exists()


@pytest.mark.parametrize("size", [300_000, 3_000_000])
def test_b10_a_large_body_is_refused(caller: Callable[..., Caller], size: int) -> None:
    answer = caller().send("POST", "/achievements", b'{"name":"' + b"x" * size + b'"}')

    assert (answer.status_code, answer.json()["code"]) == (413, "limit-size")  # type: ignore[attr-defined]


def test_b14_a_compressed_body_is_not_read(caller: Callable[..., Caller]) -> None:
    assert caller().send("POST", "/achievements", b"{}", Content_Encoding="gzip").status_code == 415


def test_a_mistake_of_ours_is_logged_and_told_without_its_details(
    caller: Callable[..., Caller], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(**_anything: Any) -> None:
        raise RuntimeError("the secret is 4711")

    monkeypatch.setattr(achievements, "draft_achievement", broken)

    answer = caller().post("/achievements", FIELDS)

    assert answer.status_code == 500
    assert b"4711" not in answer.content
    assert "4711" in caplog.text


def test_a_wrong_value_is_never_echoed(caller: Callable[..., Caller]) -> None:
    answer = caller().post("/achievements", FIELDS | {"level": "hunter2-secret"})

    assert answer.status_code == 422
    assert b"hunter2-secret" not in answer.content
