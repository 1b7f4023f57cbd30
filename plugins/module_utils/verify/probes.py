"""Probes: each is a typed question to the running system. `ask` answers with what was seen, in a sentence."""

from __future__ import annotations

import json
import math
import re
import secrets
import ssl
import time
import urllib.parse
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, cast

import urllib3
from ansible_collections.gantry.platform.plugins.module_utils.identity.keys import read_key
from ansible_collections.gantry.platform.plugins.module_utils.identity.tokens import Grant, mint
from ansible_collections.gantry.platform.plugins.module_utils.verify.cluster import Cluster, ClusterError, Output, Pod
from pydantic import BaseModel, ConfigDict, Field

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class Answer:
    """Whether it holds, and what was seen."""

    ok: bool
    evidence: str


class _Probe(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(_Probe):
    """Running pods in which to run a command; the first container unless one is named."""

    namespace: str
    selector: str = ""
    container: str = ""

    def pods(self, cluster: Cluster) -> list[Pod]:
        """The ready pods. Raises ClusterError where there are none."""
        found = [pod for pod in cluster.pods(self.namespace, self.selector) if pod.ready]
        if not found:
            raise ClusterError(f"no ready pod matches '{self.selector}' in namespace {self.namespace}")
        return found


class NodesReady(_Probe):
    """Every node is Ready, and there are as many as expected."""

    type: Literal["nodes_ready"]
    names: list[str] = []

    def ask(self, cluster: Cluster) -> Answer:
        """Also names nodes that are expected and missing, or there and not expected."""
        return judge_nodes(cluster.objects("v1", "Node"), self.names)


class Workloads(_Probe):
    """Every Deployment, StatefulSet and DaemonSet of the namespaces has all its replicas ready and up to date."""

    type: Literal["workloads_ready"]
    namespaces: Annotated[list[str], Field(min_length=1)]
    selector: str = ""

    def ask(self, cluster: Cluster) -> Answer:
        """Fails also where there is no workload at all."""
        kinds = ("Deployment", "StatefulSet", "DaemonSet")
        found = [
            (kind, item)
            for namespace in self.namespaces
            for kind in kinds
            for item in cluster.objects("apps/v1", kind, namespace, self.selector)
        ]
        return judge_workloads(found, ", ".join(self.namespaces))


class ObjectState(_Probe):
    """Objects of a kind have a condition with status True, or a value at a path (`status.health.status`).

    Without `equals` any value will do that is not empty; the answer tells it. `grace`: seconds for which the condition
    may have been another one, where its controller needs some time with something new.
    """

    type: Literal["object"]
    api_version: str
    kind: str
    namespace: str = ""
    name: str = ""
    selector: str = ""
    condition: str = ""
    grace: Annotated[float, Field(ge=0)] = 0.0
    path: str = ""
    equals: Any = None
    at_least: int = 1

    def ask(self, cluster: Cluster) -> Answer:
        """All objects found must hold; there must be `at_least` so many."""
        if self.name:
            found = [cluster.object(self.api_version, self.kind, self.name, self.namespace)]
        else:
            found = cluster.objects(self.api_version, self.kind, self.namespace, self.selector)
        return judge_objects(found, self)


class Token(_Probe):
    """A token of the platform's issuer, made for one question and good for a minute: no report or log has it."""

    key_file: str
    header: str
    issuer: str
    audience: str
    subject: str = "verify"
    scopes: list[str] = []

    def headers(self) -> dict[str, str]:
        """Raises IdentityError where there is no key."""
        grant = Grant(self.issuer, self.audience, self.subject, tuple(self.scopes), minutes=1)
        return {self.header: mint(read_key(Path(self.key_file)), grant)}


class Http(_Probe):
    """A URL, asked from this host, answers as expected. `ca_file`: PEM of the CA to trust for HTTPS."""

    type: Literal["http"]
    url: str
    status: int | list[int] = 200
    contains: str = ""
    lacks: str = ""
    location: str = ""
    headers: dict[str, str] = {}
    answers: dict[str, str] = {}
    """Headers of the answer, each with a text that it holds."""
    token: Token | None = None
    ca_file: str = ""
    host: str = ""

    def ask(self, cluster: Cluster) -> Answer:  # noqa: ARG002 (one signature for all probes)
        """Redirects are not followed. `host`: the name to ask for, where it differs from the URL's."""
        context = ssl.create_default_context(cafile=self.ca_file or None)
        more = ({"Host": self.host} if self.host else {}) | (self.token.headers() if self.token else {})
        names = {"server_hostname": self.host, "assert_hostname": self.host} if self.host else {}
        pool = urllib3.PoolManager(ssl_context=context, retries=False, timeout=4.0, **cast(Any, names))
        try:
            response = pool.request("GET", self.url, headers=self.headers | more, redirect=False)
        except urllib3.exceptions.HTTPError as error:
            return Answer(False, f"GET {self.url}: {error}")
        finally:
            pool.clear()
        for name, text in self.answers.items():
            if text not in (said := response.headers.get(name, "")):
                return Answer(False, f"GET {self.url}: header {name} is {said!r}, expected {text!r}")
        body = response.data.decode(errors="replace")
        return judge_http(self, response.status, response.headers.get("Location", ""), body)


class Refused(_Probe):
    """The API server refuses an object, in words that are expected. Nothing is kept in any case."""

    type: Literal["refused"]
    object: dict[str, Any]
    contains: str

    def ask(self, cluster: Cluster) -> Answer:
        """Offered as a dry run, which admission judges as it would the object itself."""
        said = cluster.offer(self.object)
        return Answer(self.contains in said, said[:400] or "it was taken")


class Dns(_Probe):
    """Names resolve in every one of the source's pods."""

    type: Literal["dns"]
    source: Source
    names: Annotated[list[str], Field(min_length=1)]
    nslookup: list[str] = ["nslookup"]

    def ask(self, cluster: Cluster) -> Answer:
        """Every pod asks for every name."""
        pods = self.source.pods(cluster)
        asked = [(pod, name) for pod in pods for name in self.names]
        outputs = _together(lambda one: cluster.run(one[0], self.source.container, [*self.nslookup, one[1]]), asked)
        bad = [f"{pod.node}: {name}: {out.text}" for (pod, name), out in zip(asked, outputs, strict=True) if out.code]
        nodes = ", ".join(sorted({pod.node for pod in pods}))
        return Answer(not bad, "; ".join(bad) or f"{', '.join(self.names)} resolve on {nodes}")


class Connect(_Probe):
    """From every pod of the source, `open` targets (`host:port`) are reached and `closed` ones are not.

    `command` says by its exit status whether `{host}` `{port}` takes a connection.
    """

    type: Literal["connect"]
    source: Source
    open: list[str] = []
    closed: list[str] = []
    command: list[str] = ["nc", "-w", "2", "{host}", "{port}", "-e", "/bin/busybox", "true"]

    def ask(self, cluster: Cluster) -> Answer:
        """All pods ask for all targets at once."""
        pods = self.source.pods(cluster)
        asked = [(pod, target, True) for pod in pods for target in self.open]
        asked += [(pod, target, False) for pod in pods for target in self.closed]
        outputs = _together(lambda one: cluster.run(one[0], self.source.container, _aimed(self.command, one[1])), asked)
        seen = [
            (pod.node, target, want, out.code == 0) for (pod, target, want), out in zip(asked, outputs, strict=True)
        ]
        return judge_connections(seen)


class Exec(_Probe):
    """A command in every pod of the source exits with `code`, and its output contains (or lacks) a text."""

    type: Literal["exec"]
    source: Source
    command: Annotated[list[str], Field(min_length=1)]
    code: int | list[int] | Literal["nonzero"] = 0
    contains: str = ""
    lacks: str = ""

    def ask(self, cluster: Cluster) -> Answer:
        """The evidence is the first bad output, or else the first output."""
        pods = self.source.pods(cluster)
        outputs = _together(lambda pod: cluster.run(pod, self.source.container, self.command), pods)
        return judge_outputs(self, [(f"{pod.name} on {pod.node}", out) for pod, out in zip(pods, outputs, strict=True)])


class Metric(_Probe):
    """The sum of metrics (names by regular expression) that pods serve lies between `least` and `most`.

    Without a source it is the API server that is asked. With `tls` the pods serve HTTPS; who they are is not checked.
    """

    type: Literal["metric"]
    source: Source | None = None
    port: int = 8080
    path: str = "/metrics"
    tls: bool = False
    names: str
    least: float = float("-inf")
    most: float = float("inf")

    def ask(self, cluster: Cluster) -> Answer:
        """Summed over all pods of the source; a counter that never counted is absent and counts as 0."""
        if self.source is None:
            pages = [("API server", 200, cluster.text(self.path))]
        else:
            pods = self.source.pods(cluster)
            fetched = _together(lambda pod: cluster.fetch(pod, self.port, self.path, tls=self.tls), pods)
            pages = [(pod.name, *page) for pod, page in zip(pods, fetched, strict=True)]
        if broken := [f"{name}: status {status}" for name, status, _ in pages if status != 200]:
            return Answer(False, "; ".join(broken))
        series = [(name, key, value) for name, _, text in pages for key, value in metrics(text, self.names)]
        total = sum(value for _, _, value in series)
        loud = [f"{name}: {key} {value:g}" for name, key, value in series if value]
        shown = f": {'; '.join(loud[:3])}" + (" …" if len(loud) > 3 else "") if loud else ""
        return Answer(self.least <= total <= self.most, f"{self.names} sums to {total:g} over {len(pages)}{shown}")


class XdsRejects(_Probe):
    """No Envoy of the mesh rejected an update: `update_rejected` of cds, lds, rds, eds and sds is 0 on every proxy."""

    type: Literal["xds_rejects"]
    namespace: str = ""
    container: str = "istio-proxy"
    at_least: int = 1

    def ask(self, cluster: Cluster) -> Answer:
        """Asks every proxy's own agent, in all namespaces unless one is named."""
        pods = [pod for pod in cluster.pods(self.namespace) if self.container in pod.containers and pod.ready]
        if len(pods) < self.at_least:
            return Answer(False, f"{len(pods)} ready pods with a container {self.container}, expected {self.at_least}")
        command = ["pilot-agent", "request", "GET", "stats?filter=update_rejected"]
        outputs = _together(lambda pod: cluster.run(pod, self.container, command), pods)
        return judge_rejects([(f"{pod.namespace}/{pod.name}", out) for pod, out in zip(pods, outputs, strict=True)])


class PrometheusQuery(_Probe):
    """A PromQL expression has a value in bounds. Asked through a port forward to a pod of Prometheus, or at a URL."""

    type: Literal["prometheus_query"]
    query: str
    source: Source
    port: int = 9090
    path: str = "/api/v1/query"
    least: float = float("-inf")
    most: float = float("inf")
    series: int = 1

    def ask(self, cluster: Cluster) -> Answer:
        """Every series of the answer must lie in bounds; there must be at least `series` of them."""
        pod = self.source.pods(cluster)[0]
        page = f"{self.path}?{urllib.parse.urlencode({'query': self.query})}"
        status, text = cluster.fetch(pod, self.port, page)
        if status != 200:
            return Answer(False, f"{self.query}: status {status}: {text[:200]}")
        return judge_query(self, json.loads(text)["data"]["result"])


class Logs(_Probe):
    """The last `lines` lines that a container wrote are JSON objects, each with all `keys`; proxies are left out."""

    type: Literal["logs"]
    namespace: str
    selector: str
    keys: Annotated[list[str], Field(min_length=1)]
    lines: Annotated[int, Field(ge=1, le=1000)] = 20
    without: list[str] = []

    def ask(self, cluster: Cluster) -> Answer:
        """Of every container of the pods found, but for those named in `without`."""
        apart = {"istio-proxy", *self.without}
        pods = cluster.pods(self.namespace, self.selector)
        asked = [(pod, container) for pod in pods for container in pod.containers if container not in apart]
        path = f"/api/v1/namespaces/{self.namespace}/pods/{{}}/log"
        texts = _together(
            lambda one: cluster.text(path.format(one[0].name), container=one[1], tailLines=str(self.lines)), asked
        )
        return judge_logs(
            self, [(f"{pod.name}/{container}", text) for (pod, container), text in zip(asked, texts, strict=True)]
        )


class Trace(_Probe):
    """A request that starts a trace is found by Jaeger as that one trace, with the edges between services.

    `query`: base URL of Jaeger's query API; `edges`: pairs of caller and callee; `within`: seconds from the request on.
    """

    type: Literal["trace"]
    url: str
    query: str
    edges: Annotated[list[tuple[str, str]], Field(min_length=1)]
    ca_file: str = ""
    within: Annotated[float, Field(gt=0, le=60)] = 15.0

    def ask(self, cluster: Cluster) -> Answer:  # noqa: ARG002 (one signature for all probes)
        """Sends one request with a new `traceparent`, then asks for its trace until all edges are there.

        `x-client-trace-id` has Envoy trace it, however few requests the mesh samples.
        """
        trace_id, span_id = secrets.token_hex(16), secrets.token_hex(8)
        headers = {"traceparent": f"00-{trace_id}-{span_id}-01", "x-client-trace-id": trace_id}
        context = ssl.create_default_context(cafile=self.ca_file or None)
        started = time.monotonic()
        with urllib3.PoolManager(ssl_context=context, retries=False, timeout=4.0) as pool:
            try:
                sent = pool.request("GET", self.url, headers=headers)
                if sent.status >= 400:
                    return Answer(False, f"GET {self.url}: {sent.status}")
                while True:
                    found = pool.request("GET", f"{self.query}/api/traces/{trace_id}")
                    answer = judge_trace(self, trace_id, found.status, found.data, time.monotonic() - started)
                    if answer.ok or time.monotonic() - started >= self.within:
                        return answer
                    time.sleep(0.25)
            except urllib3.exceptions.HTTPError as error:
                return Answer(False, f"trace {trace_id} of {self.url}: {error}")


Probe = Annotated[
    NodesReady
    | Workloads
    | ObjectState
    | Http
    | Dns
    | Connect
    | Exec
    | Metric
    | Refused
    | XdsRejects
    | Logs
    | PrometheusQuery
    | Trace,
    Field(discriminator="type"),
]


def judge_nodes(nodes: Sequence[dict[str, Any]], expected: Sequence[str] = ()) -> Answer:
    """Nodes as the API gives them; `expected` names, none meaning any."""
    conditions: dict[str, dict[str, Any]] = {
        node["metadata"]["name"]: next((c for c in node["status"].get("conditions", []) if c["type"] == "Ready"), {})
        for node in nodes
    }
    bad = [
        f"{name}: {found.get('message') or 'no Ready condition'}"
        for name, found in conditions.items()
        if found.get("status") != "True"
    ]
    if expected:
        bad += [f"{name}: missing" for name in sorted(set(expected) - set(conditions))]
        bad += [f"{name}: not of this inventory" for name in sorted(set(conditions) - set(expected))]
    versions = sorted({node["status"].get("nodeInfo", {}).get("kubeletVersion", "?") for node in nodes})
    good = f"{len(nodes)} nodes Ready, kubelet {', '.join(versions)}: {', '.join(sorted(conditions))}"
    return Answer(bool(nodes) and not bad, "; ".join(bad) or (good if nodes else "the cluster has no nodes"))


def judge_workloads(found: Sequence[tuple[str, dict[str, Any]]], where: str) -> Answer:
    """Pairs of kind and object: there are replicas, all are ready and new, and the controller has seen the spec."""
    bad: list[str] = []
    for kind, item in found:
        spec, status = item["spec"], item.get("status", {})
        if kind == "DaemonSet":
            want, ready = status.get("desiredNumberScheduled", 0), status.get("numberReady", 0)
            fresh = status.get("updatedNumberScheduled", 0)
        else:
            want, ready = spec.get("replicas", 1), status.get("readyReplicas", 0)
            fresh = status.get("updatedReplicas", 0)
        seen = status.get("observedGeneration", 0) >= item["metadata"].get("generation", 0)
        if want == 0 and kind != "DaemonSet":
            bad.append(f"{kind} {item['metadata']['name']}: scaled to zero")
        elif not (seen and ready >= want and fresh >= want):
            bad.append(f"{kind} {item['metadata']['name']}: {ready} of {want} ready, {fresh} up to date")
    names = ", ".join(sorted(item["metadata"]["name"] for _, item in found))
    if not found:
        return Answer(False, f"no workload in {where}")
    return Answer(not bad, "; ".join(bad) or f"{len(found)} workloads ready in {where}: {names}")


def judge_objects(found: Sequence[dict[str, Any]], probe: ObjectState) -> Answer:
    """Each object's condition or value against what the probe expects."""
    bad: list[str] = []
    young: list[str] = []
    values: list[str] = []
    for item in found:
        name = item["metadata"]["name"]
        if probe.condition:
            conditions = {c.get("type"): c for c in item.get("status", {}).get("conditions", [])}
            state = conditions.get(probe.condition, {})
            if state.get("status") != "True":
                said = f"{name}: {probe.condition} is {state.get('status', 'absent')}: {state.get('message', '')}"
                since = state.get("lastTransitionTime") or item["metadata"].get("creationTimestamp", "")
                (young if _age(since) < probe.grace else bad).append(said)
        if probe.path:
            value = dig(item, probe.path)
            values.append(json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value))
            if "equals" in probe.model_fields_set:
                if value != probe.equals:
                    bad.append(f"{name}: {probe.path} is {value!r}, expected {probe.equals!r}")
            elif value in (None, "", [], {}):
                bad.append(f"{name}: {probe.path} has no value")
    if len(found) < probe.at_least:
        bad.append(f"{len(found)} found, expected at least {probe.at_least}")
    told = probe.equals if "equals" in probe.model_fields_set else ", ".join(values)
    holds = " and ".join(filter(None, [probe.condition, f"{probe.path}={told}" if probe.path else ""]))
    names = ", ".join(item["metadata"]["name"] for item in found)
    good = f"{'; '.join(young)} (for less than {probe.grace:.0f} s)" if young else f"{names} {holds or 'exist'}".strip()
    return Answer(not bad, f"{probe.kind}: " + ("; ".join(bad) or good))


