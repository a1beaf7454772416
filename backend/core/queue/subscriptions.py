"""What follows from which fact: one table, so that a reader sees every consequence of a write in one place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from backend.core import config
from backend.core.kinds.registry import KINDS
from backend.core.queries.documents import creator_of
from backend.core.services import record_writer
from backend.core.services.due_moving import keep_due_day
from backend.customers.services.phonetics import keep_pinyin
from backend.customers.services.surveying import follow_up
from backend.dispatch.services.emergencies import send_on_call
from backend.evidence.services.arrived_photos import mark_arrived
from backend.evidence.services.sheets import judge_job, judge_job_of_photo, judge_signature
from backend.jobs.services.duplicates import bundle_job
from backend.jobs.services.intake import complete_job, make_remainder, refresh_own_card, refresh_site_cards
from backend.jobs.services.key_customers import follow_customer, follow_point, follow_staff, watch_item
from backend.jobs.services.placing import find_place, follow_ledger
from backend.jobs.services.return_visits import ask_back, close_by_visit
from backend.jobs.services.rounds import go_on
from backend.jobs.services.visit_plausibility import judge_photos, judge_visit, visits_with_picture
from backend.notices.services.notifying import channel_named
from backend.territory.services.ground_applying import keep_outline

Detail = dict[str, Any]
Subscriber = Callable[[Session, Detail], object]


def _complete_job(session: Session, fact: Detail) -> None:
    complete_job(session, fact["id"], creator_of(session, "work_order", fact["id"]))


def _find_place(kind: str) -> Subscriber:
    return lambda session, fact: find_place(session, kind, fact)


def _send_on_call(session: Session, fact: Detail) -> None:
    if fact["op"] != "delete":
        settings = config.read()
        send_on_call(session, settings, channel_named(settings.notify_channel), fact["id"])


def _ask_back(session: Session, fact: Detail) -> None:
    if fact["op"] != "delete":
        ask_back(session, fact["id"], config.read().return_visit_days)


def _close_by_visit(session: Session, fact: Detail) -> None:
    if fact["op"] != "delete":
        close_by_visit(session, fact["id"])


def _judge_job(session: Session, fact: Detail) -> None:
    if fact["op"] != "delete":
        judge_job(session, fact["id"])
        judge_photos(session, fact["id"])


def _judge_visit(session: Session, fact: Detail) -> None:
    if fact["op"] != "delete":
        judge_visit(session, fact["id"])


def _keep_due_day(kind: str) -> Subscriber:
    def keep(session: Session, fact: Detail) -> None:
        if fact["op"] != "delete":
            keep_due_day(session, KINDS[kind], fact["id"])

    return keep


def _look_again_at_visits(session: Session, fact: Detail) -> None:
    for visit_id in visits_with_picture(session, fact["sha256"]):
        judge_visit(session, visit_id)


def _arrived(session: Session, fact: Detail) -> None:
    mark_arrived(session, record_writer.read(session, "photo", fact["id"]).values["sha256"])


def _judge_job_of_photo(session: Session, fact: Detail) -> None:
    judge_job_of_photo(session, fact["id"])
    photo = record_writer.read(session, "photo", fact["id"]).values
    if photo["of_kind"] == "work_order":
        judge_photos(session, photo["of_id"])


SUBSCRIPTIONS: dict[str, tuple[Subscriber, ...]] = {
    "work_order.written": (
        _complete_job,
        _find_place("work_order"),
        refresh_own_card,
        _send_on_call,
        lambda session, fact: bundle_job(session, fact["id"]) if fact["op"] in ("create", "push") else None,
        lambda session, fact: make_remainder(session, fact["id"]),
        lambda session, fact: go_on(session, fact["id"]) if fact["op"] != "delete" else None,
        _ask_back,
        _judge_job,
    ),
    "customer.written": (
        lambda session, fact: keep_pinyin(session, fact["id"]),
        lambda session, fact: refresh_site_cards(session, customer_id=fact["id"]),
        follow_customer,
    ),
    "cell.written": (keep_outline,),
    "staff.written": (follow_staff,),
    "service_point.written": (
        _find_place("service_point"),
        follow_ledger,
        lambda session, fact: refresh_site_cards(session, service_point_id=fact["id"]),
        follow_point,
    ),
    "response.written": (_find_place("response"), lambda session, fact: follow_up(session, fact["id"])),
    "item.written": (_find_place("item"), lambda session, fact: watch_item(session, fact["id"]), _keep_due_day("item")),
    "survey.written": (_find_place("survey"),),
    "visit.written": (_find_place("visit"), _judge_visit, _keep_due_day("visit"), _close_by_visit),
    "visit.called_back": (_judge_visit,),
    "picture.looked_at": (_look_again_at_visits,),
    "photo.written": (_arrived, _judge_job_of_photo),
    "signature.written": (lambda session, fact: judge_signature(session, fact["id"]),),
}
