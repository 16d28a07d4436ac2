# SPDX-License-Identifier: Apache-2.0
"""The command line: ``cairn verify | sign | derive | present | keygen | bake | unbake``.

Exit codes: 0 accepted or done, 1 rejected, 3 could not tell, 2 a mistake in the command itself (argparse's
own code, used for files that are not there as well). This is the one module of the library that reads the
clock, the file system and standard input.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cairn import choosing, pdf
from cairn.baking import bake, unbake
from cairn.canonical import parse_json, to_json
from cairn.checks import made_for, presented_to
from cairn.conformance import W3C_TEST_SUITE
from cairn.conformance.command import FEATURES, issue, verify
from cairn.credential.identity import Holder
from cairn.did import did_key
from cairn.errors import CairnError, MalformedError
from cairn.fetch import HttpSources
from cairn.folder import AskOnce, Summary, files_in, has_failed, judge_files, progress
from cairn.keys import Algorithm, PrivateKey
from cairn.materials import ACCEPT_CREDENTIAL, NoSources, Sources
from cairn.proof import (
    derive,
    present_sd_jwt,
    sign,
    sign_cose,
    sign_jwt,
    sign_presentation,
    sign_presentation_jwt,
    sign_sd_jwt,
)
from cairn.proof.data_integrity import CRYPTOSUITES, ECDSA_RDFC, ECDSA_SD, RDFC
from cairn.reading import MAX_CREDENTIAL, SD_JWT, SD_JWT_VC, read
from cairn.schemas import SchemaStore
from cairn.telling import printable, tell
from cairn.verifier import Verifier

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cairn.checks import Check

ACCEPTED, REJECTED, USAGE, UNDECIDED = 0, 1, 2, 3
_MAX_INPUT = 4 * MAX_CREDENTIAL  # pictures and PDF files are larger than what is in them


class _OwnFileError(Exception):
    """A file that the caller chose cannot be used: no word about the credential."""

    def __init__(self, path: Path, error: CairnError) -> None:
        super().__init__(str(error))
        self.path = path
        self.error = error


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    parser = _parser()
    chosen = parser.parse_args(arguments)
    try:
        code: int = chosen.run(chosen)
    except OSError as error:
        print(f"cairn: {error.filename or ''}: {error.strerror or error}", file=sys.stderr)
        return USAGE
    except _OwnFileError as error:
        print(f"cairn: {error.path}: {printable(str(error.error))}", file=sys.stderr)
        return USAGE
    except MalformedError as error:
        return _refused(error, REJECTED, as_json=getattr(chosen, "json", False))
    except CairnError as error:
        return _refused(error, UNDECIDED, as_json=getattr(chosen, "json", False))
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="cairn", description="Verify and issue Open Badges 3.0 and W3C Verifiable Credentials."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    command = commands.add_parser("verify", help="say whether a credential is genuine, and why")
    command.add_argument(
        "credential", help="a file (JSON, JWT, PNG, SVG, PDF), a folder, an address, or - for standard input"
    )
    command.add_argument("--json", action="store_true", help="print the whole report as JSON")
    command.add_argument("--offline", action="store_true", help="fetch nothing")
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

    command = commands.add_parser("sign", help="sign a credential with a private key")
    command.add_argument("document", help="the unsigned credential as JSON, or - for standard input")
    command.add_argument("--key", required=True, type=Path, help="private key file made by keygen")
    command.add_argument("--method", metavar="URL", help="verification method (default: the key's did:key)")
    form = command.add_mutually_exclusive_group()
    form.add_argument("--jwt", action="store_true", help="make a vc+jwt token instead of JSON")
    form.add_argument("--cose", action="store_true", help="make a vc+cose COSE_Sign1 instead of JSON")
    form.add_argument("--sd-jwt", action="store_true", help="make a vc+sd-jwt instead of JSON")
    form.add_argument(
        "--cryptosuite",
        choices=CRYPTOSUITES,
        help=f"default: {RDFC}, or {ECDSA_RDFC} with a key of P-256 or P-384",
    )
    command.add_argument(
        "--mandatory",
        metavar="POINTER",
        action="append",
        default=[],
        help=f"{ECDSA_SD}: what every derived copy shows, as a JSON pointer; may be repeated",
    )
    command.add_argument(
        "--disclose",
        metavar="POINTER",
        action="append",
        default=[],
        help="--sd-jwt: what the holder may withhold, as a JSON pointer; may be repeated",
    )
    command.add_argument("-o", "--output", type=Path, help="write here instead of standard output")
    command.set_defaults(run=_sign)

    command = commands.add_parser(
        "derive", help=f"make a copy of an {ECDSA_SD} or SD-JWT credential that shows a part"
    )
    command.add_argument("credential", help="the holder's own credential, or - for standard input")
    command.add_argument(
        "--show",
        metavar="POINTER",
        action="append",
        default=[],
        help="what to show beside the mandatory part, as a JSON pointer; may be repeated",
    )
    command.add_argument("-o", "--output", type=Path, help="write here instead of standard output")
    command.set_defaults(run=_derive)

    command = commands.add_parser("present", help="put credentials together and sign that you show them")
    command.add_argument("credentials", nargs="+", metavar="CREDENTIAL", help="a signed credential of yours")
    command.add_argument("--key", required=True, type=Path, help="your private key, a file made by keygen")
    command.add_argument("--method", metavar="URL", help="verification method (default: the key's did:key)")
    command.add_argument("--nonce", metavar="TEXT", help="the question of whoever asked to be shown them")
    command.add_argument("--audience", metavar="TEXT", help="whoever asked, so that nobody else can use it")
    command.add_argument("--jwt", action="store_true", help="make a vp+jwt token instead of JSON")
    command.add_argument("-o", "--output", type=Path, help="write here instead of standard output")
    command.set_defaults(run=_present)

    command = commands.add_parser("keygen", help="make a private key and print its did:key")
    command.add_argument("output", type=Path, help="where to write the private key (JWK, mode 0600)")
    command.add_argument(
        "--algorithm",
        choices=[Algorithm.ED25519.value, Algorithm.P256.value, Algorithm.P384.value],
        default=Algorithm.ED25519.value,
    )
    command.set_defaults(run=_keygen)

    command = commands.add_parser("bake", help="put a credential into a PNG, SVG or PDF")
    command.add_argument("image", type=Path, help="the picture, or the PDF that it is attached to")
    command.add_argument("credential", help="the signed credential, or - for standard input")
    command.add_argument("-o", "--output", type=Path, required=True)
    command.set_defaults(run=_bake)

    command = commands.add_parser("unbake", help="take the credential out of a PNG, SVG or PDF")
    command.add_argument("image", type=Path, help="the picture, or the PDF that it is attached to")
    command.add_argument("-o", "--output", type=Path, help="write here instead of standard output")
    command.set_defaults(run=_unbake)

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
    return parser


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
        raise _OwnFileError(path, error) from error
    return choosing.checks(
        lists=lists,
        endorsements=endorsements,
        schemas=schemas,
        holder=chosen.holder,
        ask_domain=chosen.domain,
    )


def _verify(chosen: argparse.Namespace) -> int:
    at = datetime.now(UTC)
    if Path(chosen.credential).is_dir():
        return _verify_folder(chosen, at)
    sources: Sources = NoSources() if chosen.offline else HttpSources(allow=frozenset(chosen.allow))
    if chosen.credential.startswith(("https://", "http://")):
        # What stands behind "#" is for the browser that it was copied from.
        address = chosen.credential.partition("#")[0]
        data = sources.fetch(address, accept=ACCEPT_CREDENTIAL, limit=_MAX_INPUT)
    else:
        data = _read_input(chosen.credential)
    checks = (*_chosen_checks(chosen, sources, at), *_asked(chosen))
    report = Verifier(sources, checks, refresh=chosen.refresh).examine(data, at=at)
    if chosen.json:
        _print_json(report.to_document())
    else:
        _print("\n".join(tell(report)))
    if report.accepted:
        return ACCEPTED
    return REJECTED if has_failed(report) else UNDECIDED


def _verify_folder(chosen: argparse.Namespace, at: datetime) -> int:
    """A line for each file, as JSON if that was asked for, and how many there were of which verdict."""
    # Made here as well, where a mistake in the caller's own files can be told, before other processes start.
    _folder_verifier(chosen, at)
    paths = files_in(Path(chosen.credential))
    summary = Summary()
    with progress(len(paths), sys.stderr) as tell, _reader_may_leave():
        judged = judge_files(
            paths, partial(_folder_verifier, chosen, at), at=at, jobs=chosen.jobs, as_json=chosen.json
        )
        for each in judged:
            summary.add(each)
            if chosen.json:
                line = {"file": each.name, "verdict": each.verdict, "accepted": each.accepted}
                report = each.document or {"code": each.code, "message": each.message}
                print(to_json({**line, "report": report}).decode())
            else:
                reason = f"  {each.code}: {each.message}" if each.code else ""
                print(printable(f"{each.verdict:<22}  {each.name}{reason}"))
            tell(summary.files)
    counted = ", ".join(f"{count:,} {verdict}" for verdict, count in sorted(summary.verdicts.items()))
    print(f"{summary.files:,} files: {counted or 'none'}", file=sys.stderr)
    if summary.failed:
        return REJECTED
    return ACCEPTED if summary.accepted == summary.files else UNDECIDED


def _folder_verifier(chosen: argparse.Namespace, at: datetime) -> Verifier:
    """The verifier of one process: made there, because what it leans on cannot be sent."""
    world: Sources = NoSources() if chosen.offline else HttpSources(allow=frozenset(chosen.allow))
    sources = AskOnce(world)
    checks = (*_chosen_checks(chosen, sources, at), *_asked(chosen))
    return Verifier(sources, checks, refresh=chosen.refresh)


def _jobs(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 64:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of processes from 1 to 64")
    return int(text)


def _asked(chosen: argparse.Namespace) -> tuple[Check, ...]:
    """Whether it was signed in answer to the caller's question, if the caller says what that was."""
    if chosen.nonce is not None and chosen.audience is not None:
        return (presented_to(chosen.audience, chosen.nonce),)
    if chosen.nonce is None and chosen.audience is None:
        return ()
    return (made_for(challenge=chosen.nonce, domain=chosen.audience),)


