"""Money and lines hold what is said of them."""

from __future__ import annotations

import re

import pytest

from orders.domain.values import MAX_QUANTITY, Line, Money, total

EUR = Money(1250, "EUR")


@pytest.mark.parametrize(
    ("amount", "currency", "told"),
    [
        (-1, "EUR", "amount must not be negative, got -1"),
        (1, "eur", "currency must be three capital letters, got 'eur'"),
        (1, "EURO", "currency must be three capital letters, got 'EURO'"),
    ],
)
def test_money_that_is_none(amount: int, currency: str, told: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(told)}$"):
        Money(amount, currency)


def test_money_says_its_amount() -> None:
    assert (str(EUR), str(Money(0, "USD"))) == ("1250 EUR", "0 USD")


@pytest.mark.parametrize(
    ("sku", "quantity", "told"),
    [
        ("Red Mug", 1, "sku must be lower case words joined by dashes, got 'Red Mug'"),
        ("-mug", 1, "sku must be lower case words joined by dashes, got '-mug'"),
        ("mug", 0, "quantity of mug must be 1 to 99, got 0"),
        ("mug", MAX_QUANTITY + 1, "quantity of mug must be 1 to 99, got 100"),
    ],
)
def test_a_line_that_is_none(sku: str, quantity: int, told: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(told)}$"):
        Line(sku, quantity, EUR)


def test_the_bounds_of_a_line() -> None:
    assert [Line("red-mug-2", quantity, EUR).quantity for quantity in (1, MAX_QUANTITY)] == [1, 99]


def test_the_total_is_the_sum_of_quantities_times_prices() -> None:
    assert total([Line("a", 3, Money(100, "EUR")), Line("b", 2, Money(7, "EUR"))]) == Money(314, "EUR")


def test_lines_of_two_currencies_have_no_total() -> None:
    with pytest.raises(ValueError, match=r"^lines must be in one currency, got EUR, USD$"):
        total([Line("a", 1, Money(1, "USD")), Line("b", 1, EUR)])


def test_no_lines_have_no_total() -> None:
    with pytest.raises(ValueError, match=r"^lines must be in one currency, got no lines$"):
        total([])
