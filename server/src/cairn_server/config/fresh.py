# SPDX-License-Identifier: Apache-2.0
"""An empty database of SQLite gets today's tables at once.

Migrations tell how an older database becomes one of today. To tell it of an empty one, Django looks at all
tables again for each of a hundred steps, which is most of a first start. So the tables are made from the
models here, what migrations add beside them (triggers, indexes of words) is asked of the migrations, and all
of them are put on record as done. A test compares what both ways make. On PostgreSQL the queue of work has
tables that no model tells of, so there every step is gone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from django.apps import apps
from django.core.management.sql import emit_post_migrate_signal
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import RunPython
from django.db.migrations.recorder import MigrationRecorder

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.migrations.state import StateApps


def is_empty(connection: BaseDatabaseWrapper) -> bool:
    """Whether it is one of SQLite, and has no table at all, of whomever."""
    return connection.vendor == "sqlite" and not connection.introspection.table_names()


def lay_out(connection: BaseDatabaseWrapper) -> None:
    """All of it or nothing, in an empty database."""
    loader = MigrationLoader(connection)
    with connection.schema_editor(atomic=True) as editor:
        for config in apps.get_app_configs():
            for model in config.get_models():
                if config.label in loader.migrated_apps and model._meta.can_migrate(connection):
                    editor.create_model(model)
        recorder = MigrationRecorder(connection)
        recorder.ensure_schema()
        for key in _in_order(loader):
            migration = loader.graph.nodes[key]
            for operation in migration.operations:
                # Of others there is nothing but work on rows, and there are none.
                if isinstance(operation, RunPython) and type(migration).__module__.startswith(
                    "cairn_server."
                ):
                    operation.code(cast("StateApps", apps), editor)
            for app, name in (key, *migration.replaces):
                recorder.record_applied(app, name)
    emit_post_migrate_signal(verbosity=0, interactive=False, db=connection.alias)


def _in_order(loader: MigrationLoader) -> list[tuple[str, str]]:
    ordered: dict[tuple[str, str], None] = {}
    for leaf in loader.graph.leaf_nodes():
        ordered |= dict.fromkeys(loader.graph.forwards_plan(leaf))
    return list(ordered)
