# SPDX-License-Identifier: Apache-2.0
"""The signer process: the only one that reads the KEK, behind a socket that only its own may open.

It takes orders (organisations/keys/orders.py), looks in the database whether they are on record, and
answers with signatures. It opens no network connection but one to a database elsewhere or to a remote
custody, writes no core file, shows its memory to nobody, and writes nothing to the database.

Who may ask is a matter of two things: the mode of the socket, and the user that the kernel names for the
other end (SO_PEERCRED), whatever the folder's mode has become.
"""

from __future__ import annotations

import fcntl
import logging
import os
import pwd
import socket
import struct
import threading
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.db import close_old_connections, connections
from django.utils.module_loading import import_string

from cairn.errors import CairnError, MalformedError, UnavailableError
from cairn.keys import Algorithm
from cairn_server.config import first_start
from cairn_server.config.supervisor import EXIT_TAKEN
from cairn_server.errors import Refusal
from cairn_server.organisations.keys import PKCS11, REMOTE, KeyStore, Terms, wire
from cairn_server.organisations.keys.client import SignerClient
from cairn_server.organisations.keys.orders import Making, Order
from cairn_server.organisations.keys.refusals import KeyUnavailable
from cairn_server.organisations.keys.service import SigningService

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from cairn_server.organisations.keys.custody import Custody
    from cairn_server.organisations.keys.orders import Intent, Signing

logger = logging.getLogger(__name__)

# One for each thread that ever asked, of a few processes; more are no use of ours.
MOST_CONNECTIONS = 200


class SignerTaken(SystemExit):
    def __init__(self) -> None:
        super().__init__(EXIT_TAKEN)


