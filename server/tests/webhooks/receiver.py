# SPDX-License-Identifier: Apache-2.0
"""A receiver of webhooks: a real HTTP server on loopback that answers as the test says."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from email.message import Message


@dataclass
class Heard:
    """One message as it arrived."""

    headers: Message
    body: bytes


@dataclass
class Receiver:
    """``answer`` gives (status, headers) for a message, or None to close the connection without a word."""

    answer: Callable[[Heard], tuple[int, dict[str, str]] | None] = lambda _heard: (204, {})
    heard: list[Heard] = field(default_factory=list)

    def start(self) -> None:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                heard = Heard(self.headers, self.rfile.read(int(self.headers["Content-Length"])))
                receiver.heard.append(heard)
                said = receiver.answer(heard)
                if said is None:
                    return
                self.send_response(said[0])
                for name, value in said[1].items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    @property
    def ids(self) -> list[str]:
        return [heard.headers["webhook-id"] for heard in self.heard]
