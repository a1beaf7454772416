"""The database: engine, sessions, and the one place that commits."""

from __future__ import annotations

import select as readiness
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import orjson
from sqlalchemy import Connection, Engine, MetaData, create_engine, event, func, select
from sqlalchemy.exc import DisconnectionError, OperationalError
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


def make_engine(url: str, **options: Any) -> Engine:
    """An engine for PostgreSQL by psycopg 3.

    `synchronous_commit` stays on: a cursor handed out must never be ahead of the disk. Short transactions
    only: one left idle would hold back every phone's snapshot. A page looks each record up once: to memoize
    that costs a third.
    """
    url = url.replace("postgres://", "postgresql://", 1).replace("postgresql://", "postgresql+psycopg://", 1)
    arguments = (
        "-c synchronous_commit=on -c idle_in_transaction_session_timeout=30s -c timezone=UTC -c jit=off "
        "-c enable_memoize=off"
    )
    if "poolclass" not in options:
        options = {"pool_size": 20, "max_overflow": 20} | options
    # PostgreSQL keeps 1e30 as an integer of 31 digits, which nothing of ours could write again.
    options = {"json_deserializer": orjson.loads} | options
    # Parameters hold names and numbers of customers: they do not belong in an error message.
    engine = create_engine(url, connect_args={"options": arguments}, hide_parameters=True, **options)
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

    @contextmanager
    def snapshot(self) -> Iterator[Session]:
        """The same, for the models."""
        with self.reading() as connection, Session(connection) as session:
            yield session
