"""Locks between processes, and signals that are heard once and at a good moment."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from backend.commands.machine import settings_here
from backend.core import config
from backend.local import interrupts
from backend.local.home import Home, HomeTaken
from backend.local.locks import Lock

HOLD = (
    "import sys, time; from pathlib import Path; from backend.local.locks import Lock; "
    "lock = Lock(Path(sys.argv[1])); print(lock.take(), flush=True); time.sleep(60)"
)


def held_elsewhere(path: Path) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", HOLD, path], stdout=subprocess.PIPE, text=True)


def test_a_lock_is_held_by_one_and_given_back_by_a_killed_process(tmp_path: Path) -> None:
    lock = Lock(tmp_path / "locks/one")
    with held_elsewhere(lock.path) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "True\n"
        assert lock.is_taken()
        process.kill()
    assert lock.take(wait_s=5)
    assert not Lock(lock.path).take()
    assert Lock(lock.path).is_taken()
    lock.give_back()
    assert not lock.is_taken()


def test_several_share_and_the_last_one_out_is_alone(tmp_path: Path) -> None:
    first, second = Lock(tmp_path / "one"), Lock(tmp_path / "one")
    assert first.take(shared=True)
    assert second.take(shared=True)
    first.give_back()
    assert not first.take()
    second.give_back()
    assert first.take()


def test_a_home_has_one_server_whose_settings_commands_take(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Home(tmp_path)
    server.take()
    with pytest.raises(HomeTaken, match=r"正在启动.*WANGGE_HOME"):
        Home(tmp_path).take()
    server.say("http://127.0.0.1:8000", {"WANGGE_OBJECTS_URL": "s3://bucket", "WANGGE_PROXIES": "1"}, [])
    with pytest.raises(HomeTaken, match=r"http://127\.0\.0\.1:8000"):
        Home(tmp_path).take()
    assert (tmp_path / "locks/server").stat().st_mode & 0o077 == 0
    monkeypatch.setenv("WANGGE_HOME", str(tmp_path))
    monkeypatch.setenv("WANGGE_PROXIES", "2")
    assert (settings_here().objects_url, settings_here().proxies) == ("s3://bucket", 2)
    server.leave()
    assert settings_here() == config.read()
    assert Home(tmp_path).running() is None


def test_a_restore_is_refused_beside_whoever_serves(tmp_path: Path) -> None:
    serving, restoring = Home(tmp_path), Home(tmp_path)
    assert serving.attend()
    with pytest.raises(HomeTaken, match="--drain"):
        restoring.begin_restore(None)
    with pytest.raises(HomeTaken, match="没有让开"):
        restoring.begin_restore(0.1)
    serving.step_aside()
    restoring.begin_restore(None)
    assert serving.is_restoring()
    assert not serving.attend(0.1)
    with pytest.raises(HomeTaken, match=r"另一个恢复|--drain"):
        Home(tmp_path).begin_restore(0.1)
    restoring.end_restore()
    assert serving.attend(0.1)


def test_somebody_elses_home_is_said_to_be_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "WANGGE").touch()
    Home(tmp_path).need_ours()
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(HomeTaken, match=r"属于系统用户.*belongs to the system account"):
        Home(tmp_path).need_ours()


def test_a_signal_waits_for_what_must_be_done_whole_and_is_heard_once() -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    done = []
    try:
        interrupts.listen()
        with pytest.raises(KeyboardInterrupt), interrupts.held_back():
            os.kill(os.getpid(), signal.SIGINT)
            done.append("whole")
        os.kill(os.getpid(), signal.SIGTERM)
        done.append("stopped")
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert done == ["whole", "stopped"]
