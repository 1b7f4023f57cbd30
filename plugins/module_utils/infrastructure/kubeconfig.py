"""Kubeconfigs of clusters that we did not make by kubeadm: of EKS, and of clusters that exist already. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

EKS_TOKEN = Path(__file__).resolve().parents[1] / "aws" / "eks_token.py"
FILES = ("certificate-authority", "client-certificate", "client-key", "tokenFile")
"""Keys whose value is a path, taken from where the kubeconfig lies."""


class KubeconfigError(ValueError):
    """A kubeconfig does not give what it should; the message has the remedy."""


def _whole(name: str, cluster: Mapping[str, Any], user: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": name,
        "clusters": [{"name": name, "cluster": dict(cluster)}],
        "users": [{"name": name, "user": dict(user)}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
    }


def eks_kubeconfig(cluster: Mapping[str, str], region: str, python: str) -> dict[str, Any]:
    """The kubeconfig of a cluster {name, endpoint, certificate_authority (PEM in base64)} of EKS.

    It holds no secret: `python`, one that has botocore, makes a token of a quarter of an hour whenever one is needed. A
    token in the file would end within a run, and the AWS CLI need not be there.

    Raises KubeconfigError.
    """
    for key in ("name", "endpoint", "certificate_authority"):
        if not cluster.get(key):
            raise KubeconfigError(f"the cluster of EKS has no {key} yet: run the stage infrastructure first")
    plugin = {
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "command": python,
        "args": ["-I", str(EKS_TOKEN), cluster["name"], region],
        "interactiveMode": "Never",
        "installHint": "The Python that this kubeconfig names makes the tokens: run `make venv`.",
    }
    address = {"server": cluster["endpoint"], "certificate-authority-data": cluster["certificate_authority"]}
    return _whole(cluster["name"], address, {"exec": plugin})


def one_context(config: Any, directory: str, context: str = "") -> dict[str, Any]:
    """One context of a kubeconfig (its current one where `context` is empty), and no more of it.

    `directory`: where it lies, to which its paths are relative. Raises KubeconfigError.
    """
    if not isinstance(config, Mapping):
        raise KubeconfigError("the existing cluster's kubeconfig is no map: name the file that kubectl uses")
    name = context or str(config.get("current-context") or "")
    if not name:
        known = ", ".join(sorted(str(entry.get("name")) for entry in config.get("contexts") or [])) or "none"
        raise KubeconfigError(f"the existing cluster's kubeconfig names no current context: choose one of {known}")
    chosen = _named(config, "contexts", name).get("context") or {}
    cluster = _named(config, "clusters", str(chosen.get("cluster"))).get("cluster") or {}
    user = _named(config, "users", str(chosen["user"])).get("user") or {} if chosen.get("user") else {}
    return _whole(name, _absolute(cluster, directory), _absolute(user, directory))


def _named(config: Mapping[str, Any], section: str, name: str) -> Mapping[str, Any]:
    entries = {str(entry.get("name")): entry for entry in config.get(section) or [] if isinstance(entry, Mapping)}
    if name not in entries:
        known = ", ".join(sorted(entries)) or "none"
        raise KubeconfigError(
            f"the existing cluster's kubeconfig has no {section[:-1]} '{name}': it has {known}; set the context"
        )
    return entries[name]


def _absolute(entry: Mapping[str, Any], directory: str) -> dict[str, Any]:
    made: dict[str, Any] = {
        key: str(Path(directory) / value) if key in FILES and value else value for key, value in entry.items()
    }
    command = (made.get("exec") or {}).get("command", "")
    if "/" in command:
        made["exec"] = {**made["exec"], "command": str(Path(directory) / command)}
    return made
