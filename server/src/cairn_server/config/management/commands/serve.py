# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core import checks
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from cairn.errors import UnavailableError
from cairn_server.config import lock, signer, start
from cairn_server.config.checks import SERVE
from cairn_server.config.server import Server, require_free_port


class Command(BaseCommand):
    help = "Serve in production: no demo data, no printed link; refuses to start when something is missing."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        signer.never_open_keys()
        problems = [
            found
            for found in checks.run_checks(tags=[SERVE], include_deployment_checks=True)
            if found.level >= checks.ERROR
        ]
        if problems:
            # Django keeps checks in a set; an operator reads them in the order of the documentation.
            problems.sort(key=lambda problem: problem.id or "")
            raise CommandError("\n".join(f"{problem.msg} {problem.hint or ''}" for problem in problems))
        for found in checks.run_checks():
            self.stderr.write(f"{found.msg} {found.hint or ''}")
        lock.hold(settings.DATA_DIR, address=settings.PUBLIC_URL, port=settings.PORT)
        require_free_port(settings.BIND, settings.PORT)
        call_command("collectstatic", verbosity=0, interactive=False)
        try:
            start.prepare(at=timezone.now(), say=self._say)
        except UnavailableError as error:  # the watermark is on another machine, which may not be there
            raise CommandError(str(error)) from error
        Server(
            host=settings.BIND,
            port=settings.PORT,
            threads=settings.WEB_THREADS,
            announce=lambda: self._say(f"ready {settings.PUBLIC_URL}"),
        ).run()

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
