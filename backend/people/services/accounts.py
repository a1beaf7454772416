"""Accounts: opened, changed and closed by administrators of the unit or one above it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from backend.core.actor import Actor, Role, system
from backend.core.errors import Problem
from backend.core.kinds.account import Account, Token
from backend.core.queries import policy
from backend.core.queries.locks import hold
from backend.core.services import record_writer
from backend.core.services.auditing import note_act
from backend.core.services.credentials import hash_password, need_strong
from backend.people.kinds.account_link import AccountLink
from backend.people.queries.accounts import accounts_of, tokens_of
from backend.people.queries.leavers import has_left
from backend.people.services.sessions import keep_logins, open_account, words_about
from sync.kind import Values

# What tokens of other programs are for: to read all that their owner may, or to send files to be imported.
OWN_USES = ("personal", "feed")
# argon2 gives no such text: nothing that is typed is this password.
NO_PASSWORD = "none: a link to a new one was given out"  # noqa: S105 - it is none


def list_accounts(session: Session, actor: Actor) -> list[dict[str, Any]]:
    """Everybody of the administrator's units, with their account where they have one."""
    policy.need_role(actor, {Role.ADMIN})
    return accounts_of(session, policy.own_units(session, actor))


def give_account(
    session: Session,
    actor: Actor,
    staff_id: str,
    phone: str | None,
    password: str,
    roles: list[str],
    *,
    must_change_password: bool = False,
) -> None:
    """Let a member of staff sign in with these roles, or change how; their present sign-ins and personal
    tokens end.

    Raises not_allowed, not_found, password_too_weak, id_taken, has_left.
    """
    staff = need_manageable(session, actor, staff_id)
    before = told_of(session, staff_id)
    own = (staff["staff_number"], phone, before.get("login") if before else None)
    need_strong(password, own, words_about(session, staff_id, staff["unit_id"]))
    open_for(
        session,
        staff_id,
        staff,
        phone,
        password,
        sorted(set(roles)),
        must_change_password=must_change_password,
    )
    end_links(session, staff_id)
    act = "account_changed" if before else "account_opened"
    note_act(session, actor, act, ("account", staff_id), before=before, after=told_of(session, staff_id))


def open_for(
    session: Session,
    staff_id: str,
    staff: Values,
    phone: str | None,
    password: str,
    roles: list[str],
    *,
    must_change_password: bool = False,
) -> None:
    """The account of a member of staff as it shall be, and every token of before at its end; judges no
    rights and notes nothing."""
    need_working(session, staff_id)
    open_account(
        session,
        staff_id,
        staff["unit_id"],
        staff["staff_number"],
        phone,
        hash_password(password),
        roles,
        must_change_password=must_change_password,
    )
    end_tokens(session, staff_id)


def provide_account(
    session: Session, actor: Actor, staff_id: str, *, roles: Sequence[str] | None, login: str | None
) -> None:
    """The account of a member of staff as a table says it: a new one has no password until a link gives one.

    What is None stays as it is. Of an account that is there present sign-ins end where its roles change.
    Raises not_allowed, not_found, has_left, id_taken, account_closed, account_without_roles.
    """
    staff = need_manageable(session, actor, staff_id)
    need_working(session, staff_id)
    account, before = session.get(Account, UUID(staff_id)), told_of(session, staff_id)
    if account is not None and not account.is_active:
        raise Problem("account_closed")
    if account is None:
        if not roles:
            raise Problem("account_without_roles")
        number = staff["staff_number"]
        open_account(session, staff_id, staff["unit_id"], number, None, NO_PASSWORD, sorted(set(roles)))
        account = session.get_one(Account, UUID(staff_id))
        end_links(session, staff_id)
    _set_roles(session, account, roles)
    if login is not None and login != account.login:
        account.login = login
        session.flush()
        keep_logins(session, account.staff_id, {"staff_number": account.staff_number, "phone": account.phone})
    after = told_of(session, staff_id)
    act = "account_changed" if before else "account_opened"
    note_act(session, actor, act, ("account", staff_id), before=before, after=after)


def _set_roles(session: Session, account: Account, roles: Sequence[str] | None) -> None:
    if not roles or sorted(set(roles)) == account.roles:
        return
    account.roles = sorted(set(roles))
    session.flush()
    end_links(session, str(account.staff_id))
    end_tokens(session, str(account.staff_id))


def open_first_account(session: Session, staff_id: str, password: str) -> None:
    """The first administrator's account, in a house that has nobody yet who could open one.

    The password is good for choosing one's own, at the first sign-in. The shell's own act: whoever calls this
    has looked that there is no account. Raises password_too_weak, not_found, action_does_not_fit where there
    is one.
    """
    hold(session, "first account")
    if session.execute(select(Account.staff_id).limit(1)).first() is not None:
        raise Problem("action_does_not_fit", fits_in=["no account"], action="open_first_account")
    staff = record_writer.read(session, "staff", staff_id).values
    need_strong(password, (staff["staff_number"],), words_about(session, staff_id, staff["unit_id"]))
    open_for(session, staff_id, staff, None, password, [str(Role.ADMIN)], must_change_password=True)
    after = told_of(session, staff_id)
    note_act(session, system(staff["unit_id"]), "account_opened", ("account", staff_id), after=after)


