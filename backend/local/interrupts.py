"""Signal handling: a signal ends a command however it was started, and waits while a server half stands."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_PR_SET_PDEATHSIG = 1


class _State:
    depth, waiting, has_ended = 0, False, False


def listen() -> None:
    """SIGINT, SIGTERM and SIGHUP end this command once, by KeyboardInterrupt.

    A shell that starts something in the background lets it ignore SIGINT, so the handler is set here and not
    left to Python. Who says `nohup` means it: SIGHUP then stays ignored.
    """
    _State.depth, _State.waiting, _State.has_ended = 0, False, False
    for number in _ENDING:
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _heard)


def _heard(number: int, _frame: FrameType | None) -> None:
    if number == signal.SIGHUP:
        # The terminal is gone: words to it would be failures.
        nowhere = os.open(os.devnull, os.O_RDWR)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
    # Only the first ends it: a second one would leave the stopping half done.
    if not _State.has_ended:
        _State.waiting = True
        _end_if_asked()


def _end_if_asked() -> None:
    if _State.waiting and not _State.depth:
        _State.waiting, _State.has_ended = False, True
        raise KeyboardInterrupt


@contextmanager
def held_back() -> Iterator[None]:
    """What is in the block is done whole; a signal that came meanwhile is heard after it."""
    _State.depth += 1
    try:
        yield
    finally:
        _State.depth -= 1
    _end_if_asked()


def end_with_parent(parent: int | None = None) -> None:
    """Let the kernel send SIGTERM to this process when its parent ends (Linux alone).

    The parent is the one that started it, and it may end in any way.
    """
    if sys.platform.startswith("linux"):
        _LIBC.prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
        if parent is not None and os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGTERM)


# Opened before any fork: what runs between fork and exec should do as little as it can.
_LIBC = ctypes.CDLL(None)
