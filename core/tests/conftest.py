# SPDX-License-Identifier: Apache-2.0
"""What every test of the library may rely on: the published vectors, and a closed network."""

from __future__ import annotations

import ipaddress
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

# A busy machine is no failure.
hypothesis.settings.register_profile("cairn", deadline=None)
hypothesis.settings.load_profile("cairn")

# Published vectors lie beside the repository and are never copied into it.
_VECTORS = Path(__file__).parents[2] / ".." / "shared" / "vectors"


@pytest.fixture(scope="session")
def shared_vectors() -> Callable[[str], Path]:
    """The folder of a published set of vectors, by its name; skips the test, and says why, without it."""

    def folder(name: str) -> Path:
        root = Path(os.environ.get("CAIRN_VECTORS") or _VECTORS).resolve()
        found = root / name
        if not found.is_dir():
            pytest.skip(f"published vectors {name!r} are not in {root} (set CAIRN_VECTORS)")
        return found

    return folder


# Numbers in any of their spellings are resolved without asking anybody.
_NUMERIC_HOST = re.compile(r"(?:.*\.)?(?:0[xX][0-9A-Fa-f]*|[0-9]+)\.?|.*:.*|")


def _loopback_only(event: str, arguments: tuple[Any, ...]) -> None:
    """No test reaches further than this machine: an audit hook cannot be patched away or caught twice."""
    if event in ("socket.connect", "socket.sendto"):
        address = arguments[1]
        if isinstance(address, tuple) and not _is_loopback(str(address[0])):
            raise RuntimeError(f"the network is closed in tests: {event} to {address}")
    elif event == "socket.getaddrinfo" and arguments[0] is not None:
        host = arguments[0].decode() if isinstance(arguments[0], bytes) else str(arguments[0])
        if host != "localhost" and not _NUMERIC_HOST.fullmatch(host):
            raise RuntimeError(f"the network is closed in tests: looking up {host!r}")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return host in ("localhost", "")


sys.addaudithook(_loopback_only)
