"""Filters for nodes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.gantry.platform.plugins.filter.kubernetes import (
    beyond_size,
    cpu_patch,
    image_tag,
    joiners,
    kubernetes_binary,
    node_names,
    node_sizes,
    pool_nodes,
    zone_shares,
)

GIB = 1024**3


@pytest.mark.parametrize(
    ("cores", "memory", "size", "reserved"),
    [
        (8, 32 * GIB, {"cpu": 2, "memory": "4Gi"}, {"cpu": "6000m", "memory": f"{28 * 1024**2}Ki"}),
        (2, 4 * GIB, {"cpu": 0.5, "memory": "4Gi"}, {"cpu": "1500m", "memory": "0Ki"}),
        (2, 4 * GIB, {"cpu": 4, "memory": "8Gi"}, {"cpu": "0m", "memory": "0Ki"}),
    ],
)
def test_what_a_node_sees_beyond_its_size(
    cores: int, memory: int, size: dict[str, Any], reserved: dict[str, str]
) -> None:
    assert beyond_size({"cores": cores, "memory": memory}, size) == reserved


@pytest.mark.parametrize("size", [{}, {"cpu": 1}, {"cpu": "many", "memory": "1Gi"}, {"cpu": 1, "memory": "plenty"}])
def test_a_wrong_size_is_named(size: dict[str, Any]) -> None:
    with pytest.raises(AnsibleFilterError, match="size"):
        beyond_size({"cores": 2, "memory": GIB}, size)


def test_pods_get_all_of_a_server_whose_pool_has_no_size() -> None:
    assert beyond_size({"cores": 2, "memory": GIB}, None) == {"cpu": "0m", "memory": "0Ki"}


def test_the_tag_of_an_image_is_the_bundles() -> None:
    images = ["registry.k8s.io/etcd:3.7.0-0", "registry.k8s.io/coredns/coredns:v1.15.0"]
    assert image_tag(images, "registry.k8s.io/coredns/coredns") == "v1.15.0"
    assert image_tag(images, "registry.k8s.io/pause") == ""


def test_nodes_are_what_their_pools_say() -> None:
    pool = {
        "name": "spot",
        "capacity": "spot",
        "labels": {"tier": 1},
        "taints": [{"key": "a", "value": "", "effect": "NoSchedule"}],
    }
    assert pool_nodes([{"inventory_hostname": "n", "node_pool": "spot"}], [pool]) == [
        {
            "name": "n",
            "labels": {"gantry.dev/pool": "spot", "gantry.dev/capacity": "spot", "tier": "1"},
            "taints": [{"key": "a", "effect": "NoSchedule"}],
        }
    ]


def test_a_pools_nodes_take_its_zones_in_turn() -> None:
    names = ["e-general-1", "e-general-2", "e-general-3", "odd"]
    hosts = [{"inventory_hostname": name, "node_pool": "general"} for name in names]
    found = pool_nodes(hosts, [{"name": "general", "zones": ["a", "b"]}], "e")
    assert [node["labels"]["topology.kubernetes.io/zone"] for node in found] == ["a", "b", "a", "a"]
    assert {node["labels"]["topology.kubernetes.io/region"] for node in found} == {"e"}


def test_most_requests_stay_in_their_zone() -> None:
    pools = [{"zones": ["b", "a"]}, {"zones": ["a"]}, {}]
    assert zone_shares(pools, "e", 80) == [
        {"from": "e/a/*", "to": {"e/a/*": 80, "e/b/*": 20}},
        {"from": "e/b/*", "to": {"e/a/*": 20, "e/b/*": 80}},
    ]
    three = zone_shares([{"zones": ["a", "b", "c"]}], "e", 75)
    assert [sum(share["to"].values()) for share in three] == [100, 100, 100]
    assert three[0]["to"] == {"e/a/*": 75, "e/b/*": 13, "e/c/*": 12}


def test_where_zones_do_not_differ_nothing_is_chosen() -> None:
    assert zone_shares([{"zones": ["a"]}, {}], "e", 80) == []
    assert zone_shares([{"zones": ["a", "b"]}], "e", 100)[0]["to"] == {"e/a/*": 100}
    with pytest.raises(AnsibleFilterError, match="istio_zone_share is 101"):
        zone_shares([], "e", 101)


def test_a_host_of_no_pool_is_named() -> None:
    with pytest.raises(AnsibleFilterError, match="n: node_pool is 'x', which is none of a"):
        pool_nodes([{"inventory_hostname": "n", "node_pool": "x"}], [{"name": "a"}])


def host(name: str, state: str, ca: str = "") -> dict[str, Any]:
    return {"inventory_hostname": name, "ansible_facts": {"node": {"kubernetes": {"state": state, "ca": ca}}}}


def test_those_join_who_are_no_part_of_the_first_ones_cluster() -> None:
    first = host("c1", "joined", "x")
    others = [host("a", "joined", "x"), host("b", "joined", "y"), host("c", "absent"), host("d", "partial", "x")]
    assert joiners([first, *others], "c1") == ["b", "c", "d"]


def test_a_new_cluster_has_no_members() -> None:
    assert joiners([host("c1", "absent"), host("a", "joined", "x")], "c1") == ["a"]


def test_a_patch_sets_one_request() -> None:
    assert json.loads(cpu_patch("10m", "etcd"))["spec"]["containers"][0]["name"] == "etcd"
    patch = json.loads(cpu_patch("10m", "coredns", in_template=True))
    assert patch["spec"]["template"]["spec"]["containers"][0]["resources"] == {"requests": {"cpu": "10m"}}


def test_nodes_may_use_what_their_pool_says() -> None:
    hosts = [{"inventory_hostname": "a", "node_pool": "general"}, {"inventory_hostname": "b", "node_pool": "other"}]
    pools: list[dict[str, Any]] = [{"name": "general", "size": {"cpu": 2, "memory": "4Gi"}}, {"name": "other"}]
    assert node_sizes(hosts, pools) == [{"name": "a", "cpu": 2.0, "memory": 4 * 2**30}]


@pytest.mark.parametrize(("version", "path"), [("1.37.2", "/new"), ("1.36.3", "/old"), ("1.36.9", "/old")])
def test_binaries_of_a_version(version: str, path: str) -> None:
    assert kubernetes_binary({"kubelet": "/new", "kubelet-1.36": "/old"}, "kubelet", version) == path


def test_names_of_nodes() -> None:
    pool = {"name": "general", "role": "worker", "count": 2, "size": {"cpu": 1, "memory": "1Gi"}}
    assert node_names([pool], "x") == ["x-general-1", "x-general-2"]
    with pytest.raises(AnsibleFilterError, match="general"):
        node_names([{"name": "general"}], "x")
