# SPDX-License-Identifier: Apache-2.0
"""Catalogues of GNU gettext: ``.po`` for people, ``.mo`` for machines, and what a translation must keep."""

from __future__ import annotations

import ast
import re
import struct
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from messages.extract import Message

# How each language counts (CLDR, cardinal numbers that a page has): its forms in the order of ``msgstr[…]``.
PLURALS = {
    "ar": (
        "nplurals=6; plural=n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5;"
    ),
    "de": "nplurals=2; plural=n != 1;",
    "es": "nplurals=2; plural=n != 1;",
    "fr": "nplurals=2; plural=n > 1;",
    "nl": "nplurals=2; plural=n != 1;",
}
# A form for one, two or none may say its number in words, or not at all.
_NUMBERS = {"%(count)s", "%(n)s", "%(n)d", "%(count)d", "%(total)s", "%(shown)s", "%(number)s", "%(days)s"}
_PLACEHOLDER = re.compile(r"%\(\w+\)[sdif]|%%|%[sdif]|\{\w+\}")
_TAG = re.compile(r"</?\w[^>]*>")


@dataclass(slots=True)
class Entry:
    """One message and what a language makes of it: one text, or one for each of its plural forms."""

    msgid: str
    context: str = ""
    plural: str = ""
    texts: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    fuzzy: bool = False

    @property
    def key(self) -> tuple[str, str]:
        return self.context, self.msgid

    @property
    def is_done(self) -> bool:
        return bool(self.texts) and all(self.texts) and not self.fuzzy


@dataclass(slots=True)
class Catalogue:
    language: str
    # The comment at its head: for translators, their glossary.
    head: tuple[str, ...] = ()
    entries: dict[tuple[str, str], Entry] = field(default_factory=dict)

    @property
    def plural_forms(self) -> str:
        return PLURALS[self.language]

    @property
    def forms(self) -> int:
        return int(self.plural_forms.removeprefix("nplurals=").partition(";")[0])

    @property
    def header(self) -> str:
        return (
            "Project-Id-Version: Cairn\n"
            f"Language: {self.language}\n"
            "MIME-Version: 1.0\n"
            "Content-Type: text/plain; charset=UTF-8\n"
            "Content-Transfer-Encoding: 8bit\n"
            f"Plural-Forms: {self.plural_forms}\n"
        )

    def take_in(self, messages: Iterable[Message]) -> None:
        """Follow the source: what is new waits for its words, what is gone goes, what is there stays."""
        before, self.entries = self.entries, {}
        for message in messages:
            entry = before.get(message.key) or Entry(message.msgid, message.context)
            if bool(entry.plural) != bool(message.plural):
                entry.texts = ()
            entry.plural, entry.files = message.plural, tuple(message.files)
            self.entries[entry.key] = entry

    def faults(self) -> list[str]:
        """What no translation may do, said for whoever has to mend it."""
        return [
            f"{self.language}: {fault}: {entry.msgid!r}"
            for entry in self.entries.values()
            if any(entry.texts)
            for fault in faults_of(entry, forms=self.forms)
        ]

    def po(self) -> str:
        lines = [f"# {each}".rstrip() for each in self.head]
        lines += ['msgid ""', *_texts("msgstr", self.header), ""]
        for entry in self.entries.values():
            lines += [f"# {each}".rstrip() for each in entry.notes]
            lines += [f"#: {each}" for each in entry.files]
            lines += ["#, fuzzy"] if entry.fuzzy else []
            lines += _texts("msgctxt", entry.context) if entry.context else []
            lines += _texts("msgid", entry.msgid)
            if entry.plural:
                lines += _texts("msgid_plural", entry.plural)
                for number in range(self.forms):
                    lines += _texts(f"msgstr[{number}]", _at(entry.texts, number))
            else:
                lines += _texts("msgstr", _at(entry.texts, 0))
            lines.append("")
        return "\n".join(lines)

    def mo(self) -> bytes:
        """What programs read (gettext manual, "The Format of GNU MO Files"), without its hash table."""
        texts = {"": self.header}
        for entry in self.entries.values():
            if entry.is_done:
                name = f"{entry.context}\x04{entry.msgid}" if entry.context else entry.msgid
                texts[f"{name}\0{entry.plural}" if entry.plural else name] = "\0".join(entry.texts)
        pairs = sorted((name.encode(), text.encode()) for name, text in texts.items())
        count, head = len(pairs), 7 * 4
        at = head + 16 * count
        tables: list[list[int]] = [[], []]
        for column, table in enumerate(tables):
            for pair in pairs:
                table += [len(pair[column]), at]
                at += len(pair[column]) + 1
        numbers = [0x950412DE, 0, count, head, head + 8 * count, 0, at, *tables[0], *tables[1]]
        strings = b"".join(each[column] + b"\0" for column in (0, 1) for each in pairs)
        return struct.pack(f"<{len(numbers)}I", *numbers) + strings


