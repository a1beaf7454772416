"""A private PostgreSQL cluster with PostGIS.

It is found, installed or unpacked, then made and started without an administrator.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import structlog

from backend.local import debian
from backend.local.interrupts import held_back
from backend.local.locks import Lock

log = structlog.get_logger(__name__)
LONGEST_SOCKET_PATH = 100


class NoPostgres(Exception):
    """No PostgreSQL with PostGIS could be found or installed here."""


@dataclass(frozen=True, slots=True)
class Binaries:
    """Where PostgreSQL's programs are.

    With the library and extension paths they need when unpacked without root.
    """

    bin: Path
    environment: dict[str, str]
    extension_path: str = ""


def find_binaries(home: Path) -> Binaries:
    """PostgreSQL with PostGIS: on the machine, by apt as root, or unpacked into `home` as a plain user."""
    found = present_binaries(home)
    if found:
        return found
    unpacked = home / "postgres-root"
    if not shutil.which("apt-get"):
        raise NoPostgres("install PostgreSQL 14 or newer with PostGIS 3, or set WANGGE_DATABASE_URL")
    if debian.root_prefix() is not None:
        _apt_install()
        found = _installed()
        if found:
            return found
    _apt_unpack(unpacked)
    return _unpacked(unpacked)


def present_binaries(home: Path) -> Binaries | None:
    """PostgreSQL with PostGIS as it is here already; nothing is installed."""
    unpacked = home / "postgres-root"
    return _installed() or (_unpacked(unpacked) if (unpacked / "READY").exists() else None)


def _installed() -> Binaries | None:
    """The newest installed PostgreSQL that can load PostGIS."""
    on_path = shutil.which("pg_ctl")
    places = [*Path("/usr/lib/postgresql").glob("*/bin"), *Path("/opt/homebrew/opt").glob("postgresql*/bin")]
    places += [Path(on_path).resolve().parent] if on_path else []
    for folder in sorted(set(places), key=lambda p: p.parts[-2], reverse=True):
        if not (folder / "initdb").exists():
            continue
        share = subprocess.run(
            [folder / "pg_config", "--sharedir"], capture_output=True, text=True, check=False
        ).stdout.strip()
        share = share or f"/usr/share/postgresql/{folder.parts[-2]}"
        if (Path(share) / "extension/postgis.control").exists() or (
            Path(f"/usr/share/postgresql/{folder.parts[-2]}/extension/postgis.control").exists()
        ):
            return Binaries(folder, {})
    return None


def _packages() -> list[str]:
    """The newest PostgreSQL for which Debian has PostGIS 3."""
    names = debian.known_packages("postgresql-")
    wanted = [n for n in names if n.endswith("-postgis-3") and n.split("-")[1].isdigit()]
    if not wanted:
        raise NoPostgres(
            "apt knows no postgresql-*-postgis-3; set WANGGE_DATABASE_URL to a database with PostGIS"
        )
    package = max(wanted, key=lambda n: int(n.split("-")[1]))
    return ["postgresql-" + package.split("-")[1], package]


def _apt_install() -> None:
    log.info("installing PostgreSQL with PostGIS by apt (once)")
    debian.refresh_lists()
    _no_default_cluster(debian.root_prefix() or [])
    if not debian.install_packages(_packages()):
        raise NoPostgres("apt-get could not install PostgreSQL; see its messages above")


def _no_default_cluster(prefix: list[str]) -> None:
    """Debian would make and start a cluster of its own at installation; only our private one is wanted."""
    settings = Path("/etc/postgresql-common/createcluster.conf")
    if not settings.exists():
        subprocess.run([*prefix, "mkdir", "-p", str(settings.parent)], check=True)
        subprocess.run(
            [*prefix, "tee", str(settings)],
            input="create_main_cluster = false\n",
            text=True,
            check=True,
            stdout=subprocess.DEVNULL,
        )


def _apt_unpack(target: Path) -> None:
    log.info("no root here: unpacking PostgreSQL with PostGIS into the project's folder (once)")
    debian.unpack_packages(_packages(), target)
    for control in target.glob("usr/share/postgresql/*/extension/postgis-3.control"):
        plain = control.with_name("postgis.control")
        if not plain.exists():
            plain.write_bytes(control.read_bytes())
    (target / "READY").touch()


def _unpacked(target: Path) -> Binaries:
    folder = max(target.glob("usr/lib/postgresql/*/bin"), key=lambda p: int(p.parts[-2]))
    libraries = debian.loader_path(target)
    return Binaries(folder, {"LD_LIBRARY_PATH": libraries, "PROJ_DATA": str(target / "usr/share/proj")})


class Cluster:
    """A cluster in `folder`, reached by a unix socket alone; `durable=False` is for throwaway tests.

    Several processes may use it at once: whoever starts or stops it is alone at that, each user holds a
    shared lock, and the last one out stops it.
    """

    def __init__(self, folder: Path, binaries: Binaries, *, durable: bool = True) -> None:
        self.folder, self._binaries, self._durable = folder, binaries, durable
        digest = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:12]
        inside = folder / "socket"
        short = len(str(inside.resolve())) < LONGEST_SOCKET_PATH
        self.socket = inside if short else Path(tempfile.gettempdir()) / f"wangge-{os.getuid()}-{digest}"
        self._changing, self._using = (
            Lock(folder.with_name(f"{folder.name}.{what}")) for what in ("changing", "using")
        )

    def url(self, database: str = "wangge", role: str = "") -> str:
        """The database's URL, for its owner or another role."""
        return f"postgresql://{role or self._owner()}@/{database}?host={quote(str(self.socket.resolve()))}"

    def start(self) -> None:
        """Make the cluster if it is new, and start it if it does not run.

        The caller is one of its users until `stop`.
        """
        with self._changing.held(), held_back():
            if not (self.folder / "PG_VERSION").exists():
                self._create()
            self._make_socket_folder()
            is_running = self.is_running()
            if not is_running:
                self._launch()
            self._using.take(shared=True, wait_s=None)
            if not is_running:
                self._using.write(self._life())

    def _launch(self) -> None:
        options = f"-k '{self.socket.resolve()}' -c listen_addresses='' -c unix_socket_permissions=0700"
        options += " -c max_connections=200 -c shared_buffers=256MB"
        options += " -c max_wal_size=4GB -c random_page_cost=1.1 -c work_mem=16MB"
        if not self._durable:
            options += " -c fsync=off -c full_page_writes=off -c max_wal_size=256MB"
            # Hundreds of short connections: each would load it anew.
            if (self._binaries.bin.parent / "lib/postgis-3.so").exists():
                options += " -c shared_preload_libraries=postgis-3"
        log_file = str((self.folder / "server.log").resolve())
        done = self._run(
            "pg_ctl",
            "-D",
            str(self.folder.resolve()),
            "-l",
            log_file,
            "-w",
            "-t",
            "60",
            "-o",
            options,
            "start",
        )
        if done.returncode:
            raise NoPostgres(f"PostgreSQL did not start; see {log_file}: {done.stderr.strip()}")

    def stop(self) -> None:
        """Use it no longer.

        The last of its users stops it, unless somebody else has started it by other means.
        """
        with self._changing.held(), held_back():
            self._using.give_back()
            if not self._using.take():
                return
            if self.is_running() and self._using.read() == self._life():
                self._run("pg_ctl", "-D", str(self.folder.resolve()), "-m", "fast", "-w", "stop")
            if self.socket.parent == Path(tempfile.gettempdir()) and not self.is_running():
                shutil.rmtree(self.socket, ignore_errors=True)
            self._using.give_back()

    def _life(self) -> bytes:
        """Which of the server's lives this is: its process and when it began."""
        said = self.folder / "postmaster.pid"
        lines = said.read_bytes().splitlines() if said.exists() else []
        return b" ".join(lines[0:3:2])

    def answers(self) -> bool:
        """Whether something listens on its socket, without starting a program to find out."""
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(self.socket.resolve() / ".s.PGSQL.5432")) == 0

    def is_running(self) -> bool:
        """Whether its server runs."""
        return self._run("pg_ctl", "-D", str(self.folder.resolve()), "status").returncode == 0

    def ensure_database(self, name: str = "wangge", template: str = "template0") -> bool:
        """Create a database if it is missing; True when it was."""
        sql = f"SELECT 1 FROM pg_database WHERE datname = '{name}'"  # noqa: S608 - a name of ours
        found = self.psql("postgres", sql).strip()
        if found:
            return False
        self.psql("postgres", f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return True

    def give_database(self, name: str, role: str) -> str:
        """A database with PostGIS that belongs to a new role, which may do nothing else; that role's URL."""
        self.psql("postgres", f'CREATE ROLE "{role}" LOGIN')
        self.psql("postgres", f'CREATE DATABASE "{name}" OWNER "{role}" TEMPLATE template0')
        self.psql(name, "CREATE EXTENSION postgis")
        return self.url(name, role)

    def psql(self, database: str, sql: str) -> str:
        """Run one statement as the owner."""
        arguments = (
            "-h",
            str(self.socket.resolve()),
            "-U",
            self._owner(),
            "-d",
            database,
            "-Atqc",
            sql,
            "-v",
            "ON_ERROR_STOP=1",
        )
        done = self._run("psql", *arguments)
        if done.returncode:
            raise NoPostgres(done.stderr.strip())
        return done.stdout

    def where(self, program: str) -> tuple[str, dict[str, str]]:
        """The path of one of PostgreSQL's own programs, and the environment it needs."""
        return str(self._binaries.bin / program), {**os.environ, **self._binaries.environment}

    def _create(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            self._give_to_owner(self.folder)
        options = ("--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", f"--username={self._owner()}")
        done = self._run(
            "initdb", "-D", str(self.folder.resolve()), *options, *(() if self._durable else ("--no-sync",))
        )
        if done.returncode:
            raise NoPostgres(f"initdb failed: {done.stderr.strip()}")

    def _make_socket_folder(self) -> None:
        """Its own and nobody else's: whoever reaches the socket is let in without a password."""
        self.socket.mkdir(mode=0o700, parents=True, exist_ok=True)
        found, owner = self.socket.lstat(), self._owner()
        ours = {os.geteuid(), pwd.getpwnam(owner).pw_uid if owner == "postgres" else os.geteuid()}
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in ours:
            raise NoPostgres(f"{self.socket} belongs to somebody else; remove it")
        if os.geteuid() == 0:
            self._give_to_owner(self.socket)
        self.socket.chmod(0o700)

    def _owner(self) -> str:
        """The system account PostgreSQL runs as: never root."""
        if os.geteuid():
            return pwd.getpwuid(os.geteuid()).pw_name if _has_name() else "wangge"
        return "postgres" if _postgres_account() and self._reachable() else "wangge"

    def _reachable(self) -> bool:
        """Whether another account may walk down to the folder; below /root it may not."""
        return all(
            parent.stat().st_mode & 0o001 for parent in self.folder.resolve().parents if parent.exists()
        )

    def _give_to_owner(self, path: Path) -> None:
        if self._owner() == "postgres":
            shutil.chown(path, "postgres", "postgres")
        else:
            os.chown(path, 0, 0)

    def _run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        command: list[str] = [str(self._binaries.bin / program), *arguments]
        if os.geteuid() == 0:
            command = [*self._drop_root(), *command]
        environment = {**os.environ, **self._binaries.environment, "LC_ALL": "C.UTF-8"}
        # A server inherits these files and would keep a pipe open for ever, so pg_ctl writes to files.
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
            done = subprocess.run(
                command,
                stdout=out,
                stderr=err,
                stdin=subprocess.DEVNULL,
                env=environment,
                cwd="/",
                check=False,
                # Ctrl-C at a terminal is for the command that runs here; it must not stop this one half way.
                start_new_session=True,
            )
            out.seek(0)
            err.seek(0)
            return subprocess.CompletedProcess(command, done.returncode, out.read(), err.read())

    def _drop_root(self) -> Sequence[str]:
        if self._owner() == "postgres":
            return ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]
        return ["unshare", "--user", "--map-user=65534", "--map-group=65534"]


def _postgres_account() -> bool:
    try:
        pwd.getpwnam("postgres")
    except KeyError:
        return False
    return True


def _has_name() -> bool:
    try:
        pwd.getpwuid(os.geteuid())
    except KeyError:
        return False
    return True


def private_cluster(home: Path, *, durable: bool = True, name: str = "cluster") -> Cluster:
    """The cluster of this folder, started."""
    if sys.platform == "win32":
        raise NoPostgres("use WSL, or set WANGGE_DATABASE_URL")
    cluster = Cluster(home / name, find_binaries(home), durable=durable)
    cluster.start()
    return cluster
