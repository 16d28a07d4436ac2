# SPDX-License-Identifier: Apache-2.0
"""What a verifier needs that has judged a hundred thousand badges of ten thousand shapes."""

from __future__ import annotations

import gc
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from bench import documents
from bench.proofs import AT, Bench
from cairn import gather, judge, read, sign

NAME = "verify.memory"
SHAPES = int(os.environ.get("BENCH_SHAPES", "10000"))
ROUNDS = 10
LIMIT = 200  # megabytes


def run() -> dict[str, str | float]:
    """In a process of its own, so that nothing else is counted."""
    with tempfile.TemporaryDirectory(prefix="cairn-bench-") as folder:
        command = [sys.executable, "-c", f"from bench.memory import fill; fill({folder!r})"]
        subprocess.run(command, check=True)
        command = [sys.executable, "-c", f"from bench.memory import work; work({folder!r})"]
        told = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    peak = json.loads(told.stdout)["peak"]
    return {
        "name": NAME,
        "judged": SHAPES * ROUNDS,
        "shapes": SHAPES,
        "peak_megabytes": round(peak, 1),
        "limit_megabytes": LIMIT,
        "ratio": round(LIMIT / peak, 2),
    }


def fill(folder: str) -> None:
    bench = Bench("small", documents.small)
    for number in range(SHAPES):
        document = documents.of_another_shape(documents.small(number, bench.issuer), number)
        secured = sign(document, bench.key, verification_method=bench.method, at=AT)
        (Path(folder) / f"{number}.json").write_bytes(secured)


def work(folder: str) -> None:
    bench = Bench("small", documents.small)
    sources = bench.sources
    for at in range(SHAPES * ROUNDS):
        # Each shape comes back while it is still remembered, and again when it is forgotten.
        number = (at // 2) % SHAPES
        data = (Path(folder) / f"{number}.json").read_bytes()
        if not judge(gather(read(data), sources, at=AT), at=AT).accepted:
            raise AssertionError(f"a good badge was not accepted: {number}")
    gc.collect()
    print(json.dumps({"peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
