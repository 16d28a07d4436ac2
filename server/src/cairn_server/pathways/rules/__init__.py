# SPDX-License-Identifier: Apache-2.0
"""Rules by which small credentials add up to larger ones: written down, and judged.

Pure: no database, no clock, no network. ``read`` takes a rule from JSON and refuses what is no rule,
``impossible`` tells what could never be met, ``evaluate`` answers for one person on one day, with reasons.
"""

from cairn_server.pathways.rules.answers import (
    Award,
    Decision,
    Held,
    Outcome,
    Standing,
    Told,
    told_from,
    told_to,
)
from cairn_server.pathways.rules.forms import BadRule, Never, impossible, read, write
from cairn_server.pathways.rules.judging import evaluate
from cairn_server.pathways.rules.model import (
    AllOf,
    AnyOf,
    Credits,
    Grade,
    Group,
    Holds,
    Level,
    NOf,
    Not,
    Part,
    Recognised,
    Rule,
    Selector,
    SkillCover,
    Validity,
    needed_achievements,
    walk,
)

__all__ = [
    "AllOf",
    "AnyOf",
    "Award",
    "BadRule",
    "Credits",
    "Decision",
    "Grade",
    "Group",
    "Held",
    "Holds",
    "Level",
    "NOf",
    "Never",
    "Not",
    "Outcome",
    "Part",
    "Recognised",
    "Rule",
    "Selector",
    "SkillCover",
    "Standing",
    "Told",
    "Validity",
    "evaluate",
    "impossible",
    "needed_achievements",
    "read",
    "told_from",
    "told_to",
    "walk",
    "write",
]
