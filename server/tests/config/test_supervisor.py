# SPDX-License-Identifier: Apache-2.0
"""What the two processes of a server are started with, and when a signer is started again.

With real processes: server/tests/journeys/test_signer_process.py.
"""

from __future__ import annotations

import fcntl
import os
import sys

import pytest

from cairn_server.config import supervisor
from cairn_server.config.supervisor import Supervisor, without_secrets


class Ended:
    """A process that has ended like this."""

    def __init__(self, code):
        self.code = code

    def poll(self):
        return self.code


@pytest.fixture
def started(monkeypatch, tmp_path):
    """What would have been started, with which environment."""
    found = []
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.setattr(
        supervisor, "_started", lambda arguments, environment: found.append(arguments) or Ended(None)
    )
    return found


@pytest.fixture
def clock(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(supervisor.time, "monotonic", lambda: now[0])
    return now


def test_what_opens_keys_is_left_out_in_both_spellings():
    secrets = {f"{name}{ending}": "x" for name in supervisor.SECRETS for ending in ("", "_FILE")}

    assert without_secrets(secrets | {"PATH": "/bin", "SECRET_KEY": "s"}) == {
        "PATH": "/bin",
        "SECRET_KEY": "s",
    }
    assert {"KEY_ENCRYPTION_KEY", "KEY_ENCRYPTION_KEY_FILE", "PKCS11_PIN_FILE"} <= set(secrets)


def test_a_signer_that_ended_is_started_again_ever_more_slowly(started, clock):
    watched = Supervisor(["serve"])
    watched._start_signer()
    waits = []
    for _time in range(8):
        watched._signer = Ended(1)
        assert watched._keep_signer()
        waits.append(round(watched._again_at - clock[0], 1))
        before = len(started)
        watched._keep_signer()
        assert len(started) == before
        clock[0] = watched._again_at
        watched._keep_signer()
        assert len(started) == before + 1

    assert waits == [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 5.0]
    clock[0] += supervisor.SETTLED_SECONDS + 1
    watched._signer = Ended(-9)
    watched._keep_signer()
    assert watched._again_at - clock[0] == pytest.approx(supervisor.SHORTEST_PAUSE)


def test_a_signer_that_cannot_open_the_keys_ends_the_server(started):
    watched = Supervisor(["serve"])
    watched._signer = Ended(supervisor.EXIT_MISCONFIGURED)

    assert not watched._keep_signer()


def test_beside_the_signer_of_another_command_none_is_started(started, clock, tmp_path):
    """`serve` and `worker` on one data folder; when that signer ends, this one takes its place."""
    lock = os.open(tmp_path / "signer.lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(lock, fcntl.LOCK_EX)
    watched = Supervisor(["worker"])
    watched._signer = Ended(supervisor.EXIT_TAKEN)
    watched._keep_signer()

    for _time in range(3):
        clock[0] = watched._again_at
        watched._keep_signer()
    assert started == []

    os.close(lock)
    clock[0] = watched._again_at
    watched._keep_signer()
    assert started == [["signer"]]


def test_with_a_signer_elsewhere_the_server_is_all_there_is(monkeypatch):
    became = []
    monkeypatch.setenv("KEY_ENCRYPTION_KEY", "00" * 32)
    monkeypatch.setattr(os, "execve", lambda *arguments: became.append(arguments))

    supervisor.become_server(["serve"])

    [(program, arguments, environment)] = became
    assert program == sys.executable
    assert arguments[-2:] == ["--served", "serve"]
    assert "KEY_ENCRYPTION_KEY" not in environment
