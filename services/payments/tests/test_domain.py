"""Charges: each decision in each state."""

from __future__ import annotations

from dataclasses import replace

import pytest

from payments.domain.charges import (
    Charge,
    Charged,
    Declined,
    Money,
    Nothing,
    Refunded,
    Refused,
    Returned,
    State,
    Taken,
    cancel,
    request,
    reverse,
    settle,
)

EUR = Money(1290, "EUR")
PENDING = Charge("o1", State.PENDING, EUR)
CHARGED = Charge("o1", State.CHARGED, EUR, "c1")
DECLINED = Charge("o1", State.DECLINED, EUR, None, "no money")
REVERSING = Charge("o1", State.REVERSING, EUR, None, "timeout")
PAYING_BACK = Charge("o1", State.REVERSING, EUR, "c1", "timeout")
REFUNDED = Charge("o1", State.REFUNDED, EUR, "c1", "timeout")
VOIDED = Charge("o1", State.VOIDED, None, None, "timeout")
ALL = (PENDING, CHARGED, DECLINED, REVERSING, PAYING_BACK, REFUNDED, VOIDED)


def test_request_makes_one_charge() -> None:
    assert request(None, "o1", EUR) == PENDING


@pytest.mark.parametrize("known", ALL)
def test_request_again_changes_nothing(known: Charge) -> None:
    assert request(known, "o1", Money(1, "EUR")) is known


@pytest.mark.parametrize("charge", ALL)
def test_what_has_to_be_asked(charge: Charge) -> None:
    assert charge.open == (charge is PENDING)
    assert charge.reversing == (charge in (REVERSING, PAYING_BACK))


def test_settle() -> None:
    assert settle(PENDING, Taken("c1")) == (CHARGED, (Charged("o1", "c1", EUR),))
    assert settle(PENDING, Refused("no money")) == (DECLINED, (Declined("o1", "no money"),))
    with pytest.raises(ValueError, match=r"^charge of order o1 has no amount$"):
        settle(replace(PENDING, amount=None), Taken("c1"))


@pytest.mark.parametrize("charge", [charge for charge in ALL if charge is not PENDING])
@pytest.mark.parametrize("answer", [Taken("c2"), Refused("voided")])
def test_a_late_answer_changes_and_announces_nothing(charge: Charge, answer: Taken | Refused) -> None:
    after, facts = settle(charge, answer)
    assert after is charge
    assert facts == ()


def test_cancel() -> None:
    assert cancel(None, "o1", "timeout") == VOIDED
    assert cancel(PENDING, "o1", "timeout") == REVERSING
    assert cancel(CHARGED, "o1", "timeout") == PAYING_BACK


@pytest.mark.parametrize("charge", [DECLINED, REVERSING, PAYING_BACK, REFUNDED, VOIDED])
def test_cancel_again_changes_nothing(charge: Charge) -> None:
    assert cancel(charge, "o1", "again") is charge


def test_reverse() -> None:
    refunded = Refunded("o1", "c1", EUR, "timeout")
    assert reverse(PAYING_BACK, Returned("c1", EUR)) == (REFUNDED, (refunded,))
    assert reverse(REVERSING, Returned("c1", EUR)) == (REFUNDED, (Charged("o1", "c1", EUR), refunded))
    assert reverse(REVERSING, Nothing()) == (replace(REVERSING, state=State.VOIDED), ())


def test_a_charge_that_the_provider_forgot_is_not_waved_through() -> None:
    with pytest.raises(ValueError, match=r"^the provider does not know charge c1 of order o1$"):
        reverse(PAYING_BACK, Nothing())


@pytest.mark.parametrize("charge", [PENDING, CHARGED, DECLINED, REFUNDED, VOIDED])
@pytest.mark.parametrize("answer", [Returned("c2", EUR), Nothing()])
def test_a_late_reversal_changes_and_announces_nothing(charge: Charge, answer: Returned | Nothing) -> None:
    after, facts = reverse(charge, answer)
    assert after is charge
    assert facts == ()


def test_money_is_not_negative() -> None:
    assert Money(0, "EUR").amount == 0
    with pytest.raises(ValueError, match=r"^amount must not be negative, got -1$"):
        Money(-1, "EUR")


def test_the_states_names_are_what_the_database_holds() -> None:
    assert [state.value for state in State] == ["pending", "charged", "declined", "reversing", "refunded", "voided"]
