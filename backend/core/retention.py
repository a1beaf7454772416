"""How long what is no record is kept: each capability says what it deletes when, in `periodic` (`KEEPS`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from backend.core import capabilities
from backend.core.config import Settings
from backend.core.installation import installed
from geo.sentences import Words


@dataclass(frozen=True, slots=True)
class Kept:
    """One sort of data: its name, what it is and why it is kept so long, and for how many days.

    `days` is asked each time: an administrator may have changed it. None is for good. `limits`: from how many
    to how many days it may be set, where it may be.
    """

    name: str
    words: Words
    why: Words
    days: Callable[[Settings], int | None]
    limits: tuple[int, int] | None = None


# What an administrator may set, and between which days. Whoever keeps it says so under the same name.
SETTABLE: Mapping[str, tuple[int, int]] = {
    "position_days": (1, 366),
    "message_days": (30, 3650),
    "message_address_days": (1, 366),
    "import_days": (7, 3650),
}


def days_of(name: str, usual: int) -> int:
    """How many days an administrator set, else the usual ones."""
    return installed().retention.get(name, usual)


def settable(name: str, words: tuple[Words, Words], usual: Callable[[Settings], int]) -> Kept:
    """One that an administrator may set; `usual` is what the operator said, or the release."""
    return Kept(name, *words, lambda settings: days_of(name, usual(settings)), SETTABLE[name])


def all_kept() -> list[Kept]:
    """Of every capability, lower ones first."""
    return [one for module in capabilities.modules("periodic") for one in getattr(module, "KEEPS", ())]
