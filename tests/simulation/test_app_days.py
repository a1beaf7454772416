"""Simulation level C: the phone app's engine lives the same seeded days against the real server.

It runs under Node with a fake IndexedDB.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from backend.core.db import Database
from mobile_api_spec.phone import Offline
from tests.factories import Town
from tests.simulation.app_phone import AppPhone, Crashed, Node, served
from tests.simulation.test_days import Day, check_after_quiet

SEEDS = [*range(6)]
LONG = [*range(1000, 1494)]


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    found = Node()
    yield found
    found.close()


class AppDay(Day):
    """A day of phones that run the app; their batteries may die between any two steps of theirs."""

    def __init__(
        self, node: Node, origin: str, seed: int, app: Flask, database: Database, town: Town
    ) -> None:
        self.node, self.origin, self.run = node, origin, uuid.uuid4().hex
        # A comparison mends whatever went wrong before it, so that every other day has none to hide behind.
        self.has_damage = seed % 2 == 0
        super().__init__(seed, app, database, town, Path())

    def _start(self, name: str) -> AppPhone:  # type: ignore[override]
        return AppPhone(self.node, f"{self.run}-{name.replace(' ', '-')}", self.origin)

    def step(self) -> None:
        if self.dice.random() < 0.2:
            self._die(self.dice.choice(list(self.phones)))
        else:
            super().step()

    def _damage(self, name: str) -> None:
        if self.has_damage:
            super()._damage(name)

    def _die(self, name: str) -> None:
        """In the middle of syncing, after so many things it had written down."""
        self.log.append(f"_die {name}")
        try:
            self.phones[name].sync(crash=self.dice.randrange(6))  # type: ignore[call-arg]
        except (Crashed, Offline):
            self.log.append("  died")
        self._restart(name)


@pytest.mark.parametrize("seed", [*SEEDS, *(pytest.param(s, marks=pytest.mark.long) for s in LONG)])
def test_the_app_equals_the_server_after_quiet_and_loses_nothing(
    seed: int, node: Node, app: Flask, database: Database, town: Town
) -> None:
    with served(app) as origin:
        day = AppDay(node, origin, seed, app, database, town)
        day.live()
        check_after_quiet(day)
