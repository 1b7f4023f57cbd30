"""What is known of one order. Views join: in any order, in any grouping and however often, they come to the same.

So events may come late, twice or the wrong way round, and two that project at once need no agreement. (In the terms of
algebra a join-semilattice, as in state-based CRDTs: Shapiro et al., 2011.)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

Value = TypeVar("Value")
Ranked = TypeVar("Ranked", bound=StrEnum)


class Status(StrEnum):
    """Where an order stands; what is further down here is later."""

    PENDING = "pending"
    RESERVED = "reserved"
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"


class Payment(StrEnum):
    """What became of the money; what is further down here is later."""

    NONE = "none"
    REQUESTED = "requested"
    DECLINED = "declined"
    CHARGED = "charged"
    REFUNDED = "refunded"


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units (cents) of an ISO 4217 currency."""

    amount: int
    currency: str


@dataclass(frozen=True, slots=True)
class Line:
    """So many of a SKU, at the price of one."""

    sku: str
    quantity: int
    unit_price: Money


@dataclass(frozen=True, slots=True)
class View:
    """What is known of an order by `updated_at`, the time of the latest event known; None and empty: not known yet."""

    order_id: str
    updated_at: datetime
    customer_id: str | None = None
    placed_at: datetime | None = None
    lines: tuple[Line, ...] = ()
    total: Money | None = None
    status: Status = Status.PENDING
    reason: str | None = None
    payment: Payment = Payment.NONE
    mails: frozenset[str] = frozenset()

    def join(self, other: View) -> View:
        """What is known by both together. Raises ValueError for another order's view."""
        if self.order_id != other.order_id:
            raise ValueError(f"views of {self.order_id} and {other.order_id} cannot be joined")
        return View(
            self.order_id,
            max(self.updated_at, other.updated_at),
            _known(self.customer_id, other.customer_id),
            _known(self.placed_at, other.placed_at),
            _known(self.lines or None, other.lines or None) or (),
            _known(self.total, other.total),
            _later(self.status, other.status),
            _known(self.reason, other.reason),
            _later(self.payment, other.payment),
            self.mails | other.mails,
        )


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of an order's history; `detail` is what of the event a customer may see."""

    event_id: str
    order_id: str
    type: str
    time: datetime
    detail: dict[str, Any] = field(hash=False)


def _known(one: Value | None, other: Value | None) -> Value | None:
    """The one that is known. Two that differ ought not to be; the choice then does not depend on their order."""
    if one is None or other is None:
        return other if one is None else one
    return max(one, other, key=repr)


def _later(one: Ranked, other: Ranked) -> Ranked:
    ranks = list(type(one))
    return max(one, other, key=ranks.index)
