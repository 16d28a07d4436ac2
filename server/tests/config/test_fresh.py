"""An empty database is given today's tables at once: they have to be those that the migrations lead to."""

from __future__ import annotations

import re

import pytest
from django.core.management import call_command
from django.db import connection, connections, migrations

from cairn_server.config import fresh

pytestmark = pytest.mark.skipif(connection.vendor != "sqlite", reason="on PostgreSQL every step is gone")

# Every statement has one row for each thing, said in full.
TABLES = (
    """SELECT 'column', m.name, c.name, c.type, c."notnull", c.dflt_value, c.pk
       FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'""",
    """SELECT 'key', m.name, k."from", k."table", k."to", k.on_delete
       FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) k WHERE m.type = 'table'""",
    "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE type != 'table'",
)
ROWS = (
    "SELECT 'migration', app, name FROM django_migrations",
    "SELECT 'kind', app_label, model FROM django_content_type",
    "SELECT 'right', codename, name FROM auth_permission",
)


@pytest.fixture
def another(tmp_path, django_db_setup, django_db_blocker, monkeypatch):
    """Makes the name of another, empty database."""
    made = []

    def make(name):
        settings = {**connections["default"].settings_dict, "NAME": str(tmp_path / name)}
        monkeypatch.setitem(connections.settings, name, settings)
        made.append(name)
        return name

    with django_db_blocker.unblock():
        yield make
        for name in made:
            connections[name].close()
            del connections[name]


def contents(name):
    found = set()
    with connections[name].cursor() as cursor:
        for statement in (*TABLES, *ROWS):
            cursor.execute(statement)
            rows = {tuple(map(str, row)) for row in cursor.fetchall()}
            assert rows, statement
            # What SQLite names by itself has numbers in the order of the statements.
            found |= {row for row in rows if "sqlite_" not in row[1]}
    return {tuple(re.sub(r"\s+", " ", each) for each in row) for row in found}


def test_all_at_once_is_what_all_steps_lead_to(another, monkeypatch):
    call_command("migrate", database=another("at_once"), verbosity=0)
    at_once = contents("at_once")
    monkeypatch.setattr(fresh, "is_empty", lambda _connection: False)
    call_command("migrate", database=another("by_steps"), verbosity=0)

    assert at_once == contents("by_steps")
    assert any("achievement_version_frozen" in word for row in at_once for word in row)


def test_what_is_not_empty_is_led_through_every_step(another, monkeypatch):
    name = another("used")
    with connections[name].cursor() as cursor:
        cursor.execute("CREATE TABLE of_somebody_else (id integer)")
    asked = []
    monkeypatch.setattr(fresh, "lay_out", asked.append)

    call_command("migrate", "accounts", "0001", database=name, verbosity=0)
    assert not fresh.is_empty(connections[name])
    assert asked == []


def test_when_something_fails_nothing_is_there(another, monkeypatch):
    """F12: half a schema would be taken for an older one at the next start."""

    def fails(apps, schema_editor):
        raise RuntimeError("the power is gone")

    name = another("half")
    loaded = fresh.MigrationLoader(connections[name])
    *_, last = [each for each in fresh._in_order(loaded) if each[0] == "webhooks"]
    migration = loaded.graph.nodes[last]
    monkeypatch.setattr(migration, "operations", [migrations.RunPython(fails)])
    monkeypatch.setattr(fresh, "MigrationLoader", lambda _connection: loaded)

    with pytest.raises(RuntimeError, match="the power is gone"):
        fresh.lay_out(connections[name])

    assert fresh.is_empty(connections[name])
