# SPDX-License-Identifier: Apache-2.0
"""The components of every page. Each has one template in ``templates/ui`` and one entry on ``/styleguide/``.

A tag takes values, never a request or a model's permission: what may be shown is decided before a template
runs. Attributes that a tag does not know are written to the element, with ``_`` for ``-`` (``aria_label=…``).
"""

from __future__ import annotations

import re
from datetime import UTC
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from django import template
from django.forms import BoundField, CheckboxInput, CheckboxSelectMultiple, Form, RadioSelect, Textarea
from django.forms.utils import flatatt
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from cairn_server.web import stones as drawing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from django.core.paginator import Page

register = template.Library()

KINDS = ("neutral", "positive", "caution", "negative")
# Turned round where a page is read from right to left.
ONWARD = ("arrow-left", "arrow-right", "chevron-left", "chevron-right")
STATE_ICONS = {
    "neutral": "info",
    "positive": "circle-check",
    "caution": "triangle-alert",
    "negative": "circle-x",
    "unknown": "circle-question-mark",
}


def _attributes(extra: Mapping[str, Any]) -> SafeString:
    return flatatt(
        {
            name.rstrip("_").replace("_", "-"): value
            for name, value in extra.items()
            if value not in (None, "")
        }
    )


def _one_of(value: str, allowed: Iterable[str]) -> str:
    """A misspelt kind is a programmer's mistake: say so instead of drawing an unstyled box."""
    if value not in allowed:
        raise template.TemplateSyntaxError(f"{value!r} is none of {', '.join(allowed)}")
    return value


@cache
def _drawing(name: str) -> str:
    """An icon file without its comment and its own class; the files themselves stay as they came."""
    text = (files("cairn_server.web") / "icons" / f"{name}.svg").read_text("utf-8")
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL).strip()
    text = re.sub(r"\s+", " ", text)
    classes = "icon icon--onward" if name in ONWARD else "icon"
    return re.sub(r'class="[^"]*"', f'class="{classes}" aria-hidden="true" focusable="false"', text, count=1)


@register.simple_tag
def icon(name: str) -> SafeString:
    """A line icon, always decoration: the word stands beside it."""
    return mark_safe(_drawing(name))  # noqa: S308 - our own files, no value of a stranger


@register.filter
def moment(at: datetime) -> str:
    """To the second, in UTC, as the reader's language writes it."""
    at = at.astimezone(UTC)
    return _("%(day)s, %(time)s UTC") % {"day": date_format(at, "DATE_FORMAT"), "time": f"{at:%H:%M:%S}"}


@register.simple_tag
def pebble(name: str, kind: str = "neutral") -> SafeString:
    """An icon on a stone: the shape that carries every state."""
    return format_html('<span class="pebble pebble--{}">{}</span>', kind, icon(name))


@register.simple_tag
def stones(
    total: int = 3, done: int | None = None, label: str = "", *, seed: int = 0, topped: bool = False
) -> SafeString:
    """A cairn of ``total`` stones, the first ``done`` of them in place; ``topped`` crowns a finished one."""
    placed = total if done is None else done
    states = [drawing.Stone.SOLID if number < placed else drawing.Stone.OUTLINE for number in range(total)]
    if topped and placed >= total:
        states[-1] = drawing.Stone.TOP
    return drawing.draw(states, label=label, seed=seed)


# Actions


@register.simple_block_tag
def button(
    content: str, *, kind: str = "primary", href: str = "", icon: str = "", **extra: Any
) -> SafeString:
    """A button, or with ``href`` a link that looks like one. Verbs first: "Award", "Check it yourself"."""
    _one_of(kind, ("primary", "secondary", "quiet", "danger"))
    if not href:
        extra.setdefault("type", "submit")
    return mark_safe(  # noqa: S308 - a rendered template
        render_to_string(
            "ui/button.html",
            {"content": content, "kind": kind, "href": href, "icon": icon, "extra": _attributes(extra)},
        ).strip()
    )


