"""Events: CloudEvents 1.0 in JSON (structured mode), their data held to the schemas in shopkit/schemas."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any, Final
from uuid import uuid4

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from referencing import Registry, Resource

from shopkit import tracing

_REQUIRED: Final = ("id", "source", "type", "subject", "time")


class SchemaError(ValueError):
    """Not an event of this shop, or one whose data its schema refuses."""


@cache
def schemas() -> Mapping[str, Mapping[str, Any]]:
    """Every schema by event type."""
    found = {
        file.name.removesuffix(".json"): json.loads(file.read_text(encoding="utf-8"))
        for file in files("shopkit").joinpath("schemas").iterdir()
        if file.name.endswith(".json")
    }
    return dict(sorted(found.items()))


@cache
def _validator(type_: str) -> Draft202012Validator:
    known = schemas()
    if type_ not in known or type_ == "common":
        raise SchemaError(f"event type {type_!r} has no schema: add shopkit/schemas/{type_}.json")
    registry: Registry[Any] = Registry().with_resource("urn:shop:common", Resource.from_contents(known["common"]))
    return Draft202012Validator(known[type_], registry=registry, format_checker=Draft202012Validator.FORMAT_CHECKER)


def check(type_: str, data: Any) -> None:
    """Raises SchemaError, which names the place and what is wrong there."""
    error = best_match(_validator(type_).iter_errors(data))
    if error is not None:
        raise SchemaError(f"{type_}: {error.json_path.removeprefix('$.') or 'data'}: {error.message}")


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to `subject` (an id); `traceparent` names the span that caused it."""

    id: str
    source: str
    type: str
    subject: str
    time: datetime
    data: Mapping[str, Any]
    traceparent: str = ""

    @classmethod
    def new(cls, source: str, type: str, subject: str, data: Mapping[str, Any]) -> Event:
        """An event of now, caused by the current span. Raises SchemaError."""
        check(type, data)
        return cls(str(uuid4()), source, type, subject, datetime.now(UTC), data, tracing.inject())

    def caused_by(self, traceparent: str) -> Event:
        """The same event with another cause."""
        return replace(self, traceparent=traceparent)

    def encode(self) -> bytes:
        """CloudEvents JSON."""
        envelope: dict[str, Any] = {
            "specversion": "1.0",
            "id": self.id,
            "source": self.source,
            "type": self.type,
            "subject": self.subject,
            "time": self.time.astimezone(UTC).isoformat().replace("+00:00", "Z"),
            "datacontenttype": "application/json",
            "data": dict(self.data),
        }
        if self.traceparent:
            envelope["traceparent"] = self.traceparent
        return json.dumps(envelope, separators=(",", ":"), ensure_ascii=False).encode()

    @classmethod
    def decode(cls, body: bytes) -> Event:
        """The event of CloudEvents JSON; what it does not know it leaves alone. Raises SchemaError."""
        try:
            envelope = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise SchemaError(f"not JSON: {error}") from None
        if not isinstance(envelope, dict) or envelope.get("specversion") != "1.0":
            raise SchemaError("not a CloudEvent 1.0")
        for name in _REQUIRED:
            if not isinstance(envelope.get(name), str) or not envelope[name]:
                raise SchemaError(f"attribute {name} is {envelope.get(name)!r}: it must be text")
        try:
            time = datetime.fromisoformat(envelope["time"])
        except ValueError:
            raise SchemaError(f"attribute time is {envelope['time']!r}: it must be RFC 3339") from None
        if time.tzinfo is None:
            raise SchemaError(f"attribute time is {envelope['time']!r}: it must say its offset")
        check(envelope["type"], envelope.get("data"))
        traceparent = envelope.get("traceparent", "")
        return cls(
            **{name: envelope[name] for name in _REQUIRED if name != "time"},
            time=time,
            data=envelope["data"],
            traceparent=traceparent if isinstance(traceparent, str) else "",
        )
