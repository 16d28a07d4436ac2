# SPDX-License-Identifier: Apache-2.0
"""Credentials inside pictures (Open Badges 3.0 §5.3): put one in, take one out.

Only our own readers touch the bytes. An imaging library would keep the last of two credentials, expand what
was compressed to hurt, and write a different picture back; these readers refuse what has two meanings, expand
nothing but the pixels, of which they keep none, and leave every byte of the artwork as it was. The artwork
itself proves nothing: it is not covered by the credential's signature, so it is never what a verifier shows.

    PNG   one iTXt chunk    "openbadgecredential" 00, 00 00 (not compressed), 00 (no language),
          after IHDR        00 (no translated keyword), the JSON or the token in UTF-8
    SVG   first child       <openbadges:credential verify="token"/>, or the JSON in CDATA without ``verify``
"""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser, ParseError

from cairn.credential.address import is_web
from cairn.errors import MalformedError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_IMAGE: Final = 16 * 1024 * 1024
MAX_CREDENTIAL: Final = 4 * 1024 * 1024

_TOKEN = re.compile(rb"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")


def kind(image: bytes) -> Literal["png", "svg"] | None:
    """Which of the two picture formats these bytes look like."""
    if image.startswith(_PNG_SIGNATURE):
        return "png"
    head = image[:_SVG_HEAD].removeprefix(b"\xef\xbb\xbf").lstrip()
    return "svg" if head.startswith(b"<") and _SVG_ROOT.search(head) else None


def bake(image: bytes, credential: bytes) -> bytes:
    """The picture with ``credential`` (JSON or a compact token) inside; an older one is replaced."""
    _check_credential(credential)
    return _bake_png(image, credential) if _known_kind(image) == "png" else _bake_svg(image, credential)


def unbake(image: bytes) -> bytes:
    """The one credential inside the picture, byte for byte as ``bake`` put it in.

    Pictures of Open Badges 1 and 2 may have an address instead; see ``is_address``.
    """
    return _unbake_png(image) if _known_kind(image) == "png" else _unbake_svg(image)


def is_address(baked: bytes) -> bool:
    """Whether what was baked in is no credential, but the web address of one."""
    return baked.startswith((b"http://", b"https://")) and baked.isascii() and is_web(baked.decode("ascii"))


def _content(baked: bytes, *, is_old: bool) -> bytes:
    """What was baked in, if it is what belongs there: only old pictures may have an address."""
    credential = baked.strip(b" \t\r\n")
    if not (is_old and is_address(credential)):
        _check_credential(credential)
    return credential


def _known_kind(image: bytes) -> Literal["png", "svg"]:
    if len(image) > MAX_IMAGE:
        raise MalformedError("limit-size", f"a picture of {len(image):,} bytes is too large")
    found = kind(image)
    if found is None:
        raise UnsupportedError("image-type", "credentials are baked into PNG and SVG pictures only")
    return found


def _check_credential(credential: bytes) -> None:
    if len(credential) > MAX_CREDENTIAL:
        raise MalformedError("limit-size", f"a credential of {len(credential):,} bytes is too large")
    is_json = credential.startswith(b"{") and credential.endswith(b"}") and b"\0" not in credential
    if not is_json and not _TOKEN.fullmatch(credential):
        raise MalformedError("baked-content", "what is baked in is neither a JSON object nor a compact token")
    try:
        credential.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedError("baked-content", "what is baked in is not UTF-8") from error


_PNG_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_KEYWORD: Final = b"openbadgecredential"
# What other standards bake in, and earlier ones; never together with an Open Badges 3.0 credential (B105).
_OTHER_KEYWORDS: Final = {b"clrcredential": "CLR"}
_OLD_KEYWORD: Final = b"openbadges"  # of Open Badges 1 and 2
_MAX_CHUNKS: Final = 10_000
_MAX_SIDE: Final = 16_384
_MAX_PIXEL_BYTES: Final = 128 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Chunk:
    """A PNG chunk (third edition, §5.3): length, type, body, and the CRC over type and body."""

    type: bytes
    body: bytes

    def to_bytes(self) -> bytes:
        crc = zlib.crc32(self.body, zlib.crc32(self.type))
        return struct.pack(">I", len(self.body)) + self.type + self.body + struct.pack(">I", crc)


def _bake_png(image: bytes, credential: bytes) -> bytes:
    header, *rest = (chunk for chunk in _png_chunks(image) if _baked_keyword(chunk) is None)
    baked = _Chunk(b"iTXt", _KEYWORD + b"\0\0\0\0\0" + credential)
    return _PNG_SIGNATURE + b"".join(chunk.to_bytes() for chunk in (header, baked, *rest))


