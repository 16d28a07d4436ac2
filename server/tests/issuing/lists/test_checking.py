# SPDX-License-Identifier: Apache-2.0
"""Lists as a whole: what is read, and what is said of what cannot be (B117)."""

from __future__ import annotations

import io
import re
import tracemalloc
from pathlib import Path

import pytest
from server.tests import spreadsheets
from server.tests.conftest import MONDAY

from cairn_server.issuing.lists import checking, columns
from cairn_server.issuing.lists.checking import Reading, Seen
from cairn_server.issuing.lists.problems import RULES, Problem, Unreadable
from cairn_server.issuing.lists.rows import BadRow, Row

GOOD = "email,name\nann@people.example,Ann Arbor\nbo@people.example,Bo Berg\n"


def file_of(text: bytes | str) -> io.BytesIO:
    return io.BytesIO(text.encode() if isinstance(text, str) else text)


def read(text, *, most_rows: int = 1_000, **chosen) -> list[Row | BadRow]:
    file = text if isinstance(text, io.BytesIO) else file_of(text)
    found = checking.survey(file, chosen=Reading(**chosen))
    if found.problems:
        return [BadRow(1, [], list(found.problems))]
    return list(checking.read(file, found.reading, at=MONDAY, most_rows=most_rows))


def sentences(text, **more) -> list[str]:
    try:
        rows = read(text, **more)
    except Unreadable as error:
        return [error.problem.sentence]
    return [problem.sentence for row in rows if isinstance(row, BadRow) for problem in row.problems]


def values(text, **more) -> dict:
    (row,) = read(text, **more)
    assert isinstance(row, Row), row
    return row.values


def test_a_plain_list_is_read():
    assert [(row.line, row.name, row.email) for row in read(GOOD)] == [
        (2, "Ann Arbor", "ann@people.example"),
        (3, "Bo Berg", "bo@people.example"),
    ]


def test_the_words_of_a_row_error_name_line_column_value_and_rule():
    rows = "".join(f"p{number}@people.example,P\n" for number in range(2, 214))

    assert sentences(f"email,name\n{rows}ann@,Ann\n") == [
        "Line 214, column *email*: 'ann@' is not an e-mail address."
    ]


def test_the_columns_people_bring_are_known():
    text = (
        "E-Mail;Given name;Family name;Comment;Evidence;Score;Issued on;Expires at;Student number;Room\n"
        "ann@people.example;Ann;Arbor;Did it - twice;https://a.example/1;-1;20.11.2026;2027-01-31;S-17;B12\n"
    )

    assert values(text) == {
        "email": "ann@people.example",
        "name": "Ann Arbor",
        "narrative": "Did it - twice",
        "evidence_url": "https://a.example/1",
        "grade": "-1",
        "issue_date": "2026-11-20",
        "expiry_date": "2027-01-31",
        "external_id": "S-17",
    }


def test_everything_that_a_credential_can_hold_has_a_column():
    text = (
        "email,name,grade,result status,grade 2,grade_status_2,evidence,evidence_name,evidence_url_2,"
        "evidence_description_2,licence number,language,DID,SIS id,user name\n"
        "a@b.example,A,1,in progress,B+,Completed,https://a.example/1,Film,https://a.example/2,Text,"
        "L-7,pt_br,did:key:z6Mk,S-1,ann\n"
    )

    assert values(text) == {
        "email": "a@b.example",
        "name": "A",
        "grade": "1",
        "result_status": "InProgress",
        "results": [{"value": "B+", "status": "Completed"}],
        "evidence_url": "https://a.example/1",
        "evidence_name": "Film",
        "evidence": [{"url": "https://a.example/2", "description": "Text"}],
        "license_number": "L-7",
        "language": "pt-BR",
        "did": "did:key:z6Mk",
        "identifiers": [
            {"type": "sisSourcedId", "value": "S-1"},
            {"type": "userName", "value": "ann"},
        ],
    }


def test_a_second_result_alone_is_not_taken_for_the_first():
    assert values("email,name,grade,grade 2\na@b.example,A,,B\n")["results"] == [{"value": "B"}]


def test_two_columns_of_one_name_are_two_where_there_may_be_several():
    found = values("email,name,evidence,evidence\na@b.example,A,https://a.example/1,https://a.example/2\n")

    assert (found["evidence_url"], found["evidence"]) == (
        "https://a.example/1",
        [{"url": "https://a.example/2"}],
    )


