# SPDX-License-Identifier: Apache-2.0
"""``verify.mutants.*``: nothing that differs from what was signed is accepted, and nothing crashes (G6, H7).

Genuine credentials of every way of signing are changed in every way we could think of: single bits, keys,
values, types, structure, order, the proof, a token's header and its parts, disclosures, pictures. A mutant
may be accepted only if the report returns the same statement as for the original, for the whole and for
every document inside it (a permuted array of a graph-signed badge says the same, S16), or, where a holder may
withhold, a part of it that has everything that may not be withheld. An exception that is none of the
library's own is a failure too.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from itertools import repeat
from math import ceil
from random import Random
from typing import TYPE_CHECKING, Any
from unittest import mock

from cairn import PublicKey, Verifier
from cairn.canonical import jcs, parse_json, to_json
from cairn.errors import CairnError
from cairn.keys import Algorithm, base64url_decode, base64url_encode
from cairn.proof import sd_jwt
from prove.campaign import Campaign, Failure, times
from prove.genuine import AT, contains, meaning, said_inside, same_inside, world
from prove.mutating import paths, replaced, without
from prove.streams import in_processes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from cairn import Report
    from prove.genuine import Fixture

# How often the genuine credentials are judged first, so that their shapes are known and mutants meet the
# short way as well as the long one.
SIGHTS = 4
# The least with which a verifier that skips signatures is sure to be caught.
FEWEST = 400
# How many mutants come from one seed: some seconds of work.
STREAM = 2_000
STRANGE_VALUES: tuple[Any, ...] = (None, True, 0, "", [], {}, "x", [[]], {"@id": "urn:x:y"})


class Mutants(Campaign):
    """Random mutants of the fixtures of one kind, and an enumerated list."""

    kind: str
    tries: int
    # The kinds of keys that have signed.
    algorithms: tuple[Algorithm, ...] = ()

    def __init__(self) -> None:
        self._sources, fixtures = world()
        self._fixtures = fixtures[self.kind]

    def attempts(self, random: Random, scale: float) -> Iterator[Failure | None]:
        verifier = Verifier(self._sources)
        for fixture in self._fixtures * SIGHTS:
            report = verifier.examine(fixture.secured, at=AT)
            yield None if report.accepted else Failure(f"{fixture.name}: the genuine credential is refused")
        for fixture in self._fixtures:
            for what, mutant in _renamed(fixture):
                yield _judged(verifier, fixture, mutant, what)
        for fixture in self._fixtures:
            for what, mutant in _listed(fixture):
                yield _judged(verifier, fixture, mutant, what)
        for tried, failures in in_processes(self._stream, self._streams(random, scale)):
            yield from failures
            yield from repeat(None, tried - len(failures))

    def _streams(self, random: Random, scale: float) -> list[tuple[int, int, str]]:
        """Fixture, how many mutants of it, and the seed they come from."""
        each = ceil(max(FEWEST, times(self.tries, scale)) / len(self._fixtures))
        base = random.getrandbits(64)
        return [
            (number, min(STREAM, each - begun), f"{base} {number} {begun}")
            for number in range(len(self._fixtures))
            for begun in range(0, each, STREAM)
        ]

    def _stream(self, number: int, count: int, seed: str) -> tuple[int, list[Failure]]:
        """So many random mutants of one fixture, judged by a verifier that knows the genuine one."""
        random, fixture = Random(seed), self._fixtures[number]
        verifier = Verifier(self._sources)
        failures: list[Failure] = []
        made = 0
        while made < count:
            mutant = fixture.mutate(fixture.secured, random)
            if mutant != fixture.secured:
                made += 1
                failure = _judged(verifier, fixture, mutant, "random")
                if failure is not None:
                    failures.append(failure)
        return made, failures

    @contextmanager
    def broken_build(self) -> Iterator[None]:
        """A verifier for which every signature matches."""
        with mock.patch.object(PublicKey, "verify", return_value=True):
            yield

    def broken_builds(self) -> Mapping[str, Callable[[], AbstractContextManager[Any]]]:
        """Besides, one for each kind of key: else the mutants of one would answer for those of the others."""
        return {
            "every signature matches": self.broken_build,
            **{f"those by {algorithm} match": partial(_by, algorithm) for algorithm in self.algorithms},
        }


def _by(algorithm: Algorithm) -> AbstractContextManager[None]:
    return _matching(lambda key, _: key.algorithm is algorithm)


@contextmanager
def _matching(matches_anyway: Callable[[PublicKey, bytes], bool]) -> Iterator[None]:
    """Some signatures match, by their key and by what they are over."""
    verify = PublicKey.verify

    def matches(key: PublicKey, message: bytes, signature: bytes) -> bool:
        return matches_anyway(key, message) or verify(key, message, signature)

    with mock.patch.object(PublicKey, "verify", matches):
        yield


class TokenMutants(Mutants):
    """Changed tokens, bare and in a drawing."""

    name, kind, tries = "verify.mutants.jwt", "jwt", 500_000
    algorithms = (Algorithm.ED25519, Algorithm.P256, Algorithm.P521)
    promise = "a changed credential is never accepted with another meaning: tokens"


class PlainMutants(Mutants):
    """Changed documents whose signature covers their bytes in canonical order."""

    name, kind, tries = "verify.mutants.jcs", "jcs", 500_000
    algorithms = (Algorithm.ED25519, Algorithm.P256)
    promise = "a changed credential is never accepted with another meaning: documents signed over their bytes"


class GraphMutants(Mutants):
    """Changed documents whose signature covers their statements, bare and in a picture."""

    name, kind, tries = "verify.mutants.rdfc", "rdfc", 50_000
    algorithms = (Algorithm.ED25519, Algorithm.P384)
    promise = (
        "a changed credential is never accepted with another meaning: documents signed over their statements"
    )


class DerivedMutants(Mutants):
    """Changed copies of which a holder shows a part, under their issuer's signatures."""

    name, kind, tries = "verify.mutants.ecdsa-sd", "ecdsa-sd", 20_000
    promise = "a changed credential is never accepted with another meaning: copies in parts"

    def broken_builds(self) -> Mapping[str, Callable[[], AbstractContextManager[Any]]]:
        """Besides, the issuer's signature over all that is mandatory, and those of the other statements."""
        return {
            **super().broken_builds(),
            "the issuer's own match": lambda: _matching(lambda _, message: not _is_statement(message)),
            "those of statements match": lambda: _matching(lambda _, message: _is_statement(message)),
        }


