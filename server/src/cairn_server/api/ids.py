# SPDX-License-Identifier: Apache-2.0
"""The one shape of an id in an address: 128 random bits as URL-safe base64.

Whatever else stands in its place (a NUL that a database would choke on, a suffix, an encoded slash) is no
address of ours, and is answered like one that never was (B142, B151).
"""

from __future__ import annotations

from typing import Annotated

from django.urls import register_converter
from pydantic import Field


class RandomIdConverter:
    regex = r"[A-Za-z0-9_-]{22}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


class MessageIdConverter(RandomIdConverter):
    """Of a message to a webhook, as receivers see it in ``webhook-id``."""

    regex = r"msg_[A-Za-z0-9_-]{22}"


register_converter(RandomIdConverter, "random_id")
register_converter(MessageIdConverter, "message_id")

# The same in a body or a query.
RandomId = Annotated[str, Field(pattern=f"^{RandomIdConverter.regex}$")]
MessageId = Annotated[str, Field(pattern=f"^{MessageIdConverter.regex}$")]
