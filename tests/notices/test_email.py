"""Mail against a real SMTP server on this machine: encrypted or not sent, and its replies understood."""

from __future__ import annotations

import email
import email.policy
import socket
import ssl
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path
from typing import Any, cast

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from backend.core.config import Settings
from backend.notices.services.channels.email import Email
from backend.notices.services.channels.port import Answer, Letter, Outcome

USER, PASSWORD = "wangge", "mail secret"
LETTER = Letter(
    key="wangge-7", number=7, to="rep@water.example", zh="爆管", en="burst", text="爆管，请速回电。\n.第二行",
    title="紧急\r\nBcc: all@water.example",
)  # fmt: skip


class Mailboxes:
    """Keeps what came, and replies as it is told to."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.reply_to_rcpt = self.reply_to_data = ""
        self.was_encrypted: list[bool] = []

    async def handle_RCPT(self, _s: SMTP, _ss: Session, envelope: Envelope, address: str, _o: Any) -> str:
        if self.reply_to_rcpt:
            return self.reply_to_rcpt
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.reply_to_data:
            return self.reply_to_data
        self.was_encrypted.append(session.ssl is not None)
        content = cast(bytes, envelope.content)
        self.mails.append(cast(EmailMessage, email.message_from_bytes(content, policy=email.policy.default)))
        return "250 taken"


def _checked(_s: SMTP, _ss: Session, _e: Envelope, _mechanism: str, given: Any) -> AuthResult:
    is_right = isinstance(given, LoginPassword) and (given.login, given.password) == (
        USER.encode(),
        PASSWORD.encode(),
    )
    return AuthResult(success=is_right, handled=False)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, Path]:
    found, folder = trustme.CA(), tmp_path_factory.mktemp("authority")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    found.issue_cert("localhost").configure_cert(context)
    found.cert_pem.write_to_path(str(folder / "ca.pem"))
    return context, folder / "ca.pem"


@pytest.fixture
def boxes() -> Mailboxes:
    return Mailboxes()


@pytest.fixture
def secure(
    boxes: Mailboxes,
    settings: Settings,
    authority: tuple[ssl.SSLContext, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Settings]:
    """A server that takes nothing without STARTTLS and a password."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority[1]))
    options: dict[str, Any] = {"tls_context": authority[0], "require_starttls": True, "auth_required": True}
    server = Controller(boxes, "127.0.0.1", _port(), authenticator=_checked, **options)
    server.start()
    yield _of(settings, server, smtp_user=USER, smtp_password=PASSWORD)
    server.stop()


@pytest.fixture
def plain(boxes: Mailboxes, settings: Settings) -> Iterator[Settings]:
    """A relay on this machine without encryption."""
    server = Controller(boxes, "127.0.0.1", _port())
    server.start()
    yield _of(settings, server)
    server.stop()


def _port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def _of(settings: Settings, server: Controller, **more: str) -> Settings:
    return replace(
        settings, smtp_url=f"smtp://localhost:{server.port}", smtp_from="office@water.example", **more
    )


def test_a_mail_goes_encrypted_with_its_words_and_no_header_of_its_title(
    secure: Settings, boxes: Mailboxes
) -> None:
    answer = Email(secure).send(LETTER)
    assert answer == Answer(Outcome.SENT, provider_id="<wangge-7@water.example>")
    (mail,) = boxes.mails
    assert boxes.was_encrypted == [True]
    assert (mail["To"], mail["From"], mail["Bcc"]) == ("rep@water.example", "office@water.example", None)
    assert mail["Subject"] == "紧急 Bcc: all@water.example"
    assert mail["Message-ID"] == answer.provider_id
    assert mail.get_content().splitlines() == LETTER.text.splitlines()


def test_a_wrong_password_is_told_at_once(secure: Settings, boxes: Mailboxes) -> None:
    answer = Email(replace(secure, smtp_password="another")).send(LETTER)
    assert answer == Answer(Outcome.REFUSED, "smtp_535")
    assert boxes.mails == []


def test_a_strangers_certificate_gets_neither_password_nor_mail(
    secure: Settings, boxes: Mailboxes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    answer = Email(secure).send(LETTER)
    assert answer == Answer(Outcome.LATER, "SSLCertVerificationError")
    assert boxes.mails == []


def test_without_encryption_only_a_relay_of_this_machine_and_never_a_password(
    plain: Settings, boxes: Mailboxes, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Email(plain).send(LETTER).outcome is Outcome.SENT
    assert boxes.was_encrypted == [False]
    with_password = replace(plain, smtp_user=USER, smtp_password=PASSWORD)
    assert Email(with_password).send(LETTER) == Answer(Outcome.REFUSED, "no_encryption")
    monkeypatch.setattr("backend.notices.services.channels.email._HERE", frozenset())
    assert Email(plain).send(LETTER) == Answer(Outcome.REFUSED, "no_encryption")
    assert len(boxes.mails) == 1


@pytest.mark.parametrize(
    ("rcpt", "data", "answer"),
    [
        ("550 5.1.1 no such mailbox", "", Answer(Outcome.REFUSED, "smtp_550")),
        ("450 4.2.0 greylisted", "", Answer(Outcome.LATER, "smtp_450")),
        ("", "554 5.7.1 refused", Answer(Outcome.REFUSED, "smtp_554")),
        ("", "452 4.3.1 no room", Answer(Outcome.LATER, "smtp_452")),
    ],
)
def test_what_the_server_replies_is_understood(
    plain: Settings, boxes: Mailboxes, rcpt: str, data: str, answer: Answer
) -> None:
    boxes.reply_to_rcpt, boxes.reply_to_data = rcpt, data
    assert Email(plain).send(LETTER) == answer


@pytest.mark.parametrize("to", ["", "nobody", "a@b\r\nBcc: x@y", "名@water.example", "a@", "@b"])
def test_what_is_no_mailbox_gets_no_mail(plain: Settings, boxes: Mailboxes, to: str) -> None:
    assert Email(plain).send(replace(LETTER, to=to)) == Answer(Outcome.REFUSED, "bad_address")
    assert boxes.mails == []


def test_a_server_that_is_away_is_asked_later(settings: Settings) -> None:
    away = replace(settings, smtp_url="smtp://127.0.0.1:9", smtp_from="office@water.example")
    assert Email(away).send(LETTER) == Answer(Outcome.LATER, "ConnectionRefusedError")
    assert Email.is_set(away)
    assert not Email.is_set(replace(away, smtp_url="http://mail"))
    assert not Email.is_set(replace(away, smtp_from=""))
