# SPDX-License-Identifier: Apache-2.0
"""What every test of the library may rely on: published vectors, a closed network, words that exist."""

from __future__ import annotations

import functools
import ipaddress
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

from cairn.checks import Finding
from cairn.errors import CairnError

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


# Programs act on the code and the check of a finding, pages show its details by name, and codes are looked up
# in one page. What the library says and nobody knows is a mistake, also where no test asks for it; tests may
# make up words of their own.
_ROOT = Path(__file__).parents[2]
_LIBRARY = str(_ROOT / "core/src/cairn")
_CODES = frozenset(
    re.findall(r"^\| `([^`]+)` \|", (_ROOT / "docs/reference/errors.md").read_text(), re.MULTILINE)
)
_CHECKS = {
    *(
        "disclosure",
        "domain",
        "endorsement",
        "entitlement",
        "evidence",
        "holder",
        "issuer",
        "period",
        "refresh",
    ),
    *("resources", "schema", "signature", "status", "structure", "trust"),
}
_DETAILS = {
    *(
        "accredited_by",
        "algorithm",
        "anchor",
        "binding",
        "by",
        "checked_at",
        "claimed",
        "contexts",
        "created",
        "creator",
    ),
    *("cryptosuite", "domain", "endorsed_by", "endorses", "fields", "holder", "hosted_at", "issuer", "key"),
    *(
        "kind",
        "list",
        "list_url",
        "listed_as",
        "message",
        "method",
        "not_shown",
        "note",
        "publisher",
        "purpose",
    ),
    *("reason", "recognised_for", "resources", "rule", "schemas", "sha256", "since", "until", "url"),
    *("valid_from", "valid_until", "value"),
}


def _watch(kind: type[Any], ask: Callable[[Any], None]) -> None:
    """Ask of each object of this kind that the library makes itself."""
    made = kind.__init__

    @functools.wraps(made)
    def watched(self: Any, *arguments: Any, **named: Any) -> None:
        made(self, *arguments, **named)
        if sys._getframe(1).f_code.co_filename.startswith(_LIBRARY):
            ask(self)

    kind.__init__ = watched


def _ask_error(error: CairnError) -> None:
    assert error.code in _CODES, f"the code {error.code!r} is not in docs/reference/errors.md"


def _ask_finding(finding: Finding) -> None:
    assert finding.code in _CODES, f"the code {finding.code!r} is not in docs/reference/errors.md"
    assert finding.check in _CHECKS, f"no check has the name {finding.check!r}"
    assert finding.details.keys() <= _DETAILS, f"no page shows all of {sorted(finding.details)}"


_watch(CairnError, _ask_error)
_watch(Finding, _ask_finding)
