"""The table of subscriptions: every capability's, by fact, in the order in which they are served."""

from __future__ import annotations

from backend.core import capabilities
from backend.core.subscribing import Subscriber


def collect() -> dict[str, tuple[Subscriber, ...]]:
    """Fact -> its subscribers: what completes the record first, then what follows."""
    found: dict[str, tuple[Subscriber, ...]] = {}
    for phase in ("COMPLETES", "FOLLOWS"):
        for module in capabilities.modules("subscriptions"):
            for fact, subscribers in getattr(module, phase, {}).items():
                found[fact] = (*found.get(fact, ()), *subscribers)
    return found


SUBSCRIPTIONS = collect()
