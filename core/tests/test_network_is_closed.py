# SPDX-License-Identifier: Apache-2.0
"""The guard in conftest.py guards."""

import socket

import pytest


@pytest.mark.parametrize("address", ["192.0.2.1", "10.0.0.1", "169.254.169.254", "0.0.0.0"])
def test_no_test_connects_to_another_machine(address):
    with socket.socket() as connection, pytest.raises(RuntimeError, match="the network is closed"):
        connection.connect((address, 443))


def test_no_test_sends_to_another_machine():
    with (
        socket.socket(type=socket.SOCK_DGRAM) as sender,
        pytest.raises(RuntimeError, match="the network is closed"),
    ):
        sender.sendto(b"x", ("192.0.2.1", 53))


def test_no_test_looks_up_a_name():
    with pytest.raises(RuntimeError, match="the network is closed"):
        socket.getaddrinfo("www.example.org", 443)


def test_this_machine_and_numbers_are_reachable():
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as client:
        client.connect(server.getsockname())

    assert socket.getaddrinfo("0x7f.1", 80)[0][4][0] == "127.0.0.1"
    assert socket.getaddrinfo("localhost", 80)
