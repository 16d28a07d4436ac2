# SPDX-License-Identifier: Apache-2.0
"""One installation on three machines: two that serve and one that works, each with a folder of its own.

All that they share is what docs/how-to/run-on-several-machines.md says: the database, the watermark's
database, two secrets and the mail server. They are processes as an operator starts them.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from server.tests.browser.running import free_port
from server.tests.databases import REQUIRED, NoServer, throw_away_postgresql
from server.tests.issuing.post_office import PostOffice

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# The machines are started once, for all of these.
pytestmark = [
    pytest.mark.skipif("CAIRN_LONG" not in os.environ, reason="it starts six processes: make long"),
]

HOST = "badges.example"
WITHIN = 120.0
PEOPLE = 120

FOUND = """
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.auth import login
from django.http import HttpRequest
from django.utils import timezone
from cairn_server.accounts.models import Person
from cairn_server.achievements import services as achievements
from cairn_server.organisations import services, tokens
from cairn_server.organisations.models import Scope

at = timezone.now()
owner = Person.objects.create_user("olga@badges.example", name="Olga")
guild = services.create_organisation(
    open_to_all=True, by=owner, name="Guild of Potters", requires_second_factor=False, at=at
)
fields = {"name": "Kiln operator", "description": "Fires a kiln.", "criteria": "Three firings."}
draft = achievements.draft_achievement(by=owner, organisation=guild, fields=fields, at=at)
version = achievements.publish(draft, by=owner, at=at)
token, text = tokens.create_token(guild, by=owner, name="script", scopes=Scope.values, at=at)
request = HttpRequest()
request.session = SessionStore()
login(request, owner, backend="allauth.account.auth_backends.AuthenticationBackend")
request.session.save()
print("found", guild.public_id, version.public_id, text, request.session.session_key)
"""


class Machine:
    """One data folder, and the commands that are run with it."""

    def __init__(self, folder: Path, shared: dict[str, str]) -> None:
        self.folder, self.port, self.log = folder, free_port(), folder / "log"
        folder.mkdir()
        kept = ("PATH", "HOME", "LANG", "TMPDIR", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "PYTHONPATH")
        own = {"DATA_DIR": str(folder / "data"), "PORT": str(self.port)}
        self.environment = {name: os.environ[name] for name in kept if name in os.environ} | shared | own
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, command: str) -> None:
        before = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "cairn_server", command],
                cwd=self.folder, env=self.environment, stdout=out, stderr=subprocess.STDOUT,
                start_new_session=True,
            )  # fmt: skip
        until(lambda: re.search(r"^ready", self.said()[before:], re.M), self)

    def said(self) -> str:
        return self.log.read_text()

    def command(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "cairn_server", *arguments],
            cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=WITHIN,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def ask(self, method: str, path: str, body: str = "", **headers: str) -> tuple[int, bytes]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request(method, path, body.encode(), {"Host": HOST, **named})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def kill(self) -> None:
        """As if its power were cut."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(60)


def until(true: Any, machine: Machine | None = None) -> None:
    deadline = time.monotonic() + WITHIN
    while not true():
        assert time.monotonic() < deadline, machine.said() if machine else "it did not happen in time"
        if machine is not None and machine.process is not None:
            assert machine.process.poll() is None, machine.said()
        time.sleep(0.2)


@pytest.fixture(scope="module")
def post() -> Iterator[PostOffice]:
    made = PostOffice()
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def shared(post: PostOffice) -> Iterator[dict[str, str]]:
    try:
        with throw_away_postgresql() as url:
            base = url.rpartition("/")[0]
            with psycopg.connect(url, autocommit=True) as database:
                database.execute("CREATE DATABASE cairn")
                database.execute("CREATE DATABASE cairn_watermark")
            yield {
                "PUBLIC_URL": f"https://{HOST}",
                "DATABASE_URL": f"{base}/cairn",
                "WATERMARK_URL": f"{base}/cairn_watermark",
                "KEY_ENCRYPTION_KEY": "5eed" * 16,
                "SECRET_KEY": "the same on every machine of this installation, as the page says",
                "EMAIL_HOST": "127.0.0.1",
                "EMAIL_PORT": str(post.port),
                "EMAIL_USE_TLS": "no",
                "DEFAULT_FROM_EMAIL": "Badges <badges@badges.example>",
                "BACKGROUND_WORK": "workers",
            }
    except NoServer as reason:
        if "postgresql" in REQUIRED:
            raise
        pytest.skip(str(reason))


