"""Passwords and tokens: argon2 for the first, SHA-256 of random bytes for the second; nothing secret in clear."""

from __future__ import annotations

import hashlib
import secrets
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from backend.errors import Problem

# A hash takes 64 MiB and a core: more than two at once would starve the phones' sync.
_AT_ONCE = BoundedSemaphore(2)
_HASHER = PasswordHasher()
_DUMMY = _HASHER.hash("no such account")
LEAST_LENGTH = 10


def hash_password(password: str, *not_these: str | None) -> str:
    """The stored form; refuses short ones and those that hold the person's own numbers."""
    if len(password) < LEAST_LENGTH or any(part and part in password for part in not_these) or len(set(password)) < 5:
        raise Problem("password_too_weak")
    with _AT_ONCE:
        return _HASHER.hash(password)


def verify_password(stored: str | None, password: str) -> bool:
    """Whether it is the password; an unknown account costs the same time as a wrong password."""
    with _AT_ONCE:
        try:
            return _HASHER.verify(stored or _DUMMY, password) and stored is not None
        except (Argon2Error, InvalidHashError):
            return False


def new_token() -> str:
    """An opaque token of 256 random bits."""
    return secrets.token_urlsafe(32)


def token_sha256(token: str) -> bytes:
    """What is stored of a token."""
    return hashlib.sha256(token.encode()).digest()
