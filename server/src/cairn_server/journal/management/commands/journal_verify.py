# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from cairn_server.journal import services


class Command(BaseCommand):
    help = "Check every chain of the journal and name the first entry that does not fit."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            chains = services.chains()
            broken = [found for found in map(services.broken_link, chains) if found is not None]
        except DatabaseError as error:
            raise CommandError(f"The journal cannot be read: {error}") from error
        if broken:
            raise CommandError("The journal is broken:\n" + "\n".join(f"  {found}" for found in broken))
        self.stdout.write(f"The journal is whole: {len(chains)} chain(s).")