@pytest.mark.parametrize("alias", [(name, alias) for name, all in columns.ALIASES.items() for alias in all])
def test_every_alias_leads_to_its_field(alias):
    name, written = alias

    assert columns.field_of(written.upper()) == name
    assert columns.field_of(written.replace(" ", "_")) == name


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "The list is empty."),
        ("\n\n", "The list is empty."),
        ("email,name\n", "The list has a header and no rows."),
        (
            "ann@people.example,Ann\n",
            "Line 1: the first line should name the columns: at least “email” and “name”.",
        ),
        ("name\nAnn\n", "Line 1: no column is called “email”. The first line names the columns."),
        ("email\nann@people.example\n", "Line 1: no column is called “name”, or “first name” and “surname”."),
        ("email,mail,name\na@b.example,,A\n", "Line 1, column *mail*: 'mail' is the same column as “email”."),
        ("email,name" + ",x" * 59 + "\na,b\n", "Line 1: there are more than 60 columns."),
        ('email,"na"me\na,b\n',
         "Line 1: a quotation mark is opened here and not closed, or stands inside a cell."),
        ("email,name\n,Ann\n", "Line 2, column *email*: '' is empty; every row needs an e-mail address."),
        ("email,name\nann@people.example,\n", "Line 2, column *name*: '' is empty; every row needs a name."),
        ("email,first name,surname\na@b.example,,\n",
         "Line 2, column *surname*: '' is empty; every row needs a name."),
        ("email,name\na@b.example,…\n", "Line 2, column *name*: '…' has no letter or digit."),
        (
            "email,name\nann@people.example,Arbor, Ann\n",
            "Line 2: there are 3 cells for 2 columns. Put text with separators into quotes.",
        ),
        (
            'email,name\nann@people.example,"Ann\nbo@people.example,Bo\n',
            "Line 2: a quotation mark is opened here and not closed, or stands inside a cell.",
        ),
        (
            "email,name\nann@people.example,A\0nn\n",
            "Line 2: This line holds a NUL character. Is it a text file?",
        ),
        (
            "email,name\n=cmd|'/c calc'!A1,Ann\n",
            "Line 2, column *email*: '=cmd|'/c calc'!A1' begins with “=”, as a formula does.",
        ),
        (
            "email,name\nann@people.example,@SUM(1)\n",
            "Line 2, column *name*: '@SUM(1)' begins with “@”, as a formula does.",
        ),
        (
            "email,name\nann@people.example,-1+1\n",
            "Line 2, column *name*: '-1+1' begins with “-”, as a formula does.",
        ),
        (
            "email,name,grade\nann@people.example,Ann,=1+1\n",
            "Line 2, column *grade*: '=1+1' begins with “=”, as a formula does.",
        ),
        (
            "email,name,comment\nann@people.example,Ann,#REF!\n",
            "Line 2, column *comment*: '#REF!' is an error of the spreadsheet.",
        ),
        (
            "email,name\nаnn@people.example,Ann\n",  # a Cyrillic а
            "Line 2, column *email*: 'аnn@people.example' has letters other than A to Z before the @.",
        ),
        (
            "email,name\nann@people.example,A\u202enn\n",
            "Line 2, column *name*: 'A\u202enn' holds invisible or control characters.",
        ),
        (
            "email,name,date\nann@people.example,Ann,46349\n",
            "Line 2, column *date*: '46349' is a spreadsheet's number for a day. Write it as 2026-11-23.",
        ),
        (
            "email,name,date\nann@people.example,Ann,yesterday\n",
            "Line 2, column *date*: 'yesterday' is not a date. Write it as 2026-11-23.",
        ),
        (
            "email,name,date\nann@people.example,Ann,2026-02-30\n",
            "Line 2, column *date*: '2026-02-30' is not a day of the calendar.",
        ),
        (
            "email,name,date\nann@people.example,Ann,٢٠٢٦-١١-٢٠\n",  # B17
            "Line 2, column *date*: '٢٠٢٦-١١-٢٠' is not a date. Write it as 2026-11-23.",
        ),
        (
            "email,name,date\nann@people.example,Ann,2026-11-30\n",
            "Line 2, column *date*: '2026-11-30' lies in the future.",
        ),
        (
            "email,name,expires\nann@people.example,Ann,2026-11-20\n",
            "Line 2, column *expires*: '2026-11-20' is over already.",
        ),
        (
            "email,name,evidence\nann@people.example,Ann,javascript:alert(1)\n",
            "Line 2, column *evidence*: 'javascript:alert(1)' is not a full web address.",
        ),
        ("email,name,did\na@b.example,A,did:key\n", "Line 2, column *did*: 'did:key' is not a DID."),
        (
            "email,name,language\na@b.example,A,Nederlands\n",
            "Line 2, column *language*: 'Nederlands' is not a language. Write it as “en” or “pt-BR”.",
        ),
        (
            "email,name,result status\na@b.example,A,great\n",
            "Line 2, column *result status*: 'great' is not one of Completed, Enrolled, Failed, InProgress, "
            "OnHold, Provisional, Withdrew.",
        ),
        (
            "email,name,id\na@b.example,A," + "7" * 61 + "\n",
            "Line 2, column *id*: '" + "7" * 59 + "…' is longer than 60 characters.",
        ),
        (
            GOOD + "\nANN@people.example,Ann again\n",
            "Line 5, column *email*: 'ann@people.example' is in line 2 already.",
        ),
        (
            "email,name,id\nann@people.example,Ann,7\nbo@people.example,Bo,7\n",
            "Line 3, column *id*: '7' is in line 2 already.",
        ),
        (
            "email,name\n" + "".join(f"p{n}@b.example,P\n" for n in range(1_001)),
            "A list may have 1,000 rows. Divide it.",
        ),
        ("PK\x03\x04", "The spreadsheet is damaged. Save it again, or save it as CSV."),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
            "This is a spreadsheet of the old kind (.xls), or it is protected by a password. "
            "Save it as .xlsx without a password, or as CSV.",
        ),
    ],
)  # fmt: skip
def test_b117_what_is_wrong_is_said_in_one_sentence(text, sentence):
    assert sentences(text) == [sentence]


