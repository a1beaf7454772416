"""The setup page's token: printed on the server's terminal, kept by its hash, good until it is used.

Only while the database is empty, and for few tries: whoever can read the terminal sets up, nobody else.
"""

from __future__ import annotations

import hmac

from sqlalchemy.orm import Session

from backend.core.errors import Problem
from backend.core.services.credentials import new_token, token_sha256
from backend.setup.queries import page_token
from backend.setup.queries.emptiness import is_empty

MOST_TRIES = 10


def give_token(session: Session) -> str:
    """A new token, in clear once; any before it ends. Raises already_set_up."""
    if not is_empty(session):
        raise Problem("already_set_up")
    token = new_token()
    page_token.keep(session, token_sha256(token))
    return token


def need_token(session: Session, token: str) -> None:
    """Raises already_set_up, and setup_token_wrong for another token than the one given out last.

    A try is counted before it is judged, by a statement that is a transaction of its own.
    """
    if not is_empty(session):
        raise Problem("already_set_up")
    kept = page_token.try_once(session, MOST_TRIES)
    if not hmac.compare_digest(kept or b"", token_sha256(token)):
        raise Problem("setup_token_wrong")
    page_token.was_right(session)
