"""Data sources: the template that machines are cloned from, and where machines are reached."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tf.iface import DataSource, ReadDataContext
from tf.schema import Attribute, Schema
from tf.types import Map, String

from gantry_provider.host import Host, told
from gantry_provider.types import Object

State = dict[str, Any]
ADDRESS = Object({"address": String(), "pool": String(), "role": String(), "state": String()})


class _Data(DataSource):  # type: ignore[misc]
    """What all data sources share."""

    def __init__(self, provider: Any) -> None:
        self.provider = provider


class GantryImage(_Data):
    """A system that the bundle has built."""

    @classmethod
    def get_name(cls) -> str:
        """Without the provider's prefix."""
        return "image"

    @classmethod
    def get_schema(cls) -> Schema:
        """Its attributes."""
        return Schema(
            version=1,
            description="A root file system of the bundle, that machines are cloned from.",
            attributes=[
                Attribute("bundle", String(), "The bundle's outputs, `.platform/<env>/bundle.json`.", required=True),
                Attribute("name", String(), "Name of the artifact.", required=True),
                Attribute("path", String(), "Its directory.", computed=True),
                Attribute("key", String(), "The hash that it is known by.", computed=True),
            ],
        )

    def read(self, ctx: ReadDataContext, config: State) -> State | None:
        """Where it rests. What is not there is an error, now."""
        bundle, name = Path(config["bundle"]), config["name"]
        remedy = "Build the bundle: ansible-playbook playbooks/bundle.yml."
        try:
            systems = json.loads(bundle.read_text(encoding="utf-8"))["rootfs"]
        except (OSError, ValueError, KeyError) as error:
            ctx.diagnostics.add_error(f"bundle {bundle} cannot be read: {error!r}", remedy, path=["bundle"])
            return None
        if name not in systems or not Path(systems[name]).is_dir():
            known = ", ".join(sorted(systems)) or "none"
            ctx.diagnostics.add_error(f"the bundle has no system {name!r}", f"It has {known}. {remedy}", path=["name"])
            return None
        return {**config, "path": systems[name], "key": Path(systems[name]).name}


class GantryAddresses(_Data):
    """Where the machines of an environment are reached."""

    @classmethod
    def get_name(cls) -> str:
        """Without the provider's prefix."""
        return "addresses"

    @classmethod
    def get_schema(cls) -> Schema:
        """Its attributes."""
        return Schema(
            version=1,
            description="Where the machines of an environment are reached.",
            attributes=[
                Attribute("environment", String(), "Name of the environment.", required=True),
                Attribute("network", String(), "Network of its machines; empty where there is none.", computed=True),
                Attribute("machines", Map(ADDRESS), "Name to address, pool, role and state.", computed=True),
                Attribute("private_key_file", String(), "Path of the key that opens them as root.", computed=True),
                Attribute("common_args", String(), "Options of ssh that belong to it.", computed=True),
            ],
        )

    def read(self, ctx: ReadDataContext, config: State) -> State | None:
        """As they are now."""
        with told(ctx.diagnostics, f"machines of {config['environment']}"):
            host = Host(config["environment"], self.provider.state_directory)
            record, running = host.record(), host.running()
            machines = {
                machine.name: {
                    "address": machine.address,
                    "pool": machine.pool,
                    "role": machine.role,
                    "state": "running" if machine.name in running else "stopped",
                }
                for machine in record.machines
            }
            return {**config, "network": record.network, "machines": machines, **host.ssh()}
        return None
