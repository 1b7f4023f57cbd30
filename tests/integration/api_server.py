"""A real etcd and kube-apiserver (RBAC on) of the bundle, with the controllers and scheduler if asked for."""

from __future__ import annotations

import datetime
import ipaddress
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

ROOT = Path(__file__).resolve().parents[2]
PORTS = range(26000, 27000)
START_SECONDS = 60
NEEDED = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl")


class MissingBinaryError(RuntimeError):
    """The bundle has not been built yet."""


def binaries() -> dict[str, Path]:
    """Where the bundle's binaries are: ``GANTRY_BUNDLE`` (bundle.json or a directory), an environment, or the cache."""
    named = os.environ.get("GANTRY_BUNDLE")
    candidates = (
        [Path(named)] if named else sorted(ROOT.glob(".platform/*/bundle.json"), key=lambda path: -path.stat().st_mtime)
    )
    for candidate in candidates:
        found = _listed(candidate) if candidate.is_file() else {name: candidate / name for name in NEEDED}
        if all(name in found and found[name].is_file() for name in NEEDED):
            return found
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gantry/bundle"
    cached: dict[str, Path] = {}
    for name in NEEDED:
        paths = [path for path in cache.glob(f"*/*/*/**/{name}") if path.is_file() and os.access(path, os.X_OK)]
        if not paths:
            raise MissingBinaryError(
                f"{name} is not in the bundle ({cache}). Build it with the role bundle, or set GANTRY_BUNDLE"
            )
        cached[name] = max(paths, key=lambda path: path.stat().st_mtime)
    return cached


def _listed(bundle: Path) -> dict[str, Path]:
    return {name: Path(path) for name, path in json.loads(bundle.read_text()).get("binaries", {}).items()}


