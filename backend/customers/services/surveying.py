"""Evaluates questionnaire answers: their logic, a score, and an item for each dissatisfied answer."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy.orm import Session

from backend.core.actor import system
from backend.core.installation import in_own_language
from backend.core.queries.due_days import own_limit
from backend.core.sentences import sentence
from backend.core.services import record_writer
from mobile_api_spec.expressions import holds
from sync.kind import Values

DISSATISFIED = frozenset({"dissatisfied", "very_dissatisfied"})
SCORES = {
    "very_satisfied": 1.0,
    "satisfied": 1.0,
    "neutral": 0.5,
    "dissatisfied": 0.0,
    "very_dissatisfied": 0.0,
}


def logic_faults(rows: list[Values], answers: dict[str, Any]) -> list[dict[str, str]]:
    """What the answers break: required but missing, constraint not met, answered though not asked."""
    faults = []
    for row in rows:
        name, value = row["name"], answers.get(row["name"])
        asked = not row.get("relevant") or holds(row["relevant"], answers)
        if value is None:
            if asked and row.get("required") and row["type"] != "note":
                faults.append({"field": name, "code": "required"})
        elif not asked:
            faults.append({"field": name, "code": "not_asked"})
        elif row.get("constraint") and not holds(row["constraint"], answers, value):
            faults.append({"field": name, "code": "constraint"})
        elif row["type"] == "satisfaction" and not _is_said(value):
            faults.append({"field": name, "code": "not_a_choice"})
    return faults


def _is_said(value: Any, among: Collection[str] = SCORES) -> bool:
    """Whether an answer is one of these; a phone may send anything, and a list has no place in a set."""
    return isinstance(value, str) and value in among


def score_of(rows: list[Values], answers: dict[str, Any]) -> float | None:
    """The mean over the satisfaction questions that were answered, 0 to 1."""
    points = [
        SCORES[answers[row["name"]]]
        for row in rows
        if row["type"] == "satisfaction" and _is_said(answers.get(row["name"]))
    ]
    return round(sum(points) / len(points), 4) if points else None


def follow_up(session: Session, response_id: str) -> int:
    """Score a response and open an item for each dissatisfied answer; safe to repeat; returns how many
    were opened."""
    response = record_writer.read(session, "response", response_id, lock=True)
    values = response.values
    answers = values["answers"] if isinstance(values["answers"], dict) else {}
    rows = record_writer.read(session, "questionnaire", values["questionnaire_id"]).values["rows"]
    score, faults = score_of(rows, answers), logic_faults(rows, answers)
    actor = system(values["unit_id"])
    if (values.get("score"), values.get("faults")) != (score, faults):
        record_writer.change(session, actor, "response", response_id, {"score": score, "faults": faults})
    bad = [
        row
        for row in rows
        if row["type"] == "satisfaction" and _is_said(answers.get(row["name"]), DISSATISFIED)
    ]
    store = record_writer.push_store(session)
    ids = {row["name"]: str(uuid5(UUID(response_id), row["name"])) for row in bad}
    existing = store.load([("item", one) for one in ids.values()], lock=False)
    fresh = [row for row in bad if ("item", ids[row["name"]]) not in existing]
    record_writer.create_many(
        session,
        actor,
        "item",
        [(ids[row["name"]], _item(values, response_id, row, answers)) for row in fresh],
    )
    return len(fresh)


def _item(response: Values, response_id: str, row: Values, answers: dict[str, Any]) -> Values:
    said, question = answers.get(f"{row['name']}_why"), in_own_language((row["label_zh"], row["label_en"]))
    about = (
        sentence("customers.item_of_answer", question=question, answer=str(said))
        if said
        else sentence("customers.item_unsaid", question=question)
    )
    return {
        "unit_id": response["unit_id"],
        "theme": row.get("theme") or "window_service",
        "source": "questionnaire",
        "state": "open",
        "description": in_own_language(about)[:2000],
        "owner_id": response.get("author_id"),
        "first_contact_owner_id": response.get("author_id"),
        "due_on": own_limit("item"),
        "customer_id": response.get("customer_id"),
        "cell_id": response.get("cell_id"),
        "visit_id": response.get("visit_id"),
        "response_id": response_id,
        "case_id": record_writer.new_id(),
    }
