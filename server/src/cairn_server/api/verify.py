# SPDX-License-Identifier: Apache-2.0
"""Verification for machines: the bytes of credentials in, the library's reports out.

This module judges as a stranger would. It may not import anything that knows what this server has issued
(contract ``honest-verifier``): our own credentials are read over the same public addresses as any others.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from cairn import Verifier
from cairn.canonical import parse_json, to_json
from cairn.errors import CairnError, MalformedError, UnavailableError, UnsupportedError
from cairn.materials import ACCEPT_CREDENTIAL
from cairn_server import past, receipts
from cairn_server.api import problems

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from django.http import HttpRequest

    from cairn import Report, Sources

logger = logging.getLogger(__name__)

# The most that one credential, or one file with a credential inside, may weigh.
MAX_BYTES = 2 * 1024 * 1024

# What may be said about a body, and what must then be found in it (B14: a content type that lies). The
# values are carriers as cairn.read() names them; None leaves it to the bytes.
MEDIA_TYPES: dict[str, str | None] = {
    "application/vc": "json",
    "application/vc+ld+json": "json",
    "application/ld+json": "json",
    "application/json": "json",
    "application/vc+jwt": "jwt",
    "application/jwt": "jwt",
    "text/plain": "jwt",
    "image/png": "png",
    "image/svg+xml": "svg",
    "application/pdf": "pdf",
    "application/octet-stream": None,
    "multipart/form-data": None,
}
# Many at once: one JSON value a line, in and out (https://github.com/ndjson/ndjson-spec).
LINES = "application/x-ndjson"

MOST_FILES = 50
MAX_BYTES_TOGETHER = 20 * 1024 * 1024
# Without a token, and with one. A longer list is sent in pieces.
MOST_LINES, MOST_LINES_WITH_TOKEN = 50, 1_000


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the caller wants: whom to trust and compare, a signed receipt, and in it what was said."""

    receipt: bool = False
    content: bool = False
    lists: tuple[str, ...] | None = None
    """The names of the trust lists that count; None is all of this installation."""
    holder: str | None = None
    """An e-mail address or a DID: who should have it."""
    moment: datetime | None = None
    """A moment that has passed, about which is asked; None is now."""
    refresh: bool = False
    """Ask issuers who keep newer copies for one, and judge that; of a day that has passed nobody does."""


def examine(request: HttpRequest, wishes: Wishes, *, at: datetime) -> dict[str, Any]:
    """Judge the one credential of a request, with the installation's one way of reaching the world.

    The credential is the whole body, or the part ``file`` of a form. Raises
    ``UnsupportedError("media-type")`` for a type that is not listed, for a compressed body, and for a body
    that is not what its type says (B14).
    """
    declared = _declared(request)
    data = _files(request)[0] if declared == "multipart/form-data" else request.body
    report = _report(data, _verifier(wishes), wishes, at=at)
    if MEDIA_TYPES[declared] not in (None, report.carrier):
        raise UnsupportedError("media-type", _("The body is not what its content type says."))
    return answered(report, wishes, at=at)


def is_many(request: HttpRequest) -> bool:
    """Whether the request brings several things: lines, a form with several files, or a JSON list."""
    match request.content_type:
        case "multipart/form-data":
            return len(request.FILES.getlist("file")) > 1
        case "application/json":
            return request.body.lstrip()[:1] == b"["
    return request.content_type == LINES


def brought(request: HttpRequest, *, most: int) -> list[bytes | str]:
    """The several things of a request: the bytes of files and documents; tokens and links as text.

    All of it is read before anything is judged. A caller that writes and does not yet read would otherwise
    wait for us while we wait for it; and of a list that is too long nothing is judged.
    """
    match _declared(request):
        case "multipart/form-data":
            return list(_files(request))
        case "application/json":
            things = _listed(request.body)
        case _:
            things = _lines(request, most)
    if len(things) > most:
        raise MalformedError("limit-count", _("At most %d are verified at once.") % most)
    return things


def examine_many(
    things: Iterable[bytes | str], wishes: Wishes, *, now: Callable[[], datetime]
) -> Iterator[bytes]:
    """A line for each thing, as soon as it is judged: its place, and its report or its problem.

    A wish that cannot be fulfilled is refused here, before the answer begins.
    """
    return _lines_about(things, wishes, _verifier(wishes), now)


