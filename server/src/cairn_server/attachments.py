# SPDX-License-Identifier: Apache-2.0
"""The careful door for files that people hand over: what comes in is one of a few kinds, judged by its bytes.

A name and a media type say nothing about a file, so neither is believed (B109 B119). Nothing is decoded or
unpacked here: pictures are copied part by part without what tells where they were taken (B111), archives are
only listed (B116). Nothing that comes in is ever shown by this server: ``web.attachments`` hands it out as a
download that a browser may not run.
"""

from __future__ import annotations

import io
import re
import struct
import subprocess
import unicodedata
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from cairn_server.errors import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST_NAME = 100
MAX_SIDE = 20_000
MAX_PIXELS = 100_000_000
MAX_ENTRIES = 2_000
MAX_UNPACKED = 500_000_000
_MAX_DIRECTORY = 400_000  # bytes: what lists those entries
# Other suffixes of texts do something when they are opened, so those files get one that does not.
_TEXT_SUFFIXES = frozenset({"txt", "md", "csv", "tsv", "json", "tex", "srt"})
_OFFICE = {
    "word/": ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    "xl/": ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "ppt/": ("pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
}
_OPEN_DOCUMENT = {
    "application/vnd.oasis.opendocument.text": "odt",
    "application/vnd.oasis.opendocument.spreadsheet": "ods",
    "application/vnd.oasis.opendocument.presentation": "odp",
}
# Where office documents keep programs.
_MACROS = re.compile(r"(^|/)(vbaProject\.bin|Basic/|Scripts/)", re.IGNORECASE)


class BadAttachment(Refusal):
    """A file that is not taken, and why."""

    status = 422
    field = "file"

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)


class ScannerUnavailable(Refusal):
    """The operator wants every file looked at, and nobody can look: so nothing is taken meanwhile."""

    status = 503

    def __init__(self) -> None:
        super().__init__(
            "scanner-unavailable", _("Files cannot be checked for viruses just now. Try again in a while.")
        )


