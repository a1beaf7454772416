"""What a visit's record is compared with: where its customer is, other visits, other pictures."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

# What a picture without any detail looks like: as every other such picture.
_BLANK = "0" * 16
# For SQL over photos `mine` and `other`: when each was taken; what does not say cannot have been later
# than its record.
MINES_TAKEN, OTHERS_TAKEN = (f"coalesce({one}.taken_at, {one}.created_at)" for one in ("mine", "other"))


class Before(NamedTuple):
    """Where and when somebody's visit before ended."""

    lng: float
    lat: float
    ended_at: datetime


class SamePicture(NamedTuple):
    """A picture of another record: of which, and whether it is the very same."""

    kind: str
    of_id: str
    is_equal: bool


def standing_places(session: Session, point_id: str | None, customer_id: str) -> list[tuple[float, float]]:
    """Where a service point is, or without one all of the customer's: longitude, latitude."""
    asked = """
        SELECT ST_X(p.place), ST_Y(p.place)
        FROM service_point p
        WHERE p.deleted_at IS NULL
        AND p.place IS NOT NULL
        AND (
            p.id = CAST(:point AS uuid)
            OR (CAST(:point AS uuid) IS NULL AND p.customer_id = CAST(:customer AS uuid))
        )
    """
    rows = session.execute(text(asked), {"point": point_id, "customer": customer_id})
    return [(row[0], row[1]) for row in rows]


def time_grade(session: Session, visit_id: str) -> str | None:
    """How far the moment a visit ended is to be believed, by the latest write of it."""
    asked = """
        SELECT grade
        FROM sync_history
        WHERE kind = 'visit'
        AND id = CAST(:id AS uuid)
        AND changed ? 'ended_at'
        ORDER BY version DESC
        LIMIT 1
    """
    return session.execute(text(asked), {"id": visit_id}).scalar_one_or_none()


def visit_before(
    session: Session, representative_id: str | None, visit_id: str, at: datetime
) -> Before | None:
    """The representative's last visit in the four hours before a moment."""
    asked = """
        SELECT ST_X(check_in), ST_Y(check_in), ended_at
        FROM visit
        WHERE representative_id = CAST(:who AS uuid)
        AND id <> CAST(:id AS uuid)
        AND check_in IS NOT NULL
        AND ended_at <= :at
        AND ended_at > :at - interval '4 hours'
        AND deleted_at IS NULL
        ORDER BY ended_at DESC
        LIMIT 1
    """
    row = session.execute(text(asked), {"who": representative_id, "id": visit_id, "at": at}).one_or_none()
    return Before(*row) if row else None


def visits_at_once(session: Session, representative_id: str | None, at: datetime) -> int:
    """How many visits a representative ended within half an hour of a moment."""
    asked = """
        SELECT count(*)
        FROM visit
        WHERE representative_id = CAST(:who AS uuid)
        AND deleted_at IS NULL
        AND ended_at BETWEEN :at - interval '30 minutes' AND :at + interval '30 minutes'
    """
    return int(session.execute(text(asked), {"who": representative_id, "at": at}).scalar_one())


def same_picture_before(session: Session, photo_ids: Sequence[str], most_bits: int) -> SamePicture | None:
    """The same picture of another record, or one that differs by so few bits of its look, by anybody, taken
    before."""
    asked = f"""
        SELECT other.of_kind, other.of_id::text, mine.sha256 = other.sha256 AS is_equal
        FROM photo mine
        JOIN look a ON a.sha256 = mine.sha256
        JOIN photo other ON other.of_id <> mine.of_id
        AND ({OTHERS_TAKEN}, other.id) < ({MINES_TAKEN}, mine.id)
        AND {OTHERS_TAKEN} > {MINES_TAKEN} - interval '180 days'
        AND other.unit_id = mine.unit_id
        AND other.deleted_at IS NULL
        JOIN look b ON b.sha256 = other.sha256
        WHERE mine.id = ANY(CAST(:photos AS uuid[]))
        AND (
            mine.sha256 = other.sha256
            OR (
                a.looks_like <> :blank
                AND bit_count((('x' || a.looks_like)::bit(64)) # (('x' || b.looks_like)::bit(64))) <= :bits
            )
        )
        ORDER BY is_equal DESC
        LIMIT 1
    """  # noqa: S608 - made of constants; values are bound
    given = {"photos": list(photo_ids), "bits": most_bits, "blank": _BLANK}
    row = session.execute(text(asked), given).one_or_none()
    return SamePicture(*row) if row else None


def visits_with_picture(session: Session, sha256: str) -> list[str]:
    """Visits that show a picture with these bytes."""
    asked = """
        SELECT v.id::text
        FROM photo p
        JOIN visit v ON v.id = p.of_id
        AND p.of_kind = 'visit'
        AND v.deleted_at IS NULL
        WHERE p.sha256 = :sha256
    """
    return list(session.scalars(text(asked), {"sha256": sha256}))
