"""Keeps the one token of the setup page by its hash, and counts the tries at it."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session


def keep(session: Session, sha256: bytes) -> None:
    """This token from now on; one given out before ends."""
    kept = """
        INSERT INTO setup_token (id, sha256)
        VALUES (true, :sha256)
        ON CONFLICT (id)
        DO UPDATE SET sha256 = excluded.sha256, wrong_tries = 0, made_at = now()
    """
    session.execute(text(kept), {"sha256": sha256})


def try_once(session: Session, most: int) -> bytes | None:
    """Count a try before it is judged; the hash, or None where there is none or it was tried too often."""
    tried = """
        UPDATE setup_token
        SET wrong_tries = wrong_tries + 1
        WHERE wrong_tries < :most
        RETURNING sha256
    """
    found: bytes | None = session.execute(text(tried), {"most": most}).scalar()
    return found


def was_right(session: Session) -> None:
    """The try that was counted last was no wrong one."""
    right = """
        UPDATE setup_token
        SET wrong_tries = 0
    """
    session.execute(text(right))


def forget(session: Session) -> None:
    """No token opens the page any more."""
    gone = """
        DELETE FROM setup_token
    """
    session.execute(text(gone))


def is_open(session: Session, most: int) -> bool:
    """Whether a token was given out that can still be tried."""
    asked = """
        SELECT EXISTS (
            SELECT
            FROM setup_token
            WHERE wrong_tries < :most
        )
    """
    return bool(session.execute(text(asked), {"most": most}).scalar_one())
