# SPDX-License-Identifier: Apache-2.0
"""No English is left on a learner's page: every sentence that it asks for is there in every language.

``test_messages`` finds sentences in the source and knows by the file whose they are. This looks from the
other side: it opens pages, and sees what was asked for in vain, from django-allauth and Django as well.
"""

from __future__ import annotations

import gettext
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from django.urls import NoReverseMatch, get_resolver, reverse
from django.utils import translation
from django.utils.translation import trans_real

from cairn_server.web.language import IN_ENGLISH

if TYPE_CHECKING:
    from collections.abc import Iterator

LANGUAGES = [code for code, _name in settings.LANGUAGES if code != "en"]
# Each language is called by its own name everywhere.
OWN_NAMES = {name for _code, name in settings.LANGUAGES}


class AskedInVain(gettext.NullTranslations):
    """The last resort of a catalogue: what comes here has no translation."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: set[str] = set()

    def gettext(self, message: str) -> str:
        self.messages.add(message)
        return message

    def ngettext(self, singular: str, plural: str, number: int) -> str:
        self.messages.add(singular)
        return singular if number == 1 else plural

    def pgettext(self, context: str, message: str) -> str:
        return self.gettext(message)


@pytest.fixture(params=LANGUAGES)
def in_vain(request: pytest.FixtureRequest) -> Iterator[tuple[str, set[str]]]:
    catalogue = trans_real.translation(request.param)
    kept, recorder = catalogue._fallback, AskedInVain()
    catalogue._fallback = recorder
    yield request.param, recorder.messages
    catalogue._fallback = kept


def test_a_sentence_that_nobody_translated_is_noticed(in_vain):
    language, messages = in_vain
    with translation.override(language):
        translation.gettext("Nobody has translated this.")

    assert messages == {"Nobody has translated this."}


def test_no_learners_page_asks_for_a_sentence_in_vain(in_vain, signed_in, stranger, learner, credential):
    language, messages = in_vain
    own = [
        f"/c/{credential.public_id}",
        f"/c/{credential.public_id}?at=2020-01-01",
        "/c/AAAAAAAAAAAAAAAAAAAAAA",
        f"/a/{credential.version.public_id}",
        f"/a/{credential.version.public_id}/versions",
        f"/i/{credential.organisation.public_id}",
        f"/wallet/{credential.public_id}/put",
        f"/wallet/{credential.public_id}/renew",
        "/nowhere",
    ]
    seen, english = 0, {}
    for client in (stranger, signed_in(learner)):
        client.cookies["language"] = language
        for path in (*plain_addresses(), *own):
            messages.clear()

            response = client.get(path)

            seen += response.status_code == 200
            if messages - OWN_NAMES:
                english[path] = messages - OWN_NAMES
    assert english == {}
    assert seen > 50


def plain_addresses() -> list[str]:
    """Every address that needs no identifier, but those of the desk and of machines."""
    found = []
    for name in get_resolver().reverse_dict:
        if isinstance(name, str):
            try:
                found.append(reverse(name))
            except NoReverseMatch:
                continue
    return sorted(
        path for path in found if not path.startswith(("/api/", *(f"/{each}" for each in IN_ENGLISH)))
    )
