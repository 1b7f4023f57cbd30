"""openapi.json and asyncapi.yaml say what the code does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml
from openapi import described
from shopkit.events import schemas

from orderview import __version__
from orderview.domain.projection import ADDS

SERVICE = Path(__file__).resolve().parent.parent


def test_openapi_is_the_code_s() -> None:
    """After a change of the API: `make openapi`."""
    assert (SERVICE / "openapi.json").read_text() == described()


def _asyncapi() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((SERVICE / "asyncapi.yaml").read_text())
    return document


def test_asyncapi_names_every_event_received() -> None:
    document = _asyncapi()
    assert (document["info"]["title"], document["info"]["version"]) == ("orderview", __version__)
    operations: dict[str, set[str]] = {"receive": set()}
    for operation in document["operations"].values():
        name = operation["channel"]["$ref"].removeprefix("#/channels/")
        operations[operation["action"]].add(document["channels"][name]["address"].removeprefix("shop."))
    assert operations == {"receive": set(ADDS)}


def test_asyncapi_s_messages_are_the_schemas() -> None:
    for name, channel in _asyncapi()["channels"].items():
        [message] = channel["messages"].values()
        assert channel["address"] == f"shop.{name}"
        schema = message["payload"]["properties"]["data"]["$ref"]
        assert (SERVICE / schema).resolve().stem == name
        assert json.loads((SERVICE / schema).read_text()) == schemas()[name]