@register.inclusion_tag("ui/copy_field.html")
def copy_field(label: str, value: str, *, hint: str = "") -> dict[str, Any]:
    """A value to copy: a text that can be selected, and a button where the browser runs scripts."""
    return {"label": label, "value": value, "hint": hint}


# Forms


@register.inclusion_tag("ui/field.html")
def field(bound: BoundField, *, width: str = "full", optional: bool = True) -> dict[str, Any]:
    """Label, hint, error, control, in this order. Django's own ids tie them together for screen readers."""
    _one_of(width, ("full", "long", "medium", "short"))
    widget = bound.field.widget
    shape = "control"
    if isinstance(widget, RadioSelect | CheckboxSelectMultiple):
        shape = "group"
    elif isinstance(widget, CheckboxInput):
        shape = "tick"
    elif isinstance(widget, Textarea):
        # People write in their own language, whatever that of the page is.
        widget.attrs.setdefault("dir", "auto")
    return {
        "field": bound,
        "width": width,
        "shape": shape,
        "say_optional": optional and not bound.field.required and shape != "tick",
    }


@register.inclusion_tag("ui/error_summary.html")
def error_summary(form: Form | None, *, title: str = "", focus: bool = True) -> dict[str, Any]:
    """Everything that is wrong, on top, each line a link to its field. Draws nothing when all is well."""
    if form is None or not form.errors:
        return {"problems": []}
    problems: list[tuple[str | None, Any]] = [(None, message) for message in form.non_field_errors()]
    for name, messages in form.errors.items():
        if name in form.fields:
            target = form[name].id_for_label or form[name].auto_id
            # A label that asks has its own mark at the end.
            after = "" if str(form[name].label).endswith(("?", "\N{ARABIC QUESTION MARK}")) else ":"
            problems += [(target, f"{form[name].label}{after} {message}") for message in messages]
    return {"problems": problems, "title": title, "focus": focus}


@register.inclusion_tag("ui/drop_zone.html")
def drop_zone(
    bound: BoundField, *, title: str = "", prompt: str = "", submit: bool = False
) -> dict[str, Any]:
    """A file button that is also a place to drop a file on, where the browser runs scripts."""
    return {"field": bound, "title": title or bound.label, "prompt": prompt, "submit": submit}


@register.inclusion_tag("ui/qr_reader.html")
def qr_reader(field: str) -> dict[str, Any]:
    """Reads a link out of a QR code into the field of that id. Shows where there is a camera to ask for."""
    return {"field": field, "decoder": static("js/vendor/jsqr/jsQR.js")}


@register.filter
def deeper(level: int) -> int:
    """The heading below this one; HTML has six."""
    return min(level + 1, 6)


@register.inclusion_tag("ui/stepper.html")
def stepper(steps: Sequence[str], current: int) -> dict[str, Any]:
    """Where one is in a task of several pages; ``current`` counts from 1."""
    marked = [
        (number, title, "done" if number < current else "now" if number == current else "next")
        for number, title in enumerate(steps, start=1)
    ]
    return {"steps": marked, "current": current, "total": len(steps)}


# Facts and states


@register.inclusion_tag("ui/verdict_bar.html", takes_context=True)
def verdict_bar(
    context: template.Context,
    *,
    kind: str,
    sentence: str,
    note: str = "",
    at: Any = None,
    level: int = 0,
    focus: bool = False,
    action: str = "",
) -> dict[str, Any]:
    """The answer in one sentence. ``level`` makes it a heading; "Check again" posts to ``action``."""
    _one_of(kind, STATE_ICONS)
    return {
        "kind": kind,
        "icon": "shield-check" if kind == "positive" else STATE_ICONS[kind],
        "sentence": sentence,
        "note": note,
        "at": at,
        "level": level,
        "focus": focus,
        "action": action,
        "csrf_token": context.get("csrf_token"),
    }


@register.inclusion_tag("ui/check_list.html")
def check_list(lines: Sequence[Any]) -> dict[str, Any]:
    """One line a check: icon, word, sentence, details. Takes ``verdict.Line`` or anything shaped like it."""
    return {"lines": lines}


