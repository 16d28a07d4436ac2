# SPDX-License-Identifier: Apache-2.0
"""The socket: the real server in a thread, the real client, and others who come by."""

from __future__ import annotations

import os
import socket
import threading

import pytest

from cairn.keys import Algorithm
from cairn_server.config import signer
from cairn_server.organisations.keys import KeyUnavailable, SignerUnavailable, SigningRefused, wire
from cairn_server.organisations.keys.client import SignerClient
from cairn_server.organisations.keys.orders import MOST_BYTES, Made, Making, Order, Wrapped


class Answers:
    """A ``Signing`` that says what it was asked, or raises what it was given."""

    def __init__(self) -> None:
        self.raises: Exception | None = None
        self.asked: list[object] = []

    def sign(self, order):
        self.asked.append(order)
        if self.raises is not None:
            raise self.raises
        return [b"signed " + each for each in order.inputs]

    def make(self, making):
        self.asked.append(making)
        new = Wrapped(b"wrapped", "kek", 1) if making.fragment == "key-1" else None
        return Made("zKey", b"\x00sealed", new)

    def destroy(self, organisation, fragment):
        self.asked.append((organisation, fragment))

    def broken_keys(self):
        return ["1#key-1"]

    def kek_id(self):
        return "0123"


@pytest.fixture
def answers():
    return Answers()


@pytest.fixture
def server(tmp_path, answers, monkeypatch):
    # The tables of other threads are none of this test's.
    monkeypatch.setattr(signer, "close_old_connections", lambda: None)
    made = signer.SignerServer(tmp_path / "s.sock", answers)
    thread = threading.Thread(target=made.serve, daemon=True)
    thread.start()
    yield made
    made.close()
    thread.join(5)
    assert not thread.is_alive()


@pytest.fixture
def client(server):
    made = SignerClient(server.path, patience=0.2)
    yield made
    made.close()


ORDER = Order("org", "key-1", "chunk", "batch/1", (b"one", b"", b"three" * 1000))


def test_an_order_arrives_as_it_was_sent(client, answers):
    assert client.sign(ORDER) == [b"signed " + each for each in ORDER.inputs]
    assert answers.asked == [ORDER]


def test_everything_else_can_be_asked_too(client, answers):
    making = Making("org", "key-1", Algorithm.P256, "sealed")

    assert client.make(making) == Made("zKey", b"\x00sealed", Wrapped(b"wrapped", "kek", 1))
    assert client.make(Making("org", "key-2", Algorithm.ED25519, "sealed")).data_key is None
    client.destroy("org", "key-1")
    assert client.broken_keys() == ["1#key-1"]
    assert client.kek_id() == "0123"
    assert answers.asked[0] == making
    assert answers.asked[-1] == ("org", "key-1")


@pytest.mark.parametrize(
    "error",
    [
        SigningRefused("no-such-intent"),
        SigningRefused("signing-too-fast", status=429),
        SignerUnavailable("the token is away"),
        KeyUnavailable("key-mismatch", "another key"),
    ],
    ids=lambda error: error.code,
)
def test_an_error_is_the_same_on_both_sides(client, answers, error):
    answers.raises = error

    with pytest.raises(type(error)) as raised:
        client.sign(ORDER)

    assert raised.value.code == error.code
    assert str(raised.value.message) == str(error.message)
    assert getattr(raised.value, "status", None) == getattr(error, "status", None)


def test_a_fault_of_the_signer_says_nothing_of_what_it_is(client, answers):
    answers.raises = RuntimeError("the key is 4711")

    with pytest.raises(SignerUnavailable) as raised:
        client.sign(ORDER)

    assert "4711" not in raised.value.message


def test_a_connection_that_broke_is_made_again(client, answers):
    client.kek_id()
    client._here.connection.shutdown(socket.SHUT_RDWR)

    assert client.kek_id() == "0123"


def test_each_thread_has_a_connection_of_its_own(client):
    client.kek_id()
    own, others = client._here.connection, []

    def ask():
        client.kek_id()
        others.append(client._here.connection)
        client.close()

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()

    assert others[0] is not own


