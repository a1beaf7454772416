"""Judges clean rows against the ledger: what would be new, changed or the same, and why it cannot be.

The same judgement is made when a file is checked and, anew, when its rows are written: what somebody changed
meanwhile is seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy.orm import Session

from backend.core.comparing import comparable
from backend.core.kinds.registry import SYNC_KINDS
from backend.core.services import record_writer
from backend.imports.queries.ledger import Foreign, Ledger, MergedAway, Several
from backend.imports.reading.gazetteer import Gazetteer
from backend.imports.reading.parts import Part, parts_of
from backend.imports.reading.shapes import Reason, Target
from backend.imports.reading.wrong import reason
from backend.imports.services.account_rows import ACCOUNT, AccountJudge
from backend.imports.services.completing import complete
from backend.imports.services.meters import METER, Unclear, replaced_point, with_former
from backend.imports.services.placing import Placer
from backend.imports.services.rows import Judged, RowIn, Rules, Write
from sync.change import Stored
from sync.errors import Refused
from sync.kind import Values

# A part of a row whose record is told by what only its target knows.
_BY_NAME = frozenset({"crew"})
# What has no field for its own number in another system is known by an id made of it.
_BY_ID = frozenset({"work_order", "visit"})
_NUMBERS = UUID("0198c0de-1a9d-7000-8000-00000000f11e")


class Judge:
    """Judges rows in chunks: each chunk asks the ledger by a fixed number of statements."""

    def __init__(
        self,
        session: Session,
        rules: Rules,
        places: Gazetteer,
        made: dict[tuple[str, str], str] | None = None,
        taken: dict[str, str] | None = None,
        replacing: dict[str, int] | None = None,
    ) -> None:
        self._session, self._rules = session, rules
        self.ledger = Ledger(session, rules.units)
        self._placer = Placer(session, self.ledger, places, with_customers=rules.target.kind == "customer")
        # What earlier rows make, which the ledger does not hold yet: kind and number -> id.
        self._made = {} if made is None else made
        # Point -> the row whose meter it has now.
        self._replacing = {} if replacing is None else replacing
        self._accounts = AccountJudge(session, rules, {} if taken is None else taken)

    def judge(self, rows: Sequence[RowIn]) -> list[Judged]:
        """What becomes of each row, in order."""
        self._placer.look_ahead(rows)
        parts = {row.number: self._parts(row) for row in rows}
        self.ledger.look_ahead(
            (kind, one)
            for found in parts.values()
            for part in found
            for kind, typed in part.refers.values()
            for one in ([typed] if isinstance(typed, str) else typed)
        )
        self.ledger.look_ahead(
            (part.kind, str(part.values[name]))
            for found in parts.values()
            for part in found
            if (name := _OWN.get(part.kind)) and part.values.get(name)
        )
        ids = {row.number: [self._known(part) for part in parts[row.number]] for row in rows}
        stored = self._stored(ids.values(), parts)
        if self._rules.target.kind == "staff":
            self._accounts.look_ahead((one[1] for found in ids.values() for one in found if one), rows)
        return [self._one(row, parts[row.number], stored) for row in rows]

    @property
    def target(self) -> Target:
        """What its rows are."""
        return self._rules.target

    def forget(self) -> None:
        """What earlier rows would have made was not written after all."""
        self._made.clear()
        self._accounts.forget()

    def _parts(self, row: RowIn) -> tuple[Part, ...]:
        found = parts_of(self._rules.target, row.values)
        return tuple(one for one in found if one.kind != ACCOUNT or self._rules.gives_accounts)

    def _known(self, part: Part) -> tuple[str, str] | None:
        try:
            found = self._id_of(part)
        except (Foreign, MergedAway, Several):
            return None
        return (part.kind, found) if found else None

    def _id_of(self, part: Part) -> str | None:
        name = _OWN.get(part.kind)
        if name and part.values.get(name):
            return self.ledger.own(part.kind, str(part.values[name]))
        if part.kind in _BY_NAME:
            return self.ledger.find(part.kind, str(part.values["name"]))
        return self._made_id(part) if part.kind in _BY_ID and part.own else None

    def _made_id(self, part: Part) -> str:
        return str(uuid5(_NUMBERS, f"{self._rules.unit_id} {part.kind} {part.own}"))

    def _stored(
        self, known: Iterable[list[tuple[str, str] | None]], parts: Mapping[int, tuple[Part, ...]]
    ) -> dict[tuple[str, str], Stored]:
        keys = {one for found in known for one in found if one}
        if any(part.kind == "service_point" for found in parts.values() for part in found):
            customers = {id_ for kind, id_ in keys if kind == "customer"} | self._customers(parts)
            self.ledger.look_at_points(customers)
            keys |= {("service_point", id_) for id_ in self.ledger.points_of(customers)}
            keys |= {("customer", id_) for id_ in customers}
        return record_writer.push_store(self._session).load(keys, lock=False) if keys else {}

    def _customers(self, parts: Mapping[int, tuple[Part, ...]]) -> set[str]:
        found = set()
        for some in parts.values():
            for part in some:
                if part.kind == "service_point" and "customer_id" in part.refers:
                    typed = str(part.refers["customer_id"][1])
                    try:
                        found.add(self.ledger.find("customer", typed))
                    except Foreign:
                        continue
        return {one for one in found if one}

    def _one(self, row: RowIn, parts: Sequence[Part], stored: Mapping[tuple[str, str], Stored]) -> Judged:
        judged = Judged(row.number, "same")
        is_unplaced = False
        for part in parts:
            if part.kind in row.skip:
                continue
            if part.kind == ACCOUNT:
                self._accounts.judge(row, part, stored.get(("staff", judged.record_id or "")), judged)
                continue
            is_unplaced |= self._part(row, part, stored, judged)
        if judged.reasons:
            judged.verdict, judged.writes = "refused", []
        elif is_unplaced:
            # Another row of the same customer is no fault of its own.
            self._remember(judged.writes)
            judged.verdict, judged.writes = "to_settle", []
        elif judged.writes:
            own = [one for one in judged.writes if one.kind == self._rules.target.kind]
            judged.verdict = "new" if any(one.is_new for one in own or judged.writes) else "changed"
            self._remember(judged.writes)
        return judged

    def _remember(self, writes: Iterable[Write]) -> None:
        for one in writes:
            name = _OWN.get(one.kind)
            if one.is_new and name and one.now.get(name):
                self._made[one.kind, comparable(str(one.now[name]))] = one.id

    def _part(self, row: RowIn, part: Part, stored: Mapping[tuple[str, str], Stored], judged: Judged) -> bool:
        """Adds what is to be written of a part, or why it cannot be; whether it waits for its place."""
        values = dict(part.values) | self._pointers(part, judged)
        if judged.reasons:
            return False
        try:
            before = self._before(row, part, values, stored)
        except Unclear:
            judged.reasons.append(reason(METER, "which_meter", str(part.values.get(METER, ""))))
            return False
        except (Foreign, MergedAway, Several) as error:
            name = _OWN.get(part.kind, "name")
            judged.reasons.append(_not_ours(error, name, str(part.values.get(name, ""))))
            return False
        if part.kind == self._rules.target.kind:
            judged.record_id = before.id if before else None
        if part.kind == "service_point" and self._placer.wants_place(row, values, before):
            told = self._placer.place(row, values, judged)
            if not told:
                return not judged.reasons
        self._write(row, part, values, before, judged)
        return False

    def _replaced(self, row: RowIn, values: Values, stored: Mapping[tuple[str, str], Stored]) -> str | None:
        """The point whose meter this row's is now, as it was found at the check. Raises Unclear."""
        customer = str(values.get("customer_id"))
        if row.replaces:
            one = stored.get(("service_point", row.replaces))
            return one.id if one and one.values.get("customer_id") == customer else None
        if self._rules.named is None:
            return None
        points = [
            stored[key]
            for id_ in self.ledger.points_of({customer})
            if (key := ("service_point", id_)) in stored
        ]
        typed = comparable(str(row.values.get("number")))
        found = replaced_point(typed, values, points, self._rules.named, self._replacing, row.number)
        if found is None:
            return None
        self._replacing[found.id], row.replaces = row.number, found.id
        return found.id

    def _before(
        self, row: RowIn, part: Part, values: Values, stored: Mapping[tuple[str, str], Stored]
    ) -> Stored | None:
        found = self._id_of(part)
        if part.kind == "cell_assignment":
            found = self.ledger.duty_of(values["cell_id"], values["staff_id"], values["duty"])
        if found is None and part.kind == "service_point" and not part.values.get("meter_number"):
            found = self.ledger.point_at(str(values.get("customer_id")), str(values.get("address") or ""))
        if found is None and part.kind == "service_point" and part.values.get(METER):
            found = self._replaced(row, values, stored)
        if found is None:
            return None
        one = stored.get((part.kind, found))
        if one is None:
            one = (
                record_writer.push_store(self._session)
                .load([(part.kind, found)], lock=False)
                .get((part.kind, found))
            )
        return None if one is None or one.deleted else one

    def _pointers(self, part: Part, judged: Judged) -> Values:
        """The ids of what a part names; what is not there is a reason."""
        found: Values = {}
        for wire, (kind, typed) in part.refers.items():
            ids = [self._pointer(wire, kind, one, judged) for one in _listed(typed)]
            if None not in ids:
                found[wire] = ids[0] if isinstance(typed, str) else ids
        return found

    def _pointer(self, wire: str, kind: str, typed: str, judged: Judged) -> str | None:
        made = self._made.get((kind, comparable(typed))) or _made_by(judged.writes, kind, typed)
        if made:
            return made
        try:
            found = self.ledger.find(kind, typed)
            if found is not None:
                return found
            judged.reasons.append(reason(self._field_of(wire), "no_such", typed))
        except (Foreign, Several) as error:
            judged.reasons.append(_not_ours(error, self._field_of(wire), typed))
        return None

    def _field_of(self, wire: str) -> str:
        return next((one.name for one in self._rules.target.fields if one.wire == wire), wire)

    def _write(self, row: RowIn, part: Part, values: Values, before: Stored | None, judged: Judged) -> None:
        if part.kind == "service_point" and self._placer.is_left_alone(row, values, before):
            return
        if before is None:
            values.setdefault("unit_id", self._rules.unit_id)
        else:
            values = self._only_changes(row, part, values, before)
        if before is not None and values.get("customer_id") not in (None, before.values.get("customer_id")):
            judged.reasons.append(self._meter_moved(before))
            return
        if part.kind == "service_point":
            with_former(values, before)
        self._placer.file(part.kind, values, before, row)
        complete(self._session, part.kind, values, before, judged.writes)
        now = self._read(part, values, before is None, judged)
        if before is not None:
            now = {name: value for name, value in now.items() if _differs(before.values.get(name), value)}
        if now and not judged.reasons:
            record_id = before.id if before else self._new_id(part)
            judged.writes.append(Write(part.kind, record_id, before is None, now))
            if part.kind == self._rules.target.kind:
                judged.record_id = record_id

    def _new_id(self, part: Part) -> str:
        return self._made_id(part) if part.kind in _BY_ID and part.own else record_writer.new_id()

    def _meter_moved(self, before: Stored) -> Reason:
        customer = record_writer.read(self._session, "customer", before.values["customer_id"])
        return reason("meter_number", "meter_moved", str(before.values.get("meter_number") or ""),
                      number=str(customer.values["number"]))  # fmt: skip

    def _only_changes(self, row: RowIn, part: Part, values: Values, before: Stored) -> Values:
        """Of a record that is there: what the file says; what is emptied only where that was asked for."""
        by_wire = {
            one.wire: one
            for one in self._rules.target.fields
            if (one.kind or part.kind) == part.kind and one.wire
        }
        kept = {
            name: value
            for name, value in values.items()
            if name not in by_wire or by_wire[name].name not in row.defaulted
        }
        if self._rules.clears_empty:
            for name, one in by_wire.items():
                is_empty = one.name in self._rules.mapped and one.name not in row.values
                if (
                    is_empty
                    and not one.required
                    and one.default is None
                    and before.values.get(name) is not None
                ):
                    kept[name] = None
        # An own number is written as it stands; another case or width of it is no change.
        own = _OWN.get(part.kind)
        if (
            own
            and own in kept
            and comparable(str(kept[own])) == comparable(str(before.values.get(own) or ""))
        ):
            del kept[own]
        return kept

    def _read(self, part: Part, values: Values, is_new: bool, judged: Judged) -> Values:
        """Values as the kind reads them; what it refuses is a reason."""
        kind = SYNC_KINDS[part.kind]
        known = {name: value for name, value in values.items() if name in kind.fields}
        try:
            read = kind.load(known, not is_new)
            faults = kind.check(read) if is_new else ()
        except Refused as refused:
            faults = refused.faults
            read = {}
        judged.reasons += [
            Reason(self._field_of(one.field), one.code, one.zh, one.en, one.about) for one in faults
        ]
        return known if is_new else read


