# SPDX-License-Identifier: Apache-2.0
"""Attempts whose time is over are handed in for their owners, and what follows from it is done.

``assessments`` knows nothing of what its results are good for, so the two are brought together here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cairn_server.assessments import services as assessments
from cairn_server.earning import services as earning

if TYPE_CHECKING:
    from datetime import datetime


def close_overdue(*, at: datetime) -> int:
    closed = assessments.close_overdue(at=at)
    for person in {each.pk: each for each in closed}.values():
        earning.reconsider(person, at=at)
    return len(closed)
