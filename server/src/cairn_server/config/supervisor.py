# SPDX-License-Identifier: Apache-2.0
"""``run``, ``serve`` and ``worker`` as two processes: the signer with the keys, and the one that serves
without.

    cairn-server serve            this module: starts both, starts the signer again, passes signals on
    ├── cairn-server signer       the environment as it was given
    └── cairn-server serve        the same without what opens a key

The environment of a process is in its memory from its first moment, so what must not be there is left out
when the process is started; deleting it later would not do. This process imports neither Django nor a key.
"""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, NoReturn

from cairn_server.config import first_start
from cairn_server.config.hardening import die_with_parent, no_dumps

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import FrameType

SUPERVISED = ("run", "serve", "worker")
# In front of the command of the process that serves.
SERVED = "--served"
# Each also as NAME_FILE.
SECRETS = ("KEY_ENCRYPTION_KEY", "PKCS11_PIN", "REMOTE_SIGNER_TOKEN", "REMOTE_SIGNER_KEY")

# What the signer ends with: another one serves this data folder, or starting it again would not help.
EXIT_TAKEN, EXIT_MISCONFIGURED = 75, 78
SHORTEST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
# After so long at work an end is an accident, and not how every start ends.
SETTLED_SECONDS = 30.0
STOP_SECONDS = 10.0


def without_secrets(environment: Mapping[str, str]) -> dict[str, str]:
    hidden = {name + ending for name in SECRETS for ending in ("", "_FILE")}
    return {name: value for name, value in environment.items() if name not in hidden}


def become_server(arguments: list[str]) -> NoReturn:
    """Serve with a signer that is not ours; what may stand in the environment for it goes all the same."""
    os.execve(sys.executable, _command([SERVED, *arguments]), without_secrets(os.environ))  # noqa: S606


class Supervisor:
    def __init__(self, arguments: list[str]) -> None:
        self._arguments = arguments
        self._signer: subprocess.Popen[bytes] | None = None
        self._server: subprocess.Popen[bytes] | None = None
        self._started_at, self._pause, self._again_at = 0.0, SHORTEST_PAUSE, 0.0

    def run(self) -> int:
        """Until the server ends; its exit code."""
        no_dumps()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
            signal.signal(number, self._pass_on)
        self._start_signer()
        self._server = _started([SERVED, *self._arguments], without_secrets(os.environ))
        try:
            while (code := self._server.poll()) is None:
                if not self._keep_signer():
                    self._server.terminate()
                    self._server.wait()
                    return 1
                time.sleep(0.05)
        finally:
            # After the server: its last award is signed before it ends.
            self._stop_signer()
        return code if code >= 0 else 128 - code

    def _keep_signer(self) -> bool:
        """Start it again when it has ended, ever more slowly; False when that would not help."""
        now = time.monotonic()
        if self._signer is None:
            if now >= self._again_at and not self._another_signs():
                self._start_signer()
            return True
        code = self._signer.poll()
        if code is None:
            return True
        if code == EXIT_MISCONFIGURED:
            return False
        settled = now - self._started_at > SETTLED_SECONDS
        self._pause = SHORTEST_PAUSE if settled else min(self._pause * 2, LONGEST_PAUSE)
        self._signer, self._again_at = None, now + self._pause
        return True

    def _another_signs(self) -> bool:
        """Whether a signer of another command, on the same data folder, is there: that one will do."""
        self._again_at = time.monotonic() + LONGEST_PAUSE
        try:
            lock = os.open(first_start.data_dir() / "signer.lock", os.O_RDWR)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(lock)
        return False

    def _start_signer(self) -> None:
        self._signer = _started(["signer"], os.environ)
        self._started_at = time.monotonic()

    def _stop_signer(self) -> None:
        if self._signer is None:
            return
        self._signer.terminate()
        try:
            self._signer.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._signer.kill()

    def _pass_on(self, number: int, _frame: FrameType | None) -> None:
        if self._server is not None and self._server.poll() is None:
            self._server.send_signal(number)


def _started(arguments: list[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """In a process group of its own, so that Ctrl-C reaches it once and in order: through this process."""
    return subprocess.Popen(  # noqa: S603  our own program, with the operator's arguments
        _command(arguments),
        env=dict(environment),
        process_group=0,
        preexec_fn=die_with_parent,  # safe: this process has one thread
    )


def _command(arguments: list[str]) -> list[str]:
    return [sys.executable, "-m", "cairn_server", *arguments]
