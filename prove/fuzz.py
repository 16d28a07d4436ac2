# SPDX-License-Identifier: Apache-2.0
"""``verify.fuzz``: whatever bytes come, a parser answers or refuses, soon, and in one way (G8, H6).

Each parser runs in a process of its own on damaged seeds: bits, bytes, pieces of other seeds, words that
formats are made of, and edits of the JSON inside. An exception that is none of the library's own, more than a
second, more than 256 MB or an answer that does not hold is a failure. Where atheris is installed, half of the
time goes to it: libFuzzer follows which lines each input reaches, and so finds its way deeper.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, NoReturn
from unittest import mock

from cairn.canonical import parse_json, to_json
from cairn.errors import CairnError
from cairn.keys import encodings
from cairn.proof import cbor
from prove.campaign import Campaign, Failure, times
from prove.child import in_child
from prove.mutating import edited, flip_bits
from prove.parsers import PARSERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from prove.parsers import Parser

TRIES = 5_000_000
GUIDED_TRIES = 1_000_000
# The least with which the broken build is sure to be noticed.
FEWEST = 300
# Below this, starting costs more than following.
FEWEST_GUIDED = 400
SLOWEST_SECONDS, MEBIBYTES = 1.0, 256
BATCH = 5_000
BATCH_SECONDS = 300
HANGS_SECONDS = 5.0

WORDS = (
    *(
        b"{",
        b"}",
        b"[",
        b"]",
        b'"',
        b":",
        b",",
        b"\\",
        b"\\u0000",
        b"null",
        b"true",
        b"1e999",
        b"-0",
        b"9" * 40,
    ),
    *(b"@id", b"@type", b"@context", b"@graph", b"_:b0", b"proof", b"id", b"type", b"issuer", b"urn:x:y"),
    *(b".", b"..", b"~", b"~~", b"=", b"-", b"_", b"%41", b"%00", b"/", b"//", b"#", b"?", b"&", b"<", b">"),
    *(
        b"\x00",
        b"\xff",
        b"\xed\xa0\x80",
        b"\xef\xbb\xbf",
        "é".encode(),
        "\u202e".encode(),
        b"\r\n",
        b" ",
        b"\t",
    ),
    *(
        b"did:key:z",
        b"did:web:",
        b"https://",
        b"data:",
        b"eyJhbGciOiJub25lIn0",
        b"none",
        b"\x84",
        b"\xd2",
        b"\x9f",
    ),
    *(
        b"IHDR",
        b"iTXt",
        b"openbadgecredential\0",
        b"IEND",
        b"<svg",
        b"<!DOCTYPE",
        b"&amp;",
        b"]]>",
        b"xmlns:x",
    ),
    *(
        b"obj",
        b"endobj",
        b"stream",
        b"endstream",
        b"xref",
        b"trailer",
        b"startxref",
        b"<<",
        b">>",
        b"0 R",
        b"%%EOF",
    ),
)


class Fuzz(Campaign):
    """Every parser, with as many tries as ``scale`` allows."""

    name = "verify.fuzz"
    promise = "whatever bytes come, a parser answers or refuses, soon and in one way"
    # The parser that comes first: the one in which a broken build would be noticed.
    _lead = ""

    def attempts(self, random: Random, scale: float) -> Iterator[Failure | None]:
        for parser in sorted(PARSERS, key=lambda parser: parser.name != self._lead):
            left = max(FEWEST, times(TRIES, scale))
            while left > 0:
                count = min(left, BATCH)
                yield from _batch(parser, random.getrandbits(64), count)
                left -= count
        runs = round(GUIDED_TRIES * scale)
        if runs < FEWEST_GUIDED:
            return
        if find_spec("atheris") is None:
            print(
                "verify.fuzz: ATHERIS IS NOT INSTALLED, so nothing follows which lines an input reaches "
                "(pip install atheris)",
                file=sys.stderr,
            )
            return
        for parser in PARSERS:
            yield _guided(parser.name, seed=random.getrandbits(31), runs=runs)
            for _ in range(runs - 1):
                yield None

    @contextmanager
    def broken_build(self) -> Iterator[None]:
        """A decoder of base64url that lets the standard library's own errors through."""
        import base64

        def careless(text: str) -> bytes:
            return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))

        with mock.patch("cairn.proof.jws.base64url_decode", careless):
            yield

    def broken_builds(self) -> Mapping[str, Callable[[], AbstractContextManager[Any]]]:
        """One for each thing that a parser may not do."""

        def first(
            lead: str, broken: AbstractContextManager[Any]
        ) -> Callable[[], AbstractContextManager[Any]]:
            @contextmanager
            def build() -> Iterator[None]:
                self._lead = lead
                try:
                    with broken:
                        yield
                finally:
                    self._lead = ""

            return build

        def of_cbor(once: Callable[[], object]) -> Callable[[], AbstractContextManager[Any]]:
            """Once, or a batch would take as long as all of its tries."""
            decode, pending = cbor.decode, [once]

            def careless(data: bytes) -> Any:
                if pending:
                    pending.pop()()
                return decode(data)

            return first("COSE", mock.patch.object(cbor, "decode", careless))

        return {
            "it raises what is none of our errors": first("JWS", self.broken_build()),
            "it reads two spellings as one": first(
                "base64url", mock.patch.object(encodings, "_BASE64URL_ENDS", (encodings.BASE64URL,) * 4)
            ),
            "it is busy for too long": of_cbor(_be_busy),
            "it takes too much memory": of_cbor(lambda: b"x" * (2 * MEBIBYTES << 20)),
        }


