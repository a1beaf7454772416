"""The demo city as one in California: moved there, and everybody and everything with an English name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from unittest.mock import patch

import numpy as np
import shapely

from backend.core.db import Database
from backend.demo import customers, load, people
from backend.demo.sizes import SIZES
from backend.demo.sources import District, districts
from tests.installing import install_city

# From Qingdao to Los Angeles, in degrees.
AWAY = (-118.25 - 120.38, 34.05 - 36.07)
_DISTRICTS = ("Downtown", "Harbor", "Westside", "Eastside", "Northgate", "Southgate", "Canyon", "Mesa",
              "Valley", "Foothill")  # fmt: skip
_FAMILY = ("Miller", "Garcia", "Nguyen", "Johnson", "Lopez", "Smith", "O'Neill", "Brown", "Kim", "Diaz")
_GIVEN = ("Ann", "Bob", "Carmen", "Dan", "Eve", "Frank", "Grace", "Hugo", "Iris", "Jack")


def american_districts() -> tuple[District, ...]:
    """The ten districts in another place."""
    return tuple(
        replace(
            district,
            name=name,
            outline=shapely.affinity.translate(district.outline, *AWAY),
            committees=tuple(
                (f"{n + 1}th Street", f"{name} {n + 1}") for n in range(len(district.committees))
            ),
            towns=district.towns + np.array(AWAY),
        )
        for district, name in zip(districts(), _DISTRICTS, strict=True)
    )


def _name(random: np.random.Generator) -> str:
    return f"{_GIVEN[random.integers(len(_GIVEN))]} {_FAMILY[random.integers(len(_FAMILY))]}"


def _phone(random: np.random.Generator) -> str:
    return f"+1 213 555 {random.integers(0, 10**4):04d}"


def _address(_district: str, street: str, committee: str, house: tuple[int, int, int, int]) -> str:
    building, _entrance, floor, door = house
    return f"{building}{floor}0{door} {street}, {committee}, Los Angeles, CA"


@contextmanager
def american_names() -> Iterator[None]:
    """The loader of the demo city makes an American one."""
    branches = tuple(
        (name, codes)
        for name, (_, codes) in zip(
            ("Central Yard", "West Yard", "East Yard", "North Yard", "South Yard"), load.BRANCHES, strict=True
        )
    )
    changed = [
        (load, "BRANCHES", branches),
        (load, "districts", american_districts),
        (load, "cell_name", lambda district, number: f"{district} cell {number}"),
        (load, "crew_name", lambda branch, number: f"{branch} crew {number}"),
        (load, "made_up_phone", _phone),
        (people, "made_up_name", _name),
        (people, "made_up_phone", _phone),
        (customers, "made_up_name", _name),
        (customers, "made_up_phone", _phone),
        (customers, "shop_name", lambda committee, owner: f"{owner}'s shop at {committee}"),
        (customers, "address_of", _address),
    ]
    with ExitStack() as stack:
        for module, name, value in changed:
            stack.enter_context(patch.object(module, name, value))
        yield


def load_american(database: Database) -> None:
    """Los Angeles in an empty database: its settings, then its small city."""
    with american_names():
        load._write_units(database)
        install_city(database, load.GROUP)
        with patch.object(load, "_write_units", _branches):
            load.load_city(database, SIZES["small"], lambda *_: None)


def _branches(_database: Database) -> list[load.Branch]:
    """The branches as they were written a moment ago."""
    by_code = {district.code: district for district in american_districts()}
    return [
        load.Branch(load.ident("branch", name), name, tuple(by_code[code] for code in codes))
        for name, codes in load.BRANCHES
    ]
