"""Pinyin of customers' names, so that a name is found by its sounds or initials."""

from __future__ import annotations

from pypinyin import Style, lazy_pinyin
from sqlalchemy.orm import Session

from backend.actor import system
from backend.services import door


def pinyin_of(name: str) -> str:
    """Full pinyin and initials: 王小明 -> `wangxiaoming wxm`."""
    full = "".join(lazy_pinyin(name))
    initials = "".join(lazy_pinyin(name, style=Style.FIRST_LETTER))
    return f"{full} {initials}".lower()[:300]


def keep_pinyin(session: Session, customer_id: str) -> None:
    """Bring a customer's pinyin up to date with the name."""
    customer = door.read(session, "customer", customer_id, lock=True)
    pinyin = pinyin_of(customer.values["name"])
    if customer.values.get("pinyin") != pinyin:
        door.change(session, system(customer.values["unit_id"]), "customer", customer_id, {"pinyin": pinyin})
