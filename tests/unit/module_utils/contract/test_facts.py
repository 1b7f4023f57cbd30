"""Looking at the host: the files of the kernel are read as they are."""

from __future__ import annotations

import gzip
import os
import platform
import socket
from ipaddress import IPv4Network
from pathlib import Path

from ansible_collections.gantry.platform.plugins.module_utils.contract import facts
from ansible_collections.gantry.platform.plugins.module_utils.contract.host import FEATURES, Route, bundle_versions

TABLE = """\
Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t010011AC\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
gt-local\t00005A0A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
"""


def test_routes_are_read_without_the_default_route() -> None:
    assert list(facts.routes(TABLE)) == [
        Route(IPv4Network("172.17.0.0/16"), "eth0"),
        Route(IPv4Network("10.90.0.0/24"), "gt-local"),
    ]


def test_a_listening_socket_is_found_with_its_process(tmp_path: Path) -> None:
    (tmp_path / "e2e" / "registry").mkdir(parents=True)
    (tmp_path / "e2e" / "registry" / "pid").write_text(f"{os.getpid()}\n")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        found = [one for one in facts.listeners(tmp_path) if one.port == port]
    assert [(one.host, one.environment) for one in found] == [("127.0.0.1", "e2e")]
    assert f"pid {os.getpid()}" in found[0].process


def _kernel(root: Path, config: str = "", modules: str = "", loaded: tuple[str, ...] = ()) -> dict[str, bool | None]:
    (root / "proc").mkdir()
    if config:
        (root / "proc/config.gz").write_bytes(gzip.compress(config.encode()))
    library = root / "lib/modules" / platform.release()
    library.mkdir(parents=True)
    if modules:
        (library / "modules.dep").write_text(modules)
    for name in loaded:
        (root / "sys/module" / name).mkdir(parents=True)
    return facts.kernel_features(root)


def test_a_feature_is_built_in(tmp_path: Path) -> None:
    found = _kernel(tmp_path, config="CONFIG_OVERLAY_FS=y\n# CONFIG_VXLAN is not set\n")
    assert found["overlay file system"] is True
    assert found["vxlan"] is False


def test_a_feature_is_a_module_that_can_be_loaded(tmp_path: Path) -> None:
    modules = "kernel/drivers/net/vxlan/vxlan.ko.xz: kernel/net/x.ko\n"
    found = _kernel(tmp_path, config="CONFIG_VXLAN=m\nCONFIG_VETH=m\n", modules=modules)
    assert found["vxlan"] is True
    assert found["veth"] is False


def test_a_feature_is_a_loaded_module(tmp_path: Path) -> None:
    assert _kernel(tmp_path, loaded=("vxlan",))["vxlan"] is True


def test_a_kernel_that_does_not_tell_is_not_refused(tmp_path: Path) -> None:
    assert set(_kernel(tmp_path).values()) == {None}


def test_the_running_host_can_be_read(tmp_path: Path) -> None:
    found = facts.gather(tmp_path / "state", tmp_path / "cache", tmp_path / "kubeconfig")
    assert found.memory > 2**30
    assert found.cpus >= 1
    assert set(found.features) == {feature.name for feature in FEATURES}
    assert (found.adopted, found.bundle_cached, found.running) == (False, False, "")


def test_versions_are_read_from_every_kubernetes_module(tmp_path: Path) -> None:
    for name, version in {"kubernetes": "1.37.2", "kubernetes-1.36": "1.36.5", "etcd": "3.7.0"}.items():
        (tmp_path / "go" / name).mkdir(parents=True)
        (tmp_path / "go" / name / "go.mod").write_text(f"module x\n\nrequire k8s.io/kubernetes v{version}\n")
    (tmp_path / "go" / "etcd" / "go.mod").write_text("module x\n\nrequire go.etcd.io/etcd/server/v3 v3.7.0\n")
    assert bundle_versions(tmp_path) == {"1.37.2", "1.36.5"}


def test_versions_are_read_from_a_block(tmp_path: Path) -> None:
    (tmp_path / "go" / "kubernetes").mkdir(parents=True)
    (tmp_path / "go/kubernetes/go.mod").write_text("require (\n\tk8s.io/kubernetes v1.37.2\n\tx v1 // indirect\n)\n")
    assert bundle_versions(tmp_path) == {"1.37.2"}
