# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from cairn.errors import UnavailableError
from cairn_server.config import signer
from cairn_server.config import watermark as marks
from cairn_server.errors import Refusal
from cairn_server.organisations import installation
from cairn_server.organisations.watermark import watermark


class Command(BaseCommand):
    help = (
        "Work off what waits, beside the server or on another machine. Start as many as there are processors."
    )
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        signer.never_open_keys()
        if connection.vendor != "postgresql":
            raise CommandError(
                "A worker needs PostgreSQL (DATABASE_URL). With SQLite the server does the work by itself."
            )
        # Whether this database has forgotten something, the server asks at its start. When it has, every
        # chunk is refused (installation.py).
        try:
            marks.require_shared(watermark())
        except Refusal as refusal:
            raise CommandError(str(refusal.message)) from refusal
        except UnavailableError as error:
            raise CommandError(str(error)) from error
        installation.install_address(settings.PUBLIC_URL)
        from cairn_server.config import work  # its queue exists on PostgreSQL alone

        self._say("ready")
        work.run_worker(tasks=settings.PERIODIC_TASKS, outside=settings.OUTSIDE_TASKS)

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
