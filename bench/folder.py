# SPDX-License-Identifier: Apache-2.0
"""``cairn verify --jobs``: what a second process brings when a folder is judged. Wall time, on all cores."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench import documents
from bench.proofs import Bench

NAME = "verify.jobs"
FILES = int(os.environ.get("BENCH_FILES", "100000"))


def run() -> dict[str, str | float]:
    """One job and two, in turn, three times each; the best of each counts."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, range(os.cpu_count() or 1))
    bench = Bench("small", documents.small)
    with tempfile.TemporaryDirectory(prefix="cairn-bench-") as name:
        folder = Path(name)
        for number in range(FILES):
            (folder / f"{number:06}.json").write_bytes(bench.sign(number))
        best = {jobs: min(_seconds(folder, jobs) for _ in range(3)) for jobs in (1, 2)}
    return {
        "name": NAME,
        "per_second": round(FILES / best[2], 1),
        "against": "one job",
        "against_per_second": round(FILES / best[1], 1),
        "ratio": float(f"{best[1] / best[2]:.4g}"),
        "files": FILES,
        "load": round(os.getloadavg()[0], 1),
    }


def _seconds(folder: Path, jobs: int) -> float:
    command = [sys.executable, "-m", "cairn", "verify", "--offline", "--jobs", str(jobs), str(folder)]
    began = time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    seconds = time.perf_counter() - began
    # Offline nobody can tell whether one was withdrawn, so that is what must have been found of each.
    told = f"{FILES:,} files: {FILES:,} could-not-check"
    if (done.returncode, done.stderr.splitlines()[-1:]) != (3, [told]):
        raise AssertionError(f"{jobs} jobs: exit code {done.returncode}, {done.stderr[-300:]}")
    return seconds
