"""Real servers for the tests: a throwaway PostgreSQL cluster, and a copy of a small town for every test."""

from __future__ import annotations

import fcntl
import hashlib
import itertools
import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, delete, text
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool
from werkzeug.serving import make_server

from backend import migrations
from backend.app import create_app, make_context
from backend.core import config, logs
from backend.core.db import Database, make_engine
from backend.core.installation import USUAL, hold
from backend.core.kinds.account import Token
from backend.core.private_files import own_folder
from backend.core.services import credentials
from backend.core.services.credentials import token_sha256
from backend.demo.load import load_city
from backend.demo.sizes import SIZES
from backend.local.cluster import Cluster, find_binaries
from backend.local.fonts import find_fonts
from backend.queue import serving
from mobile_api_spec.phone import Clock, Link, Phone
from tests import answers, factories
from tests.factories import PASSWORD, PEOPLE, server_view
from tests.sharing_out import (  # noqa: F401 - hooks
    pytest_collection_finish,
    pytest_collection_modifyitems,
    pytest_xdist_make_scheduler,
)
from tests.signing import Crew, crew_with_a_key

_numbers = itertools.count()
# Tokens of the town's people that every copy of it knows: made once, they last as long as the tests.
_tokens: dict[str, str] = {}
LASTING = replace(config.read({}), access_minutes=24 * 60)
logs.configure()
HOME = config.read().home
# Each of several test processes side by side has its own cluster, servers and ports.
PROCESS = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
OWN_HOME = HOME / "tests" / PROCESS
MEMORY, LEAST_MEMORY = Path("/dev/shm"), 2 * 1024**3


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Files of tests lie in memory too, where there is room: phones write theirs through to the disk.

    Tests that a test runs would empty the folder it works in.
    """
    is_own = not config.option.basetemp and "PYTEST_CURRENT_TEST" not in os.environ
    if is_own and (folder := _memory_folder("files")):
        config.option.basetemp = str(folder)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """PostgreSQL with PostGIS, without fsync, for this run."""
    OWN_HOME.mkdir(parents=True, exist_ok=True)
    with one_at_a_time():
        binaries = find_binaries(HOME)
    in_memory = _memory_folder("servers")
    found = Cluster((in_memory or OWN_HOME) / "cluster", binaries, durable=False)
    found.start()
    _drop_copies(found)
    yield found
    _drop_copies(found)
    found.stop()
    # A test that runs tests shares it with those.
    if in_memory and not found.is_running():
        shutil.rmtree(in_memory)


def _memory_folder(of: str) -> Path | None:
    """A folder of this process's own in memory, where there is enough of it.

    A copy of the town is 650 files: on a disk making and dropping them took more than most tests.
    """
    if not MEMORY.is_dir() or shutil.disk_usage(MEMORY).free < LEAST_MEMORY:
        return None
    name = hashlib.sha256(str(OWN_HOME.resolve() / of).encode()).hexdigest()[:12]
    folder = own_folder(MEMORY / f"wangge-tests-{name}")
    # PostgreSQL's own account passes through.
    folder.chmod(0o711)
    return folder


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """For what may install something: test processes side by side take turns."""
    lock = HOME / "tests" / "install.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def own_port(port: int) -> int:
    """A port to try first that no other test process tries."""
    return port + 1000 * int(PROCESS.removeprefix("gw"))


def _drop_copies(cluster: Cluster) -> None:
    for name in cluster.psql(
        "postgres", "SELECT datname FROM pg_database WHERE datname LIKE 'copy_%' OR datname LIKE 'template_%'"
    ).split():
        if name not in ("template0", "template1"):
            cluster.psql("postgres", f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture(scope="session")
def empty_template(cluster: Cluster) -> str:
    """A migrated database without records."""
    cluster.ensure_database("template_empty")
    engine = make_engine(cluster.url("template_empty"))
    migrations.upgrade(engine)
    engine.dispose()
    return "template_empty"


@pytest.fixture(scope="session")
def town_template(cluster: Cluster, empty_template: str) -> str:
    """The small town. What follows from its records has followed: not in every test anew."""
    cluster.ensure_database("template_town", empty_template)
    engine = make_engine(cluster.url("template_town"))
    with Database(engine).transaction() as session:
        factories.build(session)
    assert serving.serve(Database(engine)) > 0
    with Database(engine).transaction() as session:
        _tokens.update({name: factories.token_for(session, LASTING, name) for name in PEOPLE})
        session.flush()
        session.execute(delete(Token).where(Token.use == "refresh"))
    engine.dispose()
    return "template_town"


@pytest.fixture(scope="session")
def city_template(cluster: Cluster, empty_template: str) -> str:
    """The small demo city."""
    cluster.ensure_database("template_city", empty_template)
    engine = make_engine(cluster.url("template_city"))
    load_city(Database(engine), SIZES["small"], lambda *_: None)
    engine.dispose()
    return "template_city"


@pytest.fixture(scope="session")
def as_owner(cluster: Cluster) -> Iterator[Callable[[str], None]]:
    """Runs a statement that makes or drops a database.

    Starting psql for each took twice as long as the copying.
    """
    engine = make_engine(cluster.url("postgres"), pool_size=1, isolation_level="AUTOCOMMIT")

    def run(statement: str) -> None:
        with engine.connect() as connection:
            connection.execute(text(statement))

    yield run
    engine.dispose()


@pytest.fixture(scope="session")
def compiled(cluster: Cluster, empty_template: str) -> Engine:
    """Keeps the statements that SQLAlchemy has compiled: those of all tests are the same few hundred."""
    engine = make_engine(cluster.url(empty_template), poolclass=NullPool, query_cache_size=5000)
    with engine.connect():
        return engine


@pytest.fixture
def make_database(
    cluster: Cluster, as_owner: Callable[[str], None], compiled: Engine
) -> Iterator[Callable[[str], Database]]:
    """Copies of a template, dropped after the test."""
    made: list[tuple[str, Database]] = []

    def make(template: str) -> Database:
        name = f"copy_{next(_numbers)}"
        # By files: a template of the tests changes no more, and is small.
        as_owner(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy')
        engine = make_engine(cluster.url(name), pool_size=5)
        # A statement is kept for its dialect.
        engine.dialect, engine._compiled_cache = compiled.dialect, compiled._compiled_cache
        made.append((name, Database(engine)))
        return made[-1][1]

    yield make
    for name, database in made:
        database.engine.dispose()
        as_owner(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def database(make_database: Callable[[str], Database], town_template: str) -> Database:
    """The small town, this test's own."""
    return make_database(town_template)


