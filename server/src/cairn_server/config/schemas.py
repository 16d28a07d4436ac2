# SPDX-License-Identifier: Apache-2.0
"""The JSON Schemas that the operator has put into a folder (CAIRN_SCHEMAS), read once.

They are applied to what names them, on /verify and by the API. They are read at the start, so that a mistake
in one, or the missing package that applies them, is found then and not by a visitor.
"""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from cairn.errors import MalformedError
from cairn.schemas import SUMS, SchemaStore

# What was read, by its folder: it changes with a restart.
_read: dict[str, SchemaStore] = {}


def store() -> SchemaStore | None:
    """The schemas of this installation; None when it has no folder of them."""
    folder: str = settings.SCHEMAS
    if not folder:
        return None
    if folder not in _read:
        _read[folder] = read(Path(folder))
    return _read[folder]


def read(folder: Path) -> SchemaStore:
    """Read the folder anew; ``OSError`` or ``CairnError`` for the first file that cannot be used."""
    files = {each.name: each.read_bytes() for each in folder.iterdir() if each.is_file()}
    if not files.keys() - {SUMS}:
        # A folder that was named and is empty: somebody meant another one.
        raise MalformedError("schema-file", f"There is no schema in {folder}.")
    return SchemaStore.of_files(files)
