# SPDX-License-Identifier: Apache-2.0
"""A request arrives whole and in time, or it is not answered at all.

Neither Django nor gunicorn insists on either. A form whose connection breaks half way is read as if the rest
had been empty: half a list of learners would be a list (B117). And a client that sends a byte now and then
keeps a thread for as long as it likes: as many such clients as there are threads, and nobody else is served.
"""

from __future__ import annotations

import socket
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from gunicorn.workers.gthread import ThreadWorker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

# Head and body of the largest request that we take, over a slow line.
ARRIVE_WITHIN_SECONDS = 30


def whole(application: Wsgi) -> Wsgi:
    """The application, for which a body that ends before its Content-Length is an error of reading."""

    def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        length = environ.get("CONTENT_LENGTH") or "0"
        if length.isascii() and length.isdecimal():
            environ["wsgi.input"] = WholeBody(environ["wsgi.input"], int(length))
        return application(environ, start_response)

    return serve


class WholeBody:
    """``wsgi.input`` of a known length (PEP 3333): ``OSError`` where another stream would end early."""

    def __init__(self, stream: Any, length: int) -> None:
        self._stream = stream
        self._missing = length

    def read(self, size: int = -1) -> bytes:
        wanted = self._missing if size < 0 else min(size, self._missing)
        return self._counted(self._stream.read(wanted), at_least=wanted)

    def readline(self, size: int = -1) -> bytes:
        wanted = self._missing if size < 0 else min(size, self._missing)
        return self._counted(self._stream.readline(wanted), at_least=min(wanted, 1))

    def _counted(self, data: bytes, *, at_least: int) -> bytes:
        self._missing -= len(data)
        if len(data) < at_least:
            raise ConnectionError("the request broke off before its end")
        return data


class Worker(ThreadWorker):
    """gunicorn's worker of several threads, which hangs up on whoever takes too long to ask."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._arriving: dict[Any, float] = {}

    def handle(self, conn: Any) -> Any:
        self._arriving[conn] = time.monotonic() + ARRIVE_WITHIN_SECONDS
        try:
            return super().handle(conn)
        finally:
            self._arriving.pop(conn, None)

    def notify(self) -> None:
        """Called about once a second, by the one thread that waits for nobody."""
        super().notify()
        now = time.monotonic()
        for conn, deadline in list(self._arriving.items()):
            if deadline < now:
                # Only our reading ends: an answer that is on its way, however long, is not cut off.
                with suppress(OSError):
                    conn.sock.shutdown(socket.SHUT_RD)
