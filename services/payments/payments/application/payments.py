"""The use cases: pay, cancel, look.

The provider is asked between two transactions, never within one: a slow provider holds no connection. What is known
before (pending, reversing) says what to ask again after a crash; the broker brings the event again until there is an
answer.
"""

from __future__ import annotations

from dataclasses import dataclass

from payments.application.ports import Provider, Store, UndecidedError, Watch
from payments.domain.charges import Charge, Money, cancel, request, reverse, settle


class UnknownChargeError(LookupError):
    """No payment was ever asked for this order."""

    def __init__(self, order_id: str) -> None:
        super().__init__(f"no charge of order {order_id}")


@dataclass(frozen=True, slots=True)
class Payments:
    """The use cases around a store and a provider."""

    store: Store
    provider: Provider
    watch: Watch

    async def pay(self, order_id: str, amount: Money, payment_token: str) -> Charge:
        """Payment is asked for. Raises UndecidedError: ask again."""
        async with self.store.transaction(order_id) as work:
            known = await work.charge(order_id)
            charge = request(known, order_id, amount)
            if known is None:
                await work.save(charge)
        if charge.reversing:
            return await self._reverse(charge)
        if not charge.open:
            return charge
        try:
            answer = await self.provider.charge(order_id, charge.amount or amount, payment_token)
        except UndecidedError:
            self.watch.settled("undecided")
            raise
        async with self.store.transaction(order_id) as work:
            before = await work.charge(order_id) or charge
            after, facts = settle(before, answer)
            if after is not before:
                await work.save(after, facts)
                self.watch.settled(after.state)
        return after

    async def cancel(self, order_id: str, reason: str) -> Charge:
        """The order is cancelled: nobody is charged, or all is paid back. Raises UndecidedError: ask again."""
        async with self.store.transaction(order_id) as work:
            known = await work.charge(order_id)
            charge = cancel(known, order_id, reason)
            if charge is not known:
                await work.save(charge)
        return await self._reverse(charge) if charge.reversing else charge

    async def charge(self, order_id: str) -> Charge:
        """The order's charge. Raises UnknownChargeError."""
        async with self.store.transaction(order_id) as work:
            found = await work.charge(order_id)
        if found is None:
            raise UnknownChargeError(order_id)
        return found

    async def _reverse(self, charge: Charge) -> Charge:
        try:
            answer = await self.provider.reverse(charge.order_id, charge.reason)
        except UndecidedError:
            self.watch.settled("undecided")
            raise
        async with self.store.transaction(charge.order_id) as work:
            before = await work.charge(charge.order_id) or charge
            after, facts = reverse(before, answer)
            if after is not before:
                await work.save(after, facts)
                self.watch.settled(after.state)
        return after
