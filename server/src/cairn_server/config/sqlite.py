# SPDX-License-Identifier: Apache-2.0
"""Make sure that the SQLite under us keeps what it was given.

SQLite 3.7.0 to 3.51.2 can corrupt a database in WAL mode when two connections are open, which a web
process with a background thread always has. The pysqlite3 package carries a newer one, so it takes the
place of the standard module before Django imports that.
"""

from __future__ import annotations

import sys

SAFE_VERSION = (3, 51, 3)


def use_safe_sqlite() -> None:
    """Swap the module if the standard one is too old. Call before anything imports ``django.db``."""
    import sqlite3

    if sqlite3.sqlite_version_info >= SAFE_VERSION:
        return
    try:
        import pysqlite3
        import pysqlite3.dbapi2
    except ImportError:
        return  # config.checks says so at start, with the version and the consequence
    sys.modules["sqlite3"] = pysqlite3
    sys.modules["sqlite3.dbapi2"] = pysqlite3.dbapi2
