# SPDX-License-Identifier: Apache-2.0
"""One grammar for identifiers: absolute URLs, comparable byte by byte and safe to show (B18, B30)."""

from __future__ import annotations

import re
from functools import lru_cache
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
    return isinstance(value, str) and len(value) <= MAX_LENGTH and _is_absolute(value)


# An issuer's badges share most of their addresses. What is kept is short: nothing longer gets here.
@lru_cache(maxsize=1024)
def _is_absolute(text: str) -> bool:
    return _ABSOLUTE.fullmatch(text) is not None and text.partition(":")[0].lower() not in _REFUSED_SCHEMES


def is_identifier(value: object) -> bool:
    """An absolute URL that names something: every scheme but ``data:``, which carries its content itself."""
    return isinstance(value, str) and len(value) <= MAX_LENGTH and _is_identifier(value)


@lru_cache(maxsize=1024)
def _is_identifier(text: str) -> bool:
    return _is_absolute(text) and text[:5].lower() != "data:"


def well_known(identifier: str, name: str) -> str:
    """Where OAuth and SD-JWT VC put a document about an identifier: between its host and its path (N17).

    ``jwks.json`` and did:web do it differently: they have theirs at the root, or behind the path.
    """
    address = urlsplit(identifier)
    return f"{address.scheme}://{address.netloc}/.well-known/{name}{address.path.rstrip('/')}"


def is_web(value: object) -> bool:
    """An http or https URL with a host and without a user part, which every reader can take apart."""
    return isinstance(value, str) and len(value) <= MAX_LENGTH and _is_web(value)


@lru_cache(maxsize=1024)
def _is_web(text: str) -> bool:
    if not _is_absolute(text) or _WEB.fullmatch(text) is None:
        return False
    try:
        # Raises where the brackets hold no IPv6 address, or the port is no port.
        address = urlsplit(text)
        return bool(address.hostname) and (address.port is None or address.port > 0)
    except ValueError:
        return False
