# SPDX-License-Identifier: Apache-2.0
"""A whole installation in a temporary folder: database, keys, one organisation with something to award."""

from __future__ import annotations

import atexit
import os
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cairn_server.achievements.models import AchievementVersion

PUBLIC_URL = "https://bench.example"
HOST = "bench.example"
KEK = bytes(range(32))


@cache
def start(database: str = "") -> AchievementVersion:
    """Set Django up, once in a process, and return a published achievement to award.

    ``database`` is the URL of an empty one; SQLite in the folder if none is given.
    """
    folder = tempfile.TemporaryDirectory(prefix="cairn-bench-")
    atexit.register(folder.cleanup)
    data = Path(folder.name)
    for name in [name for name in os.environ if name.startswith("DATABASE_URL")]:
        del os.environ[name]
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "cairn_server.config.settings",
        "PUBLIC_URL": PUBLIC_URL,
        "DATA_DIR": str(data),
        "LOG_LEVEL": "ERROR",
    } | ({"DATABASE_URL": database} if database else {})

    import django

    django.setup()

    from django.core.management import call_command
    from django.utils import timezone

    from cairn_server.config import signer
    from cairn_server.organisations import installation, keys

    signs_here = signer.service(keys.KeyStore(KEK))
    keys.install(lambda: signs_here)
    call_command("migrate", verbosity=0)
    installation.remember_installation(public_url=PUBLIC_URL, at=timezone.now())
    return _something_to_award()


def _something_to_award() -> AchievementVersion:
    from django.utils import timezone

    from cairn_server.accounts.models import Person
    from cairn_server.achievements import services as achievements
    from cairn_server.organisations import services

    at = timezone.now()
    owner = Person.objects.create_user("potter@bench.example", name="Olga Potter")
    guild = services.create_organisation(
        open_to_all=True, by=owner, name="Guild of Potters", requires_second_factor=False, at=at
    )
    draft = achievements.draft_achievement(
        by=owner,
        organisation=guild,
        fields={
            "name": "Kiln operator",
            "description": "Loads, fires and unloads an electric kiln without supervision.",
            "criteria": "Three firings from bisque to glaze, each with a **complete** log.",
            "level": "3",
            "workload_hours": 40,
            "alignments": [
                {"target_name": "Kiln firing", "target_url": "https://skills.example/ceramics/1"},
            ],
        },
        at=at,
    )
    return achievements.publish(draft, by=owner, at=at)
