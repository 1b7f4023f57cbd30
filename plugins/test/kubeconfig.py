# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
"""Tests of kubeconfigs."""

from __future__ import annotations

import base64
import datetime
from collections.abc import Callable
from pathlib import Path

import yaml
from ansible_collections.gantry.platform.plugins.module_utils.kubernetes.node import key_hash

DAYS_LEFT = 30
"""A client certificate with fewer days left is not good any more."""


def kubeconfig_of(path: str, ca: str, endpoint: str) -> bool:
    """Whether the kubeconfig at ``path`` opens the cluster with that CA at ``host:port`` for some time yet.

    ``ca`` is the hash of the CA's public key, as M(gantry.platform.node_facts) gives it. A file that is missing,
    readable by others or not to be understood does not.
    """
    from cryptography import x509

    try:
        file = Path(path)
        config = yaml.safe_load(file.read_text(encoding="utf-8"))
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        certificate = x509.load_pem_x509_certificate(base64.b64decode(user["client-certificate-data"]))
        left = certificate.not_valid_after_utc - datetime.datetime.now(datetime.UTC)
        return bool(
            file.stat().st_mode & 0o777 == 0o600
            and key_hash(base64.b64decode(cluster["certificate-authority-data"]).decode()) == ca
            and cluster["server"] == f"https://{endpoint}"
            and left > datetime.timedelta(days=DAYS_LEFT)
        )
    except (OSError, ValueError, KeyError, IndexError, TypeError, yaml.YAMLError):
        return False


class TestModule:
    """What Ansible asks for."""

    def tests(self) -> dict[str, Callable[..., bool]]:
        """The tests by name."""
        return {"kubeconfig_of": kubeconfig_of}
