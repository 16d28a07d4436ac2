# SPDX-License-Identifier: Apache-2.0
"""Judging a folder: every file as if it had come alone, whatever the number of processes."""

import io
import json
import multiprocessing.dummy
import os
from datetime import timedelta
from functools import partial
from operator import attrgetter
from types import SimpleNamespace

import pytest

import containing
from cairn import Verifier, cli, folder
from cairn.checks import period
from cairn.cli.files import ACCEPTED, REJECTED, UNDECIDED, USAGE
from cairn.errors import UnavailableError
from cairn.testing import NOON, FixedSources, sample_credential, signed_sample
from containing import endorsement_of, record

EARLIER = NOON - timedelta(days=30)  # the command line judges today


def make():
    return Verifier(FixedSources())


def badge(number, issuer=None, method=None):
    identifier = f"urn:uuid:8d4a2f3e-6a0b-4b57-9f0e-{number:012d}"
    made = sample_credential(id=identifier, issuer=issuer, valid_from=EARLIER)
    return signed_sample(made, verification_method=method, at=EARLIER)


def judge(*paths):
    """What is found of each, by one verifier."""
    verifier = make()
    return [folder.judge_file(verifier, str(path), NOON) for path in paths]


def tell(judged):
    return f"{judged.verdict} {judged.accepted} {judged.failed} {judged.code}"


@pytest.fixture
def files(tmp_path):
    (tmp_path / "below").mkdir()
    for number in range(3):
        (tmp_path / f"{number}.json").write_bytes(badge(number))
    (tmp_path / "below" / "forged.json").write_bytes(badge(4).replace(b"Harbour", b"Harbor"))
    (tmp_path / "note.txt").write_text("Nothing of the kind.\x1b[31m")
    (tmp_path / ".hidden").write_text("x")
    (tmp_path / "round").symlink_to(tmp_path)
    return tmp_path


def test_files_come_in_the_order_of_their_names_without_hidden_ones_and_links(files):
    names = [os.path.relpath(path, files) for path in folder.files_in(files)]

    assert names == ["0.json", "1.json", "2.json", "below/forged.json", "note.txt"]


@pytest.mark.parametrize("jobs", [1, 2])
def test_each_file_has_its_own_verdict_in_one_process_and_in_two(files, jobs):
    paths = folder.files_in(files)

    ((told, summary),) = folder.judge_files(paths, make, tell, at=NOON, jobs=jobs)

    assert told == [
        *["verified True False "] * 3,
        "not-verified False True signature-mismatch",
        "unreadable False True not-a-credential",
    ]
    assert (summary.files, summary.accepted, summary.failed) == (5, 3, 2)
    assert summary.verdicts == {"verified": 3, "not-verified": 1, "unreadable": 1}


def test_what_is_found_holds_the_report(files):
    (judged,) = judge(files / "0.json")

    assert judged.report == make().examine((files / "0.json").read_bytes(), at=NOON)


def test_what_is_neither_file_nor_folder_is_left_out(files):
    """Opening a pipe would wait for whoever writes into it."""
    os.mkfifo(files / "1.pipe")

    assert str(files / "1.pipe") not in folder.files_in(files)


@pytest.mark.parametrize(
    ("platform", "threads", "way"), [("linux", 1, "fork"), ("linux", 2, "spawn"), ("darwin", 1, "spawn")]
)
def test_a_process_with_threads_is_not_forked(monkeypatch, files, platform, threads, way):
    ways = []

    def get_context(method):
        ways.append(method)
        return multiprocessing.dummy

    monkeypatch.setattr(folder, "multiprocessing", SimpleNamespace(get_context=get_context))
    monkeypatch.setattr(folder.sys, "platform", platform)
    monkeypatch.setattr(folder.threading, "active_count", lambda: threads)

    list(folder.judge_files(folder.files_in(files), make, tell, at=NOON, jobs=2))

    assert ways == [way]


def test_each_process_makes_its_verifier_once_and_the_files_keep_their_order(files, monkeypatch):
    """With threads for the processes, so that what is made can be counted."""
    threads = SimpleNamespace(get_context=lambda method: multiprocessing.dummy)
    monkeypatch.setattr(folder, "multiprocessing", threads)
    monkeypatch.setattr(folder, "_judge", None)
    monkeypatch.setattr(folder, "_CHUNK", 1)
    paths = folder.files_in(files)
    made = []

    def count():
        made.append(make())
        return made[-1]

    found = list(folder.judge_files(paths, count, attrgetter("name"), at=NOON, jobs=2))

    assert [names for names, _ in found] == [[path] for path in paths]
    assert [summary.accepted for _, summary in found] == [1, 1, 1, 0, 0]
    assert len(made) == 2


def test_a_file_that_comes_in_pieces_is_read_to_its_end(tmp_path, monkeypatch):
    """Some file systems give less than they were asked for before the end."""
    (tmp_path / "a.json").write_bytes(badge(1))

    class Slow(io.FileIO):
        def read(self, size=-1):
            return super().read(min(size, 100))

    monkeypatch.setattr(folder, "open", lambda name, mode, buffering: Slow(name), raising=False)

    (judged,) = judge(tmp_path / "a.json")

    assert judged.accepted


