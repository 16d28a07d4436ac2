# SPDX-License-Identifier: Apache-2.0
"""One reading and one spelling for every document.

`parse_json` is the only way JSON comes in, `to_json` the way it goes out. `jcs` and `rdf_canonical` are
the two canonical forms that signatures are made over. Both forget nothing that a reader could be shown:
what they would have to drop, they refuse.
"""

from cairn.canonical.contexts import (
    CONFORMANCE,
    PINNED,
    RECEIPT,
    Context,
    SuiteContexts,
    context_problems,
    old_contexts,
)
from cairn.canonical.jcs import jcs
from cairn.canonical.json_ld import rdf_canonical
from cairn.canonical.strict_json import DEFAULT, Limits, parse_json, to_json

__all__ = [
    "CONFORMANCE",
    "DEFAULT",
    "PINNED",
    "RECEIPT",
    "Context",
    "Limits",
    "SuiteContexts",
    "context_problems",
    "jcs",
    "old_contexts",
    "parse_json",
    "rdf_canonical",
    "to_json",
]
