# SPDX-License-Identifier: Apache-2.0
"""What an award as SD-JWT VC is: the type metadata at the address that its ``vct`` names.

For wallets that draw what they hold: a name, and what the claims are called that its holder may keep back.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils import translation

from cairn.canonical import to_json
from cairn_server.api.public import document, public_document
from cairn_server.issuing import as_sd_jwt

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

MAX_AGE = 3600


@public_document
def open_badge(request: HttpRequest) -> HttpResponse:
    body = {
        "vct": as_sd_jwt.vct(settings.PUBLIC_URL),
        "name": "Open Badge 3.0",
        "description": "An Open Badge 3.0 as claims of a token, without JSON-LD.",
        "display": [_in(language, _type) for language in languages()],
        "claims": claims(),
    }
    return document(request, to_json(body), media_types=("application/json",), max_age=MAX_AGE)


def languages() -> list[str]:
    """The one of the pages first: a wallet that does not choose takes the first that is there."""
    codes = [code for code, _name in settings.LANGUAGES]
    return sorted(codes, key=lambda code: (code != settings.LANGUAGE_CODE, code))


def claims() -> list[dict[str, Any]]:
    """The claims that mean something to people, with their names in every language of the pages."""
    return [
        {
            "path": list(path),
            "display": [_in(language, partial(_labelled, label)) for language in languages()],
            "sd": "always" if as_sd_jwt.can_be_hidden(path) else "never",
        }
        for path, label in as_sd_jwt.LABELS.items()
    ]


def _in(language: str, words: Callable[[], dict[str, str]]) -> dict[str, str]:
    with translation.override(language):
        # Both names of the language: drafts before 2025 had the second one.
        return {"locale": language, "lang": language, **words()}


def _labelled(label: Any) -> dict[str, str]:
    return {"label": str(label)}


def _type() -> dict[str, str]:
    return {"name": str(as_sd_jwt.NAME), "description": str(as_sd_jwt.DESCRIPTION)}
