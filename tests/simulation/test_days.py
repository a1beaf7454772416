"""P2 and P3 at small scale: seeded days of two phones and an office, with lost, repeated and cut messages and restarts."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from flask import Flask
from sqlalchemy import text

from backend.actor import system
from backend.db import Database
from backend.services import door, territories
from mobile_api_spec.phone import Clock, Link, Offline, Phone
from tests.factories import PASSWORD, PEOPLE, Town, server_view

SEEDS = list(range(8))


class Day:
    """A seeded day; every step is drawn, so that a seed is the whole story."""

    def __init__(self, seed: int, app: Flask, database: Database, town: Town, folder: Path) -> None:
        self.dice, self.app, self.database, self.town, self.folder = random.Random(seed), app, database, town, folder
        self.phones = {name: self._start(name) for name in ("rep", "other_rep")}
        self.log: list[str] = []
        for name, phone in self.phones.items():
            phone.sign_in(f"T{list(PEOPLE).index(name):03d}", PASSWORD)
            phone.sync()

    def _start(self, name: str) -> Phone:
        return Phone(self.folder / name, Link("http://localhost", transport=httpx.WSGITransport(app=self.app)), Clock())

    def step(self) -> None:
        """One thing happens."""
        name = self.dice.choice(list(self.phones))
        what: Callable[[str], None] = self.dice.choice(
            [self._edit, self._edit, self._visit, self._sync, self._sync, self._office, self._hand_over, self._restart]
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
            door.change(
                session, system(self.town["north"]), "customer", customer, {field: f"office {self.dice.randrange(99)}"}
            )

    def _hand_over(self, name: str) -> None:
        cell = self.town[f"cell {self.dice.randrange(3)}"]
        with self.database.transaction() as session:
            territories.hand_over_cell(session, self.town.actor("supervisor"), cell, self.town[name])

    def _restart(self, name: str) -> None:
        self.phones[name].close()
        self.phones[name] = self._start(name)

    def end(self) -> None:
        """Quiet: everybody syncs until nothing is left."""
        for _ in range(2):
            for phone in self.phones.values():
                phone.sync()

    def close(self) -> None:
        """Send the phones home."""
        for phone in self.phones.values():
            phone.close()


@pytest.mark.parametrize("seed", [*SEEDS, *(pytest.param(s, marks=pytest.mark.long) for s in range(100, 160))])
def test_after_quiet_every_phone_equals_the_server_and_nothing_is_lost(
    seed: int, app: Flask, database: Database, town: Town, tmp_path: Path
) -> None:
    day = Day(seed, app, database, town, tmp_path)
    try:
        for _ in range(40):
            day.step()
        day.end()
        for name, phone in day.phones.items():
            scopes = [one["scope"] for one in phone.store.meta("scopes")]
            assert phone.store.versions() == server_view(database, scopes), (name, day.log)
            endings = [outcome["status"] if outcome else "none" for _, outcome in phone.store.journal()]
            assert set(endings) <= {"applied", "merged", "parked"}, day.log
            check_every_ending(database, phone, day.log)
    finally:
        day.close()


def check_every_ending(database: Database, phone: Phone, log: list[str]) -> None:
    """Applied work is in the history once; parked work is in the inbox, whole."""
    by_status: dict[bool, set[str]] = {True: set(), False: set()}
    for mutation, outcome in phone.store.journal():
        assert outcome is not None
        by_status[outcome["status"] == "parked"].add(mutation["id"])
    with database.engine.connect() as connection:
        written = connection.execute(
            text(
                "SELECT mutation_id::text, count(*) FROM sync_history WHERE mutation_id = ANY(CAST(:i AS uuid[])) GROUP BY 1"
            ),
            {"i": list(by_status[False])},
        ).all()
        waiting = connection.execute(
            text("SELECT mutation_id::text FROM sync_waiting WHERE mutation_id = ANY(CAST(:i AS uuid[]))"),
            {"i": list(by_status[True])},
        ).scalars()
        assert {row[0]: row[1] for row in written} == dict.fromkeys(by_status[False], 1), log
        assert set(waiting) == by_status[True], log
