"""What happened to an order, as a mail to its customer: text and HTML of the same words.

A mail is known by its order and kind. Its Message-ID is made of the two, so that a copy sent after a crash is
recognisable as the same mail by everyone on its way (RFC 5322, 3.6.4).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum
from html import escape

_ADDRESS = re.compile(r"[^@\s<>,;:\"()\[\]\\]+@[^@\s<>,;:\"()\[\]\\]+")


class Kind(StrEnum):
    """What the customer is told."""

    CONFIRMED = "order-confirmed"
    CANCELLED = "order-cancelled"
    REFUNDED = "payment-refunded"


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units (cents) of an ISO 4217 currency with two decimals."""

    amount: int
    currency: str

    def __str__(self) -> str:
        return f"{self.amount // 100}.{self.amount % 100:02d} {self.currency}"


@dataclass(frozen=True, slots=True)
class Notice:
    """What is to be told: `amount` where money is spoken of, `reason` where something went wrong."""

    order_id: str
    kind: Kind
    amount: Money | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail ready to go out; `message_id` in angle brackets."""

    message_id: str
    recipient: str
    subject: str
    text: str
    html: str


def address(recipient: str) -> str:
    """The address itself. Raises ValueError unless it is one, and one only: nothing may slip into a header."""
    if len(recipient) <= 254 and recipient.isprintable() and _ADDRESS.fullmatch(recipient):
        return recipient
    raise ValueError("the recipient is not a mail address: name@domain")


def recipient_hash(recipient: str) -> str:
    """What stands for the recipient in events: SHA-256 of the address in lower case, hexadecimal."""
    return hashlib.sha256(recipient.lower().encode()).hexdigest()


def message_id(notice: Notice, domain: str) -> str:
    """The same for the same mail, whoever makes it and whenever."""
    return f"<{notice.kind}.{notice.order_id}@{domain}>"


def compose(notice: Notice, recipient: str, domain: str) -> Mail:
    """The mail of a notice. Raises ValueError if the recipient is no address or the notice lacks its amount."""
    subject, sentences = _words(notice)
    paragraphs = ("Hello,", *sentences, f"Your order: {notice.order_id}", "The shop")
    body = "\n".join(f"<p>{escape(paragraph)}</p>" for paragraph in paragraphs)
    return Mail(
        message_id(notice, domain),
        address(recipient),
        subject,
        "\n\n".join(paragraphs) + "\n",
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(subject)}</title></head>'
        f"<body>\n{body}\n</body></html>\n",
    )


def _words(notice: Notice) -> tuple[str, tuple[str, ...]]:
    reason = " ".join(notice.reason.split()) or "no reason was given"
    if notice.kind is Kind.CANCELLED:
        return "Your order is cancelled", (
            f"we could not complete your order ({reason}), so we cancelled it.",
            "If you were charged, you get all of it back; we write again when it is on its way.",
        )
    if notice.amount is None:
        raise ValueError(f"{notice.kind} of order {notice.order_id} says no amount")
    if notice.kind is Kind.CONFIRMED:
        return "Your order is confirmed", (f"thank you: we received {notice.amount} and your order is on its way.",)
    return "Your money is on its way back", (f"we refunded {notice.amount} ({reason}).",)
