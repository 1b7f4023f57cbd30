"""Measures ``site`` against the same steps by hand, in one run, on environment ``bench``: ``by_hand_vs_site``.

Usage: ``python -m tests.benchmarks.by_hand`` as root; the bundle is built before, if it is not.

First a warm ``site`` raises the platform. While it stands, what a person has prepared is put aside, unmeasured: the
machines' configuration files, kubeadm's configurations, the chart's values, istioctl's specification, the objects. Then
all is destroyed and raised again from that, machine after machine, step after step, with the stock tools: ssh and scp,
kubeadm, helm, kubectl, openssl, istioctl. Both sides end when every node and workload is ready and curl of the shop
answers 200. Seconds are wall time; of ``site`` those of the whole command, its preflight and evidence among them.

What favours the hand: nothing is looked up, typed or mistaken; machines (with their network and sizes) and registry are
made by plain calls of the project's own modules, side by side; SSH keeps its connections; and the hand checks less.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.benchmarks.k8s_release import RESULT, ROOT, merge

HERE = Path(__file__).resolve().parent
BIN = Path(sys.executable).parent
INVENTORY = HERE / "by_hand_inventory"
PLATFORM = ROOT / ".platform/bench"
STATE = Path("/var/lib/gantry/bench")
MINUTES = 12
"""The whole run at most, without building the bundle and destroying at the end."""
BINARIES = ("containerd", "containerd-shim-runc-v2", "ctr", "kubelet", "kubeadm")
CONFIGURATION = (
    "etc/containerd",
    "etc/gantry/kubernetes",
    "etc/systemd/system/containerd.service",
    "etc/systemd/system/kubelet.service",
)

Object = dict[str, Any]


class Bench:
    """Runs commands until its deadline, and keeps the seconds of each named step."""

    def __init__(self, seconds: float) -> None:
        self.deadline = time.monotonic() + seconds
        self.seconds: dict[str, float] = {}

    def run(self, *command: str | Path, text: str | bytes | None = None, check: bool = True) -> bytes:
        """What a command prints. Raises RuntimeError with its last words where it fails."""
        given = text.encode() if isinstance(text, str) else text
        environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_FORCE_COLOR": "0"}
        done = subprocess.run(
            [str(word) for word in command],
            cwd=ROOT,
            env=environment,
            input=given if given is not None else b"",
            capture_output=True,
            timeout=max(1.0, self.deadline - time.monotonic()),
            check=False,
        )
        if check and done.returncode:
            words = (done.stdout + done.stderr).decode(errors="replace")[-3000:]
            raise RuntimeError(f"{Path(command[0]).name} {command[1]} ended with {done.returncode}:\n{words}")
        return done.stdout

    def play(self, playbook: str | Path, *arguments: str) -> str:
        """Run a playbook on environment bench; return what it ends with."""
        output = self.run(BIN / "ansible-playbook", "-i", INVENTORY, playbook, *arguments).decode()
        return output[output.rindex("PLAY RECAP") :]

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time a step."""
        started = time.monotonic()
        yield
        self.seconds[name] = time.monotonic() - started
        print(f"{name:44}{self.seconds[name]:>8.1f}", flush=True)


