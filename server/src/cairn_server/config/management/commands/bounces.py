# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from cairn_server.earning import notices
from cairn_server.issuing import returned


class Command(BaseCommand):
    help = "Read one returned message or complaint from standard input, as a mail server pipes it."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        report = returned.read(sys.stdin.buffer.read(returned.MOST_BYTES + 1))
        # Never an exit code: a mail server would return our refusal to whoever reported.
        at = timezone.now()
        if report is None or (returned.note(report, at=at) or notices.note_return(report, at=at)) is None:
            self.stdout.write("Not about a message of ours.")
            return
        said = "a complaint" if report.complaint else f"returned with {report.status}"
        self.stdout.write(f"Noted: {said}.")
