#!/usr/bin/python
# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
"""Draw the architecture of a running platform."""

from __future__ import annotations

DOCUMENTATION = r"""
module: picture
short_description: Draw the architecture of a running platform
version_added: 0.1.0
description:
  - Reads nodes, pods and routes from the cluster, and pools and networks from the inventory.
  - "Writes one SVG: the way of a request, the nodes by pool with their size, and what runs on each."
  - The same cluster gives the same file.
options:
  path:
    description: Where the picture is written.
    type: path
    required: true
  environment:
    description: Name of the environment.
    type: str
    required: true
  driver:
    description: Where it runs.
    type: str
    required: true
  address:
    description: The one address.
    type: str
    required: true
  registry:
    description: Address of the registry.
    type: str
    required: true
  pools:
    description: The inventory's node pools.
    type: list
    elements: dict
    required: true
  networks:
    description: The inventory's networks.
    type: dict
    default: {}
extends_documentation_fragment:
  - gantry.platform.kubernetes
attributes:
  check_mode:
    description: Tells whether the picture would change.
    support: full
  diff_mode:
    description: A picture is not shown as text.
    support: none
author:
  - The gantry.platform authors (!UNKNOWN)
"""

EXAMPLES = r"""
- name: Draw it
  gantry.platform.picture:
    path: "{{ platform_directory }}/reports/architecture.svg"
    environment: "{{ platform_environment }}"
    driver: "{{ platform_driver }}"
    address: "{{ platform_address }}"
    registry: "{{ platform_registry_address }}"
    pools: "{{ platform_node_pools }}"
    networks: "{{ platform_networks }}"
    kubeconfig: "{{ platform_kubeconfig }}"
"""

RETURN = r"""
path:
  description: Where the picture is.
  returned: success
  type: str
  sample: /home/me/platform/.platform/local/reports/architecture.svg
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.gantry.platform.plugins.module_utils.picture.model import picture
from ansible_collections.gantry.platform.plugins.module_utils.picture.svg import draw
from ansible_collections.gantry.platform.plugins.module_utils.release.client import Client
from ansible_collections.gantry.platform.plugins.module_utils.release.errors import ReleaseError
from ansible_collections.gantry.platform.plugins.module_utils.release.kubeconfig import load

NODES = "/api/v1/nodes"
PODS = "/api/v1/pods"
ROUTES = "/apis/networking.istio.io/v1/virtualservices"


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "environment": {"type": "str", "required": True},
            "driver": {"type": "str", "required": True},
            "address": {"type": "str", "required": True},
            "registry": {"type": "str", "required": True},
            "pools": {"type": "list", "elements": "dict", "required": True},
            "networks": {"type": "dict", "default": {}},
            "kubeconfig": {"type": "path"},
            "context": {"type": "str"},
        },
        supports_check_mode=True,
    )
    given = module.params
    path = Path(given["path"])
    try:
        client = Client(load(given["kubeconfig"], given["context"]), "gantry-picture")
        nodes, pods, routes = ((client.find(one) or {}).get("items") or [] for one in (NODES, PODS, ROUTES))
        drawn = draw(picture(given, nodes, pods, routes))
        changed = not path.exists() or path.read_text() != drawn
        if changed and not module.check_mode:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(drawn)
    except (ReleaseError, OSError) as error:
        module.fail_json(msg=f"path {path}: {error}")
    module.exit_json(changed=changed, path=str(path))


if __name__ == "__main__":
    main()
