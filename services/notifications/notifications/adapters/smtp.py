"""Mails over SMTP (RFC 5321): text and HTML as alternatives."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from urllib.parse import urlsplit

import aiosmtplib
from opentelemetry.trace import SpanKind
from shopkit import tracing

from notifications.application.ports import RefusedError, TransportError
from notifications.domain.mails import Mail


@dataclass(frozen=True, slots=True)
class Server:
    """`url`: smtp://host:port (STARTTLS where it is offered) or smtps://host:port. `sender`: who mails are from."""

    url: str
    sender: str
    user: str = ""
    password: str = ""
    timeout: float = 10.0

    def __repr__(self) -> str:
        return f"Server(url={self.url!r}, sender={self.sender!r})"

    @property
    def domain(self) -> str:
        """The sender's domain."""
        return parseaddr(self.sender)[1].rpartition("@")[2]


def message(mail: Mail, sender: str, now: datetime) -> EmailMessage:
    """The mail as RFC 5322 wants it."""
    made = EmailMessage()
    made["From"] = sender
    made["To"] = mail.recipient
    made["Subject"] = mail.subject
    made["Date"] = format_datetime(now)
    made["Message-ID"] = mail.message_id
    made["Auto-Submitted"] = "auto-generated"  # RFC 3834: no answers by machines
    made.set_content(mail.text)
    made.add_alternative(mail.html, subtype="html")
    return made


class SmtpTransport:
    """A connection a mail: what a queue between us and the server would keep, the broker keeps."""

    def __init__(self, server: Server, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._server = server
        self._now = now

    async def send(self, mail: Mail) -> None:
        server = self._server
        parts = urlsplit(server.url)
        secure = parts.scheme == "smtps"
        try:
            attributes = {"server.address": parts.hostname or ""}
            with tracing.span("send mail", SpanKind.CLIENT, attributes=dict(attributes)):
                async with asyncio.timeout(server.timeout):  # all of it: nobody else sends it meanwhile
                    await aiosmtplib.send(
                        message(mail, server.sender, self._now()),
                        hostname=parts.hostname,
                        port=parts.port or (465 if secure else 25),
                        use_tls=secure,
                        username=server.user or None,
                        password=server.password or None,
                        timeout=server.timeout,
                    )
        except aiosmtplib.SMTPRecipientsRefused as error:
            codes = [refused.code for refused in error.recipients]
            raise _failure(min(codes), "the recipient") from error
        except aiosmtplib.SMTPDataError as error:
            raise _failure(error.code, "the mail") from error
        except (aiosmtplib.SMTPException, OSError) as error:
            raise TransportError(f"the mail server at {parts.hostname}: {type(error).__name__}") from error


def _failure(code: int, what: str) -> RefusedError | TransportError:
    """5xx is for good, 4xx for now. The server's words stay out: they name the recipient."""
    kind = RefusedError if code >= 500 else TransportError
    return kind(f"the mail server refused {what}: {code}")