def faults_of(entry: Entry, *, forms: int) -> list[str]:
    if entry.plural and len(entry.texts) != forms:
        return [f"{len(entry.texts)} of {forms} plural forms"]
    found = []
    for text in entry.texts:
        found += _lost(_PLACEHOLDER, entry, text, may_go=_NUMBERS if entry.plural else set())
        found += _lost(_TAG, entry, text, may_go=set())
        for edge in (str.startswith, str.endswith):
            if edge(text, "\n") != edge(entry.msgid, "\n"):
                found.append("a line break at one end alone")
        if text.strip(" ") == text and entry.msgid.strip(" ") != entry.msgid:
            found.append("a space at its end is gone")
    return found


def _lost(pattern: re.Pattern[str], entry: Entry, text: str, *, may_go: set[str]) -> list[str]:
    wanted = Counter(pattern.findall(entry.msgid)) | Counter(pattern.findall(entry.plural))
    there = Counter(pattern.findall(text))
    lost = [each for each in wanted - there if each not in may_go]
    return [f"without {each}" for each in lost] + [f"with {each}" for each in there - wanted]


def read(text: str, language: str) -> Catalogue:
    """A ``.po`` file, of our own making or of an editor's."""
    catalogue = Catalogue(language)
    for number, block in enumerate(re.split(r"\n[ \t]*\n", text.strip())):
        entry = _entry(block)
        if number == 0:
            catalogue.head = entry.notes
        elif entry.msgid:
            catalogue.entries[entry.key] = entry
    return catalogue


def _entry(block: str) -> Entry:
    said: dict[str, list[str]] = {}
    notes, files, fuzzy, key = [], [], False, ""
    for line in block.splitlines():
        if line.startswith("#:"):
            files += line[2:].split()
        elif line.startswith("#,"):
            fuzzy |= "fuzzy" in line
        elif line.startswith("#~"):
            continue  # what an editor keeps of what is gone
        elif line.startswith("#"):
            notes.append(line[1:].strip())
        else:
            word, quote, rest = line.partition('"')
            key = word.strip() or key
            said.setdefault(key, []).append(ast.literal_eval(quote + rest))
    texts = {name: "".join(parts) for name, parts in said.items()}
    numbered = sorted(name for name in texts if name.startswith("msgstr"))
    return Entry(
        msgid=texts.get("msgid", ""),
        context=texts.get("msgctxt", ""),
        plural=texts.get("msgid_plural", ""),
        texts=_none_if_empty(tuple(texts[name] for name in numbered)),
        files=tuple(files),
        notes=tuple(notes),
        fuzzy=fuzzy,
    )


def _none_if_empty(texts: tuple[str, ...]) -> tuple[str, ...]:
    return texts if any(texts) else ()


def _at(texts: tuple[str, ...], number: int) -> str:
    return texts[number] if number < len(texts) else ""


_ESCAPES: Mapping[str, str] = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def _texts(keyword: str, text: str) -> list[str]:
    """One line of the file for each line of the text."""
    parts = text.splitlines(keepends=True) if "\n" in text[:-1] else [text]
    quoted = ['"' + "".join(_ESCAPES.get(each, each) for each in part) + '"' for part in parts]
    return [f"{keyword} {quoted[0]}"] if len(quoted) == 1 else [f'{keyword} ""', *quoted]
