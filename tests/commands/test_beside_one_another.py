"""Parts that keep processes apart: locks, homes, signals, children, ports, sockets, sealed streams."""

from __future__ import annotations

import errno
import io
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pyrage
import pytest

from backend.core.keys import BACKUPS, Key
from backend.local import interrupts
from backend.local.cluster import Binaries, Cluster
from backend.local.encryption import NoIdentity, decrypt, encrypt, identities_of, recipient_of, recipients_of
from backend.local.home import Home, HomeTaken, not_ours
from backend.local.locks import Lock
from backend.local.processes import Processes, wait_for_port
from backend.local.tls import make_certificate, qr


def test_a_lock_is_given_back_when_the_block_fails(tmp_path: Path) -> None:
    lock = Lock(tmp_path / "deep/one")
    with pytest.raises(ZeroDivisionError), lock.held():
        assert lock.is_held
        assert not Lock(lock.path).take(wait_s=0.06)
        raise ZeroDivisionError
    assert not lock.is_held
    assert Lock(lock.path).take()


def test_what_a_holder_wrote_is_read_whole_by_others_and_afterwards(tmp_path: Path) -> None:
    lock, other = Lock(tmp_path / "one"), Lock(tmp_path / "one")
    assert other.read() == b""
    lock.take()
    for said in (b"a long sentence", b"short"):
        lock.write(said)
        assert other.read() == said
    lock.give_back()
    lock.give_back()
    assert other.read() == b"short"


def test_a_lock_that_several_share_is_taken_for_whoever_wants_it_alone(tmp_path: Path) -> None:
    lock = Lock(tmp_path / "one")
    assert not lock.is_taken()
    assert lock.take(shared=True)
    assert Lock(lock.path).is_taken()
    assert Lock(lock.path).take(shared=True)


def test_a_server_started_anew_keeps_what_it_said_of_itself(tmp_path: Path) -> None:
    server, beside = Home(tmp_path), Home(tmp_path)
    server.take()
    server.say("http://127.0.0.1:8000", {"WANGGE_PROXIES": "1"}, [11, 12])
    server.regroup(iter([13]))
    found = beside.running()
    assert found is not None
    assert (found.pid, found.address, found.groups) == (os.getpid(), "http://127.0.0.1:8000", [13])
    assert found.environment == {"WANGGE_PROXIES": "1"}
    server.leave()
    server.leave()
    assert beside.running() is None
    assert (tmp_path / "locks/server").read_bytes() == b""


@pytest.mark.parametrize("said", [b"", b"{", b"[]", b'{"pid": 1, "unheard_of": 2}'])
def test_a_server_that_says_nothing_readable_runs_all_the_same(tmp_path: Path, said: bytes) -> None:
    lock = Lock(tmp_path / "locks/server")
    lock.take()
    lock.write(said)
    found = Home(tmp_path).running()
    assert found is not None
    assert (found.pid, found.address, found.groups) == (0, "", [])


def test_several_serve_a_home_and_a_restore_waits_for_the_last(tmp_path: Path) -> None:
    web, worker, restoring = Home(tmp_path), Home(tmp_path), Home(tmp_path)
    assert web.attend(0)
    assert worker.attend(0)
    web.step_aside()
    with pytest.raises(HomeTaken):
        restoring.begin_restore(0)
    assert not web.is_restoring()
    worker.step_aside()
    restoring.begin_restore(0)
    assert web.is_restoring()
    restoring.end_restore()
    assert not web.is_restoring()
    assert web.attend(0)


def test_a_home_of_an_account_without_a_name_is_told_by_its_number(tmp_path: Path) -> None:
    told = not_ours(tmp_path, 987_654_321)
    assert told.startswith(f"{tmp_path} 属于系统用户 987654321")
    assert f"{tmp_path} belongs to the system account 987654321" in told
    assert "the system account root" in not_ours(tmp_path, 0)


def test_a_new_home_is_anybodys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    Home(tmp_path / "none").need_ours()
    assert not (tmp_path / "none").exists()


