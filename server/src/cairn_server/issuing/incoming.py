# SPDX-License-Identifier: Apache-2.0
"""Lists that came in: their bytes, what is wrong with their lines, and what columns were chosen to be.

The bytes stand in the database, in parts, so that any worker on any machine can check a list that any web
node received. They are there for a while only: until the list is started or discarded, a week at the most.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cairn_server.accounts.models import Person
from cairn_server.issuing.lists.checking import Reading
from cairn_server.issuing.lists.problems import Problem
from cairn_server.organisations.models import Organisation

if TYPE_CHECKING:
    from typing_extensions import Buffer

PART_BYTES = 1 << 20


class ListFile(models.Model):
    """The list of a batch, as it was brought, and how far it has been checked."""

    class State(models.TextChoices):
        RECEIVED = "received", _("Received")
        # Its columns are settled; somebody has to read it all.
        WAITING = "waiting", _("Waits to be checked")
        CHECKING = "checking", _("Is being checked")
        CHECKED = "checked", _("Checked")
        # Nothing can be read of it, or nothing more from some line on: ``fatal`` says why.
        UNREADABLE = "unreadable", _("Cannot be read")

    batch = models.OneToOneField("issuing.Batch", on_delete=models.CASCADE, related_name="list")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    # The caller's own name for this upload, where it came over the API.
    request_key = models.CharField(max_length=100, null=True, blank=True)
    name = models.CharField(max_length=200, blank=True, default="")
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    by = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="+")
    received_at = models.DateTimeField()
    # As the installation was set when it came; whoever checks it later need not know the settings.
    most_rows = models.PositiveIntegerField()
    # ``lists.checking.Reading``
    reading = models.JSONField(default=dict, blank=True)
    # Whether it starts by itself once it was checked: nobody is looking at a page.
    starts_itself = models.BooleanField(default=False)
    leaves_out = models.BooleanField(default=False, help_text="start also without the rows with problems")

    state = models.CharField(max_length=10, choices=State.choices, default=State.RECEIVED)
    token = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    # How far the check is, and what it found.
    position = models.PositiveBigIntegerField(default=0)
    lines = models.PositiveIntegerField(default=0)
    good = models.PositiveIntegerField(default=0)
    already = models.PositiveIntegerField(default=0)
    bad = models.PositiveIntegerField(default=0)
    asks_day_first = models.BooleanField(default=False)
    fatal = models.JSONField(null=True, blank=True)
    begun_at = models.DateTimeField(null=True, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "request_key"],
                name="list_request_key_once",
                condition=Q(request_key__isnull=False),
            )
        ]
        indexes = [
            models.Index(fields=["id"], name="lists_to_check", condition=Q(state__in=["waiting", "checking"]))
        ]

    def __str__(self) -> str:
        return f"{self.batch_id} {self.sha256[:12]}"

    @property
    def read_as(self) -> Reading:
        return Reading.from_json(self.reading) if self.reading else Reading()

    @property
    def fatal_problem(self) -> Problem | None:
        return None if self.fatal is None else Problem.from_json(self.fatal.get("line", 0), self.fatal)

    def open(self) -> io.BufferedReader:
        """The file as it came, to be read from anywhere."""
        return io.BufferedReader(_Parts(self), 1 << 16)


class ListPart(models.Model):
    """A piece of a file, at most a mebibyte of it."""

    file = models.ForeignKey(ListFile, on_delete=models.CASCADE, related_name="parts", db_index=False)
    number = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["file", "number"], name="list_part_once")]

    def __str__(self) -> str:
        return f"{self.file_id} part {self.number}"


class ListProblem(models.Model):
    """A line that awards nobody: as it stands in the file, and everything that is wrong with it."""

    batch = models.ForeignKey(
        "issuing.Batch", on_delete=models.CASCADE, related_name="problems", db_index=False
    )
    line = models.PositiveIntegerField()
    cells = models.JSONField()
    problems = models.JSONField()

    class Meta:
        ordering = ["line"]
        constraints = [models.UniqueConstraint(fields=["batch", "line"], name="list_problem_once")]

    def __str__(self) -> str:
        return f"{self.batch_id} line {self.line}"

    def told(self) -> list[Problem]:
        return [Problem.from_json(self.line, each) for each in self.problems]


class ColumnChoice(models.Model):
    """What an organisation says a column of this name is; empty when it is not to be read."""

    organisation = models.ForeignKey(
        Organisation, on_delete=models.CASCADE, related_name="column_choices", db_index=False
    )
    header = models.CharField(max_length=100)
    field = models.CharField(max_length=40, blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "header"], name="column_chosen_once")]

    def __str__(self) -> str:
        return f"{self.header} → {self.field}"


class _Parts(io.RawIOBase):
    """The parts of a file as one file. Holds one part at a time."""

    def __init__(self, file: ListFile) -> None:
        self._file = file
        self._position = 0
        self._number, self._content = -1, b""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._file.size}[whence]
        self._position = max(0, start + offset)
        return self._position

    def readinto(self, buffer: Buffer) -> int:
        number, offset = divmod(self._position, PART_BYTES)
        if number != self._number:
            found = ListPart.objects.filter(file=self._file, number=number).values_list("content", flat=True)
            self._number, self._content = number, bytes(found[0]) if found else b""
        into = memoryview(buffer).cast("B")
        piece = self._content[offset : offset + len(into)]
        into[: len(piece)] = piece
        self._position += len(piece)
        return len(piece)
