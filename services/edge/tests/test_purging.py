"""The purger's rules, without I/O; and what it reads of Varnish's counters."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from edge.adapters.settings import Backend, Settings, Varnish
from edge.application import CacheDownError, Purger
from edge.domain import backends, keys_of, outcomes


class Copies:
    """A cache that tells what it was asked to drop."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []
        self.down = False

    async def purge(self, keys: Sequence[str]) -> int:
        if self.down:
            raise CacheDownError("gone")
        self.asked.append(tuple(keys))
        return len(keys)


async def test_a_change_is_purged_at_once_and_a_moment_later_again() -> None:
    copies, told = Copies(), []
    purger = Purger(copies, 0.1, lambda *outcome: told.append(outcome))
    await purger.changed("saw")
    assert copies.asked == [("product-saw", "products")]
    await asyncio.sleep(0.2)
    assert copies.asked == [("product-saw", "products")] * 2
    assert told == [("done", 2), ("done", 2)]


async def test_what_could_not_be_purged_stays_wanted() -> None:
    copies, told = Copies(), []
    purger = Purger(copies, 60, lambda *outcome: told.append(outcome))
    copies.down = True
    await purger.changed("saw")
    await purger.changed("axe")
    assert (copies.asked, told) == ([], [("failed", 0)] * 2)
    settling = asyncio.create_task(purger.settle(0.01))
    await asyncio.sleep(0.05)
    copies.down = False
    await asyncio.sleep(0.05)
    settling.cancel()
    assert copies.asked == [("product-saw", "products", "product-axe")]


async def test_who_may_have_missed_something_drops_the_whole_catalog_more_than_once() -> None:
    copies = Copies()
    await Purger(copies, deaf=0.03).missed()
    assert copies.asked == [("catalog",)] * 3


def test_a_product_stands_in_its_own_answers_and_in_lists() -> None:
    assert keys_of("saw") == ("product-saw", "products")


def test_counters_become_outcomes() -> None:
    counters = {"MAIN.cache_hit": 10, "MAIN.cache_hit_grace": 3, "MAIN.cache_miss": 4, "MAIN.s_pass": 2}
    assert outcomes(counters) == {"hit": 7, "stale": 3, "miss": 4, "pass": 2}
    assert outcomes({}) == {"hit": 0, "stale": 0, "miss": 0, "pass": 0}


def test_a_backend_is_up_if_its_last_probe_was_answered() -> None:
    counters = {
        "VBE.boot.shopapi.happy": 0b1110,
        "VBE.boot.storefront.happy": 0b0111,
        "VBE.boot.shopapi.req": 9,
        "MAIN.uptime": 1,
    }
    assert backends(counters) == {"shopapi": False, "storefront": True}


def test_settings_have_defaults_that_serve_the_platform() -> None:
    varnish = Varnish.read({})
    assert (varnish.listen, str(varnish.directory)) == (":8080", "/run/edge")
    assert (varnish.storefront, varnish.shopapi) == (Backend("storefront", 8080), Backend("shopapi", 8080))
    purger = Settings.read({"NATS_URL": "nats://nats:4222"})
    assert (purger.again_seconds, purger.deaf_seconds) == (1, 15)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("EDGE_STOREFRONT", "storefront", "EDGE_STOREFRONT is 'storefront': give host:port, such as storefront:8080"),
        ("EDGE_SHOPAPI", "http://shopapi:8080", "EDGE_SHOPAPI is 'http://shopapi:8080': give host:port"),
        ("EDGE_SHOPAPI", 'a";}:1', "EDGE_SHOPAPI is"),
        ("EDGE_STOREFRONT", "storefront:70000", "EDGE_STOREFRONT is 'storefront:70000'"),
        ("EDGE_MEMORY", "much", "EDGE_MEMORY is 'much': give a size such as 64m"),
        ("EDGE_DIRECTORY", "run", "EDGE_DIRECTORY is 'run': give an absolute path"),
        ("EDGE_DIRECTORY", "/" + "x" * 100, "EDGE_DIRECTORY is"),
        ("EDGE_PROBE_SECONDS", "0", "EDGE_PROBE_SECONDS is '0': give a whole number from 1 to 60"),
    ],
)
def test_settings_that_are_refused(name: str, value: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Varnish.read({name: value})


def test_a_purger_without_a_broker_is_refused() -> None:
    with pytest.raises(ValueError, match="NATS_URL is not set"):
        Settings.read({})
