# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.management.base import BaseCommand

from cairn.errors import UnavailableError
from cairn_server.config import hardening, signer
from cairn_server.config.first_start import BadSecret
from cairn_server.config.supervisor import EXIT_MISCONFIGURED, SECRETS

if TYPE_CHECKING:
    from types import FrameType


class Command(BaseCommand):
    help = "Hold the keys and sign what is on record. run, serve and worker start one themselves."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        network = signer.needs_network(
            settings.DATABASES["default"], settings.KEY_CUSTODY, settings.REMOTE_SIGNER_URL
        )
        given_up = hardening.given_up(network=network)
        try:
            service = signer.service()
        except (BadSecret, UnavailableError) as error:
            self.stderr.write(str(error))
            sys.exit(EXIT_MISCONFIGURED)
        for name in SECRETS:
            os.environ.pop(name, None)
        server = signer.SignerServer(
            Path(settings.SIGNER_SOCKET), service, users=signer.users(settings.SIGNER_CLIENTS)
        )
        if options["verbosity"] > 1:
            self.stdout.write(f"without {', '.join(given_up) or 'giving anything up'}")

        def stop(_number: int, _frame: FrameType | None) -> None:
            # Not here: the main thread may hold the very lock that closing needs.
            threading.Thread(target=server.close).start()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        server.serve()
