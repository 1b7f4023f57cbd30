"""The rules of a basket."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basket.domain.basket import MAX_LINES, MAX_QUANTITY, Basket, FullError

skus = st.from_regex(r"[a-z0-9]{1,5}(-[a-z0-9]{1,5}){0,2}", fullmatch=True)
quantities = st.integers(1, MAX_QUANTITY)
baskets = st.dictionaries(skus, quantities, max_size=10).map(lambda items: Basket("b", items))


@given(baskets, skus, quantities)
def test_what_is_put_is_there_and_comes_out(basket: Basket, sku: str, quantity: int) -> None:
    put = basket.with_item(sku, quantity)
    assert put.items[sku] == quantity
    assert put.with_item(sku, quantity) == put
    assert put.without(sku) == basket.without(sku)
    assert put.without(sku).without(sku).items.keys() == basket.items.keys() - {sku}
    assert basket.emptied().items == {}


@given(baskets, baskets)
def test_a_tag_names_the_content(one: Basket, other: Basket) -> None:
    assert (one.tag == other.tag) == (list(one) == list(other))


@pytest.mark.parametrize("quantity", [0, -1, MAX_QUANTITY + 1, True])
def test_quantities(quantity: int) -> None:
    with pytest.raises(ValueError, match=f"quantity of mug must be 1 to 99, got {quantity}"):
        Basket("b").with_item("mug", quantity)


@pytest.mark.parametrize("sku", ["", "Mug", "mug-", "a b", "mug--x", "mug\n", "a" * 81])
def test_skus(sku: str) -> None:
    with pytest.raises(ValueError, match="sku must be"):
        Basket("b").with_item(sku, 1)


@pytest.mark.parametrize("id_", ["", "a b", "a:b", "x" * 101, "a\n"])
def test_ids(id_: str) -> None:
    with pytest.raises(ValueError, match="a basket's id must be"):
        Basket(id_)


def test_a_full_basket_takes_no_other_line() -> None:
    full = Basket("b", {f"sku-{n}": 1 for n in range(MAX_LINES)})
    assert full.with_item("sku-7", 5).items["sku-7"] == 5
    with pytest.raises(FullError, match="mug does not fit: a basket has at most 50 lines"):
        full.with_item("mug", 1)
    assert len(full.without("sku-7").with_item("mug", 1).items) == MAX_LINES