@pytest.fixture
def listening() -> Iterator[None]:
    """Signals are heard as in a command; whatever held them before holds them again."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}
    try:
        interrupts.listen()
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def test_a_signal_within_two_blocks_waits_for_the_outer_one(listening: None) -> None:
    done = []
    with pytest.raises(KeyboardInterrupt), interrupts.held_back():
        with interrupts.held_back():
            os.kill(os.getpid(), signal.SIGTERM)
            done.append("inner")
        done.append("outer")
    assert done == ["inner", "outer"]


def test_a_failure_in_a_block_is_told_before_the_signal_that_waits(listening: None) -> None:
    with pytest.raises(ZeroDivisionError), interrupts.held_back():
        os.kill(os.getpid(), signal.SIGTERM)
        raise ZeroDivisionError
    with pytest.raises(KeyboardInterrupt), interrupts.held_back():
        pass


def test_nohup_is_heeded_and_an_ignored_interrupt_is_not() -> None:
    words = (
        "import os, signal; from backend.local.interrupts import listen; "
        "signal.signal(signal.SIGHUP, signal.SIG_IGN); signal.signal(signal.SIGINT, signal.SIG_IGN); "
        "listen(); os.kill(os.getpid(), signal.SIGHUP); print('still here', flush=True); "
        "os.kill(os.getpid(), signal.SIGINT); print('never')"
    )
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=False)
    assert done.stdout == "still here\n"
    assert "KeyboardInterrupt" in done.stderr


def test_a_process_whose_parent_is_gone_already_ends_at_once() -> None:
    words = (
        "import os; from backend.local.interrupts import end_with_parent as end; "
        "end(os.getppid()); print('mine', flush=True); end(os.getpid()); print('never')"
    )
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (-signal.SIGTERM, "mine\n")


def test_a_child_is_told_its_settings_and_begins_again_in_the_same_log(tmp_path: Path) -> None:
    processes = Processes(tmp_path / "logs", {"WANGGE_TOLD": "by the parent"})
    words = "import os; print(os.environ['WANGGE_TOLD'], os.getpgid(0) == os.getpid())"
    processes.start("child", "timeit", "-n", "1", "-r", "1", words)
    first = processes.groups()
    assert first == [processes.pid("child")]
    assert processes.wait() == "child"
    processes.begin_again("child")
    assert processes.groups() != first
    assert processes.wait() == "child"
    processes.stop()
    log = tmp_path / "logs/child.log"
    assert log.read_text().count("by the parent True\n") == 2
    assert log.stat().st_mode & 0o777 == 0o600
    assert processes.groups() == []


def test_waiting_ends_without_a_name_when_it_is_enough(tmp_path: Path) -> None:
    assert Processes(tmp_path, {}).wait(lambda: True) == ""


def test_a_port_is_waited_for_and_its_silence_is_named() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        port = server.getsockname()[1]
        with pytest.raises(TimeoutError, match=f"nothing listens on port {port}"):
            wait_for_port(port, 0.01)
        server.listen()
        wait_for_port(port, 5)


def test_a_cluster_is_reached_by_its_own_socket_whatever_its_folder_is_called(tmp_path: Path) -> None:
    one = Cluster(Path(os.path.relpath(tmp_path)) / "a b&c", Binaries(Path("/pg/bin"), {"PROJ_DATA": "/p"}))
    url = one.url("other")
    assert url.startswith("postgresql://")
    assert "@/other?host=" in url
    assert " " not in url
    assert url.count("&") == 0
    assert Cluster(tmp_path / "a b&c", Binaries(Path("/pg/bin"), {})).url("other") == url
    assert one.url() != url
    program, environment = one.where("pg_dump")
    assert (program, environment["PROJ_DATA"]) == ("/pg/bin/pg_dump", "/p")
    assert environment.keys() >= os.environ.keys()


def test_a_cluster_answers_when_something_listens_on_its_socket(tmp_path: Path) -> None:
    one = Cluster(tmp_path / "c", Binaries(Path("/pg/bin"), {}))
    assert not one.answers()
    one.socket.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(one.socket / ".s.PGSQL.5432"))
        server.listen()
        assert one.answers()
    assert not one.answers()


def test_two_deep_folders_have_two_sockets(tmp_path: Path) -> None:
    deep = [Cluster(tmp_path / ("x" * 90) / name, Binaries(Path("/pg"), {})).socket for name in "ab"]
    assert deep[0] != deep[1]


def test_a_certificate_is_for_its_address_and_another_address_gets_its_own(tmp_path: Path) -> None:
    first, second = (make_certificate(tmp_path / "tls", address) for address in ("192.0.2.7", "192.0.2.8"))
    assert first[0].read_bytes() != second[0].read_bytes()
    assert first[1].read_bytes() != second[1].read_bytes()
    assert {one[0].name for one in (first, second)} == {"192.0.2.7.pem", "192.0.2.8.pem"}
    assert (tmp_path / "tls").stat().st_mode & 0o777 == 0o700
    assert qr("https://192.0.2.7") != qr("https://192.0.2.8")


def a_key() -> Key:
    return Key(BACKUPS, str(pyrage.x25519.Identity.generate()))


def sealed(data: bytes, *keys: Key) -> bytes:
    out = io.BytesIO()
    encrypt(io.BytesIO(data), out, recipients_of([recipient_of(key) for key in keys]))
    return out.getvalue()


def test_any_of_its_keys_opens_a_sealed_stream_and_no_other_does() -> None:
    data = os.urandom(200_000)
    first, second, other = a_key(), a_key(), a_key()
    box = sealed(data, first, second)
    for key in (first, second):
        out = io.BytesIO()
        decrypt(io.BytesIO(box), out, identities_of([key]))
        assert out.getvalue() == data
    for ring in ([other], [Key("tokens", first.secret)]):
        with pytest.raises(NoIdentity):
            decrypt(io.BytesIO(box), io.BytesIO(), identities_of(ring))


@pytest.mark.parametrize("where", [0, 40, -1])
def test_a_sealed_stream_that_was_changed_or_cut_does_not_open(where: int) -> None:
    key = a_key()
    box = sealed(b"x" * 100_000, key)
    changed = bytearray(box)
    changed[where] ^= 1
    for spoiled in (bytes(changed), box[:-1], box[: len(box) // 2], b""):
        with pytest.raises(NoIdentity):
            decrypt(io.BytesIO(spoiled), io.BytesIO(), identities_of([key]))


def test_a_full_disk_is_not_called_a_wrong_key() -> None:
    class Full(io.BytesIO):
        def write(self, _: object) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    key = a_key()
    with pytest.raises(OSError, match="No space left") as failed:
        decrypt(io.BytesIO(sealed(b"x" * 100_000, key)), Full(), identities_of([key]))
    assert failed.value.errno == errno.ENOSPC


def test_a_file_of_identities_may_have_comments_and_several(tmp_path: Path) -> None:
    keys, file = [a_key(), a_key()], tmp_path / "identities"
    file.write_text("# made on a Monday\n\n" + "".join(f"  {key.secret}\n" for key in keys))
    assert len(identities_of([], [file])) == 2
    out = io.BytesIO()
    decrypt(io.BytesIO(sealed(b"words", keys[1])), out, identities_of([], [file]))
    assert out.getvalue() == b"words"
    file.write_text("AGE-SECRET-KEY-1SPOILED\n")
    with pytest.raises(NoIdentity):
        identities_of([], [file])