def test_a_forged_credential_inside_is_a_no_for_what_is_around_it_s17(tmp_path):
    (tmp_path / "a.json").write_bytes(record(containing.badge(1), containing.forged(2)))
    (tmp_path / "b.json").write_bytes(record(containing.badge(1), containing.badge(2)))

    forged, good = judge(tmp_path / "a.json", tmp_path / "b.json")

    assert (forged.verdict, forged.accepted, forged.failed) == ("not-verified", False, True)
    assert forged.code == "signature-mismatch"
    assert (good.accepted, good.failed, good.code) == (True, False, "")


def test_an_endorsement_is_no_reason(tmp_path):
    altered = endorsement_of(containing.BADGE_ID).replace(b"good", b"bad")
    (tmp_path / "a.json").write_bytes(containing.endorsed(altered))

    (judged,) = judge(tmp_path / "a.json")

    assert (judged.accepted, judged.failed, judged.code) == (True, False, "")


def test_a_verifier_that_checks_nothing_accepts_nothing(tmp_path):
    (tmp_path / "a.json").write_bytes(badge(1))

    judged = folder.judge_file(Verifier(FixedSources(), (period,)), str(tmp_path / "a.json"), NOON)

    assert (judged.accepted, judged.failed, judged.code) == (False, False, "not-checked")


def test_a_file_that_cannot_be_read_is_a_doubt(tmp_path):
    (judged,) = judge(tmp_path / "gone.json")

    assert (judged.verdict, judged.failed) == ("unreadable", False)


def test_a_file_that_is_too_large_is_read_no_further(tmp_path, monkeypatch):
    monkeypatch.setattr(folder, "_MAX_FILE", 100)
    (tmp_path / "a.json").write_bytes(badge(1))

    (judged,) = judge(tmp_path / "a.json")

    assert judged.verdict == "unreadable"


def run(capsys, *arguments):
    code = cli.main(["verify", "--offline", *map(str, arguments)])
    captured = capsys.readouterr()
    return code, captured.out.splitlines(), captured.err


def test_the_command_tells_each_file_and_ends_with_the_worst(files, capsys):
    code, lines, told = run(capsys, files)

    assert code == REJECTED
    assert len(lines) == 5
    assert lines[0].startswith("verified")
    assert "signature-mismatch" in lines[3]
    assert "\x1b" not in "".join(lines)
    assert told == "5 files: 1 not-verified, 1 unreadable, 3 verified\n"


def test_with_json_each_line_is_a_report(files, capsys):
    _, lines, _ = run(capsys, files, "--json", "--jobs", 2)

    reports = [json.loads(line) for line in lines]
    assert [report["accepted"] for report in reports] == [True, True, True, False, False]
    assert reports[0]["report"]["verdict"] == "verified"
    assert reports[4]["report"] == {
        "code": "not-a-credential",
        "message": "This is not a credential that we can read.",
    }


def test_all_accepted_is_accepted_and_a_doubt_is_undecided(tmp_path, capsys):
    (tmp_path / "a.json").write_bytes(badge(1))
    assert run(capsys, tmp_path)[0] == ACCEPTED

    (tmp_path / "b.json").write_bytes(badge(2, "did:web:harbour.example", "did:web:harbour.example#key-1"))
    assert run(capsys, tmp_path)[0] == UNDECIDED


@pytest.mark.parametrize("jobs", ["0", "-1", "65", "x", "1.5"])
def test_the_number_of_processes_is_a_number(tmp_path, capsys, jobs):
    with pytest.raises(SystemExit) as caught:
        run(capsys, tmp_path, "--jobs", jobs)
    assert caught.value.code == USAGE


def test_an_address_is_asked_once_and_so_is_one_that_does_not_answer():
    world = FixedSources({"https://x.example/a": b"answer"})
    sources = folder.AskOnce(world)
    fetch = partial(sources.fetch, accept="application/json", limit=10)

    assert [fetch("https://x.example/a") for _ in range(3)] == [b"answer"] * 3
    for _ in range(3):
        with pytest.raises(UnavailableError) as caught:
            fetch("https://x.example/b")
        assert caught.value.code == "unreachable"
    assert world.asked == ["https://x.example/a", "https://x.example/b"]


def test_what_is_kept_of_the_world_is_bounded(monkeypatch):
    monkeypatch.setattr(folder, "_MAX_ANSWERS", 3)
    monkeypatch.setattr(folder, "_MAX_KEPT", 25)
    world = FixedSources({f"https://x.example/{number}": bytes(10) for number in range(6)})
    sources = folder.AskOnce(world)
    for number in range(6):
        sources.fetch(f"https://x.example/{number}", accept="*/*", limit=10)
        assert len(sources._answers) <= 2
        assert sources._kept <= 25


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_is_shown_how_far_it_is():
    screen = Terminal()
    with folder.progress(4, screen) as tell:
        tell(2)
        tell(4)

    assert "4 of 4" in screen.getvalue()
    assert screen.getvalue().endswith("\n")


def test_anything_else_is_shown_nothing():
    stream = io.StringIO()
    with folder.progress(4, stream) as tell:
        tell(4)

    assert stream.getvalue() == ""