def test_one_row_may_have_several_problems_and_the_others_are_still_read():
    bad, good = read("email,name,date\nann@,,x\nbo@people.example,Bo,\n")

    assert sorted(problem.column for problem in bad.problems) == ["date", "email", "name"]
    assert good.name == "Bo"


def test_a_list_of_exactly_the_most_rows_is_read():
    assert len(read("email,name\n" + "".join(f"p{n}@b.example,P\n" for n in range(1_000)))) == 1_000


@pytest.mark.parametrize(("day_first", "day"), [(True, "2026-04-03"), (False, "2026-03-04")])
def test_whether_the_day_or_the_month_comes_first_is_asked_once(day_first, day):
    text = "email,name,date\nann@people.example,Ann,03/04/2026\n"

    assert checking.survey(file_of(text)).asks_day_first
    assert sentences(text) == [
        "Line 2, column *date*: '03/04/2026' can be read in two ways. "
        "Say whether the day or the month comes first."
    ]
    assert values(text, day_first=day_first)["issue_date"] == day


@pytest.mark.parametrize(
    ("sure", "said"), [("23/04/2026", True), ("04/23/2026", False), ("05/05/2026", None)]
)
def test_a_date_that_can_be_read_in_one_way_answers_for_the_others(sure, said):
    found = checking.survey(file_of(f"email,name,date\na@b.example,A,03/04/2026\nc@d.example,C,{sure}\n"))

    assert (found.reading.day_first, found.asks_day_first) == (said, True)


@pytest.mark.parametrize(
    "written",
    [
        "23/04/2026",
        "04/23/2026",
        "23.04.2026",
        "23-4-2026",
        "2026-4-23",
        "2026/04/23",
        "2026-04-23T10:00:00Z",
    ],
)
def test_a_date_that_can_be_read_in_one_way_is(written):
    text = f"email,name,date\nann@people.example,Ann,{written}\n"

    assert values(text)["issue_date"] == "2026-04-23"


def test_text_over_several_lines_is_one_cell_and_lines_are_still_counted():
    good, bad = read('email,name,comment\nann@people.example,Ann,"one\ntwo"\nbo@,Bo,\n')

    assert good.values["narrative"] == "one\ntwo"
    assert bad.line == 4


def test_b118_the_mark_that_our_own_exports_put_before_a_cell_is_taken_off_again():
    assert values("email,name,grade\na@b.example,A,'-1\n")["grade"] == "-1"
    assert sentences("email,name,grade\na@b.example,A,'=1\n") == [
        "Line 2, column *grade*: '=1' begins with “=”, as a formula does."
    ]


# Which row is the same


def test_the_key_of_a_row_is_its_own_number_or_who_and_when():
    one, two, three = read(
        "email,name,date,id\na@b.example,A,2026-11-01,\nA@B.example,A,2026-11-02,\na@b.example,A,,7\n"
    )

    assert len({one.key, two.key, three.key}) == 3
    assert three.key == "id:7"
    (again,) = read("email,name,date\nA@b.example,Other,1.11.2026\n")
    assert again.key == one.key


def test_a_hundred_thousand_keys_are_remembered_in_little_memory_and_none_is_confused():
    tracemalloc.start()
    seen = Seen()
    assert all(seen.line_of(f"row:{n}", n) is None for n in range(100_000))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert all(seen.line_of(f"row:{n}", 0) == n for n in range(0, 100_000, 7))
    assert peak < 100_000 * 80


