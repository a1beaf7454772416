"""Reads a phone's three clocks.

The wall clock its owner may move, the monotonic one, and which boot that counts from.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path


def _boot_id() -> str:
    path = Path("/proc/sys/kernel/random/boot_id")
    return path.read_text().strip() if path.exists() else "unknown"


@dataclass
class Clock:
    """`moved_by` is how far the owner has moved the wall clock.

    `passed` lets a test live through hours in no time.
    """

    moved_by: timedelta = timedelta()
    passed: timedelta = timedelta()
    boot: str = field(default_factory=_boot_id)

    def now(self) -> datetime:
        """What the phone shows."""
        return datetime.now(UTC) + self.moved_by + self.passed

    def monotonic_ms(self) -> int:
        """Milliseconds since boot, which nobody can move."""
        return int(time.monotonic() * 1000) + int(self.passed.total_seconds() * 1000)

    def reboot(self) -> None:
        """The battery was empty: a new boot, whose monotonic clock has no known relation to the old one."""
        self.boot += "'"
