"""Sets how messages go out: editions of templates, channels and hours of a purpose, addresses, consent."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from backend.core.actor import DESK, Actor, Role
from backend.core.errors import Problem
from backend.core.kinds.registry import KINDS
from backend.core.queries import policy
from backend.core.queries.documents import read_document
from backend.core.queries.units import topmost_unit
from backend.core.sentences import fault
from backend.core.services.auditing import note_act
from backend.notices.kinds.message_settings import (
    PARTIES,
    MessageAddress,
    MessageConsent,
    MessagePurpose,
    MessageTemplate,
)
from backend.notices.queries import messages as queries
from backend.notices.services.channels import ALL
from backend.notices.services.channels.email import mailbox
from backend.notices.services.purposes import USUAL_QUIET, Purpose, purposes
from backend.notices.services.wording import LANGUAGES, need_fit, tried_out

WAYS = ("email", "wecom", "dingtalk")
_SEES = frozenset({Role.ADMIN, Role.HOTLINE_AGENT})


def seen_purposes(session: Session, actor: Actor) -> list[dict[str, Any]]:
    """Every purpose with values, channels, quiet hours, usual words and editions, for who sees messages."""
    policy.need_role(actor, _SEES)
    editions = queries.all_templates(session)
    now = datetime.now(UTC)
    return [_purpose(session, one, editions, now) for one in purposes().values()]


def _purpose(session: Session, purpose: Purpose, editions: Any, now: datetime) -> dict[str, Any]:
    row = queries.purpose_row(session, purpose.name)
    in_force = queries.templates_in_force(session, purpose.name, now)
    own = [one for one in editions if one.purpose == purpose.name]
    return {
        "name": purpose.name,
        "title": purpose.title.as_dict(),
        "takes": [
            {"name": name, "type": kind, "must": name in purpose.must} for name, kind in purpose.takes.items()
        ],
        "is_urgent": purpose.is_urgent,
        "asks_consent": purpose.asks_consent,
        "channels": list(row.channels if row else purpose.channels),
        "quiet_from_hour": row.quiet_from_hour if row else USUAL_QUIET[0],
        "quiet_until_hour": row.quiet_until_hour if row else USUAL_QUIET[1],
        "usual": {one: tried_out(purpose, None, one) for one in LANGUAGES},
        "editions": [_edition(one, in_force.get(one.language) is one) for one in own],
    }


def _edition(one: MessageTemplate, is_in_force: bool) -> dict[str, Any]:
    names = ("language", "edition", "valid_from", "title", "body", "code")
    return {name: getattr(one, name) for name in names} | {"is_in_force": is_in_force}


def add_edition(session: Session, actor: Actor, values: dict[str, Any]) -> MessageTemplate:
    """A new edition of a purpose's template in one language. Raises not_allowed, not_found, invalid."""
    _need_whole_house(session, actor)
    purpose = _found(values["purpose"])
    need_fit(purpose, values["body"])
    # Two at once would take the same number: the second waits for the first.
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended("message templates", 0))))
    mine = MessageTemplate.purpose == purpose.name, MessageTemplate.language == values["language"]
    last = session.scalar(select(func.coalesce(func.max(MessageTemplate.edition), 0)).where(*mine))
    template = MessageTemplate(**values, edition=int(last or 0) + 1, made_by=UUID(actor.id))
    session.add(template)
    session.flush()
    told = {"purpose": purpose.name, "language": template.language, "edition": template.edition}
    note_act(session, actor, "message_settings_changed", ("message_template", None), after=told)
    return template


def rendered(actor: Actor, purpose_name: str, language: str, body: str | None) -> str:
    """A template with made-up values, or the usual words. Raises not_allowed, not_found, invalid."""
    policy.need_role(actor, _SEES)
    return tried_out(_found(purpose_name), body, language)


