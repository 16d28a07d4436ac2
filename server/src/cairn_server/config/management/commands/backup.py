# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from cairn_server.config import archive, first_start
from cairn_server.config.checks import require_current_schema
from cairn_server.errors import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping


class Command(BaseCommand):
    help = "Write everything that cannot be made again into one file. It holds personal data: guard it."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--with-keys",
            action="store_true",
            help="put the key encryption key into the file too: whoever has it can then sign as every issuer",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        keys = self._keys() if options["with_keys"] else None
        try:
            require_current_schema()
            rows = archive.write(options["file"], at=timezone.now(), keys=keys)
        except (Refusal, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{rows} rows written to {options['file']}")
        if keys:
            self.stderr.write("The file holds the keys. Whoever has it can sign as every organisation here.")
        else:
            self.stderr.write(
                f"The keys are not in the file. Keep {settings.DATA_DIR / 'keys'} somewhere else:"
                " without the key encryption key no organisation here can sign again."
            )

    def _keys(self) -> Mapping[str, str]:
        kek = settings.KEY_ENCRYPTION_KEY or first_start.read(settings.KEY_ENCRYPTION_KEY_PATH)
        return {"kek": kek, "secret-key": settings.SECRET_KEY}
