# SPDX-License-Identifier: Apache-2.0
"""Backup and restore: everything that cannot be made again, in one file, for either database.

    manifest.json              format, version of the schema, and for each table its rows and SHA-256
    tables/<app>.<model>       one JSON array a line: the columns as the manifest names them
    keys/kek, keys/secret-key  only if asked for

Rows are written and read below the models, column by column, so that a restored row is the row that
was saved: no default, no "now", no save hook. Sessions and rate limits are left out; what a person would
notice of that is to sign in again. The watermark is left out on purpose: it must not go back in time.
"""

from __future__ import annotations

import base64
import json
import os
import zipfile
from dataclasses import dataclass
from datetime import UTC
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.core.management.color import no_style
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, models, transaction
from django.db.migrations.recorder import MigrationRecorder

from cairn_server import refusals
from cairn_server.config import watermark as marks
from cairn_server.earning.frozen import RULES
from cairn_server.errors import Refusal
from cairn_server.organisations import installation
from cairn_server.organisations.models import Installation

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager
    from datetime import datetime
    from pathlib import Path

FORMAT = "cairn-backup/1"
MANIFEST = "manifest.json"
# Beside our own applications: addresses, and second factors.
OTHER_APPS = ("account", "mfa")
# Consents go with the tokens that stand on them, which are in no table of ours: what a learner took back
# after the backup must not come back with it, so sites ask again.
LEFT_OUT = ("accounts.bucket", "account.emailconfirmation", "portability.consent", "portability.spentcode")
ROWS_AT_ONCE = 500
# A table is read line by line; a line longer than this is no row of ours.
LONGEST_LINE = 64 * 1024 * 1024


class BadArchive(Refusal):
    def __init__(self, problem: str) -> None:
        super().__init__("bad-archive", f"This is not a backup that can be restored: {problem}.", 400)


class DatabaseInUse(Refusal):
    def __init__(self, table: str) -> None:
        super().__init__(
            "database-in-use", f"A backup is restored into an empty database; {table} has rows already."
        )


@dataclass(frozen=True)
class Restored:
    rows: int
    made_at: str
    has_keys: bool


def backed_up_models() -> list[type[models.Model]]:
    labels = {app.label for app in apps.get_app_configs() if app.name.startswith("cairn_server.")}
    chosen = [
        model
        for model in apps.get_models(include_auto_created=True)
        if model._meta.app_label in labels | set(OTHER_APPS) and model._meta.label_lower not in LEFT_OUT
    ]
    return sorted(
        (model for model in chosen if model._meta.managed), key=lambda model: model._meta.label_lower
    )


# Writing


