"""Signing in and out: short access tokens, and families of rotating refresh tokens bound to a device."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from backend.core.actor import Actor, system
from backend.core.comparing.phones import login_form
from backend.core.comparing.readings import readings_of
from backend.core.config import Settings
from backend.core.errors import Problem, WrongSecret
from backend.core.kinds.account import Account, AccountLogin, Device, DevicePerson, Token
from backend.core.queries.locks import hold
from backend.core.sentences import fault
from backend.core.services import record_writer
from backend.core.services.auditing import note_act
from backend.core.services.credentials import (
    family_in,
    hash_password,
    need_strong,
    new_token,
    token_sha256,
    verify_password,
)
from backend.people.queries.leavers import has_left
from backend.people.services.devices import proves, register_device


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a sign-in or refresh gives: both tokens in clear, once, and who they belong to.

    `device_secret` is there when the device was given one now: by it the device proves at later sign-ins to
    be itself.
    """

    access_token: str
    refresh_token: str
    expires_in_s: int
    staff_id: str
    unit_id: str
    roles: list[str]
    device_id: str
    device_revoked: bool
    must_change_password: bool = False
    device_secret: str | None = None


def sign_in(
    session: Session,
    settings: Settings,
    login: str,
    password: str,
    device: dict[str, Any],
    *,
    from_this_machine: bool,
) -> Tokens:
    """Check number and password, register the device, begin a family of tokens.

    Raises wrong_credentials, demo_from_outside, device_taken.
    """
    account = _account(session, login)
    if not verify_password(account.password_hash if account else None, password) or account is None:
        raise Problem("wrong_credentials")
    if account.is_demo and not from_this_machine:
        raise Problem("demo_from_outside")
    registered, secret = register_device(session, account, device)
    # Nobody may guess a family: it stands in its refresh tokens.
    return replace(issue(session, settings, account, registered, uuid4(), None), device_secret=secret)


def _account(session: Session, login: str) -> Account | None:
    account = session.execute(
        select(Account)
        .join(AccountLogin, AccountLogin.staff_id == Account.staff_id)
        .where(AccountLogin.login == login_form(login), Account.is_active)
    ).scalar_one_or_none()
    return account if account is not None and _is_open(session, account) else None


def is_known(session: Session, login: str, device: dict[str, Any]) -> bool:
    """Whether the account has signed in on this device before, and the device proves to be that one."""
    found = session.execute(
        select(Device.secret_sha256)
        .join(DevicePerson, DevicePerson.device_id == Device.id)
        .join(AccountLogin, AccountLogin.staff_id == DevicePerson.staff_id)
        .where(Device.id == UUID(device["id"]), AccountLogin.login == login_form(login))
    ).one_or_none()
    # One that was registered before devices had secrets gets its own at the next sign-in.
    return found is not None and (found[0] is None or proves(found[0], device))


def issue(
    session: Session,
    settings: Settings,
    account: Account,
    device: Device,
    family: UUID,
    replaces: bytes | None,
) -> Tokens:
    """An access and a refresh token for a device; `replaces` is the refresh token they come for."""
    now = datetime.now(UTC)
    access, refresh = new_token(), new_token(family)
    lives = {
        "access": timedelta(minutes=settings.access_minutes),
        "refresh": timedelta(days=settings.refresh_days),
    }
    for use, token in (("access", access), ("refresh", refresh)):
        session.add(
            Token(
                sha256=token_sha256(token),
                use=use,
                staff_id=account.staff_id,
                device_id=device.id,
                family=family,
                expires_at=now + lives[use],
                replaces=replaces,
            )
        )
    return Tokens(
        access_token=access,
        refresh_token=refresh,
        expires_in_s=settings.access_minutes * 60,
        staff_id=str(account.staff_id),
        unit_id=str(account.unit_id),
        roles=account.roles,
        device_id=str(device.id),
        device_revoked=device.revoked_at is not None,
        must_change_password=account.must_change_password,
    )


def refresh(
    session: Session, settings: Settings, token: str, device_id: str, network_address: str | None = None
) -> Tokens | None:
    """New tokens for an old refresh token.

    The old one works until the new one is first used: replies get lost.

    None: it was replaced or spent before, or came from another device; two hold one sign-in, so its whole
    family has ended. Raises refresh_ended where there is no family to end (decision 0007).
    """
    family = _family_of(session, token)
    held = _refresh_tokens(session, family)
    row = held.get(token_sha256(token))
    if family is None or not held:
        raise WrongSecret("refresh_ended", token)
    if row is None or str(row.device_id) != device_id:
        _end_family(session, family, next(iter(held.values())).staff_id, network_address)
        return None
    account, device = session.get(Account, row.staff_id), session.get(Device, row.device_id)
    if row.expires_at <= datetime.now(UTC) or device is None or account is None:
        raise Problem("refresh_ended")
    if not _is_open(session, account):
        raise Problem("refresh_ended")
    if row.used_at is None and row.replaces is not None:
        session.execute(delete(Token).where(Token.family == family, Token.sha256 == row.replaces))
    # A second refresh with the same token: the reply to the first was lost, so what it gave was never seen.
    session.execute(delete(Token).where(Token.family == family, Token.replaces == row.sha256))
    row.used_at = datetime.now(UTC)
    return issue(session, settings, account, device, family, row.sha256)


