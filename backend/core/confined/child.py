"""The sandboxed process that opens foreign files: imports one module and forks for each file.

The first process holds no wall and touches no foreign byte beyond passing it on; each copy sees an empty
folder, its one file in memory and the libraries, and is gone with its answer. Started by
`backend.core.confined.reader`, by nobody else.
"""

from __future__ import annotations

import glob
import importlib
import json
import os
import select
import shutil
import signal
import sys
import sysconfig
import tempfile
import time
from types import ModuleType
from typing import BinaryIO

from backend.core.confined import frames, sandbox
from backend.core.confined.limits import Limits, hold_to

_NO_MEMORY = 70
_CHUNK = 1 << 16


def main() -> None:
    """Say which walls stand, then answer one file after the other until nobody asks any more."""
    sandbox.die_with_parent()
    requests, replies = _private_pipes()
    # Only these: a number that a library still holds must not become another file's.
    pipes = [requests.fileno(), replies.fileno()]
    standing = (["network namespace"] if sandbox.leave_network() else []) + sandbox.available()
    # What reads maps would load it, because it is there for the routes of a day: longer than all else.
    sys.modules["pandas"] = None  # type: ignore[assignment]
    module, limits = importlib.import_module(sys.argv[1]), Limits(**json.loads(sys.argv[2]))
    _send(replies, frames.packed({"walls": standing}))
    while (asked := frames.read(requests, 1 << 30)) is not None:
        folder = tempfile.mkdtemp(dir=os.getcwd())
        why, answer = _answered(module, limits, folder, asked, pipes)
        shutil.rmtree(folder, ignore_errors=True)
        _send(replies, frames.packed({"stopped": why}, answer))
        del asked, answer


def _private_pipes() -> tuple[BinaryIO, BinaryIO]:
    """The two ways to the server, out of the reach of libraries that read or print."""
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    os.close(nothing)
    return requests, replies


def _send(stream: BinaryIO, data: bytes) -> None:
    stream.write(data)
    stream.flush()


def _answered(
    module: ModuleType, limits: Limits, folder: str, asked: tuple[frames.Head, bytes], pipes: list[int]
) -> tuple[str | None, bytes]:
    """What a confined copy answers, or why it was stopped: `time`, `memory`, `answer` or `crash`."""
    receiving, sending = os.pipe()
    copy = os.fork()
    if copy == 0:
        _confined(module, limits, folder, sending, asked, [*pipes, receiving])
    os.close(sending)
    why, answer = _received(receiving, limits)
    os.close(receiving)
    if why is not None:
        os.kill(copy, signal.SIGKILL)
    _, status = os.waitpid(copy, 0)
    return (why, b"") if why is not None else (_ended(status), answer)


def _received(receiving: int, limits: Limits) -> tuple[str | None, bytes]:
    found, until = bytearray(), time.monotonic() + limits.wall_seconds
    while True:
        ready, _, _ = select.select([receiving], [], [], max(0.0, until - time.monotonic()))
        if not ready:
            return "time", b""
        piece = os.read(receiving, _CHUNK)
        if not piece:
            return None, bytes(found)
        found += piece
        if len(found) > limits.answer:
            return "answer", b""


def _ended(status: int) -> str | None:
    code = os.waitstatus_to_exitcode(status)
    if code in (-signal.SIGXCPU, -signal.SIGKILL):
        return "time"
    return None if code == 0 else "memory" if code == _NO_MEMORY else "crash"


def _confined(
    module: ModuleType,
    limits: Limits,
    folder: str,
    sending: int,
    asked: tuple[frames.Head, bytes],
    closed: list[int],
) -> None:
    """Never returns: whatever happens ends the copy here, with nothing of the first process's undone."""
    code = 1
    try:
        sandbox.die_with_parent()
        for ours in closed:
            os.close(ours)
        os.chdir(folder)
        hold_to(limits)
        sandbox.raise_walls(folder, [*_libraries(), *module.FOLDERS])
        with os.fdopen(sending, "wb", closefd=False) as stream:
            _send(stream, _packed_answer(module, *asked))
        code = 0
    except MemoryError:
        code = _NO_MEMORY
    finally:
        os._exit(code)


def _packed_answer(module: ModuleType, question: frames.Head, data: bytes) -> bytes:
    try:
        return frames.packed(*module.answer(question, data))
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - of hostile bytes anything is told, not shown
        return frames.packed({"error": type(error).__name__})


def _libraries() -> set[str]:
    """Python's own folders (what is imported late, the tables of libraries), and the C library's of old
    alphabets."""
    alphabets = {
        os.path.realpath(one) for where in ("gconv", "*/gconv") for one in glob.glob(f"/usr/lib*/{where}")
    }
    return alphabets | {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}


if __name__ == "__main__":
    main()
