"""Office steps: what capabilities add when the office writes a record, collected from their `STEPS`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from sqlalchemy.orm import Session

from backend.core import capabilities
from backend.core.actor import Actor
from sync.change import Stored
from sync.kind import Kind, Values


@dataclass(frozen=True, slots=True)
class OfficeSteps:
    """Of one kind; what is None adds nothing.

    `complete` and `complete_change` give the values with what follows from them; `create` makes the record
    where its creation is more than the record; `before_change` locks before the record itself is locked;
    `after_step` goes on.
    """

    complete: Callable[[Session, Actor, Kind, Values], Values] | None = None
    complete_change: Callable[[Session, Actor, Kind, Values, Values], Values] | None = None
    create: Callable[[Session, Actor, Values, str], Stored] | None = None
    before_change: Callable[[Session], None] | None = None
    after_step: Callable[[Session, str], Stored] | None = None


def steps_of(kind: str) -> OfficeSteps:
    """What is added for a kind."""
    return _steps().get(kind, OfficeSteps())


@cache
def _steps() -> dict[str, OfficeSteps]:
    found: dict[str, OfficeSteps] = {}
    for module in capabilities.modules("office_steps"):
        assert found.keys().isdisjoint(module.STEPS), "two capabilities add to one kind"
        found |= module.STEPS
    return found
