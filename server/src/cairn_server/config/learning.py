# SPDX-License-Identifier: Apache-2.0
"""What is learned of the shapes of credentials is learned beside the requests, in a thread of its own.

A plan costs as much as a few verifications. Nobody who asks for a verdict pays for it: the answer goes out,
and the thread learns from what was accepted. What comes while it has enough to do is passed over, for there
will be other credentials of that shape.
"""

from __future__ import annotations

import logging
import threading
from contextlib import suppress
from functools import partial
from queue import Full, Queue
from typing import TYPE_CHECKING

from cairn.proof import familiar

if TYPE_CHECKING:
    from collections.abc import Callable

    Waiting = Queue[Callable[[], None]]

MOST_WAITING = 16

logger = logging.getLogger(__name__)


def start() -> None:
    """Learn like this from now on, in this process."""
    waiting: Waiting = Queue(MOST_WAITING)
    threading.Thread(target=_learn, args=[waiting], name="cairn-learner", daemon=True).start()
    familiar.SHAPES.learn_by(partial(_offer, waiting))


def _offer(waiting: Waiting, work: Callable[[], None]) -> None:
    with suppress(Full):
        waiting.put_nowait(work)


def _learn(waiting: Waiting) -> None:
    while True:
        work = waiting.get()
        try:
            work()
        except Exception:
            # The answer was right and has gone out; the next credential of this shape takes the full path.
            logger.exception("a shape could not be learned")
        finally:
            waiting.task_done()
