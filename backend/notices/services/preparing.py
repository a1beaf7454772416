"""Prepares a message that is due: who gets it and where, whether it may go now, and its words."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from backend.core.config import Settings
from backend.core.errors import Problem
from backend.core.queries.masks import mask_phone
from backend.core.queries.scopes import in_city
from backend.core.services import record_writer
from backend.notices.kinds.message import Message
from backend.notices.queries import messages as queries
from backend.notices.services.channels.port import Channel, Letter
from backend.notices.services.purposes import URGENT, USUAL_QUIET, Purpose, Wanted, makers
from backend.notices.services.routing import purpose_of
from backend.notices.services.wording import Worded, own_language, worded
from geo.sentences import Words


@dataclass(frozen=True, slots=True)
class Ended:
    """It does not go out, and why; nobody need look at that."""

    reason: str
    state: str = "failed"


@dataclass(frozen=True, slots=True)
class Held:
    """It waits until a moment."""

    until: datetime
    reason: str = "quiet_hours"


def prepare(
    session: Session,
    settings: Settings,
    channel: Channel,
    message: Message,
    detail: Mapping[str, Any],
    now: datetime,
) -> Letter | Ended | Held:
    """The letter, and the note that it is about to be handed over; or why it is not now or not at all.

    The words are made now and kept nowhere: a link's token is in them.
    """
    purpose, wanted = _wanted(session, settings, detail)
    if purpose is None or wanted is None:
        return Ended("not_wanted_any_more")
    _note_party(message, wanted)
    address = _address(session, channel, wanted)
    if address is None:
        return Ended("no_phone" if channel.address == "phone" else "no_address")
    refused = _refused(session, purpose, wanted)
    if refused:
        return Ended(refused)
    quiet_until = None if purpose.is_urgent else _quiet_until(session, purpose, now)
    if quiet_until is not None:
        return Held(quiet_until)
    words = worded(
        purpose, wanted.values, queries.templates_in_force(session, purpose.name, now), own_language()
    )
    # The key stands from the first attempt on: a newer edition makes no second message of it.
    key = message.key or _key(message, wanted, words, address)
    queries.free_key(session, key, message.id)
    if queries.has_key(session, key, message.id):
        return Ended("sent_before", "double")
    message.key, message.edition, message.language = key, words.edition, words.language
    message.address_masked, message.state, message.reason = _masked(address), "asking", None
    message.sent_at = message.sent_at or now
    return _letter(message, words, address)


def _wanted(
    session: Session, settings: Settings, detail: Mapping[str, Any]
) -> tuple[Purpose | None, Wanted | None]:
    for name, made in makers().items():
        if name in detail:
            return made.purpose, made.make(session, settings, detail[name])
    if purpose_of(detail) is None:
        return None, None
    staff_id, notice_id = detail["staff_id"], detail.get("notice_id")
    subject = ("notice", notice_id) if notice_id else None
    values = {"text": Words(detail["zh"], detail["en"])}
    return URGENT, Wanted(values, ("staff", staff_id), subject, queries.unit_of_staff(session, staff_id))


def _note_party(message: Message, wanted: Wanted) -> None:
    if wanted.party:
        message.party_kind, message.party_id = wanted.party[0], UUID(wanted.party[1])
    if wanted.subject:
        message.subject_kind, message.subject_id = wanted.subject[0], UUID(wanted.subject[1])
    if wanted.unit_id:
        message.unit_id = UUID(wanted.unit_id)


def _address(session: Session, channel: Channel, wanted: Wanted) -> str | None:
    """Where the channel finds the recipient; of a group's robot the number to mention, or nothing."""
    if channel.address in ("phone", "group"):
        phone = wanted.phone or (phone_of(session, wanted.party) if wanted.party else None)
        return phone or ("" if channel.address == "group" else None)
    return queries.addresses_of(session, wanted.party).get(channel.address) if wanted.party else None


def phone_of(session: Session, party: tuple[str, str]) -> str | None:
    """A person's telephone number as it stands."""
    if party[0] == "staff":
        return queries.phone_of_staff(session, party[1])
    try:
        found = record_writer.read(session, party[0], party[1]).values.get("phone")
    except Problem:
        return None
    return str(found) if found else None


def _refused(session: Session, purpose: Purpose, wanted: Wanted) -> str | None:
    """Why a customer is not written to; staff are told what their work needs."""
    if wanted.party is None or wanted.party[0] != "customer":
        return None
    said = queries.consent_of(session, wanted.party[1], purpose.name)
    if said is False:
        return "consent_refused"
    return "no_consent" if said is None and purpose.asks_consent else None


def _quiet_until(session: Session, purpose: Purpose, now: datetime) -> datetime | None:
    row = queries.purpose_row(session, purpose.name)
    begin, end = (row.quiet_from_hour, row.quiet_until_hour) if row else USUAL_QUIET
    return quiet_until(now, begin, end)


def quiet_until(now: datetime, begin: int, end: int) -> datetime | None:
    """When quiet hours end that hold now, by the city's clock; None outside of them, or where there are
    none (`begin` is `end`)."""
    local = in_city(now)
    hour = local.hour
    is_quiet = begin <= hour < end if begin <= end else hour >= begin or hour < end
    if not is_quiet:
        return None
    day = local.date() + timedelta(days=1 if hour >= end else 0)
    return datetime(day.year, day.month, day.day, end, tzinfo=local.tzinfo)


def _key(message: Message, wanted: Wanted, words: Worded, address: str) -> str:
    """The same for two messages that are one: purpose, subject, edition, recipient. What is about nothing
    that has an id is a message of its own."""
    subject = ":".join(wanted.subject) if wanted.subject else f"outbox:{message.outbox_id}"
    whom = ":".join(wanted.party) if wanted.party else address
    parts = "\n".join((message.purpose, subject, f"{words.language}:{words.edition}", whom))
    return hashlib.sha256(parts.encode()).hexdigest()[:40]


def provider_key(message: Message) -> str:
    """What a provider gets as the key: another one for what a person wanted sent again."""
    return f"wangge-{message.outbox_id}" + (f"-{message.repeats}" if message.repeats else "")


def _letter(message: Message, words: Worded, address: str) -> Letter:
    return Letter(
        key=provider_key(message),
        number=message.outbox_id,
        to=address,
        zh=words.zh,
        en=words.en,
        text=words.text,
        title=words.title,
        code=words.code,
        values=words.values,
        repeats=message.repeats,
    )


def _masked(address: str) -> str:
    """A number as the masks show it; of a mailbox the first letter and the domain."""
    name, at, domain = address.partition("@")
    return f"{name[:1]}***@{domain}" if at else mask_phone(address)