def _unbake_png(image: bytes) -> bytes:
    chunks = _png_chunks(image)
    _check_pixels(chunk.body for chunk in chunks if chunk.type == b"IDAT")
    baked = [(keyword, chunk) for chunk in chunks if (keyword := _baked_keyword(chunk))]
    if not baked:
        raise MalformedError("nothing-baked-in", "this PNG picture has no credential inside")
    # Whoever reads the first and whoever reads the last would see different credentials (B105).
    if len(baked) > 1:
        raise MalformedError("baked-twice", f"this PNG picture has {len(baked)} credentials inside")
    [(keyword, chunk)] = baked
    if keyword in _OTHER_KEYWORDS:
        raise UnsupportedError(
            "baked-other", f"this PNG picture has a credential of {_OTHER_KEYWORDS[keyword]} inside"
        )
    if chunk.type == b"tEXt" and keyword == _OLD_KEYWORD:
        # The first pictures had an address in the plainer kind of chunk.
        return _content(chunk.body[len(keyword) + 1 :], is_old=True)
    if chunk.type != b"iTXt":
        raise MalformedError(
            "baked-chunk", f"the credential is in a {chunk.type.decode()} chunk instead of iTXt"
        )
    # Never expanded: the standard wants it uncompressed, and a bomb needs somebody to set it off (B106).
    if chunk.body[len(keyword) + 1 : len(keyword) + 3] != b"\0\0":
        raise MalformedError("baked-compressed", "the credential in this PNG picture is compressed")
    _language, _, rest = chunk.body[len(keyword) + 3 :].partition(b"\0")
    _translated_keyword, _, text = rest.partition(b"\0")
    return _content(text, is_old=keyword == _OLD_KEYWORD)


def _baked_keyword(chunk: _Chunk) -> bytes | None:
    """The keyword of a text chunk that may hold a credential, whichever of the three kinds it is."""
    if chunk.type not in (b"tEXt", b"zTXt", b"iTXt"):
        return None
    keyword = chunk.body.partition(b"\0")[0]
    return keyword if keyword in (_KEYWORD, _OLD_KEYWORD) or keyword in _OTHER_KEYWORDS else None


def _png_chunks(image: bytes) -> list[_Chunk]:
    """Every chunk of a whole, still PNG, in the order that §5.6 demands (B107, B108)."""
    chunks = list(_walk_chunks(image))
    types = [chunk.type for chunk in chunks]
    if types[:1] != [b"IHDR"] or types.count(b"IHDR") != 1:
        raise MalformedError("png-order", "a PNG picture begins with its only IHDR chunk")
    if chunks[-1].body:
        raise MalformedError("png-order", "a PNG picture ends with an empty IEND chunk")
    pixels = types.count(b"IDAT")
    first = types.index(b"IDAT") if pixels else 0
    if not pixels or types[first : first + pixels] != [b"IDAT"] * pixels:
        raise MalformedError("png-order", "a PNG picture has its IDAT chunks in one row, and at least one")
    if b"acTL" in types:
        raise MalformedError("png-animated", "animated PNG pictures are not read")
    _check_header(chunks[0].body)
    return chunks


def _walk_chunks(image: bytes) -> Iterator[_Chunk]:
    position = len(_PNG_SIGNATURE)
    for _ in range(_MAX_CHUNKS):
        if len(image) - position < 12:
            raise MalformedError("png-truncated", "the PNG picture ends before its IEND chunk")
        length, chunk_type = struct.unpack_from(">I4s", image, position)
        body = image[position + 8 : position + 8 + length]
        checksum = image[position + 8 + length : position + 12 + length]
        if len(checksum) < 4:
            raise MalformedError("png-truncated", "a chunk of the PNG picture is longer than the picture")
        if zlib.crc32(body, zlib.crc32(chunk_type)) != int.from_bytes(checksum, "big"):
            raise MalformedError("png-crc", f"the CRC of chunk {chunk_type!r} of the PNG picture is wrong")
        if not chunk_type.isalpha() or not chunk_type[2:3].isupper():
            raise MalformedError("png-chunk", f"{chunk_type!r} is not a type of PNG chunk")
        yield _Chunk(chunk_type, body)
        position += 12 + length
        if chunk_type == b"IEND":
            if position != len(image):
                raise MalformedError("png-trailing", "something follows the end of the PNG picture")
            return
    raise MalformedError("limit-chunks", f"the PNG picture has more than {_MAX_CHUNKS:,} chunks")


_BIT_DEPTHS: Final = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}


