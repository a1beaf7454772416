"""Subscriptions of customers: pinyin, representatives, items of dissatisfied answers, plausibility of
visits.
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from backend.core.kinds.registry import KINDS
from backend.core.services.due_moving import keep_due_day
from backend.core.subscribing import Detail, Subscriber, Subscriptions, named, of_record, while_there
from backend.customers.queries.visit_plausibility import visits_with_picture
from backend.customers.services.former_meters import keep_former_meter
from backend.customers.services.key_customers import follow_customer, follow_point, follow_staff, watch_item
from backend.customers.services.merging import move_latecomers
from backend.customers.services.phonetics import keep_pinyin
from backend.customers.services.surveying import follow_up
from backend.customers.services.visit_plausibility import judge_visit


def _keep_due_day(kind: str) -> Subscriber:
    keep = while_there(lambda session, record_id: keep_due_day(session, KINDS[kind], record_id))
    return named(keep, "keep_due_day")


def _look_again_at_visits(session: Session, fact: Detail) -> None:
    for visit_id in visits_with_picture(session, fact["sha256"]):
        judge_visit(session, visit_id)


COMPLETES: Subscriptions = {
    "customer.written": (while_there(keep_pinyin),),
    "service_point.written": (keep_former_meter,),
}
FOLLOWS: Subscriptions = {
    "customer.written": (follow_customer, move_latecomers),
    "staff.written": (follow_staff,),
    "service_point.written": (follow_point,),
    "response.written": (of_record(follow_up),),
    "item.written": (of_record(watch_item), _keep_due_day("item")),
    "visit.written": (while_there(judge_visit), _keep_due_day("visit")),
    "visit.called_back": (while_there(judge_visit),),
    "picture.looked_at": (_look_again_at_visits,),
}
