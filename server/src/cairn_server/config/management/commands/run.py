# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from django.utils.module_loading import import_string

from cairn_server.accounts.models import Person
from cairn_server.config import lock, signer, start
from cairn_server.config.checks import problem_with_tls
from cairn_server.config.development import LIFETIME_SECONDS, sign_in_link
from cairn_server.config.server import Server, require_free_port
from cairn_server.earning.demo import ensure_something_to_earn

ENSURE_DEMO = "cairn_server.issuing.demo.ensure_demo"


class Command(BaseCommand):
    help = "Try Cairn on this computer: a demo organisation, mail in files, a sign-in link on the screen."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        signer.never_open_keys()
        if not settings.DEVELOPMENT:
            raise CommandError("run is for trying Cairn; DEVELOPMENT=no forbids it. For production: serve")
        if problem := problem_with_tls(settings.TLS_CERT, settings.TLS_KEY):
            raise CommandError(problem)
        lock.hold(settings.DATA_DIR, address=settings.PUBLIC_URL, port=settings.PORT)
        require_free_port(settings.BIND, settings.PORT)
        self._migrate()
        at = timezone.now()
        start.prepare(at=at, say=self._say)
        demo = import_string(ENSURE_DEMO)(settings.PUBLIC_URL, at=at)
        ensure_something_to_earn(demo.owner_email, at=at)

        def announce() -> None:
            owner = Person.objects.get(email=demo.owner_email)
            connection.close()
            url = settings.PUBLIC_URL
            self._say("")
            self._say(f"Cairn is running at {url} (Ctrl-C stops it). Mail is shown at {url}/dev/mail/")
            self._say(f"Check a downloaded credential with: {command_line_tool()} verify --allow {url} FILE")
            self._say(
                "The sign-in link below makes you the owner of the demonstration organisation."
                f" It works once, within {LIFETIME_SECONDS // 60} minutes; every start prints a new one."
            )
            if settings.VC_API:
                self._say(f"Conformance suites find their issuers and verifiers at {url}/vc-api")
            self._say(f"ready {url}")
            self._say(f"owner {demo.owner_email} {sign_in_link(owner)}")
            for credential_id in demo.credential_ids:
                self._say(f"credential {url}/c/{credential_id}")

        Server(host=settings.BIND, port=settings.PORT, threads=settings.WEB_THREADS, announce=announce).run()

    def _migrate(self) -> None:
        executor = MigrationExecutor(connection)
        # Nothing to do is the usual case, and asking is ten times as quick as migrating nothing.
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            self._say("Preparing the database …")
            call_command("migrate", verbosity=0, interactive=False)

    def _say(self, line: str) -> None:
        # Flushed line by line: a script reads these.
        self.stdout.write(line)
        self.stdout.flush()


def command_line_tool() -> str:
    """``cairn`` as it can be typed here: it lies beside the Python that runs this, seldom on the PATH."""
    beside = Path(sys.executable).parent / "cairn"
    if not beside.exists() or shutil.which("cairn") == str(beside):
        return "cairn"
    return str(beside.relative_to(Path.cwd()) if beside.is_relative_to(Path.cwd()) else beside)
