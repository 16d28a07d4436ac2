# SPDX-License-Identifier: Apache-2.0
"""``cairn-server``: one console script for everything an operator does.

A thin front on Django's management commands. It settles what must be settled before Django is imported:
a safe SQLite, the files that only their owner may read, and which of ``run`` and ``serve`` this is.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from cairn_server.config import first_start, supervisor
from cairn_server.config.sqlite import use_safe_sqlite

# What is offered by `cairn-server help`; Django's other commands work, but are not our interface.
COMMANDS = {
    "run": "try Cairn on this computer, with demo data",
    "serve": "serve in production",
    "worker": "work off long lists beside the server, on PostgreSQL",
    "migrate": "bring the database to this program's schema",
    "check": "look for mistakes in the settings",
    "backup": "write everything into one file",
    "restore": "fill an empty database from such a file",
    "recover": "let a restored copy award again, beyond all that may have been given out",
    "confirm-restore": "the same as recover",
    "createsuperuser": "make an operator's account",
    "journal-verify": "check that the journal is whole",
    "bounces": "read a returned message from standard input",
    "signer": "hold the keys and sign; run, serve and worker start one themselves",
    "rotate-kek": "seal all keys under a new key encryption key",
}


def main(arguments: list[str] | None = None) -> int:
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    if not arguments or (arguments[0] in ("help", "-h", "--help") and len(arguments) == 1):
        print(usage())
        return 0
    served = arguments[0] == supervisor.SERVED
    arguments = arguments[served:]
    if not served and arguments[0] in supervisor.SUPERVISED and not _asks_for_help(arguments):
        # A signer that somebody else has started stands behind the socket that is named.
        if os.environ.get("SIGNER_SOCKET"):
            supervisor.become_server(arguments)
        first_start.prepare(first_start.data_dir())
        return supervisor.Supervisor(arguments).run()
    command = arguments[0].replace("-", "_") if arguments[0] in COMMANDS else arguments[0]
    if command == "run":
        os.environ.setdefault("DEVELOPMENT", "yes")
    if command == "serve":
        os.environ.setdefault("HASHED_STATIC_FILES", "yes")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cairn_server.config.settings")
    use_safe_sqlite()
    # Where somebody else runs the signer, the key is there and not here.
    apart = served or bool(os.environ.get("SIGNER_SOCKET"))
    first_start.prepare(first_start.data_dir(), kek=command == "signer" or not apart)

    from django.conf import settings
    from django.core.management import execute_from_command_line

    database = settings.DATABASES["default"]
    if database["ENGINE"].endswith("sqlite3"):
        first_start.make_private(Path(database["NAME"]))
    execute_from_command_line(["cairn-server", command, *arguments[1:]])
    return 0


def _asks_for_help(arguments: list[str]) -> bool:
    return bool({"-h", "--help", "--version"} & set(arguments))


def usage() -> str:
    width = max(map(len, COMMANDS))
    lines = [f"  {name.ljust(width)}  {what}" for name, what in COMMANDS.items()]
    return "\n".join(
        ["usage: cairn-server COMMAND [options]", "", *lines, "", "cairn-server COMMAND --help says more."]
    )


if __name__ == "__main__":
    sys.exit(main())
