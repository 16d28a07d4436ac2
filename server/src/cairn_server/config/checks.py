# SPDX-License-Identifier: Apache-2.0
"""What must be true before this server may work: system checks, each with what to do about it.

Those tagged ``serve`` are about production: ``cairn-server serve`` asks them, and ``check --deploy``.
"""

from __future__ import annotations

import os
import sqlite3
import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from cairn.errors import CairnError, UnavailableError, UnsupportedError
from cairn_server.config import schemas, trust
from cairn_server.config.sqlite import SAFE_VERSION
from cairn_server.errors import Refusal
from cairn_server.organisations import keys

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.apps import AppConfig

SERVE = "serve"


@register()
def sqlite_is_safe(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    if connection.vendor != "sqlite" or sqlite3.sqlite_version_info >= SAFE_VERSION:
        return []
    return [
        Warning(
            f"SQLite {sqlite3.sqlite_version} can corrupt a database in WAL mode.",
            hint="Install the pysqlite3 package, or an SQLite of 3.51.3 or newer.",
            id="cairn.W001",
        )
    ]


@register(SERVE, deploy=True)
def public_address(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    problem = problem_with_public_url(settings.PUBLIC_URL)
    if not problem:
        return []
    return [
        Error(
            f"PUBLIC_URL {problem}.",
            hint="Set the https address at which people and verifiers will always reach this server.",
            id="cairn.E001",
        )
    ]


def problem_with_public_url(url: str) -> str:
    """Why this cannot be the public address; empty when it can."""
    if not url:
        return "is not set"
    try:
        address = urlsplit(url)
        address.port  # noqa: B018  raises for a port that is none
    except ValueError:
        return f"is {url!r}, which is no address"
    if address.scheme != "https" or not address.hostname:
        return f"is {url!r}; it must begin with https://"
    if address.path or address.query or address.fragment or "@" in address.netloc:
        return f"is {url!r}; it is scheme and host alone, with nothing after them"
    return ""


@register(SERVE, deploy=True)
def mail(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    if not settings.EMAIL_HOST:
        found.append(
            Error(
                "EMAIL_HOST is not set.",
                hint="Nobody can sign in without e-mail: set the mail server's name.",
                id="cairn.E002",
            )
        )
    if not os.environ.get("DEFAULT_FROM_EMAIL") and not os.environ.get("DEFAULT_FROM_EMAIL_FILE"):
        found.append(
            Error(
                "DEFAULT_FROM_EMAIL is not set.",
                hint="Set the address that messages come from, one that may answer for your domain.",
                id="cairn.E003",
            )
        )
    return found


@register(SERVE, deploy=True)
def production(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    if not settings.DEVELOPMENT:
        return []
    return [
        Error(
            "DEVELOPMENT is on.",
            hint="It prints sign-in links and shows everybody's mail. Take it out of the environment.",
            id="cairn.E004",
        )
    ]


@register(SERVE, deploy=True)
def no_conformance_surface(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Its policy lets anybody sign in anybody's name (N1)."""
    if not settings.VC_API:
        return []
    return [
        Error(
            "CAIRN_VC_API is on.",
            hint="It signs and verifies for test suites, under rules that protect nobody. Take it out.",
            id="cairn.E010",
        )
    ]


@register()
def trust_lists_open(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Without a network: whether a signed list's publisher answers is for the moment it is used."""
    try:
        trust.open_lists(settings.TRUST_LISTS, trust.Nowhere(), at=timezone.now())
    except (OSError, CairnError) as error:
        return [
            Error(
                f"A list of CAIRN_TRUST_LISTS cannot be used: {error}",
                hint="Mend the file, or take it out of CAIRN_TRUST_LISTS.",
                id="cairn.E012",
            )
        ]
    return []


@register()
def schemas_open(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    if not settings.SCHEMAS:
        return []
    try:
        schemas.read(Path(settings.SCHEMAS))
    except UnsupportedError as error:
        return [Error(f"CAIRN_SCHEMAS is set. {error.message}", id="cairn.E013")]
    except (OSError, CairnError) as error:
        return [
            Error(
                f"The schemas of CAIRN_SCHEMAS cannot be used: {error}",
                hint="Mend the file, or take it out of the folder; SHA256SUMS has to name all that are left.",
                id="cairn.E013",
            )
        ]
    return []


@register(SERVE, deploy=True)
def certificate_has_its_key(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    problem = problem_with_tls(settings.TLS_CERT, settings.TLS_KEY)
    if not problem:
        return []
    return [
        Error(
            problem,
            hint="Give the files of a certificate chain and of its key, both in PEM, or neither.",
            id="cairn.E011",
        )
    ]


def problem_with_tls(certificate: str, key: str) -> str:
    """Why TLS cannot be spoken with these two files; empty when it can, or when neither is given."""
    if not certificate and not key:
        return ""
    if not certificate or not key:
        return "TLS_CERT and TLS_KEY go together: one is set and the other is not."
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(certificate, key)
    except OSError as error:  # of which SSLError is one
        return f"TLS_CERT and TLS_KEY cannot be used: {error.strerror or error}."
    return ""


@register(SERVE, deploy=True)
def database_keeps_what_it_confirms(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Never issue on storage that may forget: a power cut would take back what somebody already holds."""
    if connection.vendor != "postgresql":
        return []
    found: list[CheckMessage] = []
    with connection.cursor() as cursor:
        for name in ("fsync", "full_page_writes", "synchronous_commit"):
            cursor.execute(f"SHOW {name}")
            value = cursor.fetchone()[0]
            if value == "off":
                found.append(
                    Error(
                        f"PostgreSQL runs with {name} = off.",
                        hint="A power cut could take back what was signed. Set it to on.",
                        id="cairn.E005",
                    )
                )
    return found


@register(SERVE, deploy=True)
def watermark_is_apart(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """What restores the database must not restore the memory of what it gave out."""
    if not settings.WATERMARK_URL:
        return []
    (servers, name), (others, other) = _place(settings.WATERMARK_URL), _place(settings.DATABASE_URL)
    if name != other or not servers & others:
        return []
    return [
        Error(
            "WATERMARK_URL names the database that it is to guard.",
            hint="Give it a PostgreSQL database of its own, which is not restored with the other one.",
            id="cairn.E014",
        )
    ]


def _place(url: str) -> tuple[frozenset[str], str]:
    """The servers, of which there may be several with commas between them, and the name of the database."""
    parts = urlsplit(url)
    servers = parts.netloc.rpartition("@")[2].lower().split(",")
    last = servers[-1].partition(":")[2] or "5432"
    return frozenset(each if ":" in each else f"{each}:{last}" for each in servers), parts.path.strip("/")


@register(SERVE, deploy=True)
def schema_is_current(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Old code on a new schema is as wrong as the reverse (F12)."""
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        return [
            Error(
                "The database has an older schema than this program.",
                hint="Make a backup with the program that made it, then run: cairn-server migrate",
                id="cairn.E006",
            )
        ]
    ours = {app.label for app in _our_apps()}
    loader = executor.loader
    # What one migration replaces stays on record beside it.
    replaced = {name for migration in loader.replacements.values() for name in migration.replaces}
    unknown = [
        f"{app}.{name}"
        for app, name in loader.applied_migrations
        if app in ours and (app, name) not in loader.graph.nodes and (app, name) not in replaced
    ]
    if unknown:
        return [
            Error(
                f"The database has a newer schema than this program: {', '.join(sorted(unknown))}.",
                hint="Run the version of the program that made it, or a newer one.",
                id="cairn.E007",
            )
        ]
    return []


class SchemaDiffers(Refusal):
    """The database is not as this program knows it, so what it would read or write has no meaning."""


def require_current_schema() -> None:
    """For commands that are about the content of the database; asked before they touch it."""
    for problem in schema_is_current(None):
        raise SchemaDiffers("schema-differs", f"{problem.msg} {problem.hint}")


@register(SERVE, deploy=True)
def keys_open(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Known-answer test of every active key: each opens, and signs as its public half expects."""
    if schema_is_current(None):
        return []  # said elsewhere, and there may be no table of keys yet
    try:
        broken = keys.open_everything()
    except UnavailableError as error:
        return [
            Error(
                f"The keys cannot be opened: {error.message}.",
                hint="Look at what the signer said. It needs the key encryption key that this installation"
                " was started with.",
                id="cairn.E008",
            )
        ]
    return [
        Error(
            f"The key {name} does not open.",
            hint="It is damaged, sealed with another key encryption key, or its keeper does not answer.",
            id="cairn.E009",
        )
        for name in broken
    ]


def _our_apps() -> list[AppConfig]:
    from django.apps import apps

    return [app for app in apps.get_app_configs() if app.name.startswith("cairn_server.")]