def test_nobody_there_is_said_after_a_moment(tmp_path):
    with pytest.raises(SignerUnavailable, match="no signer answers"):
        SignerClient(tmp_path / "nothing", patience=0).kek_id()


def test_another_user_is_not_answered(client, server, monkeypatch):
    server._users.clear()

    with pytest.raises(SignerUnavailable):
        client.kek_id()


def test_the_socket_is_for_its_owner_alone_whatever_the_umask(tmp_path, answers):
    before = os.umask(0)
    try:
        alone = signer.SignerServer(tmp_path / "alone.sock", answers)
        shared = signer.SignerServer(tmp_path / "shared.sock", answers, users=[12345])
    finally:
        os.umask(before)

    assert alone.path.stat().st_mode & 0o777 == 0o600
    assert shared.path.stat().st_mode & 0o777 == 0o660
    for each in (alone, shared):
        each.close()


def test_two_signers_on_one_socket_are_one_too_many(server, answers):
    with pytest.raises(SystemExit) as ended:
        signer.SignerServer(server.path, answers)

    assert ended.value.code == signer.EXIT_TAKEN


def test_a_socket_that_a_killed_one_left_behind_is_no_hindrance(tmp_path, answers):
    path = tmp_path / "left.sock"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))

    signer.SignerServer(path, answers).close()


@pytest.mark.parametrize(
    "frame",
    [
        b"\x00\x00\x00\x00",
        b"\x00\x00\x00\x01{",
        b"\xff\xff\xff\xff",
        b"GET / HTTP/1.1\r\n\r\n" + bytes(200_000),
        b"\x00\x00\x00\x02[]",
        b"\x00\x00\x00\x02{}",
        b'\x00\x00\x00\x10{"lengths":[-1]}',
        b'\x00\x00\x00\x11{"lengths":[1e9]}',
        b'\x00\x00\x00\x12{"lengths":[true]}',
    ],
)
def test_whoever_speaks_another_language_is_hung_up_on(server, client, frame):
    with socket.socket(socket.AF_UNIX) as stranger:
        stranger.settimeout(5)
        stranger.connect(str(server.path))
        try:
            stranger.sendall(frame)
            assert stranger.recv(1) == b""
        except ConnectionError:
            pass

    assert client.kek_id() == "0123"


def test_a_frame_of_more_than_there_may_be_is_not_read(server):
    with socket.socket(socket.AF_UNIX) as greedy:
        greedy.settimeout(5)
        greedy.connect(str(server.path))
        head = b'{"lengths":[%d]}' % (MOST_BYTES + 1)
        greedy.sendall(len(head).to_bytes(4, "big") + head)
        assert greedy.recv(1) == b""


@pytest.mark.parametrize("head", [{}, {"do": "dance"}, {"do": "sign"}, {"do": "make", "algorithm": "RSA-1"}])
def test_an_order_that_makes_no_sense_is_answered_and_forgotten(server, client, head):
    with socket.socket(socket.AF_UNIX) as asking:
        asking.settimeout(5)
        asking.connect(str(server.path))
        wire.send(asking, head)
        answer, _parts = wire.receive(asking)

    assert answer["broken"] == "signer-order"


def test_who_holds_the_line_keeps_nobody_else_from_asking(server, client, monkeypatch):
    with socket.socket(socket.AF_UNIX) as silent:
        silent.connect(str(server.path))
        silent.sendall(b"\x00\x00")

        assert client.kek_id() == "0123"


def test_more_than_there_is_room_for_are_turned_away(server, client):
    while server._room.acquire(blocking=False):
        pass

    with pytest.raises(SignerUnavailable):
        client.kek_id()


@pytest.mark.parametrize(
    ("database", "custody", "url", "needed"),
    [
        ({"ENGINE": "sqlite3"}, "sealed", "", False),
        ({"HOST": "/run/postgresql"}, "sealed", "", False),
        ({"HOST": "db.example"}, "sealed", "", True),
        ({}, "pkcs11", "", True),
        ({}, "sealed", "https://kms.example", True),
    ],
)
def test_the_network_is_given_up_when_nothing_needs_it(database, custody, url, needed):
    assert signer.needs_network(database, custody, url) is needed


def test_users_are_named_or_numbered():
    assert signer.users(["root", "1234"]) == {0, 1234}
