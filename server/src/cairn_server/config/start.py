# SPDX-License-Identifier: Apache-2.0
"""What happens between the command and the first request, the same for ``run`` and ``serve``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings

from cairn_server.config import watermark as marks
from cairn_server.organisations import installation
from cairn_server.organisations.models import Organisation
from cairn_server.organisations.watermark import watermark

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime


def prepare(*, at: datetime, say: Callable[[str], None]) -> None:
    """Write down the public address, and look whether this database has forgotten something."""
    _remember_address(at=at, say=say)
    installation.install_address(settings.PUBLIC_URL)
    problems = marks.compare_at_start(watermark(), at=at)
    if not installation.installation().recovering:
        return
    say("This is a restored copy, or an older one than its watermark remembers:")
    for problem in problems:
        say(f"  {problem}")
    say("Nothing is awarded until you run: cairn-server recover")


def _remember_address(*, at: datetime, say: Callable[[str], None]) -> None:
    row = installation.remember_installation(public_url=settings.PUBLIC_URL, at=at)
    if row.public_url == settings.PUBLIC_URL:
        return
    named = Organisation.objects.filter(did__startswith="did:web:").count()
    say(f"PUBLIC_URL has changed: it was {row.public_url} and is {settings.PUBLIC_URL}.")
    say(
        "  What has been awarded names the old address, and always will: its pages and status lists must"
        " stay reachable there, or verifiers cannot tell whether it still counts."
    )
    if named:
        say(
            f"  {named} organisation(s) have an identity (did:web) at the old address, also for new awards:"
            " their DID documents must stay reachable there."
        )
    say("  New awards get addresses under the new one.")
    installation.move_installation(public_url=settings.PUBLIC_URL, at=at)
