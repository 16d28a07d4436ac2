# SPDX-License-Identifier: Apache-2.0
"""What arrives in part, or not in time, is not acted on."""

from __future__ import annotations

import io
import socket
import threading
from dataclasses import dataclass
from types import SimpleNamespace

import pytest
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.http import UnreadablePostError
from gunicorn.config import Config
from gunicorn.workers.gthread import ThreadWorker

from cairn_server.config.arrival import WholeBody, Worker, whole

# Bodies


def test_a_whole_body_is_read_as_it_is():
    lines = WholeBody(io.BytesIO(b"one\ntwo\nthe next request"), 8)

    assert [lines.readline(), lines.readline(), lines.readline()] == [b"one\n", b"two\n", b""]
    assert WholeBody(io.BytesIO(b"abcdef"), 6).read() == b"abcdef"
    assert WholeBody(io.BytesIO(b"abcdef"), 6).read(4) == b"abcd"
    assert WholeBody(io.BytesIO(b""), 0).read() == b""


@pytest.mark.parametrize(
    "read", [lambda body: body.read(), lambda body: body.read(6), lambda body: body.readline()]
)
def test_b117_a_body_that_breaks_off_is_no_body(read):
    body = WholeBody(io.BytesIO(b"abc"), 6)

    with pytest.raises(OSError, match="broke off"):
        read(body), read(body)


PART = b'--x\r\nContent-Disposition: form-data; name="text"\r\n\r\nno credential\r\n--x--\r\n'


def post(path: str, body: bytes, *, length: int, content_type: str) -> str:
    """The status of the answer, without the signals of a real request, which would close the database."""
    told: list[str] = []
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": path,
        "SERVER_NAME": "cairn.example",
        "SERVER_PORT": "443",
        "HTTP_HOST": "cairn.example",
        "CONTENT_TYPE": content_type,
        "CONTENT_LENGTH": str(length),
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.url_scheme": "https",
        "wsgi.input": io.BytesIO(body),
    }

    def application(environ, start_response):
        told.append(str(WSGIHandler().get_response(WSGIRequest(environ)).status_code))
        return []

    whole(application)(environ, lambda *_: None)
    return told[0]


@pytest.mark.parametrize(
    ("path", "content_type", "body", "answer"),
    [
        ("/language", "application/x-www-form-urlencoded", b"next=/help&language=nl", "303"),
        ("/verify", "multipart/form-data; boundary=x", PART, "422"),
        ("/api/v1/verify", "application/json", b'{"type": []}', "200"),
        ("/account/login/", "application/x-www-form-urlencoded", b"login=a@people.example", "403"),
    ],
    ids=["form", "file", "api", "sign-in"],
)  # fmt: skip
@pytest.mark.django_db
def test_b117_nothing_acts_on_half_a_request(path, content_type, body, answer, caplog):
    """The same bytes are an ordinary request when they are all, and a 400 when more was announced."""
    assert post(path, body, length=len(body), content_type=content_type) == answer

    assert post(path, body, length=len(body) + 40, content_type=content_type) == "400"
    assert not [record for record in caplog.records if record.exc_info], "a stranger can fill the log with it"


def test_django_knows_a_broken_body_by_name():
    """What the middleware catches is what Django makes of our OSError; a change there has to be noticed."""
    assert issubclass(UnreadablePostError, OSError)


# Time


@dataclass(eq=False)
class Connection:
    """All of gunicorn's connection that the worker looks at."""

    sock: socket.socket | None


@pytest.fixture
def worker():
    made = Worker(1, 1, [], None, 60, Config(), SimpleNamespace())
    yield made
    made.tmp.close()


def test_whoever_never_finishes_asking_is_hung_up_on(worker, monkeypatch):
    ours, theirs = socket.socketpair()
    ours.settimeout(10)
    heard: list[bytes] = []
    monkeypatch.setattr(ThreadWorker, "handle", lambda self, conn: heard.append(conn.sock.recv(100)))
    thread = threading.Thread(target=worker.handle, args=[Connection(ours)], daemon=True)
    thread.start()
    thread.join(0.2)

    worker.notify()
    thread.join(0.2)
    assert thread.is_alive(), "hung up before the time was over"
    worker._arriving = dict.fromkeys(worker._arriving, 0.0)
    worker.notify()
    thread.join(10)

    assert heard == [b""]
    # An answer can still be given: only the reading has ended.
    ours.sendall(b"too late")
    assert theirs.recv(100) == b"too late"
    ours.close()
    theirs.close()


def test_who_has_asked_is_forgotten(worker, monkeypatch):
    monkeypatch.setattr(ThreadWorker, "handle", lambda self, conn: "answered")

    assert worker.handle(Connection(None)) == "answered"
    assert not worker._arriving
