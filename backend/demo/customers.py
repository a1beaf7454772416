"""Makes up the demo city's customers and their service points."""

from __future__ import annotations

import numpy as np

from backend.core.geometry import point
from backend.customers.services.phonetics import pinyin_of
from backend.demo.catalogue import ident
from backend.demo.parts import Crowd, Ground
from backend.demo.people import made_up_name, made_up_phone
from sync.kind import Values

_NATURE = {
    "resident": "residential",
    "developer": "construction",
    "community": "public",
    "special": "special",
    "key": "commercial",
    "large": "industrial",
}


def shop_name(committee: str, owner: str) -> str:
    """What a customer that is no household is called."""
    return f"{committee[:6]}{owner}商行"


def address_of(district: str, street: str, committee: str, house: tuple[int, int, int, int]) -> str:
    """An address; of the house: building, entrance, floor and door."""
    building, entrance, floor, door = house
    return f"{district}{street}{committee}{building}号楼{entrance}单元{floor}0{door}户"


def customer_rows(
    crowd: Crowd, ground: Ground, cell: int, k: int, number: int, random: np.random.Generator
) -> tuple[tuple[str, Values], tuple[str, Values]]:
    """A customer and its service point; addresses of a cell come from one committee."""
    category, committees = str(crowd.categories[k]), crowd.district.committees
    street, committee = committees[cell * len(committees) // len(ground.ids)]
    name = made_up_name(random) if category == "resident" else shop_name(committee, made_up_name(random))
    building, entrance, floor, door = (int(random.integers(1, most)) for most in (60, 5, 7, 5))
    cell_id, customer_id = ground.ids[cell], ident("customer", number)
    customer: Values = {
        "unit_id": crowd.branch.id,
        "number": f"{crowd.district.code}{number:07d}",
        "name": name,
        "category": category,
        "phone": made_up_phone(random),
        "cell_id": cell_id,
        "is_vulnerable": bool(random.random() < 0.03),
        "pinyin": pinyin_of(name),
    }
    spot: Values = {
        "unit_id": crowd.branch.id,
        "customer_id": customer_id,
        "cell_id": cell_id,
        "address": address_of(crowd.district.name, street, committee, (building, entrance, floor, door)),
        "place": point(*crowd.places[k]),
        "meter_number": f"QD{number:08d}",
        "diameter_mm": 20 if category == "resident" else 80,
        "nature": _NATURE[category],
    }
    return (customer_id, customer), (ident("point", number), spot)
