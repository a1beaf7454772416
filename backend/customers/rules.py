"""Editions of a questionnaire: a number is given once, and what answers were given to stays as it was
asked."""

from __future__ import annotations

from functools import partial

from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.core.actor import Actor
from backend.core.errors import Problem
from backend.core.queries.policy import Rule, people_rule
from backend.core.sentences import fault
from sync.kind import Values

_ASKED = ("code", "edition", "rows")


def edition_rule(
    session: Session, actor: Actor, record_id: str, before: Values | None, after: Values
) -> None:
    """Raises check_failed for an edition that is there already, and for new questions under old answers."""
    changed = [name for name in _ASKED if before is not None and before.get(name) != after.get(name)]
    if before is not None and not changed:
        return
    # Answers may come in while a form is changed, and two editions at once: one after the other.
    session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended('editions of ' || :unit, 0))"),
        {"unit": str(after["unit_id"])},
    )
    asked = {
        "id": record_id,
        "unit": after["unit_id"],
        "code": after.get("code"),
        "edition": after.get("edition"),
    }
    if changed and session.execute(text(_IS_USED), asked).scalar():
        raise Problem("check_failed", faults=[fault(name, "customers.edition_used") for name in changed])
    if session.execute(text(_IS_TAKEN), asked).scalar():
        raise Problem("check_failed", faults=[fault("edition", "customers.edition_twice")])


_IS_USED = "SELECT EXISTS (SELECT FROM response WHERE questionnaire_id = CAST(:id AS uuid))"
# One that was taken away keeps its number.
_IS_TAKEN = """
    SELECT EXISTS (SELECT FROM questionnaire
    WHERE code = :code AND edition = :edition AND unit_id = CAST(:unit AS uuid) AND id <> CAST(:id AS uuid))
"""


RULES: dict[str, tuple[Rule, ...]] = {
    "customer": (partial(people_rule, ("key_representative_id", "team_ids")),),
    "questionnaire": (edition_rule,),
}
