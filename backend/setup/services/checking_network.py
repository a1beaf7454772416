"""Health checks of the network: the public address, its TLS certificate, the channels of messages."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import SplitResult, urlsplit

import httpx

from backend.core.config import Settings
from backend.core.sentences import sentence
from backend.notices.services.channels import begun_channels
from backend.notices.services.channels.webhook import Webhook
from backend.setup.services.checkup import Check, Finding, State, Surroundings

TIMEOUT_S = 5.0
WARN_DAYS = 21


def check_address(around: Surroundings) -> Iterator[Finding]:
    """Whether the server knows its own public address, and that is one by TLS."""
    url = around.settings.public_url
    if not url:
        yield Finding("public_url", State.WARN, sentence("setup.url_none"), sentence("setup.url_do"))
    elif _secure(url) is None:
        yield Finding(
            "public_url", State.FAIL, sentence("setup.url_plain", url=url), sentence("setup.url_do")
        )
    else:
        yield Finding("public_url", State.OK, sentence("setup.url_ok", url=url))


def check_certificate(around: Surroundings) -> Iterator[Finding]:
    """Whether the public address shows a certificate that phones trust, and for how long still."""
    where = _secure(around.settings.public_url)
    if where is None:
        yield Finding("certificate", State.SKIPPED, sentence("setup.certificate_none"))
        return
    try:
        days = (_ends_at(where.hostname or "", where.port or 443) - around.now).days
    except ssl.SSLCertVerificationError as error:
        bad = sentence("setup.certificate_bad", why=error.verify_message or str(error))
        yield Finding("certificate", State.FAIL, bad, sentence("setup.certificate_do"))
    except OSError as error:
        away = sentence("setup.certificate_away", host=where.hostname, why=type(error).__name__)
        yield Finding("certificate", State.FAIL, away, sentence("setup.certificate_away_do"))
    else:
        soon = days < WARN_DAYS
        found = sentence("setup.certificate_days", days=days)
        state = State.WARN if soon else State.OK
        yield Finding("certificate", state, found, sentence("setup.certificate_do") if soon else None)


def _secure(url: str) -> SplitResult | None:
    """An address by TLS, with a host and a port that can be one; None for anything else."""
    try:
        where = urlsplit(url)
        return where if where.scheme == "https" and where.hostname and where.port != 0 else None
    except ValueError:
        return None


def _ends_at(host: str, port: int) -> datetime:
    """Until when the certificate is good. Raises SSLCertVerificationError, OSError."""
    context = ssl.create_default_context()
    with (
        socket.create_connection((host, port), timeout=TIMEOUT_S) as plain,
        context.wrap_socket(plain, server_hostname=host) as wrapped,
    ):
        shown = wrapped.getpeercert() or {}
    ends_s = ssl.cert_time_to_seconds(str(shown["notAfter"]))
    return datetime.fromtimestamp(ends_s, UTC)


def check_channels(around: Surroundings) -> Iterator[Finding]:
    """Whether messages go out: where each purpose has its channels, those whose keys are all there."""
    settings = around.settings
    if settings.notify_channel != "purposes":
        if settings.notify_channel == "webhook":
            yield from _gateway(settings)
        else:
            yield Finding("gateway", State.WARN, sentence("setup.gateway_none"), sentence("setup.gateway_do"))
        return
    given = begun_channels(settings)
    if not given:
        yield Finding("channels", State.FAIL, sentence("setup.channels_none"), sentence("setup.channels_do"))
    for name, lacking in given.items():
        if lacking:
            found = sentence("setup.channel_lacks", channel=name)
            yield Finding(name, State.FAIL, found, sentence("setup.channel_lacks_do", settings=lacking))
        elif name != Webhook.name:
            # Its keys are there; whether they are right only a message would show, and none is sent.
            yield Finding(name, State.OK, sentence("setup.channel_ok", channel=name))
        else:
            yield from _gateway(settings)


def _gateway(settings: Settings) -> Iterator[Finding]:
    """Whether the operator's own gateway can be reached."""
    if not settings.notify_url:
        yield Finding("gateway", State.FAIL, sentence("setup.gateway_nowhere"), sentence("setup.gateway_do"))
        return
    try:
        # Whatever it answers, it is there; nothing is handed to it.
        httpx.head(settings.notify_url, timeout=TIMEOUT_S)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        away = sentence("setup.gateway_away", why=type(error).__name__)
        yield Finding("gateway", State.FAIL, away, sentence("setup.gateway_away_do"))
        return
    if settings.notify_secret:
        yield Finding("gateway", State.OK, sentence("setup.gateway_ok"))
    else:
        unsigned = sentence("setup.gateway_unsigned")
        yield Finding("gateway", State.WARN, unsigned, sentence("setup.gateway_unsigned_do"))


CHECKS = (
    Check("public_url", check_address),
    Check("certificate", check_certificate),
    Check("channels", check_channels),
)
