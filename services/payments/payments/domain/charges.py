"""What an order's payment came to, decided from answers that may be late, lost or repeated.

A charge is one per order and is known to the provider by the order's id, so that asking again never charges again.
Money moves at the provider alone; here stands what is known of it. An order that is cancelled is reversed at the
provider whatever is known: the provider refunds what it had charged, or voids the order's id, so that a charge still
under way is refused.

    pending ──► charged ──┐
       │  └───► declined  ├──► reversing ──► refunded | voided
       └──────────────────┘
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum


class State(StrEnum):
    """Where a charge stands. PENDING and REVERSING: the provider was asked, or will be, and has not answered."""

    PENDING = "pending"
    CHARGED = "charged"
    DECLINED = "declined"
    REVERSING = "reversing"
    REFUNDED = "refunded"
    VOIDED = "voided"


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units (cents) of an ISO 4217 currency."""

    amount: int
    currency: str

    def __post_init__(self) -> None:
        if self.amount < 0:
            raise ValueError(f"amount must not be negative, got {self.amount}")


@dataclass(frozen=True, slots=True)
class Taken:
    """The provider's answer: it has charged, under this id."""

    charge_id: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The provider's answer: it has not charged and will not."""

    reason: str


@dataclass(frozen=True, slots=True)
class Returned:
    """The provider's answer to a reversal: it had charged, and has paid back."""

    charge_id: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Nothing:
    """The provider's answer to a reversal: it has not charged, and from now on will not."""


@dataclass(frozen=True, slots=True)
class Charged:
    order_id: str
    charge_id: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Declined:
    order_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Refunded:
    order_id: str
    charge_id: str
    amount: Money
    reason: str


Fact = Charged | Declined | Refunded


@dataclass(frozen=True, slots=True)
class Charge:
    """The payment of one order.

    `charge_id` is set once it was announced as charged; `reason` is why it was declined or reversed.
    """

    order_id: str
    state: State = State.PENDING
    amount: Money | None = None
    charge_id: str | None = None
    reason: str = ""

    @property
    def open(self) -> bool:
        """Whether the provider has to be asked to charge."""
        return self.state is State.PENDING

    @property
    def reversing(self) -> bool:
        """Whether the provider has to be asked to reverse."""
        return self.state is State.REVERSING


Step = tuple[Charge, tuple[Fact, ...]]
"""A charge after a decision, and what is to be announced of it."""


def request(known: Charge | None, order_id: str, amount: Money) -> Charge:
    """Payment is asked for: a new charge, or the one there is; an order that was cancelled before has a voided one."""
    return known or Charge(order_id, amount=amount)


def settle(charge: Charge, answer: Taken | Refused) -> Step:
    """The provider answered. If meanwhile the order was cancelled, the reversal decides and announces."""
    if not charge.open:
        return charge, ()
    if isinstance(answer, Refused):
        declined = replace(charge, state=State.DECLINED, reason=answer.reason)
        return declined, (Declined(charge.order_id, answer.reason),)
    if charge.amount is None:
        raise ValueError(f"charge of order {charge.order_id} has no amount")
    charged = replace(charge, state=State.CHARGED, charge_id=answer.charge_id)
    return charged, (Charged(charge.order_id, answer.charge_id, charge.amount),)


def cancel(known: Charge | None, order_id: str, reason: str) -> Charge:
    """The order is cancelled: what was never asked for is voided, what was declined stays so, the rest is reversed."""
    if known is None:
        return Charge(order_id, State.VOIDED, reason=reason)
    if known.state in (State.PENDING, State.CHARGED):
        return replace(known, state=State.REVERSING, reason=reason)
    return known


def reverse(charge: Charge, answer: Returned | Nothing) -> Step:
    """The provider answered a reversal. A charge nobody here had heard of is announced before its refund."""
    if not charge.reversing:
        return charge, ()
    if isinstance(answer, Nothing):
        if charge.charge_id is not None:
            raise ValueError(f"the provider does not know charge {charge.charge_id} of order {charge.order_id}")
        return replace(charge, state=State.VOIDED), ()
    facts: tuple[Fact, ...] = (Refunded(charge.order_id, answer.charge_id, answer.amount, charge.reason),)
    if charge.charge_id is None:
        facts = (Charged(charge.order_id, answer.charge_id, answer.amount), *facts)
    return replace(charge, state=State.REFUNDED, charge_id=answer.charge_id), facts
