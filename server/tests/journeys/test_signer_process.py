# SPDX-License-Identifier: Apache-2.0
"""The signer as a process: what it alone knows, what it gave up, and that work goes on when it is killed.

Everything here is ``cairn-server run`` and what it starts; the KEK comes through the environment, where it is
the hardest to get out of again.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from server.tests.browser.running import free_port
from server.tests.canary import everything_under, forms_of, found_in, memory_of, spellings

from cairn_server.organisations.keys import SignerUnavailable
from cairn_server.organisations.keys.client import SignerClient
from cairn_server.organisations.keys.orders import Order
from cairn_server.organisations.keys.refusals import SigningRefused
from cairn_server.organisations.keys.sealing import KeyStore

if TYPE_CHECKING:
    from collections.abc import Iterator

KEK = bytes.fromhex("5eed" * 16)
WITHIN = 120.0

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/environ").exists(), reason="looks at processes through /proc"
)


class Running:
    def __init__(self, folder: Path) -> None:
        self.folder, self.data, self.log = folder, folder / "data", folder / "log"
        kept = ("PATH", "HOME", "LANG", "TMPDIR", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "PYTHONPATH")
        self.environment = {name: os.environ[name] for name in kept if name in os.environ} | {
            "DATA_DIR": str(self.data),
            "PORT": str(free_port()),
            "KEY_ENCRYPTION_KEY": KEK.hex(),
            "DATABASE_URL": f"sqlite:///{self.data}/cairn.sqlite3",
        }
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        with self.log.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "cairn_server", "run"],
                cwd=self.folder, env=self.environment, stdout=out, stderr=subprocess.STDOUT,
            )  # fmt: skip
        until(
            lambda: re.search(r"^ready .*(\n.+){7}", self.log.read_text(), re.M) or process.poll() is not None
        )
        assert process.poll() is None, self.log.read_text()
        return process

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "cairn_server", *arguments],
            cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=WITHIN,
            check=False,
        )  # fmt: skip

    @property
    def socket(self) -> Path:
        return self.data / "signer.sock"

    def signer(self) -> int:
        return next(each for each in children(self.process.pid) if b"signer" in command_line(each))

    def serving(self) -> list[int]:
        """The processes that people's requests come to: gunicorn, and its worker."""
        first = next(each for each in children(self.process.pid) if b"--served" in command_line(each))
        return [first, *children(first)]


def until(true: object, within: float = WITHIN) -> None:
    deadline = time.monotonic() + within
    while not true():  # type: ignore[operator]
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


def command_line(process: int) -> bytes:
    return Path(f"/proc/{process}/cmdline").read_bytes()


def children(process: int) -> list[int]:
    return [
        int(each)
        for task in Path(f"/proc/{process}/task").iterdir()
        for each in (task / "children").read_text().split()
    ]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    made = Running(tmp_path_factory.mktemp("signer"))
    yield made
    made.process.terminate()
    made.process.wait(60)


@pytest.fixture
def client(server: Running) -> Iterator[SignerClient]:
    made = SignerClient(server.socket)
    yield made
    made.close()


def test_g17_what_serves_people_has_no_kek_in_its_environment_or_memory(server: Running) -> None:
    forms = spellings(KEK)
    # The eye that looks can see: where the key is, it is found.
    assert found_in(Path(f"/proc/{server.process.pid}/environ").read_bytes(), forms)
    assert found_in(memory_of(server.signer()), forms)

    serving = server.serving()

    assert len(serving) >= 2
    for each in serving:
        assert b"KEY_ENCRYPTION_KEY" not in Path(f"/proc/{each}/environ").read_bytes()
        assert not found_in(Path(f"/proc/{each}/environ").read_bytes(), forms)
        assert not found_in(memory_of(each), forms)


