"""Components taken away and given back: what fails without each, and that nothing that was stored is lost."""

from __future__ import annotations

import json
import secrets
import subprocess
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.verify import engine
from ansible_collections.gantry.platform.plugins.module_utils.verify.cluster import Cluster
from ansible_collections.gantry.platform.plugins.module_utils.verify.model import Check, Result, parse
from ansible_collections.gantry.platform.plugins.module_utils.verify.probes import PrometheusQuery

from tests.e2e.conftest import (
    CONTRACT,
    ENVIRONMENT,
    PLATFORM,
    ROOT,
    drill,
    forward,
    get,
    kubectl,
    objects,
    play,
    wait_until,
)
from tests.e2e.test_delivery import Clone
from tests.plays import BIN

pytestmark = [pytest.mark.e2e, pytest.mark.harm]


@dataclass(frozen=True)
class Outage:
    """A workload of a role; without it, checks of that role fail."""

    role: str
    row: str
    namespace: str
    workload: str

    @property
    def on(self) -> bool:
        """Whether the role is switched on."""
        return bool(CONTRACT.get(f"{self.role}_enabled"))

    def takes(self, check: Check) -> bool:
        """Whether the check may fail meanwhile: one of the role's own, one that watches others, one that asks it."""
        asks = self.workload == "statefulset/prometheus" and isinstance(check.probe, PrometheusQuery)
        return check.id.split(".")[0] == self.role or check.id in WATCHERS or asks


OUTAGES = (
    Outage("opa", "O", "gatekeeper-system", "deployment/gatekeeper-audit"),
    Outage("prometheus", "P", "monitoring", "statefulset/alertmanager"),
    Outage("prometheus", "P", "monitoring", "statefulset/prometheus"),
    Outage("dashboards", "19", "dashboards", "deployment/dashboards"),
    Outage("jaeger", "J", "jaeger", "statefulset/jaeger"),
    Outage("argocd", "A", "argocd", "deployment/argocd-server"),
    Outage("autoscaling", "11", "autoscaling", "deployment/metrics-server"),
)
NAMESPACES = {
    "opa": ["gatekeeper-system"],
    "prometheus": ["monitoring", "node-exporter"],
    "dashboards": ["dashboards"],
    "jaeger": ["jaeger"],
    "argocd": ["argocd"],
    "autoscaling": ["autoscaling"],
}
"""Where the pods of each role are."""
WATCHERS = {"prometheus.components"}
"""Checks that are there to notice what others lack."""


@pytest.fixture(scope="module")
def declared(tmp_path_factory: pytest.TempPathFactory) -> list[Check]:
    """The probes of all roles; the platform is well when this begins."""
    file = tmp_path_factory.mktemp("declared") / "checks.json"
    assert play(str(ROOT / "tests/e2e/declared.yml"), "-e", f"declared_file={file}").code == 0
    return [check for check in parse(json.loads(file.read_text())) if check.probe is not None]


def ask(checks: Iterable[Check], seconds: float = 15) -> list[Result]:
    """What does not hold, each asked again for that long: some are right at the second look only, as a cache's."""
    asked = [check.model_copy(update={"within": min(check.within, seconds)}) for check in checks]
    found = engine.run(asked, Cluster(PLATFORM / "kubeconfig"))
    return [result for result in found if not result.ok]


def names(results: Iterable[Result]) -> str:
    """Their ids, and what they saw."""
    return "; ".join(f"{result.id}: {result.evidence[:120]}" for result in results)


def well(checks: Sequence[Check], within: float) -> float:
    """Waits until all checks hold; only those that did not are asked again. Returns the seconds that it took."""
    began, open_checks = time.monotonic(), list(checks)
    while bad := ask(open_checks, 2):
        assert time.monotonic() - began < within, f"not well within {within} s: {names(bad)}"
        left = {result.id for result in bad}
        open_checks = [check for check in checks if check.id in left]
    return time.monotonic() - began


