# SPDX-License-Identifier: Apache-2.0
"""The files inside a PDF (ISO 32000-2 §7.11.4), and which of them is the credential.

    Catalog ─ Names ─ EmbeddedFiles ─ name tree ─┐
            └ AF (associated files, §14.13) ─────┴→ file specification ─ EF ─ UF or F → the file

Of all that only what looks like a credential is unpacked. The words around it (names, media types,
relationships) choose what to look at and are believed in nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from cairn import baking
from cairn.canonical import parse_json
from cairn.errors import CairnError, MalformedError
from cairn.pdf.document import Document, Stream
from cairn.pdf.syntax import Name, Reference, malformed, write

if TYPE_CHECKING:
    from datetime import datetime

MAX_ATTACHMENTS: Final = 64
_MAX_TREE_DEPTH: Final = 16

# How we call the attachment: the convention is ours, because Open Badges has none for PDF.
_JSON_NAME: Final = "credential.json"
_TOKEN_NAME: Final = "credential.jwt"  # noqa: S105 - a file name
_SUFFIXES: Final = (".json", ".jsonld", ".jwt", ".jws", ".sd-jwt", ".1ob", ".txt", ".png", ".svg")
_MEDIA_TYPES: Final = ("application/vc", "application/json", "application/ld+json", "application/jwt")
_TOKEN = re.compile(rb"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*(?:~[A-Za-z0-9_.-]*)*")


@dataclass(frozen=True, slots=True)
class _Attachment:
    """A file inside, still packed."""

    key: bytes | None  # its name in the name tree; None when it is only associated
    entry: Any
    name: str
    media_type: str
    stream: Reference


def extract(data: bytes) -> bytes:
    """The one credential attached to the PDF; if a baked picture is attached, the one in the picture.

    ``MalformedError`` when there is none, or more than one that could be meant.
    """
    document = Document(data)
    attachments = _attachments(document)
    if not attachments:
        raise MalformedError("pdf-nothing-attached", "This PDF has no files attached to it.")
    opened = [_credential(_unpack(document, each)) for each in _candidates(attachments)]
    found = [each for each in opened if each.readable] or [each for each in opened if each.octets]
    if not found:
        raise MalformedError("pdf-nothing-attached", "No file attached to this PDF is a credential.")
    if len(found) > 1:
        raise MalformedError(
            "pdf-attached-twice",
            f"This PDF has {len(found)} credentials attached. Save the one you mean and bring it by itself.",
        )
    return found[0].octets


def attach(pdf: bytes, credential: bytes, *, at: datetime) -> bytes:
    """The PDF with ``credential`` (JSON or a token) attached; one that we attached before is replaced.

    The file is added to at its end (an incremental update, §7.5.6) and not one byte of it is changed, so what
    signs the pages still matches them.
    """
    credential = credential.strip(b" \t\r\n")
    is_token = _TOKEN.fullmatch(credential) is not None
    if not is_token and not (credential.startswith(b"{") and _credential(credential).readable):
        raise MalformedError("baked-content", "what is attached is neither a JSON credential nor a token")
    document = Document(pdf)
    root = document.trailer.get("Root")
    size = document.trailer.get("Size")
    if not isinstance(root, Reference) or type(size) is not int or not 0 < size < 10**9:
        malformed("its trailer does not say where it begins")
    name = _TOKEN_NAME if is_token else _JSON_NAME
    file, specification = Reference(size, 0), Reference(size + 1, 0)
    update = _Update(document)
    update.add_stream(file, _file_dictionary(credential, is_token=is_token, at=at), credential)
    update.add(specification, _specification(name, file))
    update.add(root, _catalog(document, name, specification))
    attached = update.finish(next_number=size + 2)
    # A file that already has one that we cannot replace is refused here, and not by whoever gets it.
    assert extract(attached) == credential, "what has our name goes before everything else"
    return attached


def _attachments(document: Document) -> list[_Attachment]:
    """Every file that the document itself holds, each once."""
    catalog = document.dictionary(document.trailer.get("Root"))
    names = document.dictionary(catalog.get("Names"))
    found: dict[Reference, _Attachment] = {}
    entries = _entries(document, names.get("EmbeddedFiles"))
    entries += [(None, entry) for entry in document.array(catalog.get("AF"))]
    for key, entry in entries:
        attachment = _attachment(document, key, entry)
        if attachment is not None:
            found.setdefault(attachment.stream, attachment)
    return list(found.values())


def _entries(document: Document, root: Any) -> list[tuple[bytes | None, Any]]:
    """The entries of a name tree (§7.9.6)."""
    entries: list[tuple[bytes | None, Any]] = []
    seen: set[Reference] = set()
    waiting = [(root, 0)]
    while waiting:
        node, depth = waiting.pop()
        if isinstance(node, Reference):
            if node in seen:
                malformed("its list of attachments leads in a circle")
            seen.add(node)
        branch = document.dictionary(node)
        leaves = document.array(branch.get("Names"))
        for name, entry in zip(leaves[::2], leaves[1::2], strict=False):
            key = document.get(name)
            entries.append((key if isinstance(key, bytes) else b"", entry))
        kids = document.array(branch.get("Kids"))
        if (
            len(entries) > MAX_ATTACHMENTS
            or len(waiting) + len(kids) > MAX_ATTACHMENTS
            or depth > _MAX_TREE_DEPTH
        ):
            raise MalformedError("limit-pdf", "This PDF has more files attached than we look through.")
        waiting += [(kid, depth + 1) for kid in kids]
    return entries


def _attachment(document: Document, key: bytes | None, entry: Any) -> _Attachment | None:
    specification = document.get(entry)
    if not isinstance(specification, dict):
        return None
    files = document.dictionary(specification.get("EF"))
    streams = {files[each] for each in ("UF", "F") if isinstance(files.get(each), Reference)}
    if not streams:
        return None
    # Some programs would open the one, some the other (B114).
    if len(streams) > 1:
        malformed("an attachment is two files at once")
    [stream] = streams
    named = document.get(specification.get("UF", specification.get("F")))
    file = document.get(stream)
    media_type = document.get(file.dictionary.get("Subtype")) if isinstance(file, Stream) else None
    return _Attachment(
        key=key,
        entry=entry,
        name=_text(named) if isinstance(named, bytes) else "",
        media_type=str(media_type).lower() if isinstance(media_type, Name) else "",
        stream=stream,
    )


def _candidates(attachments: list[_Attachment]) -> list[_Attachment]:
    """Those that may be the credential: the one with our name, or else all whose name or kind allows it."""
    times = Counter(each.name for each in attachments)
    ours = [each for each in attachments if each.name in (_JSON_NAME, _TOKEN_NAME)]
    chosen = ours or [each for each in attachments if _may_be_one(each)]
    if any(times[each.name] > 1 for each in chosen):
        raise MalformedError("pdf-attached-twice", "This PDF has two attachments of one name.")
    return chosen


def _may_be_one(attachment: _Attachment) -> bool:
    return attachment.name.lower().endswith(_SUFFIXES) or attachment.media_type.startswith(_MEDIA_TYPES)


def _unpack(document: Document, attachment: _Attachment) -> bytes:
    stream = document.get(attachment.stream)
    if not isinstance(stream, Stream):
        malformed("an attachment is not there")
    return document.unpack(stream, limit=baking.MAX_IMAGE)


@dataclass(frozen=True, slots=True)
class _Opened:
    """What a file turned out to be: a credential, something broken that may be one, or neither (empty)."""

    octets: bytes = b""
    readable: bool = False


def _credential(content: bytes) -> _Opened:
    if baking.kind(content) is not None:
        try:
            return _Opened(baking.unbake(content), readable=True)
        except MalformedError as error:
            if error.code == "nothing-baked-in":
                return _Opened()
            raise
    stripped = content.strip(b" \t\r\n")
    if _TOKEN.fullmatch(stripped):
        return _Opened(stripped, readable=True)
    if not stripped.startswith(b"{"):
        return _Opened()
    try:
        members = parse_json(stripped)
    except CairnError:
        # Handed on only if there is nothing better, so that reading it can tell what is wrong.
        return _Opened(stripped)
    return _Opened(stripped, readable=True) if {"@context", "type"} <= members.keys() else _Opened()


def _text(octets: bytes) -> str:
    """A text string (§7.9.2.2)."""
    if octets.startswith(b"\xfe\xff"):
        return octets[2:].decode("utf-16-be", "replace")
    if octets.startswith(b"\xef\xbb\xbf"):
        return octets[3:].decode("utf-8", "replace")
    return octets.decode("latin-1")


def _file_dictionary(credential: bytes, *, is_token: bool, at: datetime) -> dict[str, Any]:
    return {
        "Type": Name("EmbeddedFile"),
        "Subtype": Name("application/vc+jwt" if is_token else "application/vc"),
        "Params": {"Size": len(credential), "ModDate": f"D:{at:%Y%m%d%H%M%S}Z".encode()},
        "Length": len(credential),
    }


def _specification(name: str, file: Reference) -> dict[str, Any]:
    return {
        "Type": Name("Filespec"),
        "F": name.encode(),
        "UF": name.encode(),
        "Desc": b"The credential that this document shows",
        "AFRelationship": Name("Source"),
        "EF": {"F": file, "UF": file},
    }


def _catalog(document: Document, name: str, specification: Reference) -> dict[str, Any]:
    """The catalog with our attachment in both of its lists, in place of one that we put there before."""
    catalog = document.dictionary(document.trailer.get("Root"))
    names = document.dictionary(catalog.get("Names"))
    old = [each.entry for each in _attachments(document) if each.name in (_JSON_NAME, _TOKEN_NAME)]
    leaves = [
        (key or b"", entry)
        for key, entry in _entries(document, names.get("EmbeddedFiles"))
        if entry not in old
    ]
    leaves.append((name.encode(), specification))
    leaves.sort(key=lambda leaf: leaf[0])
    tree = {"Names": [each for leaf in leaves for each in leaf]}
    associated = [entry for entry in document.array(catalog.get("AF")) if entry not in old]
    return {
        **catalog,
        "Names": {**names, "EmbeddedFiles": tree},
        "AF": [*associated, specification],
    }


class _Update:
    """Objects that are written behind the end of a file (§7.5.6)."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._octets = bytearray(document.data)
        if not self._octets.endswith(b"\n"):
            self._octets += b"\n"
        self._places: dict[Reference, int] = {}

    def add(self, reference: Reference, value: Any) -> None:
        """Write an object, which replaces one of the same number."""
        self._begin(reference)
        self._octets += write(value) + b"\nendobj\n"

    def add_stream(self, reference: Reference, dictionary: dict[str, Any], content: bytes) -> None:
        """Write a stream."""
        self._begin(reference)
        self._octets += write(dictionary) + b"\nstream\n" + content + b"\nendstream\nendobj\n"

    def finish(self, *, next_number: int) -> bytes:
        """The whole file, with a list of places of the kind that it already has."""
        kept: dict[str, Any] = {
            name: self._document.trailer[name]
            for name in ("Root", "Info", "ID")
            if name in self._document.trailer
        }
        trailer: dict[str, Any] = {"Size": next_number, **kept, "Prev": self._document.last_section}
        start = len(self._octets)
        if self._document.ends_with_stream:
            self._write_stream(Reference(next_number, 0), {**trailer, "Size": next_number + 1})
        else:
            self._octets += b"xref\n"
            for reference, place in self._sorted():
                self._octets += b"%d 1\n%010d %05d n \n" % (reference.number, place, reference.generation)
            self._octets += b"trailer\n" + write(trailer) + b"\n"
        self._octets += b"startxref\n%d\n%%%%EOF\n" % start
        return bytes(self._octets)

    def _begin(self, reference: Reference) -> None:
        self._places[reference] = len(self._octets)
        self._octets += b"%d %d obj\n" % (reference.number, reference.generation)

    def _sorted(self) -> list[tuple[Reference, int]]:
        return sorted(self._places.items(), key=lambda item: item[0].number)

    def _write_stream(self, reference: Reference, trailer: dict[str, Any]) -> None:
        self._places[reference] = len(self._octets)
        places = self._sorted()
        rows = b"".join(
            b"\1" + place.to_bytes(4, "big") + each.generation.to_bytes(2, "big") for each, place in places
        )
        index = [number for each, _ in places for number in (each.number, 1)]
        dictionary = {"Type": Name("XRef"), **trailer, "W": [1, 4, 2], "Index": index, "Length": len(rows)}
        self.add_stream(reference, dictionary, rows)
