"""Measures the catalog with and without the mesh, and with and without caches, in one run on one platform.

Usage: ``python -m tests.benchmarks shop``, or ``python -m tests.benchmarks.shop [--seconds 10] [--rounds 3]``; the
platform of ``GANTRY_E2E_INVENTORY`` (``inventories/local``) must be up, its shop switched on.

Two namespaces, alike but for the sidecars. In each, one pod has a Postgres of its own and two catalogs on it: `cached`
keeps copies in the process, `bare` asks Postgres every time. Another pod of the namespace asks them, over kept-alive
connections, so that no gateway, edge or controller counts. The four sides take turns, round by round; of each the
median counts. Prints requests a second, p50 and p99 in milliseconds, and writes ratios into ``.platform/bench.json``.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any

os.environ.setdefault("GANTRY_E2E_INVENTORY", "inventories/local")

from tests.benchmarks.k8s_release import RESULT, merge
from tests.e2e import meshed
from tests.e2e.conftest import kubectl, objects

Object = dict[str, Any]
CONNECTIONS = 8
PORTS = {"cached": 8080, "bare": 8081}
NAMESPACES = {"mesh": "shop-bench-mesh", "plain": "shop-bench-plain"}
NAME = "catalog"
CLIENT = """
import asyncio, json, sys, time
port, connections, seconds = (int(text) for text in sys.argv[1:4])
paths = ["/products?limit=20"] + ["/products/" + sku for sku in sys.argv[4:]]
taken, failed = [], 0

async def ask(reader, writer, path):
    writer.write(f"GET {path} HTTP/1.1\\r\\nHost: catalog:{port}\\r\\n\\r\\n".encode())
    head = (await reader.readuntil(b"\\r\\n\\r\\n")).decode().lower()
    if "content-length:" in head:
        await reader.readexactly(int(head.split("content-length:")[1].split("\\r\\n")[0]))
    elif "chunked" in head:
        while (size := int(await reader.readline(), 16)) or True:
            await reader.readexactly(size + 2)
            if not size:
                break
    return head.split(" ")[1] == "200"

async def customer(number, ends):
    global failed
    reader, writer = await asyncio.open_connection("catalog", port)
    at = number
    while (began := time.perf_counter()) < ends:
        failed += not await ask(reader, writer, paths[at % len(paths)])
        taken.append(time.perf_counter() - began)
        at += 1
    writer.close()

async def main():
    ends = time.perf_counter() + seconds
    await asyncio.gather(*(customer(number, ends) for number in range(connections)))
    taken.sort()
    quantiles = {name: 1000 * taken[int(share * (len(taken) - 1))] for name, share in (("p50", 0.5), ("p99", 0.99))}
    print(json.dumps({"rate": len(taken) / seconds, "failed": failed, **quantiles}))

asyncio.run(main())
"""
"""Asks for products over kept-alive connections; prints requests a second, p50 and p99 in milliseconds, failures."""


@dataclass(frozen=True)
class Measured:
    """One side in one round."""

    rate: float
    p50: float
    p99: float
    failed: int


def container(spec: Object, name: str, **changed: Any) -> Object:
    """The catalog's container under another name."""
    found: Object = {**spec["containers"][0], "name": name, **changed}
    return found


def catalog(spec: Object, name: str) -> Object:
    """A catalog on the pod's own Postgres; `bare` keeps no copies."""
    port = PORTS[name]
    probe = {"httpGet": {"path": "/readyz", "port": f"http-{name}"}, "periodSeconds": 2}
    values = {
        "CATALOG_PORT": port,
        "DATABASE_URL": "postgresql://catalog@127.0.0.1:5432/postgres",
        "CATALOG_LOCAL_CACHE_SECONDS": 30 if name == "cached" else 0,
        "CATALOG_LOG_LEVEL": "warning",
    }
    return container(
        spec,
        name,
        env=[{"name": key, "value": str(value)} for key, value in values.items()],
        ports=[{"name": f"http-{name}", "containerPort": port, "protocol": "TCP"}],
        startupProbe={**probe, "failureThreshold": 60},
        readinessProbe=probe,
        livenessProbe={**probe, "periodSeconds": 10, "failureThreshold": 6},
        resources={"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "256Mi"}},
    )


def postgres() -> list[Object]:
    """Containers that make a cluster in memory and serve it to the pod alone, of the image and limits of the shop's."""
    [live] = objects("statefulset/postgres", "--namespace=data")
    image = live["spec"]["template"]["spec"]["containers"][0]["image"]
    data = "/var/lib/postgresql/data/cluster"
    common = {
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "env": [{"name": "PGDATA", "value": data}, {"name": "PGHOST", "value": "127.0.0.1"}],
        "resources": {"requests": {"cpu": "20m", "memory": "96Mi"}, "limits": {"memory": "384Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
            "runAsUser": 999,
            "runAsGroup": 999,
        },
        "volumeMounts": [
            {"name": "data", "mountPath": "/var/lib/postgresql/data"},
            {"name": "run", "mountPath": "/var/run/postgresql"},
        ],
    }
    probe = {"exec": {"command": ["pg_isready", "--quiet", "--username=catalog"]}, "periodSeconds": 5}
    return [
        {**common, "name": "cluster", "command": ["initdb", "--username=catalog", "--auth=trust", "--encoding=UTF8"]},
        {
            **common,
            "name": "postgres",
            "command": ["postgres", "-c", "listen_addresses=127.0.0.1"],
            "ports": [{"name": "tcp-postgres", "containerPort": 5432, "protocol": "TCP"}],
            "startupProbe": {**probe, "periodSeconds": 1, "failureThreshold": 60},
            "readinessProbe": probe,
            "livenessProbe": probe,
        },
    ]


def pod(namespace: str, name: str, spec: Object) -> Object:
    """A pod that nobody scrapes."""
    metadata = {"name": name, "namespace": namespace, "labels": meshed.labels(name), "annotations": meshed.UNSCRAPED}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def around(namespace: str, mesh: bool) -> list[Object]:
    """The namespace, who may call whom in it, and the service."""
    labels = {**meshed.labels(namespace), "istio-injection": "enabled" if mesh else "disabled"}
    named = {"namespace": namespace, "labels": meshed.labels(NAME)}
    systems = [
        {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}
        for name in ("istio-system", "kube-system")
    ]
    both = ["Ingress", "Egress"]
    within: Object = {"podSelector": {}}
    policy = "networking.k8s.io/v1"
    found: list[Object] = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": labels}},
        {
            "apiVersion": policy,
            "kind": "NetworkPolicy",
            "metadata": {**named, "name": "default-deny"},
            "spec": {"podSelector": {}, "policyTypes": both},
        },
        {
            "apiVersion": policy,
            "kind": "NetworkPolicy",
            "metadata": {**named, "name": "within"},
            "spec": {
                "podSelector": {},
                "policyTypes": both,
                "ingress": [{"from": [within]}],
                "egress": [{"to": [within, *systems]}],
            },
        },
        meshed.account(NAME, namespace),
        meshed.account("client", namespace),
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {**named, "name": NAME},
            "spec": {
                "selector": meshed.labels(NAME),
                "ports": [
                    {"name": f"http-{name}", "port": port, "targetPort": f"http-{name}"} for name, port in PORTS.items()
                ],
            },
        },
    ]
    if mesh:
        principal = f"cluster.local/ns/{namespace}/sa/client"
        rules = [{"from": [{"source": {"principals": [principal]}}]}]
        found.append(
            {
                "apiVersion": "security.istio.io/v1",
                "kind": "AuthorizationPolicy",
                "metadata": {**named, "name": NAME},
                "spec": {"selector": {"matchLabels": meshed.labels(NAME)}, "rules": rules},
            }
        )
    return found


