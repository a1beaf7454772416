"""Disputes that a person must decide about a record, as a function of its heads alone.

Values, steps, and deletions that met.
"""

from __future__ import annotations

from typing import Any

from sync.change import Heads, Write
from sync.kind import Kind, Policy
from sync.merge import distinct, seen
from sync.steps import fold
from sync.store import Question

DELETED = "deleted"
Head = dict[str, Any]


def open_questions(kind: Kind, heads: Heads) -> dict[str, list[Head]]:
    """Group -> the heads that stand against each other."""
    found: dict[str, list[Head]] = {}
    for group, ours in heads.items():
        if group == DELETED:
            rivals = _against_deletion(kind, heads, ours)
        elif group == kind.state_field and kind.actions:
            rivals = _unfit_steps(kind, ours)
        else:
            # Most groups have one head: what their policy is need not be asked.
            is_disputed = len(ours) > 1 and len(distinct(ours)) > 1 and _policy(kind, group) is Policy.REVIEW
            rivals = ours if is_disputed else []
        if rivals:
            found[group] = rivals
    return found


def questions_of(write: Write) -> list[Question]:
    """The disputes this write opened, widened or settled."""
    before = open_questions(write.kind, write.before.heads) if write.before else {}
    after = open_questions(write.kind, write.heads)
    unit_id = str(write.values.get("unit_id", ""))
    changed = [
        Question(write.key, group, unit_id, heads)
        for group, heads in after.items()
        if heads != before.get(group)
    ]
    return changed + [Question(write.key, group, unit_id, ()) for group in before if group not in after]


def _policy(kind: Kind, group: str) -> Policy | None:
    return next((one.policy for one in kind.fields.values() if one.merges_as == group), None)


def _unfit_steps(kind: Kind, log: list[Head]) -> list[Head]:
    """The steps that no longer fit, and the one whose state stands instead."""
    folded = fold(kind, log)
    return [folded.last, *folded.unfit] if folded.unfit else []


def _against_deletion(kind: Kind, heads: Heads, deletions: list[Head]) -> list[Head]:
    """Edits that no deletion had seen: they are kept as proposals, the record stays deleted."""
    edits = {
        head["id"]: head for group, ours in heads.items() if group != DELETED for head in ours if head["id"]
    }
    unseen = [e for e in edits.values() if not any(seen(e, d["base"], d["device"]) for d in deletions)]
    return (
        [*deletions, *sorted(unseen, key=lambda head: (head["at"], head["id"]))]
        if unseen and deletions
        else []
    )
