# SPDX-License-Identifier: Apache-2.0
"""What a tile of the catalogue says in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cairn_server.web import display

if TYPE_CHECKING:
    from cairn_server.achievements.models import CatalogueEntry

register = template.Library()


@register.simple_tag
def entry_facts(entry: CatalogueEntry) -> str:
    """Kind, level, workload, credits and language, as far as there are such."""
    hours, credits = entry.workload_hours, entry.credits
    said = [
        display.type_name(entry.kind),
        _("EQF level %(level)s") % {"level": entry.level} if entry.level else "",
        ngettext("%(n)s hour", "%(n)s hours", hours) % {"n": hours} if hours else "",
        _("%(n)s ECTS") % {"n": f"{float(credits):g}"} if credits else "",
        display.language_name(entry.language),
    ]
    return " · ".join(filter(None, said))
