# SPDX-License-Identifier: Apache-2.0
"""A short form of each campaign, and of what campaigns are made of; the long form is ``make prove``."""

from __future__ import annotations

import ast
import os
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, nullcontext
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cairn.errors import CairnError
from prove import ledger
from prove.__main__ import CAMPAIGNS, SEED
from prove.apart import Apart
from prove.bombs import Bombs
from prove.campaign import Campaign, Failure
from prove.changing import changes
from prove.child import in_child
from prove.equivalent import EQUIVALENT
from prove.fuzz import Fuzz, wrong_with
from prove.genuine import contains, meaning, same_inside
from prove.mutants import Mutants
from prove.mutation import GUARDED, SOURCE, Mutation, mutants, twins
from prove.parsers import PARSERS
from prove.poison import Poison
from prove.short import Short
from prove.ssrf import Ssrf, shapes
from prove.statements import Statements
from prove.streams import in_processes
from prove.strict_json import StrictJson

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

# How much of each campaign every change must pass. Changes of the source take most of an hour.
SHORT: dict[Any, float] = {
    StrictJson: 0.005,
    **dict.fromkeys(Mutants.__subclasses__(), 0.001),
    Short: 0.0,
    Statements: 0.01,
    Bombs: 1.0,
    Poison: 0.05,
    Ssrf: 0.15,
    Fuzz: 0.000_02,
}
# Installations that are killed, cut off and put back take minutes each: the server's own tests kill a worker
# after every step of the road, and the campaigns are for `make prove`.
APART = frozenset(campaign.name for campaign in Apart.__subclasses__())
ELSEWHERE = APART | {"status.allocation", "mutation"}


@pytest.mark.parametrize("campaign", SHORT, ids=lambda campaign: campaign.name)
def test_a_campaign_finds_nothing_and_would_have_found_something(campaign: Any) -> None:
    line = campaign().run(seed=SEED, scale=SHORT[campaign])

    assert line["failures"] == 0
    assert line["control_red"]
    assert line["tried"] > 50


def test_every_campaign_has_a_short_form_or_a_reason() -> None:
    assert {campaign.name for campaign in SHORT} | ELSEWHERE == {campaign.name for campaign in CAMPAIGNS}


def test_the_page_has_every_campaign_as_it_describes_itself() -> None:
    found = ledger.rows()

    assert {campaign.name for campaign in SHORT} <= found.keys() <= {campaign.name for campaign in CAMPAIGNS}
    for campaign in CAMPAIGNS:
        if campaign.name in found:
            assert found[campaign.name].cells[0] == campaign.promise
            assert found[campaign.name].is_good, campaign.name


@pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.name)
def test_a_parser_reads_its_seeds(parser: Any) -> None:
    """One that refused everything would pass every other test."""
    read = 0
    for seed in parser.seeds:
        assert wrong_with(parser, seed) is None
        try:
            parser.parse(seed)
            read += 1
        except CairnError:
            pass

    assert read


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_a_parser_survives_anything(data: bytes) -> None:
    for parser in PARSERS:
        assert wrong_with(parser, data) is None, parser.name


def test_there_are_enough_addresses_and_none_of_them_twice() -> None:
    assert len(shapes()) == len(set(shapes())) > 500


# What campaigns are made of


def test_a_child_that_takes_too_much_is_ended_and_told() -> None:
    def endless() -> str:
        while True:
            pass

    told = in_child(endless, cpu_seconds=1, mebibytes=64)
    assert told.answer is None
    assert "SIGXCPU" in told.ended
    told = in_child(lambda: str(len(bytearray(1 << 33))), cpu_seconds=1, mebibytes=64)
    assert told.answer is None
    assert told.ended == "MemoryError()"
    told = in_child(lambda: str(len(bytearray(b"x" * (100 << 20)))), cpu_seconds=5, mebibytes=64)
    assert told.answer == str(100 << 20)
    assert told.extra_mebibytes > 64


@pytest.mark.parametrize(
    ("more", "less", "is_contained"),
    [
        ({"a": 1, "b": 2}, {"a": 1}, True),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ({"a": 1}, {"a": True}, False),
        ({"a": [1, 2, 3]}, {"a": [3, 1]}, True),
        ({"a": [1, 2, 3]}, {"a": 2}, True),
        ({"a": [1, 2, 3]}, {"a": [4]}, False),
        ({"a": {"b": 1}}, {"a": {}}, True),
        ({"a": {"b": 1}}, {"b": 1}, False),
    ],
)
def test_a_part_is_told_from_something_else(more: Any, less: Any, is_contained: bool) -> None:
    assert contains(more, less) is is_contained


