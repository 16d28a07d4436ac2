# SPDX-License-Identifier: Apache-2.0
"""Lists of recipients: what is read, and what is said of what cannot be (B117)."""

from __future__ import annotations

import pytest
from server.tests.conftest import MONDAY

from cairn_server.errors import NotAllowed, NotVisible
from cairn_server.issuing import batches, recipients
from cairn_server.issuing.models import Credential
from cairn_server.issuing.services import Recipient

GOOD = "email,name\nann@people.example,Ann Arbor\nbo@people.example,Bo Berg\n"


def sentences(text: bytes | str, **more) -> list[str]:
    return [problem.sentence for problem in recipients.read(text, at=MONDAY, **more).problems]


def test_a_plain_list_is_read():
    dry_run = recipients.read(GOOD, at=MONDAY)

    assert dry_run.ok
    assert [(row.line, row.name, row.email) for row in dry_run.rows] == [
        (2, "Ann Arbor", "ann@people.example"),
        (3, "Bo Berg", "bo@people.example"),
    ]
    assert (dry_run.separator, dry_run.encoding) == ("comma", "UTF-8")


def test_the_words_of_a_row_error_name_line_column_value_and_rule():
    rows = "".join(f"p{number}@people.example,P\n" for number in range(2, 214))

    assert sentences(f"email,name\n{rows}ann@,Ann\n") == [
        "Line 214, column *email*: 'ann@' is not an e-mail address."
    ]


@pytest.mark.parametrize(
    ("separator", "name"), [(",", "comma"), (";", "semicolon"), ("\t", "tab"), ("|", "bar")]
)
def test_the_separator_is_detected_and_shown(separator, name):
    dry_run = recipients.read(GOOD.replace(",", separator), at=MONDAY)

    assert (dry_run.ok, dry_run.separator) == (True, name)


@pytest.mark.parametrize(
    ("encoded", "name"),
    [
        ("email,name\nzo@people.example,Zoë Ågren\n".encode(), "UTF-8"),
        ("email,name\nzo@people.example,Zoë Ågren\n".encode("utf-8-sig"), "UTF-8"),
        ("email,name\nzo@people.example,Zoë Ågren\n".encode("utf-16"), "UTF-16"),
        ("email,name\nzo@people.example,Zoë Ågren\n".encode("cp1252"), "Windows-1252"),
    ],
)
def test_the_encoding_is_detected_and_shown(encoded, name):
    dry_run = recipients.read(encoded, at=MONDAY)

    assert dry_run.encoding == name
    assert dry_run.rows[0].name == "Zoë Ågren"


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_every_end_of_line_is_one(ending):
    assert len(recipients.read(GOOD.replace("\n", ending), at=MONDAY).rows) == 2


def test_the_columns_people_bring_are_known():
    text = (
        "E-Mail;Given name;Family name;Comment;Evidence;Score;Issued on;Expires at;Student number;Room\n"
        "ann@people.example;Ann;Arbor;Did it - twice;https://a.example/1;-1;20.11.2026;2027-01-31;S-17;B12\n"
    )

    dry_run = recipients.read(text, at=MONDAY)

    assert dry_run.problems == ()
    (row,) = dry_run.rows
    assert (row.name, row.narrative, row.grade) == ("Ann Arbor", "Did it - twice", "-1")
    assert (row.issue_date, row.expiry_date, row.external_id) == ("2026-11-20", "2027-01-31", "S-17")
    assert dry_run.ignored == ("Room",)
    assert dry_run.columns["external_id"] == "Student number"


@pytest.mark.parametrize(
    "aliases", [(name, alias) for name, all in recipients.ALIASES.items() for alias in all]
)
def test_every_alias_leads_to_its_field(aliases):
    name, alias = aliases
    others = {"email": "email,", "name": "name,"}
    header = alias.upper() + "," + "".join(other for field, other in others.items() if field != name)

    assert recipients.read(f"{header}\nx,y,z\n", at=MONDAY).columns.get(name, alias.upper()) == alias.upper()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "The list is empty."),
        ("email,name\n", "The list has a header and no rows."),
        (
            "ann@people.example,Ann\n",
            "Line 1: the first line should name the columns: at least “email” and “name”.",
        ),
        ("name\nAnn\n", "Line 1: no column is called “email”. The first line names the columns."),
        ("email\nann@people.example\n", "Line 1: no column is called “name”, or “first name” and “surname”."),
        ("email,mail,name\na@b.example,,A\n", "Line 1, column *mail*: 'mail' is the same column as “email”."),
        ("email,name\n,Ann\n", "Line 2, column *email*: '' is empty; every row needs an e-mail address."),
        ("email,name\nann@people.example,\n", "Line 2, column *name*: '' is empty; every row needs a name."),
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
            "email,name\nann@people.example," + "x" * 20_000 + "\n",
            "Line 2: This line is longer than 20,000 characters.",
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
        (
            GOOD + "\nANN@people.example,Ann again\n",
            "Line 5, column *email*: 'ann@people.example' is in line 2 already.",
        ),
        (
            "email,name,id\nann@people.example,Ann,7\nbo@people.example,Bo,7\n",
            "Line 3, column *id*: '7' is in line 2 already.",
        ),
        (
            "email,name\n" + "".join(f"p{n}@b.example,P\n" for n in range(501)),
            "A list may have 500 rows. Divide it.",
        ),
        ("email,name\n" + "\n" * 2_100_000, "The list is larger than 2 MB. Divide it."),
    ],
)
def test_b117_what_is_wrong_is_said_in_one_sentence(text, sentence):
    dry_run = recipients.read(text, at=MONDAY)

    assert [problem.sentence for problem in dry_run.problems] == [sentence]
    assert not dry_run.ok


