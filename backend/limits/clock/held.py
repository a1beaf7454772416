"""Held time: approved pauses and phases outside, united."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from backend.limits.clock.history import Hold
from backend.limits.clock.working_time import FAR, Span


class Held:
    """The stretches in which a clock does not run, none touching another; the last one may have no end."""

    def __init__(self, holds: Iterable[Hold]) -> None:
        self.spans: list[Span] = []
        for begins, ends in sorted((one.begins, one.ends or FAR) for one in holds):
            if begins >= ends:
                continue
            if self.spans and begins <= self.spans[-1].ends:
                self.spans[-1] = Span(self.spans[-1].begins, max(ends, self.spans[-1].ends))
            else:
                self.spans.append(Span(begins, ends))

    @property
    def open_from(self) -> datetime:
        """Since when nothing runs any more; far away where it runs."""
        return self.spans[-1].begins if self.spans and self.spans[-1].ends == FAR else FAR

    def running(self, begins: datetime, ends: datetime) -> Iterable[Span]:
        """What of a stretch runs."""
        if begins >= ends:
            return ()
        return self._between(begins, ends) if self.spans else (Span(begins, ends),)

    def _between(self, begins: datetime, ends: datetime) -> Iterator[Span]:
        for hold in self.spans:
            if hold.ends <= begins:
                continue
            if hold.begins >= ends:
                break
            if hold.begins > begins:
                yield Span(begins, hold.begins)
            begins = hold.ends
        if begins < ends:
            yield Span(begins, ends)

    def has_running(self, begins: datetime, ends: datetime) -> bool:
        """Whether any of a stretch runs."""
        if begins >= ends:
            return False
        return all(hold.begins > begins or hold.ends < ends for hold in self.spans)

    def is_held_up_to(self, moment: datetime) -> bool:
        """Whether the last instant before a moment is held."""
        return any(hold.begins < moment <= hold.ends for hold in self.spans)
