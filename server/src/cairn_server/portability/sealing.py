# SPDX-License-Identifier: Apache-2.0
"""Tokens of other hosts, sealed: whoever has only the database, or only the configuration, can use none.

The key is derived from the server's own secret, which is in no database and no backup. What a seal is for is
its additional data, so that a value which is moved to another row or column does not open.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

if TYPE_CHECKING:
    from collections.abc import Sequence

_PURPOSE: Final = b"cairn portability v1"
_NONCE_BYTES: Final = 12


@dataclass(frozen=True, repr=False)
class Vault:
    """Seals with the first of the server's secrets, and opens with any of them."""

    secrets: Sequence[str]

    def seal(self, plain: str, *, of: str) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + AESGCM(_key(self.secrets[0])).encrypt(nonce, plain.encode(), of.encode())

    def open(self, sealed: bytes | memoryview | None, *, of: str) -> str | None:
        """None for what does not open: another server's, or from before its secret was changed."""
        if sealed is None:
            return None
        nonce, rest = bytes(sealed)[:_NONCE_BYTES], bytes(sealed)[_NONCE_BYTES:]
        for secret in self.secrets:
            try:
                return AESGCM(_key(secret)).decrypt(nonce, rest, of.encode()).decode()
            except (InvalidTag, ValueError):
                continue
        return None


def _key(secret: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(secret.encode())
