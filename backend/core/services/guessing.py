"""Brute-force protection of secrets: each wrong try makes the next one wait longer; known devices go first.

Counted in the broker, which all processes share. Nobody is locked out: a wait is for one who tries from one
place, the longest is a quarter of an hour, and a device that proves to be known waits for its own wrong tries
alone (decision 0007).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil
from time import monotonic, time
from typing import Any, TypeVar, cast

import structlog
from limits import parse
from limits.storage import MemoryStorage, Storage, storage_from_string

from backend.core.errors import Problem

N = TypeVar("N", int, float)
log = structlog.get_logger(__name__)
HOUR_S = 3600
# A broker that hangs must not hang every request, and one that is away is not asked each time.
BROKER_TIMEOUT_S, BROKER_AWAY_S = 1, 10
# Who has waited finds the turn kept for so long.
TURN_S = 300
WRONG = frozenset({"wrong_credentials", "wrong_code"})


@dataclass(frozen=True, slots=True)
class Patience:
    """After `free` wrong tries within an hour the next one waits a second, then two, four, up to
    `longest_s`."""

    free: int
    longest_s: int

    def wait_s(self, wrong: int) -> int:
        """How long the next try waits after so many wrong ones."""
        over = wrong - self.free
        return 0 if over < 0 else int(min(2 ** min(over, 20), self.longest_s))


KNOWN = Patience(5, 300)
ONE_PLACE = Patience(5, 900)
# Short, for it is a stranger's wrong tries that the owner waits for, with a new phone, once.
ONE_SECRET_FROM_ANYWHERE = Patience(10, 60)
ANY_SECRET_FROM_ONE_PLACE = Patience(60, 60)
# Tokens and links are 256 random bits: what is limited is the noise. Ended ones come in good faith.
TOKENS_FROM_ONE_PLACE = Patience(300, 60)


@dataclass(slots=True)
class Attempt:
    """One try; set `is_wrong` where no error says so."""

    is_wrong: bool = False


class Guesses:
    """Counts wrong tries in `storage`; where that does not answer, in this process. None: limits are off."""

    def __init__(self, storage: Storage | None) -> None:
        self._shared = storage
        self._own = MemoryStorage()
        self._away_until = 0.0

    @contextmanager
    def one_try(self, what: str, subject: str, source: str, *, is_known: bool = False) -> Iterator[Attempt]:
        """A try at the secret of `subject`, from an address or a known device.

        Raises too_many_tries before it is made.

        It is wrong when the block says so or raises wrong_credentials. Of tries at once each is counted
        before it is made.
        """
        attempt = Attempt()
        if self._shared is None:
            yield attempt
            return
        pair = f"{what}|{subject}|{source}"
        lanes = _lanes(what, subject, source, pair, is_known)
        self._enter(pair, lanes)
        try:
            yield attempt
        except Problem as problem:
            attempt.is_wrong = attempt.is_wrong or problem.code in WRONG
            raise
        finally:
            self._leave(pair, lanes, attempt)

    def need_room(self, rate: str, source: str) -> None:
        """Count one try, right or wrong, against a rate as `600 per minute`: checking passwords costs time
        and memory.

        Raises too_many.
        """
        if self._shared is None:
            return
        most, key = parse(rate), f"tries|{source}"
        if self._count(key, most.get_expiry()) > most.amount:
            raise Problem("too_many", retry_after_s=self._left_s(key) or 1)

    def wrong_token(self, source: str, token: str) -> int:
        """Count a token or link that was never given out; seconds until this one may be asked about again,
        0 for now.

        The same one shown again is no further guess.
        """
        if self._shared is None:
            return 0
        shown, lane = f"shown|{source}|{token}", {f"tokens|{source}": TOKENS_FROM_ONE_PLACE}
        is_new = self._count(shown, HOUR_S) == 1
        wrong = self._count(f"tokens|{source}", HOUR_S) if is_new else self._counted(f"tokens|{source}")
        return self._wait_s(shown, _need_s(lane, [wrong]))

    def _enter(self, pair: str, lanes: dict[str, Patience]) -> None:
        left = self._left_s(f"wait|{pair}")
        if not left:
            earlier = [self._count(key, HOUR_S) - 1 for key in lanes]
            left = self._wait_s(pair, _need_s(lanes, earlier))
            if left:
                self._uncount(lanes)
        if left:
            raise Problem("too_many_tries", retry_after_s=left)

    def _leave(self, pair: str, lanes: dict[str, Patience], attempt: Attempt) -> None:
        self._forget(f"turn|{pair}")
        if not attempt.is_wrong:
            self._uncount(lanes)
            self._forget(pair)
            return
        self._wait_s(pair, _need_s(lanes, [self._counted(key) for key in lanes]))

    def _wait_s(self, pair: str, need_s: int) -> int:
        """How long still, for who must wait `need_s` once; 0 once they have waited, to one of those who
        come then."""
        if left := self._left_s(f"wait|{pair}"):
            return left
        if not need_s:
            return 0
        turn = self._count(f"turn|{pair}", need_s + TURN_S)
        if turn == 1:
            self._count(f"wait|{pair}", need_s)
            return need_s
        return 0 if turn == 2 else 1

    def _count(self, key: str, seconds: int, amount: int = 1) -> int:
        return self._ask(lambda storage: storage.incr(_key(key), seconds, amount))

    def _uncount(self, lanes: dict[str, Patience]) -> None:
        for key in lanes:
            self._count(key, HOUR_S, -1)

    def _counted(self, key: str) -> int:
        return self._ask(lambda storage: storage.get(_key(key)))

    def _forget(self, key: str) -> None:
        def clear(storage: Storage) -> int:
            storage.clear(_key(key))
            return 0

        self._ask(clear)

    def _left_s(self, key: str) -> int:
        if not self._counted(key):
            return 0
        ends_at = self._ask(lambda storage: storage.get_expiry(_key(key)))
        return max(ceil(ends_at - time()), 1)

    def _ask(self, ask: Callable[[Storage], N]) -> N:
        assert self._shared is not None
        if monotonic() >= self._away_until:
            try:
                return ask(self._shared)
            except self._shared.base_exceptions as error:
                self._away_until = monotonic() + BROKER_AWAY_S
                log.warning("limits.broker_away", error=type(error).__name__)
        return ask(self._own)


def counters_at(uri: str, **options: bool) -> Storage:
    """Where tries and requests are counted: `redis…` for all processes, `memory://` for this one."""
    return cast(Storage, storage_from_string(uri, **_once(uri), **options))


def _once(uri: str) -> dict[str, Any]:
    """Asked once and not for long: the library would ask a broker that is away four times, for seconds."""
    if uri.startswith("memory"):
        return {}
    library = "valkey" if uri.startswith("valkey") else "redis"
    retry = import_module(f"{library}.retry").Retry(import_module(f"{library}.backoff").NoBackoff(), 0)
    connect = {} if "unix:" in uri else {"socket_connect_timeout": BROKER_TIMEOUT_S}
    return {"socket_timeout": BROKER_TIMEOUT_S, "retry": retry, **connect}


def network_of(address: str | None) -> str:
    """What one customer of a provider has: an IPv4 address, or the 64 leading bits of an IPv6 one."""
    try:
        found = ip_address(address or "")
    except ValueError:
        return "nowhere"
    if not isinstance(found, IPv6Address):
        return str(found)
    return str(found.ipv4_mapped or ip_network((found, 64), strict=False))


def _lanes(what: str, subject: str, source: str, pair: str, is_known: bool) -> dict[str, Patience]:
    if is_known:
        return {pair: KNOWN}
    return {
        pair: ONE_PLACE,
        f"{what}|{subject}": ONE_SECRET_FROM_ANYWHERE,
        f"{what}||{source}": ANY_SECRET_FROM_ONE_PLACE,
    }


def _need_s(lanes: dict[str, Patience], wrong: list[int]) -> int:
    return max(lane.wait_s(count) for lane, count in zip(lanes.values(), wrong, strict=True))


def _key(words: str) -> str:
    """Short, and nothing of a login or token in clear."""
    return f"wangge:guess:{hashlib.sha256(words.encode(errors='replace')).hexdigest()[:32]}"
