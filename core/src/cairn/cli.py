# SPDX-License-Identifier: Apache-2.0
"""The command line: ``cairn verify | sign | keygen | bake | unbake``.

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
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cairn.baking import bake, unbake
from cairn.canonical import parse_json, to_json
from cairn.did import did_key
from cairn.errors import CairnError, MalformedError, UnavailableError
from cairn.fetch import HttpSources
from cairn.keys import Algorithm, PrivateKey
from cairn.materials import ACCEPT_LIST, MAX_CREDENTIAL, Sources
from cairn.proof import Outcome, sign, sign_jwt
from cairn.proof.data_integrity import JCS, RDFC
from cairn.verifier import Report, Verdict, Verifier

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ACCEPTED, REJECTED, USAGE, UNDECIDED = 0, 1, 2, 3

_SENTENCES = {
    Verdict.VERIFIED: "This is genuine, unchanged and currently valid.",
    Verdict.REMARKS: "This is genuine and unchanged. Please read the remarks.",
    Verdict.NOT_VERIFIED: "We could not confirm this credential. {reason}",
    Verdict.COULD_NOT_CHECK: "We could not finish checking. This says nothing bad about the credential.",
}
_WORDS = {Outcome.PASSED: "passed", Outcome.FAILED: "failed", Outcome.UNDECIDED: "could not tell"}
_CHECKS = {
    "structure": "Required fields",
    "signature": "Signature",
    "issuer": "Issuer's identity",
    "status": "Not revoked or suspended",
    "period": "Dates",
    "schema": "Schema",
    "trust": "Issuer in your lists",
}


class NoSources:
    """What ``--offline`` looks at: nothing."""

    def fetch(self, url: str, *, accept: str, limit: int) -> bytes:
        raise UnavailableError("offline", "We did not look, because you asked us to stay offline.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    parser = _parser()
    chosen = parser.parse_args(arguments)
    try:
        code: int = chosen.run(chosen)
    except OSError as error:
        print(f"cairn: {error.filename or ''}: {error.strerror or error}", file=sys.stderr)
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
        "credential", help="a file (JSON, JWT, PNG, SVG), an address, or - for standard input"
    )
    command.add_argument("--json", action="store_true", help="print the whole report as JSON")
    command.add_argument("--offline", action="store_true", help="fetch nothing")
    command.add_argument(
        "--allow",
        metavar="ORIGIN",
        type=_origin,
        action="append",
        default=[],
        help="also fetch from this origin, for instance http://127.0.0.1:8000",
    )
    command.set_defaults(run=_verify)

    command = commands.add_parser("sign", help="sign a credential with a private key")
    command.add_argument("document", help="the unsigned credential as JSON, or - for standard input")
    command.add_argument("--key", required=True, type=Path, help="private key file made by keygen")
    command.add_argument("--method", metavar="URL", help="verification method (default: the key's did:key)")
    form = command.add_mutually_exclusive_group()
    form.add_argument("--jwt", action="store_true", help="make a vc+jwt token instead of JSON")
    form.add_argument("--cryptosuite", choices=(RDFC, JCS), default=RDFC)
    command.add_argument("-o", "--output", type=Path, help="write here instead of standard output")
    command.set_defaults(run=_sign)

    command = commands.add_parser("keygen", help="make a private key and print its did:key")
    command.add_argument("output", type=Path, help="where to write the private key (JWK, mode 0600)")
    command.add_argument(
        "--algorithm",
        choices=[Algorithm.ED25519.value, Algorithm.P256.value],
        default=Algorithm.ED25519.value,
    )
    command.set_defaults(run=_keygen)

    command = commands.add_parser("bake", help="put a credential into a PNG or SVG")
    command.add_argument("image", type=Path)
    command.add_argument("credential", help="the signed credential, or - for standard input")
    command.add_argument("-o", "--output", type=Path, required=True)
    command.set_defaults(run=_bake)

    command = commands.add_parser("unbake", help="take the credential out of a PNG or SVG")
    command.add_argument("image", type=Path)
    command.add_argument("-o", "--output", type=Path, help="write here instead of standard output")
    command.set_defaults(run=_unbake)
    return parser


def _origin(text: str) -> str:
    try:
        HttpSources(allow=frozenset({text}))
    except CairnError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not an origin like http://127.0.0.1:8000") from error
    return text


def _verify(chosen: argparse.Namespace) -> int:
    at = datetime.now(UTC)
    sources: Sources = NoSources() if chosen.offline else HttpSources(allow=frozenset(chosen.allow))
    if chosen.credential.startswith(("https://", "http://")):
        data = sources.fetch(chosen.credential, accept=ACCEPT_LIST, limit=MAX_CREDENTIAL)
    else:
        data = _read_input(chosen.credential)
    report = Verifier(sources).examine(data, at=at)
    if chosen.json:
        _print_json(report.to_document())
    else:
        _print("\n".join(_tell(report)))
    if report.accepted:
        return ACCEPTED
    failed = any(found.outcome is Outcome.FAILED for found in report.findings)
    return REJECTED if failed else UNDECIDED


def _sign(chosen: argparse.Namespace) -> int:
    document = parse_json(_read_input(chosen.document))
    key = PrivateKey.from_jwk(parse_json(chosen.key.read_bytes()))
    method = chosen.method or f"{did_key(key.public_key)}#{key.public_key.multikey()}"
    if chosen.jwt:
        signed = sign_jwt(document, key, verification_method=method).encode("ascii")
    else:
        signed = sign(
            document,
            key,
            verification_method=method,
            at=datetime.now(UTC),
            cryptosuite=chosen.cryptosuite,
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
    _write_output(chosen.output, bake(chosen.image.read_bytes(), _read_input(chosen.credential).strip()))
    return ACCEPTED


def _unbake(chosen: argparse.Namespace) -> int:
    _write_output(chosen.output, unbake(chosen.image.read_bytes()))
    return ACCEPTED


def _tell(report: Report) -> list[str]:
    """The report in lines: the verdict, then every check by name with its answer and reason."""
    failed = {found.check: found.message for found in report.findings if found.outcome is Outcome.FAILED}
    # What an altered file breaks besides its signature is not the reason why it is not believed.
    reason = next(
        (failed[check] for check in ("signature", "issuer", "status", *_CHECKS) if check in failed), ""
    )
    lines = [_SENTENCES[report.verdict].format(reason=reason), ""]
    width = max(len(name) for name in _CHECKS.values())
    for found in report.findings:
        name = _CHECKS.get(found.check, found.check)
        lines.append(f"  {name:<{width}}  {_WORDS[found.outcome]:<14}  {_printable(found.message)}")
    if report.document is not None:
        lines += ["", *_shown(report.document)]
    if any(found.code == "fetch-blocked" for found in report.findings):
        lines += [
            "",
            "  An address was not opened because it is not a public https one; --allow ORIGIN opens it.",
        ]
    lines += ["", f"  {report.kind}, sha256 {report.sha256}"]
    return lines


def _shown(document: Any) -> list[str]:
    """What the credential says, taken only from the document that the report vouches for."""
    issuer = document.get("issuer")
    name = issuer.get("name") if isinstance(issuer, dict) else None
    rows = (
        ("Name", document.get("name")),
        ("Issuer", name if isinstance(name, str) else None),
        ("Issuer id", issuer.get("id") if isinstance(issuer, dict) else issuer),
        ("From", document.get("validFrom", document.get("issuanceDate"))),
        ("Until", document.get("validUntil", document.get("expirationDate"))),
    )
    return [f"  {label:<10} {_printable(value)}" for label, value in rows if isinstance(value, str)]


def _printable(text: str) -> str:
    """Text without control characters: a credential must not drive the terminal (B129, B132)."""
    return "".join(char if char.isprintable() else "�" for char in text)


def _refused(error: CairnError, code: int, *, as_json: bool) -> int:
    if as_json:
        _print_json({"verdict": None, "accepted": False, "code": error.code, "message": error.message})
    print(f"cairn: {_printable(str(error))}", file=sys.stderr)
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
    limit = 4 * MAX_CREDENTIAL + 1
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
