# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

from django.core.management.commands.migrate import Command as DjangosCommand
from django.db import connections

from cairn_server.config import fresh


class Command(DjangosCommand):
    """Django's own, but that it does not lead an empty database through the past."""

    def handle(self, *arguments: Any, **options: Any) -> None:
        connection = connections[options["database"]]
        is_asked_to = not (options["app_label"] or options["plan"] or options["check_unapplied"])
        if is_asked_to and fresh.is_empty(connection):
            fresh.lay_out(connection)
        super().handle(*arguments, **options)
