"""Questionnaires' editions: whether one was answered, and whether its number was given before."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session


def has_answers(session: Session, questionnaire_id: str) -> bool:
    """Whether anybody has answered this edition."""
    asked = """
        SELECT EXISTS (
            SELECT
            FROM response
            WHERE questionnaire_id = CAST(:id AS uuid)
        )
    """
    return bool(session.execute(text(asked), {"id": questionnaire_id}).scalar())


def is_taken(session: Session, unit_id: str, code: str | None, edition: int | None, besides_id: str) -> bool:
    """Whether another questionnaire of the unit has this number, or had it until it was taken away."""
    asked = """
        SELECT EXISTS (
            SELECT
            FROM questionnaire
            WHERE code = :code
            AND edition = :edition
            AND unit_id = CAST(:unit AS uuid)
            AND id <> CAST(:besides AS uuid)
        )
    """
    given = {"code": code, "edition": edition, "unit": unit_id, "besides": besides_id}
    return bool(session.execute(text(asked), given).scalar())


def is_asked(session: Session, questionnaire_id: str) -> bool:
    """Whether there is such a questionnaire and it is in use."""
    asked = """
        SELECT is_active
        FROM questionnaire
        WHERE id = CAST(:id AS uuid)
        AND deleted_at IS NULL
    """
    return bool(session.execute(text(asked), {"id": questionnaire_id}).scalar())
