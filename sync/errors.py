"""What can go wrong in sync, as exceptions whose docstring is their sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class SyncError(Exception):
    """Sync could not go on."""


class StartCompare(SyncError):
    """This cursor cannot be continued (the argument says why).

    Compare, keeping everything and all unsent work.
    """


class VersionMoved(SyncError):
    """The record was changed by somebody else since it was read."""


class DatabaseRefused(SyncError):
    """The database refused a write that the rules had let pass."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with one field: where, what (a code), and the sentence in both languages.

    `about` is what of the value it is about, as it was written. `among` are the fields it comes from: one
    that stood before, in fields that a change leaves alone, is not that change's.
    """

    field: str
    code: str
    zh: str
    en: str
    about: str = ""
    among: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, str]:
        """The fault as it goes over the wire."""
        found = {"field": self.field, "code": self.code, "zh": self.zh, "en": self.en}
        return found | {"about": self.about} if self.about else found


def no_such_state(field: str) -> Fault:
    """A person's word names a state that the kind does not have."""
    return Fault(field, "invalid", "没有这个状态", "no such state")


def needed_before(field: str, action_zh: str, action_en: str) -> Fault:
    """A field that a step needs is empty."""
    return Fault(field, "required", f"“{action_zh}”之前必须填写", f"must be given before “{action_en}”")


class Refused(SyncError):
    """The values break the rules of their kind."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(f"{f.field}: {f.en}" for f in faults))
        self.faults = tuple(faults)