@pytest.mark.parametrize("outage", OUTAGES, ids=lambda outage: outage.workload.rpartition("/")[2])
def test_without_a_component_exactly_its_checks_fail(outage: Outage, declared: list[Check]) -> None:
    if not outage.on:
        pytest.skip(f"{outage.role}_enabled is not set in this inventory")
    name = outage.workload.rpartition("/")[2]
    workload = objects(outage.workload, "-n", outage.namespace)[0]
    selector = ",".join(f"{key}={value}" for key, value in workload["spec"]["selector"]["matchLabels"].items())
    replicas = workload["spec"]["replicas"]
    others = [check for check in declared if not outage.takes(check)]
    own = [check for check in declared if check.id.split(".")[0] == outage.role]
    with drill(
        f"{outage.role}.outage_{name}", outage.row, f"Without {name} its role's checks fail, and no other"
    ) as told:
        try:
            kubectl("scale", outage.workload, "-n", outage.namespace, "--replicas=0")
            kubectl("delete", "pods", "-n", outage.namespace, "-l", selector, "--grace-period=1")
            failed = ask(own, 1)
            assert failed, f"nothing fails without {name}"
            assert not (spread := ask(others)), f"more fails without {name}: {names(spread)}"
        finally:
            kubectl("scale", outage.workload, "-n", outage.namespace, f"--replicas={replicas}")
            seconds = well(own, 90)
        told.evidence = (
            f"{', '.join(sorted(result.id for result in failed))} failed, {len(others)} of other roles held;"
            f" all held again {seconds:.1f} s after it was scaled back"
        )


class Stored:
    """What is put into the systems before the harm, and must be found after it."""

    sample: ClassVar[str] = "sum(up)"

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.mark = f"drill-{secrets.token_hex(4)}"
        self.trace = ""
        self.silence = ""
        self.moment = 0.0
        self.value = ""
        self.commit = ""

    def put(self) -> None:
        """Puts something into every store of the roles that are switched on."""
        if CONTRACT.get("jaeger_enabled"):
            self.trace = secrets.token_hex(16)
            assert get("/shop/", {"traceparent": f"00-{self.trace}-{secrets.token_hex(8)}-01"}).status == 200
            wait_until(self.found_trace, 20, "the trace is stored")
        if CONTRACT.get("argocd_enabled"):
            clone = Clone(self.directory / "clone")
            clone.git("commit", "-q", "--allow-empty", "-m", "drill: kept over restarts")
            clone.git("push", "-q", "origin", f"HEAD:refs/heads/{self.mark}")
            self.commit = clone.git("rev-parse", "HEAD")
        if CONTRACT.get("prometheus_enabled"):
            self.moment = time.time()
            self.value = self.sampled()
            now = datetime.now(UTC)
            with forward("monitoring", "service/alertmanager", 9093) as url:
                silence = {
                    "matchers": [{"name": "alertname", "value": self.mark, "isRegex": False, "isEqual": True}],
                    "startsAt": now.isoformat(),
                    "endsAt": (now + timedelta(hours=1)).isoformat(),
                    "createdBy": "drill",
                    "comment": "kept over restarts",
                }
                self.silence = post(f"{url}/alertmanager/api/v2/silences", silence)["silenceID"]
            with forward("monitoring", "service/alert-receiver", 8080) as url:
                alert = {"labels": {"alertname": self.mark}, "status": "firing", "startsAt": now.isoformat()}
                post(f"{url}/alerts", {"alerts": [alert]})

    def found_trace(self) -> bool:
        """Whether Jaeger has the trace."""
        answer = get(f"/jaeger/api/traces/{self.trace}")
        return answer.status == 200 and bool(answer.json()["data"])

    def sampled(self) -> str:
        """What Prometheus has of the moment."""
        answer = get(f"/prometheus/api/v1/query?query={self.sample}&time={self.moment:.3f}")
        assert answer.status == 200, answer.body
        return str(answer.json()["data"]["result"][0]["value"][1])

    def silenced(self) -> bool:
        """Whether Alertmanager has the silence."""
        answer = get(f"/alertmanager/api/v2/silence/{self.silence}")
        return answer.status == 200 and answer.json()["status"]["state"] == "active"

    def delivered(self) -> bool:
        """Whether the receiver has the delivery."""
        with forward("monitoring", "service/alert-receiver", 8080) as url:
            return bool(get(f"{url}/deliveries?name={self.mark}").json()["deliveries"])

    def committed(self) -> bool:
        """Whether the git server has the commit."""
        clone = Clone(self.directory / secrets.token_hex(4))
        return self.commit in clone.git("rev-parse", f"origin/{self.mark}")

    def found(self) -> list[str]:
        """Everything that was put in is found; in words."""
        words = []
        if self.trace:
            wait_until(self.found_trace, 30, "the trace is found again")
            words.append(f"trace {self.trace[:8]}")
        if self.commit:
            wait_until(self.committed, 60, "the commit is found again")
            words.append(f"commit {self.commit[:8]}")
        if self.silence:
            wait_until(lambda: self.sampled() == self.value, 30, "the sample is found again")
            wait_until(self.silenced, 30, "the silence is found again")
            wait_until(self.delivered, 30, "the delivery is found again")
            words += ["sample", "silence", "delivery"]
        return words

    def forget(self) -> None:
        """Ends the silence. The commit's branch stays: the git server lets nobody take one away."""
        if self.silence:
            with forward("monitoring", "service/alertmanager", 9093) as url:
                get(f"{url}/alertmanager/api/v2/silence/{self.silence}", method="DELETE")


