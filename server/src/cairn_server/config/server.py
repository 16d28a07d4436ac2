# SPDX-License-Identifier: Apache-2.0
"""The running server: gunicorn with one worker of several threads, and the runner beside them.

One worker, because SQLite has one writer and the runner must not run twice. ``run`` and ``serve`` differ
in what they do before; from here on they are the same.
"""

from __future__ import annotations

import http.client
import os
import socket
import ssl
import threading
import time
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connections
from gunicorn.app.base import BaseApplication

from cairn_server.config import learning
from cairn_server.config.arrival import Worker
from cairn_server.config.lock import second_copy
from cairn_server.config.runner import Runner, runners_from, stop_all

if TYPE_CHECKING:
    from collections.abc import Callable

    from cairn_server.config.arrival import Wsgi

ANSWER_WITHIN_SECONDS = 60


class PortTaken(SystemExit):
    def __init__(self, host: str, port: int) -> None:
        super().__init__(
            f"Port {port} on {host} is in use, perhaps by another cairn-server."
            f" Stop that one, or choose another port: PORT={min(port + 1, 65535)}"
            f" (a second copy needs a data folder of its own too: {second_copy(settings.DATA_DIR, port)})"
        )


def require_free_port(host: str, port: int) -> None:
    """Say at once that the port is taken, before anything is written."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As gunicorn will: a port that lingers after a stop is free, one that is listened on is not.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise PortTaken(host, port) from error


class Server(BaseApplication):
    """``announce`` is called once, in the worker, when the first request has been answered."""

    def __init__(self, *, host: str, port: int, threads: int, announce: Callable[[], None]) -> None:
        self._host, self._port, self._threads, self._announce = host, port, threads, announce
        self._runners: list[Runner] = []
        super().__init__()

    def load_config(self) -> None:
        host = f"[{self._host}]" if ":" in self._host else self._host
        values: dict[str, Any] = {
            "bind": f"{host}:{self._port}",
            "worker_class": Worker,
            "workers": 1,
            "threads": self._threads,
            "timeout": 60,
            "graceful_timeout": 25,
            "keepalive": 5,
            "loglevel": "warning",
            # Django reads the forwarded address itself, from the proxies it was told of.
            "forwarded_allow_ips": "",
            "limit_request_line": 8190,
            "certfile": settings.TLS_CERT or None,
            "keyfile": settings.TLS_KEY or None,
            "worker_tmp_dir": "/dev/shm" if os.access("/dev/shm", os.W_OK) else None,  # noqa: S108
            "control_socket_disable": True,
            "post_worker_init": self._worker_started,
            "worker_exit": self._worker_stopped,
        }
        for name, value in values.items():
            self.cfg.set(name, value)

    def load(self) -> Wsgi:
        from cairn_server.config.wsgi import application

        return application

    def run(self) -> None:
        # A connection that two processes share speaks for both and belongs to neither; and a pool's
        # threads do not come along into the worker, which would wait for them for ever.
        for connection in connections.all(initialized_only=True):
            connection.close()
            if hasattr(connection, "close_pool"):
                connection.close_pool()
        super().run()

    def _worker_started(self, worker: object) -> None:
        learning.start()
        if settings.BACKGROUND_WORK == "here":
            self._runners = runners_from(settings.PERIODIC_TASKS, *settings.OUTSIDE_TASKS)
            for runner in self._runners:
                runner.start()
        threading.Thread(target=self._announce_when_answering, daemon=True).start()

    def _worker_stopped(self, arbiter: object, worker: object) -> None:
        stop_all(self._runners)

    def _announce_when_answering(self) -> None:
        deadline = time.monotonic() + ANSWER_WITHIN_SECONDS
        while time.monotonic() < deadline:
            if _answers(self._host, self._port):
                self._announce()
                return
            time.sleep(0.05)


def _connection(host: str, port: int) -> http.client.HTTPConnection:
    """To ourselves, so whose name is on our own certificate is not asked."""
    if not settings.TLS_CERT:
        return http.client.HTTPConnection(host, port, timeout=10)
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return http.client.HTTPSConnection(host, port, timeout=10, context=context)


def _answers(host: str, port: int) -> bool:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  compared, not bound
    connection = _connection(host, port)
    try:
        connection.request("GET", "/healthz", headers={"Host": settings.ALLOWED_HOSTS[0]})
        connection.getresponse().read()
    except OSError:
        return False
    finally:
        connection.close()
    return True
