"""Faults of the shop: what each is, and the objects and requests that make it. Pure; :mod:`.inject` does it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

Object = dict[str, Any]

MOST_SECONDS = 600
"""A fault is a drill: longer than this it would be an outage."""
MARK = "platform.gantry.dev/fault"
"""Label of what a fault made, and so of what clearing removes."""
REPLICAS = "platform.gantry.dev/fault-replicas"
"""Annotation of a workload that a fault scaled to zero: how many replicas it had."""
FILTER = "gantry.fault"
MESH = ("latency", "errors")
PAYMENT = ("payment_errors", "payment_latency", "payment_lost")
NAMES = (*MESH, *PAYMENT, "slow_database", "broker_stop", "pod_kill", "none")
SERVICES = ("catalog", "basket", "orders", "orderview", "stock", "payments", "notifications", "shopapi", "storefront")
"""Whose faults can be asked for."""


class FaultError(Exception):
    """The fault was not made, or not ended. The message names what was asked, and the remedy."""


@dataclass(frozen=True)
class Fault:
    """One fault, for `seconds`.

    `service` is the one it happens to. `percent` of the requests fail, are late or lose their answer; late ones by
    `milliseconds`. `slow_database` holds writers up for `milliseconds` in every second.
    """

    name: str
    service: str
    seconds: int
    percent: int
    milliseconds: int

    def __post_init__(self) -> None:
        if self.name not in NAMES:
            raise FaultError(f"fault is {self.name!r}: give one of {', '.join(NAMES)}")
        if self.service not in SERVICES:
            raise FaultError(f"fault_service is {self.service!r}: give one of {', '.join(SERVICES)}")
        for name, most in (("seconds", MOST_SECONDS), ("percent", 100), ("milliseconds", 30_000)):
            if not 1 <= (value := getattr(self, name)) <= most:
                raise FaultError(f"fault_{name} is {value}: give a whole number from 1 to {most}")
        if self.name == "slow_database" and self.milliseconds >= 1000:
            raise FaultError(
                f"fault_milliseconds is {self.milliseconds}: of every second, slow_database takes less than 1000"
            )

    @property
    def told(self) -> str:
        """For people."""
        late, share = f"{self.milliseconds} ms", f"{self.percent} % of"
        return {
            "latency": f"{share} the requests to {self.service} are late by {late}",
            "errors": f"{share} the requests to {self.service} are answered with 503",
            "payment_errors": f"{share} the charges fail at the payment provider",
            "payment_latency": f"the payment provider is late by {late}",
            "payment_lost": f"{share} the payment provider's answers are lost after it has charged",
            "slow_database": f"writers in the database of {self.service} wait up to {late} in every second",
            "broker_stop": "the broker is stopped",
            "pod_kill": f"one pod of {self.service} is killed",
            "none": "every fault is cleared",
        }[self.name]


def envoy_filter(fault: Fault, namespace: str) -> Object:
    """Latency or errors within the service's own sidecar, after its access rules and before the service.

    Faults of a VirtualService are made up by the caller's proxy: no retry and no outlier detection sees them, and a
    second VirtualService for a host is undefined. These come from the service, as true ones do. Probes do not pass
    here. (Envoy's HTTP fault filter: envoy.extensions.filters.http.fault.v3.HTTPFault.)
    """
    share = {"numerator": fault.percent, "denominator": "HUNDRED"}
    made: Object = {"@type": "type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault"}
    if fault.name == "latency":
        made["delay"] = {"fixed_delay": f"{fault.milliseconds / 1000:.3f}s", "percentage": share}
    else:
        made["abort"] = {"http_status": 503, "percentage": share}
    manager = "envoy.filters.network.http_connection_manager"
    router = {"name": manager, "subFilter": {"name": "envoy.filters.http.router"}}
    return {
        "apiVersion": "networking.istio.io/v1alpha3",
        "kind": "EnvoyFilter",
        "metadata": {
            "name": f"fault-{fault.name}-{fault.service}",
            "namespace": namespace,
            "labels": {MARK: fault.name, "app.kubernetes.io/part-of": "drill"},
        },
        "spec": {
            "workloadSelector": {"labels": {"app.kubernetes.io/name": fault.service}},
            "configPatches": [
                {
                    "applyTo": "HTTP_FILTER",
                    "match": {"context": "SIDECAR_INBOUND", "listener": {"filterChain": {"filter": router}}},
                    "patch": {"operation": "INSERT_BEFORE", "value": {"name": FILTER, "typed_config": made}},
                }
            ],
        },
    }


def provider_faults(fault: Fault, now: datetime) -> Object:
    """What `PUT /faults` of the payment provider takes; it ends them itself at `until`."""
    share, until = fault.percent / 100, (now + timedelta(seconds=fault.seconds)).isoformat()
    return {
        "payment_errors": {"error_rate": share, "until": until},
        "payment_latency": {"latency_ms": fault.milliseconds, "until": until},
        "payment_lost": {"lost_rate": share, "until": until},
    }.get(fault.name, {})


PUT_FAULTS = """
import sys, urllib.request
request = urllib.request.Request("http://127.0.0.1:8080/faults", sys.argv[1].encode(), method="PUT")
request.add_header("Content-Type", "application/json")
with urllib.request.urlopen(request, timeout=10) as answer:
    print(answer.status)
"""
"""Run in the provider's pod: no rule of the mesh lets anybody else ask for faults."""

SLOW_DATABASE = """
import os, sys, time
import psycopg
from shopkit.settings import database
seconds, held = float(sys.argv[1]), float(sys.argv[2]) / 1000
ends, store = time.monotonic() + seconds, database(os.environ)
with psycopg.connect(store.url, password=store.password or None, autocommit=True) as connection:
    connection.execute("set idle_in_transaction_session_timeout = '5s'")
    while time.monotonic() < ends:
        with connection.transaction():
            connection.execute("lock table outbox in exclusive mode")
            time.sleep(held)
        time.sleep(1 - held)
print("done")
"""
"""Run in a pod of the service, as the service's own role: who writes an event waits for the table, who reads does not.

One table only, so that nobody deadlocks; the lock ends with the connection, whatever becomes of who asked for it.
"""


def scaled(live: Object, replicas: int, remember: int | None) -> Object:
    """What to apply to a workload: its replicas, and how many it had, where that is to be remembered."""
    metadata = {key: live["metadata"][key] for key in ("name", "namespace", "uid")}
    if remember is not None:
        metadata["annotations"] = {REPLICAS: str(remember)}
    return {
        "apiVersion": live["apiVersion"],
        "kind": live["kind"],
        "metadata": metadata,
        "spec": {"replicas": replicas},
    }


def released(live: Object) -> Object:
    """What to apply afterwards: nothing, so that whoever declares the replicas finds no other owner of the field."""
    metadata = {key: live["metadata"][key] for key in ("name", "namespace", "uid")}
    return {"apiVersion": live["apiVersion"], "kind": live["kind"], "metadata": metadata}


def remembered(live: Object) -> int | None:
    """How many replicas a workload had before a fault scaled it to zero; None where none did."""
    text = (live["metadata"].get("annotations") or {}).get(REPLICAS)
    return int(text) if text and text.isdigit() else None
