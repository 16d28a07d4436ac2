# SPDX-License-Identifier: Apache-2.0
"""Every module has a twin that tests it."""

from pathlib import Path

SOURCE = Path(__file__).parents[1] / "src" / "cairn"
TESTS = Path(__file__).parent
# A package's __init__ is tested by its parts; __main__ is one call of cli.
UNTWINNED = {"__init__.py", "__main__.py"}


def test_every_module_has_a_twin():
    modules = [path.relative_to(SOURCE) for path in SOURCE.rglob("*.py") if path.name not in UNTWINNED]

    missing = [str(each) for each in modules if not (TESTS / each.parent / f"test_{each.name}").is_file()]

    assert modules
    assert missing == []
