# SPDX-License-Identifier: Apache-2.0
"""What a process that holds keys gives up, as far as the kernel lets it: memory dumps, and the network.

Linux alone; elsewhere, and where a container forbids it, each step is left out and ``given_up`` does not name
it. Nothing here needs a privilege. Call before the first thread is started: a filter binds the thread that
sets it and those it starts afterwards.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import resource
import signal
import struct
import sys

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_SECCOMP = 22
PR_SET_NO_NEW_PRIVS = 38
SECCOMP_MODE_FILTER = 2
MCL_CURRENT, MCL_FUTURE = 1, 2

# <linux/audit.h>, and the numbers of socket(2) and io_uring_setup(2), which could open one as well.
_ARCHITECTURES = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
_IO_URING_SETUP = 425
_X32_BIT = 0x4000_0000

# <linux/filter.h>
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _ERRNO = 0x7FFF_0000, 0x0005_0000


def no_dumps() -> bool:
    """No core file, and no look at memory or environment for other processes of the same user."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    return _prctl(PR_SET_DUMPABLE, 0)


def no_swapping() -> bool:
    """Keep memory out of the swap file, where there is no limit that a later allocation would run into."""
    if sys.platform != "linux" or resource.getrlimit(resource.RLIMIT_MEMLOCK)[0] != resource.RLIM_INFINITY:
        return False
    return ctypes.CDLL(None, use_errno=True).mlockall(MCL_CURRENT | MCL_FUTURE) == 0


def no_network() -> bool:
    """From here on ``socket`` makes Unix sockets and nothing else (seccomp, kernel 3.17 and newer)."""
    if sys.platform != "linux" or platform.machine() not in _ARCHITECTURES:
        return False
    architecture, socket_number = _ARCHITECTURES[platform.machine()]
    program = [
        # struct seccomp_data: int nr; u32 arch; u64 instruction_pointer; u64 args[6]. What is not known is
        # refused: a foreign architecture, and the second numbering that x86-64 has.
        (_LOAD, 0, 0, 4),
        (_EQUAL, 0, 7, architecture),
        (_LOAD, 0, 0, 0),
        (_AT_LEAST, 5, 0, _X32_BIT),
        (_EQUAL, 4, 0, _IO_URING_SETUP),
        (_EQUAL, 0, 2, socket_number),
        (_LOAD, 0, 0, 16),
        (_EQUAL, 0, 1, 1),  # AF_UNIX
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _ERRNO | errno.EACCES),
    ]
    code = b"".join(struct.pack("=HBBI", *each) for each in program)
    kept = ctypes.create_string_buffer(code)
    # struct sock_fprog: unsigned short len; struct sock_filter *filter
    fprog = ctypes.create_string_buffer(struct.pack("@HP", len(program), ctypes.addressof(kept)))
    return _prctl(PR_SET_NO_NEW_PRIVS, 1) and _prctl(
        PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.addressof(fprog)
    )


def die_with_parent() -> None:
    """Killed when the process that started this one is gone, however that came about."""
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def given_up(*, network: bool) -> list[str]:
    """Give up all that can be; ``network`` says that it is still needed. Answers what was given up."""
    steps = {"core dumps": no_dumps, "swapping": no_swapping}
    if not network:
        steps["the network"] = no_network
    return [name for name, step in steps.items() if step()]


def _prctl(option: int, *arguments: int) -> bool:
    if sys.platform != "linux":
        return False
    values = [ctypes.c_ulong(each) for each in (*arguments, 0, 0, 0, 0)][:4]
    return ctypes.CDLL(None, use_errno=True).prctl(option, *values) == 0
