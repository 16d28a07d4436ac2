# SPDX-License-Identifier: Apache-2.0
"""The index of the catalogue's words, in what each database has for that.

SQLite built without FTS5 does without: the catalogue then looks for substrings. A later migration that rebuilds
the table on SQLite drops the triggers with it and has to make them again; a test looks for them.
"""

from django.db import migrations

ENTRY, WORDS = "achievements_catalogueentry", "achievements_catalogue_words"

CREATE_SQLITE = (
    f"CREATE VIRTUAL TABLE {WORDS} USING fts5(words, content='{ENTRY}', content_rowid='achievement_id',"
    " tokenize='unicode61 remove_diacritics 2', prefix='2 3')",
    f"CREATE TRIGGER {WORDS}_in AFTER INSERT ON {ENTRY} BEGIN"
    f" INSERT INTO {WORDS}(rowid, words) VALUES (new.achievement_id, new.words); END",
    f"CREATE TRIGGER {WORDS}_out AFTER DELETE ON {ENTRY} BEGIN"
    f" INSERT INTO {WORDS}({WORDS}, rowid, words) VALUES ('delete', old.achievement_id, old.words); END",
    f"CREATE TRIGGER {WORDS}_new AFTER UPDATE OF words ON {ENTRY} BEGIN"
    f" INSERT INTO {WORDS}({WORDS}, rowid, words) VALUES ('delete', old.achievement_id, old.words);"
    f" INSERT INTO {WORDS}(rowid, words) VALUES (new.achievement_id, new.words); END",
)
CREATE_POSTGRESQL = (
    f"CREATE INDEX {WORDS} ON {ENTRY} USING gin (to_tsvector('simple', words))",
)


def forwards(apps, schema_editor):
    connection = schema_editor.connection
    statements = CREATE_POSTGRESQL
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("SELECT sqlite_compileoption_used('ENABLE_FTS5')")
            statements = CREATE_SQLITE if cursor.fetchone()[0] else ()
    for statement in statements:
        # Not as a template: there are percent signs and quotes of SQL in it.
        schema_editor.execute(statement, params=None)


def backwards(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"DROP INDEX IF EXISTS {WORDS}")
        return
    for name in ("in", "out", "new"):
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {WORDS}_{name}")
    schema_editor.execute(f"DROP TABLE IF EXISTS {WORDS}")


class Migration(migrations.Migration):
    replaces = [("achievements", "0005_catalogue_words")]
    dependencies = [("achievements", "0002_frozen")]

    operations = [migrations.RunPython(forwards, backwards)]