@pytest.fixture(scope="module")
def machines(
    shared: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Machine, Machine, Machine]]:
    folder = tmp_path_factory.mktemp("machines")
    made = tuple(Machine(folder / name, shared) for name in ("one", "two", "worker"))
    made[0].command("migrate", "--verbosity", "0")
    try:
        for machine, command in zip(made, ("serve", "serve", "worker"), strict=True):
            machine.start(command)
        yield made  # type: ignore[misc]
    finally:
        for machine in made:
            machine.stop()
            shutil.rmtree(machine.folder, ignore_errors=True)


@pytest.fixture(scope="module")
def found(machines: tuple[Machine, ...]) -> tuple[str, str, str, str]:
    said = re.search(r"^found (\S+) (\S+) (\S+) (\S+)$", machines[0].command("shell", "-c", FOUND), re.M)
    assert said is not None
    return said[1], said[2], said[3], said[4]


def test_a_list_brought_to_one_is_done_by_a_third_and_seen_by_all(
    machines: tuple[Machine, ...], found: tuple[str, ...], post: PostOffice
) -> None:
    one, two, _worker = machines
    _guild, version, token, _session = found
    bearer = {"Authorization": f"Bearer {token}"}
    people = "email,name\n" + "".join(f"p{n}@example.org,Person {n}\n" for n in range(PEOPLE))

    status, answer = one.ask(
        "POST", f"/api/v1/batches?achievement={version}", people,
        **bearer, Content_Type="text/csv", Idempotency_Key="course-1",
    )  # fmt: skip
    assert status == 201, answer
    batch = json.loads(answer.splitlines()[-1])
    batch = batch.get("id") or batch["batch"]

    def seen() -> dict[str, Any]:
        return dict(json.loads(two.ask("GET", f"/api/v1/batches/{batch}", **bearer)[1]))

    until(lambda: seen()["state"] == "done", machines[2])
    assert seen()["counts"]["awarded"] == PEOPLE

    # A server dies, and whoever is signed in goes on with the other; the one that comes back is no stranger.
    awards = json.loads(two.ask("GET", "/api/v1/awards?limit=1", **bearer)[1])["items"]
    one.kill()
    status, answer = two.ask(
        "POST", f"/api/v1/awards/{awards[0]['id']}/revoke", json.dumps({"reason": "To the wrong person."}),
        **bearer, Content_Type="application/json",
    )  # fmt: skip
    assert status == 200, answer
    one.start("serve")
    assert "recover" not in one.said()

    path = awards[0]["url"].removeprefix(f"https://{HOST}")
    for each in (one, two):
        status, page = each.ask("GET", path, Accept="text/html")
        assert (status, b"Revoked by the issuer" in page) == (200, True)

    # Neither server sends letters: the worker does.
    status, answer = one.ask(
        "POST", "/api/v1/awards",
        json.dumps({"achievement": version, "recipient": {"name": "Ida", "email": "i@example.org"}}),
        **bearer, Content_Type="application/json", Idempotency_Key="one",
    )  # fmt: skip
    assert status == 201, answer
    until(lambda: any("i@example.org" in each.rcpt_tos for each in post.taken), machines[2])


def test_who_is_signed_in_at_one_is_signed_in_at_the_other(
    machines: tuple[Machine, ...], found: tuple[str, ...]
) -> None:
    guild, _version, _token, session = found

    for each in machines[:2]:
        status, page = each.ask("GET", f"/organisations/{guild}/", Cookie=f"__Host-session={session}")
        assert (status, b"Guild of Potters" in page) == (200, True)


def test_a_server_that_is_started_beside_others_sees_no_restored_copy(
    machines: tuple[Machine, ...], found: tuple[str, ...]
) -> None:
    """A restart while awards go on: its two looks are not at the same moment."""
    one, two, _worker = machines
    bearer = {"Authorization": f"Bearer {found[2]}"}
    one.stop()
    one.start("serve")

    status, answer = two.ask(
        "POST", "/api/v1/awards",
        json.dumps({"achievement": found[1], "recipient": {"name": "Jo", "email": "j@example.org"}}),
        **bearer, Content_Type="application/json", Idempotency_Key="two",
    )  # fmt: skip
    assert status == 201, answer
