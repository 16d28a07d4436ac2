# SPDX-License-Identifier: Apache-2.0
"""The recipient of an old badge, in the words in which today's credentials name theirs.

    1.0 on   ``recipient`` {type, hashed, identity, salt}: "sha256$" and the hex of SHA-256(identity + salt)
    0.5      ``recipient`` is the address or such a hash, ``salt`` stands beside it

The hash is the same as that of an IdentityObject, so one comparison serves both. It is compared and never
shown: the hash of an address with a known salt falls to guessing (S10).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_HASHED = re.compile(r"(?:sha256|md5)\$[0-9A-Fa-f]+", re.ASCII)


def subject_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """The recipient as a credential subject with one identifier, or with none that can be compared."""
    recipient, salt = document.get("recipient"), document.get("salt")
    if isinstance(recipient, dict):
        if recipient.get("type", "email") != "email":
            return {}
        hashed = recipient.get("hashed") in (True, "true")
        identity, salt = recipient.get("identity"), recipient.get("salt")
    else:
        identity = recipient
        hashed = isinstance(identity, str) and _HASHED.fullmatch(identity) is not None
    if not isinstance(identity, str) or not isinstance(salt, str | None):
        return {}
    named = {
        "type": "IdentityObject",
        "identityType": "emailAddress",
        "hashed": hashed,
        "identityHash": identity,
    }
    return {"identifier": [named if salt is None else {**named, "salt": salt}]}
