# SPDX-License-Identifier: Apache-2.0
"""What an installation makes once, for its owner alone: the data folder, the database file, two secrets.

``DATA_DIR/keys/secret-key``  signs sessions and one-time links
``DATA_DIR/keys/kek``         the key encryption key: without it no organisation can sign again

The secrets are made by the command line before anything else runs. Importing the settings makes nothing, so
tests, type checkers and editors leave no keys behind.
"""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

SECRET_KEY_BYTES = 48
KEK_BYTES = 32


class BadSecret(SystemExit):
    """A secret file that others can read, or that holds something else."""


def data_dir() -> Path:
    from cairn_server.config import env

    return Path(env.text("DATA_DIR", "var")).absolute()


def prepare(folder: Path, *, kek: bool = True) -> None:
    """Make what is missing. A file that exists is never written again.

    ``kek`` is false in what serves people: the key encryption key is not its business, not even to make it.
    """
    keys = folder / "keys"
    # One by one: mkdir gives its mode to the last folder only. One that exists keeps the mode it was given.
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    keys.mkdir(exist_ok=True, mode=0o700)
    make(keys / "secret-key", secrets.token_urlsafe(SECRET_KEY_BYTES))
    if kek and not os.environ.get("KEY_ENCRYPTION_KEY") and not os.environ.get("KEY_ENCRYPTION_KEY_FILE"):
        make(keys / "kek", secrets.token_hex(KEK_BYTES))


def make_private(path: Path) -> None:
    """An empty file for SQLite to fill, which would make it readable by everybody the umask lets in.

    Its write-ahead log takes the mode of the database (https://sqlite.org/wal.html).
    """
    if path.parent.is_dir():
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def read(path: Path) -> str:
    """The secret in the file; refuses a file that anybody but its owner can read."""
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise BadSecret(f"{path} can be read by others (mode {mode:04o}). Run: chmod 600 {path}")
    return path.read_text(encoding="ascii").strip()


def kek_from(text: str) -> bytes:
    """The 32 bytes of a key encryption key written as 64 hexadecimal digits."""
    try:
        kek = bytes.fromhex(text)
    except ValueError as error:
        raise BadSecret("KEY_ENCRYPTION_KEY must be 64 hexadecimal digits.") from error
    if len(kek) != KEK_BYTES:
        raise BadSecret(f"KEY_ENCRYPTION_KEY has {len(kek)} bytes; it must have {KEK_BYTES}.")
    return kek


def make(path: Path, text: str) -> None:
    """Write a secret file that does not exist yet, so that it survives a power cut."""
    try:
        # O_EXCL: of two starts at once, one makes the file and the other reads it.
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(file, "w", encoding="ascii") as stream:
        stream.write(text + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    # The name too must be on the disk: a key that signed and is gone is the worst of both.
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
