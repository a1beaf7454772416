"""Which channels of messages are open, what those lack that are not, and a real message to whoever asks."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from backend.core.actor import Actor, Role
from backend.core.config import Settings
from backend.core.errors import Problem
from backend.core.queries import policy
from backend.core.queries.units import topmost_unit
from backend.core.sentences import sentence
from backend.core.services.auditing import note_act
from backend.notices.queries import messages as queries
from backend.notices.services.channels import ALL, begun_channels, lacking, open_channels
from backend.notices.services.channels.port import Answer, Channel, Letter
from backend.notices.services.preparing import phone_of
from backend.notices.services.purposes import URGENT
from backend.notices.services.wording import own_language, worded
from geo.sentences import Words


def seen_channels(session: Session, settings: Settings, actor: Actor) -> list[dict[str, Any]]:
    """Every channel: whether it is open, what it lacks (names in the environment, never values), and whether
    the actor has an address of it.

    Raises not_allowed: channels are the administrator's of the topmost unit.
    """
    need_whole_house(session, actor)
    opened, begun = open_channels(settings), begun_channels(settings)
    return [
        {
            "name": name,
            "state": _state(name, opened, begun),
            "lacks": begun.get(name, lacking(settings, name)) if name not in opened else [],
            "address": one.address,
            "has_address": _address(session, one, actor) is not None,
        }
        for name, one in ALL.items()
    ]


def _state(name: str, opened: dict[str, Channel], begun: dict[str, list[str]]) -> str:
    """`off`: it has what it needs, and the operator has not switched such channels on."""
    if name in opened:
        return "open"
    if name not in begun:
        return "unset"
    return "begun" if begun[name] else "off"


def need_whole_house(session: Session, actor: Actor) -> None:
    """Channels are the whole installation's. Raises not_allowed."""
    policy.need_role(actor, {Role.ADMIN})
    if actor.unit_id != topmost_unit(session):
        raise Problem("not_allowed", why="it is the topmost unit's to set")


def _address(session: Session, channel: type[Channel], actor: Actor) -> str | None:
    """The actor's own; nobody else is written to from here."""
    if channel.address in ("phone", "group"):
        return phone_of(session, ("staff", actor.id)) or ("" if channel.address == "group" else None)
    return queries.addresses_of(session, ("staff", actor.id)).get(channel.address)


def try_letter(session: Session, settings: Settings, actor: Actor, name: str) -> Letter:
    """The letter that tries a channel, noted in the trail before it goes; the words are those of an urgent
    notice, so that an SMS has the number of its approved template.

    Raises not_allowed, not_found, channel_closed, no_own_address.
    """
    need_whole_house(session, actor)
    if name not in ALL:
        raise Problem("not_found", kind="message_channel", id=name[:40])
    if name not in open_channels(settings):
        raise Problem("channel_closed", channel=name)
    address = _address(session, ALL[name], actor)
    if address is None:
        raise Problem("no_own_address", channel=name)
    note_act(session, actor, "channel_tried", ("message_channel", None), after={"channel": name})
    said: Words = sentence("notices.channel_tried")
    now = datetime.now(UTC)
    templates = queries.templates_in_force(session, URGENT.name, now)
    words = worded(URGENT, {"text": said}, templates, own_language())
    # No message of the outbox: a number that no other try has.
    number = int(time.time() * 1000)
    return Letter(
        key=f"wangge-try-{UUID(actor.id).hex[:8]}-{number}",
        number=number,
        to=address,
        zh=words.zh,
        en=words.en,
        text=words.text,
        title=words.title,
        code=words.code,
        values=words.values,
    )


def try_channel(settings: Settings, name: str, letter: Letter) -> Answer:
    """Hand it on, with no transaction open: a provider may be slow."""
    return open_channels(settings)[name].send(letter)
