# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import secrets
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from cairn_server.config import first_start, signer
from cairn_server.config.checks import require_current_schema
from cairn_server.errors import Refusal
from cairn_server.organisations import keys
from cairn_server.organisations.models import DataKey, InstallationKey


class Command(BaseCommand):
    help = (
        "Seal all keys under a new key encryption key. Stop the server first; the signing keys stay the same."
    )
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.KEY_ENCRYPTION_KEY:
            raise CommandError(
                "The key is given by KEY_ENCRYPTION_KEY; this command changes the one in a file."
            )
        try:
            require_current_schema()
        except Refusal as refusal:
            raise CommandError(str(refusal.message)) from refusal
        if signer.is_running():
            # It holds the old key, and would find that nothing opens any more.
            raise CommandError("The signer is running. Stop the server and its signer first.")
        path = settings.KEY_ENCRYPTION_KEY_PATH
        waiting = path.with_name("kek.new")
        # Written and synced before the first row is sealed with it. After a crash at any point below, the
        # rows are under one of the two files, and running this command again finishes the work.
        first_start.make(waiting, secrets.token_hex(first_start.KEK_BYTES))
        old = keys.KeyStore(first_start.kek_from(first_start.read(path)))
        new = keys.KeyStore(first_start.kek_from(first_start.read(waiting)))
        rewrapped = keys.rewrap_all(old=old, new=new)
        strangers = sum(
            model.objects.exclude(kek_id=new.kek_id).count() for model in (DataKey, InstallationKey)
        )
        if strangers:
            raise CommandError(
                f"{strangers} data key(s) are sealed with a third key; {path} was left as it is."
            )
        waiting.replace(path)
        self.stdout.write(f"{rewrapped} data key(s) are sealed with the new key {new.kek_id} in {path}")
