"""Diameters, which are kept in millimetres, in the unit that people of this installation read."""

from __future__ import annotations

from backend.core.installation import installed

MM_PER_INCH = 25.4


def diameter_text(millimetres: float) -> str:
    """A diameter without its unit, which the label names: 75 is `75`, or `2.95` in inches."""
    shown = round(millimetres / MM_PER_INCH, 2) if installed().length_unit == "in" else millimetres
    return f"{shown:g}"


def in_own_unit(label: str) -> str:
    """A label that names millimetres, with the unit that people of this installation use."""
    if installed().length_unit != "in":
        return label
    return label.replace("（毫米）", "（英寸）").replace("(mm)", "(in)")


def nominal_class(above_mm: int | None, below_mm: int | None) -> str:
    """A class of diameters, from one bound to before the next: `DN100–199`, or `4–8 in` by nominal sizes."""
    if installed().length_unit == "in":
        low, high = (None if one is None else f"{round(one / 25):d}" for one in (above_mm, below_mm))
        return f"<{high} in" if low is None else f"≥{low} in" if high is None else f"{low}–{high} in"
    if above_mm is None:
        return f"<DN{below_mm}"
    return f"≥DN{above_mm}" if below_mm is None else f"DN{above_mm}–{below_mm - 1}"
