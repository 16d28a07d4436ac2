# SPDX-License-Identifier: Apache-2.0
"""One running server to a data folder."""

import os

import pytest

from cairn_server.config import lock


def test_the_second_learns_who_holds_the_folder_and_how_to_stand_beside_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "var"
    folder.mkdir()
    held = lock.hold(folder, address="http://127.0.0.1:8000", port=8000)

    with pytest.raises(lock.DataFolderTaken) as refused:
        lock.hold(folder, address="http://127.0.0.1:8001", port=8001, wait=0)

    assert f"(process {os.getpid()}, http://127.0.0.1:8000)" in str(refused.value)
    assert str(refused.value).endswith("DATA_DIR=var-2 PORT=8002")
    # It is let go by whoever held it, and the file that stays behind says nothing.
    os.close(held)
    os.close(lock.hold(folder, address="http://127.0.0.1:8001", port=8001, wait=0))


def test_two_folders_are_two_locks(tmp_path):
    folders = [tmp_path / "a", tmp_path / "b"]
    for folder in folders:
        folder.mkdir()

    held = [lock.hold(folder, address="", port=8000, wait=0) for folder in folders]

    for file in held:
        os.close(file)


def test_a_worker_that_outlives_its_master_holds_it_still(tmp_path):
    """As gunicorn forks: the descriptor of the master is gone, that of the worker is not."""
    held = lock.hold(tmp_path, address="", port=8000)
    workers = os.dup(held)
    os.close(held)

    with pytest.raises(lock.DataFolderTaken):
        lock.hold(tmp_path, address="", port=8000, wait=0)

    os.close(workers)
