# SPDX-License-Identifier: Apache-2.0
"""The road of a chunk: some hundred awards of a list, from accepted rows to durable credentials.

    claim    a conditional update gives this worker the chunk until its lease ends, and a token (leases.py)
    plan     one short transaction: rights asked again, numbers of a status list, a seed, a moment, a key
             (planning.py)
    intend   the digest over all that will be signed is committed: from here on a signature may exist
             (making.py)
    sign     the signer finds the intent in the database and signs the lot (making.py)
    examine  our own verifier accepts every credential, over the bytes that everybody gets (storing.py)
    store    one transaction, in which the token has to be the newest: credentials, bytes, pending leaves,
             counts, journal (storing.py)

A chunk that is over is closed in closing.py, and steps.py names the points at which tests cut the road off.

Everything random in a chunk comes from its seed, and signatures are deterministic, so whoever takes it over
after a crash makes the same bytes: nothing is lost, doubled, or signed without an intent (F1, F2). A worker
that was stopped for longer than its lease finds that its token is old, and writes nothing.

Any number of workers on any number of machines call ``work_off``; so does the one process that has SQLite.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import IntegrityError, OperationalError, connection

from cairn_server.issuing import signing
from cairn_server.issuing.chunks import closing, leases, making, planning, steps, storing
from cairn_server.organisations import installation, keys
from cairn_server.organisations.watermark import DatabaseBehind, WatermarkAway

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from cairn_server.issuing.chunks.leases import Lease
    from cairn_server.issuing.models import Batch

logger = logging.getLogger(__name__)

ROWS = 1_000
# How long to wait for a signer that does not answer.
SIGNER_BACK_IN = timedelta(seconds=10)


def work_off(
    *, now: Callable[[], datetime], worker: str, batch: Batch | None = None, most: int | None = None
) -> int:
    """Work on chunks until none is free, or ``most`` of them; how many were worked on."""
    worked = 0
    while most is None or worked < most:
        lease = leases.claim(at=now(), worker=worker, batch=batch)
        if lease is None:
            break
        work(lease, now=now)
        worked += 1
    return worked


def work(lease: Lease, *, now: Callable[[], datetime]) -> None:
    """One chunk, as far as it goes."""
    steps.reached("claimed")
    try:
        plan = planning.plan(lease, at=now())
        if plan is None:
            return
        made = making.Made.of(plan)
        steps.reached("prepared")
        making.intend(lease, made)
        steps.reached("intended")
        secured = made.sign()
        steps.reached("signed")
        storing.store(lease, made, secured, at=now())
        steps.reached("stored")
    except leases.LostLease:
        logger.warning("chunk %s was taken over by another worker", lease.chunk_id)
    except keys.SignerUnavailable as error:
        logger.warning("chunk %s waits for the signer: %s", lease.chunk_id, error)
        leases.give_back(lease, until=now() + SIGNER_BACK_IN)
    except keys.SigningRefused as error:
        if error.code == "signing-too-fast":
            leases.give_back(lease, until=now() + SIGNER_BACK_IN)
        else:  # the key was compromised meanwhile
            closing.plan_anew(lease, why=error.code, at=now())
    except IntegrityError as error:
        # Another list was quicker with one of the rows. The next plan sees it.
        logger.warning("chunk %s is planned anew: %s", lease.chunk_id, error)
        closing.plan_anew(lease, why="a row was awarded meanwhile", at=now())
    except (DatabaseBehind, installation.MovedMeanwhile, WatermarkAway) as error:
        logger.error("chunk %s waits for the operator: %s", lease.chunk_id, error)
        leases.give_back(lease, until=now() + leases.LEASE)
    except planning.ClockWentBack as error:
        logger.error("chunk %s waits for the right time: %s", lease.chunk_id, error)
        leases.give_back(lease, until=now() + leases.LEASE)
    except signing.OwnProductRefused:
        # Not the fault of a row: a list that is not published, a clock that went back, a signer that is
        # broken. It is tried again when the lease is over, and only so often.
        logger.exception("chunk %s is not good enough to be stored", lease.chunk_id)
    except OperationalError:
        # The database is away, or has chosen us to end a deadlock. What was not committed never was.
        logger.exception("chunk %s is left to whoever comes after the lease", lease.chunk_id)
        connection.close_if_unusable_or_obsolete()
    except making.RowsRefused as error:
        logger.warning("rows of chunk %s cannot be awarded: %s", lease.chunk_id, error)
        closing.plan_anew(lease, why="rows were refused", at=now(), without=error.why)
