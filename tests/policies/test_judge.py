"""A role's objects judged before they are applied, by the real engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.gantry.platform.plugins.module_utils.policy import library
from ansible_collections.gantry.platform.plugins.module_utils.policy.judge import judge, looked_at
from ansible_collections.gantry.platform.plugins.module_utils.policy.library import PolicyError, Wishes

from tests.policies.test_policies import NAMES, POLICIES, binary

DENY_ALL = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "NetworkPolicy",
    "metadata": {"name": "default-deny", "namespace": "shop"},
    "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
}


def sample(name: str, which: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((POLICIES / name / "samples" / f"{which}.yaml").read_text()))


@pytest.fixture(scope="module")
def policies() -> list[library.Object]:
    return library.fit(library.read(POLICIES), Wishes())


@pytest.mark.parametrize("name", NAMES)
def test_each_policy_judges_a_release(name: str, policies: list[library.Object]) -> None:
    assert judge(Path(binary("gator")), policies, [*sample(name, "allowed"), DENY_ALL]) == []
    beside = {"default-deny": list[Any], "one-autoscaler": lambda: sample(name, "inventory")}
    surroundings = beside.get(name, lambda: [DENY_ALL])()
    found = judge(Path(binary("gator")), policies, [*sample(name, "denied"), *surroundings])
    assert {one.policy for one in found} == {name}
    assert {one.action for one in found} == {"deny"}
    assert not any("Implied" in one.message for one in found)


def test_what_is_there_already_is_looked_up_but_not_judged(policies: list[library.Object]) -> None:
    release, there = sample("probes", "allowed"), [DENY_ALL, *sample("named-ports", "denied")]
    assert judge(Path(binary("gator")), policies, release, there) == []


def test_a_missing_engine_names_the_remedy(policies: list[library.Object]) -> None:
    with pytest.raises(PolicyError, match="build it with the role bundle"):
        judge(Path("/nonexistent/gator"), policies, sample("probes", "allowed"))


def test_what_no_policy_looks_at_is_not_handed_over(policies: list[library.Object]) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "key", "namespace": "shop"}, "data": {}}
    assert judge(Path("/nonexistent/gator"), policies, [secret]) == []
    assert ("", "Pod") in looked_at(policies)
    assert ("networking.k8s.io", "NetworkPolicy") in looked_at(policies)
