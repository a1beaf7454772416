"""Settings of this installation: time zone, currency, language, posts, first view, codes of cells, limits.

They are one row of the database, which an administrator sets (`services/installing.py`); every process holds
the last it read (`queries/installation_row.py`), so that asking for them costs no query.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any, Literal
from zoneinfo import ZoneInfo

from babel.numbers import get_currency_precision

Labels = Mapping[str, tuple[str, str]]
OwnLabels = Callable[[], Labels] | None

# The post whose holders serve cells: no installation goes without it.
REPRESENTATIVE = "customer_representative"
USUAL_ZONE = ZoneInfo("Asia/Shanghai")
USUAL_POSTS: Labels = MappingProxyType(
    {
        REPRESENTATIVE: ("客户代表", "Customer representative"),
        "service_clerk": ("客户服务员", "Service clerk"),
        "arrears_collector": ("催欠员", "Arrears collector"),
        "hall_agent": ("营业厅坐席", "Hall agent"),
        "account_steward": ("客户专员（管家）", "Account steward"),
        "area_manager": ("片区管理员", "Area manager"),
        "network_inspector": ("管网巡检员", "Network inspector"),
        "water_quality_tester": ("水质检测员", "Water-quality tester"),
        "works_manager": ("施工管理员", "Works manager"),
        "pump_station_patroller": ("加压设备巡护员", "Pump-station patroller"),
        "hotline_agent": ("热线受理员", "Hotline agent"),
    }
)
USUAL_VISITS: Mapping[str, int] = MappingProxyType(
    {"key": 30, "large": 30, "special": 30, "developer": 90, "community": 30}
)


@dataclass(frozen=True, slots=True)
class Hotline:
    """A number that people call, and what it is for."""

    number: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class View:
    """Where a map opens: the middle (WGS-84, degrees) and the zoom of web maps."""

    lng: float
    lat: float
    zoom: float


@dataclass(frozen=True, slots=True)
class Limits:
    """What the operator wants of work, and when a visit raises questions.

    Days between visits are by the customer's category; late is from `late_from_hour` until before
    `late_until_hour`, by the city's clock.
    """

    item_days: int = 5
    visit_days: int = 7
    visit_days_between: Mapping[str, int] = field(default_factory=lambda: USUAL_VISITS)
    survey_photos: int = 3
    visit_near_m: int = 300
    visit_poor_accuracy_m: int = 200
    visit_shortest_s: int = 120
    visit_fastest_kmh: int = 120
    visit_look_bits: int = 4
    visit_late_from_hour: int = 22
    visit_late_until_hour: int = 5
    visit_late_many: int = 5


@dataclass(frozen=True)
class Installation:
    """What holds for the whole installation. `version` counts its changes; 0 is nothing read yet.

    `#` in the codes of new cells stand for a number of so many digits at least. `retention`: days of what an
    administrator set (`retention.SETTABLE`); what is not named is kept as the operator or the release says.
    """

    name_zh: str = "网格"
    name_en: str = "Wangge"
    time_zone: ZoneInfo = USUAL_ZONE
    language: Literal["zh", "en"] = "zh"
    currency: str = "CNY"
    length_unit: Literal["mm", "in"] = "mm"
    posts: Labels = field(default_factory=lambda: USUAL_POSTS)
    hotlines: tuple[Hotline, ...] = ()
    first_view: View | None = View(120.38, 36.07, 10)
    new_cell_code: str = "N###"
    imported_cell_code: str = "Z###"
    limits: Limits = field(default_factory=Limits)
    retention: Mapping[str, int] = field(default_factory=dict)
    version: int = 0

    @cached_property
    def minor_digits(self) -> int:
        """Decimals of the currency: amounts are whole numbers of its smallest unit."""
        return get_currency_precision(self.currency)

    def values(self) -> dict[str, Any]:
        """As JSON has them, in the database and on the wire."""
        plain = asdict(
            replace(self, posts={}, retention={}, limits=replace(self.limits, visit_days_between={}))
        )
        plain |= {
            "time_zone": self.time_zone.key,
            "posts": [{"code": code, "zh": zh, "en": en} for code, (zh, en) in self.posts.items()],
            "hotlines": list(plain["hotlines"]),
            "retention": dict(self.retention),
        }
        plain["limits"]["visit_days_between"] = dict(self.limits.visit_days_between)
        return plain


def installation_of(values: Mapping[str, Any], version: int = 0) -> Installation:
    """From JSON; what is not said is as usual, what an older or newer release says besides is left out."""
    known = {one.name for one in fields(Installation)}
    found = {name: value for name, value in values.items() if name in known} | {"version": version}
    for name, read in _READ.items():
        if found.get(name) is not None:
            found[name] = read(found[name])
    return Installation(**found)


def _known(of: type[Any], values: Mapping[str, Any]) -> Any:
    """One of these, from what is known of it."""
    known = {one.name for one in fields(of)}
    return of(**{name: value for name, value in values.items() if name in known})


_READ: dict[str, Any] = {
    "time_zone": ZoneInfo,
    "posts": lambda posts: {one["code"]: (one["zh"], one["en"]) for one in posts},
    "hotlines": lambda hotlines: tuple(_known(Hotline, one) for one in hotlines),
    "first_view": lambda view: _known(View, view),
    "limits": lambda limits: _known(Limits, limits),
}
USUAL = Installation()


class _Held:
    """What this process last read; swapped whole, so that no reader sees half of it."""

    now = USUAL


def installed() -> Installation:
    """The settings of this installation, as this process last read them."""
    return _Held.now


def in_own_language(words: tuple[str, str]) -> str:
    """Of a sentence in Chinese and English what is written into records, which have one language."""
    return words[installed().language != "zh"]


def hold(installation: Installation) -> None:
    """From now on these are what this process goes by."""
    _Held.now = installation


@contextmanager
def installed_as(installation: Installation) -> Iterator[None]:
    """For a while these: to play a day of another city."""
    before = installed()
    hold(installation)
    try:
        yield
    finally:
        hold(before)
