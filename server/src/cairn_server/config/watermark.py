# SPDX-License-Identifier: Apache-2.0
"""Compare the database with its watermark at start, and close the gap when the operator says so.

The store itself, and the order in which issuing uses it, are in ``organisations.watermark``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.apps import apps
from django.db import transaction

from cairn_server.errors import Refusal
from cairn_server.organisations import installation
from cairn_server.organisations.models import Installation
from cairn_server.organisations.watermark import Mark, Watermark, behind

if TYPE_CHECKING:
    from datetime import datetime


def marks_of_database() -> list[Mark]:
    lists = apps.get_model("issuing", "StatusList").objects.values_list("public_id", "next_number", "version")
    return [Mark(*row) for row in lists]


def compare_at_start(watermark: Watermark, *, at: datetime) -> list[str]:
    """Begin recovery when the database is behind; otherwise level the marks up to it."""
    problems = foreign(watermark) or behind(watermark, marks_of_database)
    if problems:
        installation.begin_recovery(reasons=problems, at=at)
        seal_status_lists(at=at)
        return problems
    remember(watermark)
    # A crash between a commit and its mark left the database ahead; nobody was told in between.
    for mark in marks_of_database():
        watermark.advance(mark.list_id, count=mark.count, version=mark.version)
    lists = apps.get_model("issuing", "StatusList").objects.exclude(sealed_at=None)
    watermark.forget_claims(lists.values_list("public_id", flat=True))
    return []


def foreign(watermark: Watermark) -> list[str]:
    """Whether this store is another one than the database has been kept with; in words."""
    known = installation.installation().watermark_id
    if not known or known == watermark.identity():
        return []
    if not watermark.marks():
        return ["the watermark is missing: what is there has just begun, and remembers nothing"]
    return ["the watermark is another one than this database was kept with"]


def require_shared(watermark: Watermark) -> None:
    """For a worker, which may be on another machine: it works with the server's watermark or not at all.

    One of its own would know nothing of what the others give out, and they nothing of what this one does.
    """
    known = Installation.objects.values_list("watermark_id", flat=True).first()
    if known != watermark.identity():
        raise NotShared(known=bool(known))


class NotShared(Refusal):
    def __init__(self, *, known: bool) -> None:
        super().__init__(
            "watermark-not-shared",
            "This worker has another watermark than the server. On another machine set WATERMARK_URL, for the"
            " server too, to a PostgreSQL database of its own; on the same one, let WATERMARK_PATH name the"
            " server's file."
            if known
            else "Start the server first: it makes the watermark that this worker has to share.",
            503,
        )


def remember(watermark: Watermark) -> None:
    """Write the name of the store into the database, where none stands."""
    Installation.objects.filter(watermark_id="").update(watermark_id=watermark.identity())


@transaction.atomic
def seal_status_lists(*, at: datetime) -> int:
    """Take every list out of allocation: what was given out since the backup is not known.

    New awards get new lists, so no index is ever given out twice (F11).
    """
    return apps.get_model("issuing", "StatusList").objects.filter(sealed_at=None).update(sealed_at=at)


@transaction.atomic
def confirm(watermark: Watermark, *, at: datetime) -> int:
    """The operator's word that this copy goes on. Answers how many lists were brought to their marks.

    What these lists say next is a version above the highest that was ever published, so that no verifier
    sees the list it has already seen with other bits under the same version.
    """
    seal_status_lists(at=at)
    marks, raised = watermark.marks(), 0
    for row in apps.get_model("issuing", "StatusList").objects.select_for_update():
        mark = marks.get(row.public_id, Mark(row.public_id, 0, 0))
        if row.next_number < mark.count or row.version < mark.version:
            row.next_number = max(row.next_number, mark.count)
            row.version = max(row.version, mark.version) + 1
            row.save(update_fields=["next_number", "version"])
            raised += 1
    installation.confirm_recovery(at=at)
    # Also a new one, where the old one was lost: the sealed lists give out nothing that it could have known.
    Installation.objects.update(watermark_id=watermark.identity())
    for mark in marks_of_database():
        watermark.advance(mark.list_id, count=mark.count, version=mark.version)
    watermark.forget_all_but(mark.list_id for mark in marks_of_database())
    return raised
