"""Amounts and diameters as people read them: in the installation's currency and unit, in both languages."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from backend.core.installation import USUAL, hold
from backend.core.lengths import diameter_text, in_own_unit, nominal_class
from backend.core.money import amount_text, bare_amount_text, currency_sign


@pytest.mark.parametrize(
    ("currency", "minor", "language", "shown", "bare"),
    [
        ("CNY", 4550, "zh", "¥45.50", "45.50"),
        ("CNY", 4550, "en", "CN¥45.50", "45.50"),
        ("CNY", 0, "zh", "¥0.00", "0.00"),
        ("CNY", 123_456_700, "zh", "¥1,234,567.00", "1,234,567.00"),
        ("USD", 4550, "en", "$45.50", "45.50"),
        ("USD", 4550, "zh", "US$45.50", "45.50"),
        ("JPY", 4550, "en", "¥4,550", "4,550"),
        ("KWD", 4550, "en", "KWD\xa04.550", "4.550"),
        # Kept as a whole number: a large amount loses no cent.
        ("USD", 2**53 + 1, "en", "$90,071,992,547,409.93", "90,071,992,547,409.93"),
    ],
)
def test_amounts_have_their_currency_and_its_decimals(
    currency: str, minor: int, language: str, shown: str, bare: str
) -> None:
    hold(replace(USUAL, currency=currency))
    assert amount_text(minor, language) == shown
    assert bare_amount_text(minor, language) == bare
    assert shown.startswith(currency_sign(language))


def test_diameters_are_shown_in_the_unit_of_the_place() -> None:
    assert (diameter_text(75), in_own_unit("管径（毫米）"), in_own_unit("Diameter (mm)")) == (
        "75", "管径（毫米）", "Diameter (mm)")  # fmt: skip
    hold(replace(USUAL, length_unit="in"))
    assert (diameter_text(75), in_own_unit("管径（毫米）"), in_own_unit("Diameter (mm)")) == (
        "2.95", "管径（英寸）", "Diameter (in)")  # fmt: skip


def test_classes_of_pipes_go_by_nominal_sizes() -> None:
    bounds = (None, 100, 200, 1000, None)
    pairs = list(pairwise(bounds))
    assert [nominal_class(*pair) for pair in pairs] == ["<DN100", "DN100–199", "DN200–999", "≥DN1000"]
    hold(replace(USUAL, length_unit="in"))
    assert [nominal_class(*pair) for pair in pairs] == ["<4 in", "4–8 in", "8–40 in", "≥40 in"]
