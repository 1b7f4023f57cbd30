import asyncio
import uuid

from redis import Redis

from shopkit import inbox, outbox
from shopkit.broker import Broker
from shopkit.database import Database
from shopkit.events import Event
from shopkit.metrics import Metrics


async def test_all(database_url, broker: Broker, redis_url):
    Redis.from_url(redis_url).set("a", 1)
    async with Database(database_url) as db:
        print(await db.migrate("shopkit"))
        assert await db.ready()
        ev = [Event.new("t", "stock.committed.v1", str(i), {"order_id": str(uuid.uuid4())}) for i in range(5)]
        async with db.transaction() as c:
            for e in ev:
                await outbox.add(c, e)
        relay = asyncio.create_task(outbox.Relay(db, broker, Metrics("x")).run())
        got = []
        done = asyncio.Event()

        async def h(e):
            if e.subject == "3" and len(got) < 6:
                got.append("bad")
                raise RuntimeError("x")
            async with db.transaction() as c:
                assert await inbox.first_time(c, "s", e.id)
                assert not await inbox.first_time(c, "s", e.id)
            got.append(e.subject)
            if len(got) == 7:
                done.set()

        t = asyncio.create_task(broker.consume("stock", ["stock.committed.v1", "stock.reserved.v1"], h, backoff=(0.1,)))
        try:
            await asyncio.wait_for(done.wait(), 10)
        finally:
            print(got)
            t.cancel()
            relay.cancel()
            print(await asyncio.gather(t, relay, return_exceptions=True))
        await asyncio.sleep(0.2)
        print(await broker.pending("stock"))
