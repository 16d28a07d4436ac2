# SPDX-License-Identifier: Apache-2.0
"""What the commands share: exit codes, what is read and written, and what a terminal is shown."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cairn.canonical import parse_json, to_json
from cairn.did import did_key
from cairn.keys import PrivateKey
from cairn.reading import MAX_CREDENTIAL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cairn.errors import CairnError

ACCEPTED, REJECTED, USAGE, UNDECIDED = 0, 1, 2, 3

# Pictures and PDF files are larger than what is in them.
MAX_INPUT = 4 * MAX_CREDENTIAL


class OwnFileError(Exception):
    """A file that the caller chose cannot be used: no word about the credential."""

    def __init__(self, path: Path, error: CairnError) -> None:
        super().__init__(str(error))
        self.path = path
        self.error = error


def read_input(name: str) -> bytes:
    """A file, or standard input for ``-``."""
    # One byte more than is allowed, so that too much is noticed and not cut.
    limit = MAX_INPUT + 1
    if name == "-":
        return sys.stdin.buffer.read(limit)
    with Path(name).open("rb") as file:
        return file.read(limit)


def write_output(target: Path | None, data: bytes) -> None:
    """Into a file as it is, or to standard output with a line end."""
    if target is not None:
        target.write_bytes(data)
        return
    with reader_may_leave():
        sys.stdout.buffer.write(data if data.endswith(b"\n") else data + b"\n")


def read_key(path: Path) -> PrivateKey:
    """A private key as `keygen` writes it."""
    return PrivateKey.from_jwk(parse_json(path.read_bytes()))


def method_of(key: PrivateKey, chosen: str | None) -> str:
    """The verification method that the caller names, else that of the key's own did:key."""
    return chosen or f"{did_key(key.public_key)}#{key.public_key.multikey()}"


def say(text: str) -> None:
    with reader_may_leave():
        print(text)


def say_json(value: Any) -> None:
    say(to_json(value).decode())


@contextlib.contextmanager
def reader_may_leave() -> Iterator[None]:
    """Whoever has read enough (``cairn verify … | head``) changes neither the verdict nor the exit code."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        # Python flushes once more when it ends, and would complain then.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