@dataclass
class Authority:
    """A certificate authority in a directory."""

    directory: Path
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def __post_init__(self) -> None:
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
        self.certificate = self._sign(self.name, self.key, authority=True)
        (self.directory / "ca.pem").write_bytes(_pem(self.certificate))

    def issue(self, name: str, groups: tuple[str, ...] = ()) -> tuple[Path, Path]:
        """Write a certificate for a user or server with its key; returns both paths."""
        key = ec.generate_private_key(ec.SECP256R1())
        attributes = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
        certificate = self._sign(x509.Name([*attributes, x509.NameAttribute(NameOID.COMMON_NAME, name)]), key)
        stem = name.replace(":", "-")
        paths = self.directory / f"{stem}.pem", self.directory / f"{stem}.key"
        paths[0].write_bytes(_pem(certificate))
        paths[1].write_bytes(private(key))
        return paths

    def _sign(self, name: x509.Name, key: ec.EllipticCurvePrivateKey, authority: bool = False) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(minutes=5))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        )
        if not authority:
            usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
            names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
            builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False).add_extension(
                x509.SubjectAlternativeName(names), critical=False
            )
        return builder.sign(self.key, hashes.SHA256())


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def private(key: ec.EllipticCurvePrivateKey) -> bytes:
    """A private key in PEM."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )


class ApiServer:
    """A running API server. ``kubeconfig`` is its administrator's; ``kubeconfig_for`` makes others'."""

    def __init__(self, directory: Path, durable: bool = False) -> None:
        self.directory = directory
        self.binaries = binaries()
        self.authority = Authority(directory)
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._etcd_port, self._peer_port, self.port = free_ports(3)
        self._durable = durable
        self.url = f"https://127.0.0.1:{self.port}"
        self._certificate = self.authority.issue("kube-apiserver")
        self._administrator = self.authority.issue("administrator", ("system:masters",))
        key = ec.generate_private_key(ec.SECP256R1())
        (directory / "accounts.key").write_bytes(private(key))
        self.kubeconfig = self._write_kubeconfig("administrator", self._administrator)

    def start(self) -> None:
        """Start etcd and the API server and wait until it is ready."""
        self._start_etcd()
        self.start_server()

    def start_server(self) -> None:
        """Start the API server alone, etcd runs."""
        certificate, key = self._certificate
        self._run(
            "kube-apiserver",
            f"--etcd-servers=http://127.0.0.1:{self._etcd_port}",
            "--bind-address=127.0.0.1",
            f"--secure-port={self.port}",
            f"--tls-cert-file={certificate}",
            f"--tls-private-key-file={key}",
            f"--client-ca-file={self.directory / 'ca.pem'}",
            f"--service-account-issuer={self.url}",
            f"--service-account-key-file={self.directory / 'accounts.key'}",
            f"--service-account-signing-key-file={self.directory / 'accounts.key'}",
            "--authorization-mode=Node,RBAC",
            "--service-cluster-ip-range=10.0.0.0/16",
            "--disable-admission-plugins=ServiceAccount",
            "--endpoint-reconciler-type=none",
            "--allow-privileged=true",
        )
        self._await_ready()

    def start_controllers(self) -> None:
        """Start the controllers and the scheduler: they make pods, count quotas and delete namespaces."""
        for name in ("kube-controller-manager", "kube-scheduler"):
            if name in self._processes:
                continue
            kubeconfig = self._write_kubeconfig(name, self.authority.issue(f"system:{name}", ("system:masters",)))
            more = (
                (
                    f"--service-account-private-key-file={self.directory / 'accounts.key'}",
                    "--node-monitor-grace-period=1h",
                )
                if name == "kube-controller-manager"
                else ()
            )
            self._run(name, f"--kubeconfig={kubeconfig}", "--leader-elect=false", "--secure-port=0", *more)

    def kill_server(self) -> None:
        """End the API server at once."""
        self._end("kube-apiserver", signal.SIGKILL)

    def stop(self) -> None:
        """End all processes."""
        for name in reversed(list(self._processes)):
            self._end(name, signal.SIGKILL if name != "etcd" else signal.SIGTERM)

    def kubectl(self, *arguments: str, text: str | None = None) -> str:
        """Run kubectl as administrator."""
        command = [str(self.binaries["kubectl"]), f"--kubeconfig={self.kubeconfig}", *arguments]
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{' '.join(arguments)}: {done.stderr}"
        return done.stdout

    def kubeconfig_for(self, user: str) -> Path:
        """A kubeconfig of another user, who has no rights but those that a test binds."""
        return self._write_kubeconfig(user, self.authority.issue(user))

    def _write_kubeconfig(self, name: str, pair: tuple[Path, Path]) -> Path:
        path = self.directory / f"{name}.kubeconfig"
        cluster = {"server": self.url, "certificate-authority": str(self.directory / "ca.pem")}
        user = {"client-certificate": str(pair[0]), "client-key": str(pair[1])}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "test",
            "clusters": [{"name": "test", "cluster": cluster}],
            "users": [{"name": name, "user": user}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": name}}],
        }
        path.write_text(yaml.safe_dump(config))
        path.chmod(0o600)
        return path

    def _start_etcd(self) -> None:
        client, peer = f"http://127.0.0.1:{self._etcd_port}", f"http://127.0.0.1:{self._peer_port}"
        self._run(
            "etcd",
            f"--data-dir={self.directory / 'etcd'}",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}",
            *(() if self._durable else ("--unsafe-no-fsync",)),
        )

    def _run(self, name: str, *arguments: str) -> None:
        with (self.directory / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                [str(self.binaries[name]), *arguments],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    def _end(self, name: str, how: signal.Signals) -> None:
        process = self._processes.pop(name, None)
        if process and process.poll() is None:
            process.send_signal(how)
            process.wait(20)

    def _await_ready(self) -> None:
        context = ssl.create_default_context(cafile=str(self.directory / "ca.pem"))
        context.load_cert_chain(*map(str, self._administrator))
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            process = self._processes["kube-apiserver"]
            if process.poll() is not None:
                break
            try:
                with urllib.request.urlopen(f"{self.url}/readyz", context=context, timeout=5):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.2)
        log = (self.directory / "kube-apiserver.log").read_text()[-2000:]
        raise RuntimeError(f"kube-apiserver is not ready:\n{log}")


def free_ports(count: int) -> list[int]:
    """Ports on the loopback that nobody listens on."""
    ports: list[int] = []
    for port in PORTS:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        ports.append(port)
        if len(ports) == count:
            return ports
    raise RuntimeError(f"fewer than {count} free ports in {PORTS}")


@contextmanager
def running(directory: Path, durable: bool = False) -> Iterator[ApiServer]:
    """A started API server that is stopped in the end."""
    server = ApiServer(directory, durable)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(directory / "etcd", ignore_errors=True)
