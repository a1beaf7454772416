"""Asks a sandboxed process to read a foreign file; whatever becomes of it, the asker goes on.

The process is started anew (not forked), so it has no connection, no open file and no variable of ours.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from dataclasses import asdict
from types import TracebackType

import structlog

from backend.core.confined import frames
from backend.core.confined.limits import Limits

log = structlog.get_logger(__name__)
# Each may use its whole memory: more at once would fill the machine.
_AT_ONCE = threading.BoundedSemaphore(2)
_GRACE_SECONDS = 15.0
_told: list[bool] = []


class Stopped(Exception):
    """There is no answer: `why` is `time`, `memory`, `answer` (too large), `crash` or `busy`."""

    def __init__(self, why: str, cause: str = "") -> None:
        super().__init__(why, cause)
        self.why, self.cause = why, cause


class Reader:
    """A confined process for one module that has `answer(question, data) -> (head, body)` and `FOLDERS` to
    read from.

    A context: the process starts with the first question, and is gone at the end. Not to be shared between
    threads.
    """

    def __init__(self, module: str, limits: Limits) -> None:
        self._module, self._limits = module, limits
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._is_ready = False

    def __enter__(self) -> Reader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def ask(self, question: frames.Head, data: bytes) -> tuple[frames.Head, bytes]:
        """The module's answer about some bytes.

        Raises Stopped; the next question may be asked all the same.
        """
        if not _AT_ONCE.acquire(timeout=self._limits.wall_seconds):
            raise Stopped("busy")
        try:
            return self._asked(question, data)
        finally:
            _AT_ONCE.release()

    def _asked(self, question: frames.Head, data: bytes) -> tuple[frames.Head, bytes]:
        process = self._running()
        # The first process watches the second; this watches the first.
        watch = threading.Timer(self._limits.wall_seconds + _GRACE_SECONDS, process.kill)
        watch.daemon = True
        watch.start()
        try:
            head, body = self._exchanged(process, question, data)
        except (OSError, frames.Broken) as error:
            self._end()
            raise Stopped("crash", str(error)) from error
        finally:
            watch.cancel()
        if "error" in head:
            raise Stopped("crash", str(head["error"])[:100])
        return head, body

    def _exchanged(
        self, process: subprocess.Popen[bytes], question: frames.Head, data: bytes
    ) -> tuple[frames.Head, bytes]:
        assert process.stdin is not None
        if not self._is_ready:
            tell(self._next(process)[0].get("walls", []))
            self._is_ready = True
        process.stdin.write(frames.opening(question, len(data)))
        process.stdin.write(data)
        process.stdin.flush()
        said, answer = self._next(process)
        if said.get("stopped"):
            raise Stopped(str(said["stopped"])[:20])
        return frames.unpacked(answer)

    def _next(self, process: subprocess.Popen[bytes]) -> tuple[frames.Head, bytes]:
        assert process.stdout is not None
        found = frames.read(process.stdout, self._limits.answer)  # type: ignore[arg-type]
        if found is None:
            raise frames.Broken("ended")
        return found

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            # Its name is real: rules about folders do not follow links.
            real = os.path.realpath(tempfile.gettempdir())
            self._folder = tempfile.TemporaryDirectory(prefix="wangge-reading-", dir=real)
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-P",
                    "-s",
                    "-m",
                    "backend.core.confined.child",
                    self._module,
                    json.dumps(asdict(self._limits)),
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=self._folder.name,
                env=_environment(),
                # A key pressed at the server's terminal is not for it: it ends when nobody asks any more.
                start_new_session=True,
            )
            self._is_ready = False
        return self._process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            # Leaving closes both pipes, whatever of the question is still unsent.
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    try:
                        pipe.close()
                    except OSError:
                        continue
            process.wait()
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None


def _environment() -> dict[str, str]:
    """Nothing of the server's: no address, no key. One thread a library, temporary files beside the input."""
    once = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    gdal = {"PROJ_NETWORK": "OFF", "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": "none", "GDAL_DRIVER_PATH": "disable"}
    places = {"TMPDIR": ".", "CPL_TMPDIR": ".", "SQLITE_TMPDIR": ".", "HOME": "."}
    path = os.pathsep.join(os.path.abspath(one) for one in sys.path if one)
    # Each copy touches its memory anew: in large pages that costs a photo nothing, in small ones 40 ms.
    memory = {"MALLOC_ARENA_MAX": "2", "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}
    return once | gdal | places | memory | {"LANG": "C.UTF-8", "PYTHONPATH": path}


def tell(walls: list[str]) -> None:
    """Which walls stand, once a process; without any against the network that is a warning."""
    if _told:
        return
    _told.append(True)
    if {"network namespace", "seccomp"} & set(walls):
        log.info("files_from_outside.read_behind_walls", walls=walls)
    else:
        log.warning(
            "files_from_outside.read_under_limits_alone",
            walls=walls,
            why="this system has no wall to the network",
        )
