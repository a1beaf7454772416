"""What lies on the disk and listens on the machine is its owner's alone: files, sockets, processes, logs."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest
import redis

from backend.core.private_files import NotOurs, be_private, own_folder, own_home, write_private
from backend.local.broker import Broker
from backend.local.cluster import Cluster, NoPostgres, find_binaries
from backend.local.processes import Processes
from backend.local.tls import make_certificate
from tests.conftest import HOME


def listening_ports(pid: int) -> list[str]:
    """TCP ports that a process listens on, by what the kernel says of its open sockets."""
    mine = {os.readlink(one) for one in Path(f"/proc/{pid}/fd").iterdir() if one.is_symlink()}
    rows = [
        line.split()
        for name in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]
    ]
    return [row[1] for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in mine]


def test_the_ports_of_a_process_are_seen() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        assert [int(one.split(":")[1], 16) for one in listening_ports(os.getpid())] == [
            listener.getsockname()[1]
        ]


def test_the_broker_listens_on_its_socket_alone(tmp_path: Path) -> None:
    before = os.umask(0o000)
    broker = Broker(tmp_path / "broker")
    try:
        broker.start()
        with redis.Redis(unix_socket_path=str(broker.socket), decode_responses=True) as client:
            assert client.config_get("port") == {"port": "0"}
            pid = client.info("server")["process_id"]
        assert listening_ports(pid) == []
        assert broker.socket.stat().st_mode & 0o077 == 0
        assert broker.socket.parent.stat().st_mode & 0o077 == 0
    finally:
        os.umask(before)
        broker.stop()


def test_a_broker_does_not_move_into_somebody_elses_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    broker = Broker(Path("/" + "deep/" * 30))
    assert broker.socket.parent.parent == tmp_path
    broker.socket.parent.symlink_to(tmp_path)
    with pytest.raises(NotOurs, match="somebody else"):
        broker.start()


def test_the_database_listens_on_its_socket_alone(cluster: Cluster) -> None:
    assert cluster.psql("postgres", "SHOW listen_addresses").strip() == ""
    pid = int((cluster.folder / "postmaster.pid").read_text().splitlines()[0])
    assert listening_ports(pid) == []
    assert cluster.socket.stat().st_mode & 0o077 == 0
    sockets = [path for path in cluster.socket.iterdir() if stat.S_ISSOCK(path.stat().st_mode)]
    assert sockets and all(path.stat().st_mode & 0o077 == 0 for path in sockets)


def test_the_database_does_not_open_its_socket_in_somebody_elses_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    cluster = Cluster(tmp_path / ("x" * 100), find_binaries(HOME))
    cluster.socket.symlink_to(tmp_path)
    with pytest.raises(NoPostgres, match="somebody else"):
        cluster._make_socket_folder()


def test_what_an_older_release_left_open_is_closed(tmp_path: Path) -> None:
    home = tmp_path / "home"
    for name in ("logs", "objects", "uploads", "tls", "web"):
        (home / name).mkdir(parents=True)
        (home / name).chmod(0o755)
    for name in ("secret-key", "seals.jsonl", "history.json"):
        (home / name).touch()
        (home / name).chmod(0o644)
    own_home(home)
    seen = {path.name: path.stat().st_mode & 0o777 for path in (home, *home.iterdir())}
    assert seen == {
        "home": 0o711, "logs": 0o700, "objects": 0o700, "uploads": 0o700, "tls": 0o700, "web": 0o755,
        "secret-key": 0o600, "seals.jsonl": 0o600, "history.json": 0o600,
    }  # fmt: skip


def test_logs_and_a_phones_certificate_are_their_owners(tmp_path: Path) -> None:
    before = os.umask(0o000)
    try:
        processes = Processes(tmp_path / "logs", {})
        processes.start("short", "this")
        processes.stop()
        _, key, _ = make_certificate(tmp_path / "tls", "127.0.0.1")
    finally:
        os.umask(before)
    for path in (tmp_path / "logs", tmp_path / "logs/short.log", tmp_path / "tls", key):
        assert path.stat().st_mode & 0o077 == 0, path


def test_a_file_is_written_whole_and_for_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "ring"
    path.write_text("old")
    path.chmod(0o666)
    write_private(path, b"new")
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"new", 0o600)
    with pytest.raises(TypeError):
        write_private(path, "no bytes")  # type: ignore[arg-type]
    assert (path.read_bytes(), os.listdir(tmp_path)) == (b"new", ["ring"])


def test_a_process_of_ours_makes_nothing_for_others(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        be_private()
        (tmp_path / "file").touch()
        assert (tmp_path / "file").stat().st_mode & 0o077 == 0
    finally:
        os.umask(before)
    assert own_folder(tmp_path / "a/b").stat().st_mode & 0o777 == 0o700
