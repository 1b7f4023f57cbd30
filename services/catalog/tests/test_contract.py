"""What is committed of the interfaces is what the code says. `python tests/test_contract.py` writes it anew."""

from __future__ import annotations

import json
import re
from pathlib import Path

from shopkit.events import schemas
from shopkit.metrics import Metrics

from catalog import __version__
from catalog.adapters.events import PRICE_CHANGED, PRODUCT_CHANGED
from catalog.adapters.http import create_app
from catalog.adapters.memory import MemoryStore
from catalog.application import Catalog

ROOT = Path(__file__).parent.parent


def openapi() -> str:
    """The API's description as it is committed."""
    document = create_app(Catalog(MemoryStore([])), Metrics("catalog")).openapi()
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def asyncapi() -> str:
    """The events' description as it is committed."""
    events = {
        PRICE_CHANGED: ("priceChanged", "A product has another price; `previous` is the one before."),
        PRODUCT_CHANGED: ("productChanged", "A product's name, description or tags changed."),
    }
    lines = [
        "asyncapi: 3.0.0",
        "info:",
        "  title: catalog",
        f"  version: {__version__}",
        "  description: What the catalog tells of its products. Every instance hears it too, to drop its copies.",
        "defaultContentType: application/cloudevents+json",
        "channels:",
    ]
    for type_, (name, _) in events.items():
        lines += [
            f"  {name}:",
            f"    address: shop.{type_}",
            "    messages:",
            f"      {name}: {{$ref: '#/components/messages/{name}'}}",
        ]
    lines += ["operations:"]
    for name, _ in events.values():
        for action in ("send", "receive"):
            lines += [
                f"  {action}{name[0].upper()}{name[1:]}:",
                f"    action: {action}",
                f"    channel: {{$ref: '#/channels/{name}'}}",
            ]
    lines += ["components:", "  messages:"]
    for type_, (name, summary) in events.items():
        lines += [
            f"    {name}:",
            f"      name: {type_}",
            f"      summary: {summary}",
            "      description: The `data` of a CloudEvent 1.0; its subject is the SKU.",
            f"      payload: {{$ref: ../_lib/shopkit/schemas/{type_}.json}}",
        ]
    return "\n".join(lines) + "\n"


def test_openapi_is_what_the_code_says() -> None:
    assert (ROOT / "openapi.json").read_text("utf-8") == openapi(), "run python tests/test_contract.py"


def test_asyncapi_is_what_the_code_says() -> None:
    text = (ROOT / "asyncapi.yaml").read_text("utf-8")
    assert text == asyncapi(), "run python tests/test_contract.py"
    for type_ in re.findall(r"schemas/(.*)\.json", text):
        assert type_ in schemas()


if __name__ == "__main__":
    (ROOT / "openapi.json").write_text(openapi(), "utf-8")
    (ROOT / "asyncapi.yaml").write_text(asyncapi(), "utf-8")
