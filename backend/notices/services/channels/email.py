"""E-mail by SMTP (RFC 5321, replies as there and in RFC 3463), encrypted by STARTTLS (RFC 3207) or from the
start (RFC 8314), with the standard library's client.

`WANGGE_SMTP_URL` is `smtps://host:465`, or `smtp://host:587` for STARTTLS. Only a relay on this very machine
(`localhost`, `127.0.0.1`, `[::1]`) may do without encryption, and never gets a password then.
"""

from __future__ import annotations

import contextlib
import smtplib
import ssl
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate
from typing import Any, ClassVar
from urllib.parse import SplitResult, urlsplit

from marshmallow import ValidationError, validate

from backend.core.config import Settings
from backend.notices.services.channels.port import TIMEOUT_S, Answer, Letter, Outcome

_PORTS = {"smtp": 587, "smtps": 465}
_HERE = frozenset({"localhost", "127.0.0.1", "::1"})


class NoEncryption(smtplib.SMTPException):
    """The server offers none, and is not on this machine."""


class _Client(smtplib.SMTP):
    """Knows whether the mail itself was begun: whatever breaks before, nothing was taken."""

    has_begun = False

    def data(self, msg: Any) -> tuple[int, bytes]:
        """As the library's."""
        self.has_begun = True
        return super().data(msg)


class _SecureClient(_Client, smtplib.SMTP_SSL):
    """The same, encrypted from the start."""


class Email:
    """One mail for each message. `Message-ID` is made of the key; servers do not drop doubles by it."""

    name: ClassVar[str] = "email"
    address: ClassVar[str] = "email"
    repeats_safely_s: ClassVar[float] = 0

    def __init__(self, settings: Settings) -> None:
        self._url: SplitResult = urlsplit(settings.smtp_url)
        self._login, self._from = (settings.smtp_user, settings.smtp_password), settings.smtp_from

    @classmethod
    def is_set(cls, settings: Settings) -> bool:
        """It has a server and a sender; what is no address is no server."""
        try:
            scheme = urlsplit(settings.smtp_url).scheme
        except ValueError:
            return False
        return scheme in _PORTS and bool(settings.smtp_from)

    def send(self, letter: Letter) -> Answer:
        """Hand one mail to the server."""
        try:
            mail = self._mail(letter)
        except ValueError:
            return Answer(Outcome.REFUSED, "bad_address")
        try:
            client = self._open()
        except (smtplib.SMTPException, OSError, ValueError) as error:
            return _understood(error, has_begun=False)
        try:
            client.send_message(mail)
        except (smtplib.SMTPException, OSError, ValueError) as error:
            return _understood(error, has_begun=client.has_begun)
        finally:
            _leave(client)
        return Answer(Outcome.SENT, provider_id=str(mail["Message-ID"]))

    def _mail(self, letter: Letter) -> EmailMessage:
        """Raises ValueError for what is no address: a line break in one would be another header."""
        mail = EmailMessage()
        mail["From"] = mailbox(self._from)
        mail["To"] = mailbox(letter.to)
        mail["Subject"] = " ".join((letter.title or letter.text[:60]).split())
        mail["Date"] = formatdate()
        mail["Message-ID"] = f"<{letter.key}@{mailbox(self._from).domain}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(letter.text)
        return mail

    def _open(self) -> _Client:
        host, scheme = self._url.hostname or "", self._url.scheme
        port, context = self._url.port or _PORTS[scheme], ssl.create_default_context()
        if scheme == "smtps":
            client: _Client = _SecureClient(host, port, timeout=TIMEOUT_S, context=context)
        else:
            client = _Client(host, port, timeout=TIMEOUT_S)
        try:
            self._secure(client, context, is_here=host in _HERE)
        except BaseException:
            client.close()
            raise
        return client

    def _secure(self, client: smtplib.SMTP, context: ssl.SSLContext, *, is_here: bool) -> None:
        client.ehlo_or_helo_if_needed()
        is_secret = self._url.scheme == "smtps"
        if not is_secret and client.has_extn("starttls"):
            client.starttls(context=context)
            client.ehlo_or_helo_if_needed()
            is_secret = True
        if not is_secret and (not is_here or self._login[0]):
            raise NoEncryption("no STARTTLS")
        if self._login[0]:
            client.login(*self._login)


def mailbox(text: str) -> Address:
    """An address of plain ASCII. Raises ValueError for what is none."""
    try:
        if not text.isascii():
            raise ValueError(text)
        name, _, domain = validate.Email()(text).rpartition("@")
    except ValidationError as error:
        raise ValueError(text) from error
    return Address(username=name, domain=domain)


def _leave(client: smtplib.SMTP) -> None:
    """Take leave; what the server says to that changes nothing of what it took."""
    with contextlib.suppress(smtplib.SMTPException, OSError):
        client.quit()
    client.close()


def _understood(error: Exception, *, has_begun: bool) -> Answer:
    if isinstance(error, NoEncryption):
        return Answer(Outcome.REFUSED, "no_encryption")
    if isinstance(error, smtplib.SMTPServerDisconnected) or not isinstance(error, smtplib.SMTPException):
        return Answer(Outcome.UNKNOWN if has_begun else Outcome.LATER, type(error).__name__)
    code = _code(error)
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return Answer(Outcome.REFUSED if code >= 500 else Outcome.LATER, f"smtp_{code}")
    if not code:
        return Answer(Outcome.REFUSED, type(error).__name__)
    return Answer(Outcome.REFUSED if code >= 500 else Outcome.LATER, f"smtp_{code}")


def _code(error: smtplib.SMTPException) -> int:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return next((code for code, _ in error.recipients.values()), 0)
    return error.smtp_code if isinstance(error, smtplib.SMTPResponseException) else 0
