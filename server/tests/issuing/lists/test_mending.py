# SPDX-License-Identifier: Apache-2.0
"""The file with the problems goes out and comes back: what may change, and what may not."""

from __future__ import annotations

import csv
import io

import pytest
from server.tests import spreadsheets
from server.tests.conftest import MONDAY

from cairn_server.issuing.lists import checking, mending
from cairn_server.issuing.lists.problems import Problem, Unreadable
from cairn_server.issuing.lists.rows import BadRow, Row

LIST = (
    "e-mail;name;grade;evidence;evidence\na@;A;-1;https://a.example/1;https://a.example/2\nb@b.example;;2;;\n"
)


def went_out(text: str = LIST) -> tuple[checking.Reading, str]:
    """The reading of a list, and the file that is downloaded for it."""
    file = io.BytesIO(text.encode())
    reading = checking.survey(file).reading
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(mending.header(reading))
    for row in checking.read(file, reading, at=MONDAY, most_rows=99):
        assert isinstance(row, BadRow)
        writer.writerow(mending.line_of(row.cells, row.problems, columns=len(reading.headers), line=row.line))
    return reading, out.getvalue()


def came_back(reading: checking.Reading, text: str | io.BytesIO, waiting=frozenset({2, 3})) -> list:
    file = io.BytesIO(text.encode()) if isinstance(text, str) else text
    return list(mending.read_mended(file, reading, waiting=waiting, at=MONDAY, most_rows=99))


def test_the_file_says_what_is_wrong_beside_each_row():
    _reading, text = went_out()

    assert text.splitlines()[1] == (
        "a@,A,-1,https://a.example/1,https://a.example/2,2,e-mail: is not an e-mail address."
    )


def test_a_file_that_was_mended_has_rows_with_the_lines_of_the_list():
    reading, text = went_out()

    one, two = came_back(
        reading, text.replace("a@,", "a@a.example,").replace("b@b.example,,", "b@b.example,B,")
    )

    assert isinstance(one, Row)
    assert (one.line, one.email, one.values["grade"], two.line, two.name) == (2, "a@a.example", "-1", 3, "B")
    assert one.values["evidence"] == [{"url": "https://a.example/2"}]


def test_what_is_still_wrong_is_said_with_the_line_of_the_list():
    reading, text = went_out()

    rows = came_back(reading, text)

    assert [row.problems[0].sentence for row in rows] == [
        "Line 2, column *e-mail*: 'a@' is not an e-mail address.",
        "Line 3, column *name*: '' is empty; every row needs a name.",
    ]


def test_the_order_of_columns_and_the_kind_of_file_do_not_matter():
    reading, _text = went_out()
    file = spreadsheets.spreadsheet([["Line", "name", "e-mail", "grade"], [2, "A", "a@a.example", 1]])

    (row,) = came_back(reading, file)

    assert (row.line, row.email, row.values["grade"]) == (2, "a@a.example", "1")


@pytest.mark.parametrize(
    ("line", "code"),
    [("7", "line-not-here"), ("", "line-unknown"), ("x", "line-unknown"), ("-2", "line-unknown"),
     ("٢", "line-unknown"), ("9999999999", "line-unknown")],
)  # fmt: skip
def test_only_a_row_that_waits_can_be_mended(line, code):
    reading, _text = went_out()

    (found,) = came_back(reading, f"e-mail,name,Line\nx@x.example,X,{line}\n")

    assert isinstance(found, Problem)
    assert found.code == code


def test_one_row_is_mended_once():
    reading, _text = went_out()

    one, two = came_back(reading, "e-mail,name,Line\nx@x.example,X,2\ny@y.example,Y,2\n")

    assert isinstance(one, Row)
    assert two.code == "line-again"


@pytest.mark.parametrize(
    ("text", "code"),
    [("e-mail,name\nx@x.example,X\n", "header-no-line"), ("Line,name\n2,X\n", "header-no-email")],
)
def test_without_its_columns_it_is_another_file(text, code):
    reading, _text = went_out()

    with pytest.raises(Unreadable) as refused:
        came_back(reading, text)

    assert refused.value.problem.code == code


def test_a_list_that_had_a_column_of_that_name_itself_is_mended_by_ours():
    reading, text = went_out("email,name,Line\na@,A,Tram 7\n")

    (row,) = came_back(reading, text.replace("a@,", "a@a.example,"), waiting={2})

    assert (row.line, row.email) == (2, "a@a.example")


def test_no_more_rows_than_that_are_read():
    reading, _text = went_out()

    with pytest.raises(Unreadable):
        came_back(reading, "e-mail,name,Line\n" + "x@x.example,X,2\n" * 100)
