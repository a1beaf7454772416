"""Invitations and ways to a new password: links that are shown once, used once, and end by themselves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.core.actor import Actor, Role
from backend.core.comparing.phones import login_form
from backend.core.errors import Problem, WrongSecret
from backend.core.kinds.account import Account, AccountLogin
from backend.core.queries import policy
from backend.core.queries.locks import hold
from backend.core.services import record_writer
from backend.core.services.auditing import note_act
from backend.core.services.credentials import hash_password, need_strong, new_token, token_sha256
from backend.people.kinds.account_link import INVITATION, PASSWORD, AccountLink
from backend.people.queries.accounts import backed_links, links_of
from backend.people.services.accounts import (
    NO_PASSWORD,
    end_links,
    end_tokens,
    need_manageable,
    need_working,
    open_for,
    told_of,
)
from backend.people.services.sessions import words_about
from sync.change import moment_text
from sync.kind import Values


def list_links(session: Session, actor: Actor) -> list[dict[str, Any]]:
    """Links of the administrator's units, newest first, each with what became of it."""
    policy.need_role(actor, {Role.ADMIN})
    now = datetime.now(UTC)
    rows = links_of(session, policy.own_units(session, actor))
    backed = backed_links(session, [row["id"] for row in rows])
    return [
        row | {"state": state_of(row["used_at"], row["revoked_at"], row["until"], now, row["id"] in backed)}
        for row in rows
    ]


def state_of(used_at: Any, revoked_at: Any, until: datetime, now: datetime, is_backed: bool = True) -> str:
    """What became of a link: used, revoked, ended, or open still.

    One ends with the rights of who made it, and when whom it is for goes to another unit (`backed_links`).
    """
    if used_at:
        return "used"
    return "revoked" if revoked_at else "open" if until > now and is_backed else "ended"


def invite(
    session: Session, actor: Actor, staff_id: str, phone: str | None, roles: list[str], hours: int
) -> tuple[str, AccountLink]:
    """A link by which a member of staff without account chooses a password and has these roles from then
    on; an earlier one ends.

    Raises not_allowed, not_found, has_left, has_open_account, id_taken.
    """
    staff = need_manageable(session, actor, staff_id)
    need_working(session, staff_id)
    account = session.get(Account, UUID(staff_id))
    if account is not None and account.is_active:
        raise Problem("has_open_account")
    _need_free(session, staff_id, {"staff_number": staff["staff_number"], "phone": phone})
    asked = AccountLink(use=INVITATION, roles=sorted(set(roles)), phone=phone)
    token = _give(session, actor, staff_id, staff, asked, hours)
    after = {"roles": asked.roles, "until": moment_text(asked.until)}
    note_act(session, actor, "invitation_made", ("account", staff_id), after=after)
    return token, asked


def reset_password(session: Session, actor: Actor, staff_id: str, hours: int) -> tuple[str, AccountLink]:
    """A link to a new password. The old one, every sign-in and every personal token end now; what a phone
    has not sent stays on it.

    Raises not_allowed, not_found where there is no account, has_left, action_does_not_fit for a closed one.
    """
    staff = need_manageable(session, actor, staff_id)
    need_working(session, staff_id)
    account = session.get(Account, UUID(staff_id))
    if account is None:
        raise Problem("not_found", kind="account", id=staff_id)
    if not account.is_active:
        raise Problem("action_does_not_fit", state="closed", fits_in=["open"])
    account.password_hash = NO_PASSWORD
    asked = AccountLink(use=PASSWORD, roles=account.roles, phone=account.phone)
    token = _give(session, actor, staff_id, staff, asked, hours)
    after = {"tokens_ended": end_tokens(session, staff_id), "until": moment_text(asked.until)}
    note_act(session, actor, "password_reset", ("account", staff_id), after=after)
    return token, asked


def revoke_link(session: Session, actor: Actor, link_id: str) -> None:
    """Take a link back; one that was used or has ended stays as it is. Raises not_found, not_allowed."""
    policy.need_role(actor, {Role.ADMIN})
    link = session.get(AccountLink, UUID(link_id), with_for_update=True)
    if link is None:
        raise Problem("not_found", id=link_id)
    policy.need_unit(session, actor, link.unit_id, "account_link", link_id)
    if not _is_open(session, link):
        return
    link.revoked_at = datetime.now(UTC)
    note_act(session, actor, "link_revoked", ("account", str(link.staff_id)), before={"of": link.use})


