"""Makes tables of past visits by seed whose days and times are written in many ways."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from sync.change import moment_text
from tests.imports.sheets import workbook

ZONE = "Asia/Shanghai"
HEAD = ("走访编号", "户号", "走访日期", "走访方式", "走访情况", "是否满意")
_FIRST = datetime(1899, 12, 30)  # noqa: DTZ001 - day 0 of a sheet
_METHODS = {"上门": "door", "入户": "door", "电话": "phone", "电访": "phone"}
_FLAGS = {"是": True, "满意": True, "否": False, "不满意": False}


def _serial(at: datetime) -> float:
    return (at - _FIRST).total_seconds() / 86400


# Ways to write a moment to the minute, and those that say the day alone.
MOMENTS: dict[str, Callable[[datetime], Any]] = {
    "own": lambda at: at,
    "serial": _serial,
    "dashes": lambda at: f"{at:%Y-%m-%d %H:%M}",
    "points": lambda at: f"{at.year}.{at.month}.{at.day} {at.hour}:{at:%M}",
    "chinese": lambda at: f"{at.year}年{at.month}月{at.day}日 {at.hour}时{at.minute}分",
    "slashes": lambda at: f"{at.year}/{at.month}/{at.day} {at:%I:%M} {at:%p}",
    "iso": lambda at: f"{at:%Y-%m-%dT%H:%M:00}+08:00",
}
DAYS: dict[str, Callable[[datetime], Any]] = {
    "own day": lambda at: at.date(),
    "serial day": lambda at: int(_serial(at)),
    "serial as text": lambda at: str(int(_serial(at))),
    "digits": lambda at: f"{at:%Y%m%d}",
    "number": lambda at: int(f"{at:%Y%m%d}"),
    "named": lambda at: f"{at.day} {at:%b} {at.year}",
}
# What no reader may take for a day, and why.
WRONG: dict[str, Callable[[datetime], tuple[Any, str]]] = {
    "month": lambda at: (f"{at.year}年{at.month}月", "only_month"),
    "short": lambda at: (f"{at:%y}.{at.month}.{at.day}", "short_year"),
    "none": lambda at: (f"{at.year}-02-31", "no_such_day"),
    "words": lambda at: ("上次", "no_date"),
    "late": lambda at: (f"{at:%Y-%m-%d} 25:00", "no_time"),
    "empty": lambda at: (None, "required"),
}


@dataclass(frozen=True)
class Visits:
    """The file, by row the clean moment or the reason, and the order of its days."""

    data: bytes
    truths: dict[int, tuple[str | None, str]]
    values: dict[int, dict[str, Any]]
    order: str
    asks: bool


def visits(seed: int, rows: int = 120) -> Visits:
    """So many visits; days with the year last are in one order, told by some of them or by none."""
    random = Random(seed)
    order, tells = random.choice(("mdy", "dmy")), random.random() < 0.5
    lines, truths, values = [], {}, {}
    for n in range(rows):
        at = datetime.combine(date(2023, 1, 1), time(8)) + timedelta(minutes=random.randrange(500_000))
        cell, moment, code = _written(random, at, order, tells=tells)
        method, flag = random.choice(list(_METHODS)), random.choice(list(_FLAGS))
        lines.append([f"V{n:05d}", f"0{n:09d}", cell, method, "正常", flag])
        truths[n + 2] = (moment, code)
        values[n + 2] = {"method": _METHODS[method], "is_satisfied": _FLAGS[flag], "customer": f"0{n:09d}"}
    return Visits(workbook([HEAD, *lines]), truths, values, order, not tells)


def _written(random: Random, at: datetime, order: str, *, tells: bool) -> tuple[Any, str | None, str]:
    """A cell, the moment that it is or None, and the reason it is refused for."""
    midnight = datetime.combine(at.date(), time())
    if random.random() < 0.15:
        cell, code = random.choice(list(WRONG.values()))(at)
        return cell, None, code
    if random.random() < 0.2:
        # Without a teller all days are such that they may be two.
        day = midnight if tells else midnight.replace(day=1 + midnight.day % 12)
        first, second = (day.month, day.day) if order == "mdy" else (day.day, day.month)
        return f"{first}/{second}/{day.year}", _utc(day), ""
    if random.random() < 0.5:
        return random.choice(list(DAYS.values()))(midnight), _utc(midnight), ""
    return random.choice(list(MOMENTS.values()))(at), _utc(at), ""


def _utc(at: datetime) -> str:
    return moment_text(at.replace(tzinfo=ZoneInfo(ZONE)))
