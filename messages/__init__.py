# SPDX-License-Identifier: Apache-2.0
"""The sentences of Cairn in other languages: found in the source, kept in ``.po`` files, compiled to ``.mo``.

Pure Python, so that whoever writes a sentence needs no other tool than whoever runs it. The compiled files
are in the repository beside what they are made of, because Django reads nothing else and an installation
from git has no step that could make them; a test compiles them again and compares.
"""

from __future__ import annotations

from pathlib import Path

SERVER = Path(__file__).resolve().parents[1] / "server" / "src" / "cairn_server"
LOCALE = SERVER / "locale"


def po_file(language: str) -> Path:
    return LOCALE / language / "LC_MESSAGES" / "django.po"


def languages() -> list[str]:
    return sorted(each.parent.parent.name for each in LOCALE.glob("*/LC_MESSAGES/django.po"))
