"""Dependencies on parked work: what must wait with it, what joins it, and what settles it.

Only what needs it parks with it.

Pure: told what is parked, it looks nothing up.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from itertools import takewhile

from sync.apply import CannotApply
from sync.change import Key, Mutation, Op
from sync.kind import Kind, Policy
from sync.store import Parked, Settled

CORRECTED, APPLIED = "corrected", "apply"
_ADDING = frozenset({Policy.SET, Policy.APPEND, Policy.GREATEST, Policy.LEAST})


def creation_of(key: Key, parked: Sequence[Parked]) -> Parked | None:
    """The parked creation of a record; an item whose operation nobody could read may be one."""
    return next((one for one in parked if one.key == key and one.op in (Op.CREATE, None)), None)


def needed(mutation: Mutation, absent: Collection[Key], parked: Sequence[Parked]) -> Parked | None:
    """The parked work without which this cannot be judged.

    What it names as `after`, or the creation of an absent record.
    """
    named = (one for one in parked if mutation.after and one.id == mutation.after)
    return next(named, None) or next(
        (one for key in sorted(absent) if (one := creation_of(key, parked))), None
    )


def joined(mutation: Mutation, reason: CannotApply, parked: Sequence[Parked]) -> tuple[str, Parked] | None:
    """The code and the parked work to wait with, for what cannot stand by itself on the same record.

    It lacks what the parked one carried (a field that was to be set, a step that comes first), or sets the
    same again; what fails a check of the whole record may lack it.
    """
    came_before = takewhile(lambda one: one.id != mutation.id, parked)
    rivals = [one for one in came_before if one.key == mutation.key]
    faults = reason.detail.get("faults", ())
    lacking = {fault["field"].split(".")[0] for fault in faults} - set(mutation.now)
    for one in rivals:
        is_step_before = (
            reason.code == "action_does_not_fit" and one.op is Op.ACT and one.action != mutation.action
        )
        if is_step_before or lacking & one.fields:
            return "predecessor_parked", one
    for one in rivals:
        may_lack = reason.code == "check_failed" and lacking and one.fields
        if may_lack or _is_the_same(mutation, one) or one.fields & set(mutation.now):
            return reason.code, one
    return None


def settled_by(
    mutation: Mutation,
    kind: Kind,
    parked: Sequence[Parked],
    device_id: str | None,
    at: datetime,
    *,
    is_fresh: bool,
) -> list[Settled]:
    """What of its author's parked work an accepted mutation corrects.

    The whole of it, or some of its fields.
    """
    found = []
    for one in parked:
        is_own = device_id is not None and one.device_id == device_id
        if one.key != mutation.key or one.id == mutation.id or not _is_later(one, at, is_own and is_fresh):
            continue
        # What adds up is taken back by the device that gave it alone: any other device's stands beside it.
        fields = {name for name in one.fields & set(mutation.now) if is_own or not _adds(kind, name)}
        is_whole = _is_the_same(mutation, one) or (
            one.op in (Op.CREATE, Op.CHANGE) and fields == one.fields != set()
        )
        if is_whole or fields:
            found.append(
                Settled(one.id, mutation.id, CORRECTED if is_whole else None, frozenset(fields), one.group)
            )
    return found


def _is_later(one: Parked, at: datetime, is_of_its_device: bool) -> bool:
    """A device's own work comes in its order; between devices the time of the work decides."""
    return is_of_its_device or one.at is None or at > one.at


def _is_the_same(mutation: Mutation, one: Parked) -> bool:
    """The same creation, deletion or step given again."""
    return mutation.op is one.op and mutation.op is not Op.CHANGE and mutation.action == one.action


def _adds(kind: Kind, name: str) -> bool:
    return name in kind.fields and kind.fields[name].policy in _ADDING
