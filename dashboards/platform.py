"""Platform overview: the four golden signals of what users reach, of the machines, and of the control plane."""

from __future__ import annotations

from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboards.common import (
    BAD_WHEN_ANY,
    BAD_WHEN_FULL,
    GOOD_WHEN_HIGH,
    SLOW_MILLISECONDS,
    Column,
    Query,
    Row,
    bars,
    build,
    dial,
    lines,
    number,
    quantile,
    rate,
    rows,
)

#: Requests as callers see them: also those that no pod answered. The gateway's are among them.
_REQUESTS = 'istio_requests_total{reporter="source"}'
_ERRORS = 'istio_requests_total{reporter="source", response_code=~"5.."}'
_BUCKETS = 'istio_request_duration_milliseconds_bucket{reporter="source"}'
_API = "apiserver_request_sli_duration_seconds_bucket"
#: As each kubelet sees its own node: true also where nodes share a kernel, whose counters speak of all of them.
_CPU = "sum by (node) (rate(node_cpu_usage_seconds_total[$__rate_interval])) / sum by (node) (node:cpu:cores)"
_MEMORY = "sum by (node) (node_memory_working_set_bytes) / sum by (node) (node:memory:bytes)"
_DISK = 'fstype!~"tmpfs|ramfs|squashfs|overlay|fuse.*"'


def _errors(*by: str) -> str:
    """Share of requests answered by an error of the service's own."""
    return f"({rate(_ERRORS, *by)} or 0 * {rate(_REQUESTS, *by)}) / {rate(_REQUESTS, *by)}"


def _etcd(what: str) -> str:
    return quantile(0.99, f"etcd_disk_{what}_duration_seconds_bucket")


def dashboard() -> Dashboard:
    """Build it."""
    return build(
        "platform",
        "Platform overview",
        "The golden signals: latency, traffic, errors and saturation, from the services down to the machines.",
        ["overview"],
        [
            Row(
                "Now",
                (
                    number("Targets up", "percentunit", "avg(up)", steps=GOOD_WHEN_HIGH),
                    number(
                        "Alerts firing",
                        "short",
                        'count(ALERTS{alertstate="firing", severity!="none"}) or vector(0)',
                        steps=BAD_WHEN_ANY,
                        description="Without the dead man's switch, which always fires.",
                    ),
                    number(
                        "Requests answered well", "percentunit", f"1 - {_errors()}", steps=GOOD_WHEN_HIGH, decimals=2
                    ),
                    number("Requests", "reqps", rate(_REQUESTS)),
                    number("99th percentile", "ms", quantile(0.99, _BUCKETS), steps=SLOW_MILLISECONDS),
                    number("Pods running", "short", "sum(kubelet_running_pods)"),
                ),
            ),
            Row(
                "Services: latency, traffic, errors",
                (
                    lines(
                        "Latency",
                        "ms",
                        *(Query(quantile(share, _BUCKETS), f"{share:.0%}") for share in (0.5, 0.9, 0.99)),
                        width=8,
                    ),
                    lines(
                        "Traffic",
                        "reqps",
                        Query(rate(_REQUESTS, "destination_service_name"), "{{destination_service_name}}"),
                        width=8,
                        stacked=True,
                    ),
                    lines(
                        "Errors",
                        "percentunit",
                        Query(_errors("destination_service_name"), "{{destination_service_name}}"),
                        width=8,
                    ),
                ),
            ),
            Row(
                "Machines: saturation",
                (
                    dial("CPU", f"avg({_CPU})"),
                    dial("Memory", "sum(node_memory_working_set_bytes) / sum(node:memory:bytes)"),
                    dial(
                        "Fullest disk",
                        f"max(1 - node_filesystem_avail_bytes{{{_DISK}}} / node_filesystem_size_bytes{{{_DISK}}})",
                    ),
                    bars("Memory by node", "percentunit", Query(_MEMORY, "{{node}}"), steps=BAD_WHEN_FULL, most=1),
                    lines("CPU by node", "percentunit", Query(_CPU, "{{node}}"), most=1),
                    lines(
                        "Network by node",
                        "Bps",
                        *(
                            Query(
                                rate(f'node_network_{name}_bytes_total{{device!~"lo|veth.*|lxc.*|cilium.*"}}', "node"),
                                f"{{{{node}}}} {direction}",
                            )
                            for name, direction in (("receive", "in"), ("transmit", "out"))
                        ),
                    ),
                ),
            ),
            Row(
                "Control plane",
                (
                    lines(
                        "API server: requests",
                        "reqps",
                        Query(rate("apiserver_request_total", "verb"), "{{verb}}"),
                        width=8,
                        stacked=True,
                    ),
                    lines(
                        "API server: 99th percentile",
                        "s",
                        Query(f"histogram_quantile(0.99, {rate(_API, 'le', 'verb')})", "{{verb}}"),
                        width=8,
                        description="Without the time that admission webhooks take; watches do not count.",
                    ),
                    lines(
                        "etcd: disk, 99th percentile",
                        "s",
                        Query(_etcd("wal_fsync"), "log written"),
                        Query(_etcd("backend_commit"), "committed"),
                        width=8,
                    ),
                    rows(
                        "Scraped",
                        {"job": "Job"},
                        Column("Targets", "count by (job) (up)"),
                        Column("Up", "avg by (job) (up)", "percentunit", GOOD_WHEN_HIGH),
                        Column("Slowest scrape", "max by (job) (scrape_duration_seconds)", "s"),
                        Column("Samples", "sum by (job) (scrape_samples_scraped)"),
                        height=10,
                    ),
                ),
            ),
        ],
    )