def _is_statement(message: bytes) -> bool:
    """Whether it is a line of N-Quads; the other message is two hashes with a key between."""
    return message.endswith(b" .\n")


class DisclosureMutants(Mutants):
    """Changed tokens with disclosures, unbound and bound to their holder."""

    name, kind, tries = "verify.mutants.sd-jwt", "sd-jwt", 100_000
    promise = "a changed credential is never accepted with another meaning: tokens with disclosures"

    def broken_builds(self) -> Mapping[str, Callable[[], AbstractContextManager[Any]]]:
        """Besides, what ties disclosures to the token, and what ties their choice to the holder."""
        return {
            **super().broken_builds(),
            "any disclosure fits": lambda: mock.patch.object(sd_jwt._Reader, "_take", _take_any),
            "any key binding holds": lambda: mock.patch.object(sd_jwt, "_verify_binding"),
        }


def _take_any(reader: Any, digest: str) -> Any:
    """The disclosure of this digest, and if there is none, any other."""
    found = reader._unused.pop(str(digest), None)
    return reader._unused.popitem()[1] if found is None and reader._unused else found


class BinaryMutants(Mutants):
    """Changed credentials in COSE."""

    name, kind, tries = "verify.mutants.cose", "cose", 100_000
    promise = "a changed credential is never accepted with another meaning: COSE"


