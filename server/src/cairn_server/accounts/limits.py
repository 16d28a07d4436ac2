# SPDX-License-Identifier: Apache-2.0
"""Token buckets in the database: how often somebody may try (B149).

The table stands here because signing in is what must be limited first, and because every other area
stands above accounts and can use it. It is in the database because a limit per process is no limit.

A bucket is one number: the moment at which it will be full again. Taking a token moves that moment on
by the price of one token, unless that would put it further ahead than a whole bucket. So a take is one
statement, and two requests at once cannot both have the last token. On PostgreSQL the table is not logged:
after a crash it is empty, which is to say that every bucket is full.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from hashlib import sha256
from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING

from django.db import connection
from django.utils.translation import gettext_lazy as _

from cairn_server.accounts.models import Bucket
from cairn_server.errors import Refusal

if TYPE_CHECKING:
    from datetime import datetime


class TooMany(Refusal):
    """The bucket is empty; ``retry_after`` seconds later it has a token again."""

    status = 429

    def __init__(self, retry_after: int) -> None:
        super().__init__("too-many-requests", _("Too many attempts. Please wait a little and try again."))
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Limit:
    """``burst`` at once, refilled at ``per_minute``."""

    name: str
    burst: int
    per_minute: float

    @property
    def seconds_per_token(self) -> float:
        return 60 / self.per_minute

    def take(self, who: str, *, at: datetime, tokens: int = 1) -> None:
        """So many tokens from this caller's bucket, all of them or ``TooMany``."""
        now, price = at.timestamp(), self.seconds_per_token * tokens
        key = sha256(f"{self.name}|{who}".encode()).hexdigest()
        table = connection.ops.quote_name(Bucket._meta.db_table)
        later = "max" if connection.vendor == "sqlite" else "greatest"
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {table} (key, full_at) VALUES (%s, %s)"  # noqa: S608  no value is in the text
                f" ON CONFLICT (key) DO UPDATE SET full_at = {later}({table}.full_at, %s) + %s"
                f" WHERE {later}({table}.full_at, %s) + %s <= %s RETURNING full_at",
                [key, now + price, now, price, now, price, now + self.burst * self.seconds_per_token],
            )
            if cursor.fetchone() is not None:
                return
            cursor.execute(f"SELECT full_at FROM {table} WHERE key = %s", [key])  # noqa: S608
            row = cursor.fetchone()
        full_at = row[0] if row is not None else now
        raise TooMany(max(1, math.ceil(full_at + price - self.burst * self.seconds_per_token - now)))


def network_of(address: str) -> str:
    """Whom an address stands for: an IPv6 customer has a whole /64 and could hop in it for ever."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return f"{IPv6Address(int(parsed) >> 64 << 64)}/64"
    return str(parsed)


def client_address(*, peer: str, forwarded_for: str, trusted_proxies: int) -> str:
    """Who is at the other end.

    Each proxy appends the peer it saw to X-Forwarded-For, so with N proxies of ours the N-th entry from
    the right was written by the outermost of them. What stands further left is the client's own claim.
    """
    if trusted_proxies == 0:
        return peer
    seen = [part.strip() for part in forwarded_for.split(",") if part.strip()]
    return seen[-trusted_proxies] if len(seen) >= trusted_proxies else peer


def forget_full(*, at: datetime) -> int:
    """Delete the buckets that are full again: an absent bucket is a full one."""
    return Bucket.objects.filter(full_at__lt=at.timestamp()).delete()[0]
