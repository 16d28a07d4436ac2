# SPDX-License-Identifier: Apache-2.0
"""A network of this process's own, in which every address is here and every packet is seen.

Linux only, and it needs the right to make a namespace (root, or unprivileged user namespaces). In it the
loopback device is given all addresses of IPv4 and IPv6, so that a connection to 10.0.0.1 or to a cloud's
metadata address would be made, and a packet socket reads what goes over it. Nothing can leave it.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import ipaddress
import os
import socket
import struct

_CLONE_NEWUSER, _CLONE_NEWNET = 0x1000_0000, 0x4000_0000
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1
_RTM_NEWROUTE, _NLM_F_REQUEST_CREATE_ACK, _RTA_OIF = 24, 0x405, 4
_TABLE_LOCAL, _PROTOCOL_BOOT, _SCOPE_HOST, _TYPE_LOCAL = 255, 3, 254, 2
_ETH_P_ALL, _ETH_P_IP, _ETH_P_IPV6 = 3, 0x0800, 0x86DD
_OUTGOING = 4
_LOOPBACK = 1  # its index, in every namespace


def enter() -> None:
    """Move this process into a network of its own; ``OSError`` where that is not allowed."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNET) != 0 and libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), f"no namespace: {os.strerror(ctypes.get_errno())}")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(control, _SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | _IFF_UP))
    for family in (socket.AF_INET, socket.AF_INET6):
        _make_everything_local(family)


def _make_everything_local(family: int) -> None:
    """A route of type "local" for all addresses (what ``ip route add local default dev lo`` does)."""
    route = struct.pack(
        "BBBBBBBBI", family, 0, 0, 0, _TABLE_LOCAL, _PROTOCOL_BOOT, _SCOPE_HOST, _TYPE_LOCAL, 0
    )
    attribute = struct.pack("HHI", 8, _RTA_OIF, _LOOPBACK)
    length = 16 + len(route) + len(attribute)
    head = struct.pack("IHHII", length, _RTM_NEWROUTE, _NLM_F_REQUEST_CREATE_ACK, 1, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as netlink:
        netlink.bind((0, 0))
        netlink.send(head + route + attribute)
        failed = -struct.unpack_from("i", netlink.recv(4096), 16)[0]
    # A kernel without IPv6 has nothing to watch there.
    if failed and not (family == socket.AF_INET6 and failed in (errno.EAFNOSUPPORT, errno.EOPNOTSUPP)):
        raise OSError(failed, f"no route: {os.strerror(failed)}")


class Canary:
    """What was sent in this namespace: where each connection and each datagram began to go."""

    def __init__(self) -> None:
        self._packets = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_ALL))
        self._packets.setblocking(False)
        self._packets.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 * 1024 * 1024)

    def seen(self) -> list[tuple[str, int]]:
        """Addresses and ports since the last time it was asked."""
        found: list[tuple[str, int]] = []
        while True:
            try:
                frame, (_, kind, direction, *_) = self._packets.recvfrom(65_536)
            except BlockingIOError:
                return found
            # Each packet on loopback is seen twice.
            if direction == _OUTGOING and (target := _target(kind, frame[14:])) is not None:
                found.append(target)


def _target(kind: int, packet: bytes) -> tuple[str, int] | None:
    if kind == _ETH_P_IP:
        protocol, start, address = packet[9], (packet[0] & 15) * 4, packet[16:20]
    elif kind == _ETH_P_IPV6:
        protocol, start, address = packet[6], 40, packet[24:40]
    else:
        return None
    port = int.from_bytes(packet[start + 2 : start + 4], "big")
    is_first = protocol == socket.IPPROTO_TCP and packet[start + 13] & 0b10010 == 0b00010  # SYN, no ACK
    if is_first or protocol == socket.IPPROTO_UDP:
        return str(ipaddress.ip_address(address)), port
    return None