def _sign(chosen: argparse.Namespace) -> int:
    document = parse_json(_read_input(chosen.document))
    key = PrivateKey.from_jwk(parse_json(chosen.key.read_bytes()))
    method = chosen.method or f"{did_key(key.public_key)}#{key.public_key.multikey()}"
    suite = chosen.cryptosuite or (RDFC if key.algorithm is Algorithm.ED25519 else ECDSA_RDFC)
    if chosen.disclose and not chosen.sd_jwt:
        print("cairn: --disclose goes with --sd-jwt", file=sys.stderr)
        return USAGE
    if chosen.mandatory and (chosen.jwt or chosen.cose or chosen.sd_jwt or suite != ECDSA_SD):
        print(f"cairn: --mandatory goes with --cryptosuite {ECDSA_SD}", file=sys.stderr)
        return USAGE
    if chosen.jwt:
        signed = sign_jwt(document, key, verification_method=method).encode("ascii")
    elif chosen.cose:
        signed = sign_cose(document, key, verification_method=method)
    elif chosen.sd_jwt:
        shown = sign_sd_jwt(document, key, verification_method=method, disclose=chosen.disclose)
        signed = shown.encode("ascii")
    else:
        signed = sign(
            document,
            key,
            verification_method=method,
            at=datetime.now(UTC),
            cryptosuite=suite,
            mandatory_pointers=chosen.mandatory,
        )
    _write_output(chosen.output, signed)
    return ACCEPTED


