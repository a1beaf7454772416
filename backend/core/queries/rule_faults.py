"""How a rule refuses: all that is wrong with a record at once."""

from __future__ import annotations

from backend.core.errors import Problem
from backend.core.kinds.registry import KINDS
from sync.kind import Values


def refuse(name: str, after: Values, faults: list[dict[str, str]]) -> None:
    """Raises check_failed with what a rule found, and with the kind's own faults."""
    kind = KINDS[name]
    is_whole = all(after.get(field) is not None for field, one in kind.wired.items() if one.field.required)
    own = kind.kind.check(dict.fromkeys(kind.wired) | after) if is_whole else ()
    raise Problem("check_failed", faults=[*faults, *(one.as_dict() for one in own)])
