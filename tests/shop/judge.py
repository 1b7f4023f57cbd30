"""Whether the shop's books agree: nothing lost, nothing doubled, money and goods accounted for. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tests.shop.facts import ENDED, Charge, Facts

TERMINAL = {"confirmed": "orders.order-confirmed.v1", "cancelled": "orders.order-cancelled.v1"}
PLACED = "orders.order-placed.v1"
COMMITTED = ("committed",)
NOTHING_HELD = ("released", "rejected", "cancelled")
MOVED = ("charged", "refunded")
"""States of a charge in which money was moved; what was declined or voided never was."""
MAILS = {"confirmed": "order-confirmed", "cancelled": "order-cancelled"}


@dataclass(frozen=True, order=True)
class Finding:
    """One thing that is wrong: its name (``charge-doubled``), what it is about, and what was seen."""

    name: str
    about: str
    seen: str

    def __str__(self) -> str:
        return f"{self.name}: {self.about}: {self.seen}"


def findings(
    facts: Facts,
    accepted: Mapping[str, Sequence[str]] | None = None,
    received: Mapping[str, int] | None = None,
) -> list[Finding]:
    """What is wrong, sorted.

    ``accepted``: Idempotency-Key to the orders that customers were answered with. ``received``: pieces by SKU as they
    were before, where nothing was received since.
    """
    found = [
        *_orders(facts, accepted or {}),
        *_events(facts),
        *_money(facts),
        *_goods(facts, received or {}),
        *_readers(facts),
    ]
    return sorted(set(found))


def told(facts: Facts, found: Sequence[Finding], most: int = 50) -> str:
    """For people."""
    lines = [f"{name:20}{count:>10}" for name, count in facts.counts.items()]
    lines += [f"dead letters of {consumer}: {count}" for consumer, count in sorted(facts.dead.items())]
    lines += [str(one) for one in found[:most]]
    lines += [f"… and {len(found) - most} more"] if len(found) > most else []
    names = ", ".join(sorted({one.name for one in found}))
    return "\n".join([*lines, f"wrong: {names}" if found else "the books agree"])


def _orders(facts: Facts, accepted: Mapping[str, Sequence[str]]) -> Iterator[Finding]:
    known = {order.id for order in facts.orders}
    for key, ids in accepted.items():
        if len(ids) > 1:
            yield Finding("order-doubled", f"key {key}", f"one request, orders {', '.join(sorted(ids))}")
        for order_id in ids:
            if order_id not in known:
                yield Finding("order-lost", order_id, "a customer was told it was taken on, but orders has none")
    for order in facts.orders:
        if order.status not in ENDED:
            yield Finding("order-unfinished", order.id, f"it is {order.status}")
    for service, count in facts.unsent.items():
        if count:
            yield Finding("event-untold", service, f"{count} events in its outbox that the broker does not have")


def _events(facts: Facts) -> Iterator[Finding]:
    told: dict[str, Counter[str]] = defaultdict(Counter)
    for event_id, (type_, subject) in {event.id: (event.type, event.subject) for event in facts.events}.items():
        assert event_id
        told[subject][type_] += 1
    known = {order.id for order in facts.orders}
    for order in facts.orders:
        if not (placed := told[order.id][PLACED]):
            yield Finding("order-lost", order.id, f"orders has it, but the stream has no {PLACED}")
        elif placed > 1:
            yield Finding("order-doubled", order.id, f"{placed} different events {PLACED}")
        for status, type_ in TERMINAL.items():
            wanted = int(order.status == status)
            if (count := told[order.id][type_]) != wanted:
                yield Finding("end-told-wrong", order.id, f"it is {order.status}, the stream has {count} {type_}")
    for subject, types in told.items():
        if types[PLACED] and subject not in known:
            yield Finding("order-lost", subject, f"the stream has {PLACED}, but orders has none")


def _money(facts: Facts) -> Iterator[Finding]:
    at_provider: dict[str, list[Charge]] = defaultdict(list)
    for charge in facts.provider:
        if charge.state in MOVED:
            at_provider[charge.order_id].append(charge)
    known = {order.id for order in facts.orders}
    for order in facts.orders:
        charges = at_provider[order.id]
        if len(charges) > 1:
            yield Finding("charge-doubled", order.id, f"the provider has {len(charges)} charges")
        kept = [charge for charge in charges if charge.state == "charged"]
        if order.status == "confirmed":
            if not kept:
                yield Finding(
                    "charge-missing", order.id, "it is confirmed, the provider has not charged or has refunded"
                )
            for charge in kept:
                if charge.amount != order.total:
                    yield Finding("charge-wrong", order.id, f"charged {charge.amount}, its total is {order.total}")
        elif order.status == "cancelled" and kept:
            yield Finding("charge-kept", order.id, "it is cancelled, the provider has charged and not refunded")
    for order_id in at_provider.keys() - known:
        yield Finding("charge-unknown", order_id, "the provider has charged for an order that nobody placed")
    booked = {charge.order_id: charge.state for charge in facts.payments}
    provided = {charge.order_id: charge.state for charge in facts.provider}
    for order_id in booked.keys() | provided.keys():
        ours, theirs = booked.get(order_id), provided.get(order_id)
        if ours != theirs and {ours, theirs} & {*MOVED}:
            yield Finding("charge-books", order_id, f"payments has {ours}, the provider {theirs}")


def _goods(facts: Facts, received: Mapping[str, int]) -> Iterator[Finding]:
    state = {one.order_id: one.state for one in facts.reservations}
    held: dict[str, Counter[str]] = defaultdict(Counter)
    for one in facts.reservations:
        for sku, pieces in one.lines.items():
            held[one.state][sku] += pieces
    for level in facts.levels:
        for name, pieces in (("reserved", level.reserved), ("sold", level.sold)):
            wanted = held["reserved" if name == "reserved" else "committed"][level.sku]
            if pieces != wanted:
                yield Finding("stock-books", level.sku, f"{pieces} pieces {name}, orders account for {wanted}")
        if min(level.available, level.reserved, level.sold) < 0:
            yield Finding("stock-oversold", level.sku, f"{level}")
        if level.sku in received and level.total != received[level.sku]:
            yield Finding(
                "stock-not-conserved", level.sku, f"{level.total} pieces in all, {received[level.sku]} before"
            )
    for sku in received.keys() - {level.sku for level in facts.levels}:
        yield Finding("stock-not-conserved", sku, f"no level any more, {received[sku]} pieces before")
    for order in facts.orders:
        wanted_states = {"confirmed": COMMITTED, "cancelled": NOTHING_HELD}.get(order.status)
        if wanted_states and state.get(order.id) not in wanted_states:
            yield Finding("stock-wrong", order.id, f"it is {order.status}, its reservation {state.get(order.id)}")


def _readers(facts: Facts) -> Iterator[Finding]:
    mailed = {(mail.kind, mail.order_id) for mail in facts.mails}
    for order in facts.orders:
        if (view := facts.views.get(order.id)) != order.status:
            yield Finding("view-differs", order.id, f"it is {order.status}, orderview shows {view}")
        if (kind := MAILS.get(order.status)) and (kind, order.id) not in mailed:
            yield Finding("mail-missing", order.id, f"nobody was told that it is {order.status}")