def _is_open(session: Session, account: Account) -> bool:
    """Whether somebody may go on with an account: not once it is closed, or they have left."""
    return account.is_active and not has_left(session, str(account.staff_id))


def _family_of(session: Session, token: str) -> UUID | None:
    """Tokens of before this form say nothing of their family."""
    by_hash = select(Token.family).where(Token.sha256 == token_sha256(token), Token.use == "refresh")
    return family_in(token) or session.execute(by_hash).scalar_one_or_none()


def _refresh_tokens(session: Session, family: UUID | None) -> dict[bytes, Token]:
    """Those that live: two refreshes of a family at once come one after the other.

    Each makes and ends rows that the next has not seen, so locks on rows alone would wait for each other in a
    circle.
    """
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"refresh {family}", 0))))
    rows = session.scalars(
        select(Token)
        .where(Token.family == family, Token.use == "refresh")
        .order_by(Token.sha256)
        .with_for_update()
    )
    return {row.sha256: row for row in rows}


def _end_family(session: Session, family: UUID, staff_id: UUID, network_address: str | None) -> None:
    session.execute(delete(Token).where(Token.family == family))
    account = session.get(Account, staff_id)
    if account is not None:
        actor = replace(system(str(account.unit_id)), network_address=network_address)
        note_act(
            session,
            actor,
            "sign_ins_ended",
            ("account", str(staff_id)),
            after={"why": "refresh_token_reused"},
        )


def sign_out(session: Session, token: str) -> None:
    """End the family this access token belongs to."""
    family = session.execute(
        select(Token.family).where(Token.sha256 == token_sha256(token))
    ).scalar_one_or_none()
    if family:
        session.execute(delete(Token).where(Token.family == family))


def change_password(session: Session, actor: Actor, token: str, old: str, new: str) -> None:
    """Set a new password; every other sign-in of the person and every personal token ends.

    `token` is the access token that asks: its own family stays. Raises wrong_credentials, password_too_weak,
    also for the one that somebody else gave.
    """
    # Of two at once the later one no longer knows the old password.
    hold(session, f"account of {actor.id}")
    account = session.get(Account, UUID(actor.id))
    if account is None or not verify_password(account.password_hash, old):
        raise Problem("wrong_credentials")
    need_strong(
        new,
        (account.staff_number, account.phone, account.login),
        words_about(session, actor.id, str(account.unit_id)),
    )
    if account.must_change_password and new == old:
        raise Problem("password_too_weak", faults=[fault("new", "people.same_password")])
    account.password_hash, account.must_change_password = hash_password(new), False
    own = select(Token.family).where(Token.sha256 == token_sha256(token)).scalar_subquery()
    ended = session.execute(
        delete(Token)
        .where(Token.staff_id == account.staff_id, Token.family.is_distinct_from(own))
        .returning(Token.expires_at)
    ).scalars()
    now = datetime.now(UTC)
    after = {"tokens_ended": sum(expires_at > now for expires_at in ended)}
    note_act(session, actor, "password_changed", ("account", actor.id), after=after)


def words_about(session: Session, staff_id: str, unit_id: str) -> list[str]:
    """What somebody who knows a person would try as a password: names of person and unit, by sound as
    well."""
    names = [
        record_writer.read(session, "staff", staff_id).values["name"],
        record_writer.read(session, "unit", unit_id).values["name"],
    ]
    return [word for name in names for word in (name, *readings_of(name))]


def open_account(
    session: Session,
    staff_id: str,
    unit_id: str,
    staff_number: str,
    phone: str | None,
    password_hash: str,
    roles: list[str],
    *,
    is_demo: bool = False,
    must_change_password: bool = False,
) -> None:
    """Let a member of staff sign in, or change how; a demo account given a password of its own is none any
    more.

    Raises id_taken where number or phone is another account's login.
    """
    values = {
        "unit_id": UUID(unit_id),
        "staff_number": staff_number,
        "phone": phone,
        "password_hash": password_hash,
        "roles": roles,
        "is_demo": is_demo,
        "is_active": True,
        "must_change_password": must_change_password,
    }
    account = session.get(Account, UUID(staff_id))
    if account is None:
        session.add(Account(staff_id=UUID(staff_id), **values))
        session.flush()
    else:
        session.execute(update(Account).where(Account.staff_id == UUID(staff_id)).values(**values))
    keep_logins(session, UUID(staff_id), {"staff_number": staff_number, "phone": phone})


def keep_logins(session: Session, staff_id: UUID, typed: dict[str, str | None]) -> None:
    """What may be typed to sign in, by the field that it comes from, and the account's own name for it.

    Raises id_taken.
    """
    own = session.execute(select(Account.login).where(Account.staff_id == staff_id)).scalar_one_or_none()
    session.execute(delete(AccountLogin).where(AccountLogin.staff_id == staff_id))
    for field, text in (typed | {"login": own}).items():
        login = login_form(text or "")
        if not login:
            continue
        session.execute(insert(AccountLogin).values(login=login, staff_id=staff_id).on_conflict_do_nothing())
        holder = session.execute(
            select(AccountLogin.staff_id).where(AccountLogin.login == login)
        ).scalar_one()
        if holder != staff_id:
            raise Problem("id_taken", field=field)
