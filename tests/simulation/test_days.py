"""Simulation level B: P2, P3 and P8 on seeded days over HTTP, at small scale.

Seeded days of two people with three phones and an office, with lost, repeated and cut messages and restarts.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from flask import Flask
from sqlalchemy import text

from backend.core.actor import system
from backend.core.db import Database
from backend.core.queries.scopes import today
from backend.core.services import record_writer
from backend.customers.services import cell_duties
from mobile_api_spec.phone import Clock, Link, Offline, Phone
from sync.change import Stored
from sync.postgres.push import deadline_passed
from tests.factories import PASSWORD, PEOPLE, Town, server_view

SEEDS = list(range(8))
# One of the two has a second phone, and works on it on what the first has not sent yet.
PHONES = ("rep", "other_rep", "rep second")


def person(phone: str) -> str:
    """Whose phone it is."""
    return phone.split()[0]


class Day:
    """A seeded day; every step is drawn, so that a seed is the whole story."""

    def __init__(self, seed: int, app: Flask, database: Database, town: Town, folder: Path) -> None:
        self.dice, self.app, self.database, self.town, self.folder = (
            random.Random(seed),
            app,
            database,
            town,
            folder,
        )
        self.phones = {name: self._start(name) for name in PHONES}
        self.jobs: dict[str, list[str]] = {name: [] for name in PHONES}
        self.log: list[str] = []
        for name, phone in self.phones.items():
            phone.sign_in(f"T{list(PEOPLE).index(person(name)):03d}", PASSWORD)
            phone.sync()

    def _start(self, name: str) -> Phone:
        return Phone(
            self.folder / name, Link("http://localhost", transport=httpx.WSGITransport(app=self.app)), Clock()
        )

    def step(self) -> None:
        """One thing happens."""
        name = self.dice.choice(list(self.phones))
        what: Callable[[str], None] = self.dice.choice(
            [
                self._edit,
                self._edit,
                self._visit,
                self._sync,
                self._sync,
                self._office,
                self._hand_over,
                self._restart,
                self._job,
                self._stand_in,
                self._damage,
                self._move_clock,
                self._ahead,
            ]
        )
        self.log.append(f"{what.__name__} {name}")
        what(name)

    def _edit(self, name: str) -> None:
        customers = sorted(self.phones[name].records("customer"))
        if customers:
            field = self.dice.choice(["note", "phone", "contact_name"])
            self.phones[name].change(
                "customer", self.dice.choice(customers), {field: f"{name} {self.dice.randrange(99)}"}
            )

    def _visit(self, name: str) -> None:
        phone = self.phones[name]
        customers = sorted(phone.records("customer"))
        if customers:
            customer = self.dice.choice(customers)
            visit = phone.create(
                "visit", {"customer_id": customer, "representative_id": phone.staff_id, "method": "phone"}
            )
            phone.act("visit", visit, "complete", {"summary": "谈过"})

    def _sync(self, name: str) -> None:
        accidents = self.dice.choices(["ok", "lose_request", "lose_reply", "repeat"], [6, 1, 2, 1], k=4)
        self.phones[name].link.plan.extend(accidents)
        try:
            self.phones[name].sync()
        except Offline:
            self.log.append("  cut")
        self.phones[name].link.plan.clear()

    def _office(self, _name: str) -> None:
        customer = self.town[f"customer {self.dice.choice([0, 1, 2, 4, 5, 6])}"]
        with self.database.transaction() as session:
            field = self.dice.choice(["note", "phone"])
            record_writer.change(
                session,
                system(self.town["north"]),
                "customer",
                customer,
                {field: f"office {self.dice.randrange(99)}"},
            )

    def _hand_over(self, name: str) -> None:
        cell = self.town[f"cell {self.dice.randrange(3)}"]
        with self.database.transaction() as session:
            cell_duties.hand_over_cell(session, self.town.actor("supervisor"), cell, self.town[person(name)])

    def _job(self, name: str) -> None:
        """The phone reports a job; the office cancels it, or the phone goes on with one it has."""
        phone = self.phones[name]
        jobs = sorted(phone.records("work_order"))
        if not jobs or self.dice.random() < 0.5:
            values = {"matter_id": self.town["leak"], "cell_id": self.town["cell 0"], "description": "漏水"}
            self.jobs[name].append(phone.create("work_order", values))
            return
        job = self.dice.choice(jobs)
        phone.change("work_order", job, {"description": f"{name} {self.dice.randrange(99)}"})
        stored = self._stored("work_order", job)
        if stored is not None and stored.values["state"] == "received" and self.dice.random() < 0.5:
            with self.database.transaction() as session:
                record_writer.act(
                    session,
                    system(self.town["north"]),
                    "work_order",
                    job,
                    "cancel",
                    {"cancel_reason": "重复"},
                )

    def _ahead(self, name: str) -> None:
        """Somebody goes on with a job that stands on another phone, their own or another's, sent or not."""
        job = self.dice.choice(
            [job for other, jobs in self.jobs.items() if other != name for job in jobs[-2:]] or [""]
        )
        if job:
            self.phones[name].change(
                "work_order", job, {"description": f"{name} goes on {self.dice.randrange(99)}"}
            )

    def _stored(self, kind: str, record_id: str) -> Stored | None:
        with self.database.transaction() as session:
            return record_writer.push_store(session).load([(kind, record_id)]).get((kind, record_id))

    def _stand_in(self, name: str) -> None:
        """Somebody serves another's cell for today."""
        duty = {
            "cell_id": self.town[f"cell {self.dice.randrange(3)}"],
            "staff_id": self.town[person(name)],
            "duty": "stand_in",
            "valid_from": today().isoformat(),
            "valid_until": today().isoformat(),
        }
        with self.database.transaction() as session:
            record_writer.create(session, system(self.town["north"]), "cell_assignment", duty)

    def _damage(self, name: str) -> None:
        """The phone's disk loses or garbles rows, and the phone notices."""
        store = self.phones[name].store
        for kind, id_ in self.dice.sample(sorted(store.versions()), 3):
            store.damage(kind, id_, is_lost=self.dice.random() < 0.5)
        store.set_meta(cursor="damaged")

    def _move_clock(self, name: str) -> None:
        self.phones[name].clock.moved_by = timedelta(minutes=self.dice.randrange(-3000, 3000))

    def _restart(self, name: str) -> None:
        self.phones[name].close()
        self.phones[name] = self._start(name)

    def live(self) -> None:
        """Forty things happen, then it is quiet."""
        for _ in range(40):
            self.step()
        self.end()

    def end(self) -> None:
        """Quiet: everybody syncs until nothing is left.

        What is still held then is parked, as at its deadline.
        """
        for turn in range(4):
            for phone in self.phones.values():
                phone.sync()
            if turn == 1:
                with self.database.transaction() as session:
                    deadline_passed(session.connection(), datetime.now(UTC) + timedelta(hours=73))

    def close(self) -> None:
        """Send the phones home."""
        for phone in self.phones.values():
            phone.close()


