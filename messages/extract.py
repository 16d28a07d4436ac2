# SPDX-License-Identifier: Apache-2.0
"""Every sentence that the source asks gettext for, and the files that ask.

Python is read as a syntax tree, with the names under which a module imports the functions; templates are
read by Django's own lexer. What is no literal cannot be found, here as with any other extractor.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.utils.translation.template import templatize

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# What each function takes, in order.
_ARGUMENTS = {
    "gettext": ("msgid",),
    "ngettext": ("msgid", "plural"),
    "pgettext": ("context", "msgid"),
    "npgettext": ("context", "msgid", "plural"),
}
_CALL = re.compile(r"(?<!\w)(_|n?p?gettext)\((?=u?['\"])")
_LITERAL = re.compile(r"""\s*,?\s*u?('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")""", re.S)


@dataclass(slots=True)
class Message:
    msgid: str
    context: str = ""
    plural: str = ""
    # The files that use it, below the package, as POSIX paths.
    files: list[str] = field(default_factory=list)

    @property
    def key(self) -> tuple[str, str]:
        return self.context, self.msgid


def found(package: Path) -> dict[tuple[str, str], Message]:
    """Every message of the package, in the order of its files and, within one, of its lines."""
    messages: dict[tuple[str, str], Message] = {}
    for path in sorted(each for each in package.rglob("*") if each.suffix in (".py", ".html", ".txt")):
        name = path.relative_to(package).as_posix()
        if "/migrations/" in name or (path.suffix != ".py" and "/templates/" not in name):
            continue
        text = path.read_text("utf-8")
        for message in of_python(text) if path.suffix == ".py" else of_template(text):
            kept = messages.setdefault(message.key, message)
            kept.plural = kept.plural or message.plural
            if name not in kept.files:
                kept.files.append(name)
    return messages


def of_template(text: str) -> Iterator[Message]:
    # What is no sentence is blanked out, so nothing else in it can look like a call.
    source = templatize(text)
    for call in _CALL.finditer(source):
        names = _ARGUMENTS["gettext" if call[1] == "_" else call[1]]
        values, at = [], call.end()
        while len(values) < len(names) and (literal := _LITERAL.match(source, at)):
            values.append(ast.literal_eval(literal[1]))
            at = literal.end()
        yield Message(**dict(zip(names, values, strict=True)))


def of_python(text: str) -> Iterator[Message]:
    tree = ast.parse(text)
    aliases = {
        name.asname or name.name: name.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation"
        for name in node.names
    }
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    for call in sorted(calls, key=lambda node: (node.lineno, node.col_offset)):
        names = _ARGUMENTS.get(_function(call.func, aliases))
        values = [each.value for each in call.args[: len(names or ())] if isinstance(each, ast.Constant)]
        if names and len(values) == len(names) and all(isinstance(each, str) for each in values):
            yield Message(**dict(zip(names, values, strict=True)))


def _function(node: ast.expr, aliases: dict[str, str]) -> str:
    """Which of the functions this is, without ``_lazy`` and ``_noop``; empty if none."""
    if isinstance(node, ast.Name):
        name = aliases.get(node.id, "")
    elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        name = node.attr if node.value.id == "translation" else ""
    else:
        return ""
    return name.removesuffix("_lazy").removesuffix("_noop")
