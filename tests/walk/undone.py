"""A database session in one outer transaction that is rolled back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from backend.core.db import Database
from backend.core.services.contacts import Contacts


class Undone(Database):
    """Everything a request does is seen by that request, and gone once `undo` is called."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self._one: Connection = engine.connect()
        self._whole = self._one.begin()

    def undo(self) -> None:
        """As if the last requests had never been."""
        self._whole.rollback()
        self._whole = self._one.begin()

    def close(self) -> None:
        """Give the connection back."""
        self._whole.rollback()
        self._one.close()

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A unit of work as a savepoint."""
        with Session(self._one, expire_on_commit=False, join_transaction_mode="create_savepoint") as session:
            yield session
            session.commit()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """The same connection: what was just written is read."""
        yield self._one

    @contextmanager
    def glance(self) -> Iterator[Connection]:
        """The same connection."""
        yield self._one

    @contextmanager
    def alone(self, task: str) -> Iterator[bool]:
        """Nobody else is there."""
        yield bool(task)

    @contextmanager
    def snapshot(self) -> Iterator[Session]:
        """The same connection, for the models; what is only read needs no savepoint of its own.

        A savepoint rolled back makes the driver forget all it has prepared.
        """
        try:
            with Session(self._one, join_transaction_mode="rollback_only") as session:
                yield session
        except (DBAPIError, psycopg.Error):
            self.undo()
            raise


class Silent(Contacts):
    """Contacts that are not noted: they would be written by another thread, on the one connection."""

    def note(self, *_: Any, **__: Any) -> None:
        """Nothing."""

    def flush(self) -> None:
        """Nothing."""