@pytest.fixture
def empty_database(make_database: Callable[[str], Database], empty_template: str) -> Database:
    """A migrated database without records."""
    return make_database(empty_template)


@pytest.fixture
def town() -> factories.Town:
    """Names to ids."""
    return factories.Town()


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    """A session that is undone after the test."""
    with Session(database.engine, expire_on_commit=False) as session:
        yield session


@pytest.fixture
def settings(tmp_path: Path, cluster: Cluster, fonts: Path) -> config.Settings:
    """Settings of a server of this test's own."""
    objects = (tmp_path / "objects").as_uri()
    return replace(
        config.read({}),
        home=tmp_path,
        web_root=tmp_path / "web",
        objects_url=objects,
        secret_key="of the tests",
        fonts=fonts,
        limits_enabled=False,
    )


@pytest.fixture(scope="session")
def web(cluster: Cluster, empty_template: str, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """The web application, built once; each test puts its own house in."""
    home = tmp_path_factory.mktemp("web")
    settings = replace(
        config.read({}), home=home, objects_url="memory://", secret_key="of the tests", limits_enabled=False
    )
    return create_app(settings, Database(make_engine(cluster.url(empty_template), poolclass=NullPool)))


@pytest.fixture
def app(web: Flask, settings: config.Settings, database: Database) -> Flask:
    """The web application on this test's small town."""
    web.extensions["wangge"] = make_context(settings, database)
    return web


@pytest.fixture
def served(app: Flask) -> Iterator[str]:
    """The same on a port of this machine: its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass
class Person:
    """Somebody who speaks HTTP: paths are relative to /api/v1."""

    client: FlaskClient
    token: str

    def __call__(
        self, method: str, path: str, body: Any = None, *, version: int | None = None, **options: Any
    ) -> Any:
        """Send one request; returns the response."""
        headers = {"Authorization": f"Bearer {self.token}", **options.pop("headers", {})}
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        if body is not None:
            # The standard library also writes what strict encoders refuse, as a careless phone might.
            options |= {"data": json.dumps(body), "content_type": "application/json"}
        response = self.client.open(f"/api/v1{path}", method=method, headers=headers, **options)
        answers.hold(method, path, response)
        return response

    def get(self, path: str, **options: Any) -> Any:
        """The JSON of a successful GET."""
        response = self("GET", path, **options)
        assert response.status_code == 200, response.text
        return response.get_json()


@pytest.fixture
def as_(app: Flask, database: Database, settings: config.Settings) -> Callable[[str], Person]:
    """`as_("dispatcher")` gives that person of the town."""

    def person(name: str) -> Person:
        with database.transaction() as session:
            kept = _tokens.get(name)
            is_known = kept and session.get(Token, token_sha256(kept))
            token = kept if kept and is_known else factories.token_for(session, settings, name)
        return Person(app.test_client(), token)

    return person


@pytest.fixture
def phone_of(app: Flask, tmp_path: Path) -> Iterator[Callable[..., Phone]]:
    """`phone_of("rep")` is that person's phone, signed in."""
    phones = []

    def make(name: str, folder: str = "", *, signed_in: bool = True) -> Phone:
        link = Link("http://localhost", transport=httpx.WSGITransport(app=app))
        phone = Phone(tmp_path / (folder or name), link, Clock())
        if signed_in:
            phone.sign_in(f"T{list(PEOPLE).index(name):03d}", PASSWORD)
        phones.append(phone)
        return phone

    yield make
    for phone in phones:
        phone.close()


@pytest.fixture
def crew(phone_of: Callable[..., Phone], database: Database, town: factories.Town) -> Crew:
    """A crew's phone with a key, at a job under way."""
    return crew_with_a_key(phone_of, database, town)


@pytest.fixture(scope="session", autouse=True)
def _cheap_passwords() -> Iterator[None]:
    """Passwords are hashed and tried thousands of times; what that costs on purpose is not what is tested."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(credentials, "_HASHER", factories.CHEAP)
        patch.setattr(credentials, "_DUMMY", factories.CHEAP.hash("no such account"))
        yield


@pytest.fixture(autouse=True)
def _usual_installation() -> Iterator[None]:
    """What a test installs is gone by no longer in the next."""
    hold(USUAL)
    yield
    hold(USUAL)


@pytest.fixture(autouse=True)
def _umask() -> Iterator[None]:
    """A command makes files for its owner alone from then on: not so the tests after it."""
    before = os.umask(0o022)
    os.umask(before)
    yield
    os.umask(before)


@pytest.fixture(scope="session", autouse=True)
def fonts() -> Path:
    """The font of papers, looked for once: every server of the tests finds it by its environment."""
    with one_at_a_time():
        folder = find_fonts(HOME)
    assert folder, "no Chinese font could be had for papers"
    os.environ["WANGGE_FONTS"] = str(folder)
    return folder


def agrees(phone: Phone, database: Database) -> bool:
    """Whether the phone equals the server within its scopes."""
    return phone.store.versions() == server_view(
        database, [one["scope"] for one in phone.store.meta("scopes")]
    )