def write(path: Path, *, at: datetime, keys: Mapping[str, str] | None = None) -> int:
    """Write the backup and answer how many rows are in it. The file appears whole or not at all."""
    if path.exists():
        raise Refusal("file-exists", f"{path} exists already; a backup never overwrites another.")
    partial = path.with_name(f".{path.name}.partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive, _snapshot():
                rows = _write_tables(archive, at)
                for name, text in (keys or {}).items():
                    archive.writestr(f"keys/{name}", text)
            file.flush()
            os.fsync(file.fileno())
        partial.rename(path)
    finally:
        partial.unlink(missing_ok=True)
    return rows


def _write_tables(archive: zipfile.ZipFile, at: datetime) -> int:
    tables, total = [], 0
    for model in backed_up_models():
        label, digest, rows = model._meta.label_lower, sha256(), 0
        fields = _columns(model)
        with archive.open(f"tables/{label}", "w", force_zip64=True) as table:
            for line in _lines(model, fields):
                table.write(line)
                digest.update(line)
                rows += 1
        tables.append(
            {
                "table": label,
                "columns": [field.attname for field in fields],
                "rows": rows,
                "sha256": digest.hexdigest(),
            }
        )
        total += rows
    manifest = {
        "format": FORMAT,
        "made_at": at.astimezone(UTC).isoformat(),
        "database": connection.vendor,
        "migrations": _migrations(),
        "tables": tables,
    }
    archive.writestr(MANIFEST, json.dumps(manifest, indent=1))
    return total


def _lines(model: type[models.Model], fields: list[models.Field]) -> Iterator[bytes]:
    names = [field.attname for field in fields]
    for row in model._base_manager.order_by("pk").values_list(*names).iterator(chunk_size=ROWS_AT_ONCE):
        values = [_to_json(field, value) for field, value in zip(fields, row, strict=True)]
        yield json.dumps(values, cls=DjangoJSONEncoder, separators=(",", ":")).encode() + b"\n"


def _to_json(field: models.Field, value: Any) -> Any:
    if value is None or not isinstance(field, models.BinaryField):
        return value.isoformat() if isinstance(field, models.DateTimeField) and value is not None else value
    return base64.b64encode(bytes(value)).decode("ascii")


def _from_json(field: models.Field, value: Any) -> Any:
    if value is None or not isinstance(field, models.BinaryField):
        return field.to_python(value)
    return base64.b64decode(value, validate=True)


def _columns(model: type[models.Model]) -> list[models.Field]:
    return list(model._meta.concrete_fields)


def _migrations() -> list[list[str]]:
    labels = {model._meta.app_label for model in backed_up_models()}
    applied = MigrationRecorder(connection).applied_migrations()
    return sorted([app, name] for app, name in applied if app in labels)


class _SqliteSnapshot:
    """A read transaction: in WAL mode it sees one moment and stops nobody from writing."""

    def __enter__(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("BEGIN")

    def __exit__(self, *exception: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute("ROLLBACK")


class _PostgresSnapshot:
    def __enter__(self) -> None:
        self._transaction = transaction.atomic()
        self._transaction.__enter__()
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")

    def __exit__(self, *exception: Any) -> None:
        self._transaction.__exit__(*exception)


def _snapshot() -> AbstractContextManager[None]:
    return _SqliteSnapshot() if connection.vendor == "sqlite" else _PostgresSnapshot()


# Reading


def restore(path: Path, *, at: datetime) -> Restored:
    """Fill an empty database of the same schema; the copy awards nothing until the operator confirms.

    Everything is read and compared with its digest before the first row is written, and all rows are
    written in one transaction: a damaged file leaves the database as empty as it was.
    """
    for model in backed_up_models():
        if model._base_manager.exists():
            raise DatabaseInUse(model._meta.label_lower)
    try:
        with zipfile.ZipFile(path) as archive:
            manifest = _manifest(archive)
            _check_digests(archive, manifest)
            with transaction.atomic():
                # What is refused once it is promised comes in here as it was promised.
                refusals.drop(connection, RULES)
                rows = _read_tables(archive, manifest)
                if connection.vendor == "postgresql":
                    # A table with foreign keys that are not checked yet takes no trigger.
                    with connection.cursor() as cursor:
                        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                refusals.create(connection, RULES)
                _settle(at)
            keys = [name for name in archive.namelist() if name.startswith("keys/")]
    except (OSError, zipfile.BadZipFile, EOFError) as error:
        raise BadArchive(str(error)) from error
    return Restored(rows=rows, made_at=manifest["made_at"], has_keys=bool(keys))


def keys_in(path: Path) -> dict[str, str]:
    """The keys in a backup that was made with them."""
    with zipfile.ZipFile(path) as archive:
        names = {"keys/kek", "keys/secret-key"} & set(archive.namelist())
        return {name.removeprefix("keys/"): archive.read(name).decode("ascii") for name in names}


def _manifest(archive: zipfile.ZipFile) -> dict[str, Any]:
    try:
        manifest = json.loads(archive.read(MANIFEST))
    except (KeyError, ValueError) as error:
        raise BadArchive("it has no manifest") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise BadArchive(f"its format is not {FORMAT}")
    if manifest["migrations"] != _migrations():
        raise BadArchive("it was made by a version of the program with another schema; use that version")
    expected = {model._meta.label_lower: [f.attname for f in _columns(model)] for model in backed_up_models()}
    found = {table["table"]: table["columns"] for table in manifest["tables"]}
    if found != expected:
        raise BadArchive("its tables are not those of this program")
    return manifest


def _check_digests(archive: zipfile.ZipFile, manifest: dict[str, Any]) -> None:
    for table in manifest["tables"]:
        digest, rows = sha256(), 0
        for line in _table_lines(archive, table["table"]):
            digest.update(line)
            rows += 1
        if (rows, digest.hexdigest()) != (table["rows"], table["sha256"]):
            raise BadArchive(f"the table {table['table']} was changed or is cut off")


def _table_lines(archive: zipfile.ZipFile, label: str) -> Iterator[bytes]:
    try:
        table = archive.open(f"tables/{label}")
    except KeyError as error:
        raise BadArchive(f"the table {label} is missing") from error
    with table:
        while line := table.readline(LONGEST_LINE):
            yield line


def _read_tables(archive: zipfile.ZipFile, manifest: dict[str, Any]) -> int:
    total = 0
    # Foreign keys are checked at the end of the transaction, so the order of tables is free.
    for model in backed_up_models():
        fields, waiting = _columns(model), []
        for line in _table_lines(archive, model._meta.label_lower):
            waiting.append(_row(fields, line))
            total += 1
            if len(waiting) == ROWS_AT_ONCE:
                _insert(model, fields, waiting)
                waiting = []
        _insert(model, fields, waiting)
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), backed_up_models()):
            cursor.execute(statement)
    return total


def _row(fields: list[models.Field], line: bytes) -> list[Any]:
    return [
        field.get_db_prep_save(_from_json(field, value), connection)
        for field, value in zip(fields, json.loads(line), strict=True)
    ]


def _insert(model: type[models.Model], fields: list[models.Field], rows: list[list[Any]]) -> None:
    if not rows:
        return
    quote = connection.ops.quote_name
    columns = ", ".join(quote(str(field.column)) for field in fields)
    places = ", ".join(["%s"] * len(fields))
    # The names are those of our own tables, and quoted; the values are parameters.
    statement = f"INSERT INTO {quote(model._meta.db_table)} ({columns}) VALUES ({places})"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.executemany(statement, rows)


def _settle(at: datetime) -> None:
    """From here on this is a copy that may have forgotten: no list of it gives out an index again."""
    if not Installation.objects.exists():
        raise BadArchive("it is of a server that was never started")
    installation.begin_recovery(reasons=["restored from a backup"], at=at)
    marks.seal_status_lists(at=at)
