"""What stands in the shop's stores, in the broker, at the payment provider and at the mail server, as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

OPEN = ("pending", "reserved")
ENDED = ("confirmed", "cancelled")


@dataclass(frozen=True)
class Event:
    """An event of the stream ``SHOP``; ``subject`` is the order's id, for events of orders."""

    id: str
    type: str
    subject: str


@dataclass(frozen=True)
class Order:
    """An order as ``orders`` has it; ``total`` in minor units, ``lines`` SKU to pieces."""

    id: str
    status: str
    total: int
    lines: Mapping[str, int]


@dataclass(frozen=True)
class Charge:
    """A charge as the provider has it, or as ``payments`` does; ``amount`` in minor units, None where it has none."""

    order_id: str
    state: str
    amount: int | None
    id: str | None = None


@dataclass(frozen=True)
class Level:
    """Pieces of one SKU."""

    sku: str
    available: int
    reserved: int
    sold: int

    @property
    def total(self) -> int:
        """Every piece ever received."""
        return self.available + self.reserved + self.sold


@dataclass(frozen=True)
class Reservation:
    """What an order holds, or held, of the stock."""

    order_id: str
    state: str
    lines: Mapping[str, int]


@dataclass(frozen=True)
class Mail:
    """A mail that was sent, by the book of ``notifications``."""

    kind: str
    order_id: str


@dataclass(frozen=True)
class Facts:
    """All of it. ``unsent``: events in outboxes that the broker does not have; ``dead``: consumers' dead letters.

    ``copies``: mails that arrived more than once, which nobody can rule out and their Message-ID tells.
    """

    events: Sequence[Event] = ()
    orders: Sequence[Order] = ()
    provider: Sequence[Charge] = ()
    payments: Sequence[Charge] = ()
    levels: Sequence[Level] = ()
    reservations: Sequence[Reservation] = ()
    views: Mapping[str, str] = field(default_factory=dict)
    mails: Sequence[Mail] = ()
    copies: int = 0
    unsent: Mapping[str, int] = field(default_factory=dict)
    dead: Mapping[str, int] = field(default_factory=dict)

    @property
    def settled(self) -> bool:
        """Whether nothing is under way: every order ended and is seen so, every event told."""
        seen = all(self.views.get(order.id) == order.status for order in self.orders)
        reserved = any(one.state == "reserved" for one in self.reservations)
        paying = any(one.state in ("pending", "reversing") for one in self.payments)
        mailed = {mail.order_id for mail in self.mails} >= {order.id for order in self.orders}
        ended = all(order.status in ENDED for order in self.orders)
        return ended and seen and mailed and not reserved and not paying and not any(self.unsent.values())

    @property
    def counts(self) -> dict[str, int]:
        """How many of everything, for people."""
        by_status = {status: sum(order.status == status for order in self.orders) for status in (*OPEN, *ENDED)}
        return {
            "events": len(self.events),
            "orders": len(self.orders),
            **by_status,
            "charges": sum(charge.state == "charged" for charge in self.provider),
            "refunded": sum(charge.state == "refunded" for charge in self.provider),
            "reservations": len(self.reservations),
            "mails": len(self.mails),
            "copies of mails": self.copies,
            "dead letters": sum(self.dead.values()),
        }

    def told(self) -> dict[str, Any]:
        """Pieces by SKU, to hold later facts against."""
        return {level.sku: level.total for level in self.levels}
