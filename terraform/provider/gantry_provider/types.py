"""Types that the framework lacks. Source: docs/plugin-protocol/object-wire-format.md of OpenTofu."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tf.types import TfType, Unknown


class Object(TfType):  # type: ignore[misc]
    """A map whose names are fixed and typed; a dict in Python."""

    def __init__(self, attributes: Mapping[str, TfType]) -> None:
        self.attributes = dict(attributes)

    def encode(self, value: Any) -> Any:
        """For the wire: every name, null where it is not there."""
        if value is None or value is Unknown:
            return value
        return {name: kind.encode(value.get(name)) for name, kind in self.attributes.items()}

    def decode(self, value: Any) -> Any:
        """From the wire."""
        if value is None or value is Unknown:
            return value
        return {name: kind.decode(value.get(name)) for name, kind in self.attributes.items()}

    def tf_type(self) -> bytes:
        """As JSON, the way cty writes it."""
        inner = ",".join(f'"{name}":{kind.tf_type().decode()}' for name, kind in sorted(self.attributes.items()))
        return f'["object",{{{inner}}}]'.encode()
