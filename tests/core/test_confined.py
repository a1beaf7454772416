"""The sandboxed process that reads files from outside.

Whoever takes it over gets at nothing, and the server goes on.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from backend.core.confined import frames, reader, sandbox, syscalls
from backend.core.confined.limits import MEGABYTE, Limits
from backend.core.confined.reader import Reader, Stopped

LIMITS = Limits(memory=384 * MEGABYTE, answer=2 * MEGABYTE, file=8 * MEGABYTE, cpu_seconds=2, wall_seconds=4)
walled = pytest.mark.skipif(
    sys.platform != "linux" or set(sandbox.available()) != {"landlock", "seccomp"},
    reason="this system has no walls",
)


@pytest.fixture(scope="module")
def hostile() -> Iterator[Reader]:
    os.environ["WANGGE_SECRET_KEY_OF_THIS_TEST"] = "never to be seen"
    with Reader("tests.hostile_reader", LIMITS) as found:
        yield found
    del os.environ["WANGGE_SECRET_KEY_OF_THIS_TEST"]


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as found:
        found.setblocking(False)
        yield found


@walled
def test_a_listening_port_is_never_asked(hostile: Reader, listener: socket.socket) -> None:
    for attempt in ("connect", "socket", "unix socket"):
        head, _ = hostile.ask({"try": attempt, "port": listener.getsockname()[1]}, b"")
        assert "refused" in head, attempt
    with pytest.raises(BlockingIOError):
        listener.accept()


@walled
def test_nothing_is_read_written_or_removed_but_in_its_own_folder(hostile: Reader, tmp_path: Path) -> None:
    secret = tmp_path / "secret-key"
    secret.write_text("the key")
    for attempt, path in (
        ("read", "/etc/passwd"),
        ("read", str(secret)),
        ("read", f"/proc/{os.getpid()}/environ"),
        ("link", str(secret)),
        ("list", str(tmp_path)),
        ("list", "/"),
        ("write", str(tmp_path / "made")),
        ("write", str(secret)),
        ("remove", str(secret)),
    ):
        head, _ = hostile.ask({"try": attempt, "path": path}, b"")
        assert head.get("refused") == "PermissionError", (attempt, path, head)
    assert [one.name for one in tmp_path.iterdir()] == ["secret-key"]
    assert secret.read_text() == "the key"
    assert hostile.ask({"try": "write here"}, b"")[0] == {"done": 1}


@walled
def test_no_other_program_is_started_or_ended(hostile: Reader) -> None:
    for attempt in ("program", "exec", "fork", "kill"):
        head, _ = hostile.ask({"try": attempt, "process": os.getpid()}, b"")
        assert head.get("refused") == "PermissionError", (attempt, head)
    assert hostile.ask({"try": "thread"}, b"")[0] == {"done": "a thread"}


def test_nothing_of_the_server_comes_along(hostile: Reader) -> None:
    assert not {name for name in hostile.ask({"try": "environment"}, b"")[0]["done"] if "WANGGE" in name}
    with socket.create_server(("127.0.0.1", 0)), Reader("tests.hostile_reader", LIMITS) as other:
        opened = other.ask({"try": "open"}, b"")[0]
    assert "refused" in opened or not [one for one in opened["done"] if one.startswith("socket")]


def test_each_file_is_read_where_the_last_one_left_nothing(hostile: Reader) -> None:
    hostile.ask({"try": "write here"}, b"")
    assert hostile.ask({"try": "folder"}, b"the bytes") == ({"done": []}, b"the bytes")


@pytest.mark.parametrize(
    ("attempt", "why"),
    [
        ("time", "time"),
        ("sleep", "time"),
        ("too much", "answer"),
        ("crash", "crash"),
        ("raise", "crash"),
        pytest.param(
            "memory", "memory", marks=pytest.mark.skipif(sys.platform != "linux", reason="no RLIMIT_AS")
        ),
    ],
)
def test_what_runs_over_is_stopped_and_the_next_is_read(hostile: Reader, attempt: str, why: str) -> None:
    with pytest.raises(Stopped) as stopped:
        hostile.ask({"try": attempt}, b"")
    assert stopped.value.why == why
    assert hostile.ask({"try": "folder"}, b"") == ({"done": []}, b"")


def test_open_files_and_their_size_have_an_end(hostile: Reader) -> None:
    for attempt in ("files", "write much"):
        assert hostile.ask({"try": attempt}, b"")[0].get("refused") == "OSError"


def test_a_reader_that_died_is_started_again() -> None:
    with Reader("tests.hostile_reader", LIMITS) as found:
        found.ask({"try": "folder"}, b"")
        assert found._process is not None
        found._process.kill()
        with pytest.raises(Stopped) as stopped:
            found.ask({"try": "folder"}, b"")
        assert stopped.value.why == "crash"
        assert found.ask({"try": "folder"}, b"")[0] == {"done": []}
        folder = Path(found._folder.name) if found._folder else None
    assert folder is not None
    assert not folder.exists()


def test_a_module_that_cannot_be_had_is_told() -> None:
    with Reader("tests.no_such_reader", LIMITS) as found, pytest.raises(Stopped) as stopped:
        found.ask({}, b"x" * 1_000_000)
    assert stopped.value.why == "crash"


def test_what_walls_stand_is_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for standing, level in ((["seccomp"], "info"), ([], "warning")):
        monkeypatch.setattr(reader, "_told", [])
        with capture_logs() as logs:
            reader.tell(standing)
            reader.tell(standing)
        assert [one["log_level"] for one in logs] == [level]


@pytest.mark.parametrize(
    "data", [b"", b"\0\0\0\x02\0\0\0\0[]", b"\0\0\0\x02\0\0\0\0{", b"\0\0\0\x02\0\0\0\0{x", b"\xff" * 40]
)
def test_an_answer_that_is_no_frame_is_told(data: bytes) -> None:
    with pytest.raises(frames.Broken):
        frames.unpacked(data)


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_a_filter_is_made_for_the_machines_we_know(machine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: machine)
    steps = syscalls.program()
    assert steps is not None
    # Every way through it ends: no jump leaves the program.
    assert all(
        n + 1 + max(one.jump_true, one.jump_false) < len(steps)
        for n, one in enumerate(steps)
        if one.code != 6
    )
    monkeypatch.setattr("platform.machine", lambda: "vax")
    assert syscalls.program() is None
