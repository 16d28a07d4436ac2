# SPDX-License-Identifier: Apache-2.0
"""List the licence of everything that running needs, and refuse what Cairn may not stand on.

Cairn is Apache-2.0. GPL and AGPL code may not be a dependency. LGPL and MPL libraries may, unmodified and
installed separately: today psycopg, frozendict through PyLD, a part of orjson, the public suffix list that
fido2 carries, and jwcrypto and certifi through django-oauth-toolkit.
"""

from __future__ import annotations

import re
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

WEAK_COPYLEFT_IN_USE = {
    "psycopg", "psycopg-binary", "psycopg-pool", "frozendict", "orjson", "fido2", "jwcrypto", "certifi",
}  # fmt: skip
# These ship a licence text and no licence field: what the text is.
READ_BY_US = {"pysqlite3": "Zlib", "resvg-py": "MIT"}


def licence_of(name: str) -> str:
    """The licence as the distribution states it: expression, classifiers, or the first line of its text."""
    metadata = distribution(name).metadata
    if expression := metadata.get("License-Expression"):
        return str(expression)
    classifiers = [
        value.rsplit(" :: ", 1)[-1]
        for value in metadata.get_all("Classifier", [])
        if value.startswith("License :: ") and not value.endswith("OSI Approved")
    ]
    stated = "; ".join(classifiers) or str(metadata.get("License") or "").strip().split("\n")[0]
    return stated or READ_BY_US.get(name, "unknown")


def main() -> int:
    lock = Path(__file__).with_name("run.txt").read_text()
    refused = []
    for name in re.findall(r"^([a-z0-9.-]+)==", lock, re.MULTILINE):
        try:
            licence = licence_of(name)
        except PackageNotFoundError:
            continue  # its environment marker does not hold here
        print(f"{name:24} {licence}")
        weak = re.search(r"LGPL|Lesser General Public|MPL|Mozilla Public", licence)
        strong = re.search(r"AGPL|(?<!L)GPL|(?<!Lesser )General Public|Affero", licence)
        if licence == "unknown" or (strong and not weak) or (weak and name not in WEAK_COPYLEFT_IN_USE):
            refused.append(f"{name}: {licence}")
    for line in refused:
        print("refused:", line, file=sys.stderr)
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
