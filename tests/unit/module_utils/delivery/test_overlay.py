"""What an environment adds to gitops/."""

from __future__ import annotations

import json
import re
import shutil
import stat
import tomllib
from pathlib import Path

import pytest
import yaml
from ansible_collections.gantry.platform.plugins.module_utils.delivery.overlay import (
    DeliveryError,
    Environment,
    Patch,
    Source,
    environment_files,
    tree_files,
)

PROJECT = Path(__file__).parents[4]
IMAGE = "gantry.internal/services/catalog:0.1.0"
IMAGES = {IMAGE: {"digest": "sha256:" + "a" * 64}}
DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "catalog"},
    "spec": {"template": {"spec": {"containers": [{"name": "catalog", "image": IMAGE}]}}},
}


@pytest.fixture
def source(tmp_path: Path) -> Source:
    """A directory with one service and two stages, and a program that prints what kustomize would."""
    for stage in ("dev", "prod"):
        directory = tmp_path / "gitops/catalog/stages" / stage
        directory.mkdir(parents=True)
        (directory / "kustomization.yaml").write_text("kind: Kustomization\n")
    kubectl = tmp_path / "kubectl"
    kubectl.write_text(f"#!/bin/sh\ncat <<'END'\n{json.dumps(DEPLOYMENT)}\nEND\n")
    kubectl.chmod(kubectl.stat().st_mode | stat.S_IXUSR)
    return Source(tmp_path / "gitops", kubectl)


def test_images_are_pinned_and_patches_added(source: Source) -> None:
    patch = Patch({"kind": "Deployment", "name": "catalog"}, {"spec": {"replicas": 3}})
    foreign = Patch({"kind": "Deployment", "name": "other"}, {"spec": {"replicas": 3}})
    files = environment_files(source, Environment("local", {"prod": ["catalog"]}, IMAGES, (patch, foreign)))
    (path,) = files
    assert path == "environments/local/prod/catalog/kustomization.yaml"
    overlay = yaml.safe_load(files[path])
    assert overlay["resources"] == ["../../../../catalog/stages/prod"]
    name = "gantry.internal/services/catalog"
    assert overlay["images"] == [{"name": name, "newTag": "0.1.0", "digest": IMAGES[IMAGE]["digest"]}]
    assert [json.loads(one["patch"]) for one in overlay["patches"]] == [{"spec": {"replicas": 3}}]


def test_equal_input_gives_equal_text(source: Source) -> None:
    environment = Environment("local", {"prod": ["catalog"], "dev": ["catalog"]}, IMAGES)
    again = Environment("local", {"dev": ["catalog"], "prod": ["catalog"]}, dict(IMAGES))
    assert environment_files(source, environment) == environment_files(source, again)


def test_upstream_images_stay_as_they_are(source: Source) -> None:
    (text,) = environment_files(source, Environment("local", {"prod": ["catalog"]})).values()
    assert "images" not in yaml.safe_load(text)


def test_an_image_that_the_bundle_lacks_is_named(source: Source) -> None:
    with pytest.raises(DeliveryError, match=f"catalog in prod: {IMAGE}; correct the tag in gitops/catalog"):
        environment_files(source, Environment("local", {"prod": ["catalog"]}, {"a.b/c:1": {"digest": "sha256:0"}}))


@pytest.mark.parametrize(("stage", "service"), [("prod", "basket"), ("live", "catalog"), ("prod", "../catalog")])
def test_unknown_stages_and_services_are_named(source: Source, stage: str, service: str) -> None:
    with pytest.raises(DeliveryError, match="catalog/stages/prod"):
        environment_files(source, Environment("local", {stage: [service]}))


def test_what_kustomize_refuses_is_told(source: Source, tmp_path: Path) -> None:
    (tmp_path / "kubectl").write_text("#!/bin/sh\necho 'error: no base' >&2; exit 1\n")
    with pytest.raises(DeliveryError, match="catalog/stages/prod: no base"):
        environment_files(source, Environment("local", {"prod": ["catalog"]}))


def test_environments_and_hidden_files_are_not_the_projects(source: Source) -> None:
    for name in ("environments/local/x.yaml", ".cache/x", "catalog/stages/prod/.swp"):
        path = source.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    assert sorted(tree_files(source.directory)) == [
        f"catalog/stages/{stage}/kustomization.yaml" for stage in ("dev", "prod")
    ]


def test_the_tags_in_git_are_the_services_versions() -> None:
    """Of those that are there: an image names the service that it is made of."""
    for service in Source(PROJECT / "gitops", Path(shutil.which("true") or "true")).services():
        base = "".join(path.read_text() for path in (PROJECT / "gitops" / service / "base").glob("*.yaml"))
        images = set(re.findall(r"gantry\.internal/services/([\w-]+):([\w.]+)", base))
        assert images, service
        for name, tag in images:
            directory = PROJECT / "services" / name
            if not directory.is_dir():
                continue
            if (directory / "package.json").exists():
                version = json.loads((directory / "package.json").read_text())["version"]
            else:
                version = tomllib.loads((directory / "pyproject.toml").read_text())["project"]["version"]
            assert (name, tag) == (name, version)


def test_what_the_shop_consists_of_stands_in_git() -> None:
    defaults = yaml.safe_load((PROJECT / "roles/services/defaults/main.yml").read_text())
    source = Source(PROJECT / "gitops", Path(shutil.which("true") or "true"))
    assert {"catalog", *defaults["services_shop"]} == set(source.services())
    assert [name for name in source.services() if not (PROJECT / "gitops" / name / "stages/prod").is_dir()] == []


def test_who_has_stores_gets_the_secret_and_the_ways_to_them() -> None:
    """What role data allows a service, and what stands in git, are the same; the catalog's come by a patch."""
    allowed = yaml.safe_load((PROJECT / "roles/data/defaults/main.yml").read_text())["data_services"]
    for name, may in allowed.items():
        if name == "catalog":
            continue
        base = yaml.safe_load((PROJECT / "gitops" / name / "base/kustomization.yaml").read_text())
        ways = {part.rpartition("/")[2] for part in base["components"] if "/stores/" in part} - {"access"}
        events = {"publish", "consume", "follow"} & set(may)
        assert ways == {store for store in ("postgres", "redis") if store in may} | ({"nats"} if events else set()), (
            name
        )
        secret = "../../shared/stores/access" in base["components"]
        other = [
            path for path in (PROJECT / "gitops" / name / "base").glob("*.yaml") if f"{name}-stores" in path.read_text()
        ]
        assert secret or other, name
