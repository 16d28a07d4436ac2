# SPDX-License-Identifier: Apache-2.0
"""``PROOF.md``: for each campaign what its last run found, with all that is needed to run it again.

The campaigns write the page themselves, so that it says what happened and not what somebody remembers. A row
is replaced by every later run, except by one that tried less of the same commit: a short run is no news after
a long one, unless it found something.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "PROOF.md"

_HEAD = """\
# Proof

What the campaigns of `make prove` last found.
They write this page themselves; only the reasons below the tables are written by hand.

- **tried**: how many inputs, kills, addresses or changes of the source.
- **failures**: how many of them broke the promise.
- **control**: the same campaign on builds in which its guards are broken on purpose, one at a time.
  It must be *red*, which means that the campaign noticed each; otherwise finding nothing would prove nothing.
- **seed** and **scale** repeat a run: `python -m prove NAME --seed SEED --scale SCALE`.
- A `+` after the **commit** says that the tree had changes that were not committed.

| campaign | what is promised | tried | failures | control | seed | scale | seconds | commit | day |
|---|---|---|---|---|---|---|---|---|---|
"""
_ROW = re.compile(r"^\| `([a-z0-9.-]+)` \| (.*) \|$", re.MULTILINE)
_AFTER = "\n<!-- written by hand from here on -->\n"


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    cells: tuple[str, ...]

    def __str__(self) -> str:
        return f"| `{self.name}` | {' | '.join(self.cells)} |"

    @property
    def tried(self) -> int:
        return int(self.cells[1].replace(",", ""))

    @property
    def is_good(self) -> bool:
        return self.cells[2:4] == ("0", "red")

    @property
    def commit(self) -> str:
        return self.cells[7]


def rows(page: Path = PAGE) -> dict[str, Row]:
    """The rows that the page has, by campaign."""
    if not page.exists():
        return {}
    return {
        match[1]: Row(match[1], tuple(match[2].split(" | "))) for match in _ROW.finditer(page.read_text())
    }


def record(
    line: Mapping[str, Any], *, promise: str, scale: float, order: Iterable[str], page: Path = PAGE
) -> None:
    """Put the result of one run into the page."""
    row = Row(
        line["name"],
        (
            promise,
            f"{line['tried']:,}",
            f"{line['failures']:,}",
            "red" if line["control_red"] else "**not red**",
            str(line["seed"]),
            f"{scale:g}",
            f"{line['seconds']:,}",
            _commit(),
            f"{datetime.now(UTC):%Y-%m-%d}",
        ),
    )
    found = rows(page)
    before = found.get(row.name)
    if before is not None and before.commit == row.commit and before.tried > row.tried and row.is_good:
        return
    found[row.name] = row
    known = [name for name in order if name in found]
    old = page.read_text() if page.exists() else _AFTER
    survivors = _SURVIVORS.search(old)
    _, _, by_hand = old.partition(_AFTER)
    table = _HEAD + "".join(f"{found[name]}\n" for name in known)
    page.write_text(table + (survivors[0] if survivors else "") + _AFTER + by_hand)


def _commit() -> str:
    def git(*arguments: str) -> str:
        ended = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
        return ended.stdout.strip() if ended.returncode == 0 else ""

    commit = git("rev-parse", "--short=10", "HEAD")
    if not commit:
        return "unknown"
    # The page itself changes with each run.
    return commit + ("+" if git("status", "--porcelain", "--", ".", ":!PROOF.md") else "")


_SURVIVORS = re.compile(r"\n## Changes that no test noticed\n.*?(?=\n## |\n<!-- |\Z)", re.DOTALL)


def list_survivors(
    survivors: Sequence[str], endless: Sequence[str], *, tried: int, possible: int, page: Path = PAGE
) -> None:
    """Put what survived the last run of ``mutation`` into the page, and what only took too long."""
    section = (
        "\n## Changes that no test noticed\n\n"
        f"{tried - len(survivors):,} of {tried:,} were noticed, of {possible:,} that are possible; "
        "the others are listed, each with its module and line:\n\n"
    ) + ("".join(f"- `{each}`\n" for each in survivors) or "- none\n")
    if endless:
        section += "\nThese were noticed because the tests did not come to an end:\n\n"
        section += "".join(f"- `{each}`\n" for each in endless)
    text = page.read_text() if page.exists() else _HEAD + _AFTER
    text = _SURVIVORS.sub("", text)
    before, mark, after = text.partition(_AFTER)
    page.write_text(before + section + mark + after)
