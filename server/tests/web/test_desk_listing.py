# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import csv
import io

import pytest

from cairn_server.web.listing import csv_download, harmless


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_a_cell_that_a_spreadsheet_would_run_is_text(start: str) -> None:
    """B118"""
    assert f"'{start}cmd|' /C calc'!A0" == harmless(f"{start}cmd|' /C calc'!A0")


def test_an_ordinary_cell_stays_as_it_is() -> None:
    assert [harmless(cell) for cell in ("Zoë", 3.5, None, "a=b")] == ["Zoë", "3.5", "", "a=b"]


def test_every_cell_of_an_export_is_harmless_and_reads_back() -> None:
    """B118: the header too, which may be translated."""
    response = csv_download("things", ["=Name"], [['Ann, "the" first'], ["=1+1"]])
    text = b"".join(response.streaming_content).decode()

    assert text.startswith("\ufeff")
    assert list(csv.reader(io.StringIO(text[1:]))) == [["'=Name"], ['Ann, "the" first'], ["'=1+1"]]
    assert response["Content-Disposition"] == 'attachment; filename="things.csv"'
    assert response["Cache-Control"] == "no-store"
