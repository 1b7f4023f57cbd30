"""The view in a real Postgres: projected in any order and at once, read page by page, swapped by generation."""

from __future__ import annotations

import asyncio
import random
from datetime import timedelta
from uuid import uuid4

import pytest
import story
from psycopg import sql
from shopkit.database import Database
from story import START, heard

from orderview.adapters.postgres import PostgresView
from orderview.application.ports import GenerationLostError, Place, RebuildRunningError
from orderview.application.projecting import Projector
from orderview.application.queries import CursorError, Queries, UnknownOrderError, decode, encode
from orderview.domain.projection import Heard, entry, fold


async def test_an_order_is_read_as_its_events_say(projector: Projector, queries: Queries) -> None:
    events = heard(story.refunded())
    for event in events:
        await projector.project(event)
    view, history = await queries.order(events[0].order_id)
    assert view == fold(events)[events[0].order_id]
    assert history == [entry(event) for event in events]


async def test_events_twice_and_out_of_order_and_at_once(projector: Projector, queries: Queries) -> None:
    stories = [heard(story.confirmed()), heard(story.declined())]
    events = [event for events in stories for event in events] * 2
    random.Random(7).shuffle(events)
    await asyncio.gather(*(projector.project(event) for event in events))
    for wanted in stories:
        view, history = await queries.order(wanted[0].order_id)
        assert view == fold(wanted)[view.order_id]
        assert history == [entry(event) for event in wanted]


async def test_an_order_not_heard_to_be_placed_yet_is_not_shown(projector: Projector, queries: Queries) -> None:
    first, *rest = heard(story.confirmed())
    for event in rest:
        await projector.project(event)
    with pytest.raises(UnknownOrderError):
        await queries.order(first.order_id)
    assert (await queries.orders("c-1", 10)).orders == []
    await projector.project(first)
    assert (await queries.order(first.order_id))[0].status == "confirmed"


async def test_orders_come_page_by_page_newest_first(projector: Projector, queries: Queries) -> None:
    """Equal times too, and orders placed while someone turns pages."""
    for number in range(7):
        await projector.project(heard(story.confirmed(start=START + timedelta(minutes=number // 2)))[0])
    await projector.project(heard(story.confirmed("c-2"))[0])
    first = await queries.orders("c-1", 3)
    await projector.project(heard(story.confirmed(start=START + timedelta(hours=1)))[0])
    second = await queries.orders("c-1", 3, first.next_cursor)
    third = await queries.orders("c-1", 3, second.next_cursor)
    seen = [view for page in (first, second, third) for view in page.orders]
    assert [len(page.orders) for page in (first, second, third)] == [3, 3, 1]
    assert third.next_cursor is None
    keys = [(view.placed_at, view.order_id) for view in seen]
    assert keys == sorted(set(keys), reverse=True)
    assert {view.customer_id for view in seen} == {"c-1"}


async def test_a_last_page_that_is_full_has_no_next(projector: Projector, queries: Queries) -> None:
    await projector.project(heard(story.confirmed())[0])
    assert (await queries.orders("c-1", 1)).next_cursor is None


def test_a_cursor_is_its_place() -> None:
    place = Place(START + timedelta(microseconds=1), str(uuid4()))
    assert decode(encode(place)) == place


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "%%",
        "bm8gcGxhY2U=",
        encode(Place(START.replace(tzinfo=None), str(uuid4()))),
        encode(Place(START, "o-1")),
    ],
)
def test_a_cursor_that_is_none(cursor: str) -> None:
    with pytest.raises(CursorError, match="is unknown: use next_cursor"):
        decode(cursor)


async def test_a_new_generation_follows_and_answers_once_swapped(
    projector: Projector, queries: Queries, stored: PostgresView
) -> None:
    before, after = heard(story.confirmed()), heard(story.declined())
    await projector.project(before[0])
    number = await stored.begin()
    await projector.project(after[0])
    assert len((await queries.orders("c-1", 10)).orders) == 2
    await stored.swap(number)
    assert [view.order_id for view in (await queries.orders("c-1", 10)).orders] == [after[0].order_id]
    assert [(each.number, each.state) for each in await stored.all()] == [(1, "old"), (2, "live")]


async def test_only_one_is_built_at_a_time(stored: PostgresView) -> None:
    begun = await asyncio.gather(*(stored.begin() for _ in range(4)), return_exceptions=True)
    assert sum(isinstance(each, int) for each in begun) == 1
    assert sum(isinstance(each, RebuildRunningError) for each in begun) == 3


async def test_one_that_was_abandoned_gives_way(stored: PostgresView, database: Database) -> None:
    lost = await stored.begin()
    async with database.transaction() as connection:
        await connection.execute(
            "update generations set beat_at = now() - interval '2 minutes' where number = %s", (lost,)
        )
    assert await stored.begin() > lost
    with pytest.raises(GenerationLostError, match=f"generation {lost} was given up"):
        await _write(stored, lost, heard(story.confirmed()))
    with pytest.raises(GenerationLostError):
        await stored.swap(lost)
    assert [each.state for each in await stored.all()] == ["live", "building"]


async def test_old_tables_go_with_the_next_rebuild(stored: PostgresView, database: Database) -> None:
    for _ in range(3):
        await stored.swap(await stored.begin())
    await stored.abandon(await stored.begin())
    async with database.transaction() as connection:
        found = await connection.execute(
            "select tablename from pg_tables where tablename ~ '^(orders|history)_[0-9]+$' order by 1"
        )
        tables = [name for (name,) in await found.fetchall()]
    live = (await stored.all())[-1].number
    assert tables == [f"history_{live}", f"orders_{live}"]


async def test_a_list_is_read_by_its_index(database: Database) -> None:
    """Not by sorting all orders: the shape's index was copied to the generation."""
    async with database.transaction() as connection:
        await connection.execute("set local enable_seqscan = off")
        found = await connection.execute(
            sql.SQL(
                "explain select * from orders_1 where customer_id = 'c' and placed_at is not null "
                "and (placed_at, order_id) < (now(), {}) order by placed_at desc, order_id desc limit 3"
            ).format(sql.Literal(uuid4()))
        )
        plan = "\n".join(line for (line,) in await found.fetchall())
    assert "Index" in plan
    assert "Sort" not in plan


async def _write(stored: PostgresView, generation: int, events: list[Heard]) -> None:
    async with stored.one(generation) as tables:
        await tables.merge(fold(events).values(), [])
