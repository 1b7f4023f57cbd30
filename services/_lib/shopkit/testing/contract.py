"""Interfaces as documents that lie beside the code, held to it by a test: `held(path, document)`.

`CONTRACTS=write` in the environment writes the documents anew instead; the diff is the change of the interface.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import yaml

from shopkit.events import schemas


def asyncapi(
    service: str, version: str, description: str, *, sends: Collection[str], receives: Collection[str]
) -> dict[str, Any]:
    """The AsyncAPI 3.0 document of a service that sends and receives events of these types.

    An event's data is described by the schema files of shopkit, to which the document points from `services/<name>/`.
    """
    types = sorted({*sends, *receives})
    if unknown := [type_ for type_ in types if type_ not in schemas()]:
        raise ValueError(f"event type {unknown[0]!r} has no schema: add shopkit/schemas/{unknown[0]}.json")
    actions = [("send", type_) for type_ in sorted(sends)] + [("receive", type_) for type_ in sorted(receives)]
    return {
        "asyncapi": "3.0.0",
        "info": {"title": service, "version": version, "description": description},
        "defaultContentType": "application/cloudevents+json",
        "channels": {type_: _channel(type_) for type_ in types},
        "operations": {
            f"{action}.{type_}": {"action": action, "channel": {"$ref": f"#/channels/{type_}"}}
            for action, type_ in actions
        },
    }


def _channel(type_: str) -> dict[str, Any]:
    data = {"$ref": f"../_lib/shopkit/schemas/{type_}.json"}
    return {
        "address": f"shop.{type_}",
        "messages": {
            "event": {
                "name": type_,
                "title": schemas()[type_]["title"],
                "payload": {
                    "schemaFormat": "application/schema+json;version=2020-12",
                    "schema": {
                        "description": "CloudEvents 1.0, structured mode",
                        "type": "object",
                        "required": ["specversion", "id", "source", "type", "subject", "time", "data"],
                        "properties": {"type": {"const": type_}, "data": data},
                    },
                },
            }
        },
    }


def held(path: Path, document: Mapping[str, Any]) -> None:
    """Fails unless the file (JSON or YAML by its name) says what the document says."""
    if path.suffix == ".json":
        text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    else:
        text = yaml.safe_dump(dict(document), sort_keys=False, allow_unicode=True, width=120)
    if os.environ.get("CONTRACTS") == "write":
        path.write_text(text, encoding="utf-8")
    said = path.read_text(encoding="utf-8") if path.exists() else ""
    assert said == text, f"{path.name} is not what the code says: make contracts, and look at the diff"
