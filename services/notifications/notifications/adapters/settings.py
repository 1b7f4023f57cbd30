"""What the environment says: variables NOTIFICATIONS_*, the database and the broker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parseaddr

from shopkit import settings
from shopkit.settings import Common, Endpoint, Nats, Reader, SettingError

from notifications.adapters.smtp import Server
from notifications.domain.mails import address


@dataclass(frozen=True, slots=True)
class Settings:
    """How one process runs. `claim_seconds`: how long a mail that is being sent is kept from others."""

    common: Common
    database: Endpoint
    broker: Nats
    server: Server
    claim_seconds: float
    concurrency: int

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Settings:
        """Settings from the environment. Raises SettingError."""
        read = Reader(environ, "NOTIFICATIONS_")
        sender = read.text("SENDER", "The shop <shop@gantry.internal>")
        try:
            address(parseaddr(sender)[1])
        except ValueError:
            raise SettingError("NOTIFICATIONS_SENDER", sender, "give it as Name <name@domain>") from None
        timeout = read.number("SMTP_TIMEOUT_SECONDS", 10, 0.1, 60)
        server = Server(
            read.url("SMTP_URL", "smtp://localhost:2525", ("smtp", "smtps")),
            sender,
            read.text("SMTP_USER", ""),
            read.secret("SMTP_PASSWORD", ""),
            timeout,
        )
        return cls(
            settings.common(environ, "notifications"),
            settings.database(environ, "postgresql://notifications@localhost:5432/notifications"),
            settings.nats(environ, "nats://localhost:4222"),
            server,
            claim_seconds=read.number("CLAIM_SECONDS", 30, timeout, 300),
            concurrency=read.integer("CONCURRENCY", 4, 1, 64),
        )
