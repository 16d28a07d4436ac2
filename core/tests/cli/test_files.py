# SPDX-License-Identifier: Apache-2.0
"""What all commands share: how they end, and a reader that leaves early."""

import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from cairn import cli

ACCEPTED, REJECTED = 0, 1


def test_the_module_is_the_command(badge):
    done = subprocess.run(
        [sys.executable, "-m", "cairn", "verify", str(badge)], capture_output=True, check=False
    )

    assert done.returncode == ACCEPTED
    assert b"genuine" in done.stdout


def test_the_module_ends_with_the_code_of_the_command(badge, monkeypatch, capsys):
    altered = badge.read_bytes().replace(b"Knots", b"Ropes")
    for data, expected in ((badge.read_bytes(), ACCEPTED), (altered, REJECTED)):
        Path("read.json").write_bytes(data)
        monkeypatch.setattr(sys, "argv", ["cairn", "verify", "read.json"])
        with pytest.raises(SystemExit) as left:
            runpy.run_module("cairn", run_name="__main__")
        assert left.value.code == expected
    assert "genuine" in capsys.readouterr().out

    # As the processes of --jobs read it, each of which would start them all again.
    runpy.run_module("cairn.__main__", run_name="__mp_main__")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["verify", "signed.json"], ACCEPTED),
        (["verify", "--json", "signed.json"], ACCEPTED),
        (["verify", "broken.json"], REJECTED),
        (["sign", "badge.json", "--key", "key.json"], ACCEPTED),
    ],
)
def test_a_reader_that_leaves_early_changes_nothing(badge, arguments, expected):
    """``cairn verify … | head``: the exit code is that of the verdict, and nobody complains."""
    Path("broken.json").write_bytes(badge.read_bytes().replace(b"validFrom", b"validfrom"))
    reader, writer = os.pipe()
    os.close(reader)

    with os.fdopen(writer, "wb") as output:
        done = subprocess.run(
            [sys.executable, "-m", "cairn", *arguments], stdout=output, stderr=subprocess.PIPE, check=False
        )

    assert done.stderr == b""
    assert done.returncode == expected


def test_what_is_still_written_once_the_reader_has_left_goes_nowhere(badge, monkeypatch):
    reader, writer = os.pipe()
    os.close(reader)

    with os.fdopen(writer, "w") as output:
        monkeypatch.setattr(sys, "stdout", output)
        assert cli.main(["verify", str(badge)]) == ACCEPTED
        output.write("as Python does when it ends")
        output.flush()


def test_help_names_the_commands(run):
    code, out, _ = run("--help")

    assert code == 0
    for command in ("verify", "sign", "keygen", "bake", "unbake"):
        assert command in out
