"""Passwords and tokens: argon2 for the first, SHA-256 of random bytes for the second; nothing secret in
clear."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import secrets
import unicodedata
from collections.abc import Collection
from threading import BoundedSemaphore, Lock
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from backend.core.comparing import comparable
from backend.core.errors import Problem
from backend.core.sentences import fault

# A hash takes 64 MiB and a core: more than two at once would starve the phones' sync.
_AT_ONCE = BoundedSemaphore(2)
_HASHER = PasswordHasher()
# Of no password; made with the parameters of `_HASHER` and kept, as making it takes every process a while.
_DUMMY = "$argon2id$v=19$m=65536,t=3,p=4$tAqGphzzSg6Sjog2V6gszQ$jJF/FtwewglwI3pZ3Pf/fzhQD17hTL05h588WkrIn2k"
LEAST_LENGTH = 10
# A packed link begins with a stop.
_ROUND_A_TOKEN = re.compile(r"^[^A-Za-z0-9_.-]+|[^A-Za-z0-9_-]+$")
# More than ten thousand million guesses (zxcvbn's own highest score).
LEAST_SCORE = 4
# What a guesser of this product's passwords tries before a dictionary; the library's own words are English.
PRODUCT_WORDS = (
    "wangge",
    "网格",
    "gongshui",
    "供水",
    "zilaishui",
    "自来水",
    "shuiwu",
    "水务",
    "mima",
    "密码",
    "guanliyuan",
    "管理员",
    "kouling",
    "口令",
    "denglu",
    "登录",
    "gongsi",
    "公司",
    "jituan",
    "集团",
    "zhongguo",
    "中国",
    "woaini",
    "我爱你",
    "5201314",
    "1314520",
    "woshishei",
    "yonghu",
    "demo",
    "wangge-demo",
    "yanshi",
    "演示",
)
# The library keeps the words of a call in a global.
_JUDGING = Lock()
_FAMILY_BYTES, _SECRET_BYTES = 16, 32


def need_strong(password: str, numbers: Collection[str | None], words: Collection[str]) -> None:
    """Refuse a password that is short, holds one of the person's own numbers, or is guessed easily by who
    knows these words (names of person, unit, product). Raises password_too_weak with the rule that failed."""
    form = comparable(password)
    own = [comparable(number) for number in numbers if number]
    failed = None
    if len(password) < LEAST_LENGTH:
        failed = fault("password", "core.too_short", least=LEAST_LENGTH)
    elif any(number and number in form for number in own):
        failed = fault("password", "core.own_number")
    elif _score(unicodedata.normalize("NFKC", password), [*own, *words]) < LEAST_SCORE:
        failed = fault("password", "core.easy_to_guess")
    if failed:
        raise Problem("password_too_weak", faults=[failed])


def _score(password: str, words: list[str]) -> int:
    # Its lists of words are loaded by who judges a password, and by nobody else.
    from zxcvbn import zxcvbn

    with _JUDGING:
        return int(zxcvbn(password[:72], user_inputs=[*PRODUCT_WORDS, *words])["score"])


def hash_password(password: str) -> str:
    """The stored form; whether it is a good one is judged by `need_strong`."""
    with _AT_ONCE:
        return _HASHER.hash(password)


def verify_password(stored: str | None, password: str) -> bool:
    """Whether it is the password; an unknown account costs the same time as a wrong password."""
    with _AT_ONCE:
        try:
            return _HASHER.verify(stored or _DUMMY, password) and stored is not None
        except (Argon2Error, InvalidHashError):
            return False


def new_token(family: UUID | None = None) -> str:
    """An opaque token of 256 random bits; a refresh token also carries its family, which is told to nobody
    else."""
    random = secrets.token_bytes(_SECRET_BYTES)
    return base64.urlsafe_b64encode((family.bytes if family else b"") + random).decode().rstrip("=")


def as_given(pasted: str) -> str:
    """A token as it was given out: mail breaks it into lines and puts marks round it, a person pastes the
    whole link.

    No token of ours holds a blank, a character that cannot be seen or a stop at its end.
    """
    seen = "".join(one for one in pasted if unicodedata.category(one)[0] not in "CZ")
    return _ROUND_A_TOKEN.sub("", re.split("[#/=]", _ROUND_A_TOKEN.sub("", seen))[-1])


def family_in(token: str) -> UUID | None:
    """The family a refresh token says it is of; None for any other text."""
    try:
        raw = base64.b64decode(as_given(token), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    return UUID(bytes=raw[:_FAMILY_BYTES]) if len(raw) == _FAMILY_BYTES + _SECRET_BYTES else None


def token_sha256(token: str) -> bytes:
    """What is stored of a token; pasted with blanks and line breaks it is the same one."""
    return hashlib.sha256(as_given(token).encode()).digest()
