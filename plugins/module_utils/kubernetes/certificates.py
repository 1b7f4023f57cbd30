"""Which requests of kubelets for serving certificates may be signed."""

from __future__ import annotations

import base64
import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any

SIGNER = "kubernetes.io/kubelet-serving"
USAGES = {"digital signature", "key encipherment", "server auth"}

Object = dict[str, Any]


def pending(requests: Iterable[Object]) -> list[Object]:
    """Requests of kubelets for serving certificates on which nobody has decided."""
    return [
        request
        for request in requests
        if request["spec"]["signerName"] == SIGNER and not request.get("status", {}).get("conditions")
    ]


def node_of(request: Object) -> str:
    """Name of the node that asks; empty where no node does."""
    user = str(request["spec"].get("username") or "")
    is_node = user.startswith("system:node:") and "system:nodes" in (request["spec"].get("groups") or [])
    return user.removeprefix("system:node:") if is_node else ""


def objection(request: Object, addresses: Mapping[str, Iterable[str]]) -> str:
    """Why a request must not be signed; empty where it may.

    ``addresses`` gives each known node's addresses and names. A node may ask for its own, and for nothing else.
    """
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    node = node_of(request)
    if node not in addresses:
        return f"it comes from '{request['spec'].get('username')}', which is no node of this inventory"
    if extra := set(request["spec"].get("usages") or []) - USAGES:
        return f"it asks for the usages {', '.join(sorted(extra))}"
    csr = x509.load_pem_x509_csr(base64.b64decode(request["spec"]["request"]))
    names = [str(a.value) for a in csr.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    groups = [str(a.value) for a in csr.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)]
    if names != [f"system:node:{node}"] or groups != ["system:nodes"]:
        return f"its subject is {csr.subject.rfc4514_string()}"
    try:
        asked = csr.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return "it names no address"
    own = {_normal(address) for address in addresses[node]} | {node}
    wanted = {_normal(str(name.value)) for name in asked}
    if others := wanted - own:
        return f"it names {', '.join(sorted(others))}, which is not the node's"
    return ""


def _normal(name: str) -> str:
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        return name.lower()


def node_addresses(node: Object) -> list[str]:
    """Addresses and names of a live node."""
    return [str(address["address"]) for address in node.get("status", {}).get("addresses") or []]


def approval(request: Object) -> Object:
    """The body that approves a request (``PUT …/approval``)."""
    condition = {
        "type": "Approved",
        "status": "True",
        "reason": "GantryInventory",
        "message": "A node of the inventory asks for a certificate of its own names and addresses.",
    }
    return {**request, "status": {**request.get("status", {}), "conditions": [condition]}}
