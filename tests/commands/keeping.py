"""A town of its own with a photo and a ring, for tests of backups."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from sqlalchemy import make_url, text

from backend.core import config
from backend.core.db import Database, make_engine
from backend.local.cluster import Cluster
from backend.local.machine import Machine
from tests.factories import uid

PHOTO = b"a photo of the tap" * 50_000
SHA = "ab" * 32
_IN = "INSERT INTO upload (id, staff_id, unit_id, photo_id, length_bytes, sha256, finished_at)"


@contextmanager
def machine_of(
    cluster: Cluster, as_owner: Callable[[str], None], template: str, folder: Path, name: str
) -> Iterator[Machine]:
    """A server of its own on a copy of a template; its database is dropped afterwards."""
    as_owner(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    as_owner(f'CREATE DATABASE {name} TEMPLATE "{template}" STRATEGY file_copy')
    objects = folder / "objects"
    (objects / "sha256/ab").mkdir(parents=True)
    (objects / "sha256/ab/photo").write_bytes(PHOTO)
    settings = replace(
        config.read({}), home=folder / "home", database_url=cluster.url(name), objects_url=objects.as_uri()
    )
    settings.keys.ensure(settings.home)
    yield Machine(settings, cluster)
    as_owner(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def asked(machine: Machine, statement: str) -> list[object]:
    """What a statement finds, or nothing where it only changes something."""
    engine = make_engine(machine.settings.database_url)
    try:
        with Database(engine).transaction() as session:
            done = session.execute(text(statement))
            return list(done.scalars()) if done.returns_rows else []
    finally:
        engine.dispose()


def with_upload(machine: Machine, sha256: str) -> None:
    """A file of this content has come in, says the database."""
    values = f"'{uid('u')}', '{uid('rep')}', '{uid('north')}', '{uid('p')}', 5, '{sha256}', now()"
    asked(machine, f"{_IN} VALUES ({values})")


def on(machine: Machine, database: str, role: str = "") -> Machine:
    """The same server on another database, as another role."""
    url = make_url(machine.settings.database_url).set(database=database)
    url = url.set(username=role) if role else url
    settings = replace(machine.settings, database_url=url.render_as_string(hide_password=False))
    return Machine(settings, machine.cluster)