def pods(namespace: str) -> list[Object]:
    """Who is asked, and who asks."""
    cluster, server = postgres()
    asked = meshed.pod_spec(NAME)
    catalogs = [catalog(asked, name) for name in PORTS]
    volumes = [{"name": name, "emptyDir": {"medium": "Memory", "sizeLimit": "256Mi"}} for name in ("data", "run")]
    served = {**asked, "initContainers": [cluster], "containers": [*catalogs, server], "volumes": volumes}
    served["securityContext"] = {**asked["securityContext"], "fsGroup": 999}
    asking = meshed.pod_spec("client")
    return [pod(namespace, NAME, served), pod(namespace, "client", asking)]


@contextmanager
def raised() -> Iterator[None]:
    """Both namespaces, ready; gone afterwards."""
    spaces = [item for side, namespace in NAMESPACES.items() for item in around(namespace, side == "mesh")]
    try:
        meshed.apply(spaces)
        meshed.apply([item for namespace in NAMESPACES.values() for item in pods(namespace)])
        for namespace in NAMESPACES.values():
            kubectl("wait", f"--namespace={namespace}", "--for=condition=Ready", "pods", "--all", "--timeout=180s")
        yield
    finally:
        meshed.delete([item for item in spaces if item["kind"] == "Namespace"])


def ask(side: str, caches: str, seconds: int, skus: list[str]) -> Measured:
    """One side, once."""
    command = ["python3", "-c", CLIENT, str(PORTS[caches]), str(CONNECTIONS), str(seconds), *skus]
    out = kubectl("exec", "client", f"--namespace={NAMESPACES[side]}", "--container=catalog", "--", *command)
    return Measured(**json.loads(out.splitlines()[-1]))


def table(sides: dict[tuple[str, str], list[Measured]]) -> str:
    """The medians as text."""
    lines = [f"{'':28}{'req/s':>9}{'p50 ms':>9}{'p99 ms':>9}{'failed':>8}"]
    for (side, caches), rounds in sides.items():
        title = f"{'mesh' if side == 'mesh' else 'no mesh'}, {'caches' if caches == 'cached' else 'no caches'}"
        rate, p50, p99 = (median(getattr(one, key) for one in rounds) for key in ("rate", "p50", "p99"))
        lines.append(f"{title:28}{rate:>9.0f}{p50:>9.2f}{p99:>9.2f}{sum(one.failed for one in rounds):>8}")
    return "\n".join(lines)


def ratios(sides: dict[tuple[str, str], list[Measured]]) -> dict[str, float]:
    """Requests a second: with caches by without, and with the mesh by without."""
    rate = {key: median(one.rate for one in rounds) for key, rounds in sides.items()}
    return {
        **{f"shop_caches_vs_none_{side}": round(rate[side, "cached"] / rate[side, "bare"], 2) for side in NAMESPACES},
        **{f"shop_mesh_vs_none_{caches}": round(rate["mesh", caches] / rate["plain", caches], 2) for caches in PORTS},
    }


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    sides: dict[tuple[str, str], list[Measured]] = {}
    with raised():
        skus = ["enamel-mug"]
        for side in NAMESPACES:
            for caches in PORTS:
                ask(side, caches, 2, skus)  # connections, copies and compiled queries: not counted
        for number in range(arguments.rounds):
            for caches in PORTS:
                for side in NAMESPACES:
                    found = ask(side, caches, arguments.seconds, skus)
                    print(f"round {number + 1}, {side}, {caches}: {found.rate:.0f} req/s", flush=True)
                    sides.setdefault((side, caches), []).append(found)
    print(table(sides))
    merge(RESULT, ratios(sides))


if __name__ == "__main__":
    main()
