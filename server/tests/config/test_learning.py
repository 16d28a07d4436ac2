# SPDX-License-Identifier: Apache-2.0
"""Shapes are learned in a thread of their own; a request neither waits for that nor breaks by it."""

from __future__ import annotations

import threading
from queue import Queue
from typing import TYPE_CHECKING

import pytest

from cairn import Verifier
from cairn.canonical.shapes import Shapes
from cairn.proof import familiar
from cairn.testing import NOON, FixedSources, sample_credential, signed_sample
from cairn_server.config import learning

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def shapes(monkeypatch: pytest.MonkeyPatch) -> Shapes:
    made = Shapes(patience=0)
    monkeypatch.setattr(familiar, "SHAPES", made)
    return made


@pytest.fixture
def waiting(monkeypatch: pytest.MonkeyPatch) -> Queue[Callable[[], None]]:
    made: Queue[Callable[[], None]] = Queue(2)
    monkeypatch.setattr(learning, "Queue", lambda _most: made)
    return made


# Signed before anything is learned here: signing learns, too.
SIGNED = [
    signed_sample(sample_credential(id=f"urn:uuid:8d4a2f3e-6a0b-4b57-9f0e-{number:012d}"))
    for number in range(5)
]


def judge(number: int) -> None:
    assert Verifier(FixedSources()).examine(SIGNED[number], at=NOON).accepted


def test_a_shape_is_learned_beside_the_requests(shapes, waiting, monkeypatch):
    learners = set()
    genuine = shapes._learn
    monkeypatch.setattr(
        shapes, "_learn", lambda glance: (learners.add(threading.get_ident()), genuine(glance))
    )
    learning.start()

    for number in range(3):
        judge(number)
        waiting.join()

    assert len(shapes) == 1
    assert threading.get_ident() not in learners


def test_what_comes_while_there_is_enough_to_do_is_passed_over(shapes, waiting):
    begun, go_on = threading.Event(), threading.Event()
    learning.start()
    waiting.put(lambda: (begun.set(), go_on.wait(10)))
    assert begun.wait(10)

    for number in range(5):
        judge(number)  # none of them waits

    assert waiting.qsize() == 2
    go_on.set()
    waiting.join()


def test_what_could_not_be_learned_is_logged_and_the_next_is_learned(shapes, waiting, caplog):
    learning.start()
    waiting.put(lambda: 1 // 0)
    for number in range(2):
        judge(number)
        waiting.join()

    assert len(shapes) == 1
    assert "a shape could not be learned" in caplog.text
