"""Rules of questionnaires: an edition's number is unique, and an answered edition does not change."""

from __future__ import annotations

from functools import partial

from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.core.actor import Actor
from backend.core.errors import Problem
from backend.core.queries.policy import Rule, people_rule
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
        zh, en = (
            "已有答卷的版本不能再改，请另出新版本",
            "an edition with answers stays as it is: make a new one",
        )
        raise Problem(
            "check_failed",
            faults=[{"field": name, "code": "edition_used", "zh": zh, "en": en} for name in changed],
        )
    if session.execute(text(_IS_TAKEN), asked).scalar():
        zh, en = "这个版本号已经用过", "there is such an edition already"
        raise Problem("check_failed", faults=[{"field": "edition", "code": "twice", "zh": zh, "en": en}])


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
