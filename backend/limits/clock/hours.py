"""Office hours: two halves of a working day, by the place's own clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time

# A service window opens no later and closes no earlier (window service standard).
LATEST_OPENING = time(8, 30)
EARLIEST_CLOSING = time(17)


class HoursRefused(ValueError):
    """Hours shorter than a service window may have."""


class HoursDisordered(ValueError):
    """Hours whose times do not follow one another."""


@dataclass(frozen=True, slots=True)
class Hours:
    """When the morning and the afternoon begin and close; the noon between them is not worked.

    Raises `HoursDisordered` where the four times do not follow one another (the noon may be empty), and
    `HoursRefused` where they open later or close earlier than a window may.
    """

    am: tuple[time, time]
    pm: tuple[time, time]

    def __post_init__(self) -> None:
        if self.am[0] > LATEST_OPENING or self.pm[1] < EARLIEST_CLOSING:
            raise HoursRefused
        if not self.am[0] < self.am[1] <= self.pm[0] < self.pm[1]:
            raise HoursDisordered
