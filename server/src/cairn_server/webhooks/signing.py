# SPDX-License-Identifier: Apache-2.0
"""Secrets and signatures of Standard Webhooks 1.0 (https://www.standardwebhooks.com).

    webhook-signature = "v1," base64(HMAC-SHA256(secret, webhook-id "." webhook-timestamp "." body))

A secret is derived whenever it is needed, from a salt in the endpoint's row and a key of the server that is
in no database: whoever has only one of the two, a backup or a configuration, can sign nothing.
"""

from __future__ import annotations

import hmac
from base64 import b64encode
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from cairn_server.webhooks.models import Endpoint

PREFIX = "whsec_"
_PURPOSE = b"cairn webhook secret v1\x00"


def secret_of(public_id: str, salt: bytes | memoryview, *, key: str) -> bytes:
    """The 32 bytes of a secret."""
    return hmac.digest(key.encode(), _PURPOSE + public_id.encode() + b"\x00" + bytes(salt), "sha256")


def written(secret: bytes) -> str:
    """As receivers put it into their settings."""
    return PREFIX + b64encode(secret).decode()


def current_secret(endpoint: Endpoint, *, key: str) -> str:
    return written(secret_of(endpoint.public_id, endpoint.salt, key=key))


def live_secrets(endpoint: Endpoint, *, keys: Sequence[str], at: datetime) -> list[bytes]:
    """All that a receiver may have: of two salts while one takes over from the other, and so of two keys."""
    salts = [endpoint.salt]
    if (
        endpoint.earlier_salt is not None
        and endpoint.earlier_until is not None
        and at < endpoint.earlier_until
    ):
        salts.append(endpoint.earlier_salt)
    return [secret_of(endpoint.public_id, salt, key=key) for key in keys for salt in salts]


def signature(secret: bytes, *, message: str, timestamp: int, body: bytes) -> str:
    signed = f"{message}.{timestamp}.".encode() + body
    return "v1," + b64encode(hmac.new(secret, signed, sha256).digest()).decode()


def headers(secrets: Sequence[bytes], *, message: str, at: datetime, body: bytes) -> dict[str, str]:
    """``at`` is the time of this attempt, so that a receiver can refuse what is old."""
    timestamp = int(at.timestamp())
    return {
        "Content-Type": "application/json",
        "webhook-id": message,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(
            signature(secret, message=message, timestamp=timestamp, body=body) for secret in secrets
        ),
    }
