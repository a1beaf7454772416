"""Merges concurrent edits: per-field heads and a policy for each field.

A field keeps its heads, the writes nobody has superseded. A mutation supersedes those
it had seen (at or below its base version, or of its own device); what it had not seen
stands beside it. Pure: no database, no clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sync.change import Heads, Stored, canonical, moment_text, parse_moment
from sync.kind import Kind, Policy, Values


@dataclass(frozen=True, slots=True)
class Edit:
    """A write to merge: which fields become what, what its author had seen, and when it counts from."""

    id: str
    author_id: str
    device_id: str | None
    base_version: int
    now: Values
    at: datetime


@dataclass(slots=True)
class Merged:
    """The record after a merge; `met` are the groups where two edits met."""

    values: Values
    heads: Heads
    met: list[str] = field(default_factory=list)


def merge(kind: Kind, stored: Stored, edit: Edit, next_version: int) -> Merged:
    """Put an edit onto a record, whatever happened to the record since the edit's base version."""
    result = Merged(values=dict(stored.values), heads=dict(stored.heads))
    for group, names in _grouped(kind, edit.now).items():
        heads = _next_heads(stored, group, names, edit, next_version)
        result.heads[group] = heads
        result.values.update(_resolve(kind.fields[names[0]].policy, heads, names))
        if len(distinct(heads)) > 1:
            result.met.append(group)
    return result


def seen_times(
    stored: Stored, groups: Iterable[str], base_version: int, device_id: str | None
) -> list[datetime]:
    """The times of the writes an edit had seen, in the groups it touches."""
    return [
        parse_moment(head["at"])
        for group in groups
        for head in stored.heads.get(group, ())
        if head["at"] and seen(head, base_version, device_id)
    ]


def distinct(heads: list[dict[str, Any]]) -> set[bytes]:
    """The different values among heads; one means nobody disagrees."""
    return {canonical(head["values"]) for head in heads}


def seen(head: Mapping[str, Any], base_version: int, device_id: str | None) -> bool:
    """Whether a head was there when an edit was made: at or below its base version, or of the same device."""
    return head["version"] <= base_version or (device_id is not None and head["device"] == device_id)


def _grouped(kind: Kind, now: Values) -> dict[str, list[str]]:
    """Fields by merge group; a group that is touched is written whole."""
    touched = {kind.fields[name].merges_as for name in now}
    groups: dict[str, list[str]] = {}
    for name, one in kind.fields.items():
        if one.merges_as in touched:
            groups.setdefault(one.merges_as, []).append(name)
    return groups


def _next_heads(
    stored: Stored, group: str, names: list[str], edit: Edit, next_version: int
) -> list[dict[str, Any]]:
    beside = [
        head for head in stored.heads.get(group, ()) if not seen(head, edit.base_version, edit.device_id)
    ]
    mine = {
        "id": edit.id,
        "author": edit.author_id,
        "device": edit.device_id,
        "at": moment_text(edit.at),
        "version": next_version,
        "values": {name: edit.now.get(name, stored.values.get(name)) for name in names},
    }
    return sorted([*beside, mine], key=lambda head: (head["at"], head["id"]))


def _resolve(policy: Policy, heads: list[dict[str, Any]], names: list[str]) -> Values:
    """The value a group shows, from its heads sorted by (time, id)."""
    if len(heads) == 1 or policy in (Policy.LAST, Policy.REVIEW, Policy.SERVER, Policy.FIXED):
        return dict(heads[-1]["values"])
    return {name: _combined(policy, [head["values"].get(name) for head in heads]) for name in names}


def _combined(policy: Policy, values: list[Any]) -> Any:
    present = [value for value in values if value is not None]
    if policy is Policy.GREATEST:
        return max(present, default=None)
    if policy is Policy.LEAST:
        return min(present, default=None)
    union: dict[bytes, Any] = {}
    for value in present:
        for item in value:
            union.setdefault(canonical(item), item)
    return [union[key] for key in sorted(union)] if policy is Policy.SET else list(union.values())
