"""The use case: tell a customer once.

A mail is sent between two transactions. The first takes it in hand, so that no two processes send at once; the second
notes that it went. Who dies in between leaves a mail that may have gone out: it goes again, under the same Message-ID,
since not telling a customer is worse than telling twice, and the receiving side knows the copy by its id. More SMTP
does not offer.
"""

from __future__ import annotations

from dataclasses import dataclass

from notifications.application.ports import Delivery, RefusedError, Store, Transport, TransportError, Watch
from notifications.domain.mails import Notice, compose


class UnknownRecipientError(LookupError):
    """Nobody said yet who placed the order; the event that does is still to come."""

    def __init__(self, order_id: str) -> None:
        super().__init__(f"nobody is known to be told of order {order_id} yet")


class InHandError(RuntimeError):
    """Another process is sending this mail, or died over it: ask again after the claim's end."""

    def __init__(self, notice: Notice) -> None:
        super().__init__(f"{notice.kind} of order {notice.order_id} is in another's hand")


@dataclass(frozen=True, slots=True)
class Notifications:
    """The use case around a store and a transport. `domain` is the right part of Message-IDs."""

    store: Store
    transport: Transport
    watch: Watch
    domain: str

    async def tell(self, notice: Notice, recipient: str | None = None) -> Delivery:
        """Send the notice's mail unless it went out before; without a recipient to the one known of the order.

        Raises UnknownRecipientError, InHandError, TransportError: ask again; ValueError as `compose`.
        """
        async with self.store.transaction() as work:
            if recipient is not None:
                await work.remember(notice.order_id, recipient)
            known = recipient or await work.recipient(notice.order_id)
            if known is None:
                raise UnknownRecipientError(notice.order_id)
            mail = compose(notice, known, self.domain)
            delivery = await work.claim(notice.order_id, notice.kind)
        if delivery is None:
            raise InHandError(notice)
        if delivery is not Delivery.PENDING:
            self.watch.mailed(notice.kind, "repeated")
            return delivery
        try:
            await self.transport.send(mail)
        except RefusedError:
            delivery = Delivery.REFUSED
        except TransportError:
            self.watch.mailed(notice.kind, "failed")
            async with self.store.transaction() as work:
                await work.give_back(notice.order_id, notice.kind)
            raise
        else:
            delivery = Delivery.SENT
        async with self.store.transaction() as work:
            await work.done(notice.order_id, notice.kind, delivery, mail)
        self.watch.mailed(notice.kind, delivery)
        return delivery
