# SPDX-License-Identifier: Apache-2.0
"""The picture that stands for a public page elsewhere (OpenGraph, cards): drawn here, in one fixed layout.

A stranger's words are text in a place of their own, cut to what it holds, with this server's mark beside them
(B134). Drawn once for the same words.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from cairn_server.achievements.models import AchievementVersion
from cairn_server.web import display, printing, verdict

if TYPE_CHECKING:
    from cairn_server.wallets.models import HeldCredential, Portfolio

WIDTH, HEIGHT = 1200, 630
LONGEST = 140
_OWN_PICTURE = re.compile(r"/a/([A-Za-z0-9_-]{22})/image\.png")


def of_credential(held: HeldCredential) -> bytes:
    line = _("Awarded by %(issuer)s") % {"issuer": held.issuer_name[:LONGEST]}
    note = _("on %(day)s") % {"day": verdict.day(held.awarded_at)} if held.awarded_at else ""
    return _drawn(_("Credential"), held.name, line, note, drawing(held.picture))


def of_portfolio(portfolio: Portfolio, count: int) -> bytes:
    note = ngettext("%(n)s verified credential", "%(n)s verified credentials", count) % {"n": count}
    return _drawn(_("Portfolio"), portfolio.name, portfolio.headline, note, "")


def _drawn(kind: str, title: str, line: str, note: str, picture: str) -> bytes:
    told = {
        "kind": kind,
        "title": _cut(title),
        "line": _cut(line),
        "note": note,
        "site": urlsplit(settings.PUBLIC_URL).netloc,
        "lang": (get_language() or "en").split("-")[0],
    }
    return _card(json.dumps(told, sort_keys=True), picture)


@lru_cache(maxsize=64)
def _card(told: str, picture: str) -> bytes:
    return printing.card(json.loads(told), picture=picture)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1].rstrip() + "…"


def drawing(address: str) -> str:
    """The picture at this address as SVG, if it is of an achievement here; no other server's is loaded."""
    found = _OWN_PICTURE.fullmatch(display.own_image(address, public_url=settings.PUBLIC_URL))
    version = found and AchievementVersion.objects.published().filter(public_id=found[1]).first()
    if not version or version.picture is None:
        return ""
    if version.picture.svg:
        return version.picture.svg
    data = b64encode(bytes(version.picture.png)).decode("ascii")
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 600 600" width="600" height="600">'
        f'<image width="600" height="600" href="data:image/png;base64,{data}"/></svg>'
    )
