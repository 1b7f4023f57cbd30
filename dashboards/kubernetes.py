"""Kubernetes capacity: what nodes have, what pods asked for, and what they use of it."""

from __future__ import annotations

from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboards.common import (
    BAD_WHEN_ANY,
    BAD_WHEN_FULL,
    Column,
    Query,
    Row,
    build,
    dial,
    label_values,
    lines,
    number,
    rows,
)

#: Requests and limits come from the scheduler itself (``/metrics/resources``).
_NODES = 'node=~"$node"'
_CPU_ASKED = f'kube_pod_resource_request{{{_NODES}, resource="cpu"}}'
_MEMORY_ASKED = f'kube_pod_resource_request{{{_NODES}, resource="memory"}}'
_CONTAINERS = f'job="cadvisor", {_NODES}, container!=""'
_CPU_USED = f"rate(container_cpu_usage_seconds_total{{{_CONTAINERS}}}[$__rate_interval])"
_MEMORY_USED = f"container_memory_working_set_bytes{{{_CONTAINERS}}}"
_CORES = f"node:cpu:cores{{{_NODES}}}"
_MEMORY = f"node:memory:bytes{{{_NODES}}}"
_DISK = f'{_NODES}, fstype!~"tmpfs|ramfs|squashfs|overlay|fuse.*"'


def _pool(expr: str) -> str:
    """Sum by node pool: a node is called ``<environment>-<pool>-<index>``."""
    return f'sum by (pool) (label_replace({expr}, "pool", "$1", "node", "[^-]+-(.+)-[0-9]+"))'


def dashboard() -> Dashboard:
    """Build it."""
    return build(
        "kubernetes",
        "Kubernetes capacity",
        "What nodes have, what pods asked for and what they use: where there is room, and where it is wasted.",
        ["capacity", "cost"],
        [
            Row(
                "Now",
                (
                    dial("CPU asked for", f"sum({_CPU_ASKED}) / sum({_CORES})"),
                    dial("CPU used", f"sum({_CPU_USED}) / sum({_CORES})"),
                    dial("Memory asked for", f"sum({_MEMORY_ASKED}) / sum({_MEMORY})"),
                    dial("Memory used", f"sum({_MEMORY_USED}) / sum({_MEMORY})"),
                    number("Pods running", "short", f"sum(kubelet_running_pods{{{_NODES}}})", height=6),
                    number(
                        "Pods waiting for room",
                        "short",
                        'sum(scheduler_pending_pods{queue="unschedulable"})',
                        steps=BAD_WHEN_ANY,
                        height=6,
                    ),
                ),
            ),
            Row(
                "Nodes",
                (
                    rows(
                        "What each node has",
                        {"node": "Node"},
                        Column("Cores", f"sum by (node) ({_CORES})"),
                        Column(
                            "CPU asked for",
                            f"sum by (node) ({_CPU_ASKED}) / sum by (node) ({_CORES})",
                            "percentunit",
                            BAD_WHEN_FULL,
                        ),
                        Column(
                            "CPU used",
                            f"sum by (node) ({_CPU_USED}) / sum by (node) ({_CORES})",
                            "percentunit",
                            BAD_WHEN_FULL,
                        ),
                        Column("Memory", f"sum by (node) ({_MEMORY})", "bytes"),
                        Column(
                            "Memory asked for",
                            f"sum by (node) ({_MEMORY_ASKED}) / sum by (node) ({_MEMORY})",
                            "percentunit",
                            BAD_WHEN_FULL,
                        ),
                        Column(
                            "Memory used",
                            f"sum by (node) ({_MEMORY_USED}) / sum by (node) ({_MEMORY})",
                            "percentunit",
                            BAD_WHEN_FULL,
                        ),
                        Column("Pods", f"sum by (node) (kubelet_running_pods{{{_NODES}}})"),
                    ),
                    lines("CPU used by node", "cores", Query(f"sum by (node) ({_CPU_USED})", "{{node}}"), width=8),
                    lines(
                        "Memory used by node", "bytes", Query(f"sum by (node) ({_MEMORY_USED})", "{{node}}"), width=8
                    ),
                    lines(
                        "Disk used by node",
                        "percentunit",
                        Query(
                            f"max by (node) (1 - node_filesystem_avail_bytes{{{_DISK}}}"
                            f" / node_filesystem_size_bytes{{{_DISK}}})",
                            "{{node}}",
                        ),
                        width=8,
                        most=1,
                    ),
                ),
            ),
            Row(
                "Node pools",
                (
                    lines(
                        "CPU: there, asked for, used",
                        "cores",
                        Query(_pool(_CORES), "{{pool}} there"),
                        Query(_pool(_CPU_ASKED), "{{pool}} asked for"),
                        Query(_pool(_CPU_USED), "{{pool}} used"),
                    ),
                    lines(
                        "Memory: there, asked for, used",
                        "bytes",
                        Query(_pool(_MEMORY), "{{pool}} there"),
                        Query(_pool(_MEMORY_ASKED), "{{pool}} asked for"),
                        Query(_pool(_MEMORY_USED), "{{pool}} used"),
                    ),
                ),
            ),
            Row(
                "Namespaces",
                (
                    rows(
                        "What they ask for and what they use",
                        {"namespace": "Namespace"},
                        Column("CPU asked for", f"sum by (namespace) ({_CPU_ASKED})", "cores"),
                        Column("CPU used", f"sum by (namespace) ({_CPU_USED})", "cores"),
                        Column(
                            "CPU used of asked",
                            f"sum by (namespace) ({_CPU_USED}) / sum by (namespace) ({_CPU_ASKED})",
                            "percentunit",
                        ),
                        Column("Memory asked for", f"sum by (namespace) ({_MEMORY_ASKED})", "bytes"),
                        Column("Memory used", f"sum by (namespace) ({_MEMORY_USED})", "bytes"),
                        Column(
                            "Memory used of asked",
                            f"sum by (namespace) ({_MEMORY_USED}) / sum by (namespace) ({_MEMORY_ASKED})",
                            "percentunit",
                        ),
                    ),
                    lines(
                        "CPU used by namespace",
                        "cores",
                        Query(f"sum by (namespace) ({_CPU_USED})", "{{namespace}}"),
                        stacked=True,
                    ),
                    lines(
                        "Memory used by namespace",
                        "bytes",
                        Query(f"sum by (namespace) ({_MEMORY_USED})", "{{namespace}}"),
                        stacked=True,
                    ),
                ),
            ),
        ],
        [label_values("node", "node", "node:cpu:cores", multi=True)],
    )
