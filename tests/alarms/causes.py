"""Causes each fault of the table of alarms, as far as a database can be brought to it without waiting."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from sqlalchemy import text

from backend.alarms.queries import pulses
from backend.alarms.services.keeping_watch import Heart
from backend.core.config import Settings
from backend.core.db import Database
from backend.core.events import announce
from backend.core.services.auditing import note_at_shell
from backend.notices.services.notifying import MESSAGE
from sync.postgres import epoch
from tests.factories import uid

Cause = Callable[[Database, Settings], None]


def run(database: Database, statement: str, **given: object) -> None:
    with database.transaction() as session:
        session.execute(text(statement), given)


def all_live(database: Database, settings: Settings) -> None:
    """Web, worker and clock give a sign of life, and everything is well; old epochs are long ago."""
    for part in (pulses.WEB, pulses.WORKER, pulses.CLOCK):
        Heart(settings, part).beat(database, looks_round=part != pulses.CLOCK)
    with database.transaction() as session:
        epoch.remember(session.connection(), epoch.identity(session.connection()))
        session.execute(text("UPDATE outbox SET done_at = now() WHERE done_at IS NULL"))
        # For an hour already.
        session.execute(text("UPDATE pulse SET began_at = now() - interval '1 hour'"))
        for act in ("backup_made", "backup_drilled"):
            note_at_shell(session, act, ("backup", None))
        session.execute(text("UPDATE outbox SET done_at = now() WHERE done_at IS NULL"))


def _older(act: str, days: int) -> Cause:
    def cause(database: Database, _settings: Settings) -> None:
        with database.transaction() as session:
            session.execute(text("SET session_replication_role = replica"))
            ago = """
                UPDATE administrative_act
                SET acted_at = acted_at - make_interval(days => :days)
                WHERE act = :act
            """
            session.execute(text(ago), {"days": days, "act": act})

    return cause


def _failed_drill(database: Database, _settings: Settings) -> None:
    with database.transaction() as session:
        told = {"good": False, "why": "坏了 · broken"}
        note_at_shell(session, "backup_drilled", ("backup", None), after=told)
        session.execute(text("UPDATE outbox SET done_at = now() WHERE done_at IS NULL"))


def _silent(part: str) -> Cause:
    return lambda database, _: run(
        database, "UPDATE pulse SET at = now() - interval '61 seconds' WHERE part = :part", part=part
    )


def _two_clocks(database: Database, _settings: Settings) -> None:
    run(database, "UPDATE pulse SET began_at = now() - interval '1 hour' WHERE part = 'clock'")
    run(
        database,
        """
            INSERT INTO pulse (part, who, began_at)
            VALUES ('clock', 'other:1', now() - interval '20 seconds')
        """,
    )


def _broker(database: Database, settings: Settings) -> None:
    """A broker at a port where nobody answers, for longer than a minute."""
    heart = Heart(replace(settings, broker_url="redis://127.0.0.1:1/0"), pulses.WEB)
    heart._broker_answered_at -= 61
    heart.beat(database)


def _disk(database: Database, _settings: Settings) -> None:
    run(
        database,
        """
            UPDATE pulse SET told = jsonb_set(told, '{disks,home}', '1073741824')
            WHERE part = 'web'
        """,
    )


def _dead(database: Database, _settings: Settings) -> None:
    with database.transaction() as session:
        announce(session, "customer.written", id=uid("customer 1"), op="change")
        session.execute(text("UPDATE outbox SET attempts = 8, last_error = 'x' WHERE done_at IS NULL"))


def _late(fact: str, minutes: int) -> Cause:
    def cause(database: Database, _settings: Settings) -> None:
        with database.transaction() as session:
            announce(session, fact, id=uid("customer 1"), op="change")
            session.execute(
                text("UPDATE outbox SET due_at = now() - make_interval(mins => :mins) WHERE done_at IS NULL"),
                {"mins": minutes},
            )

    return cause


def _waiting(status: str, days: int) -> Cause:
    def cause(database: Database, _settings: Settings) -> None:
        run(
            database,
            """
                INSERT INTO sync_waiting (
                    mutation_id, status, detail, kind, record_id, author_id, group_id, verbatim, received_at
                )
                VALUES (
                    gen_random_uuid(), :status, '{}', 'customer', :record, :author, gen_random_uuid(), '',
                    now() - make_interval(days => :days)
                )
            """,
            status=status,
            days=days,
            record=uid("customer 1"),
            author=uid("rep"),
        )

    return cause


def _new_epoch(database: Database, _settings: Settings) -> None:
    with database.transaction() as session:
        epoch.open_new(session.connection(), "of a test")


@contextmanager
def open_writer(database: Database) -> Iterator[None]:
    """A transaction that has written and stays open."""
    with database.engine.connect() as connection:
        connection.execute(text("INSERT INTO pulse (part, who) VALUES ('writer', 'x')"))
        yield
        connection.rollback()


# How each is brought about; what needs somebody beside (an open transaction) stands in its test.
CAUSES: dict[str, Cause] = {
    "backup": _older("backup_made", 3),
    "drill": _older("backup_drilled", 101),
    "drill_failed": _failed_drill,
    "worker": _silent(pulses.WORKER),
    "clock": _silent(pulses.CLOCK),
    "web": _silent(pulses.WEB),
    "two_clocks": _two_clocks,
    "broker": _broker,
    "disk": _disk,
    "dead_facts": _dead,
    "late_facts": _late("customer.written", 6),
    "late_messages": _late(MESSAGE, 16),
    "parked": _waiting("parked", 4),
    "held": _waiting("held", 2),
    "new_epoch": _new_epoch,
}
