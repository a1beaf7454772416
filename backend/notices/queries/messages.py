"""Messages out: those due by channel, the list of what was sent, doubles, and what happened lately."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, delete, exists, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from backend.core.events import MOST_ATTEMPTS, Outbox
from backend.core.kinds.account import Account
from backend.notices.kinds.message import WAITING, Message
from backend.notices.kinds.message_settings import (
    MessageAddress,
    MessageConsent,
    MessagePurpose,
    MessageTemplate,
)
from backend.people.kinds.staff import Staff

ALARM_AGAIN = timedelta(hours=1)


def unrouted(session: Session, fact: str, most: int) -> Sequence[Row[Any]]:
    """Outgoing facts that have no message yet, oldest first: id and detail."""
    has_one = exists().where(Message.outbox_id == Outbox.id)
    asked = select(Outbox.id, Outbox.detail).where(
        Outbox.fact == fact, Outbox.done_at.is_(None), Outbox.attempts < MOST_ATTEMPTS, ~has_one
    )
    return session.execute(asked.order_by(Outbox.id).limit(most)).all()


def _due(fact: str, now: datetime) -> Select[Any]:
    return (
        select()
        .join_from(Outbox, Message, Message.outbox_id == Outbox.id)
        .where(Outbox.fact == fact, Outbox.done_at.is_(None), Outbox.due_at <= now)
        .where(Outbox.attempts < MOST_ATTEMPTS)
    )


def busy_channels(session: Session, fact: str, now: datetime) -> set[str]:
    """Names of the channels that something is due for."""
    return set(session.scalars(_due(fact, now).add_columns(Message.channel).distinct()))


def next_due(session: Session, fact: str, channel: str, now: datetime) -> Row[Any] | None:
    """The oldest that is due for a channel: its number, attempts, what the fact says; id, state and when it
    may have gone."""
    message = Message.id.label("message_id"), Message.state, Message.sent_at
    columns = (Outbox.id, Outbox.attempts, Outbox.detail, *message)
    asked = _due(fact, now).add_columns(*columns).where(Message.channel == channel)
    return session.execute(asked.order_by(Outbox.id).limit(1)).one_or_none()


def has_key(session: Session, key: str, message_id: UUID) -> bool:
    """Whether another message has this key."""
    asked = select(exists().where(Message.key == key, Message.id != message_id))
    return bool(session.scalar(asked))


def free_key(session: Session, key: str, message_id: UUID) -> None:
    """Take a key from another message that failed: it did not go, so this one is no double of it."""
    others = Message.key == key, Message.id != message_id, Message.state == "failed"
    session.execute(update(Message).where(*others).values(key=None))


def failed_alike(session: Session, message: Message, now: datetime) -> bool:
    """Whether another one failed by the same channel for the same reason within the last hour."""
    asked = exists().where(
        Message.channel == message.channel,
        Message.reason == message.reason,
        Message.state.in_(("failed", "unknown")),
        Message.ended_at > now - ALARM_AGAIN,
        Message.id != message.id,
    )
    return bool(session.scalar(select(asked)))


def phone_of_staff(session: Session, staff_id: str) -> str | None:
    """The number they sign in with, else that of their work."""
    number = select(func.coalesce(Account.phone, Staff.work_phone)).select_from(Staff)
    return session.scalar(
        number.outerjoin(Account, Account.staff_id == Staff.id).where(Staff.id == UUID(staff_id))
    )


def unit_of_staff(session: Session, staff_id: str) -> str | None:
    """The unit they are of."""
    found = session.scalar(select(Staff.unit_id).where(Staff.id == UUID(staff_id)))
    return str(found) if found else None


def addresses_of(session: Session, party: tuple[str, str]) -> dict[str, str]:
    """Where a person is reached besides the telephone: way -> address."""
    asked = select(MessageAddress).where(
        MessageAddress.party_kind == party[0], MessageAddress.party_id == UUID(party[1])
    )
    return {one.way: one.address for one in session.scalars(asked)}


def consent_of(session: Session, customer_id: str, purpose: str) -> bool | None:
    """What a customer said to a purpose; None where nothing was said."""
    found = session.get(MessageConsent, (UUID(customer_id), purpose))
    return None if found is None else found.is_given


def join_consents(session: Session, kept_id: str, merged_id: str) -> None:
    """What was said as either of two customers is said as the one; a refusal outweighs an agreement."""
    joined = """
        WITH gone AS (
            DELETE FROM message_consent
            WHERE customer_id = CAST(:merged AS uuid)
            RETURNING *
        )
        INSERT INTO message_consent AS c (customer_id, purpose, is_given, noted_by, noted_at)
        SELECT CAST(:kept AS uuid), purpose, is_given, noted_by, noted_at
        FROM gone
        ON CONFLICT (customer_id, purpose)
        DO UPDATE SET is_given = false, noted_by = excluded.noted_by, noted_at = excluded.noted_at
        WHERE c.is_given AND NOT excluded.is_given
    """
    session.execute(text(joined), {"kept": kept_id, "merged": merged_id})


def join_addresses(session: Session, party_kind: str, kept_id: str, merged_id: str) -> None:
    """Of two that are one the kept one's own addresses, and those of the other by ways that it lacks."""
    joined = """
        WITH gone AS (
            DELETE FROM message_address
            WHERE party_kind = :kind
            AND party_id = CAST(:merged AS uuid)
            RETURNING *
        )
        INSERT INTO message_address (party_kind, party_id, way, address)
        SELECT party_kind, CAST(:kept AS uuid), way, address
        FROM gone
        ON CONFLICT (party_kind, party_id, way) DO NOTHING
    """
    session.execute(text(joined), {"kind": party_kind, "kept": kept_id, "merged": merged_id})


