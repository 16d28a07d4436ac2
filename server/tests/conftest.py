# SPDX-License-Identifier: Apache-2.0
"""The world of the server's tests: a cast of people, two organisations, two days, and no network.

    owner, issuer, reviewer, auditor   members of ``organisation``, each with that one role
    learner                            has an account and belongs to nothing
    outsider                           owns ``elsewhere``, another organisation with a key of its own

Everybody has a verified address. Constants: ``from server.tests.conftest import MONDAY``.
"""

from __future__ import annotations

import ipaddress
import os
import socket
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings as django_settings
from django.core.cache import cache
from django.db import connection
from django.test import Client, TransactionTestCase
from django.utils import translation
from xdist.scheduler import LoadScopeScheduling

from cairn_server import refusals
from cairn_server.accounts.models import Person
from cairn_server.config import signer
from cairn_server.earning.frozen import RULES as PROMISES
from cairn_server.issuing import append_only as standing_history
from cairn_server.journal import append_only
from cairn_server.organisations import keys, services, watermark
from cairn_server.organisations.installation import install_address, remember_installation
from cairn_server.organisations.models import Installation, Membership, Organisation
from cairn_server.organisations.roles import Role

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from pathlib import Path

    from cairn_server.organisations.keys.service import SigningService

MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
TUESDAY = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
PUBLIC_URL = "https://cairn.example"
# 15 characters and more, and nothing that the block-list knows.
PASSWORD = "seven grey herons on a wall"
KEK = bytes(range(32))

# The settings of this suite: what an operator would have set, and nothing that switches a guard off.
django_settings.PUBLIC_URL = PUBLIC_URL
django_settings.OPEN_FOUNDING = True
django_settings.SECURITY_CONTACT = f"{PUBLIC_URL}/imprint"
django_settings.ALLOWED_HOSTS = ["cairn.example"]
django_settings.CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
django_settings.DEFAULT_FROM_EMAIL = "Cairn <no-reply@cairn.example>"
# The real hasher is slow on purpose; how slow is Django's business and not tested here.
django_settings.PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.MD5PasswordHasher",
    "cairn_server.portability.oauth.RandomSecretHasher",
]


def signing_here(kek: bytes = KEK, **changes: Any) -> SigningService:
    """What the signer process runs, in this one: it asks all the same questions, of this test's database."""
    # The days of this suite, so that no key grows too old while the years go by.
    return signer.service(keys.KeyStore(kek), clock=lambda: TUESDAY, **changes)


SIGNING = signing_here()
keys.install(lambda: SIGNING)


# The network


class Together(LoadScopeScheduling):  # type: ignore[misc]
    """Give tests out one by one, and those that share something dear to start to one worker.

    Largest first: the pages on the one, the journeys in a browser on the other. The marks for it that come
    with xdist say nothing to the pytest that we use.
    """

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        if "/browser/" in path:
            return path if path.endswith("/test_every_page.py") else "browser"
        return path if "/journeys/" in path else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Together:
    return Together(config, log)