def test_b117_a_long_list_is_never_in_memory():
    text = "email,name,comment\n" + "".join(f"p{n}@b.example,P,{'x' * 200}\n" for n in range(30_000))
    file = file_of(text)
    reading = checking.survey(file).reading
    tracemalloc.start()
    try:
        assert sum(1 for _row in checking.read(file, reading, at=MONDAY, most_rows=50_000)) == 30_000
        assert tracemalloc.get_traced_memory()[1] < 3_000_000
    finally:
        tracemalloc.stop()


# Before anything is read as final


def test_a_survey_shows_how_the_list_is_written_and_its_first_rows():
    found = checking.survey(file_of("e-mail;Wer;x\n" + "a@b.example;A;1\n" * 5))

    assert found.reading.fields == ("email", "", "")
    assert (found.reading.encoding_name, found.reading.separator_name) == ("UTF-8", "semicolon")
    assert [line for line, _cells in found.first_rows] == [2, 3, 4]
    assert [problem.code for problem in found.problems] == ["header-no-name"]


def test_what_an_organisation_chose_before_is_the_first_guess():
    found = checking.survey(file_of("e-mail;Wer;Name\n"), remembered={"wer": "name", "name": ""})

    assert found.reading.fields == ("email", "name", "")


def test_a_spreadsheet_is_surveyed_and_read_like_any_list():
    file = spreadsheets.spreadsheet(
        [
            ["e-mail", "name", "issued", "student number"],
            ["a@b.example", "A", spreadsheets.day(46346), spreadsheets.day(7, style=spreadsheets.PADDED)],
        ]
    )

    assert values(file) == {
        "email": "a@b.example", "name": "A", "issue_date": "2026-11-20", "external_id": "00007",
    }  # fmt: skip


# One JSON object a line


def test_json_lines_have_the_names_of_the_columns_and_lists_for_what_may_be_several():
    line = (
        '{"email": "a@b.example", "name": "A", "evidence": [{"url": "https://a.example/1", "name": "F"}, '
        '{"url": "https://a.example/2"}], "results": [{"value": "1", "status": "Completed"}], '
        '"identifiers": [{"type": "userName", "value": "ann"}], "language": "nl"}\n'
    )

    assert values(line) == {
        "email": "a@b.example",
        "name": "A",
        "evidence_url": "https://a.example/1",
        "evidence_name": "F",
        "evidence": [{"url": "https://a.example/2"}],
        "grade": "1",
        "result_status": "Completed",
        "identifiers": [{"type": "userName", "value": "ann"}],
        "language": "nl",
    }


@pytest.mark.parametrize(
    "line",
    [
        '{"email": "a@b.example", "email": "b@b.example"}',  # B15
        '{"email": 7}',
        '{"e-mail": "a@b.example"}',
        '{"email": "a@b.example"} x',
        '["a@b.example"]',
        '{"evidence": "https://a.example"}',
        '{"evidence": [{"link": "https://a.example"}]}',
        '{"evidence": [' + ",".join(['{"url": "https://a.example"}'] * 6) + "]}",
        '{"identifiers": [{"type": "emailAddress", "value": "x"}]}',
        '{"identifiers": [{"type": "userName", "value": "x"}, {"type": "userName", "value": "y"}]}',
        '{"grade": "1", "results": [{"value": "2"}]}',
        '{"email": "\\ud800"}',
    ],
)
def test_a_line_that_is_no_recipient_is_a_problem_of_that_line_alone(line):
    good = '{"email": "a@b.example", "name": "A"}\n'

    rows = read(good + line + "\n")

    assert isinstance(rows[0], Row)
    assert [(row.line, row.problems[0].code) for row in rows[1:]] == [(2, "line-json")]


def test_a_line_of_json_without_an_end_is_passed_over_and_counted():
    good = '{"email": "a@b.example", "name": "A"}\n'

    rows = read(good + '{"name": "' + "x" * 1_000_000 + '"}\n' + good.replace("a@", "b@"))

    assert [row.line for row in rows] == [1, 2, 3]
    assert rows[1].problems[0].code == "line-json-long"


# What is said


def test_every_rule_is_documented_and_nothing_else_is():
    page = (Path(__file__).parents[4] / "docs" / "reference" / "errors.md").read_text()
    section = page.split("## In lists of recipients")[1].split("\n## ")[0]

    assert set(re.findall(r"^\| `([^`]+)`", section, re.MULTILINE)) == set(RULES)


def test_a_problem_is_the_same_when_it_was_stored():
    problem = Problem(7, "mail", "x", "header-twice", {"other": "e-mail"})

    assert Problem.from_json(7, problem.to_json()) == problem
