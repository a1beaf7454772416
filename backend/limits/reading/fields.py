"""Takes values out of a case of a file, each checked; the first that is wrong ends the case, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any, TypeVar

from backend.core.sentences import fault

# Beyond these nobody keeps a case: a typing error, and no span to walk through.
FIRST_YEAR, LAST_YEAR = 2000, 2100
MOST_TEXT = 1_000

Word = TypeVar("Word", bound=StrEnum)


class Refused(ValueError):
    """A case that cannot be read: `wrong` says at which field, by which code, in both languages."""

    def __init__(self, wrong: Mapping[str, str]) -> None:
        super().__init__(wrong["code"])
        self.wrong = wrong


class Fields:
    """An object of the file and where it stands in the case; whatever is not asked for is not looked at."""

    def __init__(self, values: Any, path: str = "") -> None:
        self.path = path
        if not isinstance(values, dict):
            raise Refused(fault(path, "limits.not_object"))
        self.values: Mapping[str, Any] = values

    def at(self, name: str) -> str:
        """The path of a field, as `events.2.at`."""
        return f"{self.path}.{name}" if self.path else name

    def has(self, name: str) -> bool:
        """Whether it is there, and not null."""
        return self.values.get(name) is not None

    def value(self, name: str) -> Any:
        """Whatever it is; refused where it is missing."""
        if name not in self.values:
            raise Refused(fault(self.at(name), "limits.missing"))
        return self.values[name]

    def inner(self, name: str) -> Fields:
        """An object inside."""
        return Fields(self.value(name), self.at(name))

    def listed(self, name: str) -> Sequence[Any]:
        """A list."""
        found = self.value(name)
        if not isinstance(found, list):
            raise Refused(fault(self.at(name), "limits.not_list"))
        return found

    def inners(self, name: str, most: int) -> Iterator[Fields]:
        """The objects of a list of at most so many."""
        found = self.listed(name)
        if len(found) > most:
            raise Refused(fault(self.at(name), "limits.too_many", count=len(found), most=most))
        return (Fields(one, f"{self.at(name)}.{n}") for n, one in enumerate(found))

    def text(self, name: str) -> str:
        """A text with something in it."""
        found = self.value(name)
        if not isinstance(found, str) or not 0 < len(found) <= MOST_TEXT:
            raise Refused(fault(self.at(name), "limits.not_text", most=MOST_TEXT))
        return found

    def note(self, name: str) -> str:
        """A text that may be left out, null or empty: nothing hangs on it."""
        return self.text(name) if self.values.get(name) not in (None, "") else ""

    def whole(self, name: str, least: int, most: int) -> int:
        """A whole number, also written as 2.0."""
        found = _whole(self.value(name))
        if type(found) is not int or not least <= found <= most:
            raise Refused(fault(self.at(name), "limits.not_whole", least=least, most=most))
        return found

    def wholes(self, name: str, least: int, most: int) -> tuple[int, ...]:
        """Whole numbers, each once."""
        found = [_whole(one) for one in self.listed(name)]
        if len(found) > most or any(type(one) is not int or not least <= one <= most for one in found):
            raise Refused(fault(self.at(name), "limits.not_whole", least=least, most=most))
        if len(set(found)) < len(found):
            raise Refused(fault(self.at(name), "limits.twice"))
        return tuple(found)

    def word(self, name: str, words: type[Word]) -> Word:
        """One of some words."""
        found = self.value(name)
        if not isinstance(found, str) or found not in list(words):
            raise Refused(fault(self.at(name), "limits.unknown_word", words=[one.value for one in words]))
        return words(found)

    def flag(self, name: str) -> bool:
        """True or false."""
        found = self.value(name)
        if not isinstance(found, bool):
            raise Refused(fault(self.at(name), "limits.not_flag"))
        return found

    def decision(self, name: str) -> bool | None:
        """True, false, or null while it is undecided."""
        found = self.value(name)
        if found is not None and not isinstance(found, bool):
            raise Refused(fault(self.at(name), "limits.not_decision"))
        return found

    def time(self, name: str) -> datetime:
        """A time with its offset."""
        found = self.value(name)
        moment = _parsed(datetime, found)
        if moment is None:
            raise Refused(fault(self.at(name), "limits.not_time", first=FIRST_YEAR, last=LAST_YEAR))
        if moment.tzinfo is None:
            raise Refused(fault(self.at(name), "limits.naive_time"))
        return moment

    def day(self, name: str, text: Any) -> date:
        """A day, as a field or as the name of one."""
        found = _parsed(date, text)
        if found is None:
            raise Refused(fault(self.at(name), "limits.not_day", first=FIRST_YEAR, last=LAST_YEAR))
        return found


def _whole(found: Any) -> Any:
    """A number without a fraction as JSON means it: 2.0 is 2, as some tools write every number."""
    return int(found) if isinstance(found, float) and found.is_integer() else found


Moment = TypeVar("Moment", date, datetime)


def _parsed(kind: type[Moment], text: Any) -> Moment | None:
    try:
        found = kind.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return found if FIRST_YEAR <= found.year <= LAST_YEAR else None