_OWN = {
    "customer": "number",
    "service_point": "meter_number",
    "staff": "staff_number",
}


def _made_by(writes: Iterable[Write], kind: str, typed: str) -> str | None:
    name = _OWN.get(kind, "")
    return next(
        (
            one.id
            for one in writes
            if one.kind == kind and one.is_new and comparable(str(one.now.get(name, ""))) == comparable(typed)
        ),
        None,
    )


def _listed(typed: str | list[str]) -> list[str]:
    return [typed] if isinstance(typed, str) else typed


def _differs(before: Any, now: Any) -> bool:
    if (
        isinstance(before, dict)
        and isinstance(now, dict)
        and before.get("type") == now.get("type") == "Point"
    ):
        return [round(one, 7) for one in before["coordinates"][:2]] != [
            round(one, 7) for one in now["coordinates"][:2]
        ]
    if isinstance(before, list) and isinstance(now, list):
        return sorted(map(str, before)) != sorted(map(str, now))
    return (before if before != "" else None) != (now if now != "" else None)


def _not_ours(error: Foreign | MergedAway | Several, name: str, typed: str) -> Reason:
    if isinstance(error, Foreign):
        return reason(name, "of_another_unit", typed)
    if isinstance(error, MergedAway):
        return reason(name, "merged_away", typed)
    return reason(name, "several", typed)
