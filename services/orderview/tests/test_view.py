"""Views join to the same in any order, in any grouping, however often; and they say what happened."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import story
from hypothesis import given
from hypothesis import strategies as st
from shopkit.events import Event, schemas
from story import START, heard

from orderview.domain.projection import ADDS, Heard, entry, fold, view
from orderview.domain.view import Line, Money, Payment, Status, View

STORIES = (story.confirmed, story.refunded, story.sold_out, story.declined)
views = st.builds(
    View,
    order_id=st.just("o-1"),
    updated_at=st.integers(0, 5).map(lambda seconds: START + timedelta(seconds=seconds)),
    customer_id=st.sampled_from([None, "c-1", "c-2"]),
    placed_at=st.sampled_from([None, START, START + timedelta(1)]),
    lines=st.sampled_from([(), (Line("tea", 1, Money(1, "EUR")),)]),
    total=st.sampled_from([None, Money(1, "EUR"), Money(2, "EUR")]),
    status=st.sampled_from(Status),
    reason=st.sampled_from([None, "timeout", "sold out"]),
    payment=st.sampled_from(Payment),
    mails=st.frozensets(st.sampled_from(["confirmed", "cancelled"])),
)


@given(views, views, views)
def test_views_are_a_semilattice(one: View, two: View, three: View) -> None:
    assert one.join(two) == two.join(one)
    assert one.join(two).join(three) == one.join(two.join(three))
    assert one.join(one) == one


@given(st.sampled_from(STORIES), st.data())
def test_any_order_and_repetition_of_events_comes_to_the_same(
    tale: Callable[[], list[Event]], data: st.DataObject
) -> None:
    events = heard(tale())
    repeated = events + data.draw(st.lists(st.sampled_from(events), max_size=5))
    assert fold(data.draw(st.permutations(repeated))) == fold(events)


@given(st.data())
def test_what_is_known_never_goes_back(data: st.DataObject) -> None:
    """Whatever comes first, status and payment only move on."""
    events = data.draw(st.permutations(heard(data.draw(st.sampled_from(STORIES))())))
    states = [next(iter(fold(events[: count + 1]).values())) for count in range(len(events))]
    for ranks, attribute in ((list(Status), "status"), (list(Payment), "payment")):
        moved = [ranks.index(getattr(state, attribute)) for state in states]
        assert moved == sorted(moved)


@pytest.mark.parametrize(
    ("tale", "status", "reason", "payment", "mails"),
    [
        (story.confirmed, Status.CONFIRMED, None, Payment.CHARGED, {"confirmed"}),
        (story.refunded, Status.CANCELLED, "timeout", Payment.REFUNDED, {"cancelled", "refunded"}),
        (story.sold_out, Status.CANCELLED, "sold out", Payment.NONE, set()),
        (story.declined, Status.CANCELLED, "no money", Payment.DECLINED, set()),
    ],
)
def test_what_each_story_comes_to(
    tale: Callable[[], list[Event]], status: Status, reason: str | None, payment: Payment, mails: set[str]
) -> None:
    events = tale()
    lines = (Line("red-mug", 2, Money(1250, "EUR")), Line("tea", 1, Money(499, "EUR")))
    total = Money(2999, "EUR")
    end = events[-1].time
    assert fold(heard(events)) == {
        events[0].subject: View(
            events[0].subject, end, "c-1", START, lines, total, status, reason, payment, frozenset(mails)
        )
    }


def test_states_on_the_way() -> None:
    events = heard(story.confirmed())
    states = [next(iter(fold(events[:count]).values())) for count in range(1, 6)]
    assert [state.status for state in states] == ["pending", "reserved", "reserved", "reserved", "confirmed"]
    assert [state.payment for state in states] == ["none", "none", "requested", "charged", "charged"]


def test_orders_are_told_apart() -> None:
    one, two = heard(story.confirmed("c-1")), heard(story.sold_out("c-2"))
    mixed = [event for pair in zip(one, two, strict=False) for event in pair]
    assert {known.customer_id for known in fold(mixed).values()} == {"c-1", "c-2"}
    with pytest.raises(ValueError, match="cannot be joined"):
        view(one[0]).join(view(two[0]))


def test_history_shows_nothing_private() -> None:
    shown = [entry(event) for tale in STORIES for event in heard(tale())]
    text = repr([each.detail for each in shown])
    for private in ("a@example.com", "tok_visa", story.CHARGE, 64 * "a", "c-1"):
        assert private not in text
    details = {each.type: each.detail for each in shown}
    assert details["stock.rejected.v1"] == {"reason": "sold out", "missing": story.MISSING}
    assert details["payments.charged.v1"] == {"amount": story.EUR}
    assert details["notifications.mail-sent.v1"] == {"kind": "refunded"}


def test_every_event_about_orders_is_projected() -> None:
    """All but the catalog's; an event type added to the shop must be given a meaning here."""
    about_orders = {type_ for type_ in schemas() if type_ != "common" and not type_.startswith("catalog.")}
    assert set(ADDS) == about_orders


def test_every_event_alone_is_a_view() -> None:
    for tale in STORIES:
        for event in heard(tale()):
            assert isinstance(event, Heard)
            assert view(event).updated_at == event.time
