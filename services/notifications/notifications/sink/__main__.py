"""Run the sink: `python3 -m notifications.sink`, SMTP and HTTP. Settings come from MAIL_SINK_* variables."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Annotated

from aiosmtpd.smtp import SMTP, Envelope, Session
from fastapi import FastAPI, Query
from opentelemetry.sdk.trace import TracerProvider
from pydantic import BaseModel
from shopkit.metrics import Metrics
from shopkit.process import Parts, run
from shopkit.settings import Common, Reader, common
from shopkit.web import create_app

from notifications import __version__
from notifications.sink.mailbox import Mailbox

SERVICE = "mail-sink"
LARGEST = 1_000_000
"""Bytes of a mail that is taken."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How one process runs; `capacity` mails are kept in memory."""

    common: Common
    smtp_port: int
    capacity: int

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Settings:
        """Settings from the environment. Raises SettingError."""
        read = Reader(environ, "MAIL_SINK_")
        return cls(
            common(environ, SERVICE),
            smtp_port=read.integer("SMTP_PORT", 2525, 1, 65535),
            capacity=read.integer("CAPACITY", 10_000, 1, 1_000_000),
        )


class MailOut(BaseModel):
    """One mail; `copies` came after the first of the same Message-ID."""

    message_id: str
    to: list[str]
    sender: str
    subject: str
    text: str
    html: str
    received_at: datetime
    copies: int


class MailsOut(BaseModel):
    """Mails, oldest first; how many there are, and how many copies came of them."""

    mails: list[MailOut]
    total: int
    copies: int


class Sink:
    """The mailbox behind SMTP and HTTP."""

    def __init__(self, settings: Settings, tracer_provider: TracerProvider | None = None) -> None:
        metrics = Metrics(SERVICE)
        self._settings = settings
        self._mailbox = Mailbox(settings.capacity)
        self._received = metrics.counter("sink_mails_total", "Mails taken: first or copy", ("outcome",))
        self._listening = False
        self.app = create_app(SERVICE, __version__, metrics, tracer_provider, self._ready)
        self._add_routes(self.app)

    async def _ready(self) -> bool:
        return self._listening

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        """Called by the server with each mail."""
        content = envelope.content or b""
        first = self._mailbox.put(content if isinstance(content, bytes) else content.encode(), envelope.rcpt_tos)
        self._received.labels("first" if first else "copy").inc()
        return "250 OK"

    async def listen(self) -> None:
        """Serve SMTP for ever."""
        server = await asyncio.get_running_loop().create_server(
            lambda: SMTP(self, data_size_limit=LARGEST, enable_SMTPUTF8=True, hostname=SERVICE, ident=SERVICE),
            self._settings.common.host,
            self._settings.smtp_port,
        )
        async with server:
            self._listening = True
            try:
                await server.serve_forever()
            finally:
                self._listening = False

    def _add_routes(self, app: FastAPI) -> None:
        @app.get("/mails", tags=["mails"])
        async def mails(to: Annotated[str | None, Query(max_length=254)] = None) -> MailsOut:
            """The mails to an address, or all."""
            found = self._mailbox.mails(to)
            return MailsOut(
                mails=[MailOut(**asdict(mail)) for mail in found],
                total=len(found),
                copies=sum(mail.copies for mail in found),
            )


def assemble(settings: Settings, tracer_provider: TracerProvider) -> Parts:
    """The sink, listening for mails beside its HTTP."""
    # The library's own log names recipients.
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    sink = Sink(settings, tracer_provider)
    return Parts(sink.app, [sink.listen])


def main() -> int:
    """Serve until SIGTERM or SIGINT, then finish what is in flight. Returns the exit status."""
    return run(SERVICE, __version__, Settings.read, assemble)


if __name__ == "__main__":
    sys.exit(main())
