"""Use cases of readers: a customer's orders page by page, one order with its history."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from orderview.application.ports import Place, Reader
from orderview.domain.view import Entry, View


class UnknownOrderError(LookupError):
    """There is no order of this id, or it was not heard of yet."""


class CursorError(ValueError):
    """The cursor is none that was given out."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some of a customer's orders; `next_cursor` asks for those after them, None: there are none."""

    orders: Sequence[View]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Queries:
    """What can be asked."""

    reader: Reader

    async def orders(self, customer_id: str, limit: int, cursor: str | None = None) -> Page:
        """A page of a customer's orders, newest first. Orders placed meanwhile move none to another page.

        Raises CursorError.
        """
        after = None if cursor is None else decode(cursor)
        found = await self.reader.orders(customer_id, after, limit + 1)
        shown = found[:limit]
        last = shown[-1] if len(found) > limit else None
        if last is None or last.placed_at is None:
            return Page(shown, None)
        return Page(shown, encode(Place(last.placed_at, last.order_id)))

    async def order(self, order_id: str) -> tuple[View, list[Entry]]:
        """An order and its history, oldest first. Raises UnknownOrderError."""
        found = await self.reader.order(order_id)
        if found is None:
            raise UnknownOrderError(order_id)
        return found


def encode(place: Place) -> str:
    """A place as opaque text, safe in URLs."""
    return base64.urlsafe_b64encode(f"{place.placed_at.isoformat()} {place.order_id}".encode()).decode()


def decode(cursor: str) -> Place:
    """The place that a cursor means. Raises CursorError."""
    try:
        time, order_id = base64.b64decode(cursor, altchars=b"-_", validate=True).decode().split(" ")
        place = Place(datetime.fromisoformat(time), str(UUID(order_id)))
    except (binascii.Error, ValueError):
        place = None
    if place is None or place.placed_at.tzinfo is None:
        raise CursorError(f"cursor {cursor!r} is unknown: use next_cursor of the page before, or leave it out")
    return place
