# SPDX-License-Identifier: Apache-2.0
"""Files that people hand over: judged by their bytes, without what tells where they were made."""

from __future__ import annotations

import io
import struct
import sys
import zipfile
import zlib
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from cairn_server import attachments
from cairn_server.attachments import BadAttachment, Scanner, ScannerUnavailable, accept

if TYPE_CHECKING:
    from pathlib import Path

PDF = b"%PDF-1.7\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n"


def picture(kind: str, size: tuple[int, int] = (40, 20), **more: object) -> bytes:
    out = io.BytesIO()
    Image.effect_mandelbrot(size, (-2, -1, 1, 1), 50).convert("RGB").save(out, kind, **more)
    return out.getvalue()


def archive(*names: str, first: tuple[str, bytes] | None = None, content: bytes = b"x") -> bytes:
    """The same bytes whenever it is called: they are in the names of tests, which two workers compare."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        if first:
            made.writestr(zipfile.ZipInfo(first[0]), first[1])
        for name in names:
            made.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


ODT = archive("content.xml", first=("mimetype", b"application/vnd.oasis.opendocument.text"))
DOCX = archive("[Content_Types].xml", "word/document.xml")
SHEETS = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pytest.mark.parametrize(
    ("data", "name", "media_type"),
    [
        (PDF, "work.pdf", "application/pdf"),
        (picture("PNG"), "work.png", "image/png"),
        (picture("JPEG"), "work.jpg", "image/jpeg"),
        (picture("JPEG", progressive=True, quality=30), "work.jpg", "image/jpeg"),
        (b"Six bowls, caf\xc3\xa9", "work.txt", "text/plain; charset=utf-8"),
        (archive("a/b.py"), "work.zip", "application/zip"),
        (DOCX, "work.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (archive("[Content_Types].xml", "xl/workbook.xml"), "work.xlsx", SHEETS),
        (ODT, "work.odt", "application/vnd.oasis.opendocument.text"),
    ],
)
def test_a_kind_is_known_by_its_bytes(data: bytes, name: str, media_type: str) -> None:
    """B109: whatever it was called."""
    for called in ("work", "work.exe.html"):
        found = accept(called, data)

        assert media_type == found.media_type
        assert found.name.endswith(name.removeprefix("work"))
    assert name == accept("work", data).name


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "attachment-empty"),
        (b"MZ\x90\x00\x03", "attachment-kind"),
        (b"\x7fELF\x02\x01", "attachment-kind"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "attachment-kind"),  # an old office document
        (b"GIF89a\x01\x00", "attachment-kind"),
        (b"\xff\xfet\x00e\x00", "attachment-kind"),  # UTF-16
        (b"text with a \x00 in it", "attachment-kind"),
        (b"RIFF\x00\x00\x00\x00WEBP\xff", "attachment-kind"),  # B123
        (PNG, "attachment-kind"),
        (PNG + b"\x00" * 40, "attachment-kind"),
        (PNG + struct.pack(">I", 0xFFFFFFF0) + b"IHDR" + b"x" * 30, "attachment-kind"),
        (picture("PNG")[:-6], "attachment-kind"),
        (picture("JPEG")[:-2], "attachment-kind"),
        (picture("JPEG")[:300], "attachment-kind"),
        (b"\xff\xd8\xff\xe0\x00\x01", "attachment-kind"),
        (b"PK\x03\x04 and nothing more", "attachment-kind"),
        (archive("a")[:-4], "attachment-kind"),
        (archive("../../etc/passwd"), "attachment-paths"),  # B116
        (archive("/etc/passwd"), "attachment-paths"),
        (archive("..\\x"), "attachment-paths"),
        (archive("C:x"), "attachment-paths"),
        (archive("[Content_Types].xml", "word/vbaProject.bin"), "attachment-active"),
        (archive("Basic/Standard/x.xml", first=("mimetype", b"application/vnd.oasis.opendocument.text")),
         "attachment-active"),
        (archive(*[str(number) for number in range(2_001)]), "limit-count"),
    ],
)  # fmt: skip
def test_what_is_not_taken(data: bytes, code: str) -> None:
    with pytest.raises(BadAttachment) as refusal:
        accept("work.txt", data)

    assert (code, 422, "file") == (refusal.value.code, refusal.value.status, refusal.value.field)


def test_an_archive_that_would_fill_a_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """B116: what it would unpack to is read off its list, and nothing is unpacked."""
    monkeypatch.setattr(attachments, "MAX_UNPACKED", 1_000_000)

    with pytest.raises(BadAttachment) as refusal:
        accept("bomb.zip", archive("a", content=bytes(2_000_000)))

    assert refusal.value.code == "limit-size"


def test_an_archive_that_cannot_be_looked_into() -> None:
    locked = bytearray(archive("a"))
    listed = locked.rfind(b"PK\x01\x02")
    locked[listed + 8] |= 1

    with pytest.raises(BadAttachment) as refusal:
        accept("a.zip", bytes(locked))

    assert refusal.value.code == "attachment-locked"


def test_one_name_twice_in_an_archive() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr("a", b"1")
        with pytest.warns(UserWarning, match="Duplicate"):
            made.writestr("a", b"2")

    with pytest.raises(BadAttachment, match="one file twice"):
        accept("a.zip", out.getvalue())


def test_a_file_has_an_end() -> None:
    assert accept("a.txt", b"x" * 10, most=10).data == b"x" * 10

    with pytest.raises(BadAttachment) as refusal:
        accept("a.txt", b"x" * 11, most=10)

    assert refusal.value.code == "attachment-size"


# Where and when a picture was taken (B111)


def test_a_photograph_says_nothing_but_which_side_is_up() -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F], exif[0x9003] = 6, "Camera of Mina", "2026:11:23"
    exif.get_ifd(0x8825)[1] = "N"
    taken = picture("JPEG", exif=exif, comment=b"at home") + b"<script>after the end</script>"

    kept = accept("photo.jpg", taken).data

    assert not [word for word in (b"Mina", b"2026", b"at home", b"script") if word in kept]
    with Image.open(io.BytesIO(kept)) as opened, Image.open(io.BytesIO(taken)) as before:
        assert dict(opened.getexif()) == {0x0112: 6}
        assert before.tobytes() == opened.tobytes()


def test_a_drawing_keeps_its_pixels_and_nothing_else() -> None:
    plain = picture("PNG")
    header = 8 + 25
    noted = (
        plain[:header] + chunk(b"tEXt", b"Author\0Mina") + chunk(b"eXIf", b"GPS") + plain[header:] + b"after"
    )

    kept = accept("drawing.png", noted).data

    assert plain == kept


@pytest.mark.parametrize("size", [(60_000, 60_000), (20_001, 1), (0, 5), (20_000, 6_000)])
def test_a_picture_with_too_many_pixels(size: tuple[int, int]) -> None:
    """B107: read off the header."""
    huge = PNG + chunk(b"IHDR", struct.pack(">IIBBBBB", *size, 8, 2, 0, 0, 0)) + chunk(b"IEND", b"")

    with pytest.raises(BadAttachment) as refusal:
        accept("huge.png", huge)

    assert refusal.value.code == "limit-pixels"


def test_a_photograph_with_too_many_pixels() -> None:
    small = picture("JPEG")
    at = small.index(b"\xff\xc0")

    with pytest.raises(BadAttachment) as refusal:
        accept("huge.jpg", small[: at + 5] + b"\xea\x60\xea\x60" + small[at + 9 :])

    assert refusal.value.code == "limit-pixels"


# What a file is called, B119


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("bowls.txt", "bowls.txt"),
        ("Schüsseln 碗.TXT", "Schüsseln 碗.txt"),
        ("../../etc/passwd", "passwd.txt"),
        ("C:\\Users\\x\\page.html", "page.html.txt"),
        ("run.js", "run.js.txt"),
        ("a\r\nSet-Cookie: x", "aSet-Cookie x.txt"),
        ("gnp\u202etxt.exe", "gnptxt.exe.txt"),
        ("", "file.txt"),
        ("...", "file.txt"),
        ("CON", "file.txt"),
        ("nul.txt", "file.txt"),
        ("x" * 1_000, "x" * 94 + ".txt"),
        ("table.csv", "table.csv"),
    ],
)
def test_a_name_is_made_harmless(given: str, kept: str) -> None:
    assert kept == accept(given, b"text").name


# The scanner: a real process that reads the file


LOOKS = """import sys
data = sys.stdin.buffer.read()
sys.exit(1 if b"EICAR" in data else 3 if b"broken" in data else 0)
"""


@pytest.fixture
def scanner(tmp_path: Path) -> Scanner:
    program = tmp_path / "scanner.py"
    program.write_text(LOOKS)
    return Scanner((sys.executable, "-I", str(program)), seconds=20)


def test_a_file_that_the_scanner_knows(scanner: Scanner) -> None:
    assert accept("a.txt", b"Six bowls.", scanner=scanner).data == b"Six bowls."

    with pytest.raises(BadAttachment) as refusal:
        accept("a.txt", b"X5O!P%@AP EICAR-STANDARD", scanner=scanner)

    assert refusal.value.code == "attachment-infected"


def test_a_scanner_that_gives_no_answer_lets_nothing_through(scanner: Scanner) -> None:
    """“We could not look” is never “clean”: broken, not there, or too slow."""
    slow = Scanner((sys.executable, "-c", "import time; time.sleep(60)"), seconds=0.2)
    for each in (scanner, slow, Scanner(("/nowhere/scanner",))):
        with pytest.raises(ScannerUnavailable) as refusal:
            accept("a.txt", b"broken", scanner=each)

        assert (refusal.value.status, refusal.value.code) == (503, "scanner-unavailable")


def test_the_scanner_sees_the_file_as_it_came(tmp_path: Path) -> None:
    """With what is taken out of it afterwards: that is where something could hide."""
    copy = tmp_path / "copy"
    program = f"import sys; open({str(copy)!r}, 'wb').write(sys.stdin.buffer.read())"

    accept("a.png", picture("PNG") + b"hidden", scanner=Scanner((sys.executable, "-c", program)))

    assert copy.read_bytes().endswith(b"hidden")
