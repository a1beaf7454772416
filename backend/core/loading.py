"""Loads modules without the garbage collector, which would look at all of them again and again."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """What is made here is kept: nobody looks for garbage in it while it grows."""
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()


@contextmanager
def for_good() -> Iterator[None]:
    """The same, for what a server is made of: it lives as long as the process and is not looked at again."""
    with uncollected():
        yield
        gc.collect()
        gc.freeze()
