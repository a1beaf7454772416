"""Accounts: opened, changed and closed by administrators of the unit or one above it."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from backend.core.actor import Actor, Role
from backend.core.errors import Problem
from backend.core.kinds.account import Account, Token
from backend.core.queries import policy
from backend.core.queries.locks import hold
from backend.core.services import record_writer
from backend.core.services.auditing import note_act
from backend.core.services.credentials import hash_password, need_strong
from backend.people.services.sessions import open_account, words_about
from sync.kind import Values


def give_account(
    session: Session, actor: Actor, staff_id: str, phone: str | None, password: str, roles: list[str]
) -> None:
    """Let a member of staff sign in with these roles, or change how; their present sign-ins and personal
    tokens end.

    Raises not_allowed, not_found, password_too_weak, id_taken.
    """
    staff = _manageable(session, actor, staff_id)
    before = _roles(session, staff_id)
    need_strong(password, (staff["staff_number"], phone), words_about(session, staff_id, staff["unit_id"]))
    hashed = hash_password(password)
    open_account(
        session, staff_id, staff["unit_id"], staff["staff_number"], phone, hashed, sorted(set(roles))
    )
    session.execute(delete(Token).where(Token.staff_id == UUID(staff_id)))
    act = "account_changed" if before else "account_opened"
    note_act(session, actor, act, ("account", staff_id), before=before, after=_roles(session, staff_id))


def close_account(session: Session, actor: Actor, staff_id: str) -> None:
    """Nobody signs in with it any more; one that is closed already stays so, and is noted once."""
    _manageable(session, actor, staff_id)
    account = session.get(Account, UUID(staff_id))
    if account is None:
        raise Problem("not_found", id=staff_id)
    if not account.is_active:
        return
    before = _roles(session, staff_id)
    account.is_active = False
    session.flush()
    session.execute(delete(Token).where(Token.staff_id == UUID(staff_id)))
    note_act(
        session,
        actor,
        "account_closed",
        ("account", staff_id),
        before=before,
        after=_roles(session, staff_id),
    )


def _roles(session: Session, staff_id: str) -> Values | None:
    """What the audit trail tells of an account; None where there is none."""
    found = session.execute(
        select(Account.roles, Account.is_active).where(Account.staff_id == UUID(staff_id))
    ).one_or_none()
    return found and {"roles": found[0], "is_active": found[1]}


def _manageable(session: Session, actor: Actor, staff_id: str) -> dict[str, str]:
    policy.need_role(actor, {Role.ADMIN})
    staff = record_writer.read(session, "staff", staff_id)
    policy.need_unit(session, actor, staff.values["unit_id"], "staff", staff_id)
    # Two administrators at once would not see each other.
    hold(session, f"account of {staff_id}")
    account = session.get(Account, UUID(staff_id))
    if account is not None:  # It may have been opened in a unit above: nobody resets rights they do not hold.
        policy.need_unit(session, actor, account.unit_id, "staff", staff_id)
    return staff.values
