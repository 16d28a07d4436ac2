# SPDX-License-Identifier: Apache-2.0
"""What `serve` refuses to start without; each check turns red when its condition is broken."""

import pytest
from django.core import checks
from django.db import connection
from server.tests.conftest import signing_here

from cairn_server.config.checks import SERVE, problem_with_public_url, problem_with_tls
from cairn_server.organisations import keys
from cairn_server.organisations.models import SigningKey

pytestmark = pytest.mark.django_db


@pytest.fixture
def ready(settings, monkeypatch):
    settings.EMAIL_HOST = "mail.example"
    monkeypatch.setenv("DEFAULT_FROM_EMAIL", "badges@cairn.example")


def found():
    return {problem.id for problem in checks.run_checks(tags=[SERVE], include_deployment_checks=True)}


def test_a_complete_installation_may_serve(ready, organisation):
    assert found() == set()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://cairn.example",
        "cairn.example",
        "https://",
        "https://cairn.example/badges",
        "https://user@cairn.example",
        "https://cairn.example?x=1",
        "https://cairn.example:port",
        "https://[",
    ],
)
def test_the_public_address_is_https_and_nothing_more(ready, settings, url):
    settings.PUBLIC_URL = url
    assert found() == {"cairn.E001"}


@pytest.mark.parametrize("url", ["https://cairn.example", "https://cairn.example:8443"])
def test_a_good_address_is_good(url):
    assert problem_with_public_url(url) == ""


def test_without_a_mail_server_nobody_could_sign_in(ready, settings):
    settings.EMAIL_HOST = ""
    assert found() == {"cairn.E002"}


def test_messages_come_from_somewhere(ready, monkeypatch):
    monkeypatch.delenv("DEFAULT_FROM_EMAIL")
    assert found() == {"cairn.E003"}


def test_development_is_not_served(ready, settings):
    settings.DEVELOPMENT = True
    assert found() == {"cairn.E004"}


@pytest.mark.skipif("__import__('django.db').db.connection.vendor != 'postgresql'", reason="about PostgreSQL")
def test_a_database_that_may_forget_is_refused(ready):
    """What a power cut could take back is never confirmed to anybody."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")
    assert found() == {"cairn.E005"}


def test_an_older_schema_is_refused(ready):
    """F12."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'journal' AND name = '0002_append_only'")
    assert found() == {"cairn.E006"}


def test_a_newer_schema_is_refused(ready):
    """F12: old code with a new schema."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('tlog', '9999_new', '2030-01-01')"
        )
    assert found() == {"cairn.E007"}


def test_another_key_encryption_key_is_refused(ready, organisation):
    keys.install(lambda: signing_here(bytes(32)))

    assert found() == {"cairn.E009"}


def test_a_damaged_key_is_refused(ready, organisation):
    """F16."""
    SigningKey.objects.update(sealed=bytes(60))
    assert found() == {"cairn.E009"}


def test_the_conformance_surface_is_not_for_production(ready, settings):
    """N1: its policy lets anybody sign in anybody's name."""
    settings.VC_API = True
    assert found() == {"cairn.E010"}


def test_a_certificate_without_its_key_is_refused(ready, settings):
    settings.TLS_CERT = "/etc/ssl/cairn.pem"
    assert found() == {"cairn.E011"}


def test_files_that_are_no_certificate_are_refused(tmp_path):
    nothing = tmp_path / "nothing.pem"
    nothing.write_text("nothing")

    assert problem_with_tls("", "") == ""
    assert "cannot be used" in problem_with_tls(str(nothing), str(nothing))
    assert "cannot be used" in problem_with_tls(str(tmp_path / "missing"), str(nothing))