def _judged(verifier: Verifier, fixture: Fixture, mutant: bytes, what: str) -> Failure | None:
    try:
        report = verifier.examine(mutant, at=AT)
    except CairnError:
        return None
    except Exception as error:  # noqa: BLE001  any other exception is what this campaign looks for
        return Failure(f"{fixture.name}, {what}: {error!r} for {mutant!r}")
    if not report.accepted or _says_the_same(fixture, report):
        return None
    return Failure(f"{fixture.name}, {what}: accepted {mutant!r}")


def _says_the_same(fixture: Fixture, report: Report) -> bool:
    """Whether it says what was signed, and each of the documents inside as well."""
    if not same_inside(fixture.inside, said_inside(report, fixture.is_graph), fixture.is_graph):
        return False
    said = meaning(report.document) if fixture.is_graph else report.document
    if fixture.least is fixture.said:
        # As canonical text: True is 1 in Python, and 3 and 3.0 are two spellings of one number (B38).
        return jcs(said) == jcs(fixture.said)
    return contains(fixture.said, said) and contains(said, fixture.least)


def _renamed(fixture: Fixture) -> Iterator[tuple[str, bytes]]:
    """The plainest forgery: the same with another name."""
    if fixture.secured.startswith(b"{"):
        yield "renamed", to_json({**parse_json(fixture.secured), "name": "Forged"})
    elif fixture.secured.startswith(b"ey") and b"~" not in fixture.secured:
        header, payload, signature = fixture.secured.decode("ascii").split(".")
        renamed = to_json({**parse_json(base64url_decode(payload)), "name": "Forged"})
        yield "renamed", f"{header}.{base64url_encode(renamed)}.{signature}".encode()


def _listed(fixture: Fixture) -> Iterator[tuple[str, bytes]]:
    """Each single deletion, retyping and renaming in the JSON, and each bit of a token's signature."""
    if fixture.secured.startswith(b"{"):
        yield from _listed_of_document(parse_json(fixture.secured))
    elif fixture.secured.startswith(b"ey") and b"~" not in fixture.secured:
        yield from _listed_of_token(fixture.secured.decode("ascii"))
    elif not fixture.secured.startswith((b"\x89PNG", b"%PDF")):
        for place in range(len(fixture.secured)):
            yield f"without byte {place}", fixture.secured[:place] + fixture.secured[place + 1 :]


def _listed_of_document(document: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    for path in paths(document):
        yield f"without {path}", to_json(without(document, path))
        for value in STRANGE_VALUES:
            yield f"{path} as {value!r}", to_json(replaced(document, path, value))
    genuine = document["proof"]
    proofs: tuple[Any, ...] = ([], None, {}, "x", [genuine, {}], [{}, genuine], [genuine] * 20)
    for proof in proofs:
        yield f"proof as {str(proof)[:30]}", to_json({**document, "proof": proof})


def _listed_of_token(token: str) -> Iterator[tuple[str, bytes]]:
    header, payload, signature = token.split(".")
    raw = base64url_decode(signature)
    for bit in range(len(raw) * 8):
        flipped = bytearray(raw)
        flipped[bit // 8] ^= 1 << bit % 8
        yield f"signature bit {bit}", f"{header}.{payload}.{base64url_encode(bytes(flipped))}".encode()
    for alg in ("none", "None", "HS256", "ES256", "ES384", "RS256", "PS256", "", None, 1):
        claims = parse_json(base64url_decode(header))
        changed = base64url_encode(to_json({**claims, "alg": alg}))
        if changed != header:
            yield f"alg {alg}", f"{changed}.{payload}.{signature}".encode()
        yield f"alg {alg} unsigned", f"{changed}.{payload}.".encode()
    for ending in ("=", "==", "\n", " ", ".", "A", "~"):
        yield f"ending {ending!r}", f"{header}.{payload}.{signature}{ending}".encode()
