"""The mesh: who talks to whom, whether proxies take their configuration, and what protects the services."""

from __future__ import annotations

from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboards.common import (
    BAD_WHEN_ANY,
    GOOD_WHEN_HIGH,
    Column,
    Query,
    Row,
    build,
    durations,
    lines,
    number,
    or_none,
    rows,
)

_RECEIVED = 'istio_requests_total{reporter="destination"}'
_EDGE = {
    "source_principal": "Caller",
    "destination_workload_namespace": "Namespace",
    "destination_workload": "Workload",
}
_BY_EDGE = f"sum by ({', '.join(_EDGE)})"


def dashboard() -> Dashboard:
    """Build it."""
    return build(
        "mesh",
        "Mesh",
        "Istio's control plane and its Envoys: traffic between workloads, configuration and protection.",
        ["mesh"],
        [
            Row(
                "Now",
                (
                    number("Proxies connected", "short", "sum(pilot_xds)"),
                    number(
                        "Updates rejected",
                        "short",
                        "sum(pilot_total_xds_rejects) or vector(0)",
                        steps=BAD_WHEN_ANY,
                        description="Configuration that an Envoy refused, since istiod started.",
                    ),
                    number(
                        "Mutual TLS",
                        "percentunit",
                        "sum(rate(istio_requests_total"
                        '{reporter="destination", source_principal!=""}[$__rate_interval]))'
                        f" / sum(rate({_RECEIVED}[$__rate_interval]))",
                        steps=GOOD_WHEN_HIGH,
                        description="Share of requests whose caller proved who it is.",
                    ),
                    number("Services known", "short", "sum(pilot_services)"),
                    number(
                        "Hosts ejected",
                        "short",
                        "sum(envoy_cluster_outlier_detection_ejections_active)",
                        steps=BAD_WHEN_ANY,
                    ),
                    number(
                        "Circuits open",
                        "short",
                        "sum(envoy_cluster_circuit_breakers_default_rq_open)",
                        steps=BAD_WHEN_ANY,
                    ),
                ),
            ),
            Row(
                "Traffic",
                (
                    rows(
                        "Who talks to whom",
                        _EDGE,
                        Column("Requests", f"{_BY_EDGE} (rate({_RECEIVED}[$__rate_interval]))", "reqps"),
                        Column(
                            "Answered well",
                            f"{_BY_EDGE} (rate(istio_requests_total"
                            '{reporter="destination", response_code!~"5.."}[$__rate_interval]))'
                            f" / {_BY_EDGE} (rate({_RECEIVED}[$__rate_interval]))",
                            "percentunit",
                            GOOD_WHEN_HIGH,
                        ),
                        Column(
                            "90th percentile",
                            f"histogram_quantile(0.9, sum by (le, {', '.join(_EDGE)}) (rate("
                            'istio_request_duration_milliseconds_bucket{reporter="destination"}[$__rate_interval])))',
                            "ms",
                        ),
                    ),
                    lines(
                        "Requests by response code",
                        "reqps",
                        Query(f"sum by (response_code) (rate({_RECEIVED}[$__rate_interval]))", "{{response_code}}"),
                        stacked=True,
                    ),
                    lines(
                        "Connections held by proxies",
                        "short",
                        Query("sum by (pod) (envoy_server_total_connections)", "{{pod}}"),
                    ),
                ),
            ),
            Row(
                "Configuration",
                (
                    lines(
                        "Updates sent",
                        "ops",
                        Query("sum by (type) (rate(pilot_xds_pushes[$__rate_interval]))", "{{type}}"),
                        width=8,
                        stacked=True,
                    ),
                    durations(
                        "From change to every proxy",
                        "s",
                        "sum by (le) (rate(pilot_proxy_convergence_time_bucket[$__rate_interval]))",
                        width=8,
                    ),
                    lines(
                        "Updates refused by proxies",
                        "short",
                        Query("sum(envoy_cluster_manager_cds_update_rejected)", "clusters"),
                        Query("sum(envoy_listener_manager_lds_update_rejected)", "listeners"),
                        width=8,
                    ),
                ),
            ),
            Row(
                "Protection",
                (
                    lines(
                        "Requests turned away by full pools",
                        "reqps",
                        Query(
                            or_none(
                                "sum by (pod) (rate(envoy_cluster_upstream_rq_pending_overflow[$__rate_interval]))",
                                "pod",
                            ),
                            "{{pod}}",
                        ),
                        width=8,
                    ),
                    lines(
                        "Retries",
                        "reqps",
                        Query(
                            or_none("sum by (pod) (rate(envoy_cluster_upstream_rq_retry[$__rate_interval]))", "pod"),
                            "{{pod}}",
                        ),
                        width=8,
                    ),
                    lines(
                        "istiod: CPU and memory",
                        "short",
                        Query('sum(rate(process_cpu_seconds_total{job="istiod"}[$__rate_interval]))', "cores"),
                        Query('sum(process_resident_memory_bytes{job="istiod"}) / 2^30', "GiB"),
                        width=8,
                    ),
                ),
            ),
        ],
    )