class SignerServer:
    """Answers on a Unix socket, each connection in a thread of its own."""

    def __init__(self, path: Path, signing: Signing, *, users: Collection[int] = ()) -> None:
        self.path = path
        self._signing = signing
        self._users = {os.geteuid(), *users}
        self._room = threading.BoundedSemaphore(MOST_CONNECTIONS)
        self._lock = self._alone()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        path.unlink(missing_ok=True)
        # The mode a new file gets, so that there is no moment in which it is another one.
        before = os.umask(0o177)
        try:
            self._socket.bind(str(path))
        finally:
            os.umask(before)
        if self._users != {os.geteuid()}:
            path.chmod(0o660)  # for a group that both users are in; who asks is looked at all the same
        self._socket.listen(64)

    def _alone(self) -> int:
        """Held as long as this process lives: two signers on one socket would be one that nobody reaches."""
        file = os.open(self.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            raise SignerTaken from None
        return file

    def serve(self) -> None:
        while True:
            try:
                connection, _nobody = self._socket.accept()
            except OSError:
                return  # closed
            if not self._may_ask(connection) or not self._room.acquire(blocking=False):
                connection.close()
                continue
            threading.Thread(target=self._converse, args=[connection], daemon=True).start()

    def close(self) -> None:
        # A thread that waits in accept() wakes up by this, and not by close().
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        os.close(self._lock)

    def _may_ask(self, connection: socket.socket) -> bool:
        credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        _process, user, _group = struct.unpack("3i", credentials)
        if user in self._users:
            return True
        logger.warning("user %d may not ask the signer", user)
        return False

    def _converse(self, connection: socket.socket) -> None:
        try:
            with connection:
                while True:
                    head, parts = wire.receive(connection)
                    wire.send(connection, *self._answer(head, parts))
        except (OSError, wire.Hungup):
            pass
        except MalformedError as error:
            logger.warning("the signer was told something it does not understand: %s", error)
        finally:
            connections.close_all()
            self._room.release()

    def _answer(self, head: dict[str, Any], parts: list[bytes]) -> tuple[dict[str, Any], list[bytes]]:
        close_old_connections()
        try:
            return self._obey(head, parts)
        except (Refusal, UnavailableError) as error:
            return wire.error_head(error), []
        except (CairnError, KeyError, ValueError) as error:
            return wire.error_head(KeyUnavailable("signer-order", f"not an order: {error!r}")), []
        except Exception:
            # A database that went away, a fault of ours: this order comes to nothing, and the next one is
            # asked anew. The text stays here, because nobody knows what is in it.
            logger.exception("an order to the signer failed")
            return {
                "unavailable": "signer-unavailable",
                "message": "the signer has failed; its log says how",
            }, []
        finally:
            close_old_connections()

    def _obey(self, head: dict[str, Any], parts: list[bytes]) -> tuple[dict[str, Any], list[bytes]]:
        match head.get("do"):
            case "sign":
                order = Order(
                    organisation=str(head["organisation"]),
                    key=str(head["key"]),
                    purpose=str(head["purpose"]),
                    intent=str(head["intent"]),
                    inputs=tuple(parts),
                )
                return {}, self._signing.sign(order)
            case "make":
                made = self._signing.make(
                    Making(
                        organisation=str(head["organisation"]),
                        fragment=str(head["fragment"]),
                        algorithm=Algorithm(str(head["algorithm"])),
                        custody=str(head["custody"]),
                    )
                )
                if made.data_key is None:
                    return {"multikey": made.multikey}, [made.sealed]
                data_key = {"kek_id": made.data_key.kek_id, "version": made.data_key.version}
                return {"multikey": made.multikey, "data_key": data_key}, [made.sealed, made.data_key.wrapped]
            case "destroy":
                self._signing.destroy(str(head["organisation"]), str(head["key"]))
                return {}, []
            case "broken-keys":
                return {"keys": self._signing.broken_keys()}, []
            case "kek-id":
                return {"kek_id": self._signing.kek_id()}, []
        raise KeyError("do")


# What this process is made of


@cache
def key_store() -> KeyStore:
    """The KEK, read when it is first needed: a command that opens no key needs none."""
    from django.conf import settings

    if settings.KEY_ENCRYPTION_KEY:
        return KeyStore(first_start.kek_from(settings.KEY_ENCRYPTION_KEY))
    path = settings.KEY_ENCRYPTION_KEY_PATH
    if not path.exists():
        raise KeyUnavailable("key-encryption-key", f"there is no key encryption key at {path}")
    return KeyStore(first_start.kek_from(first_start.read(path)))


def terms() -> Terms:
    from datetime import timedelta

    from django.conf import settings

    return Terms(
        cryptoperiod=timedelta(days=settings.KEY_CRYPTOPERIOD_DAYS),
        destroyed_after=timedelta(days=settings.KEY_DESTROYED_AFTER_DAYS),
        per_minute=settings.SIGNATURES_PER_MINUTE,
    )


def _now() -> datetime:
    return datetime.now(UTC)


def service(store: KeyStore | None = None, *, clock: Callable[[], datetime] = _now) -> SigningService:
    """Everything that signs, in this process: for the signer, for operators' commands, and for tests."""
    return SigningService(
        store or key_store(),
        clock=clock,
        intents=intents(),
        custodies={PKCS11: _pkcs11, REMOTE: _remote},
        terms=terms(),
    )


def intents() -> dict[str, Callable[[str], Intent | None]]:
    """Where each purpose has its intents; looked up when first asked, because they stand above this layer."""
    from django.conf import settings

    def find(path: str, reference: str) -> Intent | None:
        return import_string(path)(reference)

    return {purpose: partial(find, path) for purpose, path in settings.SIGNING_INTENTS.items()}


@cache
def _pkcs11() -> Custody:
    from django.conf import settings

    from cairn_server.organisations.keys.pkcs11 import Token

    return Token(settings.PKCS11_MODULE, settings.PKCS11_TOKEN, pin=settings.PKCS11_PIN)


@cache
def _remote() -> Custody:
    from django.conf import settings

    from cairn_server.organisations.keys.remote import RemoteKeys, Server

    return RemoteKeys(
        Server(
            settings.REMOTE_SIGNER_URL,
            token=settings.REMOTE_SIGNER_TOKEN,
            authority=settings.REMOTE_SIGNER_CA,
            certificate=settings.REMOTE_SIGNER_CERT,
            key=settings.REMOTE_SIGNER_KEY,
            seconds=settings.REMOTE_SIGNER_SECONDS,
        )
    )


def users(names: Collection[str]) -> set[int]:
    """The numbers of these users, named or numbered."""
    return {int(name) if name.isdecimal() else pwd.getpwnam(name).pw_uid for name in names}


def needs_network(database: Mapping[str, Any], custody: str, url: str) -> bool:
    """Whether anything that the signer must reach is not behind a file."""
    host = str(database.get("HOST") or "")
    over_tcp = bool(host) and not host.startswith("/")
    # What a module of PKCS #11 talks to, only its maker knows.
    return over_tcp or custody == PKCS11 or bool(url)


# How other processes find it

_serves_people = False


def never_open_keys() -> None:
    """Called by what serves requests or works for them, before it does: from here on only the signer
    signs."""
    global _serves_people
    _serves_people = True
    ask.cache_clear()


@cache
def ask() -> Signing:
    """Who signs for this process: the signer where one answers, and for an operator's command this process.

    A command runs with the operator's rights, so it may read the KEK as the operator may; what serves people
    never does.
    """
    from django.conf import settings

    path = Path(settings.SIGNER_SOCKET)
    if _serves_people:
        return SignerClient(path)
    return SignerClient(path) if is_running() else service()


def is_running() -> bool:
    from django.conf import settings

    path = Path(settings.SIGNER_SOCKET)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True
