"""Repeats: what is named twice in a list that is a set."""

from __future__ import annotations

from collections.abc import Iterator

from sync.errors import Fault
from sync.kind import Values


def repeats_in(values: Values, *names: str) -> Iterator[Fault]:
    """A fault at each place of these lists where something stands that was there before."""
    for name in names:
        listed = values.get(name) or ()
        for n, one in enumerate(listed):
            if one in listed[:n]:
                zh, en = "这一项写了两次：只留一个", "is named twice: keep one of them"
                yield Fault(f"{name}.{n}", "twice", zh, en, str(one), (name,))
