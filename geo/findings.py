"""What was found while a map file was read and mended.

One finding a place, told as one line a kind, the worst first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from geo.sentences import Words, sentences_in

MOST_WORST = 10
# By the harm they do, the worst first: what several of a kind are called.
KINDS = sentences_in(Path(__file__).with_name("finding_kinds.toml"))
SENTENCES = sentences_in(Path(__file__).with_name("findings.toml"))
# The last kind that takes something away, or that makes the whole file doubtful.
_LAST_GRAVE = "no_area"
_RANK = {code: rank for rank, code in enumerate(KINDS)}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that was found and perhaps changed: where (names), how much (m²), and in words."""

    code: str
    zones: tuple[str, ...]
    area_m2: float
    zh: str
    en: str


def found(code: str, zones: Sequence[str], zh: str, en: str, area_m2: float = 0.0) -> Finding:
    """A finding of one of KINDS, in words of its own."""
    return Finding(code, tuple(zones), round(area_m2, 1), zh, en)


def words(name: str, /, **arguments: Any) -> Words:
    """One of SENTENCES with its arguments."""
    return SENTENCES[name].words(arguments)


def told(name: str, zones: Sequence[str], area_m2: float = 0.0, /, **arguments: Any) -> Finding:
    """A finding that says one of SENTENCES."""
    return found(SENTENCES[name].code, zones, *words(name, **arguments), area_m2)


def grouped(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """One line a kind, the most harmful kind first.

    Its count, its whole area, and the worst ten by name and words.
    """
    kinds: dict[str, list[Finding]] = {}
    for one in findings:
        kinds.setdefault(one.code, []).append(one)
    return [_line(code, kinds[code]) for code in sorted(kinds, key=lambda code: _RANK.get(code, -1))]


def _line(code: str, group: list[Finding]) -> dict[str, Any]:
    worst = sorted(group, key=lambda one: -one.area_m2)[:MOST_WORST]
    area = round(sum(one.area_m2 for one in group), 1)
    whole, count = Words(worst[0].zh, worst[0].en), len(group)
    if count > 1:
        kind = KINDS[code].words({}) if code in KINDS else Words(code, code)
        whole = (
            words("several_sized", kind=kind, count=count, size=area)
            if area >= 1
            else words("several", kind=kind, count=count)
        )
    elif names := [name for name in worst[0].zones if f"“{name}”" not in whole.zh][:4]:
        whole = words("named", names=names, said=whole)
    said = [{"zones": list(one.zones), "area_m2": one.area_m2, "zh": one.zh, "en": one.en} for one in worst]
    zones = list(dict.fromkeys(name for one in worst for name in one.zones))
    is_grave = code in _RANK and _RANK[code] <= _RANK[_LAST_GRAVE]
    return {
        "code": code, "is_grave": is_grave, "count": count, "area_m2": area, "zones": zones,
        **whole.as_dict(), "worst": said,
    }  # fmt: skip
