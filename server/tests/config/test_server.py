# SPDX-License-Identifier: Apache-2.0
"""`cairn-server run` and `serve` as an operator meets them: real processes on loopback."""

import json
import os
import re
import secrets
import shutil
import signal
import socket
import ssl
import stat
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from cairn_server.config.development import LIFETIME_SECONDS
from cairn_server.config.server import PortTaken, require_free_port

READY_WITHIN = 90


@pytest.fixture
def port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def environment(tmp_path, port):
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    given = inherited | {"DATA_DIR": str(tmp_path / "var"), "PORT": str(port)}
    if "DATABASE_URL" not in os.environ:
        yield given
        return
    server, name = os.environ["DATABASE_URL"], f"cairn_{secrets.token_hex(6)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield given | {"DATABASE_URL": f"{server.rpartition('/')[0]}/{name}"}
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def running(command, environment, until, log: Path):
    """The process, once it has printed the line ``until``; stopped by SIGTERM at the end."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "cairn_server", command],
            env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    deadline = time.monotonic() + READY_WITHIN
    try:
        while not re.search(until, log.read_text(), re.MULTILINE):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        yield process
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)


def get(port, path, **headers):
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        return response.status, dict(response.getheaders()), response.read()
    finally:
        connection.close()


def ask(command, environment, cwd=None):
    return subprocess.run(
        [sys.executable, "-m", "cairn_server", *command], cwd=cwd,
        env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def lines(log):
    words = [line.split() for line in log.read_text().splitlines() if line]
    return {
        "ready": [line[1] for line in words if line[0] == "ready"],
        "owner": [line[1:] for line in words if line[0] == "owner"],
        "credential": [line[1] for line in words if line[0] == "credential"],
    }


def test_a_taken_port_is_said_clearly():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(PortTaken, match="in use"):
            require_free_port("127.0.0.1", other.getsockname()[1])


def test_the_newcomer_s_first_and_second_start(environment, port, tmp_path):
    """One command; then again, with everything still there."""
    log = tmp_path / "first.log"
    with running("run", environment, r"^credential .*\n(?=\Z)", log):
        time.sleep(0.3)
        told = lines(log)
        url = f"http://127.0.0.1:{port}"
        assert told["ready"] == [url]
        assert len(told["credential"]) >= 3
        (email, link) = told["owner"][0]
        assert "@" in email
        assert f"cairn verify --allow {url} FILE" in log.read_text()
        status, headers, _ = get(port, urlsplit(link).path)
        assert (status, headers["Location"]) == (302, "/organisations/")
        # The link works once.
        assert get(port, urlsplit(link).path)[0] == 404
        status, headers, _ = get(port, urlsplit(told["credential"][0]).path, Accept="application/vc")
        assert (status, headers["Content-Type"]) == (200, "application/vc")
        # What is for people stands before what is for scripts, and is true.
        people, _, machines = log.read_text().partition("\nready ")
        assert "owner of the demonstration organisation" in people
        assert f"works once, within {LIFETIME_SECONDS // 60} minutes" in people
        assert {line.split()[0] for line in machines.splitlines()[1:]} == {"owner", "credential"}
        typed = re.search(r"credential with: (\S+) verify", people)[1]
        assert shutil.which(typed), typed
        # A second one on the same folder is told who has it, whatever its port.
        beside = ask(["run"], environment | {"PORT": str(port - 1)})
        assert beside.returncode == 1
        assert re.match(rf"Another cairn-server \(process \d+, {url}\)", beside.stderr)
        assert f"DATA_DIR={environment['DATA_DIR']}-2 PORT={port}" in beside.stderr
        assert "Traceback" not in beside.stderr
        # A second one on the same port says so, in one sentence.
        second = ask(["run"], environment | {"DATA_DIR": str(tmp_path / "other")})
        assert second.returncode == 1
        assert re.match(rf"Port {port} .* in use", second.stderr)
        assert f"PORT={port + 1} " in second.stderr
        assert f"DATA_DIR={tmp_path / 'other'}-2" in second.stderr
        assert "Traceback" not in second.stderr

    log = tmp_path / "second.log"
    began = time.monotonic()
    with running("run", environment, r"^credential .*\n(?=\Z)", log) as process:
        assert time.monotonic() - began < 15  # under five seconds on a machine of its own
        assert lines(log)["credential"] == told["credential"]
        assert lines(log)["owner"][0][1] != link
        # Pulled out: nothing acknowledged is lost, and the next start is an ordinary one.
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)

    log = tmp_path / "third.log"
    with running("run", environment, r"^credential .*\n(?=\Z)", log):
        assert lines(log)["credential"] == told["credential"]
        assert "restored copy" not in log.read_text()


@pytest.fixture
def certificate(tmp_path):
    """A certificate for localhost that vouches for itself, and the file of its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    names = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    (tmp_path / "tls.crt").write_bytes(made.public_bytes(pem))
    (tmp_path / "tls.key").write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    return tmp_path / "tls.crt", tmp_path / "tls.key"


