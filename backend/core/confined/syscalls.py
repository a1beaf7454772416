"""The seccomp filter: system calls refused to a sandboxed reader, by their numbers on each architecture."""

from __future__ import annotations

import errno
import platform
from dataclasses import dataclass

# name -> (x86_64, aarch64); None where a machine has no such call.
_NEVER: dict[str, tuple[int, int | None]] = {
    # The network, and other processes' sockets.
    "socket": (41, 198),
    "socketpair": (53, 199),
    "connect": (42, 203),
    "bind": (49, 200),
    "listen": (50, 201),
    "accept": (43, 202),
    "accept4": (288, 242),
    # Another program, another process.
    "execve": (59, 221),
    "execveat": (322, 281),
    "fork": (57, None),
    "vfork": (58, None),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "kcmp": (312, 272),
    "kill": (62, 129),
    "tkill": (200, 130),
    "tgkill": (234, 131),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "pidfd_send_signal": (424, 424),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
    # Memory and queues that others share.
    "shmget": (29, 194),
    "shmat": (30, 196),
    "msgget": (68, 186),
    "msgsnd": (69, 189),
    "msgrcv": (70, 188),
    "semget": (64, 190),
    "mq_open": (240, 180),
    # The kernel's own doors.
    "io_uring_setup": (425, 425),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "unshare": (272, 97),
    "setns": (308, 268),
    "open_by_handle_at": (304, 265),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "kexec_load": (246, 104),
}
_THREAD = 0x10000
# Audit's number of the machine; the calls that depend on their first word: clone, clone3, prlimit64.
_MACHINES = {"x86_64": (0xC000003E, 0, (56, 435, 302)), "aarch64": (0xC00000B7, 1, (220, 435, 261))}
_ALLOW = 0x7FFF0000
_LOAD, _EQUALS, _AT_LEAST, _HAS_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06


@dataclass(frozen=True, slots=True)
class Step:
    """One instruction of a classic BPF program."""

    code: int
    jump_true: int
    jump_false: int
    value: int


def program() -> list[Step] | None:
    """The filter for this machine: everything but the above; threads may begin, processes not.

    None: machine unknown.
    """
    known = _MACHINES.get(platform.machine())
    if known is None:
        return None
    audit, column, (clone, clone3, prlimit) = known
    steps = [Step(_LOAD, 0, 0, 4), Step(_EQUALS, 1, 0, audit), _refused(errno.EPERM), Step(_LOAD, 0, 0, 0)]
    # The second set of numbers that x86 has for the same calls.
    steps += [Step(_AT_LEAST, 0, 1, 0x40000000), _refused(errno.EPERM)]
    for numbers in _NEVER.values():
        if (number := numbers[column]) is not None:
            steps += [Step(_EQUALS, 0, 1, number), _refused(errno.EPERM)]
    # Its flags lie in memory where no filter looks: libraries then fall back on clone.
    steps += [Step(_EQUALS, 0, 1, clone3), _refused(errno.ENOSYS)]
    steps += [Step(_EQUALS, 0, 4, clone), Step(_LOAD, 0, 0, 16), Step(_HAS_BIT, 0, 1, _THREAD), _allowed()]
    steps += [_refused(errno.EPERM)]
    # Limits of its own may be read, those of others not be set.
    steps += [
        Step(_EQUALS, 0, 3, prlimit),
        Step(_LOAD, 0, 0, 16),
        Step(_EQUALS, 1, 0, 0),
        _refused(errno.EPERM),
    ]
    return [*steps, _allowed()]


def _allowed() -> Step:
    return Step(_RETURN, 0, 0, _ALLOW)


def _refused(number: int) -> Step:
    return Step(_RETURN, 0, 0, 0x00050000 | number)
