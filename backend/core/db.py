"""The database: engine, sessions, and the only function that commits."""

from __future__ import annotations

import select as readiness
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import orjson
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from sqlalchemy import URL, Connection, Engine, MetaData, create_engine, event, func, select
from sqlalchemy.exc import DBAPIError, DisconnectionError, OperationalError
from sqlalchemy.orm import DeclarativeBase, Session

T = TypeVar("T")


class Base(DeclarativeBase):
    """All tables of the server."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


# What each session of ours goes by. PgBouncer passes none of it on: there the role has it.
SESSION = {
    "synchronous_commit": "on",
    "idle_in_transaction_session_timeout": "30s",
    "timezone": "UTC",
    "jit": "off",
    "enable_memoize": "off",
}


def words_of(address: str) -> dict[str, Any]:
    """libpq's words of a PostgreSQL address in any spelling, SQLAlchemy's too.

    Raises ValueError for what is none.
    """
    try:
        return conninfo_to_dict(address.replace("postgresql+psycopg://", "postgresql://", 1))
    except ProgrammingError as error:
        raise ValueError(f"WANGGE_DATABASE_URL: {str(error).strip()}") from error


def beside(address: str, database: str) -> str:
    """The address of another database of the same server."""
    return make_conninfo("", **words_of(address) | {"dbname": database})


def url_of(address: str) -> URL:
    """SQLAlchemy's form of a PostgreSQL address, in any spelling that libpq takes: several hosts too.

    Raises ValueError for what is none.
    """
    told = words_of(address)
    user, password, database = (told.pop(name, None) for name in ("user", "password", "dbname"))
    query = {name: str(value) for name, value in told.items()}
    user, password, database = (str(one) if one is not None else None for one in (user, password, database))
    return URL.create("postgresql+psycopg", user, password, database=database, query=query)


def make_engine(url: str, *, prepare_after: int | None = 5, **options: Any) -> Engine:
    """An engine for PostgreSQL by psycopg 3.

    `prepare_after`: how often a statement is run before PostgreSQL keeps it prepared; None for never.

    `synchronous_commit` stays on: a cursor handed out must never be ahead of the disk. Short transactions
    only: one left idle would hold back every phone's snapshot. A page looks each record up once: to memoize
    that costs a third.
    """
    arguments = {
        "options": " ".join(f"-c {name}={value}" for name, value in SESSION.items()),
        "prepare_threshold": prepare_after,
    }
    if "poolclass" not in options:
        options = {"pool_size": 20, "max_overflow": 20} | options
    # PostgreSQL keeps 1e30 as an integer of 31 digits, which nothing of ours could write again.
    options = {"json_deserializer": orjson.loads} | options
    # Parameters hold names and numbers of customers: they do not belong in an error message.
    engine = create_engine(url_of(url), connect_args=arguments, hide_parameters=True, **options)
    event.listen(engine, "checkout", _need_open)
    return engine


def _need_open(connection: Any, _record: Any, _proxy: Any) -> None:
    """A connection that PostgreSQL has closed has its end waiting on the socket: no query is needed to
    tell."""
    if readiness.select([connection.fileno()], [], [], 0)[0]:
        raise DisconnectionError


class Database:
    """Opens sessions on one engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._glances = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._snapshots = engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A unit of work: commits when the block ends well, undoes everything when it does not."""
        with Session(self.engine, expire_on_commit=False) as session:
            yield session
            session.commit()

    def attempt(self, work: Callable[[Session], T], times: int = 4) -> T:
        """A unit of work that is begun anew when PostgreSQL chose it as the victim of a deadlock or
        serialization."""
        for left in reversed(range(times)):
            try:
                with self.transaction() as session:
                    return work(session)
            except OperationalError as error:
                if not left or getattr(error.orig, "sqlstate", None) not in ("40P01", "40001"):
                    raise
        raise AssertionError("unreachable")

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A read-only look at one moment: rights, snapshot, entries and documents of one pull page agree."""
        # Ended as a transaction that went well: a rollback would make psycopg forget its prepared statements.
        with self._snapshots.begin() as connection:
            yield connection

    @contextmanager
    def glance(self) -> Iterator[Connection]:
        """For one statement alone, which is a snapshot of its own: no round trips to begin and end."""
        with self._glances.connect() as connection:
            yield connection

    @contextmanager
    def glance_at_models(self) -> Iterator[Session]:
        """The same, for the models: each statement sees its own moment, and nothing is locked or written."""
        with self.glance() as connection, Session(connection) as session:
            yield session

    @contextmanager
    def alone(self, task: str) -> Iterator[bool]:
        """Whether this process is the only one at a task for as long as the block lasts; no transaction
        stays open."""
        with self._glances.connect() as connection:
            key = func.hashtextextended(task, 0)
            got = bool(connection.execute(select(func.pg_try_advisory_lock(key))).scalar())
            try:
                yield got
            finally:
                if got:
                    connection.execute(select(func.pg_advisory_unlock(key)))

    def turn(self, task: str) -> Turn:
        """The same for who wants to hold it for as long as it lives, and to notice when it is lost."""
        return Turn(self._glances, task)

    @contextmanager
    def snapshot(self) -> Iterator[Session]:
        """The same, for the models."""
        with self.reading() as connection, Session(connection) as session:
            yield session


class Turn:
    """The right to be the only one at a task, held by a connection: another may have it when that ends.

    Not through a pooler that hands the connection to others between two statements.
    """

    def __init__(self, engine: Engine, task: str) -> None:
        self._engine, self._key = engine, func.hashtextextended(task, 0)
        self._held: Connection | None = None
        self.is_away = False

    def take(self) -> bool:
        """Whether it is this one's: still, or from now on; no while the database is away (`is_away`)."""
        try:
            if self._held is not None and self._is_still_held(self._held):
                return True
            self._held = self._taken()
            self.is_away = False
        except DBAPIError:
            self.is_away = True
        return self._held is not None

    def give_back(self) -> None:
        """Let another one have it."""
        if self._held is not None:
            held, self._held = self._held, None
            # Closed, not returned: the connection is what holds it.
            held.invalidate()
            held.close()

    def _is_still_held(self, held: Connection) -> bool:
        try:
            held.execute(select(1))
        except DBAPIError:
            self._held = None
            held.invalidate()
            held.close()
            return False
        return True

    def _taken(self) -> Connection | None:
        connection = self._engine.connect()
        try:
            if connection.execute(select(func.pg_try_advisory_lock(self._key))).scalar():
                return connection
        except DBAPIError:
            connection.close()
            raise
        connection.close()
        return None
