# SPDX-License-Identifier: Apache-2.0
"""Places that keep keys: a real token of SoftHSM, a real server, and the database."""

from __future__ import annotations

import importlib.util
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from server.tests import remote_signer
from server.tests.conftest import KEK, MONDAY

from cairn.keys import Algorithm
from cairn_server.organisations.keys import KeyStore, orders
from cairn_server.organisations.keys.remote import RemoteKeys, Server
from cairn_server.organisations.models import DataKey, Organisation, SigningKey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cairn_server.organisations.keys.custody import Custody

MODULES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/local/lib/softhsm/libsofthsm2.so")
PIN = "4711-0815"


@pytest.fixture(scope="session")
def softhsm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The module, with a token named ``cairn`` in a folder of its own.

    For the whole session, because the library reads its configuration once in the life of a process.
    """
    module = next((Path(each) for each in MODULES if Path(each).exists()), None)
    if module is None or importlib.util.find_spec("pkcs11") is None:
        pytest.skip("needs softhsm2 (apt-get install softhsm2) and python-pkcs11")
    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder / 'tokens'}\n")
    os.environ["SOFTHSM2_CONF"] = str(folder / "softhsm2.conf")
    subprocess.run(
        ["softhsm2-util", "--init-token", "--free", "--label", "cairn", "--pin", PIN, "--so-pin", PIN],
        check=True, capture_output=True,
    )  # fmt: skip
    return module


@pytest.fixture
def remote(tmp_path: Path) -> Iterator[remote_signer.RemoteSigner]:
    with remote_signer.running(tmp_path) as server:
        yield server


def remote_keys(server: remote_signer.RemoteSigner, folder: Path, **changes: object) -> RemoteKeys:
    settings = {"token": remote_signer.TOKEN, "authority": str(folder / "remote.crt"), "seconds": 1}
    return RemoteKeys(Server(server.url, **settings | changes))  # type: ignore[arg-type]


@pytest.fixture(params=["sealed", pytest.param("pkcs11", marks=pytest.mark.softhsm), "remote"])
def custody(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Custody]:
    """Makes the custody anew, as a signer does at its start."""
    if request.param == "sealed":
        return lambda: KeyStore(KEK)
    if request.param == "remote":
        server = request.getfixturevalue("remote")
        return lambda: remote_keys(server, tmp_path)
    module = request.getfixturevalue("softhsm")

    def token() -> Custody:
        from cairn_server.organisations.keys.pkcs11 import Token

        made = Token(str(module), "cairn", pin=PIN)
        made._close()
        return made

    request.addfinalizer(lambda: token())  # noqa: PT021 - two of the three have nothing to undo
    return token


@pytest.fixture
def keep(organisation: Organisation) -> Callable[..., SigningKey]:
    """Have a key made by a custody, and write its row down as a key that waits."""

    def make(custody: Custody, name: str, algorithm: Algorithm = Algorithm.ED25519) -> SigningKey:
        fragment = f"key-{organisation.signing_keys.count() + 1}"
        made = custody.make(orders.Making(organisation.public_id, fragment, algorithm, name))
        if made.data_key is not None and not DataKey.objects.filter(organisation=organisation).exists():
            raise AssertionError("the organisation has a data key since it was founded")
        organisation.signing_keys.filter(state="pending").update(state="retired", retired_at=MONDAY)
        return SigningKey.objects.create(
            organisation=organisation,
            fragment=fragment,
            algorithm=algorithm.value,
            multikey=made.multikey,
            custody=name,
            sealed=made.sealed,
            state=SigningKey.State.PENDING,
            created_at=MONDAY,
        )

    return make