def need_link(session: Session, token: str) -> None:
    """Raises account_link_ended for a token that opens nothing (any more); nothing is locked."""
    _opened(session, token)


def look_at(session: Session, token: str) -> Values:
    """What stands behind a link, for whom it was given to: their name, number, unit and roles."""
    link = _opened(session, token)
    staff = record_writer.read(session, "staff", str(link.staff_id)).values
    return {
        "use": link.use,
        "name": staff["name"],
        "staff_number": staff["staff_number"],
        "unit": record_writer.read(session, "unit", staff["unit_id"]).values["name"],
        "roles": link.roles,
        "until": link.until,
    }


def accept(session: Session, token: str, password: str, network_address: str | None) -> Values:
    """Use a link up: the password is the account's from now on. Gives what to sign in with.

    Raises account_link_ended, password_too_weak, has_left, id_taken.
    """
    staff_id = str(_opened(session, token).staff_id)
    # Two at once: the second finds it used.
    hold(session, f"account of {staff_id}")
    link = _opened(session, token)
    session.refresh(link, with_for_update=True)
    if not _is_open(session, link):
        raise Problem("account_link_ended")
    staff = record_writer.read(session, "staff", staff_id).values
    account = session.get(Account, link.staff_id)
    own = (staff["staff_number"], link.phone, account.login if account else None)
    need_strong(password, own, words_about(session, staff_id, staff["unit_id"]))
    before = told_of(session, staff_id)
    _use(session, link, staff, password)
    link.used_at = datetime.now(UTC)
    who = Actor(staff_id, staff["unit_id"], frozenset(), network_address=network_address)
    act = "invitation_accepted" if link.use == INVITATION else "password_changed"
    note_act(session, who, act, ("account", staff_id), before=before, after=told_of(session, staff_id))
    return {"login": staff["staff_number"], "roles": link.roles}


def _use(session: Session, link: AccountLink, staff: Values, password: str) -> None:
    staff_id = str(link.staff_id)
    if link.use == INVITATION:
        open_for(session, staff_id, staff, link.phone, password, link.roles)
        return
    need_working(session, staff_id)
    account = session.get(Account, link.staff_id)
    if account is None or not account.is_active:
        raise Problem("account_link_ended")
    account.password_hash, account.must_change_password, account.is_demo = (
        hash_password(password),
        False,
        False,
    )
    end_tokens(session, staff_id)


def _give(session: Session, actor: Actor, staff_id: str, staff: Values, link: AccountLink, hours: int) -> str:
    now, token = datetime.now(UTC), new_token()
    end_links(session, staff_id)
    link.id, link.token_sha256 = UUID(record_writer.new_id()), token_sha256(token)
    link.staff_id, link.unit_id, link.made_by = UUID(staff_id), UUID(staff["unit_id"]), UUID(actor.id)
    link.made_at, link.until = now, now + timedelta(hours=hours)
    session.add(link)
    session.flush()
    return token


def _opened(session: Session, token: str) -> AccountLink:
    asked = select(AccountLink).where(AccountLink.token_sha256 == token_sha256(token))
    found = session.execute(asked).scalar_one_or_none()
    if found is None:
        raise WrongSecret("account_link_ended", token)
    if not _is_open(session, found):
        raise Problem("account_link_ended")
    return found


def _is_open(session: Session, link: AccountLink) -> bool:
    is_backed = bool(backed_links(session, [str(link.id)]))
    return state_of(link.used_at, link.revoked_at, link.until, datetime.now(UTC), is_backed) == "open"


def _need_free(session: Session, staff_id: str, typed: dict[str, str | None]) -> None:
    """Raises id_taken for a number that is somebody else's login: said now, not to who accepts."""
    for field, text in typed.items():
        asked = select(AccountLogin.staff_id).where(AccountLogin.login == login_form(text or ""))
        holder = session.execute(asked).scalar_one_or_none()
        if holder is not None and str(holder) != staff_id:
            raise Problem("id_taken", field=field)
