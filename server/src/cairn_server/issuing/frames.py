# SPDX-License-Identifier: Apache-2.0
"""How signed bytes lie in the database: as zstd frames against the document that they are variations of.

A credential of 4 KB differs from the next one of its kind in a name, two identifiers, a number and a
signature. With the common part as dictionary a frame (RFC 8878) holds just these. Frames are ordinary: any
zstd opens them with the dictionary as raw content, and the digest beside a frame is that of the exact bytes,
asked on every read, so that a flipped bit is an error and never another credential (F16).
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from hmac import compare_digest

import zstandard
from django.utils.translation import gettext_lazy as _

from cairn_server.errors import Refusal

# Level 19 saves 5 bytes of 240 and costs thirty times as much.
LEVEL = 3
# Nothing that we sign is longer; a damaged header must not ask for more memory than that.
MAX_BYTES = 16 * 1024 * 1024


class Damaged(Refusal):
    """Stored bytes are not the ones that were signed. They come back from a backup; nobody can make them."""

    status = 500

    def __init__(self, why: str) -> None:
        super().__init__(
            "stored-bytes-damaged",
            _("The stored copy of this credential is damaged, so it is not shown. Tell the operator."),
        )
        self.why = why

    def __str__(self) -> str:
        return f"{self.why} [{self.code}]"


class Press:
    """Makes frames against one dictionary; one for each piece of work, as it is not for two threads."""

    def __init__(self, dictionary: bytes) -> None:
        self._press = zstandard.ZstdCompressor(
            level=LEVEL, dict_data=_raw(dictionary), write_content_size=True, write_dict_id=False
        )

    def frame(self, plain: bytes) -> bytes:
        return self._press.compress(plain)


def opened(stored: bytes, *, digest: bytes, dictionary: tuple[bytes, str] | None) -> bytes:
    """The signed bytes; ``dictionary`` is its content and the SHA-256 it is known by, None for plain ones."""
    plain = stored if dictionary is None else _unpacked(stored, *dictionary)
    if not compare_digest(sha256(plain).digest(), digest):
        raise Damaged("the stored bytes are not those of their digest")
    return plain


def _unpacked(frame: bytes, content: bytes, known_as: str) -> bytes:
    if sha256(content).hexdigest() != known_as:
        raise Damaged(f"the dictionary {known_as[:12]} is not what it was")
    try:
        if zstandard.frame_content_size(frame) > MAX_BYTES:
            raise Damaged("the frame says that it holds more than a credential ever does")
        return zstandard.ZstdDecompressor(dict_data=_raw(content)).decompress(
            frame, max_output_size=MAX_BYTES
        )
    except zstandard.ZstdError as error:
        raise Damaged(f"the frame does not open: {error}") from error


@lru_cache(maxsize=64)
def _raw(content: bytes) -> zstandard.ZstdCompressionDict:
    """Raw content, whatever it begins with: a trained dictionary would have entropy tables of its own."""
    return zstandard.ZstdCompressionDict(content, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
