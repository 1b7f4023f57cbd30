"""A kubeconfig is good for its own cluster and for some time."""

from __future__ import annotations

import base64
import datetime
from pathlib import Path

import pytest
import yaml
from ansible_collections.gantry.platform.plugins.module_utils.kubernetes.node import key_hash
from ansible_collections.gantry.platform.plugins.test.kubeconfig import kubeconfig_of

from tests.unit.module_utils.kubernetes.certificate import certificate

CA, _ = certificate()


def write(path: Path, days: int = 365, server: str = "https://10.90.0.10:6443", mode: int = 0o600) -> str:
    client, _ = certificate(datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=days))
    encoded = {name: base64.b64encode(pem.encode()).decode() for name, pem in {"ca": CA, "client": client}.items()}
    config = {
        "clusters": [{"cluster": {"server": server, "certificate-authority-data": encoded["ca"]}}],
        "users": [{"user": {"client-certificate-data": encoded["client"]}}],
    }
    path.write_text(yaml.safe_dump(config))
    path.chmod(mode)
    return str(path)


def test_it_is_good_for_its_cluster(tmp_path: Path) -> None:
    assert kubeconfig_of(write(tmp_path / "k"), key_hash(CA), "10.90.0.10:6443")


@pytest.mark.parametrize(
    "other", [{"days": 29}, {"server": "https://10.90.0.11:6443"}, {"mode": 0o644}], ids=["expiring", "moved", "open"]
)
def test_one_that_is_about_to_end_or_was_changed_is_not(tmp_path: Path, other: dict[str, int | str]) -> None:
    assert not kubeconfig_of(write(tmp_path / "k", **other), key_hash(CA), "10.90.0.10:6443")  # type: ignore[arg-type]


def test_nor_one_of_another_cluster(tmp_path: Path) -> None:
    assert not kubeconfig_of(write(tmp_path / "k"), "sha256:other", "10.90.0.10:6443")


@pytest.mark.parametrize("content", [None, "", "{", "clusters: []"])
def test_nor_one_that_is_missing_or_torn(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "k").write_text(content)
    assert not kubeconfig_of(str(tmp_path / "k"), key_hash(CA), "10.90.0.10:6443")