def _age(at: str) -> float:
    """Seconds since a moment as Kubernetes writes it; endless where it wrote none."""
    return (datetime.now(UTC) - datetime.fromisoformat(at)).total_seconds() if at else math.inf


def judge_http(probe: Http, status: int, location: str, body: str) -> Answer:
    """Status, Location and body against what the probe expects."""
    wanted = probe.status if isinstance(probe.status, list) else [probe.status]
    bad = []
    if status not in wanted:
        bad.append(f"expected {' or '.join(map(str, wanted))}")
    if probe.location and not location.startswith(probe.location):
        bad.append(f"expected a redirect to {probe.location}")
    if probe.contains and probe.contains not in body:
        bad.append(f"the body lacks '{probe.contains}': {body[:200]!r}")
    if probe.lacks and probe.lacks in body:
        bad.append(f"the body has '{probe.lacks}'")
    seen = f"GET {probe.url}: {status}" + (f" to {location}" if location else "")
    return Answer(not bad, f"{seen}; {', '.join(bad)}" if bad else seen)


def judge_connections(seen: Iterable[tuple[str, str, bool, bool]]) -> Answer:
    """Rows of node, target, whether it should open, whether it did."""
    rows = list(seen)
    bad = [f"{node} → {target}: {'open' if did else 'closed'}" for node, target, want, did in rows if want != did]
    opened = sum(1 for _, _, want, _ in rows if want)
    good = f"all {opened} allowed connections open, all {len(rows) - opened} denied ones closed"
    return Answer(bool(rows) and not bad, "; ".join(bad) or good)


