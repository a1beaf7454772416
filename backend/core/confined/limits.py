"""Resource limits of a sandboxed reader; what runs over is stopped, and only the reader with it."""

from __future__ import annotations

import resource
from dataclasses import dataclass

MEGABYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """For one file: memory, size of an answer and of each file written in bytes; time in seconds; files
    open at once."""

    memory: int = 1_536 * MEGABYTE
    answer: int = 256 * MEGABYTE
    file: int = 512 * MEGABYTE
    cpu_seconds: int = 60
    wall_seconds: int = 90
    open_files: int = 64


def hold_to(limits: Limits) -> None:
    """Bind this process to its limits, for good. A system that does not know one of them goes without it."""
    for what, most in (
        (resource.RLIMIT_CPU, limits.cpu_seconds),
        (resource.RLIMIT_FSIZE, limits.file),
        (resource.RLIMIT_NOFILE, limits.open_files),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_AS, limits.memory),
    ):
        _, hard = resource.getrlimit(what)
        allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
        try:
            resource.setrlimit(what, (allowed, allowed))
        except (ValueError, OSError):
            continue  # macOS knows RLIMIT_AS by name alone.
