"""Pinyin of customers' names, so that a name is found by its sounds or initials."""

from __future__ import annotations

from sqlalchemy.orm import Session

from backend.core.actor import system
from backend.core.comparing.readings import readings_of_surname
from backend.core.services import record_writer

_MOST_LETTERS = 300


def pinyin_of(name: str) -> str:
    """Full pinyin and initials: 王小明 -> `wangxiaoming wxm`; of 曾国强 also `zengguoqiang zgq`.

    Of the usual reading and those of the surname. Phones find by them; the server's search knows the others
    as well, and to keep those here would change many customers, each of which every phone is sent. A reading
    that is longer than all there is room for is cut: its beginning and its initials find it.
    """
    found, readings = "", readings_of_surname(name)
    for one in readings:
        if len(found) + 1 + len(one) > _MOST_LETTERS:
            break
        found = f"{found} {one}".lstrip()
    return found or _cut(*readings[:2])


def _cut(whole: str = "", initials: str = "") -> str:
    shown = initials[: _MOST_LETTERS // 2]
    return f"{whole[: _MOST_LETTERS - 1 - len(shown)]} {shown}".strip()


def keep_pinyin(session: Session, customer_id: str) -> None:
    """Bring a customer's pinyin up to date with the name."""
    customer = record_writer.read(session, "customer", customer_id, lock=True)
    pinyin = pinyin_of(customer.values["name"])
    if customer.values.get("pinyin") != pinyin:
        record_writer.change(
            session, system(customer.values["unit_id"]), "customer", customer_id, {"pinyin": pinyin}
        )
