"""Share links for people without an account: a signed token for one thing, until it expires."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from itsdangerous import BadSignature, URLSafeSerializer

from backend.core.errors import Problem, WrongSecret
from backend.core.keys import LINKS, Keys
from backend.core.services.credentials import as_given


def share(keys: Keys, salt: str, subject: Sequence[str], hours: int) -> str:
    """A token for `subject` (ids or hashes) that ends after `hours`; `salt` says what kind of thing it
    opens."""
    return URLSafeSerializer(keys.secrets(LINKS), salt=salt).dumps(
        [int(datetime.now(UTC).timestamp()) + hours * 3600, *subject]
    )


def shared_subject(keys: Keys, salt: str, token: str) -> list[str]:
    """What a token is for. Raises link_ended, also for one that was never made here."""
    try:
        until, *subject = URLSafeSerializer(keys.secrets(LINKS), salt=salt).loads(as_given(token))
    except (BadSignature, ValueError) as error:
        raise WrongSecret("link_ended", token) from error
    if datetime.now(UTC).timestamp() > until:
        raise Problem("link_ended")
    return [str(one) for one in subject]