@dataclass(frozen=True, slots=True)
class Attachment:
    name: str
    media_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Scanner:
    """A program of the operator: reads the file from its standard input and ends with 0 (clean) or 1 (not).

    That is how ``clamdscan -`` and ``clamscan -`` answer. Any other end is no answer.
    """

    command: tuple[str, ...]
    seconds: float = 30

    def look(self, data: bytes) -> None:
        try:
            done = subprocess.run(  # noqa: S603 - the operator's own command, nothing of the upload in it
                self.command, input=data, capture_output=True, timeout=self.seconds, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise ScannerUnavailable from error
        if done.returncode == 1:
            raise BadAttachment("attachment-infected", _("The virus scanner does not let this file through."))
        if done.returncode != 0:
            raise ScannerUnavailable


def accept(name: str, data: bytes, *, most: int = 20_000_000, scanner: Scanner | None = None) -> Attachment:
    """The file as it may be kept, or a refusal that says what to bring instead."""
    if not data:
        raise BadAttachment("attachment-empty", _("This file is empty."))
    if len(data) > most:
        raise BadAttachment(
            "attachment-size",
            _("This file is larger than %(most)s MB. Bring a smaller one, or a link to it.")
            % {"most": most // 1_000_000},
        )
    if scanner is not None:
        scanner.look(data)
    suffix, media_type, kept = _recognised(name, data)
    return Attachment(_name(name, suffix), media_type, kept)


def _recognised(name: str, data: bytes) -> tuple[str, str, bytes]:
    for start, read in _KINDS:
        if data.startswith(start):
            return read(name, data)
    return _text(name, data)


def _unknown() -> BadAttachment:
    return BadAttachment(
        "attachment-kind",
        _("Bring a PDF, a PNG or JPEG picture, a text, an office document without macros, or a ZIP file."),
    )


def _name(name: str, suffix: str) -> str:
    """A name for a download: no path, nothing invisible, and the suffix of what it is (B119)."""
    last = re.split(r"[/\\]", name)[-1]
    visible = "".join(each for each in last if unicodedata.category(each)[0] != "C" and each not in '<>:"|?*')
    stem, dot, end = visible.rpartition(".")
    if dot and end.lower() in (suffix, "jpeg" if suffix == "jpg" else suffix):
        visible = stem
    # A trailing dot and reserved words mean something else on some systems.
    visible = " ".join(visible.split()).strip(". ")[: LONGEST_NAME - 6].strip(". ")
    if not visible or re.fullmatch(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", visible, re.IGNORECASE):
        visible = "file"
    return f"{visible}.{suffix}"


# The kinds


def _pdf(name: str, data: bytes) -> tuple[str, str, bytes]:
    return "pdf", "application/pdf", data


def _text(name: str, data: bytes) -> tuple[str, str, bytes]:
    """UTF-8 without control characters. What it says in another language than people's stays a text."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _unknown() from error
    if any((each < " " and each not in "\t\n\r\f") or each == "\x7f" for each in text):
        raise _unknown()
    end = name.rpartition(".")[2].lower()
    return end if end in _TEXT_SUFFIXES else "txt", "text/plain; charset=utf-8", data


def _png(name: str, data: bytes) -> tuple[str, str, bytes]:
    """The chunks that draw, and nothing after the last (B108 B111)."""
    drawing = {
        b"IHDR",
        b"PLTE",
        b"IDAT",
        b"IEND",
        b"tRNS",
        b"gAMA",
        b"cHRM",
        b"sRGB",
        b"sBIT",
        b"bKGD",
        b"pHYs",
    }
    kept, at = [data[:8]], 8
    while True:
        if at + 12 > len(data):
            raise _unknown()
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        end = at + 12 + length
        if end > len(data) or (at == 8) != (kind == b"IHDR"):
            raise _unknown()
        if kind == b"IHDR":
            if length != 13:
                raise _unknown()
            _check_pixels(*struct.unpack(">II", data[at + 8 : at + 16]))
        if kind in drawing:
            kept.append(data[at:end])
        if kind == b"IEND":
            return "png", "image/png", b"".join(kept)
        at = end


def _jpeg(name: str, data: bytes) -> tuple[str, str, bytes]:
    """The segments that draw. Of what the camera noted, only which side is up is kept (B111)."""
    kept, at, turned = [data[:2]], 2, b""
    while True:
        if at + 2 > len(data) or data[at] != 0xFF:
            raise _unknown()
        marker = data[at + 1]
        if marker == 0xFF:  # padding
            at += 1
            continue
        if marker == 0xD9:  # the end; what follows it is none of the picture
            return "jpg", "image/jpeg", b"".join([kept[0], turned, *kept[1:], b"\xff\xd9"])
        if at + 4 > len(data):
            raise _unknown()
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if end > len(data) or end < at + 4:
            raise _unknown()
        if marker == 0xE1:
            turned = turned or _orientation(data[at + 4 : end])
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            _check_pixels(*reversed(struct.unpack(">HH", data[at + 5 : at + 9].ljust(4, b"\0"))))
        if marker == 0xDA:  # a scan: its data goes on until a marker that is none of its own
            while end + 1 < len(data) and (
                data[end] != 0xFF or data[end + 1] in (0, *range(0xD0, 0xD8), 0xFF)
            ):
                end = data.find(b"\xff", end + 1)
                if end < 0:
                    raise _unknown()
        # Applications' notes and comments go, but for what says how colours are meant.
        if not (0xE1 <= marker <= 0xEF or marker == 0xFE) or marker == 0xEE:
            kept.append(data[at:end])
        at = end


def _orientation(exif: bytes) -> bytes:
    """A fresh segment that says which side is up, if the camera's says so; otherwise nothing."""
    if not exif.startswith(b"Exif\0\0") or len(exif) < 16:
        return b""
    tiff = exif[6:]
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None:
        return b""
    (first,) = struct.unpack(f"{order}I", tiff[4:8])
    (count,) = struct.unpack(f"{order}H", tiff[first : first + 2].ljust(2, b"\0"))
    for number in range(min(count, 100)):
        entry = tiff[first + 2 + number * 12 :][:12]
        if len(entry) == 12 and struct.unpack(f"{order}HH", entry[:4]) == (0x0112, 3):
            (side,) = struct.unpack(f"{order}H", entry[8:10])
            if 2 <= side <= 8:
                body = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01" + struct.pack(
                    ">HHI", side, 0, 0
                )
                return b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body
    return b""


def _check_pixels(width: int, height: int) -> None:
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE and width * height <= MAX_PIXELS):
        raise BadAttachment("limit-pixels", _("This picture has too many pixels. Bring a smaller one."))


def _zip(name: str, data: bytes) -> tuple[str, str, bytes]:
    """An archive or an office document: listed, never unpacked (B116 B120)."""
    # Where its list is, before anything reads it: zipfile would build all of it.
    tail = data[-66_000:]
    found = tail.rfind(b"PK\x05\x06")
    if found < 0 or len(tail) - found < 22 or b"PK\x06\x07" in tail[max(0, found - 20) : found]:
        raise _unknown()
    entries, size = struct.unpack("<HI", tail[found + 10 : found + 16])
    if entries > MAX_ENTRIES or size > _MAX_DIRECTORY:
        raise BadAttachment("limit-count", _("This archive holds too many files. Bring a part of them."))
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            listed = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error, UnicodeDecodeError) as error:
        raise _unknown() from error
    names = [each.filename for each in listed]
    if sum(each.file_size for each in listed) > MAX_UNPACKED:
        raise BadAttachment("limit-size", _("Unpacked, this archive would be too large."))
    if any(each.flag_bits & 1 for each in listed):
        raise BadAttachment("attachment-locked", _("This archive has a password. Bring it without one."))
    if len(set(names)) != len(names) or any(
        each.startswith(("/", "\\")) or ".." in re.split(r"[/\\]", each) or ":" in each for each in names
    ):
        raise BadAttachment(
            "attachment-paths", _("This archive would write outside of its own folder, or one file twice.")
        )
    return (*_document(data, names), data)


def _document(data: bytes, names: list[str]) -> tuple[str, str]:
    kind = ("zip", "application/zip")
    if "[Content_Types].xml" in names:
        kind = next((_OFFICE[top] for top in _OFFICE if any(each.startswith(top) for each in names)), kind)
    # An OpenDocument says what it is in its first entry, stored as it is.
    first = re.match(rb"PK\x03\x04.{22}\x08\0.{2}mimetype([a-z.\-/]+)", data[:200], re.DOTALL)
    if first is not None:
        media_type = next(
            (
                each
                for each in sorted(_OPEN_DOCUMENT, key=len, reverse=True)
                if first[1].startswith(each.encode())
            ),
            "",
        )
        kind = (_OPEN_DOCUMENT[media_type], media_type) if media_type else kind
    if kind[0] != "zip" and any(_MACROS.search(each) for each in names):
        raise BadAttachment(
            "attachment-active", _("This document has macros. Save it without them, or as a PDF.")
        )
    return kind


_KINDS: tuple[tuple[bytes, Callable[[str, bytes], tuple[str, str, bytes]]], ...] = (
    (b"%PDF-", _pdf),
    (b"\x89PNG\r\n\x1a\n", _png),
    (b"\xff\xd8\xff", _jpeg),
    (b"PK\x03\x04", _zip),
)
