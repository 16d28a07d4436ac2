# SPDX-License-Identifier: Apache-2.0
"""What the public verifier asks: the usual checks, and the trust lists and schemas of this installation.

The lists are files that the operator has put there (CAIRN_TRUST_LISTS). They are read at the start, so that a
mistake in one is found then and not by a visitor. A signed one whose publisher cannot be asked stays closed,
visitors are told so, and it is tried again after a while. Which of them count is the visitor's choice.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from cairn import choosing
from cairn.errors import CairnError, MalformedError, UnavailableError
from cairn.trust_list import UnopenedList
from cairn_server.config import schemas
from cairn_server.errors import Refusal

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from cairn import Sources
    from cairn.checks import Check
    from cairn.trust_list import TrustList

ENDINGS = (".json", ".csv", ".jwt")
TRY_AGAIN = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Offered:
    """A list, and the name by which visitors and programs choose it.

    It is that of the file, which stays the same whoever opens the list and whatever it is called inside.
    """

    name: str
    list: TrustList | UnopenedList


# Opened lists by the files they came from, and when: they change with a restart.
_opened: dict[tuple[str, ...], tuple[datetime, tuple[Offered, ...]]] = {}


class UnknownList(Refusal):
    """A list is chosen that this installation does not have."""

    status = 400

    def __init__(self, known: Collection[str]) -> None:
        super().__init__(
            "unknown-trust-list",
            _("There is no such list here. There are: %s.") % (", ".join(known) or "–"),
        )


class Nowhere:
    """Looks at nothing: whether a file can be read as a list is seen without asking anybody."""

    def fetch(self, url: str, *, accept: str, limit: int) -> bytes:
        raise UnavailableError("offline", "Nobody was asked.")


def checks(*, lists: Collection[str] | None = None, holder: str | None = None) -> tuple[Check, ...]:
    """The checks of /verify and of the API; settings.CHECKS names this for both.

    ``lists`` are the names of those that count, None is all. ``holder`` is who should have it.
    """
    found = offered()
    known = dict.fromkeys(each.name for each in found)
    if not set(lists or ()) <= known.keys():
        raise UnknownList(known)
    chosen = [each.list for each in found if lists is None or each.name in lists]
    return choosing.checks(lists=chosen, holder=holder, schemas=schemas.store())


def choices() -> tuple[tuple[str, str], ...]:
    """The lists as a form offers them: by which name each is chosen, and what people call it.

    settings.TRUST_CHOICES names this. Two files of one name in two folders are chosen together. Showing a
    form asks nobody: a list that has not been opened yet is called by its name.
    """
    chosen = tuple(settings.TRUST_LISTS)
    if chosen not in _opened:
        now = timezone.now()
        # As long ago as it takes for the next check to try whatever could not be opened without asking.
        _opened[chosen] = (now - TRY_AGAIN, open_lists(chosen, Nowhere(), at=now))
    found: dict[str, list[str]] = {}
    for each in _opened[chosen][1]:
        found.setdefault(each.name, []).append(each.list.name)
    return tuple((name, ", ".join(dict.fromkeys(called))) for name, called in found.items())


def offered() -> tuple[Offered, ...]:
    """The lists of this installation, opened once."""
    chosen, now = tuple(settings.TRUST_LISTS), timezone.now()
    if not chosen:
        return ()
    kept = _opened.get(chosen)
    if kept is not None:
        opened_at, found = kept
        if now - opened_at < TRY_AGAIN or not any(isinstance(each.list, UnopenedList) for each in found):
            return found
    sources: Sources = import_string(settings.SOURCES)()
    found = open_lists(chosen, sources, at=now)
    _opened[chosen] = (now, found)
    return found


def open_lists(chosen: Sequence[str], sources: Sources, *, at: datetime) -> tuple[Offered, ...]:
    """Read every list; ``OSError`` or ``CairnError`` for the first file that cannot be one."""
    found = []
    for path in files(chosen):
        try:
            opened = choosing.trust_list(path.read_bytes(), sources, at=at, name=path.stem)
        except CairnError as error:
            raise MalformedError("trust-list", f"{path}: {error.message}") from error
        found.append(Offered(path.stem, opened))
    return tuple(found)


def files(chosen: Sequence[str]) -> list[Path]:
    """The files that are named, and the lists in the folders that are named."""
    found: list[Path] = []
    for path in map(Path, chosen):
        inside = (
            sorted(each for each in path.iterdir() if each.suffix in ENDINGS) if path.is_dir() else [path]
        )
        if not inside:
            # A folder that was named and is empty: somebody meant another one.
            raise MalformedError("trust-list", f"There is no list in {path}: it takes {', '.join(ENDINGS)}.")
        found += inside
    return found
