# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from cairn.errors import UnavailableError
from cairn_server.config import archive, signer
from cairn_server.config.checks import require_current_schema
from cairn_server.errors import Refusal
from cairn_server.organisations.models import DataKey, InstallationKey


class Command(BaseCommand):
    help = "Fill an empty, migrated database from a backup. The copy awards nothing until recover."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            require_current_schema()
            restored = archive.restore(options["file"], at=timezone.now())
        except Refusal as refusal:
            raise CommandError(str(refusal.message)) from refusal
        self.stdout.write(f"{restored.rows} rows restored from the backup of {restored.made_at}")
        if restored.has_keys:
            self._put_keys(archive.keys_in(options["file"]))
        elif not self._keys_fit():
            self.stderr.write(
                "The keys are sealed with another key encryption key than this server has."
                f" Put the original one at {settings.KEY_ENCRYPTION_KEY_PATH}."
            )
        self.stdout.write(
            "Nothing is awarded until you run: cairn-server recover\n"
            "Do so only when no other copy of this installation awards any more."
        )

    def _put_keys(self, found: dict[str, str]) -> None:
        """Write the keys of the backup. What stood there sealed nothing: the database was empty."""
        folder = settings.DATA_DIR / "keys"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for name, text in found.items():
            partial = folder / f".{name}.partial"
            with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                file.write(text.strip() + "\n")
            partial.replace(folder / name)
        self.stdout.write(f"The keys of the backup are in {folder}")

    def _keys_fit(self) -> bool:
        try:
            here = signer.key_store().kek_id
        except UnavailableError:
            return False
        return not any(model.objects.exclude(kek_id=here).exists() for model in (DataKey, InstallationKey))
