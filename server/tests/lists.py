# SPDX-License-Identifier: Apache-2.0
"""A list on its way through the house, in one call."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from server.tests.conftest import MONDAY

from cairn_server.issuing import receiving

if TYPE_CHECKING:
    from datetime import datetime

    from cairn_server.accounts.models import Person
    from cairn_server.achievements.models import AchievementVersion
    from cairn_server.issuing.incoming import ListFile
    from cairn_server.issuing.models import Batch


def received(
    text: str | bytes | io.BytesIO,
    *,
    by: Person,
    version: AchievementVersion,
    at: datetime = MONDAY,
    name: str = "list.csv",
    most_rows: int = 100_000,
    **more: Any,
) -> ListFile:
    content = (
        text if isinstance(text, io.BytesIO) else io.BytesIO(text.encode() if isinstance(text, str) else text)
    )
    return receiving.receive(
        by=by, version=version, name=name, content=content, most_rows=most_rows, at=at, **more
    )


def checked(
    text: str | bytes | io.BytesIO,
    *,
    by: Person,
    version: AchievementVersion,
    at: datetime = MONDAY,
    **more: Any,
) -> Batch:
    """The batch of a list whose columns are as they were guessed, and whose lines have all been read."""
    file = received(text, by=by, version=version, at=at, **more)
    receiving.choose(file, by=by)
    receiving.check(file, at=at)
    file.batch.refresh_from_db()
    return file.batch


def started(
    text: str | bytes | io.BytesIO,
    *,
    by: Person,
    version: AchievementVersion,
    at: datetime = MONDAY,
    **more: Any,
) -> Batch:
    batch = checked(text, by=by, version=version, at=at, **more)
    return receiving.accept(batch, by=by, leave_out=False, at=at)
