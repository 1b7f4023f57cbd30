"""The transport and the sink over real SMTP."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from processes import SinkProcess
from shopkit.testing.programs import free_port

from notifications.adapters.smtp import Server, SmtpTransport
from notifications.application.ports import RefusedError, TransportError
from notifications.domain.mails import Kind, Mail, Money, Notice, compose
from notifications.sink.mailbox import Mailbox

MAIL = compose(Notice("o1", Kind.CONFIRMED, Money(1290, "EUR")), "ann@example.org", "shop.test")


def transport(port: int) -> SmtpTransport:
    return SmtpTransport(Server(f"smtp://127.0.0.1:{port}", "The shop <shop@shop.test>", timeout=1))


async def test_the_sink_shows_text_and_html_and_counts_copies(sink: SinkProcess) -> None:
    for _ in range(3):
        await transport(sink.smtp_port).send(MAIL)
    said = await sink.mails("ANN@example.org")
    [mail] = said["mails"]
    assert (said["total"], said["copies"], mail["copies"]) == (1, 2, 2)
    assert (mail["message_id"], mail["to"]) == ("<order-confirmed.o1@shop.test>", ["ann@example.org"])
    assert (mail["sender"], mail["subject"]) == ("The shop <shop@shop.test>", "Your order is confirmed")
    assert mail["text"] == MAIL.text
    assert mail["html"] == MAIL.html
    assert (await sink.mails("bob@example.org"))["mails"] == []
    assert (await sink.mails())["total"] == 1
    assert await sink.shows('sink_mails_total{outcome="copy"} 2.0')
    code, out, err = sink.end()
    assert (code, err) == (0, "")
    assert "ann@example.org" not in out


class Refusing:
    """A mail server that answers as the recipient says: `550@…` at RCPT, `data554@…` after the mail."""

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        code = address.partition("@")[0]
        envelope.rcpt_tos.append(address)
        return f"{code} no" if code.isdigit() else "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        code = envelope.rcpt_tos[0].partition("@")[0].removeprefix("data")
        return f"{code} no"


@pytest.fixture
def refusing() -> Iterator[int]:
    port = free_port()
    controller = Controller(Refusing(), hostname="127.0.0.1", port=port)
    controller.start()
    yield port
    controller.stop()


@pytest.mark.parametrize(
    ("recipient", "error"),
    [
        ("550@example.org", RefusedError),
        ("450@example.org", TransportError),
        ("data554@example.org", RefusedError),
        ("data451@example.org", TransportError),
    ],
)
async def test_five_is_for_good_and_four_is_for_now(refusing: int, recipient: str, error: type[Exception]) -> None:
    mail = Mail("<m@shop.test>", recipient, "s", "t", "h")
    with pytest.raises(error, match="the mail server refused") as caught:
        await transport(refusing).send(mail)
    assert recipient not in str(caught.value)


async def test_a_server_that_is_away_is_for_now() -> None:
    with pytest.raises(TransportError, match=r"the mail server at 127.0.0.1: \w+"):
        await transport(free_port()).send(MAIL)


def test_the_password_stays_out_of_sight() -> None:
    assert "hunter2" not in repr(Server("smtp://mail:25", "shop@shop.test", "shop", "hunter2"))


def test_the_mailbox_is_bounded() -> None:
    mailbox = Mailbox(2)
    for number in range(3):
        assert mailbox.put(f"Message-ID: <{number}@x>\n\ntext\n".encode(), ["a@x"])
    assert [mail.message_id for mail in mailbox.mails()] == ["<1@x>", "<2@x>"]


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"Content-Type: text/plain; charset=nonsense\n\n\xff\n"])
def test_the_mailbox_takes_what_comes(content: bytes) -> None:
    mailbox = Mailbox(2)
    assert mailbox.put(content, ["a@x"])
    assert not mailbox.put(content, ["a@x"])
    [mail] = mailbox.mails("a@x")
    assert mail.message_id.endswith("@without-id>")