def test_what_is_inside_may_not_be_exchanged_or_doubled_and_an_endorsement_may_go() -> None:
    badge, other, word = '["credential", 1]', '["credential", 2]', '["endorsement", 1]'

    assert same_inside([badge, word], [badge, word], is_graph=True)
    assert same_inside([badge, word], [badge], is_graph=True)
    assert not same_inside([badge, word], [badge], is_graph=False)
    for less in ([other, word], [badge, other, word], [word], []):
        assert not same_inside([badge, word], less, is_graph=True)
        assert not same_inside([badge, word], less, is_graph=False)


class Tides(Campaign):
    """Promises that the tide turns; of its two guards only one is ever needed."""

    name, promise = "tides", "the tide turns"
    holds = True

    def attempts(self, random: Random, scale: float) -> Iterator[Failure | None]:
        yield None if self.holds else Failure("it does not turn")

    @contextmanager
    def broken_build(self) -> Iterator[None]:
        self.holds = False
        try:
            yield
        finally:
            self.holds = True

    def broken_builds(self) -> Mapping[str, Callable[[], AbstractContextManager[Any]]]:
        return {"the moon": self.broken_build, "the calendar": nullcontext}


def test_each_broken_build_must_be_noticed_by_itself(capsys: pytest.CaptureFixture[str]) -> None:
    line = Tides().run(seed=1, scale=1.0)

    assert line["failures"] == 0
    assert line["controls"] == {"the moon": True, "the calendar": False}
    assert not line["control_red"]
    assert "did not notice its broken build: the calendar" in capsys.readouterr().err


def test_streams_tell_the_same_in_one_process_and_in_two() -> None:
    streams = [(number, 5, f"seed {number}") for number in range(6)]

    def told(number: int, count: int, seed: str) -> list[float]:
        random = Random(seed)
        return [number + random.random() for _ in range(count)]

    alone = list(in_processes(told, streams, processes=1))
    assert list(in_processes(told, streams, processes=2)) == alone
    assert len({each for numbers in alone for each in numbers}) == 30


def test_a_worker_that_dies_is_no_success() -> None:
    def dies(number: int) -> None:
        if number:
            os._exit(9)

    with pytest.raises(BrokenProcessPool):
        list(in_processes(dies, [(0,), (1,)], processes=2))


def test_what_a_graph_does_not_say_is_not_compared() -> None:
    assert meaning({"a": [2, 1, 1], "b": [], "c": 3.0}) == meaning({"a": [1, 2], "c": [3]})
    assert meaning({"a": [1]}) != meaning({"a": [True]}) or type(meaning([1])) is not type(meaning([True]))


def test_every_change_is_a_module_and_another_one() -> None:
    source = (
        "SIZE = 5\n\ndef f(a, b):\n    'Says.'\n    if a < b and not b:\n"
        "        raise ValueError('a b')\n    return a + 1\n"
    )

    found = list(changes(source))

    assert [f"{change.before} -> {change.after}" for change in found] == [
        "return a + 1 -> return None",
        "a < b and (not b) -> a < b or not b",
        "raise ValueError('a b') -> pass",
        "a + 1 -> a - 1",
        "a < b -> a <= b",
        "not b -> b",
        "1 -> 2",
    ]
    whole = ast.unparse(ast.parse(source))
    assert all(ast.unparse(ast.parse(change.applied(source))) != whole for change in found)


def test_what_is_called_equivalent_is_a_change_that_could_be_made() -> None:
    possible = {
        (str(path.relative_to(SOURCE)), lines[change.line - 1].strip(), change.before, change.after)
        for pattern in GUARDED
        for path in SOURCE.glob(pattern)
        for lines in [path.read_text().splitlines()]
        for change in changes(path.read_text())
    }

    assert EQUIVALENT
    assert sorted(EQUIVALENT - possible) == []


def test_every_guarded_module_has_tests_to_notice_with() -> None:
    paths = {mutant.path for mutant in mutants()}

    assert len(paths) > 40
    assert all(twins(path) for path in paths)


