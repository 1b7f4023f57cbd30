"""What the sink has got: the newest mails, each Message-ID once, copies counted."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage


@dataclass(frozen=True, slots=True)
class Kept:
    """One mail; `copies` came after the first of the same Message-ID."""

    message_id: str
    to: tuple[str, ...]
    sender: str
    subject: str
    text: str
    html: str
    received_at: datetime
    copies: int = 0


class Mailbox:
    """At most `capacity` mails in memory; the oldest makes room."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._mails: OrderedDict[str, Kept] = OrderedDict()

    def put(self, content: bytes, recipients: list[str]) -> bool:
        """Keep a mail; whether it was the first of its Message-ID."""
        parsed = message_from_bytes(content, _class=EmailMessage, policy=policy.default)
        message_id = str(parsed["Message-ID"] or f"<{hashlib.sha256(content).hexdigest()}@without-id>").strip()
        if known := self._mails.get(message_id):
            self._mails[message_id] = replace(known, copies=known.copies + 1)
            return False
        self._mails[message_id] = Kept(
            message_id,
            tuple(recipient.lower() for recipient in recipients),
            str(parsed["From"] or ""),
            str(parsed["Subject"] or ""),
            _body(parsed, "plain"),
            _body(parsed, "html"),
            datetime.now(UTC),
        )
        while len(self._mails) > self._capacity:
            self._mails.popitem(last=False)
        return True

    def mails(self, to: str | None = None) -> list[Kept]:
        """The mails to this address, or all, oldest first."""
        return [mail for mail in self._mails.values() if to is None or to.lower() in mail.to]


def _body(parsed: EmailMessage, subtype: str) -> str:
    part = parsed.get_body((subtype,))
    if not isinstance(part, EmailMessage):
        return ""
    try:
        return str(part.get_content()).replace("\r\n", "\n")
    except (LookupError, ValueError):  # an unknown charset, or none that fits
        return ""
