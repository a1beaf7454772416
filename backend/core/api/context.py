"""Request context: settings, database and stores, hung on the Flask app by `create_app`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import cast

from flask import current_app
from sqlalchemy.orm import Session

from backend.core.blobs.store import BlobStore
from backend.core.blobs.upload_files import Parts
from backend.core.config import Settings
from backend.core.db import Database
from backend.core.services.contacts import Contacts
from backend.core.services.guessing import Guesses
from sync.cursor import CursorSeal


@dataclass(frozen=True, slots=True)
class AppContext:
    """The real adapters, chosen once by the composition root."""

    settings: Settings
    database: Database
    seal: CursorSeal
    blobs: BlobStore
    parts: Parts
    contacts: Contacts
    guesses: Guesses
    wake: Callable[[], None] = lambda: None


def context() -> AppContext:
    """That of the running app."""
    return cast(AppContext, current_app.extensions["wangge"])


def transaction() -> AbstractContextManager[Session]:
    """The request's unit of work."""
    return context().database.transaction()


@contextmanager
def reading() -> Iterator[Session]:
    """A read-only look at one moment."""
    with context().database.snapshot() as session:
        yield session
