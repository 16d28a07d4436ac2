# SPDX-License-Identifier: Apache-2.0
"""The command line as people run it, a key, and a badge that was signed on it."""

import io
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cairn import cli
from cairn.did import did_key
from cairn.keys import PrivateKey
from cairn.testing import sample_credential

ACCEPTED = 0


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    """Runs ``cairn`` in an empty folder and returns (exit code, output, errors)."""
    monkeypatch.chdir(tmp_path)

    def command(*arguments, stdin=b""):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        try:
            code = cli.main([str(each) for each in arguments])
        except SystemExit as left:  # argparse leaves by itself
            code = left.code
        told = capsys.readouterr()
        return code, told.out, told.err

    return command


@pytest.fixture
def key(run):
    run("keygen", "key.json")
    return PrivateKey.from_jwk(json.loads(Path("key.json").read_text()))


@pytest.fixture
def badge(run, key):
    """A file with a badge of today, signed on the command line."""
    yesterday = datetime.now(UTC) - timedelta(days=1)
    credential = sample_credential(issuer=did_key(key.public_key), valid_from=yesterday)
    Path("badge.json").write_text(json.dumps(credential.to_document()))
    assert run("sign", "badge.json", "--key", "key.json", "-o", "signed.json")[0] == ACCEPTED
    return Path("signed.json")