def _check_header(body: bytes) -> None:
    """IHDR (§11.2.1): a picture of sane size, of a kind that exists."""
    if len(body) != 13:
        raise MalformedError("png-header", "the IHDR chunk of a PNG picture has 13 bytes")
    width, height, depth, colour, *methods, interlace = struct.unpack(">IIBBBBB", body)
    if not (0 < width <= _MAX_SIDE and 0 < height <= _MAX_SIDE):
        raise MalformedError("limit-pixels", f"a PNG picture of {width:,} x {height:,} pixels is not read")
    if depth not in _BIT_DEPTHS.get(colour, ()) or methods != [0, 0] or interlace not in (0, 1):
        raise MalformedError("png-header", "the IHDR chunk describes a PNG picture that cannot be")


def _check_pixels(bodies: Iterable[bytes]) -> None:
    """The pixels are one whole zlib stream, seen in pieces and thrown away (B107, B108)."""
    inflate = zlib.decompressobj()
    total = 0
    try:
        for body in bodies:
            while body and not inflate.eof:
                total += len(inflate.decompress(body, 1 << 16))
                body = inflate.unconsumed_tail
                if total > _MAX_PIXEL_BYTES:
                    raise MalformedError("limit-pixels", "the PNG picture has too many pixels")
    except zlib.error as error:
        raise MalformedError("png-pixels", "the pixels of the PNG picture cannot be read") from error
    if not inflate.eof:
        raise MalformedError("png-pixels", "the pixels of the PNG picture are cut short")


_SVG: Final = "{http://www.w3.org/2000/svg}"
_OPEN_BADGES: Final = "https://purl.imsglobal.org/ob/v3p0"
_CREDENTIAL: Final = f"{{{_OPEN_BADGES}}}credential"
_OLD_CREDENTIAL: Final = "{http://openbadges.org}assertion"  # of Open Badges 1 and 2
_OTHER_ELEMENTS: Final = {"{https://purl.imsglobal.org/clr/v2p0}credential": "CLR"}
_SVG_HEAD: Final = 65_536
_MAX_ELEMENTS: Final = 50_000
_MAX_DEPTH: Final = 256
_SVG_ROOT = re.compile(rb"<(?:[A-Za-z_][A-Za-z0-9_.-]*:)?svg[\s/>]")
# A tag of a document that a parser has found well formed: '>' may stand inside quotes only.
_TAG = re.compile(rb"""<(?:[^>"']++|"[^"]*+"|'[^']*+')*+>""")
_DECLARATION: Final = f' xmlns:openbadges="{_OPEN_BADGES}"'.encode()
_DECLARED_ENCODING = re.compile(rb"""^<\?xml[^>]*\sencoding\s*=\s*["']([^"']*)["']""")
# XML 1.0 §2.11 turns carriage returns into line feeds and §2.2 leaves two code points out.
_NOT_IN_XML = re.compile(r"[\r\ufffe\uffff]")
_BLANK = re.compile(r"[\x00-\x20]+")
_ACTIVE_ELEMENTS: Final = frozenset({"script", "foreignObject", "handler", "listener"})


@dataclass(slots=True)
class _BakedElement:
    """A credential element as it is found in a drawing."""

    name: str
    depth: int
    verify: str | None
    start: int
    end: int = 0
    text: list[str] = field(default_factory=list)
    has_children: bool = False


class _Drawing:
    """What has to be known of an SVG document: where it begins, and which credentials are where.

    A target of the XML parser, which tells the position of everything it meets in the bytes, so that the
    document can be changed as text and keeps its artist's formatting.
    """

    def __init__(self, image: bytes) -> None:
        encoding = _DECLARED_ENCODING.search(image.removeprefix(b"\xef\xbb\xbf"))
        if encoding and encoding[1].lower() not in (b"utf-8", b"us-ascii"):
            raise MalformedError("svg-encoding", "only SVG pictures in UTF-8 are read")
        self.baked: list[_BakedElement] = []
        self.root_start = 0
        self.prefix_means: str | None = None  # what the root element declares "openbadges" to be
        self._image = image
        self._depth = 0
        self._elements = 0
        self._inside: _BakedElement | None = None
        # forbid_dtd: with a document type go entities, defaults and everything that reaches outside (B112).
        self._parser = DefusedXMLParser(target=self, forbid_dtd=True)
        try:
            self._parser.feed(image)
            self._parser.close()
        except (DefusedXmlException, ParseError, UnicodeError) as error:
            raise MalformedError("svg-xml", "the SVG picture is not XML, or has a document type") from error

    @property
    def root_end(self) -> int:
        """The position behind the start tag of ``<svg>``."""
        return self._end_of_tag(self.root_start)

    def start_ns(self, prefix: str, uri: str) -> None:
        """A prefix is declared by the element that begins next."""
        if self._elements == 0 and prefix == "openbadges":
            self.prefix_means = uri

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        self._elements += 1
        if self._elements > _MAX_ELEMENTS or self._depth > _MAX_DEPTH:
            raise MalformedError("limit-elements", "the SVG picture has too many elements")
        if self._depth == 0:
            if tag != _SVG + "svg":
                raise MalformedError("svg-root", "the outermost element of an SVG picture is <svg>")
            self.root_start = self._position
        _refuse_active(tag, attributes)
        if self._inside:
            self._inside.has_children = True
        elif tag in (_CREDENTIAL, _OLD_CREDENTIAL) or tag in _OTHER_ELEMENTS:
            self._inside = _BakedElement(tag, self._depth, attributes.get("verify"), self._position)
            self.baked.append(self._inside)
        self._depth += 1

    def end(self, tag: str) -> None:
        """An element ends, behind its end tag or behind its only tag."""
        self._depth -= 1
        if self._inside and self._inside.depth == self._depth:
            tag_end = self._end_of_tag(self._inside.start)
            is_empty = self._image.endswith(b"/>", 0, tag_end)
            self._inside.end = tag_end if is_empty else self._end_of_tag(self._position)
            self._inside = None

    def data(self, text: str) -> None:
        """Text, or the content of CDATA."""
        if self._inside:
            self._inside.text.append(text)

    def close(self) -> None:
        """The document has ended."""

    @property
    def _position(self) -> int:
        return int(self._parser.parser.CurrentByteIndex)

    def _end_of_tag(self, start: int) -> int:
        match = _TAG.match(self._image, start)
        assert match is not None, "the parser has found a tag here"
        return match.end()


