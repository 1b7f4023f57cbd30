"""The use cases under any interleaving, with a provider that loses questions and answers."""

from __future__ import annotations

import asyncio
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from memory import Counts, MemoryStore, TreacherousProvider, charge_id

from payments.application.payments import Payments, UnknownChargeError
from payments.application.ports import UndecidedError
from payments.domain.charges import Charged, Declined, Money, Refunded, State

EUR = Money(1290, "EUR")
PAUSES = st.lists(st.integers(0, 6), min_size=1, max_size=4)


@given(
    pays=PAUSES,
    cancels=st.one_of(st.just([]), PAUSES),
    token=st.sampled_from(("tok_visa", "tok_visa", "tok_declined")),
    befalls=st.lists(st.sampled_from(("", "before", "after")), max_size=10),
)
def test_money_moves_once_and_is_announced_once(
    pays: list[int], cancels: list[int], token: str, befalls: list[str]
) -> None:
    store, fates = MemoryStore(), iter(befalls)
    provider = TreacherousProvider(lambda: next(fates, ""))
    payments = Payments(store, provider, Counts())

    async def delivered(pause: int, *, cancelled: bool) -> None:
        """An event as the broker brings it: again, until it was handled."""
        for _ in range(pause):
            await asyncio.sleep(0)
        while True:
            try:
                if cancelled:
                    await payments.cancel("o1", "timeout")
                else:
                    await payments.pay("o1", EUR, token)
                return
            except UndecidedError:
                await asyncio.sleep(0)

    async def all_at_once() -> None:
        events = [delivered(pause, cancelled=False) for pause in pays]
        await asyncio.gather(*events, *(delivered(pause, cancelled=True) for pause in cancels))

    asyncio.run(all_at_once())
    facts = [type(fact) for fact in store.facts]
    state = store.charges["o1"].state
    assert state in {State.CHARGED, State.DECLINED, State.REFUNDED, State.VOIDED}, "an answer is still owed"
    assert (Charged in facts) == ("o1" in provider.taken)
    assert (Refunded in facts) == ("o1" in provider.returned)
    assert max((facts.count(fact) for fact in facts), default=0) <= 1, "a fact was announced twice"
    if cancels:
        assert provider.taken.keys() <= provider.returned, "charged, cancelled, and not paid back"
        assert state in {State.DECLINED, State.REFUNDED, State.VOIDED}
    else:
        assert facts == ([Declined] if token == "tok_declined" else [Charged])


async def test_one_life() -> None:
    store, provider, counts = MemoryStore(), TreacherousProvider(), Counts()
    payments = Payments(store, provider, counts)
    charge = await payments.pay("o1", EUR, "tok_visa")
    assert (charge.state, charge.charge_id) == (State.CHARGED, charge_id("o1"))
    assert await payments.pay("o1", EUR, "tok_visa") == charge
    assert provider.asked == 1
    assert (await payments.cancel("o1", "timeout")).state is State.REFUNDED
    assert (await payments.cancel("o1", "timeout")).state is State.REFUNDED
    assert store.facts == [Charged("o1", charge_id("o1"), EUR), Refunded("o1", charge_id("o1"), EUR, "timeout")]
    assert counts.outcomes == ["charged", "refunded"]
    assert await payments.charge("o1") == store.charges["o1"]
    with pytest.raises(UnknownChargeError, match="no charge of order o2"):
        await payments.charge("o2")


async def test_cancelled_before_asked() -> None:
    provider = TreacherousProvider()
    payments = Payments(MemoryStore(), provider, Counts())
    await payments.cancel("o1", "timeout")
    assert (await payments.pay("o1", EUR, "tok_visa")).state is State.VOIDED
    assert (provider.asked, provider.taken) == (0, {})


async def test_a_crash_before_the_reversals_answer_is_made_good_by_either_event() -> None:
    fates = iter(("after", "after"))
    provider = TreacherousProvider(lambda: next(fates, ""))
    store, counts = MemoryStore(), Counts()
    payments = Payments(store, provider, counts)
    with pytest.raises(UndecidedError):
        await payments.pay("o1", EUR, "tok_visa")
    assert store.charges["o1"].state is State.PENDING
    with pytest.raises(UndecidedError):
        await payments.cancel("o1", "timeout")
    assert store.charges["o1"].state is State.REVERSING
    assert (await payments.pay("o1", EUR, "tok_visa")).state is State.REFUNDED
    assert [type(fact) for fact in store.facts] == [Charged, Refunded]
    assert counts.outcomes == ["undecided", "undecided", "refunded"]


def test_a_seed_of_chances() -> None:
    """Fifty orders at once, each event twice, a third of all calls failing."""
    random = Random(7)
    provider = TreacherousProvider(lambda: random.choice(("", "", "", "", "before", "after")))
    payments = Payments(MemoryStore(), provider, Counts())

    async def pay(order_id: str) -> None:
        while True:
            try:
                await payments.pay(order_id, EUR, "tok_visa")
                return
            except UndecidedError:
                pass

    async def all_at_once() -> None:
        await asyncio.gather(*(pay(f"o{number % 50}") for number in range(100)))

    asyncio.run(all_at_once())
    assert len(provider.taken) == 50
