"""Documents of interfaces: built from the schemas, held by files."""

from __future__ import annotations

from pathlib import Path

import pytest

from shopkit.testing.contract import asyncapi, held

DOCUMENT = asyncapi("stock", "1", "Stock", sends=["stock.committed.v1"], receives=["orders.order-confirmed.v1"])


def test_every_message_points_to_its_schema(tmp_path: Path) -> None:
    channels = DOCUMENT["channels"]
    assert sorted(channels) == ["orders.order-confirmed.v1", "stock.committed.v1"]
    data = channels["stock.committed.v1"]["messages"]["event"]["payload"]["schema"]["properties"]["data"]
    schemas = Path(__file__).parent.parent.parent / "stock"
    assert (schemas / data["$ref"]).resolve().is_file()
    assert DOCUMENT["operations"]["send.stock.committed.v1"] == {
        "action": "send",
        "channel": {"$ref": "#/channels/stock.committed.v1"},
    }
    with pytest.raises(ValueError, match=r"add shopkit/schemas/stock.lost.v1.json"):
        asyncapi("stock", "1", "Stock", sends=["stock.lost.v1"], receives=[])


@pytest.mark.parametrize("name", ["asyncapi.yaml", "openapi.json"])
def test_a_file_is_held_to_the_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    file = tmp_path / name
    monkeypatch.delenv("CONTRACTS", raising=False)
    with pytest.raises(AssertionError, match=f"{name} is not what the code says: make contracts"):
        held(file, DOCUMENT)
    monkeypatch.setenv("CONTRACTS", "write")
    held(file, DOCUMENT)
    monkeypatch.delenv("CONTRACTS")
    held(file, DOCUMENT)
    with pytest.raises(AssertionError):
        held(file, {**DOCUMENT, "asyncapi": "3.1.0"})
