"""A person's rights for one push, as the sync core asks for them; the past is looked up only when it is
asked for."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.core.actor import FIELD, Actor
from backend.core.errors import Problem
from backend.core.kinds.registry import SYNC_KINDS
from backend.core.queries import policy
from backend.core.queries.scopes import BODY, held, today, values_at
from backend.core.queries.voided import merged_into
from backend.customers.queries.places import found_for_many
from sync.change import Key, Op, Write
from sync.kind import Kind, Values

# Why work waits, where it gives away nothing that its author does not know.
_TOLD = frozenset(
    {"number_taken", "due_day_kept", "untold_change", "cells_overlap", "no_place", "which_point", "in_use"}
)


class StaffRights:
    """The rights of one author."""

    def __init__(self, session: Session, actor: Actor, now: Collection[str] | None = None) -> None:
        self._session, self._actor = session, actor
        self._now = now
        self._writing: frozenset[str] | None = None

    def now(self) -> Collection[str]:
        """Held at present."""
        if self._now is None:
            self._now = frozenset(held(self._session, self._actor))
        return self._now

    def writing(self) -> Collection[str]:
        """Held for writing: what all of a unit read is written by its office alone."""
        if self._writing is None:
            self._writing = policy.writing_scopes(self.now())
        return self._writing

    def objection(self, write: Write) -> str | None:
        """What the policy says beyond scopes: where office roles end, and the rules of single kinds."""
        may_act = policy.may_act(self._actor, write.kind, write.values)
        if not may_act or (self._actor.is_office and not self._may_by_role(write)):
            return "outside_scope"
        try:
            if write.op == Op.DELETE:
                policy.need_unused(self._session, write.kind.name, write.id)
            before = write.before.values if write.before else None
            met = {group for group, heads in write.heads.items() if len(heads) > 1}
            policy.need_house_rules(
                self._session, self._actor, write.kind, write.id, before, write.values, met
            )
        except Problem as problem:
            # What a person can mend is said as it is; the rest is nobody else's to know.
            return problem.code if problem.code in _TOLD else "outside_scope"
        return None

    def successors(self, keys: Collection[Key]) -> Mapping[Key, Key]:
        """What was merged into others, as the trail says."""
        return merged_into(self._session, keys)

    def completed(self, records: Sequence[tuple[Kind, Values]]) -> list[Values]:
        """New records' values with customer, point, place and cell, as far as they follow from what each
        has."""
        found = (
            found_for_many(self._session, self._actor, records, self.now(), are_read=True) if records else []
        )
        return [values | one.values for (_, values), one in zip(records, found, strict=True)]

    def _may_by_role(self, write: Write) -> bool:
        """Outside its own units an office role gives no right; a notice is read by whoever it is for."""
        if f"office:{write.values['unit_id']}" in self.writing() or write.kind.name == "notice":
            return True
        kind, field_roles = write.kind, frozenset(map(str, self._actor.roles & FIELD))
        lists = {Op.CREATE: kind.create_by, Op.CHANGE: kind.change_by, Op.DELETE: kind.delete_by}
        allowed = (
            kind.actions[write.op].roles if write.op in kind.actions else lists.get(Op(write.op), frozenset())
        )
        return not field_roles.isdisjoint(allowed)

    def naming(self, kind: str) -> Collection[str]:
        """Who works in the unit is known to all of it; anything else is named by those who have seen it."""
        return {*self.now(), f"office:{self._actor.unit_id}"} if kind == "staff" else self.now()

    def at(self, moment: datetime) -> Collection[str]:
        """Held at a moment, by the history of duties and crews."""
        scopes = set()
        on = today(moment).isoformat()
        for kind in ("cell_assignment", "crew"):
            for record_id in self._once_concerned(kind):
                values = values_at(self._session, (kind, record_id), moment)
                if values and self._was_mine(kind, values, on):
                    scopes.add(
                        f"cell:{values['cell_id']}" if kind == "cell_assignment" else f"crew:{record_id}"
                    )
        return scopes

    def ever(self) -> Collection[str]:
        """Every cell and crew that was once the person's: of these they may be told that they are no
        longer."""
        scopes = set()
        for kind in ("cell_assignment", "crew"):
            for record_id in self._once_concerned(kind):
                body = orjson.loads(self._session.execute(BODY, {"kind": kind, "id": record_id}).scalar_one())
                scopes.add(f"cell:{body['cell_id']}" if kind == "cell_assignment" else f"crew:{record_id}")
        return scopes

    def record_scopes_at(self, key: Key, moment: datetime) -> Collection[str]:
        """The scopes a record was filed under at a moment."""
        values = values_at(self._session, key, moment)
        return SYNC_KINDS[key[0]].scopes({**values, "id": key[1]}) if values else frozenset()

    def _once_concerned(self, kind: str) -> list[str]:
        """Records of a kind whose history names this person anywhere."""
        anywhere = "$.* ? (@[*] == $me || @[*][*] == $me)"
        rows = self._session.execute(
            text(
                """
                    SELECT DISTINCT id::text
                    FROM sync_history
                    WHERE kind = :kind
                        AND jsonb_path_exists(changed,
                            CAST(:path AS jsonpath),
                            jsonb_build_object('me', CAST(:me AS text)))
                """
            ),
            {"kind": kind, "me": self._actor.id, "path": anywhere},
        )
        return [row[0] for row in rows]

    def _was_mine(self, kind: str, values: Values, on: str) -> bool:
        if kind == "crew":
            return self._actor.id in [*values["member_ids"], values["leader_id"]]
        until = values.get("valid_until")
        return (
            values["staff_id"] == self._actor.id
            and values["valid_from"] <= on
            and (until is None or on <= until)
        )
