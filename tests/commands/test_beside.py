"""One server to a home, and commands beside it.

Commands, signals, restores, and a database or broker that goes away.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
import redis
from sqlalchemy import text

from backend import migrations
from backend.cli import COMMANDS
from backend.core import config
from backend.core.db import Database, make_engine
from backend.demo.story_actors import until
from backend.local.broker import Broker
from backend.local.cluster import Cluster, find_binaries
from backend.local.home import Home, HomeTaken
from backend.local.machine import Machine
from backend.local.processes import Processes
from tests import factories
from tests.conftest import HOME
from tests.factories import uid

ROOT = Path(__file__).parents[2]
WANGGE = Path(sys.executable).with_name("wangge")
HERE = HOME / "test-beside"
# What each command says beside a running server, kept by hand: a new command without a row fails.
BESIDE = {
    "run": (("--port", "19700"), 1, "http://127.0.0.1:"),
    "restore": (("{tmp}",), 1, "--drain"),
    "backup": (("{tmp}/kept",), 0, "database.dump"),
    "drill": (("{tmp}",), 1, "备份不可用"),
    "note-backup": (("--began", "2026-01-31T02:00:00+08:00"), 0, "备份"),
    "demo": (("--size", "small"), 1, "不是空的"),
    "doctor": ((), 1, "backup"),
    "setup": ((), 1, "已经设置过了"),
    "erase": (("customer", "{customer 2}"), 0, "已清除"),
    "keys": (("rotate",), 0, "已更换"),
    "limits": (("read", "{tmp}/cases.json"), 0, "共 0 例"),
    "ground": (("divide", "north", "--cells", "2", "--accept"), 0, "已生效"),
    "export": (("{tmp}/export", "--without-photos"), 0, "已导出"),
    "import": (("customers", "{tmp}/customers.csv", "--dry-run"), 0, "什么也没有写入"),
    "migrate": ((), 0, "已是最新"),
    "ready": ((), 0, "已就绪"),
    "outbox": ((), 0, "已放弃的事项"),
    "verify": ((), 0, "完好"),
    "verify-sheet": (("{point 1}", "{tmp}/sheet.json"), 1, "没有这个签名"),
}
# These write files into the project, or have a home of their own.
APART = {"spec", "migration", "story"}


def environment() -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("WANGGE_")}
    return {**own, "WANGGE_HOME": str(HERE), "WANGGE_FONTS": os.environ["WANGGE_FONTS"]}


@dataclass
class Server:
    """`wangge run` as a process of its own, or `make run`, in a session of its own with SIGINT ignored."""

    command: tuple[str, ...]
    process: subprocess.Popen[bytes] = field(init=False)
    http: httpx.Client = field(init=False)

    def __enter__(self) -> Server:
        with (HERE / "run.log").open("wb") as out:
            # As a shell starts what it puts into the background, and not as `nohup` does, which these tests
            # may run under.
            self.process = subprocess.Popen(
                self.command,
                cwd=ROOT,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_as_in_the_background,
            )
        assert until(lambda: self.address() or self.process.poll() is not None, 90), self.said()
        assert self.address(), self.said()
        self.http = httpx.Client(base_url=self.address(), trust_env=False, timeout=90)
        assert until(lambda: answers(self), 90), self.said()
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()
        if self.process.poll() is None:
            self.end(signal.SIGTERM)

    def address(self) -> str:
        running = Home(HERE).running()
        return running.address if running else ""

    def said(self) -> str:
        return (HERE / "run.log").read_text()

    def end(self, number: int) -> int:
        self.process.send_signal(number)
        return self.process.wait(90)

    def sign_in(self) -> str:
        device = {"id": uid("d"), "name": "desk"}
        body = {"login": "T001", "password": factories.PASSWORD, "device": device}
        answer = self.http.post("/api/v1/sessions", json=body)
        assert answer.status_code in (200, 201), answer.text
        self.http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        return str(answer.json()["access_token"])

    def status(self) -> int:
        return self.http.get("/readyz").status_code

    def write_note(self, note: str) -> int:
        path = f"/api/v1/customers/{factories.Town()['customer 1']}"
        version = self.http.get(path).headers["ETag"]
        return self.http.patch(path, json={"note": note}, headers={"If-Match": version}).status_code


def _as_in_the_background() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def by_itself() -> Server:
    return Server((str(WANGGE), "run", "--port", "19650"))


@pytest.fixture(scope="module", autouse=True)
def home() -> Iterator[Path]:
    """A home with the small town in its database; nothing runs."""
    machine = Machine.prepare(config.read({"WANGGE_HOME": str(HERE)}))
    assert machine.cluster is not None
    machine.cluster.psql("postgres", "DROP DATABASE IF EXISTS wangge WITH (FORCE)")
    machine.cluster.ensure_database()
    for witness in ("seals.jsonl", "history.json"):
        (HERE / witness).unlink(missing_ok=True)
    database = Database(machine.engine())
    migrations.upgrade(database.engine)
    with database.transaction() as session:
        factories.build(session)
    database.engine.dispose()
    machine.stop()
    assert left() == []
    yield HERE


@pytest.fixture(scope="module")
def made(home: Path) -> Iterator[Server]:
    """`make run`, without the installing."""
    command = ("make", "run", "PYTHON=true", "PY=true", f'W="{WANGGE}"', "PORT=19600")
    with Server(command) as server:
        server.sign_in()
        yield server


def left() -> list[str]:
    """What still runs of this home."""
    found = ["server"] if Home(HERE).running() else []
    found += ["serving"] if not _nobody_serves() else []
    found += ["cluster"] if Cluster(HERE / "cluster", find_binaries(HERE)).is_running() else []
    return found + (["broker"] if Broker(HERE / "broker").is_running() else [])


def _nobody_serves() -> bool:
    home = Home(HERE)
    try:
        home.begin_restore(None)
    except HomeTaken:
        return False
    home.end_restore()
    return True


@dataclass
class Load:
    """Asks a server all the while; whatever it does not answer well is kept."""

    server: Server
    bad: list[str] = field(default_factory=list)
    asked: int = 0

    def __enter__(self) -> Load:
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(2)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _ask(self) -> None:
        headers = dict(self.server.http.headers)
        with httpx.Client(
            base_url=self.server.http.base_url, headers=headers, trust_env=False, timeout=90
        ) as http:
            while not self._ended.wait(0.1):
                for path in ("/readyz", "/api/v1/work-orders"):
                    try:
                        answer = http.get(path)
                        if answer.status_code != 200:
                            self.bad.append(f"{path} {answer.status_code}")
                    except httpx.HTTPError as error:
                        self.bad.append(f"{path} {error!r}")
                    self.asked += 1


def start(tmp: Path, name: str) -> subprocess.Popen[str]:
    town = factories.Town()
    arguments = [
        part.replace("{tmp}", str(tmp)).format_map(town) if "{" in part else part for part in BESIDE[name][0]
    ]
    command = [str(WANGGE), name, *arguments]
    return subprocess.Popen(
        command, cwd=tmp, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def test_every_command_beside_a_loaded_server_leaves_it_answering(made: Server, tmp_path: Path) -> None:
    assert set(BESIDE) | APART == set(COMMANDS)
    (tmp_path / "sheet.json").write_text("{}")
    (tmp_path / "cases.json").write_text("[]")
    (tmp_path / "customers.csv").write_text("户号,户名\nZ1,甲\n")
    with Load(made) as load, ExitStack() as stack:
        # All at once: none of them may stop what another one, or the server, still uses.
        for name, process in [(name, stack.enter_context(start(tmp_path, name))) for name in BESIDE]:
            said, _ = process.communicate(timeout=200)
            assert process.returncode == BESIDE[name][1], (name, said)
            assert BESIDE[name][2] in said.replace("\n", ""), (name, said)
            assert "Traceback" not in said
    assert load.bad == []
    assert load.asked > 20
    assert list(tmp_path.glob("kept/*/database.dump"))


@pytest.mark.long
def test_a_restore_that_drains_is_followed_by_serving(made: Server, tmp_path: Path) -> None:
    def wangge(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [WANGGE, *arguments], cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False
        )

    assert made.write_note("before") == 200
    assert wangge("backup", str(tmp_path / "kept")).returncode == 0
    assert made.write_note("after") == 200
    done = wangge("restore", "--drain", str(tmp_path / "kept"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert until(lambda: answers(made), 40), made.said()
    customer = made.http.get(f"/api/v1/customers/{factories.Town()['customer 1']}").json()
    assert customer["note"] == "before"


def answers(server: Server) -> bool:
    try:
        return server.status() == 200
    except httpx.HTTPError:
        return False


def served(database: Database) -> bool:
    with database.transaction() as session:
        return session.execute(text("SELECT count(*) FROM outbox WHERE done_at IS NULL")).scalar_one() == 0


def postmaster(cluster: Cluster) -> str | None:
    """The process of the database as it says so itself; None while there is none."""
    file = cluster.folder / "postmaster.pid"
    said = file.read_text().split() if file.exists() else []
    return said[0] if said else None


def test_a_database_that_went_away_and_came_back_is_used_again(made: Server) -> None:
    cluster = Cluster(HERE / "cluster", find_binaries(HERE))
    before = postmaster(cluster)
    cluster._run("pg_ctl", "-D", str(cluster.folder.resolve()), "-m", "immediate", "-w", "stop")
    seen: list[int] = []
    # Whether anybody asks while it is away is chance: another one was started in its place.
    assert until(lambda: postmaster(cluster) not in (None, before), 40)
    assert until(lambda: seen.append(made.status()) or seen[-1] == 200, 40), seen
    assert set(seen) <= {200, 503}
    assert until(lambda: made.write_note("back") == 200, 20)
    database = Database(make_engine(cluster.url()))
    assert until(lambda: served(database), 40)
    database.engine.dispose()


def test_a_broker_that_went_away_and_came_back_is_used_again(made: Server) -> None:
    broker = Broker(HERE / "broker")
    with redis.Redis(unix_socket_path=str(broker.socket)) as client:
        client.shutdown(nosave=True)
    # Nobody waits for a broker: what it would have carried stands in the database.
    began = time.monotonic()
    assert made.write_note("without a broker") == 200
    made.sign_in()
    assert until(broker.is_running, 30)
    assert time.monotonic() - began < 30
    assert until(lambda: made.write_note("with a broker") == 200, 20)
    database = Database(make_engine(Cluster(HERE / "cluster", find_binaries(HERE)).url()))
    assert until(lambda: served(database), 40)
    database.engine.dispose()
    with made.http.stream("GET", "/api/v1/sync/nudges", timeout=30) as events:
        lines = events.iter_lines()
        assert next(lines) == "retry: 5000"
        assert made.write_note("heard") == 200
        assert until(lambda: next(lines) == "event: pull", 30)


def test_a_signal_to_make_ends_everything(made: Server) -> None:
    made.end(signal.SIGTERM)
    assert until(lambda: left() == [], 30), left()


@pytest.mark.long
def test_a_killed_server_leaves_nothing_that_the_next_one_does_not_end(home: Path) -> None:
    with by_itself() as server:
        server.end(signal.SIGKILL)
    assert until(lambda: "serving" not in left(), 30), left()
    with by_itself() as server:
        assert server.status() == 200
        assert server.end(signal.SIGINT) == 0
    assert left() == []


@pytest.mark.long
def test_a_command_that_outlives_the_server_stops_the_database(home: Path) -> None:
    with by_itself() as server:
        command = Machine.prepare(config.read({"WANGGE_HOME": str(HERE)}))
        assert server.end(signal.SIGHUP) == 0
    assert left() == ["cluster"]
    engine = command.engine()
    with engine.connect() as connection:
        assert connection.execute(text("SELECT 1")).scalar_one() == 1
    engine.dispose()
    command.stop()
    assert left() == []


def test_a_web_worker_that_begins_without_a_database_says_so_and_serves_once_it_is_there(home: Path) -> None:
    cluster = Cluster(HERE / "cluster", find_binaries(HERE))
    own = {"WANGGE_DATABASE_URL": cluster.url(), "WANGGE_SECRET_KEY": "of a test that lasts some seconds"}
    processes = Processes(HERE / "logs", {**environment(), **own})
    processes.start(
        "bare", "gunicorn", "--bind", "127.0.0.1:19680", "--no-control-socket", "backend.wsgi:app"
    )
    seen: list[int] = []

    def status() -> int:
        with contextlib.suppress(httpx.HTTPError):
            seen.append(httpx.get("http://127.0.0.1:19680/readyz", trust_env=False, timeout=60).status_code)
        return seen[-1] if seen else 0

    try:
        assert until(lambda: status() == 503, 60), seen
        cluster.start()
        assert until(lambda: status() == 200, 40), seen
    finally:
        processes.stop()
        cluster.stop()
