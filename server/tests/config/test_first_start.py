# SPDX-License-Identifier: Apache-2.0
import stat

import pytest

from cairn_server.config import first_start


def test_both_secrets_are_made_for_their_owner_alone(tmp_path):
    first_start.prepare(tmp_path)

    for name in ("secret-key", "kek"):
        path = tmp_path / "keys" / name
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert len(first_start.read(path)) >= 64
    assert len(first_start.kek_from(first_start.read(tmp_path / "keys" / "kek"))) == 32


def test_what_exists_is_never_written_again(tmp_path):
    first_start.prepare(tmp_path)
    before = (tmp_path / "keys" / "kek").read_bytes()

    first_start.prepare(tmp_path)

    assert (tmp_path / "keys" / "kek").read_bytes() == before


def test_two_installations_never_have_the_same(tmp_path):
    first_start.prepare(tmp_path / "a")
    first_start.prepare(tmp_path / "b")

    assert (tmp_path / "a/keys/kek").read_bytes() != (tmp_path / "b/keys/kek").read_bytes()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o610])
def test_a_secret_that_others_can_read_is_refused(tmp_path, mode):
    first_start.prepare(tmp_path)
    path = tmp_path / "keys" / "kek"
    path.chmod(mode)

    with pytest.raises(first_start.BadSecret, match="chmod 600"):
        first_start.read(path)


def test_a_key_from_the_environment_needs_no_file(tmp_path, monkeypatch):
    monkeypatch.setenv("KEY_ENCRYPTION_KEY", "00" * 32)

    first_start.prepare(tmp_path)

    assert not (tmp_path / "keys" / "kek").exists()


@pytest.mark.parametrize("text", ["", "00", "zz" * 32, "00" * 31, "00" * 33])
def test_a_key_that_is_none_is_refused(text):
    with pytest.raises(first_start.BadSecret):
        first_start.kek_from(text)
