# SPDX-License-Identifier: Apache-2.0
"""Credentials as values: what Open Badges 3.0 and the W3C data model say, and the rules that hold them.

``model`` is for writing and showing, ``structure`` for judging what strangers wrote, ``moment`` is the one
grammar of dates and times, ``address`` the one of absolute URLs.
"""

from cairn.credential.model import (
    ACHIEVEMENT_TYPES,
    ALIGNMENT_TARGET_TYPES,
    IDENTITY_TYPES,
    OB_CONTEXT,
    RESULT_STATUSES,
    RESULT_TYPES,
    VC_CONTEXT,
    Achievement,
    AchievementSubject,
    Alignment,
    Criteria,
    Evidence,
    IdentityObject,
    Image,
    OpenBadgeCredential,
    Profile,
    Result,
    ResultDescription,
    RubricCriterionLevel,
)
from cairn.credential.moment import format_datetime, parse_datetime
from cairn.credential.shapes import Problem
from cairn.credential.structure import issuer_id, kind_of, structure_problems

__all__ = [
    "ACHIEVEMENT_TYPES",
    "ALIGNMENT_TARGET_TYPES",
    "IDENTITY_TYPES",
    "OB_CONTEXT",
    "RESULT_STATUSES",
    "RESULT_TYPES",
    "VC_CONTEXT",
    "Achievement",
    "AchievementSubject",
    "Alignment",
    "Criteria",
    "Evidence",
    "IdentityObject",
    "Image",
    "OpenBadgeCredential",
    "Problem",
    "Profile",
    "Result",
    "ResultDescription",
    "RubricCriterionLevel",
    "format_datetime",
    "issuer_id",
    "kind_of",
    "parse_datetime",
    "structure_problems",
]
