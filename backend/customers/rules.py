"""Rules of customers: the utility's own numbers are unique.

Of questionnaires: an edition's number is unique, and an answered edition does not change.
"""

from __future__ import annotations

from functools import partial

from sqlalchemy.orm import Session

from backend.core.actor import Actor
from backend.core.errors import Problem
from backend.core.queries.locks import hold
from backend.core.queries.policy import Rule, people_rule
from backend.core.sentences import fault
from backend.core.services.own_numbers import own_number_rule
from backend.customers.queries.questionnaires import has_answers, is_taken
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
    hold(session, f"editions of {after['unit_id']}")
    if changed and has_answers(session, record_id):
        raise Problem("check_failed", faults=[fault(name, "customers.edition_used") for name in changed])
    if is_taken(session, after["unit_id"], after.get("code"), after.get("edition"), record_id):
        raise Problem("check_failed", faults=[fault("edition", "customers.edition_twice")])


RULES: dict[str, tuple[Rule, ...]] = {
    "customer": (
        own_number_rule("customer"),
        partial(people_rule, ("key_representative_id", "team_ids")),
    ),
    "service_point": (own_number_rule("service_point"),),
    "questionnaire": (edition_rule,),
}
