# SPDX-License-Identifier: Apache-2.0
"""The command line: ``cairn verify | sign | derive | present | keygen | bake | unbake | webvh``.

    verifying   say whether a credential is genuine, or a folder full of them
    signing     make keys, credentials, copies that show a part, presentations, pictures
    history     the log of a did:webvh
    files       what they share

Exit codes: 0 accepted or done, 1 rejected, 3 could not tell, 2 a mistake in the command itself (argparse's
own code, used for files that are not there as well). This is the one room of the library that reads the
clock, the file system and standard input.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from cairn.cli import history, signing, verifying
from cairn.cli.files import REJECTED, UNDECIDED, USAGE, OwnFileError, say_json
from cairn.errors import CairnError
from cairn.proof import Answer, Outcome
from cairn.telling import printable

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    parser = argparse.ArgumentParser(
        prog="cairn", description="Verify and issue Open Badges 3.0 and W3C Verifiable Credentials."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for room in (verifying, signing, history):
        room.add_commands(commands)
    chosen = parser.parse_args(arguments)
    try:
        code: int = chosen.run(chosen)
    except OSError as error:
        print(f"cairn: {error.filename or ''}: {error.strerror or error}", file=sys.stderr)
        return USAGE
    except OwnFileError as error:
        print(f"cairn: {error.path}: {printable(str(error.error))}", file=sys.stderr)
        return USAGE
    except CairnError as error:
        is_no = Answer.of(error).outcome is Outcome.FAILED
        return _refused(error, REJECTED if is_no else UNDECIDED, as_json=getattr(chosen, "json", False))
    return code


def _refused(error: CairnError, code: int, *, as_json: bool) -> int:
    if as_json:
        say_json({"verdict": None, "accepted": False, "code": error.code, "message": error.message})
    print(f"cairn: {printable(str(error))}", file=sys.stderr)
    return code