def _lines_about(
    things: Iterable[bytes | str], wishes: Wishes, verifier: Verifier, now: Callable[[], datetime]
) -> Iterator[bytes]:
    for index, thing in enumerate(things):
        at = now()
        try:
            data = _data_of(thing, verifier.sources)
            report = _report(data, verifier, wishes, at=at)
            line = {"index": index, "report": answered(report, wishes, at=at)}
        except CairnError as error:
            refused = problems.answer(error)
            assert refused is not None
            line = {"index": index, "problem": json.loads(refused.content)}
        except Exception:
            # The answer has begun: one mistake of ours must not take the rest of the list with it.
            logger.exception("one of many could not be judged")
            line = {"index": index, "problem": json.loads(problems.server_error().content)}
        yield to_json(line) + b"\n"


def answered(report: Report, wishes: Wishes, *, at: datetime) -> dict[str, Any]:
    """The report, with its receipt if one is wished for."""
    document = report.to_document()
    if not wishes.receipt:
        return document
    said = receipts.what_it_says(report.document) if wishes.content and report.document is not None else None
    unsigned = receipts.receipt([document], at=at, checked_with=receipts.checker(), contents=[said])
    signed: bytes = import_string(settings.SIGN_RECEIPT)(unsigned, at=at)
    return {**document, "receipt": parse_json(signed)}


def _verifier(wishes: Wishes) -> Verifier:
    checks = import_string(settings.CHECKS)(lists=wishes.lists, holder=wishes.holder)
    sources: Sources = import_string(settings.SOURCES)()
    if wishes.moment is not None:
        sources = past.ListsOfThen(sources, wishes.moment)
    return Verifier(sources, checks, refresh=wishes.refresh and wishes.moment is None)


def _report(data: bytes, verifier: Verifier, wishes: Wishes, *, at: datetime) -> Report:
    if len(data) > MAX_BYTES:
        raise MalformedError("limit-size", _("One credential may have at most %d bytes.") % MAX_BYTES)
    report = verifier.examine(data, at=wishes.moment or at)
    import_string(settings.COUNT_CHECK)((report.document or {}).get("id"), at=at)
    return report


def _declared(request: HttpRequest) -> str:
    declared = request.content_type or ""
    if declared not in MEDIA_TYPES and declared != LINES:
        raise UnsupportedError("media-type", _("Send one of: %s.") % ", ".join((*MEDIA_TYPES, LINES)))
    if request.headers.get("Content-Encoding", "identity") != "identity":
        raise UnsupportedError("media-type", _("Send the body without compression."))
    return declared


def _files(request: HttpRequest) -> list[bytes]:
    parts = request.FILES.getlist("file")
    if not parts or len(request.FILES) != 1 or request.POST or len(parts) > MOST_FILES:
        detail = _("Send parts that are all named “file”: one, or at most %d.") % MOST_FILES
        raise MalformedError("form-parts", detail)
    return [part.read(MAX_BYTES + 1) for part in parts]


def _listed(body: bytes) -> list[bytes | str]:
    """The members of a JSON list. The strict parser reads objects, so the list is made a member of one."""
    found = parse_json(b'{"list":' + body + b"}")
    # Nothing but a list leaves this object with one member that is one.
    if set(found) != {"list"} or not isinstance(found["list"], list):
        raise MalformedError("json-not-list", _("Send a list of credentials."))
    return [_thing(each) for each in found["list"]]


def _lines(request: HttpRequest, most: int) -> list[bytes | str]:
    """One JSON value in each line; a document keeps its bytes. Stops reading at what is too much."""
    things: list[bytes | str] = []
    total = 0
    while line := request.readline(MAX_BYTES + 2):
        total += len(line)
        if len(line) > MAX_BYTES + 1 or total > MAX_BYTES_TOGETHER:
            raise MalformedError("limit-size", _("This is more than is verified at once."))
        line = line.strip()
        if not line:
            continue
        things.append(line if line[:1] == b"{" else _thing(parse_json(b'{"line":' + line + b"}").get("line")))
        if len(things) > most:
            break
    return things


def _thing(value: Any) -> bytes | str:
    if isinstance(value, dict):
        return to_json(value)
    if isinstance(value, str):
        return value
    raise MalformedError("json-not-list", _("Each is a credential: an object, a token, or a link."))


def _data_of(thing: bytes | str, sources: Sources) -> bytes:
    if isinstance(thing, bytes):
        return thing
    if not thing.startswith(("https://", "http://")):
        return thing.encode()
    try:
        return sources.fetch(thing, accept=ACCEPT_CREDENTIAL, limit=MAX_BYTES)
    except UnavailableError as error:
        # One sentence for every reason, so that nobody can map a network with it (B101).
        raise UnavailableError("unreachable", _("We could not open this link.")) from error
