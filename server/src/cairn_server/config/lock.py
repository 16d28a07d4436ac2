# SPDX-License-Identifier: Apache-2.0
"""One running server to a data folder.

Two of them on one folder would be two runners, two memories of what was published, and perhaps two public
addresses of which one no longer answers what it signs.
"""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

# A server that was killed leaves a worker that notices within about a second.
WAIT_SECONDS = 2.0


class DataFolderTaken(SystemExit):
    def __init__(self, folder: Path, holder: str, *, port: int) -> None:
        super().__init__(
            f"Another cairn-server{f' ({holder})' if holder else ''} is running on the data folder {folder}."
            f" Stop that one, or start a second copy beside it with a folder and a port of its own:"
            f" {second_copy(folder, port)}"
        )


def second_copy(folder: Path, port: int) -> str:
    """The settings under which another copy of the program gets in nobody's way."""
    near = folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder
    return f"DATA_DIR={near}-2 PORT={min(port + 1, 65535)}"


def hold(folder: Path, *, address: str, port: int, wait: float = WAIT_SECONDS) -> int:
    """Hold ``folder/lock`` until this process and the workers it forks have ended; the descriptor, open.

    ``flock`` belongs to the open file, so a worker that outlives its master still holds it, and the kernel
    lets go of it however the process ends: a stale lock cannot exist. The content is for people.
    """
    file = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + wait
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() < deadline:
                time.sleep(0.1)
                continue
            holder = os.pread(file, 500, 0).decode("utf-8", "replace").strip()
            os.close(file)
            raise DataFolderTaken(folder, holder, port=port) from None
        os.ftruncate(file, 0)
        os.pwrite(file, f"process {os.getpid()}, {address}\n".encode(), 0)
        return file
