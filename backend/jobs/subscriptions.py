"""Subscriptions of jobs: completed, located, bundled, continued, and followed by a return visit."""

from __future__ import annotations

from sqlalchemy.orm import Session

from backend.core import config
from backend.core.queries.documents import creator_of
from backend.core.services import record_writer
from backend.core.subscribing import Detail, Subscriber, Subscriptions, named, of_record, while_there
from backend.jobs.services.duplicates import bundle_job
from backend.jobs.services.intake import complete_job, make_remainder, refresh_own_card, refresh_site_cards
from backend.jobs.services.photo_reuse import judge_photos
from backend.jobs.services.placing import find_place, follow_customer, follow_ledger
from backend.jobs.services.return_visits import ask_back, close_by_visit
from backend.jobs.services.rounds import go_on


def _complete(session: Session, job_id: str) -> None:
    complete_job(session, job_id, creator_of(session, "work_order", job_id))


def _find_place(kind: str) -> Subscriber:
    return named(lambda session, fact: find_place(session, kind, fact), "find_place")


def _bundle(session: Session, fact: Detail) -> None:
    if fact["op"] in ("create", "push"):
        bundle_job(session, fact["id"])


def _ask_back(session: Session, job_id: str) -> None:
    ask_back(session, job_id, config.read().return_visit_days)


def _cards_of_customer(session: Session, customer_id: str) -> None:
    refresh_site_cards(session, customer_id=customer_id)


def _cards_of_point(session: Session, point_id: str) -> None:
    refresh_site_cards(session, service_point_id=point_id)


def _judge_photos_of_its_job(session: Session, photo_id: str) -> None:
    photo = record_writer.read(session, "photo", photo_id).values
    if photo["of_kind"] == "work_order":
        judge_photos(session, photo["of_id"])


COMPLETES: Subscriptions = {
    "work_order.written": (of_record(_complete), _find_place("work_order"), refresh_own_card),
    "service_point.written": (_find_place("service_point"),),
    "response.written": (_find_place("response"),),
    "item.written": (_find_place("item"),),
    "survey.written": (_find_place("survey"),),
    "visit.written": (_find_place("visit"),),
}
FOLLOWS: Subscriptions = {
    "work_order.written": (
        _bundle,
        of_record(make_remainder),
        while_there(go_on),
        while_there(_ask_back),
        while_there(judge_photos),
    ),
    "customer.written": (of_record(_cards_of_customer), follow_customer),
    "service_point.written": (follow_ledger, of_record(_cards_of_point)),
    "visit.written": (while_there(close_by_visit),),
    "photo.written": (of_record(_judge_photos_of_its_job),),
}
