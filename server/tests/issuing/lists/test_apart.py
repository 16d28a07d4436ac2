# SPDX-License-Identifier: Apache-2.0
"""A spreadsheet in a process of its own: the same rows, the same refusals, and a wall behind the bounds."""

from __future__ import annotations

import gc
import os
from itertools import islice
from pathlib import Path

import pytest
from server.tests.spreadsheets import parts, shared, spreadsheet, zipped

from cairn_server.issuing.lists import apart, tables
from cairn_server.issuing.lists.apart import ApartTable
from cairn_server.issuing.lists.problems import Unreadable
from cairn_server.issuing.lists.spreadsheet import SpreadsheetTable


def children() -> list[int]:
    gc.collect()
    return [int(each) for each in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]


def test_every_spreadsheet_is_read_there(monkeypatch):
    """Whoever opens a list gets the child, and never the parser."""
    monkeypatch.setattr(apart, "SpreadsheetTable", None)

    table = tables.opened(spreadsheet([["email"], ["a@b.example"]]), is_header=len)

    assert [cells for _line, cells, _wrong in table.lines()] == [["email"], ["a@b.example"]]


def test_it_gives_what_the_reader_gives_again_and_again():
    texts = [f"<si><t>Pérson {n} \U0001f9ed</t></si>" for n in range(1_000)]
    file = spreadsheet(([shared(n), n, "", "x" * (n % 50)] for n in range(1_000)), texts=texts)
    here, there = SpreadsheetTable(file), ApartTable(file)

    assert (there.sheets, there.sheet) == (here.sheets, here.sheet)
    for _time in range(2):
        assert list(there.lines()) == list(here.lines())
        assert there.formulas == here.formulas


def test_half_a_letter_and_a_tab_in_a_cell_come_through():
    file = spreadsheet([["a_xD83D_b", "one\ttwo_x000A_three"]])

    assert list(ApartTable(file).lines()) == list(SpreadsheetTable(file).lines())


def test_the_position_of_the_file_says_how_far_one_is():
    noise = os.urandom(400_000).hex()
    file = spreadsheet([noise[place : place + 100]] for place in range(0, 800_000, 100))
    rows = ApartTable(file).lines()
    size = len(file.getvalue())

    next(rows)
    early = file.tell()
    list(rows)

    assert 0 < early < size / 2 < file.tell() <= size


@pytest.mark.parametrize(
    ("contents", "code"),
    [
        (parts("<worksheet><row r='2'/><row r='1'/></worksheet>"), "list-spreadsheet-broken"),
        (parts(f"<worksheet>{' ' * 60_000_000}</worksheet>"), "list-spreadsheet-large"),
        (parts(f"<worksheet>{'<a>' * 40}"), "list-spreadsheet-broken"),
        ({"content.xml": ""}, "list-open-document"),
    ],
)
def test_b116_b120_a_refusal_comes_back_as_one(contents, code):
    with pytest.raises(Unreadable) as refused:
        list(ApartTable(zipped(contents)).lines())

    assert refused.value.problem.code == code


def test_a_sheet_that_is_not_there_is_named():
    with pytest.raises(Unreadable) as refused:
        ApartTable(spreadsheet([["a"]]), sheet="Sheet 9")

    assert refused.value.problem.code == "list-no-sheet"


def test_b120_more_memory_than_it_has_is_a_list_too_large(monkeypatch):
    """The wall behind the bounds: with too little for a sound list it is refused, and nobody else notices."""
    monkeypatch.setattr(apart, "_RUN", _smaller("READER_MEMORY", "60 << 20"))
    texts = (f"<si><t>{'a' * 30_000}</t></si>" for _ in range(10))

    with pytest.raises(Unreadable) as refused:
        list(ApartTable(spreadsheet([["x" * 32_000] * 60 for _ in range(50)], texts=texts)).lines())

    assert refused.value.problem.code == "list-spreadsheet-large"


def test_b120_more_time_than_it_has_is_a_list_too_large(monkeypatch):
    monkeypatch.setattr(apart, "READER_SECONDS", 1)
    endless = apart._RUN.replace("from cairn_server", "i = 0\nwhile True: i += 1\nfrom cairn_server")
    monkeypatch.setattr(
        apart, "_RUN", "import resource; resource.setrlimit(resource.RLIMIT_CPU, (1, 1))\n" + endless
    )

    with pytest.raises(Unreadable) as refused:
        ApartTable(spreadsheet([["a"]]))

    assert refused.value.problem.code == "list-spreadsheet-large"


def test_it_has_its_limits_before_it_looks_at_the_file(monkeypatch):
    """And no environment to lose, and no file of ours."""
    monkeypatch.setenv("KEY_ENCRYPTION_KEY", "5eed" * 16)
    asked = (
        "import os, resource as r, sys; from cairn_server.issuing.lists import apart;"
        "apart._read = lambda file, sheet: apart._tell({'sheets': [sheet], 'sheet': [*map(str, ("
        "r.getrlimit(r.RLIMIT_CPU), r.getrlimit(r.RLIMIT_AS), r.getrlimit(r.RLIMIT_CORE),"
        " sorted(os.environ), sorted(os.listdir('/proc/self/fd'))))]});"
        "sys.exit(apart.main(sys.argv[2:]))"
    )
    monkeypatch.setattr(apart, "_RUN", f"import sys; sys.path[:0] = sys.argv[1:2]; {asked}")

    told = ApartTable(spreadsheet([["a"]]), sheet="s").sheet

    cpu, memory, core, environment, files = eval(told)
    assert cpu == str((apart.READER_SECONDS,) * 2)
    assert memory == str((apart.READER_MEMORY,) * 2)
    assert core == "(0, 0)"
    assert "KEY_ENCRYPTION_KEY" not in environment
    assert len(eval(files)) <= 4  # three, and the one that looks


def test_a_child_that_nobody_wants_more_of_ends():
    before = children()
    many = ([str(n)] for n in range(60_000))
    table = ApartTable(spreadsheet(many))
    first = list(islice(table.lines(), 3))
    unread = ApartTable(spreadsheet([["a"]]))
    assert len(children()) >= len(before) + 1

    del table, unread

    assert len(first) == 3
    assert children() == before


def test_an_accident_in_the_child_is_no_refusal(monkeypatch):
    monkeypatch.setattr(apart, "_RUN", "import sys; sys.exit(1)")

    with pytest.raises(RuntimeError, match="ended with 1"):
        ApartTable(spreadsheet([["a"]]))


def test_a_line_without_end_is_not_believed(monkeypatch):
    monkeypatch.setattr(apart, "_MOST", 1_000)
    monkeypatch.setattr(apart, "_RUN", "print('x' * 5_000, flush=True); import time; time.sleep(60)")

    with pytest.raises(Unreadable):
        ApartTable(spreadsheet([["a"]]))


def _smaller(name: str, value: str) -> str:
    return apart._RUN.replace(
        "from cairn_server.issuing.lists import apart;",
        f"from cairn_server.issuing.lists import apart; apart.{name} = {value};",
    )


def test_what_it_is_told_in_its_arguments_is_no_option():
    """The name of a sheet is a stranger's."""
    with pytest.raises(Unreadable) as refused:
        ApartTable(spreadsheet([["a"]]), sheet="--help")

    assert refused.value.problem.code == "list-no-sheet"
