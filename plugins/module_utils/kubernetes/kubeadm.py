"""Make a node a part of a cluster with kubeadm, and finish what was interrupted."""

from __future__ import annotations

import fcntl
import json
import os
import re
import secrets
import shutil
import ssl
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.gantry.platform.plugins.module_utils.kubernetes.node import (
    Membership,
    membership,
    write_record,
)

LOCK = Path("/var/lib/gantry/kubeadm.lock")
LOCK_SECONDS = 300.0
"""How long a kubeadm that an interrupted run left behind may take to end."""
SOCKET = "unix:///run/containerd/containerd.sock"
CLOCK_SECONDS = 2.0
"""How far the kernel's idea of a process's start may be from the clock."""
ADMIN = "/etc/kubernetes/admin.conf"


class KubeadmError(Exception):
    """kubeadm failed, or must not be run here. The message says what, and what to do."""


@dataclass(frozen=True)
class Invitation:
    """What a node needs to join: a token, the hash of the CA, and for control planes the key of the certificates."""

    token: str
    ca: str
    certificate_key: str = ""


@dataclass(frozen=True)
class Seed:
    """What a restored cluster begins with: a directory with pki.tar.gz and etcd.db, and its first member of etcd."""

    directory: Path
    node: str
    address: str


LEFT_OUT = "--skip-phases=addon/coredns"
"""Of whatever finds a CoreDNS: it is newer than kubeadm knows, which would refuse to migrate its configuration."""
SOWN = ("--ignore-preflight-errors=DirAvailable--var-lib-etcd", LEFT_OUT)
REVISIONS = 1_000_000_000
"""By how much etcd's revisions jump: nobody who watched the cluster before takes an older state for a newer one."""


