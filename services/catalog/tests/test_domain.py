"""The rules of products, money and search."""

import pytest

from catalog.adapters.store import MemoryStore, seed
from catalog.application import Catalog, UnknownProductError
from catalog.domain import Money, Product, search


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
def test_search(catalog: Catalog, query: str, tag: str | None, found: list[str]) -> None:
    assert skus(search(catalog.store.all(), query, tag)) == found


def test_pages_cover_what_was_found_once(catalog: Catalog) -> None:
    pages = [catalog.find(limit=2, offset=offset) for offset in (0, 2, 4)]
    assert [skus(page.products) for page in pages] == [["coffee-mill", "moka-pot"], ["saw"], []]
    assert {page.total for page in pages} == {3}


def test_unknown_prices_are_all_named(catalog: Catalog) -> None:
    assert catalog.prices(["saw"]) == {"saw": Money(2890, "EUR")}
    with pytest.raises(UnknownProductError, match="no such product: axe, hoe"):
        catalog.prices(["axe", "saw", "hoe"])


def test_seed_is_sound() -> None:
    assert len(MemoryStore(seed()).all()) == len(seed()) >= 10


def test_a_sku_stands_once(catalog: Catalog) -> None:
    with pytest.raises(ValueError, match="'saw'"):
        MemoryStore([*catalog.store.all(), *catalog.store.all()][2:6])
