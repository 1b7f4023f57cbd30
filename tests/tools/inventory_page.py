"""docs/inventory.md, from the contract's model."""

from __future__ import annotations

import ipaddress
import types
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from ansible_collections.gantry.platform.plugins.module_utils.contract.aws import Aws
from ansible_collections.gantry.platform.plugins.module_utils.contract.model import (
    Address,
    Contract,
    GatewayPorts,
    Networks,
    NodePool,
    Size,
    Taint,
    Window,
)
from pydantic import BaseModel

from tests.tools.pages import NOTICE, ROOT, load, table

INTRODUCTION = """\
The inventory says what should be; everything else follows from it. All keys below are needed, in
`inventories/<environment>/group_vars/all/platform.yml`; only what is called optional has a default.
A role's own variables (`<role>_…`) are listed in [roles/](roles/README.md) and are optional.

The contract is typed in one place, `plugins/module_utils/contract/model.py`. The role `preflight` holds an inventory
against it before anything is touched, and tells all mistakes at once: unknown and misspelt keys, values of the wrong
kind (a number or a boolean in quotes is one), networks that overlap or are too small, pools that cannot work, versions
that the bundle does not provide or that skip a minor version of what runs. With driver `machines` it also looks at the
host: root, memory, disk, CPUs, the kernel and its features, the registry's port (the gateway's ports are open on the
machines, not on the host), and networks that the host uses. What the environment already runs is not in its own way."""


def page() -> str:
    """The whole page."""
    lines = [NOTICE, "# The inventory contract", "", INTRODUCTION, "", *_fields(Contract), ""]
    for model, title in (
        (Networks, "`platform_networks`"),
        (Window, "A window of `platform_maintenance_windows`"),
        (GatewayPorts, "`platform_gateway_ports`"),
        (NodePool, "A node pool"),
        (Size, "A node pool's `size`"),
        (Taint, "A taint of a node pool"),
        (Aws, "`platform_aws`"),
    ):
        lines += [f"## {title}", "", (model.__doc__ or "").split("\n")[0], "", *_fields(model), ""]
    derived = load(ROOT / "playbooks/group_vars/all/platform.yml")
    lines += ["## Derived", "", "Set by the playbooks (`playbooks/group_vars/all/platform.yml`), never by users:", ""]
    lines += [
        *table(("variable", "value"), [(f"`{name}`", f"`{value.strip()}`") for name, value in derived.items()]),
        "",
    ]
    example = (ROOT / "inventories/local/group_vars/all/platform.yml").read_text().strip()
    lines += ["## The local inventory", "", "```yaml", example, "```"]
    return "\n".join(lines) + "\n"


def _fields(model: type[BaseModel]) -> list[str]:
    rows = [
        (
            f"`{name}`",
            kind(field.annotation),
            f"`{field.examples[0]}`" if field.examples and " see below" not in str(field.examples[0]) else "",
            (field.description or "") + ("" if field.is_required() else "; optional"),
        )
        for name, field in model.model_fields.items()
    ]
    return table(("key", "type", "example", "meaning"), rows)


def kind(annotation: Any) -> str:
    """A type in words."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return kind(inner[0])
    if origin is Literal:
        return " or ".join(f"`{choice}`" for choice in inner)
    if origin in (Union, types.UnionType):
        return kind(next(part for part in inner if part is not type(None)))
    if origin is list:
        return f"list of {kind(inner[0])}"
    if origin is dict:
        return "map"
    names = {
        str: "text",
        bool: "true or false",
        int: "whole number",
        float: "number",
        Aws: "map",
        ipaddress.IPv4Network: "network",
        Address: "address",
    }
    names |= {
        Networks: "map",
        GatewayPorts: "map",
        Size: "map",
        Taint: "taints",
        NodePool: "node pools",
        Window: "windows",
    }
    return names[annotation]