def test_b117_a_list_glued_together_from_two_encodings_is_refused():
    mixed = b"email,name\n" + "a@b.example,Zoë\n".encode() + "b@b.example,Åsa\n".encode("cp1252")

    assert sentences(mixed) == [
        "Line 3: The list mixes two encodings: line 2 is UTF-8 and this line is not. Save it as UTF-8."
    ]


def test_b117_a_million_rows_are_refused_without_reading_them():
    assert sentences("email,name\n" + "a,b\n" * 400_000) == ["A list may have 500 rows. Divide it."]


def test_500_rows_are_fine():
    assert (
        len(
            recipients.read(
                "email,name\n" + "".join(f"p{n}@b.example,P\n" for n in range(500)), at=MONDAY
            ).rows
        )
        == 500
    )


def test_one_row_may_have_several_problems_and_the_others_are_still_read():
    dry_run = recipients.read("email,name,date\nann@,,x\nbo@people.example,Bo,\n", at=MONDAY)

    assert [problem.column for problem in dry_run.problems] == ["email", "name", "date"]
    assert [row.name for row in dry_run.rows] == ["Bo"]


@pytest.mark.parametrize(("day_first", "day"), [(True, "2026-04-03"), (False, "2026-03-04")])
def test_whether_the_day_or_the_month_comes_first_is_asked_once(day_first, day):
    text = "email,name,date\nann@people.example,Ann,03/04/2026\n"

    assert recipients.read(text, at=MONDAY).asks_day_first
    assert sentences(text) == [
        "Line 2, column *date*: '03/04/2026' can be read in two ways. "
        "Say whether the day or the month comes first."
    ]
    answered = recipients.read(text, at=MONDAY, day_first=day_first)
    assert (answered.ok, answered.rows[0].issue_date) == (True, day)


@pytest.mark.parametrize("written", ["23/04/2026", "04/23/2026", "23.04.2026", "23-4-2026"])
def test_a_date_that_can_be_read_in_one_way_is(written):
    row = recipients.read(f"email,name,date\nann@people.example,Ann,{written}\n", at=MONDAY).rows[0]

    assert row.issue_date == "2026-04-23"


def test_text_over_several_lines_is_one_cell_and_lines_are_still_counted():
    text = 'email,name,comment\nann@people.example,Ann,"one\ntwo"\nbo@,Bo,\n'

    dry_run = recipients.read(text, at=MONDAY)

    assert dry_run.rows[0].narrative == "one\ntwo"
    assert dry_run.problems[0].line == 4


def test_checking_awards_nobody_and_marks_whom_it_was_awarded_to(issuer, version):
    first = batches.check_rows(by=issuer, version=version, text=GOOD, at=MONDAY)
    batch = batches.start_batch(by=issuer, version=version, dry_run=first, at=MONDAY)
    batches.run_batch(batch, at=MONDAY)

    again = batches.check_rows(by=issuer, version=version, text=GOOD + "cy@people.example,Cy\n", at=MONDAY)

    assert [row.name for row in again.already] == ["Ann Arbor", "Bo Berg"]
    assert [row.name for row in again.fresh] == ["Cy"]
    assert again.already[0].awarded_before == MONDAY
    assert Credential.objects.count() == 2


def test_an_award_to_the_same_person_by_another_way_is_no_row(issuer, version, award):
    award(recipient=Recipient("Ann Arbor", "ann@people.example"))

    assert not batches.check_rows(by=issuer, version=version, text=GOOD, at=MONDAY).already


def test_a_member_without_the_role_is_refused(auditor, version):
    with pytest.raises(NotAllowed):
        batches.check_rows(by=auditor, version=version, text=GOOD, at=MONDAY)


def test_b135_an_outsider_is_told_that_it_does_not_exist(outsider, version):
    with pytest.raises(NotVisible):
        batches.check_rows(by=outsider, version=version, text=GOOD, at=MONDAY)
