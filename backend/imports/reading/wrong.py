"""How a value is told to be wrong, and who reads it: shared by all readers of values."""

from __future__ import annotations

from collections.abc import Mapping as ReadOnly
from dataclasses import dataclass, field
from typing import Any

from backend.core.sentences import FAULTS
from backend.imports.reading.shapes import Field, Reason


class Wrong(Exception):
    """A value that cannot be taken: the entry of `faults.toml`, what it takes, and what it may have been."""

    def __init__(self, code: str, proposal: str = "", **arguments: Any) -> None:
        super().__init__(code)
        self.code, self.proposal, self.arguments = code, proposal, arguments


@dataclass(slots=True)
class Asking:
    """What a value is read with: the mapping's answers, the time zone; and the notes that reading adds.

    `spare` is what a value holds beyond what its field takes, for the remark of the record.
    """

    answers: ReadOnly[str, Any]
    zone: str = "UTC"
    notes: list[Reason] = field(default_factory=list)
    spare: list[str] = field(default_factory=list)


def reason(
    field_name: str, code: str, about: str = "", column: str = "", proposal: str = "", **arguments: Any
) -> Reason:
    """A reason in words, out of the catalogue."""
    zh, en = FAULTS[f"imports.{code}"].words(arguments)
    return Reason(field_name, code, zh, en, about, column, proposal)


def note(asking: Asking, one: Field, code: str, **arguments: Any) -> None:
    """That reading has changed something."""
    asking.notes.append(reason(one.name, code, **arguments))


def refused(field_name: str, wrong: Wrong, about: str, column: str) -> Reason:
    """What is wrong with a value as a reason."""
    return reason(field_name, wrong.code, about, column, wrong.proposal, **wrong.arguments)
