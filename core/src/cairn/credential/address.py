# SPDX-License-Identifier: Apache-2.0
"""One grammar for identifiers: absolute URLs, comparable byte by byte and safe to show (B18, B30)."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

MAX_LENGTH = 2_048

# RFC 3986 §3 as far as we need it: a scheme, then only characters that the RFC lets stand in a URI.
# Spaces, quotes, angle brackets, backslashes, control characters and raw non-ASCII are out.
_ABSOLUTE = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*:(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+",
    re.ASCII,
)
_WEB = re.compile(r"https?://[A-Za-z0-9\-._~\[\]:]+(?:[/?#].*)?", re.ASCII | re.IGNORECASE)

# Schemes that run or inline something where an identifier is shown or followed.
_REFUSED_SCHEMES = frozenset({"javascript", "vbscript", "file", "blob", "about"})


def is_absolute(value: object) -> bool:
    """Whether the value is one absolute URL, short enough to keep, and not of a scheme that acts."""
    return (
        isinstance(value, str)
        and len(value) <= MAX_LENGTH
        and _ABSOLUTE.fullmatch(value) is not None
        and value.partition(":")[0].lower() not in _REFUSED_SCHEMES
    )


def is_identifier(value: object) -> bool:
    """An absolute URL that names something: every scheme but ``data:``, which carries its content itself."""
    return is_absolute(value) and not str(value).lower().startswith("data:")


def is_web(value: object) -> bool:
    """An http or https URL with a host and without a user part, which every reader can take apart."""
    if not is_absolute(value) or _WEB.fullmatch(str(value)) is None:
        return False
    try:
        # Raises where the brackets hold no IPv6 address, or the port is no port.
        address = urlsplit(str(value))
        return bool(address.hostname) and (address.port is None or address.port > 0)
    except ValueError:
        return False
