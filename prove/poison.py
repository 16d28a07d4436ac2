# SPDX-License-Identifier: Apache-2.0
"""``verify.poison``: graphs made to hurt the canonical form end quickly, with one form or none (B33).

Each graph runs in a child with two seconds and 128 MB. Where a form is found it must be the same for other
labels and another order of the same graph (B40); where it is refused, the shuffled graph is refused too.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING
from unittest import mock

from cairn.canonical.rdfc import canonicalize
from cairn.errors import MalformedError
from prove.campaign import Campaign, Failure, times
from prove.child import in_child

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

    from cairn.canonical.rdfc import Quad

TRIES = 400
SECONDS, MEBIBYTES = 2, 128
REFUSED = "refused"

Edges = list[tuple[int, int]]


class Poison(Campaign):
    """Cliques, wheels, chains, copies, and random regular graphs of blank nodes."""

    name = "verify.poison"
    promise = "a graph made to hurt is refused quickly, and any other has one form"

    def attempts(self, random: Random, scale: float) -> Iterator[Failure | None]:
        refused = canonical = 0
        for what, edges in listed():
            outcome, failure = _judged(what, edges, random)
            refused += outcome == REFUSED
            canonical += outcome != REFUSED
            yield failure
        for number in range(times(TRIES, scale)):
            _, failure = _judged(f"random {number}", _regular(random), random)
            yield failure
        if not refused or not canonical:
            yield Failure(f"{refused} graphs were refused and {canonical} were not: one kind is missing")

    @contextmanager
    def broken_build(self) -> Iterator[None]:
        """A canonical form that may take as many steps as it likes."""
        with mock.patch.dict(canonicalize.__kwdefaults__, max_work=10**15):
            yield


def listed() -> Iterator[tuple[str, Edges]]:
    """The graphs of the published suite (044 to 046, 074) in larger sizes, and others like them."""
    for size in range(3, 14):
        yield f"clique of {size}", [(a, b) for a in range(size) for b in range(size) if a != b]
    for size in (4, 10, 40, 200, 1_000):
        yield f"ring of {size}", [(a, (a + 1) % size) for a in range(size)]
    for size in (10, 1_000, 10_000):
        yield f"chain of {size}", [(a, a + 1) for a in range(size)]
    for copies in (10, 200, 2_000):
        yield (
            f"{copies} copies",
            [edge for a in range(0, 3 * copies, 3) for edge in ((a, a + 1), (a + 1, a + 2))],
        )
    for size in (4, 6, 8, 10):
        half = [(a, size + b) for a in range(size) for b in range(size)]
        yield f"bipartite of {size}", [*half, *((b, a) for a, b in half)]
    petersen = [(a, (a + 1) % 5) for a in range(5)] + [(5 + a, 5 + (a + 2) % 5) for a in range(5)]
    petersen += [(a, a + 5) for a in range(5)]
    yield "Petersen", [*petersen, *((b, a) for a, b in petersen)]
    for side in (3, 4, 6, 10):
        grid = [(a * side + b, a * side + (b + 1) % side) for a in range(side) for b in range(side)]
        yield (
            f"torus of {side}",
            [
                *grid,
                *((a * side + b, (a + 1) % side * side + b) for a in range(side) for b in range(side)),
            ],
        )
    for size in (5, 20, 200):
        yield f"star of {size}", [(0, a) for a in range(1, size)] + [(a, 0) for a in range(1, size)]


def _regular(random: Random) -> Edges:
    """Each node has as many edges as each other, so that counting tells none of them apart."""
    size, degree = random.randint(4, 24), random.randint(1, 5)
    edges: Edges = []
    for _ in range(degree):
        other = list(range(size))
        random.shuffle(other)
        edges += zip(range(size), other, strict=True)
    return edges


def _judged(what: str, edges: Edges, random: Random) -> tuple[str | None, Failure | None]:
    quads = [_quad(edge) for edge in edges]
    names = list(range(1 + max(max(edge) for edge in edges)))
    random.shuffle(names)
    shuffled = [_quad((names[a], names[b])) for a, b in edges]
    random.shuffle(shuffled)
    first, second = (
        in_child(lambda graph=graph: _form(graph), cpu_seconds=SECONDS, mebibytes=MEBIBYTES)  # type: ignore[misc]
        for graph in (quads, shuffled)
    )
    for told in (first, second):
        if told.answer is None:
            return None, Failure(f"{what}: {told.ended}")
        if told.cpu_seconds > SECONDS or told.extra_mebibytes > MEBIBYTES:
            cost = f"{told.cpu_seconds:.1f} s and {told.extra_mebibytes:.0f} MB"
            return told.answer, Failure(f"{what}: {told.answer[:20]} after {cost}")
    if first.answer != second.answer:
        return first.answer, Failure(f"{what}: another order of the same graph ends in another way")
    return first.answer, None


def _quad(edge: tuple[int, int]) -> Quad:
    return f"_:n{edge[0]}", "<urn:p>", f"_:n{edge[1]}", ""


def _form(quads: list[Quad]) -> str:
    try:
        return canonicalize(quads).text
    except MalformedError as error:
        return REFUSED if error.code == "limit-rdf-work" else repr(error)