def post(url: str, body: dict[str, Any]) -> Any:
    """Sends JSON; returns the JSON of the answer, if any."""
    answer = get(url, {"content-type": "application/json"}, "POST", json.dumps(body))
    assert answer.status < 300, f"{url}: {answer.status} {answer.body}"
    return answer.json() if answer.body else None


def machines(state: str, name: str) -> None:
    """Stops or starts one machine, as an operator would."""
    arguments = {"environment": ENVIRONMENT, "state": state, "names": [name]}
    command = [
        str(BIN / "ansible"),
        "localhost",
        "-c",
        "local",
        "-m",
        "gantry.platform.machines",
        "-a",
        json.dumps(arguments),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def pods_of(namespaces: Iterable[str]) -> dict[str, str]:
    """Pods by uid, with their nodes."""
    pods = [pod for namespace in namespaces for pod in objects("pods", "-n", namespace)]
    return {pod["metadata"]["uid"]: pod["spec"].get("nodeName", "") for pod in pods}


def end_pods(namespaces: Sequence[str]) -> int:
    """Ends every pod of these namespaces and waits until they are gone; returns how many there were."""
    old = pods_of(namespaces)
    for namespace in namespaces:
        kubectl("delete", "pods", "--all", "-n", namespace, "--wait=false")
    wait_until(lambda: not old.keys() & pods_of(namespaces).keys(), 90, "the pods are gone")
    return len(old)


def restart(machine: str) -> None:
    """Stops and starts a machine, and waits until its kubelet speaks again."""
    machines("stopped", machine)
    began = datetime.now(UTC)
    machines("started", machine)

    def spoke() -> bool:
        lease = objects("lease", machine, "-n", "kube-node-lease")[0]
        return datetime.fromisoformat(lease["spec"]["renewTime"]) > began

    wait_until(spoke, 120, f"the kubelet of {machine} is back", pause=1)


def test_nothing_stored_is_lost_when_pods_and_a_machine_restart(declared: list[Check], tmp_path: Path) -> None:
    namespaces = [name for role, names in NAMESPACES.items() if CONTRACT.get(f"{role}_enabled") for name in names]
    if not namespaces:
        pytest.skip("no component is switched on in this inventory")
    stored = Stored(tmp_path)
    with drill(
        "kubernetes.restart", "K", "Pods of all components and a machine restart: nothing stored is lost"
    ) as told:
        stored.put()
        try:
            ended = end_pods(namespaces)
            first = well(declared, 240)
            stored.found()

            nodes = Counter(node for node in pods_of(namespaces).values() if "control" not in node)
            machine = nodes.most_common(1)[0][0]
            restart(machine)
            second = well(declared, 240)
            words = stored.found()
        finally:
            stored.forget()
        told.evidence = (
            f"{ended} pods ended: all checks held after {first:.0f} s; {machine} stopped and started: after"
            f" {second:.0f} s; found again: {', '.join(words)}"
        )
