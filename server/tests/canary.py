# SPDX-License-Identifier: Apache-2.0
"""Looking for secrets where none may be (H20): in every spelling in which somebody could use one."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from cairn.keys import Algorithm, PrivateKey, multibase_encode

if TYPE_CHECKING:
    from collections.abc import Iterable


def spellings(secret: bytes) -> set[bytes]:
    """Raw, hexadecimal, and base64 of both alphabets, wherever in the base64 of something longer it
    begins."""
    found = {secret, secret.hex().encode(), secret.hex().upper().encode(), multibase_encode(secret).encode()}
    for shift in range(3):
        # Characters that the neighbours have a part in are cut off at both ends.
        whole = base64.b64encode(bytes(shift) + secret + bytes(2))
        begins, ends = -(-shift * 8 // 6), (shift + len(secret)) * 8 // 6
        found |= {whole[begins:ends], whole[begins:ends].translate(bytes.maketrans(b"+/", b"-_"))}
    return found


def forms_of(key: PrivateKey) -> set[bytes]:
    """The private half in all of these, and as the lines of a PEM file; a JWK's ``d`` is base64url."""
    raw = key.to_bytes()
    if key.algorithm is Algorithm.ED25519:
        held: ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey = (
            ed25519.Ed25519PrivateKey.from_private_bytes(raw)
        )
    else:
        held = ec.derive_private_key(int.from_bytes(raw, "big"), ec.SECP256R1())
    pem = held.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return spellings(raw) | {pem, b"".join(pem.splitlines()[1:-1])}


def found_in(data: bytes, forms: Iterable[bytes]) -> list[bytes]:
    """Those that are there, also across the ends of lines."""
    joined = data.replace(b"\n", b"").replace(b"\r", b"")
    return [form for form in forms if form in data or form in joined]


def everything_under(folder: Path, *, without: Iterable[str] = ()) -> dict[str, bytes]:
    """The bytes of each file in the folder, by its path in it."""
    skipped = set(without)
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink() and path.relative_to(folder).parts[0] not in skipped
    }


def memory_of(process: int) -> bytes:
    """What a process can read and write, now; ``PermissionError`` where one may not look."""
    found = bytearray()
    about = Path(f"/proc/{process}")
    with (about / "maps").open() as maps, (about / "mem").open("rb", buffering=0) as memory:
        for line in maps:
            span, rights, *_rest = line.split()
            if not rights.startswith("rw") or line.rstrip().endswith(("[vvar]", "[vsyscall]")):
                continue
            start, end = (int(each, 16) for each in span.split("-"))
            try:
                memory.seek(start)
                found += memory.read(end - start)
            except (OSError, ValueError):
                continue
    return bytes(found)
