# SPDX-License-Identifier: Apache-2.0
"""``python -m messages update | missing [LANGUAGE]``: follow the source, or say what is not translated yet.

``missing`` prints what learner pages lack, and what a translation has lost; exit 1 if there is any of it.
"""

from __future__ import annotations

import argparse
import sys

from messages import SERVER, languages, po_file
from messages.catalogue import PLURALS, Catalogue, read
from messages.extract import found
from messages.scope import is_for_learners


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="messages")
    parser.add_argument("do", choices=("update", "missing"))
    parser.add_argument("language", nargs="*", choices=[*PLURALS, []], help="all, unless some are named")
    asked = parser.parse_args(arguments)
    chosen = asked.language or languages()
    return update(chosen) if asked.do == "update" else missing(chosen)


def load(language: str) -> Catalogue:
    path = po_file(language)
    return read(path.read_text("utf-8"), language) if path.exists() else Catalogue(language)


def update(chosen: list[str]) -> int:
    """Take in what the source says now, and compile what is translated."""
    messages = found(SERVER)
    for language in chosen:
        catalogue = load(language)
        catalogue.take_in(messages.values())
        path = po_file(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(catalogue.po(), "utf-8")
        path.with_suffix(".mo").write_bytes(catalogue.mo())
        done = sum(each.is_done for each in catalogue.entries.values())
        print(
            f"{language}: {done} of {len(messages)} sentences, {len(lacking(catalogue))} missing for learners"
        )
    return 0


def missing(chosen: list[str]) -> int:
    messages = found(SERVER)
    some = False
    for language in chosen:
        catalogue = load(language)
        catalogue.take_in(messages.values())
        for msgid in lacking(catalogue):
            print(f"{language}: {msgid!r}")
            some = True
        for fault in catalogue.faults():
            print(fault)
            some = True
    return int(some)


def lacking(catalogue: Catalogue) -> list[str]:
    """What learners would read in English."""
    return [
        entry.msgid
        for entry in catalogue.entries.values()
        if not entry.is_done and is_for_learners(entry.files)
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
