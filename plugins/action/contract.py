# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
"""Holds an inventory's variables against the contract, and the host against the inventory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible_collections.gantry.platform.plugins.module_utils.contract import check, facts, names, servers
from ansible_collections.gantry.platform.plugins.module_utils.contract.host import HostFacts
from ansible_collections.gantry.platform.plugins.module_utils.contract.mistakes import Mistake, table

COLLECTION = Path(__file__).resolve().parents[2]
NOWHERE = "/var/lib/gantry/unknown"
"""Stands for a path that cannot be told because the inventory is broken."""


class ActionModule(ActionBase):  # type: ignore[misc]
    """Runs on the controller and only reads."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _VALID_ARGS = frozenset(("state_directory", "cache_directory", "kubeconfig", "host", "servers", "upgrading"))

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Fails with all mistakes at once."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        args = self._task.args
        try:
            known = names.load(COLLECTION)
        except ValueError as error:
            raise AnsibleActionFail(str(error)) from None
        variables, broken = self._variables(task_vars or {}, known)

        def gather() -> HostFacts:
            paths = (args.get(key) or NOWHERE for key in ("state_directory", "cache_directory", "kubeconfig"))
            found = facts.gather(*(Path(path).expanduser() for path in paths))
            return replace(found, upgrading=boolean(args.get("upgrading", False)))

        if args.get("host", True):
            asked = self._servers(task_vars or {}) if "servers" in args else None
            contract, mistakes = check.everything(variables, COLLECTION, known, gather, asked)
        else:
            contract, _, mistakes = check.inventory(variables, COLLECTION, known)
        unread = {mistake.variable for mistake in broken}
        mistakes = broken + [mistake for mistake in mistakes if mistake.variable not in unread]
        if mistakes:
            environment = variables.get("platform_environment", "without a name")
            listed = [vars(mistake) for mistake in sorted(set(mistakes))]
            message = table(mistakes, f"The inventory of environment {environment} does not fit")
            return result | {"failed": True, "changed": False, "msg": message, "mistakes": listed}
        dumped = contract.model_dump(mode="json")
        return result | {"changed": False, "mistakes": [], "pools": dumped["platform_node_pools"]}

    def _servers(self, task_vars: Mapping[str, Any]) -> list[servers.Server]:
        """The servers that the task names, with what the role preflight has registered for each."""
        found = []
        for name in self._task.args["servers"]:
            given = task_vars["hostvars"][name]
            keys = ("node_pool", "node_address", "ansible_host", "ansible_user")
            variables = {key: plain(given[key]) for key in keys if key in given}
            found.append(servers.server(str(name), variables, plain(given.get("__preflight_looked", {}))))
        return found

    def _variables(self, task_vars: Mapping[str, Any], known: names.Names) -> tuple[dict[str, Any], list[Mistake]]:
        """The collection's variables with their templates resolved, and those of the contract that cannot be.

        A role's variable may refer to what only a later stage knows: the role itself looks at its value then.
        """
        values: dict[str, Any] = {}
        broken: list[Mistake] = []
        for name in names.relevant(task_vars, known):
            if name in known.derived:
                continue
            try:
                values[name] = plain(self._templar.template(task_vars[name]))
            except AnsibleError as error:
                if known.role_of(name) and name in known.known:
                    continue
                problem = f"cannot be evaluated: {' '.join(str(error).split()).rstrip('.')}"
                broken.append(Mistake(name, "a template", problem, "define what it refers to"))
        return values, broken


def plain(value: Any) -> Any:
    """A value without Ansible's tags and laziness: plain Python all the way down."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return kind(value)
    return value
