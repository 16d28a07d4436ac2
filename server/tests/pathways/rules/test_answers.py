# SPDX-License-Identifier: Apache-2.0
"""An answer as a record."""

from __future__ import annotations

import json

from server.tests.pathways.rules.cases import (
    AT,
    DAY,
    ask,
    held,
    holds,
)

from cairn_server.pathways.rules import (
    AllOf,
    NOf,
    Recognised,
    Standing,
    told_from,
    told_to,
)


def test_what_was_told_is_kept_and_read_again():
    rule = AllOf((holds("a"), NOf((holds("b"), holds("c")), n=1), Recognised("d")))
    told = ask(rule, held("1", ends_at=AT + DAY), held("2", "b", standing=Standing.REVOKED))

    assert told_from(json.loads(json.dumps(told_to(told))), rule) == told
