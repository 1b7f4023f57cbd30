"""Baskets on a real Redis."""

from collections.abc import AsyncIterator

import pytest
from shopkit.metrics import Metrics
from shopkit.settings import Endpoint

from basket.adapters.redis import RedisStore

pytest_plugins = ["shopkit.testing.plugin"]


@pytest.fixture
def metrics() -> Metrics:
    return Metrics("test")


@pytest.fixture
async def store(redis_url: str, metrics: Metrics) -> AsyncIterator[RedisStore]:
    async with RedisStore(Endpoint(redis_url), 60, 2.0, metrics) as store:
        yield store
