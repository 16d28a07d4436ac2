# SPDX-License-Identifier: Apache-2.0
"""The database's own refusal to change what was promised, whatever program asks.

the tree of a published version, and who agrees to an award, stay as they were published
a part belongs to a group of the same tree
an open course keeps its units; their words may be mended
"""

from __future__ import annotations

from cairn_server.refusals import Rule

_PROMISED = "what was promised is never changed"
_SETTLED = "an open course keeps its units"
_STRAY = "a part belongs to a group of the same tree"


def _published(row: str) -> str:
    # The key of a plan is that of its version.
    column = "version_id" if row.endswith("plan") else "plan_id"
    row = row.removesuffix("plan")
    return (
        "EXISTS (SELECT 1 FROM achievements_achievementversion v"  # noqa: S608 - no value is in the text
        f" WHERE v.id = {row}.{column} AND v.state = 'published')"
    )


_STRAY_PART = (
    "NEW.parent_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM earning_requirement p WHERE p.id = NEW.parent_id"
    " AND p.plan_id = NEW.plan_id AND p.kind IN ('all', 'any', 'some'))"
)


def _opened(row: str) -> str:
    columns = f"c.id = {row}.course_id AND c.opened_at IS NOT NULL"
    return f"EXISTS (SELECT 1 FROM earning_course c WHERE {columns})"  # noqa: S608 - likewise


RULES = (
    Rule("earning_plan_in", "earning_plan", "INSERT", _published("NEWplan"), _PROMISED),
    Rule(
        "earning_plan_new", "earning_plan", "UPDATE OF version_id, decision", _published("OLDplan"), _PROMISED
    ),
    Rule("earning_plan_out", "earning_plan", "DELETE", _published("OLDplan"), _PROMISED),
    Rule("earning_part_in", "earning_requirement", "INSERT", _published("NEW"), _PROMISED),
    Rule("earning_part_new", "earning_requirement", "UPDATE", _published("OLD"), _PROMISED),
    Rule("earning_part_out", "earning_requirement", "DELETE", _published("OLD"), _PROMISED),
    Rule("earning_part_stray", "earning_requirement", "INSERT", _STRAY_PART, _STRAY),
    Rule("earning_part_moved", "earning_requirement", "UPDATE OF parent_id, plan_id", _STRAY_PART, _STRAY),
    Rule("earning_unit_in", "earning_unit", "INSERT", _opened("NEW"), _SETTLED),
    Rule("earning_unit_moved", "earning_unit", "UPDATE OF course_id, position", _opened("OLD"), _SETTLED),
    Rule("earning_unit_out", "earning_unit", "DELETE", _opened("OLD"), _SETTLED),
)