@register.inclusion_tag("ui/facts.html")
def facts(items: Iterable[tuple[str, Any]], *, layout: str = "rows") -> dict[str, Any]:
    """Terms and values; a pair without a value is left out, so callers list everything they might know."""
    _one_of(layout, ("rows", "grid"))
    return {
        "items": [(term, value) for term, value in items if value not in (None, "", [])],
        "layout": layout,
    }


@register.inclusion_tag("ui/chips.html")
def chips(items: Iterable[Any]) -> dict[str, Any]:
    """Short labels; an item is a text, or a pair of text and address."""
    return {"items": [item if isinstance(item, tuple | list) else (item, "") for item in items]}


@register.inclusion_tag("ui/status.html")
def status(word: str, kind: str = "neutral") -> dict[str, Any]:
    """A state in a table: stone, word, colour."""
    _one_of(kind, STATE_ICONS)
    return {"word": word, "kind": kind, "icon": STATE_ICONS[kind]}


@register.simple_block_tag
def notice(content: str, *, kind: str = "neutral", title: str = "", role: str = "") -> SafeString:
    """Something to know before going on. ``role="status"`` when it answers what the person just did."""
    _one_of(kind, KINDS)
    return mark_safe(  # noqa: S308 - a rendered template
        render_to_string(
            "ui/notice.html",
            {"content": content, "kind": kind, "title": title, "role": role, "icon": STATE_ICONS[kind]},
        )
    )


# Surfaces and lists


@register.simple_block_tag
def card(content: str, *, title: str = "", href: str = "", icon: str = "", level: int = 3) -> SafeString:
    """A thing among things: a title that may be a link, and a few words."""
    return mark_safe(  # noqa: S308 - a rendered template
        render_to_string(
            "ui/card.html", {"content": content, "title": title, "href": href, "icon": icon, "level": level}
        )
    )


@register.simple_block_tag
def empty(content: str, *, title: str, total: int = 3, done: int = 0) -> SafeString:
    """Nothing here yet: the stones still to be placed, and what to do first."""
    return mark_safe(  # noqa: S308 - a rendered template
        render_to_string("ui/empty.html", {"content": content, "title": title, "total": total, "done": done})
    )


@register.simple_block_tag
def table(content: str, *, caption: str, **extra: Any) -> SafeString:
    """A table that scrolls by itself on a narrow screen; write ``thead`` and ``tbody`` inside."""
    return mark_safe(  # noqa: S308 - a rendered template
        render_to_string(
            "ui/table.html", {"content": content, "caption": caption, "extra": _attributes(extra)}
        )
    )


@register.simple_block_tag
def toolbar(content: str, *, label: str, query: str = "", action: str = "") -> SafeString:
    """Search above a list: a plain GET form, with any filters written inside."""
    return mark_safe(  # noqa: S308 - a rendered template
        render_to_string(
            "ui/toolbar.html", {"content": content, "label": label, "query": query, "action": action}
        )
    )


@register.inclusion_tag("ui/pagination.html", takes_context=True)
def pagination(context: template.Context, page: Page) -> dict[str, Any]:
    """Earlier and later pages; the rest of the address (search, filters) is kept."""
    return {
        "page": page,
        "request": context.get("request"),
        "numbers": page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1),
        "gap": page.paginator.ELLIPSIS,
    }


# Finding the way


@register.inclusion_tag("ui/tabs.html")
def tabs(items: Iterable[Sequence[Any]], *, label: str) -> dict[str, Any]:
    """Links to the pages of one thing; an item is (text, address, whether it is this page)."""
    return {"items": list(items), "label": label}


@register.inclusion_tag("ui/breadcrumb.html")
def breadcrumb(*steps: str) -> dict[str, Any]:
    """The way here: text, address, text, address, …; a last text without an address is this page."""
    pairs = [(steps[at], steps[at + 1] if at + 1 < len(steps) else "") for at in range(0, len(steps), 2)]
    return {"steps": pairs}
