# SPDX-License-Identifier: Apache-2.0
"""CSV as programs write it, and as people break it (B117)."""

from __future__ import annotations

import io

import pytest

from cairn_server.issuing.lists import columns
from cairn_server.issuing.lists.problems import Unreadable
from cairn_server.issuing.lists.text import ENCODINGS, TextTable

LIST = "email,name\nzo@people.example,Zoë Ågren\n"


def table(data: bytes | str, **chosen: str) -> TextTable:
    data = data.encode() if isinstance(data, str) else data
    return TextTable(io.BytesIO(data), is_header=columns.known, **chosen)


def lines(data: bytes | str, **chosen: str) -> list[tuple[int, list[str], str]]:
    return list(table(data, **chosen).lines())


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (LIST.encode(), "utf-8"),
        (LIST.encode("utf-8-sig"), "utf-8"),
        (LIST.encode("utf-16"), "utf-16"),
        (b"\xfe\xff" + LIST.encode("utf-16-be"), "utf-16"),
        (LIST.encode("utf-16-le"), "utf-16"),  # no mark
        (LIST.encode("utf-16-be"), "utf-16"),
        (LIST.encode("cp1252"), "cp1252"),
        (LIST.encode("latin-1"), "cp1252"),  # the same letters at the same places
    ],
)
def test_the_encoding_is_found_out(data, encoding):
    found = table(data)

    assert found.encoding == encoding
    assert [cells for _line, cells, _wrong in found.lines()][1] == ["zo@people.example", "Zoë Ågren"]


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        ("cp1250", "Łukasz Żak"),
        ("cp1251", "Олена"),
        ("cp1253", "Ελένη"),
        ("cp1254", "Gülşah"),
        ("cp1256", "ليلى"),
        ("mac_roman", "Zoë"),
        ("utf-16", "Łukasz"),
    ],
)
def test_another_encoding_can_be_chosen(encoding, name):
    """Windows-1252 fits these as well; only a person sees that it makes no names of the letters."""
    data = f"email,name\na@b.example,{name}\n".encode(encoding)

    assert lines(data, encoding=encoding)[1][1][1] == name


def test_every_encoding_that_is_offered_can_be_read():
    for encoding in ENCODINGS:
        assert len(lines("email,name\na@b.example,A\n".encode(encoding), encoding=encoding)) == 2


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\xff\xfee\x00m", "list-not-utf-16"),  # half of a unit
        (b"\xff\xfee\x00m\x00\x00\xd8", "list-not-utf-16"),  # half of a pair
        (b"email,name\n\x81\x8d", "list-letters"),  # nothing stands there in Windows-1252
        (b"email,name\nZo\xc3\xab\nZo\xeb\n", "list-mixed-encodings"),
        (b"email,name\nZo\xeb\nZo\xc3\xab\n", "list-mixed-encodings"),
    ],
)
def test_b117_letters_that_cannot_be_read_are_refused(data, code):
    with pytest.raises(Unreadable) as refused:
        table(data)

    assert refused.value.problem.code == code


def test_an_encoding_that_does_not_fit_is_refused():
    with pytest.raises(Unreadable) as refused:
        table(LIST.encode("cp1252"), encoding="utf-8")

    assert refused.value.problem.sentence == ("The list cannot be read as UTF-8. Choose another encoding.")


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_found_out(separator):
    assert table(LIST.replace(",", separator)).separator == separator


def test_columns_we_know_say_more_about_the_separator_than_how_often_it_is_there():
    assert table("email;name;a,b,c,d,e\n").separator == ";"


def test_without_a_column_we_know_the_separator_that_is_there_most_is_taken():
    assert table("Adresse;Wer;Was\n").separator == ";"


def test_another_separator_can_be_chosen():
    assert lines("email;name\n", separator=",")[0][1] == ["email;name"]


def test_the_line_that_tells_excel_the_separator_is_understood_and_no_row():
    assert lines("sep=|\nemail|name\na@b.example|A;B\n") == [
        (2, ["email", "name"], ""),
        (3, ["a@b.example", "A;B"], ""),
    ]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_every_end_of_line_is_one_and_the_last_may_be_missing(ending):
    data = ending.join(["email,name", "", "a@b.example,A", "c@d.example,C"])

    assert [line for line, _cells, _wrong in lines(data)] == [1, 3, 4]


def test_cells_in_quotes_hold_separators_quotes_and_lines():
    data = 'email,name,comment\na@b.example,"Arbor, ""Ann""","one\r\ntwo"\nb@b.example,Bo,\n'

    assert lines(data)[1:] == [
        (2, ["a@b.example", 'Arbor, "Ann"', "one\r\ntwo"], ""),
        (4, ["b@b.example", "Bo", ""], ""),
    ]


def test_b117_a_quotation_mark_inside_a_cell_spoils_its_line_and_no_other():
    data = 'email,name\na@b.example,"Ann" Arbor\nb@b.example,Bo\n'

    assert lines(data)[1:] == [(2, [], "line-quotation"), (3, ["b@b.example", "Bo"], "")]


def test_b117_a_quotation_mark_that_is_never_closed_does_not_swallow_the_file():
    data = 'email,name\na@b.example,"Ann\n' + "b@b.example,Bo\n" * 100_000
    found = table(data).lines()
    next(found)

    with pytest.raises(Unreadable) as refused:
        list(found)

    assert (refused.value.problem.code, refused.value.problem.line) == ("line-quotation", 2)


@pytest.mark.parametrize(
    ("data", "code", "line"),
    [
        ("email,name\na@b.example,A\0nn\n", "line-nul", 2),
        ("email,name\n" + "x" * 20_001 + "\n", "line-long", 2),
        ("email,name\n\n" + "x" * 10_000_000, "line-long", 3),
    ],
)
def test_b117_lines_that_no_program_writes_end_the_reading(data, code, line):
    with pytest.raises(Unreadable) as refused:
        lines(data)

    assert (refused.value.problem.code, refused.value.problem.line) == (code, line)


def test_a_line_of_exactly_the_longest_length_is_read():
    assert len(lines("email,name\n" + "x" * 20_000 + "\r\n")) == 2


def test_lines_can_be_read_again_from_the_beginning():
    found = table(LIST)

    assert list(found.lines()) == list(found.lines())
