"""Where a unit's work is: its customers' service points, and the places of its jobs of two years."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

# Visits a year by class: the workload a customer means for a representative, where each service point lies. A
# job or leak means so much a year where it lies itself, service point or none.
WORKLOAD = {"resident": 1.0, "large": 12.0, "key": 12.0, "special": 12.0, "community": 12.0, "developer": 4.0}
JOB_WORKLOAD = 0.5


class Work(NamedTuple):
    """A place, the class of the customer there (None for a job), and how many jobs a year it stands for."""

    lng: float
    lat: float
    category: str | None
    jobs: Decimal


def places_of_work(session: Session, unit_id: str) -> list[Work]:
    """Service points by their customers' class; each job of two years is half a job a year.

    A job without a place of its own lies where its service point does; one that has neither lies nowhere.
    """
    asked = """
        SELECT ST_X(place), ST_Y(place), category, jobs
        FROM (
            SELECT p.place, c.category, 0.0 AS jobs, p.id
            FROM service_point p
            JOIN customer c ON c.id = p.customer_id
            WHERE p.unit_id = CAST(:unit AS uuid)
            AND p.deleted_at IS NULL
            UNION ALL
            SELECT coalesce(w.place, p.place), NULL, 0.5, w.id
            FROM work_order w
            LEFT JOIN service_point p ON p.id = w.service_point_id
            WHERE w.unit_id = CAST(:unit AS uuid)
            AND w.deleted_at IS NULL
            AND w.created_at > now() - interval '2 years'
            AND coalesce(w.place, p.place) IS NOT NULL
        ) AS work
        ORDER BY id
    """
    return [Work(*row) for row in session.execute(text(asked), {"unit": unit_id})]
