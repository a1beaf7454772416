"""Mail servers that break off or say odd things at each step: what went, and what nobody knows."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace

import pytest

from backend.core.config import Settings
from backend.notices.services.channels import open_channels
from backend.notices.services.channels.email import Email, mailbox
from backend.notices.services.channels.port import Answer, Letter, Outcome

LETTER = Letter(
    key="wangge-7", number=7, to="rep@water.example", zh="爆管", en="burst", text="爆管", title="紧急"
)
GREETING, AFTER_DATA = "greeting", "."
USUAL = {
    GREETING: "220 mail.water.example",
    "EHLO": "250 mail.water.example",
    "MAIL": "250 OK",
    "RCPT": "250 OK",
    "DATA": "354 go on",
    AFTER_DATA: "250 taken",
    "RSET": "250 OK",
    "QUIT": "221 bye",
}
# Instead of a reply: the line is cut without a word.
CUT = ""


@dataclass
class Line:
    """What a server heard: the first words of each line, and whole mails."""

    heard: list[str] = field(default_factory=list)
    mails: list[str] = field(default_factory=list)
    port: int = 0


def _serve(peer: socket.socket, line: Line, replies: dict[str, str]) -> None:
    with peer, peer.makefile("rb") as lines:
        step = GREETING
        while True:
            reply = replies.get(step, "500 what?")
            if reply == CUT:
                return
            peer.sendall(f"{reply}\r\n".encode())
            if step == "QUIT":
                return
            if step == "DATA" and reply.startswith("354"):
                line.mails.append("".join(one.decode() for one in iter(lines.readline, b".\r\n")))
                step = AFTER_DATA
                continue
            step = lines.readline().decode(errors="replace")[:4].strip().upper()
            if not step:
                return
            line.heard.append(step)


@contextmanager
def server(**replies: str) -> Iterator[Line]:
    """One that takes a single line, and replies as it is told to (`after` is the reply to a whole mail)."""
    after = replies.pop("after", USUAL[AFTER_DATA])
    said, line = USUAL | {AFTER_DATA: after} | replies, Line()
    with socket.create_server(("127.0.0.1", 0)) as door:
        line.port = door.getsockname()[1]

        def take() -> None:
            peer, _ = door.accept()
            # Whoever wanted encryption hangs up on a server that speaks none.
            with suppress(OSError):
                _serve(peer, line, said)

        thread = threading.Thread(target=take, daemon=True)
        thread.start()
        yield line
        thread.join(10)


def sent(settings: Settings, line: Line, scheme: str = "smtp") -> Answer:
    url = f"{scheme}://127.0.0.1:{line.port}"
    return Email(replace(settings, smtp_url=url, smtp_from="office@water.example")).send(LETTER)


@pytest.mark.parametrize("bye", ["421 4.3.2 shutting down", "500 what?", CUT, "no code at all"])
def test_a_mail_that_was_taken_is_sent_whatever_is_said_to_the_leave(settings: Settings, bye: str) -> None:
    with server(QUIT=bye) as line:
        answer = sent(settings, line)
    assert answer == Answer(Outcome.SENT, provider_id="<wangge-7@water.example>")
    assert len(line.mails) == 1 and line.heard[-1] == "QUIT"


@pytest.mark.parametrize("step", [GREETING, "EHLO", "MAIL", "RCPT"])
def test_a_server_that_hangs_up_before_the_mail_has_not_taken_it(settings: Settings, step: str) -> None:
    with server(**{step: CUT}) as line:
        answer = sent(settings, line)
    assert answer == Answer(Outcome.LATER, "SMTPServerDisconnected")
    assert line.mails == []


@pytest.mark.parametrize("step", ["DATA", "after"])
def test_a_server_that_hangs_up_at_the_mail_may_have_taken_it(settings: Settings, step: str) -> None:
    with server(**{step: CUT}) as line:
        answer = sent(settings, line)
    assert answer == Answer(Outcome.UNKNOWN, "SMTPServerDisconnected")


@pytest.mark.parametrize(
    ("step", "reply", "outcome"),
    [
        (GREETING, "421 too busy", Outcome.LATER),
        (GREETING, "554 no service here", Outcome.REFUSED),
        ("MAIL", "451 try again", Outcome.LATER),
        ("MAIL", "553 sender not known", Outcome.REFUSED),
        ("RCPT", "452 too many", Outcome.LATER),
        ("RCPT", "421 too many", Outcome.LATER),
        ("RCPT", "550 nobody", Outcome.REFUSED),
        ("DATA", "451 not now", Outcome.LATER),
        ("after", "421 going down", Outcome.LATER),
        ("after", "552 too long", Outcome.REFUSED),
    ],
)
def test_each_steps_reply_is_understood(settings: Settings, step: str, reply: str, outcome: Outcome) -> None:
    with server(**{step: reply}) as line:
        answer = sent(settings, line)
    assert answer == Answer(outcome, f"smtp_{reply[:3]}")


def test_a_server_that_knows_only_the_old_greeting_is_understood(settings: Settings) -> None:
    """A refused EHLO is followed by HELO; the mail goes all the same."""
    with server(EHLO="502 not implemented", HELO="250 hello") as line:
        answer = sent(settings, line)
    assert answer.outcome is Outcome.SENT
    assert "HELO" in line.heard and len(line.mails) == 1


def test_encryption_from_the_start_is_not_given_up_for_plain_text(settings: Settings) -> None:
    with server() as line:
        answer = sent(settings, line, "smtps")
    assert (answer.outcome, answer.reason) == (Outcome.LATER, "SSLError")
    assert line.mails == []


@pytest.mark.parametrize("url", ["smtp://localhost:99999", "smtp://localhost:x", "smtp://127.0.0.1:9"])
def test_a_broken_address_of_the_server_is_tried_again_once_it_is_mended(
    settings: Settings, url: str
) -> None:
    found = replace(settings, smtp_url=url, smtp_from="office@water.example")
    assert Email(found).send(LETTER).outcome is Outcome.LATER


@pytest.mark.parametrize("url", ["smtp://[::1", "smtps://]", "mail.water.example", "http://mail", ""])
def test_what_is_no_address_of_a_server_opens_no_channel_and_closes_no_other(
    settings: Settings, url: str
) -> None:
    found = replace(settings, smtp_url=url, smtp_from="office@water.example", notify_channel="purposes")
    assert list(open_channels(replace(found, wecom_robot_key="key"))) == ["wecom_robot"]


@pytest.mark.parametrize(
    "sender", ["office", "水务@water.example", "office@water.example\r\nBcc: x@y.example"]
)
def test_a_sender_that_is_no_mailbox_is_told_and_nothing_goes(settings: Settings, sender: str) -> None:
    found = replace(settings, smtp_url="smtp://127.0.0.1:9", smtp_from=sender)
    assert Email(found).send(LETTER) == Answer(Outcome.REFUSED, "bad_address")


def test_lines_that_begin_with_a_dot_and_long_ones_arrive_whole(settings: Settings) -> None:
    words = ".\n..\n爆管" + "长" * 2000
    with server() as line:
        url = f"smtp://127.0.0.1:{line.port}"
        channel = Email(replace(settings, smtp_url=url, smtp_from="office@water.example"))
        assert channel.send(replace(LETTER, text=words, title="")).outcome is Outcome.SENT
    (mail,) = line.mails
    assert all(len(one) <= 998 for one in mail.split("\r\n"))
    assert "Auto-Submitted: auto-generated" in mail and "Message-ID: <wangge-7@water.example>" in mail


@pytest.mark.parametrize(
    ("text", "name", "domain"),
    [
        ("rep@water.example", "rep", "water.example"),
        ("first.last+tag@a-b.example", "first.last+tag", "a-b.example"),
    ],
)
def test_a_mailbox_has_a_name_and_a_domain(text: str, name: str, domain: str) -> None:
    found = mailbox(text)
    assert (found.username, found.domain) == (name, domain)
