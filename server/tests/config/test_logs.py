# SPDX-License-Identifier: Apache-2.0
import json
import logging
import sys

import pytest
from django.core.handlers.exception import response_for_exception
from django.test import Client, RequestFactory
from django.urls import resolve

from cairn_server.config import settings as our_settings
from cairn_server.config.logs import JsonFormatter, LineFormatter, WithoutAddresses


@pytest.mark.parametrize("text", ["a\r\nb", "\x1b[31mred", "a\u2028b", "\u202etxt", "\x00"])
def test_nobody_writes_a_second_line_or_colours_the_first(text):
    """B132: newlines and escape codes in names and headers."""
    record = logging.LogRecord("cairn", logging.INFO, "", 0, "signed in: %s", (text,), None)

    line = LineFormatter().format(record)

    assert line.isprintable()
    assert line.endswith(text.encode("unicode_escape").decode())


def test_an_ordinary_line_is_left_alone():
    record = logging.LogRecord("cairn", logging.INFO, "", 0, "Зоя signed in", (), None)

    assert LineFormatter().format(record).endswith("INFO cairn Зоя signed in")


def test_the_lines_of_a_traceback_are_indented():
    try:
        raise ValueError("x\n2026-01-01 INFO cairn forged")
    except ValueError:
        record = logging.LogRecord("cairn", logging.ERROR, "", 0, "failed", (), sys.exc_info())

    lines = LineFormatter().format(record).splitlines()

    assert all(line.startswith("    ") for line in lines[1:])


SECRET = "A1b2C3d4E5f6G7h8I9j0Kk"


class Kept(logging.Handler):
    """What the handler of the settings would have written."""

    def __init__(self):
        super().__init__()
        self.lines = []
        self.setFormatter(LineFormatter())
        for name in our_settings.LOGGING["handlers"]["stderr"]["filters"]:
            assert our_settings.LOGGING["filters"][name]["()"].endswith(".WithoutAddresses")
            self.addFilter(WithoutAddresses())

    def emit(self, record):
        self.lines.append(self.format(record))


@pytest.fixture
def written():
    handler = Kept()
    logging.getLogger().addHandler(handler)
    yield handler.lines
    logging.getLogger().removeHandler(handler)


@pytest.mark.django_db
@pytest.mark.parametrize("path", [f"/invitation/{SECRET}", f"/c/{SECRET}", f"/nowhere/{SECRET}"])
def test_b132_what_is_asked_for_is_never_in_the_log(written, path):
    """Addresses of credentials and of invitations are secrets: not for a 403, a 404, nor a 405."""
    client = Client(headers={"host": "cairn.example"}, enforce_csrf_checks=True)
    page_before = f"https://elsewhere.example{path}"

    for method in ("GET", "POST", "DELETE"):
        answer = client.generic(method, path, secure=True, headers={"referer": page_before})
        assert answer.status_code >= 400

    assert not [line for line in written if SECRET in line]


def test_b132_a_fault_of_ours_is_logged_with_the_pattern_of_the_address(written):
    request = RequestFactory().get(f"/c/{SECRET}", headers={"host": "cairn.example"})
    request.resolver_match = resolve(request.path)

    response_for_exception(request, RuntimeError("out of order"))

    (line,) = written
    assert "Internal Server Error: /c/<public_id:credential_id>" in line
    assert "out of order" in line
    assert SECRET not in line


def test_b132_the_web_server_quotes_no_request_either(written):
    logger = logging.getLogger("gunicorn.error")
    filters = our_settings.LOGGING["loggers"]["gunicorn.error"]["filters"]
    assert filters == our_settings.LOGGING["handlers"]["stderr"]["filters"]
    logger.warning(f"Invalid request from ip=192.0.2.1: Invalid HTTP request line: 'GET /c/{SECRET}'")
    logger.error("Error handling request %s", f"/c/{SECRET}")
    logger.error("Error handling request %s %s", "GET", f"/c/{SECRET}")
    logger.error("Worker exiting (pid: %s)", 7)

    assert [line.partition("gunicorn.error ")[2] for line in written] == [
        "Error handling request", "Error handling request", "Worker exiting (pid: 7)",
    ]  # fmt: skip


def test_json_has_the_same_words_on_one_line():
    try:
        raise ValueError("x\n2026-01-01 INFO cairn forged")
    except ValueError:
        record = logging.LogRecord(
            "cairn", logging.ERROR, "", 0, "signed in: %s", ("a\r\n\u2028b",), sys.exc_info()
        )

    line = JsonFormatter().format(record)

    assert line.isprintable()
    event = json.loads(line)
    assert (event["level"], event["logger"]) == ("ERROR", "cairn")
    assert event["message"] == "signed in: a\r\n\u2028b"
    assert "forged" in event["exception"]
    assert event["time"].endswith("+00:00")


def test_either_format_goes_through_the_filter_of_addresses():
    handler = our_settings.LOGGING["handlers"]["stderr"]

    assert handler["filters"] == ["no-addresses"]
    assert set(our_settings.LOGGING["formatters"]) == {"line", "json"}
    assert handler["formatter"] == our_settings.LOG_FORMAT == "line"
