# SPDX-License-Identifier: Apache-2.0
"""``cairn sign | derive | present | keygen | bake | unbake``."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cairn import pdf
from cairn.baking import bake, unbake
from cairn.canonical import parse_json, to_json
from cairn.cli.files import ACCEPTED, USAGE, method_of, read_input, read_key, say, write_output
from cairn.did import did_key
from cairn.keys import Algorithm, PrivateKey
from cairn.proof import (
    derive,
    present_sd_jwt,
    sign,
    sign_cose,
    sign_jwt,
    sign_presentation,
    sign_presentation_jwt,
    sign_sd_jwt,
    sign_sd_jwt_vc,
)
from cairn.proof.data_integrity import CRYPTOSUITES, ECDSA_RDFC, ECDSA_SD, RDFC
from cairn.reading import SD_JWT, SD_JWT_VC, read

if TYPE_CHECKING:
    import argparse


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("sign", help="sign a credential with a private key")
    command.add_argument("document", help="the unsigned credential as JSON, or - for standard input")
    command.add_argument("--key", required=True, type=Path, help="private key file made by keygen")
    _takes_method(command)
    form = command.add_mutually_exclusive_group()
    form.add_argument("--jwt", action="store_true", help="make a vc+jwt token instead of JSON")
    form.add_argument("--cose", action="store_true", help="make a vc+cose COSE_Sign1 instead of JSON")
    form.add_argument("--sd-jwt", action="store_true", help="make a vc+sd-jwt instead of JSON")
    form.add_argument(
        "--sd-jwt-vc", action="store_true", help="make a dc+sd-jwt of claims, `iss` and `vct` among them"
    )
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
        help="--sd-jwt and --sd-jwt-vc: what the holder may withhold, as a JSON pointer; may be repeated",
    )
    _takes_output(command)
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
    _takes_output(command)
    command.set_defaults(run=_derive)

    command = commands.add_parser("present", help="put credentials together and sign that you show them")
    command.add_argument("credentials", nargs="+", metavar="CREDENTIAL", help="a signed credential of yours")
    command.add_argument("--key", required=True, type=Path, help="your private key, a file made by keygen")
    _takes_method(command)
    command.add_argument("--nonce", metavar="TEXT", help="the question of whoever asked to be shown them")
    command.add_argument("--audience", metavar="TEXT", help="whoever asked, so that nobody else can use it")
    command.add_argument("--jwt", action="store_true", help="make a vp+jwt token instead of JSON")
    _takes_output(command)
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
    _takes_output(command)
    command.set_defaults(run=_unbake)


def _takes_method(command: argparse.ArgumentParser) -> None:
    command.add_argument("--method", metavar="URL", help="verification method (default: the key's did:key)")


def _takes_output(command: argparse.ArgumentParser) -> None:
    command.add_argument("-o", "--output", type=Path, help="write here instead of standard output")


def _sign(chosen: argparse.Namespace) -> int:
    document = parse_json(read_input(chosen.document))
    key = read_key(chosen.key)
    method = method_of(key, chosen.method)
    suite = chosen.cryptosuite or (RDFC if key.algorithm is Algorithm.ED25519 else ECDSA_RDFC)
    is_sd_jwt = chosen.sd_jwt or chosen.sd_jwt_vc
    if chosen.disclose and not is_sd_jwt:
        print("cairn: --disclose goes with --sd-jwt and --sd-jwt-vc", file=sys.stderr)
        return USAGE
    if chosen.mandatory and (chosen.jwt or chosen.cose or is_sd_jwt or suite != ECDSA_SD):
        print(f"cairn: --mandatory goes with --cryptosuite {ECDSA_SD}", file=sys.stderr)
        return USAGE
    if chosen.jwt:
        signed = sign_jwt(document, key, verification_method=method).encode("ascii")
    elif chosen.cose:
        signed = sign_cose(document, key, verification_method=method)
    elif chosen.sd_jwt:
        shown = sign_sd_jwt(document, key, verification_method=method, disclose=chosen.disclose)
        signed = shown.encode("ascii")
    elif chosen.sd_jwt_vc:
        claims = sign_sd_jwt_vc(document, key, kid=method, disclose=chosen.disclose, at=datetime.now(UTC))
        signed = claims.encode("ascii")
    else:
        signed = sign(
            document,
            key,
            verification_method=method,
            at=datetime.now(UTC),
            cryptosuite=suite,
            mandatory_pointers=chosen.mandatory,
        )
    write_output(chosen.output, signed)
    return ACCEPTED


def _derive(chosen: argparse.Namespace) -> int:
    credential = read(read_input(chosen.credential))
    if credential.format in (SD_JWT, SD_JWT_VC) and credential.token is not None:
        shown = present_sd_jwt(credential.token, disclose=chosen.show)
        write_output(chosen.output, shown.encode("ascii"))
        return ACCEPTED
    write_output(chosen.output, derive(credential.unverified_document, selective_pointers=chosen.show))
    return ACCEPTED


def _present(chosen: argparse.Namespace) -> int:
    credentials = [read(read_input(name)).unverified_bytes for name in chosen.credentials]
    key = read_key(chosen.key)
    method = method_of(key, chosen.method)
    if chosen.jwt:
        token = sign_presentation_jwt(
            credentials, key, verification_method=method, nonce=chosen.nonce, audience=chosen.audience
        )
        write_output(chosen.output, token.encode("ascii"))
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
    write_output(chosen.output, signed)
    return ACCEPTED


def _keygen(chosen: argparse.Namespace) -> int:
    key = PrivateKey.generate(Algorithm(chosen.algorithm))
    # O_EXCL: an existing key is never overwritten, and the mode is right from the first byte on.
    handle = os.open(chosen.output, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(to_json(key.to_jwk()) + b"\n")
    say(did_key(key.public_key))
    return ACCEPTED


def _bake(chosen: argparse.Namespace) -> int:
    image, credential = chosen.image.read_bytes(), read_input(chosen.credential).strip()
    if pdf.looks_like_pdf(image):
        write_output(chosen.output, pdf.attach(image, credential, at=datetime.now(UTC)))
        return ACCEPTED
    write_output(chosen.output, bake(image, credential))
    return ACCEPTED


def _unbake(chosen: argparse.Namespace) -> int:
    image = chosen.image.read_bytes()
    write_output(chosen.output, pdf.extract(image) if pdf.looks_like_pdf(image) else unbake(image))
    return ACCEPTED
