"""The rules of products, money and search."""

from dataclasses import replace

import pytest
from conftest import PRODUCTS

from catalog.adapters.encoding import seed
from catalog.adapters.memory import MemoryStore
from catalog.application import Catalog, UnknownProductError
from catalog.domain import Money, PriceChanged, Product, describe, reprice, search


def skus(products: list[Product]) -> list[str]:
    return [product.sku for product in products]


def test_money_reads_as_people_write_it() -> None:
    assert [str(Money(amount, "EUR")) for amount in (0, 5, 1290)] == ["0.00 EUR", "0.05 EUR", "12.90 EUR"]


@pytest.mark.parametrize(("amount", "currency", "says"), [(-1, "EUR", "-1"), (1, "eur", "'eur'"), (1, "", "''")])
def test_money_refuses(amount: int, currency: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Money(amount, currency)


@pytest.mark.parametrize("sku", ["", "Mug", "mug-", "a b", "mug--blue", "mug\n"])
def test_product_refuses_sku(sku: str) -> None:
    with pytest.raises(ValueError, match="sku must be"):
        Product(sku, "Mug", "", Money(1, "EUR"))


def test_product_refuses_a_blank_name() -> None:
    with pytest.raises(ValueError, match="product mug: name"):
        Product("mug", "  ", "", Money(1, "EUR"))


@pytest.mark.parametrize(
    ("query", "tag", "found"),
    [
        ("", None, ["coffee-mill", "moka-pot", "saw"]),
        ("coffee", None, ["coffee-mill", "moka-pot"]),
        ("COFFEE mak", None, ["moka-pot"]),
        ("steel", None, ["saw", "coffee-mill"]),
        ("", "garden", ["saw"]),
        ("coffee", "garden", []),
        ("coffee tea", None, []),
    ],
)
def test_search(query: str, tag: str | None, found: list[str]) -> None:
    assert skus(search(PRODUCTS, query, tag)) == found


async def test_pages_cover_what_was_found_once(catalog: Catalog) -> None:
    pages = [await catalog.find(limit=2, offset=offset) for offset in (0, 2, 4)]
    assert [skus(page.products) for page in pages] == [["coffee-mill", "moka-pot"], ["saw"], []]
    assert {page.total for page in pages} == {3}


async def test_unknown_prices_are_all_named(catalog: Catalog) -> None:
    assert await catalog.prices(["saw"]) == {"saw": Money(2890, "EUR")}
    with pytest.raises(UnknownProductError, match="no such product: axe, hoe"):
        await catalog.prices(["axe", "saw", "hoe"])


def test_seed_is_sound() -> None:
    assert len({product.sku for product in seed()}) == len(seed()) >= 10


def test_a_sku_stands_once() -> None:
    with pytest.raises(ValueError, match="'saw'"):
        MemoryStore([*PRODUCTS, *PRODUCTS][2:6])


async def test_a_price_changes_and_says_what_it_was(catalog: Catalog) -> None:
    [pot, *_] = PRODUCTS
    assert reprice(pot, Money(2990, "EUR")) == PriceChanged(replace(pot, price=Money(2990, "EUR")), Money(3190, "EUR"))
    assert reprice(pot, pot.price) is None
    assert (await catalog.reprice("moka-pot", Money(2990, "EUR"))).price == Money(2990, "EUR")
    assert await catalog.prices(["moka-pot"]) == {"moka-pot": Money(2990, "EUR")}


async def test_a_price_keeps_its_currency(catalog: Catalog) -> None:
    with pytest.raises(ValueError, match="moka-pot is priced in EUR, got USD: give the price in EUR"):
        await catalog.reprice("moka-pot", Money(1, "USD"))
    assert (await catalog.product("moka-pot")).price == Money(3190, "EUR")


async def test_what_is_not_told_anew_stays(catalog: Catalog) -> None:
    told = await catalog.describe("saw", description="Cuts wood", tags={"garden"})
    assert (told.name, told.description, told.tags) == ("Saw", "Cuts wood", frozenset({"garden"}))
    assert describe(told, name="Saw") is None
    with pytest.raises(ValueError, match="name must not be blank"):
        await catalog.describe("saw", name=" ")


async def test_what_is_not_there_does_not_change(catalog: Catalog) -> None:
    with pytest.raises(UnknownProductError, match="axe"):
        await catalog.reprice("axe", Money(1, "EUR"))
