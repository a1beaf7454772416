"""The audit trail for whoever audits: administrators and auditors, of their unit and those below."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from backend.core.actor import AUDITS, Actor
from backend.core.kinds.registry import KINDS
from backend.core.queries import policy
from backend.core.queries.masks import masked_part
from backend.people.queries.audit_trail import PAGE, acts_of


def look_through(session: Session, actor: Actor, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """A page of acts, newest first, and where the next begins. Raises not_allowed."""
    policy.need_role(actor, AUDITS)
    rows = acts_of(session, policy.own_units(session, actor), wanted)
    kind = KINDS["administrative_act"]
    shown = [row | masked_part(actor, kind, {"before": row["before"], "after": row["after"]}) for row in rows]
    return {"rows": shown, "next": rows[-1]["id"] if len(rows) == PAGE else None}
