# SPDX-License-Identifier: Apache-2.0
"""Writing a thousand rows at once: ``COPY`` on PostgreSQL, one prepared statement on SQLite.

The columns that are the same in all rows are adapted once; what is left for each row is a handful of strings,
numbers and bytes. A column that nobody names has the default of its field. The rows belong to the caller's
transaction.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import connection

from cairn_server.issuing.models import BatchRow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from django.db.models import Field, Model

    from cairn_server.issuing.models import Batch

# Rows in one COPY: few enough to be held in memory, enough that a statement more does not matter.
_PIECE = 2_000

# COPY's text format (PostgreSQL manual, COPY, "File Formats"): columns between tabs, rows between newlines.
_SPECIAL = re.compile(r"[\\\t\n\r]")
_ESCAPES = {"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"}


def new_ids(model: type[Model], count: int) -> range | list[int]:
    """Primary keys for so many rows; on SQLite the caller's transaction is the only one that writes."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # The sequence is found once: for each number it would be looked up anew.
            cursor.execute(
                "SELECT array_agg(nextval(sequence)) FROM generate_series(1, %s),"
                " (SELECT pg_get_serial_sequence(%s, 'id')::regclass AS sequence OFFSET 0) AS known",
                [count, connection.ops.quote_name(table)],
            )
            return list(cursor.fetchone()[0])
        # AUTOINCREMENT: an id is never used again, also after the last row was deleted.
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
        found = cursor.fetchone()
        first = (found[0] if found else 0) + 1
        return range(first, first + count)


def insert(
    model: type[Model],
    *,
    same: Mapping[str, Any],
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
) -> None:
    """Insert rows of which ``columns`` (field names, ``attname``) differ and all others are ``same``.

    Values of rows are str, int, bytes, None, or whatever a JSON field takes.
    """
    fields = [field for field in model._meta.concrete_fields if field.attname != "id" or "id" in columns]
    write = _copy if connection.vendor == "postgresql" else _execute_many
    write(model, fields, same, columns, rows)


def _constant(field: Field[Any, Any], same: Mapping[str, Any]) -> Any:
    value = same[field.attname] if field.attname in same else field.get_default()
    return field.get_db_prep_save(value, connection)


def moment(value: datetime | None) -> str | None:
    """A moment as this database reads it."""
    return None if value is None else _written(value, connection.vendor)


@lru_cache(maxsize=4_000)
def _written(value: datetime, _vendor: str) -> str:
    return str(connection.ops.adapt_datetimefield_value(value))


# SQLite


def _execute_many(
    model: type[Model],
    fields: Sequence[Field[Any, Any]],
    same: Mapping[str, Any],
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
) -> None:
    varying = {name: place for place, name in enumerate(columns)}
    order = [field for field in fields if field.attname not in varying]
    constants = [_constant(field, same) for field in order]
    as_json = [
        varying[f.attname] for f in fields if f.attname in varying and f.get_internal_type() == "JSONField"
    ]

    def adapted() -> Iterator[list[Any]]:
        for row in rows:
            values = list(row)
            for place in as_json:
                values[place] = None if values[place] is None else json.dumps(values[place])
            yield values + constants

    by_name = {field.attname: str(field.column) for field in fields}
    names = [by_name[name] for name in columns] + [str(field.column) for field in order]
    quoted = ", ".join(connection.ops.quote_name(name) for name in names)
    table = connection.ops.quote_name(model._meta.db_table)
    marks = ", ".join(["%s"] * len(names))
    with connection.cursor() as cursor:
        cursor.executemany(f"INSERT INTO {table} ({quoted}) VALUES ({marks})", list(adapted()))  # noqa: S608


# PostgreSQL


def _text(value: str) -> str:
    return _SPECIAL.sub(lambda found: _ESCAPES[found[0]], value) if _SPECIAL.search(value) else value


def _bytes(value: bytes) -> str:
    return rf"\\x{value.hex()}"


def _json(value: Any) -> str:
    return _text(json.dumps(value, ensure_ascii=False))


# Of these a number is written as it is; whatever has no writer is text.
_WRITERS: dict[str, Callable[[Any], str]] = {
    "BinaryField": _bytes,
    "JSONField": _json,
    "BigAutoField": str,
    "ForeignKey": str,
    "OneToOneField": str,
    "PositiveIntegerField": str,
}


def _written_column(field: Field[Any, Any], values: Sequence[Any]) -> Iterable[Any]:
    """The values of one column as COPY reads them: a whole column is looked at in less time than each."""
    write = _WRITERS.get(field.get_internal_type(), _text)
    if None in values:
        return [r"\N" if value is None else write(value) for value in values]
    if write is _text:
        joined = "".join(values)
        if joined.isprintable() and "\\" not in joined:
            return values  # none of what is special can be in it
    return map(write, values)


def _literal(value: Any, field: Field[Any, Any]) -> str:
    """A constant as COPY reads it."""
    if value is None:
        return r"\N"
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, bytes | memoryview):
        return _bytes(bytes(value))
    if field.get_internal_type() == "JSONField":
        return _json(value.obj if hasattr(value, "obj") else value)
    return _text(str(value))


def _copy(
    model: type[Model],
    fields: Sequence[Field[Any, Any]],
    same: Mapping[str, Any],
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
) -> None:
    by_name = {field.attname: field for field in fields}
    order = [field for field in fields if field.attname not in columns]
    constants = "".join("\t" + _literal(_constant(field, same), field) for field in order)
    varying = [by_name[name] for name in columns]
    line = "\t".join(["%s"] * len(columns)) + constants.replace("%", "%%") + "\n"
    names = [str(by_name[name].column) for name in columns] + [str(field.column) for field in order]
    quoted = ", ".join(connection.ops.quote_name(name) for name in names)
    table = connection.ops.quote_name(model._meta.db_table)
    copy = f"COPY {table} ({quoted}) FROM STDIN"
    rows = iter(rows)
    # Each piece is written before its COPY begins: rows may be read over the same connection meanwhile, which
    # can do one thing at a time.
    while piece := list(islice(rows, _PIECE)):
        written = map(_written_column, varying, zip(*piece, strict=True))
        text = "".join([line % row for row in zip(*written, strict=True)])
        # Wrapped, because Django does not know of COPY: a row that is there already is an IntegrityError.
        with connection.cursor() as cursor, connection.wrap_database_errors, cursor.copy(copy) as stream:
            stream.write(text.encode())


# The rows of a list


class Awarded(NamedTuple):
    """An award that is on record, as far as the rows of a list are concerned with it."""

    request_key: str
    recipient_email: str
    batch_id: int | None
    batch_number: int | None


def awarded_before(organisation_id: int, keys: Iterable[str]) -> list[Awarded]:
    """What this organisation has awarded under some of these keys.

    They go over as one value: a thousand parameters cost more than the answer.
    """
    wanted: Any = list(keys)
    among = "= ANY(%s)"
    if connection.vendor != "postgresql":
        wanted, among = json.dumps(wanted), "IN (SELECT value FROM json_each(%s))"
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT request_key, recipient_email, batch_id, batch_number FROM issuing_credential"  # noqa: S608
            f" WHERE organisation_id = %s AND request_key {among}",
            [organisation_id, wanted],
        )
        return [Awarded(*row) for row in cursor.fetchall()]


def copy_rows(batch: Batch, rows: Iterable[tuple[int, str, Mapping[str, Any]]]) -> None:
    """Write (number, key, values) of accepted lines down, all of them waiting."""
    insert(
        BatchRow,
        same={"batch_id": batch.pk},
        columns=("number", "key", "values"),
        rows=rows,
    )
