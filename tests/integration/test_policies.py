"""A release is judged by policies before its first object is written, by the real engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.policy import library

from tests.integration.conftest import Object, Releases, config_map
from tests.policies.test_policies import POLICIES, binary

DENY_ALL = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "NetworkPolicy",
    "metadata": {"name": "default-deny"},
    "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
}
SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "web"},
    "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]},
}
POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "web", "labels": {"app.kubernetes.io/name": "web", "app.kubernetes.io/part-of": "shop"}},
    "spec": {
        "automountServiceAccountToken": False,
        "securityContext": {"runAsNonRoot": True, "runAsUser": 1, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [
            {
                "name": "web",
                "image": f"example.org/web@sha256:{'0' * 64}",
                "readinessProbe": {"tcpSocket": {"port": 80}},
                "resources": {"requests": {"cpu": "1m", "memory": "1Mi"}, "limits": {"memory": "1Mi"}},
                "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
            }
        ],
    },
}


@pytest.fixture(scope="module")
def judged() -> Callable[[str], dict[str, Any]]:
    """Parameters of the module, by what the policies do with a breach."""
    return lambda enforcement: {
        "policies": library.fit(library.read(POLICIES), library.Wishes(enforcement=enforcement)),
        "gator": binary("gator"),
        "wait": False,
    }


def test_a_breach_ends_the_release_before_anything_is_applied(
    release: Releases, judged: Callable[[str], Object], exists: Callable[[str], bool]
) -> None:
    refused = release.fails([config_map("first"), SERVICE], **judged("deny"))["msg"]
    assert "3 breaches of policy, nothing was applied" in refused
    assert f"- Service {release.namespace}/web: label app.kubernetes.io/name is missing" in refused
    assert "(named-ports)" in refused
    assert not exists(f"/api/v1/namespaces/{release.namespace}/configmaps/first")


def test_a_policy_that_warns_lets_it_pass(release: Releases, judged: Callable[[str], Object]) -> None:
    assert release([SERVICE], **judged("warn"))["changed"]


def test_what_policies_look_up_may_be_in_the_cluster_already(
    release: Releases, judged: Callable[[str], Object]
) -> None:
    assert "no NetworkPolicy that denies all ingress" in release.fails([POD], **judged("deny"))["msg"]
    Releases(release.kubeconfig, release.namespace, "before")([DENY_ALL])
    assert release([POD], **judged("deny"))["changed"]


def test_policies_need_their_engine(release: Releases, judged: Callable[[str], Object]) -> None:
    assert "policies are given without gator" in release.fails([SERVICE], **{**judged("deny"), "gator": None})["msg"]
