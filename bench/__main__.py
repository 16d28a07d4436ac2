# SPDX-License-Identifier: Apache-2.0
"""``python -m bench [ONLY]``: one JSON object a line, ``ratio`` = our rate divided by theirs."""

from __future__ import annotations

import argparse
import json
import platform
import sys

from bench import folder, formats, issue, measure, memory, pages, proofs, takeout, wallets


def main(arguments: list[str]) -> int:
    options = argparse.ArgumentParser(prog="bench", description="Compare rates in the same run.")
    options.add_argument("only", nargs="?", default="", help="prefix of the names to run")
    only = options.parse_args(arguments).only
    # Before this process is kept to one core, which its children would inherit.
    for line in issue.run(only):
        print(json.dumps(line), flush=True)
    print(f"{platform.machine()}, Python {platform.python_version()}, one core", file=sys.stderr)
    measure.pin_to_one_core()
    for comparisons in (proofs.comparisons, formats.comparisons, pages.comparisons, wallets.comparisons):
        for comparison in comparisons(only):
            if comparison.name.startswith(only):
                print(json.dumps(measure.run(comparison)), flush=True)
    for whole in (folder, memory, takeout):
        if whole.NAME.startswith(only):
            print(json.dumps(whole.run()), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