@pytest.mark.parametrize(
    "seed", [*SEEDS, *(pytest.param(s, marks=pytest.mark.long) for s in range(100, 300))]
)
def test_after_quiet_every_phone_equals_the_server_and_nothing_is_lost(
    seed: int, app: Flask, database: Database, town: Town, tmp_path: Path
) -> None:
    day = Day(seed, app, database, town, tmp_path)
    try:
        day.live()
        check_after_quiet(day)
    finally:
        day.close()


def check_after_quiet(day: Day) -> None:
    """Every phone equals the server within its scopes, and every piece of work has its ending."""
    for name, phone in day.phones.items():
        scopes = [one["scope"] for one in phone.store.meta("scopes")]
        assert phone.store.versions() == server_view(day.database, scopes), (name, day.log)
        endings = [outcome["status"] if outcome else "none" for _, outcome in phone.store.journal()]
        assert set(endings) <= {"applied", "merged", "parked"}, day.log
        check_every_ending(day.database, phone, day.log)
    check_devices(day)


def check_devices(day: Day) -> None:
    """What was made on one phone is that phone's in history, whichever brought what it waited for."""
    found: dict[str, set[str]] = {}
    with day.database.engine.connect() as connection:
        for name, phone in day.phones.items():
            ids = [mutation["id"] for mutation, _ in phone.store.journal()]
            rows = connection.execute(_DEVICES, {"ids": ids})
            found[name] = {str(row.device_id) for row in rows}
    named = [device for devices in found.values() for device in devices]
    assert len(named) == len(set(named)), (found, day.log)
    assert all(len(devices) <= 1 for devices in found.values()), (found, day.log)


_DEVICES = text("SELECT DISTINCT device_id FROM sync_history WHERE mutation_id = ANY(CAST(:ids AS uuid[]))")


def check_every_ending(database: Database, phone: Phone, log: list[str]) -> None:
    """Applied work is in the history once; parked work is in the inbox, whole."""
    by_status: dict[bool, set[str]] = {True: set(), False: set()}
    for mutation, outcome in phone.store.journal():
        assert outcome is not None
        by_status[outcome["status"] == "parked"].add(mutation["id"])
    with database.engine.connect() as connection:
        written = connection.execute(
            text("""
                SELECT mutation_id::text, count(*)
                FROM sync_history
                WHERE mutation_id = ANY(CAST(:i AS uuid[]))
                GROUP BY 1
            """),
            {"i": list(by_status[False])},
        ).all()
        waiting = connection.execute(
            text("SELECT mutation_id::text FROM sync_waiting WHERE mutation_id = ANY(CAST(:i AS uuid[]))"),
            {"i": list(by_status[True])},
        ).scalars()
        assert {row[0]: row[1] for row in written} == dict.fromkeys(by_status[False], 1), log
        assert set(waiting) == by_status[True], log
