"""One service: rate, errors and duration as the mesh measures them, and what its pods use."""

from __future__ import annotations

from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboards.common import (
    GOOD_WHEN_HIGH,
    SLOW_MILLISECONDS,
    Column,
    Query,
    Row,
    build,
    durations,
    label_values,
    lines,
    number,
    or_none,
    quantile,
    rate,
    rows,
)

_HERE = 'reporter="destination", destination_workload_namespace="$namespace", destination_workload="$workload"'
_REQUESTS = f"istio_requests_total{{{_HERE}}}"
_ERRORS = f'istio_requests_total{{{_HERE}, response_code=~"5.."}}'
#: As callers see it: also what no pod answered. A service is called as its workload.
_CALLED = (
    'istio_requests_total{reporter="source", destination_service_namespace="$namespace", '
    'destination_service_name="$workload"}'
)
_CALLS = 'istio_requests_total{reporter="source", source_workload_namespace="$namespace", source_workload="$workload"}'
_BUCKETS = f"istio_request_duration_milliseconds_bucket{{{_HERE}}}"
#: Pods of a Deployment or a StatefulSet carry its name and a generated ending.
_PODS = 'namespace="$namespace", pod=~"$workload-([a-z0-9]+-)?[a-z0-9]+"'
_CONTAINERS = f'job="cadvisor", {_PODS}, container!=""'


def dashboard() -> Dashboard:
    """Build it."""
    return build(
        "service",
        "Service",
        "Rate, errors and duration of one service as its sidecars measure them, and what its pods use.",
        ["services"],
        [
            Row(
                "Now",
                (
                    number("Requests", "reqps", rate(_REQUESTS), width=6),
                    number(
                        "Answered well",
                        "percentunit",
                        f"1 - ({rate(_ERRORS)} or vector(0)) / {rate(_REQUESTS)}",
                        steps=GOOD_WHEN_HIGH,
                        width=6,
                        decimals=2,
                    ),
                    number("Median", "ms", quantile(0.5, _BUCKETS), width=6),
                    number(
                        "99th percentile",
                        "ms",
                        quantile(0.99, _BUCKETS),
                        steps=SLOW_MILLISECONDS,
                        width=6,
                    ),
                ),
            ),
            Row(
                "Rate, errors, duration",
                (
                    lines(
                        "Rate by response code",
                        "reqps",
                        Query(rate(_REQUESTS, "response_code"), "{{response_code}}"),
                        width=8,
                        stacked=True,
                    ),
                    lines(
                        "Errors",
                        "percentunit",
                        Query(f"({rate(_ERRORS)} or vector(0)) / {rate(_REQUESTS)}", "errors"),
                        width=8,
                    ),
                    lines(
                        "Duration",
                        "ms",
                        *(Query(quantile(share, _BUCKETS), f"{share:.0%}") for share in (0.5, 0.9, 0.99)),
                        width=8,
                    ),
                    durations("Durations", "ms", rate(_BUCKETS, "le")),
                    lines(
                        "Rate by caller",
                        "reqps",
                        Query(rate(_REQUESTS, "source_principal"), "{{source_principal}}"),
                        stacked=True,
                    ),
                    lines(
                        "As callers see it, by response flags",
                        "reqps",
                        Query(rate(_CALLED, "response_flags"), "{{response_flags}}"),
                        description="What Envoy says of answers that the service did not give: - none, UO overflow, "
                        "UH no healthy host, URX out of retries, DC the caller left.",
                    ),
                    lines(
                        "Requests that it makes",
                        "reqps",
                        Query(
                            or_none(rate(_CALLS, "destination_service_name"), "destination_service_name"),
                            "{{destination_service_name}}",
                        ),
                        stacked=True,
                    ),
                ),
            ),
            Row(
                "Saturation",
                (
                    lines(
                        "CPU by pod",
                        "cores",
                        Query(rate(f"container_cpu_usage_seconds_total{{{_CONTAINERS}}}", "pod"), "{{pod}}"),
                        width=8,
                    ),
                    lines(
                        "Memory by pod",
                        "bytes",
                        Query(f"sum by (pod) (container_memory_working_set_bytes{{{_CONTAINERS}}})", "{{pod}}"),
                        width=8,
                    ),
                    lines(
                        "CPU held back",
                        "percentunit",
                        Query(
                            or_none(
                                f"{rate(f'container_cpu_cfs_throttled_periods_total{{{_CONTAINERS}}}', 'pod')}"
                                f" / {rate(f'container_cpu_cfs_periods_total{{{_CONTAINERS}}}', 'pod')}",
                                "pod",
                            ),
                            "{{pod}}",
                        ),
                        width=8,
                        description="Share of scheduling periods in which the CPU limit held a container back.",
                    ),
                    rows(
                        "Pods",
                        {"pod": "Pod", "node": "Node"},
                        Column(
                            "CPU", rate(f"container_cpu_usage_seconds_total{{{_CONTAINERS}}}", "pod", "node"), "cores"
                        ),
                        Column(
                            "Memory",
                            f"sum by (pod, node) (container_memory_working_set_bytes{{{_CONTAINERS}}})",
                            "bytes",
                        ),
                        Column(
                            "Youngest container",
                            f"min by (pod, node) (time() - container_start_time_seconds{{{_PODS}}})",
                            "s",
                        ),
                    ),
                ),
            ),
        ],
        [
            label_values("namespace", "destination_workload_namespace", 'istio_requests_total{reporter="destination"}'),
            label_values(
                "workload",
                "destination_workload",
                'istio_requests_total{reporter="destination", destination_workload_namespace="$namespace"}',
            ),
        ],
    )
