# SPDX-License-Identifier: Apache-2.0
"""How signed bytes lie in the database: small, openable by anybody, and never silently other ones (F16)."""

from __future__ import annotations

import shutil
import subprocess
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest
import zstandard
from server.tests.conftest import MONDAY

from cairn_server.issuing import batches, frames
from cairn_server.issuing.frames import Damaged, Press, opened
from cairn_server.issuing.models import Dictionary, SecuredCredential

if TYPE_CHECKING:
    from pathlib import Path

COMMON = b'{"name":"Kiln operator","description":"' + b"Fires a kiln and keeps a log of it. " * 60 + b'"}'
SIGNED = COMMON.replace(b"operator", b"operator Ada Lovelace")
KNOWN_AS = sha256(COMMON).hexdigest()
DIGEST = sha256(SIGNED).digest()


def test_a_frame_is_small_and_opens_to_the_same_bytes():
    frame = Press(COMMON).frame(SIGNED)

    assert len(frame) < 60
    assert opened(frame, digest=DIGEST, dictionary=(COMMON, KNOWN_AS)) == SIGNED


def test_bytes_without_a_dictionary_are_as_they_are():
    assert opened(SIGNED, digest=DIGEST, dictionary=None) == SIGNED


def test_f16_every_flipped_bit_of_a_frame_is_noticed():
    frame = Press(COMMON).frame(SIGNED)

    for place in range(len(frame) * 8):
        flipped = bytearray(frame)
        flipped[place // 8] ^= 1 << place % 8
        try:
            found = opened(bytes(flipped), digest=DIGEST, dictionary=(COMMON, KNOWN_AS))
        except Damaged:
            continue
        assert found == SIGNED, "a bit that zstd does not look at"


def test_f16_another_dictionary_is_noticed():
    frame = Press(COMMON).frame(SIGNED)

    with pytest.raises(Damaged):
        opened(frame, digest=DIGEST, dictionary=(COMMON.replace(b"log", b"lag"), KNOWN_AS))


def test_f16_another_digest_is_noticed():
    with pytest.raises(Damaged):
        opened(SIGNED, digest=bytes(32), dictionary=None)


def test_a_frame_that_claims_too_much_is_not_unpacked(monkeypatch):
    frame = Press(COMMON).frame(SIGNED)
    monkeypatch.setattr(frames, "MAX_BYTES", len(SIGNED) - 1)

    with pytest.raises(Damaged):
        opened(frame, digest=DIGEST, dictionary=(COMMON, KNOWN_AS))


# As they are stored


@pytest.fixture
def stored(start) -> SecuredCredential:
    batches.run_batch(start(3), at=MONDAY)
    return SecuredCredential.objects.select_related("dictionary").order_by("pk").last()


def test_a_list_is_stored_in_frames(stored):
    assert stored.dictionary is not None
    assert len(bytes(stored.secured)) * 3 < len(stored.bytes())


def test_nobody_is_in_a_dictionary(stored):
    content = bytes(Dictionary.objects.get().content)

    assert b"Person" not in content
    assert b"people.example" not in content


def test_a_version_has_one_dictionary(stored, start):
    batches.run_batch(start(5), at=MONDAY)

    assert Dictionary.objects.count() == 1


def test_f16_a_damaged_row_is_refused_and_not_shown(stored):
    SecuredCredential.objects.filter(pk=stored.pk).update(digest=bytes(32))

    with pytest.raises(Damaged):
        SecuredCredential.objects.get(pk=stored.pk).bytes()


@pytest.mark.skipif(shutil.which("zstd") is None, reason="the zstd program is not on this machine")
def test_any_zstd_opens_a_frame(stored, tmp_path: Path):
    (tmp_path / "frame.zst").write_bytes(bytes(stored.secured))
    (tmp_path / "dictionary").write_bytes(bytes(stored.dictionary.content))

    command = ["zstd", "-d", "-c", "-D", str(tmp_path / "dictionary"), str(tmp_path / "frame.zst")]
    found = subprocess.run(command, check=True, capture_output=True).stdout

    assert found == stored.bytes()


def test_a_frame_names_no_dictionary_and_says_its_size(stored):
    parameters = zstandard.get_frame_parameters(bytes(stored.secured))

    assert parameters.dict_id == 0
    assert parameters.content_size == len(stored.bytes())