def judge_outputs(probe: Exec, seen: Sequence[tuple[str, Output]]) -> Answer:
    """Outputs by place against what the probe expects."""
    bad = []
    for place, out in seen:
        if probe.code == "nonzero":
            fine = out.code != 0
        else:
            fine = out.code in (probe.code if isinstance(probe.code, list) else [probe.code])
        text = f"{out.stdout} {out.stderr}"
        if not fine or probe.contains not in text or (probe.lacks and probe.lacks in text):
            bad.append(f"{place}: exit {out.code}: {out.text[:300]}")
    first_place, first = seen[0]
    return Answer(
        not bad, "; ".join(bad) or f"{len(seen)} of {len(seen)}; {first_place}: exit {first.code}: {first.text[:200]}"
    )


def judge_rejects(seen: Sequence[tuple[str, Output]]) -> Answer:
    """Envoy's stats (`cluster_manager.cds.update_rejected: 0`) by proxy."""
    bad: list[str] = []
    for place, out in seen:
        if out.code:
            bad.append(f"{place}: {out.text[:200]}")
            continue
        counters = re.findall(r"^(\S+update_rejected):\s*(\d+)", out.stdout, flags=re.MULTILINE)
        bad += [f"{place}: {key} {value}" for key, value in counters if int(value)]
        if not counters:
            bad.append(f"{place}: tells no update_rejected: {out.text[:200]}")
    return Answer(not bad, "; ".join(bad) or f"0 rejected updates on {len(seen)} proxies")


