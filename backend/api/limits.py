"""Rate limits for addresses that answer without a sign-in, and where a request comes from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

from backend.api.house import house
from backend.services.guessing import network_of

limiter = Limiter(get_remote_address, headers_enabled=True, strategy="moving-window")


def limited(setting: str, method: str, key: Callable[[], str] = get_remote_address) -> Any:
    """At most as often as a setting of the running house says, counted by `key`; not at all where limits are off."""
    return limiter.limit(
        lambda: getattr(house().settings, setting),
        key_func=key,
        methods=[method],
        exempt_when=lambda: not house().settings.limits_enabled,
    )


def asking_network() -> str:
    """The address of who asks, as wrong tries are counted by it."""
    return network_of(request.remote_addr)