@pytest.fixture(scope="session", autouse=True)
def only_loopback() -> Iterator[None]:
    """No test reaches the world: a connection to anything but loopback is a failure of the test."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            host = address[0]
            try:
                allowed = ipaddress.ip_address(host).is_loopback
            except ValueError:
                allowed = host == "localhost"
            if not allowed:
                raise AssertionError(f"a test tried to connect to {address!r}")
        connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded)
        yield


# The database


@pytest.fixture(scope="session", autouse=True)
def journal_can_be_emptied_between_tests() -> Iterator[None]:
    """Tests with real transactions delete all rows afterwards; triggers that keep history would refuse."""
    flush = TransactionTestCase._fixture_teardown

    def without_triggers(self: TransactionTestCase) -> None:
        for module in (append_only, standing_history):
            module.drop(connection)
        refusals.drop(connection, PROMISES)
        flush(self)
        for module in (append_only, standing_history):
            module.create(connection)
        refusals.create(connection, PROMISES)

    with pytest.MonkeyPatch.context() as patch:
        # TestCase, which only rolls back, has its own teardown and does not come here.
        patch.setattr(TransactionTestCase, "_fixture_teardown", without_triggers)
        yield


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    tmp_path_factory: pytest.TempPathFactory, django_db_modify_db_settings_parallel_suffix: None
) -> None:
    """SQLite in a file, as in production: in memory there is no WAL, and threads share one connection."""
    if connection.vendor == "sqlite":
        connection.settings_dict["TEST"]["NAME"] = str(tmp_path_factory.mktemp("db") / "test.sqlite3")


@pytest.fixture(autouse=True)
def speaks_english() -> Iterator[None]:
    """A request leaves its language with the thread, and the next test asks for English words."""
    yield
    translation.deactivate()


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, settings: Any) -> Path:
    """A data folder of its own for each test: mail files, key files and the watermark."""
    settings.DATA_DIR = tmp_path
    settings.EMAIL_FILE_PATH = tmp_path / "mail"
    settings.WATERMARK_PATH = tmp_path / "watermark.sqlite3"
    settings.SIGNER_SOCKET = str(tmp_path / "signer.sock")
    watermark.install(watermark.FileWatermark(settings.WATERMARK_PATH))
    return tmp_path


@pytest.fixture(autouse=True)
def signs_here() -> Iterator[None]:
    """A test that installs another signer does so for itself; and no key stays open for the next one."""
    global SIGNING
    SIGNING = signing_here()
    # A process has one key encryption key for its life; these tests have one each.
    signer.key_store.cache_clear()
    yield
    keys.install(lambda: SIGNING)


@pytest.fixture(autouse=True)
def not_started() -> Iterator[None]:
    """A test that starts a server installs its address for the whole process; the next one has no server."""
    yield
    install_address("")


@pytest.fixture(autouse=True)
def nothing_cached() -> Iterator[None]:
    """Attempts are counted in the cache, and verdicts kept: no test lives with those of another."""
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def installation(db: None) -> Installation:
    return remember_installation(public_url=PUBLIC_URL, at=MONDAY)


# The cast


@pytest.fixture
def person(db: None) -> Callable[..., Person]:
    """Make somebody with a verified address: ``person("Ada")`` reads ada@people.example."""

    def make(name: str, *, email: str = "", password: str | None = None) -> Person:
        made = Person.objects.create_user(
            email or f"{name.lower()}@people.example", password=password, name=name
        )
        EmailAddress.objects.create(user=made, email=made.email, verified=True, primary=True)
        return made

    return make


@pytest.fixture
def owner(person: Callable[..., Person]) -> Person:
    return person("Olga", password=PASSWORD)


@pytest.fixture
def organisation(installation: Installation, owner: Person) -> Organisation:
    """Olga's organisation. It asks for no second factor, and she alone decides about its keys, so that tests
    of other things need neither."""
    made = services.create_organisation(
        open_to_all=True,
        by=owner,
        name="Lakeside College",
        description="Evening courses by the lake.",
        url="https://lakeside.example",
        email="badges@lakeside.example",
        requires_second_factor=False,
        at=MONDAY,
    )
    made.one_person_keys = True
    made.save(update_fields=["one_person_keys"])
    return made


@pytest.fixture
def member(person: Callable[..., Person], organisation: Organisation) -> Callable[..., Person]:
    """Make somebody with these roles in ``organisation``."""

    def make(name: str, *roles: Role) -> Person:
        made = person(name)
        for role in roles:
            Membership.objects.create(organisation=organisation, person=made, role=role, since=MONDAY)
        return made

    return make


@pytest.fixture
def issuer(member: Callable[..., Person]) -> Person:
    return member("Ines", Role.ISSUER)


@pytest.fixture
def reviewer(member: Callable[..., Person]) -> Person:
    return member("Remi", Role.REVIEWER)


@pytest.fixture
def auditor(member: Callable[..., Person]) -> Person:
    return member("Aude", Role.AUDITOR)


@pytest.fixture
def learner(person: Callable[..., Person]) -> Person:
    return person("Lena")


@pytest.fixture
def outsider(person: Callable[..., Person]) -> Person:
    """Somebody with every right, elsewhere. Makes ``elsewhere`` too, so a leak has something to leak."""
    made = person("Otto")
    services.create_organisation(
        open_to_all=True, by=made, name="Elsewhere Academy", requires_second_factor=False, at=MONDAY
    )
    return made


@pytest.fixture
def elsewhere(installation: Installation, outsider: Person) -> Organisation:
    return Organisation.objects.get(memberships__person=outsider)


@pytest.fixture
def signed_in() -> Callable[[Person], Client]:
    """A browser in which this person is signed in, at the public address."""

    def make(who: Person) -> Client:
        client = Client(headers={"host": "cairn.example"})
        client.force_login(who, backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    return make


# What runs where


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What touches no database has been run on SQLite; on PostgreSQL it would be the same test again."""
    if connection.vendor == "postgresql":
        again = [item for item in items if not touches_the_database(item)]
        config.hook.pytest_deselected(items=again)
        items[:] = [item for item in items if touches_the_database(item)]


def touches_the_database(item: pytest.Item) -> bool:
    asked = {"db", "transactional_db", "live_server"} & set(getattr(item, "fixturenames", ()))
    return bool(asked) or item.get_closest_marker("django_db") is not None


# What must not be skipped

REQUIRED = os.environ.get("CAIRN_REQUIRE", "").split(",")
NEEDS = {"browser": "chromium", "node": "node", "softhsm": "softhsm"}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where CAIRN_REQUIRE names a program, a test that skips for want of it has failed."""
    report = yield
    if report.skipped and any(item.get_closest_marker(mark) and NEEDS[mark] in REQUIRED for mark in NEEDS):
        report.outcome = "failed"
    return report