def judge_logs(probe: Logs, seen: Sequence[tuple[str, str]]) -> Answer:
    """What containers wrote, by place, against the keys that every line has."""
    bad, count = [], 0
    for place, text in seen:
        for line in text.splitlines():
            count += 1
            try:
                said = json.loads(line)
            except ValueError:
                said = None
            if not isinstance(said, dict):
                bad.append(f"{place}: not a JSON object: {line[:100]!r}")
            elif missing := [key for key in probe.keys if key not in said]:
                bad.append(f"{place}: no {', '.join(missing)}: {line[:100]!r}")
    return Answer(bool(count) and not bad, "; ".join(bad[:3]) or f"{count} lines of {len(seen)} containers")


def judge_query(probe: PrometheusQuery, result: Sequence[dict[str, Any]]) -> Answer:
    """Prometheus' vector against the bounds."""
    values = [(json.dumps(row.get("metric", {}), sort_keys=True), float(row["value"][1])) for row in result]
    bad = [f"{labels} = {value:g}" for labels, value in values if not probe.least <= value <= probe.most]
    if len(values) < probe.series:
        bad.append(f"{len(values)} series, expected at least {probe.series}")
    shown = ", ".join(f"{value:g}" for _, value in values[:5])
    return Answer(not bad, f"{probe.query}: " + ("; ".join(bad[:5]) or f"{len(values)} series: {shown}"))