class Hand:
    """Somebody at the keyboard of the host, with what was prepared in ``directory``."""

    def __init__(self, bench: Bench, directory: Path) -> None:
        self.bench, self.directory, self.run = bench, directory, bench.run
        self.prepared: Object = json.loads((directory / "prepared.json").read_text())
        self.binaries: dict[str, str] = json.loads((directory / "bundle.json").read_text())["binaries"]
        self.nodes: dict[str, str] = self.prepared["nodes"]
        self.first = next(iter(self.nodes))
        self.kubeconfig = directory / "kubeconfig"
        self.ca = directory / "ca.crt"
        control = f"-oControlMaster=auto -oControlPersist=60s -oControlPath={STATE}/ssh/%C.sock"
        self.options = [f"-i{STATE}/ssh/id_ed25519", f"-oUserKnownHostsFile={STATE}/ssh/known_hosts", *control.split()]

    def ssh(self, node: str, command: str, text: str | bytes | None = None) -> bytes:
        """Run a command on a machine."""
        path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        return self.run("ssh", *self.options, f"root@{self.nodes[node]}", f"export {path}; {command}", text=text)

    def kubectl(self, *arguments: str | Path, text: str | bytes | None = None) -> bytes:
        """Run kubectl."""
        return self.run(self.binaries["kubectl"], f"--kubeconfig={self.kubeconfig}", *arguments, text=text)

    def apply(self, objects: Sequence[Object] | bytes) -> None:
        """Apply manifests, server-side."""
        text = objects if isinstance(objects, bytes) else "\n---\n".join(json.dumps(item) for item in objects)
        self.kubectl("apply", "--server-side", "-f", "-", text=text)

    def rollout(self, namespace: str) -> None:
        """Wait for every workload of a namespace."""
        for name in self.kubectl("get", "deployments,daemonsets", "-o", "name", "-n", namespace).decode().split():
            self.kubectl("rollout", "status", name, "-n", namespace, "--timeout=240s")

    def stands(self) -> None:
        """The end of both sides: all nodes and workloads are ready, and the shop answers 200 at its one address."""
        self.kubectl("wait", "nodes", "--for=condition=Ready", "--timeout=120s", *self.nodes)
        for namespace in ("kube-system", "gantry-storage", "gantry-verify", "istio-system", "istio-ingress", "shop"):
            self.rollout(namespace)
        url, answer = f"{self.prepared['address']}/shop", b""
        while answer != b"200":
            time.sleep(0.5 if answer else 0)
            command = ("curl", "-sS", "-m5", "-o/dev/null", "-w%{http_code}", "--cacert", self.ca, url)
            answer = self.run(*command, check=False)
            if time.monotonic() > self.bench.deadline:
                raise RuntimeError(f"{url} does not answer 200 but {answer.decode()}")

    def raise_all(self) -> None:
        """Everything that site does, one after another."""
        step, prepared = self.bench.step, self.prepared
        with step("machines"):
            self.module("machines", prepared["machines"])
        with step("registry"):
            self.module("registry", prepared["registry"])
        for node in self.nodes:
            with step(f"{node}: containerd, kubelet, kubeadm"):
                self.install(node)
        with step(f"{self.first}: kubeadm init"):
            self.ssh(self.first, "kubeadm init --config /etc/gantry/kubernetes/kubeadm.yaml")
            self.run("scp", *self.options, f"root@{self.nodes[self.first]}:/etc/kubernetes/admin.conf", self.kubeconfig)
        for node in list(self.nodes)[1:]:
            with step(f"{node}: kubeadm join"):
                self.join(node)
        with step("network: helm template, kubectl apply, wait"):
            self.network()
        for name, namespace in (("storage", "gantry-storage"), ("verify", "gantry-verify")):
            with step(f"{name}: kubectl apply, wait"):
                self.apply(prepared["objects"][name])
                self.rollout(namespace)
        with step("certificates: openssl"):
            self.certificates()
        with step("mesh: istioctl install, kubectl apply"):
            self.mesh()
        with step("shop: kubectl apply, wait"):
            self.apply(prepared["objects"]["shop"])
            self.rollout("shop")
        with step("all ready, curl answers 200"):
            self.stands()

    def module(self, name: str, arguments: Object) -> None:
        """Call a module of the collection."""
        words = ("localhost", "-i", INVENTORY, "-m", f"gantry.platform.{name}", "-a", json.dumps(arguments))
        self.run(BIN / "ansible", *words)

    def install(self, node: str) -> None:
        """Copy configuration and binaries to a machine; run the container runtime."""
        self.ssh(node, "tar -C / -xf -", (self.directory / f"{node}.tar").read_bytes())
        sources = [self.binaries[name] for name in BINARIES]
        self.run("scp", *self.options, *sources, f"root@{self.nodes[node]}:/usr/local/bin/")
        self.ssh(node, "systemctl daemon-reload && systemctl enable --now containerd && systemctl enable kubelet")

    def join(self, node: str) -> None:
        """Let a machine join."""
        words = self.ssh(self.first, "kubeadm token create --print-join-command").decode().split()
        token, ca = (words[words.index(f"--{name}") + 1] for name in ("token", "discovery-token-ca-cert-hash"))
        text = (self.directory / f"join-{node}.yaml").read_text().replace("TOKEN", token).replace("HASH", ca)
        self.ssh(node, "umask 077; cat > /root/join.yaml && kubeadm join --config /root/join.yaml", text)

    def network(self) -> None:
        """Cilium, and what waits for it; the kubelets' serving certificates are signed."""
        chart = self.prepared["chart"]
        flags = ("--include-crds", "--skip-tests", "--kube-version", chart["version"], "--values", "-")
        template = (self.binaries["helm"], "template", "cilium", chart["directory"], "--namespace", "kube-system")
        self.apply(self.run(*template, *flags, text=json.dumps(chart["values"])))
        self.kubectl("wait", "nodes", "--for=condition=Ready", "--timeout=240s", *self.nodes)
        self.kubectl("certificate", "approve", *self.kubectl("get", "csr", "-o", "name").decode().split())
        self.rollout("kube-system")

    def certificates(self) -> None:
        """The platform's CA, and the gateway's certificate."""
        new, ca = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"), self.directory / "ca.key"
        request, subject = ("openssl", "req", "-x509", *new), ("-subj", "/CN=Gantry platform CA (bench)")
        self.run(*request, *subject, "-days", "3650", "-keyout", ca, "-out", self.ca)
        names = f"subjectAltName=DNS:bench.gantry.internal,IP:{self.nodes[self.first]}"
        signed = (
            "-CA",
            self.ca,
            "-CAkey",
            ca,
            "-days",
            "397",
            "-addext",
            names,
            "-addext",
            "basicConstraints=CA:FALSE",
        )
        key, certificate = self.directory / "gateway.key", self.directory / "gateway.crt"
        self.run(*request, "-subj", "/CN=bench.gantry.internal", *signed, "-keyout", key, "-out", certificate)

    def mesh(self) -> None:
        """Istio's namespaces with the certificate, Istio, and the mesh's configuration."""
        objects: list[Object] = self.prepared["objects"]["istio"]
        first = [item for item in objects if item["kind"] in ("Namespace", "NetworkPolicy")]
        self.apply(first)
        files = [f"--{kind}={self.directory}/gateway.{end}" for kind, end in (("cert", "crt"), ("key", "key"))]
        self.kubectl("create", "secret", "tls", "platform-certificate", "-n", "istio-ingress", *files)
        operator = {"apiVersion": "install.istio.io/v1alpha1", "kind": "IstioOperator", "spec": self.prepared["istio"]}
        install = (self.binaries["istioctl"], "install", f"--kubeconfig={self.kubeconfig}", "--skip-confirmation")
        self.run(*install, "-f", "-", text=json.dumps(operator))
        self.apply([item for item in objects if item not in first and item["kind"] != "Secret"])


