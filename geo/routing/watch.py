"""Time limits of a search: by wall clock, by processor time, or by steps."""

from __future__ import annotations

import time
from collections.abc import Iterable


class Meter:
    """What one thread has used since it began; made in that thread."""

    def __init__(self) -> None:
        self._began = self._now()

    def _now(self) -> float:
        return time.monotonic()

    def used(self) -> float:
        """Seconds so far."""
        return self._now() - self._began

    def step(self) -> None:
        """Told before each step of a search."""

    def most(self, seconds: float) -> float:
        """What to tell a solver that looks at the clock on the wall itself."""
        return seconds


class Watch:
    """The time a plan may take, by the clock on the wall: what somebody waits.

    The others measure what is comparable on a busy machine, or the same on every machine.
    """

    meter: type[Meter] = Meter

    def __init__(self, seconds: float) -> None:
        self._seconds, self._began = seconds, self._now()

    def _now(self) -> float:
        return time.monotonic()

    def left(self) -> float:
        """Seconds that are left; asked by the thread that made it."""
        return self._seconds - (self._now() - self._began)

    def after(self, used: Iterable[float]) -> None:
        """Told what each of several threads used while this one waited for them."""


class ProcessorMeter(Meter):
    """Processor seconds of one thread."""

    # A busy machine gives a thread so much less than the clock says.
    _BUSY = 8

    def _now(self) -> float:
        return time.thread_time()

    def most(self, seconds: float) -> float:
        """So much more on a busy machine."""
        return self._BUSY * seconds


class ProcessorWatch(Watch):
    """Processor seconds, as if each thread had a core: what others do on the machine is left out.

    For measuring. Whatever does not run beside a search counts with all its threads.
    """

    meter = ProcessorMeter

    def _now(self) -> float:
        return time.process_time()

    def after(self, used: Iterable[float]) -> None:
        """Threads beside each other count once."""
        spent = list(used)
        self._seconds += sum(spent) - max(spent, default=0)


class StepMeter(Meter):
    """Steps of one search, a thousand of which count as a second."""

    PER_SECOND = 1_000

    def __init__(self) -> None:
        self._steps = 0

    def used(self) -> float:
        """Thousands of steps."""
        return self._steps / self.PER_SECOND

    def step(self) -> None:
        """One more."""
        self._steps += 1

    def most(self, seconds: float) -> float:
        """Never cut off by the clock."""
        return 3_600.0


class StepWatch(Watch):
    """Steps instead of seconds: the same plan on every machine, however fast."""

    meter = StepMeter

    def _now(self) -> float:
        return 0.0

    def after(self, used: Iterable[float]) -> None:
        """Searches beside each other count once, and never as nothing."""
        self._seconds -= max([*used, 1 / StepMeter.PER_SECOND])