def judge_trace(probe: Trace, trace_id: str, status: int, body: bytes, seconds: float) -> Answer:
    """Jaeger's answer for a trace, `seconds` after its request, against the edges that the probe expects."""
    place = f"trace {trace_id} of {probe.url} after {seconds:.1f} s"
    if status != 200:
        return Answer(False, f"{place}: {'not there' if status == 404 else f'status {status}: {body[:200]!r}'}")
    spans = [(trace, span) for trace in json.loads(body)["data"] for span in trace["spans"]]
    services = {span["spanID"]: str(trace["processes"][span["processID"]]["serviceName"]) for trace, span in spans}
    seen = {
        (services[reference["spanID"]], services[span["spanID"]])
        for _, span in spans
        for reference in span["references"]
        if reference["traceID"] == trace_id and reference["spanID"] in services
    }
    between = ", ".join(f"{caller} → {callee}" for caller, callee in sorted(seen) if caller != callee) or "no edges"
    missing = [f"{caller} → {callee}" for caller, callee in probe.edges if (caller, callee) not in seen]
    found = f"{place}: {len(spans)} spans of {', '.join(sorted(set(services.values())))}; {between}"
    return Answer(not missing, f"{found}; missing: {', '.join(missing)}" if missing else found)


def metrics(text: str, names: str) -> list[tuple[str, float]]:
    """Series (`name{labels}`, value) of a page of metrics whose whole name matches a regular expression."""
    wanted = re.compile(names)
    found: list[tuple[str, float]] = []
    for line in text.splitlines():
        parts = re.match(r"^([A-Za-z_:][\w:]*)(\{.*\})?\s+(\S+)", line)
        if parts and wanted.fullmatch(parts[1]):
            found.append((parts[1] + (parts[2] or ""), float(parts[3])))
    return found


def dig(item: Any, path: str) -> Any:
    """The value at a dotted path; list items by number, keys with dots as `["a.b/c"]`; None where there is nothing."""
    for quoted, plain in re.findall(r'\["([^"]+)"\]|([^.\[\]]+)', path):
        part = quoted or plain
        if isinstance(item, list) and part.isdigit():
            item = item[int(part)] if int(part) < len(item) else None
        elif isinstance(item, dict):
            item = item.get(part)
        else:
            return None
    return item


def _aimed(command: Sequence[str], target: str) -> list[str]:
    host, port = target.rsplit(":", 1)
    return [part.format(host=host, port=port) if part in ("{host}", "{port}") else part for part in command]


def _together(act: Callable[[T], R], items: Sequence[T]) -> list[R]:
    """Does one thing to all items at once; the first error is raised."""
    with ThreadPoolExecutor(max_workers=min(16, max(1, len(items)))) as pool:
        return list(pool.map(act, items))