def _be_busy() -> None:
    ends = time.process_time() + SLOWEST_SECONDS
    while time.process_time() < ends:
        pass


def _batch(parser: Parser, seed: int, count: int) -> Iterator[Failure | None]:
    told = in_child(
        lambda: _tried(parser, Random(seed), count), cpu_seconds=BATCH_SECONDS, mebibytes=MEBIBYTES
    )
    if told.answer is None:
        yield Failure(f"{parser.name}, batch {seed} of {count}: {told.ended}")
        return
    if told.extra_mebibytes > MEBIBYTES:
        yield Failure(f"{parser.name}, batch {seed} of {count}: {told.extra_mebibytes:.0f} MB")
    failures = told.answer.splitlines()
    for what in failures:
        yield Failure(f"{parser.name}: {what}")
    for _ in range(count - len(failures)):
        yield None


def _tried(parser: Parser, random: Random, count: int) -> str:
    failures = []
    signal.signal(signal.SIGPROF, hangs)
    for _ in range(count):
        failure = wrong_with(parser, _damaged(parser, random))
        if failure is not None:
            failures.append(failure)
    return "\n".join(failures[:20])


def hangs(*_: object) -> NoReturn:
    raise TimeoutError(f"still busy after {HANGS_SECONDS:g} s")


def wrong_with(parser: Parser, data: bytes) -> str | None:
    """What is wrong with the way in which the parser ends, on one line; None when all is well."""
    began = time.process_time()
    signal.setitimer(signal.ITIMER_PROF, HANGS_SECONDS)
    try:
        problem = parser.holds(data, parser.parse(data))
    except CairnError:
        problem = None
    except Exception as error:  # noqa: BLE001  any other exception is what this campaign looks for
        problem = repr(error)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    spent = time.process_time() - began
    if problem is None and spent > SLOWEST_SECONDS:
        problem = f"{spent:.1f} s"
    return None if problem is None else f"{problem[:300]!r} for {data[:2_000]!r}"


def _damaged(parser: Parser, random: Random) -> bytes:
    data = random.choice(parser.seeds)
    for _ in range(random.choice((1, 1, 1, 2, 3, 8))):
        data = _damaged_once(data, parser.seeds, random)
    return data


def _damaged_once(data: bytes, seeds: tuple[bytes, ...], random: Random) -> bytes:
    start, end = sorted((random.randrange(len(data) + 1), random.randrange(len(data) + 1)))
    match random.randrange(9):
        case 0 if data:
            return flip_bits(data, random)
        case 1:
            return data[:start] + random.choice(WORDS) + data[start:]
        case 2:
            return data[:start] + random.choice(WORDS) + data[min(end, start + 8) :]
        case 3:
            return data[:start] + data[min(end, start + random.choice((1, 2, 16, 256))) :]
        case 4:
            return data[:start] + data[start:end][:200] * random.choice((2, 3, 50)) + data[end:]
        case 5:
            other = random.choice(seeds)
            return data[:start] + other[random.randrange(len(other) + 1) :]
        case 6:
            return data[:end]
        case 7:
            return random.randbytes(random.choice((1, 4, 40, 400)))
    try:
        return to_json(edited(parse_json(data), random))
    except CairnError:
        return data[:start] + random.randbytes(1) + data[start + 1 :]


def _guided(name: str, *, seed: int, runs: int) -> Failure | None:
    """libFuzzer in a process of its own; what it finds is on its standard error."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "prove.guided", name, folder, str(seed), str(runs)]
        ended = subprocess.run(
            command, capture_output=True, cwd=Path(__file__).parents[1], env=os.environ, check=False
        )
    if ended.returncode == 0:
        return None
    return Failure(f"{name}, guided from {seed}: {ended.stderr.decode(errors='replace')[-1_500:]}")