def sow(seed: Seed) -> None:
    """Put authorities, keys and etcd's data where kubeadm takes them as they are. Raises KubeadmError."""
    peer = f"https://{seed.address}:2380"
    pki, data = Path("/etc/kubernetes/pki"), Path("/var/lib/etcd")
    pki.mkdir(mode=0o755, parents=True, exist_ok=True)
    shutil.rmtree(data, ignore_errors=True)
    for command in (
        ["tar", "--extract", "--gzip", f"--file={seed.directory / 'pki.tar.gz'}", f"--directory={pki}"],
        [
            *("/usr/local/bin/etcdutl", "snapshot", "restore", str(seed.directory / "etcd.db"), f"--data-dir={data}"),
            *(f"--name={seed.node}", f"--initial-cluster={seed.node}={peer}", f"--initial-advertise-peer-urls={peer}"),
            *(f"--bump-revision={REVISIONS}", "--mark-compacted"),
        ],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise KubeadmError(f"{command[0]} failed with {done.returncode}: {done.stderr.strip()[-800:]}")
    data.chmod(0o700)


def reason(output: str) -> str:
    """The lines of kubeadm's output that say why it failed: its checks' errors, or its error, or its last lines."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    checks = [line for line in lines if line.startswith("[ERROR ")]
    errors = [line for line in lines if re.match(r"(error|couldn't|fatal)", line, re.IGNORECASE)]
    return "\n".join((checks or errors or lines)[-8:])


def complaints(journal: str) -> str:
    """The last distinct errors of a kubelet's journal: what a control plane that does not come up died of."""
    errors = [re.sub(r"^E\d{4} [\d:.]+ +\d+ ", "", line) for line in journal.splitlines() if re.match(r"E\d{4} ", line)]
    return "\n".join(list(dict.fromkeys(reversed(errors)))[:3])


def kubelet_journal() -> str:
    """The last lines that the kubelet wrote; empty where there are none."""
    command = ["journalctl", "--unit=kubelet", "--lines=200", "--no-pager", "--output=cat"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def run(arguments: Sequence[str], timeout: float, lock: int = -1) -> str:
    """Run kubeadm; its standard output. ``lock`` is held by it even if we die. Raises KubeadmError with the reason."""
    command = f"kubeadm {' '.join(word for word in arguments[:2] if not word.startswith('-'))}"
    try:
        done = subprocess.run(
            ["kubeadm", *arguments],
            capture_output=True,
            text=True,
            timeout=timeout,
            stdin=subprocess.DEVNULL,
            pass_fds=[lock] if lock >= 0 else [],
            env={**os.environ, "PATH": f"/usr/local/bin:{os.environ.get('PATH', '/usr/sbin:/usr/bin:/sbin:/bin')}"},
            check=False,
        )
    except FileNotFoundError:
        raise KubeadmError("kubeadm is not installed on this node: run the role kubernetes from its start") from None
    except subprocess.TimeoutExpired as error:
        output = error.stdout.decode(errors="replace") if isinstance(error.stdout, bytes) else str(error.stdout or "")
        raise KubeadmError(f"{command} did not end within {timeout:.0f} s. Its last words:\n{reason(output)}") from None
    if done.returncode:
        raise KubeadmError(f"{command} failed with {done.returncode}:\n{reason(done.stdout + done.stderr)}")
    return done.stdout


@contextmanager
def alone(path: Path = LOCK, seconds: float = LOCK_SECONDS, pause: float = 1.0) -> Iterator[int]:
    """Hold the node's lock: a kubeadm that outlived its interrupted play is waited for. Gives the lock's descriptor."""
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    with path.open("w") as file:
        deadline = time.monotonic() + seconds
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise KubeadmError(
                        f"another kubeadm has been running on this node for more than {seconds:.0f} s: "
                        "look at it with 'ps ax | grep kubeadm' and end it"
                    ) from None
                time.sleep(pause)
        yield file.fileno()


def must_run(found: Membership, ca: str) -> bool:
    """Whether a node must still be made a part of the cluster whose CA is ``ca`` (empty: of any).

    Raises KubeadmError for a node with a Kubernetes that this project did not make.
    """
    if found.state == "foreign":
        raise KubeadmError(
            "this node holds a Kubernetes that gantry.platform did not make (see /etc/kubernetes, /var/lib/kubelet): "
            "take another node, or give this one up with 'kubeadm reset'"
        )
    return found.state != "joined" or bool(ca and found.ca != ca)


def bring(verb: str, role: str, config: str, ca: str, timeout: float, seed: Seed | None = None) -> bool:
    """Run ``kubeadm init`` or ``join`` (``verb``) unless that is done; first undo what was left half done.

    With a ``seed`` the cluster begins as the one that was backed up. Returns whether anything was done. Raises
    KubeadmError.
    """
    if not must_run(membership(), ca):
        return False
    with alone() as lock:
        found = membership()
        if not must_run(found, ca):
            return True
        if found.state != "absent":
            reset(lock)
        write_record("begun", role)
        if seed:
            sow(seed)
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:  # mode 0600; it may hold a token
            file.write(config)
            file.flush()
            try:
                run([verb, "--config", file.name, *(SOWN if seed else ())], timeout, lock)
            except KubeadmError as error:
                words = complaints(kubelet_journal())
                raise KubeadmError(f"{error}\nThe kubelet's last errors:\n{words}" if words else str(error)) from None
        write_record("done", role)
    return True


def reset(lock: int = -1) -> None:
    """Undo what kubeadm did here: ``kubeadm reset``, and what it leaves to others. Raises KubeadmError."""
    run(["reset", "--force", "--cri-socket", SOCKET], 180, lock)
    for path in Path("/etc/cni/net.d").glob("*"):
        path.unlink(missing_ok=True)


def reconfigure(config: str, seconds: float) -> bool:
    """Bring a running control plane to its configuration: write its static pods anew, and wait for those that changed.

    Returns whether any did. Raises KubeadmError, also where the API server does not come back within ``seconds``.
    """
    before = manifests()
    with alone() as lock, tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(config)
        file.flush()
        for phase in (("control-plane", "all"), ("etcd", "local")):
            run(["init", "phase", *phase, "--config", file.name], 60, lock)
        changed = {name for name, content in manifests().items() if before.get(name) != content}
        if not changed:
            return False
        since = time.time() - CLOCK_SECONDS if "kube-apiserver" in changed else 0
        wait_for_api_server(manifests()["kube-apiserver"], since, seconds)
        run(["init", "phase", "upload-config", "kubeadm", "--config", file.name], 60, lock)
    return True


UNHELPFUL = "CoreDNSMigration,CoreDNSUnsupportedPlugins,CreateJob,SystemVerification"
"""Checks of an upgrade that cannot tell: CoreDNS is not touched, pause has another name, and what the kernel is cannot
be judged in a container (as at the node's registration)."""


def upgrade(version: str, first: bool, patches: str | None, timeout: float) -> None:
    """Raise this node's control plane, if it has one, and its kubelet's configuration; run again, it goes on.

    ``first``: it is the first of the control planes, which tells the cluster its version. ``patches``: directory of
    those of its static pods. Raises KubeadmError.
    """
    verb = ["apply", f"v{version}", "--yes"] if first else ["node"]
    options = ["--certificate-renewal=false", f"--ignore-preflight-errors={UNHELPFUL}", LEFT_OUT]
    options += ["--patches", patches] if patches else []
    with alone() as lock:
        run(["upgrade", *verb, *options], timeout, lock)


def manifests(directory: Path = Path("/etc/kubernetes/manifests")) -> dict[str, str]:
    """The static pods of this node, by name."""
    return {path.stem: path.read_text(encoding="utf-8") for path in directory.glob("*.yaml")}


def wait_for_api_server(manifest: str, since: float, seconds: float) -> None:
    """Wait until this node's API server was started after ``since`` (seconds of the epoch) and is ready."""
    found = re.search(r"kube-apiserver\.advertise-address\.endpoint: \"?([^\s\"]+)", manifest)
    if not found:
        raise KubeadmError("the API server's static pod names no address: look at /etc/kubernetes/manifests")
    trust = ssl.create_default_context(cafile="/etc/kubernetes/pki/ca.crt")
    deadline = time.monotonic() + seconds
    trouble = "it was not started anew"
    while time.monotonic() < deadline:
        time.sleep(1)
        if not any(started >= since for started in started_at("kube-apiserver")):
            continue
        try:
            urllib.request.urlopen(f"https://{found[1]}/readyz", timeout=5, context=trust).close()
            return
        except OSError as error:
            trouble = str(error)
    errors = complaints(kubelet_journal())
    raise KubeadmError(
        f"the API server at {found[1]} is not ready after {seconds:.0f} s: {trouble}.\n"
        f"The kubelet's last errors:\n{errors}"
    )


def started_at(name: str, proc: Path = Path("/proc")) -> list[float]:
    """When the processes of that name were started, in seconds of the epoch."""
    return list(processes(name, proc).values())


def processes(name: str, proc: Path = Path("/proc")) -> dict[int, float]:
    """The processes of that name, each with its start in seconds of the epoch (proc(5): btime, starttime)."""
    boot = float(re.findall(r"^btime (\d+)", (proc / "stat").read_text(encoding="ascii"), re.MULTILINE)[0])
    found = {}
    for path in proc.glob("[0-9]*/stat"):
        with suppress(OSError):
            pid_name, _, rest = path.read_text(encoding="utf-8", errors="replace").rpartition(")")
            pid, _, command = pid_name.partition("(")
            if command == name[:15]:
                found[int(pid)] = boot + int(rest.split()[19]) / os.sysconf("SC_CLK_TCK")
    return found


def invite(control_planes: bool) -> Invitation:
    """Let nodes join for a quarter of an hour. Raises KubeadmError."""
    token = f"{secrets.token_hex(3)}.{secrets.token_hex(8)}"
    run(["token", "create", token, "--ttl", "15m", "--description", "gantry.platform", "--kubeconfig", ADMIN], 60)
    key = ""
    if control_planes:
        key = secrets.token_hex(32)
        config = {"apiVersion": "kubeadm.k8s.io/v1beta4", "kind": "InitConfiguration", "certificateKey": key}
        config["nodeRegistration"] = {"criSocket": SOCKET}  # type: ignore[assignment]
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            file.write(json.dumps(config))
            file.flush()
            run(["init", "phase", "upload-certs", "--upload-certs", "--config", file.name], 60)
    return Invitation(token, membership().ca, key)