def test_the_signer_has_given_up_what_it_does_not_need(server: Running) -> None:
    signer = server.signer()
    limits = Path(f"/proc/{signer}/limits").read_text()
    status = Path(f"/proc/{signer}/status").read_text()

    assert re.search(r"Max core file size\s+0\s+0\b", limits)
    assert re.search(r"^NoNewPrivs:\s+1$", status, re.M)
    assert re.search(r"^Seccomp:\s+2$", status, re.M)
    assert server.socket.stat().st_mode & 0o777 == 0o600
    # No socket of another family: what it has is its own, and files.
    connections = {line.split()[-1] for line in Path(f"/proc/{signer}/net/unix").read_text().splitlines()}
    assert str(server.socket) in connections


def test_the_signer_signs_nothing_that_is_not_on_record(client: SignerClient) -> None:
    """Whoever is on this side of the socket is a web process that was taken over, for all it knows."""
    for purpose, intent in (
        ("credential", "x" * 22),
        ("status-list", "x/1"),
        ("chunk", "x/1"),
        ("other", ""),
    ):
        with pytest.raises(SigningRefused):
            client.sign(Order("nobody", "key-1", purpose, intent, (b"x",)))
    assert client.broken_keys() == []


def test_h20_no_dump_log_backup_or_letter_has_a_usable_key(server: Running) -> None:
    assert server.command("backup", "b.cairn").returncode == 0
    with zipfile.ZipFile(server.folder / "b.cairn") as backup:
        backup.extractall(server.folder / "b")

    private = opened_keys(server)
    assert len(private) >= 1
    forms = spellings(KEK).union(*(forms_of(each) for each in private))

    files = everything_under(server.folder)
    assert {"log", "data/cairn.sqlite3", "b.cairn"} < set(files)
    assert {name: found for name, data in files.items() if (found := found_in(data, forms))} == {}


def opened_keys(server: Running) -> list:
    """Every private key of the server, opened with its KEK in a process of its own, as bytes on a pipe."""
    program = (
        "import os, sys; from cairn_server.config.sqlite import use_safe_sqlite; use_safe_sqlite();"
        "os.environ['DJANGO_SETTINGS_MODULE'] = 'cairn_server.config.settings';"
        "import django; django.setup();"
        "from cairn_server.config.signer import key_store;"
        "from cairn_server.organisations.models import SigningKey;"
        "[print(k.algorithm, key_store().open(k).to_bytes().hex()) for k in SigningKey.objects.all()]"
    )
    from cairn.keys import Algorithm, PrivateKey

    answer = subprocess.run(
        [sys.executable, "-c", program], env=server.environment, capture_output=True, text=True, check=True
    )
    return [
        PrivateKey.from_bytes(Algorithm(kind), bytes.fromhex(text))
        for kind, text in (line.split() for line in answer.stdout.splitlines())
    ]


def test_a_killed_signer_is_started_again_and_asked_again(server: Running, client: SignerClient) -> None:
    assert client.broken_keys() == []
    before = server.signer()

    os.kill(before, signal.SIGKILL)

    assert client.kek_id() == KeyStore(KEK).kek_id
    until(lambda: server.signer() != before, 30)


def test_everything_ends_with_the_one_that_was_started(tmp_path: Path) -> None:
    made = Running(tmp_path)
    processes = [made.signer(), *made.serving()]

    made.process.kill()
    made.process.wait(10)

    until(lambda: not any(alive(each) for each in processes), 30)
    with pytest.raises(SignerUnavailable):
        SignerClient(made.socket, patience=0).kek_id()


def test_a_stop_lets_the_signer_end_last_and_leaves_nobody_behind(tmp_path: Path) -> None:
    made = Running(tmp_path)
    processes = [made.signer(), *made.serving()]

    made.process.terminate()

    assert made.process.wait(60) == 0
    assert not any(alive(each) for each in processes)


def alive(process: int) -> bool:
    try:
        return " Z " not in Path(f"/proc/{process}/stat").read_text()
    except FileNotFoundError:
        return False