def set_purpose(session: Session, actor: Actor, name: str, values: dict[str, Any]) -> None:
    """Channels of a purpose, the first that can comes first, and its quiet hours.

    Raises not_allowed, not_found, invalid.
    """
    _need_whole_house(session, actor)
    purpose = _found(name)
    strange = [one for one in values["channels"] if one not in ALL]
    if strange:
        known = sorted(ALL)
        faults = [fault("channels", "notices.no_such_channel", name=one[:40], known=known) for one in strange]
        raise Problem("invalid", faults=faults)
    row = queries.purpose_row(session, purpose.name)
    before = {name: getattr(row, name) for name in values} if row else None
    session.merge(MessagePurpose(purpose=purpose.name, **values))
    about = ("message_purpose", None)
    told = {"purpose": purpose.name, **values}
    note_act(session, actor, "message_settings_changed", about, before=before, after=told)


def set_addresses(
    session: Session, actor: Actor, party: tuple[str, str], addresses: dict[str, str | None]
) -> None:
    """Where somebody is reached besides the telephone; what is empty is taken away.

    Staff by administrators, customers by the desk. Raises not_allowed, not_found, invalid.
    """
    _need_party(session, actor, party)
    if addresses.get("email"):
        try:
            mailbox(str(addresses["email"]))
        except ValueError as error:
            raise Problem("invalid", faults=[fault("email", "notices.no_mailbox")]) from error
    key = {"party_kind": party[0], "party_id": UUID(party[1])}
    for way, address in addresses.items():
        mine = (getattr(MessageAddress, name) == value for name, value in key.items())
        session.execute(delete(MessageAddress).where(*mine, MessageAddress.way == way))
        if address:
            session.add(MessageAddress(**key, way=way, address=address))
    told = {way: "***" if address else None for way, address in addresses.items()}
    note_act(session, actor, "message_settings_changed", party, after=told)


def seen_addresses(session: Session, actor: Actor, party: tuple[str, str]) -> dict[str, str | None]:
    """The same, to be read by who may set them."""
    _need_party(session, actor, party)
    return dict.fromkeys(WAYS) | queries.addresses_of(session, party)


def note_consent(session: Session, actor: Actor, customer_id: str, purpose: str, *, is_given: bool) -> None:
    """What a customer said to being written to for a purpose. Raises not_allowed, not_found."""
    policy.need_role(actor, DESK)
    read_document(session, actor, KINDS["customer"], customer_id)
    name = _found(purpose).name
    row = MessageConsent(
        customer_id=UUID(customer_id),
        purpose=name,
        is_given=is_given,
        noted_by=UUID(actor.id),
        noted_at=datetime.now(UTC),
    )
    session.merge(row)
    told = {"purpose": name, "is_given": is_given}
    note_act(session, actor, "message_settings_changed", ("customer", customer_id), after=told)


def follow_merge(session: Session, kept_id: str, merged_id: str) -> None:
    """Two customers are one: what either refused is refused, addresses that the one lacks are the other's.

    What was sent to both was sent to the one who stays. The caller has judged who may.
    """
    queries.join_consents(session, kept_id, merged_id)
    queries.join_addresses(session, "customer", kept_id, merged_id)
    queries.hand_over_messages(session, "customer", kept_id, merged_id)


def _need_party(session: Session, actor: Actor, party: tuple[str, str]) -> None:
    if party[0] not in PARTIES:
        raise Problem("not_found", kind=party[0][:60], id=party[1])
    policy.need_role(actor, frozenset({Role.ADMIN}) if party[0] == "staff" else DESK)
    read_document(session, actor, KINDS[party[0]], party[1])


def _found(name: str) -> Purpose:
    found = purposes().get(name)
    if found is None:
        raise Problem("not_found", kind="message_purpose", id=name[:60])
    return found


def _need_whole_house(session: Session, actor: Actor) -> None:
    """What holds for everybody is the administrator's of the topmost unit."""
    policy.need_role(actor, frozenset({Role.ADMIN}))
    if actor.unit_id != topmost_unit(session):
        raise Problem("not_allowed", why="it is the topmost unit's to set")
