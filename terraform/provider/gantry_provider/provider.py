"""The provider itself: its configuration, and what it has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tf.iface import DataSource, Provider, Resource
from tf.schema import Attribute, Schema
from tf.types import String
from tf.utils import Diagnostics

from gantry_provider.data import GantryAddresses, GantryImage
from gantry_provider.host import STATE
from gantry_provider.resources import GantryMachine, GantryNetwork, GantryNodePool

SOURCE = "gantry.dev/platform/gantry"
"""Its address; no registry has it, so the CLI configuration names a directory."""


class GantryProvider(Provider):  # type: ignore[misc]
    """Machines of gantry.platform on this host."""

    def __init__(self) -> None:
        self.state_directory = STATE

    def get_model_prefix(self) -> str:
        """Before the names of resources and data sources."""
        return "gantry_"

    def full_name(self) -> str:
        """Its address."""
        return SOURCE

    def get_provider_schema(self, diags: Diagnostics) -> Schema:  # noqa: ARG002 (the framework's signature)
        """Its configuration."""
        return Schema(
            version=1,
            attributes=[
                Attribute(
                    "state_directory",
                    String(),
                    f"Directory of every environment's record; `{STATE}` if not given.",
                    optional=True,
                )
            ],
        )

    def validate_config(self, diags: Diagnostics, config: dict[str, Any]) -> None:
        """A directory is absolute."""
        directory = config.get("state_directory")
        if isinstance(directory, str) and not directory.startswith("/"):
            diags.add_error(
                f"state_directory {directory!r} is not absolute", f"Remedy: {STATE}.", path=["state_directory"]
            )

    def configure_provider(self, diags: Diagnostics, config: dict[str, Any]) -> None:  # noqa: ARG002
        """Before anything is read or changed."""
        self.state_directory = Path(config.get("state_directory") or STATE)

    def get_data_sources(self) -> list[type[DataSource]]:
        """All of them."""
        return [GantryImage, GantryAddresses]

    def get_resources(self) -> list[type[Resource]]:
        """All of them."""
        return [GantryNetwork, GantryNodePool, GantryMachine]
