# SPDX-License-Identifier: Apache-2.0
"""The best peer in Node, measured in a process of its own, in turn with ours and on the same core."""

from __future__ import annotations

import atexit
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from bench.measure import Side
from cairn.canonical import contexts

_HERE = Path(__file__).parent
_MODULES = _HERE.parent / "interop" / "node_modules"
_VERSION = _MODULES / "@digitalbazaar" / "vc" / "package.json"
_WARM_UP = 150  # until the JIT has seen it all
_BATCH = 12


def digitalbazaar(verb: str, documents: list[bytes], *, moment: str, seed: str = "") -> Side | None:
    """`@digitalbazaar/vc` doing the same work; None where `make interop` has not installed it."""
    node = shutil.which("node")
    if node is None or not (_MODULES / ".stamp").is_file():
        return None
    process = subprocess.Popen(
        [node, str(_HERE / "peer.mjs")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    atexit.register(process.kill)

    def ask(**request: Any) -> dict[str, Any]:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(request) + "\n")
        process.stdin.flush()
        answer: dict[str, Any] = json.loads(process.stdout.readline())
        if "error" in answer:
            raise AssertionError(f"the peer failed: {answer['error']}")
        return answer

    ask(
        do="prepare",
        pinned={url: pin.read() for url, pin in contexts.PINNED.items()},
        verb=verb,
        format="eddsa-rdfc-2022",
        documents=[document.decode() for document in documents],
        moment=moment,
        seed=seed,
    )
    ask(do="batch", size=_WARM_UP)
    version = json.loads(_VERSION.read_bytes())["version"]
    return Side.elsewhere(
        f"@digitalbazaar/vc {version} (Node)", lambda: _BATCH / ask(do="batch", size=_BATCH)["seconds"]
    )