def test_with_a_certificate_it_speaks_tls_and_shows_suites_the_way(environment, port, tmp_path, certificate):
    """``TLS_CERT= TLS_KEY= CAIRN_VC_API=1 cairn-server run``: what a W3C suite is pointed at."""
    trusted = ssl.create_default_context(cafile=certificate[0])
    tls = {"TLS_CERT": str(certificate[0]), "TLS_KEY": str(certificate[1]), "CAIRN_VC_API": "1"}
    url = f"https://localhost:{port}"

    def fetch(path, data=None):
        headers = {"Content-Type": "application/json"}
        connection = HTTPSConnection("localhost", port, timeout=20, context=trusted)
        try:
            connection.request("GET" if data is None else "POST", path, data, headers)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    with running("run", environment | tls, rf"^ready {url}$", tmp_path / "tls.log"):
        assert fetch("/healthz")[0] == 200
        # A credential of the demonstration, by a did:web of this very address, judged by this server.
        status, index = fetch("/vc-api")
        issuers = {tag: issuer for issuer in json.loads(index)["issuers"] for tag in issuer["tags"]}
        assert status == 200
        credential = {
            "@context": ["https://www.w3.org/ns/credentials/v2"],
            "type": ["VerifiableCredential"],
            "issuer": issuers["BitstringStatusList"]["id"],
            "credentialSubject": {"id": "did:example:subject"},
        }
        there = urlsplit(issuers["BitstringStatusList"]["endpoint"])
        assert f"{there.scheme}://{there.netloc}" == url
        status, answer = fetch(there.path, json.dumps({"credential": credential}))
        assert status == 201
        # The list at its https address is asked for and found.
        secured = json.loads(answer)["verifiableCredential"]
        assert secured["credentialStatus"]["statusListCredential"].startswith(url)
        body = {"verifiableCredential": secured, "options": {"checks": ["proof", "credentialStatus"]}}
        assert fetch("/vc-api/credentials/verify", json.dumps(body))[0] == 200
        # Nobody is served in the clear.
        with pytest.raises((OSError, HTTPException)):
            get(port, "/healthz")


@pytest.mark.parametrize("missing", ["TLS_CERT", "TLS_KEY", "both are no certificate"])
def test_half_a_certificate_is_refused(environment, certificate, missing):
    tls = {"TLS_CERT": str(certificate[0]), "TLS_KEY": str(certificate[1])}
    tls.pop(missing, None)
    if len(tls) == 2:
        tls["TLS_CERT"] = tls["TLS_KEY"]

    told = ask(["run"], environment | tls)

    assert told.returncode == 1
    assert "TLS_CERT and TLS_KEY" in told.stderr
    assert "Traceback" not in told.stderr


def test_production_refuses_to_start_without_what_it_needs(environment):
    answer = ask(["serve"], environment)

    assert answer.returncode == 1
    for missing in ("PUBLIC_URL", "EMAIL_HOST", "DEFAULT_FROM_EMAIL", "cairn-server migrate"):
        assert missing in answer.stderr
    assert "Traceback" not in answer.stderr