def change_account(
    session: Session, actor: Actor, staff_id: str, phone: str | None, roles: list[str]
) -> None:
    """Other roles or another number for somebody who keeps their password; present sign-ins and personal
    tokens end, with other roles links too: who has one chose it for what it opened.

    Raises not_found where there is no account, id_taken.
    """
    staff = need_manageable(session, actor, staff_id)
    account = session.get(Account, UUID(staff_id))
    if account is None:
        raise Problem("not_found", kind="account", id=staff_id)
    need_working(session, staff_id)
    before = told_of(session, staff_id)
    account.roles, account.phone, account.is_active = sorted(set(roles)), phone, True
    account.staff_number = staff["staff_number"]
    session.flush()
    keep_logins(session, UUID(staff_id), {"staff_number": account.staff_number, "phone": phone})
    end_tokens(session, staff_id)
    after = told_of(session, staff_id)
    if after != before:
        end_links(session, staff_id)
    note_act(session, actor, "account_changed", ("account", staff_id), before=before, after=after)


def close_account(session: Session, actor: Actor, staff_id: str) -> None:
    """Nobody signs in with it any more; one that is closed already stays so, and is noted once."""
    need_manageable(session, actor, staff_id)
    account = session.get(Account, UUID(staff_id))
    if account is None:
        raise Problem("not_found", id=staff_id)
    if not account.is_active:
        return
    before = told_of(session, staff_id)
    account.is_active = False
    session.flush()
    end_links(session, staff_id)
    end_tokens(session, staff_id)
    after = told_of(session, staff_id)
    note_act(session, actor, "account_closed", ("account", staff_id), before=before, after=after)


def follow_staff_record(session: Session, staff_id: str) -> None:
    """Whoever left has no sign-in and no link any more, also should they come back; a new staff number is the
    one to sign in with.

    A number that is another account's login leaves the old one good.
    """
    account, is_gone = session.get(Account, UUID(staff_id)), has_left(session, staff_id)
    if is_gone:
        end_links(session, staff_id)
    if account is None:
        return
    if is_gone:
        if end_tokens(session, staff_id):
            by, after = system(str(account.unit_id)), {"why": "left"}
            note_act(session, by, "sign_ins_ended", ("account", staff_id), after=after)
        return
    number = record_writer.read(session, "staff", staff_id).values["staff_number"]
    if number == account.staff_number:
        return
    try:
        with session.begin_nested():
            account.staff_number = number
            session.flush()
            keep_logins(session, UUID(staff_id), {"staff_number": number, "phone": account.phone})
    except Problem:
        session.refresh(account)


def list_tokens(session: Session, actor: Actor) -> list[dict[str, Any]]:
    """Personal tokens of the administrator's units, without their secrets."""
    policy.need_role(actor, {Role.ADMIN})
    return tokens_of(session, policy.own_units(session, actor))


def end_personal_token(session: Session, actor: Actor, staff_id: str, token_id: str) -> None:
    """End somebody's personal token, or a feed's. Raises not_found, not_allowed."""
    need_manageable(session, actor, staff_id)
    mine = delete(Token).where(Token.staff_id == UUID(staff_id), Token.family == UUID(token_id))
    ended = session.execute(mine.where(Token.use.in_(OWN_USES)).returning(Token.label)).first()
    if ended is None:
        raise Problem("not_found", id=token_id)
    note_act(session, actor, "token_revoked", ("token", token_id), before={"label": ended[0]})


def end_links(session: Session, staff_id: str) -> None:
    """Links that were given out for somebody before end, in favour of what is done now."""
    mine = update(AccountLink).where(AccountLink.staff_id == UUID(staff_id), AccountLink.used_at.is_(None))
    session.execute(mine.where(AccountLink.revoked_at.is_(None)).values(revoked_at=datetime.now(UTC)))


def end_tokens(session: Session, staff_id: str) -> int:
    """End every sign-in and personal token of somebody; how many had not ended yet."""
    rows = session.execute(
        delete(Token).where(Token.staff_id == UUID(staff_id)).returning(Token.expires_at)
    ).scalars()
    now = datetime.now(UTC)
    return sum(expires_at > now for expires_at in rows)


def told_of(session: Session, staff_id: str) -> Values | None:
    """What the audit trail tells of an account; None where there is none."""
    found = session.execute(
        select(Account.roles, Account.is_active, Account.login).where(Account.staff_id == UUID(staff_id))
    ).one_or_none()
    own = {"login": found[2]} if found and found[2] else {}
    return found and {"roles": found[0], "is_active": found[1]} | own


def need_working(session: Session, staff_id: str) -> None:
    """Raises has_left for whoever does not work here any more: their record says so."""
    if has_left(session, staff_id):
        raise Problem("has_left")


def need_manageable(session: Session, actor: Actor, staff_id: str) -> Values:
    """Somebody whose account this administrator keeps, locked; the staff record's values.

    Raises not_allowed, not_found.
    """
    policy.need_role(actor, {Role.ADMIN})
    staff = record_writer.read(session, "staff", staff_id)
    policy.need_unit(session, actor, staff.values["unit_id"], "staff", staff_id)
    # Two administrators at once would not see each other.
    hold(session, f"account of {staff_id}")
    account = session.get(Account, UUID(staff_id))
    if account is not None:  # It may have been opened in a unit above: nobody resets rights they do not hold.
        policy.need_unit(session, actor, account.unit_id, "staff", staff_id)
    return staff.values
