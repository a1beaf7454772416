"""Codes of new zones by a pattern."""

from __future__ import annotations

import shapely

from geo.mapfile import Feature
from geo.numbering import numbered
from geo.zones import zones_of


def test_a_row_of_signs_stands_for_a_number() -> None:
    assert [numbered(pattern, 7) for pattern in ("N###", "LA-####", "区#号", "Z##-##")] == [
        "N007", "LA-0007", "区7号", "Z07-##"]  # fmt: skip
    assert numbered("N##", 1234) == "N1234"


def test_zones_without_a_code_are_numbered_by_it() -> None:
    squares = [shapely.box(120 + n, 36, 120.9 + n, 36.9) for n in range(3)]
    features = [Feature(square, {}) for square in squares]
    assert [zone.code for zone in zones_of(features).zones] == ["Z001", "Z002", "Z003"]
    own = zones_of(features, code_pattern="District #").zones
    assert [zone.code for zone in own] == ["District 1", "District 2", "District 3"]