def _refuse_active(tag: str, attributes: dict[str, str]) -> None:
    """A badge is a picture: what runs is refused, although we would not show it either (B112)."""
    if tag.removeprefix(_SVG) in _ACTIVE_ELEMENTS:
        raise MalformedError("svg-active", "the SVG picture has an element that runs")
    for name, value in attributes.items():
        local = name.rpartition("}")[2].lower()
        target = _BLANK.sub("", value).lower()
        if local.startswith("on") or (local == "href" and target.startswith("javascript:")):
            raise MalformedError("svg-active", "the SVG picture has an attribute that runs")


def _bake_svg(image: bytes, credential: bytes) -> bytes:
    if _NOT_IN_XML.search(credential.decode("utf-8")):
        raise MalformedError("baked-content", "this JSON has a character that XML would change")
    drawing = _Drawing(image)
    # From the back, so that the positions before it stay true.
    for old in reversed(drawing.baked):
        image = image[: old.start] + image[old.end :]
    tag = image[drawing.root_start : drawing.root_end]
    opening = tag.removesuffix(b">").removesuffix(b"/").rstrip()
    closing = b"</%s>" % opening[1:].split(maxsplit=1)[0] if tag.endswith(b"/>") else b""
    local = b""
    if drawing.prefix_means is None:
        opening += _DECLARATION
    elif drawing.prefix_means != _OPEN_BADGES:
        # The prefix already means something else in this drawing: ours holds for our element alone.
        local = _DECLARATION
    element = _credential_element(credential, local)
    return image[: drawing.root_start] + opening + b">" + element + closing + image[drawing.root_end :]


def _credential_element(credential: bytes, declaration: bytes) -> bytes:
    if _TOKEN.fullmatch(credential):
        return b'<openbadges:credential%s verify="%s"/>' % (declaration, credential)
    # CDATA ends at its first "]]>": one inside the JSON is divided between two sections.
    content = credential.replace(b"]]>", b"]]]]><![CDATA[>")
    return b"<openbadges:credential%s><![CDATA[%s]]></openbadges:credential>" % (declaration, content)


def _unbake_svg(image: bytes) -> bytes:
    drawing = _Drawing(image)
    if not drawing.baked:
        raise MalformedError("nothing-baked-in", "this SVG picture has no credential inside")
    if len(drawing.baked) > 1:
        raise MalformedError("baked-twice", f"this SVG picture has {len(drawing.baked)} credentials inside")
    [baked] = drawing.baked
    if baked.name in _OTHER_ELEMENTS:
        raise UnsupportedError(
            "baked-other", f"this SVG picture has a credential of {_OTHER_ELEMENTS[baked.name]} inside"
        )
    if baked.depth != 1 or baked.has_children:
        raise MalformedError("baked-element", "the credential is not an element directly inside <svg>")
    is_old = baked.name == _OLD_CREDENTIAL
    content = "".join(baked.text).strip(" \t\r\n")
    if baked.verify is None:
        return _content(content.encode("utf-8"), is_old=False)
    # With both, one reader would take the token and another the content (B112). Old drawings have the address
    # of a hosted badge beside it; the badge is what its address says, so nothing else has to be believed.
    if content and not (is_old and is_address(baked.verify.encode("utf-8"))):
        raise MalformedError("baked-twice", "the credential element has a token and content")
    return _content(baked.verify.encode("utf-8"), is_old=is_old)
