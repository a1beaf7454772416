"""Sentences as data: templates in Chinese and English whose placeholders have types, read from TOML.

An entry says what it takes (`takes = { minutes = "number" }`); whoever uses it gives exactly that. `in_zh` or
`in_en` names what only one language says. `line` stands for `zh` and `en` where one line has both, as on a
terminal.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from numbers import Integral, Real
from pathlib import Path
from string import Formatter
from typing import Any, NamedTuple
from uuid import UUID


class Words(NamedTuple):
    """A sentence in both languages."""

    zh: str
    en: str

    def as_dict(self) -> dict[str, Any]:
        """By language, as it goes over the wire."""
        return self._asdict()

    def cut(self, most: int) -> Words:
        """Each of them cut to so many characters."""
        return Words(self.zh[:most], self.en[:most])

    @property
    def line(self) -> str:
        """Both in one line, for a terminal."""
        return self.zh if self.zh == self.en else f"{self.zh} · {self.en}"


# The plain types first: to ask whether something is an abstract number takes ten times as long.
NUMBER = (int, float, Real, Decimal)
Render = Callable[[Any, int], str]


def area_text(area_m2: float) -> Words:
    """An area as people read it."""
    if area_m2 < 1e5:
        return Words(f"{area_m2:,.0f} 平方米", f"{area_m2:,.0f} m²")
    return Words(f"{area_m2 / 1e6:,.2f} 平方公里", f"{area_m2 / 1e6:,.2f} km²")


def distance_text(metres: float) -> Words:
    """A distance as people read it."""
    if metres < 1_000:
        return Words(f"{metres:,.0f} 米", f"{metres:,.0f} m")
    digits = 1 if metres < 100_000 else 0
    return Words(f"{metres / 1_000:,.{digits}f} 公里", f"{metres / 1_000:,.{digits}f} km")


def joined(parts: Any, separators: tuple[str, str], side: int) -> str:
    """Texts, or sentences in both languages, as one in the language of a side."""
    return separators[side].join(one if isinstance(one, str) else one[side] for one in parts)


# What a placeholder may be: the values that it takes, and how each is written in Chinese (0) and English (1).
TYPES: dict[str, tuple[tuple[type, ...], Render]] = {
    "text": ((str,), lambda value, _: str(value)),
    "code": ((str, int, UUID), lambda value, _: str(value)),
    "words": ((tuple,), lambda value, side: str(value[side])),
    "number": (NUMBER, lambda value, _: str(value) if isinstance(value, (int, Integral)) else f"{value:g}"),
    "amount": (NUMBER, lambda value, _: f"{value:,.0f}"),
    "percent": (NUMBER, lambda value, _: f"{value:.0%}"),
    "seconds": (NUMBER, lambda value, _: f"{value:.1f}"),
    "area_m2": (NUMBER, lambda value, side: area_text(value)[side]),
    "distance_m": (NUMBER, lambda value, side: distance_text(value)[side]),
    "kilometres": (NUMBER, lambda value, _: f"{value / 1000:.1f}"),
    "day": ((date,), lambda value, _: f"{value:%m-%d}"),
    # A time of day as the place's clock shows it, with the day where it is another one.
    "time": ((str,), lambda value, _: str(value)),
    "list": ((list, tuple), lambda value, side: joined(value, ("、", ", "), side)),
    "enumeration": ((list, tuple), lambda value, side: joined(value, ("，", ", "), side)),
    "clauses": ((list, tuple), lambda value, side: joined(value, ("；", "; "), side)),
    "either": ((list, tuple), lambda value, side: joined(value, ("或 ", " or "), side)),
}


@dataclass(frozen=True, slots=True)
class Sentence:
    """One entry: its name, the code it goes out with, its templates and the types of what it takes."""

    name: str
    zh: str
    en: str
    takes: Mapping[str, str]
    code: str
    # What only one of the languages says: the other says it some other way, or leaves it to be seen.
    in_zh: frozenset[str] = frozenset()
    in_en: frozenset[str] = frozenset()

    def words(self, arguments: Mapping[str, Any]) -> Words:
        """It with its arguments. Raises TypeError for others than it takes."""
        need(self.name, self.takes, arguments)
        zh, en = {}, {}
        for name, value in arguments.items():
            render = TYPES[self.takes[name]][1]
            zh[name], en[name] = render(value, 0), render(value, 1)
        return Words(self.zh.format_map(zh), self.en.format_map(en))


def need(about: str, takes: Mapping[str, str], arguments: Mapping[str, Any]) -> None:
    """That arguments are those declared, each of its type. Raises TypeError."""
    if takes.keys() != arguments.keys():
        raise TypeError(f"{about} takes {sorted(takes)}, not {sorted(arguments)}")
    for name, value in arguments.items():
        if not isinstance(value, TYPES[takes[name]][0]):
            raise TypeError(f"{about}: {name} is no {takes[name]}: {value!r}")


def placeholders(template: str) -> set[str]:
    """The names in a template."""
    return {name for _, name, _, _ in Formatter().parse(template) if name is not None}


def sentences_in(path: Path, prefix: str = "") -> dict[str, Sentence]:
    """The entries of a file by their names, `prefix` in front."""
    found = {}
    for name, entry in tomllib.loads(path.read_text("utf-8")).items():
        zh, en = (entry["line"],) * 2 if "line" in entry else (entry["zh"], entry["en"])
        alone = (frozenset(entry.get(side, ())) for side in ("in_zh", "in_en"))
        found[prefix + name] = Sentence(
            prefix + name, zh, en, entry.get("takes", {}), entry.get("code", name), *alone
        )
    return found
