# SPDX-License-Identifier: Apache-2.0
"""``cairn verify`` and ``cairn conformance``."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from cairn import choosing
from cairn.canonical import parse_json, to_json
from cairn.checks import made_for, presented_to
from cairn.cli.files import (
    ACCEPTED,
    MAX_INPUT,
    REJECTED,
    UNDECIDED,
    USAGE,
    OwnFileError,
    read_input,
    reader_may_leave,
    say,
    say_json,
)
from cairn.conformance import W3C_TEST_SUITE
from cairn.conformance.command import FEATURES, issue, verify
from cairn.credential import parse_datetime
from cairn.credential.identity import Holder
from cairn.errors import CairnError, MalformedError
from cairn.fetch import HttpSources
from cairn.folder import AskOnce, Judged, Summary, files_in, has_failed, judge_files, progress
from cairn.materials import ACCEPT_CREDENTIAL, GivenSources, NoSources, Sources
from cairn.reading import read
from cairn.schemas import SchemaStore
from cairn.telling import printable, tell
from cairn.verifier import Verifier

if TYPE_CHECKING:
    from cairn.checks import Check


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("verify", help="say whether a credential is genuine, and why")
    command.add_argument(
        "credential", help="a file (JSON, JWT, PNG, SVG, PDF), a folder, an address, or - for standard input"
    )
    command.add_argument("--json", action="store_true", help="print the whole report as JSON")
    command.add_argument(
        "--at",
        metavar="MOMENT",
        type=_moment,
        help="judge as of then, for instance 2026-11-23T12:00:00Z; what is fetched is of today all the same",
    )
    command.add_argument("--offline", action="store_true", help="fetch nothing")
    command.add_argument(
        "--given",
        metavar="ADDRESS=FILE",
        type=_given,
        action="append",
        default=[],
        help="take this file for what stands at this address; may be repeated",
    )
    command.add_argument(
        "--refresh",
        action="store_true",
        help="ask the issuer for a newer copy, and judge that if there is one",
    )
    command.add_argument("--nonce", metavar="TEXT", help="the question that it should answer")
    command.add_argument("--audience", metavar="TEXT", help="the reader whom it should be signed for: you")
    command.add_argument(
        "--allow",
        metavar="ORIGIN",
        type=_origin,
        action="append",
        default=[],
        help="also fetch from this origin, for instance http://127.0.0.1:8000",
    )
    command.add_argument(
        "--trust",
        metavar="FILE",
        type=Path,
        action="append",
        default=[],
        help="ask whether the issuer is on this list (JSON, CSV or a signed list); may be repeated",
    )
    command.add_argument(
        "--endorsement",
        metavar="FILE",
        type=Path,
        action="append",
        default=[],
        help="an endorsement of the issuer, to look at beside those in the credential; may be repeated",
    )
    command.add_argument(
        "--domain", action="store_true", help="ask the domain that the issuer claims whether it knows it"
    )
    command.add_argument(
        "--holder",
        metavar="WHO",
        type=_holder,
        help="ask whether this e-mail address or DID is the holder's",
    )
    command.add_argument("--schemas", metavar="DIR", type=Path, help="apply the JSON Schemas in this folder")
    command.add_argument(
        "--jobs", metavar="N", type=_jobs, default=1, help="of a folder: judge its files in N processes"
    )
    command.set_defaults(run=_verify)

    command = commands.add_parser(
        "conformance", help="what the W3C JOSE and COSE suite calls; never a verdict for anybody"
    )
    command.add_argument("function", choices=["issue", "verify"])
    command.add_argument("--input", required=True, type=Path, help="the document, or the token")
    command.add_argument("--key", required=True, type=Path, help="a verification method with its JWKs")
    command.add_argument("--feature", required=True, choices=FEATURES)
    command.add_argument("--sd", metavar="JSON", default="[]", help="a list of paths that may be withheld")
    command.add_argument("--output", required=True, type=Path, help="where the result is written, as JSON")
    command.set_defaults(run=_conformance)


def _moment(text: str) -> datetime:
    try:
        return parse_datetime(text)
    except MalformedError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a moment like 2026-11-23T12:00:00Z") from error


def _given(text: str) -> tuple[str, Path]:
    # An address may hold "=" and seldom does; a file's name hardly ever: the last one divides.
    address, divider, name = text.rpartition("=")
    if not divider or ":" not in address or not name:
        raise argparse.ArgumentTypeError(f"{text!r} is not an address, '=' and a file")
    return address, Path(name)


def _origin(text: str) -> str:
    try:
        HttpSources(allow=frozenset({text}))
    except CairnError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not an origin like http://127.0.0.1:8000") from error
    return text


def _holder(text: str) -> str:
    try:
        Holder.read(text)
    except MalformedError as error:
        raise argparse.ArgumentTypeError(error.message) from error
    return text


def _jobs(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 64:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of processes from 1 to 64")
    return int(text)


def _verify(chosen: argparse.Namespace) -> int:
    at = chosen.at or datetime.now(UTC)
    if Path(chosen.credential).is_dir():
        return _verify_folder(chosen, at)
    sources = _sources(chosen)
    if chosen.credential.startswith(("https://", "http://")):
        # What stands behind "#" is for the browser that it was copied from.
        address = chosen.credential.partition("#")[0]
        data = sources.fetch(address, accept=ACCEPT_CREDENTIAL, limit=MAX_INPUT)
    else:
        data = read_input(chosen.credential)
    checks = (*_chosen_checks(chosen, sources, at), *_asked(chosen))
    report = Verifier(sources, checks, refresh=chosen.refresh).examine(data, at=at)
    if chosen.json:
        say_json(report.to_document())
    else:
        say("\n".join(tell(report)))
    if report.accepted:
        return ACCEPTED
    return REJECTED if has_failed(report) else UNDECIDED


def _verify_folder(chosen: argparse.Namespace, at: datetime) -> int:
    """A line for each file, as JSON if that was asked for, and how many there were of which verdict."""
    # Made here as well, where a mistake in the caller's own files can be told, before other processes start.
    _folder_verifier(chosen, at)
    paths = files_in(Path(chosen.credential))
    summary = Summary()
    make, line = partial(_folder_verifier, chosen, at), _json_line if chosen.json else _text_line
    with progress(len(paths), sys.stderr) as tell, reader_may_leave():
        for lines, found in judge_files(paths, make, line, at=at, jobs=chosen.jobs):
            print(*lines, sep="\n")
            summary.merge(found)
            tell(summary.files)
    counted = ", ".join(f"{count:,} {verdict}" for verdict, count in sorted(summary.verdicts.items()))
    print(f"{summary.files:,} files: {counted or 'none'}", file=sys.stderr)
    if summary.failed:
        return REJECTED
    return ACCEPTED if summary.accepted == summary.files else UNDECIDED


def _text_line(judged: Judged) -> str:
    reason = f"  {judged.code}: {judged.message}" if judged.code else ""
    return printable(f"{judged.verdict:<22}  {judged.name}{reason}")


def _json_line(judged: Judged) -> str:
    # A name need not be UTF-8, and JSON is: what is not is shown by its bytes.
    name = judged.name.encode("utf-8", "backslashreplace").decode()
    line = {"file": name, "verdict": judged.verdict, "accepted": judged.accepted}
    if judged.report is not None:
        report = judged.report.to_document()
    else:
        report = {"code": judged.code, "message": judged.message}
    return to_json({**line, "report": report}).decode()


def _folder_verifier(chosen: argparse.Namespace, at: datetime) -> Verifier:
    """The verifier of one process: made there, because what it leans on cannot be sent."""
    sources = AskOnce(_sources(chosen))
    checks = (*_chosen_checks(chosen, sources, at), *_asked(chosen))
    return Verifier(sources, checks, refresh=chosen.refresh)


def _sources(chosen: argparse.Namespace) -> Sources:
    world: Sources = NoSources() if chosen.offline else HttpSources(allow=frozenset(chosen.allow))
    given = {address: path.read_bytes() for address, path in chosen.given}
    return GivenSources(given, world) if given else world


def _chosen_checks(chosen: argparse.Namespace, sources: Sources, at: datetime) -> tuple[Check, ...]:
    """What is asked beside validity. A mistake in the caller's own files is told as one."""
    path = Path()
    try:
        lists = []
        for path in chosen.trust:
            lists.append(choosing.trust_list(path.read_bytes(), sources, at=at, name=path.name))
        endorsements = []
        for path in chosen.endorsement:
            endorsements.append(path.read_bytes())
            read(endorsements[-1])
        schemas = None
        if chosen.schemas is not None:
            path = chosen.schemas
            files = {each.name: each.read_bytes() for each in path.iterdir() if each.is_file()}
            schemas = SchemaStore.of_files(files)
    except CairnError as error:
        raise OwnFileError(path, error) from error
    return choosing.checks(
        lists=lists,
        endorsements=endorsements,
        schemas=schemas,
        holder=chosen.holder,
        ask_domain=chosen.domain,
    )


def _asked(chosen: argparse.Namespace) -> tuple[Check, ...]:
    """Whether it was signed in answer to the caller's question, if the caller says what that was."""
    if chosen.nonce is not None and chosen.audience is not None:
        return (presented_to(chosen.audience, chosen.nonce),)
    if chosen.nonce is None and chosen.audience is None:
        return ()
    return (made_for(challenge=chosen.nonce, domain=chosen.audience),)


def _conformance(chosen: argparse.Namespace) -> int:
    """The one place of the command line with the relaxed policy, and the command says so by its name (N1)."""
    data, key = chosen.input.read_bytes(), parse_json(chosen.key.read_bytes())
    if chosen.function == "issue":
        result = issue(data, key, feature=chosen.feature, disclosable=chosen.sd, policy=W3C_TEST_SUITE)
    else:
        result = verify(data, key, feature=chosen.feature, policy=W3C_TEST_SUITE)
    chosen.output.write_bytes(to_json(result) + b"\n")
    return {"success": ACCEPTED, "failure": REJECTED, "indeterminate": UNDECIDED}.get(result["result"], USAGE)