def _derive(chosen: argparse.Namespace) -> int:
    credential = read(_read_input(chosen.credential))
    if credential.format in (SD_JWT, SD_JWT_VC) and credential.token is not None:
        shown = present_sd_jwt(credential.token, disclose=chosen.show)
        _write_output(chosen.output, shown.encode("ascii"))
        return ACCEPTED
    _write_output(chosen.output, derive(credential.unverified_document, selective_pointers=chosen.show))
    return ACCEPTED


def _present(chosen: argparse.Namespace) -> int:
    credentials = [read(_read_input(name)).unverified_bytes for name in chosen.credentials]
    key = PrivateKey.from_jwk(parse_json(chosen.key.read_bytes()))
    method = chosen.method or f"{did_key(key.public_key)}#{key.public_key.multikey()}"
    if chosen.jwt:
        token = sign_presentation_jwt(
            credentials, key, verification_method=method, nonce=chosen.nonce, audience=chosen.audience
        )
        _write_output(chosen.output, token.encode("ascii"))
        return ACCEPTED
    signed = sign_presentation(
        credentials,
        key,
        verification_method=method,
        at=datetime.now(UTC),
        challenge=chosen.nonce,
        domain=chosen.audience,
        cryptosuite=RDFC if key.algorithm is Algorithm.ED25519 else ECDSA_RDFC,
    )
    _write_output(chosen.output, signed)
    return ACCEPTED


