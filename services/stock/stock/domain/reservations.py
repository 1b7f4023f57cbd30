"""What an order holds of the stock: all of its lines or none.

Each of the three decisions takes what is known and returns the whole change. Events come twice and out of order, so
every decision stands for every state: one that has nothing left to decide returns None.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from stock.domain.levels import Level, positive


class State(StrEnum):
    """Where a reservation stands. CANCELLED is the tombstone of an order that was cancelled before it arrived."""

    RESERVED = "reserved"
    REJECTED = "rejected"
    COMMITTED = "committed"
    RELEASED = "released"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, order=True)
class Line:
    """So many pieces of a SKU."""

    sku: str
    quantity: int

    def __post_init__(self) -> None:
        positive(self.quantity)


@dataclass(frozen=True, slots=True)
class Missing:
    """More pieces were wanted than are available."""

    sku: str
    wanted: int
    available: int


@dataclass(frozen=True, slots=True)
class Reservation:
    """What an order holds, or held; `lines` by SKU, each SKU once."""

    order_id: str
    state: State
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class Reserved:
    order_id: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Rejected:
    order_id: str
    reason: str
    missing: tuple[Missing, ...]


@dataclass(frozen=True, slots=True)
class Committed:
    order_id: str


@dataclass(frozen=True, slots=True)
class Released:
    order_id: str
    reason: str


Fact = Reserved | Rejected | Committed | Released


@dataclass(frozen=True, slots=True)
class Change:
    """What a decision changes, all or nothing: the reservation (which stood in `before`), its levels, one fact."""

    reservation: Reservation
    before: State | None
    levels: tuple[Level, ...] = ()
    fact: Fact | None = None


class UnknownReservationError(LookupError):
    """An order is confirmed that never reserved anything."""

    def __init__(self, order_id: str) -> None:
        super().__init__(f"order {order_id} is confirmed but was never placed: replay its order-placed first")


def merged(lines: Iterable[Line]) -> tuple[Line, ...]:
    """Each SKU once, by SKU: whoever locks rows in this order cannot deadlock."""
    quantities: dict[str, int] = {}
    for line in lines:
        quantities[line.sku] = quantities.get(line.sku, 0) + line.quantity
    return tuple(sorted(Line(sku, quantity) for sku, quantity in quantities.items()))


def place(
    known: Reservation | None, order_id: str, lines: Iterable[Line], levels: Mapping[str, Level]
) -> Change | None:
    """Reserve every line of an order, or reject it and name each that falls short. An unknown SKU has no pieces."""
    if known:
        return None
    wanted = merged(lines)
    if not wanted:
        raise ValueError(f"order {order_id} has no lines")
    missing = tuple(
        Missing(line.sku, line.quantity, available)
        for line in wanted
        if (available := levels[line.sku].available if line.sku in levels else 0) < line.quantity
    )
    if missing:
        fact = Rejected(order_id, "out of stock", missing)
        return Change(Reservation(order_id, State.REJECTED, wanted), None, (), fact)
    taken = tuple(levels[line.sku].reserve(line.quantity) for line in wanted)
    return Change(Reservation(order_id, State.RESERVED, wanted), None, taken, Reserved(order_id, wanted))


def confirm(known: Reservation | None, order_id: str, levels: Mapping[str, Level]) -> Change | None:
    """Hand the pieces over. Raises UnknownReservationError if the order never came by."""
    if known is None:
        raise UnknownReservationError(order_id)
    if known.state is not State.RESERVED:
        return None
    handed = tuple(levels[line.sku].commit(line.quantity) for line in known.lines)
    return Change(replace(known, state=State.COMMITTED), known.state, handed, Committed(order_id))


def cancel(known: Reservation | None, order_id: str, reason: str, levels: Mapping[str, Level]) -> Change | None:
    """Put the pieces back; for an order that has not come by yet leave a tombstone, so that it will reserve nothing."""
    if known is None:
        return Change(Reservation(order_id, State.CANCELLED), None)
    if known.state is not State.RESERVED:
        return None
    freed = tuple(levels[line.sku].release(line.quantity) for line in known.lines)
    return Change(replace(known, state=State.RELEASED), known.state, freed, Released(order_id, reason))
