# SPDX-License-Identifier: Apache-2.0
import logging
import sys

import pytest

from cairn_server.config.logs import LineFormatter


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
