# SPDX-License-Identifier: Apache-2.0
"""The npm peers: one Node process that is asked a line at a time (peers/main.mjs)."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Any, Self

from cairn.canonical import contexts

if TYPE_CHECKING:
    from pathlib import Path


class PeersMissingError(RuntimeError):
    """Node or its packages are not installed."""


class NodePeers:
    def __init__(self, folder: Path) -> None:
        node = shutil.which("node")
        if node is None or not (folder / "node_modules").is_dir():
            raise PeersMissingError("the npm peers are not installed: run `npm ci` in interop/")
        self._process = subprocess.Popen(
            [node, str(folder / "peers" / "main.mjs")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        self._ask({"do": "contexts", "pinned": {url: pin.read() for url, pin in contexts.PINNED.items()}})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=30)

    def version(self, peer: str) -> str:
        return str(self._ask({"do": "version", "peer": peer})["version"])

    def verify(
        self, peer: str, format: str, credential: Any, *, at: str, resources: dict[str, str]
    ) -> tuple[bool, str]:
        """Whether the peer accepts the credential, and its reason when it does not."""
        answer = self._ask(
            {
                "do": "verify",
                "peer": peer,
                "format": format,
                "credential": credential,
                "at": at,
                "resources": resources,
            }
        )
        return answer["accepted"] is True, str(answer["reason"])

    def issue(self, peer: str, format: str, **wishes: Any) -> Any:
        """What the peer makes of the wishes: a credential, or with ``identity`` its own identifier."""
        answer = self._ask({"do": "issue", "peer": peer, "format": format, **wishes})
        return answer["id"] if format == "identity" else answer["credential"]

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the Node process with the peers has ended")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer
