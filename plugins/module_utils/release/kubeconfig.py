# -*- coding: utf-8 -*-
# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""Reads a kubeconfig: which server, whom to trust, who we are."""

from __future__ import annotations

import base64
import json
import os
import ssl
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.gantry.platform.plugins.module_utils.release.errors import ReleaseError

EXEC_TIMEOUT = 60
"""Seconds that a credential plugin may take."""


@dataclass(frozen=True)
class Credentials:
    """Who we are: a bearer token, a client certificate with its key (PEM), or a user and password."""

    token: str = ""
    certificate: bytes = b""
    key: bytes = b""
    basic: str = ""

    @property
    def headers(self) -> dict[str, str]:
        """The headers that carry these credentials; none for a client certificate."""
        if self.token:
            return {"Authorization": f"Bearer {self.token}"}
        return {"Authorization": f"Basic {self.basic}"} if self.basic else {}


@dataclass(frozen=True)
class Access:
    """One context of a kubeconfig, resolved."""

    path: Path
    server: str
    cluster: dict[str, Any] = field(repr=False)
    user: dict[str, Any] = field(repr=False)

    def credentials(self) -> Credentials:
        """Resolve the user; runs the credential plugin where there is one.

        :raises ReleaseError: A file or the plugin does not give what it should.
        """
        user = self.user
        if "exec" in user:
            return _from_plugin(user["exec"], self.cluster, self.server, self.path)
        if user.get("tokenFile"):
            return Credentials(token=_read(self.path, user["tokenFile"], "tokenFile").decode().strip())
        basic = ""
        if user.get("username"):
            basic = base64.b64encode(f"{user['username']}:{user.get('password', '')}".encode()).decode()
        return Credentials(
            token=str(user.get("token") or ""),
            certificate=_material(self.path, user, "client-certificate"),
            key=_material(self.path, user, "client-key"),
            basic=basic,
        )

    def tls(self, credentials: Credentials) -> ssl.SSLContext:
        """A TLS context that trusts the cluster's CA and presents the client certificate, if any."""
        authority = _material(self.path, self.cluster, "certificate-authority")
        try:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if authority else ssl.create_default_context()
            if authority:
                context.load_verify_locations(cadata=authority.decode())
            if self.cluster.get("insecure-skip-tls-verify") is True:
                context.check_hostname = False
                context.verify_mode = ssl.CERT_NONE
            if credentials.certificate:
                with tempfile.NamedTemporaryFile() as pem:  # mode 0600; OpenSSL takes certificates only from files
                    pem.write(credentials.certificate + b"\n" + credentials.key)
                    pem.flush()
                    context.load_cert_chain(pem.name)
        except (ssl.SSLError, ValueError) as error:
            raise ReleaseError(
                f"kubeconfig {self.path}: a certificate or key in it cannot be used ({error}). Write it anew"
            ) from error
        return context


def load(path: str | None, context: str | None) -> Access:
    """Read a kubeconfig and choose a context.

    ``path`` defaults to ``$KUBECONFIG`` and then ``~/.kube/config``, ``context`` to the file's current one.

    :raises ReleaseError: The file or what it refers to is missing.
    """
    import yaml

    chosen = Path(path or os.environ.get("KUBECONFIG", "").split(os.pathsep)[0] or "~/.kube/config").expanduser()
    try:
        with chosen.open("rb") as stream:
            config = yaml.load(stream, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    except (OSError, yaml.YAMLError) as error:
        raise ReleaseError(
            f"kubeconfig {chosen} cannot be read: {error}. Set kubeconfig to the file of your cluster"
        ) from error
    if not isinstance(config, dict):
        raise ReleaseError(f"kubeconfig {chosen} is not a mapping. Set kubeconfig to the file of your cluster")
    name = context or config.get("current-context")
    if not name:
        raise ReleaseError(f"kubeconfig {chosen} names no current-context. Set context")
    entry = _named(config, "contexts", str(name), chosen).get("context") or {}
    cluster = _named(config, "clusters", str(entry.get("cluster")), chosen).get("cluster") or {}
    user = (_named(config, "users", str(entry["user"]), chosen).get("user") or {}) if entry.get("user") else {}
    server = str(cluster.get("server") or "")
    if not server.startswith(("https://", "http://")):
        raise ReleaseError(f"kubeconfig {chosen}: the server of context {name} is {server!r}, not a URL")
    return Access(chosen, server.rstrip("/"), cluster, user)


def _named(config: dict[str, Any], section: str, name: str, path: Path) -> dict[str, Any]:
    entries = {str(entry.get("name")): entry for entry in config.get(section) or [] if isinstance(entry, dict)}
    if name not in entries:
        raise ReleaseError(
            f"kubeconfig {path} has no {section[:-1]} {name!r}. It has: {', '.join(sorted(entries)) or 'none'}"
        )
    found: dict[str, Any] = entries[name]
    return found


def _material(path: Path, section: dict[str, Any], key: str) -> bytes:
    """PEM data given inline (``<key>-data``, base64) or as a file (``<key>``)."""
    if section.get(f"{key}-data"):
        return base64.b64decode(section[f"{key}-data"])
    return _read(path, section[key], key) if section.get(key) else b""


def _read(kubeconfig: Path, name: str, key: str) -> bytes:
    try:
        return (kubeconfig.parent / Path(name).expanduser()).read_bytes()
    except OSError as error:
        raise ReleaseError(f"kubeconfig {kubeconfig}: {key} {name} cannot be read: {error}") from error


def _from_plugin(spec: dict[str, Any], cluster: dict[str, Any], server: str, path: Path) -> Credentials:
    """Ask a credential plugin (client.authentication.k8s.io ExecCredential), such as ``aws eks get-token``."""
    info: dict[str, Any] = {
        "apiVersion": spec.get("apiVersion"),
        "kind": "ExecCredential",
        "spec": {"interactive": False},
    }
    if spec.get("provideClusterInfo"):
        info["spec"]["cluster"] = {
            "server": server,
            "certificate-authority-data": cluster.get("certificate-authority-data", ""),
        }
    environment = {
        **os.environ,
        **{pair["name"]: pair["value"] for pair in spec.get("env") or []},
        "KUBERNETES_EXEC_INFO": json.dumps(info),
    }
    command = str(spec.get("command"))
    if os.sep in command:
        command = str(path.parent / command)
    called = f"credential plugin {command!r} of kubeconfig {path}"
    try:
        done = subprocess.run(  # the user's own kubeconfig names the command
            [command, *(spec.get("args") or [])],
            env=environment,
            capture_output=True,
            check=True,
            timeout=EXEC_TIMEOUT,
            stdin=subprocess.DEVNULL,
        )
        status = json.loads(done.stdout)["status"]
    except FileNotFoundError as error:
        raise ReleaseError(f"{called} is not installed. {spec.get('installHint') or 'Install it'}") from error
    except subprocess.CalledProcessError as error:
        raise ReleaseError(
            f"{called} failed with {error.returncode}: {error.stderr.decode(errors='replace').strip()[-500:]}"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise ReleaseError(f"{called} did not answer within {EXEC_TIMEOUT} s") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ReleaseError(f"{called} did not print an ExecCredential with a status") from error
    return Credentials(
        token=str(status.get("token") or ""),
        certificate=str(status.get("clientCertificateData") or "").encode(),
        key=str(status.get("clientKeyData") or "").encode(),
    )
