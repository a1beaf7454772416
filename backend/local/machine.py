"""The whole private machine: database, broker, web server and worker, from one folder."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import Engine

from backend import config
from backend.db import make_engine
from backend.local.broker import Broker
from backend.local.cluster import Cluster, private_cluster
from backend.local.fonts import find_fonts
from backend.local.processes import Processes, free_port, wait_for_port

WEB_WORKERS = 2
WEB_THREADS = 64


def secret_key(home: Path) -> str:
    """The key that signs cursors: made once, readable by its owner alone."""
    path = home / "secret-key"
    if not path.exists():
        home.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48))
    return path.read_text().strip()


@dataclass
class Machine:
    """What `make run` starts. An own database or broker (by URL) is used and never started or stopped."""

    settings: config.Settings
    cluster: Cluster | None = None
    broker: Broker | None = None
    processes: Processes | None = None
    is_private: bool = False

    @classmethod
    def prepare(cls, settings: config.Settings) -> Machine:
        """Start the database and the broker, and complete the settings."""
        settings.home.mkdir(parents=True, exist_ok=True)
        (settings.home / "WANGGE").write_text("Made by `make run`; `make clean` removes this folder.\n")
        machine = cls(settings, is_private=not settings.database_url)
        if machine.is_private:
            machine.cluster = private_cluster(settings.home)
            machine.cluster.ensure_database()
            settings = replace(settings, database_url=machine.cluster.url(), demo_accounts=True)
        if not settings.broker_url:
            machine.broker = Broker(settings.home / "broker")
            machine.broker.start()
            settings = replace(settings, broker_url=machine.broker.url)
        machine.settings = replace(settings, secret_key=settings.secret_key or secret_key(settings.home))
        return machine

    def engine(self) -> Engine:
        """An engine on its database."""
        return make_engine(self.settings.database_url)

    def environment(self) -> dict[str, str]:
        """What the child processes must know."""
        metrics = self.settings.home / "metrics"
        metrics.mkdir(exist_ok=True)
        for stale in metrics.glob("*.db"):
            stale.unlink()
        return {
            "WANGGE_HOME": str(self.settings.home),
            "WANGGE_DATABASE_URL": self.settings.database_url,
            "WANGGE_BROKER_URL": self.settings.broker_url,
            "WANGGE_OBJECTS_URL": self.settings.objects_url,
            "WANGGE_FONTS": str(self.settings.fonts),
            "WANGGE_SECRET_KEY": self.settings.secret_key,
            "WANGGE_WEB_ROOT": str(self.settings.web_root),
            "PROMETHEUS_MULTIPROC_DIR": str(metrics),
        }

    def serve(
        self, port: int, *, host: str = "127.0.0.1", tls: tuple[Path, Path] | None = None, worker: bool = True
    ) -> int:
        """Start the web server and, unless a bench wants quiet, the worker; returns the port once it answers."""
        port = free_port(port)
        self.settings = replace(self.settings, fonts=find_fonts(self.settings.home) or self.settings.fonts)
        self.processes = Processes(self.settings.home / "logs", self.environment())
        options = ["--bind", f"{host}:{port}", "--worker-class", "gthread", "--workers", str(WEB_WORKERS)]
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
        wait_for_port(port)
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

    def stop(self) -> None:
        """Stop what was started here and nothing else."""
        for part in (self.processes, self.broker, self.cluster):
            if part is not None:
                part.stop()
