# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
"""Brings nodes to what their pools say, on the controller: a module would take longer to start than to run."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.gantry.platform.plugins.module_utils.kubernetes.drain import Nodes, NodesError
from ansible_collections.gantry.platform.plugins.module_utils.kubernetes.nodes import Node
from ansible_collections.gantry.platform.plugins.module_utils.release.client import Client
from ansible_collections.gantry.platform.plugins.module_utils.release.errors import ReleaseError
from ansible_collections.gantry.platform.plugins.module_utils.release.kubeconfig import load

RETRY_SECONDS = 30.0
"""How long an API server that does not answer, since its machine has just been started, is asked again."""

ARGUMENTS: dict[str, Any] = {
    "kubeconfig": {"type": "path", "required": True},
    "context": {"type": "str"},
    "nodes": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "name": {"type": "str", "required": True},
            "labels": {"type": "dict", "default": {}},
            "taints": {"type": "list", "elements": "dict", "default": []},
        },
    },
    "forget": {"type": "list", "elements": "str", "default": []},
    "drain": {"type": "list", "elements": "str", "default": []},
    "uncordon": {"type": "list", "elements": "str", "default": []},
    "remove": {"type": "list", "elements": "str", "default": []},
    "force": {"type": "bool", "default": False},
    "surplus": {"type": "str", "choices": ["kept", "removed"], "default": "kept"},
    "remove_volumes": {"type": "bool", "default": False},
    "drain_timeout": {"type": "float", "default": 120},
    "wait": {"type": "str", "choices": ["joined", "ready"], "default": "joined"},
    "wait_timeout": {"type": "float", "default": 60},
}


class ActionModule(ActionBase):  # type: ignore[misc]
    """Runs on the controller, against the API server of the kubeconfig."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True
    _supports_diff = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the task. ``tmp`` is unused and there for the base class's sake."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _, wanted = self.validate_argument_spec(ARGUMENTS)
        try:
            client = Client(load(wanted["kubeconfig"], wanted["context"]), "gantry-nodes", RETRY_SECONDS)
            nodes = Nodes(client, [Node.parse(node) for node in wanted["nodes"]], self._task.check_mode)
            nodes.forget(wanted["forget"])
            nodes.drain(wanted["drain"], wanted["force"], wanted["drain_timeout"])
            nodes.uncordon(wanted["uncordon"])
            nodes.remove(wanted["remove"], wanted["remove_volumes"], wanted["drain_timeout"])
            nodes.wait(wanted["wait"] == "ready", wanted["wait_timeout"])
            if wanted["surplus"] == "removed":
                nodes.remove_surplus(wanted["remove_volumes"], wanted["drain_timeout"])
        except (NodesError, ReleaseError) as error:
            raise AnsibleActionFail(str(error)) from error
        changes = nodes.changes
        return result | {
            "changed": any((changes.changed, changes.removed, changes.approved, changes.drained, changes.uncordoned)),
            "changed_nodes": sorted(set(changes.changed)),
            "removed": changes.removed,
            "approved": changes.approved,
            "drained": changes.drained,
            "uncordoned": changes.uncordoned,
            "moved": changes.moved,
            "claims": changes.claims,
            "diff": changes.diff,
        }
