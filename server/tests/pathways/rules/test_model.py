# SPDX-License-Identifier: Apache-2.0
"""What a rule needs whatever else somebody has: by this, pathways that wait for each other are found."""

from __future__ import annotations

import pytest

from cairn_server.pathways.rules import needed_achievements, read


def holds(*names):
    return {"rule": "holds", "selector": {"achievements": list(names)}}


@pytest.mark.parametrize(
    ("told", "needed"),
    [
        (holds("a"), {"a"}),
        (holds("a", "b"), set()),
        ({"rule": "all", "of": [holds("a"), holds("b")]}, {"a", "b"}),
        ({"rule": "any", "of": [holds("a"), holds("b")]}, set()),
        ({"rule": "some", "least": 2, "of": [holds("a"), holds("a"), holds("b")]}, {"a"}),
        ({"rule": "not", "of": holds("a")}, set()),
    ],
)
def test_what_cannot_be_done_without(told, needed):
    assert needed_achievements(read(told)) == needed
