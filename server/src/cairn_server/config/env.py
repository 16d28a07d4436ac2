# SPDX-License-Identifier: Apache-2.0
"""The only way a setting gets in: an environment variable, or the file that ``NAME_FILE`` names.

``NAME_FILE`` is how container platforms hand over secrets. A value that cannot be used stops the
start with the variable's name and the page that documents it; there is no silent fallback.
"""

from __future__ import annotations

import os
from pathlib import Path

DOCUMENTED_IN = "docs/reference/settings.md"


class BadSetting(SystemExit):
    """A variable is missing or cannot be read as what it must be."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"{name} {problem}. It is documented in {DOCUMENTED_IN}.")


def text(name: str, default: str | None = None) -> str:
    """The value, from ``NAME`` or from the file named by ``NAME_FILE``; never both."""
    value, file = os.environ.get(name), os.environ.get(f"{name}_FILE")
    if value and file:
        raise BadSetting(name, f"is set twice, as {name} and as {name}_FILE")
    if file:
        try:
            value = Path(file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise BadSetting(f"{name}_FILE", f"names {file!r}, which cannot be read: {error}") from error
    if value:
        return value
    if default is None:
        raise BadSetting(name, "is not set")
    return default


def secret(name: str, default: str | None = None) -> str:
    """Like ``text``, but an error never repeats the value."""
    return text(name, default)


def flag(name: str, default: bool = False) -> bool:
    value = text(name, "yes" if default else "no").lower()
    if value in ("1", "yes", "true", "on"):
        return True
    if value in ("0", "no", "false", "off"):
        return False
    raise BadSetting(name, f"is {value!r}; say yes or no")


def number(name: str, default: int, *, least: int = 0, most: int = 2**31 - 1) -> int:
    value = text(name, str(default))
    # int() also reads "1_000", " 5\n" and digits of other scripts (B17).
    if not (value.isascii() and value.isdecimal()):
        raise BadSetting(name, f"is {value!r}; it takes a whole number")
    if not least <= int(value) <= most:
        raise BadSetting(name, f"is {value}; it must be from {least} to {most}")
    return int(value)


def choice(name: str, default: str, *, of: tuple[str, ...]) -> str:
    value = text(name, default)
    if value not in of:
        raise BadSetting(name, f"is {value!r}; it is one of {', '.join(of)}")
    return value


def names(name: str, default: str = "") -> list[str]:
    """Several values, separated by commas."""
    return [part.strip() for part in text(name, default).split(",") if part.strip()]
