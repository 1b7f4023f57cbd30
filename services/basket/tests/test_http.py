"""The HTTP interface over a real Redis, and its committed description."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from shopkit.settings import SettingError
from shopkit.testing.contract import held
from shopkit.testing.programs import Program

from basket.__main__ import assemble
from basket.adapters.settings import Settings

ROOT = Path(__file__).parent.parent


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[httpx2.AsyncClient]:
    parts = assemble(Settings.read({"REDIS_URL": redis_url, "BASKET_REDIS_TIMEOUT_SECONDS": "5"}))
    [store] = parts.around
    async with store, httpx2.AsyncClient(transport=httpx2.ASGITransport(parts.app), base_url="http://basket") as client:
        yield client


async def test_a_basket_is_filled_and_emptied(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/baskets/s1")).json() == {"basket_id": "s1", "items": []}
    await client.put("/baskets/s1/items/mug", json={"quantity": 2})
    put = await client.put("/baskets/s1/items/axe", json={"quantity": 1})
    assert put.json()["items"] == [{"sku": "mug", "quantity": 2}, {"sku": "axe", "quantity": 1}]
    assert (await client.get("/baskets/s1")).json() == put.json()
    taken = await client.delete("/baskets/s1/items/mug")
    assert taken.json()["items"] == [{"sku": "axe", "quantity": 1}]
    assert (await client.delete("/baskets/s1/items/mug")).json() == taken.json()
    assert (await client.delete("/baskets/s1")).status_code == 204
    assert (await client.get("/baskets/s1")).json()["items"] == []
    text = (await client.get("/metrics")).text
    assert 'basket_changes_total{change="put"} 2.0' in text
    assert "s1" not in text


async def test_etags(client: httpx2.AsyncClient) -> None:
    first = await client.put("/baskets/s1/items/mug", json={"quantity": 2})
    tag = first.headers["etag"]
    assert first.headers["cache-control"] == "private, no-cache"
    same = await client.get("/baskets/s1", headers={"If-None-Match": f'"other", W/{tag}'})
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
    second = await client.put("/baskets/s1/items/mug", json={"quantity": 3}, headers={"If-Match": tag})
    assert second.status_code == 200
    assert second.headers["etag"] != tag
    assert (await client.get("/baskets/s1", headers={"If-None-Match": tag})).status_code == 200
    for late in (
        await client.put("/baskets/s1/items/mug", json={"quantity": 9}, headers={"If-Match": tag}),
        await client.delete("/baskets/s1/items/mug", headers={"If-Match": tag}),
        await client.delete("/baskets/s1", headers={"If-Match": "nonsense"}),
    ):
        assert (late.status_code, late.headers["etag"]) == (412, second.headers["etag"])
        assert late.headers["content-type"] == "application/problem+json"
    assert (await client.get("/baskets/s1")).json() == second.json()
    assert (await client.delete("/baskets/s1", headers={"If-Match": "*"})).status_code == 204


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/baskets/s1/items/mug", {"quantity": 0}),
        ("/baskets/s1/items/mug", {"quantity": 100}),
        ("/baskets/s1/items/mug", {"quantity": "2"}),
        ("/baskets/s1/items/mug", {"quantity": 1.5}),
        ("/baskets/s1/items/mug", {}),
        ("/baskets/s1/items/Mug", {"quantity": 1}),
        ("/baskets/s:1/items/mug", {"quantity": 1}),
    ],
)
async def test_bad_input(client: httpx2.AsyncClient, path: str, body: dict[str, object]) -> None:
    answer = await client.put(path, json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert (await client.get("/baskets/s1")).json()["items"] == []


async def test_a_full_basket(client: httpx2.AsyncClient) -> None:
    for number in range(50):
        await client.put(f"/baskets/s1/items/sku-{number}", json={"quantity": 1})
    answer = await client.put("/baskets/s1/items/mug", json={"quantity": 1})
    assert (answer.status_code, answer.json()["title"]) == (409, "Basket is full")


async def test_without_redis_nothing_is_promised(client: httpx2.AsyncClient, redis_server: Program) -> None:
    assert (await client.get("/readyz")).status_code == 200
    redis_server.stop()
    try:
        assert ((await client.get("/readyz")).status_code, (await client.get("/healthz")).status_code) == (503, 200)
        answer = await client.put("/baskets/s1/items/mug", json={"quantity": 1})
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert "127.0.0.1" not in answer.text
    finally:
        redis_server.start()


def test_openapi() -> None:
    held(ROOT / "openapi.json", assemble(Settings.read({})).app.openapi())


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("BASKET_TTL_SECONDS", "0", "BASKET_TTL_SECONDS is '0': give a whole number from 1 to 31622400"),
        ("REDIS_URL", "http://redis", "REDIS_URL is 'http://redis': give a URL such as redis://host:port"),
    ],
)
def test_wrong_settings(name: str, value: str, says: str) -> None:
    with pytest.raises(SettingError) as refused:
        Settings.read({name: value})
    assert str(refused.value) == says
