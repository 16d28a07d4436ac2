# SPDX-License-Identifier: Apache-2.0
"""``Signing`` over the socket: how the web process and the workers ask the signer. They hold no key at
all."""

from __future__ import annotations

import os
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

from cairn.errors import MalformedError
from cairn_server.organisations.keys import wire
from cairn_server.organisations.keys.orders import Made, Wrapped
from cairn_server.organisations.keys.refusals import SignerUnavailable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from cairn_server.organisations.keys.orders import Making, Order

# A thousand signatures take a tenth of a second here, and some seconds in a slow token.
ANSWER_SECONDS = 60.0
# At its start, and while it is started again after its end, the signer is not there yet.
PATIENCE_SECONDS = 15.0
BETWEEN_TRIES = 0.1
TRIES = 3


class SignerClient:
    """One connection for each thread, made when first needed and again when it broke."""

    def __init__(self, path: Path, *, patience: float = PATIENCE_SECONDS) -> None:
        self.path = path
        self._patience = patience
        self._here = threading.local()

    def sign(self, order: Order) -> list[bytes]:
        order.require_bounds()
        _head, signatures = self._ask(
            {
                "do": "sign",
                "organisation": order.organisation,
                "key": order.key,
                "purpose": order.purpose,
                "intent": order.intent,
            },
            order.inputs,
        )
        if len(signatures) != len(order.inputs):
            raise SignerUnavailable("the signer answered something else than it was asked")
        return signatures

    def make(self, making: Making) -> Made:
        head, parts = self._ask(
            {
                "do": "make",
                "organisation": making.organisation,
                "fragment": making.fragment,
                "algorithm": making.algorithm.value,
                "custody": making.custody,
            }
        )
        new = head.get("data_key")
        data_key = Wrapped(parts[1], str(new["kek_id"]), int(new["version"])) if new else None
        return Made(str(head["multikey"]), parts[0], data_key)

    def destroy(self, organisation: str, fragment: str) -> None:
        self._ask({"do": "destroy", "organisation": organisation, "key": fragment})

    def broken_keys(self) -> list[str]:
        return [str(each) for each in self._ask({"do": "broken-keys"})[0]["keys"]]

    def kek_id(self) -> str:
        return str(self._ask({"do": "kek-id"})[0]["kek_id"])

    def close(self) -> None:
        """Of this thread; the others close theirs when they end."""
        connection = getattr(self._here, "connection", None)
        if connection is not None:
            connection.close()
        self._here.connection = None

    def _ask(self, head: dict[str, Any], parts: Sequence[bytes] = ()) -> tuple[dict[str, Any], list[bytes]]:
        """Ask, and again on a new connection when one breaks: the signer was started anew, or is about to be.

        Asking twice is harmless: an order changes nothing, and what is signed is on record already.
        """
        for _try in range(TRIES):
            connection = self._connected()
            try:
                wire.send(connection, head, parts)
                answer, found = wire.receive(connection)
            except TimeoutError as error:
                self.close()
                raise SignerUnavailable(f"the signer at {self.path} takes too long") from error
            except (OSError, wire.Hungup, MalformedError) as error:
                self.close()
                broken = repr(error)
                continue
            wire.raise_error(answer)
            return answer, found
        raise SignerUnavailable(f"the signer at {self.path} broke off: {broken}")

    def _connected(self) -> socket.socket:
        # A connection from before a fork belongs to the other process too.
        if getattr(self._here, "connection", None) is not None and self._here.process == os.getpid():
            return self._here.connection
        deadline = time.monotonic() + self._patience
        while True:
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connection.settimeout(ANSWER_SECONDS)
            try:
                connection.connect(str(self.path))
            except (FileNotFoundError, ConnectionRefusedError, BlockingIOError) as error:
                connection.close()
                if time.monotonic() >= deadline:
                    raise SignerUnavailable(f"no signer answers at {self.path}") from error
                time.sleep(BETWEEN_TRIES)
            except OSError as error:
                connection.close()
                raise SignerUnavailable(f"the signer at {self.path} cannot be asked: {error}") from error
            else:
                self._here.connection, self._here.process = connection, os.getpid()
                return connection
