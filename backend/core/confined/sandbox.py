"""Raises the sandbox on Linux: gives up the network, other files and other programs for good.

Elsewhere limits alone stand.

Three walls, each of which any user may raise around themselves: an empty network namespace, Landlock (which
folders may be opened) and seccomp (which calls may be made). One that the system lacks is said, not hidden.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Sequence

from backend.core.confined import syscalls

_NO_NEW_PRIVILEGES, _SECCOMP, _DEATH_SIGNAL = 38, 22, 1
_FILTER = 2
_NEW_USER, _NEW_NETWORK, _NEW_IPC = 0x10000000, 0x40000000, 0x08000000
# Landlock has one number on every machine.
_CREATE, _ADD, _RESTRICT = 444, 445, 446
_READ = (1 << 2) | (1 << 3)
# Rights of each version of Landlock that came with new ones: files, then TCP, then signals and abstract
# sockets.
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
_TCP_RIGHTS, _SCOPES = 0b11, 0b11


class _Step(ctypes.Structure):
    _fields_ = [
        ("code", ctypes.c_uint16),
        ("yes", ctypes.c_uint8),
        ("no", ctypes.c_uint8),
        ("value", ctypes.c_uint32),
    ]


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_uint16), ("steps", ctypes.POINTER(_Step))]


class _Rules(ctypes.Structure):
    _fields_ = [("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scopes", ctypes.c_uint64)]


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = [("rights", ctypes.c_uint64), ("folder", ctypes.c_int32)]


def die_with_parent() -> None:
    """End when whoever started this process ends, however that comes about."""
    if _is_linux():
        _libc().prctl(_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)


def leave_network() -> bool:
    """Move into a network of one's own in which there is nothing; False where the system does not let us."""
    return _is_linux() and _libc().unshare(_NEW_USER | _NEW_NETWORK | _NEW_IPC) == 0


def available() -> list[str]:
    """Which of the walls that `raise_walls` raises this system has."""
    if not _is_linux():
        return []
    found = ["landlock"] if _landlock_version() > 0 else []
    return found + (
        ["seccomp"] if syscalls.program() is not None and _libc().prctl(21, 0, 0, 0, 0) >= 0 else []
    )


def raise_walls(own: str, readable: Sequence[str]) -> None:
    """From here on: files of `own` alone, reading from `readable` beside, no socket, no program.

    Raises OSError.

    What `available` does not name is left out; one that it names and that cannot be raised stops everything.
    """
    names = available()
    if names:
        _check(_libc().prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0))
    if "landlock" in names:
        _raise_landlock(own, readable)
    if "seccomp" in names:
        _raise_seccomp()


def _raise_landlock(own: str, readable: Sequence[str]) -> None:
    version = _landlock_version()
    every = (1 << _FILE_RIGHTS[min(version, 5)]) - 1
    rules = _Rules(every, _TCP_RIGHTS if version >= 4 else 0, _SCOPES if version >= 6 else 0)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    ruleset = _check(_libc().syscall(_CREATE, ctypes.byref(rules), ctypes.c_size_t(size), 0))
    for folder, rights in [(own, every), *((one, _READ) for one in readable)]:
        with contextlib.suppress(FileNotFoundError):
            opened = os.open(folder, getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY)
            beneath = _Beneath(rights, opened)
            _check(_libc().syscall(_ADD, ruleset, 1, ctypes.byref(beneath), 0))
            os.close(opened)
    _check(_libc().syscall(_RESTRICT, ruleset, 0))
    os.close(ruleset)


def _raise_seccomp() -> None:
    steps = [_Step(one.code, one.jump_true, one.jump_false, one.value) for one in syscalls.program() or ()]
    program = _Program(len(steps), (_Step * len(steps))(*steps))
    _check(_libc().prctl(_SECCOMP, _FILTER, ctypes.byref(program), 0, 0))


def _landlock_version() -> int:
    return int(_libc().syscall(_CREATE, None, ctypes.c_size_t(0), 1))


def _is_linux() -> bool:
    return sys.platform == "linux"


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _check(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
