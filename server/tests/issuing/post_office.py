# SPDX-License-Identifier: Apache-2.0
"""A mail server on loopback, which takes, refuses and drops messages as the test says."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiosmtpd.controller import Controller

if TYPE_CHECKING:
    from collections.abc import Callable


class AnyPort(Controller):
    """Its own check, that it answers, connects to the port that was asked for; 0 is no port to connect to."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@dataclass
class PostOffice:
    """``recipient`` and ``content`` answer like a mail server, "250 OK" when they are None."""

    recipient: Callable[[str], str | None] = lambda _address: None
    content: Callable[[], str | None] = lambda: None
    connections: int = 0
    taken: list[Any] = field(default_factory=list)
    reports_to: list[str] = field(default_factory=list)

    def start(self) -> None:
        office = self

        class Handler:
            async def handle_EHLO(
                self, server: Any, session: Any, envelope: Any, host: str, responses: list[str]
            ) -> list[str]:
                session.host_name = host
                office.connections += 1
                return responses

            async def handle_RCPT(
                self, server: Any, session: Any, envelope: Any, address: str, options: Any
            ) -> str:
                refused = office.recipient(address)
                if refused is not None:
                    return refused
                envelope.rcpt_tos.append(address)
                return "250 OK"

            async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
                said = office.content()
                if said == "drop":
                    office.taken.append(envelope)
                    server.transport.close()
                    return "421 gone"
                if said is None:
                    office.taken.append(envelope)
                    office.reports_to.append(envelope.mail_from)
                return said or "250 OK"

        self._controller = AnyPort(Handler(), hostname="127.0.0.1", port=0)
        self._controller.start()

    @property
    def port(self) -> int:
        return int(self._controller.port)

    def stop(self) -> None:
        self._controller.stop()
