"""The actor of a request: a person, their roles and unit, and the device they ask from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sync.change import Author


class Role(StrEnum):
    """What a person may do; a person can have several."""

    ADMIN = "admin"
    DISPATCHER = "dispatcher"
    SUPERVISOR = "supervisor"
    REPRESENTATIVE = "representative"
    CREW_LEADER = "crew_leader"
    CREW_MEMBER = "crew_member"
    HOTLINE_AGENT = "hotline_agent"
    AUDITOR = "auditor"


ROLE_LABELS = {
    Role.ADMIN: ("系统管理员", "Administrator"),
    Role.DISPATCHER: ("调度员", "Dispatcher"),
    Role.SUPERVISOR: ("主管", "Supervisor"),
    Role.REPRESENTATIVE: ("客户代表", "Representative"),
    Role.CREW_LEADER: ("班组长", "Crew leader"),
    Role.CREW_MEMBER: ("维修班组成员", "Crew member"),
    Role.HOTLINE_AGENT: ("热线受理员", "Hotline agent"),
    Role.AUDITOR: ("审计员", "Auditor"),
}

OFFICE = frozenset({Role.ADMIN, Role.DISPATCHER, Role.SUPERVISOR, Role.HOTLINE_AGENT, Role.AUDITOR})
CREW = frozenset({Role.CREW_LEADER, Role.CREW_MEMBER})
FIELD = CREW | {Role.REPRESENTATIVE}
EVERYBODY = frozenset(Role)
DESK = frozenset({Role.ADMIN, Role.DISPATCHER, Role.SUPERVISOR, Role.HOTLINE_AGENT})
AUDITS = frozenset({Role.ADMIN, Role.AUDITOR})
SYSTEM_ID = "00000000-0000-7000-8000-000000000001"


@dataclass(frozen=True, slots=True)
class Feed:
    """What a feed's token is for: files imported as these targets, into this unit."""

    unit_id: str
    targets: frozenset[str]


@dataclass(frozen=True, slots=True)
class Actor:
    """A signed-in person, or the system itself; `device_revoked` leaves only the right to hand work in,
    `must_change_password` only that to choose a password, `feeds` only that to send such files.

    `network_address` is where the request came from, for the audit trail.
    """

    id: str
    unit_id: str
    roles: frozenset[Role]
    device_id: str | None = None
    device_revoked: bool = False
    read_only: bool = False
    is_system: bool = False
    must_change_password: bool = False
    network_address: str | None = None
    feeds: Feed | None = None

    @property
    def is_office(self) -> bool:
        """Whether they see a unit's whole work rather than their own cells and jobs."""
        return bool(self.roles & OFFICE)

    @property
    def audits(self) -> bool:
        """Whether they read what administrators did."""
        return bool(self.roles & AUDITS)

    @property
    def sees_phone_numbers(self) -> bool:
        """Auditors check work, not customers: they see masked numbers."""
        return bool(self.roles - {Role.AUDITOR}) or self.is_system

    def as_author(self) -> Author:
        """The same person as the sync core knows them."""
        return Author(self.id, self.device_id, frozenset(str(role) for role in self.roles), self.unit_id)


def system(unit_id: str) -> Actor:
    """The server acting by itself: night jobs, subscriptions, the demo."""
    return Actor(SYSTEM_ID, unit_id, frozenset(), is_system=True)


def office_of(unit_id: str) -> Actor:
    """A unit's office reading for somebody without an account, who was given a link to one thing."""
    return Actor(SYSTEM_ID, unit_id, frozenset({Role.SUPERVISOR}))