def hand_over_messages(session: Session, party_kind: str, kept_id: str, merged_id: str) -> None:
    """What was sent to the one was sent to the other."""
    handed = """
        UPDATE message
        SET party_id = CAST(:kept AS uuid)
        WHERE party_kind = :kind
        AND party_id = CAST(:merged AS uuid)
    """
    session.execute(text(handed), {"kind": party_kind, "kept": kept_id, "merged": merged_id})


def purpose_row(session: Session, purpose: str) -> MessagePurpose | None:
    """How the operator set it."""
    return session.get(MessagePurpose, purpose)


def templates_in_force(session: Session, purpose: str, now: datetime) -> dict[str, MessageTemplate]:
    """Language -> the edition that holds now: of those begun the one that began last."""
    asked = (
        select(MessageTemplate)
        .ext(distinct_on(MessageTemplate.language))
        .where(MessageTemplate.purpose == purpose, MessageTemplate.valid_from <= now)
        .order_by(MessageTemplate.language, MessageTemplate.valid_from.desc(), MessageTemplate.edition.desc())
    )
    return {one.language: one for one in session.scalars(asked)}


def all_templates(session: Session) -> Sequence[MessageTemplate]:
    """Every edition, newest first."""
    order = MessageTemplate.purpose, MessageTemplate.language, MessageTemplate.edition.desc()
    return session.scalars(select(MessageTemplate).order_by(*order)).all()


def to_ask(session: Session, channels: Collection[str], now: datetime, most: int) -> Sequence[Message]:
    """Messages whose provider is to be asked what became of them."""
    asked = select(Message).where(Message.ask_at <= now, Message.channel.in_(channels))
    return session.scalars(asked.order_by(Message.ask_at).limit(most)).all()


def seen_messages(
    session: Session,
    units: Collection[str],
    *,
    state: str | None,
    channel: str | None,
    purpose: str | None,
    party_id: str | None,
    before: int | None,
    most: int,
) -> list[dict[str, Any]]:
    """Messages of these units, newest first, with the recipient's name and the attempts made."""
    of_party = (Message.party_kind == Staff.__tablename__) & (Message.party_id == Staff.id)
    asked = (
        select(Message, Outbox.attempts, Outbox.due_at, Staff.name.label("name"))
        .outerjoin(Outbox, Outbox.id == Message.outbox_id)
        .outerjoin(Staff, of_party)
        .where(Message.unit_id.in_([UUID(one) for one in units]))
    )
    wanted = {"state": state, "channel": channel, "purpose": purpose}
    for name, value in wanted.items():
        asked = asked.where(getattr(Message, name) == value) if value else asked
    asked = asked.where(Message.party_id == UUID(party_id)) if party_id else asked
    asked = asked.where(Message.outbox_id < before) if before else asked
    rows = session.execute(asked.order_by(Message.outbox_id.desc()).limit(most))
    return [_row(*row) for row in rows]


def _row(message: Message, attempts: int | None, due_at: datetime | None, name: str | None) -> dict[str, Any]:
    names = (
        "purpose channel state reason edition language repeats wanted_at sent_at ended_at address_masked "
        "party_kind subject_kind"
    )
    waits = message.state == "wanted"
    return {one: getattr(message, one) for one in names.split()} | {
        "id": str(message.id),
        "number": message.outbox_id,
        "party_id": message.party_id and str(message.party_id),
        "party_name": name,
        "subject_id": message.subject_id and str(message.subject_id),
        "attempts": attempts or 0,
        "due_at": due_at if waits else None,
    }


def counts(session: Session, units: Collection[str], since: datetime) -> dict[str, int]:
    """State -> how many messages of these units since then."""
    asked = (
        select(Message.state, func.count())
        .where(Message.unit_id.in_([UUID(one) for one in units]), Message.wanted_at >= since)
        .group_by(Message.state)
    )
    return {str(state): count for state, count in session.execute(asked)}


def by_number(session: Session, number: int) -> Message | None:
    """The message of an outbox number, locked."""
    return session.scalar(select(Message).where(Message.outbox_id == number).with_for_update())


def seen_message(session: Session, message_id: str, units: Collection[str]) -> Message | None:
    """One of these units, locked."""
    asked = select(Message).where(Message.id == UUID(message_id))
    asked = asked.where(or_(Message.unit_id.in_([UUID(one) for one in units])))
    return session.scalar(asked.with_for_update())


def forget_receipts(session: Session, before: datetime) -> None:
    """Receipts so old that their time alone refuses them."""
    session.execute(text("DELETE FROM message_receipt WHERE taken_at < :before"), {"before": before})


def forget_ended(session: Session, before: datetime) -> int:
    """Messages wanted before then that wait for nothing any more, and what is left of their facts are gone;
    returns how many."""
    old = Message.wanted_at < before, Message.state.not_in(WAITING)
    gone = session.scalars(delete(Message).where(*old).returning(Message.outbox_id)).all()
    session.execute(delete(Outbox).where(Outbox.id.in_(gone)))
    return len(gone)


def forget_addresses(session: Session, before: datetime) -> int:
    """Also the masked address of those; returns of how many."""
    old = Message.wanted_at < before, Message.state.not_in(WAITING), Message.address_masked.is_not(None)
    gone = session.scalars(update(Message).where(*old).values(address_masked=None).returning(Message.id))
    return len(gone.all())
