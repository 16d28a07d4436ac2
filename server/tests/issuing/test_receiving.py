# SPDX-License-Identifier: Apache-2.0
"""A list comes in: kept, looked at, checked, mended, started or discarded; and what a crash leaves."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from server.tests import lists
from server.tests.conftest import MONDAY, TUESDAY

from cairn.canonical import parse_json
from cairn_server.errors import NotAllowed, NotVisible
from cairn_server.issuing import batches, receiving
from cairn_server.issuing.batches import ListHasProblems, NobodyToAward
from cairn_server.issuing.incoming import ColumnChoice, ListFile, ListPart, ListProblem
from cairn_server.issuing.lists.checking import Reading
from cairn_server.issuing.models import Batch, BatchRow, Credential
from cairn_server.issuing.receiving import ListUnreadable, NotWaiting
from cairn_server.issuing.representations import representation
from cairn_server.issuing.services import Recipient
from cairn_server.journal.models import Entry

GOOD = "email,name\nann@people.example,Ann Arbor\nbo@people.example,Bo Berg\n"
BAD = GOOD + "cy@,Cy\n,Di\n"


@pytest.fixture
def bring(issuer, version):
    """A list that was checked, with its columns as they were guessed."""

    def make(text=GOOD, **more) -> Batch:
        return lists.checked(text, by=issuer, version=version, **more)

    return make


@pytest.fixture
def run(issuer):
    """Start a list and work it off."""

    def make(batch: Batch, *, leave_out: bool = False, at=MONDAY) -> Batch:
        receiving.accept(batch, by=issuer, leave_out=leave_out, at=at)
        batches.run_batch(batch, at=at)
        return batch

    return make


# Coming in


def test_a_list_is_kept_as_it_came_until_it_is_started(bring, run):
    batch = bring("email;name\n" + "".join(f"p{n}@b.example;Person {n}\n" for n in range(3)))

    assert batch.list.open().read().startswith(b"email;name\n")
    assert (batch.state, batch.total, batch.source_name) == ("checked", 3, "list.csv")

    run(batch)
    assert not ListPart.objects.exists()


def test_a_file_of_many_parts_is_read_from_anywhere(issuer, version, monkeypatch):
    monkeypatch.setattr("cairn_server.issuing.receiving.PART_BYTES", 7)
    monkeypatch.setattr("cairn_server.issuing.incoming.PART_BYTES", 7)
    file = lists.received(GOOD, by=issuer, version=version)

    with file.open() as content:
        assert content.read() == GOOD.encode()
        assert content.seek(-9, io.SEEK_END) == len(GOOD) - 9
        assert content.read() == GOOD.encode()[-9:]
        content.seek(10)
        content.seek(3, io.SEEK_CUR)
        assert content.read(5) == GOOD.encode()[13:18]
        assert content.seek(10_000) == 10_000
        assert content.read() == b""


def test_what_cannot_be_read_at_all_is_refused_and_nothing_is_kept(issuer, version):
    with pytest.raises(ListUnreadable) as refused:
        lists.received(b"email,name\n\x81\x8d", by=issuer, version=version)

    assert refused.value.problem.code == "list-letters"
    assert not Batch.objects.exists()


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("C:\\Users\\ann\\list.csv", "list.csv"),
        ("../../etc/passwd", "passwd"),
        ("l\r\nSet-Cookie: a.csv", ""),
        ("a\u202ecsv.exe", ""),
        ("x" * 300, "x" * 200),
    ],
)
def test_b119_the_name_of_the_file_is_text_and_never_a_path(name, kept, issuer, version):
    assert lists.received(GOOD, by=issuer, version=version, name=name).batch.source_name == kept


def test_the_same_file_again_is_known_for_what_it_is(bring, run, version):
    first = run(bring())

    again = bring()

    assert batches.earlier(version=version, list_sha256=again.list_sha256) == first
    assert (again.total, again.already, again.waiting) == (2, 2, 0)


def test_a_request_key_names_one_list_of_an_organisation(issuer, version):
    lists.received(GOOD, by=issuer, version=version, request_key="api:1")

    with pytest.raises(IntegrityError), transaction.atomic():
        lists.received(GOOD, by=issuer, version=version, request_key="api:1")


# Columns


def test_what_was_chosen_is_remembered_for_the_organisation_and_can_be_changed(issuer, version, bring):
    text = "Adresse,Wer,Name\na@b.example,A,x\n"
    file = lists.received(text, by=issuer, version=version)
    look = receiving.look(file)
    assert look.reading.fields == ("", "", "name")

    receiving.choose(file, by=issuer, reading=Reading(fields=("email", "name", "")))

    assert dict(ColumnChoice.objects.values_list("header", "field")) == {
        "adresse": "email", "wer": "name", "name": "",
    }  # fmt: skip
    batch = bring(text)
    assert batch.mapping == {"email": "Adresse", "name": "Wer"}
    assert batch.rows.get().values["name"] == "A"
    receiving.choose(batch.list, by=issuer, reading=Reading(fields=("email", "", "name")))
    assert not ColumnChoice.objects.filter(header="name").exists()


def test_another_organisation_remembers_its_own(issuer, version, outsider, elsewhere):
    file = lists.received("A,B\na@b.example,A\n", by=issuer, version=version)
    receiving.choose(file, by=issuer, reading=Reading(fields=("email", "name")))

    assert receiving.remembered(elsewhere) == {}


def test_choosing_anew_forgets_what_was_checked(bring, issuer):
    batch = bring(BAD)
    assert batch.problems.count() == 2

    receiving.choose(batch.list, by=issuer, reading=batch.list.read_as)
    receiving.check(batch.list, at=MONDAY)

    batch.refresh_from_db()
    assert (batch.rows.count(), batch.problems.count(), batch.total) == (2, 2, 2)


def test_columns_without_an_address_are_refused(issuer, version):
    file = lists.received(GOOD, by=issuer, version=version)

    with pytest.raises(ListUnreadable):
        receiving.choose(file, by=issuer, reading=Reading(fields=("", "name")))


# Checking


def test_checking_awards_nobody_and_marks_whom_it_was_awarded_to(bring, run):
    run(bring())

    batch = bring(GOOD + "cy@people.example,Cy\n")

    assert (batch.total, batch.already, batch.list.already) == (3, 2, 2)
    assert list(batch.rows.values_list("number", "state")) == [
        (2, "already"), (3, "already"), (4, "waiting"),
    ]  # fmt: skip
    assert Credential.objects.count() == 2


def test_an_award_to_the_same_person_by_another_way_is_no_row(bring, award):
    award(recipient=Recipient("Ann Arbor", "ann@people.example"))

    assert bring().already == 0


def test_a_number_of_the_row_that_was_given_to_somebody_else_is_a_problem(bring, run):
    run(bring("email,name,id\nann@people.example,Ann,7\n"))

    batch = bring("email,name,id\nbo@people.example,Bo,7\nann@people.example,Ann,8\n")

    (kept,) = batch.problems.all()
    assert [problem.sentence for problem in kept.told()] == [
        "Line 2, column *id*: '7' was awarded to somebody else before. A row's id belongs to one award."
    ]
    assert batch.total == 1


def test_problems_are_kept_with_their_lines_as_they_stand_in_the_file(bring):
    batch = bring(BAD)

    assert [(kept.line, kept.cells) for kept in batch.problems.all()] == [(4, ["cy@", "Cy"]), (5, ["", "Di"])]
    assert (batch.list.good, batch.list.bad, batch.list.lines) == (2, 2, 4)


def test_more_problems_than_anybody_mends_are_counted_and_not_kept(bring, monkeypatch):
    monkeypatch.setattr(receiving, "MOST_PROBLEMS", 3)
    monkeypatch.setattr(receiving, "PIECE", 2)

    batch = bring("email,name\n" + "x@,X\n" * 9)

    assert (batch.list.bad, batch.problems.count()) == (9, 3)


def test_b117_a_list_that_ends_in_a_line_that_cannot_be_read_has_no_rows(bring, monkeypatch):
    monkeypatch.setattr(receiving, "PIECE", 1)
    monkeypatch.setattr("cairn_server.issuing.lists.checking._LINES_SURVEYED", 2)

    batch = bring(GOOD + "cy@people.example,C\0y\n")

    assert (batch.state, batch.list.state, batch.rows.count(), batch.total) == (
        "received",
        "unreadable",
        0,
        0,
    )
    assert batch.list.fatal_problem.sentence == "Line 4: This line holds a NUL character. Is it a text file?"


def test_f1_a_check_that_was_cut_off_begins_again_when_its_lease_is_over(issuer, version, monkeypatch):
    file = lists.received(BAD, by=issuer, version=version)
    receiving.choose(file, by=issuer)
    monkeypatch.setattr(receiving, "PIECE", 1)
    genuine, calls = receiving._write, []

    def crashing(*args, **more):
        calls.append(1)
        if len(calls) == 4:
            raise SystemError("the power went")
        return genuine(*args, **more)

    monkeypatch.setattr(receiving, "_write", crashing)
    with pytest.raises(SystemError):
        receiving.check(file, at=MONDAY)
    monkeypatch.setattr(receiving, "_write", genuine)

    assert receiving.check_waiting(at=MONDAY + timedelta(seconds=30)) == 0
    assert receiving.check_waiting(at=MONDAY + timedelta(minutes=5)) == 1

    batch = Batch.objects.get()
    assert (batch.state, batch.total, batch.problems.count()) == ("checked", 2, 2)
    assert receiving.check_waiting(at=TUESDAY) == 0


def test_a_check_that_lost_its_lease_writes_nothing_more(issuer, version, monkeypatch):
    file = lists.received(BAD, by=issuer, version=version)
    receiving.choose(file, by=issuer)
    monkeypatch.setattr(receiving, "PIECE", 1)
    genuine, calls = receiving._write, []

    def overtaken(*args, **more):
        calls.append(1)
        if len(calls) == 2:
            receiving.check(file, at=MONDAY + timedelta(hours=1))  # another one, which finishes
        return genuine(*args, **more)

    monkeypatch.setattr(receiving, "_write", overtaken)
    receiving.check(file, at=MONDAY)

    batch = Batch.objects.get()
    assert (batch.state, batch.total, batch.rows.count(), batch.problems.count()) == ("checked", 2, 2, 2)


def test_a_check_that_goes_on_keeps_its_lease(issuer, version, monkeypatch):
    file = lists.received(BAD, by=issuer, version=version)
    receiving.choose(file, by=issuer)
    monkeypatch.setattr(receiving, "PIECE", 1)
    clock = iter(range(0, 10_000, 30))  # each look at it half a minute later
    monkeypatch.setattr("cairn_server.issuing.receiving.time.monotonic", lambda: next(clock))
    genuine, others = receiving._write, []

    def watched(*args, **more):
        done = genuine(*args, **more)
        others.append(receiving.check_waiting(at=more["at"] + timedelta(seconds=50)))
        return done

    monkeypatch.setattr(receiving, "_write", watched)
    receiving.check(file, at=MONDAY)

    assert others == [0, 0, 0, 0]


def test_a_list_over_the_limit_is_refused_by_the_limit_it_came_under(bring):
    batch = bring(GOOD, most_rows=1)

    assert batch.list.fatal_problem.sentence == "A list may have 1 rows. Divide it."


# Starting


def test_b117_a_list_with_a_problem_awards_nobody(bring, issuer):
    batch = bring(BAD)

    with pytest.raises(ListHasProblems):
        receiving.accept(batch, by=issuer, leave_out=False, at=MONDAY)

    assert not Credential.objects.exists()


def test_unless_somebody_says_that_these_rows_are_left_out(bring, run):
    batch = run(bring(BAD), leave_out=True)

    assert (batch.state, batch.awarded, Credential.objects.count()) == ("done", 2, 2)
    assert batch.problems.count() == 2  # still there to be mended


def test_a_list_is_started_once(bring, run, issuer):
    batch = run(bring())

    with pytest.raises(NotWaiting):
        receiving.accept(batch, by=issuer, leave_out=False, at=MONDAY)
    with pytest.raises(NotWaiting):
        receiving.choose(batch.list, by=issuer, reading=batch.list.read_as)


def test_a_list_of_people_who_have_it_already_starts_nothing(bring, run, issuer):
    run(bring())

    with pytest.raises(NobodyToAward):
        receiving.accept(bring(), by=issuer, leave_out=False, at=MONDAY)

    assert Credential.objects.count() == 2


def test_everything_a_row_says_is_in_the_credential(bring, run):
    text = (
        "email,name,grade,grade status,grade_2,evidence,evidence_name,evidence_2,license_number,did,"
        "user name,language\n"
        "ann@people.example,Ann,1,Completed,B,https://a.example/1,Film,https://a.example/2,L-7,"
        "did:key:z6MkAnn,ann,nl\n"
    )

    batch = run(bring(text))

    credential = Credential.objects.get(batch=batch)
    subject = (document := parse_json(representation(credential, "json")[0]))["credentialSubject"]
    assert subject["id"] == "did:key:z6MkAnn"
    assert subject["licenseNumber"] == "L-7"
    assert subject["result"] == [
        {"type": ["Result"], "value": "1", "status": "Completed"},
        {"type": ["Result"], "value": "B"},
    ]
    assert {each["identityType"]: each["identityHash"] for each in subject["identifier"]} == {
        "name": "Ann", "userName": "ann",
    }  # fmt: skip
    assert [(each["id"], each.get("name")) for each in document["evidence"]] == [
        ("https://a.example/1", "Film"), ("https://a.example/2", None),
    ]  # fmt: skip
    assert credential.language == "nl"


def test_a_list_that_starts_itself_does_when_it_was_checked(issuer, version):
    file = lists.received(GOOD, by=issuer, version=version)
    ListFile.objects.update(starts_itself=True)
    receiving.choose(file, by=issuer)

    receiving.check_waiting(at=MONDAY)

    assert Batch.objects.get().state == "queued"


@pytest.mark.parametrize(("leaves_out", "state"), [(False, "checked"), (True, "queued")])
def test_and_with_problems_only_if_it_was_told_to_leave_them_out(leaves_out, state, issuer, version):
    file = lists.received(BAD, by=issuer, version=version)
    ListFile.objects.update(starts_itself=True, leaves_out=leaves_out)
    receiving.choose(file, by=issuer)

    receiving.check_waiting(at=MONDAY)

    assert Batch.objects.get().state == state


# Mending


def went_out(batch: Batch) -> list[list[object]]:
    return list(receiving.problem_rows(batch))


def csv_of(rows: list[list[object]]) -> io.BytesIO:
    return io.BytesIO("".join(",".join(map(str, row)) + "\n" for row in rows).encode())


def test_rows_with_problems_go_out_and_come_back_before_the_start(bring, run, issuer):
    batch = bring(BAD)
    rows = went_out(batch)
    assert rows[0] == ["email", "name", "Line", "Problem"]
    assert [row[2] for row in rows[1:]] == [4, 5]
    rows[1][0] = "cy@people.example"

    mended = receiving.mend(batch, by=issuer, content=csv_of(rows), at=MONDAY)

    assert mended.good == 1
    assert [problem.sentence for problem in mended.problems] == [
        "Line 5, column *email*: '' is empty; every row needs an e-mail address."
    ]
    batch.refresh_from_db()
    assert list(batch.rows.values_list("number", flat=True)) == [2, 3, 4]
    assert batch.total == 3
    rows = went_out(batch)
    rows[1][0] = "di@people.example"
    receiving.mend(batch, by=issuer, content=csv_of(rows), at=MONDAY)
    assert run(batch).awarded == 4


def test_rows_that_were_left_out_come_back_after_the_start(bring, run, issuer):
    batch = run(
        bring("email,name\ncy@,Cy\nann@people.example,Ann\n,Di\nbo@people.example,Bo\n"), leave_out=True
    )
    rows = went_out(batch)
    rows[1][0], rows[2][0] = "cy@people.example", "di@people.example"

    receiving.mend(batch, by=issuer, content=csv_of(rows), at=TUESDAY)
    batches.run_batch(batch, at=TUESDAY)

    assert (batch.state, batch.total, batch.awarded) == ("done", 4, 4)
    assert list(batch.rows.values_list("number", "values__line")) == [(3, None), (5, None), (6, 2), (7, 4)]
    assert Credential.objects.count() == 4


def test_rows_that_failed_come_back_and_nobody_is_awarded_twice(bring, run, issuer):
    batch = bring("email,name,expires\nann@people.example,Ann,2026-11-24\nbo@people.example,Bo,\n")
    run(batch, at=TUESDAY + timedelta(days=1))  # Ann's last day is over by now
    assert (batch.state, batch.awarded, batch.failed) == ("problems", 1, 1)
    rows = went_out(batch)
    assert rows[1][:2] == ["ann@people.example", "Ann"]
    rows[1][2] = "2027-01-31"
    bo = ["bo@people.example", "Bo", "", 3, ""]

    mended = receiving.mend(batch, by=issuer, content=csv_of([*rows, bo]), at=TUESDAY + timedelta(days=1))
    batches.run_batch(batch, at=TUESDAY + timedelta(days=1))

    assert [problem.code for problem in mended.problems] == ["line-not-here"]
    assert (batch.state, batch.awarded, batch.failed, batch.mended) == ("done", 2, 0, 1)
    assert Credential.objects.filter(batch=batch).count() == 2
    assert [row[:2] for row in went_out(batch)] == [["email", "name"]]


def test_a_mended_row_may_not_be_somebody_who_is_in_the_list_already(bring, issuer):
    batch = bring(BAD)
    rows = went_out(batch)
    rows[1][0], rows[2][0] = "ann@people.example", "ann@people.example"

    mended = receiving.mend(batch, by=issuer, content=csv_of(rows), at=MONDAY)

    assert [problem.code for problem in mended.problems] == ["twice", "twice"]
    assert batch.rows.count() == 2
    assert batch.problems.count() == 2


def test_two_mended_rows_may_not_be_the_same_person(bring, issuer):
    batch = bring(BAD)
    rows = went_out(batch)
    rows[1][0], rows[2][0] = "cy@people.example", "CY@people.example"

    mended = receiving.mend(batch, by=issuer, content=csv_of(rows), at=MONDAY)

    assert (mended.good, [problem.sentence for problem in mended.problems]) == (
        1,
        ["Line 5, column *email*: 'cy@people.example' is in line 4 already."],
    )


def test_a_file_without_the_line_is_refused_and_changes_nothing(bring, issuer):
    batch = bring(BAD)

    with pytest.raises(ListUnreadable):
        receiving.mend(batch, by=issuer, content=io.BytesIO(GOOD.encode()), at=MONDAY)

    assert batch.problems.count() == 2


# Forgetting


def test_a_list_that_was_not_started_can_be_discarded_with_everything_of_it(bring, run, issuer):
    batch = bring(BAD)

    receiving.discard(batch, by=issuer, at=MONDAY)

    for model in (Batch, ListFile, ListPart, ListProblem, BatchRow):
        assert not model.objects.exists(), model
    with pytest.raises(NotWaiting):
        receiving.discard(run(bring()), by=issuer, at=MONDAY)


def test_what_nobody_starts_is_forgotten_after_a_week(bring, run):
    started, waiting = run(bring()), bring("email,name\nx@people.example,X\n")

    assert receiving.forget_old_lists(at=MONDAY + timedelta(days=6)) == 0
    assert receiving.forget_old_lists(at=MONDAY + timedelta(days=8)) == 1

    assert list(Batch.objects.all()) == [started]
    assert not ListPart.objects.exists()
    assert not BatchRow.objects.filter(batch=waiting.pk).exists()


def test_rows_that_nobody_mended_are_forgotten_after_four_weeks(bring, run):
    batch = run(bring(BAD), leave_out=True)

    receiving.forget_old_lists(at=MONDAY + timedelta(days=27))
    assert batch.problems.exists()
    receiving.forget_old_lists(at=MONDAY + timedelta(days=29))
    assert not batch.problems.exists()


# Who may


@pytest.mark.parametrize("who", ["reviewer", "auditor"])
def test_a_member_without_the_role_is_refused(who, request, version, bring):
    person, batch = request.getfixturevalue(who), bring(BAD)

    for attempt in attempts(person, version, batch):
        with pytest.raises(NotAllowed):
            attempt()


def test_b135_an_outsider_is_told_that_it_does_not_exist(outsider, version, bring):
    for attempt in attempts(outsider, version, bring(BAD)):
        with pytest.raises(NotVisible):
            attempt()


def attempts(person, version, batch):
    return [
        lambda: lists.received(GOOD, by=person, version=version),
        lambda: receiving.choose(batch.list, by=person),
        lambda: receiving.accept(batch, by=person, leave_out=True, at=MONDAY),
        lambda: receiving.mend(batch, by=person, content=io.BytesIO(b"email,Line\n"), at=MONDAY),
        lambda: receiving.discard(batch, by=person, at=MONDAY),
    ]


def test_the_journal_tells_what_happened_and_names_nobody(bring, run, issuer):
    batch = run(bring(BAD), leave_out=True)
    receiving.mend(batch, by=issuer, content=csv_of(went_out(batch)), at=MONDAY)
    receiving.discard(bring("email,name\nx@people.example,X\n"), by=issuer, at=MONDAY)

    entries = Entry.objects.filter(object_type="issuing.batch")
    assert {"list mended", "list discarded"} <= set(entries.values_list("verb", flat=True))
    assert "@" not in "".join(str(entry.details) for entry in entries)
