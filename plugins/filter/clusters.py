# Copyright: the gantry.platform authors
# Apache License 2.0 (see LICENSE)
"""Filters of clusters that we did not make by kubeadm: their kubeconfigs, and node groups of EKS."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.gantry.platform.plugins.module_utils.infrastructure import kubeconfig
from ansible_collections.gantry.platform.plugins.plugin_utils.here import plain


def eks_kubeconfig(cluster: Mapping[str, str], region: str, python: str) -> dict[str, Any]:
    """The kubeconfig of a cluster {name, endpoint, certificate_authority} of EKS; it holds no secret.

    :raises AnsibleFilterError: The cluster does not tell all of it.
    """
    try:
        return kubeconfig.eks_kubeconfig(plain(cluster), str(region), str(python))
    except kubeconfig.KubeconfigError as error:
        raise AnsibleFilterError(str(error)) from error


def one_context(config: Any, directory: str, context: str = "") -> dict[str, Any]:
    """One context of a kubeconfig that lies in a directory, with paths that hold everywhere.

    :raises AnsibleFilterError: There is no such context.
    """
    try:
        return kubeconfig.one_context(plain(config), str(directory), str(context))
    except kubeconfig.KubeconfigError as error:
        raise AnsibleFilterError(str(error)) from error


def node_groups(pools: list[Any], aws: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The node groups of EKS that the inventory's pools become; a spot pool with a floor becomes two.

    ``aws`` is platform_aws. Taints are in Kubernetes' words.

    :raises AnsibleFilterError: A pool cannot be a node group.
    """
    from ansible_collections.gantry.platform.plugins.module_utils.aws.transformations import to_kubernetes_taints
    from ansible_collections.gantry.platform.plugins.module_utils.contract.model import NodePool
    from ansible_collections.gantry.platform.plugins.module_utils.infrastructure import node_groups as groups

    try:
        typed = [NodePool.model_validate(plain(pool)) for pool in pools]
        made = groups.node_groups(typed, str(aws["region"]), [str(zone) for zone in aws["zones"]])
    except ValueError as error:
        raise AnsibleFilterError(str(error)) from error
    return [
        {
            **asdict(group),
            "capacity": group.capacity.lower(),
            "taints": to_kubernetes_taints(
                {"key": key, "value": value, "effect": effect} for key, value, effect in group.taints
            ),
        }
        for group in made
    ]


def eks_access(aws: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Who may in, as M(gantry.platform.eks_cluster) takes it, from platform_aws; empty without it."""
    roles = (("administrators", "AmazonEKSClusterAdminPolicy"), ("viewers", "AmazonEKSViewPolicy"))
    return [
        {"principal": str(principal), "policy": policy} for key, policy in roles for principal in aws.get(key) or []
    ]


class FilterModule:
    """What Ansible asks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters by name."""
        return {
            "eks_access": eks_access,
            "eks_kubeconfig": eks_kubeconfig,
            "node_groups": node_groups,
            "one_context": one_context,
        }
