# SPDX-License-Identifier: Apache-2.0
"""How a log line looks: time, level, logger, message; one event is one line whatever is in it (B132).

As text for people, or as one JSON object for whatever collects logs (LOG_FORMAT): the same words in both.
"""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Any


class LineFormatter(logging.Formatter):
    """Control characters of names and headers are written as escapes, so nobody forges a second line."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  logging's own name
        return _printable(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:  # noqa: N802  logging's own name
        # A traceback has lines of its own; indented, none of them looks like the start of an event.
        return "\n".join(f"    {_printable(line)}" for line in super().formatException(ei).splitlines())


class JsonFormatter(logging.Formatter):
    """One object on one line: JSON writes control characters as escapes, and all that is not ASCII."""

    def format(self, record: logging.LogRecord) -> str:
        event = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            event["exception"] = self.formatException(record.exc_info)
        return json.dumps(event)


class WithoutAddresses(logging.Filter):
    """Addresses of credentials and of invitations are secrets, so no record says what was asked for (B132).

    In its place stands the pattern that the address matched, which tells as much about a fault of ours.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        message = str(record.msg)
        if record.name == "gunicorn.error" and message.startswith("Invalid request from"):
            # It quotes the line it could not read; and like any 4xx it is an answer and no warning.
            return False
        if record.name == "gunicorn.error" and message.startswith("Error handling request %s"):
            record.msg, record.args = "Error handling request", ()
        request = getattr(record, "request", None)
        path = getattr(request, "path", "")
        if path and isinstance(record.args, tuple):
            match = getattr(request, "resolver_match", None)
            shown = f"/{match.route}" if match else "(an address)"
            secret = {path, path.encode("unicode_escape").decode("ascii")}
            record.args = tuple(shown if argument in secret else argument for argument in record.args)
        return True


def _printable(line: str) -> str:
    if line.isprintable():
        return line
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in line
    )
