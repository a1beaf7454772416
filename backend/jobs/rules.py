"""Rules of jobs: each is somewhere, what was told stays told, and a matter asks for a form that there is."""

from __future__ import annotations

from sqlalchemy.orm import Session

from backend.core.actor import Actor
from backend.core.errors import Problem
from backend.core.kinds.registry import SYNC_KINDS
from backend.core.queries.policy import Rule
from backend.core.queries.rule_faults import refuse
from backend.core.queries.scopes import held
from backend.core.sentences import fault
from backend.customers.queries.places import is_somewhere, located
from backend.customers.queries.questionnaires import is_asked
from backend.jobs.kinds.work_order import told_amounts
from sync.kind import Values


def telling_rule(
    session: Session, actor: Actor, record_id: str, before: Values | None, after: Values
) -> None:
    """Raises untold_change where a telling is taken away, an amount is replaced without a telling of its
    own, or one stands as told that no telling says the customer agreed to.

    The first amount may come without a telling: apps of before 2026-11-27 send none.
    """
    had, has = (before or {}).get("tellings") or [], after.get("tellings") or []
    was, told = told_amounts(before or {}), told_amounts(after)
    if any(one not in has for one in had):
        raise Problem("untold_change", faults=[fault("tellings", "jobs.taken_away")])
    is_first = None in was
    if told == was or (is_first and (None in told or not has)):
        return
    agreed = [
        (one["minutes"], one["cost_fen"]) for one in has if one["is_agreed"] and (is_first or one not in had)
    ]
    if told not in agreed:
        raise Problem("untold_change", faults=[fault("told_cost_fen", "jobs.not_told")])


def place_rule(session: Session, actor: Actor, record_id: str, before: Values | None, after: Values) -> None:
    """A job is somewhere: at a place, or in a cell; and stays so. Raises no_place, which_point."""
    if is_somewhere(after) or (before is not None and not is_somewhere(before)):
        return
    if before is None:
        found = located(session, SYNC_KINDS["work_order"], after, held(session, actor))
        if found.choices:
            raise Problem("which_point", choices=[one.as_choice() for one in found.choices])
        if is_somewhere(found.values):
            return
    raise Problem("no_place")


def matter_rule(session: Session, actor: Actor, record_id: str, before: Values | None, after: Values) -> None:
    """Raises check_failed for a matter that newly asks for a form which is not there, or is asked no more."""
    form_id = after.get("questionnaire_id")
    if not form_id or (before is not None and before.get("questionnaire_id") == form_id):
        return
    if not is_asked(session, form_id):
        refuse("matter", after, [fault("questionnaire_id", "jobs.no_form")])


RULES: dict[str, tuple[Rule, ...]] = {"work_order": (place_rule, telling_rule), "matter": (matter_rule,)}
