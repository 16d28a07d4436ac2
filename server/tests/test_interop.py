# SPDX-License-Identifier: Apache-2.0
"""The third-party peers, run as ``make interop`` runs them (H22): every line must be ok."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
INTEROP = ROOT / "interop"


def run(kind: str) -> list[dict[str, Any]]:
    """The lines of one kind of peers; fails with their complaints when the run does."""
    ran = subprocess.run(
        [sys.executable, str(INTEROP / "run.py"), "--peers", kind],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return [json.loads(line) for line in ran.stdout.splitlines()]


def test_pypi_peers_verify_what_we_issue_and_issue_what_we_verify() -> None:
    lines = run("python")

    assert {line["peer"] for line in lines} == {"openbadgeslib", "openvc-core", "did-webvh", "pikepdf"}
    assert_both_ways(lines)


@pytest.mark.node
def test_npm_peers_verify_what_we_issue_and_issue_what_we_verify() -> None:
    if shutil.which("node") is None or not (INTEROP / "node_modules").is_dir():
        pytest.skip("the npm peers are not installed (`npm ci` in interop/)")

    lines = run("node")

    peers = {line["peer"] for line in lines}
    assert peers >= {"@digitalbazaar/vc", "@digitalcredentials/verifier-core", "jose"}
    assert peers >= {"@sd-jwt/core", "@auth0/cose"}
    assert_both_ways([line for line in lines if not line["flow"].startswith("derive.")])
    copies = [line["ok"] for line in lines if line["flow"].startswith("derive.ecdsa-sd-2023.")]
    assert copies == [True] * 4  # each signs, each makes the copy


def assert_both_ways(lines: list[dict[str, Any]]) -> None:
    assert all(line["ok"] is True for line in lines)
    assert {line["flow"].partition(".")[0] for line in lines} == {"verify", "issue"}


def test_the_lock_of_the_npm_peers_is_exact_and_without_addresses() -> None:
    wanted = json.loads((INTEROP / "package.json").read_text("utf-8"))["dependencies"]
    lock = json.loads((INTEROP / "package-lock.json").read_text("utf-8"))

    assert all(version[0].isdigit() for version in wanted.values())
    assert lock["packages"][""]["dependencies"] == wanted
    for name, package in lock["packages"].items():
        assert "resolved" not in package, name
        assert name == "" or package["integrity"].startswith("sha512-"), name
