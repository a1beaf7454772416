"""Reports the progress of long work."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[int, int], None]


def silent(_done: int, _total: int) -> None:
    """Nobody is watching."""


def part_of(progress: Progress, part: int, parts: int) -> Progress:
    """Tells how far one of several equal parts of the work is, as far as the whole is by that."""
    return lambda done, total: progress(round((part + done / total) * 100), parts * 100)