def test_a_run_is_written_into_the_page_unless_a_longer_one_is_there(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    line = {"name": "b", "tried": 1_000, "failures": 0, "control_red": True, "seed": 1, "seconds": 2.5}

    def put(**changed: Any) -> ledger.Row:
        told = {**line, **changed}
        ledger.record(told, promise="nothing breaks", scale=0.5, order=["a", "b"], page=page)
        return ledger.rows(page)[told["name"]]

    assert put().cells[:6] == ("nothing breaks", "1,000", "0", "red", "1", "0.5")
    assert put(tried=10).tried == 1_000
    assert put(tried=2_000).tried == 2_000
    assert not put(tried=5, failures=1).is_good
    assert put(name="a").name == "a"
    assert list(ledger.rows(page)) == ["a", "b"]
    ledger.list_survivors(["x.py:1: a -> b"], [], tried=20, possible=100, page=page)
    page.write_text(page.read_text() + "\n## By hand\n")
    put()
    assert "19 of 20 were noticed, of 100 that are possible" in page.read_text()
    assert page.read_text().endswith("\n## By hand\n")
    ledger.list_survivors([], [], tried=20, possible=100, page=page)
    assert "x.py" not in page.read_text()
    assert page.read_text().endswith("\n## By hand\n")


TIDE = """
def is_flood(hours):
    while hours >= 12:
        hours -= 12
    return hours < 6
"""
# What nobody asks of the tide is when it turns.
ASKED = """
from cairn.status.tide import is_flood

def test_the_tide():
    assert is_flood(0) is is_flood(5) is is_flood(12) is is_flood(13) is True
    assert is_flood(11) is is_flood(23) is is_flood(31) is False
"""


@pytest.fixture
def shore(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A library of one module, with its tests, for changes that take seconds and not hours."""
    files = {
        "core/src/cairn/__init__.py": "",
        "core/src/cairn/status/tide.py": TIDE,
        "core/tests/test_tree.py": "def test_nothing():\n    pass\n",
        "core/tests/status/test_tide.py": ASKED,
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    places = {"ROOT": "", "SOURCE": "core/src/cairn", "TESTS": "core/tests", "KEPT": ".prove"}
    for name, place in places.items():
        monkeypatch.setattr(f"prove.mutation.{name}", tmp_path / place)
    monkeypatch.setattr("prove.mutation.TEST_SECONDS", 1.0)
    monkeypatch.setattr("prove.mutation._processors", lambda: 1)
    monkeypatch.setattr(ledger, "PAGE", tmp_path / "PROOF.md")
    monkeypatch.setattr(ledger.list_survivors, "__kwdefaults__", {"page": tmp_path / "PROOF.md"})
    return tmp_path


def test_a_change_is_noticed_or_listed_and_an_answer_is_kept(shore: Path) -> None:
    *held, failure = Mutation().attempts(Random(1), 1.0)

    assert held == [None] * 7
    assert isinstance(failure, Failure)
    assert failure.what == "2 of 7 changes were not noticed"
    assert "- `status/tide.py:5: hours < 6 -> hours <= 6`\n" in (shore / "PROOF.md").read_text()
    assert (
        "not come to an end:\n\n- `status/tide.py:4: hours -= 12 -> pass`" in (shore / "PROOF.md").read_text()
    )
    kept = (shore / ".prove/changes.jsonl").read_text()
    assert sum(failure is not None for failure in Mutation().attempts(Random(1), 1.0)) == 1
    assert (shore / ".prove/changes.jsonl").read_text() == kept
    tests = shore / "core/tests/status/test_tide.py"
    tests.write_text(f"{ASKED}    assert not is_flood(6)\n")
    assert list(Mutation().attempts(Random(1), 1.0)) == [None] * 7
    assert (shore / ".prove/changes.jsonl").read_text().count("\n") == 14


def test_tests_that_test_nothing_turn_the_mutation_run_red(shore: Path) -> None:
    with Mutation().broken_build():
        (failure,) = Mutation().attempts(Random(1), 1.0)

    assert failure == Failure("the first 1 changes were not noticed")
    assert not (shore / ".prove/changes.jsonl").exists()


def test_tests_that_fail_without_any_change_notice_nothing(shore: Path) -> None:
    tests = shore / "core/tests/status/test_tide.py"
    tests.write_text(f"{ASKED}\ndef test_more():\n    assert is_flood(6)\n")

    (failure,) = Mutation().attempts(Random(1), 1.0)

    assert failure == Failure("core/tests/status/test_tide.py::test_more: fails without any change")


def test_a_test_that_leans_on_another_notices_nothing_by_itself(shore: Path) -> None:
    tests = shore / "core/tests/status/test_tide.py"
    tests.write_text(
        "from cairn.status import tide\n\n"
        "def test_first():\n    tide.is_told = tide.is_flood(0)\n\n"
        "def test_then():\n    assert tide.is_told is True and tide.is_flood(12) and not tide.is_flood(6)\n"
    )

    *_, failure = Mutation().attempts(Random(1), 1.0)

    assert failure == Failure("core/tests/status/test_tide.py::test_then: fails alone and without any change")


def test_the_order_of_members_says_nothing_even_in_a_list() -> None:
    items = [{"type": "A", "name": "x"}, {"type": "A", "name": "b"}]
    turned = [{"name": "x", "type": "A"}, {"type": "A", "name": "b"}]

    assert meaning({"list": items}) == meaning({"list": turned})
    assert meaning({"list": items}) != meaning({"list": [{"type": "A", "name": "x"}, {"type": "A"}]})