def prepare(bench: Bench, directory: Path) -> Hand:
    """Put aside what a person has prepared, from the platform that stands."""
    (directory / "templates").mkdir()
    for role in ("kubernetes", "storage", "istio", "services"):
        shutil.copytree(ROOT / "roles" / role / "templates", directory / "templates", dirs_exist_ok=True)
    playbook = Path(shutil.copy(HERE / "by_hand_prepare.yml", directory))
    unknown = {"__kubernetes_invitation": {"token": "TOKEN", "ca": "HASH"}, "by_hand_directory": str(directory)}
    bench.play(playbook, "-e", f"@{ROOT}/playbooks/group_vars/all/platform.yml", "-e", json.dumps(unknown))
    for name in ("bundle.json", "kubeconfig", "ca.crt"):
        shutil.copy(PLATFORM / name, directory)
    hand = Hand(bench, directory)
    for node in hand.nodes:
        paths = " ".join(CONFIGURATION)
        (directory / f"{node}.tar").write_bytes(hand.ssh(node, f"tar -C / -cf - {paths}"))
    return hand


def measure(directory: Path) -> tuple[float, float]:
    """Seconds by hand and of site."""
    destroy = ("playbooks/destroy.yml", "-e", "confirm=bench")
    Bench(7200).play("playbooks/bundle.yml")
    bench = Bench(MINUTES * 60)
    try:
        bench.play(*destroy)
        with bench.step("site"):
            recap = bench.play("playbooks/site.yml")
        print(recap, flush=True)
        hand = prepare(bench, directory)
        with bench.step("site: all ready, curl answers 200"):
            hand.stands()
        site = sum(bench.seconds.values())
        bench.play(*destroy)
        hand.kubeconfig.unlink()
        hand.ca.unlink()
        hand.raise_all()
        return sum(bench.seconds.values()) - site, site
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # told twice, it still cleans up
        Bench(180).play(*destroy)


def main() -> None:
    """Measure, print, write."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory(prefix="gantry-bench-") as name:
        by_hand, site = measure(Path(name))
    print(f"\n{'site':44}{site:>8.1f}\n{'by hand':44}{by_hand:>8.1f}{by_hand / site:>7.2f}x")
    merge(RESULT, {"by_hand_vs_site": round(by_hand / site, 2)})


if __name__ == "__main__":
    main()
