# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from cairn_server.config import watermark as marks
from cairn_server.config.checks import require_current_schema
from cairn_server.errors import Refusal
from cairn_server.organisations.watermark import watermark


class Command(BaseCommand):
    help = (
        "Say that this restored copy is the one that goes on: burn what may have been given out since its"
        " backup, and let it award again."
    )
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            require_current_schema()
            raised = marks.confirm(watermark(), at=timezone.now())
        except Refusal as refusal:
            raise CommandError(str(refusal.message)) from refusal
        if raised:
            self.stdout.write(
                f"{raised} status list(s) had gone further than this copy knows; they are sealed."
            )
            self.stdout.write(
                "Revocations made after the backup are not in this copy: look for them and repeat them."
            )
        self.stdout.write("Confirmed. New awards use new status lists.")
