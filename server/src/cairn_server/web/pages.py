# SPDX-License-Identifier: Apache-2.0
"""Help, privacy, terms, imprint: the operator's own words, or ours until there are some.

The operator puts ``DATA_DIR/pages/<name>.md`` there, or ``<name>.<language>.md`` for one language; the first
heading becomes the page's title. Read on every request, so a change needs no restart.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.shortcuts import render
from django.utils.translation import get_language, gettext_lazy
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from cairn_server.web import markdown, publication

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

TITLES = {
    "help": gettext_lazy("Help"),
    "privacy": gettext_lazy("Privacy"),
    "terms": gettext_lazy("Terms of use"),
    "imprint": gettext_lazy("Imprint"),
}


@csrf_exempt
@require_safe
def page(request: HttpRequest, name: str) -> HttpResponse:
    text = own_text(Path(settings.DATA_DIR), name, language=get_language() or "en")
    title, body = (TITLES[name], "") if text is None else _title_and_body(text, default=str(TITLES[name]))
    context = {
        "title": title,
        "body": markdown.render(body),
        "own": text is not None,
        "operator": settings.OPERATOR_NAME,
        "open_founding": settings.OPEN_FOUNDING,
    }
    template = "pages/own.html" if text is not None else f"pages/{name}.html"
    return publication.page(render(request, template, context))


def own_text(folder: Path, name: str, *, language: str) -> str | None:
    """The operator's text in the visitor's language, else in any, else None. ``name`` is one of ours."""
    for file in (folder / "pages" / f"{name}.{language}.md", folder / "pages" / f"{name}.md"):
        try:
            return file.read_text("utf-8")
        except FileNotFoundError:
            continue
    return None


def _title_and_body(text: str, *, default: str) -> tuple[str, str]:
    first, _line_end, rest = text.lstrip().partition("\n")
    if first.startswith("# "):
        return first[2:].strip(), rest
    return default, text
