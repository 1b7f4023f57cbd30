"""A kubeconfig is read, or its mistake is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.gantry.platform.plugins.module_utils.release.errors import ReleaseError
from ansible_collections.gantry.platform.plugins.module_utils.release.kubeconfig import load

CLUSTER = {"name": "c", "cluster": {"server": "https://example.org:6443/"}}
CONTEXT = {"name": "x", "context": {"cluster": "c", "user": "u"}}
GOOD: dict[str, Any] = {"clusters": [CLUSTER], "contexts": [CONTEXT], "users": [{"name": "u", "user": {"token": "t"}}]}


def write(directory: Path, config: Any) -> str:
    """Write a kubeconfig; returns its path."""
    path = directory / "kubeconfig"
    path.write_text(yaml.safe_dump(config))
    return str(path)


@pytest.mark.parametrize(
    ("config", "context", "mistake"),
    [
        ([], None, "is not a mapping"),
        (GOOD, None, "names no current-context. Set context"),
        (GOOD, "y", "has no context 'y'. It has: x"),
        ({**GOOD, "clusters": []}, "x", "has no cluster 'c'. It has: none"),
        ({**GOOD, "users": []}, "x", "has no user 'u'. It has: none"),
        ({**GOOD, "clusters": [{"name": "c", "cluster": {"server": "example.org"}}]}, "x", "'example.org', not a URL"),
    ],
)
def test_mistakes(config: Any, context: str | None, mistake: str, tmp_path: Path) -> None:
    with pytest.raises(ReleaseError) as caught:
        load(write(tmp_path, config), context)
    assert mistake in str(caught.value)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match="cannot be read"):
        load(str(tmp_path / "none"), None)


def test_the_environment_names_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", write(tmp_path, {**GOOD, "current-context": "x"}))
    access = load(None, None)
    assert access.server == "https://example.org:6443"
    assert access.credentials().headers == {"Authorization": "Bearer t"}


def test_credentials_are_not_shown(tmp_path: Path) -> None:
    assert "token" not in repr(load(write(tmp_path, GOOD), "x"))


def test_a_certificate_that_is_none(tmp_path: Path) -> None:
    user = {"client-certificate-data": "QQ==", "client-key-data": "QQ=="}
    access = load(write(tmp_path, {**GOOD, "users": [{"name": "u", "user": user}]}), "x")
    with pytest.raises(ReleaseError, match="a certificate or key in it cannot be used"):
        access.tls(access.credentials())
