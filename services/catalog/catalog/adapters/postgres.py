"""The store in Postgres. A change and the event that tells of it are one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any, Final

import psycopg
import structlog
from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from shopkit import outbox
from shopkit.database import Database

from catalog.adapters.events import event_of
from catalog.application import Change, StoreDownError, UnknownProductError
from catalog.domain import Money, Product

_log = structlog.stdlib.get_logger("catalog.store")
_COLUMNS: Final = "sku, name, description, amount, currency, tags"
_ALL: Final = f"SELECT {_COLUMNS} FROM products"  # noqa: S608 - a constant
_INSERT: Final = f"INSERT INTO products ({_COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s)"  # noqa: S608 - a constant
_UPDATE: Final = """
UPDATE products SET name = %s, description = %s, amount = %s, currency = %s, tags = %s,
                    version = version + 1, changed_at = now()
WHERE sku = %s
"""


class PostgresStore:
    """Products in the table `products`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._begun = False

    async def all(self) -> list[Product]:
        async with self._transaction() as connection:
            return [_product(row) for row in await (await connection.execute(_ALL)).fetchall()]

    async def get(self, sku: str) -> Product | None:
        async with self._transaction() as connection:
            row = await (await connection.execute(f"{_ALL} WHERE sku = %s", (sku,))).fetchone()
            return _product(row) if row else None

    async def change(self, sku: str, decide: Callable[[Product], Change | None]) -> Product:
        async with self._transaction() as connection:
            row = await (await connection.execute(f"{_ALL} WHERE sku = %s FOR UPDATE", (sku,))).fetchone()
            if row is None:
                raise UnknownProductError(sku)
            change = decide(_product(row))
            if change is None:
                return _product(row)
            product = change.product
            await connection.execute(_UPDATE, (*_values(product)[1:], sku))
            await outbox.add(connection, event_of(change))
            return product

    async def ready(self) -> bool:
        return self._begun and await self._database.ready()

    async def begin(self, products: Iterable[Product]) -> None:
        """Make the tables and, if there is nothing yet, fill them; of instances that begin together, one does.

        Raises StoreDownError, MigrationError.
        """
        try:
            await self._database.migrate("shopkit")
            await self._database.migrate("catalog")
        except psycopg.OperationalError as error:
            raise StoreDownError(str(error)) from error
        async with self._transaction() as connection:
            await connection.execute("LOCK TABLE products IN SHARE ROW EXCLUSIVE MODE")
            if await (await connection.execute("SELECT FROM products LIMIT 1")).fetchone() is None:
                async with connection.cursor() as cursor:
                    await cursor.executemany(_INSERT, [_values(product) for product in products])
        self._begun = True

    async def keep_begun(self, products: Iterable[Product]) -> None:
        """Begin as soon as the database answers, then stay."""
        while not self._begun:
            try:
                await self.begin(products)
            except StoreDownError as error:
                _log.warning("store is away", error=str(error))
                await asyncio.sleep(1)
        await asyncio.Event().wait()

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[AsyncConnection[TupleRow]]:
        try:
            async with self._database.transaction() as connection:
                yield connection
        except psycopg.OperationalError as error:
            raise StoreDownError(str(error)) from error


def _product(row: tuple[Any, ...]) -> Product:
    sku, name, description, amount, currency, tags = row
    return Product(sku, name, description, Money(amount, currency), frozenset(tags))


def _values(product: Product) -> tuple[Any, ...]:
    price = product.price
    return (product.sku, product.name, product.description, price.amount, price.currency, sorted(product.tags))