def _keygen(chosen: argparse.Namespace) -> int:
    key = PrivateKey.generate(Algorithm(chosen.algorithm))
    # O_EXCL: an existing key is never overwritten, and the mode is right from the first byte on.
    handle = os.open(chosen.output, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(to_json(key.to_jwk()) + b"\n")
    _print(did_key(key.public_key))
    return ACCEPTED


def _bake(chosen: argparse.Namespace) -> int:
    image, credential = chosen.image.read_bytes(), _read_input(chosen.credential).strip()
    if pdf.looks_like_pdf(image):
        _write_output(chosen.output, pdf.attach(image, credential, at=datetime.now(UTC)))
        return ACCEPTED
    _write_output(chosen.output, bake(image, credential))
    return ACCEPTED


def _unbake(chosen: argparse.Namespace) -> int:
    image = chosen.image.read_bytes()
    _write_output(chosen.output, pdf.extract(image) if pdf.looks_like_pdf(image) else unbake(image))
    return ACCEPTED


def _conformance(chosen: argparse.Namespace) -> int:
    """The one place of the command line with the relaxed policy, and the command says so by its name (N1)."""
    data, key = chosen.input.read_bytes(), parse_json(chosen.key.read_bytes())
    if chosen.function == "issue":
        result = issue(data, key, feature=chosen.feature, disclosable=chosen.sd, policy=W3C_TEST_SUITE)
    else:
        result = verify(data, key, feature=chosen.feature, policy=W3C_TEST_SUITE)
    chosen.output.write_bytes(to_json(result) + b"\n")
    return {"success": ACCEPTED, "failure": REJECTED, "indeterminate": UNDECIDED}.get(result["result"], USAGE)


def _refused(error: CairnError, code: int, *, as_json: bool) -> int:
    if as_json:
        _print_json({"verdict": None, "accepted": False, "code": error.code, "message": error.message})
    print(f"cairn: {printable(str(error))}", file=sys.stderr)
    return code


def _print_json(value: Any) -> None:
    _print(to_json(value).decode())


def _print(text: str) -> None:
    with _reader_may_leave():
        print(text)


@contextlib.contextmanager
def _reader_may_leave() -> Iterator[None]:
    """Whoever has read enough (``cairn verify … | head``) changes neither the verdict nor the exit code."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        # Python flushes once more when it ends, and would complain then.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _read_input(name: str) -> bytes:
    # One byte more than is allowed, so that too much is noticed and not cut.
    limit = _MAX_INPUT + 1
    if name == "-":
        return sys.stdin.buffer.read(limit)
    with Path(name).open("rb") as file:
        return file.read(limit)


def _write_output(target: Path | None, data: bytes) -> None:
    if target is not None:
        target.write_bytes(data)
        return
    with _reader_may_leave():
        sys.stdout.buffer.write(data if data.endswith(b"\n") else data + b"\n")