def test_production_serves_and_prints_no_link(environment, port, tmp_path):
    environment |= {
        "PUBLIC_URL": "https://cairn.example",
        "EMAIL_HOST": "127.0.0.1",
        "DEFAULT_FROM_EMAIL": "badges@cairn.example",
    }
    assert ask(["migrate", "--verbosity", "0"], environment).returncode == 0
    log = tmp_path / "serve.log"

    with running("serve", environment, r"^ready ", log):
        status, headers, body = get(port, "/", Host="cairn.example")
        assert status == 200
        assert "Strict-Transport-Security" in headers
        style = re.search(rb'href="(/static/css/base\.[0-9a-f]{12}\.css)"', body)[1].decode()
        status, headers, _ = get(port, style, Host="cairn.example")
        assert (status, "immutable" in headers["Cache-Control"]) == (200, True)
        assert get(port, "/", Host="evil.example")[0] == 400
        assert get(port, "/dev/mail/", Host="cairn.example")[0] == 404
        assert get(port, "/development/sign-in/x", Host="cairn.example")[0] == 404
    assert not lines(log)["owner"]
    assert not lines(log)["credential"]


# Each with what it says where there are no tables.
COMMANDS_ABOUT_CONTENT = (
    (["backup", "x.cairn"], "older schema"),
    (["restore", "x.cairn"], "older schema"),
    (["confirm-restore"], "older schema"),
    (["journal-verify"], "cannot be read"),
    (["rotate-kek"], "older schema"),
)


def test_on_a_database_without_tables_the_commands_say_so(environment, tmp_path):
    environment |= {"COLUMNS": "200"}

    for command, says in COMMANDS_ABOUT_CONTENT:
        answer = ask(command, environment, cwd=tmp_path)

        assert answer.returncode == 1, command
        assert answer.stderr.startswith("CommandError: The "), answer.stderr
        assert says in answer.stderr, answer.stderr
        assert "Traceback" not in answer.stderr
    assert not (tmp_path / "x.cairn").exists()
    assert not (tmp_path / "var/keys/kek.new").exists()


def test_a_server_that_was_never_started_has_nothing_to_confirm_or_to_give_back(environment, tmp_path):
    """Tables, and not a row in them."""
    assert ask(["migrate", "--verbosity", "0"], environment).returncode == 0
    assert ask(["backup", "x.cairn"], environment, cwd=tmp_path).returncode == 0

    confirmed = ask(["confirm-restore"], environment)
    restored = ask(["restore", "x.cairn"], environment, cwd=tmp_path)

    assert (confirmed.returncode, restored.returncode) == (1, 1)
    assert "nothing to confirm" in confirmed.stderr
    assert "never started" in restored.stderr
    assert "Traceback" not in confirmed.stderr + restored.stderr


@pytest.mark.skipif("DATABASE_URL" in os.environ, reason="this is about the file of SQLite")
def test_what_is_made_is_for_its_owner_alone_whatever_the_umask(environment, tmp_path):
    before = os.umask(0)
    try:
        with running("run", environment, r"^ready ", tmp_path / "run.log"):
            var = tmp_path / "var"
            modes = {
                path.relative_to(tmp_path).as_posix(): stat.S_IMODE(path.stat().st_mode)
                for path in (var, var / "keys", *var.glob("*.sqlite3*"), *var.glob("keys/*"))
            }
    finally:
        os.umask(before)

    assert modes.pop("var") == modes.pop("var/keys") == 0o700
    assert {"var/cairn.sqlite3", "var/cairn.sqlite3-wal", "var/watermark.sqlite3"} < set(modes)
    assert set(modes.values()) == {0o600}


def test_run_is_not_for_production(environment):
    answer = ask(["run"], environment | {"DEVELOPMENT": "no"})

    assert answer.returncode == 1
    assert "serve" in answer.stderr


def test_without_a_command_it_lists_what_there_is(environment):
    answer = ask([], environment)

    assert answer.returncode == 0
    for command in ("run", "serve", "migrate", "backup", "restore", "confirm-restore", "journal-verify"):
        assert f"\n  {command} " in answer.stdout


def test_a_bad_setting_is_named_with_its_documentation(environment):
    answer = ask(["check"], environment | {"PORT": "eighty"})

    assert answer.returncode == 1
    assert "PORT" in answer.stderr
    assert "docs/reference/settings.md" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_an_open_secret_file_is_refused(environment, tmp_path):
    ask(["check"], environment)
    (tmp_path / "var" / "keys" / "secret-key").chmod(0o644)

    answer = ask(["check"], environment)

    assert answer.returncode == 1
    assert "chmod 600" in answer.stderr
