# SPDX-License-Identifier: Apache-2.0
"""``cairn-server replace_receipt_key``: sign receipts of checks with a new key from now on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from cairn_server.config.checks import require_current_schema
from cairn_server.errors import Refusal
from cairn_server.organisations import receipts

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    help = "Sign receipts of checks with a new key. Earlier receipts keep verifying, unless --compromised."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--compromised",
            action="store_true",
            help="also say of every earlier key that it was stolen; receipts signed with it stop verifying",
        )

    def handle(self, *args: Any, compromised: bool, **options: Any) -> None:
        try:
            require_current_schema()
        except Refusal as refusal:
            raise CommandError(str(refusal.message)) from refusal
        key = receipts.replace_key(compromised=compromised, at=timezone.now())
        self.stdout.write(f"Receipts are signed with the new key {key.fragment}.")
