# SPDX-License-Identifier: Apache-2.0
"""How a log line looks: time, level, logger, message; one event is one line whatever is in it (B132)."""

from __future__ import annotations

import logging
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


def _printable(line: str) -> str:
    if line.isprintable():
        return line
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in line
    )
